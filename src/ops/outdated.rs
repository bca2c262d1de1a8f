//! `dgmo outdated`: which packages have newer versions, inside and outside of what the manifest asks for.

use std::collections::BTreeSet;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::catalogue::NotAsked;
use dgmo_schema::report::catalogue::OutdatedPackage;
use dgmo_schema::report::catalogue::OutdatedReport;

use super::Engine;
use super::Result;
use super::want;
use crate::lock;
use crate::manifest;
use crate::resolve;
use crate::resolve::Asking;
use crate::resolve::Several;
use crate::source::Catalogues;

/// Asks the catalogues of the packages `only`, or of all. Nothing is changed.
pub fn outdated(
    engine: &Engine<'_>,
    path: &Path,
    only: &BTreeSet<PackageName>,
) -> Result<OutdatedReport> {
    let loaded = manifest::load(path)?;
    let manifest = &loaded.manifest;
    for name in only {
        if !manifest.packages.contains_key(name) {
            return Err(manifest::EditError::absent(name, manifest.packages.keys()).into());
        }
    }
    let locked = lock::load(&lock::path_beside(&loaded.path))?.unwrap_or_default();
    let downloads = want::downloads(engine).asking_anew();
    let catalogues = Catalogues::new(&downloads, &manifest.sources);
    let not_after = want::not_after(engine, manifest);
    let indexes = want::indexes(engine, manifest, &downloads);
    let asking = Asking {
        catalogues: &catalogues,
        indexes: &indexes,
    };
    let found = resolve::newest(manifest, &locked, asking, (not_after, only));
    let mut report = OutdatedReport {
        outdated: Vec::new(),
        asked: found.len() as u64,
        failed: Vec::new(),
    };
    let mut failures = Vec::new();
    for (name, newest) in found {
        match newest {
            Ok(newest) if newest.is_outdated() => report.outdated.push(OutdatedPackage {
                name,
                of: newest.of,
                locked: newest.locked,
                fits: newest.fits,
                newest: newest.newest,
                withdrawn: newest.withdrawn,
            }),
            Ok(_) => {}
            Err(error) => failures.push((name, error)),
        }
    }
    // One of many that does not answer hides nothing of the others; where none answers there is nothing to tell.
    if !failures.is_empty() && failures.len() as u64 == report.asked {
        return Err(Several::new("ask for", Code::ResolveFailed, failures).into());
    }
    report.failed = failures
        .into_iter()
        .map(|(name, error)| NotAsked {
            name,
            why: error.to_string(),
        })
        .collect();
    Ok(report)
}
