//! Reading folders and files as Unix knows it: by descriptor and name, never by a path walked twice.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::Stat;
use rustix::io::Errno;

use super::FileKind;
use super::FileState;
use super::Room;
use crate::durable::Folder;

/// Opens the file `name` to read it. A link is refused, and a pipe nobody writes to does not make us wait.
pub(crate) fn open_in(folder: &Folder, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::openat(folder.raw(), name, flags, Mode::empty())?;
    Ok(File::from(file))
}

/// A file that is not freed while this lives, whatever becomes of its names.
#[derive(Debug)]
pub(crate) struct Hold(#[expect(dead_code, reason = "it is for being closed")] rustix::fd::OwnedFd);

/// Holds `name` itself, not what it links to; only where that needs no permission and disturbs nobody.
#[cfg(target_os = "linux")]
pub(crate) fn hold_in(folder: &Folder, name: &OsStr) -> Option<Hold> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let held = rustix::fs::openat(folder.raw(), name, flags, Mode::empty());
    held.ok().map(Hold)
}

/// Other systems have no way to hold a file without opening it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn hold_in(_folder: &Folder, _name: &OsStr) -> Option<Hold> {
    None
}

/// What `name` says it links to.
pub(crate) fn read_link_in(folder: &Folder, name: &OsStr) -> io::Result<Vec<u8>> {
    let target = rustix::fs::readlinkat(folder.raw(), name, Vec::new())?;
    Ok(target.into_bytes())
}

/// Whether anything is called `name`.
pub(crate) fn exists_in(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    match rustix::fs::accessat(
        folder.raw(),
        name,
        rustix::fs::Access::EXISTS,
        AtFlags::empty(),
    ) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The state of an open file.
pub(crate) fn state_of(file: &File) -> io::Result<FileState> {
    Ok(state(&rustix::fs::fstat(file)?))
}

/// The state of `name` itself, not of what it links to.
pub(crate) fn state_in(folder: &Folder, name: &OsStr) -> io::Result<FileState> {
    let stat = rustix::fs::statat(folder.raw(), name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(state(&stat))
}

/// The state of what is at `path`, not of what that links to.
pub(crate) fn state_at(path: &Path) -> io::Result<FileState> {
    let stat = rustix::fs::lstat(path)?;
    Ok(state(&stat))
}

/// The device and number by which `/proc/locks` and others know an open file.
pub(crate) fn file_id(file: &File) -> io::Result<(u64, u64)> {
    let state = state_of(file)?;
    Ok((state.device, state.inode))
}

#[allow(
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    clippy::cast_possible_wrap,
    clippy::unnecessary_cast,
    clippy::useless_conversion,
    reason = "the widths and signs of these fields differ between systems; the values fit"
)]
fn state(stat: &Stat) -> FileState {
    let nanoseconds = |seconds: i64, nanoseconds: i64| {
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(nanoseconds)
    };
    FileState {
        kind: kind(FileType::from_raw_mode(stat.st_mode)).unwrap_or(FileKind::Special("unknown")),
        executable: stat.st_mode & 0o100 != 0,
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
        size: stat.st_size as u64,
        modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

fn kind(of: FileType) -> Option<FileKind> {
    Some(match of {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Folder,
        FileType::Symlink => FileKind::Link,
        FileType::Fifo => FileKind::Special("a pipe"),
        FileType::Socket => FileKind::Special("a socket"),
        FileType::BlockDevice | FileType::CharacterDevice => FileKind::Special("a device"),
        FileType::Unknown => return None,
    })
}

#[cfg(any(target_os = "linux", target_os = "android"))]
thread_local! {
    /// What the system fills with entries. Kept: a walk lists hundreds of folders, and some allocators ask the system
    /// for each piece of this size.
    static ENTRIES: std::cell::Cell<Vec<u8>> = const { std::cell::Cell::new(Vec::new()) };
}

/// Tells `each` the name and kind of everything in `folder`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn scan(folder: &Folder, mut each: impl FnMut(&[u8], FileKind)) -> io::Result<()> {
    // One who scans within a scan gets a buffer of its own.
    let mut buffer = ENTRIES.take();
    buffer.reserve(32 << 10);
    let scanned = scan_into(&mut buffer, folder, &mut each);
    ENTRIES.set(buffer);
    scanned
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn scan_into(
    buffer: &mut Vec<u8>,
    folder: &Folder,
    each: &mut impl FnMut(&[u8], FileKind),
) -> io::Result<()> {
    rustix::fs::seek(folder.raw(), rustix::fs::SeekFrom::Start(0))?;
    let mut entries = rustix::fs::RawDir::new(folder.raw(), buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        report(folder, name, entry.file_type(), each)?;
    }
    Ok(())
}

/// Tells `each` the name and kind of everything in `folder`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn scan(folder: &Folder, mut each: impl FnMut(&[u8], FileKind)) -> io::Result<()> {
    for entry in rustix::fs::Dir::read_from(folder.raw())? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        report(folder, name, entry.file_type(), &mut each)?;
    }
    Ok(())
}

fn report(
    folder: &Folder,
    name: &[u8],
    said: FileType,
    each: &mut impl FnMut(&[u8], FileKind),
) -> io::Result<()> {
    if name == b"." || name == b".." {
        return Ok(());
    }
    let kind = match kind(said) {
        Some(kind) => kind,
        // Some file systems do not say it while listing.
        None => state_in(folder, OsStr::from_bytes(name))?.kind,
    };
    each(name, kind);
    Ok(())
}

/// Whether a hard link failed in a way in which a copy would not.
pub(crate) fn failed_for_lack_of_links(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MLINK | Errno::PERM | Errno::NOTSUP | Errno::XDEV)
    )
}

/// A text that is another after each start of the machine; none where it is not told.
pub fn boot() -> Option<String> {
    std::fs::read_to_string(BOOT).ok()
}

const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Leaves the file open for the program that replaces this process, under a number that nobody takes by accident:
/// scripts use the low ones for files of their own.
pub(crate) fn keep_open_for_programs(file: File) -> io::Result<()> {
    const OUT_OF_THE_WAY: i32 = 200;
    let kept = match rustix::io::fcntl_dupfd_cloexec(&file, OUT_OF_THE_WAY) {
        Ok(high) => high,
        // Where so many files are not allowed, a low number is better than none.
        Err(Errno::INVAL | Errno::MFILE) => file.into(),
        Err(error) => return Err(error.into()),
    };
    rustix::io::fcntl_setfd(&kept, rustix::io::FdFlags::empty())?;
    // Closed by the system, when the last process that has it ends.
    std::mem::forget(kept);
    Ok(())
}

/// A text that is the same for as long as the process lives.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn mark_of_process(process: u32) -> io::Result<Option<String>> {
    let stat = match std::fs::read(format!("/proc/{process}/stat")) {
        Err(error) if is_no_process(&error) => return Ok(None),
        stat => stat?,
    };
    let boot = match std::fs::read_to_string(BOOT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        boot => boot?,
    };
    let stat = String::from_utf8_lossy(&stat);
    // The name may hold anything, spaces and brackets too; after its bracket the twentieth word is the start.
    let after = stat.rsplit_once(')').map(|(_, after)| after);
    let start = after.and_then(|after| after.split_whitespace().nth(19));
    Ok(start.map(|start| format!("{start} {}", boot.trim())))
}

/// It may end between the opening and the reading.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_no_process(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || Errno::from_io_error(error) == Some(Errno::SRCH)
}

/// A text that is the same for as long as the process lives; here, that it does is all that can be told.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn mark_of_process(process: u32) -> io::Result<Option<String>> {
    let process = i32::try_from(process).ok();
    let Some(process) = process.and_then(rustix::process::Pid::from_raw) else {
        return Ok(None);
    };
    match rustix::process::test_kill_process(process) {
        Ok(()) | Err(Errno::PERM) => Ok(Some("alive".to_owned())),
        Err(Errno::SRCH) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads from a place of the file, whatever others read of it meanwhile.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match std::os::unix::fs::FileExt::read_at(file, buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What an open file is, how many bytes it has, and its permission bits.
pub(crate) fn kind_size_and_mode(file: &File) -> io::Result<(FileKind, u64, Option<u32>)> {
    let stat = rustix::fs::fstat(file)?;
    let state = state(&stat);
    Ok((state.kind, state.size, Some(permissions(&stat))))
}

/// The permission bits of an open folder.
pub(crate) fn mode_of_folder(folder: &Folder) -> io::Result<Option<u32>> {
    Ok(Some(permissions(&rustix::fs::fstat(folder.raw())?)))
}

#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    reason = "the width of a mode differs between systems"
)]
fn permissions(stat: &Stat) -> u32 {
    u32::from(stat.st_mode) & 0o7777
}

/// How much room a file or folder takes, and who else has it.
/// How much room the file system of `path` has, free for us and in all.
pub(crate) fn room_on_disk(path: &Path) -> Option<(u64, u64)> {
    let state = rustix::fs::statvfs(path).ok()?;
    Some((
        state.f_bavail * state.f_frsize,
        state.f_blocks * state.f_frsize,
    ))
}

pub(crate) fn room_of(folder: &Folder, name: &OsStr) -> io::Result<Room> {
    let stat = rustix::fs::statat(folder.raw(), name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(room(&stat))
}

/// How much room an open folder takes by itself.
pub(crate) fn room_of_folder(folder: &Folder) -> io::Result<Room> {
    Ok(room(&rustix::fs::fstat(folder.raw())?))
}

/// How many bytes of the file system of `path` are free for this user.
#[allow(
    clippy::unnecessary_cast,
    reason = "the widths of these fields differ between systems"
)]
pub(crate) fn free_space(path: &Path) -> io::Result<u64> {
    let told = rustix::fs::statvfs(path)?;
    Ok((told.f_bavail as u64).saturating_mul(told.f_frsize as u64))
}

#[allow(
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    clippy::unnecessary_cast,
    reason = "the widths and signs of these fields differ between systems; the values fit"
)]
fn room(stat: &Stat) -> Room {
    Room {
        inode: stat.st_ino as u64,
        links: stat.st_nlink as u64,
        bytes: stat.st_size as u64,
        on_disk: stat.st_blocks as u64 * 512,
    }
}

/// A name as the bytes a tree holds.
#[expect(
    clippy::unnecessary_wraps,
    reason = "elsewhere there are names without"
)]
pub(crate) fn from_os(name: &OsStr) -> Option<&[u8]> {
    Some(name.as_bytes())
}

/// Bytes of a tree as a name.
pub(crate) fn to_os(bytes: &[u8]) -> Cow<'_, OsStr> {
    Cow::Borrowed(OsStr::from_bytes(bytes))
}
