//! Writing an archive.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use super::END;
use super::MAGIC;
use super::PLAIN;
use super::ZSTD;
use super::header;
use super::kind_of_root;
use crate::closure::IdMap;
use crate::closure::IdSet;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::platform;
use crate::read::ReadError;
use crate::roots::Root;
use crate::roots::RootError;
use crate::store::Store;
use crate::tree::Node;

/// What to put into an archive.
pub struct Export<'a> {
    pub roots: &'a [Root],
    /// What the receiver has: a tree it has is left out with all below it.
    pub receiver_has: &'a dyn Fn(Root) -> bool,
    pub compression: Compression,
}

impl std::fmt::Debug for Export<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("roots", &self.roots)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

impl<'a> Export<'a> {
    /// All that `roots` reach, not compressed.
    pub fn new(roots: &'a [Root]) -> Self {
        Self {
            roots,
            receiver_has: &|_| false,
            compression: Compression::None,
        }
    }
}

/// Whether to compress the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    /// With this level: 3 is fast, 19 is small.
    Zstd(i32),
}

/// What was put into an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    pub objects: u64,
    /// Their bytes, before compression.
    pub bytes: u64,
}

/// Why an archive could not be written. What was written of it is useless.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("`{}` cannot be read", path.display())]
    Object { path: PathBuf, source: io::Error },
    #[error("what is exported cannot be kept from being collected")]
    Hold(#[from] RootError),
    #[error("the archive cannot be written")]
    Write { source: io::Error },
}

impl Diagnose for ExportError {
    fn code(&self) -> Code {
        match self {
            Self::Read(error) => error.code(),
            Self::Object { .. } => Code::StoreNotRead,
            Self::Hold(error) => error.code(),
            Self::Write { .. } => Code::ExportNotWritten,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Write { .. } => Some(Hint::Do(
                "write the archive where there is room for it and you may write".to_owned(),
            )),
            Self::Read(_) | Self::Object { .. } | Self::Hold(_) => None,
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Read(error) => Some(error),
            Self::Hold(error) => Some(error),
            Self::Object { .. } | Self::Write { .. } => None,
        }
    }
}

impl Store {
    /// Writes all that the roots reach, as one stream.
    pub fn export(
        &self,
        to: &mut dyn Write,
        what: &Export<'_>,
        observer: &dyn Observer,
    ) -> Result<Exported, ExportError> {
        let _held = self.hold(what.roots, observer)?;
        let missing = self.missing(what.roots, what.receiver_has)?;
        let total = (missing.blobs.len() + missing.trees.len()) as u64;
        let task = Task::start(observer, "exporting", Some(total), Unit::Items);
        let write = |source| ExportError::Write { source };
        to.write_all(MAGIC).map_err(write)?;
        let exported = match what.compression {
            Compression::None => {
                to.write_all(&[PLAIN]).map_err(write)?;
                Writer::new(self, to, &task).all(what.roots, missing)?
            }
            Compression::Zstd(level) => {
                to.write_all(&[ZSTD]).map_err(write)?;
                let mut encoder = zstd::stream::write::Encoder::new(&mut *to, level)
                    .and_then(|mut encoder| encoder.include_checksum(true).map(|()| encoder))
                    .map_err(write)?;
                let exported = Writer::new(self, &mut encoder, &task).all(what.roots, missing)?;
                encoder.finish().map_err(write)?;
                exported
            }
        };
        to.flush().map_err(write)?;
        Ok(exported)
    }

    /// What `roots` reach and a receiver lacks.
    pub(crate) fn missing(
        &self,
        roots: &[Root],
        has: &dyn Fn(Root) -> bool,
    ) -> Result<Missing, ReadError> {
        let mut missing = Missing::default();
        let mut entered = IdSet::default();
        let mut roots = roots.to_vec();
        roots.sort_unstable();
        for root in roots {
            match root {
                Root::Blob(id) => missing.blob(id, Inode::Plain, has),
                Root::Tree(id) => self.walk_missing(id, has, &mut entered, &mut missing)?,
            }
        }
        Ok(missing)
    }

    fn walk_missing(
        &self,
        root: TreeId,
        has: &dyn Fn(Root) -> bool,
        entered: &mut IdSet<TreeId>,
        missing: &mut Missing,
    ) -> Result<(), ReadError> {
        // Each is on the way twice: before its children, and after them, when it is put in order.
        let mut way = vec![(root, false)];
        while let Some((id, children_done)) = way.pop() {
            if children_done {
                missing.trees.push(id);
                continue;
            }
            if has(Root::Tree(id)) || !entered.insert(id) {
                continue;
            }
            way.push((id, true));
            for entry in self.read_tree(id)?.entries() {
                match entry.node {
                    Node::File(id) => missing.blob(id, Inode::Plain, has),
                    Node::Executable(id) => missing.blob(id, Inode::Executable, has),
                    Node::Folder(id) => way.push((id, false)),
                    Node::Link(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// What a receiver lacks.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    /// And as what they are used first.
    pub(crate) blobs: IdMap<BlobId, Inode>,
    /// Children before parents.
    pub(crate) trees: Vec<TreeId>,
}

impl Missing {
    fn blob(&mut self, id: BlobId, inode: Inode, has: &dyn Fn(Root) -> bool) {
        if !self.blobs.contains_key(&id) && !has(Root::Blob(id)) {
            self.blobs.insert(id, inode);
        }
    }
}

/// The part of an archive that may be compressed.
struct Writer<'a> {
    store: &'a Store,
    to: &'a mut dyn Write,
    task: &'a Task<'a>,
    hasher: blake3::Hasher,
    exported: Exported,
}

impl<'a> Writer<'a> {
    fn new(store: &'a Store, to: &'a mut dyn Write, task: &'a Task<'a>) -> Self {
        Self {
            store,
            to,
            task,
            hasher: blake3::Hasher::new(),
            exported: Exported::default(),
        }
    }

    fn all(mut self, roots: &[Root], missing: Missing) -> Result<Exported, ExportError> {
        let mut roots = roots.to_vec();
        roots.sort_unstable();
        roots.dedup();
        let count = u32::try_from(roots.len()).expect("roots are few");
        self.record(&count.to_le_bytes())?;
        for root in roots {
            self.record(&[kind_of_root(root)])?;
            self.record(root.id().0.as_bytes())?;
        }
        let mut blobs: Vec<(BlobId, Inode)> = missing.blobs.into_iter().collect();
        blobs.sort_unstable();
        let mut buffer = vec![0; 256 << 10];
        for (id, inode) in blobs {
            self.blob(id, inode, &mut buffer)?;
        }
        for id in missing.trees {
            let bytes = self.store.read_tree(id)?.encode();
            self.record(&header(Inode::Tree, bytes.len() as u64, id.into()))?;
            self.to
                .write_all(&bytes)
                .map_err(|source| ExportError::Write { source })?;
            self.count(bytes.len() as u64);
        }
        self.record(&[END])?;
        self.record(&self.exported.objects.to_le_bytes())?;
        let digest = self.hasher.finalize();
        self.to
            .write_all(digest.as_bytes())
            .map_err(|source| ExportError::Write { source })?;
        Ok(self.exported)
    }

    /// Writes what the digest at the end covers.
    fn record(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.hasher.update(bytes);
        self.to
            .write_all(bytes)
            .map_err(|source| ExportError::Write { source })
    }

    /// Writes a blob, and proves while doing so that it is what its id says: an archive that nobody could import
    /// should not be carried anywhere.
    fn blob(&mut self, id: BlobId, inode: Inode, buffer: &mut [u8]) -> Result<(), ExportError> {
        let path = self.store.objects().path_of(&ObjectName::blob(id, inode));
        let failed = |source| ExportError::Object {
            path: path.clone(),
            source,
        };
        let mut file = self.store.open_blob(id)?;
        let size = size_of(&file).map_err(failed)?;
        self.record(&header(inode, size, id.into()))?;
        let mut hasher = blake3::Hasher::new();
        let mut left = size;
        while left > 0 {
            let most = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let count = match file.read(&mut buffer[..most]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            hasher.update(&buffer[..count]);
            self.to
                .write_all(&buffer[..count])
                .map_err(|source| ExportError::Write { source })?;
            left -= count as u64;
        }
        let found = hasher.finalize().into();
        if found != id.0 || left > 0 {
            let (id, found) = (id.into(), ObjectId(found));
            return Err(ReadError::Damaged { id, found }.into());
        }
        self.count(size);
        Ok(())
    }

    fn count(&mut self, bytes: u64) {
        self.exported.objects += 1;
        self.exported.bytes += bytes;
        self.task.advance(1);
    }
}

fn size_of(file: &File) -> io::Result<u64> {
    let (_, size, _) = platform::kind_size_and_mode(file)?;
    Ok(size)
}
