//! Single programs, compressed or not: they become `bin/NAME`.

use super::Sink;
use super::Unpack;
use super::UnpackError;
use super::decode;
use super::grow::Growing;
use super::grow::GrownFile;
use super::read::Counted;
use super::read::Packed;
use super::read::damaged;
use crate::tree::EntryName;

pub(super) fn unpack(
    packed: Packed<'_>,
    how: &Unpack,
    growing: &mut Growing<'_>,
    sink: &dyn Sink,
) -> Result<(), UnpackError> {
    let name = how.program.as_deref().unwrap_or_default();
    let refused = || UnpackError::ProgramName {
        name: name.to_owned(),
    };
    let file_name = EntryName::new(name.as_bytes()).map_err(|_| refused())?;
    let bin = EntryName::new(b"bin").map_err(|_| refused())?;
    growing.budget().entry(name.as_bytes())?;
    let bytes =
        decode::decoder(packed, how.packing).map_err(|source| damaged(name.as_bytes(), source))?;
    let mut content = Counted::new(bytes, growing.budget(), name.as_bytes(), None);
    let result = sink.file(&mut content, true);
    let (id, size) = content.settle(result)?;
    let file = GrownFile {
        id,
        executable: true,
        size,
    };
    growing.file(&[bin, file_name], file)
}
