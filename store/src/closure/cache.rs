//! The cache of closures: one file for each root. All of it may be deleted at any time.
//!
//! ```text
//! cache/closures/<64 hex>:  "dgmo closure 1\n", number of trees (u32, little endian), number of blobs,
//!                           their ids, 32 bytes each, then the digest of all that
//! ```
//!
//! What is damaged is read as if it were not there; what cannot be written is not written. Nothing is synced: the
//! digest tells a file that a crash cut short.

use std::fs;
use std::io;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::Closure;
use crate::durable;
use crate::layout::Layout;
use crate::platform;

const MAGIC: &[u8] = b"dgmo closure 1\n";

fn folder(layout: &Layout) -> PathBuf {
    layout.cache().join("closures")
}

pub(super) fn load(layout: &Layout, root: TreeId) -> Option<Closure> {
    let bytes = fs::read(folder(layout).join(root.hex())).ok()?;
    decode(&bytes).filter(|closure| closure.has_tree(root))
}

fn decode(bytes: &[u8]) -> Option<Closure> {
    let (content, digest) = bytes.split_last_chunk::<32>()?;
    if Digest::of(content).as_bytes() != digest {
        return None;
    }
    let rest = content.strip_prefix(MAGIC)?;
    let (trees, rest) = rest.split_first_chunk::<4>()?;
    let (blobs, ids) = rest.split_first_chunk::<4>()?;
    let trees = usize::try_from(u32::from_le_bytes(*trees)).ok()?;
    let blobs = usize::try_from(u32::from_le_bytes(*blobs)).ok()?;
    let (ids, []) = ids.as_chunks::<32>() else {
        return None;
    };
    if ids.len() != trees.checked_add(blobs)? {
        return None;
    }
    let (trees, blobs) = ids.split_at(trees);
    let digest = |id: &[u8; 32]| Digest::from_bytes(*id);
    Some(Closure {
        trees: trees.iter().map(|id| TreeId(digest(id))).collect(),
        blobs: blobs.iter().map(|id| BlobId(digest(id))).collect(),
    })
}

fn encode(closure: &Closure) -> Option<Vec<u8>> {
    let count = |count: usize| Some(u32::try_from(count).ok()?.to_le_bytes());
    let mut bytes = Vec::with_capacity(64 + 32 * (closure.trees.len() + closure.blobs.len()));
    bytes.extend(MAGIC);
    bytes.extend(count(closure.trees.len())?);
    bytes.extend(count(closure.blobs.len())?);
    for id in &closure.trees {
        bytes.extend(id.0.as_bytes());
    }
    for id in &closure.blobs {
        bytes.extend(id.0.as_bytes());
    }
    let digest = Digest::of(&bytes);
    bytes.extend(digest.as_bytes());
    Some(bytes)
}

pub(super) fn save(layout: &Layout, root: TreeId, closure: &Closure) {
    if let Some(bytes) = encode(closure) {
        // On a full disk or in a home we may only read, there is no cache.
        drop(try_save(layout, root, &bytes));
    }
}

fn try_save(layout: &Layout, root: TreeId, bytes: &[u8]) -> io::Result<()> {
    let folder = folder(layout);
    durable::make_folders(&folder)?;
    write_cache(&folder.join(root.hex()), bytes)
}

/// Puts a file of the cache in its place. It is there whole or not at all, unless the machine crashes.
pub(crate) fn write_cache(path: &std::path::Path, bytes: &[u8]) -> io::Result<()> {
    let staged = path.with_extension(format!("{:016x}", platform::unique()));
    let written = durable::write_new(&staged, bytes, 0o644)
        .map(drop)
        .and_then(|()| durable::rename(&staged, path));
    if written.is_err() {
        // If this fails too, `sweep` finds it: its name is not an id.
        drop(durable::remove_file(&staged));
    }
    written
}

/// Deletes the files of roots that are not to be kept, and what is no such file.
pub(super) fn sweep(layout: &Layout, keep: impl Fn(TreeId) -> bool) {
    for entry in fs::read_dir(folder(layout)).into_iter().flatten().flatten() {
        let id = Digest::from_hex(entry.file_name().as_encoded_bytes()).map(TreeId);
        if !id.is_some_and(&keep) {
            // A cache may hold too much.
            drop(durable::remove_file(&entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closure_reads_back_and_damage_is_as_good_as_nothing() {
        let mut closure = Closure::default();
        closure.trees.insert(TreeId(Digest::of(b"tree")));
        for number in 0..100_u32 {
            let digest = Digest::of(&number.to_le_bytes());
            closure.blobs.insert(BlobId(digest));
        }
        let bytes = encode(&closure).unwrap();
        let back = decode(&bytes).unwrap();
        assert_eq!((back.trees, back.blobs), (closure.trees, closure.blobs));
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(decode(&damaged).is_none());
            assert!(decode(&bytes[..place]).is_none());
        }
    }
}
