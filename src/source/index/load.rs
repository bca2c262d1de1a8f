//! One index of a manifest: read or fetched, proven, and never an older one than was seen.
//!
//! ```text
//! HOME/cache/indexes/<key>    the highest number that came from there under that key
//! ```

use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::Index;
use dgmo_schema::manifest::IndexSource;
use dgmo_store::durable;

use super::super::Downloads;
use super::super::Expected;
use super::super::FetchError;
use super::super::Request;
use super::super::redacted;
use super::IndexError;
use crate::home;
use crate::manifest;

/// The most bytes an index may have; the reader of YAML takes no more either.
const LARGEST: u64 = 1 << 20;

/// How an index is shown to people.
pub(super) fn shown(source: &IndexSource) -> String {
    match source {
        IndexSource::Path { path, .. } => path.clone(),
        IndexSource::Url { url, .. } => redacted(url),
    }
}

/// The index, if it can be believed at `now`.
pub(super) fn load(
    source: &IndexSource,
    downloads: &Downloads<'_>,
    now: Timestamp,
) -> Result<Index, IndexError> {
    let index = shown(source);
    let bytes = match source {
        IndexSource::Path {
            path,
            base,
            key: None,
        } => read(&home::locate(base, path))?,
        IndexSource::Path {
            path,
            base,
            key: Some(key),
        } => {
            let path = home::locate(base, path);
            let path = std::path::absolute(&path).unwrap_or(path);
            fetch(&format!("file:{}", path.display()), key, downloads, &index)?
        }
        IndexSource::Url { url, key } => fetch(url, key, downloads, &index)?,
    };
    let read = manifest::read_index(&index, &bytes).map_err(|problems| IndexError::Problems {
        index: index.clone(),
        problems,
    })?;
    if let Some(until) = read.expires.filter(|until| *until < now) {
        return Err(IndexError::Expired { index, until });
    }
    if let IndexSource::Url { url, key } = source {
        let name = Digest::of(format!("{}\n{key}", redacted(url)).as_bytes()).hex();
        let note = downloads.beside("indexes").join(&name[..32]);
        never_older(index, read.version, note)?;
    }
    Ok(read)
}

fn read(path: &Path) -> Result<Vec<u8>, IndexError> {
    let bytes = fs_err::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    bytes.map_err(|source| IndexError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// The bytes of a signed index. Without a network they are those that came last.
fn fetch(
    url: &str,
    key: &str,
    downloads: &Downloads<'_>,
    index: &str,
) -> Result<Vec<u8>, IndexError> {
    let expected = Expected {
        signer: Some(key.to_owned()),
        ..Expected::default()
    };
    let failed = |source: FetchError| IndexError::Fetch {
        index: index.to_owned(),
        source: Box::new(source),
    };
    let fetched = downloads
        .fetch(&Request::new("the index of tools", url, expected))
        .map_err(failed)?;
    let mut bytes = Vec::new();
    let read = fetched.file.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|source| IndexError::Unreadable {
        path: fetched.path,
        source,
    })?;
    Ok(bytes)
}

/// Refuses a number below the one that was seen, and keeps the highest.
fn never_older(index: String, found: u64, note: PathBuf) -> Result<(), IndexError> {
    let seen = match std::fs::read_to_string(&note) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(source) => return Err(IndexError::Note { path: note, source }),
    };
    if found < seen {
        return Err(IndexError::RolledBack {
            index,
            found,
            seen,
            note,
        });
    }
    if found == seen {
        return Ok(());
    }
    keep(&note, found).map_err(|source| IndexError::Note { path: note, source })
}

fn keep(note: &Path, number: u64) -> io::Result<()> {
    if let Some(folder) = note.parent() {
        durable::make_folders(folder)?;
    }
    durable::replace_file(note, format!("{number}\n").as_bytes(), 0o600)
}
