//! What must hold, or should, after a change of generation.

use serde::Deserialize;
use serde::Serialize;

use super::CommandLine;
use crate::lapse::Lapse;

/// One thing that is looked at after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is looked at.
    pub kind: CheckKind,
    /// Whether the change is undone when it fails; else it is only told.
    pub required: bool,
    /// For so long after the change a failure does not count.
    pub grace: Lapse,
    /// From the end of one try to the start of the next.
    pub interval: Lapse,
    /// How long one try may take.
    pub timeout: Lapse,
    /// It has failed after so many failures in a row.
    pub fail_after: u32,
    /// It holds after so many successes in a row.
    pub ok_after: u32,
}

impl HealthCheck {
    /// The check of `kind` with everything else as it is where the manifest does not say.
    pub fn of(kind: CheckKind) -> Self {
        Self {
            kind,
            required: true,
            grace: Lapse::from_millis(0),
            interval: Lapse::from_secs(1),
            timeout: Lapse::from_secs(10),
            fail_after: 3,
            ok_after: 1,
        }
    }
}

/// What a check looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum CheckKind {
    /// A command that must end with 0.
    Exec(CommandLine),
    /// An address that must answer; with the status where it is named, else with any below 400.
    Http {
        /// The address.
        url: String,
        /// The status it must answer with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// `host:port` that must accept a connection.
    Tcp(String),
    /// A path that must be there: absolute, or below the target folder.
    File(String),
    /// A unit of the init system, or a service of this manifest, that must be active.
    Unit(String),
}
