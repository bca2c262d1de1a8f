//! `dgmo confirm`

use dgmo_schema::report::activation::ConfirmReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Keep a change that was made with `--confirm-within`
///
/// Until this comes, such a change goes back by itself: after its time, after a restart of the machine, and at once
/// with `dgmo rollback`. `dgmo status` shows how much time is left.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo switch --confirm-within 2m    try it; a lost connection brings the old generation back
  dgmo confirm                       all is well: keep it
  dgmo rollback                      it is not: go back now")]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = ops::confirm(&engine)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &ConfirmReport, style: Style) -> String {
    let strong = style.strong(&format!("generation {}", report.generation));
    format!("{strong} is current for good (before: {})\n", report.from)
}
