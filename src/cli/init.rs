//! `dgmo init`

use std::path::PathBuf;

use super::exit::Exit;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::Tell;
use crate::ui::Printer;

/// Write a manifest to begin with
///
/// Asks nothing and overwrites nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo init           in this folder
  dgmo init ~/dots    in another, which is made if it is missing
  dgmo init --shell   and tell your shell of the current generation's programs")]
pub(super) struct Args {
    /// Where
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Add lines to the start file of your shell, between marks; `dgmo uninstall` takes them out again
    #[arg(long)]
    shell: bool,
}

pub(super) fn run(args: &Args, printer: Printer) -> Result<Exit> {
    let tell = if args.shell {
        Tell::Shell
    } else {
        Tell::Nobody
    };
    let report = ops::init(&args.folder, tell)?;
    let words = |report: &dgmo_schema::report::profile::InitReport, _| {
        let steps = report.next.iter().map(|step| format!("  {step}\n"));
        let start_file = report.start_file.as_ref();
        format!(
            "{} written{}; next:\n{}",
            report.manifest,
            start_file.map_or_else(String::new, |file| format!(", our lines are in {file}")),
            steps.collect::<String>()
        )
    };
    printer.report(&report, words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}
