//! `dgmo add`, `dgmo remove` and `dgmo update --edit`: the manifest is edited, locked and switched to as one change.
//!
//! The manifest on disk is written only when nothing can refuse any more, under its guard from the reading on: so
//! that a hundred processes adding at once lose no edit, and an `add` that fails changes nothing.

use std::fs;
use std::path::Path;

use dgmo_schema::code::Diagnose;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::activation::SwitchReport;
use dgmo_schema::report::profile::LockReport;

use super::Engine;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::lock;
use super::switch::Show;
use super::switch::switch_guarded;
use super::update;
use super::update::Meant;
use super::want;
use crate::home::ManifestGuard;
use crate::manifest;
use crate::resolve;
use crate::resolve::Several;
use crate::resolve::Update;
use crate::source::Catalogues;

/// What an edit led to.
#[derive(Debug)]
pub enum Edited {
    /// The profile was switched to it.
    Switched(Box<SwitchReport>),
    /// With `--no-switch` only the manifest and the lock changed.
    Locked(LockReport),
}

/// Whether an edit is followed by a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// It is.
    Switch,
    /// Only the lock is brought up to date.
    Lock,
}

/// Adds packages to the manifest.
pub fn add(
    engine: &Engine<'_>,
    request: SwitchRequest,
    packages: &[(PackageName, Requirement)],
    (follow, show): (Follow, Show<'_>),
) -> Result<Edited> {
    edit(engine, request, (follow, show), |text| {
        let mut text = text.to_owned();
        for (name, package) in packages {
            text = manifest::add_package(&text, name, package)?;
        }
        Ok(text)
    })
}

/// Takes packages out of the manifest.
pub fn remove(
    engine: &Engine<'_>,
    request: SwitchRequest,
    names: &[PackageName],
    (follow, show): (Follow, Show<'_>),
) -> Result<Edited> {
    edit(engine, request, (follow, show), |text| {
        let mut text = text.to_owned();
        for name in names {
            text = manifest::remove_package(&text, name)?;
        }
        Ok(text)
    })
}

/// Has the manifest say that a package shall be `to`, and locks that.
pub fn update_to(
    engine: &Engine<'_>,
    mut request: SwitchRequest,
    (name, to): (&PackageName, &str),
    show: Show<'_>,
) -> Result<Edited> {
    request.update = Update::Only([name.clone()].into());
    let downloads = want::downloads_for(engine, &request.update);
    let loaded = manifest::load(&request.manifest)?;
    let catalogues = Catalogues::new(&downloads, &loaded.manifest.sources);
    let manifest = &loaded.manifest;
    let source = match update::meant(manifest, name)? {
        Meant::Url { .. } => None,
        Meant::Named(source) => Some(source.clone()),
        Meant::Short(source) => {
            let indexes = want::indexes(engine, manifest, &downloads);
            let found = resolve::source_of_short(manifest, (name, source), &indexes);
            Some(found.map_err(|error| alone(name, error))?)
        }
    };
    let version = match source {
        None => to.to_owned(),
        Some(source) => resolve::requirement(manifest, (name, &source), to, &catalogues)
            .map_err(|error| alone(name, error))?,
    };
    edit(engine, request, (Follow::Switch, show), |text| {
        Ok(manifest::set_version(text, name, &version)?)
    })
}

fn alone<E: Diagnose + 'static>(name: &PackageName, error: E) -> Several<E> {
    let code = error.code();
    Several::new("ask for", code, vec![(name.clone(), error)])
}

fn edit(
    engine: &Engine<'_>,
    mut request: SwitchRequest,
    (follow, show): (Follow, Show<'_>),
    change: impl FnOnce(&str) -> Result<String>,
) -> Result<Edited> {
    let guard = ManifestGuard::take(&request.manifest, engine.wait, engine.observer)?;
    let text = read(&request.manifest)?;
    request.new_text = Some(change(&text)?);
    match follow {
        Follow::Switch => Ok(Edited::Switched(Box::new(switch_guarded(
            engine, &request, show, &guard,
        )?))),
        Follow::Lock => Ok(Edited::Locked(lock::lock_guarded(
            engine, &request, &guard,
        )?)),
    }
}

fn read(path: &Path) -> Result<String> {
    // What is wrong with the manifest is told as for any other command.
    manifest::load(path)?;
    Ok(fs::read_to_string(path).map_err(OpError::io("read", path))?)
}
