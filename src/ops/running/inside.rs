//! Which generation a program lives in: the pointer is read once, and the generation is held from then on.
//!
//! Programs that `run`, `exec` and `shell` start are told by a variable, `DGMO_INSIDE`, which folder that is. Whatever
//! they start again with dgmo stays in it, so that a tree of processes never sees two generations.

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;

use super::super::Engine;
use super::super::Result;
use crate::env::Var;
use crate::generation::Generations;
use crate::generation::HeldGeneration;
use crate::home;
use crate::view::Environment;

/// A generation to live in.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) number: GenerationNumber,
    /// Its folder, by its number: no later switch changes what this names.
    pub(super) folder: PathBuf,
    pub(super) record: Record,
    pub(super) held: HeldGeneration,
}

/// The generation of the engine's profile that the programs above this one live in.
fn inherited(engine: &Engine<'_>) -> Option<GenerationNumber> {
    let folder = Var::Inside.absolute_path()?;
    let number = folder.strip_prefix(engine.profile.generations()).ok()?;
    let number: GenerationNumber = number.to_str()?.parse().ok()?;
    Generations::of(&engine.profile)
        .has(number)
        .ok()?
        .then_some(number)
}

/// The generation of the engine's profile that a shell lives in: told by who started it, else by its search path.
pub fn lives_in(engine: &Engine<'_>) -> Option<GenerationNumber> {
    let on_path = || {
        let path = Var::SearchPath.raw()?;
        let views = std::env::split_paths(&path).filter_map(|folder| {
            let generation = folder.strip_prefix(engine.profile.generations()).ok()?;
            let number = generation.to_str()?.strip_suffix("/view/bin")?;
            number.parse().ok()
        });
        views.into_iter().next()
    };
    inherited(engine).or_else(on_path)
}

/// Holds the generation that `at` names; where it names none the one we live in already, else the current one.
pub(super) fn enter(engine: &Engine<'_>, at: Option<&str>) -> Result<Inside> {
    let generations = Generations::of(&engine.profile);
    let held = match (at, inherited(engine)) {
        (Some("current"), _) | (None, None) => generations.hold_current()?,
        (Some(words), _) => generations.hold(generations.find(words)?)?,
        (None, Some(number)) => generations.hold(number)?,
    };
    Ok(Inside {
        number: held.number,
        folder: engine.profile.generation(held.number),
        record: generations.record(held.number)?,
        held,
    })
}

impl Inside {
    /// The folders its programs are searched in, before all others.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        folders(&self.record, &self.folder.join("view"))
    }

    /// The whole search path: its own folders, and what is there already without other generations of the profile.
    pub(super) fn search_path(&self, engine: &Engine<'_>, first: &[PathBuf]) -> Vec<PathBuf> {
        let mut all = first.to_vec();
        all.extend(self.folders());
        let path = Var::SearchPath.raw().unwrap_or_default();
        all.extend(without_profile(&path, engine.profile.folder()));
        all
    }

    /// What a program is told besides its search path.
    pub(super) fn variables(&self) -> Vec<(OsString, OsString)> {
        let named = self.record.env.iter();
        let mut variables: Vec<(OsString, OsString)> = named
            .map(|(name, value)| (name.as_str().into(), value.into()))
            .collect();
        variables.push((Var::Inside.name().into(), self.folder.clone().into()));
        variables
    }
}

/// The folders a record puts in front of the search path.
pub(super) fn folders(record: &Record, view: &Path) -> Vec<PathBuf> {
    let environment = Environment {
        variables: &record.env,
        path: &record.path,
    };
    // Where nobody knows the home folder, folders below it cannot be searched either.
    let home = home::user_home().unwrap_or_default();
    environment.folders(view, &home)
}

/// The folders of a search path that are not those of a profile's views.
pub(super) fn without_profile(path: &OsString, profile: &Path) -> Vec<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| !is_view_of(folder, profile))
        .collect()
}

/// Whether the folder is `bin` of a view of the profile: of a generation, or through the pointer.
pub(super) fn is_view_of(folder: &Path, profile: &Path) -> bool {
    let Ok(below) = folder.strip_prefix(profile) else {
        return false;
    };
    let parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
    matches!(
        parts[..],
        ["generations", _, "view", "bin"] | ["current", "view", "bin"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_views_of_the_profile_are_taken_out() {
        let path = OsString::from(
            "/h/p/generations/3/view/bin:/usr/bin:/h/p/current/view/bin:/h/q/generations/3/view/bin:/h/p/x",
        );
        let left = without_profile(&path, Path::new("/h/p"));
        assert_eq!(
            left,
            ["/usr/bin", "/h/q/generations/3/view/bin", "/h/p/x"].map(PathBuf::from)
        );
    }
}
