//! The steps as Unix knows them.

use std::ffi::OsStr;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;

/// A folder's descriptor.
#[derive(Debug)]
pub struct RawFolder(OwnedFd);

const OPEN_FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

impl AsFd for RawFolder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl RawFolder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::open(path, OPEN_FOLDER, Mode::empty())?))
    }

    pub(super) fn open_folder(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OPEN_FOLDER | OFlags::NOFOLLOW;
        Ok(Self(rustix::fs::openat(
            &self.0,
            name,
            flags,
            Mode::empty(),
        )?))
    }

    pub(super) fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(
            &self.0,
            name,
            Mode::from_raw_mode(0o755),
        )?)
    }

    pub(super) fn create_file(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.0, name, flags, to_mode(mode))?);
        force_mode(&file, mode)?;
        Ok(file)
    }

    pub(super) fn symlink(&self, target: &Path, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &self.0, name)?)
    }

    pub(super) fn hard_link(&self, from: &Self, from_name: &OsStr, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::linkat(
            &from.0,
            from_name,
            &self.0,
            name,
            AtFlags::empty(),
        )?)
    }

    pub(super) fn rename(&self, name: &OsStr, to: &Self, to_name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, name, &to.0, to_name)?)
    }

    pub(super) fn rename_no_replace(
        &self,
        name: &OsStr,
        to: &Self,
        to_name: &OsStr,
    ) -> io::Result<()> {
        rename_at(
            self.0.as_fd(),
            Path::new(name),
            to.0.as_fd(),
            Path::new(to_name),
        )
    }

    pub(super) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    pub(super) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    pub(super) fn set_mode(&self, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.0, to_mode(mode))?)
    }

    /// The kernel says in many ways that it cannot; the file is deleted again whichever it was.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn clone_file(&self, from: &File, name: &OsStr, mode: u32) -> io::Result<File> {
        let file = self.create_file(name, mode)?;
        if rustix::fs::ioctl_ficlone(&file, from).is_ok() {
            return Ok(file);
        }
        drop(file);
        self.remove_file(name)?;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Elsewhere a clone is made by path only, which could be another file by now.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn clone_file(&self, _: &File, _: &OsStr, _: u32) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.0)?)
    }
}

pub(super) fn create_file(path: &Path, mode: u32) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    force_mode(&file, mode)?;
    Ok(file)
}

pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// What a file may have besides what the umask left it. Asked only where the umask can matter.
fn force_mode(file: &File, mode: u32) -> io::Result<()> {
    if umask_leaves().contains(to_mode(mode)) {
        return Ok(());
    }
    Ok(rustix::fs::fchmod(file, to_mode(mode))?)
}

/// The bits the umask of this process leaves alone, asked once: reading it means setting it for a moment.
fn umask_leaves() -> Mode {
    use std::sync::OnceLock;
    static LEFT: OnceLock<Mode> = OnceLock::new();
    *LEFT.get_or_init(|| {
        let umask = rustix::process::umask(to_mode(0o077));
        rustix::process::umask(umask);
        to_mode(0o777).difference(umask)
    })
}

pub(super) fn copy_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    // A reflink makes the file itself; where there is none, the kernel copies from descriptor to descriptor.
    if reflink_copy::reflink(from, to).is_ok() {
        return Ok(rustix::fs::chmod(to, to_mode(mode))?);
    }
    let mut source = File::open(from)?;
    let mut copy = create_file(to, mode)?;
    let metadata = source.metadata()?;
    if metadata.blocks().saturating_mul(512) < metadata.len() {
        return copy_pieces(&source, &copy, metadata.len());
    }
    io::copy(&mut source, &mut copy)?;
    Ok(())
}

/// Copies a file that has holes, and leaves them holes.
fn copy_pieces(mut source: &File, mut copy: &File, size: u64) -> io::Result<()> {
    let mut at = 0;
    while at < size {
        let start = match next_data(source, at)? {
            Some(start) if start < size => start,
            _ => break,
        };
        let end = next_hole(source, start)?.unwrap_or(size);
        source.seek(SeekFrom::Start(start))?;
        copy.seek(SeekFrom::Start(start))?;
        let mut piece = source.take(end - start);
        if io::copy(&mut piece, &mut copy)? < end - start {
            break;
        }
        at = end;
    }
    copy.set_len(size)
}

/// Where the next bytes begin that are not a hole.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
fn next_data(file: &File, from: u64) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(from)) {
        Ok(at) => Ok(Some(at)),
        Err(rustix::io::Errno::NXIO) => Ok(None),
        // A file system that knows no holes has bytes everywhere.
        Err(rustix::io::Errno::INVAL) => Ok(Some(from)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
fn next_data(_: &File, from: u64) -> io::Result<Option<u64>> {
    Ok(Some(from))
}

/// Where the next hole begins.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
fn next_hole(file: &File, from: u64) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(from)) {
        Ok(at) => Ok(Some(at)),
        Err(rustix::io::Errno::NXIO | rustix::io::Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
fn next_hole(_: &File, _: u64) -> io::Result<Option<u64>> {
    Ok(None)
}

pub(super) fn mode_of(like: &Metadata) -> u32 {
    like.mode() & 0o7777
}

/// The owner first: giving a file away takes bits from its mode.
pub(super) fn imitate(path: &Path, like: &Metadata) -> io::Result<()> {
    let there = std::fs::symlink_metadata(path)?;
    let (uid, gid) = (like.uid(), like.gid());
    if (there.uid(), there.gid()) != (uid, gid) {
        let (uid, gid) = (
            rustix::fs::Uid::from_raw(uid),
            rustix::fs::Gid::from_raw(gid),
        );
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        match rustix::fs::chownat(rustix::fs::CWD, path, Some(uid), Some(gid), flags) {
            // Only root may give files away; what a user copies is the user's.
            Ok(()) | Err(rustix::io::Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if !like.is_symlink() {
        rustix::fs::chmod(path, to_mode(mode_of(like)))?;
    }
    let time = |seconds, nanoseconds: i64| rustix::fs::Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds as _,
    };
    let times = rustix::fs::Timestamps {
        last_access: time(like.atime(), like.atime_nsec()),
        last_modification: time(like.mtime(), like.mtime_nsec()),
    };
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    Ok(rustix::fs::utimensat(rustix::fs::CWD, path, &times, flags)?)
}

pub(super) fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

pub(super) fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    rename_at(rustix::fs::CWD, from, rustix::fs::CWD, to)
}

fn rename_at(
    from_folder: BorrowedFd<'_>,
    from: &Path,
    to_folder: BorrowedFd<'_>,
    to: &Path,
) -> io::Result<()> {
    let flags = RenameFlags::NOREPLACE;
    Ok(rustix::fs::renameat_with(
        from_folder,
        from,
        to_folder,
        to,
        flags,
    )?)
}

pub(super) fn says_it_exists(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
    )
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "elsewhere it has to look at the file"
)]
pub(super) fn permissions(_path: &Path, mode: u32) -> io::Result<Permissions> {
    Ok(Permissions::from_mode(mode))
}

pub(super) fn is_read_only(path: &Path) -> io::Result<bool> {
    Ok(std::fs::symlink_metadata(path)?.permissions().mode() & 0o700 != 0o700)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn sync_file_system(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(RawFolder::open(path)?)?)
}

/// Whether a sync of the file system of one folder is one of the other's too.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn are_synced_together(one: &Path, other: &Path) -> bool {
    let device = |folder: &Path| std::fs::metadata(folder).map(|found| found.dev());
    matches!((device(one), device(other)), (Ok(one), Ok(other)) if one == other)
}

/// The sync of all file systems may return early: each file has its own.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn are_synced_together(_: &Path, _: &Path) -> bool {
    false
}

/// Elsewhere there is only the sync of all file systems, which POSIX lets return early; the folders and files that
/// matter are synced one by one after it by their owners.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn sync_file_system(path: &Path) -> io::Result<()> {
    rustix::fs::sync();
    RawFolder::open(path)?.sync()
}

#[cfg(not(target_os = "macos"))]
fn to_mode(mode: u32) -> Mode {
    Mode::from_raw_mode(mode)
}

/// There a mode has 16 bits.
#[cfg(target_os = "macos")]
fn to_mode(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o7777) as rustix::fs::RawMode)
}

/// Has the last `count` bytes before the place where `file` is written at go to disk, and does not wait for them.
#[cfg(target_os = "linux")]
pub(super) fn send_to_disk(file: &mut File, count: u64) {
    use rustix::fs::Advice;
    use rustix::fs::fadvise;
    if let Ok(end) = file.stream_position() {
        let from = end.saturating_sub(count);
        // To send them there is the first thing this does; what is on its way is not dropped from memory.
        let count = std::num::NonZero::new(count);
        // If it comes to nothing, whoever syncs waits for them.
        let _ = fadvise(&*file, from, count, Advice::DontNeed);
    }
}

/// The system decides when.
#[cfg(not(target_os = "linux"))]
pub(super) fn send_to_disk(_: &mut File, _: u64) {}
