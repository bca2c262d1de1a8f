//! What is to be done to laid-out trees: where they are not what they should be, or show what was replaced.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;

use super::Mended;
use super::RepairError;
use super::laid_out::id_of;
use super::trees::Trees;
use crate::durable::Folder;
use crate::look;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::platform;
use crate::platform::FileKind;
use crate::platform::FileState;
use crate::read::ReadError;
use crate::store::Store;
use crate::tree::Entry;
use crate::tree::Node;
use crate::tree::Tree;

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Fixes {
    /// By laid-out tree: its folders, each before what is in it.
    pub(super) trees: Vec<Vec<(PathBuf, Fix)>>,
    /// The files of blobs that are needed, and whether as executables.
    pub(super) blobs: BTreeSet<(BlobId, bool)>,
}

impl Fixes {
    fn note(&mut self, folders: Vec<(PathBuf, Fix)>) {
        let entries = folders.iter().flat_map(|(_, fix)| &fix.entries);
        self.blobs
            .extend(entries.filter_map(|entry| entry.node.blob()));
        self.trees.push(folders);
    }

    /// All folders.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.trees.iter().flatten().map(|(path, _)| path.as_path())
    }
}

#[derive(Debug, Default)]
pub(super) struct Fix {
    /// Entries to put in their place.
    pub(super) entries: Vec<Entry>,
    /// Names that do not belong there.
    pub(super) foreign: Vec<OsString>,
    /// Whether it may be written.
    is_open: bool,
}

/// How much of a folder is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    /// What shows something that was replaced: all else was verified before.
    Replaced,
}

/// One who looks what is to be done.
pub(super) struct Planner<'a> {
    store: &'a Store,
    mended: &'a Mended,
    trees: Trees,
    /// Whether each tree shows something that was replaced, at any depth.
    showing: BTreeMap<TreeId, bool>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(store: &'a Store, mended: &'a Mended) -> Self {
        Self {
            store,
            mended,
            trees: Trees::default(),
            showing: BTreeMap::new(),
        }
    }

    /// Trees that are laid out and show something that was replaced.
    pub(super) fn tops(&mut self) -> Result<BTreeSet<TreeId>, RepairError> {
        let mut tops = BTreeSet::new();
        if self.mended.is_empty() {
            return Ok(tops);
        }
        for name in names_in(&self.store.layout().trees())? {
            if let Some(id) = id_of(&name)
                && self.shows(id)?
            {
                tops.insert(id);
            }
        }
        Ok(tops)
    }

    fn shows(&mut self, id: TreeId) -> Result<bool, RepairError> {
        if let Some(shows) = self.showing.get(&id) {
            return Ok(*shows);
        }
        let mut shows = self.was_damaged(id);
        if let Some(tree) = self.tree(id)? {
            // Not `any`: what is below each of them is asked for later.
            for entry in tree.entries() {
                shows |= match entry.node {
                    Node::Folder(id) => self.shows(id)?,
                    _ => self.was_replaced(&entry.node),
                };
            }
        }
        self.showing.insert(id, shows);
        Ok(shows)
    }

    /// The tree object. One that is lost is none: what shows it cannot be mended, which is told with the object. One that
    /// only cannot be read now may have in it what was replaced.
    fn tree(&self, id: TreeId) -> Result<Option<Rc<Tree>>, RepairError> {
        match self.trees.get(id, || self.store.read_tree(id)) {
            Ok(tree) => Ok(Some(tree)),
            Err(ReadError::Io { path, source }) if !self.mended.left.trees.contains(&id) => {
                Err(RepairError::Read { path, source })
            }
            Err(_) => Ok(None),
        }
    }

    fn was_damaged(&self, id: TreeId) -> bool {
        self.mended.has(id.0, Inode::Tree)
    }

    fn was_replaced(&self, node: &Node) -> bool {
        match node {
            Node::File(id) => self.mended.has(id.0, Inode::Plain),
            Node::Executable(id) => self.mended.has(id.0, Inode::Executable),
            Node::Folder(_) | Node::Link(_) => false,
        }
    }

    /// Adds to `fixes` what is to be done to the laid-out tree.
    pub(super) fn look(
        &self,
        top: TreeId,
        scope: Scope,
        fixes: &mut Fixes,
    ) -> Result<(), RepairError> {
        let mut folders = Vec::new();
        self.look_below(top, &self.store.tree_path(top), scope, &mut folders)?;
        if !folders.is_empty() {
            fixes.note(folders);
        }
        Ok(())
    }

    fn look_below(
        &self,
        id: TreeId,
        path: &Path,
        scope: Scope,
        folders: &mut Vec<(PathBuf, Fix)>,
    ) -> Result<(), RepairError> {
        let Some(tree) = self.tree(id)? else {
            return Ok(());
        };
        // While its tree object was damaged, nobody could compare the folder and what is below it.
        let scope = if self.was_damaged(id) {
            Scope::All
        } else {
            scope
        };
        let mut fix = Fix::default();
        let there = match scope {
            Scope::All => Some(names_in(path)?),
            Scope::Replaced => None,
        };
        let mut place = Place { path, folder: None };
        for entry in tree.entries() {
            let name = entry.name.to_os();
            let is_missing = there.as_ref().is_some_and(|there| !there.contains(&*name));
            let is_asked = scope == Scope::All || self.was_replaced(&entry.node);
            if is_missing || (is_asked && !self.is_right(&mut place, entry)?) {
                fix.entries.push(entry.clone());
            }
        }
        if let Some(there) = there {
            fix.foreign = there
                .into_iter()
                .filter(|name| tree.get(name.as_encoded_bytes()).is_none())
                .collect();
            let metadata = fs::symlink_metadata(path);
            fix.is_open = !metadata.is_ok_and(|metadata| metadata.permissions().readonly());
        }
        if !fix.entries.is_empty() || !fix.foreign.is_empty() || fix.is_open {
            folders.push((path.to_owned(), fix));
        }
        for entry in tree.entries() {
            if let Node::Folder(id) = entry.node
                && (scope == Scope::All || self.showing.get(&id) == Some(&true))
            {
                self.look_below(id, &path.join(entry.name.to_os()), scope, folders)?;
            }
        }
        Ok(())
    }

    /// Whether an entry is what it shall be. A file is if it is the object's own: that one was verified.
    fn is_right(&self, place: &mut Place<'_>, entry: &Entry) -> Result<bool, RepairError> {
        let Some(folder) = place.folder()? else {
            return Ok(false);
        };
        let name = entry.name.to_os();
        let unread = |source| RepairError::Read {
            path: folder.path().join(&name),
            source,
        };
        let state = match platform::state_in(folder, &name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            state => state.map_err(unread)?,
        };
        Ok(match &entry.node {
            Node::Folder(_) => state.kind == FileKind::Folder,
            Node::Link(target) => {
                state.kind == FileKind::Link
                    && platform::read_link_in(folder, &name).map_err(unread)? == target.as_bytes()
            }
            Node::File(id) => self.is_linked(*id, Inode::Plain, &state),
            Node::Executable(id) => self.is_linked(*id, Inode::Executable, &state),
        })
    }

    fn is_linked(&self, id: BlobId, inode: Inode, ours: &FileState) -> bool {
        let object = ObjectName::blob(id, inode);
        let Ok(Some(shard)) = self.store.objects().shard(&object) else {
            return false;
        };
        platform::state_in(shard, object.file_name()).is_ok_and(|theirs| {
            ours.inode != 0 && (ours.device, ours.inode) == (theirs.device, theirs.inode)
        })
    }
}

/// A folder that is opened when something in it is asked for.
struct Place<'a> {
    path: &'a Path,
    folder: Option<Folder>,
}

impl Place<'_> {
    /// None if there is no folder: the one above sees to it.
    fn folder(&mut self) -> Result<Option<&Folder>, RepairError> {
        if self.folder.is_none() {
            match Folder::open(self.path) {
                Ok(folder) => self.folder = Some(folder),
                Err(error) if is_no_folder(&error) => {}
                Err(source) => {
                    let path = self.path.to_owned();
                    return Err(RepairError::Read { path, source });
                }
            }
        }
        Ok(self.folder.as_ref())
    }
}

/// Nothing where it is missing, or something else is there: the folder above sees to it.
fn names_in(folder: &Path) -> Result<BTreeSet<OsString>, RepairError> {
    let names = match fs::symlink_metadata(folder) {
        // What lies behind a link is not ours to look at, and least to move away.
        Ok(there) if there.is_symlink() => return Ok(BTreeSet::new()),
        Err(error) if is_no_folder(&error) => return Ok(BTreeSet::new()),
        Ok(_) => look::names_in(folder),
        Err(error) => Err(error),
    };
    names.map_err(|source| RepairError::Read {
        path: folder.to_owned(),
        source,
    })
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
