//! The bytes of a program for Linux, and the places in them that say where what is.
//!
//! ```text
//! header | segments: what the kernel and the loader read | … | sections: what other tools read
//! ```

use std::ops::Range;

use super::shape::Shape;
use super::shape::four;
use super::shape::half;

/// Sections without bytes of their own.
const NO_BYTES: u32 = 8;

/// A whole file whose tables all lie within it.
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    pub(super) shape: &'static Shape,
    pub(super) segments: Range<usize>,
    sections: Range<usize>,
}

impl Image {
    /// Understands a file; nothing where a table of it is not.
    pub(super) fn of(bytes: Vec<u8>) -> Option<Self> {
        let shape = Shape::of(&bytes)?;
        let head = bytes.get(..shape.header)?;
        let number = |index: usize| half(head, shape.sizes_at + index * 2);
        let (segment, segments) = (number(0)?, number(1)?);
        let (section, sections) = (number(2)?, number(3)?);
        if segment != shape.segment || (sections > 0 && section != shape.section) {
            return None;
        }
        let table = |at: usize, count: usize, size: usize| {
            let begin = usize::try_from(shape.number(&bytes, at)?).ok()?;
            let end = begin.checked_add(count * size)?;
            (end <= bytes.len()).then_some(begin..end)
        };
        let segments = table(shape.segments_at, segments, shape.segment)?;
        let sections = if sections == 0 {
            0..0
        } else {
            table(shape.sections_at, sections, shape.section)?
        };
        Some(Self {
            bytes,
            shape,
            segments,
            sections,
        })
    }

    /// The number at a place.
    pub(super) fn number(&self, at: usize) -> Option<u64> {
        self.shape.number(&self.bytes, at)
    }

    /// Where each segment is described.
    pub(super) fn segments(&self) -> impl DoubleEndedIterator<Item = Segment> {
        let places = self.segments.clone().step_by(self.shape.segment);
        places.filter_map(|at| self.segment(at))
    }

    fn segment(&self, at: usize) -> Option<Segment> {
        let [offset, address, _, size, in_memory, alignment] = self.shape.of_segment;
        let number = |place: usize| self.number(at + place);
        Some(Segment {
            at,
            kind: four(&self.bytes, at)?,
            offset: number(offset)?,
            address: number(address)?,
            size: number(size)?,
            in_memory: number(in_memory)?,
            alignment: number(alignment)?,
        })
    }

    fn sections(&self) -> impl Iterator<Item = usize> {
        self.sections.clone().step_by(self.shape.section)
    }

    /// Where the sections are described whose bytes begin at a place of the file.
    pub(super) fn sections_at(&self, offset: u64) -> Vec<usize> {
        let [_, place, _] = self.shape.of_section;
        let is_there = |at: &usize| {
            self.number(at + place) == Some(offset) && four(&self.bytes, at + 4) != Some(NO_BYTES)
        };
        self.sections().filter(is_there).collect()
    }

    /// Where the last thing ends that a table names: what follows belongs to somebody else.
    pub(super) fn end(&self) -> Option<u64> {
        let tables = self.sections.end.max(self.segments.end);
        let mut end = tables.max(self.shape.header) as u64;
        for segment in self.segments() {
            end = end.max(segment.offset.checked_add(segment.size)?);
        }
        let [_, offset, size] = self.shape.of_section;
        for at in self.sections() {
            if four(&self.bytes, at + 4)? != NO_BYTES {
                let (offset, size) = (self.number(at + offset)?, self.number(at + size)?);
                end = end.max(offset.checked_add(size)?);
            }
        }
        Some(end)
    }

    /// The stretch of the file that `size` bytes from an address of the memory are.
    pub(super) fn loaded(&self, address: u64, size: u64) -> Option<Range<usize>> {
        let mut loaded = self.segments().filter(|it| it.kind == super::LOAD);
        let within = loaded.find(|it| {
            let beyond = it.address.saturating_add(it.size);
            it.address <= address && address.saturating_add(size) <= beyond
        })?;
        self.stretch(within.offset.checked_add(address - within.address)?, size)
    }

    /// A stretch that lies within the file.
    pub(super) fn stretch(&self, offset: u64, size: u64) -> Option<Range<usize>> {
        let begin = usize::try_from(offset).ok()?;
        let end = usize::try_from(offset.checked_add(size)?).ok()?;
        (end <= self.bytes.len()).then_some(begin..end)
    }

    /// Writes a number at a place that was read before; nothing where it is too large.
    pub(super) fn write(&mut self, at: usize, value: u64) -> Option<()> {
        let bytes = self.shape.bytes_of(value)?;
        self.bytes[at..at + bytes.len()].copy_from_slice(&bytes);
        Some(())
    }

    /// Moves a section, for tools that look at these.
    pub(super) fn move_section(
        &mut self,
        at: usize,
        (address, offset, size): (u64, u64, u64),
    ) -> Option<()> {
        for (place, value) in self
            .shape
            .of_section
            .into_iter()
            .zip([address, offset, size])
        {
            self.write(at + place, value)?;
        }
        Some(())
    }

    /// Moves a segment.
    pub(super) fn move_segment(
        &mut self,
        at: usize,
        (address, offset, size): (u64, u64, u64),
    ) -> Option<()> {
        let values = [offset, address, address, size, size];
        for (place, value) in self.shape.of_segment.into_iter().zip(values) {
            self.write(at + place, value)?;
        }
        Some(())
    }
}

/// One stretch of the file, where it is described, and where it is in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) at: usize,
    pub(super) kind: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) in_memory: u64,
    pub(super) alignment: u64,
}
