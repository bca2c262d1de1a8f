//! What is said of importing.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// `dgmo import`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportReport {
    /// What it was imported from, in one word.
    pub kind: String,
    /// The file or folder.
    pub from: String,
    /// The manifest.
    pub manifest: String,
    /// Whether nothing was written because of `--dry-run`.
    pub dry_run: bool,
    /// Its text.
    pub text: String,
    /// Programs that are packages now, and the folders they are taken from.
    pub packages: Vec<ImportedPackage>,
    /// Home files.
    pub files: Vec<ImportedFile>,
    /// How many variables were mapped.
    pub variables: u64,
    /// What could not be mapped, and why.
    pub not_mapped: Vec<NotMapped>,
    /// What to do next.
    pub next: Vec<String>,
}

/// A program that is a package now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedPackage {
    /// Its name.
    pub name: String,
    /// Its version, where it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The folder it is taken from.
    pub folder: String,
}

/// A home file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedFile {
    /// Its path below the target folder.
    pub path: String,
    /// Where its content is from.
    pub source: String,
    /// Whether the content was copied beside the manifest.
    pub copied: bool,
}

/// Something that could not be mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotMapped {
    /// What it is.
    pub what: String,
    /// Its line in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Why.
    pub why: String,
}
