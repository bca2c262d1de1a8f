//! The crash record of a change of the target folder: empty at rest.
//!
//! It is on disk before the first op and gone after the last. The pointer decides: if it names `to`, the rest is done;
//! else what was done is undone. A change that keeps the pointer where it is (`from` = `to`) is always finished.

use std::fs;
use std::io;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_store::durable;
use dgmo_store::look;
use serde::Deserialize;
use serde::Serialize;

use super::ActivateError;
use super::Footprint;
use super::Op;
use crate::home::Profile;

/// What was about to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The format; 1.
    pub(super) format: u32,
    /// Where the pointer was.
    pub from: GenerationNumber,
    /// Where it shall be.
    pub to: GenerationNumber,
    /// Done before the pointer moves, in order.
    pub before: Vec<Op>,
    /// Done after.
    pub after: Vec<Op>,
    /// What the profile holds when all is done.
    pub footprint: Footprint,
}

fn path(profile: &Profile) -> PathBuf {
    profile.journal().join("switch.json")
}

impl Journal {
    /// Whether a change of `profile` is under way or was interrupted.
    pub fn is_open(profile: &Profile) -> Result<bool, ActivateError> {
        let path = path(profile);
        look::is_there(&path).map_err(|source| ActivateError::io("look at", &path, source))
    }

    pub(super) fn read(profile: &Profile) -> Result<Option<Self>, ActivateError> {
        let path = path(profile);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ActivateError::io("read", &path, source)),
        };
        match serde_json::from_slice(&text) {
            Ok(journal) => Ok(Some(journal)),
            Err(source) => Err(ActivateError::Damaged { path, source }),
        }
    }

    pub(super) fn write(&self, profile: &Profile) -> Result<(), ActivateError> {
        let text = serde_json::to_vec(self).expect("a journal has string keys");
        durable::replace_file(&path(profile), &text, 0o644)
            .map_err(|source| ActivateError::io("write", &path(profile), source))
    }

    /// Ends it. On disk before this returns, so that a later change cannot be taken for this one.
    pub(super) fn close(profile: &Profile) -> Result<(), ActivateError> {
        let path = path(profile);
        let failed = |source| ActivateError::io("remove", &path, source);
        match durable::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        durable::sync_folder(&profile.journal()).map_err(failed)
    }
}
