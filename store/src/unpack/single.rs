//! One file out of a tar archive, read into memory: for what an archive says of itself.

use std::io::Read;

use dgmo_schema::manifest::Packing;
use tar::Archive;

use super::ReadSeek;
use super::UnpackError;
use super::decode;
use super::limit::Measure;
use super::limit::too_much;
use super::packing;
use super::read::Packed;
use super::read::damaged;

/// So many unpacked bytes are looked through.
const MOST: u64 = 1 << 30;

/// The bytes of the file `name`, at most `most`; nothing where the archive has no such file.
pub fn file_of_tar(
    archive: &mut dyn ReadSeek,
    how: Packing,
    name: &str,
    most: u64,
) -> Result<Option<Vec<u8>>, UnpackError> {
    packing::check(archive, how)?;
    let wrong = |source| damaged(name.as_bytes(), source);
    let decoder = decode::decoder(Packed::new(archive), how).map_err(wrong)?;
    let mut tar = Archive::new(decoder.take(MOST));
    for entry in tar.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let is_it =
            entry.header().entry_type().is_file() && *entry.path_bytes() == *name.as_bytes();
        if !is_it {
            continue;
        }
        if entry.size() > most {
            return Err(too_much(Measure::EntryBytes, most, name.as_bytes()));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(wrong)?;
        return Ok(Some(bytes));
    }
    Ok(None)
}
