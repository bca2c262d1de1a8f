//! Where lost objects may still be: laid-out trees, folders, other stores, archives.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::Mending;
use super::RepairError;
use super::folder;
use super::folder::Contents;
use crate::archive;
use crate::archive::ImportError;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::store::Store;
use crate::tree::Node;

/// The largest tree object that is read into memory to see what it is.
const LARGEST_TREE: u64 = 64 << 20;

/// What is to be offered of laid-out trees.
#[derive(Default)]
struct Below {
    files: Vec<(BlobId, PathBuf)>,
    /// Folders whose trees are lost.
    unknown: Vec<(TreeId, PathBuf)>,
    /// Whether something that is lost may be below each tree.
    needed: BTreeMap<TreeId, bool>,
}

impl Mending<'_> {
    /// Offers the folder of a laid-out tree: its files by what the tree says of them, and where the tree object itself
    /// is lost, the folder as a whole.
    pub fn offer_laid_out(&mut self, id: TreeId, folder: &Path) -> Result<(), RepairError> {
        if self.wants_tree(id) {
            self.offer_folder(folder)?;
        }
        self.offer_places(id, folder)
    }

    /// Offers the files of a folder by what a tree says of them. Below a tree object that is lost nobody knows: such a
    /// folder is offered as a whole, and what is below it once the tree is found.
    pub fn offer_places(&mut self, id: TreeId, folder: &Path) -> Result<(), RepairError> {
        let mut known = vec![(id, folder.to_owned())];
        while !known.is_empty() {
            let mut seen = Below::default();
            for (id, folder) in &known {
                self.look_below(*id, folder, &mut seen);
            }
            // What turns out to be lost on the way is a surprise: then all is offered once more.
            self.offer_files(seen.files)?;
            self.offer_folders(seen.unknown.iter().map(|(_, path)| path.as_path()))?;
            known = seen.unknown;
            known.retain(|(id, _)| !self.wants_tree(*id));
        }
        Ok(())
    }

    fn look_below(&self, id: TreeId, folder: &Path, seen: &mut Below) {
        let Ok(tree) = self.read_tree(id) else {
            return;
        };
        for entry in tree.entries() {
            let path = || folder.join(entry.name.to_os());
            match entry.node {
                Node::File(id) | Node::Executable(id) if self.wants_blob(id) => {
                    seen.files.push((id, path()));
                }
                Node::Folder(id) if self.may_need_below(id, &mut seen.needed) => {
                    let path = path();
                    let is_folder = fs::symlink_metadata(&path).is_ok_and(|there| there.is_dir());
                    match (is_folder, self.wants_tree(id)) {
                        (true, true) => seen.unknown.push((id, path)),
                        (true, false) => self.look_below(id, &path, seen),
                        (false, _) => {}
                    }
                }
                _ => {}
            }
        }
    }

    /// Offers everything in a folder: each file is hashed, and each folder is looked at as a tree.
    pub fn offer_folder(&mut self, folder: &Path) -> Result<(), RepairError> {
        self.offer_folders([folder])
    }

    fn offer_folders<'a>(
        &mut self,
        folders: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), RepairError> {
        let surprises = self.surprises();
        let folders: Vec<&Path> = folders
            .into_iter()
            .filter(|folder| self.read_whole.get(*folder) != Some(&surprises))
            .collect();
        if folders.is_empty() {
            return Ok(());
        }
        let contents = folder::read(&folders, self.known.as_ref(), self.insertion().observer());
        self.offer_contents(contents)?;
        let surprises = self.surprises();
        self.read_whole.extend(
            folders
                .iter()
                .map(|folder| ((*folder).to_owned(), surprises)),
        );
        Ok(())
    }

    /// Trees first: each that is taken may name more that is looked for.
    fn offer_contents(&mut self, contents: Contents) -> Result<(), RepairError> {
        loop {
            let before = self.surprises();
            for id in self.lost.trees.clone() {
                if let Some(tree) = contents.trees.get(&id) {
                    self.offer_tree(tree)?;
                }
            }
            if self.surprises() == before {
                break;
            }
        }
        self.offer_files(contents.blobs)
    }

    /// Offers a file of which nothing is known.
    pub fn offer_any_file(&mut self, path: &Path) -> Result<(), RepairError> {
        if let Some(id) = digest_of(path) {
            self.offer_file(BlobId(id), path)?;
        }
        Ok(())
    }

    /// Offers all of another store.
    pub fn offer_store(&mut self, other: &Store) -> Result<(), RepairError> {
        loop {
            let before = self.surprises();
            for id in self.lost.trees.clone() {
                if let Ok(tree) = other.read_tree(id) {
                    self.offer_tree(&tree)?;
                }
            }
            let wanted: Vec<BlobId> = self.lost.blobs.keys().copied().collect();
            let files = wanted.into_iter().flat_map(|id| {
                let inodes = [Inode::Plain, Inode::Executable];
                inodes.map(|inode| (id, other.objects().path_of(&ObjectName::blob(id, inode))))
            });
            self.offer_files(files)?;
            // A tree that came may have named more.
            if self.surprises() == before {
                return Ok(());
            }
        }
    }

    /// Offers all of an archive, as `export` writes them; `open` is called again where a tree in it named more.
    pub fn offer_archive(
        &mut self,
        open: &dyn Fn() -> std::io::Result<Box<dyn Read>>,
    ) -> Result<(), RepairError> {
        loop {
            let before = self.surprises();
            let mut from = open().map_err(|source| ImportError::Read { offset: 0, source })?;
            let mut failed = None;
            let read = archive::each_object(&mut from, &mut |inode, id, size, bytes| {
                if failed.is_none() {
                    failed = self.offer_object(inode, id, size, bytes).err();
                }
                Ok(())
            });
            if let Some(error) = failed {
                return Err(error);
            }
            read?;
            if self.surprises() == before {
                return Ok(());
            }
        }
    }

    fn offer_object(
        &mut self,
        inode: Inode,
        id: Digest,
        size: u64,
        from: &mut dyn Read,
    ) -> Result<(), RepairError> {
        if inode != Inode::Tree {
            self.offer_stream(BlobId(id), size, from)?;
        } else if self.wants_tree(TreeId(id)) && size <= LARGEST_TREE {
            let mut bytes = Vec::new();
            if from.read_to_end(&mut bytes).is_ok() {
                self.offer_tree_bytes(TreeId(id), &bytes)?;
            }
        }
        Ok(())
    }
}

/// What a file hashes to, if it is one and can be read.
pub(super) fn digest_of(path: &Path) -> Option<Digest> {
    let is_file = fs::symlink_metadata(path).ok()?.is_file();
    is_file.then(|| read_digest(path))?
}

fn read_digest(path: &Path) -> Option<Digest> {
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut fs::File::open(path).ok()?, &mut hasher).ok()?;
    Some(hasher.finalize().into())
}
