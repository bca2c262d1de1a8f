//! `dgmo.yaml` as checked values: what people want.
//!
//! What serde reads is private to `raw`; what the program uses is here and holds only what has been checked.

mod archive;
mod audit;
mod check;
mod conduct;
mod cosign;
mod de;
mod field;
mod index;
mod keep;
mod named;
mod offered;
mod node;
mod package;
mod part;
mod problem;
mod raw;
mod recipe;
mod reading;
mod repository;
mod service;
mod secret;
mod sources;
mod text;
mod words;

pub use check::read_part;
pub use cosign::Cosign;
pub use cosign::cosign_key;
pub use index::Index;
pub use index::IndexSource;
pub use index::Tool;
pub use index::read_index;
pub use keep::ParseKeepError;
pub use node::Key;
pub use node::Node;
pub use node::NodeValue;
pub use part::Part;
pub use part::Places;
pub use problem::Problem;
pub use recipe::Recipe;
pub use recipe::for_system as recipe_for;
pub use repository::check as check_repository;
pub use secret::SecretSource;
pub use text::At;
pub use text::Placed;
pub use text::SourceText;
pub use text::Span;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::catalogue::Offer;
use crate::conduct::Conduct;
use crate::generation::Timestamp;
use crate::id::Digest;
use crate::lapse::Lapse;
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
    /// Where catalogues are asked, where it is not what their own settings say.
    pub sources: BTreeMap<Catalogue, Endpoint>,
    /// Mirrors that are asked for what the lock names before anybody else, in order.
    pub mirrors: Vec<String>,
    /// The file that says which authorities and logs of Sigstore's kind are trusted, in place of the public ones.
    pub sigstore_root: Option<PathBuf>,
    /// Where advisories are, for who names no place of them.
    pub advisories: Option<Endpoint>,
    /// Advisories that are not told again.
    pub ignored_advisories: Vec<IgnoredAdvisory>,
    /// Where short names are looked up before the index that is part of dgmo, the first first.
    pub indexes: Vec<IndexSource>,
    /// The home files by their path below the target folder.
    pub files: BTreeMap<TargetPath, FileEntry>,
    /// Variables of the environment.
    pub env: BTreeMap<VariableName, String>,
    /// Folders put on the search path behind the view's own, in order.
    pub path: Vec<String>,
    /// What it does besides being there: hooks, services, checks, state.
    pub conduct: Conduct,
    /// How old a version of a catalogue must be before it is taken anew.
    pub minimum_release_age: Option<Lapse>,
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
    /// Whether it must run wherever it is put: one that cannot is refused.
    pub relocatable: bool,
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
    /// A package that a catalogue offers.
    Named(NamedSource),
    /// A tool that an index knows by the package's name.
    Short(ShortSource),
}

/// A tool of an index, in a version that fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShortSource {
    /// Which versions will do; the newest release where nothing is said.
    pub version: Option<String>,
    /// The minisign key that must have signed it, in place of what the index says.
    pub minisign: Option<String>,
    /// Who must have signed it with cosign, in place of what the index says.
    pub cosign: Option<Cosign>,
}

impl ShortSource {
    /// The tool in a version, by whom the index says.
    pub fn of(version: String) -> Self {
        Self {
            version: Some(version),
            ..Self::default()
        }
    }

    /// Who must have signed it, where that is not left to the index.
    pub fn signer(&self) -> Option<String> {
        signer(self.minisign.as_ref(), self.cosign.as_ref())
    }
}

/// A package of a catalogue, in a version that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSource {
    /// Where it is offered, and as what.
    pub offer: Offer,
    /// Which versions will do; the newest release where nothing is said.
    pub version: Option<String>,
    /// Which file of a release, as a pattern: per system or for all. For forges only.
    pub asset: BTreeMap<DigestScope, String>,
    /// A minisign public key that must have signed that file. For forges and crates only.
    pub minisign: Option<String>,
    /// Who must have signed that file with cosign. For forges and crates only.
    pub cosign: Option<Cosign>,
    /// Parts of it that are asked for as well, in the one spelling of their names. For Python packages only.
    pub extras: Vec<String>,
    /// The Python it shall run with, such as `3.12`. For Python packages only.
    pub python: Option<String>,
    /// The tag, branch or commit, in place of a version. For git only.
    pub rev: Option<String>,
    /// The folder that is the package, in place of the whole. For git only.
    pub subdir: Option<String>,
    /// Whether what it needs is asked for too, where that is a choice: of git the submodules, of Debian's packages
    /// those they depend on.
    pub whole: bool,
}

impl NamedSource {
    /// The newest release, and nothing special of it.
    pub const fn of(offer: Offer) -> Self {
        Self {
            offer,
            version: None,
            asset: BTreeMap::new(),
            minisign: None,
            cosign: None,
            extras: Vec::new(),
            python: None,
            rev: None,
            subdir: None,
            whole: false,
        }
    }

    /// Who must have signed its file, as a lock says it.
    pub fn signer(&self) -> Option<String> {
        signer(self.minisign.as_ref(), self.cosign.as_ref())
    }
}

fn signer(minisign: Option<&String>, cosign: Option<&Cosign>) -> Option<String> {
    minisign.cloned().or_else(|| cosign.map(Cosign::to_string))
}

/// Where a catalogue is asked, where a manifest says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub url: String,
    /// Others that have the same bytes, tried in order when it fails.
    pub mirrors: Vec<String>,
    /// Which part of an archive. For Debian's kind only.
    pub suite: Option<String>,
    /// Which parts of that. For Debian's kind only.
    pub components: Vec<String>,
    /// The file of the keys that sign it. For Debian's kind only.
    pub key: Option<PathBuf>,
}

/// An advisory that somebody decided to live with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredAdvisory {
    /// Its name, or one it has in another database.
    pub id: String,
    /// Why it does no harm.
    pub reason: String,
    /// The moment from which it is told again.
    pub until: Option<Timestamp>,
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
    /// Who must have signed the bytes with cosign; the bundle is fetched from the address + `.sigstore.json`, or another
    /// ending of such.
    pub cosign: Option<Cosign>,
}

impl UrlSource {
    /// Who must have signed its bytes, as a lock says it.
    pub fn signer(&self) -> Option<String> {
        signer(self.minisign.as_ref(), self.cosign.as_ref())
    }
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
    /// Written `sha512:` and 128 hex digits.
    Sha512([u8; 64]),
}

/// Why a text does not say what bytes must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write `sha256:` or `b3:` and 64 hexadecimal digits, or `sha512:` and 128")]
pub struct ParseExpectedDigestError;

impl FromStr for ExpectedDigest {
    type Err = ParseExpectedDigestError;

    fn from_str(text: &str) -> Result<Self, ParseExpectedDigestError> {
        let (kind, digits) = text.split_once(':').ok_or(ParseExpectedDigestError)?;
        let digits = digits.to_ascii_lowercase();
        let digest = |digits: &str| Digest::from_hex(digits.as_bytes());
        let known = match kind {
            "b3" => digest(&digits).map(Self::Blake3),
            "sha256" => digest(&digits).map(|digest| Self::Sha256(*digest.as_bytes())),
            "sha512" => digits.split_at_checked(64).and_then(|(one, two)| {
                let mut bytes = [0; 64];
                bytes[..32].copy_from_slice(digest(one)?.as_bytes());
                bytes[32..].copy_from_slice(digest(two)?.as_bytes());
                Some(Self::Sha512(bytes))
            }),
            _ => None,
        };
        known.ok_or(ParseExpectedDigestError)
    }
}

impl fmt::Display for ExpectedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = |bytes: &[u8]| {
            let bytes = bytes.try_into().expect("half of 64 bytes are 32");
            Digest::from_bytes(bytes).hex()
        };
        match self {
            Self::Blake3(digest) => digest.fmt(f),
            Self::Sha256(bytes) => write!(f, "sha256:{}", half(bytes)),
            Self::Sha512(bytes) => {
                write!(f, "sha512:{}{}", half(&bytes[..32]), half(&bytes[32..]))
            }
        }
    }
}

impl Serialize for ExpectedDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ExpectedDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for ExpectedDigest {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ExpectedDigest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let pattern = "^((b3|sha256):[0-9a-fA-F]{64}|sha512:[0-9a-fA-F]{128})$";
        schemars::json_schema!({"type": "string", "pattern": pattern})
    }
}

impl Packing {
    /// Whether it is one program, compressed or not, and no archive.
    pub const fn is_program(self) -> bool {
        matches!(
            self,
            Self::Program | Self::Gz | Self::Xz | Self::Zst | Self::Bz2
        )
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

impl Packing {
    /// Its word, as `unpack:` has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Gz => "gz",
            Self::Xz => "xz",
            Self::Zst => "zst",
            Self::Bz2 => "bz2",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::TarXz => "tar.xz",
            Self::TarZst => "tar.zst",
            Self::TarBz2 => "tar.bz2",
            Self::Zip => "zip",
        }
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
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
