//! `dgmo check`

use dgmo_schema::name::CheckName;
use dgmo_schema::report::activation::HealthReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::trial;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Look whether the checks of the current generation hold now; exit 3 if one does not
///
/// These are the `checks:` of the manifest it was made from, as after a switch but without their grace. Nothing is
/// changed, and nothing is taken back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo check
  dgmo check web-up
  dgmo check --json | jq '.checks[] | select(.state != \"holds\")'")]
pub(super) struct Args {
    /// Only this one
    #[arg(value_name = "NAME")]
    name: Option<CheckName>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = ops::check(&engine, args.name.as_ref())?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::found(!report.ok))
}

fn in_words(report: &HealthReport, style: Style) -> String {
    let number = style.strong(&format!("generation {}", report.generation));
    if report.checks.is_empty() {
        return format!("{number} has no checks\n");
    }
    let checks = ui::count(report.checks.len() as u64, "check");
    let head = if report.ok {
        format!("{number}: {checks}, all hold\n")
    } else {
        format!("{number}: not all of {checks} hold\n")
    };
    head + &trial::checks(&report.checks, style)
}
