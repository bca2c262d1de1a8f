//! Deleting what was marked, in slices.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::event::Task;
use dgmo_schema::id::TreeId;

use super::CollectError;
use super::Freed;
use super::mark::Dead;
use super::mark::DeadObject;
use super::trash;
use crate::closure::IdMap;
use crate::closure::IdSet;
use crate::durable;
use crate::durable::Folder;
use crate::durable::Renamed;
use crate::failure::WriteError;
use crate::guard::ExclusiveGuard;
use crate::letting_go::LettingGo;
use crate::object::Inode;
use crate::read::ReadError;
use crate::staging::Staging;
use crate::store::Store;
use crate::tree::Node;

/// How long others wait for us at most, but for the last deed of a slice.
const SLICE: Duration = Duration::from_millis(20);

/// From this many folders on, one sync of the file system is cheaper than one for each.
const FOLDERS_SYNCED_ONE_BY_ONE: usize = 8;

/// A collecting under way. Each list is taken from its end.
pub(super) struct Deleting<'a> {
    store: &'a Store,
    trash: Option<Staging>,
    laid_out: Vec<TreeId>,
    /// Whether laid-out trees were moved since the last sync.
    moved: bool,
    trees: Vec<DeadObject>,
    /// Shards that lost tree objects since the last sync.
    touched: BTreeSet<u8>,
    blobs: Vec<DeadObject>,
    /// What has lost its name.
    nameless: LettingGo,
    /// What the marking said all that is left would free, and what was gone before it.
    planned: Freed,
    before: Freed,
    /// What was deleted since the marking, as far as single files tell.
    since: Freed,
}

impl<'a> Deleting<'a> {
    pub(super) fn new(store: &'a Store, dead: Dead) -> Result<Self, ReadError> {
        let mut deleting = Self {
            store,
            trash: None,
            laid_out: Vec::new(),
            moved: false,
            trees: Vec::new(),
            touched: BTreeSet::new(),
            blobs: Vec::new(),
            nameless: LettingGo::default(),
            planned: Freed::default(),
            before: Freed::default(),
            since: Freed::default(),
        };
        deleting.replace(dead)?;
        Ok(deleting)
    }

    /// Goes on with what another marking found.
    pub(super) fn replace(&mut self, dead: Dead) -> Result<(), ReadError> {
        self.before.objects += self.since.objects;
        self.before.laid_out += self.since.laid_out;
        self.before.bytes += self.since.bytes;
        self.before.on_disk += self.since.on_disk;
        self.since = Freed::default();
        self.planned = dead.freed;
        self.laid_out = dead.laid_out;
        let is_tree = |object: &DeadObject| object.name.inode() == Inode::Tree;
        let (trees, mut blobs): (Vec<_>, Vec<_>) = dead.objects.into_iter().partition(is_tree);
        self.trees = children_first(self.store, &trees)?;
        // Folder after folder: the system has each of them at hand only once.
        blobs.sort_unstable_by_key(|object| object.name.digest());
        self.blobs = blobs;
        Ok(())
    }

    pub(super) fn is_done(&self) -> bool {
        self.laid_out.is_empty() && self.trees.is_empty() && self.blobs.is_empty()
    }

    /// Deletes for one slice, or until a sync is due.
    pub(super) fn slice(
        &mut self,
        proof: &ExclusiveGuard,
        task: &Task<'_>,
    ) -> Result<(), CollectError> {
        let end = Instant::now() + SLICE;
        let mut count = 0;
        while Instant::now() < end && self.step(proof)? {
            count += 1;
        }
        task.advance(count);
        Ok(())
    }

    /// Deletes one thing; false if a sync comes first or nothing is left.
    pub(super) fn step(&mut self, proof: &ExclusiveGuard) -> Result<bool, WriteError> {
        if let Some(id) = self.laid_out.last().copied() {
            self.hide(id, proof)?;
            self.laid_out.pop();
            self.moved = true;
            if self.laid_out.is_empty() {
                self.store.sweep_anchors(proof)?;
            }
            self.since.laid_out += 1;
            return Ok(true);
        }
        if self.moved {
            return Ok(false);
        }
        if let Some(object) = self.trees.last().copied() {
            self.delete(object, proof)?;
            self.touched.insert(object.name.shard());
            self.trees.pop();
            return Ok(true);
        }
        if !self.touched.is_empty() {
            return Ok(false);
        }
        match self.blobs.last().copied() {
            Some(object) => {
                self.delete(object, proof)?;
                self.blobs.pop();
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Does what needs no guard: syncs what the next step relies on, and empties the trash.
    pub(super) fn between_slices(&mut self) -> Result<(), CollectError> {
        if self.moved && self.laid_out.is_empty() {
            let trees = self.store.layout().trees();
            durable::sync_folder(&trees).map_err(WriteError::at(&trees))?;
            self.moved = false;
        }
        if self.trees.is_empty() && !self.touched.is_empty() {
            self.sync_shards()?;
            self.touched.clear();
        }
        self.nameless.let_go();
        if let Some(trash) = &self.trash {
            let path = trash.path();
            let hidden = std::fs::read_dir(path).map_err(WriteError::at(path))?;
            for id in hidden {
                let id = id.map_err(WriteError::at(path))?;
                if id.file_type().map_err(WriteError::at(path))?.is_dir() {
                    empty_and_remove(&id.path()).map_err(WriteError::at(path))?;
                }
            }
        }
        Ok(())
    }

    /// What is freed once it is done.
    pub(super) fn freed(&self) -> Freed {
        Freed {
            objects: self.before.objects + self.planned.objects,
            laid_out: self.before.laid_out + self.planned.laid_out,
            bytes: self.before.bytes + self.planned.bytes,
            on_disk: self.before.on_disk + self.planned.on_disk,
        }
    }

    /// Moves a laid-out tree to where nobody looks.
    fn hide(&mut self, id: TreeId, _proof: &ExclusiveGuard) -> Result<(), WriteError> {
        let from = self.store.tree_path(id);
        let to = self.trash()?.join(id.hex());
        let moved = match durable::rename_no_replace(&from, &to) {
            // The folder is read-only, and moving it changes its `..`. The superuser does not notice.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                durable::set_mode(&from, 0o755).map_err(WriteError::at(&from))?;
                durable::rename_no_replace(&from, &to)
            }
            result => result,
        };
        match moved {
            Ok(Renamed::Done) => Ok(()),
            // The same tree was laid out again and died again; its turn comes when the trash is empty.
            Ok(Renamed::Existed) => {
                empty_and_remove(&to).map_err(WriteError::at(&to))?;
                durable::rename(&from, &to).map_err(WriteError::at(&to))
            }
            // Another collecting was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(WriteError::new(&from, error)),
        }
    }

    /// A folder nobody looks at. On a full disk the reserve makes room for it.
    fn trash(&mut self) -> Result<std::path::PathBuf, WriteError> {
        if self.trash.is_none() {
            let made = match Staging::make(self.store.layout()) {
                Err(WriteError::NoSpace { .. }) if self.store.release_reserve() => {
                    Staging::make(self.store.layout())
                }
                result => result,
            };
            let made = made?;
            made.is_needed();
            self.trash = Some(made);
        }
        let trash = self.trash.as_ref().expect("it was just made");
        Ok(trash.path().to_owned())
    }

    fn delete(&mut self, object: DeadObject, _proof: &ExclusiveGuard) -> Result<(), WriteError> {
        let objects = self.store.objects();
        let at = |error| WriteError::new(objects.path_of(&object.name), error);
        let Some(shard) = objects.shard(&object.name).map_err(at)? else {
            return Ok(());
        };
        self.nameless.hold(shard, object.name.file_name());
        match shard.remove_file(object.name.file_name()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
            _ => {}
        }
        self.since.objects += 1;
        self.since.bytes += object.room.bytes;
        self.since.on_disk += object.room.on_disk;
        Ok(())
    }

    fn sync_shards(&self) -> Result<(), WriteError> {
        let objects = self.store.layout().objects();
        if self.touched.len() > FOLDERS_SYNCED_ONE_BY_ONE {
            return durable::sync_file_system(&objects).map_err(WriteError::at(&objects));
        }
        for shard in &self.touched {
            let path = objects.join(format!("{shard:02x}"));
            durable::sync_folder(&path).map_err(WriteError::at(&path))?;
        }
        Ok(())
    }
}

fn empty_and_remove(path: &std::path::Path) -> io::Result<()> {
    let folder = Folder::open(path)?;
    match trash::empty(&folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            folder.set_mode(0o755)?;
            trash::empty(&folder)?;
        }
        result => result?,
    }
    durable::remove_folder(path)
}

/// Tree objects with children before parents, since they are taken from the end: a parent must never be there
/// without its children.
///
/// One that is damaged comes last, to be deleted first: nobody can rely on it, and who knows whose parent it is. One
/// that cannot be read now may be read by others later: nothing is deleted then.
fn children_first(store: &Store, trees: &[DeadObject]) -> Result<Vec<DeadObject>, ReadError> {
    let children = |id: TreeId| -> Result<Option<Vec<TreeId>>, ReadError> {
        let tree = match store.read_tree(id) {
            Ok(tree) => tree,
            Err(ReadError::Io { path, source }) => return Err(ReadError::Io { path, source }),
            Err(_) => return Ok(None),
        };
        let folders = tree.entries().iter().filter_map(|entry| match entry.node {
            Node::Folder(id) => Some(id),
            _ => None,
        });
        Ok(Some(folders.collect()))
    };
    let id_of = |object: &DeadObject| TreeId(object.name.digest());
    let mut waiting: IdMap<TreeId, DeadObject> = trees
        .iter()
        .map(|object| (id_of(object), *object))
        .collect();
    let mut ordered = Vec::with_capacity(trees.len());
    let mut unreadable = Vec::new();
    let mut entered = IdSet::default();
    for start in trees.iter().map(id_of) {
        // Each is on the way twice: before its children, and after them, when it is put in order.
        let mut way = vec![(start, false)];
        while let Some((id, children_done)) = way.pop() {
            if children_done {
                ordered.extend(waiting.remove(&id));
                continue;
            }
            if !waiting.contains_key(&id) || !entered.insert(id) {
                continue;
            }
            match children(id)? {
                Some(below) => {
                    way.push((id, true));
                    way.extend(below.into_iter().map(|id| (id, false)));
                }
                None => unreadable.extend(waiting.remove(&id)),
            }
        }
    }
    ordered.extend(unreadable);
    Ok(ordered)
}
