//! `dgmo profiles`

use dgmo_schema::report::profile::ProfilesReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// List the profiles of this home
///
/// A profile is a line of generations of its own; make one by switching with `--profile NAME`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo profiles
  dgmo switch -f work.yaml --profile work    begin one")]
pub(super) struct Args {}

pub(super) fn run(global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = ops::profiles(&engine)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &ProfilesReport, _: Style) -> String {
    let mut table = Table::with_heading(&["PROFILE", "CURRENT", "GENERATIONS", "TARGET"]);
    for profile in &report.profiles {
        table.row(vec![
            profile.name.to_string(),
            profile.current.to_string(),
            profile.generation_count.to_string(),
            profile.target.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}
