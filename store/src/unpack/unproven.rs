//! What an archive holds, staged while nobody can tell yet whether it is the one that is meant.
//!
//! Its files lie in staging under no digest, and its trees in memory: no other thread finds them, and an insertion that
//! is committed meanwhile does not name them. [`Unproven::keep`] makes them a part of the insertion; dropped, they are
//! deleted.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;

use super::ReadSeek;
use super::Sink;
use super::Unpack;
use super::UnpackError;
use super::Unpacked;
use super::unpack;
use crate::insert::Added;
use crate::insert::Content;
use crate::insert::InsertError;
use crate::insert::Insertion;
use crate::insert::Parked;
use crate::tree::Tree;

/// An archive that was unpacked, for an insertion to take or to leave.
#[derive(Debug)]
pub struct Unproven<'a> {
    held: Held<'a>,
    unpacked: Unpacked,
}

impl<'a> Insertion<'a> {
    /// Unpacks an archive of which it is not known yet whether it is the right one.
    pub fn unpack_unproven(
        &'a self,
        archive: &mut dyn ReadSeek,
        how: &Unpack,
    ) -> Result<Unproven<'a>, UnpackError> {
        let held = Held {
            insertion: self,
            blobs: RefCell::default(),
            trees: RefCell::default(),
        };
        let unpacked = unpack(archive, how, &held)?;
        Ok(Unproven { held, unpacked })
    }
}

impl Unproven<'_> {
    /// What it holds as a tree.
    pub fn tree(&self) -> TreeId {
        self.unpacked.tree
    }

    /// Makes it a part of the insertion.
    pub fn keep(mut self) -> Result<Added, InsertError> {
        let insertion = self.held.insertion;
        let (mut new_objects, mut new_bytes) = (0, 0);
        let mut blobs = std::mem::take(self.held.blobs.get_mut()).into_iter();
        let mut adopt = || -> Result<(), InsertError> {
            for (id, file) in blobs.by_ref() {
                if insertion.adopt_parked(id, file.parked)? {
                    new_objects += 1;
                    new_bytes += file.size;
                }
            }
            Ok(())
        };
        let adopted = adopt();
        // What is left after an error is no part of anything.
        self.held.blobs.get_mut().extend(blobs);
        adopted?;
        for tree in std::mem::take(self.held.trees.get_mut()) {
            if !insertion.has_tree(tree.id())? {
                new_objects += 1;
                new_bytes += tree.encode().len() as u64;
                insertion.add_tree(&tree)?;
            }
        }
        let unpacked = &mut self.unpacked;
        Ok(Added {
            content: Content::Folder(unpacked.tree),
            files: unpacked.files,
            bytes: unpacked.bytes,
            new_objects,
            new_bytes,
            warnings: std::mem::take(&mut unpacked.warnings),
        })
    }
}

/// What was unpacked so far and is not in the store.
#[derive(Debug)]
struct Held<'a> {
    insertion: &'a Insertion<'a>,
    blobs: RefCell<HashMap<BlobId, File>>,
    /// Children before parents.
    trees: RefCell<Vec<Tree>>,
}

#[derive(Debug)]
struct File {
    parked: Parked,
    size: u64,
}

impl Sink for Held<'_> {
    fn file(&self, from: &mut dyn Read, executable: bool) -> Result<(BlobId, u64), InsertError> {
        let (id, size, parked) = self.insertion.park_stream(from, executable)?;
        if self.blobs.borrow().contains_key(&id) || self.insertion.has_blob(id)? {
            self.insertion.discard_parked(parked)?;
        } else {
            self.blobs.borrow_mut().insert(id, File { parked, size });
        }
        Ok((id, size))
    }

    fn tree(&self, tree: &Tree) -> Result<TreeId, InsertError> {
        self.trees.borrow_mut().push(tree.clone());
        Ok(tree.id())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        for (_, file) in self.blobs.get_mut().drain() {
            // What cannot be deleted goes with the folder of the insertion.
            drop(self.insertion.discard_parked(file.parked));
        }
    }
}
