//! An open folder: steps by name inside it, without walking its path again.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::NewFile;
use super::Step;
use super::step;
use super::sync_step;
use super::sys;

/// An open folder. It stays the same folder when it is renamed; its path is for messages.
#[derive(Debug)]
pub struct Folder {
    raw: sys::RawFolder,
    path: PathBuf,
}

/// What a rename that must not replace anything found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renamed {
    /// The new name was free and is taken now.
    Done,
    /// The new name was there already; nothing changed.
    Existed,
}

impl Folder {
    /// Opens the folder at `path`; a link is followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            raw: sys::RawFolder::open(path)?,
            path: path.to_owned(),
        })
    }

    /// Opens the folder `name` inside this one; a link is refused.
    pub fn open_folder(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self {
            raw: self.raw.open_folder(name)?,
            path: self.path.join(name),
        })
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the system knows it by: for reading beside it.
    pub fn raw(&self) -> &sys::RawFolder {
        &self.raw
    }

    /// Makes a folder `name`. Its mode is 0755 less the umask.
    pub fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        step(
            || Step::MakeFolder {
                path: self.path.join(name),
            },
            || self.raw.make_folder(name),
        )
    }

    /// Makes a file `name` that was not there; it has `mode` whatever the umask.
    pub fn create_file(&self, name: &OsStr, mode: u32) -> io::Result<NewFile> {
        let path = self.path.join(name);
        let file = step(
            || Step::CreateFile {
                path: path.clone(),
                mode,
            },
            || self.raw.create_file(name, mode),
        )?;
        Ok(NewFile::new(file, path))
    }

    /// Makes a link `name` that says `target`.
    pub fn symlink(&self, target: &Path, name: &OsStr) -> io::Result<()> {
        step(
            || Step::Symlink {
                target: target.to_owned(),
                path: self.path.join(name),
            },
            || self.raw.symlink(target, name),
        )
    }

    /// Gives the file `from_name` of the folder `from` the further name `name` here.
    pub fn hard_link(&self, from: &Self, from_name: &OsStr, name: &OsStr) -> io::Result<()> {
        step(
            || Step::HardLink {
                from: from.path.join(from_name),
                to: self.path.join(name),
            },
            || self.raw.hard_link(&from.raw, from_name, name),
        )
    }

    /// Moves `name` to `to_name` in the folder `to`, in place of what had that name.
    pub fn rename(&self, name: &OsStr, to: &Self, to_name: &OsStr) -> io::Result<()> {
        step(
            || Step::Rename {
                from: self.path.join(name),
                to: to.path.join(to_name),
            },
            || self.raw.rename(name, &to.raw, to_name),
        )
    }

    /// Moves `name` to `to_name` in the folder `to`, unless something has that name.
    pub fn rename_no_replace(
        &self,
        name: &OsStr,
        to: &Self,
        to_name: &OsStr,
    ) -> io::Result<Renamed> {
        let result = step(
            || Step::Rename {
                from: self.path.join(name),
                to: to.path.join(to_name),
            },
            || self.raw.rename_no_replace(name, &to.raw, to_name),
        );
        match result {
            Ok(()) => Ok(Renamed::Done),
            Err(error) if sys::says_it_exists(&error) => Ok(Renamed::Existed),
            Err(error) => Err(error),
        }
    }

    /// Deletes the file or link `name`.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        step(
            || Step::RemoveFile {
                path: self.path.join(name),
            },
            || self.raw.remove_file(name),
        )
    }

    /// Deletes the empty folder `name`.
    pub fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        step(
            || Step::RemoveFolder {
                path: self.path.join(name),
            },
            || self.raw.remove_folder(name),
        )
    }

    /// Sets the permission bits of this folder itself.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        step(
            || Step::SetMode {
                path: self.path.clone(),
                mode,
            },
            || self.raw.set_mode(mode),
        )
    }

    /// Makes a file `name` that shares the blocks of `from`, which is at `path`; none where the file system cannot.
    pub fn clone_file(
        &self,
        from: &File,
        path: &Path,
        name: &OsStr,
        mode: u32,
    ) -> io::Result<Option<NewFile>> {
        let to = self.path.join(name);
        let result = step(
            || Step::CopyFile {
                from: path.to_owned(),
                to: to.clone(),
                mode,
            },
            || self.raw.clone_file(from, name, mode),
        );
        match result {
            Ok(file) => Ok(Some(NewFile::new(file, to))),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Brings the names in this folder to disk.
    pub fn sync(&self) -> io::Result<()> {
        sync_step(
            || Step::SyncFolder {
                path: self.path.clone(),
            },
            || self.raw.sync(),
        )
    }
}
