//! `dgmo diff`

use dgmo_schema::report::generation::DiffReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::words;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Tell how two generations differ: packages, files, variables, sizes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo diff          the current generation and the one it was made from
  dgmo diff 3        generation 3 and the current one
  dgmo diff 3 7      3 and 7")]
pub(super) struct Args {
    /// The first: a number or a label
    #[arg(value_name = "A")]
    from: Option<String>,
    /// The second [default: the current one]
    #[arg(value_name = "B")]
    to: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = ops::diff(&engine, args.from.as_deref(), args.to.as_deref())?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &DiffReport, style: Style) -> String {
    let head = style.strong(&format!("generation {} → {}", report.from, report.to));
    if report.is_empty() {
        return format!("{head}: no difference\n");
    }
    let size = report.size_change.map_or(String::new(), |size| {
        format!("  {}", style.faint(&ui::signed_bytes(size)))
    });
    let mut text = format!("{head}{size}\n");
    let sections = [
        ("packages", words::packages(&report.packages, style)),
        ("home files", words::files(&report.files, style)),
        ("environment", words::files(&report.env, style)),
        ("conduct", words::files(&report.conduct, style)),
    ];
    for (title, lines) in sections {
        if !lines.is_empty() {
            text.push_str(&format!("{title}\n{lines}"));
        }
    }
    text
}
