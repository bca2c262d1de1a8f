//! How every operation begins: the home opened, the profile begun, what a crash left behind brought to an end.

use std::fs;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::event::Event;
use dgmo_schema::generation::FORMAT;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::durable::Renamed;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::this_system;
use super::trial;
use super::write_history;
use crate::activate::ActivateError;
use crate::activate::Activation;
use crate::activate::Footprint;
use crate::activate::Journal;
use crate::activate::Recovered;
use crate::activate::Trial;
use crate::generation;
use crate::generation::Generations;
use crate::generation::History;
use crate::generation::ReadError;
use crate::home::ProfileGuard;
use crate::service;

/// A profile that is ours to change.
#[derive(Debug)]
pub(super) struct Held {
    pub guard: ProfileGuard,
    pub store: Store,
}

/// Opens the home and the profile for a change; both are made where they are missing.
pub(super) fn hold(engine: &Engine<'_>) -> Result<Held> {
    let held = hold_as_it_is(engine)?;
    trial::settle(engine, &held)?;
    Ok(held)
}

/// The same, without taking back what did not stand its trial: for who goes elsewhere anyway.
pub(super) fn hold_as_it_is(engine: &Engine<'_>) -> Result<Held> {
    let store = Store::open_or_create(engine.home.root())?;
    let profile = &engine.profile;
    for folder in [profile.generations(), profile.journal(), profile.trash()] {
        durable::make_folders(&folder).map_err(OpError::io("make the folder", &folder))?;
    }
    let guard = ProfileGuard::take(profile, engine.wait, engine.clock.now(), engine.observer)?;
    begin_profile(engine)?;
    let held = Held { guard, store };
    settle(engine, &held)?;
    Ok(held)
}

/// Opens the home and the profile to read. What a crash left is brought to an end first, if nobody else is at it.
pub(super) fn look(engine: &Engine<'_>) -> Result<Store> {
    let store = Store::open(engine.home.root())?;
    let trial = match Trial::read(&engine.profile) {
        Err(ActivateError::Damaged { .. }) => None,
        trial => trial?,
    };
    let trial_is_over =
        trial.is_some_and(|trial| trial.is_over(engine.clock.now(), dgmo_store::boot().as_deref()));
    if (Journal::is_open(&engine.profile)? || trial_is_over)
        && let Some(guard) = ProfileGuard::try_take(&engine.profile)
    {
        let held = Held {
            guard,
            store: store.clone(),
        };
        // Where one may not write one may still look; the next change tries again.
        match settle(engine, &held).and_then(|()| trial::settle(engine, &held)) {
            Err(failure) if failure.code() != Code::JournalDamaged => {
                let text = format!(
                    "an interrupted switch cannot be brought to an end: {}",
                    failure.error()
                );
                engine.observer.observe(Event::Warning(text));
            }
            settled => settled?,
        }
    }
    Ok(store)
}

/// Ends what a crash interrupted, and mends what it made forget.
fn settle(engine: &Engine<'_>, held: &Held) -> Result<()> {
    if held.guard.after_a_crash {
        // A change that is found done is not made again, so it has to be on disk.
        let home = engine.home.root();
        durable::sync_file_system(home).map_err(OpError::io("sync", home))?;
    }
    let activation = Activation::new(&engine.profile, &held.store, engine.observer, &held.guard);
    let generations = Generations::of(&engine.profile);
    match activation.recover()? {
        Some(Recovered::Finished { to }) => {
            let text =
                format!("the switch to generation {to} had been interrupted; it is finished now");
            engine.observer.observe(Event::Note(text));
            write_history(engine, HistoryEvent::Finished, to, None, None);
        }
        Some(Recovered::Undone { from, to }) => {
            mark_if_never_current(engine, from, to);
            let text =
                format!("a switch from generation {from} had been interrupted; it is undone now");
            engine.observer.observe(Event::Note(text));
            write_history(engine, HistoryEvent::Undone, from, None, None);
        }
        None => {}
    }
    if let Ok(current) = generations.current()
        && History::of(&engine.profile).last_pointed()? != Some(current)
    {
        write_history(engine, HistoryEvent::Found, current, None, None);
    }
    let profile = &engine.profile;
    service::state::settle(profile).map_err(OpError::io("bring in order", &profile.state()))?;
    empty_trash(profile.trash().as_path());
    Ok(())
}

/// A generation that was made for a switch that came to nothing is there all the same: the list shall say so.
fn mark_if_never_current(engine: &Engine<'_>, from: GenerationNumber, to: GenerationNumber) {
    let was_made_for_it = Generations::of(&engine.profile)
        .load(to)
        .is_ok_and(|generation| generation.parent == from);
    // Where the history cannot be read it may have been current.
    let was_current = History::of(&engine.profile)
        .entries()
        .map_or(true, |entries| {
            entries.iter().any(|entry| entry.generation == to)
        });
    if was_made_for_it && !was_current {
        let why = "it was interrupted before it became current";
        trial::mark_as_failed(engine, to, why);
    }
}

/// Pruned generations a crash kept from going. What cannot be deleted now is tried again next time.
fn empty_trash(trash: &Path) {
    let Ok(entries) = fs::read_dir(trash) else {
        return;
    };
    for entry in entries.flatten() {
        drop(durable::remove_all(&entry.path()));
    }
}

/// Generation 0, "before dgmo", and the pointer at it.
fn begin_profile(engine: &Engine<'_>) -> Result<()> {
    let profile = &engine.profile;
    let generations = Generations::of(profile);
    if !matches!(
        generations.current(),
        Err(ReadError::Pointer { .. } | ReadError::NoProfile { .. })
    ) {
        return Ok(());
    }
    if !generations.has(GenerationNumber::ZERO)? {
        write_zero(engine)?;
    }
    let pointer = profile.current();
    if !look::is_there(&pointer).map_err(OpError::io("look at", &pointer))?
        && generations.numbers()? == [GenerationNumber::ZERO]
    {
        let target = Path::new("generations").join("0");
        durable::point(&profile.current(), &target)
            .map_err(OpError::io("make the pointer", &profile.current()))?;
        let above = profile.folder().parent().unwrap_or(profile.folder());
        durable::sync_folder(above).map_err(OpError::io("sync", above))?;
        write_history(
            engine,
            HistoryEvent::Begun,
            GenerationNumber::ZERO,
            None,
            None,
        );
    }
    Ok(())
}

fn write_zero(engine: &Engine<'_>) -> Result<()> {
    let profile = &engine.profile;
    let staged = profile.trash().join("zero");
    durable::remove_all(&staged).map_err(OpError::io("remove", &staged))?;
    let failed = |error| OpError::io("write", &staged)(error);
    for folder in [staged.clone(), staged.join("view"), staged.join("files")] {
        durable::make_folder(&folder).map_err(failed)?;
    }
    durable::write_new(&staged.join("env"), b"", 0o444).map_err(failed)?;
    let record = empty_record();
    let generation = Generation {
        format: FORMAT,
        number: GenerationNumber::ZERO,
        id: record.id(),
        made_at: engine.clock.now(),
        made_by: String::new(),
        made_from: "begin".to_owned(),
        manifest: None,
        parent: GenerationNumber::ZERO,
        label: None,
        note: Some("before dgmo".to_owned()),
        failed: None,
        packages: std::collections::BTreeMap::new(),
        file_count: 0,
    };
    generation::write_documents(&staged, &generation, &record).map_err(failed)?;
    durable::sync_file_system(&staged).map_err(failed)?;
    let place = profile.generation(GenerationNumber::ZERO);
    match durable::rename_no_replace(&staged, &place).map_err(failed)? {
        Renamed::Done | Renamed::Existed => {}
    }
    durable::sync_folder(&profile.generations()).map_err(failed)?;
    Ok(())
}

/// The record of a generation that has nothing.
fn empty_record() -> Record {
    Record {
        format: FORMAT,
        system: this_system(),
        packages: std::collections::BTreeMap::new(),
        files: std::collections::BTreeMap::new(),
        secrets: std::collections::BTreeMap::new(),
        env: std::collections::BTreeMap::new(),
        path: Vec::new(),
        conduct: dgmo_schema::conduct::Conduct::default(),
    }
}

/// Which generation is current, where that can be told.
pub(super) fn current(engine: &Engine<'_>) -> Option<GenerationNumber> {
    Generations::of(&engine.profile).current().ok()
}

/// What the profile holds, and where: what it holds already decides, then the flag, then the default.
pub(super) fn footprint(engine: &Engine<'_>) -> Result<Footprint> {
    let held = Footprint::load(&engine.profile)?;
    let asked = engine.target.as_ref();
    match held {
        Some(held) if !held.is_empty() => match asked {
            Some(asked) if *asked != held.target => Err(OpError::OtherTarget {
                profile: engine.profile.name().to_string(),
                held: super::shown(&held.target),
                asked: super::shown(asked),
            }
            .into()),
            _ => Ok(held),
        },
        Some(held) if asked.is_none() => Ok(held),
        held => {
            let last = match (held, asked) {
                (None, None) => Footprint::last_target(&engine.profile)?,
                _ => None,
            };
            let target = asked.cloned().or(last);
            let target = target.unwrap_or_else(|| engine.default_target.clone());
            Ok(Footprint::empty(target))
        }
    }
}

/// What the other profiles of this home hold.
pub(super) fn other_footprints(engine: &Engine<'_>) -> Result<Vec<(String, Footprint)>> {
    let mut others = Vec::new();
    for name in profile_names(engine)? {
        if name == *engine.profile.name() {
            continue;
        }
        let profile = engine.home.profile(name);
        if let Some(footprint) = Footprint::load(&profile)? {
            others.push((profile.name().to_string(), footprint));
        }
    }
    Ok(others)
}

/// The profiles of this home, in order.
pub(super) fn profile_names(engine: &Engine<'_>) -> Result<Vec<dgmo_schema::name::ProfileName>> {
    let folder = engine.home.profiles();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(OpError::io("read", &folder)(error).into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        // One that cannot be told could have generations that must stay.
        let name = entry.map_err(OpError::io("read", &folder))?.file_name();
        names.extend(name.to_str().and_then(|name| name.parse().ok()));
    }
    names.sort();
    Ok(names)
}
