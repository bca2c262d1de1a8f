//! How bytes are packed: told by a file's name or by its first bytes.

use std::io;
use std::io::Read;
use std::io::SeekFrom;

use dgmo_schema::manifest::Packing;

use super::ReadSeek;
use super::UnpackError;

/// Endings, the longer before those they end with.
const ENDINGS: &[(&str, Packing)] = &[
    (".tar.gz", Packing::TarGz),
    (".tar.xz", Packing::TarXz),
    (".tar.zst", Packing::TarZst),
    (".tar.zstd", Packing::TarZst),
    (".tar.bz2", Packing::TarBz2),
    (".tgz", Packing::TarGz),
    (".txz", Packing::TarXz),
    (".tzst", Packing::TarZst),
    (".tbz2", Packing::TarBz2),
    (".tbz", Packing::TarBz2),
    (".crate", Packing::TarGz),
    (".tar", Packing::Tar),
    (".zip", Packing::Zip),
    (".whl", Packing::Zip),
    (".gz", Packing::Gz),
    (".xz", Packing::Xz),
    (".zst", Packing::Zst),
    (".bz2", Packing::Bz2),
];

/// How a file called `name` is packed. Any ending we do not know, or none, is a program.
pub fn packing_of(name: &str) -> Packing {
    let name = name.to_ascii_lowercase();
    ENDINGS
        .iter()
        .find(|(ending, _)| name.len() > ending.len() && name.ends_with(ending))
        .map_or(Packing::Program, |(_, packing)| *packing)
}

/// How bytes that start with `start` are packed, where their first 512 tell it; compression hides whether there is
/// a tar archive or a program inside, and then the compression alone is told.
pub fn packing_of_bytes(start: &[u8]) -> Option<Packing> {
    let packing = match start {
        [0x1f, 0x8b, ..] => Packing::Gz,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Packing::Xz,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zst,
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Packing::Bz2,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Packing::Zip,
        _ if start.len() >= 262 && &start[257..262] == b"ustar" => Packing::Tar,
        _ if is_program(start) => Packing::Program,
        _ => return None,
    };
    Some(packing)
}

/// Whether bytes that start so can be run: ELF, Mach-O of either width and order, universal Mach-O, or a script.
pub(super) fn is_program(start: &[u8]) -> bool {
    const UNIVERSAL: [u8; 4] = [0xca, 0xfe, 0xba, 0xbe];
    match start {
        [0x7f, b'E', b'L', b'F', ..]
        | [b'#', b'!', ..]
        | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
        | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => true,
        // Java classes begin the same; there the next number is a version of 45 or more, here a count of a few.
        [a, b, c, d, 0, 0, 0, count, ..] => [*a, *b, *c, *d] == UNIVERSAL && *count < 20,
        _ => false,
    }
}

/// Refuses bytes that are clearly packed in another way than `expected`, and goes back to their start.
pub(super) fn check(archive: &mut dyn ReadSeek, expected: Packing) -> Result<(), UnpackError> {
    let start = first_bytes(archive).map_err(|source| UnpackError::Read { source })?;
    let found = packing_of_bytes(&start);
    let fits = match expected {
        // Anything may be called a program, but one that is packed would only be noticed when it is run.
        Packing::Program => matches!(found, None | Some(Packing::Program)),
        Packing::Gz | Packing::TarGz => found == Some(Packing::Gz),
        Packing::Xz | Packing::TarXz => found == Some(Packing::Xz),
        // A Zstandard stream may begin with frames to skip.
        Packing::Zst | Packing::TarZst => matches!(found, None | Some(Packing::Zst)),
        Packing::Bz2 | Packing::TarBz2 => found == Some(Packing::Bz2),
        // Old tar archives have no magic, and a zip may have a program before it.
        Packing::Tar => matches!(found, None | Some(Packing::Tar)),
        Packing::Zip => matches!(found, None | Some(Packing::Zip | Packing::Program)),
    };
    if fits {
        return Ok(());
    }
    Err(UnpackError::WrongPacking {
        expected,
        found: describe(found, &start),
    })
}

fn describe(found: Option<Packing>, start: &[u8]) -> &'static str {
    match found {
        Some(Packing::Gz) => "gzip",
        Some(Packing::Xz) => "xz",
        Some(Packing::Zst) => "Zstandard",
        Some(Packing::Bz2) => "bzip2",
        Some(Packing::Zip) => "zip",
        Some(Packing::Tar) => "tar, not compressed",
        Some(_) => "a program, not packed",
        None if start.is_empty() => "an empty file",
        None if start.trim_ascii_start().starts_with(b"<") => "a web page",
        None => "nothing we know",
    }
}

fn first_bytes(archive: &mut dyn ReadSeek) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(512);
    archive.take(512).read_to_end(&mut start)?;
    archive.seek(SeekFrom::Start(0))?;
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_tells_the_packing() {
        for (name, packing) in [
            ("helix-25.1-x86_64-linux.tar.xz", Packing::TarXz),
            ("A.TAR.GZ", Packing::TarGz),
            ("a.tgz", Packing::TarGz),
            ("a.tar.zst", Packing::TarZst),
            ("a.tbz2", Packing::TarBz2),
            ("a.tar", Packing::Tar),
            ("ruff-0.9.whl", Packing::Zip),
            ("jq.gz", Packing::Gz),
            ("jq.zst", Packing::Zst),
            ("jq-1.7-linux", Packing::Program),
            (".gz", Packing::Program),
            ("kubectl", Packing::Program),
            ("tool.exe", Packing::Program),
        ] {
            assert_eq!(packing_of(name), packing, "{name}");
        }
    }

    #[test]
    fn the_first_bytes_tell_it_too() {
        assert_eq!(packing_of_bytes(b"\x1f\x8b\x08"), Some(Packing::Gz));
        assert_eq!(packing_of_bytes(b"PK\x03\x04"), Some(Packing::Zip));
        assert_eq!(packing_of_bytes(b"\x7fELF"), Some(Packing::Program));
        assert_eq!(packing_of_bytes(b"<!DOCTYPE html>"), None);
        assert_eq!(packing_of_bytes(b""), None);
        assert!(is_program(b"\xca\xfe\xba\xbe\0\0\0\x02"));
        assert!(!is_program(b"\xca\xfe\xba\xbe\0\0\0\x34"), "a Java class");
    }
}
