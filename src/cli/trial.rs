//! What switches and rollbacks share about trials: flags, words, and the watcher that is not for people.

use std::path::PathBuf;

use dgmo_schema::lapse::Lapse;
use dgmo_schema::report::activation::CheckReport;
use dgmo_schema::report::activation::CheckState;
use dgmo_schema::report::activation::PlannedStep;
use dgmo_schema::report::activation::StepKind;
use dgmo_schema::report::activation::TrialReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::TrialHow;
use crate::ops::WatchRequest;
use crate::process;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// How a change is tried
#[derive(Debug, clap::Args)]
pub(super) struct TrialFlags {
    /// Go back by itself unless `dgmo confirm` comes within this time: `90s`, `2m`
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    confirm_within: Option<Lapse>,
    /// Run no hooks this once
    #[arg(long)]
    no_hooks: bool,
    /// Look at no checks this once
    #[arg(long)]
    no_checks: bool,
}

/// A length of time in which something can happen.
fn some_time(text: &str) -> std::result::Result<Lapse, String> {
    match text.parse::<Lapse>() {
        Ok(lapse) if lapse.as_millis() == 0 => Err("nobody can confirm in no time".to_owned()),
        result => result.map_err(|error| error.to_string()),
    }
}

impl TrialFlags {
    /// What the engine must know.
    pub(super) fn how(&self) -> TrialHow {
        TrialHow {
            no_hooks: self.no_hooks,
            no_checks: self.no_checks,
            with_state: false,
            confirm_within: self.confirm_within,
        }
    }
}

/// Wait for a change to be confirmed, and take it back
#[derive(Debug, clap::Args)]
pub(super) struct WatchArgs {
    /// Which trial
    id: String,
    /// How long
    within: Lapse,
    /// Where home files go
    #[arg(long)]
    target: Option<PathBuf>,
}

pub(super) fn watch(args: &WatchArgs, global: &Global, printer: Printer) -> Result<Exit> {
    process::leave_the_session().map_err(OpError::io("leave", std::path::Path::new("/")))?;
    let renderer = Renderer::new(printer);
    let special = Special {
        target: args.target.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = WatchRequest {
        id: args.id.clone(),
        within: args.within,
    };
    ops::watch(&engine, &request)?;
    Ok(Exit::Done)
}

/// What is done on the way, a line each.
pub(super) fn steps(steps: &[PlannedStep]) -> String {
    let lines = steps.iter().map(|step| {
        let name = &step.name;
        match step.what {
            StepKind::BeforeHook => format!("  before: {name}\n"),
            StepKind::Stop => format!("  stop {name}\n"),
            StepKind::State => format!("  keep the state {name}{}\n", size(step)),
            StepKind::BringBack => format!("  bring back the state {name}{}\n", size(step)),
            StepKind::Start => format!("  start {name}\n"),
            StepKind::AfterHook => format!("  after: {name}\n"),
            StepKind::Check if step.required => format!("  check {name}\n"),
            StepKind::Check => format!("  check {name} (wanted only)\n"),
            StepKind::Confirmation => format!("  wait {name} for `dgmo confirm`\n"),
        }
    });
    lines.collect()
}

fn size(step: &PlannedStep) -> String {
    let bytes = step.bytes.map(crate::ui::bytes);
    bytes.map(|bytes| format!(", {bytes}")).unwrap_or_default()
}

/// How a trial went that the change stood.
pub(super) fn in_words(trial: Option<&TrialReport>, style: Style) -> String {
    let Some(trial) = trial else {
        return String::new();
    };
    let mut text = String::new();
    let holding = trial
        .checks
        .iter()
        .filter(|check| check.state == CheckState::Holds);
    match (holding.count() as u64, trial.checks.len() as u64) {
        (_, 0) => {}
        (holding, all) if holding == all => {
            let checks = ui::count(all, "check");
            text.push_str(&format!("{checks} held\n"));
        }
        _ => text.push_str(&checks(&trial.checks, style)),
    }
    if let Some(deadline) = trial.confirm_by {
        text.push_str(&format!(
            "it goes back by itself at {deadline}; keep it with `dgmo confirm`\n"
        ));
    }
    text
}

/// What came of each check, a line each.
pub(super) fn checks(checks: &[CheckReport], style: Style) -> String {
    let lines = checks.iter().map(|check| {
        let wanted = if check.required { "" } else { " (wanted only)" };
        let (name, what) = (&check.name, &check.what);
        let why = check.why.as_deref().unwrap_or_default();
        match check.state {
            CheckState::Holds => format!("  {} {name}{wanted}: {what}\n", style.good("+")),
            CheckState::Failed => format!("  {} {name}{wanted}: {why}\n", style.bad("!")),
            CheckState::Undecided => format!("  {} {name}{wanted}: not decided\n", style.odd("?")),
        }
    });
    lines.collect()
}
