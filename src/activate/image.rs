//! What a path of the target folder shall hold or holds.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::SecretSource;
use serde::Deserialize;
use serde::Serialize;

use super::Seal;

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
    /// A real file with a secret, which is written down nowhere.
    Secret {
        /// Where it comes from.
        from: SecretSource,
        /// What it is known by, under the home's own key.
        seal: Digest,
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
            // Not a link: `EINVAL`.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput || cfg!(windows) => {}
            Err(error) => return Err(error),
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
    /// What is at `path`, as something dgmo could have put there; nothing for folders and the like.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        Ok(match Live::at(path)? {
            Live::Link(to) => Some(Self::Link(to)),
            Live::File => Some(Self::Copy {
                blob: BlobId(digest_of(path)?),
                mode: super::platform::mode_of(path)?.unwrap_or(0o644),
            }),
            Live::Absent | Live::Folder | Live::Other => None,
        })
    }

    /// The same, for its owner alone.
    pub(super) fn private(image: &Self) -> Self {
        match image.clone() {
            Self::Secret { from, seal, .. } => Self::Secret {
                from,
                seal,
                mode: 0o600,
            },
            image => image,
        }
    }

    /// Whether `path`, where `live` was seen, holds exactly this.
    pub fn is_at(&self, path: &Path, live: &Live, seal: &Seal) -> io::Result<bool> {
        match (self, live) {
            (Self::Link(to), Live::Link(text)) => Ok(to == text),
            (Self::Copy { blob, mode }, Live::File) => {
                Ok(has_mode(path, *mode)? && digest_of(path)? == blob.0)
            }
            (
                Self::Secret {
                    from,
                    seal: known,
                    mode,
                },
                Live::File,
            ) => Ok(has_mode(path, *mode)? && seal.of_file(from, path)?.as_ref() == Some(known)),
            _ => Ok(false),
        }
    }
}

fn has_mode(path: &Path, mode: u32) -> io::Result<bool> {
    Ok(super::platform::mode_of(path)?.is_none_or(|found| found == mode))
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().into())
}
