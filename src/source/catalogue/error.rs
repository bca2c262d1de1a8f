//! Why a catalogue could not be asked, or does not have what is wanted.

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::system::System;

use super::super::FetchError;

/// Why a catalogue did not give what was wanted.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error("it is not said where `{catalogue}` is asked")]
    NoEndpoint {
        catalogue: Catalogue,
        /// The lines that say it.
        lines: String,
    },
    #[error("there is no `{offer}`")]
    NotOffered { offer: Offer, source: FetchError },
    #[error("there is no `{offer}` in {}", places.join(", "))]
    NotListed {
        offer: Offer,
        /// Where it was looked for.
        places: Vec<String>,
    },
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the answer of `{url}` is not understood: {why}")]
    Answer { url: String, why: String },
    #[error("`{}` {} has nothing for {}{}", of.offer, of.version, of.system, listed(seen))]
    NoFile {
        of: Box<BuildOf>,
        /// What there is.
        seen: Vec<String>,
    },
    #[error("{what} cannot be had for {system}: {why}")]
    NoBuild {
        /// The package, its version, and what it would run with.
        what: String,
        system: Box<System>,
        why: String,
    },
    #[error(
        "several files of `{}` {} may be meant for {}{}",
        of.offer, of.version, of.system, listed(candidates)
    )]
    Ambiguous {
        of: Box<BuildOf>,
        candidates: Vec<String>,
    },
    #[error("`{package}` is only for {only}, not for {system}")]
    OtherMachines {
        package: String,
        system: Box<System>,
        /// What it is for, in its publisher's words.
        only: String,
    },
    #[error("`{offer}` cannot be had whole: `{by}` needs `{needs}`, but {why}")]
    Dependency {
        offer: Box<Offer>,
        by: String,
        needs: String,
        why: String,
    },
    #[error("`{file}` has two digests beside it: {one} and {other}")]
    TwoDigests {
        file: String,
        one: String,
        other: String,
    },
}

/// What was looked for: one version of a package for one system.
#[derive(Debug)]
pub struct BuildOf {
    /// The package.
    pub offer: Offer,
    /// Its version.
    pub version: String,
    /// For which system.
    pub system: System,
}

/// The most names a message lists.
const MOST_LISTED: usize = 12;

fn listed(names: &[String]) -> String {
    let mut text = String::new();
    for name in names.iter().take(MOST_LISTED) {
        text.push_str("\n  ");
        text.push_str(name);
    }
    if names.len() > MOST_LISTED {
        text.push_str(&format!("\n  … and {} more", names.len() - MOST_LISTED));
    }
    if text.is_empty() {
        text
    } else {
        format!("; there are:{text}")
    }
}

impl Diagnose for CatalogueError {
    fn code(&self) -> Code {
        match self {
            Self::NoEndpoint { .. } => Code::CatalogueUnknown,
            Self::NotOffered { .. } | Self::NotListed { .. } => Code::NotOffered,
            Self::Fetch(error) => error.code(),
            Self::Answer { .. } => Code::CatalogueAnswer,
            Self::NoFile { .. } | Self::OtherMachines { .. } => Code::NoFileForSystem,
            Self::Dependency { .. } => Code::DependencyMissing,
            Self::NoBuild { .. } => Code::NoBuild,
            Self::Ambiguous { .. } => Code::FileAmbiguous,
            Self::TwoDigests { .. } => Code::FetchWrongDigest,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::NoEndpoint { lines, .. } => format!("write into `dgmo.yaml`:\n{lines}"),
            Self::NotOffered { .. } | Self::NotListed { .. } => {
                "correct its name in `dgmo.yaml`".to_owned()
            }
            Self::Fetch(_) => return None,
            Self::Answer { .. } => {
                "look whether `sources:` in `dgmo.yaml` names the right address".to_owned()
            }
            Self::NoFile { of, .. } => {
                let system = &of.system;
                format!("name one with `asset:`, or take `{system}` out of `systems:`")
            }
            Self::NoBuild { system, .. } => {
                format!(
                    "ask for another `version:` or `python:`, or take `{system}` out of `systems:`"
                )
            }
            Self::OtherMachines { system, .. } => {
                format!(
                    "take `{system}` out of `systems:` in `dgmo.yaml`, or ask for another version"
                )
            }
            Self::Dependency { .. } => {
                "ask for another version of the package in `dgmo.yaml`, or tell its publisher"
                    .to_owned()
            }
            Self::Ambiguous { .. } => {
                "name the one you mean with `asset:` in `dgmo.yaml`".to_owned()
            }
            Self::TwoDigests { .. } => {
                "ask its publisher which is right; do not use it until they agree".to_owned()
            }
        };
        Some(Hint::Do(text))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Fetch(error) => Some(error),
            // What helps against a refused address would lead away from the name.
            _ => None,
        }
    }
}
