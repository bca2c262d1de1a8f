//! What a registry tells of a package: its versions, and what each of them needs and holds.
//!
//! Such a document may have ten million bytes. It is read once for the versions; of one that is taken, what it needs is
//! read from the place in the text where that stands.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;

use super::manifest::Manifest;
use super::spec::Wants;

/// A package, as a registry tells it.
pub(super) struct Packument {
    /// Its name.
    pub(super) name: String,
    text: Vec<u8>,
    /// Its versions, rising.
    pub(super) entries: Vec<Entry>,
    /// Names for some of them.
    pub(super) tags: BTreeMap<String, String>,
}

/// One version, as far as is needed to choose one.
pub(super) struct Entry {
    pub(super) version: Version,
    /// Whether its publisher advises against it.
    pub(super) is_deprecated: bool,
    pub(super) published: Option<Timestamp>,
    /// Where in the text stands what follows its name, if the name stands there as it is.
    after_name: Option<usize>,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(default, rename = "dist-tags")]
    tags: BTreeMap<String, Value>,
    #[serde(default, borrow)]
    versions: BTreeMap<Cow<'a, str>, Brief>,
    #[serde(default)]
    time: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Brief {
    #[serde(default)]
    deprecated: Value,
}

impl Packument {
    /// Reads `text`; else what is wrong with it.
    pub(super) fn read(name: &str, text: Vec<u8>) -> Result<Self, serde_json::Error> {
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(serde::de::Error::custom("it is no object"));
        }
        let whole: Whole<'_> = serde_json::from_slice(&text)?;
        let entries = whole.versions.iter().filter_map(|(version, brief)| {
            Some(Entry {
                version: Version::parse(Scheme::Npm, version).ok()?,
                is_deprecated: !matches!(brief.deprecated, Value::Null | Value::Bool(false)),
                published: whole.time.get(&**version).and_then(moment),
                after_name: match version {
                    Cow::Borrowed(name) => place_after(&text, name),
                    Cow::Owned(_) => None,
                },
            })
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by(|one, other| one.version.cmp(&other.version));
        let tags = whole
            .tags
            .into_iter()
            .filter_map(|(tag, version)| match version {
                Value::String(version) => Some((tag, version)),
                _ => None,
            });
        let tags = tags.collect();
        Ok(Self {
            name: name.to_owned(),
            entries,
            tags,
            text,
        })
    }

    /// The version to take of those that will do, as npm chooses: the one its publisher means people to have where it
    /// fits, else the newest, and one that is advised against only where no other fits.
    pub(super) fn pick(&self, wants: &Wants, not_after: Option<Timestamp>) -> Option<&Version> {
        let may_be_taken = |entry: &&Entry| match not_after {
            Some(limit) => entry.published.is_some_and(|published| published <= limit),
            None => true,
        };
        let usable = || self.entries.iter().rev().filter(may_be_taken);
        let tagged = |tag: &str| {
            let text = self.tags.get(tag)?;
            usable().find(|entry| entry.version.as_str() == text)
        };
        let range = match wants {
            Wants::Tag(tag) => return tagged(tag).map(|entry| &entry.version),
            Wants::Range(range) => Some(range),
            Wants::Any => None,
        };
        let fits = |entry: &&Entry| match range {
            Some(range) => range.matches(&entry.version),
            None => !entry.version.is_prerelease(),
        };
        let any = |entry: &&Entry| range.is_none() || fits(entry);
        let latest = tagged("latest")
            .filter(any)
            .filter(|entry| !entry.is_deprecated);
        let newest = || usable().filter(fits).find(|entry| !entry.is_deprecated);
        let found = latest.or_else(newest).or_else(|| usable().find(fits));
        found
            .or_else(|| usable().find(any))
            .map(|entry| &entry.version)
    }

    /// What `version` needs and holds, if there is such a version.
    pub(super) fn manifest(&self, version: &Version) -> Option<Manifest> {
        let is_it = |entry: &&Entry| entry.version.as_str() == version.as_str();
        let entry = self.entries.iter().find(is_it)?;
        let value = match entry.after_name {
            Some(at) => value_after_name(&self.text[at..]),
            None => self.looked_up(version),
        };
        Some(Manifest::read(&self.name, version, &value?))
    }

    /// Reads all of the text for it: its name is written with escapes.
    fn looked_up(&self, version: &Version) -> Option<Value> {
        let mut reader = serde_json::Deserializer::from_slice(&self.text);
        let found = Of {
            key: "versions",
            then: Of {
                key: version.as_str(),
                then: Plain,
            },
        };
        found.deserialize(&mut reader).ok()??
    }
}

/// Where in `text` its part `name` ends.
fn place_after(text: &[u8], name: &str) -> Option<usize> {
    let start = name.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let end = start + name.len();
    (text.get(start..end)? == name.as_bytes()).then_some(end)
}

/// The value that follows the closing quote and the colon of a name.
fn value_after_name(text: &[u8]) -> Option<Value> {
    let text = text.strip_prefix(b"\"")?.trim_ascii_start();
    let text = text.strip_prefix(b":")?;
    Value::deserialize(&mut serde_json::Deserializer::from_slice(text)).ok()
}

/// A moment as registries write it.
fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let text = match text.strip_suffix("+00:00") {
        Some(rest) => format!("{rest}Z"),
        None => text.to_owned(),
    };
    serde_json::from_value(Value::String(text)).ok()
}

/// Reads the value of one key of an object, and passes over the others.
#[derive(Clone, Copy)]
struct Of<'k, S> {
    key: &'k str,
    then: S,
}

/// Reads a value as it is.
#[derive(Clone, Copy)]
struct Plain;

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for Of<'_, S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for Of<'_, S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == self.key {
                found = Some(map.next_value_seed(self.then)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::version::range::VersionRange;

    use super::*;

    const TEXT: &str = r#"{"name":"a","dist-tags":{"latest":"1.2.0","next":"2.0.0-rc.1","odd":3},
        "time":{"created":"2020-01-01T00:00:00.000Z","1.2.0":"2024-12-02T18:34:35.216000+00:00","1.1.0":"2024-01-01T00:00:00.000Z","1.3.0":7},
        "versions":{"1.10.0":{"deprecated":"broken"},"1.1.0":{"deprecated":false},"1.2.0":{"name":"a","dist":{}},"1.3.0":{},
        "2.0.0-rc.1":{},"no version":{}}}"#;

    fn range(text: &str) -> Wants {
        Wants::Range(VersionRange::parse_native(Scheme::Npm, text).unwrap())
    }

    #[test]
    fn a_version_is_taken_as_npm_takes_it() {
        let packument = Packument::read("a", TEXT.into()).unwrap();
        assert_eq!(packument.entries.len(), 5);
        let day = |text: &str| moment(&Value::String(text.to_owned()));
        for (wants, limit, picked) in [
            (range("^1"), None, Some("1.2.0")),
            (range("<1.2"), None, Some("1.1.0")),
            (range(">1.2"), None, Some("1.3.0")),
            (range("^1.9"), None, Some("1.10.0")),
            (range("^3"), None, None),
            (range("^2.0.0-rc"), None, Some("2.0.0-rc.1")),
            (range("^2"), None, None),
            (Wants::Any, None, Some("1.2.0")),
            (Wants::Tag("next".to_owned()), None, Some("2.0.0-rc.1")),
            (Wants::Tag("odd".to_owned()), None, None),
            (range("^1"), day("2024-06-01T00:00:00Z"), Some("1.1.0")),
            (range("^1"), day("2019-06-01T00:00:00Z"), None),
        ] {
            let found = packument.pick(&wants, limit).map(Version::as_str);
            assert_eq!(found, picked, "{wants:?}");
        }
    }

    #[test]
    fn what_a_version_needs_is_read_where_it_stands() {
        let plain = r#"{"versions": {"1.1.0":{"dependencies":{"x":"1"}}, "1.2.0" : {"dependencies":{"y":"2"}}}}"#;
        let escaped = plain.replace("1.2.0", "1.\\u0032.0");
        for text in [plain, &escaped] {
            let packument = Packument::read("a", text.into()).unwrap();
            for (version, needs) in [("1.1.0", "x"), ("1.2.0", "y")] {
                let version = Version::parse(Scheme::Npm, version).unwrap();
                let manifest = packument.manifest(&version).unwrap();
                let names: Vec<_> = manifest.needs.keys().collect();
                assert_eq!(names, [needs], "{text}");
            }
        }
    }

    #[test]
    fn whatever_a_server_sends_is_an_error_or_nothing() {
        let version = Version::parse(Scheme::Npm, "1.2.0").unwrap();
        let deep = "[".repeat(10_000);
        for text in [
            "",
            "[]",
            "{",
            "{\"versions\":[]}",
            "{\"versions\":{\"1.0.0\":3}}",
            "null",
            &deep,
        ] {
            assert!(Packument::read("a", text.into()).is_err(), "{text}");
        }
        for text in [
            "{}",
            "{\"versions\":{}}",
            r#"{"time":{"unpublished":{"x":1}},"dist-tags":{"latest":null}}"#,
        ] {
            let packument = Packument::read("a", text.into()).unwrap();
            assert!(packument.pick(&Wants::Any, None).is_none());
            assert!(packument.manifest(&version).is_none());
        }
    }
}
