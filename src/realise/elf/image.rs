//! The bytes of a program for Linux, and the places in them that say where what is.
//!
//! ```text
//! header | segments: what the kernel and the loader read | … | sections: what other tools read
//! ```

use std::ops::Range;

/// How many bytes the header, one segment, one section and one entry of the dynamic table take.
pub(super) const HEADER: usize = 64;
pub(super) const SEGMENT: usize = 56;
const SECTION: usize = 64;
pub(super) const ENTRY: usize = 16;

/// Sections without bytes of their own.
const NO_BYTES: u32 = 8;

/// A whole file whose tables all lie within it.
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    pub(super) segments: Range<usize>,
    sections: Range<usize>,
}

impl Image {
    /// Understands a file; nothing where a table of it is not.
    pub(super) fn of(bytes: Vec<u8>) -> Option<Self> {
        let head = bytes.get(..HEADER)?;
        let sizes = (half(head, 54)?, half(head, 58)?);
        let is_known = head.starts_with(&[0x7f, b'E', b'L', b'F', 2, 1]) && sizes.0 == SEGMENT;
        let (segments, sections) = (half(head, 56)?, half(head, 60)?);
        if !is_known || (sections > 0 && sizes.1 != SECTION) {
            return None;
        }
        let table = |at: usize, count: usize, size: usize| {
            let begin = place(&bytes, at)?;
            let end = begin.checked_add(count * size)?;
            (end <= bytes.len()).then_some(begin..end)
        };
        let segments = table(32, segments, SEGMENT)?;
        let sections = if sections == 0 {
            0..0
        } else {
            table(40, sections, SECTION)?
        };
        Some(Self {
            bytes,
            segments,
            sections,
        })
    }

    /// Where each segment is described.
    pub(super) fn segments(&self) -> impl DoubleEndedIterator<Item = Segment> {
        let places = self.segments.clone().step_by(SEGMENT);
        places.filter_map(|at| self.segment(at))
    }

    fn segment(&self, at: usize) -> Option<Segment> {
        Some(Segment {
            at,
            kind: word(&self.bytes, at)?,
            offset: long(&self.bytes, at + 8)?,
            address: long(&self.bytes, at + 16)?,
            size: long(&self.bytes, at + 32)?,
            in_memory: long(&self.bytes, at + 40)?,
            alignment: long(&self.bytes, at + 48)?,
        })
    }

    /// Where the sections are described whose bytes begin at a place of the file.
    pub(super) fn sections_at(&self, offset: u64) -> Vec<usize> {
        let places = self.sections.clone().step_by(SECTION);
        let is_there = |at: &usize| {
            long(&self.bytes, at + 24) == Some(offset)
                && word(&self.bytes, at + 4) != Some(NO_BYTES)
        };
        places.filter(is_there).collect()
    }

    /// Where the last thing ends that a table names: what follows belongs to somebody else.
    pub(super) fn end(&self) -> Option<u64> {
        let mut end = self.sections.end.max(self.segments.end).max(HEADER) as u64;
        for segment in self.segments() {
            end = end.max(segment.offset.checked_add(segment.size)?);
        }
        for at in self.sections.clone().step_by(SECTION) {
            if word(&self.bytes, at + 4)? != NO_BYTES {
                let (offset, size) = (long(&self.bytes, at + 24)?, long(&self.bytes, at + 32)?);
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

    /// Writes a number of eight bytes, at a place that was read before.
    pub(super) fn write(&mut self, at: usize, value: u64) {
        self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Moves a section, for tools that look at these.
    pub(super) fn move_section(&mut self, at: usize, (address, offset, size): (u64, u64, u64)) {
        self.write(at + 16, address);
        self.write(at + 24, offset);
        self.write(at + 32, size);
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

pub(super) fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_le_bytes(*two)))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*four))
}

pub(super) fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

fn place(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(long(bytes, at)?).ok()
}
