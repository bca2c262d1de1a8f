//! `dgmo repair`, also as `dgmo store repair`

use std::path::PathBuf;

use dgmo_schema::report::health::FindingState;
use dgmo_schema::report::health::HealthFinding;
use dgmo_schema::report::health::RepairReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use crate::ops;
use crate::ops::OpError;
use crate::ops::RepairRequest;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Bring back everything that is damaged or missing; exit 3 if something is left
///
/// Reads every object, as `dgmo store verify` does. What is wrong is taken from another generation, a copy in your home
/// folder, the sources in manifests and locks (files, folders, addresses), or what `--from` names; it is proven before
/// it replaces anything, and trees that linked it link the new one. Records of profiles, views and lock files are made
/// again. What does not belong into the home is moved to `found/` in it, never deleted. Stopping it at any moment loses
/// nothing: run it again.
///
/// For each thing that nobody has, the command is named that would bring it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo repair --dry-run                 what is wrong, and where it would be taken from
  dgmo repair
  dgmo repair --from /mnt/old/dgmo      look into another home too
  dgmo repair --from backup.dgmo        or into an archive of `dgmo store export`
  dgmo repair --from https://example.org/dgmo   or ask a mirror: any server of the files of a home")]
pub(super) struct Args {
    /// A home, an archive, a folder or a mirror that may have what is lost; may be given several times
    #[arg(long, value_name = "HOME|ARCHIVE|URL")]
    from: Vec<PathBuf>,
    /// Show what would be repaired, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Use what is on this machine only
    #[arg(long)]
    offline: bool,
    /// Read every source file again, also those that look as they did when they were taken
    #[arg(long)]
    reread: bool,
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        offline: args.offline,
        reread: args.reread,
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = RepairRequest {
        from: args.from,
        manifest: manifest_path(None).ok(),
        dry_run: args.dry_run,
    };
    let report = ops::repair(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    let is_open = report.findings.iter().any(|found| found.state.is_open());
    Ok(Exit::found(is_open))
}

fn in_words(report: &RepairReport, style: Style) -> String {
    let mut text: String = report
        .findings
        .iter()
        .map(|found| finding(found, style))
        .collect();
    let looked = format!(
        "{} ({}) and {} looked at: ",
        ui::count(report.objects, "object"),
        ui::bytes(report.bytes),
        ui::count(report.trees, "laid-out tree"),
    );
    text.push_str(&looked);
    let count = |state| {
        let states = report.findings.iter().filter(|found| found.state == state);
        states.count() as u64
    };
    let parts = [
        (FindingState::Repaired, "repaired"),
        (FindingState::WouldRepair, "would be repaired"),
        (FindingState::Found, "cannot be repaired"),
    ]
    .map(|(state, words)| (count(state), words));
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    text.push_str(&if told.is_empty() {
        "all well\n".to_owned()
    } else {
        format!("{}\n", told.join(", "))
    });
    text
}

/// One finding in a line or two.
pub(super) fn finding(found: &HealthFinding, style: Style) -> String {
    let mark = match found.state {
        FindingState::Repaired => style.good("+"),
        FindingState::WouldRepair => style.odd("~"),
        FindingState::Found => style.bad("!"),
    };
    let mut text = format!("{mark} {}: {}", found.code, found.message);
    if let Some(how) = &found.how {
        text.push_str(&format!("; {how}"));
    }
    text.push('\n');
    if let Some(remedy) = &found.remedy {
        let remedy = remedy.to_string().replace('\n', "\n      ");
        text.push_str(&format!("    {}: {remedy}\n", style.good("hint")));
    }
    text
}
