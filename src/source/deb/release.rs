//! What an archive signs of a suite: which lists there are, what each hashes to, and until when it is to be believed.

use std::collections::BTreeMap;

use dgmo_schema::event::Event;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;

use super::control;
use super::keys;
use super::keys::Signed;
use super::sources::Archive;
use super::sources::Keys;
use crate::clock::Clock;
use crate::source::CatalogueError;
use crate::source::Downloads;
use crate::source::Expected;
use crate::source::FetchError;
use crate::source::Request;

/// What is signed of a suite.
#[derive(Debug, Clone, Default)]
pub(super) struct Release {
    names: Vec<String>,
    valid_until: Option<Timestamp>,
    /// Whether lists are also at addresses made of their digests.
    pub(super) by_hash: bool,
    /// Whether the lists of an architecture have what is for all of them too, and theirs is none or not to be asked.
    pub(super) has_no_list_for_all: bool,
    /// By path: how many bytes, and their SHA-256.
    pub(super) files: BTreeMap<String, (u64, [u8; 32])>,
}

/// Asks for it, and believes it if it is signed, of the suite that was asked for, and not stale.
pub(super) fn ask(archive: &Archive, downloads: &Downloads<'_>) -> Result<Release, CatalogueError> {
    let urls = archive.at("InRelease");
    let url = super::super::redacted(&urls[0]);
    let text = text(archive, downloads, urls)?;
    let release = parse(&String::from_utf8_lossy(&text));
    let suite = archive.suite.trim_end_matches('/');
    let is_flat = archive.suite.ends_with('/');
    if !is_flat && !release.names.iter().any(|name| name == suite) {
        let names = release.names.join("`, `");
        return Err(CatalogueError::Answer {
            url,
            why: format!("it is of the suite `{names}` and not of `{suite}`"),
        });
    }
    match release.valid_until {
        Some(until) if !archive.never_stale && Clock::from_environment().now() > until => {
            Err(CatalogueError::Stale { url, until })
        }
        _ => Ok(release),
    }
}

fn text(
    archive: &Archive,
    downloads: &Downloads<'_>,
    urls: Vec<String>,
) -> Result<Vec<u8>, CatalogueError> {
    let url = super::super::redacted(&urls[0]);
    let document = |urls: Vec<String>| downloads.document(&request(urls, &archive.suite));
    let beside = || -> Result<Vec<u8>, CatalogueError> {
        let release = document(archive.at("Release"))?;
        if archive.keys == Keys::Trusted {
            return Ok(release);
        }
        let signature = document(archive.at("Release.gpg"))?;
        keys::believed(&Signed::Beside(&release, &signature), &archive.keys, &url)
    };
    if archive.keys == Keys::Trusted {
        let text = format!("`{url}` is not checked: its source is `trusted`");
        downloads.observer().observe(Event::Warning(text));
        return beside();
    }
    match document(urls) {
        Ok(text) => keys::believed(&Signed::Around(&text), &archive.keys, &url),
        Err(error) if error.says_absent() || matches!(error, FetchError::Local { .. }) => beside(),
        Err(error) => Err(error.into()),
    }
}

/// Something of an archive at several places.
pub(super) fn request(mut urls: Vec<String>, what: &str) -> Request {
    let mirrors = urls.split_off(1);
    let mut request = Request::new(what, urls.remove(0), Expected::default());
    request.mirrors = mirrors;
    request
}

fn parse(text: &str) -> Release {
    let stanza = control::stanzas(text)
        .into_iter()
        .next()
        .unwrap_or_default();
    let field = |name: &str| stanza.get(name).map(String::as_str).unwrap_or_default();
    let names = [field("suite"), field("codename")].into_iter();
    let mut files = BTreeMap::new();
    for line in field("sha256").lines() {
        let mut words = line.split_whitespace();
        if let (Some(digest), Some(size), Some(path)) = (words.next(), words.next(), words.next())
            && let (Some(digest), Ok(size)) = (Digest::from_hex(digest.as_bytes()), size.parse())
        {
            files.insert(path.to_owned(), (size, *digest.as_bytes()));
        }
    }
    let architectures = field("architectures");
    let mut no_all = field("no-support-for-architecture-all").split_whitespace();
    let has_all =
        architectures.is_empty() || architectures.split_whitespace().any(|it| it == "all");
    Release {
        names: names
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect(),
        valid_until: moment(field("valid-until")),
        by_hash: field("acquire-by-hash") == "yes",
        has_no_list_for_all: !has_all || no_all.any(|word| word == "Packages"),
        files,
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Sat, 10 Jan 2026 12:00:00 UTC`. A date that is none counts as long past.
fn moment(text: &str) -> Option<Timestamp> {
    if text.is_empty() {
        return None;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let read = || {
        let [_, day, month, year, time, zone] = words[..] else {
            return None;
        };
        let month = MONTHS.iter().position(|name| *name == month)? + 1;
        let is_utc = matches!(zone, "UTC" | "GMT" | "Z" | "+0000");
        let day: u32 = day.parse().ok()?;
        let text = format!("\"{year}-{month:02}-{day:02}T{time}Z\"");
        is_utc.then(|| serde_json::from_str(&text).ok())?
    };
    Some(read().unwrap_or(Timestamp::from_seconds(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_read() {
        let hex = "ab".repeat(32);
        let text = format!(
            "Suite: stable\nCodename: bookworm\nAcquire-By-Hash: yes\nValid-Until: Sat, 10 Jan 2026 12:00:00 UTC\n\
             MD5Sum:\n 00 1 x\nSHA256:\n {hex} 12 main/binary-amd64/Packages.xz\n short 1 y\n"
        );
        let release = parse(&text);
        assert_eq!(release.names, ["stable", "bookworm"]);
        assert!(release.by_hash);
        assert_eq!(release.files.len(), 1);
        assert_eq!(release.files["main/binary-amd64/Packages.xz"].0, 12);
        assert_eq!(
            release.valid_until.unwrap().to_string(),
            "2026-01-10T12:00:00Z"
        );
        assert_eq!(moment("soon"), Some(Timestamp::from_seconds(0)));
        assert_eq!(moment(""), None);
    }

    #[test]
    fn a_list_for_all_architectures_is_asked_only_where_it_is_supported() {
        let has_none = |text: &str| parse(text).has_no_list_for_all;
        assert!(!has_none("Suite: s\n"));
        assert!(!has_none("Suite: s\nArchitectures: all amd64 arm64\n"));
        assert!(has_none("Suite: s\nArchitectures: amd64 arm64\n"));
        let kept =
            "Suite: s\nArchitectures: all amd64\nNo-Support-for-Architecture-all: Packages\n";
        assert!(has_none(kept));
    }
}
