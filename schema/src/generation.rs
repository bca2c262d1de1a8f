//! What a generation is made of, and what is written beside it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::conduct::Conduct;
use crate::id::BlobId;
use crate::id::Digest;
use crate::id::GenerationId;
use crate::id::TreeId;
use crate::lapse::Lapse;
use crate::manifest::Method;
use crate::manifest::Mode;
use crate::manifest::Packing;
use crate::manifest::SecretSource;
use crate::name::Label;
use crate::name::PackageName;
use crate::name::TargetPath;
use crate::name::VariableName;
use crate::system::System;

/// The format of `record.json` and `generation.json`.
pub const FORMAT: u32 = 1;

/// A generation's number within its profile. They only go up; 0 is "before dgmo".
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct GenerationNumber(pub u64);

impl GenerationNumber {
    /// "Before dgmo": nothing installed, the target folder as it was.
    pub const ZERO: Self = Self(0);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for GenerationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for GenerationNumber {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// The canonical record. Its JSON, as [`Record::to_bytes`] writes it, hashes to the generation's id.
///
/// It holds no time, no host and no path of a machine, so the same manifest and lock give the same id everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`FORMAT`].
    pub format: u32,
    /// For which kind of machine it is.
    pub system: System,
    /// The packages by name.
    pub packages: BTreeMap<PackageName, RecordedPackage>,
    /// The home files by path.
    pub files: BTreeMap<TargetPath, RecordedFile>,
    /// The home files that are secrets: only where they come from. Left out where there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<TargetPath, RecordedSecret>,
    /// Variables of the environment.
    pub env: BTreeMap<VariableName, String>,
    /// Folders on the search path behind the view's own.
    pub path: Vec<String>,
    /// Hooks, services, checks and state. Left out where there are none, so older ids stay what they were.
    #[serde(default, skip_serializing_if = "Conduct::is_empty")]
    pub conduct: Conduct,
}

/// A package by what the lock knows of it before anything is fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedPackage {
    /// The version, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is.
    pub identity: Identity,
    /// Programs to show; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bin: Vec<String>,
    /// Who wins a clash.
    #[serde(default)]
    pub priority: i32,
}

/// What a package is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Identity {
    /// These bytes, unpacked this way.
    Fetched {
        /// Of the bytes as fetched.
        digest: Digest,
        /// How they are packed.
        unpack: Packing,
        /// How many leading folders are dropped.
        strip: u32,
        /// The name a single program gets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        program: Option<String>,
    },
    /// This tree.
    Tree(TreeId),
    /// What these pieces become: the digest of what the lock says of them.
    Pieces(Digest),
}

/// A home file, or a folder of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFile {
    /// What it holds.
    pub content: RecordedContent,
    /// The permission bits, where the manifest names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// How it gets to its place.
    pub method: Method,
}

/// A home file whose content is never written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSecret {
    /// Where it comes from.
    pub from: SecretSource,
    /// The permission bits, where the manifest names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

impl RecordedSecret {
    /// The permission bits the file gets: its owner's alone where nothing else is said.
    pub fn bits(&self) -> u32 {
        self.mode.map_or(0o600, |mode| mode.0)
    }
}

/// What a home file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordedContent {
    /// A file that nobody runs.
    File(BlobId),
    /// A file that can be run.
    Executable(BlobId),
    /// A folder.
    Folder(TreeId),
}

impl Record {
    /// The canonical bytes: compact JSON, fields in the order above, maps sorted by key.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record has only string keys")
    }

    /// The generation's id.
    pub fn id(&self) -> GenerationId {
        GenerationId(Digest::of(&self.to_bytes()))
    }
}

/// What is written beside a generation: `generation.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Generation {
    /// [`FORMAT`].
    pub format: u32,
    /// Its number.
    pub number: GenerationNumber,
    /// The digest of its record.
    pub id: GenerationId,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// The command that made it: `switch`, `add`, `remove`, `import`.
    pub made_from: String,
    /// The manifest it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
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
    /// Its packages, with the trees they became.
    pub packages: BTreeMap<PackageName, InstalledPackage>,
    /// How many home files it has.
    pub file_count: u64,
}

/// A package of a generation on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstalledPackage {
    /// The version, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its tree in the store.
    pub tree: TreeId,
}

/// A moment, to the second, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From seconds since 1970.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// So long before.
    #[must_use]
    pub const fn before(self, lapse: Lapse) -> Self {
        Self(self.0.saturating_sub(lapse.as_millis() / 1000))
    }

    /// Seconds since 1970.
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

impl From<SystemTime> for Timestamp {
    /// A time before 1970 becomes 1970.
    fn from(time: SystemTime) -> Self {
        Self(
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Past the year 9999 there is no spelling; no clock we can meet is there.
        let seconds = self.0.min(253_402_300_799);
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text)
            .map(Self::from)
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Record {
        Record {
            format: FORMAT,
            system: "x86_64-linux".parse().unwrap(),
            packages: BTreeMap::new(),
            files: BTreeMap::new(),
            secrets: BTreeMap::new(),
            env: BTreeMap::new(),
            path: Vec::new(),
            conduct: Conduct::default(),
        }
    }

    /// The bytes are a format: a change here changes the id of every generation there is.
    #[test]
    fn the_canonical_bytes_of_a_record_never_change() {
        let mut record = empty();
        record.packages.insert(
            "jq".parse().unwrap(),
            RecordedPackage {
                version: Some("1.7".to_owned()),
                identity: Identity::Tree(TreeId(Digest::of(b""))),
                bin: vec![],
                priority: 0,
            },
        );
        assert_eq!(
            String::from_utf8(record.to_bytes()).unwrap(),
            "{\"format\":1,\"system\":\"x86_64-linux\",\"packages\":{\"jq\":{\"version\":\"1.7\",\"identity\":\
             {\"tree\":\"b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262\"},\"priority\":0}},\
             \"files\":{},\"env\":{},\"path\":[]}"
        );
        assert_eq!(
            serde_json::from_slice::<Record>(&record.to_bytes()).unwrap(),
            record
        );
    }

    #[test]
    fn the_canonical_bytes_of_hooks_and_checks_never_change() {
        let mut record = empty();
        let command = |words: &[&str]| {
            let words = words.iter().map(ToString::to_string).collect();
            crate::conduct::CommandLine::try_from(Vec::<String>::clone(&words)).unwrap()
        };
        record
            .conduct
            .hooks
            .after_switch
            .push(crate::conduct::Hook {
                run: command(&["fc-cache", "-f"]),
                timeout: crate::conduct::Hook::TIMEOUT,
            });
        let http = crate::conduct::CheckKind::Http {
            url: "http://h/".to_owned(),
            status: None,
        };
        for (name, kind) in [
            ("exec", crate::conduct::CheckKind::Exec(command(&["true"]))),
            ("http", http),
        ] {
            let check = crate::conduct::HealthCheck::of(kind);
            record.conduct.checks.insert(name.parse().unwrap(), check);
        }
        let text = String::from_utf8(record.to_bytes()).unwrap();
        let conduct = text.split_once("\"conduct\":").unwrap().1;
        assert_eq!(
            conduct,
            "{\"hooks\":{\"after-switch\":[{\"run\":[\"fc-cache\",\"-f\"],\"timeout\":\"1m\"}]},\"checks\":{\
             \"exec\":{\"kind\":{\"exec\":[\"true\"]},\"required\":true,\"grace\":\"0s\",\"interval\":\"1s\",\
             \"timeout\":\"10s\",\"fail_after\":3,\"ok_after\":1},\
             \"http\":{\"kind\":{\"http\":{\"url\":\"http://h/\"}},\"required\":true,\"grace\":\"0s\",\
             \"interval\":\"1s\",\"timeout\":\"10s\",\"fail_after\":3,\"ok_after\":1}}}}"
        );
        assert_eq!(
            serde_json::from_slice::<Record>(&record.to_bytes()).unwrap(),
            record
        );
    }

    #[test]
    fn a_moment_reads_back() {
        let moment = Timestamp::from_seconds(1_795_000_800);
        let text = serde_json::to_string(&moment).unwrap();
        assert_eq!(text, "\"2026-11-18T11:20:00Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), moment);
    }
}
