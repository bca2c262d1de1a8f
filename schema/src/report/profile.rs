//! What is said of profiles, locks and manifests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::id::GenerationId;
use crate::name::ProfileName;
use crate::report::generation::PackageChange;

/// `dgmo profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfilesReport {
    /// The profiles of this home, by name.
    pub profiles: Vec<ProfileSummary>,
}

/// One profile in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileSummary {
    /// Its name.
    pub name: ProfileName,
    /// The generation that is current.
    pub current: GenerationNumber,
    /// How many generations it has, 0 not counted.
    pub generation_count: u64,
    /// The folder its home files go to, once it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// `dgmo lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockReport {
    /// The manifest.
    pub manifest: String,
    /// The lock.
    pub lock: String,
    /// Whether the lock on disk differs from what the manifest asks for (with `--check`), or did before.
    pub changed: bool,
    /// Whether it was written.
    pub written: bool,
    /// What differs.
    pub packages: Vec<PackageChange>,
    /// The id of the generation that each system gets, known without building anything.
    pub generations: BTreeMap<String, GenerationId>,
}

/// `dgmo init`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InitReport {
    /// The manifest that was written, or was there.
    pub manifest: String,
    /// The start file of the shell that got our lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_file: Option<String>,
    /// What to do next.
    pub next: Vec<String>,
}

/// `dgmo env --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentReport {
    /// The generation it is of.
    pub generation: GenerationNumber,
    /// Variables to set.
    pub variables: BTreeMap<String, String>,
    /// Folders to put in front of the search path, in order.
    pub path: Vec<String>,
}

/// `dgmo explain CODE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExplainReport {
    /// The codes asked for, or all.
    pub codes: Vec<ExplainedCode>,
}

/// One code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExplainedCode {
    /// The code.
    pub code: String,
    /// What went wrong, in one line.
    pub title: String,
    /// What it means and what helps.
    pub page: String,
}

/// `dgmo generations label`, `pin`, `unpin` and `prune`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GenerationsChangedReport {
    /// The profile.
    pub profile: ProfileName,
    /// What was done.
    pub what: String,
    /// To which generations.
    pub generations: Vec<GenerationNumber>,
    /// The rule that decided, where one did, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
}
