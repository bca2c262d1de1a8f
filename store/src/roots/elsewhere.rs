//! Where processes cannot be asked what they use.

use std::io;
use std::path::Path;

#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn each_path(_each: &mut dyn FnMut(u32, &Path)) -> io::Result<()> {
    Ok(())
}

pub(super) fn name_of(_process: u32) -> Option<String> {
    None
}
