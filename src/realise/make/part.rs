//! A part of a file, as if it were one.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

use dgmo_store::ReadSeek;

/// A part of a file.
pub(super) struct Part<'r> {
    reader: &'r mut dyn ReadSeek,
    start: u64,
    len: u64,
    at: u64,
}

impl<'r> Part<'r> {
    /// The `len` bytes from `start` on.
    pub(super) fn new(reader: &'r mut dyn ReadSeek, (start, len): (u64, u64)) -> Self {
        Self {
            reader,
            start,
            len,
            at: 0,
        }
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len - self.at;
        let most = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        self.reader.seek(SeekFrom::Start(self.start + self.at))?;
        let count = self.reader.read(&mut buffer[..most])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Part<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?.min(self.len);
        Ok(self.at)
    }
}
