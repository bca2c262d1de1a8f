//! Pins: roots that people make by name. They stay until they are deleted.
//!
//! ```text
//! pins/NAME.json       {"format": 1, "tree": "b3:…", "note": "…"}   or "blob" for "tree"
//! pins/.<unique>       a pin being written; a leftover is deleted by the next collecting
//! ```

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PinName;
use serde::Deserialize;
use serde::Serialize;

use super::Root;
use super::RootError;
use crate::durable;
use crate::failure::WriteError;
use crate::guard::ExclusiveGuard;
use crate::guard::SharedGuard;
use crate::platform;
use crate::store::Store;

/// A root made by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub name: PinName,
    pub root: Root,
    /// Why it was made, if its maker said.
    pub note: Option<String>,
}

/// A pin as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    format: Format,
    #[serde(flatten)]
    root: WrittenRoot,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenRoot {
    Tree(TreeId),
    Blob(BlobId),
}

/// The number of the only format there is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Format;

impl TryFrom<u32> for Format {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self),
            _ => Err("a format this version does not know"),
        }
    }
}

impl From<Format> for u32 {
    fn from(_: Format) -> Self {
        1
    }
}

impl Store {
    /// Makes a pin, in place of one with the same name. It is on disk before this returns.
    ///
    /// The guard is only proof: without it, the object could be collected before the pin is there.
    pub fn pin(&self, pin: &Pin, _proof: &SharedGuard) -> Result<(), RootError> {
        if !pin.root.is_in(self)? {
            let id = pin.root.id();
            return Err(RootError::Missing { id });
        }
        let folder = self.layout().pins();
        let path = path_of(&folder, &pin.name);
        let staged = folder.join(format!(".{:016x}", platform::unique()));
        let mut text = serde_json::to_vec_pretty(&Written::from(pin)).expect("it is plain data");
        text.push(b'\n');
        let written = durable::write_new(&staged, &text, 0o644).and_then(|file| file.sync());
        if let Err(error) = written {
            // If it cannot be deleted either, the next collecting does it.
            drop(durable::remove_file(&staged));
            return Err(WriteError::new(&staged, error).into());
        }
        durable::rename(&staged, &path).map_err(WriteError::at(&path))?;
        durable::sync_folder(&folder).map_err(WriteError::at(&folder))?;
        Ok(())
    }

    /// Deletes a pin; whether it was there.
    pub fn unpin(&self, name: &PinName) -> Result<bool, RootError> {
        let folder = self.layout().pins();
        let path = path_of(&folder, name);
        match durable::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(WriteError::new(path, error).into()),
        }
        durable::sync_folder(&folder).map_err(WriteError::at(&folder))?;
        Ok(true)
    }

    /// All pins, by name.
    pub fn pins(&self) -> Result<Vec<Pin>, RootError> {
        let mut pins = Vec::new();
        for path in files_in(&self.layout().pins())? {
            let Some(name) = name_of(&path) else {
                continue;
            };
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                // Deleted since the folder was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(RootError::Read { path, source }),
            };
            let written: Written = serde_json::from_slice(&bytes)
                .map_err(|source| RootError::DamagedPin { path, source })?;
            pins.push(written.into_pin(name));
        }
        pins.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(pins)
    }

    /// Deletes what crashes while pinning left. Nobody pins while the guard is held.
    pub(crate) fn sweep_unfinished_pins(&self, _proof: &ExclusiveGuard) -> Result<(), RootError> {
        for path in files_in(&self.layout().pins())? {
            let name = path.file_name().unwrap_or_default();
            if name.as_encoded_bytes().starts_with(b".") {
                durable::remove_file(&path).map_err(WriteError::at(&path))?;
            }
        }
        Ok(())
    }
}

impl From<&Pin> for Written {
    fn from(pin: &Pin) -> Self {
        Self {
            format: Format,
            root: match pin.root {
                Root::Tree(id) => WrittenRoot::Tree(id),
                Root::Blob(id) => WrittenRoot::Blob(id),
            },
            note: pin.note.clone(),
        }
    }
}

impl Written {
    fn into_pin(self, name: PinName) -> Pin {
        Pin {
            name,
            root: match self.root {
                WrittenRoot::Tree(id) => Root::Tree(id),
                WrittenRoot::Blob(id) => Root::Blob(id),
            },
            note: self.note,
        }
    }
}

fn path_of(folder: &Path, name: &PinName) -> PathBuf {
    folder.join(format!("{name}.json"))
}

fn name_of(path: &Path) -> Option<PinName> {
    path.file_name()?
        .to_str()?
        .strip_suffix(".json")?
        .parse()
        .ok()
}

/// The paths in a folder; none if there is no such folder.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, RootError> {
    let unread = |source| RootError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(unread(source)),
    };
    let paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>();
    paths.map_err(unread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dgmo_schema::event::Silent;

    fn store_with_a_blob() -> (tempfile::TempDir, Store, BlobId) {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        let insertion = store.begin(&Silent).unwrap();
        let id = insertion.add_bytes(b"kept", false).unwrap();
        insertion.commit().unwrap();
        (home, store, id)
    }

    #[test]
    fn a_pin_reads_back_until_it_is_deleted() {
        let (_home, store, id) = store_with_a_blob();
        let guard = store.share().unwrap();
        let pin = Pin {
            name: "keep-me".parse().unwrap(),
            root: Root::Blob(id),
            note: Some("for the demo".to_owned()),
        };
        store.pin(&pin, &guard).unwrap();
        store.pin(&pin, &guard).unwrap();
        assert_eq!(store.pins().unwrap(), std::slice::from_ref(&pin));
        assert!(store.unpin(&pin.name).unwrap());
        assert!(!store.unpin(&pin.name).unwrap());
        assert_eq!(store.pins().unwrap(), []);
    }

    #[test]
    fn what_is_not_there_cannot_be_pinned_and_damage_is_never_taken_for_nothing() {
        let (_home, store, _) = store_with_a_blob();
        let guard = store.share().unwrap();
        let mut pin = Pin {
            name: "gone".parse().unwrap(),
            root: Root::Tree(TreeId(dgmo_schema::id::Digest::of(b"gone"))),
            note: None,
        };
        assert!(matches!(
            store.pin(&pin, &guard),
            Err(RootError::Missing { .. })
        ));
        for damaged in ["", "{}", r#"{"format": 2, "tree": "b3:00"}"#] {
            pin.note = None;
            let path = store.layout().pins().join("bad.json");
            durable::replace_file(&path, damaged.as_bytes(), 0o644).unwrap();
            assert!(matches!(store.pins(), Err(RootError::DamagedPin { .. })));
        }
    }
}
