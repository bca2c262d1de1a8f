//! A little room for a full disk: a file that is deleted when nothing else helps, so that collecting and rolling back
//! can write the few bytes they need.

use std::io;
use std::io::Write;

use crate::durable;
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
        if path.exists() {
            return;
        }
        if make(&path).is_err() {
            // Half a reserve is none: the next one who has room makes it whole.
            drop(durable::remove_file(&path));
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
