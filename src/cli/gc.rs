//! `dgmo gc`

use std::ffi::OsString;

use dgmo_schema::report::store::CollectReport;
use dgmo_schema::report::store::Keeper;
use dgmo_schema::report::store::KeptReport;
use dgmo_schema::size::Size;

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
  dgmo gc --keep 'last 3'       keep three generations, and pinned and labelled ones
  dgmo gc --keep-generations    drop no generation, only what none of them needs
  dgmo gc --target-free 10G     drop and delete no more than is needed for so much free space
  dgmo gc --why 9f2c41          what keeps the object whose id begins so")]
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
    /// Have so much free space: drop generations the rule does not keep, oldest first, and only as many as it takes
    #[arg(long, value_name = "SIZE")]
    target_free: Option<Size>,
    /// Tell what keeps an object, and delete nothing
    #[arg(long, value_name = "ID", conflicts_with_all = ["keep", "keep_generations", "dry_run", "foreground", "target_free"])]
    why: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    if let Some(words) = &args.why {
        let report = ops::kept(&engine, words)?;
        printer
            .report(&report, kept_in_words)
            .map_err(OpError::stdout)?;
        return Ok(Exit::Done);
    }
    let request = CollectRequest {
        keep: args.keep.rule(),
        keep_generations: args.keep_generations,
        dry_run: args.dry_run,
        patience: if args.foreground {
            Patience::Wait
        } else {
            Patience::Leave
        },
        target_free: args.target_free.map(|size| size.0),
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
        text.push_str(&target_free_in_words(report));
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
    text.push_str(&target_free_in_words(report));
    text
}

fn target_free_in_words(report: &CollectReport) -> String {
    let Some(free) = report.target_free else {
        return String::new();
    };
    let are = if report.dry_run { "would be" } else { "are" };
    format!(
        "{} {are} free (before: {}, asked for: {})\n",
        ui::bytes(free.after),
        ui::bytes(free.before),
        ui::bytes(free.asked)
    )
}

fn kept_in_words(report: &KeptReport, style: Style) -> String {
    if report.kept_by.is_empty() {
        return format!(
            "nothing keeps {}: the next `dgmo gc` deletes it\n",
            report.id
        );
    }
    let mut text = format!("{} is kept by\n", style.strong(&report.id.to_string()));
    for kept in &report.kept_by {
        text.push_str(&format!("  {}\n", keeper_in_words(&kept.keeper)));
        let names: Vec<&str> = kept.chain.iter().map(|step| step.name.as_str()).collect();
        if !names.is_empty() {
            let root = style.faint(&kept.root.to_string());
            text.push_str(&format!("    as {} in {root}\n", names.join("/")));
        }
    }
    text
}

fn keeper_in_words(keeper: &Keeper) -> String {
    match keeper {
        Keeper::Generations {
            profile,
            generations,
            package,
            file,
        } => {
            let numbers: Vec<String> = generations.iter().map(ToString::to_string).collect();
            let what = match (package, file) {
                (Some(package), _) => format!("package {package}"),
                (None, Some(file)) => format!("home file {file}"),
                (None, None) => "something".to_owned(),
            };
            let word = match numbers.len() {
                1 => "generation",
                _ => "generations",
            };
            format!(
                "{what} of {word} {} of profile {profile}",
                numbers.join(", ")
            )
        }
        Keeper::Pin { pin } => format!("the pin {pin}"),
        Keeper::Lease => "a command that is under way".to_owned(),
        Keeper::Running => "a program that runs".to_owned(),
    }
}
