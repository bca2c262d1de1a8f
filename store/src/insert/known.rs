//! Blobs whose ids are known beforehand, from an archive or another store: they are taken only if they have them.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;

use crate::object::Inode;

use super::InsertError;
use super::Insertion;
use super::hash::PourError;
use super::hash::pour;

pub(crate) use super::hash::fill;

/// Up to this size a blob is hashed before anything is written.
const SMALL: usize = 1 << 20;

/// A blob to take.
pub(crate) struct KnownBlob<'a> {
    pub(crate) id: BlobId,
    pub(crate) inode: Inode,
    pub(crate) size: u64,
    /// Its bytes; not more than `size` are read.
    pub(crate) from: &'a mut dyn Read,
    /// The file they come from, to share its blocks.
    pub(crate) file: Option<(&'a File, &'a Path)>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is staged, or another thread was faster.
    Done,
    /// Its bytes hash to something else; nothing was kept.
    Wrong(Digest),
    /// It ended before its size.
    Short,
}

/// Where small blobs are read to; one for each thread.
pub(crate) fn buffer() -> Vec<u8> {
    vec![0; SMALL]
}

impl Insertion<'_> {
    /// Takes a blob that is neither in the store nor pending.
    pub(crate) fn take_known(
        &self,
        mut blob: KnownBlob<'_>,
        buffer: &mut [u8],
    ) -> Result<Taken, InsertError> {
        let small = usize::try_from(blob.size).ok();
        match small.and_then(|size| buffer.get_mut(..size)) {
            Some(bytes) => self.take_small(&mut blob, bytes),
            None => self.take_large(&mut blob),
        }
    }

    fn take_small(&self, blob: &mut KnownBlob<'_>, bytes: &mut [u8]) -> Result<Taken, InsertError> {
        let count = fill(blob.from, bytes).map_err(|source| InsertError::Stream { source })?;
        if count < bytes.len() {
            return Ok(Taken::Short);
        }
        let found = Digest::of(bytes);
        if found != blob.id.0 {
            return Ok(Taken::Wrong(found));
        }
        self.stage_blob(blob.id, bytes, blob.inode)?;
        Ok(Taken::Done)
    }

    fn take_large(&self, blob: &mut KnownBlob<'_>) -> Result<Taken, InsertError> {
        let clone = match blob.file {
            Some((file, path)) => self.pending.clone_file(file, path, blob.inode)?,
            None => None,
        };
        let (unnamed, poured) = if let Some(clone) = clone {
            let opened = File::open(clone.file.path());
            let mut file = opened.map_err(|source| InsertError::Stream { source })?;
            let poured = pour(&mut file, None, blob.size, &|_| ());
            (clone, poured)
        } else {
            let mut copy = self.pending.create(blob.inode)?;
            let mut from = Read::take(&mut *blob.from, blob.size);
            let poured = pour(&mut from, Some(&mut copy.file), blob.size, &|_| ());
            (copy, poured)
        };
        match poured {
            Ok((id, size)) if id == blob.id && size == blob.size => {
                self.keep_if_new(id, unnamed)?;
                Ok(Taken::Done)
            }
            Ok((id, size)) => {
                self.pending.discard(unnamed)?;
                let is_short = size < blob.size;
                Ok(if is_short {
                    Taken::Short
                } else {
                    Taken::Wrong(id.0)
                })
            }
            Err(PourError::Write(error)) => Err(error.into()),
            Err(PourError::Read(source)) => {
                self.pending.discard(unnamed)?;
                Err(InsertError::Stream { source })
            }
        }
    }
}

/// Reads and forgets a blob that is there already; what its bytes hash to, and how many they were.
pub(crate) fn hash_only(from: &mut dyn Read, size: u64) -> io::Result<(Digest, u64)> {
    match pour(&mut from.take(size), None, size, &|_| ()) {
        Ok((id, count)) => Ok((id.0, count)),
        Err(PourError::Read(error)) => Err(error),
        Err(PourError::Write(_)) => Err(io::Error::other("nothing is written")),
    }
}
