//! Packages in the packing of conda's own, unpacked as their bytes come.

use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::Packing;
use dgmo_store::Added;
use dgmo_store::Content;
use dgmo_store::Insertion;
use dgmo_store::ReadSeek;
use dgmo_store::Unpack;
use dgmo_store::UnpackError;
use dgmo_store::Unproven;

use super::super::Making;
use super::super::part::Part;
use super::packed;
use super::packed::Ahead;
use super::packed::Place;
use crate::realise::PackageError;
use crate::realise::graft::Graft;

/// A package that was unpacked, of which it is not known yet whether it is the right one.
pub(in crate::realise::make) struct Packed<'a> {
    /// What it has, and what is told about it.
    parts: Vec<Unproven<'a>>,
}

/// A part that was unpacked before the directory told of it.
type Early<'a> = (Place, Result<Unproven<'a>, UnpackError>);

/// Unpacks the packing of conda's own, as its bytes come.
pub(in crate::realise::make) fn unpack<'a>(
    insertion: &'a Insertion<'_>,
    piece: &Piece,
    bytes: &mut dyn ReadSeek,
) -> Result<Packed<'a>, PackageError> {
    let mut early = Vec::new();
    if let Ok(mut ahead) = Ahead::of(bytes) {
        while let Some(place) = ahead.next(bytes) {
            early.push((place, unpack_part(insertion, bytes, place)));
        }
    }
    unpack_told(insertion, piece, bytes, early)
}

/// Takes those parts that the directory tells of, and no others; what was not unpacked yet is now.
fn unpack_told<'a>(
    insertion: &'a Insertion<'_>,
    piece: &Piece,
    bytes: &mut dyn ReadSeek,
    mut early: Vec<Early<'a>>,
) -> Result<Packed<'a>, PackageError> {
    let failed = |source| PackageError::Unpack {
        url: piece.file.clone(),
        source,
    };
    let places = packed::parts(bytes).map_err(|what| {
        failed(UnpackError::Unsupported {
            name: piece.file.clone(),
            what,
        })
    })?;
    let mut parts = Vec::with_capacity(places.len());
    for place in places {
        let known = early.iter().position(|(at, _)| *at == place);
        let part = match known {
            Some(known) => early.swap_remove(known).1,
            None => unpack_part(insertion, bytes, place),
        };
        parts.push(part.map_err(failed)?);
    }
    Ok(Packed { parts })
}

fn unpack_part<'a>(
    insertion: &'a Insertion<'_>,
    bytes: &mut dyn ReadSeek,
    place: Place,
) -> Result<Unproven<'a>, UnpackError> {
    let how = Unpack::new(Packing::TarZst);
    insertion.unpack_unproven(&mut Part::new(bytes, place), &how)
}

impl Packed<'_> {
    /// Makes it a part of what is put together: both parts laid over each other.
    pub(in crate::realise::make) fn keep(self, making: &Making<'_>) -> Result<Added, PackageError> {
        let mut graft = Graft::new(making.insertion);
        let mut whole: Option<Added> = None;
        for part in self.parts {
            let tree = part.tree();
            let added = part.keep()?;
            graft.lay("", tree)?;
            match &mut whole {
                Some(whole) => {
                    whole.files += added.files;
                    whole.bytes += added.bytes;
                    whole.new_objects += added.new_objects;
                    whole.new_bytes += added.new_bytes;
                    whole.warnings.extend(added.warnings);
                }
                None => whole = Some(added),
            }
        }
        let mut added = whole.expect("it has two parts");
        added.content = Content::Folder(graft.finish()?);
        Ok(added)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::io::Cursor;
    use std::io::Read;
    use std::io::Seek;
    use std::io::SeekFrom;
    use std::io::Write;

    use dgmo_schema::event::Silent;
    use dgmo_schema::id::Digest;
    use dgmo_schema::id::TreeId;
    use dgmo_schema::manifest::ExpectedDigest;
    use dgmo_store::Store;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use zip::CompressionMethod;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn tar(path: &str, bytes: &[u8]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes).unwrap();
        zstd::encode_all(&*tar.into_inner().unwrap(), 1).unwrap()
    }

    /// A package whose entries come in this order, as two who pack write them.
    fn package(order: &[usize], is_long: bool) -> Vec<u8> {
        let entries = [
            ("metadata.json", b"{}".to_vec()),
            ("info-a-1-0.tar.zst", tar("info/index.json", b"{}")),
            ("pkg-a-1-0.tar.zst", tar("bin/a", b"program")),
        ];
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in order.iter().map(|at| &entries[*at]) {
            zip.start_file(*name, stored.large_file(is_long)).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    /// What a package becomes when it is read as it comes, and when it is waited for.
    fn both(bytes: &[u8]) -> [Result<Vec<TreeId>, String>; 2] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(folder.path()).unwrap();
        let insertion = store.begin(&Silent).unwrap();
        let piece = Piece {
            name: "a".to_owned(),
            version: "1".to_owned(),
            file: "lab/noarch/a-1-0.conda".to_owned(),
            size: None,
            digest: ExpectedDigest::Blake3(Digest::of(bytes)),
            unpack: None,
            at: String::new(),
        };
        let trees = |packed: Result<Packed<'_>, PackageError>| match packed {
            Ok(packed) => Ok(packed.parts.iter().map(Unproven::tree).collect()),
            Err(error) => Err(format!("{error:?}")),
        };
        let comes = trees(unpack(&insertion, &piece, &mut Cursor::new(bytes)));
        let told = unpack_told(&insertion, &piece, &mut Cursor::new(bytes), Vec::new());
        [comes, trees(told)]
    }

    #[test]
    fn a_package_is_what_its_directory_says_however_it_is_read() {
        for order in [[0, 1, 2], [2, 1, 0]] {
            let [comes, told] = both(&package(&order, true));
            assert_eq!(comes.unwrap(), told.unwrap());
        }
        // What stands before an entry says that it is shorter, or is about another one.
        let whole = package(&[0, 1, 2], false);
        let heads: Vec<usize> = (0..whole.len() - 4)
            .filter(|at| whole[*at..].starts_with(b"PK\x03\x04"))
            .collect();
        for at in &heads[1..] {
            for (field, value) in [(18, 1), (22, 1), (30, b'x'), (6, 8), (8, 8), (26, 0)] {
                let mut lies = whole.clone();
                lies[at + field] = value;
                let [comes, told] = both(&lies);
                assert_eq!(comes, told, "{field}");
            }
        }
    }

    /// Tells how far it was read.
    struct Told<'a>(Cursor<&'a [u8]>, u64);

    impl Read for Told<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(buffer)?;
            self.1 = self.1.max(self.0.position());
            Ok(count)
        }
    }

    impl Seek for Told<'_> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn nothing_behind_a_part_is_needed_to_unpack_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(folder.path()).unwrap();
        let insertion = store.begin(&Silent).unwrap();
        let bytes = package(&[0, 2, 1], true);
        let mut told = Told(Cursor::new(&bytes), 0);
        let mut ahead = Ahead::of(&mut told).unwrap();
        let mut count = 0;
        while let Some(place) = ahead.next(&mut told) {
            unpack_part(&insertion, &mut told, place).unwrap();
            assert!(told.1 <= place.0 + place.1);
            count += 1;
        }
        assert_eq!(count, 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_wrong_is_the_same_as_when_it_is_waited_for(
            changes in vec((any::<Index>(), any::<u8>()), 0..4), cut: Option<Index>, is_long: bool,
        ) {
            let mut bytes = package(&[0, 2, 1], is_long);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let [comes, told] = both(&bytes);
            prop_assert_eq!(comes, told);
        }
    }
}
