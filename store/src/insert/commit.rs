//! Naming what was staged.
//!
//! 1. `changes` gets a fresh number, so that nobody trusts what they derived from the store before.
//! 2. One sync of the file system: all bytes are on disk, under names in staging.
//! 3. Blobs are renamed into `objects/`, and the folders that got them are synced.
//! 4. Tree objects follow, children before parents, then laid-out trees; the folders are synced.
//! 5. Anchors are set.
//!
//! A crash anywhere leaves objects that nothing names, which collecting removes, and a staging folder whose owner is
//! dead, which the next insertion removes. Their names may not be on disk: the dead owner's folder says so, and whoever
//! removes it syncs the file system first.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use dgmo_schema::id::TreeId;

use crate::anchor::Anchor;
use crate::durable;
use crate::durable::Folder;
use crate::durable::Renamed;
use crate::failure::WriteError;
use crate::guard::SharedGuard;
use crate::letting_go::LettingGo;
use crate::object::ObjectName;
use crate::parallel::held;
use crate::platform;
use crate::staging;
use crate::staging::Staging;
use crate::store::Store;

use super::InsertError;
use super::Insertion;
use super::large;
use super::pending::Pending;
use super::pending::Place;

/// From this many folders on, one sync of the file system is cheaper than one for each: a sync of a folder waits for the
/// disk as long as that of all.
const FOLDERS_SYNCED_ONE_BY_ONE: usize = 2;

/// A committed insertion. Scratch folders stay until this is dropped, so that they can be renamed out.
#[derive(Debug)]
pub struct Committed {
    /// Keeps what was inserted from being collected until a root names it.
    pub guard: SharedGuard,
    _staging: Option<Staging>,
}

impl Insertion<'_> {
    /// Gives everything staged its name. Writes and syncs nothing if everything was there already and nothing is to
    /// be renamed out of a scratch folder.
    pub fn commit(self) -> Result<Committed, InsertError> {
        if self.pending.is_broken() {
            return Err(InsertError::Broken);
        }
        if let Some(staging) = self.pending.made_staging() {
            staging.is_needed();
        }
        let named = self.name_all();
        let home = self.store.home();
        // Others may rely on what got its name before a failure. If this fails too, the folder stays to tell of it.
        let is_known = named.is_ok() || durable::sync_file_system(home).is_ok();
        let mut staging = self.pending.into_staging();
        if !is_known && let Some(staging) = staging.take() {
            staging.leave_behind();
        }
        named?;
        Ok(Committed {
            guard: self.guard,
            _staging: staging,
        })
    }

    fn name_all(&self) -> Result<(), WriteError> {
        let (store, pending) = (self.store, &self.pending);
        let (blobs, trees) = pending.objects();
        let laid_out = pending.laid_out();
        let home = store.home();
        let anchors = std::mem::take(&mut *held(&self.anchors));
        if blobs.is_empty() && trees.is_empty() && laid_out.is_empty() {
            // What was found may have got its name only now.
            let others = staging::others_work(store.layout(), pending.made_staging());
            if others || self.scratched.load(Ordering::Relaxed) {
                durable::sync_file_system(home).map_err(WriteError::at(home))?;
            }
            return set(store, &anchors);
        }
        write_changes(store, pending)?;
        durable::sync_file_system(home).map_err(WriteError::at(home))?;
        Naming::of(store, pending).objects(&blobs)?.sync()?;
        Naming::of(store, pending)
            .objects(&trees)?
            .laid_out(&laid_out)?
            .sync()?;
        large::remember(store.layout(), &self.large);
        set(store, &anchors)
    }
}

/// Makes anchors lead to their trees, which are in their places.
fn set(store: &Store, anchors: &[(Anchor, TreeId)]) -> Result<(), WriteError> {
    anchors
        .iter()
        .try_for_each(|(anchor, tree)| store.set_anchor(anchor, *tree))
}

/// Rewrites `changes`. Not synced: a crash that loses it loses the processes that have read it too.
fn write_changes(store: &Store, pending: &Pending) -> Result<(), WriteError> {
    let path = store.layout().changes();
    let staged = pending.staging()?.join("changes");
    let text = format!(
        "dgmo changes 1\n{:016x}{:016x}\n",
        platform::unique(),
        platform::unique()
    );
    durable::write_new(&staged, text.as_bytes(), 0o644).map_err(WriteError::at(&staged))?;
    durable::rename(&staged, &path).map_err(WriteError::at(&path))
}

/// One round of renames, and the folders they touch.
struct Naming<'a> {
    store: &'a Store,
    pending: &'a Pending,
    /// Shards that got a name, by an object in each.
    touched: Vec<Option<ObjectName>>,
    shards_made: bool,
    trees: Vec<Folder>,
    /// What had a name before.
    replaced: LettingGo,
}

impl<'a> Naming<'a> {
    fn of(store: &'a Store, pending: &'a Pending) -> Self {
        Self {
            store,
            pending,
            touched: vec![None; 256],
            shards_made: false,
            trees: Vec::new(),
            replaced: LettingGo::default(),
        }
    }

    /// Names objects in the order given.
    ///
    /// On one thread: a rename between folders takes a lock of the whole file system, so others would only wait.
    fn objects(mut self, objects: &[(ObjectName, Place)]) -> Result<Self, WriteError> {
        for (name, place) in objects {
            let at = |error| WriteError::new(self.store.objects().path_of(name), error);
            let (shard, made) = self.store.objects().make_shard(name).map_err(at)?;
            let (lane, staged) = self.pending.file(*place);
            if self.store.objects().distrusts(name) {
                self.replaced.hold(shard, name.file_name());
                lane.folder()
                    .rename(&staged, shard, name.file_name())
                    .map_err(at)?;
                self.store.objects().trust(name);
            } else {
                // One that is there already has the same bytes; ours goes with the staging folder.
                lane.folder()
                    .rename_no_replace(&staged, shard, name.file_name())
                    .map_err(at)?;
            }
            self.shards_made |= made;
            self.touched[usize::from(name.shard())] = Some(*name);
        }
        Ok(self)
    }

    /// Names laid-out trees. Their root becomes read-only only then: a read-only folder cannot be moved.
    fn laid_out(mut self, trees: &[TreeId]) -> Result<Self, WriteError> {
        let staging = self.pending.staging()?;
        for id in trees {
            let (from, to) = (staging.join(staged_name(*id)), self.store.tree_path(*id));
            let root = Folder::open(&from).map_err(WriteError::at(&from))?;
            let renamed = durable::rename_no_replace(&from, &to).map_err(WriteError::at(&to))?;
            match renamed {
                Renamed::Done => {
                    root.set_mode(0o555).map_err(WriteError::at(&to))?;
                    self.trees.push(root);
                }
                // Whoever was faster may not have synced it yet.
                Renamed::Existed => {
                    self.trees
                        .push(Folder::open(&to).map_err(WriteError::at(&to))?);
                }
            }
        }
        Ok(self)
    }

    fn sync(self) -> Result<(), WriteError> {
        let objects = self.store.objects();
        let touched: Vec<&ObjectName> = self.touched.iter().flatten().collect();
        let folders = touched.len() + 2 * self.trees.len() + usize::from(self.shards_made);
        if folders > FOLDERS_SYNCED_ONE_BY_ONE {
            let home = self.store.home();
            return durable::sync_file_system(home).map_err(WriteError::at(home));
        }
        for name in touched {
            let shard = objects.shard(name).and_then(|shard| {
                let shard = shard.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
                shard?.sync()
            });
            shard.map_err(WriteError::at(objects.path_of(name)))?;
        }
        if self.shards_made {
            sync(objects.path())?;
        }
        for root in &self.trees {
            root.sync().map_err(WriteError::at(root.path()))?;
        }
        if !self.trees.is_empty() {
            sync(&self.store.layout().trees())?;
        }
        Ok(())
    }
}

fn sync(folder: &Path) -> Result<(), WriteError> {
    durable::sync_folder(folder).map_err(WriteError::at(folder))
}

/// Where a tree is laid out until it gets its place.
pub(crate) fn staged_name(id: TreeId) -> String {
    format!("tree-{}", id.hex())
}
