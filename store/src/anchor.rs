//! Anchors: paths that lead to trees whose files name the place they are in.
//!
//! ```text
//! HOME/store/anchors/<name> -> ../trees/<64 hex>
//! ```
//!
//! A tree's own place is named after what it holds, so no file in it can name that place. One whose files must name some
//! place has an anchor, which was named before the tree was made; its entry [`MARK`] says which:
//!
//! ```text
//! dgmo anchor 1
//! /home/me/.local/share/dgmo/store/anchors/0f3a…
//! ```
//!
//! An anchor is set after its tree was laid out and before anybody names the tree. One that leads to nothing is swept by
//! collecting.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::TreeId;

use crate::durable;
use crate::failure::WriteError;
use crate::guard::ExclusiveGuard;
use crate::look;
use crate::read::ReadError;
use crate::store::Store;
use crate::tree::Node;
use crate::tree::Tree;

/// The entry at the top of a tree that has an anchor.
pub const MARK: &str = ".anchor";

const HEAD: &str = "dgmo anchor 1\n";

/// A path that leads to a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    path: PathBuf,
}

impl Anchor {
    /// Where it is; no file system link is in its way.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the mark of its tree says; nothing where the path is no text.
    pub fn mark(&self) -> Option<String> {
        let path = self.path.to_str().filter(|path| !path.contains('\n'))?;
        Some(format!("{HEAD}{path}\n"))
    }

    /// Whether it leads to this tree.
    pub(crate) fn leads_to(&self, tree: TreeId) -> io::Result<bool> {
        match fs::read_link(&self.path) {
            Ok(target) => Ok(target == target_of(tree)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::InvalidInput
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Understands a mark.
    pub(crate) fn of_mark(mark: &[u8]) -> Option<Self> {
        let path = str::from_utf8(mark).ok()?.strip_prefix(HEAD)?;
        let path = PathBuf::from(path.strip_suffix('\n')?);
        path.is_absolute().then_some(Self { path })
    }
}

impl Store {
    /// The anchor of this name.
    pub fn anchor(&self, name: &str) -> io::Result<Anchor> {
        let store = fs::canonicalize(self.layout().store())?;
        let folder = self.layout().anchors();
        let folder = store.join(folder.file_name().unwrap_or_default());
        Ok(Anchor {
            path: folder.join(name),
        })
    }

    /// Whether an anchor is one of this store.
    pub(crate) fn has_place_for(&self, anchor: &Anchor) -> io::Result<bool> {
        let name = anchor.path.file_name().and_then(|name| name.to_str());
        match name {
            Some(name) => Ok(self.anchor(name)? == *anchor),
            None => Ok(false),
        }
    }

    /// Makes an anchor lead to a tree that is laid out.
    pub(crate) fn set_anchor(&self, anchor: &Anchor, tree: TreeId) -> Result<(), WriteError> {
        let folder = self.layout().anchors();
        if !look::is_there(&folder).map_err(WriteError::at(&folder))? {
            durable::make_folders(&folder).map_err(WriteError::at(&folder))?;
            let above = self.layout().store();
            durable::sync_folder(&above).map_err(WriteError::at(&above))?;
        }
        let path = &anchor.path;
        durable::point(path, &target_of(tree)).map_err(WriteError::at(path))
    }

    /// The anchor that a tree of the store asks for.
    pub(crate) fn anchor_of(&self, tree: &Tree) -> Result<Option<Anchor>, ReadError> {
        match tree.get(MARK.as_bytes()) {
            Some(Node::File(blob)) => Ok(Anchor::of_mark(&self.read_blob(*blob)?)),
            _ => Ok(None),
        }
    }

    /// Deletes the anchors that lead to no tree.
    ///
    /// The guard is only proof: without it, an insertion elsewhere could be about to lay out such a tree.
    pub(crate) fn sweep_anchors(&self, _proof: &ExclusiveGuard) -> Result<(), WriteError> {
        let folder = self.layout().anchors();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(WriteError::at(&folder))?,
        };
        let mut has_deleted = false;
        for entry in entries {
            let path = entry.map_err(WriteError::at(&folder))?.path();
            let is_link = fs::symlink_metadata(&path).is_ok_and(|it| it.is_symlink());
            // Follows it. One that cannot be followed stays: it may lead to a tree that is there.
            if is_link && matches!(path.try_exists(), Ok(false)) {
                durable::remove_file(&path).map_err(WriteError::at(&path))?;
                has_deleted = true;
            }
        }
        if has_deleted {
            durable::sync_folder(&folder).map_err(WriteError::at(&folder))?;
        }
        Ok(())
    }
}

/// What an anchor is a link to: relative, so that a home that is moved keeps it.
fn target_of(tree: TreeId) -> PathBuf {
    Path::new("../trees").join(tree.hex())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use dgmo_schema::event::Silent;

    use super::*;
    use crate::tree::Entry;
    use crate::tree::EntryName;

    fn tree(insertion: &crate::Insertion<'_>, anchor: &Anchor, more: &[u8]) -> TreeId {
        let file = |bytes: &[u8]| Node::File(insertion.add_bytes(bytes, false).unwrap());
        let entry = |name: &str, node| Entry {
            name: EntryName::new(name.as_bytes()).unwrap(),
            node,
        };
        let mark = file(anchor.mark().unwrap().as_bytes());
        let entries = vec![entry(MARK, mark), entry("more", file(more))];
        insertion.add_tree(&Tree::new(entries).unwrap()).unwrap()
    }

    fn laid_out(store: &Store, anchor: &Anchor, more: &[u8]) -> TreeId {
        let insertion = store.begin(&Silent).unwrap();
        let id = tree(&insertion, anchor, more);
        insertion.lay_out(id).unwrap();
        insertion.anchor(id).unwrap();
        assert!(!anchor.leads_to(id).unwrap(), "only a commit sets it");
        insertion.commit().unwrap();
        id
    }

    #[test]
    fn an_anchor_leads_to_its_tree_until_that_is_collected() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("home")).unwrap();
        let anchor = store.anchor("abc").unwrap();
        let id = laid_out(&store, &anchor, b"1");
        assert_eq!(fs::read(anchor.path().join("more")).unwrap(), b"1");
        assert!(store.verify(&Silent).unwrap().findings.is_empty());
        let keep = || Ok(vec![crate::Root::Tree(id)]);
        let plan = store.plan_collect(&keep, &Silent).unwrap();
        store.collect(plan, &keep, &Silent).unwrap();
        assert!(anchor.leads_to(id).unwrap());
        let nobody = || Ok(Vec::new());
        let plan = store.plan_collect(&nobody, &Silent).unwrap();
        store.collect(plan, &nobody, &Silent).unwrap();
        assert!(!look::is_there(anchor.path()).unwrap());
    }

    /// It leads to itself, as if the disk did not say where.
    #[test]
    fn an_anchor_that_cannot_be_followed_is_not_taken_for_one_that_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("home")).unwrap();
        let anchor = store.anchor("abc").unwrap();
        laid_out(&store, &anchor, b"1");
        durable::point(anchor.path(), Path::new("abc")).unwrap();
        let nobody = || Ok(Vec::new());
        let plan = store.plan_collect(&nobody, &Silent).unwrap();
        store.collect(plan, &nobody, &Silent).unwrap();
        assert!(look::is_there(anchor.path()).unwrap());
    }

    #[test]
    fn an_anchor_that_leads_elsewhere_is_found_and_mended() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("home")).unwrap();
        let anchor = store.anchor("abc").unwrap();
        let id = laid_out(&store, &anchor, b"1");
        for wrong in [None, Some("../trees/nothing")] {
            durable::remove_file(anchor.path()).unwrap();
            if let Some(target) = wrong {
                durable::symlink(Path::new(target), anchor.path()).unwrap();
            }
            let findings = store.verify(&Silent).unwrap().findings;
            assert_eq!(findings.len(), 1, "{findings:?}");
            let mended = store
                .mend_laid_out(&findings, &crate::Mended::default(), &[], &Silent)
                .unwrap();
            assert!(mended.left.is_empty(), "{:?}", mended.left);
            assert!(anchor.leads_to(id).unwrap());
        }
    }

    #[test]
    fn a_tree_that_was_made_for_another_home_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("home")).unwrap();
        let elsewhere = Anchor::of_mark(b"dgmo anchor 1\n/elsewhere/store/anchors/abc\n").unwrap();
        laid_out(&store, &elsewhere, b"1");
        let findings = store.verify(&Silent).unwrap().findings;
        let text = findings[0].to_string();
        assert!(text.contains("for another place"), "{text}");
    }

    #[test]
    fn a_mark_that_is_not_understood_is_none() {
        for mark in [
            "",
            "dgmo anchor 1\n",
            "dgmo anchor 1\nrelative\n",
            "dgmo anchor 2\n/a\n",
            "dgmo anchor 1\n/a",
        ] {
            assert_eq!(Anchor::of_mark(mark.as_bytes()), None, "{mark:?}");
        }
    }
}
