//! What verifying can find wrong.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use crate::look;
use crate::repair::object_at;
use crate::store::Store;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The bytes of an object do not hash to its name.
    Damaged {
        path: PathBuf,
        id: ObjectId,
        found: ObjectId,
    },
    /// A tree object is intact but not a tree.
    Malformed {
        path: PathBuf,
        id: TreeId,
        why: String,
    },
    /// A tree names an object that is not there.
    Missing { id: ObjectId, named_by: TreeId },
    /// Something could not be read.
    Unreadable { path: PathBuf, why: String },
    /// Something is where only objects or laid-out trees should be.
    Foreign { path: PathBuf },
    /// A file has other permission bits than it should.
    WrongMode {
        path: PathBuf,
        mode: u32,
        expected: u32,
    },
    /// A tree that is laid out does not show what it should.
    LaidOut {
        path: PathBuf,
        tree: TreeId,
        what: &'static str,
    },
}

impl Finding {
    /// The object it is about, where one is.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            Self::Damaged { id, .. } | Self::Missing { id, .. } => Some(*id),
            Self::Malformed { id, .. } => Some((*id).into()),
            Self::LaidOut { tree, .. } => Some((*tree).into()),
            Self::Unreadable { path, .. } => object_at(path).map(|name| ObjectId(name.digest())),
            Self::Foreign { .. } | Self::WrongMode { .. } => None,
        }
    }

    /// The file or folder it is about, where there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Damaged { path, .. }
            | Self::Malformed { path, .. }
            | Self::Unreadable { path, .. }
            | Self::Foreign { path }
            | Self::WrongMode { path, .. }
            | Self::LaidOut { path, .. } => Some(path),
            Self::Missing { .. } => None,
        }
    }

    /// Whether it is so while nobody collects: what went away since is no damage, nor what came.
    ///
    /// Where that cannot be looked at, it is taken as still so.
    pub(super) fn is_still_so(&self, store: &Store) -> bool {
        match self {
            Self::Missing { id, named_by } => {
                let tree = store.has_tree(TreeId(id.0)).unwrap_or(false);
                let there = tree || store.has_blob(BlobId(id.0)).unwrap_or(false);
                store.has_tree(*named_by).unwrap_or(true) && !there
            }
            Self::LaidOut { tree, .. } => store.is_laid_out(*tree).unwrap_or(true),
            other => other
                .path()
                .is_none_or(|path| look::is_there(path).unwrap_or(true)),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { path, id, found } => write!(
                f,
                "object {id} is damaged: `{}` hashes to {found}",
                path.display()
            ),
            Self::Malformed { path, id, why } => {
                write!(f, "`{}` is not a tree ({id}): {why}", path.display())
            }
            Self::Missing { id, named_by } => {
                write!(f, "object {id} is missing; tree {named_by} names it")
            }
            Self::Unreadable { path, why } => {
                write!(f, "`{}` cannot be read: {why}", path.display())
            }
            Self::Foreign { path } => write!(f, "`{}` does not belong there", path.display()),
            Self::WrongMode {
                path,
                mode,
                expected,
            } => write!(
                f,
                "`{}` has mode {mode:04o} instead of {expected:04o}",
                path.display()
            ),
            Self::LaidOut { path, tree, what } => {
                write!(f, "`{}` of the laid-out tree {tree} {what}", path.display())
            }
        }
    }
}
