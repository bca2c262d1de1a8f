//! Guards: the held right to use the store while others may want to change it.
//!
//! Shared: inserting, laying out, reading what must not go away. Exclusive: collecting. Both are locks on files, so
//! the system gives them up for a process that dies. They are taken in this order: `gate`, then `lock`; the gate is
//! a turnstile: one who waits for `lock` exclusively holds the gate meanwhile, so that newcomers queue behind it and
//! a steady stream of short insertions cannot starve it.
//!
//! A thread that holds a shared guard must not ask for an exclusive one: it would wait for itself.

use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;

use crate::layout::Layout;
use crate::platform;

/// The right to insert, lay out and rely on what is there. Given back when dropped.
#[derive(Debug)]
pub struct SharedGuard {
    _lock: File,
}

/// The right to delete: nobody holds a shared guard meanwhile. Given back when dropped.
#[derive(Debug)]
pub struct ExclusiveGuard {
    _lock: File,
}

/// Why a guard could not be had.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    #[error("cannot lock `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Diagnose for GuardError {
    fn code(&self) -> Code {
        Code::StoreNotGuarded
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shared,
    Exclusive,
}

impl SharedGuard {
    pub(crate) fn take(layout: &Layout, observer: &dyn Observer) -> Result<Self, GuardError> {
        let gate = lock(&layout.gate(), Kind::Shared, observer)?;
        let lock = lock(&layout.lock(), Kind::Shared, observer)?;
        drop(gate);
        Ok(Self { _lock: lock })
    }
}

impl ExclusiveGuard {
    pub(crate) fn take(layout: &Layout, observer: &dyn Observer) -> Result<Self, GuardError> {
        let gate = lock(&layout.gate(), Kind::Exclusive, observer)?;
        let lock = lock(&layout.lock(), Kind::Exclusive, observer)?;
        drop(gate);
        Ok(Self { _lock: lock })
    }

    /// As [`Self::take`], or `None` where it would have to wait.
    pub(crate) fn try_take(layout: &Layout) -> Result<Option<Self>, GuardError> {
        let Some(gate) = try_lock(&layout.gate(), Kind::Exclusive)? else {
            return Ok(None);
        };
        let lock = try_lock(&layout.lock(), Kind::Exclusive)?;
        drop(gate);
        Ok(lock.map(|lock| Self { _lock: lock }))
    }
}

fn lock(path: &Path, kind: Kind, observer: &dyn Observer) -> Result<File, GuardError> {
    let failed = |source| GuardError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    if try_lock_file(&file, kind).map_err(failed)? {
        return Ok(file);
    }
    observer.observe(Event::Note(whom_we_wait_for(&file)));
    match kind {
        Kind::Shared => file.lock_shared(),
        Kind::Exclusive => file.lock(),
    }
    .map_err(failed)?;
    Ok(file)
}

fn try_lock(path: &Path, kind: Kind) -> Result<Option<File>, GuardError> {
    let failed = |source| GuardError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let locked = try_lock_file(&file, kind).map_err(failed)?;
    Ok(locked.then_some(file))
}

fn try_lock_file(file: &File, kind: Kind) -> io::Result<bool> {
    let result = match kind {
        Kind::Shared => file.try_lock_shared(),
        Kind::Exclusive => file.try_lock(),
    };
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn whom_we_wait_for(file: &File) -> String {
    let holders = holders(file);
    if holders.is_empty() {
        return "waiting for another dgmo that uses the store".to_owned();
    }
    format!("waiting for {}, using the store", holders.join(", "))
}

/// Who holds a lock on `file`, as far as the system tells: `dgmo (process 123)`. At most three.
pub fn holders(file: &File) -> Vec<String> {
    // Only Linux has this list; elsewhere, and for processes we cannot see, nobody is named.
    let (Ok((_, inode)), Ok(locks)) = (
        platform::file_id(file),
        std::fs::read_to_string("/proc/locks"),
    ) else {
        return Vec::new();
    };
    let mut processes: Vec<u32> = locks
        .lines()
        .filter_map(|line| holder_of(line, inode))
        .collect();
    processes.sort_unstable();
    processes.dedup();
    let named = processes.into_iter().take(3);
    named.map(name_of).collect()
}

/// The process that holds the lock of this line of `/proc/locks`, if it is on a file with that number:
/// `1: FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF`. The device is left out: file systems with several
/// volumes say another one here than `stat` does.
fn holder_of(line: &str, inode: u64) -> Option<u32> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["FLOCK", _, _, process, file, ..] = words.get(1..)? else {
        // A line of a waiter has `->` before its kind.
        return None;
    };
    let number: u64 = file.rsplit(':').next()?.parse().ok()?;
    let process = process.parse().ok().filter(|process| *process != 0)?;
    (number == inode).then_some(process)
}

fn name_of(process: u32) -> String {
    match std::fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(name) => format!("{} (process {process})", name.trim()),
        Err(_) => format!("process {process}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::parallel::held;
    use crate::store::Store;

    /// Writes down what it is told, and passes it on.
    struct Listener {
        heard: Mutex<mpsc::Sender<Event>>,
    }

    impl Observer for Listener {
        fn observe(&self, event: Event) {
            held(&self.heard).send(event).unwrap();
        }
    }

    fn listener() -> (Listener, mpsc::Receiver<Event>) {
        let (heard, events) = mpsc::channel();
        let heard = Mutex::new(heard);
        (Listener { heard }, events)
    }

    #[test]
    fn many_share_and_one_excludes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(folder.path()).unwrap();
        let shared = [store.share().unwrap(), store.share().unwrap()];
        assert!(store.try_exclude().unwrap().is_none());
        drop(shared);
        let exclusive = store.try_exclude().unwrap();
        assert!(exclusive.is_some());
        assert!(store.try_exclude().unwrap().is_none());
    }

    #[test]
    fn one_who_waits_says_for_whom() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(folder.path()).unwrap();
        let exclusive = store.exclude().unwrap();
        let (listener, events) = listener();
        thread::scope(|scope| {
            scope.spawn(|| store.wait_to_share(&listener).unwrap());
            let Event::Note(text) = events.recv().unwrap() else {
                panic!("a note was due");
            };
            assert!(text.starts_with("waiting for "), "{text}");
            if cfg!(target_os = "linux") {
                assert!(text.contains(&std::process::id().to_string()), "{text}");
            }
            drop(exclusive);
        });
    }

    #[test]
    fn newcomers_queue_behind_one_who_waits_to_exclude() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(folder.path()).unwrap();
        let early = store.share().unwrap();
        let order = Mutex::new(Vec::new());
        let (collector, collector_waits) = listener();
        let (newcomer, newcomer_waits) = listener();
        thread::scope(|scope| {
            scope.spawn(|| {
                let guard = store.wait_to_exclude(&collector).unwrap();
                held(&order).push("collector");
                drop(guard);
            });
            collector_waits.recv().unwrap();
            scope.spawn(|| {
                let guard = store.wait_to_share(&newcomer).unwrap();
                held(&order).push("newcomer");
                drop(guard);
            });
            newcomer_waits.recv().unwrap();
            drop(early);
        });
        assert_eq!(*held(&order), ["collector", "newcomer"]);
    }

    #[test]
    fn a_lock_is_read_from_the_list_of_the_system() {
        let line = "1: FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF";
        assert_eq!(holder_of(line, 456), Some(123));
        assert_eq!(holder_of(line, 45), None);
        let waits = "1: -> FLOCK  ADVISORY  WRITE 124 08:01:456 0 EOF";
        assert_eq!(holder_of(waits, 456), None);
        assert_eq!(holder_of("nonsense", 456), None);
    }
}
