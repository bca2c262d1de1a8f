//! Why packages could not be resolved.

use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_store::InsertError;
use dgmo_store::UnpackError;
use dgmo_store::tree::NameProblem;

use super::named::NamedError;
use super::placeholder::PlaceholderError;
use super::several::Several;
use crate::source::FetchError;
use crate::source::IndexError;

/// Some packages could not be resolved; each with its reason.
pub type ResolveError = Several<PackageError>;

/// Why one package could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
    #[error("nothing tells how `{url}` is packed")]
    Packing { url: String },
    #[error("the digest of `{url}` differs by system, and its address does not")]
    Digest { url: String },
    #[error(transparent)]
    Named(#[from] NamedError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("cannot unpack `{url}`")]
    Unpack { url: String, source: UnpackError },
    #[error("`{program}` cannot be the name of a program")]
    Program {
        program: String,
        source: NameProblem,
    },
    #[error("cannot take `{}`", path.display())]
    Path { path: PathBuf, source: InsertError },
}

/// Why a record could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the lock has no package `{name}`")]
    NotLocked { name: PackageName },
    #[error("the lock has no package `{name}` for {system}")]
    OtherSystems { name: PackageName, system: System },
}

impl Diagnose for PackageError {
    fn code(&self) -> Code {
        match self {
            Self::Placeholder(error) => error.code(),
            Self::Packing { .. } => Code::PackingUnknown,
            Self::Named(error) => error.code(),
            Self::Index(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::Digest { .. }
            | Self::Unpack { .. }
            | Self::Program { .. }
            | Self::Path { .. } => Code::SourceUnusable,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Placeholder(_) | Self::Fetch(_) | Self::Index(_) | Self::Named(_) => return None,
            Self::Packing { .. } => {
                "say how with `unpack:`, such as `unpack: tar.gz` or `unpack: program`"
            }
            Self::Digest { .. } => "put `{system}` into the address, or give one digest for all",
            Self::Unpack { .. } => "look whether `unpack:` and `strip:` fit the file",
            Self::Program { .. } => "give it a name in `bin:`",
            Self::Path { .. } => "correct `path:` in `dgmo.yaml`",
        };
        Some(Hint::Do(text.to_owned()))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Placeholder(error) => Some(error),
            Self::Named(error) => Some(error),
            Self::Index(error) => Some(error),
            Self::Fetch(error) => Some(error),
            Self::Unpack { source, .. } => Some(source),
            Self::Path { source, .. } => Some(source),
            Self::Packing { .. } | Self::Digest { .. } | Self::Program { .. } => None,
        }
    }
}

impl Diagnose for RecordError {
    fn code(&self) -> Code {
        match self {
            Self::NotLocked { .. } | Self::OtherSystems { .. } => Code::LockOutOfDate,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::NotLocked { .. } => Hint::Run("dgmo lock".to_owned()),
            Self::OtherSystems { system, .. } => Hint::Do(format!(
                "add `{system}` to `systems:` in `dgmo.yaml` and run `dgmo lock`"
            )),
        })
    }
}
