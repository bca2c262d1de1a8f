//! `dgmo gc`: generations the rule does not keep are dropped, and what no root reaches is deleted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::manifest::Keep;
use dgmo_schema::name::ProfileName;
use dgmo_schema::report::store::CollectReport;
use dgmo_schema::report::store::PrunedGenerations;
use dgmo_store::CollectPlan;
use dgmo_store::Freed;
use dgmo_store::Root;
use dgmo_store::Store;

use super::Engine;
use super::Result;
use super::begin;
use super::generations;
use super::generations::PruneRequest;
use super::make_room;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::home::Profile;
use crate::realise::Made;
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
    /// So many bytes shall be free: no more is dropped than is needed for that.
    pub target_free: Option<u64>,
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
///
/// What is told is exact, with `dry_run` as well: the files of the dropped generations count, each inode once.
pub fn collect(engine: &Engine<'_>, request: &CollectRequest) -> Result<CollectReport> {
    let store = begin::look(engine)?;
    if let Some(asked) = request.target_free {
        return make_room::collect(engine, &store, request, asked);
    }
    let droppable = droppable(engine, request)?;
    if request.dry_run {
        let plan = plan_without(engine, &store, &droppable)?;
        return Ok(report(request, droppable, plan.freed()));
    }
    empty_trash(engine)?;
    // Collecting makes it again at its end.
    store.release_reserve();
    let mut freed = store.room_of_folders(&folders_of(engine, &droppable)?)?;
    let mut pruned = Vec::new();
    for dropped in &droppable {
        pruned.extend(prune(engine, request, dropped)?);
    }
    let roots = GenerationRoots::new(engine, &[]);
    let others = || roots.all();
    let plan = store.plan_collect(&others, engine.observer)?;
    if request.patience == Patience::Leave && plan.freed().objects > LONG {
        freed += plan.freed();
        return Ok(CollectReport {
            background: true,
            ..report(request, pruned, freed)
        });
    }
    freed += store.collect(plan, &others, engine.observer)?;
    forget_made(engine, &store);
    Ok(report(request, pruned, freed))
}

/// What was noted of trees that went goes too.
pub(super) fn forget_made(engine: &Engine<'_>, store: &Store) {
    // A tree that cannot be looked at may be there.
    let is_there = |tree| store.has_tree(tree).unwrap_or(true);
    Made::at(engine.home.made()).trim(&is_there);
}

/// What an interrupted pruning left on its way out goes: whoever holds a profile takes it away.
pub(super) fn empty_trash(engine: &Engine<'_>) -> Result<()> {
    for name in begin::profile_names(engine)? {
        let engine = engine.for_profile(&name);
        let has_trash = std::fs::read_dir(engine.profile.trash())
            .is_ok_and(|mut entries| entries.next().is_some());
        if has_trash {
            begin::hold(&engine)?;
        }
    }
    Ok(())
}

/// What is told of all that goes.
pub(super) fn report(
    request: &CollectRequest,
    pruned: Vec<PrunedGenerations>,
    freed: Freed,
) -> CollectReport {
    CollectReport {
        dry_run: request.dry_run,
        background: false,
        pruned,
        target_free: None,
        objects: freed.objects,
        trees: freed.laid_out,
        bytes: freed.bytes,
        disk_bytes: freed.on_disk,
    }
}

/// The generations of each profile that its rule does not keep.
pub(super) fn droppable(
    engine: &Engine<'_>,
    request: &CollectRequest,
) -> Result<Vec<PrunedGenerations>> {
    let mut droppable = Vec::new();
    if request.keep_generations {
        return Ok(droppable);
    }
    for name in begin::profile_names(engine)? {
        let engine = engine.for_profile(&name);
        // A profile that was begun and never switched has nothing to drop.
        match Generations::of(&engine.profile).current() {
            Ok(_) => {}
            Err(ReadError::NoProfile { .. } | ReadError::Pointer { .. }) => continue,
            Err(error) => return Err(error.into()),
        }
        let generations = generations::chosen(&engine, &rule(request))?;
        if !generations.is_empty() {
            droppable.push(PrunedGenerations {
                state_bytes: kept_bytes(&engine.profile, &generations),
                profile: name.to_string(),
                generations,
            });
        }
    }
    Ok(droppable)
}

fn rule(request: &CollectRequest) -> PruneRequest {
    PruneRequest {
        generations: Vec::new(),
        keep: request.keep.clone(),
        dry_run: request.dry_run,
    }
}

/// Drops generations of one profile, as far as its rule still does not keep them.
pub(super) fn prune(
    engine: &Engine<'_>,
    request: &CollectRequest,
    dropped: &PrunedGenerations,
) -> Result<Option<PrunedGenerations>> {
    let engine = engine.for_profile(&dropped.profile.parse()?);
    let kept: BTreeMap<GenerationNumber, u64> = dropped
        .generations
        .iter()
        .map(|number| (*number, state::kept_bytes(&engine.profile, *number)))
        .collect();
    let generations = generations::prune_only(&engine, &rule(request), &dropped.generations)?;
    Ok((!generations.is_empty()).then(|| PrunedGenerations {
        profile: dropped.profile.clone(),
        state_bytes: generations.iter().map(|number| kept[number]).sum(),
        generations,
    }))
}

/// What the kept state of these generations takes, which goes with them.
pub(super) fn kept_bytes(profile: &Profile, of: &[GenerationNumber]) -> u64 {
    of.iter()
        .map(|number| state::kept_bytes(profile, *number))
        .sum()
}

/// What nothing needs once these generations are gone, with what goes with their folders.
pub(super) fn plan_without(
    engine: &Engine<'_>,
    store: &Store,
    gone: &[PrunedGenerations],
) -> Result<CollectPlan> {
    let roots = GenerationRoots::new(engine, gone);
    let folders = folders_of(engine, gone)?;
    Ok(store.plan_collect_without(&|| roots.all(), &folders, engine.observer)?)
}

/// Deletes what no root reaches now.
pub(super) fn collect_now(engine: &Engine<'_>, store: &Store) -> Result<Freed> {
    let roots = GenerationRoots::new(engine, &[]);
    let others = || roots.all();
    let plan = store.plan_collect(&others, engine.observer)?;
    Ok(store.collect(plan, &others, engine.observer)?)
}

/// The folders of these generations.
pub(super) fn folders_of(engine: &Engine<'_>, of: &[PrunedGenerations]) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for PrunedGenerations {
        profile,
        generations,
        ..
    } in of
    {
        let profile = engine.home.profile(profile.parse()?);
        folders.extend(generations.iter().map(|number| profile.generation(*number)));
    }
    Ok(folders)
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
