//! Why a catalogue could not be asked, or does not have what is wanted.

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::system::System;

use super::super::FetchError;
use super::super::NoBinary;

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
    #[error("`{offer}` is not there, or not for us")]
    Denied {
        offer: Offer,
        /// Whom to log in to.
        registry: String,
        source: Box<FetchError>,
    },
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
    #[error(transparent)]
    NoBinary(Box<NoBinary>),
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
    #[error("`{program}` is not installed, and `{offer}` is asked for with it")]
    NoProgram {
        program: &'static str,
        offer: String,
    },
    #[error("`{program}` cannot {deed}{}", said_so(said))]
    Program {
        program: &'static str,
        /// What it was to do.
        deed: String,
        /// What it said; may be empty.
        said: String,
        /// What to run by hand to see more.
        by_hand: String,
    },
    #[error("`{url}` was to be believed until {until}")]
    Stale { url: String, until: Timestamp },
    #[error("`{offer}` does not have {what} any more")]
    Gone { offer: String, what: String },
    #[error("`{file}` has two digests beside it: {one} and {other}")]
    TwoDigests {
        file: String,
        one: String,
        other: String,
    },
    #[error("what the channel `{channel}` says of `{package}` cannot be had")]
    Shard {
        package: String,
        channel: String,
        source: Box<FetchError>,
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

fn said_so(said: &str) -> String {
    let lines = said.lines().map(|line| format!("\n  {line}"));
    match said {
        "" => String::new(),
        _ => format!(":{}", lines.collect::<String>()),
    }
}

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
            Self::NotOffered { .. } | Self::NotListed { .. } | Self::Gone { .. } => {
                Code::NotOffered
            }
            Self::NoProgram { .. } => Code::ProgramMissing,
            Self::Program { .. } => Code::FetchFailed,
            Self::Denied { source, .. } | Self::Shard { source, .. } => source.code(),
            Self::Fetch(error) => error.code(),
            Self::Answer { .. } | Self::Stale { .. } => Code::CatalogueAnswer,
            Self::NoFile { .. } | Self::OtherMachines { .. } => Code::NoFileForSystem,
            Self::Dependency { .. } => Code::DependencyMissing,
            Self::NoBuild { .. } | Self::NoBinary(_) => Code::NoBuild,
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
            Self::Denied { registry, .. } => format!(
                "log in with `docker login {registry}` or `podman login {registry}`, or correct its name in \
                 `dgmo.yaml`"
            ),
            Self::Fetch(_) => return None,
            Self::NoProgram { program, .. } => {
                format!("install `{program}`, or put its folder on `PATH`")
            }
            Self::Program { by_hand, .. } => format!("look whether `{by_hand}` works"),
            Self::Stale { .. } => {
                "ask another mirror: who serves it may hold back what is newer; or set the clock"
                    .to_owned()
            }
            Self::Gone { .. } => {
                "ask for another version in `dgmo.yaml`, or run `dgmo update`".to_owned()
            }
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
            Self::NoBinary(none) => {
                let NoBinary { name, version, .. } = &**none;
                format!(
                    "look for the tool in another catalogue, or build it and use the folder: \
                     `cargo install {name} --version {version} --root DIR`, then `path: DIR`"
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
            Self::Shard { .. } => {
                "run the command again in a while: its list and its shards may come from two days; if it stays so, \
                 tell who runs the channel"
                    .to_owned()
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
