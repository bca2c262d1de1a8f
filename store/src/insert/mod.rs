//! Insertion: verified bytes get into the store under their ids, all or nothing.
//!
//! Everything is first put together in a folder of staging, then named in an order that keeps this true after any
//! crash: *a tree object in place means that everything it names is in place.* See [`Insertion::commit`].

mod commit;
mod error;
mod hash;
pub(crate) mod known;
mod large;
mod laying;
mod pending;
mod walk;

pub use commit::Committed;
pub use error::InsertError;
pub use laying::LayOutError;
pub use walk::hash_path;

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use dgmo_schema::event::Observer;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use crate::anchor::Anchor;
use crate::durable;
use crate::failure::WriteError;
use crate::guard::SharedGuard;
use crate::object::Inode;
use crate::staging;
use crate::stat_cache::StatCache;
use crate::store::Store;
use crate::tree::Node;
use crate::tree::Tree;

use hash::PourError;
use hash::pour;
use large::LargeSizes;
pub(crate) use pending::Parked;
use pending::Pending;
use pending::Unnamed;

/// What was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    File(BlobId),
    Executable(BlobId),
    Folder(TreeId),
}

/// What an addition found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    pub content: Content,
    /// Files, and the bytes in them.
    pub files: u64,
    pub bytes: u64,
    /// Objects that were not in the store before, and the bytes in them.
    pub new_objects: u64,
    pub new_bytes: u64,
    /// What a person should look at: names that some systems cannot tell apart.
    pub warnings: Vec<String>,
}

/// How to add.
#[derive(Debug, Clone, Copy, Default)]
pub struct AddOptions<'a> {
    /// Files it knows are not read again.
    pub stat_cache: Option<&'a StatCache>,
    pub escaping_links: Escaping,
}

/// What to do about a link that leads out of the tree it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escaping {
    #[default]
    Refuse,
    /// A whole path may stand in it: whoever adds looks where it leads.
    Absolute,
    Allow,
}

/// One insertion under way. Its methods may be called from many threads.
///
/// Nothing is visible before [`commit`](Self::commit); dropping it instead leaves nothing behind.
pub struct Insertion<'a> {
    store: &'a Store,
    observer: &'a dyn Observer,
    pending: Pending,
    /// Whether somebody got a scratch folder, which must be on disk before it is renamed away.
    scratched: AtomicBool,
    large: LargeSizes,
    /// Anchors to set once the trees they lead to are laid out.
    anchors: Mutex<Vec<(Anchor, TreeId)>>,
    guard: SharedGuard,
}

impl std::fmt::Debug for Insertion<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Insertion").finish_non_exhaustive()
    }
}

impl Store {
    /// Begins an insertion: takes the shared guard and sweeps what dead ones left.
    pub fn begin<'a>(&'a self, observer: &'a dyn Observer) -> Result<Insertion<'a>, InsertError> {
        if let [_, ..] = self.read_only_because() {
            let features = self.read_only_because().join("`, `");
            return Err(InsertError::Frozen { features });
        }
        let guard = self.wait_to_share(observer)?;
        staging::sweep_dead(self.layout());
        Ok(Insertion {
            store: self,
            observer,
            pending: Pending::new(self.layout().clone()),
            scratched: AtomicBool::new(false),
            large: LargeSizes::default(),
            anchors: Mutex::default(),
            guard,
        })
    }
}

impl<'a> Insertion<'a> {
    /// The store this goes into.
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// Who is told.
    pub fn observer(&self) -> &'a dyn Observer {
        self.observer
    }

    /// Adds a folder, with all it holds, or a file. A link at `path` itself is followed, one below never.
    pub fn add_path(&self, path: &Path, options: &AddOptions<'_>) -> Result<Added, InsertError> {
        walk::add_path(Some(self), path, options)
    }

    /// Adds a blob.
    pub fn add_bytes(&self, bytes: &[u8], executable: bool) -> Result<BlobId, InsertError> {
        let id = BlobId(Digest::of(bytes));
        self.stage_blob(id, bytes, Inode::of_blob(executable))?;
        Ok(id)
    }

    /// Adds a blob of which the end is not known. Its bytes are written as they come and dropped if they turn out
    /// to be there already.
    pub fn add_stream(
        &self,
        from: &mut dyn Read,
        executable: bool,
    ) -> Result<(BlobId, u64), InsertError> {
        let (id, size, parked) = self.park_stream(from, executable)?;
        self.adopt_parked(id, parked)?;
        Ok((id, size))
    }

    /// Writes a blob of which the end is not known into staging, where only who has it finds it.
    pub(crate) fn park_stream(
        &self,
        from: &mut dyn Read,
        executable: bool,
    ) -> Result<(BlobId, u64, Parked), InsertError> {
        let mut unnamed = self.pending.create(Inode::of_blob(executable))?;
        match pour(from, Some(&mut unnamed.file), 0, &|_| ()) {
            Ok((id, size)) => Ok((id, size, self.pending.park(unnamed))),
            Err(PourError::Write(error)) => Err(error.into()),
            Err(PourError::Read(source)) => {
                self.pending.discard(unnamed)?;
                Err(InsertError::Stream { source })
            }
        }
    }

    /// Gives a parked file its id, or deletes it if the blob is there or pending. Whether it was kept.
    pub(crate) fn adopt_parked(&self, id: BlobId, parked: Parked) -> Result<bool, InsertError> {
        if self.has_blob(id)? {
            self.discard_parked(parked)?;
            return Ok(false);
        }
        self.pending.adopt(id.0, parked)
    }

    /// Deletes a parked file.
    pub(crate) fn discard_parked(&self, parked: Parked) -> Result<(), InsertError> {
        self.pending.discard_parked(parked)
    }

    /// Adds a tree object. What it names must be in the store or part of this insertion.
    pub fn add_tree(&self, tree: &Tree) -> Result<TreeId, InsertError> {
        let bytes = tree.encode();
        let id = TreeId(Digest::of(&bytes));
        if self.has_tree(id)? {
            return Ok(id);
        }
        for entry in tree.entries() {
            self.check_child(&entry.node)?;
        }
        self.stage_tree(id, &bytes)?;
        Ok(id)
    }

    /// An empty folder of this insertion's own, on the home's file system; what is in it when the insertion ends and
    /// was not renamed away is deleted.
    pub fn scratch(&self, name: &str) -> Result<PathBuf, InsertError> {
        let path = self.pending.staging()?.join(format!("scratch-{name}"));
        durable::make_folder(&path).map_err(WriteError::at(&path))?;
        self.scratched.store(true, Ordering::Relaxed);
        Ok(path)
    }

    /// Whether the tree object is in the store or part of this insertion.
    pub fn has_tree(&self, id: TreeId) -> Result<bool, InsertError> {
        if self.pending.has_tree(id) {
            return Ok(true);
        }
        let found = self.store.objects().has_tree(id);
        found.map_err(|source| self.unread(source))
    }

    /// Whether the blob is in the store or part of this insertion.
    pub fn has_blob(&self, id: BlobId) -> Result<bool, InsertError> {
        if self.pending.has_blob(id) {
            return Ok(true);
        }
        let found = self.store.objects().find_blob(id, Inode::Plain);
        Ok(found.map_err(|source| self.unread(source))?.is_some())
    }

    fn check_child(&self, node: &Node) -> Result<(), InsertError> {
        let (there, id) = match node {
            Node::File(id) | Node::Executable(id) => (self.has_blob(*id)?, (*id).into()),
            Node::Folder(id) => (self.has_tree(*id)?, (*id).into()),
            Node::Link(_) => return Ok(()),
        };
        if there {
            return Ok(());
        }
        Err(InsertError::Unknown { id })
    }

    /// Stages a blob, unless it is there or pending. Whether it was staged.
    fn stage_blob(&self, id: BlobId, bytes: &[u8], inode: Inode) -> Result<bool, InsertError> {
        if self.has_blob(id)? {
            return Ok(false);
        }
        self.pending.stage(id.0, inode, bytes)
    }

    /// Gives a staged file its id, or deletes it if the blob is there or pending. Whether it was kept.
    fn keep_if_new(&self, id: BlobId, unnamed: Unnamed) -> Result<bool, InsertError> {
        if self.has_blob(id)? {
            self.pending.discard(unnamed)?;
            return Ok(false);
        }
        self.pending.adopt(id.0, self.pending.park(unnamed))
    }

    /// Stages a tree object whose children are known to be there or pending.
    fn stage_tree(&self, id: TreeId, bytes: &[u8]) -> Result<bool, InsertError> {
        self.pending.stage(id.0, Inode::Tree, bytes)
    }

    /// Stages a tree object whose children are there, pending, or lost for good: whoever repairs knows.
    pub(crate) fn stage_known_tree(&self, id: TreeId, tree: &Tree) -> Result<bool, InsertError> {
        self.stage_tree(id, &tree.encode())
    }

    /// Stages a copy of the file at `from`, which has the blob's bytes, as one of the blob's files.
    pub(crate) fn stage_copy_of(
        &self,
        id: BlobId,
        inode: Inode,
        from: &Path,
    ) -> Result<bool, InsertError> {
        self.pending.stage_copy(id.0, inode, from)
    }

    /// Where one file of a blob is staged, if it is.
    pub(crate) fn staged_path(&self, id: BlobId, inode: Inode) -> Option<PathBuf> {
        let place = self.pending.find(id.0, inode)?;
        Some(self.pending.path(place))
    }

    fn unread(&self, source: std::io::Error) -> InsertError {
        let path = self.store.layout().objects();
        InsertError::Read { path, source }
    }
}
