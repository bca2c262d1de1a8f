//! What is said of home files that were changed where they are: drift, editing, adopting, restoring.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::code::Code;
use crate::generation::GenerationNumber;
use crate::name::ProfileName;
use crate::report::activation::SwitchReport;

/// One thing that is not as the generation says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// The path: below the target folder, or of a part of the generation.
    pub path: String,
    /// What is there instead.
    pub found: DriftKind,
    /// The stable name of this kind of drift; `dgmo explain` tells more.
    pub code: Code,
    /// Where the link leads, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Commands that put an end to it, each alone; the first loses nothing.
    pub remedies: Vec<String>,
}

/// What can be in the place of a home file or of a part of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// Nothing.
    Missing,
    /// A file with other content or another mode.
    Changed,
    /// A real file with the same content, to be edited in place.
    Editable,
    /// A link to somewhere else.
    ForeignLink,
    /// A folder.
    Folder,
    /// Something else.
    Other,
    /// A file nobody knows, in a folder dgmo made.
    Unknown,
}

/// `dgmo edit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that is current.
    pub generation: GenerationNumber,
    /// The file or folder that is made writable, below the target folder: what was asked for lies in it.
    pub path: String,
    /// The file to edit, as other programs name it.
    pub file: String,
    /// How it ended.
    pub outcome: EditOutcome,
}

/// How an edit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EditOutcome {
    /// It is a real file now that can be written.
    Writable,
    /// It was one already.
    AlreadyWritable,
    /// An editor changed it.
    Edited,
    /// An editor left it as it was; everything is as before.
    Untouched,
    /// Nothing was done because of `--dry-run`.
    Planned,
}

/// `dgmo adopt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdoptReport {
    /// The profile.
    pub profile: ProfileName,
    /// The manifest.
    pub manifest: String,
    /// What was adopted, and where it went.
    pub adopted: Vec<Adopted>,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
    /// The switch that followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<SwitchReport>,
}

/// One change of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Adopted {
    /// The path below the target folder.
    pub path: String,
    /// The file that takes it.
    pub source: String,
    /// What happens to that file.
    pub what: AdoptDeed,
}

/// How a source takes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AdoptDeed {
    /// Its content is replaced.
    Written,
    /// It is made.
    Made,
    /// It is deleted, as it was where it is shown.
    Deleted,
    /// The entry's `text:` is replaced.
    Text,
    /// Some of the entry's `values:` are replaced.
    Values,
    /// It holds this already.
    Same,
}

/// `dgmo restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestoreReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that is current.
    pub generation: GenerationNumber,
    /// What was restored.
    pub restored: Vec<Restored>,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
}

/// One path that is as the generation says again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Restored {
    /// The path below the target folder.
    pub path: String,
    /// Where what was there is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_as: Option<String>,
}

/// A secret, and what a change of generation did about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretChange {
    /// The path below the target folder.
    pub path: String,
    /// What was done.
    pub what: SecretDeed,
}

/// What can be done about a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretDeed {
    /// It is fetched from where it comes from.
    Fetched,
    /// It is there, as it was fetched before.
    Kept,
    /// It is left out because of `--without-secrets`.
    LeftOut,
}
