//! A little room for a full disk: a file that is deleted when nothing else helps, so that collecting and rolling back
//! can write the few bytes they need.

use std::ffi::OsString;
use std::io;
use std::io::Write;

use crate::durable;
use crate::durable::Folder;
use crate::look;
use crate::platform;
use crate::store::Store;

/// How much is reserved.
const SIZE: usize = 1 << 20;

impl Store {
    /// Gives the reserve up; whether there was one.
    pub fn release_reserve(&self) -> bool {
        durable::remove_file(&self.layout().reserve()).is_ok()
    }

    /// Makes the reserve if it is not there. On a disk that is still full there is none; that is no error.
    pub fn ensure_reserve(&self) {
        let path = self.layout().reserve();
        // One that cannot be looked at may be there.
        if !matches!(look::is_there(&path), Ok(false)) {
            return;
        }
        if make(&path).is_err() {
            // Half a reserve is none: the next one who has room makes it whole.
            drop(durable::remove_file(&path));
        }
    }
}

impl Store {
    /// How much room the disk of the home has, free and in all, where the system tells.
    pub fn room_on_disk(&self) -> Option<(u64, u64)> {
        platform::room_on_disk(self.home())
    }

    /// Whether files of the home can have several names; none where that cannot be tried.
    pub fn has_links(&self) -> Option<bool> {
        let folder = self.layout().cache();
        let folder = Folder::open(&folder).ok()?;
        let [one, other] = ["one", "other"]
            .map(|name| OsString::from(format!(".{name}-{:016x}", platform::unique())));
        drop(folder.create_file(&one, 0o644).ok()?);
        let linked = folder.hard_link(&folder, &one, &other);
        if linked.is_ok() {
            // A cache's leftover may lie there.
            drop(folder.remove_file(&other));
        }
        drop(folder.remove_file(&one));
        match linked {
            Ok(()) => Some(true),
            Err(error) => (error.kind() != io::ErrorKind::ReadOnlyFilesystem).then_some(false),
        }
    }
}

fn make(path: &std::path::Path) -> io::Result<()> {
    // File systems that compress would make nothing of zeros.
    let mut bytes = vec![0; SIZE];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    durable::write_new(path, b"", 0o600)?.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_there_until_it_is_needed() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        store.ensure_reserve();
        store.ensure_reserve();
        let size = std::fs::metadata(store.layout().reserve()).unwrap().len();
        assert_eq!(size, SIZE as u64);
        assert!(store.release_reserve());
        assert!(!store.release_reserve());
    }
}
