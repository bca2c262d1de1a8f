//! `dgmo.yaml` as checked values: what people want.
//!
//! What serde reads is private to `raw`; what the program uses is here and holds only what has been checked.

mod check;
mod conduct;
mod de;
mod field;
mod keep;
mod node;
mod package;
mod part;
mod problem;
mod raw;
mod reading;
mod service;
mod secret;
mod text;
mod words;

pub use check::read_part;
pub use keep::ParseKeepError;
pub use node::Key;
pub use node::Node;
pub use node::NodeValue;
pub use part::Part;
pub use part::Places;
pub use problem::Problem;
pub use secret::SecretSource;
pub use text::At;
pub use text::Placed;
pub use text::SourceText;
pub use text::Span;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::conduct::Conduct;
use crate::id::Digest;
use crate::name::PackageName;
use crate::name::TargetPath;
use crate::name::VariableName;
use crate::system::System;

/// The only format of `dgmo.yaml` there is so far.
pub const FORMAT: u32 = 1;

/// The JSON Schema of the newest format.
pub(crate) fn json_schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<raw::RawManifest>()
}

/// A whole manifest, with what it includes merged in.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// A label for people; nothing depends on it.
    pub name: Option<String>,
    /// What the lock covers; never empty, sorted, no duplicates.
    pub systems: Vec<System>,
    /// The packages by name.
    pub packages: BTreeMap<PackageName, Requirement>,
    /// The home files by their path below the target folder.
    pub files: BTreeMap<TargetPath, FileEntry>,
    /// Variables of the environment.
    pub env: BTreeMap<VariableName, String>,
    /// Folders put on the search path behind the view's own, in order.
    pub path: Vec<String>,
    /// What it does besides being there: hooks, services, checks, state.
    pub conduct: Conduct,
    /// Which generations pruning keeps.
    pub keep: Keep,
}

/// One package a manifest asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// Where its bytes come from.
    pub source: Source,
    /// Programs to show in the view's `bin`, as paths inside the package; empty: all it has in `bin`, or, where it
    /// has no such folder, every executable at its root.
    pub bin: Vec<String>,
    /// Who wins when two packages have the same file: the higher number.
    pub priority: i32,
}

/// Where a package's bytes come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A folder or a file of this machine.
    Path {
        /// As written, relative to the file that says it.
        path: String,
        /// The folder of the file that says it.
        base: PathBuf,
    },
    /// An archive or a single program behind a `file:`, `http:` or `https:` address.
    Url(UrlSource),
}

/// An archive or a single program to download.
#[derive(Debug, Clone, PartialEq)]
pub struct UrlSource {
    /// The address, with the placeholders `{version}`, `{system}`, `{os}` and `{arch}`.
    pub url: String,
    /// Put in the place of `{version}`.
    pub version: Option<String>,
    /// How many leading folders of an archive's paths to drop.
    pub strip: u32,
    /// How the bytes are packed, where the address does not tell.
    pub unpack: Option<Packing>,
    /// What the bytes must hash to, per system or for all, where the publisher tells it.
    pub digest: BTreeMap<DigestScope, ExpectedDigest>,
    /// A minisign public key that must have signed the bytes; the signature is fetched from the address + `.minisig`.
    pub minisign: Option<String>,
}

/// For which systems a digest in the manifest holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DigestScope {
    /// For each of them: the address has no placeholder for the system.
    Any,
    /// For this one.
    System(System),
}

/// What downloaded bytes must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedDigest {
    /// Written `b3:` and 64 hex digits.
    Blake3(Digest),
    /// Written `sha256:` and 64 hex digits.
    Sha256([u8; 32]),
}

/// Why a text does not say what bytes must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write `sha256:` or `b3:` and 64 hexadecimal digits")]
pub struct ParseExpectedDigestError;

impl FromStr for ExpectedDigest {
    type Err = ParseExpectedDigestError;

    fn from_str(text: &str) -> Result<Self, ParseExpectedDigestError> {
        let (kind, digits) = text.split_once(':').ok_or(ParseExpectedDigestError)?;
        let digest = Digest::from_hex(digits.to_ascii_lowercase().as_bytes());
        match (kind, digest) {
            ("b3", Some(digest)) => Ok(Self::Blake3(digest)),
            ("sha256", Some(digest)) => Ok(Self::Sha256(*digest.as_bytes())),
            _ => Err(ParseExpectedDigestError),
        }
    }
}

/// How the bytes behind an address are packed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Packing {
    /// One program, not packed at all.
    #[serde(rename = "program")]
    Program,
    /// One program, compressed with gzip.
    #[serde(rename = "gz")]
    Gz,
    /// One program, compressed with xz.
    #[serde(rename = "xz")]
    Xz,
    /// One program, compressed with Zstandard.
    #[serde(rename = "zst")]
    Zst,
    /// One program, compressed with bzip2.
    #[serde(rename = "bz2")]
    Bz2,
    /// A tar archive.
    #[serde(rename = "tar")]
    Tar,
    /// A tar archive, compressed with gzip.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// A tar archive, compressed with xz.
    #[serde(rename = "tar.xz")]
    TarXz,
    /// A tar archive, compressed with Zstandard.
    #[serde(rename = "tar.zst")]
    TarZst,
    /// A tar archive, compressed with bzip2.
    #[serde(rename = "tar.bz2")]
    TarBz2,
    /// A zip archive.
    #[serde(rename = "zip")]
    Zip,
}

/// One home file, or a folder of them.
#[derive(Debug, Clone, PartialEq)]
pub struct FileEntry {
    /// What shall be there.
    pub content: FileContent,
    /// The permission bits, where they matter.
    pub mode: Option<Mode>,
    /// How it gets there.
    pub method: Method,
}

/// What shall be at a path of the target folder.
#[derive(Debug, Clone, PartialEq)]
pub enum FileContent {
    /// This text.
    Text(String),
    /// A file or a folder of this machine, relative to `base`.
    Source { path: String, base: PathBuf },
    /// A minijinja template, relative to `base`, and the values it may use.
    Template {
        path: String,
        base: PathBuf,
        values: BTreeMap<String, serde_json::Value>,
    },
    /// A real file with something that must not be in the store; fetched when it is put in place.
    Secret(SecretSource),
}

/// How a home file gets to its place.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// One link through the pointer, for a file or a whole folder: the default.
    #[default]
    Link,
    /// A folder of its own with one link for each file in it, so that other files can live beside them.
    Links,
    /// A real file (or a folder of real files), written at activation.
    Copy,
}

/// Permission bits of a home file: three octal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mode(pub u32);

/// Which generations pruning keeps: each rule keeps its own, and what any rule keeps stays.
///
/// Besides these, the current generation and the one before it always stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Keep {
    /// This many of the newest.
    pub last: u32,
    /// Those that were current within this many days, and one more before that.
    pub days: u32,
    /// Those with a pin.
    pub pinned: bool,
    /// Those with a label.
    pub labelled: bool,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            last: 10,
            days: 30,
            pinned: true,
            labelled: true,
        }
    }
}
