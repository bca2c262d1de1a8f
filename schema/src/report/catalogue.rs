//! What is said of packages and the catalogues they come from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::catalogue::Offer;
use crate::generation::Timestamp;
use crate::name::PackageName;
use crate::osv::Severity;

/// `dgmo outdated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutdatedReport {
    /// The packages for which there is a newer version, by name.
    pub outdated: Vec<OutdatedPackage>,
    /// How many packages were asked for.
    pub asked: u64,
    /// The packages whose catalogue could not be asked, and why.
    pub failed: Vec<NotAsked>,
}

/// A package for which there is a newer version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutdatedPackage {
    /// Its name.
    pub name: PackageName,
    /// What it is in its catalogue.
    pub of: Offer,
    /// The version of the lock; none if it is not locked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<String>,
    /// What `dgmo update` would take, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fits: Option<String>,
    /// The newest there is, if the manifest's `version:` keeps it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// Why the locked version should not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
}

/// A package whose catalogue could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotAsked {
    /// Its name.
    pub name: PackageName,
    /// Why.
    pub why: String,
}

/// `dgmo search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchReport {
    /// The tools that were found, the best first.
    pub tools: Vec<KnownTool>,
}

/// A tool the index knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownTool {
    /// The name to add it by.
    pub name: String,
    /// Where it is published.
    pub of: Offer,
    /// The programs it shows, where they are not called like itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
    /// What it is called too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_names: Vec<String>,
    /// What it is.
    pub about: String,
    /// The index that knows it: `dgmo` for the one that is part of the program.
    pub index: String,
}

/// `dgmo info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InfoReport {
    /// The package's name.
    pub name: PackageName,
    /// What it is in its catalogue.
    pub of: Offer,
    /// What the index says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What the manifest asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// The version of the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<String>,
    /// The versions the catalogue tells of, the newest first.
    pub versions: Vec<InfoVersion>,
    /// Names for some of them.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub channels: std::collections::BTreeMap<String, String>,
}

/// A version of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InfoVersion {
    /// As its publisher writes it.
    pub version: String,
    /// When it was published, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// Whether it is a prerelease.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prerelease: bool,
    /// Why nobody should take it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
}

/// `dgmo vendor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VendorReport {
    /// The folder.
    pub folder: String,
    /// The lock whose downloads it has.
    pub lock: String,
    /// How many files the lock needs there.
    pub files: u64,
    /// How many of them were brought, or would be.
    pub new_files: u64,
    /// How many bytes those have, as far as it is known.
    pub new_bytes: u64,
    /// Files that the lock does not name and that were deleted, or would be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pruned: Vec<String>,
    /// Packages that come from folders beside the manifest, by name: they are taken along with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<PackageName, String>,
    /// Whether nothing was done.
    pub dry_run: bool,
}

/// `dgmo mirror`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MirrorReport {
    /// The folder.
    pub folder: String,
    /// The locks whose downloads it has.
    pub locks: Vec<String>,
    /// The downloads those locks name.
    pub downloads: MirrorPart,
    /// The objects the generations of this home need, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<MirrorPart>,
    /// Packages that come from folders beside a manifest, by name: they are taken along with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<PackageName, String>,
    /// Whether nothing was done.
    pub dry_run: bool,
}

/// One kind of things that a mirror has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MirrorPart {
    /// How many there are to be.
    pub files: u64,
    /// How many of them were brought, or would be.
    pub new_files: u64,
    /// How many bytes those have, as far as it is known.
    pub new_bytes: u64,
    /// How many others were deleted, or would be.
    pub pruned: u64,
}

/// `dgmo audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditReport {
    /// The lock that was looked at.
    pub lock: String,
    /// How many packages and pieces in it were looked up.
    pub checked: u64,
    /// How many advisories were read.
    pub advisories: u64,
    /// What advisories are about, by package.
    pub findings: Vec<AuditFinding>,
    /// Advisories that were ignored as was asked for, and would have been told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<IgnoredFinding>,
    /// What was to be ignored and is the name of no advisory that was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_ignored: Vec<String>,
    /// Packages and pieces whose locked version was withdrawn by its publisher, or is advised against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<WithdrawnPackage>,
    /// Packages for which there is no ecosystem of advisories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<PackageName>,
    /// Records that could not be read, as far as they are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<NotRead>,
    /// How many of those there are.
    pub not_read_count: u64,
    /// What that means and what to do about it, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Packages whose catalogue could not be asked, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<NotAsked>,
}

/// A locked version that an advisory is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditFinding {
    /// The package of the manifest.
    pub package: PackageName,
    /// What it is about: the package as its publishers call it, or a piece of it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The advisory.
    pub id: String,
    /// Its names in other databases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// The nearest later version that is not affected, where one is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<String>,
    /// What it is about, in a line.
    pub summary: String,
    /// Until when it was ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored_until: Option<Timestamp>,
}

/// An advisory that was ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoredFinding {
    /// The name it is ignored by.
    pub id: String,
    /// How many findings of it would have been told.
    pub count: u64,
    /// Why, as the manifest says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it is told again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A package or a piece of one whose locked version was withdrawn, or is advised against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithdrawnPackage {
    /// The package of the manifest.
    pub name: PackageName,
    /// The piece of it that is meant, where it is not the package itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece: Option<String>,
    /// The version.
    pub version: String,
    /// What its publisher says.
    pub why: String,
    /// Whether it is no more than advice: the version can be had as before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_advice: bool,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotRead {
    /// Which.
    pub what: String,
    /// Why.
    pub why: String,
}
