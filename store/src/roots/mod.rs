//! Roots: references from outside the store that keep what they name, and all below it, from being collected.
//!
//! Generations are roots too, but the store does not know them: whoever collects brings them along. Here are the
//! others: pins ([`pin`]), which people make and which stay; leases ([`lease`]), which end with the process that holds
//! them; and what processes use that run ([`running`]).

mod lease;
mod pin;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod sys;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod sys;

pub use lease::Lease;
pub use pin::Pin;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Observer;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use crate::failure::WriteError;
use crate::guard::GuardError;
use crate::guard::SharedGuard;
use crate::read::ReadError;
use crate::store::Store;

/// A reference from outside the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// A tree and all that is reachable from it.
    Tree(TreeId),
    Blob(BlobId),
}

/// Why roots could not be read or made. Who cannot read all roots must not delete anything.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is damaged: it is not a pin", path.display())]
    DamagedPin {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("`{}` is damaged: line {line} is not a root", path.display())]
    DamagedLease { path: PathBuf, line: usize },
    #[error("object {id} cannot be kept: it is not in the store")]
    Missing { id: ObjectId },
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Look(#[from] ReadError),
    #[error(transparent)]
    Guard(#[from] GuardError),
    #[error("the roots that others hold cannot be told")]
    Others {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Diagnose for RootError {
    fn code(&self) -> Code {
        match self {
            Self::Read { .. } => Code::RootNotRead,
            Self::DamagedPin { .. } | Self::DamagedLease { .. } => Code::RootDamaged,
            Self::Missing { .. } => Code::RootMissing,
            Self::Write(error) => error.code(),
            Self::Look(error) => error.code(),
            Self::Guard(error) => error.code(),
            Self::Others { .. } => Code::RootsUnknown,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Missing { .. } => Some(Hint::Do(
                "bring it back with `dgmo repair`, or name something that is there".to_owned(),
            )),
            Self::Read { .. }
            | Self::Others { .. }
            | Self::DamagedPin { .. }
            | Self::DamagedLease { .. } => Some(Hint::Run("dgmo repair".to_owned())),
            Self::Write(_) | Self::Look(_) | Self::Guard(_) => None,
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Write(error) => Some(error),
            Self::Look(error) => Some(error),
            Self::Guard(error) => Some(error),
            _ => None,
        }
    }
}

impl Root {
    pub fn id(self) -> ObjectId {
        match self {
            Self::Tree(id) => id.into(),
            Self::Blob(id) => id.into(),
        }
    }

    /// Whether the object is there.
    pub fn is_in(self, store: &Store) -> Result<bool, ReadError> {
        match self {
            Self::Tree(id) => store.has_tree(id),
            Self::Blob(id) => store.has_blob(id),
        }
    }

    /// `tree <64 hex>` or `blob <64 hex>`.
    pub(crate) fn line(self) -> String {
        match self {
            Self::Tree(id) => format!("tree {}", id.hex()),
            Self::Blob(id) => format!("blob {}", id.hex()),
        }
    }

    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let (kind, hex) = line.split_once(' ')?;
        let digest = Digest::from_hex(hex.as_bytes())?;
        match kind {
            "tree" => Some(Self::Tree(TreeId(digest))),
            "blob" => Some(Self::Blob(BlobId(digest))),
            _ => None,
        }
    }
}

/// What keeps roots while something long is done with them.
#[derive(Debug)]
pub struct Held {
    _lease: Option<Lease>,
    _guard: Option<SharedGuard>,
}

impl Store {
    /// Keeps `roots` from being collected. Must not be asked for by one who holds a guard: it could wait for a
    /// collector that waits for him.
    pub fn hold(&self, roots: &[Root], observer: &dyn Observer) -> Result<Held, RootError> {
        let guard = self.wait_to_share(observer)?;
        match self.lease(roots, &guard) {
            Ok(lease) => Ok(Held {
                _lease: Some(lease),
                _guard: None,
            }),
            // Where nothing can be written there may still be much to read; nobody can collect there either, but
            // for those who may write.
            Err(RootError::Write(_)) => Ok(Held {
                _lease: None,
                _guard: Some(guard),
            }),
            Err(error) => Err(error),
        }
    }
}

/// What running processes use of a home.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Running {
    /// Trees they run from, stand in, have open or have mapped.
    pub trees: Vec<TreeId>,
    /// What they use below `profiles/`: whoever knows profiles knows what these keep.
    pub profile_paths: Vec<PathBuf>,
}

/// What processes use that we may look at: those of the same user, or all for the superuser. Elsewhere than on Linux
/// nobody can be asked, and nothing is found: there, leases are what keeps a running program.
///
/// What fails otherwise than by being forbidden or gone is an error: who cannot look must not delete.
pub fn running(home: &Path) -> io::Result<Running> {
    // Processes know the real path, whatever links lead to it.
    let home = std::fs::canonicalize(home)?;
    let mut found = Found::new(&home);
    sys::each_path(&mut |_, path| found.take(path))?;
    Ok(found.running)
}

/// A process that uses trees of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub process: u32,
    /// What it calls itself.
    pub name: String,
    pub trees: Vec<TreeId>,
}

/// The processes that use trees of a home, as far as [`running`] can tell; this one is left out.
pub fn processes(home: &Path) -> io::Result<Vec<Process>> {
    let home = std::fs::canonicalize(home)?;
    let mut all: BTreeMap<u32, Found> = BTreeMap::new();
    sys::each_path(&mut |process, path| {
        if path.starts_with(&home) && process != std::process::id() {
            let found = all.entry(process).or_insert_with(|| Found::new(&home));
            found.take(path);
        }
    })?;
    let using = all.into_iter();
    let using = using
        .filter(|(_, found)| !found.running.trees.is_empty())
        .map(|(process, found)| Process {
            process,
            name: sys::name_of(process).unwrap_or_default(),
            trees: found.running.trees,
        })
        .collect();
    Ok(using)
}

struct Found {
    trees: PathBuf,
    profiles: PathBuf,
    running: Running,
}

impl Found {
    fn new(home: &Path) -> Self {
        Self {
            trees: home.join("store/trees"),
            profiles: home.join("profiles"),
            running: Running::default(),
        }
    }

    fn take(&mut self, path: &Path) {
        if let Ok(below) = path.strip_prefix(&self.trees) {
            let name = below.components().next();
            let id = name.and_then(|name| Digest::from_hex(name.as_os_str().as_encoded_bytes()));
            if let Some(id) = id.map(TreeId)
                && !self.running.trees.contains(&id)
            {
                self.running.trees.push(id);
            }
        } else if path.starts_with(&self.profiles) {
            let path = path.to_owned();
            if !self.running.profile_paths.contains(&path) {
                self.running.profile_paths.push(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_reads_back_from_its_line() {
        let digest = Digest::of(b"x");
        for root in [Root::Tree(TreeId(digest)), Root::Blob(BlobId(digest))] {
            assert_eq!(Root::from_line(&root.line()), Some(root));
        }
        for bad in ["", "tree", "tree ", "twig 00", "tree b3:00"] {
            assert_eq!(Root::from_line(bad), None, "{bad}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_this_process_has_open_is_found() {
        let home = tempfile::tempdir().unwrap();
        let id = TreeId(Digest::of(b"tree"));
        let tree = home.path().join("store/trees").join(id.hex());
        crate::durable::make_folders(&tree.join("bin")).unwrap();
        crate::durable::write_new(&tree.join("bin/tool"), b"", 0o555).unwrap();
        assert_eq!(running(home.path()).unwrap(), Running::default());
        let open = std::fs::File::open(tree.join("bin/tool")).unwrap();
        assert_eq!(running(home.path()).unwrap().trees, [id]);
        drop(open);
        assert_eq!(running(home.path()).unwrap(), Running::default());
    }
}
