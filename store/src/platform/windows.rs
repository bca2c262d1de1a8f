//! Reading folders and files through the standard library: by path, which is all there is without `unsafe`.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::Path;

use super::FileKind;
use super::FileState;
use super::Room;
use crate::durable::Folder;

/// Opens the file `name` to read it; a link is refused.
pub(crate) fn open_in(folder: &Folder, name: &OsStr) -> io::Result<File> {
    let path = folder.path().join(name);
    if fs::symlink_metadata(&path)?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    File::open(path)
}

/// A file that is not freed while this lives, whatever becomes of its names.
#[derive(Debug)]
pub(crate) enum Hold {}

/// A file that is open can neither be replaced nor deleted here.
pub(crate) fn hold_in(_folder: &Folder, _name: &OsStr) -> Option<Hold> {
    None
}

/// What `name` says it links to, with `/` between its parts.
pub(crate) fn read_link_in(folder: &Folder, name: &OsStr) -> io::Result<Vec<u8>> {
    let target = fs::read_link(folder.path().join(name))?;
    match target.to_str() {
        Some(text) => Ok(text.replace('\\', "/").into_bytes()),
        None => Err(io::Error::other("its target is not Unicode")),
    }
}

/// Whether anything is called `name`.
pub(crate) fn exists_in(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    match fs::symlink_metadata(folder.path().join(name)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The state of an open file.
pub(crate) fn state_of(file: &File) -> io::Result<FileState> {
    Ok(state(&file.metadata()?))
}

/// The state of `name` itself, not of what it links to.
pub(crate) fn state_in(folder: &Folder, name: &OsStr) -> io::Result<FileState> {
    Ok(state(&fs::symlink_metadata(folder.path().join(name))?))
}

/// The state of what is at `path`, not of what that links to.
pub(crate) fn state_at(path: &Path) -> io::Result<FileState> {
    Ok(state(&fs::symlink_metadata(path)?))
}

/// There is no such number without `unsafe`: whoever asks has to do without.
pub(crate) fn file_id(_file: &File) -> io::Result<(u64, u64)> {
    Err(io::ErrorKind::Unsupported.into())
}

fn state(metadata: &Metadata) -> FileState {
    // Ticks of 100 ns; where they count from does not matter to one who compares.
    let nanoseconds = |ticks: u64| i64::try_from(ticks).unwrap_or(i64::MAX).saturating_mul(100);
    FileState {
        kind: kind(metadata.file_type()),
        executable: false,
        device: 0,
        inode: 0,
        size: metadata.len(),
        modified: nanoseconds(metadata.last_write_time()),
        changed: nanoseconds(metadata.last_write_time()),
    }
}

fn kind(of: fs::FileType) -> FileKind {
    if of.is_symlink() {
        FileKind::Link
    } else if of.is_dir() {
        FileKind::Folder
    } else if of.is_file() {
        FileKind::File
    } else {
        FileKind::Special("a device")
    }
}

/// Tells `each` the name and kind of everything in `folder`.
pub(crate) fn scan(folder: &Folder, mut each: impl FnMut(&[u8], FileKind)) -> io::Result<()> {
    for entry in fs::read_dir(folder.path())? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(bytes) = from_os(&name) else {
            return Err(io::Error::other(format!(
                "{} is not Unicode",
                name.display()
            )));
        };
        each(bytes, kind(entry.file_type()?));
    }
    Ok(())
}

/// Whether a hard link failed in a way in which a copy would not.
pub(crate) fn failed_for_lack_of_links(error: &io::Error) -> bool {
    const TOO_MANY_LINKS: i32 = 1142;
    const INVALID_FUNCTION: i32 = 1;
    const NOT_SUPPORTED: i32 = 50;
    matches!(
        error.raw_os_error(),
        Some(TOO_MANY_LINKS | INVALID_FUNCTION | NOT_SUPPORTED)
    )
}

/// It is not told without `unsafe`.
pub fn boot() -> Option<String> {
    None
}

/// It is not told without `unsafe`.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn mark_of_process(_process: u32) -> io::Result<Option<String>> {
    Ok(None)
}

/// Handles are handed on when a program is started, not by a flag; there is no replacing of a process either.
pub(crate) fn keep_open_for_programs(_file: File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Reads from a place of the file. It moves the place of the handle, which nobody else reads from.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// What an open file is and how many bytes it has; there are no permission bits.
pub(crate) fn kind_size_and_mode(file: &File) -> io::Result<(FileKind, u64, Option<u32>)> {
    let metadata = file.metadata()?;
    Ok((kind(metadata.file_type()), metadata.len(), None))
}

/// There are no permission bits.
pub(crate) fn mode_of_folder(_folder: &Folder) -> io::Result<Option<u32>> {
    Ok(None)
}

/// How much room a file takes. There is no number of an inode without `unsafe`: each name counts as a file.
/// The system tells only through calls we do not make.
pub(crate) fn room_on_disk(_path: &Path) -> Option<(u64, u64)> {
    None
}

pub(crate) fn room_of(folder: &Folder, name: &OsStr) -> io::Result<Room> {
    let metadata = fs::symlink_metadata(folder.path().join(name))?;
    Ok(Room {
        inode: super::unique(),
        links: 1,
        bytes: metadata.len(),
        on_disk: metadata.len(),
    })
}

/// How much room an open folder takes by itself.
pub(crate) fn room_of_folder(_folder: &Folder) -> io::Result<Room> {
    Ok(Room::default())
}

/// A name as the bytes a tree holds: UTF-8, so that one tree has one id everywhere.
pub(crate) fn from_os(name: &OsStr) -> Option<&[u8]> {
    name.to_str().map(str::as_bytes)
}

/// Bytes of a tree as a name; what is not UTF-8 has no equal here and gets replacement characters.
pub(crate) fn to_os(bytes: &[u8]) -> Cow<'_, OsStr> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(OsStr::new(text)),
        Cow::Owned(text) => Cow::Owned(text.into()),
    }
}

/// How many bytes are free is not told without calls we do not have here.
pub(crate) fn free_space(_path: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
