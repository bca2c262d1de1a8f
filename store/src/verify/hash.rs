//! Hashing files of any size on all threads, in bounded memory.
//!
//! A file of several [pieces](PIECE) is hashed piece by piece, by whichever threads are free. BLAKE3 is a tree of
//! chunks: each piece is a whole subtree of it, whose value does not depend on the others; the thread that brings
//! the last one puts them together.

use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use blake3::Hasher;
use blake3::hazmat::ChainingValue;
use blake3::hazmat::HasherExt;
use blake3::hazmat::Mode;
use blake3::hazmat::left_subtree_len;
use blake3::hazmat::merge_subtrees_non_root;
use blake3::hazmat::merge_subtrees_root;
use dgmo_schema::id::Digest;

use crate::object::ObjectName;
use crate::platform;

/// How much a thread hashes of a large file at once. A power of two, so that a piece is a whole subtree.
const PIECE: u64 = 8 << 20;

/// How much is read at once.
const BUFFER: usize = 512 << 10;

/// What a thread reads into.
pub(crate) fn buffer() -> Vec<u8> {
    vec![0; BUFFER]
}

/// Hashes a file of one piece; tells its bytes too if they fit the buffer.
pub(crate) fn small(file: &File, size: u64, buffer: &mut [u8]) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::new();
    let mut total = 0;
    loop {
        let count = platform::read_at(file, buffer, total)?;
        hasher.update(&buffer[..count]);
        total += count as u64;
        // A file that is as long as it said is at its end: no need to ask again.
        if count == 0 || total == size {
            return Ok((hasher.finalize().into(), total));
        }
    }
}

pub(super) fn is_large(size: u64) -> bool {
    size > PIECE
}

/// A large file that several threads hash.
pub(super) struct Large {
    pub(super) name: ObjectName,
    pub(super) size: u64,
    file: File,
    pieces: Vec<OnceLock<ChainingValue>>,
    left: AtomicU64,
}

impl Large {
    pub(super) fn new(name: ObjectName, file: File, size: u64) -> Self {
        let count = size.div_ceil(PIECE);
        Self {
            name,
            size,
            file,
            pieces: (0..count).map(|_| OnceLock::new()).collect(),
            left: AtomicU64::new(count),
        }
    }

    pub(super) fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Hashes one piece; the digest of the whole if it was the last that was left.
    pub(super) fn piece(&self, index: usize, buffer: &mut [u8]) -> io::Result<Option<Digest>> {
        let start = index as u64 * PIECE;
        let end = (start + PIECE).min(self.size);
        let mut hasher = Hasher::new();
        hasher.set_input_offset(start);
        let mut place = start;
        while place < end {
            let most = usize::try_from(end - place)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let count = platform::read_at(&self.file, &mut buffer[..most], place)?;
            if count == 0 {
                let shorter = "it is shorter than it was when it was opened";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, shorter));
            }
            hasher.update(&buffer[..count]);
            place += count as u64;
        }
        let value = hasher.finalize_non_root();
        self.pieces[index].get_or_init(|| value);
        let was_last = self.left.fetch_sub(1, Ordering::AcqRel) == 1;
        Ok(was_last.then(|| self.root()))
    }

    fn root(&self) -> Digest {
        let (left, right) = halves(&self.pieces, self.size);
        merge_subtrees_root(&left, &right, Mode::Hash).into()
    }
}

/// The value of a subtree over these pieces, which have `len` bytes.
fn merge(pieces: &[OnceLock<ChainingValue>], len: u64) -> ChainingValue {
    if let [piece] = pieces {
        return *piece.get().expect("all pieces are hashed");
    }
    let (left, right) = halves(pieces, len);
    merge_subtrees_non_root(&left, &right, Mode::Hash)
}

fn halves(pieces: &[OnceLock<ChainingValue>], len: u64) -> (ChainingValue, ChainingValue) {
    let left_len = left_subtree_len(len);
    let at = usize::try_from(left_len / PIECE).expect("there are that many pieces");
    let (left, right) = pieces.split_at(at);
    (merge(left, left_len), merge(right, len - left_len))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::object::Inode;

    #[test]
    fn pieces_in_any_order_give_the_digest_of_the_whole() {
        let piece = usize::try_from(PIECE).unwrap();
        for size in [
            piece + 1,
            2 * piece,
            3 * piece - 1,
            4 * piece + 1025,
            5 * piece,
        ] {
            let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let name = ObjectName::new(Digest::of(b""), Inode::Plain);
            let large = Large::new(name, file, size as u64);
            let mut buffer = buffer();
            let mut whole = None;
            for index in (0..large.pieces()).rev() {
                assert_eq!(whole, None);
                whole = large.piece(index, &mut buffer).unwrap();
            }
            assert_eq!(whole, Some(Digest::of(&bytes)), "{size}");
        }
    }
}
