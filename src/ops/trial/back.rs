//! Takes a change back: to the generation the trial names, whatever the way there had done.
//!
//! Each deed can be repeated, so a crash in the middle only means that the next command does it again. Only what keeps
//! the pointer or the home files from going back is an error; hooks and services are told and passed by.

use std::path::PathBuf;

use dgmo_schema::conduct::Hook;
use dgmo_schema::event::Event;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::report::activation::StepKind;
use dgmo_schema::report::generation::HistoryEvent;

use super::TrialError;
use super::Way;
use super::hooks;
use super::services;
use crate::activate::Action;
use crate::activate::Activation;
use crate::activate::InTheWay;
use crate::activate::KeptSecret;
use crate::activate::Known;
use crate::activate::Stage;
use crate::activate::Trial;
use crate::generation;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::begin;
use crate::ops::begin::Held;
use crate::ops::secrets::Secrets;
use crate::ops::target;
use crate::ops::write_history;

/// Takes back what nobody can prove any more: its process died, or nobody confirmed it in time.
pub(in crate::ops) fn settle(engine: &Engine<'_>, held: &Held) -> Result<()> {
    let Some(mut trial) = Trial::read(&engine.profile)? else {
        return Ok(());
    };
    let Some(why) = why_over(engine, &trial) else {
        return Ok(());
    };
    let (from, to) = (trial.from, trial.to);
    let text = format!("generation {to} is taken back: {why}; going back to generation {from}");
    engine.observer.observe(Event::Note(text));
    take_back(engine, held, &mut trial, &why)
}

/// Why nobody can prove it any more; nothing while somebody still may.
pub(in crate::ops) fn why_over(engine: &Engine<'_>, trial: &Trial) -> Option<String> {
    if !trial.is_over(engine.clock.now(), dgmo_store::boot().as_deref()) {
        return None;
    }
    Some(match &trial.stage {
        Stage::Trying => "it was interrupted before it was proven".to_owned(),
        Stage::Awaiting(_) => "nobody confirmed it in time".to_owned(),
        Stage::Back { why } => why.clone(),
    })
}

/// Goes back to where `trial` began.
pub(in crate::ops) fn take_back(
    engine: &Engine<'_>,
    held: &Held,
    trial: &mut Trial,
    why: &str,
) -> Result<()> {
    let result = match go(engine, held, trial, why) {
        // The reserve is for this.
        Err(failure) if failure.is_about_room() && held.store.release_reserve() => {
            go(engine, held, trial, why)
        }
        result => result,
    };
    result.map_err(|failure| TrialError::stuck(trial.from, failure).into())
}

fn go(engine: &Engine<'_>, held: &Held, trial: &mut Trial, why: &str) -> Result<()> {
    let profile = &engine.profile;
    trial.stage = Stage::Back {
        why: why.to_owned(),
    };
    trial.save(profile)?;
    let activation = Activation::new(profile, &held.store, engine.observer, &held.guard);
    // The way there may have stopped in the middle of its own links.
    activation.recover()?;
    let generations = Generations::of(profile);
    let (was, goal) = (
        generations.record(trial.to)?,
        generations.record(trial.from)?,
    );
    let way = Way::new(engine, Action::Back, (trial.to, &was), (trial.from, &goal));
    told(engine, services::stop(&way, trial, false));
    told(engine, services::keep_state(&way, trial, false));
    let current = generations.current()?;
    let target = point(&way, held, activation, &trial.kept)?;
    told(engine, services::start(&way, trial, false));
    rerun(&way, &trial.ran);
    if trial.action == Action::Switch {
        // Before the verdict: one that cannot be marked now is marked by the next command.
        mark(engine, trial.to, Some(why))?;
    }
    if current != trial.from {
        let note = why.lines().next().map(ToOwned::to_owned);
        write_history(
            engine,
            HistoryEvent::TakenBack,
            trial.from,
            Some(trial.to),
            note,
        );
    }
    trial.end(profile, &target)?;
    Ok(())
}

/// Moves the pointer and the home files. What came in their way meanwhile is set aside: there must be a way back. Gives
/// the target folder.
fn point(
    way: &Way<'_>,
    held: &Held,
    activation: Activation<'_>,
    kept: &[KeptSecret],
) -> Result<PathBuf> {
    let engine = way.engine;
    let footprint = begin::footprint(engine)?;
    let read = |id| held.store.read_tree(id);
    let secrets = Secrets::gather_what_can_be(engine, way.to.record, &footprint, kept)?;
    let how = target::How {
        in_the_way: InTheWay::SetAside,
        secrets: &secrets,
        known: &Known::default(),
    };
    let plan = target::plan(engine, &footprint, way.to.record, &read, how)?;
    let current = Generations::of(&engine.profile).current()?;
    activation.run(current, way.to.number, &plan)?;
    Ok(footprint.target)
}

/// Runs again, in reverse order, what the way there ran: with both ends exchanged it puts right what depends on them.
fn rerun(way: &Way<'_>, ran: &[Hook]) {
    for hook in ran.iter().rev() {
        let (_, result) = hooks::run(way, StepKind::AfterHook, hook);
        told(way.engine, result.map_err(Into::into));
    }
}

/// What fails on the way back is said, and the way goes on.
fn told(engine: &Engine<'_>, result: Result<()>) {
    if let Err(failure) = result {
        let text = format!("on the way back: {}", failure.error());
        engine.observer.observe(Event::Warning(text));
    }
}

/// Writes beside a generation that it did not stand. One that cannot be marked is no worse for it.
pub(in crate::ops) fn mark_as_failed(engine: &Engine<'_>, number: GenerationNumber, why: &str) {
    told_of_mark(engine, mark(engine, number, Some(why)));
}

/// Takes the mark away: it has stood a trial now.
pub(in crate::ops) fn mark_as_good(engine: &Engine<'_>, number: GenerationNumber) {
    told_of_mark(engine, mark(engine, number, None));
}

fn told_of_mark(engine: &Engine<'_>, marked: Result<()>) {
    if let Err(failure) = marked {
        engine
            .observer
            .observe(Event::Warning(failure.error().to_string()));
    }
}

fn mark(engine: &Engine<'_>, number: GenerationNumber, why: Option<&str>) -> Result<()> {
    let generations = Generations::of(&engine.profile);
    let mut document = match generations.load(number) {
        Ok(document) => document,
        // One that cannot be read now is marked by the next command.
        Err(error @ ReadError::Io { .. }) => return Err(error.into()),
        // What is damaged or gone says enough.
        Err(_) => return Ok(()),
    };
    if document.failed.as_deref() == why {
        return Ok(());
    }
    document.failed = why.map(ToOwned::to_owned);
    let folder = engine.profile.generation(number);
    generations
        .forget_summaries(&engine.home.cache())
        .and_then(|()| generation::rewrite(&engine.profile, &document))
        .map_err(OpError::io("mark the generation", &folder))?;
    Ok(())
}
