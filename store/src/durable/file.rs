//! A file that is being written and that nobody else knows yet.

use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::Step;
use super::step;
use super::sync_step;
use super::sys;

/// A new file, opened for writing. It has its final mode from the start, even where that forbids writing.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    path: PathBuf,
    /// How many bytes were written since some were last sent to disk.
    waiting: u64,
}

/// So many bytes are sent to disk while the next are written: a sync at the end would wait for all of them at once.
const SENT_AT_ONCE: u64 = 8 << 20;

impl NewFile {
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self {
            file,
            path,
            waiting: 0,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file, to read from or to ask about; whoever writes uses [`Write`].
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Writes bytes that are nobody else's business: of the step only their number is told.
    pub fn write_secret(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { file, path, .. } = self;
        step(
            || Step::WriteSecret {
                path: path.clone(),
                length: bytes.len(),
            },
            || file.write_all(bytes),
        )
    }

    /// Brings its bytes to disk. Its name is on disk once its folder is synced too.
    pub fn sync(&self) -> io::Result<()> {
        sync_step(
            || Step::SyncFile {
                path: self.path.clone(),
            },
            || self.file.sync_all(),
        )
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { file, path, .. } = self;
        step(
            || Step::Write {
                path: path.clone(),
                bytes,
            },
            || file.write_all(bytes),
        )?;
        self.waiting += bytes.len() as u64;
        if self.waiting >= SENT_AT_ONCE {
            sys::send_to_disk(&mut self.file, self.waiting);
            self.waiting = 0;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
