//! `dgmo env`: what a shell sets to live in a generation.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use dgmo_schema::report::profile::EnvironmentReport;

use super::super::Engine;
use super::super::OpError;
use super::super::Result;
use super::super::begin;
use super::super::shown;
use super::inside;
use crate::env::Var;
use crate::generation::Generations;
use crate::view::Assignment;
use crate::view::Environment;
use crate::view::ShellKind;
use crate::view::spell;

/// Which environment is asked for.
#[derive(Debug)]
pub struct EnvironmentRequest {
    /// A number or a label; nothing for the one we live in, else the current one.
    pub at: Option<String>,
    /// Whether the search path goes through the pointer and so follows later switches.
    pub follow: bool,
    /// In whose spelling.
    pub shell: ShellKind,
    /// The shell that will set it: while it lives, the generation is not pruned.
    pub process: Option<u32>,
}

/// The report, and the lines a shell runs. The pointer is resolved once.
pub fn environment(
    engine: &Engine<'_>,
    request: &EnvironmentRequest,
) -> Result<(EnvironmentReport, String)> {
    begin::look(engine)?;
    let at = if request.follow {
        Some("current")
    } else {
        request.at.as_deref()
    };
    let inside = inside::enter(engine, at)?;
    let folder = if request.follow {
        engine.profile.current()
    } else {
        inside.folder.clone()
    };
    if let Some(process) = request.process.filter(|_| !request.follow) {
        // A courtesy: where nothing can be written nothing can be pruned either.
        drop(Generations::of(&engine.profile).note_shell(&inside.held, process));
    }
    let view = folder.join("view");
    let environment = Environment {
        variables: &inside.record.env,
        path: &inside.record.path,
    };
    let lines = match replaced_path(engine, &environment, &view)? {
        None => environment.render(request.shell, &view),
        Some(path) => {
            let mut all: Vec<Assignment> = environment
                .variables
                .iter()
                .map(|(name, value)| Assignment::Set(name.to_string(), value.into()))
                .collect();
            all.push(Assignment::Set(Var::SearchPath.name().to_owned(), path));
            spell_lines(request.shell, &environment, &all)
        }
    };
    let variables: BTreeMap<String, String> = inside
        .record
        .env
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    let mut path = vec![shown(&view.join("bin"))];
    path.extend(inside.record.path);
    Ok((
        EnvironmentReport {
            generation: inside.number,
            variables,
            path,
        },
        lines,
    ))
}

/// The whole search path, where the shell has a generation of this profile on it already: it goes, so that no program
/// is found there that the new one has not.
fn replaced_path(
    engine: &Engine<'_>,
    environment: &Environment<'_>,
    view: &Path,
) -> Result<Option<OsString>> {
    let there = Var::SearchPath.raw().unwrap_or_default();
    let left = inside::without_profile(&there, engine.profile.folder());
    if left.len() == std::env::split_paths(&there).count() {
        return Ok(None);
    }
    let home = crate::home::user_home().unwrap_or_default();
    let mut folders = environment.folders(view, &home);
    folders.extend(left.into_iter().filter(|folder| {
        // The manifest's own folders are in front again.
        !environment.folders(view, &home).contains(folder)
    }));
    let joined = std::env::join_paths(folders)
        .map_err(|error| OpError::io("search", view)(std::io::Error::other(error)))?;
    Ok(Some(joined))
}

/// Nushell has lists for search paths, and runs lines only from a file.
fn spell_lines(shell: ShellKind, environment: &Environment<'_>, all: &[Assignment]) -> String {
    if shell != ShellKind::Nu {
        return spell(shell, all);
    }
    let path = all.iter().find_map(|assignment| match assignment {
        Assignment::Set(name, value) if name == Var::SearchPath.name() => Some(value),
        _ => None,
    });
    environment.render_for_nu(path.map(OsString::as_os_str).unwrap_or_default())
}
