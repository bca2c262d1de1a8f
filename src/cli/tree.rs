//! `dgmo tree`

use dgmo_schema::name::PackageName;
use dgmo_schema::report::running::TreeReport;

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
use crate::ui::Table;

/// Show the packages of a generation, their programs, and how much each needs
///
/// SIZE is all a package needs; OWN is what nothing else in the generation needs, and so what its removal would free in
/// the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo tree
  dgmo tree 12
  dgmo tree --graph dot | dot -Tsvg > generation.svg
  dgmo tree --graph mermaid --of typescript
  dgmo tree --json | jq '.packages[] | {name, bytes: .closure.bytes}'")]
pub(super) struct Args {
    /// A number or a label [default: the current one]
    #[arg(value_name = "N")]
    at: Option<String>,
    /// As a graph of packages, their pieces, home files and services, in this language
    #[arg(long, value_name = "LANGUAGE")]
    graph: Option<Graph>,
    /// In the graph, only this package and what it is put together from
    #[arg(long, value_name = "PKG", requires = "graph")]
    of: Option<PackageName>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    if let Some(language) = args.graph {
        let at = args.at.as_deref();
        let report = ops::running::tree_graph(&engine, at, args.of.as_ref())?;
        graph::print(&report, language, printer)?;
        return Ok(Exit::Done);
    }
    let report = ops::running::tree(&engine, args.at.as_deref())?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &TreeReport, style: Style) -> String {
    let current = if report.current { " (current)" } else { "" };
    let mut text = format!(
        "{}{current}: {}, {}, {} in {}\n",
        style.strong(&format!("generation {}", report.generation)),
        ui::count(report.packages.len() as u64, "package"),
        ui::count(report.home_file_count, "home file"),
        ui::bytes(report.closure.bytes),
        ui::count(report.closure.blobs, "file"),
    );
    if report.packages.is_empty() && report.home_file_count == 0 {
        return text;
    }
    let mut table = Table::with_heading(&["", "SIZE", "OWN", "FILES", "PROGRAMS"]);
    let last = report.packages.len() + usize::from(report.home_file_count > 0);
    let branch = |index: usize| {
        if index + 1 == last {
            "└─"
        } else {
            "├─"
        }
    };
    for (index, package) in report.packages.iter().enumerate() {
        let version = package.version.as_deref().unwrap_or_default();
        let name = format!("{} {} {version}", branch(index), package.name);
        let size = if package.incomplete {
            "incomplete".to_owned()
        } else {
            ui::bytes(package.closure.bytes)
        };
        table.row(vec![
            name.trim_end().to_owned(),
            size,
            ui::bytes(package.own_bytes),
            package.closure.blobs.to_string(),
            package.programs.join(" "),
        ]);
    }
    if report.home_file_count > 0 {
        table.row(vec![
            format!("{} home files", branch(last - 1)),
            ui::bytes(report.home_file_bytes),
            String::new(),
            report.home_file_count.to_string(),
            String::new(),
        ]);
    }
    text.push_str(&table.render());
    text
}
