//! The ways in which a command is disturbed, and what is looked at after each.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use crate::check;
use crate::check::References;
use crate::check::Shot;
use crate::check::Verdict;
use crate::copy::delete_tree;
use crate::disk::Disk;
use crate::disk::Loss;
use crate::scenarios::Scenario;
use crate::state;
use crate::steps;
use crate::steps::Step;
use crate::sweep::is_full;
use crate::world::End;
use crate::world::Ended;
use crate::world::World;

/// A way to disturb a command.
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    /// In a sample so many points are tried.
    pub(crate) most: usize,
    /// How many points there are, and how to try one.
    pub(crate) points: fn(&Stage<'_>) -> usize,
    pub(crate) attempt: fn(&Stage<'_>, usize) -> Verdict,
}

/// All of them.
pub(crate) const MODES: &[Mode] = &[
    Mode {
        name: "killed",
        most: 40,
        points: |stage| stage.steps.len(),
        attempt: killed,
    },
    Mode {
        name: "writes lost",
        most: 24,
        points: |stage| stage.steps.len() + 1,
        attempt: |stage, at| lost(stage, at, Loss::Everything),
    },
    Mode {
        name: "names lost",
        most: 12,
        points: |stage| stage.steps.len() + 1,
        attempt: |stage, at| lost(stage, at, Loss::Names),
    },
    Mode {
        name: "bytes lost",
        most: 12,
        points: |stage| stage.steps.len() + 1,
        attempt: |stage, at| lost(stage, at, Loss::Bytes),
    },
    Mode {
        name: "killed, finished, then writes lost",
        most: 16,
        points: |stage| stage.steps.len(),
        attempt: killed_finished_lost,
    },
    Mode {
        name: "a sync failed, finished, then writes lost",
        most: 8,
        points: |stage| syncs(stage).len(),
        attempt: unsynced_finished_lost,
    },
    Mode {
        name: "interrupted",
        most: 12,
        points: |stage| stage.steps.len(),
        attempt: interrupted,
    },
    Mode {
        name: "killed, and again while mending",
        most: 5,
        points: |stage| stage.steps.len(),
        attempt: killed_twice,
    },
    Mode {
        name: "one step failed",
        most: 20,
        points: |stage| stage.steps.len() * ERRORS.len(),
        attempt: |stage, point| failed(stage, point, "fail"),
    },
    Mode {
        name: "all steps failed from one on",
        most: 20,
        points: |stage| stage.steps.len() * ERRORS.len(),
        attempt: |stage, point| failed(stage, point, "fail-from"),
    },
];

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EROFS", "EACCES"];

/// In a sample so many steps of each mending are tried.
const MENDING_STEPS: usize = 5;

/// Commands that only look.
const READING: [&str; 6] = [
    "status",
    "history",
    "generations list",
    "generations show",
    "diff",
    "env",
];

/// A scenario set up: its world, what it shall become, and the steps of the way there.
pub(crate) struct Stage<'a> {
    world: &'a World,
    scenario: &'a Scenario,
    references: References,
    steps: Vec<Step>,
    /// What the undisturbed command printed.
    said: String,
    /// States whose mending was stopped, and states that were looked at.
    stopped: States,
    seen: States,
    /// What was tried besides the points.
    extra: Cell<usize>,
}

/// States a world was in.
#[derive(Default)]
struct States(RefCell<HashSet<blake3::Hash>>);

impl States {
    /// Whether this one is new.
    fn add(&self, world: &World) -> bool {
        self.0.borrow_mut().insert(state::print(world))
    }
}

impl<'a> Stage<'a> {
    /// Makes the world, and runs the command undisturbed once.
    pub(crate) fn set(world: &'a World, scenario: &'a Scenario) -> Result<Self, String> {
        catch_unwind(AssertUnwindSafe(|| (scenario.prepare)(world)))
            .map_err(|_| "it could not be prepared".to_owned())?;
        world.keep_as_fixture();
        let end = End {
            exit: scenario.exit,
            says: scenario.says,
        };
        world.expect(scenario.command, end);
        let before = Shot::of(world);
        let ended = log(world, scenario.command, "reference", "");
        if !ended.is_done() {
            return Err(format!("undisturbed: {}", ended.told()));
        }
        let after = Shot::of(world);
        Ok(Self {
            world,
            scenario,
            references: References {
                before,
                after,
                may_forget_why: scenario.may_forget_why,
            },
            steps: steps::read(&world.beside("reference")),
            said: ended.stdout(),
            stopped: States::default(),
            seen: States::default(),
            extra: Cell::new(0),
        })
    }

    pub(crate) fn world(&self) -> &World {
        self.world
    }

    pub(crate) fn command(&self) -> &str {
        self.scenario.command
    }

    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    pub(crate) fn starts_programs(&self) -> bool {
        self.scenario.starts_programs
    }

    /// Whether nothing is to change.
    pub(crate) fn only_looks(&self) -> bool {
        self.steps.is_empty()
    }

    /// As if nothing had disturbed the command.
    pub(crate) fn is_finished(&self) -> Verdict {
        check::finished(self.world, &self.references)
    }

    /// Runs the command under faults.
    fn disturb(&self, faults: &str) -> Ended {
        self.world.dgmo(self.scenario.command, faults)
    }

    fn step(&self, at: usize) -> String {
        self.steps
            .get(at)
            .map_or_else(|| "the end".to_owned(), Step::in_words)
    }
}

/// Runs a command and has its steps written down beside the world.
fn log(world: &World, command: &str, name: &str, faults: &str) -> Ended {
    let log = world.beside(name);
    if log.exists() {
        fs::remove_file(&log).unwrap();
    }
    world.dgmo(command, &format!("log:{},{faults}", log.display()))
}

impl Mode {
    /// Tries its points; returns how many, and what failed.
    pub(crate) fn run(&self, stage: &Stage<'_>) -> (usize, Vec<String>) {
        let points = (self.points)(stage);
        let chosen = if is_full() {
            (0..points).collect()
        } else {
            spread(points, self.most)
        };
        let mut failures = Vec::new();
        for point in &chosen {
            // A test that trips over what it finds has found something too.
            let attempt = catch_unwind(AssertUnwindSafe(|| (self.attempt)(stage, *point)));
            let verdict = attempt.unwrap_or_else(|_| Err("it panicked".to_owned()));
            if let Err(why) = verdict {
                failures.push(format!("point {point} of {points}: {why}"));
            }
        }
        (chosen.len() + stage.extra.get(), failures)
    }
}

/// At most `most` of the numbers below `count`, evenly spread.
fn spread(count: usize, most: usize) -> Vec<usize> {
    let taken = count.min(most);
    (0..taken).map(|at| at * count / taken).collect()
}

/// Says where it went wrong.
fn during(step: String) -> impl FnOnce(String) -> String {
    move |why| format!("at {step}:\n  {why}")
}

/// The process is killed before a step.
fn killed(stage: &Stage<'_>, at: usize) -> Verdict {
    stage.world.restore();
    let ended = stage.disturb(&format!("kill:{at}"));
    if !ended.was_killed() && !ended.is_done() {
        return Err(format!("neither killed nor done: {}", ended.told()));
    }
    // Half of the times nobody looks first: the command itself has to mend.
    let look = at.is_multiple_of(2);
    aftermath(stage, look).map_err(during(stage.step(at)))
}

/// Somebody presses Ctrl-C before a step.
fn interrupted(stage: &Stage<'_>, at: usize) -> Verdict {
    stage.world.restore();
    let ended = stage.world.dgmo_interrupted(stage.scenario.command, at);
    let told = match ended.code() {
        // It was through before the signal came to it.
        Some(0) => check::finished(stage.world, &stage.references),
        Some(130) if !ended.told().contains("nothing is half done") => Err("no word".to_owned()),
        Some(130)
            if CLEANS_UP
                .iter()
                .any(|it| stage.scenario.command.starts_with(it)) =>
        {
            check::staging_is_empty(stage.world)
        }
        Some(130) => Ok(()),
        code => Err(format!("exit {code:?}")),
    };
    told.and_then(|()| aftermath(stage, at.is_multiple_of(2)))
        .map_err(|why| format!("at {}:\n  {why}\n  ({})", stage.step(at), ended.told()))
}

/// What deletes at once what it staged.
const CLEANS_UP: [&str; 5] = ["switch", "rollback", "add", "remove", "store add"];

/// What must hold after any fault.
pub(crate) fn aftermath(stage: &Stage<'_>, look: bool) -> Verdict {
    let world = stage.world;
    if stage.scenario.is_mending {
        if look {
            world.dgmo("status", "");
        }
    } else if look {
        world.dgmo("status", "");
        check::old_or_new(world, &stage.references)?;
    } else {
        check::objects_are_whole(world)?;
    }
    finish(stage)
}

/// The same command again ends the job.
fn finish(stage: &Stage<'_>) -> Verdict {
    let world = stage.world;
    let documents = check::documents(world);
    run_to_the_end(stage)?;
    check::finished(world, &stage.references)?;
    if !world.path("home").exists() {
        return check::no_home_is_left(world);
    }
    check::numbers_are_kept(&documents, world)?;
    check::commands_agree(world, stage.scenario.drifts)?;
    check::staging_is_swept(world)
}

fn run_to_the_end(stage: &Stage<'_>) -> Verdict {
    let mut ended = stage.disturb("");
    if let (false, Some(finish)) = (ended.is_done(), stage.scenario.finish) {
        ended = stage.world.dgmo(finish, "");
    }
    if ended.is_done() {
        return Ok(());
    }
    Err(format!("the same command again: {}", ended.told()))
}

/// The power goes before a step, and with it what was not synced.
fn lost(stage: &Stage<'_>, at: usize, loss: Loss) -> Verdict {
    let world = stage.world;
    let mut disk = Disk::load(&world.beside("fixture"), &world.folder());
    for step in &stage.steps[..at] {
        disk.apply(step);
    }
    delete_tree(&world.folder());
    disk.write_what_is_left(loss);
    world.reboot();
    aftermath(stage, at.is_multiple_of(2)).map_err(during(stage.step(at)))
}

/// The process is killed, the job is finished, then the power goes: what the first process named and did not sync must
/// not be relied on.
fn killed_finished_lost(stage: &Stage<'_>, at: usize) -> Verdict {
    disturbed_finished_lost(stage, at, &format!("kill:{at}"))
}

fn disturbed_finished_lost(stage: &Stage<'_>, at: usize, faults: &str) -> Verdict {
    let world = stage.world;
    world.restore();
    let mut disk = Disk::load(&world.beside("fixture"), &world.folder());
    log_into(stage, &mut disk, stage.scenario.command, faults);
    let ended = log_into(stage, &mut disk, stage.scenario.command, "");
    if let (false, Some(finish)) = (ended.is_done(), stage.scenario.finish) {
        log_into(stage, &mut disk, finish, "");
    }
    delete_tree(&world.folder());
    disk.write_what_is_left(Loss::Everything);
    world.reboot();
    finish_after_loss(stage).map_err(during(stage.step(at)))
}

fn syncs(stage: &Stage<'_>) -> Vec<usize> {
    let steps = stage.steps.iter().enumerate();
    let syncs = steps.filter(|(_, step)| {
        matches!(
            step,
            Step::SyncFile(_) | Step::SyncFolder(_) | Step::SyncFileSystem
        )
    });
    syncs.map(|(at, _)| at).collect()
}

/// A sync fails, the job is finished by another process, then the power goes: what was seen and not synced must not be
/// relied on.
fn unsynced_finished_lost(stage: &Stage<'_>, point: usize) -> Verdict {
    let at = syncs(stage)[point];
    disturbed_finished_lost(stage, at, &format!("fail:{at}:EIO"))
}

/// The job was finished before the power went, so it must be finished now.
fn finish_after_loss(stage: &Stage<'_>) -> Verdict {
    let world = stage.world;
    let status = world.dgmo("status", "");
    if !check::agrees(&status, stage.scenario.drifts) && !stage.scenario.is_mending {
        return Err(format!("status: {} {}", status.told(), status.stdout()));
    }
    if !stage.scenario.may_come_back {
        check::finished(world, &stage.references)?;
    }
    finish(stage)
}

fn log_into(stage: &Stage<'_>, disk: &mut Disk, command: &str, faults: &str) -> Ended {
    let ended = log(stage.world, command, "log", faults);
    for step in steps::read(&stage.world.beside("log")) {
        disk.apply(&step);
    }
    ended
}

/// The process is killed, and so is the one that mends, at each of its steps. What comes next depends on what is on
/// disk and on nothing else: so a state that was looked at once, whichever way led to it, is not looked at again.
fn killed_twice(stage: &Stage<'_>, first: usize) -> Verdict {
    let world = stage.world;
    world.restore();
    stage.disturb(&format!("kill:{first}"));
    if !stage.stopped.add(world) {
        return Ok(());
    }
    world.keep("killed");
    let journal = world.path("home/profiles/default/journal");
    let open = ["switch.json", "trial.json"].map(|name| journal.join(name).exists());
    let command = if open.contains(&true) {
        "status"
    } else {
        stage.scenario.command
    };
    log(world, command, "mending", "");
    let count = steps::read(&world.beside("mending")).len();
    let seconds = if is_full() {
        (0..count).collect()
    } else {
        spread(count, MENDING_STEPS)
    };
    for second in seconds {
        world.restore_from("killed");
        world.dgmo(command, &format!("kill:{second}"));
        if stage.seen.add(world) {
            stage.extra.set(stage.extra.get() + 1);
            let during = during(format!("{}, step {second} of mending", stage.step(first)));
            aftermath(stage, second.is_multiple_of(3)).map_err(during)?;
        }
    }
    Ok(())
}

/// A step fails, or all from one on.
fn failed(stage: &Stage<'_>, point: usize, how: &str) -> Verdict {
    let world = stage.world;
    let (at, error) = (point / ERRORS.len(), ERRORS[point % ERRORS.len()]);
    world.restore();
    let faults = format!("{how}:{at}:{error}");
    let ended = log(world, stage.scenario.command, "log", &faults);
    let failed: Vec<Step> = steps::read(&world.beside("log"))
        .into_iter()
        .filter_map(|step| match step {
            Step::OnPurpose(step) => Some(*step),
            _ => None,
        })
        .collect();
    let is_told = stage.scenario.is_mending && ended.code() == Some(3);
    let looked = if is_told {
        // What it could not mend it tells as a finding.
        Ok(())
    } else {
        told_well(&ended, error)
    };
    let looked = looked
        .and_then(|()| nothing_left_behind(stage, &failed))
        .and_then(|()| reading_works(stage, how, error));
    looked
        .and_then(|()| {
            if ended.is_done() {
                check::finished(world, &stage.references)
            } else {
                Ok(())
            }
        })
        .and_then(|()| aftermath(stage, true))
        .map_err(|why| {
            format!(
                "{error} at {}:\n  {why}\n  ({})",
                failed
                    .first()
                    .map_or_else(|| stage.step(at), Step::in_words),
                ended.told()
            )
        })
}

/// A failure has a code; a full disk has a hint. Success is fine where the step was not needed.
fn told_well(ended: &Ended, error: &str) -> Verdict {
    let told = ended.told();
    match ended.code() {
        Some(1 | 5) if !told.contains("error[DG") => Err("no code".to_owned()),
        Some(1 | 5) if error == "ENOSPC" && !told.contains("hint: ") => Err("no hint".to_owned()),
        Some(0 | 1 | 5) => Ok(()),
        code => Err(format!("exit {code:?}")),
    }
}

/// One failed step leaves nothing in progress, unless it is the cleaning up itself that failed.
fn nothing_left_behind(stage: &Stage<'_>, failed: &[Step]) -> Verdict {
    match failed {
        [Step::RemoveFile(_) | Step::RemoveFolder(_) | Step::SetMode(..)] | [_, _, ..] => Ok(()),
        _ => check::staging_is_empty(stage.world),
    }
}

/// On a disk that became read-only one can still look.
fn reading_works(stage: &Stage<'_>, how: &str, error: &str) -> Verdict {
    let begun = stage.world.path("home/profiles/default/current");
    if stage.scenario.is_mending
        || how != "fail-from"
        || error != "EROFS"
        || fs::symlink_metadata(begun).is_err()
    {
        return Ok(());
    }
    for command in READING {
        let ended = stage.world.dgmo(command, "fail-from:0:EROFS");
        // 3: it looked and found something, such as a switch that was interrupted.
        if !matches!(ended.code(), Some(0 | 3)) {
            return Err(format!("`{command}` on a read-only disk: {}", ended.told()));
        }
    }
    Ok(())
}
