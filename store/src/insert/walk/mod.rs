//! Walking what is to be added, on all cores.
//!
//! A job is a folder to list or a few dozen entries of one to read. A folder knows how many of its entries are still
//! to come; whoever brings the last one makes its tree and brings that to the folder above. The newest job is done
//! first, so few folders are open at a time.

mod file;
mod folder;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use dgmo_schema::event::Observer;
use dgmo_schema::event::Silent;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::TreeId;

use crate::durable::Folder;
use crate::parallel;
use crate::parallel::Queue;
use crate::parallel::held;
use crate::platform;
use crate::platform::FileKind;
use crate::platform::FileState;
use crate::tree::Node;

use super::AddOptions;
use super::Added;
use super::Content;
use super::InsertError;
use super::Insertion;

use file::Reader;
use folder::OpenFolder;

/// Folders within folders: more are refused. Each level may hold a descriptor open.
pub(super) const DEEPEST: usize = 512;

/// Entries a thread takes at once.
const CHUNK: usize = 32;

/// What adding `path` would give, without a store.
pub fn hash_path(path: &Path, options: &AddOptions<'_>) -> Result<Added, InsertError> {
    add_path(None, path, options)
}

/// Adds `path` to `into`, or only tells what would be added.
pub(super) fn add_path(
    into: Option<&Insertion<'_>>,
    path: &Path,
    options: &AddOptions<'_>,
) -> Result<Added, InsertError> {
    let failed = |source| InsertError::Read {
        path: path.to_owned(),
        source,
    };
    let (real, state) = follow(path).map_err(failed)?;
    let is_folder = state.kind == FileKind::Folder;
    if let Some(insertion) = into
        && is_folder
        && holds_home(path, insertion).map_err(failed)?
    {
        let path = path.to_owned();
        return Err(InsertError::HoldsHome { path });
    }
    let observer: &dyn Observer = into.map_or(&Silent, |insertion| insertion.observer);
    let task = Task::start(
        observer,
        format!("adding {}", path.display()),
        None,
        Unit::Bytes,
    );
    let walk = Walk {
        into,
        options,
        task: &task,
        counts: Counts::default(),
        warnings: Mutex::default(),
    };
    let content = if is_folder {
        Content::Folder(walk.folder(Folder::open(path).map_err(failed)?)?)
    } else {
        walk.file(&real, &state)?
    };
    Ok(walk.into_added(content))
}

/// Where `path` leads, if it is a link, and what is there. Most often it is none: then one look is enough.
fn follow(path: &Path) -> io::Result<(Cow<'_, Path>, FileState)> {
    let state = platform::state_at(path)?;
    if state.kind != FileKind::Link {
        return Ok((Cow::Borrowed(path), state));
    }
    let real = fs::canonicalize(path)?;
    let state = platform::state_at(&real)?;
    Ok((Cow::Owned(real), state))
}

/// Whether the home lies within what is to be added.
fn holds_home(path: &Path, insertion: &Insertion<'_>) -> io::Result<bool> {
    let real = fs::canonicalize(path)?;
    Ok(fs::canonicalize(insertion.store.home())?.starts_with(real))
}

/// One walk.
struct Walk<'a> {
    into: Option<&'a Insertion<'a>>,
    options: &'a AddOptions<'a>,
    task: &'a Task<'a>,
    counts: Counts,
    warnings: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Counts {
    files: AtomicU64,
    bytes: AtomicU64,
    new_objects: AtomicU64,
    new_bytes: AtomicU64,
}

/// What a thread can do next.
enum Job {
    List(Place),
    Read(Arc<OpenFolder>, std::ops::Range<usize>),
}

/// Where a folder is: the top, or an entry of a folder.
enum Place {
    Top(Folder),
    Within(Arc<OpenFolder>, usize),
}

impl Walk<'_> {
    fn file(&self, real: &Path, state: &FileState) -> Result<Content, InsertError> {
        let mut reader = Reader::new();
        let node = match self.recall(&mut reader, state)? {
            Some(node) => node,
            None => self.read_alone(&mut reader, real)?,
        };
        self.finish(&mut reader);
        match node {
            Node::Executable(id) => Ok(Content::Executable(id)),
            Node::File(id) => Ok(Content::File(id)),
            Node::Link(_) | Node::Folder(_) => unreachable!("a file gives a blob"),
        }
    }

    /// What the stat cache knows of a file, if that is in the store or nobody asks for a store.
    fn recall(&self, reader: &mut Reader, state: &FileState) -> Result<Option<Node>, InsertError> {
        let Some(cache) = self.options.stat_cache else {
            return Ok(None);
        };
        let Some(id) = cache.recall(state) else {
            return Ok(None);
        };
        if let Some(insertion) = self.into
            && !insertion.has_blob(id)?
        {
            return Ok(None);
        }
        Ok(Some(reader.recalled(id, state)))
    }

    fn read_alone(&self, reader: &mut Reader, real: &Path) -> Result<Node, InsertError> {
        let name = real.file_name().unwrap_or(OsStr::new("."));
        let above = match real.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        let above = Folder::open(above).map_err(read_error(real.to_owned()))?;
        reader.read(self, &above, name)
    }

    fn folder(&self, top: Folder) -> Result<TreeId, InsertError> {
        let result = Mutex::new(None);
        parallel::run(
            [Job::List(Place::Top(top))],
            Reader::new,
            |reader, queue, job| {
                let finished = match job {
                    Job::List(place) => list(place, queue)?,
                    Job::Read(folder, entries) => self
                        .read_entries(reader, &folder, entries)?
                        .then_some(folder),
                };
                if let Some(folder) = finished
                    && let Some(id) = self.close(reader, folder)?
                {
                    *held(&result) = Some(id);
                }
                self.finish(reader);
                Ok(())
            },
        )?;
        let id = held(&result).take();
        Ok(id.expect("the top folder is closed last, or there was an error"))
    }

    /// Reads some entries. Whether they were the last that the folder waited for.
    fn read_entries(
        &self,
        reader: &mut Reader,
        folder: &OpenFolder,
        entries: std::ops::Range<usize>,
    ) -> Result<bool, InsertError> {
        let mut nodes = Vec::with_capacity(entries.len());
        for at in entries.clone() {
            nodes.push(folder.read_entry(self, reader, at)?);
        }
        Ok(folder.bring(entries, nodes))
    }

    /// Makes the tree of a folder of which all entries are known, and those above that wait for nothing else. The
    /// id of the top folder once that is reached.
    fn close(
        &self,
        reader: &mut Reader,
        mut folder: Arc<OpenFolder>,
    ) -> Result<Option<TreeId>, InsertError> {
        loop {
            let id = folder.make_tree(self, reader)?;
            let Some((above, at)) = folder.above() else {
                return Ok(Some(id));
            };
            if !above.bring_folder(at, id) {
                return Ok(None);
            }
            folder = above;
        }
    }

    /// Adds what a thread counted and learned to the whole.
    fn finish(&self, reader: &mut Reader) {
        let counted = std::mem::take(&mut reader.counted);
        let add = |to: &AtomicU64, by: u64| {
            to.fetch_add(by, Ordering::Relaxed);
        };
        add(&self.counts.files, counted.files);
        add(&self.counts.bytes, counted.bytes);
        add(&self.counts.new_objects, counted.new_objects);
        add(&self.counts.new_bytes, counted.new_bytes);
        if counted.untold > 0 {
            self.task.advance(counted.untold);
        }
        if let Some(cache) = self.options.stat_cache {
            cache.learn(&mut reader.learned);
        }
    }

    fn warn(&self, text: String) {
        held(&self.warnings).push(text);
    }

    fn into_added(self, content: Content) -> Added {
        let mut warnings = held(&self.warnings).split_off(0);
        warnings.sort();
        Added {
            content,
            files: self.counts.files.into_inner(),
            bytes: self.counts.bytes.into_inner(),
            new_objects: self.counts.new_objects.into_inner(),
            new_bytes: self.counts.new_bytes.into_inner(),
            warnings,
        }
    }
}

/// Lists a folder and makes jobs of what is in it. The folder itself if there is nothing in it.
fn list(
    place: Place,
    queue: &Queue<Job, InsertError>,
) -> Result<Option<Arc<OpenFolder>>, InsertError> {
    let folder = Arc::new(OpenFolder::list(place)?);
    if folder.is_empty() {
        return Ok(Some(folder));
    }
    let (folders, others) = (folder.folders(), folder.others());
    let lists = folders.map(|at| Job::List(Place::Within(Arc::clone(&folder), at)));
    let reads = others
        .step_by(CHUNK)
        .map(|start| Job::Read(Arc::clone(&folder), folder.chunk(start, CHUNK)));
    // Files last, which means first: they need nothing open but this folder.
    queue.push(lists.chain(reads));
    Ok(None)
}

/// What one thread counted since it last told.
#[derive(Debug, Default)]
struct Counted {
    files: u64,
    bytes: u64,
    new_objects: u64,
    new_bytes: u64,
    /// Bytes the observer has not heard of.
    untold: u64,
}

fn read_error(path: PathBuf) -> impl FnOnce(std::io::Error) -> InsertError {
    move |source| InsertError::Read { path, source }
}
