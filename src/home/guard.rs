//! The guards of a profile and of a manifest: one change at a time.
//!
//! Order, outermost first: manifest, profile, then the store's own. A guard is a lock on an open file, so it ends with
//! the process that holds it, however that ends; the text in the file only says who that is.

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::generation::Timestamp;
use dgmo_store::durable;

use super::Profile;

/// How long to wait for a guard somebody else holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// This long at most.
    AtMost(Duration),
}

/// Why a guard could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    #[error("{0}")]
    Busy(Busy),
    #[error("cannot lock `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Somebody else holds the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    what: String,
    holder: Option<String>,
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.holder {
            Some(holder) => write!(f, "{} is being changed by {holder}", self.what),
            None => write!(f, "{} is being changed by another process", self.what),
        }
    }
}

impl Diagnose for GuardError {
    fn code(&self) -> Code {
        match self {
            Self::Busy(_) => Code::Busy,
            Self::Io { source, .. } => super::code_of(source),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Busy(_) => Some(Hint::Do(
                "let the other command end, or wait for it longer with `--wait 10m`".to_owned(),
            )),
            Self::Io { source, .. } => Some(super::hint_for(source)),
        }
    }
}

/// The right to change a profile.
#[derive(Debug)]
pub struct ProfileGuard {
    file: File,
    /// Whether the last one who held it died with it: what that one did may be seen and not be on disk.
    pub after_a_crash: bool,
}

impl Drop for ProfileGuard {
    fn drop(&mut self) {
        // Who takes it next shall know that we did not die; the lock ends with the file either way. After a failed sync
        // our name stays, as if we had died: then what is found done is synced again before anyone relies on it.
        if !durable::has_sync_failed() {
            drop(self.file.set_len(0));
        }
    }
}

impl ProfileGuard {
    /// Takes the guard of `profile`, whose folder must be there, and writes down who holds it.
    pub fn take(
        profile: &Profile,
        wait: Wait,
        now: Timestamp,
        observer: &dyn Observer,
    ) -> Result<Self, GuardError> {
        let path = profile.lock();
        let failed = |source| GuardError::Io {
            path: path.clone(),
            source,
        };
        let mut file = open_or_make(&path).map_err(failed)?;
        let what = format!("profile `{}`", profile.name());
        wait_for(&mut file, &what, wait, observer).map_err(|error| match error {
            Refused::Busy(busy) => GuardError::Busy(busy),
            Refused::Io(source) => failed(source),
        })?;
        let after_a_crash = died(&mut file);
        // Who we are is a courtesy to those who wait; the lock holds without it, also on a full disk.
        drop(name_holder(&mut file, now));
        Ok(Self {
            file,
            after_a_crash,
        })
    }

    /// Takes the guard if nobody has it.
    pub fn try_take(profile: &Profile) -> Option<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(profile.lock())
            .ok()?;
        file.try_lock().ok()?;
        let after_a_crash = died(&mut file);
        Some(Self {
            file,
            after_a_crash,
        })
    }
}

/// The right to change a manifest and its lock.
#[derive(Debug)]
pub struct ManifestGuard {
    _folder: Option<File>,
}

impl ManifestGuard {
    /// Takes the guard of the manifest at `path`: a lock on its folder, so that nothing is left lying there.
    ///
    /// Where there is no such folder there is no manifest either, and whoever reads it next says so.
    pub fn take(path: &Path, wait: Wait, observer: &dyn Observer) -> Result<Self, GuardError> {
        let folder = match path.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        let failed = |source| GuardError::Io {
            path: folder.to_owned(),
            source,
        };
        let mut file = match open_folder(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { _folder: None });
            }
            opened => opened.map_err(failed)?,
        };
        let what = format!("`{}`", path.display());
        wait_for(&mut file, &what, wait, observer).map_err(|error| match error {
            Refused::Busy(busy) => GuardError::Busy(busy),
            Refused::Io(source) => failed(source),
        })?;
        Ok(Self {
            _folder: Some(file),
        })
    }
}

/// The right to change a folder outside of any home, by a lock file in it.
#[derive(Debug)]
pub struct FolderGuard {
    _file: File,
}

impl FolderGuard {
    /// Takes the guard of `folder`, which must be there; its lock file is called `name` and stays.
    pub fn take(
        folder: &Path,
        name: &str,
        wait: Wait,
        observer: &dyn Observer,
    ) -> Result<Self, GuardError> {
        let path = folder.join(name);
        let failed = |source| GuardError::Io {
            path: path.clone(),
            source,
        };
        let mut file = open_or_make(&path).map_err(failed)?;
        let what = format!("`{}`", folder.display());
        wait_for(&mut file, &what, wait, observer).map_err(|error| match error {
            Refused::Busy(busy) => GuardError::Busy(busy),
            Refused::Io(source) => failed(source),
        })?;
        Ok(Self { _file: file })
    }
}

/// Opens the lock file, which is made if it is missing. Where nothing can be written one can still lock, to look.
fn open_or_make(path: &Path) -> io::Result<File> {
    if !path.exists() {
        match durable::write_new(path, b"", 0o644) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => File::open(path),
        result => result,
    }
}

fn open_folder(path: &Path) -> io::Result<File> {
    File::open(path)
}

enum Refused {
    Busy(Busy),
    Io(io::Error),
}

/// Most guards are held for milliseconds; only a wait longer than this is worth a line.
const WORTH_TELLING: Duration = Duration::from_millis(300);

/// Locks `file`, telling once for whom we wait.
fn wait_for(
    file: &mut File,
    what: &str,
    wait: Wait,
    observer: &dyn Observer,
) -> Result<(), Refused> {
    match file.try_lock() {
        Ok(()) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(Refused::Io(error)),
        Err(TryLockError::WouldBlock) => {}
    }
    let limit = match wait {
        Wait::No => Duration::ZERO,
        Wait::AtMost(limit) => limit,
    };
    let locked = lock_aside(file).map_err(Refused::Io)?;
    let first = limit.min(WORTH_TELLING);
    match locked.recv_timeout(first) {
        Ok(result) => return result.map_err(Refused::Io),
        Err(_) if limit > first => {
            let busy = Busy {
                what: what.to_owned(),
                holder: read_holder(file),
            };
            observer.observe(Event::Note(format!("waiting: {busy}")));
        }
        Err(_) => {}
    }
    match locked.recv_timeout(limit.saturating_sub(first)) {
        Ok(result) => result.map_err(Refused::Io),
        Err(_) => Err(Refused::Busy(Busy {
            what: what.to_owned(),
            holder: read_holder(file),
        })),
    }
}

/// Locks `file` on a thread of its own, so that whoever waits may stop waiting and is woken the moment it is free.
///
/// The lock belongs to the open file, which the thread shares. If nobody waits any more when it comes, the thread has
/// the last hold on that file, and the lock ends with it.
fn lock_aside(file: &File) -> io::Result<mpsc::Receiver<io::Result<()>>> {
    let shared = file.try_clone()?;
    let (sender, receiver) = mpsc::channel();
    let wait = move || {
        let result = shared.lock();
        // An error means that nobody waits any more.
        drop(sender.send(result));
    };
    thread::Builder::new()
        .name("guard".to_owned())
        .spawn(wait)?;
    Ok(receiver)
}

fn name_holder(file: &mut File, now: Timestamp) -> io::Result<()> {
    let command: Vec<String> = std::env::args_os()
        .take(3)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let program = command
        .first()
        .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
    let words = command.get(1..).unwrap_or_default().join(" ");
    let text = format!(
        "`{} {words}` (process {}, since {now})\n",
        program.unwrap_or_default(),
        std::process::id()
    );
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

/// Whether the last one who held it died with it. Where that cannot be read it is taken so: one sync more.
fn died(file: &mut File) -> bool {
    let mut byte = [0];
    file.rewind()
        .and_then(|()| file.read(&mut byte))
        .map_or(true, |count| count > 0)
}

/// Who holds the guard: as they wrote down, else as the system tells. A folder has no text.
fn read_holder(file: &mut File) -> Option<String> {
    written_holder(file).or_else(|| {
        let holders = dgmo_store::guard::holders(file);
        (!holders.is_empty()).then(|| holders.join(", "))
    })
}

fn written_holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    Read::by_ref(file)
        .take(1024)
        .read_to_string(&mut text)
        .ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
