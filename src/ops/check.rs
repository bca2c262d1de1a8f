//! `dgmo check`: whether what the current generation promises holds now.

use dgmo_schema::name::CheckName;
use dgmo_schema::report::activation::CheckState;
use dgmo_schema::report::activation::HealthReport;

use super::Engine;
use super::OpError;
use super::Result;
use super::begin;
use super::trial;
use super::trial::Way;
use crate::activate::Action;
use crate::generation::Generations;
use crate::process::interrupt;

/// Looks at what the current generation asks for, or at the check that is named. Nothing is changed.
pub fn check(engine: &Engine<'_>, only: Option<&CheckName>) -> Result<HealthReport> {
    let store = begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let number = generations.current()?;
    let mut record = generations.record(number)?;
    if let Some(name) = only
        && !record.conduct.checks.contains_key(name)
    {
        return Err(OpError::NoSuchCheck {
            name: name.to_string(),
            generation: number.0,
        }
        .into());
    }
    for check in record.conduct.checks.values_mut() {
        // The change is long past.
        check.grace = dgmo_schema::lapse::Lapse::from_millis(0);
        // Here nothing is decided by one that failed: all are told.
        check.required = false;
    }
    drop(store);
    let way = Way::new(engine, Action::Check, (number, &record), (number, &record));
    let _whole = interrupt::hold();
    let mut checks = trial::look_at(&way, only)?;
    let required = generations.record(number)?.conduct.checks;
    for report in &mut checks {
        report.required = required
            .get(&report.name)
            .is_some_and(|check| check.required);
    }
    Ok(HealthReport {
        profile: engine.profile.name().clone(),
        generation: number,
        ok: checks
            .iter()
            .all(|report| report.state == CheckState::Holds),
        checks,
    })
}
