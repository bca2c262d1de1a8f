//! Honest archives, as the system's programs write them, and hostile ones, written by hand.

mod by_hand;
mod honest;
mod hostile;
mod layers;
mod random;
mod single;
mod unproven;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::io::Read;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::manifest::Packing;

use super::Sink;
use super::Unpack;
use super::UnpackError;
use super::Unpacked;
use super::hash_archive;
use super::unpack;
use crate::insert::InsertError;
use crate::tree::Node;
use crate::tree::Tree;

/// Keeps all in memory.
#[derive(Default)]
struct Memory {
    blobs: RefCell<BTreeMap<BlobId, Vec<u8>>>,
    trees: RefCell<BTreeMap<TreeId, Tree>>,
}

impl Sink for Memory {
    fn file(&self, from: &mut dyn Read, _executable: bool) -> Result<(BlobId, u64), InsertError> {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes)
            .map_err(|source| InsertError::Stream { source })?;
        let (id, size) = (BlobId(Digest::of(&bytes)), bytes.len() as u64);
        self.blobs.borrow_mut().insert(id, bytes);
        Ok((id, size))
    }

    fn tree(&self, tree: &Tree) -> Result<TreeId, InsertError> {
        self.trees.borrow_mut().insert(tree.id(), tree.clone());
        Ok(tree.id())
    }
}

impl Memory {
    /// One line for each name: `path: content`, `path* content` for an executable, `path -> target`, `path/`.
    fn list(&self, id: TreeId) -> Vec<String> {
        let mut lines = Vec::new();
        self.collect(id, "", &mut lines);
        lines
    }

    fn collect(&self, id: TreeId, above: &str, lines: &mut Vec<String>) {
        let trees = self.trees.borrow();
        for entry in trees[&id].entries() {
            let path = format!("{above}{}", entry.name);
            let text = |id| String::from_utf8_lossy(&self.blobs.borrow()[id]).into_owned();
            match &entry.node {
                Node::File(id) => lines.push(format!("{path}: {}", text(id))),
                Node::Executable(id) => lines.push(format!("{path}* {}", text(id))),
                Node::Link(target) => lines.push(format!("{path} -> {target}")),
                Node::Folder(id) => {
                    lines.push(format!("{path}/"));
                    self.collect(*id, &format!("{path}/"), lines);
                }
            }
        }
    }
}

/// Unpacks both ways, which must agree; lists what came out, and the warnings.
fn list(archive: &[u8], how: &Unpack) -> Result<(Vec<String>, Vec<String>), UnpackError> {
    let memory = Memory::default();
    let unpacked: Unpacked = unpack(&mut Cursor::new(archive), how, &memory)?;
    let hashed = hash_archive(&mut Cursor::new(archive), how).expect("hashing agrees");
    assert_eq!(
        hashed.content,
        crate::insert::Content::Folder(unpacked.tree)
    );
    assert_eq!(
        (hashed.files, hashed.bytes),
        (unpacked.files, unpacked.bytes)
    );
    Ok((memory.list(unpacked.tree), unpacked.warnings))
}

fn names(archive: &[u8], packing: Packing) -> Vec<String> {
    list(archive, &Unpack::new(packing)).unwrap().0
}

fn refusal(archive: &[u8], packing: Packing) -> UnpackError {
    list(archive, &Unpack::new(packing)).unwrap_err()
}
