//! `dgmo why`

use dgmo_schema::report::running::WhyReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::graph;
use super::graph::Graph;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Tell what keeps a package, a file or an object
///
/// Every way to it is shown: from generations of all profiles, from pins, from leases and from running programs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo why ripgrep               which generations have these very bytes
  dgmo why ~/.config/helix
  dgmo why ripgrep --graph dot | dot -Tsvg > ways.svg
  dgmo why b3:9f2c41d0           an object, by the beginning of its id")]
pub(super) struct Args {
    /// A package, a file, or the beginning of an object's id
    #[arg(value_name = "THING")]
    thing: String,
    /// The generation whose package or file is meant [default: the current one]
    #[arg(long, value_name = "N")]
    at: Option<String>,
    /// As a graph of the ways to it, in this language
    #[arg(long, value_name = "LANGUAGE")]
    graph: Option<Graph>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = ops::running::why(&engine, &args.thing, args.at.as_deref())?;
    if let Some(language) = args.graph {
        graph::print(&ops::running::ways_graph(&report), language, printer)?;
        return Ok(Exit::Done);
    }
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &WhyReport, style: Style) -> String {
    let mut text = format!(
        "{}: {} {}\n",
        style.strong(&report.asked),
        report.kind,
        report.id
    );
    if report.chains.is_empty() {
        text.push_str("nothing keeps it: the next `dgmo gc` deletes it\n");
        return text;
    }
    text.push_str(&format!(
        "{} to it\n",
        ui::count(report.chains.len() as u64, "way")
    ));
    for chain in &report.chains {
        text.push_str(&format!("  {}", chain.name));
        for step in &chain.steps {
            let name = [step.what.as_str(), step.name.as_str()];
            text.push_str(&format!(" → {}", name.join(" ").trim_end()));
        }
        text.push('\n');
    }
    text
}
