//! Files that lose their last name, let go by several threads at once.
//!
//! Whoever takes the last name of a file waits until the system has freed what it took on disk. A file system that tells
//! its disk of every freed block, as ext4 does with `discard`, waits for the disk each time; for eight files at once it
//! waits little longer than for one. A file that is open is freed when it is closed: so it is held open while its name
//! goes, and many are closed together. When anything has which name, and what a crash leaves, is the same either way.

use std::ffi::OsStr;
use std::thread;

use crate::durable::Folder;
use crate::platform;
use crate::platform::Hold;

/// How many files are held open at most: a process may be allowed 256, and has others.
const MOST: usize = 96;

/// How many wait for the disk at once. They have next to nothing to compute.
const THREADS: usize = 8;

/// Files that are held open until they are [let go](Self::let_go), or this is dropped.
#[derive(Debug, Default)]
pub(crate) struct LettingGo(Vec<Hold>);

impl LettingGo {
    /// Holds what is called `name`, which is about to lose that name. What cannot be held is freed then and there.
    pub(crate) fn hold(&mut self, folder: &Folder, name: &OsStr) {
        self.0.extend(platform::hold_in(folder, name));
        if self.0.len() >= MOST {
            self.let_go();
        }
    }

    /// Waits until all that lost their last name are freed.
    pub(crate) fn let_go(&mut self) {
        let share = self.0.len().div_ceil(THREADS).max(1);
        thread::scope(|scope| {
            while self.0.len() > share {
                let some = self.0.split_off(self.0.len() - share);
                scope.spawn(move || drop(some));
            }
            self.0.clear();
        });
    }
}

impl Drop for LettingGo {
    fn drop(&mut self) {
        self.let_go();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable;

    #[test]
    fn names_go_at_once_and_others_keep_what_has_more() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        let count = 2 * MOST + 3;
        let place = |at: usize| temporary.path().join(at.to_string());
        for at in 0..count {
            durable::write_new(&place(at), b"bytes", 0o444).unwrap();
        }
        let kept = OsStr::new("kept");
        folder.hard_link(&folder, OsStr::new("0"), kept).unwrap();
        let mut letting_go = LettingGo::default();
        for at in 0..count {
            let name = at.to_string();
            letting_go.hold(&folder, OsStr::new(&name));
            folder.remove_file(OsStr::new(&name)).unwrap();
            assert!(!place(at).exists());
            assert!(letting_go.0.len() < MOST);
        }
        letting_go.hold(&folder, OsStr::new("never was"));
        letting_go.let_go();
        assert_eq!(letting_go.0.len(), 0);
        assert_eq!(
            std::fs::read(temporary.path().join(kept)).unwrap(),
            b"bytes"
        );
    }
}
