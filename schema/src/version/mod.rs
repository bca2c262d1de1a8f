//! Versions: one type, and in it the order of whichever ecosystem a version comes from.
//!
//! ```text
//! Scheme ──▶ Version       an order, and what equal means
//!        └─▶ VersionRange  which of them a requirement takes
//! ```
//!
//! Nothing here knows where versions come from. A text becomes a `Version` under a `Scheme`, keeps the
//! spelling of its source for ever, and is compared by what that ecosystem says, not by how it is spelled.

mod conda;
mod debian;
mod digits;
mod npm;
mod pep440;
mod reader;
mod release;

pub mod python;
pub mod range;

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hash;
use std::hash::Hasher;

use crate::version::digits::Digits;

/// Which order holds among versions, and which language ranges of them are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// What people name releases: `1.7.1`, `v2`, `jq-1.7.1`, `2024.05`, `3.0-rc.1`. Takes every word.
    Release,
    /// Semantic versioning as npm reads it.
    Npm,
    /// Python's, PEP 440.
    Pep440,
    /// Debian's: epoch, upstream version, revision.
    Debian,
    /// Conda's.
    Conda,
}

impl Scheme {
    /// How it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Npm => "npm",
            Self::Pep440 => "Python",
            Self::Debian => "Debian",
            Self::Conda => "conda",
        }
    }
}

/// One version, shown as its source wrote it and compared as its ecosystem does.
#[derive(Clone)]
pub struct Version {
    text: String,
    key: Key,
}

/// What versions are compared by. Each scheme's key is normal: equal versions have equal keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Release(release::Key),
    Npm(npm::Key),
    Pep440(pep440::Key),
    Debian(debian::Key),
    Conda(conda::Key),
}

/// Why a text is no version of a scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {} version: {why}", scheme.name())]
pub struct VersionError {
    /// The text as given.
    pub text: String,
    /// What it was meant to be.
    pub scheme: Scheme,
    /// What is wrong with it.
    pub why: String,
}

/// No ecosystem has longer ones; npm and Debian say so, the others never met one.
const LONGEST: usize = 256;

impl Version {
    /// Reads a version. Space around it is not part of it.
    pub fn parse(scheme: Scheme, text: &str) -> Result<Self, VersionError> {
        let text = text.trim();
        let parsed = if text.is_empty() {
            Err("it is empty".to_owned())
        } else if text.len() > LONGEST {
            Err(format!("it is longer than {LONGEST} bytes"))
        } else {
            match scheme {
                Scheme::Release => release::parse(text).map(Key::Release),
                Scheme::Npm => npm::parse(text).map(Key::Npm),
                Scheme::Pep440 => pep440::parse(text).map(Key::Pep440),
                Scheme::Debian => debian::parse(text).map(Key::Debian),
                Scheme::Conda => conda::parse(text).map(Key::Conda),
            }
        };
        match parsed {
            Ok(key) => Ok(Self {
                text: text.to_owned(),
                key,
            }),
            Err(why) => Err(VersionError {
                text: text.to_owned(),
                scheme,
                why,
            }),
        }
    }

    /// Whose version it is.
    pub fn scheme(&self) -> Scheme {
        match self.key {
            Key::Release(_) => Scheme::Release,
            Key::Npm(_) => Scheme::Npm,
            Key::Pep440(_) => Scheme::Pep440,
            Key::Debian(_) => Scheme::Debian,
            Key::Conda(_) => Scheme::Conda,
        }
    }

    /// The version as its source wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it comes before the release it is named for. An archive of Debian's offers no such versions:
    /// what it has is meant to be installed, whatever its name says.
    pub fn is_prerelease(&self) -> bool {
        match &self.key {
            Key::Release(key) => key.is_prerelease(),
            Key::Npm(key) => key.is_prerelease(),
            Key::Pep440(key) => key.is_prerelease(),
            Key::Debian(_) => false,
            Key::Conda(key) => key.is_prerelease(),
        }
    }

    /// The numbers it begins with, as they are written: of `v1.20-rc1` these are 1 and 20.
    fn numbers(&self) -> Vec<Digits> {
        match &self.key {
            Key::Release(_) => release::numbers(&self.text),
            Key::Npm(key) => key.numbers(),
            Key::Pep440(_) | Key::Conda(_) => {
                let text = self.text.trim_start_matches(['v', 'V']);
                digits::dotted(&text[self.epoch().len()..]).0
            }
            Key::Debian(_) => digits::dotted(&self.text[self.epoch().len()..]).0,
        }
    }

    /// What stands before the numbers and outranks them, with its mark: `2:` in Debian's, `1!` in Python's.
    fn epoch(&self) -> &str {
        let mark = match self.scheme() {
            Scheme::Release | Scheme::Npm => return "",
            Scheme::Pep440 | Scheme::Conda => '!',
            Scheme::Debian => ':',
        };
        let text = match self.scheme() {
            Scheme::Pep440 => self.text.trim_start_matches(['v', 'V']),
            _ => &self.text,
        };
        text.find(mark).map_or("", |at| &text[..=at])
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Within a scheme the ecosystem's order; versions of different schemes are in the order of the schemes, which
/// says nothing about them and keeps sorted collections sound.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}
