//! What a channel says of one build of a package.

use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::spec;

/// A record as it is in the list of a channel, and, with less in it, in our own index of that list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Raw {
    pub(super) name: String,
    version: String,
    build: String,
    #[serde(default)]
    build_number: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depends: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constrains: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp: Option<f64>,
    /// A text or a list; both were in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track_features: Option<Value>,
    /// The file, which in the list is the key of the record.
    #[serde(default)]
    pub(super) file: String,
}

/// One build of a package, understood.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) version: Version,
    pub(super) build: String,
    pub(super) number: u64,
    pub(super) depends: Vec<String>,
    pub(super) constrains: Vec<String>,
    pub(super) size: Option<u64>,
    /// Nothing where only older digests are told, which prove nothing any more.
    pub(super) digest: Option<ExpectedDigest>,
    pub(super) published: Option<Timestamp>,
    /// How many features it asks people to think twice about.
    pub(super) features: usize,
    /// `CHANNEL/linux-64/NAME-1.0-0.conda`
    pub(super) file: String,
}

/// The moment from which on a number is in milliseconds: the end of the year 9999 in seconds.
const LAST_SECOND: f64 = 253_402_300_799.0;

impl Record {
    /// Understands a record of the folder `place`; nothing where no package can be like that.
    pub(super) fn new(raw: Raw, place: &str) -> Option<Self> {
        if !is_file_name(&raw.file) || !is_build(&raw.build) {
            return None;
        }
        Some(Self {
            version: Version::parse(Scheme::Conda, &raw.version).ok()?,
            number: raw.build_number.unwrap_or(0),
            depends: raw.depends.unwrap_or_default(),
            constrains: raw.constrains.unwrap_or_default(),
            size: raw.size,
            digest: raw.sha256.and_then(|hex| digest(&hex)),
            published: raw.timestamp.map(moment),
            features: raw.track_features.as_ref().map_or(0, count),
            file: format!("{place}/{}", raw.file),
            build: raw.build,
        })
    }

    /// Whether it is packed in conda's own way and not as all were once.
    pub(super) fn is_packed_anew(&self) -> bool {
        self.file.strip_suffix(".conda").is_some()
    }

    /// How the build is told from others of its package.
    pub(super) fn spelled(&self) -> String {
        format!("{}={}", self.version, self.build)
    }
}

fn digest(hex: &str) -> Option<ExpectedDigest> {
    format!("sha256:{hex}").parse().ok()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number that is out of range becomes the nearest that is not"
)]
fn moment(number: f64) -> Timestamp {
    let seconds = if number > LAST_SECOND {
        number / 1000.0
    } else {
        number
    };
    Timestamp::from_seconds(seconds as u64)
}

fn count(features: &Value) -> usize {
    match features {
        Value::String(text) => text.split([' ', ',']).filter(|it| !it.is_empty()).count(),
        Value::Array(list) => list.len(),
        _ => 0,
    }
}

/// Whether a file in a channel can be called so.
pub(super) fn is_file_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+!".contains(&b);
    (name
        .strip_suffix(".conda")
        .or(name.strip_suffix(".tar.bz2")))
    .is_some_and(|stem| spec::is_name(&stem[..1.min(stem.len())]) && stem.bytes().all(plain))
}

fn is_build(build: &str) -> bool {
    !build.is_empty()
        && build
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Option<Record> {
        Record::new(serde_json::from_str(text).ok()?, "lab/noarch")
    }

    #[test]
    fn a_record_is_read_with_all_that_was_ever_written() {
        let old = r#"{"name":"a","version":"1!2.0","build":"0","build_number":7,"depends":[],"md5":"x","track_features":"one two","timestamp":1500000000,"file":"a-1!2.0-0.tar.bz2"}"#;
        let old = record(old).unwrap();
        assert_eq!(
            (old.features, old.number, old.digest.is_some()),
            (2, 7, false)
        );
        assert_eq!(old.published, Some(Timestamp::from_seconds(1_500_000_000)));
        let sha256 = "ab".repeat(32);
        let new = format!(
            r#"{{"name":"a","version":"2","build":"h1_0","depends":["b >=1"],"constrains":null,"sha256":"{sha256}","timestamp":1700000000123,"track_features":[],"license":"x","file":"a-2-h1_0.conda"}}"#
        );
        let new = record(&new).unwrap();
        assert_eq!(new.spelled(), "2=h1_0");
        assert_eq!(new.file, "lab/noarch/a-2-h1_0.conda");
        assert_eq!(new.published, Some(Timestamp::from_seconds(1_700_000_000)));
        assert!(new.digest.is_some());
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_record() {
        for (version, build, file) in [
            ("1", "0", "../a-1-0.conda"),
            ("1", "0", "a/b.conda"),
            ("1", "0", "a-1-0.zip"),
            ("1", "0", ".conda"),
            ("1", "a b", "a-1-0.conda"),
            ("", "0", "a-1-0.conda"),
        ] {
            let text = format!(
                r#"{{"name":"a","version":"{version}","build":"{build}","file":"{file}"}}"#
            );
            assert!(record(&text).is_none(), "{text}");
        }
    }
}
