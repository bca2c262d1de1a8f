//! What a profile holds in the target folder: links, copies, folders made, files set aside.
//!
//! `footprint.json` is written after a change of the target folder is complete and before its journal goes; so with
//! an empty journal it is exact. The target folder is written down once more, in `target`: a footprint that is damaged
//! can be told again from the generations, but not where they were.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use dgmo_schema::name::TargetPath;
use dgmo_store::durable;
use serde::Deserialize;
use serde::Serialize;

use super::ActivateError;
use super::Image;
use crate::home::Profile;

/// What a profile holds in the target folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// The format; 1.
    pub(super) format: u32,
    /// The target folder.
    pub target: PathBuf,
    /// What we put where.
    pub entries: BTreeMap<TargetPath, Image>,
    /// Folders that were not there before.
    pub folders: BTreeSet<TargetPath>,
    /// Where files that were in the way are now.
    pub aside: BTreeMap<TargetPath, TargetPath>,
    /// Entries that were there before, exactly as they shall be: they stay when we go.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub found: BTreeSet<TargetPath>,
    /// Links of the user that showed the same as what we put in their place, and what they said: they come back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub taken: BTreeMap<TargetPath, PathBuf>,
}

impl Footprint {
    /// Nothing yet, in `target`.
    pub fn empty(target: PathBuf) -> Self {
        Self {
            format: 1,
            target,
            entries: BTreeMap::new(),
            folders: BTreeSet::new(),
            aside: BTreeMap::new(),
            found: BTreeSet::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.folders.is_empty()
            && self.aside.is_empty()
            && self.taken.is_empty()
    }

    /// Reads that of `profile`; nothing where none was written yet.
    pub fn load(profile: &Profile) -> Result<Option<Self>, ActivateError> {
        let path = profile.footprint();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ActivateError::io("read", &path, source)),
        };
        match serde_json::from_slice(&text) {
            Ok(footprint) => Ok(Some(footprint)),
            Err(source) => Err(ActivateError::Damaged { path, source }),
        }
    }

    /// The target folder the profile had last, whatever became of its footprint.
    pub fn last_target(profile: &Profile) -> Result<Option<PathBuf>, ActivateError> {
        let path = profile.target();
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|source| ActivateError::io("read", &path, source))?,
        };
        let target: Option<PathBuf> = serde_json::from_slice(&text).ok();
        Ok(target.filter(|target| target.is_absolute()))
    }

    /// Writes it; the caller holds the profile's guard.
    pub fn save(&self, profile: &Profile) -> Result<(), ActivateError> {
        if Self::last_target(profile)?.as_ref() != Some(&self.target) {
            let text = serde_json::to_vec(&self.target).unwrap_or_default();
            let path = profile.target();
            durable::replace_file(&path, &text, 0o644)
                .map_err(|source| ActivateError::io("write", &path, source))?;
        }
        let mut text = serde_json::to_vec(self).expect("a footprint has string keys");
        text.push(b'\n');
        let path = profile.footprint();
        durable::replace_file(&path, &text, 0o644)
            .map_err(|source| ActivateError::io("write", &path, source))
    }
}
