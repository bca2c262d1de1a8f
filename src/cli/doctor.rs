//! `dgmo doctor`

use dgmo_schema::report::health::DoctorReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use super::repair;
use crate::ops;
use crate::ops::DoctorRequest;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Check the home, its profiles and the machine around it; exit 3 if something is not as it should be
///
/// Every finding has a code, which `dgmo explain` knows, and says what to do. Nothing is changed without `--repair`. The
/// bytes of objects are not read, so that it is quick; `dgmo store verify` reads them all.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo doctor
  dgmo doctor --repair                                     mend all that can be mended
  dgmo doctor --json | jq '.checks[].findings[].code'")]
pub(super) struct Args {
    /// Mend what can be mended
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let request = DoctorRequest {
        repair: args.repair,
        manifest: manifest_path(None).ok(),
    };
    let report = ops::doctor(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    let mut findings = report.checks.iter().flat_map(|check| &check.findings);
    Ok(Exit::found(findings.any(|found| found.state.is_open())))
}

fn in_words(report: &DoctorReport, style: Style) -> String {
    let mut text = String::new();
    let mut open = 0;
    for check in &report.checks {
        if check.findings.is_empty() {
            text.push_str(&format!("{} {}\n", style.good("ok"), check.title));
        }
        for found in &check.findings {
            open += u64::from(found.state.is_open());
            text.push_str(&repair::finding(found, style));
        }
    }
    for skipped in &report.skipped {
        text.push_str(&format!("{}\n", style.faint(skipped)));
    }
    text.push_str(&match open {
        0 => "all well\n".to_owned(),
        _ => format!("{}\n", ui::count(open, "finding")),
    });
    text
}
