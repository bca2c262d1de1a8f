//! A folder of which nothing is known, read whole on all cores: what each file hashes to, and what each folder in it
//! would be as a tree.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;

use crate::durable::Folder;
use crate::parallel;
use crate::parallel::Queue;
use crate::parallel::held;
use crate::platform;
use crate::platform::FileKind;
use crate::stat_cache::StatCache;
use crate::tree::Entry;
use crate::tree::EntryName;
use crate::tree::LinkTarget;
use crate::tree::Node;
use crate::tree::Tree;
use crate::verify::hash;

/// Folders deeper than this are nobody's.
const DEEPEST: usize = 512;

/// How many files of one folder a thread hashes before it looks what else there is to do.
const FILES_AT_ONCE: usize = 64;

/// What a folder holds.
#[derive(Default)]
pub(super) struct Contents {
    /// What it and the folders in it would be, of those that can be told.
    pub(super) trees: BTreeMap<TreeId, Tree>,
    /// Each file.
    pub(super) blobs: Vec<(BlobId, PathBuf)>,
}

/// What a thread can do next.
enum Job {
    /// List a folder, this deep.
    List(PathBuf, usize),
    /// Hash these files of one.
    Hash(Arc<Path>, Vec<OsString>),
}

/// What was seen of one folder.
#[derive(Default)]
struct Seen {
    entries: Vec<Entry>,
    folders: Vec<OsString>,
    /// Whether something in it cannot be told.
    has_gaps: bool,
}

struct Reading<'a> {
    known: Option<&'a StatCache>,
    task: Task<'a>,
    seen: Mutex<BTreeMap<PathBuf, Seen>>,
    blobs: Mutex<Vec<(BlobId, PathBuf)>>,
}

/// Reads all of `folders`, but for files of which `known` can tell what they are. What cannot be read is passed over.
pub(super) fn read(
    folders: &[&Path],
    known: Option<&StatCache>,
    observer: &dyn Observer,
) -> Contents {
    let what = match folders {
        [folder] => format!("looking through `{}`", folder.display()),
        _ => format!("looking through {} folders", folders.len()),
    };
    let reading = Reading {
        known,
        task: Task::start(observer, what, None, Unit::Bytes),
        seen: Mutex::default(),
        blobs: Mutex::default(),
    };
    let first = folders
        .iter()
        .map(|folder| Job::List((*folder).to_owned(), 0));
    parallel::run(first, hash::buffer, |buffer, queue, job| {
        match job {
            Job::List(path, depth) => reading.list(path, depth, queue),
            Job::Hash(path, names) => reading.hash(&path, names, buffer),
        }
        Ok::<(), Infallible>(())
    })
    .unwrap_or_else(|never| match never {});
    let mut seen = reading
        .seen
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let mut blobs = reading
        .blobs
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    // Whichever thread was first: the same folder is always offered in the same order.
    blobs.sort();
    let mut contents = Contents {
        trees: BTreeMap::new(),
        blobs,
    };
    for folder in folders {
        assemble(folder, &mut seen, &mut contents.trees);
    }
    contents
}

impl Reading<'_> {
    fn list(&self, path: PathBuf, depth: usize, queue: &Queue<Job, Infallible>) {
        let mut seen = Seen::default();
        let mut files = Vec::new();
        let listed = Folder::open(&path).and_then(|folder| {
            let mut links = Vec::new();
            platform::scan(&folder, |name, kind| {
                let name = platform::to_os(name).into_owned();
                match kind {
                    FileKind::Folder => seen.folders.push(name),
                    FileKind::File => files.push(name),
                    FileKind::Link => links.push(name),
                    FileKind::Special(_) => seen.has_gaps = true,
                }
            })?;
            for name in links {
                let target = platform::read_link_in(&folder, &name)?;
                seen.add(&name, LinkTarget::new(&target).ok().map(Node::Link));
            }
            Ok(())
        });
        seen.has_gaps |= listed.is_err();
        if depth < DEEPEST {
            let folders = seen.folders.iter();
            queue.push(folders.map(|name| Job::List(path.join(name), depth + 1)));
        }
        let at: Arc<Path> = Arc::from(path.as_path());
        held(&self.seen).insert(path, seen);
        while !files.is_empty() {
            let rest = files.split_off(files.len().saturating_sub(FILES_AT_ONCE));
            queue.push([Job::Hash(Arc::clone(&at), rest)]);
        }
    }

    fn hash(&self, path: &Path, names: Vec<OsString>, buffer: &mut [u8]) {
        let folder = Folder::open(path);
        let mut seen = Seen::default();
        let mut blobs = Vec::new();
        for name in names {
            let node = folder.as_ref().ok().and_then(|folder| {
                let (node, id) = self.file(folder, &name, buffer).ok()?;
                blobs.push((id, path.join(&name)));
                Some(node)
            });
            seen.add(&name, node);
        }
        held(&self.blobs).append(&mut blobs);
        let mut all = held(&self.seen);
        let of_folder = all.entry(path.to_owned()).or_default();
        of_folder.entries.append(&mut seen.entries);
        of_folder.has_gaps |= seen.has_gaps;
    }

    fn file(
        &self,
        folder: &Folder,
        name: &std::ffi::OsStr,
        buffer: &mut [u8],
    ) -> io::Result<(Node, BlobId)> {
        if let Some(known) = self.known {
            let state = platform::state_in(folder, name)?;
            if let Some(id) = known.recall(&state) {
                self.task.advance(state.size);
                return Ok((Node::of_blob(id, state.executable), id));
            }
        }
        let file = platform::open_in(folder, name)?;
        let state = platform::state_of(&file)?;
        let (digest, size) = hash::small(&file, state.size, buffer)?;
        self.task.advance(size);
        let id = BlobId(digest);
        Ok((Node::of_blob(id, state.executable), id))
    }
}

impl Seen {
    /// Takes note of an entry; of one that cannot be told, that there is one.
    fn add(&mut self, name: &std::ffi::OsStr, node: Option<Node>) {
        let name = platform::from_os(name).and_then(|name| EntryName::new(name).ok());
        match (name, node) {
            (Some(name), Some(node)) => self.entries.push(Entry { name, node }),
            _ => self.has_gaps = true,
        }
    }
}

/// What the folder would be as a tree, those in it first; none where something in it cannot be told.
fn assemble(
    path: &Path,
    all: &mut BTreeMap<PathBuf, Seen>,
    trees: &mut BTreeMap<TreeId, Tree>,
) -> Option<TreeId> {
    let mut seen = all.remove(path)?;
    for name in std::mem::take(&mut seen.folders) {
        let inside = assemble(&path.join(&name), all, trees);
        seen.add(&name, inside.map(Node::Folder));
    }
    if seen.has_gaps {
        return None;
    }
    let tree = Tree::new(seen.entries).ok()?;
    let id = tree.id();
    trees.insert(id, tree);
    Some(id)
}
