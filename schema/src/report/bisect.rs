//! What is said of looking for a cause.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::name::ProfileName;
use crate::report::generation::Change;

/// `dgmo bisect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BisectReport {
    /// The profile.
    pub profile: ProfileName,
    /// The command that was run, word by word.
    pub command: Vec<String>,
    /// The last generation it works in.
    pub good: GenerationNumber,
    /// The first one it does not work in.
    pub bad: GenerationNumber,
    /// Generations between the two that could not be tested.
    pub skipped: Vec<GenerationNumber>,
    /// In how many things the two differ.
    pub differences: u64,
    /// What of these breaks the command: all of them together, and none of them can be left out.
    pub culprits: Vec<Culprit>,
    /// Whether it was shown that none of them can be left out.
    pub smallest: bool,
    /// Whether the command works in the bad generation with these as they were in the good one; absent where that
    /// could not be tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cured: Option<bool>,
    /// How often the command was run, in all.
    pub runs: u64,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
    /// The last lines the command printed where it failed with just these.
    pub output: Vec<String>,
}

/// One thing that breaks the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Culprit {
    /// What it is.
    pub kind: CulpritKind,
    /// Its name or path; several paths where they cannot be told apart, joined by commas.
    pub name: String,
    /// What happened to it between the two generations.
    pub change: Change,
    /// Its version or value in the good one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its version or value in the bad one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What can break a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CulpritKind {
    /// A package.
    Package,
    /// A home file.
    File,
    /// A variable.
    Variable,
    /// The folders behind the packages' own on the search path.
    SearchPath,
}

/// One candidate, and how the command answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// What was tried, in words.
    pub what: String,
    /// The answer.
    pub verdict: Verdict,
    /// How the command ended, in words; absent where it was not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// How a command answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It works.
    Good,
    /// It does not.
    Bad,
    /// It cannot be told.
    Skip,
}
