//! Windows has no permission bits to compare.

use std::io;
use std::path::Path;

/// The permission bits of a file; nothing where the system has none.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn mode_of(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}
