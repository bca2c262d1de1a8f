//! `dgmo rollback`: another generation becomes current. It needs no network, no build, no free disk.

use dgmo_schema::event::Event;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::id::TreeId;
use dgmo_schema::report::activation::RollbackReport;
use dgmo_schema::report::activation::SwitchOutcome;
use dgmo_schema::report::drift::SecretChange;
use dgmo_schema::report::generation::HistoryEvent;

use dgmo_store::Store;

use super::Engine;
use super::OpError;
use super::Result;
use super::assemble;
use super::begin;
use super::begin::Held;
use super::changes;
use super::failure::Failure;
use super::secrets::Fetching;
use super::secrets::Secrets;
use super::secrets::SecretsHow;
use super::target;
use super::trial;
use super::trial::TrialHow;
use super::trial::Verdict;
use super::write_history;
use crate::activate;
use crate::activate::Action;
use crate::activate::Activation;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::activate::Plan;
use crate::activate::Stage;
use crate::activate::Trial;
use crate::generation::Generations;
use crate::generation::History;
use crate::generation::ReadError;
use crate::process::interrupt;

/// What a rollback is asked for.
#[derive(Debug)]
pub struct RollbackRequest {
    /// A number, a label, or nothing for the generation the current one was made from.
    pub to: Option<String>,
    /// Whether to look only.
    pub dry_run: bool,
    /// What to do with files in the way.
    pub in_the_way: InTheWay,
    /// What to do about secrets.
    pub secrets: SecretsHow,
    /// Words for the history.
    pub note: Option<String>,
    /// How it is tried.
    pub how: TrialHow,
}

/// Makes another generation current. On a full disk the reserve is given up for it.
pub fn rollback(engine: &Engine<'_>, request: &RollbackRequest) -> Result<RollbackReport> {
    // Opening for a change would make a home; going back needs one to be there.
    let store = Store::open(engine.home.root())?;
    match go(engine, request) {
        Err(failure) if failure.is_about_room() && store.release_reserve() => go(engine, request),
        result => result,
    }
}

fn go(engine: &Engine<'_>, request: &RollbackRequest) -> Result<RollbackReport> {
    if !Generations::of(&engine.profile).is_begun()? {
        let profile = engine.profile.name().to_string();
        return Err(ReadError::NoProfile { profile }.into());
    }
    if request.dry_run {
        // A look takes no guard, so that it works in a home that may only be read.
        let store = begin::look(engine)?;
        let way = Way::to_what_is_asked(engine, &store, request)?;
        return way.report(engine, request);
    }
    let held = begin::hold_as_it_is(engine)?;
    let (request, taken_from) = &settled(engine, &held, request)?;
    let way = Way::to_what_is_asked(engine, &held.store, request)?;
    let mut report = way.report(engine, request)?;
    let generation = Generations::of(&engine.profile).load(way.to)?;
    lay_out_again(engine, &held.store, &generation, &way.record)?;
    if way.from == way.to {
        let _whole = interrupt::hold();
        Activation::new(&engine.profile, &held.store, engine.observer, &held.guard)
            .run(way.from, way.to, &way.plan)?;
        if let Some(from) = taken_from {
            report.from = *from;
            report.outcome = SwitchOutcome::Switched;
        }
        return Ok(report);
    }
    let _whole = interrupt::hold();
    match way.run(engine, &held, request)? {
        Verdict::Plain => {}
        Verdict::Stands(told) => report.trial = Some(told),
        Verdict::Awaiting(told) => {
            report.outcome = SwitchOutcome::Awaiting;
            report.trial = Some(told);
        }
        Verdict::TakenBack(error, told) => {
            report.outcome = SwitchOutcome::RolledBack;
            report.generation = report.from;
            report.trial = Some(told);
            return Err(Failure::from(error).taken_back(&report));
        }
    }
    if generation.failed.is_some() && report.trial.is_some() {
        trial::mark_as_good(engine, way.to);
    }
    let from = Some(way.from);
    let note = request.note.clone();
    write_history(engine, HistoryEvent::RolledBack, way.to, from, note);
    Ok(report)
}

/// A trial that waits or was interrupted ends here: it is taken back, and that may be all that was asked.
///
/// Gives what is still to be done, and the generation that was taken back. Going to a generation that is named must be
/// possible where even this fails: then the trial is over without having been undone.
fn settled(
    engine: &Engine<'_>,
    held: &Held,
    request: &RollbackRequest,
) -> Result<(RollbackRequest, Option<GenerationNumber>)> {
    let asked = |to: Option<String>| RollbackRequest {
        to,
        note: request.note.clone(),
        how: request.how.clone(),
        ..*request
    };
    let found = match Trial::read(&engine.profile) {
        Ok(None) => return Ok((asked(request.to.clone()), None)),
        Ok(Some(found)) => found,
        Err(_) if request.to.is_some() => {
            Trial::close(&engine.profile)?;
            return Ok((asked(request.to.clone()), None));
        }
        Err(error) => return Err(error.into()),
    };
    // One that was interrupted is taken back by every command; `dgmo rollback` alone means one that waits.
    let goal = found.waits().then(|| found.from.to_string());
    let why = trial::why_over(engine, &found)
        .unwrap_or_else(|| "it was taken back before it was confirmed".to_owned());
    match trial::take_back(engine, held, &mut found.clone(), &why) {
        Ok(()) => {}
        // It failed before, so it will again.
        Err(failure) if request.to.is_some() && matches!(found.stage, Stage::Back { .. }) => {
            trial::mark_as_failed(engine, found.to, &why);
            let text = format!("it could not be undone in order: {}", failure.error());
            engine.observer.observe(Event::Warning(text));
            found.end(&engine.profile, &begin::footprint(engine)?.target)?;
        }
        Err(failure) => return Err(failure),
    }
    Ok((asked(request.to.clone().or(goal)), Some(found.to)))
}

/// Where a change that waits to be confirmed goes back to.
fn waits_at(engine: &Engine<'_>, current: GenerationNumber) -> Result<Option<GenerationNumber>> {
    let trial = Trial::read(&engine.profile)?;
    let trial = trial.filter(|trial| trial.waits() && trial.to == current);
    Ok(trial.map(|trial| trial.from))
}

/// What the current generation is made of; nothing where that is lost.
///
/// One that is there and cannot be read is no reason to go on without it: the change would not be on trial.
fn record_to_go_back_to(
    generations: Generations<'_>,
    current: GenerationNumber,
) -> Result<Option<Record>> {
    match generations.record(current) {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.is_no_answer() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// From the current generation to another.
struct Way {
    from: GenerationNumber,
    /// What it is made of; nothing where that cannot be told, so that there is no way back to it either.
    from_record: Option<Record>,
    to: GenerationNumber,
    record: Record,
    plan: Plan,
    secrets: Vec<SecretChange>,
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
                Ok(current) if let Some(goal) = waits_at(engine, current)? => goal,
                _ => before_current(generations)?,
            },
        };
        let (from, from_record) = match generations.current() {
            // A pointer that names nothing is mended by pointing it somewhere.
            Err(ReadError::Pointer { .. }) => (GenerationNumber::ZERO, None),
            current => {
                let current = current?;
                (current, record_to_go_back_to(generations, current)?)
            }
        };
        let footprint = begin::footprint(engine)?;
        let record = generations.record(to)?;
        let read = |id| store.read_tree(id);
        let fetching = if request.dry_run {
            Fetching::No
        } else {
            Fetching::Yes
        };
        let how = (request.secrets, fetching);
        let secrets = Secrets::gather(engine, &record, &footprint, how)?;
        let how = target::How {
            in_the_way: request.in_the_way,
            secrets: &secrets,
            known: &Known::default(),
        };
        let plan = target::plan(engine, &footprint, &record, &read, how)?;
        Ok(Self {
            from,
            from_record,
            to,
            record,
            plan,
            secrets: secrets.changes,
        })
    }

    /// The same with what a trial needs; nothing where there is no way back.
    fn on_trial<'a>(&'a self, engine: &'a Engine<'a>) -> Option<trial::Way<'a>> {
        let from = self.from_record.as_ref()?;
        let ends = ((self.from, from), (self.to, &self.record));
        Some(trial::Way::new(engine, Action::Rollback, ends.0, ends.1))
    }

    fn run(&self, engine: &Engine<'_>, held: &Held, request: &RollbackRequest) -> Result<Verdict> {
        if let Some(mut way) = self.on_trial(engine) {
            let begun = way.before(&request.how, None)?;
            return way.run(held, &request.how, &self.plan, begun);
        }
        Activation::new(&engine.profile, &held.store, engine.observer, &held.guard)
            .run(self.from, self.to, &self.plan)?;
        Ok(Verdict::Plain)
    }

    /// What going this way does; refused if something is in the way.
    fn report(&self, engine: &Engine<'_>, request: &RollbackRequest) -> Result<RollbackReport> {
        let plan = &self.plan;
        if !plan.obstacles.is_empty() {
            return Err(activate::ActivateError::Obstacles(plan.obstacles.clone()).into());
        }
        let outcome = match (request.dry_run, self.from == self.to) {
            (true, _) => SwitchOutcome::Planned,
            (false, true) => SwitchOutcome::Unchanged,
            (false, false) => SwitchOutcome::Switched,
        };
        Ok(RollbackReport {
            outcome,
            profile: engine.profile.name().clone(),
            from: self.from,
            generation: self.to,
            dry_run: request.dry_run,
            target_changes: changes::of_plan(plan),
            secrets: self.secrets.clone(),
            left_alone: plan.left_alone.iter().map(ToString::to_string).collect(),
            steps: trial::steps(
                engine,
                self.from_record.as_ref().map(|record| (self.from, record)),
                (self.to, &self.record),
                &request.how,
            )?,
            trial: None,
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
    let mut missing: Vec<TreeId> = Vec::new();
    for tree in assemble::trees(generation, record) {
        if !store.is_laid_out(tree)? {
            missing.push(tree);
        }
    }
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
pub(super) fn last_known(engine: &Engine<'_>) -> Result<GenerationNumber> {
    let generations = Generations::of(&engine.profile);
    let pointed = History::of(&engine.profile).last_pointed()?;
    if let Some(number) = pointed
        && generations.has(number)?
    {
        return Ok(number);
    }
    let newest = generations.numbers()?.last().copied();
    Ok(newest.unwrap_or(GenerationNumber::ZERO))
}

/// The generation the current one was made from; if that was pruned, the nearest below.
fn before_current(generations: Generations<'_>) -> Result<GenerationNumber> {
    let current = generations.current()?;
    if current == GenerationNumber::ZERO {
        return Err(OpError::NothingBefore.into());
    }
    let parent = generations.load(current)?.parent;
    if parent < current && generations.has(parent)? {
        return Ok(parent);
    }
    let below = generations
        .numbers()?
        .into_iter()
        .rev()
        .find(|number| *number < current);
    Ok(below.unwrap_or(GenerationNumber::ZERO))
}
