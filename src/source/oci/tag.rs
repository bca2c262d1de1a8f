//! Tags: which are versions, which are variants of one, and which are names that lead somewhere else each day.
//!
//! ```text
//! 1.2  v1.2.3  2024.05  1.2-rc.1  1.2-r0     a version
//! 1.2-alpine  3.12-slim-bookworm             a variant: only who names it gets it
//! latest  stable  nightly-2024-05-01  3f2a1  a channel: only who names it gets it
//! sha256-….sig                               says something about another one: nothing
//! ```

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::RangeError;
use dgmo_schema::version::range::VersionRange;

/// The longest tag there can be.
const LONGEST: usize = 128;

/// What may follow a version's numbers and leave it one: how far it has come, and which build it is.
const STAGES: &[&str] = &[
    "a",
    "alpha",
    "b",
    "beta",
    "c",
    "cr",
    "dev",
    "ea",
    "m",
    "milestone",
    "p",
    "post",
    "pre",
    "preview",
    "r",
    "rc",
    "rev",
    "snapshot",
];

/// What a tag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Version,
    Variant,
    Channel,
    Nothing,
}

/// What `tag` is.
pub(super) fn kind(tag: &str) -> Kind {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if tag.is_empty()
        || tag.len() > LONGEST
        || !tag.bytes().all(plain)
        || tag.starts_with(['.', '-'])
        || tag.starts_with("sha256-")
        || tag.starts_with("sha512-")
    {
        return Kind::Nothing;
    }
    let body = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    if !body.starts_with(|c: char| c.is_ascii_digit()) || is_commit(tag) {
        return Kind::Channel;
    }
    let end = body.find(|c: char| !c.is_ascii_digit() && c != '.');
    let rest = end.map_or("", |at| &body[at..]);
    let words = rest
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty());
    let is_stage = |word: &str| STAGES.contains(&word.to_ascii_lowercase().as_str());
    if words.clone().count() <= 1 && words.clone().all(is_stage) {
        Kind::Version
    } else {
        Kind::Variant
    }
}

/// The beginning of a commit's id; a date in digits alone is none.
fn is_commit(tag: &str) -> bool {
    let is_hex = tag.len() >= 7
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let is_date = tag.bytes().all(|byte| byte.is_ascii_digit())
        && (tag.starts_with("19") || tag.starts_with("20"));
    is_hex && !is_date
}

/// Whether a text is a digest, and so names one thing for ever.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:");
    hex.is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// The versions that a requirement takes. A digest and a variant stand for themselves.
pub(crate) fn range(text: &str) -> Result<VersionRange, RangeError> {
    let text = text.trim();
    if (is_digest(text) || kind(text) == Kind::Variant)
        && let Ok(version) = Version::parse(Scheme::Release, text)
    {
        return Ok(VersionRange::exactly(&version));
    }
    VersionRange::parse(Scheme::Release, text)
}

/// The one tag that a requirement names, if it names one.
pub(super) fn named(requirement: Option<&str>) -> Option<&str> {
    let text = requirement?.trim();
    let text = text.trim_start_matches('=').trim_start();
    (kind(text) != Kind::Nothing || is_digest(text)).then_some(text)
}

/// Of tags that mean the same version, such as `1.2` and `v1.2.0`, one stands: the one that is asked for, else the one
/// that says most. What comes out is in falling order.
pub(super) fn versions(tags: &[String], asked: Option<&str>) -> Vec<Version> {
    let parsed = tags.iter().filter(|tag| kind(tag) == Kind::Version);
    let mut versions: Vec<Version> = parsed
        .filter_map(|tag| Version::parse(Scheme::Release, tag).ok())
        .collect();
    let weight = |version: &Version| {
        let text = version.as_str();
        let dots = text.matches('.').count();
        (asked == Some(text), dots, !text.starts_with(['v', 'V']))
    };
    versions.sort_by(|one, other| {
        let alike = || (weight(other), other.as_str()).cmp(&(weight(one), one.as_str()));
        other.cmp(one).then_with(alike)
    });
    versions.dedup();
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_apart() {
        for (tag, expected) in [
            ("1", Kind::Version),
            ("v1.2.3", Kind::Version),
            ("1.2-rc.1", Kind::Version),
            ("1.2.0-beta2", Kind::Version),
            ("1.2-r0", Kind::Version),
            ("1.2-3", Kind::Version),
            ("2024-05-01", Kind::Version),
            ("20240501", Kind::Version),
            ("1.2-alpine", Kind::Variant),
            ("1.2-rc1-alpine3.19", Kind::Variant),
            ("3.12-slim", Kind::Variant),
            ("1.2-linux-amd64", Kind::Variant),
            ("latest", Kind::Channel),
            ("stable-1.2", Kind::Channel),
            ("3f2a1b7", Kind::Channel),
            ("1234567", Kind::Channel),
            ("sha-3f2a1b7", Kind::Channel),
            ("sha256-e3b0c442.sig", Kind::Nothing),
            ("", Kind::Nothing),
            ("a/b", Kind::Nothing),
            (".x", Kind::Nothing),
            ("1 2", Kind::Nothing),
        ] {
            assert_eq!(kind(tag), expected, "{tag}");
        }
    }

    #[test]
    fn one_tag_stands_for_each_version() {
        let tags = ["1", "1.2", "v1.2.0", "1.2.0", "1.1.0", "1.2-slim", "latest"];
        let tags = tags.map(str::to_owned);
        let texts = |asked| -> Vec<String> {
            let versions = versions(&tags, asked);
            versions.iter().map(|it| it.as_str().to_owned()).collect()
        };
        assert_eq!(texts(None), ["1.2.0", "1.1.0", "1"]);
        assert_eq!(texts(Some("1.2")), ["1.2", "1.1.0", "1"]);
    }

    #[test]
    fn a_digest_and_a_variant_stand_for_themselves() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [digest.as_str(), "1.2-alpine", "3.12-slim-bookworm"] {
            let range = range(text).unwrap();
            assert_eq!(range.exact().map(Version::as_str), Some(text));
            assert_eq!(named(Some(text)), Some(text));
        }
        assert!(range("1.2").unwrap().exact().is_none());
        assert_eq!(range("stable").unwrap().channel(), Some("stable"));
        assert_eq!(named(Some("= 1.2")), Some("1.2"));
        assert_eq!(named(Some(">=1, <2")), None);
    }
}
