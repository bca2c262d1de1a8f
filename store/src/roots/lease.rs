//! Leases: roots that end with the process that holds them.
//!
//! ```text
//! leases/<unique>     locked while its owner lives; each line a root: `tree <64 hex>` or `blob <64 hex>`
//! ```
//!
//! The lock is the lease: the system gives it up for a process that dies, and a file nobody has locked means nothing.
//! So nothing here needs to be synced, and a crash of the machine ends all leases.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::Root;
use super::RootError;
use super::pin::files_in;
use crate::durable;
use crate::failure::WriteError;
use crate::guard::ExclusiveGuard;
use crate::guard::SharedGuard;
use crate::platform;
use crate::staging;
use crate::store::Store;

/// Keeps what is added to it until it is dropped or its process ends.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    _lock: File,
}

impl Store {
    /// Makes a lease that keeps `roots`.
    ///
    /// The guard is only proof: without it, they could be collected before the lease is there.
    pub fn lease(&self, roots: &[Root], proof: &SharedGuard) -> Result<Lease, RootError> {
        let name = format!("{}-{:016x}", std::process::id(), platform::unique());
        let path = self.layout().leases().join(name);
        durable::write_new(&path, b"", 0o644).map_err(WriteError::at(&path))?;
        staging::lease_is_held(&path);
        let file = File::open(&path).and_then(|file| file.lock().map(|()| file));
        let lease = Lease {
            _lock: file.map_err(WriteError::at(&path))?,
            path,
        };
        lease.add(roots, proof)?;
        Ok(lease)
    }

    /// What the leases of living processes keep.
    pub fn leased(&self) -> Result<Vec<Root>, RootError> {
        let mut roots = Vec::new();
        for path in files_in(&self.layout().leases())? {
            if is_alive(&path)? {
                read(&path, &mut roots)?;
            }
        }
        roots.sort_unstable();
        roots.dedup();
        Ok(roots)
    }

    /// Deletes the leases of the dead. Nobody makes one while the guard is held.
    pub(crate) fn sweep_dead_leases(&self, _proof: &ExclusiveGuard) -> Result<(), RootError> {
        for path in files_in(&self.layout().leases())? {
            if !is_alive(&path)? {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

impl Lease {
    /// Keeps these as well.
    pub fn add(&self, roots: &[Root], _proof: &SharedGuard) -> Result<(), RootError> {
        if roots.is_empty() {
            return Ok(());
        }
        let lines: String = roots.iter().map(|root| root.line() + "\n").collect();
        durable::append(&self.path, lines.as_bytes(), 0o644).map_err(WriteError::at(&self.path))?;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A file that stays means nothing once its lock is gone, and the next collecting deletes it.
        staging::lease_is_given_up(&self.path);
        drop(durable::remove_file(&self.path));
    }
}

/// Whether somebody holds the lock. Asked with a shared one, so that two who ask do not take each other for owners.
fn is_alive(path: &Path) -> Result<bool, RootError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(unread(path, source)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(unread(path, source)),
    }
}

fn read(path: &Path, roots: &mut Vec<Root>) -> Result<(), RootError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(unread(path, source)),
    };
    for (index, line) in text.lines().enumerate() {
        let root = Root::from_line(line).ok_or_else(|| RootError::DamagedLease {
            path: path.to_owned(),
            line: index + 1,
        })?;
        roots.push(root);
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), RootError> {
    match durable::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(WriteError::new(path, error).into())
        }
        _ => Ok(()),
    }
}

fn unread(path: &Path, source: io::Error) -> RootError {
    RootError::Read {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dgmo_schema::id::BlobId;
    use dgmo_schema::id::Digest;
    use dgmo_schema::id::TreeId;

    #[test]
    fn a_lease_keeps_what_it_names_while_it_is_held() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        let one = Root::Tree(TreeId(Digest::of(b"one")));
        let two = Root::Blob(BlobId(Digest::of(b"two")));
        let guard = store.share().unwrap();
        let lease = store.lease(&[one], &guard).unwrap();
        lease.add(&[two, one], &guard).unwrap();
        assert_eq!(store.leased().unwrap(), [one, two]);
        drop(lease);
        assert_eq!(store.leased().unwrap(), []);
    }

    #[test]
    fn the_lease_of_a_dead_process_means_nothing_and_is_swept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        let root = Root::Tree(TreeId(Digest::of(b"one")));
        let dead = store.layout().leases().join("1-dead");
        durable::write_new(&dead, root.line().as_bytes(), 0o644).unwrap();
        let lease = store.lease(&[], &store.share().unwrap()).unwrap();
        assert_eq!(store.leased().unwrap(), []);
        store.sweep_dead_leases(&store.exclude().unwrap()).unwrap();
        assert!(!dead.exists());
        assert!(lease.path.exists());
    }

    #[test]
    fn a_living_lease_that_cannot_be_read_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        let lease = store.lease(&[], &store.share().unwrap()).unwrap();
        durable::append(&lease.path, b"tree of hopes\n", 0o644).unwrap();
        assert!(matches!(
            store.leased(),
            Err(RootError::DamagedLease { line: 1, .. })
        ));
    }
}
