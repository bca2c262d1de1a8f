//! The files an adoption writes: all known before the first is touched, and taken back if the switch fails.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_store::durable;

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
        }
    }
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
        Ok(()) => durable::sync_folder(path.parent().unwrap_or(Path::new("."))),
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
