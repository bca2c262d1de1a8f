//! One repair of objects: it takes what it looks for from whatever it is offered.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::event::Observer;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use super::Lost;
use super::RepairError;
use super::trees::Trees;
use crate::insert::InsertError;
use crate::insert::Insertion;
use crate::insert::known;
use crate::insert::known::KnownBlob;
use crate::insert::known::Taken;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel;
use crate::parallel::held;
use crate::read::ReadError;
use crate::read::decode_checked;
use crate::stat_cache::StatCache;
use crate::store::Store;
use crate::tree::Node;
use crate::tree::Tree;

/// One repair of objects. Nothing is visible before [`Self::commit`]; dropping it instead leaves all as it was.
pub struct Mending<'a> {
    insertion: Insertion<'a>,
    pub(super) lost: Lost,
    /// What files of sources were when they were last added.
    pub(super) known: Option<StatCache>,
    /// Folders that were read whole, and the surprises up to then: while there are no more they have nothing to add.
    pub(super) read_whole: BTreeMap<PathBuf, u64>,
    /// Trees that were found, until they are staged: children before parents.
    found: BTreeMap<TreeId, Rc<Tree>>,
    trees: Trees,
    taken: Vec<ObjectName>,
    buffer: Vec<u8>,
    /// What it came from, by object: for people.
    origin: BTreeMap<ObjectId, String>,
    offering: String,
    /// How often something that was found named more that is lost.
    surprises: u64,
}

impl std::fmt::Debug for Mending<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mending")
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}

/// What a repair of objects did.
#[derive(Debug, Clone, Default)]
pub struct Mended {
    /// Files of objects that are whole again.
    pub(super) names: BTreeSet<ObjectNameKey>,
    /// Each object that is back, and from where.
    pub origin: BTreeMap<ObjectId, String>,
    /// What nothing that was offered has.
    pub left: Lost,
}

/// What orders an object's name.
pub(super) type ObjectNameKey = (Digest, Inode);

impl Mended {
    pub(super) fn has(&self, digest: Digest, inode: Inode) -> bool {
        self.names.contains(&(digest, inode))
    }

    /// Whether nothing was put back.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl Store {
    /// A handle for the repair of `lost`: what is damaged counts as not there.
    #[must_use]
    pub fn without(&self, lost: &Lost) -> Self {
        self.distrusting(lost.damaged.clone())
    }
}

impl<'a> Mending<'a> {
    /// Begins a repair; `store` is the handle that [`Store::without`] gave.
    pub fn begin(
        store: &'a Store,
        lost: Lost,
        observer: &'a dyn Observer,
    ) -> Result<Self, RepairError> {
        let mut mending = Self {
            insertion: store.begin(observer)?,
            lost,
            known: None,
            read_whole: BTreeMap::new(),
            found: BTreeMap::new(),
            trees: Trees::default(),
            taken: Vec::new(),
            buffer: known::buffer(),
            origin: BTreeMap::new(),
            offering: String::new(),
            surprises: 0,
        };
        mending.take_twins()?;
        Ok(mending)
    }

    /// Does not read what `known` knows to be something else. What it takes is read in any case.
    #[must_use]
    pub fn knowing(mut self, known: StatCache) -> Self {
        self.known = known.is_of_use().then_some(known);
        self
    }

    /// What fetches may put objects into; [`Self::look_again`] tells what they brought.
    pub fn insertion(&self) -> &Insertion<'a> {
        &self.insertion
    }

    /// What is still looked for.
    pub fn lost(&self) -> &Lost {
        &self.lost
    }

    /// Grows when something that was found turns out to name more that is lost: what was offered before may have that.
    pub fn surprises(&self) -> u64 {
        self.surprises
    }

    /// Says what is offered from now on, for people.
    pub fn from(&mut self, what: impl Into<String>) {
        self.offering = what.into();
    }

    /// Whether a blob is looked for.
    pub fn wants_blob(&self, id: BlobId) -> bool {
        self.lost.blobs.contains_key(&id)
    }

    /// Whether a tree object is looked for.
    pub fn wants_tree(&self, id: TreeId) -> bool {
        self.lost.trees.contains(&id)
    }

    /// Whether something that is looked for may be below `tree`: it is, or what is below cannot be told.
    pub fn may_need(&self, tree: TreeId) -> bool {
        !self.lost.is_empty() && self.may_need_below(tree, &mut BTreeMap::new())
    }

    /// The same of many trees, which have some below them in common.
    pub(super) fn may_need_below(&self, id: TreeId, known: &mut BTreeMap<TreeId, bool>) -> bool {
        if let Some(needed) = known.get(&id) {
            return *needed;
        }
        let needed = self.wants_tree(id)
            || self.read_tree(id).map_or(true, |tree| {
                tree.entries().iter().any(|entry| match entry.node {
                    Node::File(id) | Node::Executable(id) => self.wants_blob(id),
                    Node::Folder(id) => self.may_need_below(id, known),
                    Node::Link(_) => false,
                })
            });
        known.insert(id, needed);
        needed
    }

    /// Reads a tree that is in the store or was found.
    pub(super) fn read_tree(&self, id: TreeId) -> Result<Rc<Tree>, ReadError> {
        self.trees.get(id, || self.insertion.read_tree(id))
    }

    /// A blob whose other file is whole needs nothing from elsewhere.
    fn take_twins(&mut self) -> Result<(), RepairError> {
        "its twin".clone_into(&mut self.offering);
        let wanted: Vec<_> = self.lost.blobs.keys().copied().collect();
        for id in wanted {
            let Ok(path) = self.insertion.store().blob_path(id) else {
                continue;
            };
            if super::sources::digest_of(&path) == Some(id.0) {
                self.stage_all_of(id, &path)?;
            }
        }
        Ok(())
    }

    /// Stages every file the blob shall have, as copies of one that is whole.
    fn stage_all_of(&mut self, id: BlobId, from: &Path) -> Result<(), RepairError> {
        let inodes = self.lost.blobs.remove(&id).unwrap_or_default();
        for inode in inodes {
            self.insertion.stage_copy_of(id, inode, from)?;
            self.taken.push(ObjectName::blob(id, inode));
        }
        self.origin.insert(id.into(), self.offering.clone());
        Ok(())
    }

    /// Takes the file at `path` if it is the blob `id` and that is looked for. One that cannot be read is passed over.
    pub fn offer_file(&mut self, id: BlobId, path: &Path) -> Result<bool, RepairError> {
        match open_file(path).filter(|_| self.wants_blob(id)) {
            Some((mut file, size)) => self.offer_stream(id, size, &mut file),
            None => Ok(false),
        }
    }

    /// The same of many files, on all cores. Of those said to be the same blob, the first that is counts.
    pub(super) fn offer_files(
        &mut self,
        files: impl IntoIterator<Item = (BlobId, PathBuf)>,
    ) -> Result<(), RepairError> {
        let mut places: BTreeMap<BlobId, Vec<PathBuf>> = BTreeMap::new();
        for (id, path) in files {
            if self.wants_blob(id) {
                places.entry(id).or_default().push(path);
            }
        }
        let jobs = places.iter().map(|(id, paths)| (*id, paths));
        let (insertion, lost) = (&self.insertion, &self.lost);
        let taken = Mutex::new(Vec::new());
        let done = parallel::run(jobs, known::buffer, |buffer, _, (id, paths)| {
            for path in paths {
                if let Some((mut file, size)) = open_file(path)
                    && stage(insertion, (id, &lost.blobs[&id]), size, &mut file, buffer)?
                {
                    held(&taken).push(id);
                    break;
                }
            }
            Ok(())
        });
        // What was taken before something failed is taken.
        for id in taken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.note_staged(id);
        }
        done
    }

    /// Takes `size` bytes if they are the blob `id` and that is looked for.
    pub fn offer_stream(
        &mut self,
        id: BlobId,
        size: u64,
        from: &mut dyn Read,
    ) -> Result<bool, RepairError> {
        let Some(inodes) = self.lost.blobs.get(&id) else {
            return Ok(false);
        };
        let is_it = stage(&self.insertion, (id, inodes), size, from, &mut self.buffer)?;
        if is_it {
            self.note_staged(id);
        }
        Ok(is_it)
    }

    /// Every file the blob shall have is staged.
    fn note_staged(&mut self, id: BlobId) {
        let inodes = self.lost.blobs.remove(&id).unwrap_or_default();
        let names = inodes.into_iter().map(|inode| ObjectName::blob(id, inode));
        self.taken.extend(names);
        self.origin.insert(id.into(), self.offering.clone());
    }

    /// Takes these bytes if a blob that is looked for has them.
    pub fn offer_bytes(&mut self, bytes: &[u8]) -> Result<bool, RepairError> {
        let id = BlobId(Digest::of(bytes));
        self.offer_stream(id, bytes.len() as u64, &mut &*bytes)
    }

    /// Takes the tree if it is looked for; then what it names and the store lacks is looked for too.
    pub fn offer_tree(&mut self, tree: &Tree) -> Result<bool, RepairError> {
        let id = tree.id();
        if !self.lost.trees.remove(&id) {
            return Ok(false);
        }
        for entry in tree.entries() {
            let there = match &entry.node {
                Node::File(id) | Node::Executable(id) => {
                    self.wants_blob(*id) || self.insertion.has_blob(*id)?
                }
                Node::Folder(id) => {
                    self.wants_tree(*id)
                        || self.found.contains_key(id)
                        || self.insertion.has_tree(*id)?
                }
                Node::Link(_) => true,
            };
            if !there {
                self.lost.miss(&entry.node);
                self.surprises += 1;
            }
        }
        let tree = Rc::new(tree.clone());
        self.trees.insert(id, Rc::clone(&tree));
        self.found.insert(id, tree);
        self.origin.insert(id.into(), self.offering.clone());
        Ok(true)
    }

    /// Takes the bytes of a tree object if it is looked for and they are it.
    pub fn offer_tree_bytes(&mut self, id: TreeId, bytes: &[u8]) -> Result<(), RepairError> {
        if let Ok(tree) = decode_checked(id, bytes) {
            self.offer_tree(&tree)?;
        }
        Ok(())
    }

    /// Learns what others put into the insertion.
    pub fn look_again(&mut self) -> Result<(), RepairError> {
        let blobs: Vec<BlobId> = self.lost.blobs.keys().copied().collect();
        for id in blobs {
            let staged = [Inode::Plain, Inode::Executable]
                .into_iter()
                .find_map(|inode| Some((inode, self.insertion.staged_path(id, inode)?)));
            if let Some((inode, path)) = staged {
                self.taken.push(ObjectName::blob(id, inode));
                if let Some(inodes) = self.lost.blobs.get_mut(&id) {
                    inodes.remove(&inode);
                }
                self.stage_all_of(id, &path)?;
            }
        }
        let trees: Vec<TreeId> = self.lost.trees.iter().copied().collect();
        for id in trees {
            if self.insertion.has_tree(id)?
                && let Ok(tree) = self.insertion.read_tree(id)
            {
                self.offer_tree(&tree)?;
                self.found.remove(&id);
                self.taken.push(ObjectName::tree(id));
            }
        }
        Ok(())
    }

    /// Puts everything that was found in its place.
    pub fn commit(mut self) -> Result<Mended, RepairError> {
        for id in self.in_order() {
            self.insertion.stage_known_tree(id, &self.found[&id])?;
            self.taken.push(ObjectName::tree(id));
        }
        let names = self
            .taken
            .iter()
            .map(|name| (name.digest(), name.inode()))
            .collect();
        self.insertion.commit()?;
        Ok(Mended {
            names,
            origin: self.origin,
            left: self.lost,
        })
    }

    /// Puts nothing back; tells what would have been.
    pub fn give_up(mut self) -> Mended {
        self.in_order();
        Mended {
            names: BTreeSet::new(),
            origin: self.origin,
            left: self.lost,
        }
    }

    /// The trees that may be put back, children before parents. One that names what is still lost stays away, unless it
    /// only replaces a damaged file: a tree object that comes into the store has all it names.
    fn in_order(&mut self) -> Vec<TreeId> {
        let mut order = Vec::new();
        let mut done: BTreeMap<TreeId, bool> = BTreeMap::new();
        let ids: Vec<TreeId> = self.found.keys().copied().collect();
        for id in ids {
            self.settle(id, &mut done, &mut order);
        }
        for id in done.iter().filter(|(_, whole)| !**whole).map(|(id, _)| id) {
            self.lost.trees.insert(*id);
            self.origin.remove(&ObjectId::from(*id));
        }
        order
    }

    fn settle(
        &self,
        id: TreeId,
        done: &mut BTreeMap<TreeId, bool>,
        order: &mut Vec<TreeId>,
    ) -> bool {
        if let Some(whole) = done.get(&id) {
            return *whole;
        }
        let Some(tree) = self.found.get(&id) else {
            return !self.wants_tree(id);
        };
        let mut whole = true;
        for entry in tree.entries() {
            whole &= match entry.node {
                Node::File(id) | Node::Executable(id) => !self.wants_blob(id),
                Node::Folder(id) => self.settle(id, done, order),
                Node::Link(_) => true,
            };
        }
        let replaces = self.lost.damaged.contains(&ObjectName::tree(id));
        let may_be_put_back = whole || replaces;
        done.insert(id, may_be_put_back);
        if may_be_put_back {
            order.push(id);
        }
        may_be_put_back
    }
}

/// Stages every file a blob shall have, if these bytes are it. What is something else, or cannot be read, is not:
/// somebody else may have it.
fn stage(
    insertion: &Insertion<'_>,
    (id, inodes): (BlobId, &BTreeSet<Inode>),
    size: u64,
    from: &mut dyn Read,
    buffer: &mut [u8],
) -> Result<bool, RepairError> {
    let mut inodes = inodes.iter().copied();
    let first = inodes.next().expect("a lost blob shall have a file");
    let blob = KnownBlob {
        id,
        inode: first,
        size,
        from,
        file: None,
    };
    match insertion.take_known(blob, buffer) {
        Ok(Taken::Done) => {}
        Ok(_) | Err(InsertError::Stream { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    if let Some(staged) = insertion.staged_path(id, first) {
        for inode in inodes {
            insertion.stage_copy_of(id, inode, &staged)?;
        }
    }
    Ok(true)
}

/// A file, and how long it is; none if it cannot be read.
fn open_file(path: &Path) -> Option<(File, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    let file = metadata.is_file().then(|| File::open(path).ok())??;
    Some((file, metadata.len()))
}
