//! Closures: everything reachable from roots.
//!
//! What a tree reaches never changes, so each root's closure is kept in a cache ([`cache`]) and read back in one go
//! instead of object by object.

mod cache;
mod ids;

pub(crate) use cache::write_cache;
pub(crate) use ids::IdMap;
pub(crate) use ids::IdSet;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;

use crate::parallel;
use crate::parallel::held;
use crate::read::ReadError;
use crate::roots::Root;
use crate::store::Store;
use crate::tree::Node;
use std::sync::Mutex;

/// Everything reachable from some roots, each once.
#[derive(Debug, Clone, Default)]
pub struct Closure {
    trees: IdSet<TreeId>,
    blobs: IdSet<BlobId>,
}

/// Why a closure cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("what tree {root} reaches cannot be told")]
pub struct ClosureError {
    pub root: TreeId,
    pub source: ReadError,
}

impl Diagnose for ClosureError {
    fn code(&self) -> Code {
        self.source.code()
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        Some(&self.source)
    }
}

impl Closure {
    pub fn has_tree(&self, id: TreeId) -> bool {
        self.trees.contains(&id)
    }

    pub fn has_blob(&self, id: BlobId) -> bool {
        self.blobs.contains(&id)
    }

    /// In no order.
    pub fn trees(&self) -> impl ExactSizeIterator<Item = TreeId> + '_ {
        self.trees.iter().copied()
    }

    /// In no order.
    pub fn blobs(&self) -> impl ExactSizeIterator<Item = BlobId> + '_ {
        self.blobs.iter().copied()
    }

    /// Adds all of `other`.
    fn add(&mut self, other: Self) {
        if self.trees.is_empty() && self.blobs.is_empty() {
            *self = other;
            return;
        }
        self.trees.extend(other.trees);
        self.blobs.extend(other.blobs);
    }
}

impl Store {
    /// Everything reachable from `roots`. Blobs are not looked at; a tree object that is not there is an error.
    pub fn closure(&self, roots: &[Root]) -> Result<Closure, ClosureError> {
        let mut whole = Closure::default();
        let mut trees = IdSet::default();
        for root in roots {
            match root {
                Root::Blob(id) => drop(whole.blobs.insert(*id)),
                Root::Tree(id) => drop(trees.insert(*id)),
            }
        }
        let whole = Mutex::new(whole);
        parallel::run(
            trees,
            || (),
            |(), _, root| {
                if held(&whole).has_tree(root) {
                    // Below another root: that one's closure has it all.
                    return Ok(());
                }
                let part = self.closure_of(root)?;
                held(&whole).add(part);
                Ok(())
            },
        )?;
        Ok(whole.into_inner().unwrap_or_default())
    }

    fn closure_of(&self, root: TreeId) -> Result<Closure, ClosureError> {
        if let Some(closure) = cache::load(self.layout(), root) {
            return Ok(closure);
        }
        let closure = self
            .walk(root)
            .map_err(|source| ClosureError { root, source })?;
        cache::save(self.layout(), root, &closure);
        Ok(closure)
    }

    fn walk(&self, root: TreeId) -> Result<Closure, ReadError> {
        let mut closure = Closure::default();
        closure.trees.insert(root);
        let mut ahead = vec![root];
        while let Some(id) = ahead.pop() {
            for entry in self.read_tree(id)?.entries() {
                match entry.node {
                    Node::File(id) | Node::Executable(id) => drop(closure.blobs.insert(id)),
                    Node::Folder(id) => {
                        if closure.trees.insert(id) {
                            ahead.push(id);
                        }
                    }
                    Node::Link(_) => {}
                }
            }
        }
        Ok(closure)
    }

    /// Deletes cached closures of roots that `live` does not hold.
    pub(crate) fn sweep_closures(&self, live: &Closure) {
        cache::sweep(self.layout(), |root| live.has_tree(root));
    }
}
