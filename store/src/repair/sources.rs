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
use crate::archive;
use crate::archive::ImportError;
use crate::object::Inode;
use crate::platform;
use crate::store::Store;
use crate::tree::Entry;
use crate::tree::EntryName;
use crate::tree::LinkTarget;
use crate::tree::Node;
use crate::tree::Tree;

/// The largest tree object that is read into memory to see what it is.
const LARGEST_TREE: u64 = 64 << 20;

/// Folders deeper than this are nobody's.
const DEEPEST: usize = 512;

/// What of a folder was not looked for when it was read.
#[derive(Default)]
struct Passed {
    trees: BTreeMap<TreeId, Tree>,
    blobs: Vec<(BlobId, PathBuf)>,
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

    /// Offers the files of a folder by what a tree says of them. Below a tree object that is lost nobody knows.
    pub fn offer_places(&mut self, id: TreeId, folder: &Path) -> Result<(), RepairError> {
        let Ok(tree) = self.read_tree(id) else {
            return Ok(());
        };
        for entry in tree.entries() {
            let path = folder.join(entry.name.to_os());
            match entry.node {
                Node::File(id) | Node::Executable(id) => {
                    self.offer_file(id, &path)?;
                }
                Node::Folder(id) => {
                    if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                        self.offer_laid_out(id, &path)?;
                    }
                }
                Node::Link(_) => {}
            }
        }
        Ok(())
    }

    /// Offers everything in a folder: each file is hashed, and each folder is looked at as a tree.
    pub fn offer_folder(&mut self, folder: &Path) -> Result<(), RepairError> {
        if self.read_whole.get(folder) == Some(&self.surprises()) {
            return Ok(());
        }
        let mut passed = Passed::default();
        self.offer_below(folder, 0, &mut passed)?;
        self.offer_passed(&passed)?;
        self.read_whole.insert(folder.to_owned(), self.surprises());
        Ok(())
    }

    /// What nobody looked for when it was passed, and a tree that came later named.
    fn offer_passed(&mut self, passed: &Passed) -> Result<(), RepairError> {
        loop {
            let before = self.surprises();
            for id in self.lost.trees.clone() {
                if let Some(tree) = passed.trees.get(&id) {
                    self.offer_tree(tree)?;
                }
            }
            if self.surprises() == before {
                break;
            }
        }
        for (id, path) in &passed.blobs {
            self.offer_file(*id, path)?;
        }
        Ok(())
    }

    fn offer_below(
        &mut self,
        folder: &Path,
        depth: usize,
        passed: &mut Passed,
    ) -> Result<Option<TreeId>, RepairError> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(None);
        };
        let mut nodes = Vec::new();
        let mut whole = depth < DEEPEST;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let node = self.offer_entry(&entry.path(), depth, passed)?;
            let name = platform::from_os(&name).and_then(|name| EntryName::new(name).ok());
            match (name, node) {
                (Some(name), Some(node)) => nodes.push(Entry { name, node }),
                _ => whole = false,
            }
        }
        if !whole {
            return Ok(None);
        }
        let Ok(tree) = Tree::new(nodes) else {
            return Ok(None);
        };
        let id = tree.id();
        if !self.offer_tree(&tree)? {
            passed.trees.insert(id, tree);
        }
        Ok(Some(id))
    }

    /// What an entry of a folder would be in a tree; none for what cannot be told.
    fn offer_entry(
        &mut self,
        path: &Path,
        depth: usize,
        passed: &mut Passed,
    ) -> Result<Option<Node>, RepairError> {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return Ok(None);
        };
        if metadata.is_dir() {
            return Ok(self.offer_below(path, depth + 1, passed)?.map(Node::Folder));
        }
        if metadata.is_symlink() {
            let target = fs::read_link(path).ok();
            let target = target
                .and_then(|target| LinkTarget::new(platform::from_os(target.as_os_str())?).ok());
            return Ok(target.map(Node::Link));
        }
        if !metadata.is_file() {
            return Ok(None);
        }
        let Some(id) = read_digest(path).map(BlobId) else {
            return Ok(None);
        };
        if !self.offer_file(id, path)? {
            passed.blobs.push((id, path.to_owned()));
        }
        let executable = platform::state_at(path).is_ok_and(|state| state.executable);
        Ok(Some(if executable {
            Node::Executable(id)
        } else {
            Node::File(id)
        }))
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
            for id in wanted {
                for inode in [Inode::Plain, Inode::Executable] {
                    let name = crate::object::ObjectName::blob(id, inode);
                    self.offer_file(id, &other.objects().path_of(&name))?;
                }
            }
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
