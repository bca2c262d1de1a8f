//! Laying out: a tree becomes folders, and hard links of its blobs.
//!
//! The whole of it is put together in staging and gets its place in `trees/` at commit. One job is one folder: its
//! folders are made first, so that other threads can fill them, then its files are linked, then it becomes read-only.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use crate::anchor;
use crate::anchor::Anchor;
use crate::durable;
use crate::durable::Folder;
use crate::failure::WriteError;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel;
use crate::parallel::Queue;
use crate::parallel::held;
use crate::platform;
use crate::read::ReadError;
use crate::read::decode_checked;
use crate::tree::Node;
use crate::tree::Tree;

use super::InsertError;
use super::Insertion;
use super::commit::staged_name;
use super::pending::Place;

/// Why a tree or a blob could not be laid out.
#[derive(Debug, thiserror::Error)]
pub enum LayOutError {
    #[error("object {id} is neither in the store nor part of this insertion")]
    Missing { id: ObjectId },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the other form of blob {id} cannot be made")]
    Twin {
        id: BlobId,
        source: Box<InsertError>,
    },
    #[error("cannot look up objects in `{}`", path.display())]
    LookUp { path: PathBuf, source: io::Error },
}

impl Diagnose for LayOutError {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::ObjectMissing,
            Self::Read(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Twin { .. } | Self::LookUp { .. } => Code::LayOutFailed,
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Read(error) => Some(error),
            Self::Write(error) => Some(error),
            Self::Twin { source, .. } => Some(source.as_ref()),
            Self::Missing { .. } | Self::LookUp { .. } => None,
        }
    }
}

/// One folder to fill.
struct Job {
    place: JobPlace,
    id: TreeId,
}

enum JobPlace {
    Top(Folder),
    Within(Arc<Folder>, OsString),
}

impl Insertion<'_> {
    /// Lays the tree out; it gets its place at commit. Nothing is done if it has it already.
    pub fn lay_out(&self, id: TreeId) -> Result<(), LayOutError> {
        if self.store.is_laid_out(id)? || !self.pending.claim_laying_out(id) {
            return Ok(());
        }
        let laid_out = self.lay_out_in_staging(id);
        if laid_out.is_err() {
            // Nothing half laid out may get its place.
            self.pending.break_off();
        }
        laid_out
    }

    /// Sees to it that the anchor of a tree leads to it, where it has one that is of this store; it is set at commit.
    pub fn anchor(&self, id: TreeId) -> Result<(), LayOutError> {
        let tree = self.read_tree(id)?;
        let Some(Node::File(mark)) = tree.get(anchor::MARK.as_bytes()) else {
            return Ok(());
        };
        let Some(anchor) = Anchor::of_mark(&self.read_blob(*mark)?) else {
            return Ok(());
        };
        let unread = |source| LayOutError::LookUp {
            path: self.store.layout().anchors(),
            source,
        };
        if self.store.has_place_for(&anchor).map_err(unread)?
            && !anchor.leads_to(id).map_err(unread)?
        {
            held(&self.anchors).push((anchor, id));
        }
        Ok(())
    }

    fn lay_out_in_staging(&self, id: TreeId) -> Result<(), LayOutError> {
        let path = self.pending.staging()?.join(staged_name(id));
        durable::make_folder(&path).map_err(WriteError::at(&path))?;
        let top = Folder::open(&path).map_err(WriteError::at(&path))?;
        let first = Job {
            place: JobPlace::Top(top),
            id,
        };
        parallel::run([first], || (), |(), queue, job| self.fill(job, queue))
    }

    fn fill(&self, job: Job, queue: &Queue<Job, LayOutError>) -> Result<(), LayOutError> {
        let tree = self.read_tree(job.id)?;
        let is_top = matches!(job.place, JobPlace::Top(_));
        let folder = Arc::new(job.place.open()?);
        let mut jobs = Vec::new();
        for entry in tree.entries() {
            if let Node::Folder(id) = entry.node {
                let name = entry.name.to_os();
                let made = folder.make_folder(&name);
                made.map_err(|error| WriteError::new(folder.path().join(&name), error))?;
                let place = JobPlace::Within(Arc::clone(&folder), name.into_owned());
                jobs.push(Job { place, id });
            }
        }
        queue.push(jobs);
        for entry in tree.entries() {
            let name = entry.name.to_os();
            match &entry.node {
                Node::File(id) => self.place_blob(*id, false, &folder, &name)?,
                Node::Executable(id) => self.place_blob(*id, true, &folder, &name)?,
                Node::Link(target) => folder
                    .symlink(Path::new(&target.to_os()), &name)
                    .map_err(|error| WriteError::new(folder.path().join(&name), error))?,
                Node::Folder(_) => {}
            }
        }
        // The top one must stay writable until it is moved to its place.
        if !is_top {
            let read_only = folder.set_mode(0o555);
            read_only.map_err(|error| WriteError::new(folder.path(), error))?;
        }
        Ok(())
    }

    /// Reads a tree object that is in the store or part of this insertion.
    pub fn read_tree(&self, id: TreeId) -> Result<Tree, ReadError> {
        let Some(place) = self.pending.find(id.0, Inode::Tree) else {
            return self.store.read_tree(id);
        };
        let path = self.pending.path(place);
        let bytes = std::fs::read(&path).map_err(|source| ReadError::Io { path, source })?;
        decode_checked(id, &bytes)
    }

    /// Reads a blob that is in the store or part of this insertion.
    pub fn read_blob(&self, id: BlobId) -> Result<Vec<u8>, ReadError> {
        let pending = [Inode::Plain, Inode::Executable];
        let pending = pending
            .iter()
            .find_map(|inode| self.pending.find(id.0, *inode));
        let Some(place) = pending else {
            return self.store.read_blob(id);
        };
        let path = self.pending.path(place);
        std::fs::read(&path).map_err(|source| ReadError::Io { path, source })
    }

    /// Reads at most so many bytes from the start of a blob that is in the store or part of this insertion. Nothing is
    /// hashed.
    pub fn read_start(&self, id: BlobId, most: u64) -> Result<Vec<u8>, ReadError> {
        let path = self.blob_path(id)?;
        let mut bytes = Vec::new();
        let read =
            std::fs::File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        match read {
            Ok(_) => Ok(bytes),
            Err(source) => Err(ReadError::Io { path, source }),
        }
    }

    /// Opens a blob that is in the store or part of this insertion, to read parts of it. Nothing is hashed.
    pub fn open_blob(&self, id: BlobId) -> Result<std::fs::File, ReadError> {
        let path = self.blob_path(id)?;
        std::fs::File::open(&path).map_err(|source| ReadError::Io { path, source })
    }

    /// Where a file of the blob is until this insertion ends, to be read by another program. Nothing is hashed.
    pub fn blob_path(&self, id: BlobId) -> Result<PathBuf, ReadError> {
        let inodes = [Inode::Plain, Inode::Plain.twin()];
        let mut pending = inodes.into_iter();
        match pending.find_map(|inode| self.pending.find(id.0, inode)) {
            Some(place) => Ok(self.pending.path(place)),
            None => self.store.blob_path(id),
        }
    }

    /// Puts a blob into a folder: by hard link, or as a copy where there can be no more links.
    pub fn place_blob(
        &self,
        id: BlobId,
        executable: bool,
        into: &Folder,
        name: &OsStr,
    ) -> Result<(), LayOutError> {
        let inode = Inode::of_blob(executable);
        if let Some(place) = self.pending.find(id.0, inode) {
            return self.link_pending(place, inode, into, name);
        }
        let object = ObjectName::blob(id, inode);
        let objects = self.store.objects();
        let shard = objects
            .shard(&object)
            .map_err(|error| self.not_looked_up(error))?;
        let linked = match shard.filter(|_| !objects.distrusts(&object)) {
            Some(shard) => into.hard_link(shard, object.file_name(), name),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        match linked {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let place = self.make_twin(id, inode)?;
                self.link_pending(place, inode, into, name)
            }
            Err(error) if platform::failed_for_lack_of_links(&error) => {
                copy(&objects.path_of(&object), inode, into, name)
            }
            Err(error) => Err(WriteError::new(into.path().join(name), error).into()),
        }
    }

    fn link_pending(
        &self,
        place: Place,
        inode: Inode,
        into: &Folder,
        name: &OsStr,
    ) -> Result<(), LayOutError> {
        let (lane, staged) = self.pending.file(place);
        match into.hard_link(lane.folder(), &staged, name) {
            Ok(()) => Ok(()),
            Err(error) if platform::failed_for_lack_of_links(&error) => {
                copy(&self.pending.path(place), inode, into, name)
            }
            Err(error) => Err(WriteError::new(into.path().join(name), error).into()),
        }
    }

    /// Puts a copy of a blob into a folder, as a file of its own with its own `mode`.
    pub fn place_copy(
        &self,
        id: BlobId,
        mode: u32,
        into: &Folder,
        name: &OsStr,
    ) -> Result<(), LayOutError> {
        let found = self.store.objects().find_blob(id, Inode::Plain);
        let found = found.map_err(|error| self.not_looked_up(error))?;
        let pending = || {
            let place = self.pending.find(id.0, Inode::Plain);
            place.or_else(|| self.pending.find(id.0, Inode::Plain.twin()))
        };
        let from = if let Some(name) = found {
            self.store.objects().path_of(&name)
        } else {
            let place = pending().ok_or(LayOutError::Missing { id: id.into() })?;
            self.pending.path(place)
        };
        let to = into.path().join(name);
        Ok(durable::copy_file(&from, &to, mode).map_err(WriteError::at(&to))?)
    }

    /// Sees to it that the blob has the file that is asked for, where it has one of the two.
    pub(crate) fn ensure_inode(&self, id: BlobId, executable: bool) -> Result<(), LayOutError> {
        let name = ObjectName::blob(id, Inode::of_blob(executable));
        let there = self.store.objects().has(&name);
        if there.map_err(|error| self.not_looked_up(error))? {
            return Ok(());
        }
        self.make_twin(id, name.inode()).map(drop)
    }

    /// Stages the inode of a blob of which only the other is there.
    fn make_twin(&self, id: BlobId, inode: Inode) -> Result<Place, LayOutError> {
        let found = self.store.objects().find_blob(id, inode);
        let found = found.map_err(|error| self.not_looked_up(error))?;
        let from = match (found, self.pending.find(id.0, inode.twin())) {
            (Some(name), _) => self.store.objects().path_of(&name),
            (None, Some(place)) => self.pending.path(place),
            (None, None) => return Err(LayOutError::Missing { id: id.into() }),
        };
        self.pending
            .stage_copy(id.0, inode, &from)
            .map_err(|source| LayOutError::Twin {
                id,
                source: Box::new(source),
            })?;
        // None only if another thread made it and failed.
        self.pending
            .find(id.0, inode)
            .ok_or(LayOutError::Missing { id: id.into() })
    }

    fn not_looked_up(&self, source: io::Error) -> LayOutError {
        let path = self.store.layout().objects();
        LayOutError::LookUp { path, source }
    }
}

fn copy(from: &Path, inode: Inode, into: &Folder, name: &OsStr) -> Result<(), LayOutError> {
    let to = into.path().join(name);
    durable::copy_file(from, &to, inode.mode()).map_err(WriteError::at(&to))?;
    Ok(())
}

impl JobPlace {
    fn open(self) -> Result<Folder, WriteError> {
        match self {
            Self::Top(folder) => Ok(folder),
            Self::Within(above, name) => {
                let opened = above.open_folder(&name);
                opened.map_err(|error| WriteError::new(above.path().join(&name), error))
            }
        }
    }
}
