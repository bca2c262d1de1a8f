//! Runs a hook: with its environment, in its time, and what it prints kept.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::conduct::CommandLine;
use dgmo_schema::conduct::Hook;
use dgmo_schema::event::Event;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::lapse::Lapse;
use dgmo_schema::report::activation::HookReport;
use dgmo_schema::report::activation::StepKind;
use dgmo_store::durable;
use dgmo_store::look;

use super::TrialError;
use super::Way;
use super::error::tail;
use crate::activate::Action;
use crate::activate::ActivateError;
use crate::activate::Footprint;
use crate::env::Var;
use crate::ops::Engine;
use crate::process;
use crate::process::Ran;
use crate::process::Run;
use crate::process::WhenInterrupted;

/// When the log of hooks is larger than this, it becomes the old one and a new one is begun.
const LOG_SIZE: u64 = 256 * 1024;

/// Runs `hook`. What it prints goes to the log, to who asked for more, and its end into the error.
pub(super) fn run(
    way: &Way<'_>,
    what: StepKind,
    hook: &Hook,
) -> (HookReport, Result<(), TrialError>) {
    let command = hook.run.to_string();
    let observer = way.engine.observer;
    let task = Task::start(observer, format!("running {command}"), None, Unit::Items);
    let each = |line: &str| observer.observe(Event::Detail(format!("{command}: {line}")));
    let run = furnished(way, &hook.run, hook.timeout).map_err(io::Error::other);
    let ran = run.and_then(|mut run| {
        run.environment
            .push(("DGMO_HOOK".into(), moment(what).into()));
        process::run(&run, &each)
    });
    drop(task);
    log(way, what, &command, &ran);
    let report = HookReport {
        what,
        command: command.clone(),
        ok: ran.as_ref().is_ok_and(|ran| ran.ending.is_success()),
        took_ms: ran.as_ref().map_or(0, |ran| millis(ran.took)),
    };
    let result = match ran {
        Ok(ran) if ran.ending.is_success() => Ok(()),
        Ok(ran) => Err(TrialError::Hook {
            command,
            ending: ran.ending.to_string(),
            tail: tail(&ran.output),
            log: log_path(way),
        }),
        Err(source) => Err(TrialError::NoProgram { command, source }),
    };
    (report, result)
}

/// As a hook is told it.
fn moment(what: StepKind) -> &'static str {
    match what {
        StepKind::BeforeHook => "before-switch",
        _ => "after-switch",
    }
}

/// `command` with the environment of the way: what hooks and checks get.
pub(super) fn furnished(
    way: &Way<'_>,
    command: &CommandLine,
    timeout: Lapse,
) -> Result<Run, ActivateError> {
    let target = target(way.engine)?;
    // One that cannot be looked at is not missing: starting says why it cannot be used.
    let is_missing = matches!(look::is_folder(&target), Ok(false));
    Ok(Run {
        program: process::locate(command.program(), &target),
        arguments: command.arguments().to_vec(),
        environment: environment(way, &target),
        folder: if is_missing {
            PathBuf::from("/")
        } else {
            target
        },
        timeout: timeout.duration(),
        when_interrupted: match way.action {
            Action::Back => WhenInterrupted::GoesOn,
            Action::Switch | Action::Rollback | Action::Check => WhenInterrupted::Ends,
        },
    })
}

/// Where home files go.
pub(super) fn target(engine: &Engine<'_>) -> Result<PathBuf, ActivateError> {
    let held = Footprint::load(&engine.profile)?;
    Ok(held
        .map(|held| held.target)
        .or_else(|| engine.target.clone())
        .unwrap_or_else(|| engine.default_target.clone()))
}

/// The variables of the generation gone to, and those that tell of the way; its programs come first.
fn environment(way: &Way<'_>, target: &Path) -> Vec<(OsString, OsString)> {
    let engine = way.engine;
    let own = way.to.record.env.iter();
    let mut environment: Vec<(OsString, OsString)> = own
        .map(|(name, value)| (name.as_str().into(), value.into()))
        .collect();
    let numbers = [("DGMO_FROM", way.from.number), ("DGMO_TO", way.to.number)];
    environment.extend(numbers.map(|(name, number)| (name.into(), number.to_string().into())));
    let folders: [(&str, &Path); 5] = [
        ("DGMO_HOME", engine.home.root()),
        ("DGMO_HOME_DIR", engine.home.root()),
        ("DGMO_FROM_DIR", &way.from.folder),
        ("DGMO_TO_DIR", &way.to.folder),
        ("DGMO_TARGET_DIR", target),
    ];
    environment.extend(folders.map(|(name, path)| (name.into(), path.into())));
    environment.push(("DGMO_PROFILE".into(), engine.profile.name().as_str().into()));
    environment.push(("DGMO_ACTION".into(), way.action.as_str().into()));
    let mut path = vec![bin(&way.to.folder)];
    path.extend(
        way.to
            .record
            .path
            .iter()
            .map(|folder| crate::home::locate(target, folder)),
    );
    path.push(bin(&way.from.folder));
    path.extend(Var::SearchPath.raw().iter().flat_map(std::env::split_paths));
    // A folder with a colon in its name cannot be on a search path; then the way's own are left out.
    if let Ok(joined) = std::env::join_paths(path) {
        environment.push(("PATH".into(), joined));
    }
    environment
}

fn bin(folder: &Path) -> PathBuf {
    folder.join("view/bin")
}

pub(super) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn log_path(way: &Way<'_>) -> PathBuf {
    way.engine.profile.log().join("hooks.log")
}

/// Adds what a hook printed to the log. A log that cannot be written stops nothing.
fn log(way: &Way<'_>, what: StepKind, command: &str, ran: &io::Result<Ran>) {
    if let Err(error) = add_to_log(way, what, command, ran) {
        let text = format!("what `{command}` printed is not kept: {error}");
        way.engine.observer.observe(Event::Warning(text));
    }
}

fn add_to_log(
    way: &Way<'_>,
    what: StepKind,
    command: &str,
    ran: &io::Result<Ran>,
) -> io::Result<()> {
    let path = log_path(way);
    durable::make_folders(&way.engine.profile.log())?;
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_SIZE) {
        durable::rename(&path, &path.with_extension("log.1"))?;
    }
    let head = format!(
        "{} {} {} → {}, {}: {command}",
        way.engine.clock.now(),
        way.action.as_str(),
        way.from.number,
        way.to.number,
        moment(what),
    );
    let text = match ran {
        Err(error) => format!("{head}\n  cannot be started: {error}\n"),
        Ok(ran) => {
            let lines = ran.output.text();
            let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
            let left_out = match ran.output.left_out {
                0 => String::new(),
                count => format!("  … {count} bytes left out\n"),
            };
            let took = millis(ran.took);
            format!("{head}: {} after {took} ms\n{left_out}{lines}", ran.ending)
        }
    };
    durable::append(&path, text.as_bytes(), 0o600)?;
    Ok(())
}
