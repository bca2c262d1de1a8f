//! `dgmo env`: what a shell sets to live in a generation.

use std::collections::BTreeMap;

use dgmo_schema::report::profile::EnvironmentReport;

use super::Engine;
use super::Result;
use super::begin;
use super::shown;
use crate::generation::Generations;
use crate::view::Environment;
use crate::view::ShellKind;

/// Which environment is asked for.
#[derive(Debug)]
pub struct EnvironmentRequest {
    /// A number or a label; nothing for the current one.
    pub at: Option<String>,
    /// Whether the search path goes through the pointer and so follows later switches.
    pub follow: bool,
    /// In whose spelling.
    pub shell: ShellKind,
}

/// The report, and the lines a shell runs. The pointer is resolved once.
pub fn environment(
    engine: &Engine<'_>,
    request: &EnvironmentRequest,
) -> Result<(EnvironmentReport, String)> {
    begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let number = match &request.at {
        Some(words) => generations.find(words)?,
        None => generations.current()?,
    };
    let record = generations.record(number)?;
    let folder = if request.follow {
        engine.profile.current()
    } else {
        engine.profile.generation(number)
    };
    let view = folder.join("view");
    let lines = Environment {
        variables: &record.env,
        path: &record.path,
    }
    .render(request.shell, &view);
    let variables: BTreeMap<String, String> = record
        .env
        .into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect();
    let mut path = vec![shown(&view.join("bin"))];
    path.extend(record.path);
    Ok((
        EnvironmentReport {
            generation: number,
            variables,
            path,
        },
        lines,
    ))
}
