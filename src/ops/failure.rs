//! Why an operation failed: whatever error the rooms below gave, with its code.

use std::fmt;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::code::Place;
use serde::Serialize;

/// An error on its way to the person who asked.
pub struct Failure {
    error: Box<dyn Diagnose + Send + Sync>,
    /// What was done and taken back, for programs.
    report: Option<serde_json::Value>,
}

/// What an operation gives.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// The error itself.
    pub fn error(&self) -> &(dyn Diagnose + Send + Sync + 'static) {
        &*self.error
    }

    /// The same, for a change that was made and taken back; `report` tells of both.
    #[must_use]
    pub fn taken_back(mut self, report: &impl Serialize) -> Self {
        self.report = Some(serde_json::to_value(report).expect("a report has string keys"));
        self
    }

    /// What was made and taken back, where something was.
    pub fn report(&self) -> Option<&serde_json::Value> {
        self.report.as_ref()
    }

    /// Whether more room on the disk would help.
    pub fn is_about_room(&self) -> bool {
        matches!(self.code(), Code::DiskFull | Code::StoreFull)
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.error.code()
    }
}

impl<E: Diagnose + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: Box::new(error),
            report: None,
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.error)
    }
}

/// What an operation itself finds wrong.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    #[error("there is no manifest in this folder, above it, or in `~/.config/dgmo`")]
    NoManifest,
    #[error(
        "the lock `{lock}` does not fit the manifest, and is to stay as it is{}",
        list(changes)
    )]
    LockOutOfDate { lock: String, changes: Vec<String> },
    #[error("the manifest does not cover this machine: `{system}` is not in its `systems`")]
    SystemNotCovered {
        system: String,
        place: Option<Place>,
    },
    #[error("`{path}` is there already")]
    ManifestExists { path: String },
    #[error("generation {number} is {why}")]
    CannotPrune { number: u64, why: &'static str },
    #[error("generation {number} is in use{}", by_whom(by))]
    GenerationHeld { number: u64, by: Vec<String> },
    #[error(
        "the current generation of profile `{profile}` was made from `{manifest}`; a project has a profile of its own"
    )]
    ManifestOfProfile { manifest: String, profile: String },
    #[error("there is nothing before generation 0")]
    NothingBefore,
    #[error("you did not agree, so nothing was changed")]
    Declined,
    #[error("`{command}` asks first, and there is nobody to ask; nothing was changed")]
    NobodyAgreed { command: &'static str },
    #[error("the target folder of the profile `{profile}` is `{held}`, not `{asked}`")]
    OtherTarget {
        profile: String,
        held: String,
        asked: String,
    },
    #[error("`{path}` is {what}, not a file")]
    NotAFile { path: String, what: &'static str },
    #[error("there is no `{path}` in the tree")]
    NotInTree { path: String },
    #[error("this dgmo was built without its browser")]
    NoBrowser,
    #[error("there is no pin `{name}`")]
    NoSuchPin { name: String },
    #[error("generation {generation} has no check `{name}`")]
    NoSuchCheck { name: String, generation: u64 },
    #[error("cannot {deed} `{path}`")]
    Io {
        deed: &'static str,
        path: String,
        source: std::io::Error,
    },
    #[error("{what}")]
    Usage { what: String, hint: String },
}

fn by_whom(by: &[String]) -> String {
    if by.is_empty() {
        String::new()
    } else {
        format!(" by {}", by.join(", "))
    }
}

fn list(changes: &[String]) -> String {
    changes
        .iter()
        .map(|change| format!("\n  {change}"))
        .collect()
}

impl OpError {
    /// For `map_err`: what could not be done with `path`.
    pub fn io(deed: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io { deed, path, source }
    }
}

impl OpError {
    /// The question could not be asked.
    pub fn ask(source: std::io::Error) -> Self {
        Self::Io {
            deed: "ask at",
            path: "the terminal".to_owned(),
            source,
        }
    }

    /// What was asked for could not be printed.
    pub fn stdout(source: std::io::Error) -> Self {
        Self::Io {
            deed: "print to",
            path: "stdout".to_owned(),
            source,
        }
    }
}

impl Diagnose for OpError {
    fn code(&self) -> Code {
        match self {
            Self::NoManifest => Code::ManifestMissing,
            Self::LockOutOfDate { .. } => Code::LockOutOfDate,
            Self::SystemNotCovered { .. } => Code::SystemNotCovered,
            Self::ManifestExists { .. } => Code::ManifestExists,
            Self::CannotPrune { .. } => Code::CannotPrune,
            Self::GenerationHeld { .. } => Code::GenerationHeld,
            Self::ManifestOfProfile { .. } => Code::ManifestOfProfile,
            Self::NothingBefore => Code::GenerationMissing,
            Self::Declined | Self::NobodyAgreed { .. } => Code::Declined,
            Self::OtherTarget { .. } => Code::OtherTarget,
            Self::NotAFile { .. } => Code::NotAFile,
            Self::NotInTree { .. } => Code::NotInTree,
            Self::NoBrowser => Code::BrowseUnavailable,
            Self::NoSuchPin { .. } => Code::NoSuchPin,
            Self::NoSuchCheck { .. } => Code::NoSuchCheck,
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Self::Io { .. } => Code::ProfileUnusable,
            Self::Usage { .. } => Code::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::NoManifest => Hint::Run("dgmo init".to_owned()),
            Self::LockOutOfDate { .. } => Hint::Run("dgmo lock".to_owned()),
            Self::SystemNotCovered { system, .. } => {
                Hint::Do(format!("add `{system}` to `systems:` in the manifest"))
            }
            Self::ManifestExists { .. } => {
                Hint::Do("edit it, or give `dgmo init` another folder".to_owned())
            }
            Self::CannotPrune { number: 0, .. } => return None,
            Self::CannotPrune { .. } => {
                Hint::Do("switch to another generation first, with `dgmo rollback N`".to_owned())
            }
            Self::GenerationHeld { .. } => {
                Hint::Do("let what uses it end, and run the command again".to_owned())
            }
            Self::ManifestOfProfile { profile, .. } => {
                Hint::Run(format!("dgmo rollback --profile {profile}"))
            }
            Self::NothingBefore | Self::NoBrowser => Hint::Run("dgmo generations list".to_owned()),
            Self::NobodyAgreed { command } => Hint::Run(format!("{command} --yes")),
            Self::Declined => Hint::Do(
                "run it again and answer `y`, or add `--yes` to be asked nothing".to_owned(),
            ),
            Self::OtherTarget { profile, held, .. } => Hint::Do(format!(
                "leave `--target` out to use `{held}`, use another `--profile`, or give the files there back first \
                 with `dgmo rollback 0 --profile {profile}`"
            )),
            Self::NotAFile { .. } | Self::NotInTree { .. } => {
                Hint::Do("see what is there with `dgmo store ls ID`".to_owned())
            }
            Self::NoSuchPin { .. } => Hint::Run("dgmo store pins".to_owned()),
            Self::NoSuchCheck { .. } => Hint::Run("dgmo check".to_owned()),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Hint::Run("dgmo gc".to_owned())
            }
            Self::Io { .. } => return None,
            Self::Usage { hint, .. } => Hint::Do(hint.clone()),
        })
    }

    fn place(&self) -> Option<&Place> {
        match self {
            Self::SystemNotCovered { place, .. } => place.as_ref(),
            _ => None,
        }
    }
}

impl Diagnose for crate::home::NoFolderError {
    fn code(&self) -> Code {
        Code::NoFolder
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(
            "name the folders with `--home DIR` and `--target DIR`".to_owned(),
        ))
    }
}
