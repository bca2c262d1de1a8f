//! What a path of the target folder shall hold or holds.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use serde::Deserialize;
use serde::Serialize;

/// What dgmo puts at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Image {
    /// A link that says this.
    Link(PathBuf),
    /// A real file.
    Copy {
        /// Its content.
        blob: BlobId,
        /// Its permission bits.
        mode: u32,
    },
}

/// What is at a path now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// Nothing.
    Absent,
    /// A link that says this.
    Link(PathBuf),
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A device, a socket, a pipe.
    Other,
}

impl Live {
    /// Looks at `path`, without following a link there. Links come first: there are more of them than of all else.
    pub fn at(path: &Path) -> io::Result<Self> {
        match fs::read_link(path) {
            Ok(to) => return Ok(Self::Link(to)),
            Err(error) if says_absent(&error) => return Ok(Self::Absent),
            // Not a link; or a failure that the next call has too.
            Err(_) => {}
        }
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if says_absent(&error) => return Ok(Self::Absent),
            Err(error) => return Err(error),
        };
        let kind = metadata.file_type();
        Ok(if kind.is_symlink() {
            // It became one in between.
            Self::Link(fs::read_link(path)?)
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_file() {
            Self::File
        } else {
            Self::Other
        })
    }
}

/// A parent that is no folder means that there is nothing below it, too.
fn says_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl Image {
    /// Whether `path`, where `live` was seen, holds exactly this.
    pub fn is_at(&self, path: &Path, live: &Live) -> io::Result<bool> {
        match (self, live) {
            (Self::Link(to), Live::Link(text)) => Ok(to == text),
            (Self::Copy { blob, mode }, Live::File) => Ok(super::platform::mode_of(path)?
                .is_none_or(|found| found == *mode)
                && digest_of(path)? == blob.0),
            _ => Ok(false),
        }
    }
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().into())
}
