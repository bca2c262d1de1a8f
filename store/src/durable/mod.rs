//! The only place that writes, renames, syncs or deletes.
//!
//! Each function here is one *durable step*: after a crash it has happened or not. What makes a chain of them safe
//! is the order its caller gives them: bytes first, one sync, names last, then the folders that got the names.
//! With the feature `fault-injection` a test can stop the process before any step, make a step fail, or have all of
//! them written down (see [`fault`]).

#[cfg(feature = "fault-injection")]
pub mod fault;
mod file;
mod folder;
mod path;
#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;

pub use file::NewFile;
pub use folder::Folder;
pub use folder::Renamed;
pub use path::Replacement;
pub use path::append;
pub use path::copy_file;
pub use path::imitate;
pub use path::make_folder;
pub use path::make_folders;
pub use path::point;
pub use path::remove_all;
pub use path::remove_file;
pub use path::remove_folder;
pub use path::rename;
pub use path::rename_no_replace;
pub use path::replace_file;
pub use path::set_mode;
pub use path::symlink;
pub use path::sync_file;
pub use path::sync_file_system;
pub use path::sync_folder;
pub use path::write_new;

use std::cell::Cell;
use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

static SYNC_FAILED: AtomicBool = AtomicBool::new(false);

/// Whether a sync of this process has failed: what it did can be seen, and may not be on disk.
pub fn has_sync_failed() -> bool {
    SYNC_FAILED.load(Ordering::Relaxed)
}

/// Runs a sync, which is the step that `describe` describes, and remembers if it fails.
pub(crate) fn sync_step<'a>(
    describe: impl FnOnce() -> Step<'a>,
    act: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let result = step(describe, act);
    if result.is_err() {
        SYNC_FAILED.store(true, Ordering::Relaxed);
    }
    result
}

/// Held by each step for as long as it lasts, so that [`stop_the_world`] comes between two.
static STEPS: RwLock<()> = RwLock::new(());

thread_local! {
    /// Whether this thread has stopped the others.
    static STOPPED_BY_US: Cell<bool> = const { Cell::new(false) };
}

/// Waits for the steps under way and lets no other thread take one any more, for as long as the process lives.
///
/// For one who is about to end the process: it then ends between two steps and not in one, and what it deletes first
/// does not come back behind it.
pub fn stop_the_world() {
    // Never given back: nobody is to go on.
    std::mem::forget(STEPS.write().unwrap_or_else(PoisonError::into_inner));
    STOPPED_BY_US.set(true);
}

fn in_the_world<T>(act: impl FnOnce() -> T) -> T {
    let stopped_by_us = STOPPED_BY_US.get();
    let _step = (!stopped_by_us).then(|| STEPS.read().unwrap_or_else(PoisonError::into_inner));
    act()
}

/// A durable step, as a test sees it.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(feature = "fault-injection"),
    expect(dead_code, reason = "only read by a test that injects faults")
)]
pub(crate) enum Step<'a> {
    MakeFolder {
        path: PathBuf,
    },
    CreateFile {
        path: PathBuf,
        mode: u32,
    },
    Write {
        path: PathBuf,
        bytes: &'a [u8],
    },
    WriteSecret {
        path: PathBuf,
        length: usize,
    },
    CopyFile {
        from: PathBuf,
        to: PathBuf,
        mode: u32,
    },
    Symlink {
        target: PathBuf,
        path: PathBuf,
    },
    HardLink {
        from: PathBuf,
        to: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    SetMode {
        path: PathBuf,
        mode: u32,
    },
    RemoveFile {
        path: PathBuf,
    },
    RemoveFolder {
        path: PathBuf,
    },
    SyncFile {
        path: PathBuf,
    },
    SyncFolder {
        path: PathBuf,
    },
    SyncFileSystem,
}

/// Runs `act`, which is the step that `describe` describes.
#[cfg(feature = "fault-injection")]
pub(crate) fn step<'a, T>(
    describe: impl FnOnce() -> Step<'a>,
    act: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    fault::wait_before_step();
    in_the_world(|| fault::step(describe, act))
}

/// Runs `act`, which is the step that `describe` describes.
#[cfg(not(feature = "fault-injection"))]
#[inline]
pub(crate) fn step<'a, T>(
    _describe: impl FnOnce() -> Step<'a>,
    act: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    in_the_world(act)
}
