//! What has to come back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::path::Path;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use crate::object::Inode;
use crate::object::ObjectName;
use crate::roots::Root;
use crate::store::Store;
use crate::tree::Node;
use crate::verify::Finding;

/// What has to come back: files that are not what their names say, and objects that are not there at all.
#[derive(Debug, Clone, Default)]
pub struct Lost {
    /// Files that are there and wrong.
    pub(super) damaged: HashSet<ObjectName>,
    /// Blobs, and the files each shall have.
    pub(super) blobs: BTreeMap<BlobId, BTreeSet<Inode>>,
    pub(super) trees: BTreeSet<TreeId>,
}

impl Lost {
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.trees.is_empty()
    }

    /// How many objects they are.
    pub fn len(&self) -> usize {
        self.blobs.len() + self.trees.len()
    }

    /// The trees among them.
    pub fn trees(&self) -> impl Iterator<Item = TreeId> + '_ {
        self.trees.iter().copied()
    }

    /// The blobs among them.
    pub fn blobs(&self) -> impl Iterator<Item = BlobId> + '_ {
        self.blobs.keys().copied()
    }

    /// Their ids: blobs, then trees.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let blobs = self.blobs.keys().map(|id| ObjectId::from(*id));
        blobs.chain(self.trees.iter().map(|id| ObjectId::from(*id)))
    }

    fn damaged(&mut self, name: ObjectName) {
        self.damaged.insert(name);
        self.want(&name);
    }

    fn want(&mut self, name: &ObjectName) {
        match name.inode() {
            Inode::Tree => drop(self.trees.insert(TreeId(name.digest()))),
            inode => drop(
                self.blobs
                    .entry(BlobId(name.digest()))
                    .or_default()
                    .insert(inode),
            ),
        }
    }

    /// What a tree names and the store lacks.
    pub(super) fn miss(&mut self, node: &Node) {
        match node {
            Node::File(id) => self.want(&ObjectName::blob(*id, Inode::Plain)),
            Node::Executable(id) => self.want(&ObjectName::blob(*id, Inode::Executable)),
            Node::Folder(id) => self.want(&ObjectName::tree(*id)),
            Node::Link(_) => {}
        }
    }
}

impl Store {
    /// What of `findings` is an object that has to come back, and what `roots` name that is not there.
    pub fn lost(&self, findings: &[Finding], roots: &[Root]) -> Lost {
        let mut lost = Lost::default();
        for finding in findings {
            match finding {
                // Something that is no file, or no readable one, may have the place of an object.
                Finding::Damaged { path, .. }
                | Finding::Unreadable { path, .. }
                | Finding::Foreign { path } => {
                    if let Some(name) = object_at(path) {
                        lost.damaged(name);
                    }
                }
                Finding::Missing { id, named_by } => self.miss_child(*id, *named_by, &mut lost),
                Finding::Malformed { .. } | Finding::WrongMode { .. } | Finding::LaidOut { .. } => {
                }
            }
        }
        // One that cannot be looked at is not missing; that it cannot be read is a finding of its own.
        for root in roots
            .iter()
            .filter(|root| !root.is_in(self).unwrap_or(true))
        {
            match root {
                Root::Tree(id) => drop(lost.trees.insert(*id)),
                Root::Blob(id) => lost.want(&ObjectName::blob(*id, Inode::Plain)),
            }
        }
        lost
    }

    fn miss_child(&self, id: ObjectId, named_by: TreeId, lost: &mut Lost) {
        let Ok(tree) = self.read_tree(named_by) else {
            return;
        };
        for entry in tree.entries() {
            let child = match &entry.node {
                Node::File(child) | Node::Executable(child) => child.0,
                Node::Folder(child) => child.0,
                Node::Link(_) => continue,
            };
            if child == id.0 {
                lost.miss(&entry.node);
            }
        }
    }
}

/// The object whose place this is.
pub(crate) fn object_at(path: &Path) -> Option<ObjectName> {
    let shard = path.parent()?;
    // What lies in a package may be called like that too.
    let is_object = shard.parent()?.file_name()? == "objects";
    ObjectName::parse(shard.file_name()?, path.file_name()?).filter(|_| is_object)
}
