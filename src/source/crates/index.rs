//! A sparse index: one small file for each crate, with a line for each version.

use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use serde::Deserialize;

/// The most lines that are read: no crate has a tenth of it.
const MOST: usize = 100_000;

/// What an index says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Config {
    /// Where crates are.
    dl: String,
    /// Whether it wants to know who asks.
    #[serde(default, rename = "auth-required")]
    pub(super) wants_token: bool,
}

/// One version of a crate.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) version: Version,
    pub(super) digest: ExpectedDigest,
    pub(super) is_yanked: bool,
    pub(super) published: Option<Timestamp>,
}

/// Where a crate's file is, below the index.
pub(super) fn path(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    format!("{}/{lower}", prefix(&lower))
}

fn prefix(name: &str) -> String {
    match name.len() {
        0 | 1 => "1".to_owned(),
        2 => "2".to_owned(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

impl Config {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// Where the bytes of a version are.
    pub(super) fn address(&self, name: &str, version: &str, digest: &ExpectedDigest) -> String {
        let marks = [
            ("{crate}", name.to_owned()),
            ("{version}", version.to_owned()),
            ("{prefix}", prefix(name)),
            ("{lowerprefix}", prefix(&name.to_ascii_lowercase())),
            ("{sha256-checksum}", hex(digest)),
        ];
        if !marks.iter().any(|(mark, _)| self.dl.contains(mark)) {
            return format!(
                "{}/{name}/{version}/download",
                self.dl.trim_end_matches('/')
            );
        }
        marks
            .iter()
            .fold(self.dl.clone(), |url, (mark, text)| url.replace(mark, text))
    }
}

fn hex(digest: &ExpectedDigest) -> String {
    let text = digest.to_string();
    text.split_once(':')
        .map_or(String::new(), |(_, hex)| hex.to_owned())
}

/// The versions of a file. A line that is not understood is passed over, as cargo does with those of its future.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Vec<Entry>, String> {
    #[derive(Deserialize)]
    struct Line {
        name: String,
        vers: String,
        cksum: String,
        #[serde(default)]
        yanked: Option<bool>,
        #[serde(default)]
        pubtime: Option<Timestamp>,
    }
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut seen = 0;
    let mut entries = Vec::new();
    for line in lines.take(MOST) {
        seen += 1;
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            continue;
        };
        let (Ok(version), Ok(digest)) = (
            Version::parse(Scheme::Npm, &line.vers),
            format!("sha256:{}", line.cksum).parse(),
        ) else {
            continue;
        };
        if line.name.eq_ignore_ascii_case(name) {
            entries.push(Entry {
                version,
                digest,
                is_yanked: line.yanked.unwrap_or_default(),
                published: line.pubtime,
            });
        }
    }
    if entries.is_empty() && seen > 0 {
        return Err("none of its lines is understood".to_owned());
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_crate_lies_where_cargo_looks_for_it() {
        for (name, expected) in [
            ("a", "1/a"),
            ("ab", "2/ab"),
            ("abc", "3/a/abc"),
            ("Fd-Find", "fd/-f/fd-find"),
        ] {
            assert_eq!(path(name), expected);
        }
        let digest = format!("sha256:{SUM}").parse().unwrap();
        for (dl, address) in [
            (
                "https://e.org/api/",
                "https://e.org/api/Fd-Find/1.0.0/download",
            ),
            (
                "https://e.org/{crate}/{version}",
                "https://e.org/Fd-Find/1.0.0",
            ),
            (
                "https://e.org/{lowerprefix}/{prefix}",
                "https://e.org/fd/-f/Fd/-F",
            ),
        ] {
            let config = Config {
                dl: dl.to_owned(),
                wants_token: false,
            };
            assert_eq!(config.address("Fd-Find", "1.0.0", &digest), address);
        }
    }

    #[test]
    fn lines_of_other_times_are_passed_over() {
        let text = format!(
            "{{\"name\":\"x\",\"vers\":\"1.0.0\",\"cksum\":\"{SUM}\",\"yanked\":true}}\n\
             {{\"name\":\"x\",\"vers\":\"1.1.0\",\"cksum\":\"{SUM}\",\"pubtime\":\"2025-01-02T03:04:05Z\"}}\n\n\
             {{\"from\":\"the future\"}}\n{{\"name\":\"x\",\"vers\":\"odd\",\"cksum\":\"{SUM}\"}}\n\
             {{\"name\":\"y\",\"vers\":\"9.0.0\",\"cksum\":\"{SUM}\"}}\n"
        );
        let entries = read("x", text.as_bytes()).unwrap();
        let texts: Vec<_> = entries
            .iter()
            .map(|it| (it.version.as_str(), it.is_yanked))
            .collect();
        assert_eq!(texts, [("1.0.0", true), ("1.1.0", false)]);
        assert!(entries[1].published.is_some());
        assert!(read("x", b"<html>").is_err());
        assert!(read("x", b"\xff").is_err());
        assert!(read("x", b"").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), name in "[a-zA-Z0-9_-]{0,8}") {
            drop(read(&name, &bytes));
            drop(Config::read(&bytes));
            path(&name);
        }
    }
}
