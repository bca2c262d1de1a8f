//! `dgmo confirm`: a change that waits to be confirmed stays.

use dgmo_schema::report::activation::AwaitingReport;
use dgmo_schema::report::activation::ConfirmReport;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_store::Store;

use super::Engine;
use super::Result;
use super::begin;
use super::trial::TrialError;
use super::write_history;
use crate::activate::Stage;
use crate::activate::Trial;
use crate::generation::Generations;

/// Keeps the change that waits. One whose time is over is taken back instead.
pub fn confirm(engine: &Engine<'_>) -> Result<ConfirmReport> {
    // Opening for a change would make a home.
    Store::open(engine.home.root())?;
    let current = Generations::of(&engine.profile).current()?;
    let _held = begin::hold(engine)?;
    let Some(trial) = Trial::read(&engine.profile)? else {
        return Err(TrialError::NothingToConfirm {
            current: Generations::of(&engine.profile)
                .current()
                .unwrap_or(current),
        }
        .into());
    };
    trial.end(&engine.profile, &begin::footprint(engine)?.target)?;
    write_history(
        engine,
        HistoryEvent::Confirmed,
        trial.to,
        Some(trial.from),
        None,
    );
    Ok(ConfirmReport {
        profile: engine.profile.name().clone(),
        generation: trial.to,
        from: trial.from,
    })
}

/// The change that waits, with the time it has left.
pub(super) fn awaiting(engine: &Engine<'_>) -> Result<Option<AwaitingReport>> {
    let Some(trial) = Trial::read(&engine.profile)? else {
        return Ok(None);
    };
    let Stage::Awaiting(confirmation) = &trial.stage else {
        return Ok(None);
    };
    let now = engine.clock.now().seconds();
    Ok(Some(AwaitingReport {
        generation: trial.to,
        back_to: trial.from,
        deadline: confirmation.deadline,
        seconds_left: confirmation.deadline.seconds().saturating_sub(now),
    }))
}

/// An error while a change waits: a second one would make it unclear what is confirmed.
pub(super) fn refuse_awaiting(engine: &Engine<'_>) -> Result<()> {
    match awaiting(engine)? {
        None => Ok(()),
        Some(waiting) => Err(TrialError::Awaiting {
            to: waiting.generation,
            from: waiting.back_to,
            deadline: waiting.deadline,
        }
        .into()),
    }
}
