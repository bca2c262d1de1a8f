//! Reading objects back.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use crate::look;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::platform;
use crate::store::Store;
use crate::tree::DecodeError;
use crate::tree::Node;
use crate::tree::Tree;

/// Why an object could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("object {id} is not in the store")]
    Missing { id: ObjectId },
    #[error("object {id} is damaged: its bytes now hash to {found}")]
    Damaged { id: ObjectId, found: ObjectId },
    #[error("object {id} is not a tree")]
    NotATree { id: TreeId, source: DecodeError },
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Diagnose for ReadError {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::ObjectMissing,
            Self::Damaged { .. } => Code::ObjectDamaged,
            Self::NotATree { .. } => Code::ObjectNotATree,
            Self::Io { .. } => Code::StoreNotRead,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NotATree { .. } => Some(Hint::Do(
                "use the newest dgmo that uses this home".to_owned(),
            )),
            _ => Some(Hint::Run("dgmo repair".to_owned())),
        }
    }
}

impl Store {
    /// Reads a tree object; its bytes are hashed on the way.
    pub fn read_tree(&self, id: TreeId) -> Result<Tree, ReadError> {
        let name = ObjectName::tree(id);
        decode_checked(id, &self.read_all(self.open_object(&name)?, &name)?)
    }

    /// Whether the tree is laid out: whole, since it gets this name only then.
    pub fn is_laid_out(&self, id: TreeId) -> Result<bool, ReadError> {
        let path = self.tree_path(id);
        look::is_there(&path).map_err(|source| ReadError::Io { path, source })
    }

    /// Whether the tree object is there, and so everything it names.
    pub fn has_tree(&self, id: TreeId) -> Result<bool, ReadError> {
        let name = ObjectName::tree(id);
        let found = self.objects().has(&name);
        found.map_err(|source| self.unread(&name, source))
    }

    /// Whether the blob is there, as a plain file or an executable.
    pub fn has_blob(&self, id: BlobId) -> Result<bool, ReadError> {
        let found = self.objects().find_blob(id, Inode::Plain);
        let found = found.map_err(|source| {
            let name = ObjectName::blob(id, Inode::Plain);
            self.unread(&name, source)
        });
        Ok(found?.is_some())
    }

    /// Whether the store has all of the tree; one that is not a tree any more is not whole.
    pub(crate) fn has_whole(&self, id: TreeId) -> Result<bool, ReadError> {
        let tree = match self.read_tree(id) {
            Err(error @ ReadError::Io { .. }) => return Err(error),
            Err(_) => return Ok(false),
            Ok(tree) => tree,
        };
        for entry in tree.entries() {
            let is_there = match entry.node {
                Node::File(id) | Node::Executable(id) => self.has_blob(id)?,
                Node::Folder(id) => self.has_whole(id)?,
                Node::Link(_) => true,
            };
            if !is_there {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Opens a blob to read it. Nothing is hashed.
    pub fn open_blob(&self, id: BlobId) -> Result<File, ReadError> {
        self.open_object(&self.find_blob(id)?)
    }

    /// Reads a blob; its bytes are hashed on the way.
    pub fn read_blob(&self, id: BlobId) -> Result<Vec<u8>, ReadError> {
        let name = self.find_blob(id)?;
        self.read_checked(self.open_object(&name)?, &name)
    }

    /// Where a blob is.
    pub fn blob_path(&self, id: BlobId) -> Result<PathBuf, ReadError> {
        Ok(self.objects().path_of(&self.find_blob(id)?))
    }

    /// Whether `path` is one more name of the blob's own file.
    pub fn is_the_file_of(&self, id: BlobId, executable: bool, path: &Path) -> bool {
        let object = ObjectName::blob(id, Inode::of_blob(executable));
        let states = (
            platform::state_at(path),
            platform::state_at(&self.objects().path_of(&object)),
        );
        matches!(states, (Ok(one), Ok(other))
            if one.inode != 0 && (one.device, one.inode) == (other.device, other.inode))
    }

    /// Writes a blob's bytes to `to`. A damaged one is told of at its end, so memory stays small.
    ///
    /// Outer errors are of the store, inner ones of whoever takes the bytes.
    pub fn copy_blob(
        &self,
        id: BlobId,
        to: &mut dyn io::Write,
    ) -> Result<io::Result<()>, ReadError> {
        let name = self.find_blob(id)?;
        let mut file = self.open_object(&name)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match io::Read::read(&mut file, &mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(self.unread(&name, source)),
            };
            hasher.update(&buffer[..count]);
            if let Err(error) = to.write_all(&buffer[..count]) {
                return Ok(Err(error));
            }
        }
        let found = Digest::from(hasher.finalize());
        if found == id.0 {
            return Ok(Ok(()));
        }
        Err(ReadError::Damaged {
            id: id.into(),
            found: ObjectId(found),
        })
    }

    /// How many bytes a blob has.
    pub fn blob_size(&self, id: BlobId) -> Result<u64, ReadError> {
        let name = self.find_blob(id)?;
        let shard = self.objects().shard(&name);
        let state = match shard {
            Ok(Some(shard)) => platform::state_in(shard, name.file_name()),
            Ok(None) => Err(io::ErrorKind::NotFound.into()),
            Err(error) => Err(error),
        };
        Ok(state.map_err(|source| self.unread(&name, source))?.size)
    }

    fn find_blob(&self, id: BlobId) -> Result<ObjectName, ReadError> {
        let plain = ObjectName::blob(id, Inode::Plain);
        match self.objects().find_blob(id, Inode::Plain) {
            Ok(Some(name)) => Ok(name),
            Ok(None) => Err(ReadError::Missing { id: id.into() }),
            Err(source) => Err(self.unread(&plain, source)),
        }
    }

    /// Opens one file of an object.
    pub(crate) fn open_object(&self, name: &ObjectName) -> Result<File, ReadError> {
        let shard = self.objects().shard(name);
        let shard = shard.map_err(|source| self.unread(name, source))?;
        let Some(shard) = shard else {
            let id = ObjectId(name.digest());
            return Err(ReadError::Missing { id });
        };
        platform::open_in(shard, name.file_name()).map_err(|source| self.unread(name, source))
    }

    fn read_checked(&self, file: File, name: &ObjectName) -> Result<Vec<u8>, ReadError> {
        let bytes = self.read_all(file, name)?;
        check(name.digest(), &bytes)?;
        Ok(bytes)
    }

    fn read_all(&self, mut file: File, name: &ObjectName) -> Result<Vec<u8>, ReadError> {
        let mut bytes = vec![0; MOST_AT_ONCE];
        let count = read_some(&mut file, &mut bytes);
        let count = count.map_err(|source| self.unread(name, source))?;
        bytes.truncate(count);
        if count == MOST_AT_ONCE {
            file.read_to_end(&mut bytes)
                .map_err(|source| self.unread(name, source))?;
        }
        Ok(bytes)
    }

    fn unread(&self, name: &ObjectName, source: io::Error) -> ReadError {
        if source.kind() == io::ErrorKind::NotFound {
            let id = ObjectId(name.digest());
            return ReadError::Missing { id };
        }
        let path = self.objects().path_of(name);
        ReadError::Io { path, source }
    }
}

/// Trees are read by the hundred and are small: one call gets most of them, and one that gets less than it asked for
/// has come to the end.
const MOST_AT_ONCE: usize = 4096;

fn read_some(file: &mut File, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// The tree whose bytes these are, if they hash to `id`.
pub(crate) fn decode_checked(id: TreeId, bytes: &[u8]) -> Result<Tree, ReadError> {
    check(id.0, bytes)?;
    Tree::decode(bytes).map_err(|source| ReadError::NotATree { id, source })
}

fn check(expected: Digest, bytes: &[u8]) -> Result<(), ReadError> {
    let found = Digest::of(bytes);
    if found == expected {
        return Ok(());
    }
    let (id, found) = (ObjectId(expected), ObjectId(found));
    Err(ReadError::Damaged { id, found })
}
