//! Why a short name could not be looked up.

use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::code::Place;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::Problem;
use dgmo_schema::system::System;

use super::super::FetchError;

/// Why an index did not tell what a name stands for.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("no index knows `{name}`")]
    Unknown {
        name: String,
        /// A name that is nearly the same.
        near: Option<String>,
    },
    #[error("the index has nothing of `{name}` for {system}")]
    OtherSystems { name: String, system: Box<System> },
    #[error("the index has `{name}` as `{of}`, whose files have no signatures that are checked")]
    Unsigned { name: String, of: String },
    #[error("cannot read the index `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot fetch the index `{index}`")]
    Fetch {
        index: String,
        source: Box<FetchError>,
    },
    #[error("the index `{index}` cannot be used")]
    Problems {
        index: String,
        problems: Vec<Problem>,
    },
    #[error("the index `{index}` was to be believed until {until}")]
    Expired { index: String, until: Timestamp },
    #[error("the index `{index}` is number {found}, and number {seen} was seen before")]
    RolledBack {
        index: String,
        found: u64,
        seen: u64,
        /// What remembers it.
        note: PathBuf,
    },
    #[error("cannot keep in mind which index was seen, in `{}`", path.display())]
    Note { path: PathBuf, source: io::Error },
}

impl Diagnose for IndexError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => Code::ToolUnknown,
            Self::OtherSystems { .. } => Code::NoFileForSystem,
            Self::Unsigned { .. } => Code::FetchWrongSignature,
            Self::Unreadable { .. } | Self::Problems { .. } => Code::IndexUnusable,
            Self::Fetch { source, .. } => source.code(),
            Self::Expired { .. } => Code::IndexExpired,
            Self::RolledBack { .. } => Code::IndexRolledBack,
            Self::Note { .. } => Code::DownloadFolder,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Unknown {
                name,
                near: Some(near),
            } => format!("did you mean `{near}`? `dgmo search {name}` looks for more"),
            Self::Unknown { name, near: None } => format!(
                "look for it with `dgmo search {name}`, or name its source: `{name}: {{npm: {name}}}`, \
                 `{name}: {{github: OWNER/{name}}}`"
            ),
            Self::OtherSystems { name, system, .. } => format!(
                "name a source of `{name}` in `dgmo.yaml`, or take `{system}` out of `systems:`"
            ),
            Self::Unsigned { name, .. } => format!(
                "take `cosign:` or `minisign:` from `{name}` in `dgmo.yaml`, or name a release of a forge as its source"
            ),
            Self::Unreadable { .. } => "correct `indexes:` in `dgmo.yaml`".to_owned(),
            Self::Fetch { .. } | Self::Problems { .. } => return None,
            Self::Expired { .. } => {
                "ask its publisher for a newer one, look at this machine's clock, or take it out of `indexes:`"
                    .to_owned()
            }
            Self::RolledBack { note, .. } => format!(
                "ask its publisher which is right; if the older one is, delete `{}`",
                note.display()
            ),
            Self::Note { .. } => "make room, or make the folder yours to write".to_owned(),
        };
        Some(Hint::Do(text))
    }

    fn place(&self) -> Option<&Place> {
        self.inner().and_then(Diagnose::place)
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Fetch { source, .. } => Some(&**source),
            Self::Problems { problems, .. } => problems.first().map(|it| it as &dyn Diagnose),
            _ => None,
        }
    }

    fn others(&self) -> Vec<&dyn Diagnose> {
        match self {
            Self::Problems { problems, .. } => {
                let others = problems.iter().skip(1);
                others.map(|it| it as &dyn Diagnose).collect()
            }
            _ => Vec::new(),
        }
    }
}
