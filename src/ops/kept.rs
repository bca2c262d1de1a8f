//! `dgmo gc --why`: what keeps an object, and the way from each root down to it.

use std::collections::BTreeMap;
use std::path::Path;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::report::store::Keeper;
use dgmo_schema::report::store::KeptBy;
use dgmo_schema::report::store::KeptReport;
use dgmo_schema::report::store::KeptStep;
use dgmo_schema::report::store::ObjectKind;
use dgmo_store::Root;
use dgmo_store::Store;

use super::Engine;
use super::OpError;
use super::Result;
use super::begin;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::home::Profile;

/// Tells what keeps the object whose id begins with `words`.
pub fn kept(engine: &Engine<'_>, words: &str) -> Result<KeptReport> {
    let store = begin::look(engine)?;
    let object = super::store::find(&store, words)?;
    let mut kept_by = Vec::new();
    for name in begin::profile_names(engine)? {
        let profile = engine.home.profile(name);
        kept_by.extend(by_generations(&store, &profile, object)?);
    }
    for pin in store.pins()? {
        let keeper = Keeper::Pin {
            pin: pin.name.clone(),
        };
        kept_by.extend(way(&store, keeper, pin.root, object)?);
    }
    for root in store.leased()? {
        kept_by.extend(way(&store, Keeper::Lease, root, object)?);
    }
    let running = dgmo_store::roots::running(store.home());
    let running = running.map_err(OpError::io("look through", Path::new("/proc")))?;
    for tree in running.trees {
        // Somebody may run what is only laid out any more; there is nothing to follow then.
        if store.has_tree(tree)? {
            kept_by.extend(way(&store, Keeper::Running, Root::Tree(tree), object)?);
        }
    }
    Ok(KeptReport {
        id: object.id(),
        kind: match object {
            Root::Tree(_) => ObjectKind::Tree,
            Root::Blob(_) => ObjectKind::File,
        },
        kept_by,
    })
}

/// What of a generation names a root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Package(String),
    File(String),
}

/// Generations that keep the object in the same way are told together: most of them share most of what they have.
fn by_generations(store: &Store, profile: &Profile, object: Root) -> Result<Vec<KeptBy>> {
    let generations = Generations::of(profile);
    let numbers = match generations.numbers() {
        Ok(numbers) => numbers,
        Err(ReadError::NoProfile { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut parts: BTreeMap<(Part, Root), Vec<GenerationNumber>> = BTreeMap::new();
    for number in numbers {
        for part in parts_of(profile, number)? {
            parts.entry(part).or_default().push(number);
        }
    }
    let mut kept_by = Vec::new();
    for ((part, root), generations) in parts {
        let (package, file) = match part {
            Part::Package(name) => (Some(name), None),
            Part::File(path) => (None, Some(path)),
        };
        let keeper = Keeper::Generations {
            profile: profile.name().to_string(),
            generations,
            package,
            file,
        };
        kept_by.extend(way(store, keeper, root, object)?);
    }
    Ok(kept_by)
}

fn parts_of(profile: &Profile, number: GenerationNumber) -> Result<Vec<(Part, Root)>> {
    let generations = Generations::of(profile);
    let generation = match generations.load(number) {
        // Pruned since the folder was listed.
        Err(ReadError::Missing { .. }) => return Ok(Vec::new()),
        generation => generation?,
    };
    let mut parts = Vec::new();
    for (name, package) in generation.packages {
        parts.push((Part::Package(name.to_string()), Root::Tree(package.tree)));
    }
    for (path, file) in generations.record(number)?.files {
        let root = match file.content {
            RecordedContent::File(blob) | RecordedContent::Executable(blob) => Root::Blob(blob),
            RecordedContent::Folder(tree) => Root::Tree(tree),
        };
        parts.push((Part::File(path.to_string()), root));
    }
    Ok(parts)
}

/// The way from `root` to `object`, if there is one.
fn way(store: &Store, keeper: Keeper, root: Root, object: Root) -> Result<Option<KeptBy>> {
    let Some(steps) = store.chain(root, object)? else {
        return Ok(None);
    };
    let chain = steps.into_iter().map(|step| KeptStep {
        name: step.name.to_string(),
        id: step.id,
    });
    Ok(Some(KeptBy {
        keeper,
        root: root.id(),
        chain: chain.collect(),
    }))
}
