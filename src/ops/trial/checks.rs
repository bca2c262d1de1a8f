//! The checks of a generation, with the environment of the way to it.

use dgmo_schema::conduct::CommandLine;
use dgmo_schema::lapse::Lapse;
use dgmo_schema::name::CheckName;
use dgmo_schema::report::activation::CheckReport;
use dgmo_schema::report::activation::CheckState;

use super::TrialError;
use super::Way;
use super::error::tail;
use super::hooks;
use super::services;
use crate::check;
use crate::check::Surroundings;
use crate::ops::Result;
use crate::process;

/// Looks at everything `way.to` asks for, or at the one that is named.
pub(in crate::ops) fn look_at(way: &Way<'_>, only: Option<&CheckName>) -> Result<Vec<CheckReport>> {
    let checks = way.to.record.conduct.checks.iter();
    let checks: Vec<_> = checks
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .collect();
    let around = Ground {
        way,
        target: hooks::target(way.engine)?,
    };
    Ok(check::look_at(&checks, &around, way.engine.observer))
}

/// What a check looks at is on this ground.
struct Ground<'a> {
    way: &'a Way<'a>,
    target: std::path::PathBuf,
}

impl Surroundings for Ground<'_> {
    fn run(&self, command: &CommandLine, timeout: Lapse) -> std::result::Result<(), String> {
        let run = hooks::furnished(self.way, command, timeout);
        let run = run.map_err(|error| format!("`{command}` cannot be started: {error}"))?;
        match process::run(&run, &|_| ()) {
            Ok(ran) if ran.ending.is_success() => Ok(()),
            Ok(ran) => Err(format!("{}{}", ran.ending, tail(&ran.output))),
            Err(error) => Err(format!("`{command}` cannot be started: {error}")),
        }
    }

    fn target(&self) -> &std::path::Path {
        &self.target
    }

    fn is_up(&self, unit: &str) -> Option<std::result::Result<(), String>> {
        services::is_up(self.way, unit)
    }

    fn scope(&self) -> crate::home::Scope {
        self.way.engine.scope
    }
}

/// An error if something required failed.
pub(super) fn verdict(reports: &[CheckReport]) -> std::result::Result<(), TrialError> {
    let failed: Vec<(String, String)> = reports
        .iter()
        .filter(|report| report.required && report.state == CheckState::Failed)
        .map(|report| {
            let why = report.why.clone().unwrap_or_default();
            (report.name.to_string(), why)
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(TrialError::Checks { failed })
}
