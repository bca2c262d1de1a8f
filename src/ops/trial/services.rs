//! Where services and state plug into a trial: each call is one moment of the order of a switch.
//!
//! `way` says from where to where; on the way back it is the other way round and `way.action` is `Action::Back`.
//! What is about to be touched is put into `trial.touched` and saved *before* it is done, so that a crash forgets
//! nothing; each call can be repeated.

use std::collections::BTreeSet;
use std::path::Path;

use dgmo_schema::conduct::StateFolder;
use dgmo_schema::event::Event;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::name::ServiceName;
use dgmo_schema::name::StateName;
use dgmo_schema::report::activation::PlannedStep;
use dgmo_schema::report::activation::StepKind;
use dgmo_schema::report::service::RunBy;
use dgmo_schema::report::service::ServiceState;

use super::Way;
use crate::activate::Action;
use crate::activate::Trial;
use crate::home;
use crate::ops::Engine;
use crate::ops::Result;
use crate::ops::services;
use crate::service::Changes;
use crate::service::Ground;
use crate::service::state::StateError;
use crate::service::state::StateOf;

/// Whether the change touches services or state: then it is on trial even without hooks and checks.
pub(in crate::ops) fn are_touched(way: &Way<'_>) -> bool {
    has_any(way.from.record) || has_any(way.to.record)
}

fn has_any(record: &Record) -> bool {
    !record.conduct.services.is_empty() || !record.conduct.state.is_empty()
}

/// A generation and what it is made of.
pub(in crate::ops) type End<'a> = (GenerationNumber, &'a Record);

/// What is stopped, kept and started on the way from `from` to `to`, in order, for the plan that is shown.
pub(super) fn steps(
    engine: &Engine<'_>,
    from: End<'_>,
    to: End<'_>,
    with_state: bool,
) -> Result<Vec<PlannedStep>> {
    if !has_any(from.1) && !has_any(to.1) {
        return Ok(Vec::new());
    }
    let states = States { engine, from, to };
    let also = states.users_of_brought(with_state)?;
    let changes = services::changes(engine, from, to, &also)?;
    let is_run = services::keeper(engine)?.run_by() != RunBy::Nobody;
    let step = |what, name: String, bytes| PlannedStep {
        what,
        name,
        required: true,
        bytes,
    };
    let of = |what, names: &[ServiceName]| -> Vec<PlannedStep> {
        let names = names.iter().filter(|_| is_run);
        names
            .map(|name| step(what, name.to_string(), None))
            .collect()
    };
    let mut steps = of(StepKind::Stop, &changes.stop);
    for (name, folder) in states.kept(&changes) {
        let state = states.of(name, folder)?;
        let bytes = state.is_checked()?.measure();
        steps.push(step(StepKind::State, name.to_string(), Some(bytes)));
    }
    for (name, folder) in states.brought(with_state)? {
        let bytes = states.of(name, folder)?.as_state().about(to.0)?.bytes;
        steps.push(step(StepKind::BringBack, name.to_string(), Some(bytes)));
    }
    steps.extend(of(StepKind::Start, &changes.start));
    Ok(steps)
}

/// The state folders of both ends.
struct States<'a> {
    engine: &'a Engine<'a>,
    from: End<'a>,
    to: End<'a>,
}

/// One of them, with its place worked out.
struct Located<'a> {
    engine: &'a Engine<'a>,
    name: &'a StateName,
    live: std::path::PathBuf,
}

impl Located<'_> {
    fn as_state(&self) -> StateOf<'_> {
        StateOf {
            profile: &self.engine.profile,
            name: self.name,
            live: &self.live,
            observer: self.engine.observer,
        }
    }

    fn is_checked(&self) -> Result<StateOf<'_>> {
        let state = self.as_state();
        state.check(self.engine.home.root())?;
        Ok(state)
    }
}

impl<'a> States<'a> {
    fn of_way(way: &'a Way<'a>) -> Self {
        Self {
            engine: way.engine,
            from: (way.from.number, way.from.record),
            to: (way.to.number, way.to.record),
        }
    }

    fn of(&self, name: &'a StateName, folder: &StateFolder) -> Result<Located<'a>> {
        let target = services::target(self.engine)?;
        let home = home::user_home().unwrap_or_else(|_| target.clone());
        let ground = Ground {
            record: self.from.1,
            place: Path::new("/"),
            target: &target,
            home: &home,
        };
        Ok(Located {
            engine: self.engine,
            name,
            live: ground.locate(&folder.path),
        })
    }

    /// Those that are kept with the generation that is left.
    fn kept(&self, changes: &Changes) -> Vec<(&'a StateName, &'a StateFolder)> {
        let record = self.from.1;
        let states = record.conduct.state.iter();
        states
            .filter(|(name, _)| changes.touches_state(record, name))
            .collect()
    }

    /// Those of the generation gone to that become what was kept of them.
    fn brought(&self, with_state: bool) -> Result<Vec<(&'a StateName, &'a StateFolder)>> {
        if !with_state {
            return Ok(Vec::new());
        }
        let (mut kept, mut missing) = (Vec::new(), None);
        for (name, folder) in &self.to.1.conduct.state {
            if self.of(name, folder)?.as_state().is_kept(self.to.0)? {
                kept.push((name, folder));
            } else {
                missing = missing.or(Some(name));
            }
        }
        match missing {
            Some(name) if kept.is_empty() => Err(StateError::Missing {
                name: name.clone(),
                number: self.to.0,
            }
            .into()),
            _ => Ok(kept),
        }
    }

    /// The services that use what is brought back: they must not run meanwhile.
    fn users_of_brought(&self, with_state: bool) -> Result<BTreeSet<ServiceName>> {
        let brought = self.brought(with_state)?.into_iter();
        let users = brought.flat_map(|(_, folder)| folder.services.iter().cloned());
        Ok(users.collect())
    }
}

/// What the way does to services; on the way back also to those the way there touched.
fn changes(way: &Way<'_>, trial: &Trial, with_state: bool) -> Result<Changes> {
    let states = States::of_way(way);
    let mut also = states.users_of_brought(with_state)?;
    if way.action == Action::Back {
        let touched = &trial.touched;
        also.extend(touched.stopped.iter().chain(&touched.started).cloned());
    }
    services::changes(way.engine, states.from, states.to, &also)
}

/// Whether the way there touched nothing, so that there is nothing to put back.
fn is_untouched(way: &Way<'_>, trial: &Trial) -> bool {
    let touched = &trial.touched;
    way.action == Action::Back
        && touched.stopped.is_empty()
        && touched.started.is_empty()
        && touched.copied.is_empty()
}

/// Stops the services of `way.from` that `way.to` has not or has otherwise.
pub(super) fn stop(way: &Way<'_>, trial: &mut Trial, with_state: bool) -> Result<()> {
    if !are_touched(way) || is_untouched(way, trial) {
        return Ok(());
    }
    let changes = changes(way, trial, with_state)?;
    if changes.stop.is_empty() {
        return Ok(());
    }
    if way.action != Action::Back {
        trial.touched.stopped.clone_from(&changes.stop);
        trial.save(&way.engine.profile)?;
    }
    services::keeper(way.engine)?.stop(&changes.stop)?;
    Ok(())
}

/// Keeps the state `way.from` leaves behind, and brings that of `way.to` back where that is asked for.
///
/// On the way back it brings back what the way there may have changed; what is there then is kept first, too.
pub(super) fn keep_state(way: &Way<'_>, trial: &mut Trial, with_state: bool) -> Result<()> {
    if !are_touched(way) || is_untouched(way, trial) {
        return Ok(());
    }
    if way.action == Action::Back {
        return bring_back_before(way, trial);
    }
    let profile = &way.engine.profile;
    let states = States::of_way(way);
    let changes = changes(way, trial, with_state)?;
    let brought = states.brought(with_state)?;
    let mut kept = states.kept(&changes);
    // What is about to be replaced is kept whatever touches it.
    let replaced = way.from.record.conduct.state.iter();
    kept.extend(replaced.filter(|(name, _)| {
        brought.iter().any(|(other, _)| other == name)
            && !changes.touches_state(way.from.record, name)
    }));
    if !kept.is_empty() {
        trial.touched.copied = kept.iter().map(|(name, _)| (*name).clone()).collect();
        trial.save(profile)?;
    }
    for (name, folder) in kept {
        let located = states.of(name, folder)?;
        located
            .is_checked()?
            .keep(way.from.number, way.engine.clock.now())?;
    }
    if !brought.is_empty() {
        trial.touched.brought = brought.iter().map(|(name, _)| (*name).clone()).collect();
        trial.save(profile)?;
    }
    for (name, folder) in brought {
        let located = states.of(name, folder)?;
        located.is_checked()?.bring_back(way.to.number)?;
    }
    Ok(())
}

/// What was kept is brought back where somebody may have changed it since: the way there brought another one, or
/// started services that use it. Where nothing says who uses it, only the former is known.
fn bring_back_before(way: &Way<'_>, trial: &mut Trial) -> Result<()> {
    let profile = &way.engine.profile;
    let states = States::of_way(way);
    for (name, folder) in &way.to.record.conduct.state {
        let touched = &trial.touched;
        let was_used = !touched.started.is_empty() && !folder.services.is_empty();
        let was_kept = touched.copied.contains(name);
        if !was_kept || !(touched.brought.contains(name) || was_used) {
            continue;
        }
        let located = states.of(name, folder)?;
        let state = located.is_checked()?;
        // What was brought is still kept, and may be here by half only.
        let is_known = trial.touched.left.contains(name) || trial.touched.brought.contains(name);
        if !is_known {
            state.keep(way.from.number, way.engine.clock.now())?;
            trial.touched.left.push(name.clone());
            trial.save(profile)?;
        }
        state.bring_back(way.to.number)?;
    }
    Ok(())
}

/// Starts the services of `way.to` that do not run yet, in order, and waits until they are ready.
pub(super) fn start(way: &Way<'_>, trial: &mut Trial, with_state: bool) -> Result<()> {
    let records = [way.from.record, way.to.record];
    let any = records
        .iter()
        .any(|record| !record.conduct.services.is_empty());
    if !any {
        return Ok(());
    }
    let changes = changes(way, trial, with_state)?;
    let keeper = services::keeper(way.engine)?;
    keeper.reload()?;
    if way.action != Action::Back && !changes.start.is_empty() {
        trial.touched.started.clone_from(&changes.start);
        trial.save(&way.engine.profile)?;
    }
    if keeper.run_by() == RunBy::Nobody && !changes.start.is_empty() {
        let text = "the services are not started, because no init system answers here; `dgmo services run` runs them";
        way.engine.observer.observe(Event::Warning(text.to_owned()));
    }
    keeper.start(&changes.start)?;
    Ok(())
}

/// Whether the service `name` of the manifest is up; nothing where it is none: then the init system is asked.
pub(in crate::ops) fn is_up(way: &Way<'_>, name: &str) -> Option<std::result::Result<(), String>> {
    let (name, _) = way.to.record.conduct.services.get_key_value(name)?;
    let looked = services::look(way.engine, std::slice::from_ref(name));
    Some(match looked.map(|mut statuses| statuses.pop()) {
        Ok(Some(status)) if status.state == ServiceState::Running => Ok(()),
        Ok(Some(status)) => Err(format!("the service `{name}` is {}", status.state.word())),
        Ok(None) => Err(format!("the service `{name}` is not known")),
        Err(failure) => Err(failure.error().to_string()),
    })
}
