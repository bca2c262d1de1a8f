//! `dgmo status`: what is not as the generation says.

use dgmo_schema::report::activation::Drift;
use dgmo_schema::report::activation::DriftKind;
use dgmo_schema::report::activation::StatusReport;
use dgmo_schema::report::activation::TargetChange;
use dgmo_schema::report::activation::TargetDeed;

use super::Engine;
use super::Result;
use super::assemble;
use super::begin;
use super::confirm;
use super::services;
use super::shown;
use crate::activate;
use crate::activate::Live;
use crate::generation::Generations;

/// Compares the target folder and the generation's own folder with what the generation says.
pub fn status(engine: &Engine<'_>) -> Result<StatusReport> {
    let store = begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let number = generations.current()?;
    let generation = generations.load(number)?;
    let record = generations.record(number)?;
    let footprint = begin::footprint(engine)?;
    let read = |id| store.read_tree(id);
    let desired = assemble::desired(&record, engine, &read)?;
    let mut drift: Vec<Drift> = activate::drift(&footprint.target, &desired)?
        .into_iter()
        .map(|(path, live)| Drift {
            path: path.to_string(),
            found: kind(&live),
        })
        .collect();
    let parts = assemble::missing_parts(&engine.profile, number, &record);
    let trees = assemble::missing_trees(&store, &generation, &record);
    drift.extend(parts.into_iter().chain(trees).map(|path| Drift {
        path,
        found: DriftKind::Missing,
    }));
    let aside = footprint.aside.iter().map(|(path, to)| TargetChange {
        path: path.to_string(),
        what: TargetDeed::SetAside,
        to: Some(to.to_string()),
    });
    Ok(StatusReport {
        profile: engine.profile.name().clone(),
        generation: number,
        id: generation.id,
        target: shown(&footprint.target),
        package_count: generation.packages.len() as u64,
        file_count: record.files.len() as u64,
        drift,
        set_aside: aside.collect(),
        services_down: services::down(engine, &record),
        awaiting: confirm::awaiting(engine)?,
    })
}

fn kind(live: &Live) -> DriftKind {
    match live {
        Live::Absent => DriftKind::Missing,
        Live::Link(_) => DriftKind::ForeignLink,
        Live::File => DriftKind::Changed,
        Live::Folder => DriftKind::Folder,
        Live::Other => DriftKind::Other,
    }
}
