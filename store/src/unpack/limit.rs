//! How much an archive may be: a small file can say it holds a great deal.

use std::cell::Cell;
use std::fmt;

use super::UnpackError;
use super::entry::shown;

/// The most an archive may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries of every kind.
    pub entries: u64,
    /// Bytes in all files together.
    pub bytes: u64,
    /// Bytes in one file.
    pub entry_bytes: u64,
    /// How many times the packed size the unpacked bytes may be, once they are more than `ratio_free`: below that,
    /// text that compresses extremely well is no bomb.
    pub ratio: u64,
    pub ratio_free: u64,
    /// Bytes of a whole name.
    pub name: u64,
    /// Folders above a file.
    pub depth: u64,
}

impl Limits {
    /// What an entry's headers may take: long names and extended attributes, not content.
    pub(super) const HEADERS: u64 = 1 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            bytes: 64 << 30,
            entry_bytes: 32 << 30,
            ratio: 200,
            ratio_free: 64 << 20,
            name: 4_095,
            depth: 256,
        }
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Entries,
    Bytes,
    EntryBytes,
    Ratio,
    Name,
    Depth,
    Headers,
    LinkSteps,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entries => "a number of entries",
            Self::Bytes => "a total of bytes",
            Self::EntryBytes => "a number of bytes in one file",
            Self::Ratio => "unpacked bytes for one packed byte",
            Self::Name => "a name's length",
            Self::Depth => "a depth of folders",
            Self::Headers => "bytes in one entry's headers",
            Self::LinkSteps => "a number of folders to follow links through",
        })
    }
}

/// What is left of the limits while one archive is read.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    limits: &'a Limits,
    packed: u64,
    entries: Cell<u64>,
    bytes: Cell<u64>,
}

impl<'a> Budget<'a> {
    /// For an archive of `packed` bytes.
    pub(super) fn new(limits: &'a Limits, packed: u64) -> Self {
        Self {
            limits,
            packed,
            entries: Cell::new(0),
            bytes: Cell::new(0),
        }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// One more entry.
    pub(super) fn entry(&self, name: &[u8]) -> Result<(), UnpackError> {
        self.entries.set(self.entries.get() + 1);
        within(
            self.entries.get(),
            self.limits.entries,
            Measure::Entries,
            name,
        )
    }

    /// A file that says it has `size` bytes: no need to read what is too much anyway.
    pub(super) fn announced(&self, size: u64, name: &[u8]) -> Result<(), UnpackError> {
        within(size, self.limits.entry_bytes, Measure::EntryBytes, name)?;
        self.check_total(self.bytes.get().saturating_add(size), name)
    }

    /// `count` more bytes, the whole file now having `of_entry`.
    pub(super) fn spend(&self, count: u64, of_entry: u64, name: &[u8]) -> Result<(), UnpackError> {
        self.bytes.set(self.bytes.get().saturating_add(count));
        within(of_entry, self.limits.entry_bytes, Measure::EntryBytes, name)?;
        self.check_total(self.bytes.get(), name)
    }

    fn check_total(&self, total: u64, name: &[u8]) -> Result<(), UnpackError> {
        within(total, self.limits.bytes, Measure::Bytes, name)?;
        let by_ratio = self.packed.saturating_mul(self.limits.ratio);
        if total > by_ratio.max(self.limits.ratio_free) {
            return Err(too_much(Measure::Ratio, self.limits.ratio, name));
        }
        Ok(())
    }
}

/// Refuses `value` if it is more than `allowed`.
pub(super) fn within(
    value: u64,
    allowed: u64,
    measure: Measure,
    name: &[u8],
) -> Result<(), UnpackError> {
    if value > allowed {
        return Err(too_much(measure, allowed, name));
    }
    Ok(())
}

pub(super) fn too_much(measure: Measure, allowed: u64, name: &[u8]) -> UnpackError {
    UnpackError::Limit {
        name: shown(name),
        measure,
        allowed,
    }
}
