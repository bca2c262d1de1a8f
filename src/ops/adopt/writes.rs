//! The files an adoption writes: all known before the first is touched, and taken back if the switch fails.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_store::durable;
use dgmo_store::look;

use super::AdoptError;
use crate::activate;

/// What a file shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    /// Which one; a link is followed.
    pub path: PathBuf,
    /// Its content; nothing if it goes.
    pub bytes: Option<Vec<u8>>,
    /// Whether it can be run, where that changes.
    pub executable: Option<bool>,
}

/// What files were, to be put back.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<Before>);

#[derive(Debug)]
struct Before {
    path: PathBuf,
    content: Option<(Vec<u8>, u32)>,
    /// Folders above it that were not there, the deepest first.
    made: Vec<PathBuf>,
}

impl Written {
    /// Carries out `writes`. If one fails, those before it are taken back.
    pub(super) fn apply(writes: &[Write]) -> Result<Self, AdoptError> {
        let mut written = Self::default();
        for write in writes {
            if let Err(source) = written.one(write) {
                written.take_back();
                let path = write.path.clone();
                return Err(AdoptError::NotWritten { path, source });
            }
        }
        Ok(written)
    }

    fn one(&mut self, write: &Write) -> io::Result<()> {
        let path = match fs::canonicalize(&write.path) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => write.path.clone(),
            Err(error) => return Err(error),
        };
        let content = match fs::read(&path) {
            Ok(bytes) => Some((bytes, activate::mode_of(&path)?.unwrap_or(0o644))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mode = content.as_ref().map_or(0o644, |(_, mode)| *mode);
        self.0.push(Before {
            made: missing_above(&path)?,
            path: path.clone(),
            content,
        });
        match &write.bytes {
            Some(bytes) => put(&path, bytes, with_executable(mode, write.executable)),
            None => delete(&path),
        }
    }

    /// What cannot be put back now is no worse than what the error tells of: running again goes on from there.
    pub(super) fn take_back(self) {
        for before in self.0.into_iter().rev() {
            drop(match before.content {
                Some((bytes, mode)) => put(&before.path, &bytes, mode),
                None => delete(&before.path),
            });
            for folder in before.made {
                drop(durable::remove_folder(&folder).and_then(|()| sync_above(&folder)));
            }
        }
    }
}

/// The folders above `path` that are not there, the deepest first.
fn missing_above(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut missing = Vec::new();
    for folder in path.ancestors().skip(1) {
        if folder.as_os_str().is_empty() || look::is_there(folder)? {
            break;
        }
        missing.push(folder.to_owned());
    }
    Ok(missing)
}

fn sync_above(path: &Path) -> io::Result<()> {
    durable::sync_folder(path.parent().unwrap_or(Path::new(".")))
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if let Some(above) = path.parent() {
        durable::make_folders(above)?;
    }
    durable::replace_file(path, bytes, mode)
}

fn delete(path: &Path) -> io::Result<()> {
    match durable::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_above(path),
    }
}

/// Whoever may read it may run it.
fn with_executable(mode: u32, executable: Option<bool>) -> u32 {
    match executable {
        Some(true) => mode | (mode & 0o444) >> 2,
        Some(false) => mode & !0o111,
        None => mode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_leaves_no_folder_behind() {
        let temporary = tempfile::tempdir().unwrap();
        let at = |name: &str| temporary.path().join(name);
        durable::make_folder(&at("there")).unwrap();
        durable::write_new(&at("there/old"), b"old", 0o644).unwrap();
        let write = |name: &str, bytes: &[u8]| Write {
            path: at(name),
            bytes: Some(bytes.to_vec()),
            executable: None,
        };
        let writes = [
            write("there/old", b"new"),
            write("there/made/deep/one", b"1"),
            write("there/made/two", b"2"),
            // A file has the place of its folder.
            write("there/old/three", b"3"),
        ];
        Written::apply(&writes).unwrap_err();
        assert_eq!(fs::read(at("there/old")).unwrap(), b"old");
        assert!(!look::is_there(&at("there/made")).unwrap());
        Written::apply(&writes[..3]).unwrap().take_back();
        assert_eq!(fs::read(at("there/old")).unwrap(), b"old");
        assert!(!look::is_there(&at("there/made")).unwrap());
        assert_eq!(fs::read_dir(at("there")).unwrap().count(), 1);
    }
}
