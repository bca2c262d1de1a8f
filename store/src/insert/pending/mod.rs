//! Objects of an insertion that have no name yet: staged once each, whichever thread comes first.

mod parked;

pub(crate) use parked::Parked;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use crate::durable;
use crate::durable::Folder;
use crate::durable::NewFile;
use crate::failure::WriteError;
use crate::layout::Layout;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel::held;
use crate::staging::Staging;

use super::InsertError;

const SHARDS: usize = 64;

/// What an insertion has staged.
#[derive(Debug)]
pub(crate) struct Pending {
    layout: Layout,
    /// Made when the first thing is staged: an insertion of what is there writes nothing.
    staging: OnceLock<Staging>,
    making: Mutex<()>,
    shards: Vec<Shard>,
    /// All lanes, and those nobody writes to now.
    lanes: Mutex<Vec<Arc<Lane>>>,
    free: Mutex<Vec<Arc<Lane>>>,
    /// Tree objects in the order they were staged: children before parents.
    trees: Mutex<Vec<(TreeId, Place)>>,
    /// Trees laid out in staging.
    laid_out: Mutex<Vec<TreeId>>,
    broken: AtomicBool,
    /// Found out by the first file of this insertion that could not be cloned.
    cannot_clone: AtomicBool,
}

#[derive(Debug, Default)]
struct Shard {
    objects: Mutex<HashMap<(Digest, Inode), State>>,
    staged: Condvar,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// A thread is writing it.
    Claimed,
    Staged(Place),
}

/// An object's name, and where it is until it has it.
pub(crate) type Placed = (ObjectName, Place);

/// Where a staged object is: a lane and the number that is its name there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    lane: u32,
    number: u32,
}

/// A folder in staging that one thread at a time fills: folders are what threads would wait for.
#[derive(Debug)]
pub(crate) struct Lane {
    index: u32,
    folder: Folder,
    next: AtomicU32,
}

/// A staged file without a name yet.
#[derive(Debug)]
pub(crate) struct Unnamed {
    pub(crate) file: NewFile,
    lane: Arc<Lane>,
    place: Place,
    inode: Inode,
}

impl Pending {
    pub(crate) fn new(layout: Layout) -> Self {
        Self {
            layout,
            staging: OnceLock::new(),
            making: Mutex::new(()),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            lanes: Mutex::default(),
            free: Mutex::default(),
            trees: Mutex::default(),
            laid_out: Mutex::default(),
            broken: AtomicBool::new(false),
            cannot_clone: AtomicBool::new(false),
        }
    }

    /// The folder of this insertion, made when first asked for.
    pub(crate) fn staging(&self) -> Result<&Path, WriteError> {
        let _making = held(&self.making);
        if let Some(staging) = self.staging.get() {
            return Ok(staging.path());
        }
        let staging = Staging::make(&self.layout)?;
        Ok(self.staging.get_or_init(|| staging).path())
    }

    /// The folder of this insertion, if it was ever needed.
    pub(crate) fn made_staging(&self) -> Option<&Staging> {
        self.staging.get()
    }

    pub(crate) fn into_staging(self) -> Option<Staging> {
        self.staging.into_inner()
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Whoever asks first lays the tree out.
    pub(crate) fn claim_laying_out(&self, id: TreeId) -> bool {
        let mut laid_out = held(&self.laid_out);
        let new = !laid_out.contains(&id);
        if new {
            laid_out.push(id);
        }
        new
    }

    /// Nothing half laid out may get its place.
    pub(crate) fn break_off(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(crate) fn laid_out(&self) -> Vec<TreeId> {
        held(&self.laid_out).clone()
    }

    /// Everything staged: blobs, sorted, and tree objects, children before parents.
    pub(crate) fn objects(&self) -> (Vec<Placed>, Vec<Placed>) {
        let mut blobs = Vec::new();
        for shard in &self.shards {
            for (&(digest, inode), &state) in held(&shard.objects).iter() {
                if let (Inode::Plain | Inode::Executable, State::Staged(place)) = (inode, state) {
                    blobs.push((ObjectName::new(digest, inode), place));
                }
            }
        }
        blobs.sort_unstable_by_key(|(name, _)| name.digest());
        let trees = held(&self.trees);
        let trees = trees
            .iter()
            .map(|&(id, place)| (ObjectName::tree(id), place));
        (blobs, trees.collect())
    }

    pub(crate) fn has_tree(&self, id: TreeId) -> bool {
        held(&self.shard(id.0).objects).contains_key(&(id.0, Inode::Tree))
    }

    pub(crate) fn has_blob(&self, id: BlobId) -> bool {
        let objects = held(&self.shard(id.0).objects);
        objects.contains_key(&(id.0, Inode::Plain))
            || objects.contains_key(&(id.0, Inode::Executable))
    }

    /// Where the object is staged; waits for a thread that is writing it.
    pub(crate) fn find(&self, id: Digest, inode: Inode) -> Option<Place> {
        let shard = self.shard(id);
        let mut objects = held(&shard.objects);
        loop {
            match objects.get(&(id, inode)) {
                None => return None,
                Some(State::Staged(place)) => return Some(*place),
                Some(State::Claimed) => {
                    objects = shard
                        .staged
                        .wait(objects)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// The folder and name of a staged object.
    pub(crate) fn file(&self, place: Place) -> (Arc<Lane>, OsString) {
        let lane = Arc::clone(&held(&self.lanes)[place.lane as usize]);
        (lane, place.name())
    }

    /// The path of a staged object.
    pub(crate) fn path(&self, place: Place) -> PathBuf {
        let (lane, name) = self.file(place);
        lane.folder.path().join(name)
    }

    /// Stages `bytes`, unless a thread of this insertion has or is about to. Whether it did.
    pub(crate) fn stage(
        &self,
        id: Digest,
        inode: Inode,
        bytes: &[u8],
    ) -> Result<bool, InsertError> {
        if !self.claim(id, inode) {
            return Ok(false);
        }
        let written = self.create(inode).and_then(|mut unnamed| {
            let written = unnamed.file.write_all(bytes);
            written.map_err(WriteError::at(unnamed.file.path()))?;
            Ok((unnamed.lane, unnamed.place))
        });
        self.keep_claim(id, inode, written)
    }

    /// Stages a copy of the file at `from`, unless a thread of this insertion has or is about to.
    pub(crate) fn stage_copy(
        &self,
        id: Digest,
        inode: Inode,
        from: &Path,
    ) -> Result<bool, InsertError> {
        if !self.claim(id, inode) {
            return Ok(false);
        }
        let copied = self.take_place().and_then(|(lane, place)| {
            let path = lane.folder.path().join(place.name());
            durable::copy_file(from, &path, inode.mode()).map_err(WriteError::at(&path))?;
            Ok((lane, place))
        });
        self.keep_claim(id, inode, copied)
    }

    fn keep_claim(
        &self,
        id: Digest,
        inode: Inode,
        written: Result<(Arc<Lane>, Place), WriteError>,
    ) -> Result<bool, InsertError> {
        match written {
            Ok((lane, place)) => {
                self.settle(id, inode, place);
                held(&self.free).push(lane);
                Ok(true)
            }
            Err(error) => {
                self.give_up(id, inode);
                Err(error.into())
            }
        }
    }

    /// A new file in staging.
    pub(crate) fn create(&self, inode: Inode) -> Result<Unnamed, WriteError> {
        let (lane, place) = self.take_place()?;
        let file = lane
            .folder
            .create_file(&place.name(), inode.mode())
            .map_err(|error| WriteError::new(lane.folder.path().join(place.name()), error))?;
        Ok(Unnamed {
            file,
            lane,
            place,
            inode,
        })
    }

    /// A new file in staging that shares the blocks of `from`; none where that cannot be, which is remembered.
    pub(crate) fn clone_file(
        &self,
        from: &File,
        path: &Path,
        inode: Inode,
    ) -> Result<Option<Unnamed>, WriteError> {
        if self.cannot_clone.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let (lane, place) = self.take_place()?;
        let cloned = lane
            .folder
            .clone_file(from, path, &place.name(), inode.mode())
            .map_err(|error| WriteError::new(lane.folder.path().join(place.name()), error))?;
        if let Some(file) = cloned {
            return Ok(Some(Unnamed {
                file,
                lane,
                place,
                inode,
            }));
        }
        self.cannot_clone.store(true, Ordering::Relaxed);
        held(&self.free).push(lane);
        Ok(None)
    }

    fn take_place(&self) -> Result<(Arc<Lane>, Place), WriteError> {
        let lane = self.take_lane()?;
        let place = Place {
            lane: lane.index,
            number: lane.next.fetch_add(1, Ordering::Relaxed),
        };
        Ok((lane, place))
    }

    fn take_lane(&self) -> Result<Arc<Lane>, WriteError> {
        if let Some(lane) = held(&self.free).pop() {
            return Ok(lane);
        }
        let staging = self.staging()?;
        let mut lanes = held(&self.lanes);
        let index = u32::try_from(lanes.len()).expect("there are few lanes");
        let path = staging.join(format!("lane-{index}"));
        durable::make_folder(&path).map_err(WriteError::at(&path))?;
        let lane = Arc::new(Lane {
            index,
            folder: Folder::open(&path).map_err(WriteError::at(&path))?,
            next: AtomicU32::new(0),
        });
        lanes.push(Arc::clone(&lane));
        Ok(lane)
    }

    /// Takes the right to stage an object. A blob has one inode at first, whichever is needed first.
    fn claim(&self, id: Digest, inode: Inode) -> bool {
        let mut objects = held(&self.shard(id).objects);
        match objects.entry((id, inode)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(State::Claimed);
                true
            }
        }
    }

    fn settle(&self, id: Digest, inode: Inode, place: Place) {
        if inode == Inode::Tree {
            // Before anyone can see it: a parent staged because of it comes later in the list.
            held(&self.trees).push((TreeId(id), place));
        }
        let shard = self.shard(id);
        held(&shard.objects).insert((id, inode), State::Staged(place));
        shard.staged.notify_all();
    }

    /// Another thread may have relied on the claim, so the insertion cannot be completed any more.
    fn give_up(&self, id: Digest, inode: Inode) {
        self.broken.store(true, Ordering::Relaxed);
        let shard = self.shard(id);
        held(&shard.objects).remove(&(id, inode));
        shard.staged.notify_all();
    }

    fn shard(&self, id: Digest) -> &Shard {
        &self.shards[usize::from(id.as_bytes()[31]) % SHARDS]
    }
}

impl Place {
    fn name(self) -> OsString {
        self.number.to_string().into()
    }
}

impl Lane {
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }
}
