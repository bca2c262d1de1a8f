//! Copying to another store: only what is missing there, every object hashed on the way.
//!
//! A tree object in place means that everything below it is in place; so what the other store has is never looked
//! into, and there is nothing to do when it has the roots.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::ObjectId;

use crate::archive::Missing;
use crate::insert::Committed;
use crate::insert::InsertError;
use crate::insert::Insertion;
use crate::insert::known;
use crate::insert::known::KnownBlob;
use crate::insert::known::Taken;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel;
use crate::platform;
use crate::read::ReadError;
use crate::roots::Root;
use crate::roots::RootError;
use crate::store::Store;

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    pub objects: u64,
    pub bytes: u64,
    /// Keeps what was copied until a root of the other store names it.
    pub committed: Committed,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("`{}` cannot be read", path.display())]
    Object { path: PathBuf, source: io::Error },
    #[error("what is copied cannot be kept from being collected")]
    Hold(#[from] RootError),
    #[error("the other store does not take it")]
    Insert(#[from] InsertError),
}

impl Diagnose for CopyError {
    fn code(&self) -> Code {
        match self {
            Self::Read(error) => error.code(),
            Self::Object { .. } => Code::StoreNotRead,
            Self::Hold(error) => error.code(),
            Self::Insert(error) => error.code(),
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Read(error) => Some(error),
            Self::Object { .. } => None,
            Self::Hold(error) => Some(error),
            Self::Insert(error) => Some(error),
        }
    }
}

impl Store {
    /// Copies all that `roots` reach and `other` lacks. All of it is there once this returns, or none.
    pub fn copy_to(
        &self,
        other: &Self,
        roots: &[Root],
        observer: &dyn Observer,
    ) -> Result<Copied, CopyError> {
        // What cannot be looked for is copied again: the other store finds out.
        let has = |root: Root| root.is_in(other).unwrap_or(false);
        // Before the other store's guard is taken: two at once could wait for a collector that waits for the first,
        // should both stores be the same.
        let held = if all_there(roots, other)? {
            None
        } else {
            Some(self.hold(roots, observer)?)
        };
        let insertion = other.begin(observer)?;
        let mut copied = Counts::default();
        if !all_there(roots, other)? {
            let missing = self.missing(roots, &has)?;
            copied = self.copy_missing(&insertion, missing, observer)?;
        }
        drop(held);
        Ok(Copied {
            objects: copied.objects,
            bytes: copied.bytes,
            committed: insertion.commit()?,
        })
    }

    fn copy_missing(
        &self,
        insertion: &Insertion<'_>,
        missing: Missing,
        observer: &dyn Observer,
    ) -> Result<Counts, CopyError> {
        let objects = (missing.blobs.len() + missing.trees.len()) as u64;
        let copying = Copying {
            from: self,
            insertion,
            task: Task::start(observer, "copying", Some(objects), Unit::Items),
        };
        let bytes = copying.all(missing)?;
        Ok(Counts { objects, bytes })
    }
}

fn all_there(roots: &[Root], store: &Store) -> Result<bool, ReadError> {
    for root in roots {
        if !root.is_in(store)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[derive(Debug, Default)]
struct Counts {
    objects: u64,
    bytes: u64,
}

struct Copying<'a> {
    from: &'a Store,
    insertion: &'a Insertion<'a>,
    task: Task<'a>,
}

impl Copying<'_> {
    fn all(&self, missing: Missing) -> Result<u64, CopyError> {
        let bytes = AtomicU64::new(0);
        let add = |count| bytes.fetch_add(count, Ordering::Relaxed);
        let mut blobs: Vec<(BlobId, Inode)> = missing.blobs.into_iter().collect();
        blobs.sort_unstable();
        let chunks: Vec<&[(BlobId, Inode)]> = blobs.chunks(64).collect();
        parallel::run(chunks, known::buffer, |buffer, _, chunk| {
            for (id, inode) in chunk {
                add(self.blob(*id, *inode, buffer)?);
            }
            self.task.advance(chunk.len() as u64);
            Ok::<(), CopyError>(())
        })?;
        for id in missing.trees {
            let tree = self.from.read_tree(id)?;
            add(tree.encode().len() as u64);
            self.insertion.add_tree(&tree)?;
            self.task.advance(1);
        }
        Ok(bytes.into_inner())
    }

    fn blob(&self, id: BlobId, inode: Inode, buffer: &mut [u8]) -> Result<u64, CopyError> {
        let objects = self.from.objects();
        let path = || objects.path_of(&ObjectName::blob(id, inode));
        let failed = |source| CopyError::Object {
            path: path(),
            source,
        };
        let file = self.from.open_blob(id)?;
        let (_, size, _) = platform::kind_size_and_mode(&file).map_err(failed)?;
        let path = path();
        let mut bytes = &file;
        let blob = KnownBlob {
            id,
            inode,
            size,
            from: &mut bytes,
            file: Some((&file, &path)),
        };
        let damaged = |found| ReadError::Damaged {
            id: id.into(),
            found: ObjectId(found),
        };
        match self.insertion.take_known(blob, buffer) {
            Ok(Taken::Done) => Ok(size),
            Ok(Taken::Wrong(found)) => Err(damaged(found).into()),
            Ok(Taken::Short) => Err(failed(io::ErrorKind::UnexpectedEof.into())),
            Err(InsertError::Stream { source }) => Err(failed(source)),
            Err(error) => Err(error.into()),
        }
    }
}
