//! Programs that run for as long as a generation is current.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::CheckKind;
use super::CommandLine;
use crate::lapse::Lapse;
use crate::name::ServiceName;
use crate::name::VariableName;

/// One program that runs for as long as its generation is current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What to run; a program without a slash is looked up in the generation's `bin` first.
    pub run: CommandLine,
    /// What it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Variables it gets besides the generation's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<VariableName, String>,
    /// The folder it starts in: absolute, or below the target folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// When it is started again.
    pub restart: Restart,
    /// Services that must be ready before it starts, and stop after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ServiceName>,
    /// When it is ready; else as soon as it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<CheckKind>,
    /// How long it may take to become ready.
    pub start_timeout: Lapse,
    /// How long it may take to end before it is killed.
    pub stop_timeout: Lapse,
}

impl Service {
    /// The service that runs `run`, with everything else as it is where the manifest does not say.
    pub fn of(run: CommandLine) -> Self {
        Self {
            run,
            description: None,
            env: BTreeMap::new(),
            folder: None,
            restart: Restart::OnFailure,
            after: Vec::new(),
            ready: None,
            start_timeout: Lapse::from_secs(30),
            stop_timeout: Lapse::from_secs(10),
        }
    }
}

/// When a service that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// However it ended.
    Always,
    /// When it failed: the default.
    OnFailure,
    /// Never.
    Never,
}
