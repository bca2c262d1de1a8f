//! `dgmo adopt`

use dgmo_schema::report::drift::AdoptDeed;
use dgmo_schema::report::drift::AdoptReport;

use super::Global;
use super::exit::Exit;
use super::global::manifest_path;
use super::restore;
use super::switch;
use crate::manifest::MANIFEST_FILE;
use crate::ops;
use crate::ops::AdoptRequest;
use crate::ops::Follow;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::SwitchRequest;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Write home files that were changed in place back to where they come from, and switch
///
/// A file goes to its source file, a file in a folder to that folder, a text to the `text:` in the manifest, and what
/// came from a template to the `values:` that explain it. Then the manifest is switched to, so that the next switch has
/// nothing to do. Files nobody knows, in folders dgmo made, are taken into the source folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE counts from the target folder, or from here if it begins with `./`.

Examples:
  dgmo adopt .gitconfig                after `dgmo edit`, or after any program changed it
  dgmo adopt .config/helix             a whole folder
  dgmo adopt --all --dry-run           see what would be written where
  dgmo adopt .gitconfig --no-switch    write the source only")]
pub(super) struct Args {
    /// Which files or folders
    #[arg(value_name = "FILE", required_unless_present = "all")]
    files: Vec<String>,
    /// All that were changed, and all that nobody knows
    #[arg(long, conflicts_with = "files")]
    all: bool,
    /// Write the sources only
    #[arg(long)]
    no_switch: bool,
    #[command(flatten)]
    common: switch::Common,
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(args.common.special(), &renderer)?;
    let manifest = args.common.file.clone();
    let request = AdoptRequest {
        which: restore::which(args.files, args.all),
        manifest: manifest.map(|path| manifest_path(Some(path))).transpose()?,
        nearest: manifest_path(None).ok(),
        follow: if args.no_switch {
            Follow::Lock
        } else {
            Follow::Switch
        },
    };
    // Which manifest it is, the generation says.
    let common = switch::Common {
        file: Some(MANIFEST_FILE.into()),
        ..args.common
    };
    let switch: SwitchRequest = common.request("adopt")?;
    let show = |plan: &_| switch::show_plan(plan, printer);
    let report = ops::adopt(&engine, &request, switch, &show)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &AdoptReport, style: Style) -> String {
    if report.adopted.is_empty() {
        return match &report.switch {
            Some(switch) => format!(
                "nothing was changed in them\n{}",
                switch::in_words(switch, style)
            ),
            None => "nothing to adopt: all of it is as the generation says\n".to_owned(),
        };
    }
    let lines = report.adopted.iter().map(|adopted| {
        let would = |done: &str, not_yet: &str| {
            if report.dry_run {
                not_yet.to_owned()
            } else {
                done.to_owned()
            }
        };
        let what = match adopted.what {
            AdoptDeed::Written => would("is written to", "would be written to"),
            AdoptDeed::Made => would("is new in", "would be new in"),
            AdoptDeed::Deleted => would("is deleted from", "would be deleted from"),
            AdoptDeed::Text => would("is the `text:` in", "would be the `text:` in"),
            AdoptDeed::Values => would("is in the `values:` of", "would be in the `values:` of"),
            AdoptDeed::Same => "is already in".to_owned(),
        };
        format!(
            "{} {what} {}\n",
            style.strong(&adopted.path),
            adopted.source
        )
    });
    let mut text: String = lines.collect();
    if let Some(switch) = &report.switch {
        text.push_str(&switch::in_words(switch, style));
    }
    text
}
