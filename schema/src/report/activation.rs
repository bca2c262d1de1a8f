//! What is said when a generation was made current, or would be.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::id::GenerationId;
use crate::name::ProfileName;
use crate::report::generation::DiffReport;
use crate::report::generation::PackageChange;
use crate::system::System;

/// How a switch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SwitchOutcome {
    /// A generation was made and is current.
    Switched,
    /// The current generation is what the manifest says; nothing was done.
    Unchanged,
    /// It is, but the target folder was not; that is mended.
    Repaired,
    /// Nothing was done because of `--dry-run`.
    Planned,
}

/// `dgmo switch`, `add`, `remove` and `update`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchReport {
    /// How it ended.
    pub outcome: SwitchOutcome,
    /// The profile.
    pub profile: ProfileName,
    /// The manifest.
    pub manifest: String,
    /// The kind of machine it is for.
    pub system: System,
    /// The folder home files go to.
    pub target: String,
    /// The digest of what the manifest and the lock make.
    pub id: GenerationId,
    /// The generation that was current before.
    pub from: GenerationNumber,
    /// The generation that is current now; with `--dry-run` the number it would get.
    pub generation: GenerationNumber,
    /// What differs from the generation before.
    pub changes: DiffReport,
    /// What the lock has now that it had not.
    pub lock: Vec<PackageChange>,
    /// What changes in the target folder.
    pub target_changes: Vec<TargetChange>,
    /// Paths that once were ours and that somebody else changed since: left as they are.
    pub left_alone: Vec<String>,
    /// How many bytes came into the store.
    pub new_bytes: u64,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// `dgmo rollback` and `dgmo generations switch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RollbackReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that was current before.
    pub from: GenerationNumber,
    /// The generation that is current now, or would be.
    pub generation: GenerationNumber,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
    /// What changes in the target folder.
    pub target_changes: Vec<TargetChange>,
    /// Paths that once were ours and that somebody else changed since: left as they are.
    pub left_alone: Vec<String>,
}

/// One change in the target folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetChange {
    /// The path below the target folder.
    pub path: String,
    /// What happens there.
    pub what: TargetDeed,
    /// The other name, where something gets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What can happen to a path of the target folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetDeed {
    /// It is put there.
    Added,
    /// It is replaced by another of ours.
    Changed,
    /// It is taken away.
    Removed,
    /// What was in the way gets another name.
    SetAside,
    /// What was set aside gets its name back.
    PutBack,
}

/// `dgmo status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that is current.
    pub generation: GenerationNumber,
    /// Its id.
    pub id: GenerationId,
    /// The folder home files go to.
    pub target: String,
    /// How many packages it has.
    pub package_count: u64,
    /// How many home files it has.
    pub file_count: u64,
    /// What is not as the generation says.
    pub drift: Vec<Drift>,
    /// Files of the user that were set aside, and where they are.
    pub set_aside: Vec<TargetChange>,
}

/// One thing that is not as the generation says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// The path.
    pub path: String,
    /// What is there instead.
    pub found: DriftKind,
}

/// What can be in the place of a home file or of a part of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// Nothing.
    Missing,
    /// A file with other content or another mode.
    Changed,
    /// A link to somewhere else.
    ForeignLink,
    /// A folder.
    Folder,
    /// Something else.
    Other,
}
