//! The manifest and the lock as they were before an edit, to put back what cannot be switched to.

use std::fs;
use std::io;
use std::path::PathBuf;

use dgmo_store::durable;

use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::want::Resolved;

/// An edited manifest and its lock as they were: an edit that cannot be switched to is taken back.
pub(super) struct Texts(Vec<(PathBuf, Option<Vec<u8>>)>);

impl Texts {
    pub(super) fn read(request: &SwitchRequest, resolved: &Resolved) -> Result<Self> {
        if request.new_text.is_none() {
            return Ok(Self(Vec::new()));
        }
        let paths = [&resolved.loaded.path, &resolved.lock_path];
        let texts = paths.into_iter().map(|path| match fs::read(path) {
            Ok(bytes) => Ok((path.clone(), Some(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((path.clone(), None)),
            Err(error) => Err(OpError::io("read", path)(error)),
        });
        Ok(Self(texts.collect::<std::result::Result<_, _>>()?))
    }

    /// What cannot be written back now is no worse than what the error tells of; running again helps with both.
    pub(super) fn restore(self) {
        for (path, text) in self.0 {
            match text {
                Some(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    drop(crate::manifest::save_text(&path, &text));
                }
                None => drop(durable::remove_file(&path)),
            }
        }
    }
}
