//! Trees by id, read once: a repair comes by each of them many times.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use dgmo_schema::id::TreeId;

use crate::read::ReadError;
use crate::tree::Tree;

/// The trees that were read so far.
#[derive(Debug, Default)]
pub(super) struct Trees(RefCell<BTreeMap<TreeId, Rc<Tree>>>);

impl Trees {
    /// The tree `id`, which `read` reads the first time. One that cannot be read is tried again.
    pub(super) fn get(
        &self,
        id: TreeId,
        read: impl FnOnce() -> Result<Tree, ReadError>,
    ) -> Result<Rc<Tree>, ReadError> {
        if let Some(tree) = self.0.borrow().get(&id) {
            return Ok(Rc::clone(tree));
        }
        let tree = Rc::new(read()?);
        self.0.borrow_mut().insert(id, Rc::clone(&tree));
        Ok(tree)
    }

    /// Takes a tree that came from elsewhere.
    pub(super) fn insert(&self, id: TreeId, tree: Rc<Tree>) {
        self.0.borrow_mut().insert(id, tree);
    }
}
