//! What a generation does besides being there: hooks, services, checks, and the state it keeps.
//!
//! The same types are in the manifest, once checked, and in the record, so that what was asked for is what is recorded.

mod command;
mod health;
mod hook;
mod service;
mod state;

pub use command::CommandLine;
pub use command::EmptyCommandError;
pub use health::CheckKind;
pub use health::HealthCheck;
pub use hook::Hook;
pub use hook::Hooks;
pub use service::Restart;
pub use service::Service;
pub use state::StateFolder;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::name::CheckName;
use crate::name::ServiceName;
use crate::name::StateName;

/// What a generation does besides being there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conduct {
    /// Commands around a change of generation.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
    /// What must hold, or should, after it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<CheckName, HealthCheck>,
    /// Programs that run for as long as it is current.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<ServiceName, Service>,
    /// Folders whose content is kept with each generation that used it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub state: BTreeMap<StateName, StateFolder>,
}

impl Conduct {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
