//! What is said of generations.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::generation::Timestamp;
use crate::id::GenerationId;
use crate::id::TreeId;
use crate::name::Label;
use crate::name::PackageName;
use crate::name::ProfileName;

/// One generation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GenerationSummary {
    /// Its number.
    pub number: GenerationNumber,
    /// The digest of its record.
    pub id: GenerationId,
    /// When it was made.
    pub made_at: Timestamp,
    /// Which command made it.
    pub made_from: String,
    /// The generation that was current when it was made.
    pub parent: GenerationNumber,
    /// A name to find it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// Why it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it did not stand its trial, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// How many packages it has.
    pub package_count: u64,
    /// How many home files it has.
    pub file_count: u64,
}

/// `dgmo generations list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GenerationListReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that is current.
    pub current: GenerationNumber,
    /// All there are, oldest first; 0 is "before dgmo" and always there.
    pub generations: Vec<ListedGeneration>,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListedGeneration {
    /// What is known of it.
    #[serde(flatten)]
    pub summary: GenerationSummary,
    /// Whether it is the current one.
    pub current: bool,
    /// Whether a pin keeps it.
    pub pinned: bool,
}

/// `dgmo generations show N`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GenerationReport {
    /// The profile.
    pub profile: ProfileName,
    /// What is known of it.
    #[serde(flatten)]
    pub summary: GenerationSummary,
    /// Whether it is the current one.
    pub current: bool,
    /// Whether a pin keeps it.
    pub pinned: bool,
    /// Who made it.
    pub made_by: String,
    /// The manifest it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Its packages.
    pub packages: BTreeMap<PackageName, ShownPackage>,
    /// Its home files, by path, and how each is put in place.
    pub files: BTreeMap<String, String>,
    /// Its variables.
    pub env: BTreeMap<String, String>,
    /// Its folder.
    pub folder: String,
}

/// One package of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShownPackage {
    /// The version, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its tree.
    pub tree: TreeId,
    /// Its folder in the store.
    pub folder: String,
}

/// `dgmo diff` and `dgmo generations diff`: what the second has that the first had not, and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffReport {
    /// The older side.
    pub from: String,
    /// The newer side.
    pub to: String,
    /// Packages that came, went or changed.
    pub packages: Vec<PackageChange>,
    /// Home files that came, went or changed.
    pub files: Vec<FileChange>,
    /// Variables that came, went or changed.
    pub env: Vec<FileChange>,
    /// Hooks, checks, services and state that came, went or changed: `check web-up`.
    #[serde(default)]
    pub conduct: Vec<FileChange>,
    /// How many bytes the packages of the second have more; negative: fewer. Absent when one side is not in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_change: Option<i64>,
}

impl DiffReport {
    /// Whether both sides are the same.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
            && self.files.is_empty()
            && self.env.is_empty()
            && self.conduct.is_empty()
    }
}

/// How one thing differs between two generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
    /// Both have it, differently.
    Changed,
}

/// A package that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageChange {
    /// Its name.
    pub name: PackageName,
    /// How.
    pub change: Change,
    /// The version before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Its size before, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_from: Option<u64>,
    /// Its size after, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_to: Option<u64>,
}

/// A home file or a variable that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// Its path or name.
    pub name: String,
    /// How.
    pub change: Change,
}

/// `dgmo history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryReport {
    /// The profile.
    pub profile: ProfileName,
    /// What happened, oldest first.
    pub entries: Vec<HistoryEntry>,
}

/// One thing that happened to a profile: a line of `history.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: HistoryEvent,
    /// The generation it happened to.
    pub generation: GenerationNumber,
    /// The generation that was current before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<GenerationNumber>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Words about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What can happen to a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryEvent {
    /// The profile was begun.
    Begun,
    /// A generation was made and became current.
    Switched,
    /// An earlier or later generation became current again.
    RolledBack,
    /// A change did not stand its trial: the generation before it is current again.
    TakenBack,
    /// A change that waited to be confirmed was confirmed.
    Confirmed,
    /// A switch that had been interrupted was finished.
    Finished,
    /// A switch that had been interrupted was undone.
    Undone,
    /// The pointer was found elsewhere than the last line says: a crash lost the line.
    Found,
    /// A generation got another label.
    Labelled,
    /// A generation was pinned.
    Pinned,
    /// A generation's pin was taken away.
    Unpinned,
    /// A generation was dropped.
    Pruned,
}
