//! `dgmo adopt`: what was changed where it is shown is written back to where it comes from, and switched to.
//!
//! Everything that can refuse does so before the first source is written. If the switch then fails, the sources are put
//! back; if the process dies in between, running it again finds them written and goes on.

mod error;
mod sources;
mod template;
mod writes;

pub use error::AdoptError;

use std::collections::BTreeSet;
use std::path::PathBuf;

use dgmo_schema::name::TargetPath;
use dgmo_schema::report::drift::AdoptReport;
use dgmo_schema::report::drift::DriftKind;

use super::Engine;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::begin;
use super::edit::Follow;
use super::managed::Managed;
use super::restore::Which;
use super::secrets::SecretsHow;
use super::shown;
use super::status;
use super::switch::Show;
use super::switch::switch_guarded;
use super::target;
use crate::activate;
use crate::activate::Image;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::home::ManifestGuard;
use crate::manifest;
use sources::Adoption;
use writes::Written;

/// What an adoption is asked for.
#[derive(Debug)]
pub struct AdoptRequest {
    /// Which files.
    pub which: Which,
    /// The manifest that is named; else it is the one the generation was made from.
    pub manifest: Option<PathBuf>,
    /// The manifest that is used where that one is not there any more.
    pub nearest: Option<PathBuf>,
    /// Whether a switch follows.
    pub follow: Follow,
}

/// Writes changes back. `switch` is the switch that follows; its manifest and what it may replace are set here.
pub fn adopt(
    engine: &Engine<'_>,
    request: &AdoptRequest,
    mut switch: SwitchRequest,
    show: Show<'_>,
) -> Result<AdoptReport> {
    let store = begin::look(engine)?;
    let managed = Managed::current(engine, &store)?;
    let named = match &request.manifest {
        Some(named) => Some(named.clone()),
        None => managed.manifest()?,
    };
    let path = named.or_else(|| request.nearest.clone());
    switch.manifest = path.ok_or(OpError::NoManifest)?;
    let guard = ManifestGuard::take(&switch.manifest, engine.wait, engine.observer)?;
    let loaded = manifest::load(&switch.manifest)?;
    let chosen = choose(engine, &managed, &request.which)?;
    let mut adoption = Adoption::new(engine, &managed, &loaded);
    let mut known = Known {
        others_stay: true,
        ..Known::default()
    };
    for path in &chosen {
        adoption.add(path)?;
        managed.add_to_known(path, &mut known)?;
    }
    let (adopted, writes) = adoption.finish()?;
    let mut report = AdoptReport {
        profile: engine.profile.name().clone(),
        manifest: shown(&switch.manifest),
        adopted,
        dry_run: switch.dry_run,
        switch: None,
    };
    if switch.dry_run {
        return Ok(report);
    }
    if chosen.is_empty() {
        // An adoption that was cut off when all but its last words were said is brought to its end.
        begin::hold(engine)?;
        return Ok(report);
    }
    refuse_what_the_switch_would(engine, &managed, &known, switch.in_the_way)?;
    let written = Written::apply(&writes)?;
    if request.follow == Follow::Switch {
        switch.known = known;
        switch.secrets = SecretsHow::Leave;
        match switch_guarded(engine, &switch, show, &guard) {
            Ok(switched) => report.switch = Some(switched),
            Err(failure) => {
                let moved = begin::current(engine) != Some(managed.number);
                if !moved {
                    written.take_back();
                }
                return Err(failure);
            }
        }
    }
    Ok(report)
}

/// What else is in the way is told before a source is written.
fn refuse_what_the_switch_would(
    engine: &Engine<'_>,
    managed: &Managed<'_>,
    known: &Known,
    in_the_way: InTheWay,
) -> Result<()> {
    let read = |id| managed.store.read_tree(id);
    let how = target::How {
        in_the_way,
        secrets: &managed.secrets,
        known,
    };
    let plan = target::plan(engine, &managed.footprint, &managed.record, &read, how)?;
    if plan.obstacles.is_empty() {
        return Ok(());
    }
    Err(activate::ActivateError::Obstacles(plan.obstacles).into())
}

/// The units and unknown files that are meant and differ.
fn choose(
    engine: &Engine<'_>,
    managed: &Managed<'_>,
    which: &Which,
) -> Result<BTreeSet<TargetPath>> {
    let mut chosen = BTreeSet::new();
    let words = match which {
        Which::These(words) => words,
        Which::All => {
            for (path, image) in &managed.desired {
                let live = managed.live(path)?;
                let found = managed.difference(path, &live)?;
                let is_change = matches!(found, Some(DriftKind::Changed | DriftKind::Editable));
                if is_change && !matches!(image, Image::Secret { .. }) {
                    chosen.insert(path.clone());
                }
            }
            chosen.extend(files_of(managed, managed.unknown()?)?);
            return Ok(chosen);
        }
    };
    for words in words {
        let path = managed.find(words)?;
        let drifted = managed.drifted_at(&path)?;
        for unit in &drifted {
            let live = managed.live(unit)?;
            if let Some(found) = managed.difference(unit, &live)? {
                refuse_what_is_no_file(engine, managed, unit, found)?;
            }
        }
        let unknown = managed.unknown()?.into_iter();
        let below = unknown.filter(|other| *other == path || other.is_below(&path));
        let below: Vec<TargetPath> = below.collect();
        if drifted.is_empty()
            && below.contains(&path)
            && files_of(managed, below.clone())?.is_empty()
        {
            return Err(nothing(engine, &path, "it is not a file").into());
        }
        chosen.extend(drifted);
        chosen.extend(files_of(managed, below)?);
    }
    Ok(chosen)
}

/// Only files can be adopted; of links nobody knows what they are meant to be on another machine.
fn files_of(managed: &Managed<'_>, paths: Vec<TargetPath>) -> Result<Vec<TargetPath>> {
    let mut files = Vec::new();
    for path in paths {
        if managed.live(&path)? == activate::Live::File {
            files.push(path);
        }
    }
    Ok(files)
}

fn refuse_what_is_no_file(
    engine: &Engine<'_>,
    managed: &Managed<'_>,
    path: &TargetPath,
    found: DriftKind,
) -> Result<()> {
    if let Image::Secret { from, .. } = &managed.desired[path] {
        let (path, from) = (path.clone(), from.clone());
        return Err(AdoptError::Secret { path, from }.into());
    }
    let why = match found {
        DriftKind::Changed | DriftKind::Editable | DriftKind::Unknown => return Ok(()),
        DriftKind::Missing => "it is missing",
        DriftKind::ForeignLink => "it is a link to somewhere else",
        DriftKind::Folder => "it is a folder now",
        DriftKind::Other => "it is neither a file nor a folder",
    };
    Err(nothing(engine, path, why).into())
}

fn nothing(engine: &Engine<'_>, path: &TargetPath, why: &'static str) -> AdoptError {
    AdoptError::Nothing {
        path: path.clone(),
        why,
        remedy: status::remedy(engine, "restore", path.as_str()),
    }
}
