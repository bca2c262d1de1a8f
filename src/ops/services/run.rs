//! `dgmo services run`: our own supervisor, with what it needs of the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use super::OpError;
use super::Result;
use super::begin;
use super::ready;
use super::refuse_if_run;
use super::shown_by;
use super::target;
use crate::clock::Clock;
use crate::env::Var;
use crate::generation::Generations;
use crate::home;
use crate::service::supervise;
use crate::service::supervise::Ending;
use crate::service::supervise::Loaded;
use crate::service::supervise::Look;
use crate::service::supervise::Looking;
use crate::service::supervise::Saying;
use crate::service::supervise::World;

/// Who hears of what services and their supervisor say.
#[expect(missing_debug_implementations, reason = "they are functions")]
pub struct Said {
    /// A line of a service.
    pub line: Saying,
    /// A word of the supervisor's own.
    pub word: Box<dyn Fn(&str)>,
}

/// Runs the services of the current generation in the foreground, until a signal ends it.
pub fn run(engine: &Engine<'static>, said: Said) -> Result<Ending> {
    begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let record = generations.record(generations.current()?)?;
    refuse_if_run(engine, &record)?;
    let target = target(engine)?;
    let search = Var::SearchPath.raw().unwrap_or_default();
    let looking = looking(engine);
    let loading = engine.clone();
    let profile = engine.profile.clone();
    let world = World {
        profile: engine.profile.clone(),
        home: home::user_home().unwrap_or_else(|_| target.clone()),
        clock: Clock::Machine,
        search: std::env::split_paths(&search).collect(),
        load: Box::new(move || load(&loading).map_err(|failure| failure.error().to_string())),
        hold: Box::new(move |number| {
            let held = Generations::of(&profile).hold(number);
            held.map_err(|error| error.to_string())
        }),
        look: looking,
        say: said.line,
        tell: said.word,
    };
    Ok(supervise::run(world)?)
}

fn looking(engine: &Engine<'static>) -> Looking {
    let engine = engine.clone();
    Arc::new(move |look: &Look| {
        let record = Generations::of(&engine.profile).record(look.number);
        let record = record.map_err(|error| error.to_string())?;
        let around = ready::Around::of(&engine, look.number, &record, &look.name);
        let around = around.map_err(|failure| failure.error().to_string())?;
        ready::look(&look.kind, look.timeout, &around)
    })
}

/// The current generation. Nothing is mended here: whoever changes the profile may be at it, and tells us after.
fn load(engine: &Engine<'_>) -> Result<Loaded> {
    let generations = Generations::of(&engine.profile);
    let number = generations.current()?;
    let record = generations.record(number)?;
    let mut shown = BTreeMap::new();
    for service in record.conduct.services.values() {
        let program = service.run.program();
        let package = shown_by(engine, number, program).map_err(OpError::io(
            "find the programs of services below",
            &engine.profile.generation(number),
        ))?;
        shown.extend(package.map(|package| (program.to_owned(), package)));
    }
    Ok(Loaded {
        number,
        place: engine.profile.generation(number),
        target: target(engine)?,
        record,
        shown,
    })
}
