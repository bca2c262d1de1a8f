//! `dgmo uninstall`

use dgmo_schema::report::health::UninstallReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::UninstallRequest;
use crate::ui;
use crate::ui::Consent;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Take away everything dgmo made, and give back everything it set aside
///
/// Each profile goes back to what was before its first switch: links and copies go, files that were set aside get their
/// names back, folders dgmo made and that are empty go. Then marked lines in the start files of shells, a manifest that
/// is still what `dgmo init` wrote with its lock, and the home with all generations. What you changed yourself stays and
/// is named: copies you edited, your manifest, lines you wrote. Stopped at any moment, it goes on when run again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo uninstall --dry-run          what would go, what would stay
  dgmo uninstall                    asks first
  dgmo uninstall --yes --manifests  the manifest and its lock too
  dgmo uninstall --keep-home        give the files back, keep generations and store")]
pub(super) struct Args {
    /// Keep the home: generations, store, caches
    #[arg(long)]
    keep_home: bool,
    /// Take away manifests and locks too, also those you changed
    #[arg(long)]
    manifests: bool,
    /// Show what would go, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let mut request = UninstallRequest {
        dry_run: true,
        keep_home: args.keep_home,
        manifests: args.manifests,
        manifest: manifest_path(None).ok(),
    };
    if !args.dry_run {
        if !global.yes() {
            if !printer.can_ask() {
                return Err(OpError::NobodyAgreed {
                    command: "dgmo uninstall",
                }
                .into());
            }
            let plan = ops::uninstall(&engine, &request)?;
            printer.say(&in_words(&plan, printer.err_style()));
            let said = printer.ask("Go on?", false).map_err(OpError::ask)?;
            if said != Consent::Yes {
                return Err(OpError::Declined.into());
            }
        }
        request.dry_run = false;
    }
    let report = ops::uninstall(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &UninstallReport, style: Style) -> String {
    let verb = if report.dry_run { "would go" } else { "gone" };
    let mut text = String::new();
    for profile in &report.profiles {
        let back = if report.dry_run {
            "would be given back"
        } else {
            "given back"
        };
        text.push_str(&format!(
            "profile {}: {} in {} {back}\n",
            profile.profile,
            ui::count(profile.changes, "path"),
            profile.target
        ));
    }
    for path in &report.start_files {
        text.push_str(&format!("our lines in {path}: {verb}\n"));
    }
    for path in &report.removed {
        text.push_str(&format!("{path}: {verb}\n"));
    }
    for kept in &report.kept {
        text.push_str(&format!(
            "{} {} stays: {}\n",
            style.odd("!"),
            kept.path,
            kept.why
        ));
    }
    if text.is_empty() {
        text.push_str("nothing of dgmo is here\n");
    }
    text
}
