//! The folder of objects, held open: looking up and naming without walking paths.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::OnceLock;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;

use crate::durable::Folder;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel::held;
use crate::platform;

/// The 256 folders of `objects/`, each opened when it is first needed and never deleted while the store is there.
#[derive(Debug)]
pub(crate) struct Objects {
    path: PathBuf,
    shards: [OnceLock<Folder>; 256],
    /// Files that are there and are not what their names say: for whoever looks they are not there, and who names an
    /// object puts it in their place. Empty but while repairing.
    distrusted: Mutex<HashSet<ObjectName>>,
}

impl Objects {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self::distrusting(path, HashSet::new())
    }

    pub(crate) fn distrusting(path: PathBuf, distrusted: HashSet<ObjectName>) -> Self {
        Self {
            path,
            shards: [const { OnceLock::new() }; 256],
            distrusted: Mutex::new(distrusted),
        }
    }

    /// Whether what has this name is to be replaced.
    pub(crate) fn distrusts(&self, name: &ObjectName) -> bool {
        let distrusted = held(&self.distrusted);
        !distrusted.is_empty() && distrusted.contains(name)
    }

    /// It was replaced by what it should be.
    pub(crate) fn trust(&self, name: &ObjectName) {
        held(&self.distrusted).remove(name);
    }

    /// Where the object is or would be.
    pub(crate) fn path_of(&self, name: &ObjectName) -> PathBuf {
        self.path.join(name.shard_name()).join(name.file_name())
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The folder the object is in; none if no object was ever put there.
    pub(crate) fn shard(&self, name: &ObjectName) -> io::Result<Option<&Folder>> {
        let cell = &self.shards[usize::from(name.shard())];
        if let Some(folder) = cell.get() {
            return Ok(Some(folder));
        }
        match Folder::open(&self.path.join(name.shard_name())) {
            Ok(folder) => Ok(Some(cell.get_or_init(|| folder))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder the object is in, made if it is missing. Whether it was: then `objects/` needs a sync.
    pub(crate) fn make_shard(&self, name: &ObjectName) -> io::Result<(&Folder, bool)> {
        if let Some(folder) = self.shard(name)? {
            return Ok((folder, false));
        }
        match crate::durable::make_folder(&self.path.join(name.shard_name())) {
            // Another insertion made it between our look and our step.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => result?,
        }
        let folder = self.shard(name)?.ok_or(io::ErrorKind::NotFound)?;
        Ok((folder, true))
    }

    pub(crate) fn has(&self, name: &ObjectName) -> io::Result<bool> {
        if self.distrusts(name) {
            return Ok(false);
        }
        match self.shard(name)? {
            Some(shard) => platform::exists_in(shard, name.file_name()),
            None => Ok(false),
        }
    }

    pub(crate) fn has_tree(&self, id: TreeId) -> io::Result<bool> {
        self.has(&ObjectName::tree(id))
    }

    /// The inode in which the blob is there, the wanted one if there are both.
    pub(crate) fn find_blob(&self, id: BlobId, wanted: Inode) -> io::Result<Option<ObjectName>> {
        for inode in [wanted, wanted.twin()] {
            let name = ObjectName::blob(id, inode);
            if self.has(&name)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}
