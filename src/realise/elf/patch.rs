//! A program for Linux made to ask for another loader and other folders.
//!
//! What does not fit where it was comes behind the end of the file, in a segment of its own, together with the table of
//! segments, which has to grow by one. Nothing else moves, so nothing that points anywhere has to be found.
//!
//! ```text
//! header* | old segments | everything as it was*  | new segments | new names | new loader
//! ```
//!
//! It is ours and not a library's because programs come from anybody: those that can rewrite them take memory as a damaged
//! file tells them to, and end the process where there is none.

use super::append::Place;
use super::append::append;
use super::image::Image;
use super::image::Segment;

const STRINGS_SIZE: u64 = 10;

/// Zeros at the end of a file that are nobody's.
const MOST_PADDING: usize = 16;

/// What is to be changed; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::realise) struct Change {
    pub(in crate::realise) loader: Option<String>,
    /// The folders libraries are looked for in; an empty text: none.
    pub(in crate::realise) folders: Option<String>,
}

/// Why a program cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::realise) enum Unpatchable {
    #[error("its tables do not fit together")]
    Damaged,
    #[error("it has something of its own behind its end, which would move")]
    Payload,
    #[error("it has too much that is in memory only")]
    Room,
}

/// The changed program.
pub(in crate::realise) fn patched(bytes: Vec<u8>, change: &Change) -> Result<Vec<u8>, Unpatchable> {
    let mut image = Image::of(bytes).ok_or(Unpatchable::Damaged)?;
    let mut added = Added::default();
    if let Some(loader) = &change.loader {
        set_loader(&mut image, loader, &mut added).ok_or(Unpatchable::Damaged)?;
    }
    if let Some(folders) = &change.folders {
        set_folders(&mut image, folders, &mut added).ok_or(Unpatchable::Damaged)?;
    }
    if added.is_empty() {
        return Ok(image.bytes);
    }
    let end = image.end().ok_or(Unpatchable::Damaged)?;
    let behind = usize::try_from(end)
        .ok()
        .and_then(|end| image.bytes.get(end..));
    let behind = behind.ok_or(Unpatchable::Damaged)?;
    if behind.len() > MOST_PADDING || behind.iter().any(|byte| *byte != 0) {
        return Err(Unpatchable::Payload);
    }
    let place = Place::of(&image)?;
    append(&mut image, &added, place).ok_or(Unpatchable::Damaged)?;
    Ok(image.bytes)
}

/// What does not fit where it was.
#[derive(Default)]
pub(super) struct Added {
    pub(super) names: Option<Names>,
    pub(super) loader: Option<Loader>,
}

/// All names of the dynamic table, with new ones behind them.
pub(super) struct Names {
    pub(super) text: Vec<u8>,
    /// Where the old ones are in the file.
    pub(super) old: u64,
    /// The entries that say where names are, and how long they are altogether.
    pub(super) entries: (usize, usize),
}

pub(super) struct Loader {
    pub(super) text: Vec<u8>,
    pub(super) segment: Segment,
}

impl Added {
    fn is_empty(&self) -> bool {
        self.names.is_none() && self.loader.is_none()
    }
}

fn set_loader(image: &mut Image, loader: &str, added: &mut Added) -> Option<()> {
    let segment = image.segments().find(|it| it.kind == super::INTERPRETER)?;
    let room = image.stretch(segment.offset, segment.size)?;
    let mut text = loader.as_bytes().to_vec();
    text.push(0);
    if text.len() <= room.len() {
        // The rest is zeros: whoever reads it stops at the first one.
        text.resize(room.len(), 0);
        image.bytes[room].copy_from_slice(&text);
    } else {
        added.loader = Some(Loader { text, segment });
    }
    Some(())
}

fn set_folders(image: &mut Image, folders: &str, added: &mut Added) -> Option<()> {
    let dynamic = image.segments().find(|it| it.kind == super::DYNAMIC)?;
    let table = image.stretch(dynamic.offset, dynamic.size)?;
    let entry = image.shape.entry;
    let word = image.shape.word;
    let places = table.clone().step_by(entry);
    let places: Vec<usize> = places.filter(|at| at + entry <= table.end).collect();
    let tag = |at: usize| image.number(at);
    let end = places.iter().position(|at| tag(*at) == Some(0));
    let entries = &places[..end.unwrap_or(places.len())];
    let find = |wanted: u64| entries.iter().copied().find(|at| tag(*at) == Some(wanted));
    let paths: Vec<usize> = entries
        .iter()
        .copied()
        .filter(|at| matches!(tag(*at), Some(super::RPATH | super::RUNPATH)))
        .collect();
    if folders.is_empty() {
        remove(image, entries, &paths)?;
        return Some(());
    }
    let (strings, size) = (find(super::STRINGS)?, find(STRINGS_SIZE)?);
    let count = image.number(size + word)?;
    let old = image.loaded(image.number(strings + word)?, count)?;
    let mut text = image.bytes[old.clone()].to_vec();
    for at in &paths {
        image.write(at + word, text.len() as u64)?;
    }
    text.extend_from_slice(folders.as_bytes());
    text.push(0);
    added.names = Some(Names {
        text,
        old: old.start as u64,
        entries: (strings, size),
    });
    (!paths.is_empty()).then_some(())
}

/// Takes entries out of a table; those behind them move up.
fn remove(image: &mut Image, entries: &[usize], gone: &[usize]) -> Option<()> {
    let size = image.shape.entry;
    let kept = entries.iter().filter(|at| !gone.contains(at));
    let kept: Vec<u8> = kept
        .flat_map(|at| image.bytes[*at..at + size].to_vec())
        .collect();
    let begin = *entries.first()?;
    let table = image.bytes.get_mut(begin..begin + entries.len() * size)?;
    table.fill(0);
    table[..kept.len()].copy_from_slice(&kept);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::append::MOST_ROOM;
    use super::super::append::PAGE;
    use super::super::append::TABLE;
    use super::super::read;
    use super::super::shape::Shape;
    use super::*;

    /// A program as small as one can be: its segments, its names, its loader, and a table of where these are.
    fn sample(bits: u8) -> Vec<u8> {
        let start = [0x7f, b'E', b'L', b'F', if bits == 64 { 2 } else { 1 }, 1, 1];
        let shape = Shape::of(&start).unwrap();
        let names = b"\0libx.so\0/opt/foo/lib\0";
        let loader = b"/opt/foo/ld.so\0";
        let (names_at, loader_at, table_at) = (0x200_u64, 0x240_u64, 0x280_u64);
        let table = [
            (1, 1),
            (5, 0x40_0000 + names_at),
            (STRINGS_SIZE, names.len() as u64),
            (29, 9),
            (0, 0),
        ];
        let table_size = (table.len() * shape.entry) as u64;
        let size = table_at + table_size;
        let segment = |kind: u32, offset: u64, size: u64, in_memory: u64| {
            let address = 0x40_0000 + offset;
            let values = [offset, address, address, size, in_memory, PAGE];
            shape.segment(kind, 6, values).unwrap()
        };
        let (header, all) = (shape.header as u64, 4 * shape.segment as u64);
        let loader_size = loader.len() as u64;
        let segments = [
            segment(TABLE, header, all, all),
            segment(super::super::INTERPRETER, loader_at, loader_size, 15),
            // With something that is in memory only.
            segment(super::super::LOAD, 0, size, 0x5000),
            segment(super::super::DYNAMIC, table_at, table_size, table_size),
        ]
        .concat();
        let mut bytes = start.to_vec();
        bytes.resize(shape.header, 0);
        bytes[18] = if bits == 64 { 62 } else { 3 };
        bytes[shape.segments_at] = u8::try_from(shape.header).unwrap();
        bytes[shape.sizes_at] = u8::try_from(shape.segment).unwrap();
        bytes[shape.sizes_at + 2] = 4;
        bytes[shape.sizes_at + 4] = u8::try_from(shape.section).unwrap();
        bytes.extend_from_slice(&segments);
        for (at, what) in [(names_at, &names[..]), (loader_at, &loader[..])] {
            bytes.resize(usize::try_from(at).unwrap(), 0);
            bytes.extend_from_slice(what);
        }
        bytes.resize(usize::try_from(table_at).unwrap(), 0);
        for (tag, value) in table {
            bytes.extend(shape.bytes_of(tag).unwrap());
            bytes.extend(shape.bytes_of(value).unwrap());
        }
        bytes
    }

    fn change(loader: &str, folders: &str) -> Change {
        Change {
            loader: Some(loader.to_owned()),
            folders: Some(folders.to_owned()),
        }
    }

    #[test]
    fn what_was_changed_is_read_again() {
        let changes = [
            (
                "/lib64/a-loader-of-some-length.so",
                "$ORIGIN/../lib:/usr/lib",
            ),
            ("/ld.so", "$ORIGIN"),
            ("/ld.so", ""),
        ];
        for (bits, (loader, folders)) in [64, 32]
            .into_iter()
            .flat_map(|it| changes.map(|of| (it, of)))
        {
            let before = read(&mut Cursor::new(sample(bits))).unwrap().unwrap();
            assert_eq!(before.folders, ["/opt/foo/lib"]);
            assert_eq!(before.loader.as_deref(), Some("/opt/foo/ld.so"));
            let new = patched(sample(bits), &change(loader, folders)).unwrap();
            let read = read(&mut Cursor::new(&new)).unwrap().unwrap();
            assert_eq!(read.loader.as_deref(), Some(loader));
            assert_eq!(read.folders.join(":"), folders);
            assert_eq!(read.needed, before.needed);
            // What is in memory only is not where the new things are.
            let image = Image::of(new).unwrap();
            let loaded: Vec<Segment> = image.segments().filter(|it| it.kind == 1).collect();
            for pair in loaded.windows(2) {
                assert!(pair[0].address + pair[0].in_memory <= pair[1].address);
            }
        }
    }

    #[test]
    fn what_is_behind_the_end_does_not_move() {
        let mut bytes = sample(64);
        bytes.extend_from_slice(b"a program's own archive");
        let long = change("/lib64/a-loader-of-some-length.so", "");
        assert_eq!(patched(bytes.clone(), &long), Err(Unpatchable::Payload));
        // What fits is written where it was.
        let new = patched(bytes.clone(), &change("/lib/ld.so", "")).unwrap();
        assert_eq!(new.len(), bytes.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_damaged_program_breaks_nothing(
            changes in prop::collection::vec((0usize..0x2d0, any::<u8>()), 1..8),
            cut in 0usize..0x2d0,
            is_cut in any::<bool>(),
            is_wide in any::<bool>(),
        ) {
            let mut bytes = sample(if is_wide { 64 } else { 32 });
            for (at, byte) in changes {
                if let Some(there) = bytes.get_mut(at) {
                    *there = byte;
                }
            }
            if is_cut {
                bytes.truncate(cut);
            }
            let length = bytes.len() as u64;
            if let Ok(new) = patched(bytes, &change("/lib64/a-loader-of-some-length.so", "$ORIGIN/x")) {
                prop_assert!(new.len() as u64 <= length + MOST_ROOM + (4 << 21));
            }
        }
    }
}
