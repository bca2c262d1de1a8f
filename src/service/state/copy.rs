//! Copying a folder as it is: modes, times, owners where one may, links, files with several names, holes.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::event::Task;
use dgmo_store::durable;
use dgmo_store::durable::Folder;

use super::NEW;
use super::OLD;

/// A failure and where it was.
type Failed = (PathBuf, io::Error);

/// A copy under way, and what it has copied so far.
pub(super) struct Copying<'a> {
    task: Task<'a>,
    pub(super) bytes: u64,
    pub(super) files: u64,
    pub(super) left_out: Vec<PathBuf>,
    /// Where a file that has several names was copied to first.
    known: HashMap<(u64, u64), PathBuf>,
}

impl<'a> Copying<'a> {
    pub(super) fn new(task: Task<'a>) -> Self {
        Self {
            task,
            bytes: 0,
            files: 0,
            left_out: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// Copies the folder `from` to the free name `to`. What is being brought back at the top is left out.
    pub(super) fn folder(&mut self, from: &Path, to: &Path, is_top: bool) -> Result<(), Failed> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| (path, error)
        };
        let metadata = fs::metadata(from).map_err(at(from))?;
        durable::make_folder(to).map_err(at(to))?;
        for entry in fs::read_dir(from).map_err(at(from))? {
            let name = entry.map_err(at(from))?.file_name();
            if is_top && (name == NEW || name == OLD) {
                continue;
            }
            self.entry(&from.join(&name), &to.join(&name))?;
        }
        // Last: a folder may forbid writing, and its time is that of its last change.
        durable::imitate(to, &metadata).map_err(at(to))
    }

    fn entry(&mut self, from: &Path, to: &Path) -> Result<(), Failed> {
        let here = |error| (from.to_owned(), error);
        let metadata = match fs::symlink_metadata(from) {
            Ok(metadata) => metadata,
            // Somebody who is not stopped removed it since the folder was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(here(error)),
        };
        if metadata.is_dir() {
            self.folder(from, to, false)
        } else if metadata.is_symlink() {
            let target = fs::read_link(from).map_err(here)?;
            durable::symlink(&target, to).map_err(here)?;
            durable::imitate(to, &metadata).map_err(here)
        } else if metadata.is_file() {
            self.file(from, to, &metadata).map_err(here)
        } else {
            self.left_out.push(from.to_owned());
            Ok(())
        }
    }

    fn file(&mut self, from: &Path, to: &Path, metadata: &Metadata) -> io::Result<()> {
        if let Some(inode) = shared_inode(metadata) {
            if let Some(first) = self.known.get(&inode) {
                return hard_link(first, to);
            }
            self.known.insert(inode, to.to_owned());
        }
        durable::copy_file(from, to, 0o600)?;
        durable::imitate(to, metadata)?;
        self.files += 1;
        self.bytes += metadata.len();
        self.task.advance(metadata.len());
        Ok(())
    }
}

/// What a file with several names is known by.
#[cfg(unix)]
fn shared_inode(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()))
}

/// There it is not told: each name becomes a file.
#[cfg(windows)]
fn shared_inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}

fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
    fn parts(path: &Path) -> io::Result<(Folder, &OsStr)> {
        match (path.parent(), path.file_name()) {
            (Some(above), Some(name)) => Ok((Folder::open(above)?, name)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    let ((from, from_name), (to, to_name)) = (parts(from)?, parts(to)?);
    to.hard_link(&from, from_name, to_name)
}

/// How many bytes the files below `path` have. What cannot be looked at counts nothing.
pub(super) fn measure(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !metadata.is_dir() {
        return if metadata.is_file() {
            metadata.len()
        } else {
            0
        };
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| measure(&entry.path())).sum()
}
