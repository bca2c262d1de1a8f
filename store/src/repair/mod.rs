//! Repairing: what verifying found damaged or missing is taken from wherever the same bytes still are.
//!
//! 1. [`Store::lost`](crate::Store::lost) names what has to come back: damaged files, and what trees and roots name that is not there.
//! 2. A [`Mending`] is offered files, folders, other stores and archives. It takes what it looks for, and only if the
//!    bytes hash to the name; nothing of it is visible yet.
//! 3. [`Mending::commit`] syncs, then puts each object in its place by one rename, over the damaged one if there is one.
//!    After a crash each object is as it was or whole, and the next repair goes on from there.
//! 4. A damaged file has as many names as trees link it. [`Store::mend_laid_out`](crate::Store::mend_laid_out) gives those names to the new one.

mod folder;
mod laid_out;
mod lost;
mod mending;
mod plan;
mod sources;
mod trees;
#[cfg(test)]
#[cfg(unix)]
mod tests;

pub use laid_out::LaidOutMended;
pub use laid_out::move_to_found;
pub use lost::Lost;
pub(crate) use lost::object_at;
pub use mending::Mended;
pub use mending::Mending;

use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;

use crate::archive::ImportError;
use crate::failure::WriteError;
use crate::guard::GuardError;
use crate::insert::InsertError;
use crate::insert::LayOutError;

/// Why repairing could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error("what was found cannot be put back")]
    Insert(#[from] InsertError),
    #[error("the store cannot be used")]
    Guard(#[from] GuardError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the archive cannot be used")]
    Archive(#[from] ImportError),
    #[error("a laid-out tree cannot be mended")]
    LayOut(#[from] LayOutError),
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
}

impl Diagnose for RepairError {
    fn code(&self) -> Code {
        match self {
            Self::Insert(error) => error.code(),
            Self::Guard(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Archive(error) => error.code(),
            Self::LayOut(error) => error.code(),
            Self::Read { .. } => Code::StoreNotRead,
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Insert(error) => Some(error),
            Self::Guard(error) => Some(error),
            Self::Write(error) => Some(error),
            Self::Archive(error) => Some(error),
            Self::LayOut(error) => Some(error),
            Self::Read { .. } => None,
        }
    }
}
