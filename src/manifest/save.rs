//! Writes a manifest's text back.

use std::fs;
use std::io;
use std::path::Path;

use dgmo_store::durable;

/// Puts `text` in the place of the manifest at `path`, whole or not at all.
///
/// A link there is followed: people keep their manifest in a repository and link to it.
pub fn save_text(path: &Path, text: &str) -> io::Result<()> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let mode = super::platform::mode_of(&real)?.unwrap_or(0o644);
    durable::replace_file(&real, text.as_bytes(), mode)
}
