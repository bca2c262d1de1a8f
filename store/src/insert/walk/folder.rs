//! A folder being walked: its names, what is known of its entries, and how many are still to come.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use crate::durable::Folder;
use crate::parallel::held;
use crate::platform;
use crate::platform::FileKind;
use crate::tree::Alike;
use crate::tree::Entry;
use crate::tree::EntryName;
use crate::tree::LinkTarget;
use crate::tree::Node;
use crate::tree::Tree;

use super::DEEPEST;
use super::Place;
use super::Walk;
use super::file::Reader;
use super::read_error;
use crate::insert::Escaping;
use crate::insert::InsertError;
use crate::insert::Insertion;

/// A folder that is open because some of its entries are still to come.
#[derive(Debug)]
pub(super) struct OpenFolder {
    folder: Folder,
    above: Option<(Arc<OpenFolder>, usize)>,
    depth: usize,
    /// Everything but folders first, then folders, each sorted by name.
    names: Names,
    first_folder: usize,
    known: Mutex<Vec<Option<Node>>>,
    missing: AtomicUsize,
}

/// Names in one run of bytes: a folder may have 100,000 of them.
#[derive(Debug, Default)]
struct Names {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

#[derive(Debug, Clone, Copy)]
struct Item {
    start: u32,
    length: u16,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    Folder,
}

impl OpenFolder {
    /// Opens and lists a folder.
    pub(super) fn list(place: Place) -> Result<Self, InsertError> {
        let (folder, above, depth) = match place {
            Place::Top(folder) => (folder, None, 0),
            Place::Within(above, at) => {
                let name = above.name(at);
                let path = above.path(at);
                if above.depth == DEEPEST {
                    let limit = DEEPEST;
                    return Err(InsertError::TooDeep { path, limit });
                }
                let opened = above.folder.open_folder(&name);
                let folder = opened.map_err(read_error(path))?;
                let depth = above.depth + 1;
                drop(name);
                (folder, Some((above, at)), depth)
            }
        };
        let names = Names::read(&folder)?;
        let first_folder = names
            .items
            .partition_point(|item| item.kind != Kind::Folder);
        let count = names.items.len();
        Ok(Self {
            folder,
            above,
            depth,
            names,
            first_folder,
            known: Mutex::new(vec![None; count]),
            missing: AtomicUsize::new(count),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.items.is_empty()
    }

    /// The entries that are folders.
    pub(super) fn folders(&self) -> Range<usize> {
        self.first_folder..self.names.items.len()
    }

    /// The entries that are not.
    pub(super) fn others(&self) -> Range<usize> {
        0..self.first_folder
    }

    /// At most `length` entries that are not folders.
    pub(super) fn chunk(&self, start: usize, length: usize) -> Range<usize> {
        start..(start + length).min(self.first_folder)
    }

    /// The folder that waits for this one, and as which of its entries.
    pub(super) fn above(&self) -> Option<(Arc<Self>, usize)> {
        self.above
            .as_ref()
            .map(|(above, at)| (Arc::clone(above), *at))
    }

    fn name(&self, at: usize) -> Cow<'_, OsStr> {
        platform::to_os(self.names.get(at))
    }

    fn path(&self, at: usize) -> PathBuf {
        self.folder.path().join(self.name(at))
    }

    /// Reads a file or a link.
    pub(super) fn read_entry(
        &self,
        walk: &Walk<'_>,
        reader: &mut Reader,
        at: usize,
    ) -> Result<Node, InsertError> {
        if self.names.items[at].kind == Kind::Link {
            return Ok(Node::Link(self.read_link(walk, at)?));
        }
        reader.read_or_recall(walk, &self.folder, &self.name(at))
    }

    fn read_link(&self, walk: &Walk<'_>, at: usize) -> Result<LinkTarget, InsertError> {
        let target = platform::read_link_in(&self.folder, &self.name(at));
        let target = target.map_err(read_error(self.path(at)))?;
        let target = LinkTarget::new(&target).map_err(|source| InsertError::Name {
            path: self.path(at),
            source,
        })?;
        let may_escape = match walk.options.escaping_links {
            Escaping::Refuse => false,
            Escaping::Absolute => target.is_absolute(),
            Escaping::Allow => true,
        };
        if !may_escape && target.leaves_tree(self.depth) {
            let path = self.path(at);
            return Err(InsertError::Escapes { path, target });
        }
        Ok(target)
    }

    /// Takes entries that were read. Whether they were the last that were missing.
    pub(super) fn bring(&self, entries: Range<usize>, nodes: Vec<Node>) -> bool {
        let count = nodes.len();
        let mut known = held(&self.known);
        for (slot, node) in known[entries].iter_mut().zip(nodes) {
            *slot = Some(node);
        }
        drop(known);
        self.missing.fetch_sub(count, Ordering::AcqRel) == count
    }

    /// Takes the tree of a folder in this one. Whether it was the last entry that was missing.
    pub(super) fn bring_folder(&self, at: usize, id: TreeId) -> bool {
        self.bring(at..at + 1, vec![Node::Folder(id)])
    }

    /// Makes the tree, all entries being known, and stages it if it is new.
    pub(super) fn make_tree(
        &self,
        walk: &Walk<'_>,
        reader: &mut Reader,
    ) -> Result<TreeId, InsertError> {
        let tree = self.tree()?;
        self.warn_of_collisions(walk, &tree);
        let (id, bytes) = encode(&tree);
        let Some(insertion) = walk.into else {
            return Ok(id);
        };
        if insertion.has_tree(id)? {
            return Ok(id);
        }
        if walk.options.stat_cache.is_none() {
            return stage(insertion, reader, id, &bytes);
        }
        // What the cache told was not looked up so far: a tree that is there would have vouched for it.
        let (id, bytes) = encode(&self.make_sure(walk, reader, tree)?);
        stage(insertion, reader, id, &bytes)
    }

    /// Reads files after all of which the blob is not there; some may be others by now.
    fn make_sure(
        &self,
        walk: &Walk<'_>,
        reader: &mut Reader,
        tree: Tree,
    ) -> Result<Tree, InsertError> {
        let mut entries = tree.into_entries();
        for entry in &mut entries {
            let (Some((id, _)), Some(insertion)) = (entry.node.blob(), walk.into) else {
                continue;
            };
            if !insertion.has_blob(id)? {
                entry.node = reader.read_again(walk, &self.folder, &entry.name.to_os())?;
            }
        }
        self.tree_of(entries)
    }

    fn tree(&self) -> Result<Tree, InsertError> {
        let known = std::mem::take(&mut *held(&self.known));
        let mut entries = Vec::with_capacity(known.len());
        for (at, node) in known.into_iter().enumerate() {
            let name = EntryName::new(self.names.get(at));
            let name = name.map_err(|source| InsertError::Name {
                path: self.path(at),
                source,
            })?;
            let node = node.expect("nothing is missing any more");
            entries.push(Entry { name, node });
        }
        self.tree_of(entries)
    }

    fn tree_of(&self, entries: Vec<Entry>) -> Result<Tree, InsertError> {
        // A folder that changes while it is listed may say a name twice.
        Tree::new(entries).map_err(|_| InsertError::Changed {
            path: self.folder.path().to_owned(),
        })
    }

    fn warn_of_collisions(&self, walk: &Walk<'_>, tree: &Tree) {
        let plain = |byte: &u8| byte.is_ascii() && !byte.is_ascii_uppercase();
        if self.names.bytes.iter().all(plain) {
            return;
        }
        for (one, other, why) in tree.collisions() {
            let folder = self.folder.path().display();
            let why = match why {
                Alike::Case => "upper and lower case are not told apart",
                Alike::Form => "a letter with a mark is one letter however it is written",
            };
            walk.warn(format!(
                "`{one}` and `{other}` in `{folder}` are one name where {why}"
            ));
        }
    }
}

fn encode(tree: &Tree) -> (TreeId, Vec<u8>) {
    let bytes = tree.encode();
    (TreeId(Digest::of(&bytes)), bytes)
}

fn stage(
    insertion: &Insertion<'_>,
    reader: &mut Reader,
    id: TreeId,
    bytes: &[u8],
) -> Result<TreeId, InsertError> {
    if insertion.stage_tree(id, bytes)? {
        reader.counted.new_objects += 1;
        reader.counted.new_bytes += bytes.len() as u64;
    }
    Ok(id)
}

impl Names {
    fn read(folder: &Folder) -> Result<Self, InsertError> {
        let mut names = Self::default();
        let mut special = None;
        let scanned = platform::scan(folder, |name, kind| {
            let kind = match kind {
                FileKind::File => Kind::File,
                FileKind::Link => Kind::Link,
                FileKind::Folder => Kind::Folder,
                FileKind::Special(what) => {
                    special.get_or_insert_with(|| (name.to_vec(), what));
                    return;
                }
            };
            names.push(name, kind);
        });
        scanned.map_err(read_error(folder.path().to_owned()))?;
        if let Some((name, what)) = special {
            let path = folder.path().join(platform::to_os(&name));
            return Err(InsertError::Special { path, what });
        }
        let Self { bytes, items } = &mut names;
        items.sort_unstable_by(|a, b| {
            let folders = |item: &Item| item.kind == Kind::Folder;
            let order = folders(a).cmp(&folders(b));
            order.then_with(|| a.of(bytes).cmp(b.of(bytes)))
        });
        Ok(names)
    }

    fn push(&mut self, name: &[u8], kind: Kind) {
        let start = u32::try_from(self.bytes.len()).expect("one folder's names fit into 4 GiB");
        self.bytes.extend_from_slice(name);
        self.items.push(Item {
            start,
            length: u16::try_from(name.len()).expect("no system has names that long"),
            kind,
        });
    }

    fn get(&self, at: usize) -> &[u8] {
        self.items[at].of(&self.bytes)
    }
}

impl Item {
    fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        &bytes[start..start + usize::from(self.length)]
    }
}
