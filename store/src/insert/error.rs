//! Why an insertion failed.

use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::id::ObjectId;

use crate::failure::WriteError;
use crate::guard::GuardError;
use crate::tree::LinkTarget;
use crate::tree::NameProblem;

/// Why something could not be added to the store.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    #[error("the store cannot be used")]
    Guard(#[from] GuardError),
    #[error("the home uses `{features}`, which this version may not write")]
    Frozen { features: String },
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot read the stream that was to be added")]
    Stream { source: io::Error },
    #[error("`{}` holds the home of dgmo itself", path.display())]
    HoldsHome { path: PathBuf },
    #[error("`{}` changed while it was read", path.display())]
    Changed { path: PathBuf },
    #[error("`{}` is {what}, which cannot be added", path.display())]
    Special { path: PathBuf, what: &'static str },
    #[error("`{}` lies more than {limit} folders deep", path.display())]
    TooDeep { path: PathBuf, limit: usize },
    #[error("`{}` cannot be stored", path.display())]
    Name { path: PathBuf, source: NameProblem },
    #[error("the link `{}` leads out of the folder: it says `{target}`", path.display())]
    Escapes { path: PathBuf, target: LinkTarget },
    #[error("object {id} is neither in the store nor part of this insertion")]
    Unknown { id: ObjectId },
    #[error("a part of the insertion failed before")]
    Broken,
}

impl Diagnose for InsertError {
    fn code(&self) -> Code {
        match self {
            Self::Guard(error) => error.code(),
            Self::Frozen { .. } => Code::StoreFrozen,
            Self::Write(error) => error.code(),
            Self::Read { .. } | Self::Stream { .. } => Code::SourceNotRead,
            Self::HoldsHome { .. } => Code::SourceHoldsHome,
            Self::Changed { .. } => Code::SourceChanged,
            Self::Special { .. } => Code::SourceSpecial,
            Self::TooDeep { .. } => Code::SourceTooDeep,
            Self::Name { .. } => Code::SourceName,
            Self::Escapes { .. } => Code::LinkEscapes,
            // Who inserts has gone on after an error, or made an id up.
            Self::Unknown { .. } | Self::Broken => Code::Bug,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Changed { .. } => "stop what writes to it, or add a copy",
            Self::Special { .. } => "add a copy of the folder without it",
            Self::Name { .. } => "give it a shorter name",
            Self::Escapes { .. } => "make the link relative to where it is",
            Self::HoldsHome { .. } => {
                "add a folder beside the home, or take a home outside of it with `--home DIR`"
            }
            Self::TooDeep { .. } => "leave out what lies so deep, or pack it into an archive",
            Self::Frozen { .. } => "use the newer dgmo that writes to this home",
            _ => return None,
        };
        Some(Hint::Do(text.to_owned()))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Guard(error) => Some(error),
            Self::Write(error) => Some(error),
            _ => None,
        }
    }
}
