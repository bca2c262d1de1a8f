//! `dgmo vendor`: every download a lock names, in one folder, for machines that reach nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use dgmo_schema::report::catalogue::VendorReport;
use dgmo_schema::system::System;
use dgmo_store::durable;

use super::Engine;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::carried;
use super::carried::Item;
use super::shown;
use super::want;
use crate::home::ManifestGuard;
use crate::source::Catalogues;
use crate::source::vendored_name;

/// What vendoring is asked for.
#[derive(Debug)]
pub struct VendorRequest {
    /// What is locked: the manifest whose lock it is.
    pub of: SwitchRequest,
    /// Where to.
    pub folder: PathBuf,
    /// For which systems; none: for all of the lock.
    pub systems: BTreeSet<System>,
    /// Whether files that the lock does not name are deleted.
    pub prune: bool,
}

/// Brings everything the lock names into one folder. What is there is proven, and stays.
pub fn vendor(engine: &Engine<'_>, request: &VendorRequest) -> Result<VendorReport> {
    let _guard = ManifestGuard::take(&request.of.manifest, engine.wait, engine.observer)?;
    let downloads = want::downloads(engine);
    let resolved = want::resolved(engine, &request.of, &downloads)?;
    if resolved.lock_changed() {
        return Err(want::lock_out_of_date(&resolved));
    }
    let folder = &request.folder;
    let contents = carried::contents(&resolved.lock, &request.systems, &resolved.origins);
    let names = contents.items.iter().map(|it| vendored_name(&it.digest));
    let names: BTreeSet<String> = names.collect();
    let missing: Vec<&Item> = contents
        .items
        .iter()
        .filter(|item| !item.is_in(folder))
        .collect();
    let mut report = VendorReport {
        folder: shown(folder),
        lock: shown(&resolved.lock_path),
        files: contents.items.len() as u64,
        new_files: missing.len() as u64,
        new_bytes: missing.iter().filter_map(|item| item.size).sum(),
        pruned: if request.prune {
            carried::others_in(folder, &names)?
        } else {
            Vec::new()
        },
        paths: contents.paths,
        dry_run: request.of.dry_run,
    };
    if report.dry_run {
        return Ok(report);
    }
    let catalogues = Catalogues::new(&downloads, &resolved.loaded.manifest.sources);
    report.new_bytes = carried::bring("vendor", &missing, folder, (&downloads, &catalogues))?;
    for name in &report.pruned {
        let path = folder.join(name);
        durable::remove_file(&path).map_err(OpError::io("delete", &path))?;
    }
    if !report.pruned.is_empty() {
        durable::sync_folder(folder).map_err(OpError::io("sync", folder))?;
    }
    Ok(report)
}
