//! What only Unix knows of a file.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The permission bits of what is at `path`.
pub(super) fn mode_of(path: &Path) -> io::Result<Option<u32>> {
    Ok(Some(fs::metadata(path)?.permissions().mode() & 0o777))
}
