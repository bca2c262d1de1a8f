//! What only Windows knows of a file.

use std::io;
use std::path::Path;

/// There are no permission bits.
pub(super) fn mode_of(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}
