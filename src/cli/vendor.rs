//! `dgmo vendor`

use std::path::PathBuf;

use dgmo_schema::report::catalogue::VendorReport;
use dgmo_schema::system::System;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::absolute;
use super::global::manifest_path;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::SwitchRequest;
use crate::ops::VendorRequest;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Bring every download the lock names into one folder
///
/// For machines that reach nothing: take the folder along with the manifest and the lock, and switch there with
/// `--from-vendor`. Each file is named by its digest, and is there whole or not at all; what is there already is proven and
/// stays. Packages with `path:` are folders of yours and are taken along with the manifest.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo vendor                             into the folder `vendor` here, for all systems of the lock
  dgmo vendor /media/stick/vendor --for x86_64-linux
  dgmo vendor --prune                     and delete what the lock does not name any more
  dgmo switch --from-vendor vendor        there: from that folder, and nothing else")]
pub(super) struct Args {
    /// The folder
    #[arg(value_name = "DIR", default_value = "vendor")]
    folder: PathBuf,
    /// The manifest [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only what these systems need [default: all of the lock]
    #[arg(long = "for", value_name = "SYSTEM")]
    systems: Vec<System>,
    /// Delete files of the folder that the lock does not name
    #[arg(long)]
    prune: bool,
    /// Show what would be brought, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Never open a socket
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        offline: args.offline,
        manifest: args.file.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = VendorRequest {
        of: SwitchRequest {
            dry_run: args.dry_run,
            ..SwitchRequest::of_lock(manifest_path(args.file.clone())?, "vendor")
        },
        folder: absolute(&args.folder)?,
        systems: args.systems.iter().cloned().collect(),
        prune: args.prune,
    };
    let report = ops::vendor(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    if !report.dry_run {
        printer.say(&format!(
            "take it along with the manifest and {}, and run `dgmo switch --from-vendor {}` there",
            report.lock, report.folder
        ));
    }
    Ok(Exit::Done)
}

fn in_words(report: &VendorReport, style: Style) -> String {
    let brought = if report.dry_run {
        "would be brought"
    } else {
        "brought"
    };
    let mut text = format!(
        "{}: {}, {} of them {brought} ({})\n",
        style.strong(&report.folder),
        ui::count(report.files, "file"),
        report.new_files,
        ui::bytes(report.new_bytes),
    );
    for name in &report.pruned {
        let deed = if report.dry_run {
            "would be deleted"
        } else {
            "deleted"
        };
        text.push_str(&style.faint(&format!("  {name} {deed}\n")));
    }
    for (package, path) in &report.paths {
        text.push_str(&format!("  {package} is not in it: it is `{path}`\n"));
    }
    text
}
