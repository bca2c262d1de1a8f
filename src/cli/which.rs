//! `dgmo which`

use dgmo_schema::report::running::WhichReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Tell of which package a program is, and whether it is the one your shell starts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo which rg
  dgmo which rg --at 12
  dgmo which rg --json | jq -r .file")]
pub(super) struct Args {
    /// The program
    #[arg(value_name = "NAME")]
    name: String,
    /// In this generation: a number or a label [default: the current one]
    #[arg(long, value_name = "N")]
    at: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = ops::running::which(&engine, &args.name, args.at.as_deref())?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &WhichReport, style: Style) -> String {
    let package = match (&report.package, &report.version) {
        (Some(package), Some(version)) => format!("package {package} {version}"),
        (Some(package), None) => format!("package {package}"),
        (None, _) => "no package of it".to_owned(),
    };
    let mut text = format!(
        "{}: {package}, generation {}\n  {}\n",
        style.strong(&report.name),
        report.generation,
        report.file
    );
    if !report.hidden.is_empty() {
        let hidden: Vec<&str> = report.hidden.iter().map(AsRef::as_ref).collect();
        text.push_str(&format!(
            "  also in {}: `dgmo run PKG --bin {}` runs those\n",
            hidden.join(", "),
            report.name
        ));
    }
    let first = report.on_path.first();
    let line = match first {
        Some(first) if first.ours => "  this is what your shell starts\n".to_owned(),
        Some(first) => format!(
            "  {} your shell starts {} instead: it is first on PATH\n",
            style.odd("!"),
            first.path
        ),
        None => format!(
            "  {} it is not on PATH: `eval \"$(dgmo env)\"` puts it there\n",
            style.odd("!")
        ),
    };
    text + &line
}
