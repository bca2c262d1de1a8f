//! Sets and maps of ids: a digest is spread evenly as it is, so its first bytes are its hash.

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;

pub(crate) type IdSet<T> = HashSet<T, BuildHasherDefault<FirstBytes>>;
pub(crate) type IdMap<T, V> = HashMap<T, V, BuildHasherDefault<FirstBytes>>;

/// Hashes digests only.
///
/// Somebody could make contents whose digests begin alike, for about 2^32 hashes a pair: a set would be slower by
/// one step for each such pair, nothing else.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        let first: [u8; 8] = bytes
            .first_chunk()
            .copied()
            .expect("a digest has more than 8 bytes");
        self.0 = u64::from_le_bytes(first);
    }

    /// The length that comes before a slice: always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
