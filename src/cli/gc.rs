//! `dgmo gc`

use std::ffi::OsString;

use dgmo_schema::report::store::CollectReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::keep::KeepArgs;
use crate::ops;
use crate::ops::CollectRequest;
use crate::ops::OpError;
use crate::ops::Patience;
use crate::ops::Result;
use crate::process;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Drop old generations and delete what nothing needs any more
///
/// Each profile keeps what the `keep:` of its manifest says, and always the current generation and the one before it.
/// What generations, pins, leases and running programs need stays. Where much is to be deleted, that goes on in the
/// background; interrupting it loses nothing. Works on a full disk.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo gc --dry-run             what would go, exact in bytes
  dgmo gc
  dgmo gc --keep last=3         keep three generations, and pinned and labelled ones
  dgmo gc --keep-generations    drop no generation, only what none of them needs")]
pub(super) struct Args {
    #[command(flatten)]
    keep: KeepArgs,
    /// Drop no generation
    #[arg(long, conflicts_with = "keep")]
    keep_generations: bool,
    /// Show what would go, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Wait until all is deleted
    #[arg(long)]
    foreground: bool,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let request = CollectRequest {
        keep: args.keep.rule(),
        keep_generations: args.keep_generations,
        dry_run: args.dry_run,
        patience: if args.foreground {
            Patience::Wait
        } else {
            Patience::Leave
        },
    };
    let report = ops::collect(&engine, &request)?;
    if report.background {
        let home = engine.home.root();
        let words = [
            "gc",
            "--foreground",
            "--keep-generations",
            "--quiet",
            "--home",
        ];
        let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        arguments.push(home.into());
        process::start_behind(&arguments).map_err(OpError::io("start dgmo again for", home))?;
    }
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &CollectReport, _: Style) -> String {
    let mut text = String::new();
    let drop = if report.dry_run {
        "would be dropped"
    } else {
        "dropped"
    };
    for pruned in &report.pruned {
        let numbers: Vec<String> = pruned.generations.iter().map(ToString::to_string).collect();
        let state = match pruned.state_bytes {
            0 => String::new(),
            bytes => format!(" with {} of state", ui::bytes(bytes)),
        };
        let line = format!(
            "profile {}: generation {}{state} {drop}\n",
            pruned.profile,
            numbers.join(", ")
        );
        text.push_str(&line);
    }
    if report.objects == 0 && report.trees == 0 {
        text.push_str("nothing to delete\n");
        return text;
    }
    let what = format!(
        "{} and {} of no use to anyone: {} ({} on disk)",
        ui::count(report.objects, "object"),
        ui::count(report.trees, "laid-out tree"),
        ui::bytes(report.bytes),
        ui::bytes(report.disk_bytes),
    );
    let how = match (report.dry_run, report.background) {
        (true, _) => "would be deleted",
        (_, true) => "being deleted in the background",
        _ => "deleted",
    };
    text.push_str(&format!("{what}; {how}\n"));
    text
}
