//! What a `.deb` is: an `ar` archive of a version, a description and the content.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

use dgmo_schema::manifest::Packing;

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER: usize = 60;

/// There are three, and some have one more.
const MOST_MEMBERS: usize = 16;

/// A part of a file, as if it were one.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    start: u64,
    len: u64,
    at: u64,
}

/// The two parts of a package, and how each is packed.
pub(super) struct Parts {
    pub(super) about: (Part, Packing),
    pub(super) content: (Part, Packing),
}

/// Finds the parts; else says what is wrong.
pub(super) fn parts(file: &File) -> Result<Parts, String> {
    let told = |error: io::Error| error.to_string();
    let mut reader = file.try_clone().map_err(told)?;
    let whole = reader.seek(SeekFrom::End(0)).map_err(told)?;
    reader.seek(SeekFrom::Start(0)).map_err(told)?;
    let mut magic = [0; MAGIC.len()];
    reader.read_exact(&mut magic).map_err(told)?;
    if magic != *MAGIC {
        return Err("it is no package of Debian's kind".to_owned());
    }
    let (mut about, mut content) = (None, None);
    let mut at = MAGIC.len() as u64;
    for _ in 0..MOST_MEMBERS {
        if at >= whole {
            break;
        }
        reader.seek(SeekFrom::Start(at)).map_err(told)?;
        let mut header = [0; HEADER];
        reader.read_exact(&mut header).map_err(told)?;
        let (name, len) = member(&header).ok_or("a part of it has no name and size")?;
        let start = at + HEADER as u64;
        if len > whole - start {
            return Err("it is cut short".to_owned());
        }
        let part = || {
            let file = file.try_clone().map_err(told)?;
            Ok::<_, String>(Part {
                file,
                start,
                len,
                at: 0,
            })
        };
        let packed = |stem: &str| name.strip_prefix(stem).and_then(packing);
        if let (Some(packing), true) = (packed("control.tar"), about.is_none()) {
            about = Some((part()?, packing));
        } else if let (Some(packing), true) = (packed("data.tar"), content.is_none()) {
            content = Some((part()?, packing));
        }
        at = start + len + len % 2;
    }
    match (about, content) {
        (Some(about), Some(content)) => Ok(Parts { about, content }),
        _ => Err("it has no content that can be unpacked".to_owned()),
    }
}

/// The name of a part and how many bytes it has.
fn member(header: &[u8; HEADER]) -> Option<(String, u64)> {
    let text = |range: std::ops::Range<usize>| std::str::from_utf8(&header[range]).ok();
    if header[58..] != *b"`\n" {
        return None;
    }
    let name = text(0..16)?.trim_end().trim_end_matches('/').to_owned();
    Some((name, text(48..58)?.trim_end().parse().ok()?))
}

fn packing(ending: &str) -> Option<Packing> {
    Some(match ending {
        "" => Packing::Tar,
        ".gz" => Packing::TarGz,
        ".xz" => Packing::TarXz,
        ".zst" => Packing::TarZst,
        ".bz2" => Packing::TarBz2,
        _ => return None,
    })
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len - self.at;
        let most = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        // Both parts read from one file: where it stands is nobody's to keep.
        self.file.seek(SeekFrom::Start(self.start + self.at))?;
        let count = self.file.read(&mut buffer[..most])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Part {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?.min(self.len);
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(members: &[(&str, &[u8])]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(MAGIC).unwrap();
        for (name, content) in members {
            let len = content.len();
            writeln!(file, "{name:<16}0           0     0     100644  {len:<10}`").unwrap();
            file.write_all(content).unwrap();
            if len % 2 == 1 {
                file.write_all(b"\n").unwrap();
            }
        }
        file
    }

    #[test]
    fn the_parts_are_found_and_read() {
        let members: [(&str, &[u8]); 3] = [
            ("debian-binary", b"2.0\n"),
            ("control.tar.gz", b"odd"),
            ("data.tar.xz/", b"content"),
        ];
        let mut parts = parts(&file(&members)).unwrap();
        assert_eq!(
            (parts.about.1, parts.content.1),
            (Packing::TarGz, Packing::TarXz)
        );
        let mut text = String::new();
        parts.content.0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "content");
        parts.content.0.seek(SeekFrom::End(-3)).unwrap();
        text.clear();
        parts.content.0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "ent");
        assert!(super::parts(&file(&members[..2])).is_err());
        assert!(super::parts(&file(&[("data.tar.lzma", b"")])).is_err());
    }

    #[test]
    fn what_is_cut_or_no_archive_is_refused() {
        let whole = file(&[("control.tar", b"x"), ("data.tar", b"content")]);
        let length = whole.metadata().unwrap().len();
        for cut in 0..length {
            let cut_short = whole.try_clone().unwrap();
            let mut bytes = Vec::new();
            let mut reader = &cut_short;
            reader.seek(SeekFrom::Start(0)).unwrap();
            reader.take(cut).read_to_end(&mut bytes).unwrap();
            let mut copy = tempfile::tempfile().unwrap();
            copy.write_all(&bytes).unwrap();
            // Only the byte that makes the last part even may be missing.
            assert_eq!(parts(&copy).is_ok(), cut + 1 == length, "{cut}");
        }
    }
}
