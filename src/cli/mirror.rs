//! `dgmo mirror`

use std::path::PathBuf;

use dgmo_schema::report::catalogue::MirrorPart;
use dgmo_schema::report::catalogue::MirrorReport;
use dgmo_schema::system::System;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::absolute;
use super::global::manifest_path;
use crate::ops;
use crate::ops::MirrorRequest;
use crate::ops::OpError;
use crate::ops::Proof;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Make or refresh a folder that any web server can show to other machines
///
/// It gets every download the lock names, for all its systems, and with `--generations` the objects this home's
/// generations and pins need. Other machines switch with `--from-mirror`, or have its address in their manifest:
/// `sources: {mirror: [URL]}`; `dgmo repair --from URL` takes objects from it. What is there stays, and who reads
/// while it is refreshed reads whole files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo mirror /srv/www/dgmo              what the lock here names
  dgmo mirror /srv/www/dgmo --generations --prune    the objects of this home too, and nothing else
  dgmo mirror /srv/www/dgmo -f a/dgmo.yaml -f b/dgmo.yaml   of two manifests
  dgmo mirror /srv/www/dgmo --verify     read again what is there, and bring anew what is damaged
  dgmo switch --from-mirror https://mirror.example.org/dgmo    on another machine")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Args {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// A manifest whose lock is meant; may be given several times [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only what these systems need [default: all of the lock]
    #[arg(long = "for", value_name = "SYSTEM")]
    systems: Vec<System>,
    /// The objects that the generations and pins of this home need, too
    #[arg(long)]
    generations: bool,
    /// Hash again what is there, and bring anew what is damaged
    #[arg(long)]
    verify: bool,
    /// Delete downloads that no lock names, and with `--generations` objects that nothing needs
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
        manifest: args.files.first().cloned(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = MirrorRequest {
        folder: absolute(&args.folder)?,
        manifests: manifests(args)?,
        systems: args.systems.iter().cloned().collect(),
        generations: args.generations,
        proof: if args.verify {
            Proof::Bytes
        } else {
            Proof::Name
        },
        prune: args.prune,
        dry_run: args.dry_run,
    };
    let report = ops::mirror(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

/// The manifests that are meant. A home can be mirrored without any.
fn manifests(args: &Args) -> Result<Vec<PathBuf>> {
    if args.files.is_empty() {
        return match manifest_path(None) {
            Err(_) if args.generations => Ok(Vec::new()),
            found => Ok(vec![found?]),
        };
    }
    let named = args
        .files
        .iter()
        .map(|file| manifest_path(Some(file.clone())));
    named.collect()
}

fn in_words(report: &MirrorReport, style: Style) -> String {
    let mut text = format!("{}\n", style.strong(&report.folder));
    let mut line = |part: &MirrorPart, what: &str| {
        let (brought, deleted) = if report.dry_run {
            ("would be brought", "would be deleted")
        } else {
            ("brought", "deleted")
        };
        text.push_str(&format!(
            "  {}, {} of them {brought} ({})",
            ui::count(part.files, what),
            part.new_files,
            ui::bytes(part.new_bytes),
        ));
        if part.pruned > 0 {
            text.push_str(&format!(", {} {deleted}", ui::count(part.pruned, "other")));
        }
        text.push('\n');
    };
    if !report.locks.is_empty() {
        line(&report.downloads, "download");
    }
    if let Some(objects) = &report.objects {
        line(objects, "object");
    }
    for (package, path) in &report.paths {
        text.push_str(&format!("  {package} is not in it: it is `{path}`\n"));
    }
    text
}
