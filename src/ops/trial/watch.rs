//! Who takes back what nobody confirms: a process of its own that looks and holds nothing.
//!
//! It has left the terminal and the session, so it outlives both. Where it is killed too, the next command does what
//! it would have done: the deadline is in the record of the trial.

use std::ffi::OsString;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::code::Code;
use dgmo_schema::lapse::Lapse;

use super::hooks;
use crate::activate::Stage;
use crate::activate::Trial;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::begin;
use crate::process;

/// The word that starts it; it is not for people.
const WATCH: &str = "watch-trial";

/// What the watcher is told.
#[derive(Debug)]
pub struct WatchRequest {
    /// Which trial.
    pub id: String,
    /// How long to wait.
    pub within: Lapse,
}

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(500);

/// A name no other trial of this machine has.
pub(super) fn new_id(engine: &Engine<'_>) -> String {
    let since = engine
        .clock
        .now_precise()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("{since}-{}", std::process::id())
}

/// Starts the watcher, and waits until it has left our session.
pub(super) fn start(engine: &Engine<'_>, trial: &Trial, within: Lapse) -> Result<()> {
    let mut words: Vec<OsString> = vec!["--home".into(), engine.home.root().into()];
    words.extend(["--profile".into(), engine.profile.name().as_str().into()]);
    if engine.scope == crate::home::Scope::System {
        words.push("--system".into());
    }
    words.extend([WATCH.into(), "--target".into()]);
    words.push(hooks::target(engine)?.into());
    words.push(trial.id.clone().into());
    words.push(format!("{}ms", within.as_millis()).into());
    process::start_apart(&words)
        .map_err(OpError::io("start the watcher of", Path::new("trial.json")))?;
    Ok(())
}

/// Waits for the trial's end or its deadline, and takes it back then.
pub fn watch(engine: &Engine<'_>, request: &WatchRequest) -> Result<()> {
    let began = Instant::now();
    let limit = request.within.duration();
    while let Some(is_over) = still_waits(engine, &request.id) {
        let left = limit.saturating_sub(began.elapsed());
        if is_over || left.is_zero() {
            match end(engine, request) {
                // Whoever changes the profile takes long; it waits all the same.
                Err(failure) if failure.code() == Code::Busy => thread::sleep(INTERVAL),
                result => return result,
            }
        } else {
            thread::sleep(left.min(INTERVAL));
        }
    }
    Ok(())
}

/// Whether its time is over, as long as it waits or is about to. What cannot be read now may be next time.
fn still_waits(engine: &Engine<'_>, id: &str) -> Option<bool> {
    let Ok(found) = Trial::read(&engine.profile) else {
        return Some(false);
    };
    let trial = found.filter(|trial| is_open(trial, id))?;
    let boot = dgmo_store::boot();
    Some(trial.waits() && trial.is_over(engine.clock.now(), boot.as_deref()))
}

fn is_open(trial: &Trial, id: &str) -> bool {
    trial.id == id && matches!(trial.stage, Stage::Trying | Stage::Awaiting(_))
}

/// Whoever holds the guard may be confirming it: only what still waits once it is ours is taken back.
fn end(engine: &Engine<'_>, request: &WatchRequest) -> Result<()> {
    let held = begin::hold(engine)?;
    match Trial::read(&engine.profile)? {
        Some(mut trial) if is_open(&trial, &request.id) => {
            super::take_back(engine, &held, &mut trial, "nobody confirmed it in time")
        }
        _ => Ok(()),
    }
}
