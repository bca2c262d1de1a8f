//! `dgmo gc`: generations the rule does not keep are dropped, and what no root reaches is deleted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::manifest::Keep;
use dgmo_schema::name::ProfileName;
use dgmo_schema::report::store::CollectReport;
use dgmo_schema::report::store::PrunedGenerations;
use dgmo_store::Root;

use super::Engine;
use super::Result;
use super::begin;
use super::generations;
use super::generations::PruneRequest;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::home::Profile;
use crate::service::state;

/// What collecting is asked for.
#[derive(Debug)]
pub struct CollectRequest {
    /// The rule for generations, in place of each profile's own.
    pub keep: Option<Keep>,
    /// Whether generations stay whatever the rule says.
    pub keep_generations: bool,
    /// Whether to look only.
    pub dry_run: bool,
    /// Whether to wait until all is deleted.
    pub patience: Patience,
}

/// Who waits for the deleting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The caller.
    Wait,
    /// Nobody, where it would take long: [`CollectReport::background`] tells.
    Leave,
}

/// From this many objects on, deleting takes longer than a person wants to wait.
const LONG: u64 = 2_000;

/// Drops generations and deletes what nothing needs any more.
pub fn collect(engine: &Engine<'_>, request: &CollectRequest) -> Result<CollectReport> {
    let store = begin::look(engine)?;
    if !request.dry_run {
        // Collecting makes it again at its end.
        store.release_reserve();
    }
    let mut pruned = Vec::new();
    if !request.keep_generations {
        for name in begin::profile_names(engine)? {
            pruned.extend(prune(engine, &name, request)?);
        }
    }
    let gone = if request.dry_run {
        pruned.clone()
    } else {
        Vec::new()
    };
    let roots = GenerationRoots::new(engine, &gone);
    let others = || roots.all();
    let plan = store.plan_collect(&others, engine.observer)?;
    let freed = plan.freed();
    let mut report = CollectReport {
        dry_run: request.dry_run,
        background: false,
        pruned,
        objects: freed.objects,
        trees: freed.laid_out,
        bytes: freed.bytes,
        disk_bytes: freed.on_disk,
    };
    if request.dry_run {
        return Ok(report);
    }
    if request.patience == Patience::Leave && freed.objects > LONG {
        report.background = true;
        return Ok(report);
    }
    let freed = store.collect(plan, &others, engine.observer)?;
    report.objects = freed.objects;
    report.trees = freed.laid_out;
    report.bytes = freed.bytes;
    report.disk_bytes = freed.on_disk;
    Ok(report)
}

/// Drops the generations of one profile that its rule does not keep.
fn prune(
    engine: &Engine<'_>,
    name: &ProfileName,
    request: &CollectRequest,
) -> Result<Option<PrunedGenerations>> {
    let engine = engine.for_profile(name);
    // A profile that was begun and never switched has nothing to drop.
    match Generations::of(&engine.profile).current() {
        Ok(_) => {}
        Err(ReadError::NoProfile { .. } | ReadError::Pointer { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let prune = PruneRequest {
        generations: Vec::new(),
        keep: request.keep.clone(),
        dry_run: request.dry_run,
    };
    let chosen = generations::chosen(&engine, &prune)?;
    let kept = chosen.iter();
    let state_bytes = kept
        .map(|number| state::kept_bytes(&engine.profile, *number))
        .sum();
    let generations = if request.dry_run {
        chosen
    } else {
        generations::prune(&engine, &prune)?.generations
    };
    if generations.is_empty() {
        return Ok(None);
    }
    Ok(Some(PrunedGenerations {
        profile: name.to_string(),
        generations,
        state_bytes,
    }))
}

/// What the generations of all profiles need. A generation never changes, so each is read once.
struct GenerationRoots<'a> {
    engine: &'a Engine<'a>,
    /// Generations to take as gone already.
    gone: &'a [PrunedGenerations],
    known: RefCell<BTreeMap<(ProfileName, GenerationNumber), Vec<Root>>>,
}

impl<'a> GenerationRoots<'a> {
    fn new(engine: &'a Engine<'a>, gone: &'a [PrunedGenerations]) -> Self {
        Self {
            engine,
            gone,
            known: RefCell::default(),
        }
    }

    /// Every root there is now. One that cannot be read is an error: nothing may be deleted then.
    fn all(&self) -> std::result::Result<Vec<Root>, Box<dyn Error + Send + Sync>> {
        let failed = |failure: super::Failure| failure.error().to_string();
        let mut roots = Vec::new();
        for name in begin::profile_names(self.engine).map_err(failed)? {
            let profile = self.engine.home.profile(name.clone());
            let numbers = match Generations::of(&profile).numbers() {
                Ok(numbers) => numbers,
                Err(ReadError::NoProfile { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            for number in numbers
                .into_iter()
                .filter(|number| !self.is_gone(&name, *number))
            {
                let mut known = self.known.borrow_mut();
                let key = (name.clone(), number);
                if !known.contains_key(&key) {
                    match roots_of(&profile, number) {
                        Ok(found) => drop(known.insert(key.clone(), found)),
                        // Pruned since the folder was listed.
                        Err(ReadError::Missing { .. }) => continue,
                        Err(error) => return Err(error.into()),
                    }
                }
                roots.extend(&known[&key]);
            }
        }
        Ok(roots)
    }

    fn is_gone(&self, name: &ProfileName, number: GenerationNumber) -> bool {
        self.gone
            .iter()
            .any(|gone| gone.profile == name.as_str() && gone.generations.contains(&number))
    }
}

/// What the generations of all profiles of a home need.
pub(super) fn every_generation(engine: &Engine<'_>) -> Result<Vec<Root>> {
    let mut roots = Vec::new();
    for name in begin::profile_names(engine)? {
        let profile = engine.home.profile(name);
        match Generations::of(&profile).numbers() {
            Ok(numbers) => {
                for number in numbers {
                    roots.extend(roots_of(&profile, number)?);
                }
            }
            Err(ReadError::NoProfile { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(roots)
}

/// What one generation needs: the trees of its packages and the contents of its home files.
pub(super) fn roots_of(
    profile: &Profile,
    number: GenerationNumber,
) -> std::result::Result<Vec<Root>, ReadError> {
    let generations = Generations::of(profile);
    let packages = generations.load(number)?.packages;
    let files = generations.record(number)?.files;
    let contents = files.values().map(|file| match file.content {
        RecordedContent::File(blob) | RecordedContent::Executable(blob) => Root::Blob(blob),
        RecordedContent::Folder(tree) => Root::Tree(tree),
    });
    Ok(packages
        .values()
        .map(|package| Root::Tree(package.tree))
        .chain(contents)
        .collect())
}
