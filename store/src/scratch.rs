//! A folder to try something in: it keeps what it shows from being collected, and goes with the process that made it.
//!
//! It lies in staging, so that links and hard links into the store work, and so that what a crash leaves of it is swept
//! like any other work in progress.

use std::path::PathBuf;

use dgmo_schema::event::Observer;

use crate::durable;
use crate::failure::WriteError;
use crate::roots::Lease;
use crate::roots::Root;
use crate::roots::RootError;
use crate::staging;
use crate::staging::Staging;
use crate::store::Store;

/// A folder of one's own, deleted when dropped.
#[derive(Debug)]
pub struct Scratch {
    // The folder goes before what keeps its objects.
    staging: Staging,
    _lease: Lease,
}

impl Store {
    /// Makes one, which keeps `roots` for as long as it lives, and sweeps those of the dead.
    ///
    /// Must not be asked for by one who holds a guard: it could wait for a collector that waits for him.
    pub fn scratch(&self, roots: &[Root], observer: &dyn Observer) -> Result<Scratch, RootError> {
        staging::sweep_dead(self.layout());
        let guard = self.wait_to_share(observer)?;
        let lease = self.lease(roots, &guard)?;
        for root in roots {
            if !root.is_in(self)? {
                return Err(RootError::Missing { id: root.id() });
            }
        }
        Ok(Scratch {
            staging: Staging::make(self.layout())?,
            _lease: lease,
        })
    }
}

impl Scratch {
    /// A new folder in it; it lies as many folders below the home as a generation does.
    pub fn make_folder(&self, name: &str) -> Result<PathBuf, WriteError> {
        let path = self.staging.path().join(format!("scratch-{name}"));
        durable::make_folder(&path).map_err(WriteError::at(&path))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::event::Silent;
    use dgmo_schema::id::BlobId;
    use dgmo_schema::id::Digest;

    use super::*;

    #[test]
    fn a_scratch_folder_keeps_its_roots_and_goes_with_its_owner() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        let insertion = store.begin(&Silent).unwrap();
        let root = Root::Blob(insertion.add_bytes(b"one", false).unwrap());
        drop(insertion.commit().unwrap());
        let scratch = store.scratch(&[root], &Silent).unwrap();
        let folder = scratch.make_folder("1").unwrap();
        durable::write_new(&folder.join("file"), b"x", 0o444).unwrap();
        assert_eq!(store.leased().unwrap(), [root]);
        drop(scratch);
        assert!(!folder.exists());
        assert_eq!(store.leased().unwrap(), []);
    }

    #[test]
    fn what_is_not_there_cannot_be_kept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        let root = Root::Blob(BlobId(Digest::of(b"never")));
        let refused = store.scratch(&[root], &Silent);
        assert!(matches!(refused, Err(RootError::Missing { .. })));
    }
}
