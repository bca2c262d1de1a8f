//! Advisories in the OSV format, and which versions of a package they are about.
//!
//! ```json
//! {
//!   "id": "EX-2026-1", "aliases": ["CVE-2026-1"], "summary": "…",
//!   "affected": [{
//!     "package": { "ecosystem": "npm", "name": "tool" },
//!     "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": "1.2.3" }] }],
//!     "versions": ["1.0.0"]
//!   }],
//!   "database_specific": { "severity": "HIGH" }
//! }
//! ```

mod range;
mod severity;

pub use range::Event;
pub use range::Kind;
pub use range::Range;
pub use severity::Severity;

use serde::Deserialize;
use serde_json::Value;

use crate::version::Scheme;
use crate::version::Version;

/// One advisory. What is not said here is passed over.
#[derive(Debug, Clone, Deserialize)]
pub struct Advisory {
    /// Its name in its database.
    pub id: String,
    /// Its names in others.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is about, in a line.
    #[serde(default)]
    pub summary: String,
    /// When it was taken back, if it was.
    #[serde(default)]
    pub withdrawn: Option<String>,
    /// How bad it is, as vectors.
    #[serde(default)]
    severity: Vec<Score>,
    /// The packages it is about.
    #[serde(default)]
    pub affected: Vec<Affected>,
    /// What its database says besides.
    #[serde(default)]
    database_specific: Value,
}

/// A package that an advisory is about.
#[derive(Debug, Clone, Deserialize)]
pub struct Affected {
    /// Which; none where only a repository is named.
    #[serde(default)]
    pub package: Option<Package>,
    /// The ranges of versions it is about.
    #[serde(default)]
    pub ranges: Vec<Range>,
    /// Versions it is about, one by one.
    #[serde(default)]
    pub versions: Vec<String>,
    /// How bad it is for this package.
    #[serde(default)]
    severity: Vec<Score>,
    /// What the ecosystem says besides.
    #[serde(default)]
    ecosystem_specific: Value,
    /// What its database says besides.
    #[serde(default)]
    database_specific: Value,
}

/// A package by its name in an ecosystem.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Such as `npm` or `Debian:12`.
    pub ecosystem: String,
    /// Its name there.
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Score {
    #[serde(default)]
    score: String,
}

impl Advisory {
    /// How bad it is for one of its packages: what a word says goes before what a vector comes to.
    pub fn severity(&self, affected: &Affected) -> Severity {
        let said = [
            &affected.ecosystem_specific,
            &affected.database_specific,
            &self.database_specific,
        ];
        let words = said
            .into_iter()
            .filter_map(|it| it.get("severity")?.as_str());
        let by_word = words
            .map(Severity::of_word)
            .find(|it| *it != Severity::Unknown);
        let scores = affected.severity.iter().chain(&self.severity);
        let by_score = scores.map(|it| Severity::of_vector(&it.score)).max();
        by_word.or(by_score).unwrap_or(Severity::Unknown)
    }
}

impl Affected {
    /// Whether it is about this version.
    pub fn is_about(&self, version: &Version) -> bool {
        let scheme = version.scheme();
        let is_it = |text: &String| {
            text == version.as_str() || Version::parse(scheme, text).is_ok_and(|it| it == *version)
        };
        self.versions.iter().any(is_it)
            || self
                .ranges
                .iter()
                .any(|range| range.holds(version) == Some(true))
    }

    /// The nearest version after this one that is not affected any more.
    pub fn fixed_after(&self, version: &Version) -> Option<String> {
        let scheme: Scheme = version.scheme();
        let fixes = self.ranges.iter().filter(|it| it.kind != Kind::Git);
        let fixes = fixes.flat_map(|it| &it.events).filter_map(|it| match it {
            Event::Fixed(text) => Version::parse(scheme, text).ok(),
            _ => None,
        });
        let later = fixes.filter(|fixed| fixed > version);
        later.min().map(|fixed| fixed.to_string())
    }

    /// A range that cannot be told for these versions: it has one that is none of their kind.
    pub fn not_understood(&self, version: &Version) -> bool {
        self.ranges
            .iter()
            .any(|range| range.kind != Kind::Git && range.holds(version).is_none())
    }
}
