//! Reading an archive.

use std::cell::Cell;
use std::io;
use std::io::Read;
use std::rc::Rc;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use super::HEADER;
use super::reader::Counting;
use super::reader::Reader;
use super::reader::read_magic;
use crate::closure::IdMap;
use crate::guard::GuardError;
use crate::insert::Committed;
use crate::insert::InsertError;
use crate::insert::Insertion;
use crate::insert::known;
use crate::insert::known::KnownBlob;
use crate::insert::known::Taken;
use crate::object::Inode;
use crate::roots::Lease;
use crate::roots::Root;
use crate::roots::RootError;
use crate::store::Store;
use crate::tree::Node;
use crate::tree::Tree;

/// Blobs are named each time this much is staged: what an interruption costs at most.
const NAMED_AT_ONCE: u64 = 256 << 20;

/// Before the first tree object, blobs are named if this much is staged: from then on all is named at once.
const WORTH_NAMING: u64 = 1 << 20;

/// The largest tree object: a folder of some hundred thousand entries.
const LARGEST_TREE: u64 = 64 << 20;

/// The most an archive may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportLimits {
    /// Bytes of all objects.
    pub bytes: u64,
    /// How many times its compressed bytes they may be, from 1 GiB on.
    pub ratio: u64,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self {
            bytes: 4 << 40,
            ratio: 500,
        }
    }
}

/// What was imported.
#[derive(Debug)]
pub struct Imported {
    /// What the archive was made of.
    pub roots: Vec<Root>,
    /// Objects in the archive, and their bytes.
    pub objects: u64,
    pub bytes: u64,
    /// Those that were not there before.
    pub new_objects: u64,
    pub new_bytes: u64,
    /// Keeps what was imported until a root names it.
    pub committed: Committed,
}

/// Why an archive could not be imported. None of its trees has become visible.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("this is not an archive of dgmo")]
    NotAnArchive,
    #[error("the archive is of another version of dgmo: {what}")]
    Version { what: String },
    #[error("the archive is damaged at byte {offset}: {what}")]
    Damaged { offset: u64, what: String },
    #[error("the archive is cut short at byte {offset}")]
    CutShort { offset: u64 },
    #[error("the archive cannot be read on at byte {offset}")]
    Read { offset: u64, source: io::Error },
    #[error("the archive goes past the limit at byte {offset}: {what} of {allowed} at most")]
    Limit {
        offset: u64,
        what: &'static str,
        allowed: u64,
    },
    #[error("object {id} is neither in the archive nor in the store")]
    Lacking { id: ObjectId },
    #[error("what is in the archive cannot be inserted")]
    Insert(#[from] InsertError),
    #[error("what was imported so far cannot be kept from being collected")]
    Hold(#[from] RootError),
    #[error("the store cannot be used")]
    Guard(#[from] GuardError),
}

impl Diagnose for ImportError {
    fn code(&self) -> Code {
        match self {
            Self::NotAnArchive => Code::ImportNotAnArchive,
            Self::Version { .. } => Code::ImportVersion,
            Self::Damaged { .. } | Self::CutShort { .. } => Code::ImportDamaged,
            Self::Read { .. } => Code::ImportNotRead,
            Self::Limit { .. } => Code::ImportLimit,
            Self::Lacking { .. } => Code::ImportLacking,
            Self::Insert(error) => error.code(),
            Self::Hold(error) => error.code(),
            Self::Guard(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::NotAnArchive => "give a file that `dgmo store export` wrote",
            Self::Version { .. } => "use the version of dgmo that wrote it, or a newer one",
            Self::Damaged { .. } | Self::CutShort { .. } => {
                "copy the archive again; importing it then goes on from where this stopped"
            }
            Self::Read { .. } => {
                "see to it that the archive is a file that can be read; importing it then goes on from where this stopped"
            }
            Self::Limit { .. } => {
                "no archive of dgmo has as much: export it again where it came from"
            }
            Self::Lacking { .. } => "export again without leaving anything out",
            _ => return None,
        };
        Some(Hint::Do(text.to_owned()))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Insert(error) => Some(error),
            Self::Hold(error) => Some(error),
            Self::Guard(error) => Some(error),
            _ => None,
        }
    }
}

impl Store {
    /// Reads an archive into the store. Its trees are there once this returns, or not at all.
    pub fn import(
        &self,
        from: &mut dyn Read,
        limits: &ImportLimits,
        observer: &dyn Observer,
    ) -> Result<Imported, ImportError> {
        let task = Task::start(observer, "importing", None, Unit::Bytes);
        let packed = Rc::new(Cell::new(0));
        let mut from = Counting {
            inner: from,
            count: Rc::clone(&packed),
        };
        let importing = Importing::new(self, limits, observer, &task)?;
        if !read_magic(&mut from)? {
            return importing.all(Reader::new(&mut from, packed));
        }
        let decoder = zstd::stream::read::Decoder::new(&mut from);
        let mut decoder = decoder.map_err(|source| ImportError::Read { offset: 0, source })?;
        importing.all(Reader::new(&mut decoder, packed))
    }
}

/// An import under way.
struct Importing<'a> {
    store: &'a Store,
    limits: &'a ImportLimits,
    observer: &'a dyn Observer,
    task: &'a Task<'a>,
    lease: Lease,
    /// None only while one is followed by the next.
    insertion: Option<Insertion<'a>>,
    /// Blobs staged since blobs were last named, and their bytes.
    batch: Vec<Root>,
    staged: u64,
    buffer: Vec<u8>,
    /// What came, and whether something names it.
    blobs: IdMap<BlobId, bool>,
    trees: IdMap<TreeId, bool>,
    imported: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    objects: u64,
    bytes: u64,
    new_objects: u64,
    new_bytes: u64,
}

impl<'a> Importing<'a> {
    fn new(
        store: &'a Store,
        limits: &'a ImportLimits,
        observer: &'a dyn Observer,
        task: &'a Task<'a>,
    ) -> Result<Self, ImportError> {
        // The guard is given back before the insertion takes its own: whoever held one and waited for another could
        // wait for a collector that waits for him.
        let lease = store.lease(&[], &store.wait_to_share(observer)?)?;
        Ok(Self {
            store,
            limits,
            observer,
            task,
            lease,
            insertion: Some(store.begin(observer)?),
            batch: Vec::new(),
            staged: 0,
            buffer: known::buffer(),
            blobs: IdMap::default(),
            trees: IdMap::default(),
            imported: Counts::default(),
        })
    }

    fn insertion(&self) -> &Insertion<'a> {
        self.insertion
            .as_ref()
            .expect("there is always one between calls")
    }

    fn all(mut self, mut reader: Reader<'_>) -> Result<Imported, ImportError> {
        let result = self.read_all(&mut reader);
        let roots = match result {
            Ok(roots) => roots,
            Err(error) => {
                // The blobs that came are proven, and mean nothing by themselves: the next import need not write
                // them again. If this fails too, it does write them again.
                if let (Some(insertion), true) = (self.insertion, self.trees.is_empty()) {
                    drop(insertion.commit());
                }
                return Err(error);
            }
        };
        let insertion = self.insertion.expect("there is always one");
        let committed = insertion.commit()?;
        Ok(Imported {
            roots,
            objects: self.imported.objects,
            bytes: self.imported.bytes,
            new_objects: self.imported.new_objects,
            new_bytes: self.imported.new_bytes,
            committed,
        })
    }

    fn read_all(&mut self, reader: &mut Reader<'_>) -> Result<Vec<Root>, ImportError> {
        let roots = reader.roots()?;
        while let Some((inode, size, id)) = reader.object()? {
            self.check_limits(reader, size)?;
            if inode == Inode::Tree {
                self.tree(reader, TreeId(id), size)?;
            } else {
                self.blob(reader, BlobId(id), inode, size)?;
            }
            self.imported.objects += 1;
            self.imported.bytes += size;
            self.task.advance((HEADER as u64) + size);
        }
        reader.end(self.imported.objects)?;
        self.check_roots(reader, &roots)?;
        Ok(roots)
    }

    fn check_limits(&self, reader: &Reader<'_>, size: u64) -> Result<(), ImportError> {
        /// Below this much, whatever compresses well is no bomb.
        const RATIO_FREE: u64 = 1 << 30;
        let total = self.imported.bytes.saturating_add(size);
        let by_ratio = reader.packed.get().saturating_mul(self.limits.ratio);
        let past = |what, allowed| ImportError::Limit {
            offset: reader.offset,
            what,
            allowed,
        };
        if total > self.limits.bytes {
            return Err(past("a number of bytes", self.limits.bytes));
        }
        // Only what was unpacked already counts: what is announced may be in what is still to be read.
        if self.imported.bytes > by_ratio.max(RATIO_FREE) {
            return Err(past(
                "unpacked bytes for one packed byte",
                self.limits.ratio,
            ));
        }
        Ok(())
    }

    fn blob(
        &mut self,
        reader: &mut Reader<'_>,
        id: BlobId,
        inode: Inode,
        size: u64,
    ) -> Result<(), ImportError> {
        if !self.trees.is_empty() {
            return Err(reader.damaged("a blob comes after tree objects"));
        }
        if self.blobs.insert(id, false).is_some() {
            return Err(reader.damaged(format!("object {id} comes twice")));
        }
        let taken = if self.insertion().has_blob(id)? {
            self.batch.push(Root::Blob(id));
            let (found, count) =
                known::hash_only(reader, size).map_err(|source| reader.failed(source))?;
            if count < size {
                Taken::Short
            } else if found == id.0 {
                Taken::Done
            } else {
                Taken::Wrong(found)
            }
        } else {
            self.new_blob(reader, id, inode, size)?
        };
        match taken {
            Taken::Done => Ok(()),
            Taken::Short => Err(ImportError::CutShort {
                offset: reader.offset,
            }),
            Taken::Wrong(found) => {
                Err(reader.damaged(format!("object {id} has bytes that hash to {found}")))
            }
        }
    }

    fn new_blob(
        &mut self,
        reader: &mut Reader<'_>,
        id: BlobId,
        inode: Inode,
        size: u64,
    ) -> Result<Taken, ImportError> {
        if self.staged + size > NAMED_AT_ONCE && self.staged > 0 {
            self.name_blobs()?;
        }
        let insertion = self.insertion.as_ref().expect("there is always one");
        let blob = KnownBlob {
            id,
            inode,
            size,
            from: reader,
            file: None,
        };
        let taken = match insertion.take_known(blob, &mut self.buffer) {
            Err(InsertError::Stream { source }) => return Err(reader.failed(source)),
            result => result?,
        };
        if taken == Taken::Done {
            self.staged += size;
            self.batch.push(Root::Blob(id));
            self.imported.new_objects += 1;
            self.imported.new_bytes += size;
        }
        Ok(taken)
    }

    /// Names the blobs that are staged, and keeps them from being collected.
    fn name_blobs(&mut self) -> Result<(), ImportError> {
        let insertion = self
            .insertion
            .take()
            .expect("there is always one between calls");
        let committed = insertion.commit()?;
        self.lease.add(&self.batch, &committed.guard)?;
        self.batch.clear();
        self.staged = 0;
        // The guard first: two at once could wait for a collector that waits for the first.
        drop(committed);
        self.insertion = Some(self.store.begin(self.observer)?);
        Ok(())
    }

    fn tree(&mut self, reader: &mut Reader<'_>, id: TreeId, size: u64) -> Result<(), ImportError> {
        if self.trees.insert(id, false).is_some() {
            return Err(reader.damaged(format!("tree {id} comes twice")));
        }
        if self.staged >= WORTH_NAMING {
            self.name_blobs()?;
        }
        if size > LARGEST_TREE {
            return Err(ImportError::Limit {
                offset: reader.offset,
                what: "bytes of one tree object",
                allowed: LARGEST_TREE,
            });
        }
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(size).read_to_end(&mut bytes);
        read.map_err(|source| reader.failed(source))?;
        if (bytes.len() as u64) < size {
            return Err(ImportError::CutShort {
                offset: reader.offset,
            });
        }
        let found = Digest::of(&bytes);
        if found != id.0 {
            return Err(reader.damaged(format!("tree {id} has bytes that hash to {found}")));
        }
        let tree = Tree::decode(&bytes)
            .map_err(|error| reader.damaged(format!("object {id} is not a tree: {error}")))?;
        self.name_children(&tree);
        if !self.insertion().has_tree(id)? {
            self.imported.new_objects += 1;
            self.imported.new_bytes += size;
        }
        match self.insertion().add_tree(&tree) {
            Ok(_) => Ok(()),
            Err(InsertError::Unknown { id }) => Err(ImportError::Lacking { id }),
            Err(error) => Err(error.into()),
        }
    }

    fn name_children(&mut self, tree: &Tree) {
        for entry in tree.entries() {
            let named = match &entry.node {
                Node::File(id) | Node::Executable(id) => self.blobs.get_mut(id),
                Node::Folder(id) => self.trees.get_mut(id),
                Node::Link(_) => None,
            };
            if let Some(named) = named {
                *named = true;
            }
        }
    }

    /// Every root is there, and everything that came belongs to one.
    fn check_roots(&mut self, reader: &Reader<'_>, roots: &[Root]) -> Result<(), ImportError> {
        for root in roots {
            let (there, named) = match root {
                Root::Tree(id) => (self.insertion().has_tree(*id)?, self.trees.get_mut(id)),
                Root::Blob(id) => (self.insertion().has_blob(*id)?, self.blobs.get_mut(id)),
            };
            if !there {
                return Err(ImportError::Lacking { id: root.id() });
            }
            if let Some(named) = named {
                *named = true;
            }
        }
        if self
            .blobs
            .values()
            .chain(self.trees.values())
            .all(|named| *named)
        {
            return Ok(());
        }
        Err(reader.damaged("it holds objects that belong to none of its roots"))
    }
}
