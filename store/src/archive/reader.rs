//! The stream of an archive, taken apart.

use std::cell::Cell;
use std::io;
use std::io::Read;
use std::rc::Rc;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::END;
use super::ImportError;
use super::MAGIC;
use super::MAGIC_OF_ANY_VERSION;
use super::PLAIN;
use super::ZSTD;
use super::inode_of;
use crate::insert::known;
use crate::object::Inode;
use crate::roots::Root;

/// Reads what no version compresses; whether the rest is compressed.
pub(super) fn read_magic(from: &mut dyn Read) -> Result<bool, ImportError> {
    let mut start = [0; MAGIC.len() + 1];
    let count =
        known::fill(from, &mut start).map_err(|source| ImportError::Read { offset: 0, source })?;
    let start = &start[..count];
    let known = MAGIC_OF_ANY_VERSION.len().min(count);
    if count == 0 || start[..known] != MAGIC_OF_ANY_VERSION[..known] {
        return Err(ImportError::NotAnArchive);
    }
    match start.strip_prefix(MAGIC) {
        Some([PLAIN]) => Ok(false),
        Some([ZSTD]) => Ok(true),
        Some([other, ..]) => Err(ImportError::Version {
            what: format!("compression {other:#04x}"),
        }),
        None if count == MAGIC.len() + 1 => Err(ImportError::Version {
            what: String::from_utf8_lossy(start).trim().to_owned(),
        }),
        Some([]) | None => Err(ImportError::CutShort {
            offset: count as u64,
        }),
    }
}

/// Counts the bytes of the archive itself.
pub(super) struct Counting<'a> {
    pub(super) inner: &'a mut dyn Read,
    pub(super) count: Rc<Cell<u64>>,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// The unpacked stream. Offsets count from its start, after what is never compressed.
pub(super) struct Reader<'a> {
    from: &'a mut dyn Read,
    pub(super) offset: u64,
    pub(super) packed: Rc<Cell<u64>>,
    /// Over what the digest at the end covers.
    hasher: blake3::Hasher,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(from: &'a mut dyn Read, packed: Rc<Cell<u64>>) -> Self {
        Self {
            from,
            offset: 0,
            packed,
            hasher: blake3::Hasher::new(),
        }
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> ImportError {
        ImportError::Damaged {
            offset: self.offset,
            what: what.into(),
        }
    }

    pub(super) fn failed(&self, source: io::Error) -> ImportError {
        let offset = self.offset;
        if source.raw_os_error().is_some() && source.kind() != io::ErrorKind::UnexpectedEof {
            return ImportError::Read { offset, source };
        }
        match source.kind() {
            io::ErrorKind::UnexpectedEof => ImportError::CutShort { offset },
            // What the decompression says about damage, by what kind ever.
            _ => self.damaged(source.to_string()),
        }
    }

    /// Reads what the digest at the end covers.
    fn record<const N: usize>(&mut self) -> Result<[u8; N], ImportError> {
        let bytes = self.exact()?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }

    fn exact<const N: usize>(&mut self) -> Result<[u8; N], ImportError> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes)
            .map_err(|source| self.failed(source))?;
        Ok(bytes)
    }

    fn digest(&mut self) -> Result<Digest, ImportError> {
        Ok(Digest::from_bytes(self.record()?))
    }

    pub(super) fn roots(&mut self) -> Result<Vec<Root>, ImportError> {
        let count = u32::from_le_bytes(self.record()?);
        let mut roots = Vec::new();
        for _ in 0..count {
            let [kind] = self.record()?;
            let digest = self.digest()?;
            let root = match kind {
                b't' => Root::Tree(TreeId(digest)),
                b'b' => Root::Blob(BlobId(digest)),
                _ => return Err(self.damaged("a root is neither a tree nor a blob")),
            };
            if roots.last().is_some_and(|last| *last >= root) {
                return Err(self.damaged("the roots are not in order"));
            }
            roots.push(root);
        }
        Ok(roots)
    }

    /// The next object's kind, size and id; none at the end.
    pub(super) fn object(&mut self) -> Result<Option<(Inode, u64, Digest)>, ImportError> {
        let [kind] = self.record()?;
        if kind == END {
            return Ok(None);
        }
        let inode = inode_of(kind)
            .ok_or_else(|| self.damaged(format!("an object of the unknown kind {kind:#04x}")))?;
        let size = u64::from_le_bytes(self.record()?);
        Ok(Some((inode, size, self.digest()?)))
    }

    /// Checks the end record, of which the kind was read.
    pub(super) fn end(&mut self, objects: u64) -> Result<(), ImportError> {
        if u64::from_le_bytes(self.record()?) != objects {
            return Err(self.damaged("the number of objects is another than was said"));
        }
        let expected = self.hasher.finalize();
        if self.exact::<32>()? != *expected.as_bytes() {
            return Err(self.damaged("the digest at the end is another"));
        }
        match self.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("something follows the end")),
            Err(source) => Err(self.failed(source)),
        }
    }
}
