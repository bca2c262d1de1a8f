//! Marking: what is there and not reachable, and how much room it takes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::CollectError;
use super::Freed;
use crate::closure::Closure;
use crate::durable::Folder;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel;
use crate::parallel::held;
use crate::platform;
use crate::platform::FileKind;
use crate::platform::Room;
use crate::roots::Root;
use crate::roots::running;
use crate::store::Store;

/// What no root reaches.
#[derive(Debug, Default)]
pub(super) struct Dead {
    pub(super) laid_out: Vec<TreeId>,
    pub(super) objects: Vec<DeadObject>,
    pub(super) freed: Freed,
}

/// One file in `objects/`.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeadObject {
    pub(super) name: ObjectName,
    pub(super) room: Room,
}

impl Dead {
    pub(super) fn is_empty(&self) -> bool {
        self.laid_out.is_empty() && self.objects.is_empty()
    }
}

/// Marks with these roots and with what running processes use. What goes with the folders `gone` is told with the rest.
pub(super) fn mark(
    store: &Store,
    mut roots: Vec<Root>,
    gone: &[PathBuf],
    observer: &dyn Observer,
) -> Result<Dead, CollectError> {
    let _task = Task::start(
        observer,
        "looking for what is not needed",
        None,
        Unit::Items,
    );
    let used = running(store.home()).map_err(look_failed(Path::new("/proc")))?;
    let used = used.trees;
    for id in &used {
        // Somebody may run what is only laid out any more; there is nothing to follow then.
        if store.has_tree(*id)? {
            roots.push(Root::Tree(*id));
        }
    }
    let live = store.closure(&roots)?;
    store.sweep_closures(&live);
    let laid_out = dead_laid_out(store, &live, &used)?;
    let objects = dead_objects(store, &live)?;
    let mut inodes = Inodes::default();
    let mut freed = Freed {
        objects: objects.len() as u64,
        laid_out: laid_out.len() as u64,
        ..Freed::default()
    };
    for object in &objects {
        inodes.see(object.room, &mut freed);
    }
    see_folders(gone, &mut inodes, &mut freed)?;
    measure(store, &laid_out, inodes, &mut freed)?;
    Ok(Dead {
        laid_out,
        objects,
        freed,
    })
}

fn dead_laid_out(
    store: &Store,
    live: &Closure,
    used: &[TreeId],
) -> Result<Vec<TreeId>, CollectError> {
    let path = store.layout().trees();
    let mut dead = Vec::new();
    let looked = Folder::open(&path).and_then(|folder| {
        platform::scan(&folder, |name, kind| {
            let id = Digest::from_hex(name).map(TreeId);
            if let (Some(id), FileKind::Folder) = (id, kind)
                && !live.has_tree(id)
                && !used.contains(&id)
            {
                dead.push(id);
            }
        })
    });
    looked.map_err(look_failed(&path))?;
    Ok(dead)
}

fn dead_objects(store: &Store, live: &Closure) -> Result<Vec<DeadObject>, CollectError> {
    let objects = store.layout().objects();
    let dead = Mutex::new(Vec::new());
    let mut shards = Vec::new();
    let looked = Folder::open(&objects).and_then(|folder| {
        platform::scan(&folder, |name, kind| {
            if kind == FileKind::Folder {
                shards.push(String::from_utf8_lossy(name).into_owned());
            }
        })
    });
    looked.map_err(look_failed(&objects))?;
    parallel::run::<_, _, CollectError>(
        shards,
        || (),
        |(), _, shard| {
            let path = objects.join(&shard);
            let found = dead_in_shard(&path, &shard, live).map_err(look_failed(&path))?;
            held(&dead).extend(found);
            Ok(())
        },
    )?;
    Ok(dead.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn dead_in_shard(path: &Path, shard: &str, live: &Closure) -> io::Result<Vec<DeadObject>> {
    let folder = Folder::open(path)?;
    let mut names = Vec::new();
    platform::scan(&folder, |name, _| {
        let name = platform::to_os(name);
        let object = ObjectName::parse(OsStr::new(shard), &name);
        names.extend(object.filter(|object| !is_live(object, live)));
    })?;
    let mut dead = Vec::with_capacity(names.len());
    for name in names {
        match platform::room_of(&folder, name.file_name()) {
            Ok(room) => dead.push(DeadObject { name, room }),
            // Another collecting was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(dead)
}

fn is_live(object: &ObjectName, live: &Closure) -> bool {
    match object.inode() {
        Inode::Tree => live.has_tree(TreeId(object.digest())),
        Inode::Plain | Inode::Executable => live.has_blob(BlobId(object.digest())),
    }
}

/// Inodes with more than one name, and how many of the names are dead.
#[derive(Default)]
struct Inodes(HashMap<u64, u64>);

impl Inodes {
    /// Sees one dead name; the last one of an inode frees it.
    fn see(&mut self, room: Room, freed: &mut Freed) {
        let seen = match self.0.entry(room.inode) {
            _ if room.links <= 1 => room.links,
            Entry::Vacant(entry) => *entry.insert(1),
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += 1;
                *entry.get()
            }
        };
        if seen == room.links {
            freed.bytes += room.bytes;
            freed.on_disk += room.on_disk;
        }
    }
}

/// What is freed when these folders go and nothing else does: files that have a name elsewhere stay.
pub(super) fn room_of_folders(folders: &[PathBuf]) -> Result<Freed, CollectError> {
    let mut freed = Freed::default();
    see_folders(folders, &mut Inodes::default(), &mut freed)?;
    Ok(freed)
}

fn see_folders(
    folders: &[PathBuf],
    inodes: &mut Inodes,
    freed: &mut Freed,
) -> Result<(), CollectError> {
    for path in folders {
        let mut rooms = Rooms::default();
        match Folder::open(path).and_then(|folder| rooms.collect(&folder)) {
            // Somebody else dropped it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            result => result.map_err(look_failed(path))?,
        }
        freed.on_disk += rooms.folders;
        for room in rooms.files {
            inodes.see(room, freed);
        }
    }
    Ok(())
}

/// Adds what dead laid-out trees take by themselves, and what goes because they were the last to link to it.
fn measure(
    store: &Store,
    laid_out: &[TreeId],
    inodes: Inodes,
    freed: &mut Freed,
) -> Result<(), CollectError> {
    let seen = Mutex::new((inodes, freed));
    parallel::run(
        laid_out.iter().copied(),
        || (),
        |(), _, id| {
            let path = store.tree_path(id);
            let mut rooms = Rooms::default();
            match Folder::open(&path).and_then(|folder| rooms.collect(&folder)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(look_failed(&path)(error));
                }
                // Another collecting was faster.
                _ => {}
            }
            let mut seen = held(&seen);
            let (inodes, freed) = &mut *seen;
            freed.on_disk += rooms.folders;
            for room in rooms.files {
                inodes.see(room, freed);
            }
            Ok(())
        },
    )
}

#[derive(Default)]
struct Rooms {
    folders: u64,
    files: Vec<Room>,
}

impl Rooms {
    fn collect(&mut self, folder: &Folder) -> io::Result<()> {
        self.folders += platform::room_of_folder(folder)?.on_disk;
        let mut names = Vec::new();
        platform::scan(folder, |name, kind| names.push((name.to_owned(), kind)))?;
        for (name, kind) in names {
            let name = platform::to_os(&name);
            if kind == FileKind::Folder {
                self.collect(&folder.open_folder(&name)?)?;
            } else {
                self.files.push(platform::room_of(folder, &name)?);
            }
        }
        Ok(())
    }
}

fn look_failed(path: &Path) -> impl FnOnce(io::Error) -> CollectError {
    let path = path.to_owned();
    move |source| CollectError::Look { path, source }
}
