//! What is said of the health of a home: findings, repairs, and the way out.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::code::Code;
use crate::code::Hint;
use crate::id::ObjectId;

/// `dgmo repair`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepairReport {
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
    /// How many objects were read.
    pub objects: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many laid-out trees were compared.
    pub trees: u64,
    /// Everything that was wrong, and what became of it.
    pub findings: Vec<HealthFinding>,
}

/// `dgmo doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoctorReport {
    /// The checks that were made, in order.
    pub checks: Vec<CheckReport>,
    /// What could not be looked at, and why.
    pub skipped: Vec<String>,
}

/// One check of `dgmo doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// Its name.
    pub name: String,
    /// What is so when nothing is found.
    pub title: String,
    /// What it found.
    pub findings: Vec<HealthFinding>,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthFinding {
    /// Its code: `dgmo explain CODE` tells more.
    pub code: Code,
    /// In a sentence.
    pub message: String,
    /// The file or folder it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The object it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectId>,
    /// What became of it.
    pub state: FindingState,
    /// How it was or would be repaired, or where the bytes came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// What to do about it, where it is not repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Hint>,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// It is there.
    Found,
    /// It would be repaired.
    WouldRepair,
    /// It is repaired.
    Repaired,
}

impl FindingState {
    /// Whether something is left to do.
    pub fn is_open(self) -> bool {
        self != Self::Repaired
    }
}

/// `dgmo uninstall`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UninstallReport {
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
    /// The profiles that were given back, with the paths in their target folders that went or came back.
    pub profiles: Vec<GivenBack>,
    /// Files and folders that were removed.
    pub removed: Vec<String>,
    /// Shell start files from which our lines were taken.
    pub start_files: Vec<String>,
    /// What stays, and why.
    pub kept: Vec<Kept>,
}

/// A profile that was taken back to what was before dgmo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GivenBack {
    /// The profile.
    pub profile: String,
    /// Its target folder.
    pub target: String,
    /// How many paths there changed.
    pub changes: u64,
}

/// Something that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// Where.
    pub path: String,
    /// Why.
    pub why: String,
}
