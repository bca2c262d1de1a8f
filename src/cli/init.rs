//! `dgmo init`

use std::path::PathBuf;

use super::exit::Exit;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;

/// Write a manifest to begin with
///
/// Asks nothing and overwrites nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo init           in this folder
  dgmo init ~/dots    in another, which is made if it is missing")]
pub(super) struct Args {
    /// Where
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args, printer: Printer) -> Result<Exit> {
    let report = ops::init(&args.folder)?;
    let words = |report: &dgmo_schema::report::profile::InitReport, _| {
        let steps = report.next.iter().map(|step| format!("  {step}\n"));
        format!(
            "{} written; next:\n{}",
            report.manifest,
            steps.collect::<String>()
        )
    };
    printer.report(&report, words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}
