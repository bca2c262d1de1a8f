//! How a failure is reported.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::code::Code;
use crate::code::Hint;
use crate::code::Place;

/// The document `--json` prints in place of a report when a command fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorReport {
    /// What went wrong.
    pub error: Failure,
    /// What else is wrong at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Failure>,
}

/// What went wrong, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Its stable name.
    pub code: Code,
    /// What could not be done.
    pub message: String,
    /// Why, outermost first.
    pub because: Vec<String>,
    /// Where in a file, if the user wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
    /// The exit code of the process.
    pub exit: u8,
}
