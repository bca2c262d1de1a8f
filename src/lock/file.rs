//! The lock on disk, beside its manifest.

use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::code::Place;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::LockError;
use dgmo_store::durable::Replacement;
use fs_err::File;

/// The file's name.
pub const LOCK_FILE: &str = "dgmo.lock";

/// No lock is longer: at a thousand packages for eight systems it has about 4 MiB.
const MOST_BYTES: u64 = 64 << 20;

/// Where the lock of the manifest at `manifest` lies.
pub fn path_beside(manifest: &Path) -> PathBuf {
    manifest.with_file_name(LOCK_FILE)
}

/// Why a lock cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadLockError {
    #[error("cannot read the lock `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot use the lock `{}`", path.display())]
    Invalid { path: PathBuf, source: LockError },
}

impl Diagnose for LoadLockError {
    fn code(&self) -> Code {
        match self {
            Self::Unreadable { .. } => Code::LockUnreadable,
            Self::Invalid { source, .. } => source.code(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Unreadable { path, .. } => Some(Hint::Do(format!(
                "see to it that `{}` is a file you may read; where it is gone, `dgmo lock` writes a new one",
                path.display()
            ))),
            Self::Invalid { .. } => None,
        }
    }

    fn place(&self) -> Option<&Place> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Invalid { source, .. } => source.place(),
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Invalid { source, .. } => Some(source),
        }
    }
}

/// Why a lock could not be saved.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the lock `{}`", path.display())]
pub struct SaveLockError {
    path: PathBuf,
    source: io::Error,
}

impl Diagnose for SaveLockError {
    fn code(&self) -> Code {
        match self.source.kind() {
            io::ErrorKind::StorageFull => Code::DiskFull,
            _ => Code::LockUnwritable,
        }
    }

    fn hint(&self) -> Option<Hint> {
        if self.code() == Code::DiskFull {
            let text = "make room on the disk the manifest is on; `dgmo gc` does where the home is there too";
            return Some(Hint::Do(text.to_owned()));
        }
        let text = "make the folder writable, or use `--locked` to leave the lock as it is";
        Some(Hint::Do(text.to_owned()))
    }
}

/// What saving did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// The file has the same bytes already.
    Unchanged,
    /// The file is new or has other bytes now.
    Written,
}

/// The lock at `path`; nothing if there is no such file.
pub fn load(path: &Path) -> Result<Option<Lock>, LoadLockError> {
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(LoadLockError::Unreadable {
                path: path.to_owned(),
                source,
            });
        }
    };
    // A byte that is no text is damage like any other: the reader then says where it is.
    let text = String::from_utf8_lossy(&bytes);
    match Lock::from_json(&text) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) => Err(LoadLockError::Invalid {
            path: path.to_owned(),
            source: error.in_file(&path.display().to_string()),
        }),
    }
}

/// Makes `path` hold `lock`; a file that holds it already is not touched.
pub fn save(path: &Path, lock: &Lock) -> Result<Saved, SaveLockError> {
    match prepare(path, lock, None)? {
        Some(prepared) => prepared.place().map(|()| Saved::Written),
        None => Ok(Saved::Unchanged),
    }
}

/// A lock that is written and has not its name yet; dropped, it is deleted.
#[derive(Debug)]
pub struct Prepared(PathBuf, Replacement);

/// Writes `lock` beside `path`; nothing where that holds it already. It may be left to the sync of the file system of the
/// folder `soon`, which the caller is about to make.
pub fn prepare(
    path: &Path,
    lock: &Lock,
    soon: Option<&Path>,
) -> Result<Option<Prepared>, SaveLockError> {
    let text = lock.to_json();
    if read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(None);
    }
    let staged = Replacement::stage(path, text.as_bytes(), 0o644, soon);
    let staged = staged.map_err(|source| SaveLockError {
        path: path.to_owned(),
        source,
    })?;
    Ok(Some(Prepared(path.to_owned(), staged)))
}

impl Prepared {
    /// Gives it its name.
    pub fn place(self) -> Result<(), SaveLockError> {
        let Self(path, staged) = self;
        staged
            .place()
            .map_err(|source| SaveLockError { path, source })
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use dgmo_store::durable;

    use super::*;

    #[test]
    fn a_lock_is_written_once_and_loaded_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_beside(&folder.path().join("dgmo.yaml"));
        assert_eq!(load(&path).unwrap(), None);
        let lock = Lock::default();
        assert_eq!(save(&path, &lock).unwrap(), Saved::Written);
        assert_eq!(save(&path, &lock).unwrap(), Saved::Unchanged);
        assert_eq!(load(&path).unwrap(), Some(lock));
    }

    #[test]
    fn a_lock_with_bytes_that_are_no_text_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK_FILE);
        durable::write_new(&path, b"{\"dgmo-lock\": 1, \xff", 0o644).unwrap();
        let error = load(&path).unwrap_err();
        assert_eq!(error.code(), Code::LockDamaged);
        assert_eq!(error.place().unwrap().file, path.display().to_string());
        assert!(error.deepest_hint().is_some());
    }
}
