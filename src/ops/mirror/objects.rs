//! The objects of a mirror: some are written, all of them synced at once, and then each gets its name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_store::Root;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::look;
use dgmo_store::object::Inode;
use dgmo_store::object::ObjectName;

use super::Proof;
use super::STAGED;
use crate::ops::OpError;
use crate::ops::Result;

/// The folder of a mirror that has objects.
pub(super) const OBJECTS: &str = "objects";

/// So many are written before one sync lets them have their names: what a crash costs is no more than these.
const AT_ONCE: usize = 512;

/// So much is written at once.
const BUFFER: usize = 256 << 10;

#[derive(Debug, Clone, Copy)]
pub(super) enum Object {
    Blob(BlobId),
    Tree(TreeId),
}

/// What is to be there.
pub(super) struct Objects<'a> {
    store: &'a Store,
    folder: PathBuf,
    /// Blobs before trees, so that a tree mostly comes after what it names.
    wanted: BTreeMap<(bool, String), Object>,
}

/// One that is not there: the name of its file below the folder, and what it is.
pub(super) type Missing = (String, Object);

impl<'a> Objects<'a> {
    /// All that `roots` reach.
    pub(super) fn of(store: &'a Store, roots: &[Root], folder: PathBuf) -> Result<Self> {
        let closure = store.closure(roots)?;
        let blobs = closure.blobs().map(|id| {
            let name = path_of(&ObjectName::blob(id, Inode::Plain));
            ((false, name), Object::Blob(id))
        });
        let trees = closure
            .trees()
            .map(|id| ((true, path_of(&ObjectName::tree(id))), Object::Tree(id)));
        Ok(Self {
            store,
            folder,
            wanted: blobs.chain(trees).collect(),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn count(&self) -> usize {
        self.wanted.len()
    }

    pub(super) fn missing(&self, proof: Proof) -> Result<Vec<Missing>> {
        let there = self.listed()?;
        let mut missing = Vec::new();
        for ((_, name), object) in &self.wanted {
            let is_there = there.contains(name)
                && (proof == Proof::Name || self.is_whole(name, digest_of(*object))?);
            if !is_there {
                missing.push((name.clone(), *object));
            }
        }
        Ok(missing)
    }

    /// How many bytes the blobs among them have; trees are small.
    pub(super) fn size(&self, missing: &[Missing]) -> Result<u64> {
        let mut size = 0;
        for (_, object) in missing {
            if let Object::Blob(id) = object {
                size += self.store.blob_size(*id)?;
            }
        }
        Ok(size)
    }

    /// Those that are there and not wanted; nothing that is no object's name.
    pub(super) fn others(&self) -> Result<Vec<String>> {
        let wanted: BTreeSet<&String> = self.wanted.keys().map(|(_, name)| name).collect();
        let there = self.listed()?.into_iter();
        Ok(there.filter(|name| !wanted.contains(name)).collect())
    }

    /// Writes them, each proven on its way. Gives the number of their bytes.
    pub(super) fn bring(&self, missing: &[Missing], observer: &dyn Observer) -> Result<u64> {
        let total = Some(missing.len() as u64);
        let task = Task::start(observer, "copying", total, Unit::Items);
        let mut bytes = 0;
        for some in missing.chunks(AT_ONCE) {
            for (name, object) in some {
                bytes += self.stage(name, *object)?;
                task.advance(1);
            }
            let synced = durable::sync_file_system(&self.folder);
            synced.map_err(OpError::io("sync", &self.folder))?;
            for (name, _) in some {
                self.place(name)?;
            }
        }
        Ok(bytes)
    }

    fn stage(&self, name: &str, object: Object) -> Result<u64> {
        let path = self.staged(name);
        let failed = OpError::io("write", &path);
        let file = durable::write_new(&path, b"", 0o644);
        let file = match file {
            Ok(file) => file,
            Err(error) => return Err(failed(error).into()),
        };
        let mut counted = Counted {
            to: BufWriter::with_capacity(BUFFER, file),
            bytes: 0,
        };
        let written = match object {
            Object::Blob(id) => self.store.copy_blob(id, &mut counted)?,
            Object::Tree(id) => counted.write_all(&self.store.read_tree(id)?.encode()),
        };
        let written = written.and_then(|()| counted.to.flush());
        match written {
            Ok(()) => Ok(counted.bytes),
            Err(error) => Err(failed(error).into()),
        }
    }

    /// Gives what was staged its name. That is on disk with the sync at the end.
    fn place(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        let shard = path.parent().unwrap_or(&self.folder);
        durable::make_folders(shard).map_err(OpError::io("make", shard))?;
        durable::rename(&self.staged(name), &path).map_err(OpError::io("put in place", &path))?;
        Ok(())
    }

    fn staged(&self, name: &str) -> PathBuf {
        self.folder
            .join(format!("{STAGED}{}", name.replace('/', "")))
    }

    /// The objects that are there, by the names of their files.
    fn listed(&self) -> Result<BTreeSet<String>> {
        let mut listed = BTreeSet::new();
        for shard in names_in(&self.folder)? {
            let folder = self.folder.join(&shard);
            let is_shard = shard.len() == 2
                && look::is_folder(&folder).map_err(OpError::io("look at", &folder))?;
            if !is_shard {
                continue;
            }
            for name in names_in(&folder)? {
                let parsed = ObjectName::parse(OsStr::new(&shard), OsStr::new(&name));
                if parsed.is_some() {
                    listed.insert(format!("{shard}/{name}"));
                }
            }
        }
        Ok(listed)
    }

    fn is_whole(&self, name: &str, digest: Digest) -> Result<bool> {
        let path = self.folder.join(name);
        let hashed = File::open(&path).and_then(|mut file| {
            let mut hasher = blake3::Hasher::new();
            io::copy(&mut file, &mut hasher)?;
            Ok(Digest::from(hasher.finalize()))
        });
        let found = hashed.map_err(OpError::io("read", &path))?;
        Ok(found == digest)
    }
}

/// A writer that counts.
struct Counted<W> {
    to: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn digest_of(object: Object) -> Digest {
    match object {
        Object::Blob(id) => id.0,
        Object::Tree(id) => id.0,
    }
}

fn path_of(name: &ObjectName) -> String {
    let (shard, file) = (name.shard_name(), name.file_name());
    format!("{}/{}", shard.display(), file.display())
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let names = match look::names_in(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.map_err(OpError::io("list", folder))?,
    };
    let names = names.into_iter();
    Ok(names.filter_map(|name| name.into_string().ok()).collect())
}
