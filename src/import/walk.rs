//! Looking through a folder of another tool, with an end in sight whatever it holds.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::DEEPEST;
use super::ImportError;
use super::MOST_ENTRIES;

/// How much may still be looked at.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    pub path: PathBuf,
    pub kind: EntryKind,
}

/// What it is, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    Link,
    /// A device, a socket, a pipe.
    Other,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In order of their names.
    pub entries: Vec<Entry>,
    /// Names that are not text, as far as they can be shown.
    pub odd: Vec<String>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self(Cell::new(MOST_ENTRIES))
    }

    /// Lists the folder, which is `depth` folders below where the looking began.
    pub(super) fn list(&self, folder: &Path, depth: usize) -> Result<Listing, ImportError> {
        let failed = |source| ImportError::Io {
            path: folder.to_owned(),
            source,
        };
        let too_large = |why| ImportError::TooLarge {
            path: folder.to_owned(),
            why,
        };
        if depth > DEEPEST {
            return Err(too_large("there are more than 64 folders within folders"));
        }
        let mut listing = Listing::default();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let left = self.0.get().checked_sub(1);
            self.0
                .set(left.ok_or_else(|| too_large("it has more than 100,000 files"))?);
            let kind = entry.file_type().map_err(failed)?;
            let kind = if kind.is_symlink() {
                EntryKind::Link
            } else if kind.is_dir() {
                EntryKind::Folder
            } else if kind.is_file() {
                EntryKind::File
            } else {
                EntryKind::Other
            };
            match entry.file_name().into_string() {
                Ok(name) => listing.entries.push(Entry {
                    name,
                    path: entry.path(),
                    kind,
                }),
                Err(name) => listing.odd.push(name.to_string_lossy().into_owned()),
            }
        }
        listing
            .entries
            .sort_by(|one, other| one.name.cmp(&other.name));
        Ok(listing)
    }
}
