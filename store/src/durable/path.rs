//! Steps by path.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::Folder;
use super::NewFile;
use super::Renamed;
use super::Step;
use super::step;
use super::sync_step;
use super::sys;
use crate::look;

/// Makes one folder. The folder above it must be there.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn make_folder(path: &Path) -> io::Result<()> {
    step(
        || Step::MakeFolder {
            path: path.to_owned(),
        },
        || fs::create_dir(path),
    )
}

/// Makes a folder and those above it that are missing; one that is there already is fine.
pub fn make_folders(path: &Path) -> io::Result<()> {
    if look::is_folder(path)? {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folders(above)?;
    }
    match make_folder(path) {
        // Another process made it between our look and our step.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && look::is_folder(path)? => {
            Ok(())
        }
        result => result,
    }
}

/// Writes a file that was not there. Nothing is synced.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<NewFile> {
    let file = step(
        || Step::CreateFile {
            path: path.to_owned(),
            mode,
        },
        || sys::create_file(path, mode),
    )?;
    let mut file = NewFile::new(file, path.to_owned());
    file.write_all(bytes)?;
    Ok(file)
}

/// Puts a file with `bytes` at `path`, in place of what was there.
///
/// After a crash the old content is there or the new, whole. It is on disk before this returns. What a crash may
/// leave beside it is `.NAME.new`, which the next call replaces; so only one process at a time may call this for a
/// path: the caller holds the guard that makes it so.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    Replacement::stage(path, bytes, mode, None)?.place()
}

/// A file that is ready to take another's place; dropped, it is deleted.
#[derive(Debug)]
pub struct Replacement {
    staged: PathBuf,
    path: PathBuf,
    placed: bool,
}

impl Replacement {
    /// The first half of [`replace_file`]. Where the caller is about to sync the file system of the folder `soon`, and
    /// the file lies on it too, that sync is the file's as well.
    pub fn stage(path: &Path, bytes: &[u8], mode: u32, soon: Option<&Path>) -> io::Result<Self> {
        let staged = beside(path, "new")?;
        remove_if_there(&staged)?;
        let file = write_new(&staged, bytes, mode)?;
        let replacement = Self {
            staged,
            path: path.to_owned(),
            placed: false,
        };
        if !soon.is_some_and(|soon| sys::are_synced_together(above(path), soon)) {
            file.sync()?;
        }
        Ok(replacement)
    }

    /// The second half: the file gets its name, and the folder is synced.
    pub fn place(mut self) -> io::Result<()> {
        rename(&self.staged, &self.path)?;
        self.placed = true;
        sync_folder(above(&self.path))
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.placed {
            // What cannot be deleted now is replaced the next time.
            drop(remove_file(&self.staged));
        }
    }
}

/// Adds `bytes` to the end of a file, which is made if it is missing. Nothing is synced.
pub fn append(path: &Path, bytes: &[u8], mode: u32) -> io::Result<NewFile> {
    let file = match sys::open_to_append(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => step(
            || Step::CreateFile {
                path: path.to_owned(),
                mode,
            },
            || sys::create_file(path, mode),
        )?,
        result => result?,
    };
    let mut file = NewFile::new(file, path.to_owned());
    file.write_all(bytes)?;
    Ok(file)
}

/// Copies a file to a path that is free, sharing its blocks where the file system can.
pub fn copy_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    step(
        || Step::CopyFile {
            from: from.to_owned(),
            to: to.to_owned(),
            mode,
        },
        || sys::copy_file(from, to, mode),
    )
}

/// Gives what is at `path` the owner, the permission bits and the time of its last change that `like` tells of, as far
/// as whoever runs this may. Of a link only owner and time are its own.
pub fn imitate(path: &Path, like: &fs::Metadata) -> io::Result<()> {
    if like.is_symlink() {
        return sys::imitate(path, like);
    }
    step(
        || Step::SetMode {
            path: path.to_owned(),
            mode: sys::mode_of(like),
        },
        || sys::imitate(path, like),
    )
}

/// Makes a link that says `target` at a path that is free.
pub fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    step(
        || Step::Symlink {
            target: target.to_owned(),
            path: path.to_owned(),
        },
        || sys::symlink(target, path),
    )
}

/// Moves `from` to `to`, in place of what was there.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    step(
        || Step::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        },
        || fs::rename(from, to),
    )
}

/// Moves `from` to `to`, unless something is there.
pub fn rename_no_replace(from: &Path, to: &Path) -> io::Result<Renamed> {
    let result = step(
        || Step::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        },
        || sys::rename_no_replace(from, to),
    );
    match result {
        Ok(()) => Ok(Renamed::Done),
        Err(error) if sys::says_it_exists(&error) => Ok(Renamed::Existed),
        Err(error) => Err(error),
    }
}

/// Points `link` at `target`, replacing what it pointed at before.
///
/// After a crash the link names the old target or the new one, never nothing. The folder is on disk before this
/// returns, so the caller may delete the old target next. A leftover of an earlier crash beside it is replaced.
pub fn point(link: &Path, target: &Path) -> io::Result<()> {
    let staged = beside(link, "new")?;
    match symlink(target, &staged) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove_file(&staged)?;
            symlink(target, &staged)?;
        }
        result => result?,
    }
    rename(&staged, link)?;
    sync_folder(above(link))
}

/// Sets the permission bits of a file or folder.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    step(
        || Step::SetMode {
            path: path.to_owned(),
            mode,
        },
        || fs::set_permissions(path, sys::permissions(path, mode)?),
    )
}

/// Deletes a file or a link.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn remove_file(path: &Path) -> io::Result<()> {
    step(
        || Step::RemoveFile {
            path: path.to_owned(),
        },
        || fs::remove_file(path),
    )
}

/// Deletes an empty folder.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn remove_folder(path: &Path) -> io::Result<()> {
    step(
        || Step::RemoveFolder {
            path: path.to_owned(),
        },
        || fs::remove_dir(path),
    )
}

/// Deletes a file, a link, or a folder with all it holds; nothing there is fine.
///
/// Read-only folders are made writable on the way. A crash leaves a part of it: the caller has first renamed it to
/// where nobody looks.
pub fn remove_all(path: &Path) -> io::Result<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !kind.is_dir() {
        return remove_file(path);
    }
    if sys::is_read_only(path)? {
        set_mode(path, 0o755)?;
    }
    for entry in fs::read_dir(path)? {
        remove_all(&entry?.path())?;
    }
    remove_folder(path)
}

/// Brings the bytes of the file at `path` to disk.
pub fn sync_file(path: &Path) -> io::Result<()> {
    sync_step(
        || Step::SyncFile {
            path: path.to_owned(),
        },
        || fs::File::open(path)?.sync_all(),
    )
}

/// Brings the names in the folder at `path` to disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    sync_step(
        || Step::SyncFolder {
            path: path.to_owned(),
        },
        || Folder::open(path)?.raw().sync(),
    )
}

/// Brings everything written so far to the file system that holds `path` to disk: one call for many files.
pub fn sync_file_system(path: &Path) -> io::Result<()> {
    sync_step(|| Step::SyncFileSystem, || sys::sync_file_system(path))
}

/// `.NAME.SUFFIX` in the same folder: where the next content is put together.
fn beside(path: &Path, suffix: &str) -> io::Result<std::path::PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a path without a name"))?;
    let mut staged = OsStr::new(".").to_owned();
    staged.push(name);
    staged.push(".");
    staged.push(suffix);
    Ok(path.with_file_name(staged))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_that_is_not_placed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for soon in [None, Some(folder.path())] {
            drop(Replacement::stage(&path, b"one", 0o644, soon).unwrap());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        let staged = Replacement::stage(&path, b"two", 0o644, Some(folder.path())).unwrap();
        staged.place().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pointer_moves_over_what_it_named_and_over_a_leftover() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("current");
        point(&link, Path::new("one")).unwrap();
        symlink(Path::new("dead"), &folder.path().join(".current.new")).unwrap();
        point(&link, Path::new("two")).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("two"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_replaced_file_has_the_new_content_and_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace_file(&path, b"one", 0o644).unwrap();
        replace_file(&path, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_rename_that_must_not_replace_leaves_both() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        write_new(&one, b"1", 0o644).unwrap();
        write_new(&two, b"2", 0o644).unwrap();
        assert_eq!(rename_no_replace(&one, &two).unwrap(), Renamed::Existed);
        assert_eq!(fs::read(&two).unwrap(), b"2");
        assert_eq!(
            rename_no_replace(&one, &folder.path().join("three")).unwrap(),
            Renamed::Done
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_looked_at_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("round");
        symlink(Path::new("round"), &path).unwrap();
        let error = make_folders(&path).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::AlreadyExists, "{error}");
    }

    #[test]
    fn a_read_only_folder_is_deleted_with_all_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        make_folders(&tree.join("a/b")).unwrap();
        write_new(&tree.join("a/b/c"), b"", 0o444).unwrap();
        set_mode(&tree.join("a/b"), 0o555).unwrap();
        remove_all(&tree).unwrap();
        assert!(!tree.exists());
        remove_all(&tree).unwrap();
    }
}
