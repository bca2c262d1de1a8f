//! What is new in a program for Linux, put behind its end in a segment of its own.

use super::image::Image;
use super::image::Segment;
use super::patch::Added;
use super::patch::Unpatchable;

pub(super) const TABLE: u32 = 6;

const ONLY_READ: u32 = 4;

/// The most bytes a file may grow by beside what is new in it: zeros for what a program has in memory only.
pub(super) const MOST_ROOM: u64 = 64 << 20;

/// How pages lie everywhere, at least.
pub(super) const PAGE: u64 = 4096;

/// The largest alignment that is honest.
const LARGEST_ALIGNMENT: u64 = 1 << 21;

/// Where the new segment begins.
#[derive(Clone, Copy)]
pub(super) struct Place {
    offset: u64,
    address: u64,
    alignment: u64,
}

impl Place {
    /// Behind all there is, in the file and in memory. Both are as far from their beginning as for the first segment:
    /// older kernels tell the loader where the table is by its place in the file.
    pub(super) fn of(image: &Image) -> Result<Self, Unpatchable> {
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
pub(super) fn append(image: &mut Image, added: &Added, place: Place) -> Option<()> {
    let shape = image.shape;
    let count = image.segments().count() + 1;
    let table_size = (count * shape.segment) as u64;
    let mut at = table_size.next_multiple_of(8);
    let mut next = |size: usize| {
        let begin = at;
        at = (at + size as u64).next_multiple_of(8);
        (place.address + begin, place.offset + begin, size as u64)
    };
    let names = added.names.as_ref().map(|it| (it, next(it.text.len())));
    let loader = added.loader.as_ref().map(|it| (it, next(it.text.len())));
    let size = at;
    if let Some((names, to)) = names {
        image.write(names.entries.0 + shape.word, to.0)?;
        image.write(names.entries.1 + shape.word, to.2)?;
        for section in image.sections_at(names.old) {
            image.move_section(section, to)?;
        }
    }
    if let Some((loader, to)) = loader {
        for section in image.sections_at(loader.segment.offset) {
            image.move_section(section, to)?;
        }
        image.move_segment(loader.segment.at, to)?;
    }
    let table = image.segments().find(|it| it.kind == TABLE);
    if let Some(table) = table {
        let to = (place.address, place.offset, table_size);
        image.move_segment(table.at, to)?;
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
    image.write(shape.segments_at, place.offset)?;
    let count = u16::try_from(count).ok()?;
    let at = shape.sizes_at + 2;
    image.bytes[at..at + 2].copy_from_slice(&count.to_le_bytes());
    Some(())
}

/// The table of segments with the new one behind the last that is loaded: they lie in the order of their addresses.
fn grown_table(image: &Image, place: Place, size: u64) -> Option<Vec<u8>> {
    let shape = image.shape;
    let mut table = image.bytes.get(image.segments.clone())?.to_vec();
    let last = image.segments().rfind(|it| it.kind == super::LOAD)?;
    let Place {
        offset,
        address,
        alignment,
    } = place;
    let values = [offset, address, address, size, size, alignment];
    let segment = shape.segment(super::LOAD, ONLY_READ, values)?;
    let at = last.at + shape.segment - image.segments.start;
    table.splice(at..at, segment);
    Some(table)
}
