//! Archives: a closure as one stream, to carry it where no network goes.
//!
//! ```text
//! "dgmo archive 1\n"
//! 1 byte           how the rest is compressed: `-` not, `z` as one Zstandard stream
//! u32              number of roots, then each: 1 byte `t` tree or `b` blob, 32 bytes id, sorted
//! objects, each:
//!   1 byte         `f` blob, `x` blob that is used as an executable, `t` tree object
//!   u64            number of bytes
//!   32 bytes       id
//!   bytes
//! "e"              the end
//! u64              number of objects
//! 32 bytes         BLAKE3 of all the above from the number of roots on, but for the objects' bytes,
//!                  which their ids prove
//! ```
//!
//! Numbers are little endian. Blobs come first, sorted by id; then tree objects, children before parents; so the same
//! closure gives the same bytes. Each object comes once, and each is a root or named by a tree that comes later.
//! What the receiver is known to have may be left out.
//!
//! [Importing](import) checks every object against its id, and nothing can be reached before the end record has been
//! checked: tree objects are named all at once, at the end. Blobs, which mean nothing without them, are kept as they
//! come, under a lease; so an import that was interrupted need not write them again.

mod export;
mod import;
mod reader;
mod salvage;
#[cfg(test)]
mod tests;

pub use export::Compression;
pub use export::Export;
pub use export::ExportError;
pub use export::Exported;
pub use import::ImportError;
pub use import::ImportLimits;
pub use import::Imported;

pub(crate) use export::Missing;
pub(crate) use salvage::each_object;

use dgmo_schema::id::ObjectId;

use crate::object::Inode;
use crate::roots::Root;

const MAGIC: &[u8] = b"dgmo archive 1\n";

/// What the magic of every version begins with.
const MAGIC_OF_ANY_VERSION: &[u8] = b"dgmo archive ";

const PLAIN: u8 = b'-';
const ZSTD: u8 = b'z';
const END: u8 = b'e';

/// Kind, size and id of an object.
const HEADER: usize = 1 + 8 + 32;

fn kind_of(inode: Inode) -> u8 {
    match inode {
        Inode::Plain => b'f',
        Inode::Executable => b'x',
        Inode::Tree => b't',
    }
}

fn inode_of(kind: u8) -> Option<Inode> {
    Some(match kind {
        b'f' => Inode::Plain,
        b'x' => Inode::Executable,
        b't' => Inode::Tree,
        _ => return None,
    })
}

fn kind_of_root(root: Root) -> u8 {
    match root {
        Root::Tree(_) => b't',
        Root::Blob(_) => b'b',
    }
}

fn header(inode: Inode, size: u64, id: ObjectId) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[0] = kind_of(inode);
    header[1..9].copy_from_slice(&size.to_le_bytes());
    header[9..].copy_from_slice(id.0.as_bytes());
    header
}
