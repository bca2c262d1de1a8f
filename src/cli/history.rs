//! `dgmo history`

use dgmo_schema::report::generation::HistoryEvent;
use dgmo_schema::report::generation::HistoryReport;

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

/// Tell what happened to the profile, oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo history
  dgmo history -n 5    the last five lines")]
pub(super) struct Args {
    /// Only the last so many
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let mut report = ops::history(&engine)?;
    if let Some(last) = args.last {
        let skip = report.entries.len().saturating_sub(last);
        report.entries.drain(..skip);
    }
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &HistoryReport, _: Style) -> String {
    let mut table = Table::default();
    for entry in &report.entries {
        let from = entry
            .from
            .map_or(String::new(), |from| format!(" (from {from})"));
        let number = entry.generation;
        let what = match entry.what {
            HistoryEvent::Begun => "profile begun".to_owned(),
            HistoryEvent::Switched => format!("switched to {number}{from}"),
            HistoryEvent::RolledBack => format!("rolled back to {number}{from}"),
            HistoryEvent::TakenBack => format!("taken back to {number}{from}"),
            HistoryEvent::Confirmed => format!("confirmed {number}"),
            HistoryEvent::Finished => format!("finished an interrupted switch to {number}"),
            HistoryEvent::Undone => format!("undid an interrupted switch, back at {number}"),
            HistoryEvent::Found => format!("found {number} current after a crash"),
            HistoryEvent::Labelled => format!("labelled {number}"),
            HistoryEvent::Pinned => format!("pinned {number}"),
            HistoryEvent::Unpinned => format!("unpinned {number}"),
            HistoryEvent::Pruned => format!("pruned {number}"),
        };
        let note = entry.note.clone().unwrap_or_default();
        table.row(vec![entry.at.to_string(), what, entry.by.clone(), note]);
    }
    table.render()
}
