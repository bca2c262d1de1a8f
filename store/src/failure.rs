//! Why the disk did not take something.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;

/// Why something could not be written below the home.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("no space is left to write `{}`", path.display())]
    NoSpace { path: PathBuf, source: io::Error },
    #[error("`{}` is on a file system that is read-only", path.display())]
    ReadOnly { path: PathBuf, source: io::Error },
    #[error("no permission to write `{}`", path.display())]
    NotAllowed { path: PathBuf, source: io::Error },
    #[error("`{}` is on another file system than the rest of the home", path.display())]
    OtherFileSystem { path: PathBuf, source: io::Error },
    #[error("cannot write `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl WriteError {
    /// What `source` means for one who wrote `path`.
    pub fn new(path: impl AsRef<Path>, source: io::Error) -> Self {
        let path = path.as_ref().to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path, source }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            io::ErrorKind::PermissionDenied => Self::NotAllowed { path, source },
            io::ErrorKind::CrossesDevices => Self::OtherFileSystem { path, source },
            _ => Self::Io { path, source },
        }
    }

    /// For `map_err`: what the error means for one who wrote `path`.
    pub fn at(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::new(path, source)
    }
}

impl Diagnose for WriteError {
    fn code(&self) -> Code {
        match self {
            Self::NoSpace { .. } => Code::StoreFull,
            Self::ReadOnly { .. } => Code::StoreReadOnly,
            Self::NotAllowed { .. } => Code::StoreNotAllowed,
            Self::OtherFileSystem { .. } => Code::StoreSplit,
            Self::Io { .. } => Code::StoreNotWritten,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NoSpace { .. } => Some(Hint::Run("dgmo gc".to_owned())),
            Self::ReadOnly { .. } | Self::NotAllowed { .. } => Some(Hint::Do(
                "use a home you may write to, with `--home DIR`".to_owned(),
            )),
            Self::OtherFileSystem { .. } => Some(Hint::Do(
                "keep all of the home on one file system".to_owned(),
            )),
            Self::Io { .. } => Some(Hint::Do(
                "put right what the system says of it, and run the command again".to_owned(),
            )),
        }
    }
}
