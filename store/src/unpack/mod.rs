//! Archives in, trees out: every entry is judged by our own policy before a byte of it is kept.
//!
//! The `tar` and `zip` crates only tell entries apart; where content goes is decided here, and it never goes to a
//! path: file contents stream into staging, names collect in memory ([`grow`]), and only when the whole archive has
//! been read and found good do they become tree objects. The archive may still be arriving, from whomever: a part of
//! the insertion it becomes when somebody says that it is the right one ([`unproven`]).
//!
//! What is refused, always naming the entry: names with `..`, absolute names, empty ones; devices, pipes, sockets;
//! links (symbolic or hard) that leave the tree; entries below something that is not a folder; a name given twice
//! as different kinds; more of anything than [`Limits`] allow; archives that are cut short. What is let pass with a
//! warning: set-user bits (dropped), a file given twice (the last one counts, as for tar itself), names that differ
//! only in case. Owners, times, extended attributes and the modes of folders are not looked at.
//!
//! A layer of an image is judged as a part of a root ([`layer`]): its links are made to stay inside, its devices and
//! pipes are left out with a warning.

mod decode;
mod entry;
mod error;
mod grow;
pub mod layer;
mod limit;
mod links;
mod packing;
mod program;
mod read;
mod system;
mod single;
mod tarball;
#[cfg(test)]
mod tests;
mod unproven;
mod zipped;

pub use decode::decoded;
pub use error::UnpackError;
pub use layer::LayersError;
pub use layer::Role;
pub use limit::Limits;
pub use limit::Measure;
pub use packing::packing_of;
pub use packing::packing_of_bytes;
pub use single::file_of_tar;
pub use unproven::Unproven;

use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_schema::manifest::Packing;

use crate::insert::Added;
use crate::insert::Content;
use crate::insert::Escaping;
use crate::insert::InsertError;
use crate::insert::Insertion;
use crate::tree::Tree;
use grow::Growing;
use limit::Budget;
use read::Packed;

/// Bytes that can be read from any place of.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// How an archive becomes a tree.
#[derive(Debug, Clone)]
pub struct Unpack {
    pub packing: Packing,
    /// How many leading folders of each name to drop; entries with fewer are left out. A `.` is no folder.
    pub strip: u32,
    /// What a single program is called: it becomes `bin/NAME`.
    pub program: Option<String>,
    /// Whether it is a part of a whole system: an absolute link begins at its top, and `usr` is left out of each path.
    pub of_system: bool,
    /// Links that climb out are refused whatever it says.
    pub links: Escaping,
    pub role: Role,
    pub limits: Limits,
}

impl Unpack {
    /// Nothing stripped, the usual limits.
    pub fn new(packing: Packing) -> Self {
        Self {
            packing,
            strip: 0,
            program: None,
            of_system: false,
            links: Escaping::Refuse,
            role: Role::Whole,
            limits: Limits::default(),
        }
    }
}

/// Who takes what is unpacked.
pub(crate) trait Sink {
    /// Takes one file's bytes; tells what they hash to and how many they were.
    fn file(&self, from: &mut dyn Read, executable: bool) -> Result<(BlobId, u64), InsertError>;

    /// Takes a tree whose children it was given before.
    fn tree(&self, tree: &Tree) -> Result<TreeId, InsertError>;
}

/// What an archive became.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) tree: TreeId,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) warnings: Vec<String>,
}

/// Hashes what an archive would become: the id that adding it would give, and nothing is written.
pub fn hash_archive(archive: &mut dyn ReadSeek, how: &Unpack) -> Result<Added, UnpackError> {
    let unpacked = unpack(archive, how, &Hashing)?;
    Ok(Added {
        content: Content::Folder(unpacked.tree),
        files: unpacked.files,
        bytes: unpacked.bytes,
        new_objects: 0,
        new_bytes: 0,
        warnings: unpacked.warnings,
    })
}

impl Insertion<'_> {
    /// Adds what an archive holds. Nothing of it is visible, or a part of the insertion, if it is refused.
    pub fn add_archive(
        &self,
        archive: &mut dyn ReadSeek,
        how: &Unpack,
    ) -> Result<Added, UnpackError> {
        Ok(self.unpack_unproven(archive, how)?.keep()?)
    }
}

/// Takes an archive apart into `sink`.
pub(crate) fn unpack(
    archive: &mut dyn ReadSeek,
    how: &Unpack,
    sink: &dyn Sink,
) -> Result<Unpacked, UnpackError> {
    let size = size_of(archive).map_err(|source| UnpackError::Read { source })?;
    packing::check(archive, how.packing)?;
    let budget = Budget::new(&how.limits, size);
    let mut growing = Growing::new(how, &budget);
    let packed = Packed::new(archive);
    let result = match how.packing {
        Packing::Zip => zipped::unpack(packed.clone(), &mut growing, sink),
        Packing::Tar | Packing::TarGz | Packing::TarXz | Packing::TarZst | Packing::TarBz2 => {
            tarball::unpack(packed.clone(), how.packing, &mut growing, sink)
        }
        Packing::Program | Packing::Gz | Packing::Xz | Packing::Zst | Packing::Bz2 => {
            program::unpack(packed.clone(), how, &mut growing, sink)
        }
    };
    // Where reading the archive itself failed, all else is a consequence of it.
    if let Some(source) = packed.failure() {
        return Err(UnpackError::Read { source });
    }
    result?;
    growing.finish(sink)
}

fn size_of(archive: &mut dyn ReadSeek) -> std::io::Result<u64> {
    let size = archive.seek(SeekFrom::End(0))?;
    archive.seek(SeekFrom::Start(0))?;
    Ok(size)
}

/// Keeps nothing.
struct Hashing;

impl Sink for Hashing {
    fn file(&self, from: &mut dyn Read, _executable: bool) -> Result<(BlobId, u64), InsertError> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 128 << 10];
        let mut size = 0;
        loop {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(InsertError::Stream { source }),
            };
            hasher.update(&buffer[..count]);
            size += count as u64;
        }
        Ok((BlobId(hasher.finalize().into()), size))
    }

    fn tree(&self, tree: &Tree) -> Result<TreeId, InsertError> {
        Ok(tree.id())
    }
}
