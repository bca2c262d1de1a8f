//! What differs between systems when folders and files are read; what differs when they are written is in `durable`.

#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;

pub(crate) use sys::Hold;
pub use sys::boot;
pub(crate) use sys::exists_in;
pub(crate) use sys::failed_for_lack_of_links;
pub(crate) use sys::file_id;
pub(crate) use sys::free_space;
pub(crate) use sys::from_os;
pub(crate) use sys::hold_in;
pub(crate) use sys::keep_open_for_programs;
pub(crate) use sys::kind_size_and_mode;
pub(crate) use sys::mark_of_process;
pub(crate) use sys::mode_of_folder;
pub(crate) use sys::open_in;
pub(crate) use sys::read_at;
pub(crate) use sys::read_link_in;
pub(crate) use sys::room_of;
pub(crate) use sys::room_of_folder;
pub(crate) use sys::room_on_disk;
pub(crate) use sys::scan;
pub(crate) use sys::state_at;
pub(crate) use sys::state_in;
pub(crate) use sys::state_of;
pub(crate) use sys::to_os;

use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    File,
    Folder,
    Link,
    /// Something a tree cannot hold, with its article.
    Special(&'static str),
}

/// What the system says about a file: if none of it changed while the file was read, its bytes did not either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileState {
    pub(crate) kind: FileKind,
    pub(crate) executable: bool,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i64,
    /// Nanoseconds since 1970; the system sets it, no program can.
    pub(crate) changed: i64,
}

/// What deleting a file would free, once its last name is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) inode: u64,
    pub(crate) links: u64,
    /// Its length.
    pub(crate) bytes: u64,
    /// The blocks it has, in bytes.
    pub(crate) on_disk: u64,
}

/// A number nobody else has drawn: for names that must not meet, not for secrets.
pub(crate) fn unique() -> u64 {
    // Each `RandomState` is keyed by the system's source of randomness.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}
