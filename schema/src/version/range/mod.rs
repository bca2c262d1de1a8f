//! Ranges: which versions of a package a requirement takes.
//!
//! There are two ways to write one. [`VersionRange::parse`] reads what stands in a manifest, one language for every
//! scheme, so that nobody has to know where a package comes from to say "14 and what is compatible with it".
//! [`VersionRange::parse_native`] reads what packages of an ecosystem say of each other, as that ecosystem does.
//!
//! | in a manifest | takes |
//! |---|---|
//! | `14`, `^14` | 14 and later with the same first number |
//! | `0.4`, `^0.4` | with the same first two; under npm's order `^0.0.3` holds all three, as npm has it |
//! | `2024.05`, `20240513` | the same year, from then on |
//! | `~1.7` | 1.7.x; `~1` is 1.x |
//! | `~=1.7.2` | 1.7.2 and later with the same numbers but the last |
//! | `=1.2.3` (also `==`) | this one |
//! | `1.2.*`, `1.2.x` | whatever begins with these numbers |
//! | `>=1.2 <2`, `>=1.2, <2`, `!=1.3` | all of them at once |
//! | `^1 \|\| ^3` | one of them |
//! | `*` | each |
//! | `latest` | the newest that is no pre-release |
//! | `beta`, `nightly`, `lts/iron` | what the source has under this name: a channel |
//!
//! **Pre-releases.** Releases and npm: one is taken only where the range names a pre-release of the same numbers.
//! Python: where the range names any, or, by [`VersionRange::best`], where nothing else fits. Conda: always, and the
//! best is a release where one fits. Debian: there are none.

mod comparator;
mod common;
mod conda;
mod debian;
mod interval;
mod npm;
mod pep440;
mod series;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;

use crate::version::Scheme;
use crate::version::Version;

pub use crate::version::range::interval::Interval;

use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;
use crate::version::reader::Fault;

/// Which versions a requirement takes.
#[derive(Debug, Clone)]
pub struct VersionRange {
    scheme: Scheme,
    text: String,
    wants: Wants,
}

#[derive(Debug, Clone)]
enum Wants {
    /// A word that the source knows the version of.
    Channel(String),
    /// One of these, and of it all.
    OneOf(Vec<Vec<Comparator>>),
    /// Those that are spelled like one of these.
    Among(BTreeSet<String>),
}

/// Whether pre-releases are taken without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prereleases {
    /// As the scheme has it: where the range names one.
    AsAsked,
    /// Like each other version.
    Taken,
}

/// Why a text is no range of versions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a range of versions: {why}, at character {}", self.column())]
pub struct RangeError {
    /// The text as given.
    pub text: String,
    /// The byte of the text at which reading it failed.
    pub at: usize,
    /// What is wrong there.
    pub why: String,
}

impl RangeError {
    /// The character of the text at which reading it failed; the first is 1.
    pub fn column(&self) -> usize {
        self.text
            .get(..self.at)
            .map_or(1, |before| before.chars().count() + 1)
    }
}

/// The channel each source has: its newest version that is no pre-release.
const LATEST: &str = "latest";

/// More would be an attack, not a range.
const LONGEST: usize = 4096;

impl VersionRange {
    /// Reads dgmo's own language, that of manifests.
    pub fn parse(scheme: Scheme, text: &str) -> Result<Self, RangeError> {
        Self::read(scheme, text, common::parse)
    }

    /// Reads the language packages of this ecosystem use among themselves. Releases have none; theirs is ours.
    pub fn parse_native(scheme: Scheme, text: &str) -> Result<Self, RangeError> {
        Self::read(scheme, text, |scheme, text| match scheme {
            Scheme::Release => common::parse(scheme, text),
            Scheme::Npm => npm::parse(text).map(Wants::OneOf),
            Scheme::Pep440 => pep440::parse(text).map(|set| Wants::OneOf(vec![set])),
            Scheme::Debian => debian::parse(text).map(Wants::OneOf),
            Scheme::Conda => conda::parse(text).map(Wants::OneOf),
        })
    }

    fn read(
        scheme: Scheme,
        text: &str,
        read: impl FnOnce(Scheme, &str) -> Result<Wants, Fault>,
    ) -> Result<Self, RangeError> {
        let text = text.trim();
        let wants = if text.len() > LONGEST {
            Err(Fault {
                at: LONGEST,
                why: format!("it is longer than {LONGEST} bytes"),
            })
        } else {
            read(scheme, text)
        };
        match wants {
            Ok(wants) => Ok(Self {
                scheme,
                text: text.to_owned(),
                wants,
            }),
            Err(Fault { at, why }) => Err(RangeError {
                text: text.to_owned(),
                at,
                why,
            }),
        }
    }

    /// The range that takes this version and no other.
    pub fn exactly(version: &Version) -> Self {
        let exact = Comparator {
            relation: Relation::Equal,
            version: version.clone(),
        };
        Self {
            scheme: version.scheme(),
            text: format!("={version}"),
            wants: Wants::OneOf(vec![vec![exact]]),
        }
    }

    /// What the source has under this name, whatever it looks like.
    pub fn channel_named(scheme: Scheme, name: &str) -> Self {
        Self {
            scheme,
            text: name.to_owned(),
            wants: Wants::Channel(name.to_owned()),
        }
    }

    /// The versions that are spelled so, shown as `text`: where what will do was found out by more than an order.
    pub fn among(scheme: Scheme, text: &str, spelled: impl IntoIterator<Item = String>) -> Self {
        Self {
            scheme,
            text: text.to_owned(),
            wants: Wants::Among(spelled.into_iter().collect()),
        }
    }

    /// What [`Self::among`] made, and one version more.
    #[must_use]
    pub fn with_another(&self, spelled: &str) -> Self {
        let mut range = self.clone();
        if let Wants::Among(all) = &mut range.wants {
            all.insert(spelled.to_owned());
        }
        range
    }

    /// Each version.
    pub fn any(scheme: Scheme) -> Self {
        Self {
            scheme,
            text: "*".to_owned(),
            wants: Wants::OneOf(vec![Vec::new()]),
        }
    }

    /// Whose versions it takes.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The range as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The word to ask the source for, where the range is one. `latest` is among them, and the only one that means
    /// something without asking.
    pub fn channel(&self) -> Option<&str> {
        match &self.wants {
            Wants::Channel(word) => Some(word),
            Wants::OneOf(_) | Wants::Among(_) => None,
        }
    }

    /// The version it names, where it takes no other.
    pub fn exact(&self) -> Option<&Version> {
        let Wants::OneOf(sets) = &self.wants else {
            return None;
        };
        match sets.as_slice() {
            [set] => match set.as_slice() {
                [
                    Comparator {
                        relation: Relation::Equal,
                        version,
                    },
                ] => Some(version),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it takes this version. A channel but `latest` takes none before its source has said what it is.
    pub fn matches(&self, version: &Version) -> bool {
        self.matches_with(version, Prereleases::AsAsked)
    }

    /// Whether it takes this version when pre-releases are treated so.
    pub fn matches_with(&self, version: &Version, prereleases: Prereleases) -> bool {
        if version.scheme() != self.scheme {
            return false;
        }
        let admitted = !version.is_prerelease() || prereleases == Prereleases::Taken;
        match &self.wants {
            Wants::Channel(word) => word == LATEST && admitted,
            Wants::Among(spelled) => spelled.contains(version.as_str()),
            Wants::OneOf(sets) => sets.iter().any(|set| {
                set.iter().all(|comparator| comparator.holds(version))
                    && (admitted || comparator::asks_for(set, self.scheme, version))
            }),
        }
    }

    /// The newest of these versions it takes.
    pub fn best<'a>(&self, versions: impl IntoIterator<Item = &'a Version>) -> Option<&'a Version> {
        let versions: Vec<&Version> = versions.into_iter().collect();
        let newest =
            |fits: &dyn Fn(&Version) -> bool| versions.iter().copied().filter(|v| fits(v)).max();
        match self.scheme {
            Scheme::Release | Scheme::Npm | Scheme::Debian => {
                newest(&|version| self.matches(version))
            }
            Scheme::Pep440 | Scheme::Conda => {
                let asked = self.names_prerelease();
                newest(&|version| self.matches(version) && (asked || !version.is_prerelease()))
                    .or_else(|| newest(&|version| self.matches_with(version, Prereleases::Taken)))
            }
        }
    }

    /// Whether a pre-release is named in it.
    pub fn names_prerelease(&self) -> bool {
        match &self.wants {
            Wants::Channel(_) | Wants::Among(_) => false,
            Wants::OneOf(sets) => sets.iter().flatten().any(Comparator::names_prerelease),
        }
    }

    /// Where the versions it takes lie: rising, apart from each other.
    ///
    /// Each version it takes is in one of them. What no order can say is not in it, like the rules about pre-releases;
    /// so that a version lies in one is not enough, and [`Self::matches`] has the last word.
    pub fn intervals(&self) -> Vec<Interval> {
        match &self.wants {
            Wants::Channel(word) if word == LATEST => vec![Interval::everything()],
            Wants::Channel(_) => Vec::new(),
            Wants::Among(spelled) => {
                let versions = spelled
                    .iter()
                    .filter_map(|text| Version::parse(self.scheme, text).ok());
                let points = versions.map(|version| Interval {
                    lower: Bound::Included(version.clone()),
                    upper: Bound::Included(version),
                });
                interval::union(points.collect())
            }
            Wants::OneOf(sets) => {
                interval::union(sets.iter().flat_map(|set| interval::of_set(set)).collect())
            }
        }
    }
}

/// As it was written.
impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
