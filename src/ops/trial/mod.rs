//! A change of generation on trial: it stands when everything required holds, else it is taken back.
//!
//! ```text
//! before-hooks → trial recorded → services stopped → state kept → links, pointer → services started → after-hooks
//!   → checks → confirmation → verdict
//! ```
//!
//! What fails before the trial is recorded has changed nothing. After that the record in the journal says what was
//! done so far; a process that dies leaves it, and the next command takes the change back.

mod back;
mod checks;
mod error;
mod hooks;
pub(super) mod services;
mod watch;

pub(super) use back::mark_as_failed;
pub(super) use back::mark_as_good;
pub(super) use back::settle;
pub(super) use back::take_back;
pub(super) use back::why_over;
pub(super) use checks::look_at;
pub(super) use error::TrialError;
pub use watch::WatchRequest;
pub use watch::watch;

use services::End;

use std::path::PathBuf;

use dgmo_schema::conduct::Hook;
use dgmo_schema::event::Event;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::lapse::Lapse;
use dgmo_schema::report::activation::PlannedStep;
use dgmo_schema::report::activation::StepKind;
use dgmo_schema::report::activation::TrialReport;

use super::Engine;
use super::Result;
use super::begin::Held;
use super::failure::Failure;
use crate::activate::Action;
use crate::activate::Activation;
use crate::activate::Confirmation;
use crate::activate::Plan;
use crate::activate::Stage;
use crate::activate::Trial;
use crate::generation::Generations;
use crate::process::interrupt;

/// How a change is tried.
#[derive(Debug, Clone, Default)]
pub struct TrialHow {
    /// Whether hooks are left out.
    pub no_hooks: bool,
    /// Whether checks are left out.
    pub no_checks: bool,
    /// Whether state folders become what was kept of them with the generation gone to.
    pub with_state: bool,
    /// Within what time a person must confirm, or it goes back by itself.
    pub confirm_within: Option<Lapse>,
}

/// One end of the way.
pub(super) struct Side<'a> {
    pub number: GenerationNumber,
    pub record: &'a Record,
    /// Its folder; before it has its number, where it is put together.
    pub folder: PathBuf,
}

/// From one generation to another.
pub(super) struct Way<'a> {
    pub engine: &'a Engine<'a>,
    pub action: Action,
    pub from: Side<'a>,
    pub to: Side<'a>,
}

/// How a change that nothing refused ended.
pub(super) enum Verdict {
    /// It was not on trial: there was nothing to try.
    Plain,
    /// Everything required holds.
    Stands(TrialReport),
    /// It does, and a person must say so.
    Awaiting(TrialReport),
    /// Something required failed: it was taken back.
    TakenBack(TrialError, TrialReport),
}

/// What was run before anything was changed.
pub(super) struct Begun {
    ran: Vec<Hook>,
    report: TrialReport,
}

/// What going from `from` to `to` runs, stops, starts and looks at, in order; nothing is known of `from` where it cannot
/// be read.
pub(super) fn steps(
    engine: &Engine<'_>,
    from: Option<End<'_>>,
    to: End<'_>,
    how: &TrialHow,
) -> Result<Vec<PlannedStep>> {
    let hooks = &to.1.conduct.hooks;
    let step = |what, name: String, required| PlannedStep {
        what,
        name,
        required,
        bytes: None,
    };
    let of_hooks = |what, list: &[Hook]| -> Vec<PlannedStep> {
        let shown = list.iter().filter(|_| !how.no_hooks);
        shown
            .map(|hook| step(what, hook.run.to_string(), true))
            .collect()
    };
    let mut steps = of_hooks(StepKind::BeforeHook, &hooks.before_switch);
    if let Some(from) = from {
        steps.extend(services::steps(engine, from, to, how.with_state)?);
    }
    steps.extend(of_hooks(StepKind::AfterHook, &hooks.after_switch));
    let checks = to.1.conduct.checks.iter().filter(|_| !how.no_checks);
    steps.extend(
        checks.map(|(name, check)| step(StepKind::Check, name.to_string(), check.required)),
    );
    let confirmation = how.confirm_within.map(|within| within.to_string());
    steps.extend(confirmation.map(|within| step(StepKind::Confirmation, within, true)));
    Ok(steps)
}

/// An error if somebody wants us to end: what is not proven by then is taken back.
fn not_interrupted() -> std::result::Result<(), TrialError> {
    if interrupt::is_pending() {
        return Err(TrialError::Interrupted);
    }
    Ok(())
}

/// How the pointer is moved.
#[derive(Clone, Copy)]
struct Moving<'a> {
    held: &'a Held,
    how: &'a TrialHow,
    plan: &'a Plan,
}

impl<'a> Way<'a> {
    /// From `from` to `to`, each in its place.
    pub(super) fn new(
        engine: &'a Engine<'a>,
        action: Action,
        from: (GenerationNumber, &'a Record),
        to: (GenerationNumber, &'a Record),
    ) -> Self {
        let side = |(number, record)| Side {
            number,
            record,
            folder: engine.profile.generation(number),
        };
        Self {
            engine,
            action,
            from: side(from),
            to: side(to),
        }
    }

    fn is_on_trial(&self, how: &TrialHow) -> bool {
        let conduct = &self.to.record.conduct;
        let hooks = !how.no_hooks && !conduct.hooks.is_empty();
        let checks = !how.no_checks && !conduct.checks.is_empty();
        hooks || checks || how.confirm_within.is_some() || services::are_touched(self)
    }

    /// Runs what comes before anything is changed. `folder` is where the generation is as long as it has no number.
    pub(super) fn before(&mut self, how: &TrialHow, folder: Option<PathBuf>) -> Result<Begun> {
        let place = self.to.folder.clone();
        if let Some(folder) = folder {
            self.to.folder = folder;
        }
        let mut begun = Begun {
            ran: Vec::new(),
            report: TrialReport {
                generation: self.to.number,
                hooks: Vec::new(),
                checks: Vec::new(),
                confirm_by: None,
                taken_back: None,
            },
        };
        let hooks = self.to.record.conduct.hooks.before_switch.iter();
        for hook in hooks.filter(|_| !how.no_hooks) {
            begun.ran.push(hook.clone());
            let (report, result) = hooks::run(self, StepKind::BeforeHook, hook);
            begun.report.hooks.push(report);
            result.map_err(|source| TrialError::before(self, source))?;
        }
        self.to.folder = place;
        Ok(begun)
    }

    /// Makes `to` current, tries it, and takes it back where something required fails.
    ///
    /// An error means that the pointer never moved: everything is as it was.
    pub(super) fn run(
        &self,
        held: &Held,
        how: &TrialHow,
        plan: &Plan,
        begun: Begun,
    ) -> Result<Verdict> {
        if !self.is_on_trial(how) {
            self.activation(held)
                .run(self.from.number, self.to.number, plan)?;
            return Ok(Verdict::Plain);
        }
        let profile = &self.engine.profile;
        let id = watch::new_id(self.engine);
        let mut trial = Trial::new(id, self.action, self.from.number, self.to.number);
        trial.ran = begun.ran;
        let mut plan = plan.clone();
        trial.kept = plan.keep_secrets_until_the_verdict();
        let mut report = begun.report;
        trial.save(profile)?;
        let moving = Moving {
            held,
            how,
            plan: &plan,
        };
        if let Err(failure) = self.forward(&moving, &mut trial, &mut report) {
            return self.after_failure(held, trial, failure, report);
        }
        let Some(within) = how.confirm_within else {
            trial.end(profile, &plan.footprint.target)?;
            return Ok(Verdict::Stands(report));
        };
        match self.await_confirmation(&mut trial, within) {
            Ok(deadline) => {
                report.confirm_by = Some(deadline);
                Ok(Verdict::Awaiting(report))
            }
            Err(failure) => self.after_failure(held, trial, failure, report),
        }
    }

    fn forward(
        &self,
        moving: &Moving<'_>,
        trial: &mut Trial,
        report: &mut TrialReport,
    ) -> Result<()> {
        let how = moving.how;
        services::stop(self, trial, how.with_state)?;
        services::keep_state(self, trial, how.with_state)?;
        self.activation(moving.held)
            .run(self.from.number, self.to.number, moving.plan)?;
        services::start(self, trial, how.with_state)?;
        let hooks = self.to.record.conduct.hooks.after_switch.iter();
        for hook in hooks.filter(|_| !how.no_hooks) {
            trial.ran.push(hook.clone());
            trial.save(&self.engine.profile)?;
            let (told, result) = hooks::run(self, StepKind::AfterHook, hook);
            report.hooks.push(told);
            not_interrupted()?;
            result?;
        }
        if !how.no_checks {
            report.checks = checks::look_at(self, None)?;
            not_interrupted()?;
            checks::verdict(&report.checks)?;
        }
        // Also one that waits for nothing here is not proven yet where a person has to confirm it.
        not_interrupted()?;
        Ok(())
    }

    /// The failure as it is told: with the change taken back, or as an error where it never was made.
    fn after_failure(
        &self,
        held: &Held,
        mut trial: Trial,
        failure: Failure,
        mut report: TrialReport,
    ) -> Result<Verdict> {
        let moved = Generations::of(&self.engine.profile).current().ok() == Some(self.to.number);
        let why = failure.error().to_string();
        let taken = back::take_back(self.engine, held, &mut trial, &why);
        match taken {
            Ok(()) if !moved => Err(failure),
            Ok(()) => {
                if interrupt::is_pending() {
                    // The process ends before it can report.
                    let text = format!("generation {} is current again", self.from.number);
                    self.engine.observer.observe(Event::Note(text));
                }
                report.taken_back = Some(why);
                Ok(Verdict::TakenBack(
                    TrialError::taken_back(self, failure),
                    report,
                ))
            }
            Err(stuck) => Err(stuck),
        }
    }

    /// Everything holds: from now on it stays only if somebody says so.
    fn await_confirmation(&self, trial: &mut Trial, within: Lapse) -> Result<Timestamp> {
        let now = self.engine.clock.now();
        let seconds = within.as_millis().div_ceil(1000);
        let deadline = Timestamp::from_seconds(now.seconds().saturating_add(seconds));
        // First who watches: from the moment it waits there is somebody to take it back.
        watch::start(self.engine, trial, within)?;
        trial.stage = Stage::Awaiting(Confirmation {
            since: now,
            deadline,
            boot: dgmo_store::boot(),
        });
        trial.save(&self.engine.profile)?;
        Ok(deadline)
    }

    fn activation<'h>(&'h self, held: &'h Held) -> Activation<'h> {
        Activation::new(
            &self.engine.profile,
            &held.store,
            self.engine.observer,
            &held.guard,
        )
    }
}
