//! `dgmo lock` and `dgmo update`: the resolution written down, and the id it gives every system.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dgmo_schema::id::GenerationId;
use dgmo_schema::report::profile::LockReport;

use super::Engine;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::changes;
use super::secrets::SecretsHow;
use super::shown;
use super::want;
use super::want::Resolved;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::home::ManifestGuard;
use crate::lock;
use crate::manifest;
use crate::resolve::Update;

/// What locking is asked for.
#[derive(Debug)]
pub struct LockRequest {
    /// The manifest.
    pub manifest: PathBuf,
    /// Whether only to look whether the lock fits.
    pub check: bool,
    /// Which packages to lock afresh.
    pub update: Update,
}

/// Brings the lock up to date, or looks whether it is.
pub fn lock(engine: &Engine<'_>, request: LockRequest) -> Result<LockReport> {
    let guard = ManifestGuard::take(&request.manifest, engine.wait, engine.observer)?;
    let request = SwitchRequest {
        manifest: request.manifest,
        new_text: None,
        made_from: "lock",
        locked: false,
        dry_run: request.check,
        secrets: SecretsHow::Missing,
        known: Known::default(),
        in_the_way: InTheWay::Refuse,
        update: request.update,
        label: None,
        note: None,
        how: super::TrialHow::default(),
    };
    lock_guarded(engine, &request, &guard)
}

/// The same for one who holds the manifest's guard already.
pub(super) fn lock_guarded(
    engine: &Engine<'_>,
    request: &SwitchRequest,
    _proof: &ManifestGuard,
) -> Result<LockReport> {
    let downloads = want::downloads_for(engine, &request.update);
    let resolved = want::resolved(engine, request, &downloads)?;
    if request.locked && resolved.lock_changed() {
        return Err(want::lock_out_of_date(&resolved));
    }
    // What cannot be recorded is refused before anything is written.
    let generations = ids(&resolved)?;
    let changed = resolved.lock_changed();
    let written = changed && !request.dry_run;
    if let Some(text) = request.new_text.as_ref().filter(|_| !request.dry_run) {
        let path = &resolved.loaded.path;
        manifest::save_text(path, text).map_err(OpError::io("write", path))?;
    }
    if written {
        lock::save(&resolved.lock_path, &resolved.lock)?;
    }
    let previous = resolved.previous.clone().unwrap_or_default();
    Ok(LockReport {
        manifest: shown(&resolved.loaded.path),
        lock: shown(&resolved.lock_path),
        changed,
        written,
        packages: changes::between_locks(&previous, &resolved.lock),
        generations,
    })
}

/// The id of the generation each system gets.
fn ids(resolved: &Resolved) -> Result<BTreeMap<String, GenerationId>> {
    let mut ids = BTreeMap::new();
    for system in &resolved.loaded.manifest.systems {
        let (_, record) = resolved.record_for(system)?;
        ids.insert(system.to_string(), record.id());
    }
    Ok(ids)
}
