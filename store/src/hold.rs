//! Files that are held: whoever uses what lies beside one says so, and nobody takes it away meanwhile.
//!
//! A hold is a lock on the open file. A program that replaces ours keeps it, and so do those it starts: it ends when the
//! last of them does. It needs no room on the disk and no right to write.

use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;

use crate::guard;
use crate::platform;

/// A file that is held.
#[derive(Debug)]
pub struct Hold {
    file: File,
}

/// What taking a file for oneself came to.
#[derive(Debug)]
pub enum Owned {
    /// Nobody uses it, and nobody begins to as long as this lives.
    Free(Hold),
    /// It is used, by those that the system names.
    Used(Vec<String>),
}

impl Hold {
    /// Holds the file together with others; waits for one who is taking it away. One that was taken away is not found.
    pub fn share(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        file.lock_shared()?;
        // Between the opening and the lock the name may have gone.
        let there = platform::state_at(path)?;
        if (there.device, there.inode) != platform::file_id(&file)? {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        Ok(Self { file })
    }

    /// Takes the file for oneself, to remove it, if nobody holds it.
    pub fn own(path: &Path) -> io::Result<Owned> {
        let file = File::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Owned::Free(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(Owned::Used(guard::holders(&file))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Hands the hold on to the program that will replace this one, and to those it starts.
    pub fn outlive_this_program(self) -> io::Result<()> {
        platform::keep_open_for_programs(self.file)
    }
}

/// A text that is the same for as long as the process lives, and that no later process with its number has; nothing if
/// there is no such process, or the system tells nothing of any.
pub fn mark_of_process(process: u32) -> io::Result<Option<String>> {
    platform::mark_of_process(process)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable;

    #[test]
    fn what_somebody_holds_is_not_ours_to_take() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        durable::write_new(&path, b"text", 0o444).unwrap();
        let (one, other) = (Hold::share(&path).unwrap(), Hold::share(&path).unwrap());
        drop(one);
        assert!(matches!(Hold::own(&path).unwrap(), Owned::Used(_)));
        drop(other);
        let own = Hold::own(&path).unwrap();
        assert!(matches!(own, Owned::Free(_)));
        durable::remove_file(&path).unwrap();
        drop(own);
        assert_eq!(
            Hold::share(&path).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_keeps_its_mark_and_nobody_else_has_it() {
        let mine = mark_of_process(std::process::id()).unwrap().unwrap();
        let again = mark_of_process(std::process::id()).unwrap();
        assert_eq!(again, Some(mine.clone()));
        assert_ne!(mark_of_process(1).unwrap(), Some(mine));
        assert_eq!(mark_of_process(u32::MAX).unwrap(), None);
    }
}
