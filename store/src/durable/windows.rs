//! The steps as Windows knows them, as far as they have an equal there.
//!
//! Links: a link to a folder becomes a junction-like folder link, a link to a file a file link; both need developer
//! mode or a privilege. What dgmo does without it is written in ARCHITECTURE.md ("Windows").
#![expect(clippy::disallowed_methods, reason = "this is the place")]

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::look;

/// A folder by its path: there is nothing to hold open.
#[derive(Debug)]
pub struct RawFolder(PathBuf);

impl RawFolder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() {
            return Ok(Self(path.to_owned()));
        }
        Err(io::ErrorKind::NotADirectory.into())
    }

    pub(super) fn open_folder(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.0.join(name);
        if fs::symlink_metadata(&path)?.is_dir() {
            return Ok(Self(path));
        }
        Err(io::ErrorKind::NotADirectory.into())
    }

    pub(super) fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        fs::create_dir(self.0.join(name))
    }

    pub(super) fn create_file(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        create_file(&self.0.join(name), mode)
    }

    pub(super) fn symlink(&self, target: &Path, name: &OsStr) -> io::Result<()> {
        symlink(target, &self.0.join(name))
    }

    pub(super) fn hard_link(&self, from: &Self, from_name: &OsStr, name: &OsStr) -> io::Result<()> {
        fs::hard_link(from.0.join(from_name), self.0.join(name))
    }

    pub(super) fn rename(&self, name: &OsStr, to: &Self, to_name: &OsStr) -> io::Result<()> {
        fs::rename(self.0.join(name), to.0.join(to_name))
    }

    pub(super) fn rename_no_replace(
        &self,
        name: &OsStr,
        to: &Self,
        to_name: &OsStr,
    ) -> io::Result<()> {
        rename_no_replace(&self.0.join(name), &to.0.join(to_name))
    }

    pub(super) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    pub(super) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.0.join(name))
    }

    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the read-only bit of a folder means nothing here"
    )]
    pub(super) fn set_mode(&self, _mode: u32) -> io::Result<()> {
        Ok(())
    }

    #[expect(
        clippy::unused_self,
        reason = "a clone is made by path here, which could be another file by now"
    )]
    pub(super) fn clone_file(&self, _: &File, _: &OsStr, _: u32) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "names are journalled"
    )]
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn create_file(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

pub(super) fn copy_file(from: &Path, to: &Path, _mode: u32) -> io::Result<()> {
    if reflink_copy::reflink(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map(drop)
}

pub(super) fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    let resolved = path
        .parent()
        .map_or_else(|| target.to_owned(), |above| above.join(target));
    if resolved.is_dir() {
        std::os::windows::fs::symlink_dir(target, path)
    } else {
        std::os::windows::fs::symlink_file(target, path)
    }
}

/// Windows has no such rename for files; between the look and the rename only our own guards keep others out.
pub(super) fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    if look::is_there(to)? {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

pub(super) fn says_it_exists(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AlreadyExists
}

pub(super) fn permissions(path: &Path, mode: u32) -> io::Result<Permissions> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(mode & 0o200 == 0);
    Ok(permissions)
}

pub(super) fn is_read_only(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().readonly())
}

/// There is none without a privilege; files are synced as they are written where it matters.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
/// There is no sync of a file system: each file has its own.
pub(super) fn are_synced_together(_: &Path, _: &Path) -> bool {
    false
}

pub(super) fn sync_file_system(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Windows has no permission bits.
pub(super) fn mode_of(_like: &fs::Metadata) -> u32 {
    0
}

/// Owner and time are kept by the system's own way of copying; whether a file may be written is kept here.
pub(super) fn imitate(path: &Path, like: &fs::Metadata) -> io::Result<()> {
    if like.is_symlink() {
        return Ok(());
    }
    fs::set_permissions(path, like.permissions())
}

/// The system decides when.
pub(super) fn send_to_disk(_: &mut File, _: u64) {}
