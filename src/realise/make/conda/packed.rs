//! The packing of conda's own: a zip in which two archives lie as they are, one for the package and one about it.
//!
//! What is in a zip is told by the directory at its end, and only that counts. But before each entry stands most of it too:
//! so what lies there can be read while it comes, and is what was meant if the directory says the same in the end.

use std::io;
use std::io::SeekFrom;

use dgmo_store::ReadSeek;
use zip::CompressionMethod;
use zip::ZipArchive;

/// Where in a file a part of it begins, and how many bytes it has.
pub(super) type Place = (u64, u64);

/// What an archive in it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Package,
    About,
}

fn holds(name: &str) -> Option<Holds> {
    match name.strip_suffix(".tar.zst")? {
        stem if stem.starts_with("pkg-") => Some(Holds::Package),
        stem if stem.starts_with("info-") => Some(Holds::About),
        _ => None,
    }
}

/// Where in it the archives are, that of the package first; what is wrong is told in words.
pub(super) fn parts(file: &mut dyn ReadSeek) -> Result<[Place; 2], String> {
    let reader = io::BufReader::new(file);
    let mut archive = ZipArchive::new(reader).map_err(|error| error.to_string())?;
    let (mut package, mut about) = (None, None);
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|error| error.to_string())?;
        let name = entry
            .name()
            .map_err(|error| error.to_string())?
            .into_owned();
        let found = match holds(&name) {
            Some(Holds::Package) => &mut package,
            Some(Holds::About) => &mut about,
            None => continue,
        };
        if entry.compression() != CompressionMethod::Stored {
            return Err(format!("`{name}` in it is compressed twice"));
        }
        let start = entry.data_start();
        let start = start.ok_or_else(|| format!("nobody knows where `{name}` begins in it"))?;
        if found.replace((start, entry.size())).is_some() {
            return Err(format!("`{name}` has a twin in it"));
        }
    }
    match (package, about) {
        (Some(package), Some(about)) => Ok([package, about]),
        _ => Err("it does not have both `pkg-*.tar.zst` and `info-*.tar.zst`".to_owned()),
    }
}

/// How an entry begins.
const MAGIC: &[u8; 4] = b"PK\x03\x04";
const HEADER: usize = 30;

/// Encrypted; its length follows it; its header is masked.
const UNTOLD: u16 = 1 | 1 << 3 | 1 << 13;

/// A length that is told in 64 bits behind the name.
const LONG: u32 = u32::MAX;

/// There are three.
const MOST_ENTRIES: usize = 16;

/// The archives as what stands before each tells of them, in the order they come; one of each kind at most.
#[derive(Debug)]
pub(super) struct Ahead {
    at: u64,
    /// Where the file ends.
    end: u64,
    entries: usize,
    seen: Vec<Holds>,
}

impl Ahead {
    pub(super) fn of(file: &mut dyn ReadSeek) -> io::Result<Self> {
        Ok(Self {
            at: 0,
            end: file.seek(SeekFrom::End(0))?,
            entries: 0,
            seen: Vec::new(),
        })
    }

    /// Where the next one is. Nothing where none follows, and where what follows does not tell how long it is: the directory
    /// will.
    pub(super) fn next(&mut self, file: &mut dyn ReadSeek) -> Option<Place> {
        while self.entries < MOST_ENTRIES {
            self.entries += 1;
            // What cannot be read now cannot be read then either, and is told then.
            let (name, place) = entry(file, self.at).ok()??;
            self.at = place
                .0
                .checked_add(place.1)
                .filter(|end| *end <= self.end)?;
            if let Some(holds) = holds(&name)
                && !self.seen.contains(&holds)
            {
                self.seen.push(holds);
                return Some(place);
            }
        }
        None
    }
}

/// The name and the place of the entry whose header is at `at`, if it is stored as it is and says so.
fn entry(file: &mut dyn ReadSeek, at: u64) -> io::Result<Option<(String, Place)>> {
    file.seek(SeekFrom::Start(at))?;
    let mut header = [0; HEADER];
    file.read_exact(&mut header)?;
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let long = |at| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
    if header[..4] != *MAGIC || short(6) & UNTOLD != 0 || short(8) != 0 {
        return Ok(None);
    }
    let mut name = vec![0; usize::from(short(26))];
    file.read_exact(&mut name)?;
    let mut more = vec![0; usize::from(short(28))];
    file.read_exact(&mut more)?;
    let len = match (long(18), long(22)) {
        (LONG, LONG) => long_length(&more),
        (packed, len) => (packed == len).then_some(u64::from(len)),
    };
    let start = at + (HEADER + name.len() + more.len()) as u64;
    let name = String::from_utf8(name).ok();
    Ok(name.zip(len).map(|(name, len)| (name, (start, len))))
}

/// The length among what stands behind the name: fields of a kind, a size and so many bytes.
fn long_length(mut fields: &[u8]) -> Option<u64> {
    loop {
        let (head, rest) = fields.split_first_chunk::<4>()?;
        let size = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (field, rest) = rest.split_at_checked(size)?;
        if head[..2] == [1, 0] {
            let (len, packed) = field.split_first_chunk::<8>()?;
            return (packed.first_chunk() == Some(len)).then_some(u64::from_le_bytes(*len));
        }
        fields = rest;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::io::Read;
    use std::io::Seek;
    use std::io::Write;

    use proptest::prelude::*;
    use proptest::sample::Index;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::super::super::part::Part;
    use super::*;

    fn packed(entries: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn stored() -> SimpleFileOptions {
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
    }

    /// What is told before each archive.
    fn ahead(bytes: &[u8]) -> Vec<Place> {
        let mut file = Cursor::new(bytes);
        let mut ahead = Ahead::of(&mut file).unwrap();
        std::iter::from_fn(|| ahead.next(&mut file)).collect()
    }

    const ENTRIES: [(&str, &[u8]); 3] = [
        ("metadata.json", b"{}"),
        ("info-a-1-0.tar.zst", b"about"),
        ("pkg-a-1-0.tar.zst", b"package"),
    ];

    #[test]
    fn both_parts_are_found_where_they_are() {
        for options in [stored(), stored().large_file(true)] {
            let bytes = packed(&ENTRIES, options);
            let places = parts(&mut Cursor::new(&bytes)).unwrap();
            let texts = places.map(|place| {
                let mut text = String::new();
                let mut file = Cursor::new(&bytes);
                let mut part = Part::new(&mut file, place);
                assert_eq!(part.seek(SeekFrom::End(0)).unwrap(), place.1);
                part.rewind().unwrap();
                part.read_to_string(&mut text).unwrap();
                text
            });
            assert_eq!(texts, ["package", "about"]);
            assert_eq!(ahead(&bytes), [places[1], places[0]]);
        }
        let lacking = packed(&ENTRIES[..2], stored());
        assert!(parts(&mut Cursor::new(lacking)).is_err());
        let twice = packed(&ENTRIES, SimpleFileOptions::default());
        assert!(
            parts(&mut Cursor::new(&twice))
                .unwrap_err()
                .contains("twice")
        );
        assert!(ahead(&twice).is_empty());
        assert!(parts(&mut Cursor::new(b"no zip")).is_err());
    }

    #[test]
    fn what_is_told_only_at_the_end_is_waited_for() {
        let mut zip = ZipWriter::new_stream(Vec::new());
        for (name, bytes) in ENTRIES {
            zip.start_file(name, stored()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert!(ahead(&bytes).is_empty());
        assert!(parts(&mut Cursor::new(&bytes)).is_ok());
    }

    #[test]
    fn one_of_each_kind_is_looked_at() {
        let names: Vec<String> = (0..40).map(|it| format!("pkg-{it}.tar.zst")).collect();
        let entries: Vec<(&str, &[u8])> = names.iter().map(|it| (it.as_str(), &b"x"[..])).collect();
        assert_eq!(ahead(&packed(&entries, stored())).len(), 1);
    }

    proptest! {
        #[test]
        fn whatever_stands_there_it_ends_and_lies_within_the_file(
            at: Index, byte: u8, length: Index, is_long: bool,
        ) {
            let mut bytes = packed(&ENTRIES, stored().large_file(is_long));
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let bytes = &bytes[..length.index(bytes.len())];
            for (start, length) in ahead(bytes) {
                prop_assert!(start + length <= bytes.len() as u64);
            }
        }
    }
}
