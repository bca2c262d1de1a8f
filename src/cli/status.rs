//! `dgmo status`

use std::path::PathBuf;
use std::time::Duration;

use dgmo_schema::report::activation::StatusReport;
use dgmo_schema::report::drift::Drift;
use dgmo_schema::report::drift::DriftKind;

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
/// Names what is missing, what was changed, links that lead elsewhere, and files nobody knows in folders dgmo made, each
/// with a code and the commands that put an end to it. What you changed yourself stays yours.
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
        text.push_str(&line(drift, style));
    }
    text.push_str(
        "`dgmo switch` puts back what is missing; nothing you changed is ever overwritten\n",
    );
    text
}

fn line(drift: &Drift, style: Style) -> String {
    let what = match (drift.found, &drift.to) {
        (DriftKind::Missing, _) => "is missing".to_owned(),
        (DriftKind::Changed, _) => "was changed".to_owned(),
        (DriftKind::Editable, _) => "is there to be edited, and not changed yet".to_owned(),
        (DriftKind::ForeignLink, Some(to)) => format!("is a link to somewhere else, {to}"),
        (DriftKind::ForeignLink, None) => "is a link to somewhere else".to_owned(),
        (DriftKind::Folder, _) => "is a folder".to_owned(),
        (DriftKind::Other, _) => "is something else".to_owned(),
        (DriftKind::Unknown, _) => "is not known, in a folder dgmo made".to_owned(),
    };
    let remedies: Vec<String> = drift
        .remedies
        .iter()
        .map(|command| format!("`{command}`"))
        .collect();
    let remedies = match remedies.join(" or ") {
        none if none.is_empty() => "move it away".to_owned(),
        commands => commands,
    };
    let code = style.faint(&format!("[{}]", drift.code));
    format!(
        "  {} {} {what} {code}\n      {remedies}\n",
        style.odd("!"),
        drift.path
    )
}
