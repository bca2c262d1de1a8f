//! `--graph`: what is told as a picture, for programs that draw.

use dgmo_schema::report::running::GraphReport;

use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Format;
use crate::ui::Printer;

/// Languages that pictures of graphs are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Graph {
    /// Graphviz: `| dot -Tsvg`
    Dot,
    /// Mermaid, for pages of text that draw it
    Mermaid,
}

/// Prints the graph in its language; for `--json` as a report.
pub(super) fn print(report: &GraphReport, graph: Graph, printer: Printer) -> Result<()> {
    printer
        .report(report, |report, _| match graph {
            Graph::Dot => ui::dot(report),
            Graph::Mermaid => ui::mermaid(report),
        })
        .map_err(OpError::stdout)?;
    for name in report
        .unknown
        .iter()
        .filter(|_| printer.format == Format::Text)
    {
        printer.say(&format!(
            "what {name} is put together from is not known: its lock has gone on"
        ));
    }
    Ok(())
}
