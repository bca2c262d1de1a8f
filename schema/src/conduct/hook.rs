//! Commands around a change of generation.

use serde::Deserialize;
use serde::Serialize;

use super::CommandLine;
use crate::lapse::Lapse;

/// The commands around a change, each list in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hooks {
    /// Before anything is changed: one that fails stops the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before_switch: Vec<Hook>,
    /// When the generation is current and its services are up: one that fails counts like a failed check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_switch: Vec<Hook>,
}

impl Hooks {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.before_switch.is_empty() && self.after_switch.is_empty()
    }
}

/// One command around a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// What to run.
    pub run: CommandLine,
    /// How long it may take.
    pub timeout: Lapse,
}

impl Hook {
    /// How long a hook may take where the manifest does not say.
    pub const TIMEOUT: Lapse = Lapse::from_secs(60);
}
