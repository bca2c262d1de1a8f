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

use super::image::ENTRY;
use super::image::Image;
use super::image::SEGMENT;
use super::image::Segment;
use super::image::long;

const TABLE: u32 = 6;

const STRINGS_SIZE: u64 = 10;

/// The most bytes a file may grow by beside what is new in it: zeros for what a program has in memory only.
const MOST_ROOM: u64 = 64 << 20;

/// How pages lie everywhere, at least.
const PAGE: u64 = 4096;

/// The largest alignment that is honest.
const LARGEST_ALIGNMENT: u64 = 1 << 21;

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
struct Added {
    names: Option<Names>,
    loader: Option<Loader>,
}

/// All names of the dynamic table, with new ones behind them.
struct Names {
    text: Vec<u8>,
    /// Where the old ones are in the file.
    old: u64,
    /// The entries that say where names are, and how long they are altogether.
    entries: (usize, usize),
}

struct Loader {
    text: Vec<u8>,
    segment: Segment,
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
    let places = table.clone().step_by(ENTRY);
    let places: Vec<usize> = places.filter(|at| at + ENTRY <= table.end).collect();
    let tag = |at: usize| long(&image.bytes, at);
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
    let count = long(&image.bytes, size + 8)?;
    let old = image.loaded(long(&image.bytes, strings + 8)?, count)?;
    let mut text = image.bytes[old.clone()].to_vec();
    for at in &paths {
        image.write(at + 8, text.len() as u64);
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
    let kept = entries.iter().filter(|at| !gone.contains(at));
    let kept: Vec<u8> = kept
        .flat_map(|at| image.bytes[*at..at + ENTRY].to_vec())
        .collect();
    let begin = *entries.first()?;
    let table = image.bytes.get_mut(begin..begin + entries.len() * ENTRY)?;
    table.fill(0);
    table[..kept.len()].copy_from_slice(&kept);
    Some(())
}

/// Where the new segment begins.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    address: u64,
    alignment: u64,
}

impl Place {
    /// Behind all there is, in the file and in memory. Both are as far from their beginning as for the first segment:
    /// older kernels tell the loader where the table is by its place in the file.
    fn of(image: &Image) -> Result<Self, Unpatchable> {
        let loaded: Vec<Segment> = image
            .segments()
            .filter(|it| it.kind == super::LOAD)
            .collect();
        let first = loaded.first().ok_or(Unpatchable::Damaged)?;
        let base = first.address.checked_sub(first.offset);
        let base = base.ok_or(Unpatchable::Damaged)?;
        let mut alignment = PAGE;
        let mut beyond = 0;
        for segment in &loaded {
            alignment = alignment.max(segment.alignment);
            let end = segment.address.checked_add(segment.in_memory);
            beyond = end.ok_or(Unpatchable::Damaged)?.max(beyond);
        }
        if alignment > LARGEST_ALIGNMENT || !alignment.is_power_of_two() || base % PAGE != 0 {
            return Err(Unpatchable::Damaged);
        }
        let file = image.bytes.len() as u64;
        let in_memory = beyond.checked_sub(base).ok_or(Unpatchable::Damaged)?;
        if in_memory > file.saturating_add(MOST_ROOM) {
            return Err(Unpatchable::Room);
        }
        let offset = file.max(in_memory).next_multiple_of(alignment);
        let address = offset.checked_add(base).ok_or(Unpatchable::Damaged)?;
        Ok(Self {
            offset,
            address,
            alignment,
        })
    }
}

/// Puts what is new behind the end, and leads to it.
fn append(image: &mut Image, added: &Added, place: Place) -> Option<()> {
    let count = image.segments().count() + 1;
    let mut at = (count * SEGMENT) as u64;
    let mut next = |size: usize| {
        let begin = at;
        at = (at + size as u64).next_multiple_of(8);
        (place.address + begin, place.offset + begin, size as u64)
    };
    let names = added.names.as_ref().map(|it| (it, next(it.text.len())));
    let loader = added.loader.as_ref().map(|it| (it, next(it.text.len())));
    let size = at;
    if let Some((names, to)) = names {
        image.write(names.entries.0 + 8, to.0);
        image.write(names.entries.1 + 8, to.2);
        for section in image.sections_at(names.old) {
            image.move_section(section, to);
        }
    }
    if let Some((loader, to)) = loader {
        for section in image.sections_at(loader.segment.offset) {
            image.move_section(section, to);
        }
        move_segment(image, loader.segment, to);
    }
    let table = image.segments().find(|it| it.kind == TABLE);
    if let Some(table) = table {
        let size = (count * SEGMENT) as u64;
        move_segment(image, table, (place.address, place.offset, size));
    }
    let table = grown_table(image, place, size)?;
    image.bytes.resize(usize::try_from(place.offset).ok()?, 0);
    image.bytes.extend_from_slice(&table);
    for (text, (_, offset, _)) in [
        names.map(|(names, to)| (&names.text, to)),
        loader.map(|(loader, to)| (&loader.text, to)),
    ]
    .into_iter()
    .flatten()
    {
        image.bytes.resize(usize::try_from(offset).ok()?, 0);
        image.bytes.extend_from_slice(text);
    }
    image
        .bytes
        .resize(usize::try_from(place.offset + size).ok()?, 0);
    image.write(32, place.offset);
    let count = u16::try_from(count).ok()?;
    image.bytes[56..58].copy_from_slice(&count.to_le_bytes());
    Some(())
}

fn move_segment(image: &mut Image, segment: Segment, (address, offset, size): (u64, u64, u64)) {
    for (at, value) in [
        (8, offset),
        (16, address),
        (24, address),
        (32, size),
        (40, size),
    ] {
        image.write(segment.at + at, value);
    }
}

/// The table of segments with the new one behind the last that is loaded: they lie in the order of their addresses.
fn grown_table(image: &Image, place: Place, size: u64) -> Option<Vec<u8>> {
    let mut table = image.bytes.get(image.segments.clone())?.to_vec();
    let last = image.segments().rfind(|it| it.kind == super::LOAD)?;
    let mut segment = Vec::with_capacity(SEGMENT);
    segment.extend_from_slice(&super::LOAD.to_le_bytes());
    // Only read.
    segment.extend_from_slice(&4_u32.to_le_bytes());
    for value in [
        place.offset,
        place.address,
        place.address,
        size,
        size,
        place.alignment,
    ] {
        segment.extend_from_slice(&value.to_le_bytes());
    }
    let at = last.at + SEGMENT - image.segments.start;
    table.splice(at..at, segment);
    Some(table)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::read;
    use super::*;

    /// A program as small as one can be: its segments, its names, its loader, and a table of where these are.
    fn sample() -> Vec<u8> {
        let names = b"\0libx.so\0/opt/foo/lib\0";
        let loader = b"/opt/foo/ld.so\0";
        let (names_at, loader_at) = (0x200_u64, 0x240_u64);
        let table_at = 0x280_u64;
        let table: Vec<u64> = vec![
            1,
            1,
            5,
            0x40_0000 + names_at,
            STRINGS_SIZE,
            names.len() as u64,
            29,
            9,
            0,
            0,
        ];
        let size = table_at + table.len() as u64 * 8;
        let segment = |kind: u32, offset: u64, size: u64, in_memory: u64| {
            let mut bytes = kind.to_le_bytes().to_vec();
            bytes.extend_from_slice(&6_u32.to_le_bytes());
            let address = 0x40_0000 + offset;
            for value in [offset, address, address, size, in_memory, PAGE] {
                bytes.extend_from_slice(&value.to_le_bytes());
            }
            bytes
        };
        let segments = [
            segment(TABLE, 64, 4 * 56, 4 * 56),
            segment(
                super::super::INTERPRETER,
                loader_at,
                loader.len() as u64,
                15,
            ),
            // With something that is in memory only.
            segment(super::super::LOAD, 0, size, 0x5000),
            segment(
                super::super::DYNAMIC,
                table_at,
                size - table_at,
                size - table_at,
            ),
        ]
        .concat();
        let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
        bytes.resize(64, 0);
        bytes[18] = 62;
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 4;
        bytes[58] = 64;
        bytes.extend_from_slice(&segments);
        for (at, what) in [(names_at, &names[..]), (loader_at, &loader[..])] {
            bytes.resize(usize::try_from(at).unwrap(), 0);
            bytes.extend_from_slice(what);
        }
        bytes.resize(usize::try_from(table_at).unwrap(), 0);
        bytes.extend(table.iter().flat_map(|value| value.to_le_bytes()));
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
        let before = read(&mut Cursor::new(sample())).unwrap().unwrap();
        assert_eq!(before.folders, ["/opt/foo/lib"]);
        for (loader, folders) in [
            (
                "/lib64/a-loader-of-some-length.so",
                "$ORIGIN/../lib:/usr/lib",
            ),
            ("/ld.so", "$ORIGIN"),
            ("/ld.so", ""),
        ] {
            let new = patched(sample(), &change(loader, folders)).unwrap();
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
        let mut bytes = sample();
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
        ) {
            let mut bytes = sample();
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
