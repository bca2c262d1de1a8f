//! Where a program for Linux says what: programs of 64 and of 32 bits hold the same, at other places.

/// Places in the header, in a segment's description, in a section's and in an entry of the dynamic table.
#[derive(Debug)]
pub(super) struct Shape {
    /// How many bytes a number has.
    pub(super) word: usize,
    pub(super) header: usize,
    /// The size of one segment's description, one section's and one entry.
    pub(super) segment: usize,
    pub(super) section: usize,
    pub(super) entry: usize,
    /// In the header: where the segments begin, and the sections.
    pub(super) segments_at: usize,
    pub(super) sections_at: usize,
    /// In the header: the size of one segment, followed by how many there are, and the same of sections.
    pub(super) sizes_at: usize,
    /// In a segment: offset, address, physical address, size, size in memory, alignment.
    pub(super) of_segment: [usize; 6],
    /// In a segment: what may be done with it.
    pub(super) flags: usize,
    /// In a section: address, offset, size.
    pub(super) of_section: [usize; 3],
}

const WIDE: Shape = Shape {
    word: 8,
    header: 64,
    segment: 56,
    section: 64,
    entry: 16,
    segments_at: 32,
    sections_at: 40,
    sizes_at: 54,
    of_segment: [8, 16, 24, 32, 40, 48],
    flags: 4,
    of_section: [16, 24, 32],
};

const NARROW: Shape = Shape {
    word: 4,
    header: 52,
    segment: 32,
    section: 40,
    entry: 8,
    segments_at: 28,
    sections_at: 32,
    sizes_at: 42,
    of_segment: [4, 8, 12, 16, 20, 28],
    flags: 24,
    of_section: [12, 16, 20],
};

impl Shape {
    /// That of a file which begins so; nothing where it is no program with the lower byte first.
    pub(super) fn of(start: &[u8]) -> Option<&'static Self> {
        match start.strip_prefix(b"\x7fELF")? {
            [2, 1, ..] => Some(&WIDE),
            [1, 1, ..] => Some(&NARROW),
            _ => None,
        }
    }

    /// A number as long as this shape has them.
    pub(super) fn number(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = bytes.get(at..)?;
        if self.word == 8 {
            Some(u64::from_le_bytes(*bytes.first_chunk()?))
        } else {
            Some(u64::from(u32::from_le_bytes(*bytes.first_chunk()?)))
        }
    }

    /// Its bytes; nothing where it is too large.
    pub(super) fn bytes_of(&self, value: u64) -> Option<Vec<u8>> {
        if self.word == 8 {
            return Some(value.to_le_bytes().to_vec());
        }
        Some(u32::try_from(value).ok()?.to_le_bytes().to_vec())
    }

    /// A segment's description.
    pub(super) fn segment(&self, kind: u32, flags: u32, values: [u64; 6]) -> Option<Vec<u8>> {
        let mut bytes = vec![0; self.segment];
        bytes[..4].copy_from_slice(&kind.to_le_bytes());
        bytes[self.flags..self.flags + 4].copy_from_slice(&flags.to_le_bytes());
        for (at, value) in self.of_segment.into_iter().zip(values) {
            bytes[at..at + self.word].copy_from_slice(&self.bytes_of(value)?);
        }
        Some(bytes)
    }
}

/// A number of two bytes.
pub(super) fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_le_bytes(*two)))
}

/// A number of four bytes.
pub(super) fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*four))
}
