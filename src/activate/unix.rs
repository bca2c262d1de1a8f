//! What only Unix knows of a file.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The permission bits of a file; nothing where the system has none.
pub(crate) fn mode_of(path: &Path) -> io::Result<Option<u32>> {
    Ok(Some(
        fs::symlink_metadata(path)?.permissions().mode() & 0o7777,
    ))
}
