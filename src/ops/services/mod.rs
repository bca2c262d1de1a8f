//! `dgmo services`: how they are, and starting and stopping them by hand.

mod logs;
mod ready;
#[cfg(unix)]
mod run;
mod units;

pub use logs::LogsRequest;
pub use logs::follow_logs;
pub use logs::logs;
pub use ready::await_ready;
#[cfg(unix)]
pub use run::Said;
#[cfg(unix)]
pub use run::run;
pub(super) use units::Units;
pub(super) use units::links;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::name::PackageName;
use dgmo_schema::name::ServiceName;
#[cfg(unix)]
use dgmo_schema::report::service::RunBy;
use dgmo_schema::report::service::ServiceStatus;
use dgmo_schema::report::service::ServicesReport;

use super::Engine;
use super::OpError;
use super::Result;
use super::begin;
use crate::activate::Footprint;
use crate::generation::Generations;
use crate::home;
use crate::service;
use crate::service::Changes;
use crate::service::Ground;
use crate::service::Keeper;
use crate::service::ServiceError;
use crate::service::Side;
use crate::service::start_order;

/// Where home files go.
pub(super) fn target(engine: &Engine<'_>) -> Result<PathBuf> {
    let held = Footprint::load(&engine.profile)?.filter(|held| !held.is_empty());
    Ok(held
        .map(|held| held.target)
        .or_else(|| engine.target.clone())
        .unwrap_or_else(|| engine.default_target.clone()))
}

/// Whoever runs the services of the profile.
pub(super) fn keeper<'a>(engine: &'a Engine<'_>) -> Result<Keeper<'a>> {
    let target = target(engine)?;
    Ok(Keeper::find(&engine.profile, engine.scope, &target)?)
}

/// How services are.
pub(super) fn look(engine: &Engine<'_>, names: &[ServiceName]) -> Result<Vec<ServiceStatus>> {
    Ok(keeper(engine)?.look(names)?)
}

/// What going from one generation to another does to services; those in `also` are touched anyway.
pub(super) fn changes(
    engine: &Engine<'_>,
    from: (GenerationNumber, &Record),
    to: (GenerationNumber, &Record),
    also: &BTreeSet<ServiceName>,
) -> Result<Changes> {
    let target = target(engine)?;
    let home = home::user_home().unwrap_or_else(|_| target.clone());
    let places = [from.0, to.0].map(|number| engine.profile.generation(number));
    let unread = RefCell::new(None);
    let shown = [from.0, to.0].map(|number| {
        let unread = &unread;
        move |program: &str| {
            shown_by(engine, number, program).unwrap_or_else(|error| {
                unread.borrow_mut().get_or_insert(error);
                None
            })
        }
    });
    let side = |record, index: usize| Side {
        ground: Ground {
            record,
            place: &places[index],
            target: &target,
            home: &home,
        },
        shown_by: &shown[index],
    };
    let changes = service::changes(side(from.1, 0), side(to.1, 1), also)?;
    match unread.take() {
        // Services whose program cannot be told would pass for those that are the same.
        Some(error) => {
            Err(OpError::io("find the programs of services below", &places[1])(error).into())
        }
        None => Ok(changes),
    }
}

/// Which package shows `program` in the `bin` of a generation; nothing where none does, or the generation is not there
/// yet.
fn shown_by(
    engine: &Engine<'_>,
    number: GenerationNumber,
    program: &str,
) -> io::Result<Option<PackageName>> {
    let folder = engine.profile.generation(number);
    let shown = match std::fs::canonicalize(folder.join("view/bin").join(program)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        shown => shown?,
    };
    let trees = std::fs::canonicalize(engine.home.root().join("store/trees"))?;
    let below = shown.strip_prefix(trees).ok();
    let Some(hex) = below.and_then(|below| below.iter().next()?.to_str()) else {
        return Ok(None);
    };
    let loaded = Generations::of(&engine.profile).load(number);
    let packages = loaded.map_err(io::Error::other)?.packages;
    Ok(packages
        .into_iter()
        .find(|(_, package)| package.tree.hex() == hex)
        .map(|(name, _)| name))
}

/// How the services of the current generation are.
pub fn services(engine: &Engine<'_>) -> Result<ServicesReport> {
    begin::look(engine)?;
    report(engine)
}

fn report(engine: &Engine<'_>) -> Result<ServicesReport> {
    let generations = Generations::of(&engine.profile);
    let number = generations.current()?;
    let record = generations.record(number)?;
    let keeper = keeper(engine)?;
    Ok(ServicesReport {
        profile: engine.profile.name().clone(),
        generation: number,
        run_by: keeper.run_by(),
        services: keeper.look(&start_order(&record.conduct.services)?)?,
    })
}

/// Those of the current generation that should run and do not.
pub(super) fn down(engine: &Engine<'_>, record: &Record) -> Result<Vec<ServiceStatus>> {
    if record.conduct.services.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<ServiceName> = record.conduct.services.keys().cloned().collect();
    let order = start_order(&record.conduct.services).unwrap_or(all);
    let mut statuses = look(engine, &order)?;
    statuses.retain(|status| !status.state.is_well());
    Ok(statuses)
}

/// What is to be done with services by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Start those that do not run.
    Start,
    /// Stop those that run, until the next switch that touches them, the next start of the machine or of the supervisor.
    Stop,
    /// Stop and start them.
    Restart,
}

/// Does it with those that are named, or all; in the order in which they start, stopping in the other.
pub fn change(engine: &Engine<'_>, deed: Deed, names: &[ServiceName]) -> Result<ServicesReport> {
    begin::look(engine)?;
    // Without a generation there is nothing to take the guard for.
    let generations = Generations::of(&engine.profile);
    generations.current()?;
    let _held = begin::hold(engine)?;
    let record = generations.record(generations.current()?)?;
    let chosen = chosen(&record, names)?;
    let keeper = keeper(engine)?;
    keeper.require()?;
    if deed != Deed::Start {
        let back: Vec<ServiceName> = chosen.iter().rev().cloned().collect();
        keeper.stop(&back)?;
    }
    if deed != Deed::Stop {
        keeper.start(&chosen)?;
    }
    report(engine)
}

/// The services that are named, or all, in the order in which they start.
fn chosen(record: &Record, names: &[ServiceName]) -> Result<Vec<ServiceName>> {
    let services = &record.conduct.services;
    if let Some(unknown) = names.iter().find(|name| !services.contains_key(*name)) {
        let service = unknown.clone();
        return Err(ServiceError::NoSuchService { service }.into());
    }
    let mut order = start_order(services)?;
    if !names.is_empty() {
        order.retain(|name| names.contains(name));
    }
    Ok(order)
}

/// Whether the init system runs any of them: then a supervisor would start each twice.
#[cfg(unix)]
fn refuse_if_run(engine: &Engine<'_>, record: &Record) -> Result<()> {
    let keeper = Keeper::init(&engine.profile, engine.scope, &target(engine)?)?;
    if keeper.run_by() == RunBy::Nobody {
        return Ok(());
    }
    let statuses = keeper.look(&start_order(&record.conduct.services)?)?;
    if statuses.iter().any(|status| status.pid.is_some()) {
        let who = match keeper.run_by() {
            RunBy::Launchd => "launchd",
            _ => "systemd",
        };
        let who = who.to_owned();
        return Err(ServiceError::RunElsewhere { who }.into());
    }
    Ok(())
}
