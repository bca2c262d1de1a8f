//! Reading one file, so that its id is that of bytes it had at one moment.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;

use crate::durable::Folder;
use crate::object::Inode;
use crate::platform;
use crate::platform::FileKind;
use crate::platform::FileState;
use crate::tree::Node;

use super::Counted;
use super::Walk;
use super::read_error;
use crate::insert::InsertError;
use crate::insert::Insertion;
use crate::insert::hash::BUFFER;
use crate::insert::hash::PourError;
use crate::insert::hash::fill;
use crate::insert::hash::pour;
use crate::stat_cache::Learned;

/// How often a file that changes while it is read is tried.
const TRIES: usize = 3;

/// What a thread keeps from file to file.
#[derive(Debug)]
pub(super) struct Reader {
    /// One byte more than the largest of the small files had, to see whether it has more than it said.
    buffer: Vec<u8>,
    pub(super) counted: Counted,
    pub(super) learned: Vec<Learned>,
}

/// A file while it is read.
struct Opened<'a> {
    file: File,
    state: FileState,
    path: &'a dyn Fn() -> PathBuf,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            counted: Counted::default(),
            learned: Vec::new(),
        }
    }

    /// The blob of a file, from the stat cache if that knows it; then it may not be in the store.
    pub(super) fn read_or_recall(
        &mut self,
        walk: &Walk<'_>,
        folder: &Folder,
        name: &OsStr,
    ) -> Result<Node, InsertError> {
        if let Some(cache) = walk.options.stat_cache {
            let state = platform::state_in(folder, name);
            let state = state.map_err(read_error(folder.path().join(name)))?;
            if let Some(id) = cache.recall(&state) {
                return Ok(self.recalled(id, &state));
            }
        }
        self.read(walk, folder, name)
    }

    /// Counts a file that was not read because the stat cache knows it.
    pub(super) fn recalled(&mut self, id: BlobId, state: &FileState) -> Node {
        self.count(state.size);
        self.counted.untold += state.size;
        Node::of_blob(id, state.executable)
    }

    /// As [`Self::read`], for a file that has been counted.
    pub(super) fn read_again(
        &mut self,
        walk: &Walk<'_>,
        folder: &Folder,
        name: &OsStr,
    ) -> Result<Node, InsertError> {
        let (files, bytes) = (self.counted.files, self.counted.bytes);
        let node = self.read(walk, folder, name);
        (self.counted.files, self.counted.bytes) = (files, bytes);
        node
    }

    /// Reads a file, and stages its blob if that is new.
    pub(super) fn read(
        &mut self,
        walk: &Walk<'_>,
        folder: &Folder,
        name: &OsStr,
    ) -> Result<Node, InsertError> {
        let path = || folder.path().join(name);
        for _ in 0..TRIES {
            let opened = Opened::open(folder, name, &path)?;
            if let Some(id) = self.try_to_read(walk, &opened)? {
                self.count(opened.state.size);
                if walk.options.stat_cache.is_some() {
                    self.learned.push(Learned::new(&opened.state, id));
                }
                return Ok(Node::of_blob(id, opened.state.executable));
            }
        }
        Err(InsertError::Changed { path: path() })
    }

    fn count(&mut self, size: u64) {
        self.counted.files += 1;
        self.counted.bytes += size;
    }

    /// None if the file changed meanwhile.
    fn try_to_read(
        &mut self,
        walk: &Walk<'_>,
        opened: &Opened<'_>,
    ) -> Result<Option<BlobId>, InsertError> {
        if opened.state.size > BUFFER as u64 {
            return self.try_to_read_large(walk, opened);
        }
        let size = usize::try_from(opened.state.size).expect("it is small");
        // No more than is needed: one who reads one small file must not fill a mebibyte with zeros first.
        if self.buffer.len() <= size {
            self.buffer.resize(size + 1, 0);
        }
        // Almost always one read: one that returns less than was asked for has come to the end.
        let first = (&opened.file).read(&mut self.buffer[..=size]);
        let mut count = first.map_err(read_error((opened.path)()))?;
        if count < size {
            let rest = fill(&mut &opened.file, &mut self.buffer[count..=size]);
            count += rest.map_err(read_error((opened.path)()))?;
        }
        if count != size || opened.has_changed()? {
            return Ok(None);
        }
        let bytes = &self.buffer[..size];
        let id = BlobId(Digest::of(bytes));
        self.counted.untold += opened.state.size;
        if let Some(insertion) = walk.into
            && insertion.stage_blob(id, bytes, opened.inode())?
        {
            self.count_new(opened.state.size);
        }
        Ok(Some(id))
    }

    fn count_new(&mut self, size: u64) {
        self.counted.new_objects += 1;
        self.counted.new_bytes += size;
    }

    fn try_to_read_large(
        &mut self,
        walk: &Walk<'_>,
        opened: &Opened<'_>,
    ) -> Result<Option<BlobId>, InsertError> {
        let Some(insertion) = walk.into else {
            return hash(walk, opened);
        };
        let size = opened.state.size;
        if insertion.large.knows(insertion.store.layout(), size) {
            let Some(id) = hash(walk, opened)? else {
                return Ok(None);
            };
            if insertion.has_blob(id)? {
                return Ok(Some(id));
            }
            // The same bytes once more; they count only once.
            rewind(opened)?;
            return self.stage_large(insertion, opened, &|_| ());
        }
        let id = self.stage_large(insertion, opened, &|by| walk.task.advance(by))?;
        if id.is_some() {
            insertion.large.learn(size);
        }
        Ok(id)
    }

    /// Writes a large file into staging while hashing it, or hashes a clone of it.
    fn stage_large(
        &mut self,
        insertion: &Insertion<'_>,
        opened: &Opened<'_>,
        tell: &dyn Fn(u64),
    ) -> Result<Option<BlobId>, InsertError> {
        let (pending, inode, size) = (&insertion.pending, opened.inode(), opened.state.size);
        let path = (opened.path)();
        let (unnamed, poured) =
            if let Some(clone) = pending.clone_file(&opened.file, &path, inode)? {
                let mut file = File::open(clone.file.path()).map_err(read_error(path.clone()))?;
                let poured = pour(&mut file, None, size, tell);
                (clone, poured)
            } else {
                let mut copy = pending.create(inode)?;
                let poured = pour(&mut opened.bytes(), Some(&mut copy.file), size, tell);
                (copy, poured)
            };
        match poured {
            Ok((id, count)) if count == size && !opened.has_changed()? => {
                if insertion.keep_if_new(id, unnamed)? {
                    self.count_new(size);
                }
                Ok(Some(id))
            }
            Ok(_) => {
                pending.discard(unnamed)?;
                Ok(None)
            }
            Err(PourError::Write(error)) => Err(error.into()),
            Err(PourError::Read(source)) => {
                pending.discard(unnamed)?;
                Err(InsertError::Read { path, source })
            }
        }
    }
}

/// Hashes a large file. None if it changed meanwhile.
fn hash(walk: &Walk<'_>, opened: &Opened<'_>) -> Result<Option<BlobId>, InsertError> {
    let tell = |by| walk.task.advance(by);
    match pour(&mut opened.bytes(), None, opened.state.size, &tell) {
        Ok((id, count)) if count == opened.state.size && !opened.has_changed()? => Ok(Some(id)),
        Ok(_) => Ok(None),
        Err(PourError::Read(source)) => Err(read_error((opened.path)())(source)),
        Err(PourError::Write(error)) => Err(error.into()),
    }
}

fn rewind(opened: &Opened<'_>) -> Result<(), InsertError> {
    use std::io::Seek;
    let rewound = (&opened.file).rewind();
    rewound.map_err(read_error((opened.path)()))
}

impl<'a> Opened<'a> {
    fn open(
        folder: &Folder,
        name: &OsStr,
        path: &'a dyn Fn() -> PathBuf,
    ) -> Result<Self, InsertError> {
        let file = platform::open_in(folder, name).map_err(|error| explain(folder, name, error))?;
        let state = platform::state_of(&file).map_err(read_error(path()))?;
        match state.kind {
            FileKind::File => Ok(Self { file, state, path }),
            FileKind::Special(what) => Err(InsertError::Special { path: path(), what }),
            FileKind::Folder | FileKind::Link => Err(InsertError::Changed { path: path() }),
        }
    }

    /// Its bytes, and at most one more than it said it has: one that grows as fast as we read has no end.
    fn bytes(&self) -> impl Read + '_ {
        (&self.file).take(self.state.size + 1)
    }

    fn inode(&self) -> Inode {
        Inode::of_blob(self.state.executable)
    }

    fn has_changed(&self) -> Result<bool, InsertError> {
        let state = platform::state_of(&self.file).map_err(read_error((self.path)()))?;
        Ok(state != self.state)
    }
}

/// What is a socket now cannot be opened, and says so in a way nobody would understand.
fn explain(folder: &Folder, name: &OsStr, source: std::io::Error) -> InsertError {
    let path = folder.path().join(name);
    match platform::state_in(folder, name).map(|state| state.kind) {
        Ok(FileKind::Special(what)) => InsertError::Special { path, what },
        _ => InsertError::Read { path, source },
    }
}
