//! Compression, undone while reading, in bounded memory.

use std::io;
use std::io::Read;

use bzip2::read::MultiBzDecoder;
use dgmo_schema::manifest::Packing;
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;

/// What an xz stream may ask for, in KiB: three times what its highest preset needs.
const XZ_MEMORY: u32 = 192 << 10;

/// The bytes of a compressed document as they were before; a tar archive or a program is not taken apart.
pub fn decoded<'a>(packed: impl Read + 'a, packing: Packing) -> io::Result<Box<dyn Read + 'a>> {
    decoder(packed, packing)
}

/// The bytes of `packed` as they were before `packing` compressed them. All members or frames of a stream are read,
/// and where the format has a checksum, it is checked at the end of each.
pub(super) fn decoder<'a>(
    packed: impl Read + 'a,
    packing: Packing,
) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match packing {
        Packing::Gz | Packing::TarGz => Box::new(MultiGzDecoder::new(packed)),
        Packing::Xz | Packing::TarXz => {
            let buffered = io::BufReader::with_capacity(64 << 10, packed);
            Box::new(XzReader::new_mem_limit(buffered, true, XZ_MEMORY))
        }
        // The library's own limit, a window of 128 MiB, holds.
        Packing::Zst | Packing::TarZst => Box::new(zstd::stream::read::Decoder::new(packed)?),
        Packing::Bz2 | Packing::TarBz2 => Box::new(MultiBzDecoder::new(packed)),
        Packing::Program | Packing::Tar | Packing::Zip => {
            Box::new(io::BufReader::with_capacity(64 << 10, packed))
        }
    })
}

/// Whether the compression itself tells where the stream ends, so that one cut short is noticed.
pub(super) fn knows_its_end(packing: Packing) -> bool {
    !matches!(packing, Packing::Program | Packing::Tar)
}
