//! What was made before: which tree came of which pieces, so that nothing is fetched or put together twice.
//!
//! ```text
//! HOME/cache/made/<digest of what was asked>   "dgmo made 1\n<the same digest>\n<tree>\n"
//! ```
//!
//! All of it may be deleted at any time. A tree it names is only believed in while the store has it, so nothing here is
//! synced, and a file that is not as it was written counts as none.

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_store::durable;

/// The folder of what was made.
#[derive(Debug, Clone)]
pub struct Made {
    folder: PathBuf,
}

impl Made {
    /// Kept in `folder`, which is made when it is first needed.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The tree that came of what `asked` stands for, if it is known.
    pub(super) fn tree_of(&self, asked: Digest) -> Option<TreeId> {
        let text = std::fs::read_to_string(self.path(asked)).ok()?;
        let tree = text.lines().nth(2)?.parse().ok()?;
        (text == spelled(asked, tree)).then_some(tree)
    }

    /// Writes down what came of it. What cannot be written will be made again: that is no error.
    pub(super) fn keep(&self, asked: Digest, tree: TreeId) {
        if self.tree_of(asked) == Some(tree) {
            return;
        }
        let path = self.path(asked);
        let written = durable::make_folders(&self.folder)
            .and_then(|()| remove(&path))
            .and_then(|()| durable::write_new(&path, spelled(asked, tree).as_bytes(), 0o600));
        drop(written);
    }

    /// Deletes the notes of trees that are not there any more, and what is no note. One that cannot be deleted stays.
    pub(crate) fn trim(&self, is_there: &dyn Fn(TreeId) -> bool) {
        let notes = std::fs::read_dir(&self.folder).into_iter().flatten();
        for path in notes.flatten().map(|note| note.path()) {
            let name = path.file_name().and_then(|name| name.to_str());
            let asked = name.and_then(|name| name.parse().ok());
            let tree = asked.and_then(|asked| self.tree_of(asked));
            if !tree.is_some_and(is_there) {
                drop(remove(&path));
            }
        }
    }

    fn path(&self, asked: Digest) -> PathBuf {
        self.folder.join(asked.hex())
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match durable::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn spelled(asked: Digest, tree: TreeId) -> String {
    format!("dgmo made 1\n{asked}\n{tree}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_with_their_trees() {
        let folder = tempfile::tempdir().unwrap();
        let made = Made::at(folder.path().join("made"));
        made.trim(&|_| true);
        let names = [b"a", b"b", b"c"].map(|name| Digest::of(name));
        for asked in names {
            made.keep(asked, TreeId(asked));
        }
        let torn = made.path(Digest::of(b"torn"));
        durable::write_new(&torn, b"dgmo ma", 0o600).unwrap();
        made.trim(&|tree| tree == TreeId(names[1]));
        let known = names.map(|asked| made.tree_of(asked).is_some());
        assert_eq!(known, [false, true, false]);
        assert_eq!(std::fs::read_dir(&made.folder).unwrap().count(), 1);
    }

    #[test]
    fn what_was_made_is_known_until_its_note_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let made = Made::at(folder.path().join("made"));
        let (asked, tree) = (Digest::of(b"a"), TreeId(Digest::of(b"t")));
        assert_eq!(made.tree_of(asked), None);
        made.keep(asked, tree);
        assert_eq!(made.tree_of(asked), Some(tree));
        let other = TreeId(Digest::of(b"u"));
        made.keep(asked, other);
        assert_eq!(made.tree_of(asked), Some(other));
        let path = made.path(asked);
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in [&text[..text.len() - 1], "", &format!("{text}x")] {
            durable::remove_file(&path).unwrap();
            durable::write_new(&path, damaged.as_bytes(), 0o600).unwrap();
            assert_eq!(made.tree_of(asked), None, "{damaged:?}");
        }
    }
}
