//! `dgmo restore`

use std::path::PathBuf;

use dgmo_schema::report::drift::RestoreReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::OpError;
use crate::ops::RestoreRequest;
use crate::ops::Result;
use crate::ops::Which;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Put home files back as the generation says
///
/// What was changed keeps its content under the name `FILE.edited`, unless it is to be discarded.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE counts from the target folder, or from here if it begins with `./`.

Examples:
  dgmo restore .gitconfig              what was there is .gitconfig.edited now
  dgmo restore .config/helix --discard
  dgmo restore --all --dry-run         see what would be put back")]
pub(super) struct Args {
    /// Which files or folders
    #[arg(value_name = "FILE", required_unless_present = "all")]
    files: Vec<String>,
    /// All that are not as the generation says
    #[arg(long, conflicts_with = "files")]
    all: bool,
    /// Delete what was changed, in place of keeping it
    #[arg(long)]
    discard: bool,
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Where home files go [default: where they are]
    #[arg(long, value_name = "DIR")]
    target: Option<PathBuf>,
}

/// The files that are meant.
pub(super) fn which(files: Vec<String>, all: bool) -> Which {
    if all { Which::All } else { Which::These(files) }
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        target: args.target,
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = RestoreRequest {
        which: which(args.files, args.all),
        discard: args.discard,
        dry_run: args.dry_run,
    };
    let report = ops::restore(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &RestoreReport, style: Style) -> String {
    if report.restored.is_empty() {
        return "nothing to restore: all of it is as the generation says\n".to_owned();
    }
    let verb = if report.dry_run { "would be" } else { "is" };
    let lines = report.restored.iter().map(|restored| {
        let kept = match &restored.kept_as {
            Some(to) => format!("; what was there {verb} {to}"),
            None => String::new(),
        };
        let path = style.strong(&restored.path);
        format!(
            "{path} {verb} as generation {} says{kept}\n",
            report.generation
        )
    });
    lines.collect()
}
