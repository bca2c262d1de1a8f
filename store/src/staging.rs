//! Work in progress: one folder for each insertion, known to be alive by the lock its owner holds.
//!
//! ```text
//! staging/<unique>/owner     locked while the owner lives; deleted last
//! staging/<unique>/…         whatever the owner puts there
//! ```
//!
//! Whoever begins an insertion sweeps folders whose `owner` nobody holds. A folder without `owner` is about to be used
//! or about to be gone; it is deleted only if it is empty.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::durable;
use crate::failure::WriteError;
use crate::layout::Layout;
use crate::parallel::held;
use crate::platform;

const OWNER: &str = "owner";

/// Those of this process that nothing was named out of: [`abandon`] deletes them.
static ABANDONABLE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The leases this process holds.
static LEASES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Deletes what insertions of this process have staged and not named yet, and its leases. For one who has stopped the
/// world and is about to end the process; without it the next insertion or collection does it.
pub fn abandon() {
    for path in std::mem::take(&mut *held(&ABANDONABLE)) {
        discard(&path);
    }
    for lease in std::mem::take(&mut *held(&LEASES)) {
        // A lease of the dead means nothing: it may stay.
        drop(durable::remove_file(&lease));
    }
}

/// Has the lease at `path` deleted by [`abandon`].
pub(crate) fn lease_is_held(path: &Path) {
    held(&LEASES).push(path.to_owned());
}

/// Whoever held it deletes it.
pub(crate) fn lease_is_given_up(path: &Path) {
    held(&LEASES).retain(|lease| lease != path);
}

/// Deletes what is there of a folder that may be only half made. What is left then is dead and swept by others.
fn discard(path: &Path) {
    if remove(path).is_err() {
        drop(durable::remove_folder(path));
    }
}

/// A folder of one's own; deleted with all it holds when dropped.
#[derive(Debug)]
pub(crate) struct Staging {
    path: PathBuf,
    owner: Option<File>,
}

impl Staging {
    /// Makes one.
    pub(crate) fn make(layout: &Layout) -> Result<Self, WriteError> {
        loop {
            let name = format!("{}-{:016x}", std::process::id(), platform::unique());
            let path = layout.staging().join(name);
            // Before it is there, so that there is no moment in which an interruption would leave it.
            held(&ABANDONABLE).push(path.clone());
            let mut staging = Self { path, owner: None };
            match durable::make_folder(&staging.path).and_then(|()| own(&staging.path)) {
                Ok(Some(owner)) => {
                    staging.owner = Some(owner);
                    return Ok(staging);
                }
                // A sweeper took it for dead before it was locked.
                Ok(None) => {}
                Err(error) => return Err(WriteError::new(&staging.path, error)),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// [`abandon`] is to leave it: what is in it is being named, and if we end now the folder tells others to sync; or
    /// it would take long.
    pub(crate) fn is_needed(&self) {
        held(&ABANDONABLE).retain(|path| *path != self.path);
    }

    /// Leaves it to be found as that of a dead owner.
    pub(crate) fn leave_behind(mut self) {
        self.is_needed();
        self.path = PathBuf::new();
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be deleted now is dead once the lock is gone, and swept by the next insertion.
        if !self.path.as_os_str().is_empty() {
            self.is_needed();
            discard(&self.path);
        }
        drop(self.owner.take());
    }
}

/// Makes and locks `owner`; none if the folder was swept meanwhile.
fn own(path: &Path) -> io::Result<Option<File>> {
    let name = path.join(OWNER);
    let swept = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match durable::write_new(&name, b"", 0o644) {
        Err(error) if swept(&error) => return Ok(None),
        result => drop(result?),
    }
    let owner = match File::open(&name) {
        Err(error) if swept(&error) => return Ok(None),
        result => result?,
    };
    match owner.try_lock() {
        // One that cannot be looked at was not swept: trying again would never end.
        Ok(()) => Ok(name.try_exists()?.then_some(owner)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether others are at work: what they have given names may not be on disk yet.
pub(crate) fn others_work(layout: &Layout, own: Option<&Staging>) -> bool {
    let Ok(entries) = fs::read_dir(layout.staging()) else {
        return true;
    };
    let own = own.map(Staging::path);
    // One that cannot be told may be somebody else's.
    entries
        .into_iter()
        .any(|entry| entry.map_or(true, |entry| Some(&*entry.path()) != own))
}

/// Deletes what dead owners left. What cannot be deleted stays for the next one.
///
/// A dead one may have died between giving names and syncing them, and whoever finds its objects relies on them; so
/// everything is synced before the folder that tells of it goes.
pub(crate) fn sweep_dead(layout: &Layout) {
    let Ok(entries) = fs::read_dir(layout.staging()) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match File::open(path.join(OWNER)) {
            Ok(owner) => {
                if owner.try_lock().is_ok() {
                    // A crash or an error here leaves less of it, still with its owner, for the next sweeper.
                    drop(durable::sync_file_system(&path).and_then(|()| remove(&path)));
                }
            }
            // Deleted only if it is empty; if it is not, its owner is just moving in.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                drop(durable::remove_folder(&path));
            }
            Err(_) => {}
        }
    }
}

/// Deletes the folder, `owner` last, so that no half of it is ever without.
fn remove(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() != OWNER {
            durable::remove_all(&entry.path())?;
        }
    }
    durable::remove_file(&path.join(OWNER))?;
    durable::remove_folder(path)
}
