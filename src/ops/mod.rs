//! What a user can ask for, one file each: plan, apply, report.

mod adopt;
mod assemble;
mod audit;
mod begin;
mod bisect;
mod carried;
mod catalogue;
mod changes;
mod check;
mod confirm;
mod doctor;
mod edit;
mod edit_file;
mod failure;
mod gc;
mod generations;
mod import;
mod in_use;
mod init;
mod kept;
mod lock;
mod make_room;
mod managed;
mod mirror;
mod outdated;
mod repair;
mod restore;
mod rollback;
pub mod running;
mod same;
mod secrets;
mod services;
mod status;
pub mod store;
mod switch;
mod target;
mod texts;
mod trial;
mod uninstall;
mod update;
mod vendor;
mod want;

pub use adopt::AdoptError;
pub use adopt::AdoptRequest;
pub use adopt::adopt;
pub use audit::AuditRequest;
pub use audit::audit;
pub use bisect::BisectError;
pub use bisect::BisectRequest;
pub use bisect::bisect;
pub use carried::CarryError;
pub use catalogue::Asked;
pub use catalogue::info;
pub use catalogue::search;
pub use catalogue::tool;
pub use check::check;
pub use confirm::confirm;
pub use doctor::DoctorRequest;
pub use doctor::doctor;
pub use edit::Edited;
pub use edit::Follow;
pub use edit::add;
pub use edit::remove;
pub use edit::update_to;
pub use edit_file::EditFileError;
pub use edit_file::Editor;
pub use edit_file::edit_file;
pub use failure::Failure;
pub use failure::OpError;
pub use failure::Result;
pub use gc::CollectRequest;
pub use gc::Patience;
pub use gc::collect;
pub use generations::PruneRequest;
pub use generations::diff;
pub use generations::history;
pub use generations::label;
pub use generations::list;
pub use generations::list_containing;
pub use generations::pin;
pub use generations::profiles;
pub use generations::prune;
pub use generations::show;
pub use generations::unpin;
pub use import::ImportRequest;
pub use import::PlaceTakenError;
pub use import::import;
pub use init::Tell;
pub use init::init;
pub use kept::kept;
pub use lock::LockRequest;
pub use lock::lock;
pub use make_room::RoomError;
pub use managed::ManagedError;
pub use mirror::MirrorError;
pub use mirror::MirrorRequest;
pub use mirror::Proof;
pub use mirror::mirror;
pub use outdated::outdated;
pub use repair::FromError;
pub use repair::RepairRequest;
pub use repair::repair;
pub use restore::RestoreRequest;
pub use restore::Which;
pub use restore::restore;
pub use rollback::RollbackRequest;
pub use rollback::rollback;
pub use running::EnvironmentRequest;
pub use running::environment;
pub use secrets::SecretsHow;
pub use services::Deed;
pub use services::LogsRequest;
#[cfg(unix)]
pub use services::Said;
pub use services::await_ready;
pub use services::change as change_services;
pub use services::follow_logs;
pub use services::logs;
#[cfg(unix)]
pub use services::run as run_services;
pub use services::services;
pub use status::status;
pub use switch::Show;
pub use switch::SwitchRequest;
pub use switch::switch;
pub use trial::TrialHow;
pub use trial::WatchRequest;
pub use trial::watch;
pub use uninstall::UninstallError;
pub use uninstall::UninstallRequest;
pub use uninstall::uninstall;
pub use update::lock_to;
pub use vendor::VendorRequest;
pub use vendor::vendor;

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::event::Observer;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::name::ProfileName;
use dgmo_schema::report::generation::HistoryEntry;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_schema::system::System;
use dgmo_store::look;

use crate::clock::Clock;
use crate::env::Var;
use crate::generation::History;
use crate::home::Home;
use crate::home::Profile;
use crate::home::Scope;
use crate::home::Wait;
use crate::source::Online;
use crate::source::Settings;

/// The handles every operation works with.
#[derive(Clone)]
pub struct Engine<'a> {
    /// Where dgmo keeps its things.
    pub home: Home,
    /// The line of generations that is meant.
    pub profile: Profile,
    /// Where home files go, where a flag says so.
    pub target: Option<PathBuf>,
    /// Where home files go, where nothing says so.
    pub default_target: PathBuf,
    /// Who the home is for: whose units and services are meant.
    pub scope: Scope,
    /// Where the time comes from.
    pub clock: Clock,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// How long to wait for others.
    pub wait: Wait,
    /// Whether a socket may be opened.
    pub online: Online,
    /// How downloads are made.
    pub settings: Settings,
    /// Whether files that look unchanged are read all the same.
    pub reread: bool,
    /// Versions published later are not taken anew.
    pub not_after: Option<Timestamp>,
}

impl<'a> Engine<'a> {
    /// The same for a look where the profile is not there yet: it is taken from below `scratch`, and so is the home
    /// if that is not there either.
    fn for_a_look(&self, scratch: &Path) -> Result<Engine<'a>> {
        let elsewhere = Home::at(scratch.to_owned());
        let profile = elsewhere.profile(self.profile.name().clone());
        let meta = self.home.root().join("meta.json");
        let home_is_there = look::is_there(&meta).map_err(OpError::io("look at", &meta))?;
        Ok(Engine {
            profile,
            home: if home_is_there {
                self.home.clone()
            } else {
                elsewhere
            },
            ..self.clone()
        })
    }

    /// The same, for another profile.
    fn for_profile(&self, name: &ProfileName) -> Engine<'a> {
        Engine {
            profile: self.home.profile(name.clone()),
            ..self.clone()
        }
    }
}

impl std::fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// The kind of machine generations are made for.
pub(crate) fn this_system() -> System {
    System::this()
}

/// Adds a line to the history. One that cannot be written is said and does not undo what it tells of.
fn write_history(
    engine: &Engine<'_>,
    what: HistoryEvent,
    generation: GenerationNumber,
    from: Option<GenerationNumber>,
    note: Option<String>,
) {
    let by = Var::User.text().unwrap_or_default();
    let entry = HistoryEntry {
        at: engine.clock.now(),
        what,
        generation,
        from,
        by,
        note,
    };
    if let Err(error) = History::of(&engine.profile).add(&entry) {
        let text = format!("{error}; the generation itself is not touched by that");
        engine
            .observer
            .observe(dgmo_schema::event::Event::Warning(text));
    }
}

/// A path as shown to people.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
