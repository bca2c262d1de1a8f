//! `dgmo status`

use std::path::PathBuf;
use std::time::Duration;

use dgmo_schema::report::activation::DriftKind;
use dgmo_schema::report::activation::StatusReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Compare what is with what the generation says; exit 3 if they differ
///
/// `dgmo switch` puts right what is missing. What you changed yourself is named and stays yours.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo status
  dgmo status --json | jq '.drift[].path'")]
pub(super) struct Args {
    /// Where home files go [default: where they are]
    #[arg(long, value_name = "DIR")]
    target: Option<PathBuf>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        target: args.target.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let report = ops::status(&engine)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    let is_found = !report.drift.is_empty() || !report.services_down.is_empty();
    Ok(Exit::found(is_found))
}

pub(super) fn in_words(report: &StatusReport, style: Style) -> String {
    let packages = ui::count(report.package_count, "package");
    let files = ui::count(report.file_count, "home file");
    let number = style.strong(&format!("generation {}", report.generation));
    let mut text = format!(
        "{number} is current: {packages}, {files} in {}\n",
        report.target
    );
    if let Some(waiting) = &report.awaiting {
        let left = humantime::format_duration(Duration::from_secs(waiting.seconds_left));
        text.push_str(&format!(
            "it goes back to generation {} in {left}, unless `dgmo confirm` comes\n",
            waiting.back_to
        ));
    }
    for aside in &report.set_aside {
        let to = aside.to.as_deref().unwrap_or_default();
        text.push_str(&format!("  {} of yours is kept as {to}\n", aside.path));
    }
    for service in &report.services_down {
        let why = service.why.as_ref().map(|why| format!(": {why}"));
        text.push_str(&format!(
            "  {} the service {} is {}{}\n",
            style.odd("!"),
            service.name,
            service.state.word(),
            why.unwrap_or_default()
        ));
    }
    if report.drift.is_empty() {
        if !report.services_down.is_empty() {
            text.push_str("`dgmo services start` starts what does not run, `dgmo services run` runs them where no init system does\n");
            return text;
        }
        text.push_str("everything is as the generation says\n");
        return text;
    }
    for drift in &report.drift {
        let what = match drift.found {
            DriftKind::Missing => "is missing",
            DriftKind::Changed => "was changed",
            DriftKind::ForeignLink => "is a link to somewhere else",
            DriftKind::Folder => "is a folder",
            DriftKind::Other => "is something else",
        };
        text.push_str(&format!("  {} {} {what}\n", style.odd("!"), drift.path));
    }
    text.push_str("`dgmo switch` puts it right; with `--backup` it keeps what is in the way\n");
    text
}
