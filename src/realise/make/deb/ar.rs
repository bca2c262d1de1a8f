//! What a `.deb` is: an `ar` archive of a version, a description and the content.

use std::io;
use std::io::SeekFrom;

use dgmo_schema::manifest::Packing;
use dgmo_store::ReadSeek;

use super::super::part::Part;

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER: usize = 60;

/// There are three, and some have one more.
const MOST_MEMBERS: usize = 16;

/// The members of a package, one after the other: they may be read while they come.
pub(super) struct Members<'r> {
    reader: &'r mut dyn ReadSeek,
    /// Where the next one is.
    at: u64,
    /// Where the last one ends.
    end: u64,
    seen: usize,
}

/// One member.
pub(super) struct Member<'r> {
    pub(super) holds: Holds,
    pub(super) part: Part<'r>,
}

/// What a member holds, and how it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    About(Packing),
    Content(Packing),
    Other,
}

impl<'r> Members<'r> {
    /// Looks whether it is a package; else says what is wrong.
    pub(super) fn of(reader: &'r mut dyn ReadSeek) -> Result<Self, String> {
        let end = reader.seek(SeekFrom::End(0)).map_err(told)?;
        reader.seek(SeekFrom::Start(0)).map_err(told)?;
        let mut magic = [0; MAGIC.len()];
        reader.read_exact(&mut magic).map_err(told)?;
        if magic != *MAGIC {
            return Err("it is no package of Debian's kind".to_owned());
        }
        Ok(Self {
            reader,
            at: MAGIC.len() as u64,
            end,
            seen: 0,
        })
    }

    /// The next member, if there is one more.
    pub(super) fn next(&mut self) -> Result<Option<Member<'_>>, String> {
        if self.at >= self.end || self.seen == MOST_MEMBERS {
            return Ok(None);
        }
        self.seen += 1;
        self.reader.seek(SeekFrom::Start(self.at)).map_err(told)?;
        let mut header = [0; HEADER];
        self.reader.read_exact(&mut header).map_err(told)?;
        let (name, len) = member(&header).ok_or("a part of it has no name and size")?;
        let start = self.at + HEADER as u64;
        if self.end.checked_sub(start).is_none_or(|left| len > left) {
            return Err("it is cut short".to_owned());
        }
        self.at = start + len + len % 2;
        let packed = |stem: &str| name.strip_prefix(stem).and_then(packing);
        let holds = match (packed("control.tar"), packed("data.tar")) {
            (Some(packing), _) => Holds::About(packing),
            (_, Some(packing)) => Holds::Content(packing),
            _ => Holds::Other,
        };
        let part = Part::new(&mut *self.reader, (start, len));
        Ok(Some(Member { holds, part }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: io::Error) -> String {
    error.to_string()
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::io::Read;
    use std::io::Seek;
    use std::io::Write;

    use super::*;

    fn package(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for (name, content) in members {
            let len = content.len();
            writeln!(
                bytes,
                "{name:<16}0           0     0     100644  {len:<10}`"
            )
            .unwrap();
            bytes.extend_from_slice(content);
            if len % 2 == 1 {
                bytes.push(b'\n');
            }
        }
        bytes
    }

    /// What each member holds, and its bytes.
    fn all(bytes: &[u8]) -> Result<Vec<(Holds, Vec<u8>)>, String> {
        let mut reader = Cursor::new(bytes);
        let mut members = Members::of(&mut reader)?;
        let mut all = Vec::new();
        while let Some(mut member) = members.next()? {
            let mut content = Vec::new();
            member.part.read_to_end(&mut content).unwrap();
            all.push((member.holds, content));
        }
        Ok(all)
    }

    #[test]
    fn the_members_are_found_and_read() {
        let bytes = package(&[
            ("debian-binary", b"2.0\n"),
            ("control.tar.gz", b"odd"),
            ("data.tar.xz/", b"content"),
            ("data.tar.lzma", b"?"),
        ]);
        let expected = [
            (Holds::Other, b"2.0\n".to_vec()),
            (Holds::About(Packing::TarGz), b"odd".to_vec()),
            (Holds::Content(Packing::TarXz), b"content".to_vec()),
            (Holds::Other, b"?".to_vec()),
        ];
        assert_eq!(all(&bytes).unwrap(), expected);
        let mut reader = Cursor::new(&bytes);
        let mut members = Members::of(&mut reader).unwrap();
        members.next().unwrap();
        members.next().unwrap();
        let mut part = members.next().unwrap().unwrap().part;
        part.seek(SeekFrom::End(-3)).unwrap();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        assert_eq!(text, "ent");
    }

    #[test]
    fn what_is_cut_or_no_archive_is_refused() {
        let whole = package(&[("control.tar", b"x"), ("data.tar", b"content")]);
        let complete = all(&whole).unwrap();
        // Only the byte that makes the last member even may be missing; what ends between two has fewer.
        let between = MAGIC.len() + HEADER + 2;
        for cut in 0..whole.len() - 1 {
            let found = all(&whole[..cut]);
            let fewer = [MAGIC.len(), between - 1, between].contains(&cut);
            assert_eq!(found.is_ok(), fewer, "{cut}");
            assert_ne!(found.as_ref().ok(), Some(&complete), "{cut}");
        }
        assert_eq!(all(&whole[..whole.len() - 1]).unwrap(), complete);
    }
}
