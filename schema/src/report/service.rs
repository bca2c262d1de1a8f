//! What is said of services and of the state they change.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::name::ProfileName;
use crate::name::ServiceName;

/// `dgmo services status`, `start`, `stop` and `restart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServicesReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that is current.
    pub generation: GenerationNumber,
    /// Who runs them.
    pub run_by: RunBy,
    /// The services, in the order they start.
    pub services: Vec<ServiceStatus>,
}

/// Who runs the services of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunBy {
    /// `systemd`, of the user or of the machine.
    Systemd,
    /// `launchd`, of the user or of the machine.
    Launchd,
    /// `dgmo services run`.
    Supervisor,
    /// Nobody.
    Nobody,
}

/// One service and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceStatus {
    /// Its name.
    pub name: ServiceName,
    /// How it is.
    pub state: ServiceState,
    /// Its process, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The generation it was started from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<GenerationNumber>,
    /// How often it was started again after it had ended by itself.
    #[serde(default)]
    pub restarts: u32,
    /// Why it is so, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// It runs, and is ready.
    Running,
    /// It was started and is not ready yet.
    Starting,
    /// It waits for those it starts after.
    Waiting,
    /// It ended and will be started again in a moment.
    Resting,
    /// It was told to end and has not yet.
    Stopping,
    /// It does not run: it was stopped, or was never started.
    Stopped,
    /// It ended as it should and is not to be started again.
    Ended,
    /// It failed and will not be started again by itself.
    Failed,
}

impl ServiceState {
    /// In a word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Waiting => "waiting",
            Self::Resting => "resting",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }

    /// Whether a person need not look at it.
    pub const fn is_well(self) -> bool {
        matches!(self, Self::Running | Self::Ended)
    }
}

/// `dgmo services logs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLogsReport {
    /// What the services said last, oldest first.
    pub lines: Vec<ServiceLine>,
}

/// One line of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLine {
    /// Which service.
    pub service: ServiceName,
    /// The line, with its time in front.
    pub line: String,
}
