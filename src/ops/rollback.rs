//! `dgmo rollback`: another generation becomes current. It needs no network, no build, no free disk.

use dgmo_schema::code::Code;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::id::TreeId;
use dgmo_schema::report::activation::RollbackReport;
use dgmo_schema::report::generation::HistoryEvent;

use dgmo_store::Store;

use super::Engine;
use super::OpError;
use super::Result;
use super::assemble;
use super::begin;
use super::changes;
use super::write_history;
use crate::activate;
use crate::activate::Activation;
use crate::activate::InTheWay;
use crate::activate::Plan;
use crate::activate::Surroundings;
use crate::generation::Generations;
use crate::generation::History;
use crate::generation::ReadError;

/// What a rollback is asked for.
#[derive(Debug)]
pub struct RollbackRequest {
    /// A number, a label, or nothing for the generation the current one was made from.
    pub to: Option<String>,
    /// Whether to look only.
    pub dry_run: bool,
    /// What to do with files in the way.
    pub in_the_way: InTheWay,
    /// Words for the history.
    pub note: Option<String>,
}

/// Makes another generation current. On a full disk the reserve is given up for it.
pub fn rollback(engine: &Engine<'_>, request: &RollbackRequest) -> Result<RollbackReport> {
    // Opening for a change would make a home; going back needs one to be there.
    let store = begin::look(engine)?;
    match go(engine, request) {
        Err(failure) if is_full(failure.code()) && store.release_reserve() => go(engine, request),
        result => result,
    }
}

fn is_full(code: Code) -> bool {
    matches!(code, Code::DiskFull | Code::StoreFull)
}

fn go(engine: &Engine<'_>, request: &RollbackRequest) -> Result<RollbackReport> {
    if !engine.profile.generations().is_dir() {
        let profile = engine.profile.name().to_string();
        return Err(ReadError::NoProfile { profile }.into());
    }
    if request.dry_run {
        // A look takes no guard, so that it works in a home that may only be read.
        let store = begin::look(engine)?;
        let way = Way::to_what_is_asked(engine, &store, request)?;
        return way.report(engine, request);
    }
    let held = begin::hold(engine)?;
    let way = Way::to_what_is_asked(engine, &held.store, request)?;
    let report = way.report(engine, request)?;
    let generation = Generations::of(&engine.profile).load(way.to)?;
    lay_out_again(engine, &held.store, &generation, &way.record)?;
    Activation::new(&engine.profile, &held.store, engine.observer, &held.guard)
        .run(way.from, way.to, &way.plan)?;
    if way.from != way.to {
        let note = request.note.clone();
        write_history(
            engine,
            HistoryEvent::RolledBack,
            way.to,
            Some(way.from),
            note,
        );
    }
    Ok(report)
}

/// From the current generation to another.
struct Way {
    from: GenerationNumber,
    to: GenerationNumber,
    record: Record,
    plan: Plan,
}

impl Way {
    fn to_what_is_asked(
        engine: &Engine<'_>,
        store: &Store,
        request: &RollbackRequest,
    ) -> Result<Self> {
        let generations = Generations::of(&engine.profile);
        let to = match &request.to {
            Some(words) => generations.find(words)?,
            None => match generations.current() {
                Err(ReadError::Pointer { .. }) => last_known(engine)?,
                _ => before_current(generations)?,
            },
        };
        let from = match generations.current() {
            // A pointer that names nothing is mended by pointing it somewhere.
            Err(ReadError::Pointer { .. }) => GenerationNumber::ZERO,
            current => current?,
        };
        let footprint = begin::footprint(engine)?;
        let record = generations.record(to)?;
        let read = |id| store.read_tree(id);
        let desired = assemble::desired(&record, &engine.profile, &read)?;
        let others = begin::other_footprints(engine)?;
        let around = Surroundings {
            others: &others,
            in_the_way: request.in_the_way,
        };
        let plan = activate::plan(&footprint, &desired, around)?;
        Ok(Self {
            from,
            to,
            record,
            plan,
        })
    }

    /// What going this way does; refused if something is in the way.
    fn report(&self, engine: &Engine<'_>, request: &RollbackRequest) -> Result<RollbackReport> {
        let plan = &self.plan;
        if !plan.obstacles.is_empty() {
            return Err(activate::ActivateError::Obstacles(plan.obstacles.clone()).into());
        }
        Ok(RollbackReport {
            profile: engine.profile.name().clone(),
            from: self.from,
            generation: self.to,
            dry_run: request.dry_run,
            target_changes: changes::of_plan(plan),
            left_alone: plan.left_alone.iter().map(ToString::to_string).collect(),
        })
    }
}

/// Trees of the generation that somebody deleted are laid out from their objects; what has lost those is refused
/// before it is current. Where nothing is missing, nothing is written.
fn lay_out_again(
    engine: &Engine<'_>,
    store: &Store,
    generation: &Generation,
    record: &Record,
) -> Result<()> {
    let missing: Vec<TreeId> = assemble::trees(generation, record)
        .filter(|tree| !store.is_laid_out(*tree))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let insertion = store.begin(engine.observer)?;
    for tree in missing {
        insertion.lay_out(tree)?;
    }
    insertion.commit()?;
    Ok(())
}

/// Where the pointer was when it was last known to be right; else the newest generation.
fn last_known(engine: &Engine<'_>) -> Result<GenerationNumber> {
    let generations = Generations::of(&engine.profile);
    let pointed = History::of(&engine.profile).last_pointed()?;
    let newest = || Ok::<_, ReadError>(generations.numbers()?.last().copied());
    let found = match pointed.filter(|number| generations.has(*number)) {
        Some(number) => Some(number),
        None => newest()?,
    };
    Ok(found.unwrap_or(GenerationNumber::ZERO))
}

/// The generation the current one was made from; if that was pruned, the nearest below.
fn before_current(generations: Generations<'_>) -> Result<GenerationNumber> {
    let current = generations.current()?;
    if current == GenerationNumber::ZERO {
        return Err(OpError::NothingBefore.into());
    }
    let parent = generations.load(current)?.parent;
    if parent < current && generations.has(parent) {
        return Ok(parent);
    }
    let below = generations
        .numbers()?
        .into_iter()
        .rev()
        .find(|number| *number < current);
    Ok(below.unwrap_or(GenerationNumber::ZERO))
}
