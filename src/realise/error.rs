//! Why packages could not be made present.

use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_store::InsertError;
use dgmo_store::LayOutError;
use dgmo_store::LayersError;
use dgmo_store::ReadError;
use dgmo_store::UnpackError;

use crate::resolve::Several;
use crate::source::CatalogueError;
use crate::source::FetchError;

/// Some packages could not be made present; each with its reason.
pub type RealiseError = Several<PackageError>;

/// Why one package could not be made present.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("the lock does not cover {system}")]
    OtherSystems { system: System },
    #[error("the lock names a path, and the manifest does not")]
    NoPath,
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("cannot put `{path}` into the package: {why}")]
    Put { path: String, why: String },
    #[error(
        "`{path}` of `{piece}` was built for a place with room for {room} bytes, and `{prefix}` has {}", prefix.len()
    )]
    NoRoom {
        path: String,
        piece: String,
        room: usize,
        prefix: String,
    },
    #[error("cannot work in `{}`", path.display())]
    Scratch { path: PathBuf, source: io::Error },
    #[error("it needs `{file}` too, which failed for `{with}`")]
    Shared { file: String, with: PackageName },
    #[error("cannot unpack `{url}`")]
    Unpack { url: String, source: UnpackError },
    #[error("it unpacks to the tree {found}, and the lock says {expected}")]
    TreeDiffers { expected: TreeId, found: TreeId },
    #[error("{}", tied(what))]
    Tied { what: Vec<String> },
    #[error("`{}` does not hold what was locked", path.display())]
    PathChanged { path: PathBuf },
    #[error(transparent)]
    Insert(#[from] InsertError),
    #[error(transparent)]
    LayOut(#[from] LayOutError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl PackageError {
    /// Of links that lead out of what came from `url`.
    pub(super) fn links(error: LayersError, url: &str) -> Self {
        match error {
            LayersError::Read(error) => Self::Read(error),
            LayersError::Links(source) => Self::Unpack {
                url: url.to_owned(),
                source,
            },
        }
    }
}

impl Diagnose for PackageError {
    fn code(&self) -> Code {
        match self {
            Self::OtherSystems { .. } | Self::NoPath => Code::LockOutOfDate,
            Self::Fetch(error) => error.code(),
            Self::Catalogue(error) => error.code(),
            Self::Unpack { .. } | Self::Put { .. } | Self::NoRoom { .. } => Code::PackageUnusable,
            Self::Scratch { .. } => Code::StoreNotWritten,
            Self::Shared { .. } => Code::RealiseFailed,
            Self::TreeDiffers { .. } => Code::TreeDiffers,
            Self::Tied { .. } => Code::PackageTied,
            Self::PathChanged { .. } => Code::PathChanged,
            Self::Insert(error) => error.code(),
            Self::LayOut(error) => error.code(),
            Self::Read(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        let command = match self {
            Self::OtherSystems { system } => {
                return Some(Hint::Do(format!(
                    "add `{system}` to `systems:` in `dgmo.yaml` and run `dgmo lock`"
                )));
            }
            // Addresses were unpacked when they were locked; what fails here came by name, where nobody says how.
            Self::Unpack { .. } => {
                return Some(Hint::Do(
                    "ask for another `version:` in `dgmo.yaml`, or tell its publisher".to_owned(),
                ));
            }
            Self::NoRoom { .. } => {
                return Some(Hint::Do(
                    "keep the home in a folder with a shorter name: `DGMO_HOME` says where"
                        .to_owned(),
                ));
            }
            Self::Tied { .. } => {
                return Some(Hint::Do(
                    "ask its publisher for one that can be moved, or add `relocatable: false` to it in `dgmo.yaml`"
                        .to_owned(),
                ));
            }
            Self::TreeDiffers { .. } => "dgmo update",
            Self::NoPath | Self::PathChanged { .. } => "dgmo lock",
            _ => return None,
        };
        Some(Hint::Run(command.to_owned()))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Fetch(error) => Some(error),
            Self::Catalogue(error) => Some(error),
            Self::Insert(error) => Some(error),
            Self::LayOut(error) => Some(error),
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

/// What ties a package to a place, in one sentence.
fn tied(what: &[String]) -> String {
    match what {
        [only] => only.clone(),
        [first, others @ ..] => format!("{first}; and {} more like this", others.len()),
        [] => "it is tied to a place".to_owned(),
    }
}
