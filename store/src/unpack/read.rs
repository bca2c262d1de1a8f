//! Readers that watch: what the archive's own bytes did, and how much came out of it.

use std::cell::Cell;
use std::cell::RefCell;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::rc::Rc;

use super::ReadSeek;
use super::UnpackError;
use super::entry::shown;
use super::limit::Budget;

/// The archive's bytes. Remembers the first failure to read them, so that a failing disk is not taken for damage.
#[derive(Clone)]
pub(super) struct Packed<'a>(Rc<RefCell<Source<'a>>>);

struct Source<'a> {
    archive: &'a mut dyn ReadSeek,
    failure: Option<io::Error>,
}

impl<'a> Packed<'a> {
    pub(super) fn new(archive: &'a mut dyn ReadSeek) -> Self {
        Self(Rc::new(RefCell::new(Source {
            archive,
            failure: None,
        })))
    }

    /// What went wrong below, if anything did.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.0.borrow_mut().failure.take()
    }

    fn with<T>(&self, act: impl FnOnce(&mut dyn ReadSeek) -> io::Result<T>) -> io::Result<T> {
        let mut source = self.0.borrow_mut();
        act(source.archive).inspect_err(|error| {
            // A seek before the start is asked for by damage, not by the disk.
            if error.raw_os_error().is_some() && error.kind() != io::ErrorKind::InvalidInput {
                let copy = io::Error::from_raw_os_error(error.raw_os_error().unwrap_or_default());
                source.failure.get_or_insert(copy);
            }
        })
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|archive| archive.read(buffer))
    }
}

impl Seek for Packed<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.with(|archive| archive.seek(to))
    }
}

/// How many bytes may be read outside of contents.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowance(Rc<Cell<Option<u64>>>);

impl Allowance {
    /// From now on, at most `count` bytes.
    pub(super) fn limit(&self, count: u64) {
        self.0.set(Some(count));
    }

    /// From now on, contents: they are counted where they are read.
    pub(super) fn lift(&self) {
        self.0.set(None);
    }

    /// Whether reading was stopped because it was used up.
    pub(super) fn is_used_up(&self) -> bool {
        self.0.get() == Some(0)
    }
}

/// Unpacked bytes under an [`Allowance`].
pub(super) struct Allowed<R> {
    inner: R,
    allowance: Allowance,
}

impl<R> Allowed<R> {
    pub(super) fn new(inner: R, allowance: Allowance) -> Self {
        Self { inner, allowance }
    }
}

impl<R: Read> Read for Allowed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.allowance.0.get() else {
            return self.inner.read(buffer);
        };
        if left == 0 {
            return Err(io::Error::other("too many bytes between contents"));
        }
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = self.inner.read(&mut buffer[..most])?;
        self.allowance.limit(left - count as u64);
        Ok(count)
    }
}

/// One entry's content under the budget. Keeps the error that stopped it, for whoever reads only knows I/O errors.
pub(super) struct Counted<'a, R> {
    inner: R,
    budget: &'a Budget<'a>,
    name: &'a [u8],
    read: u64,
    expected: Option<u64>,
    stopped: Option<UnpackError>,
}

impl<'a, R: Read> Counted<'a, R> {
    /// The content of `name`, which says it has `expected` bytes.
    pub(super) fn new(
        inner: R,
        budget: &'a Budget<'a>,
        name: &'a [u8],
        expected: Option<u64>,
    ) -> Self {
        Self {
            inner,
            budget,
            name,
            read: 0,
            expected,
            stopped: None,
        }
    }

    /// The result of one who read this: our own error goes before the one that it became on its way.
    pub(super) fn settle<T, E: Into<UnpackError>>(
        &mut self,
        result: Result<T, E>,
    ) -> Result<T, UnpackError> {
        match self.stopped.take() {
            Some(stopped) => Err(stopped),
            None => result.map_err(Into::into),
        }
    }

    /// Reads the rest and forgets it.
    pub(super) fn drain(&mut self) -> Result<(), UnpackError> {
        let result = io::copy(self, &mut io::sink()).map(drop);
        let name = self.name;
        self.settle(result.map_err(|source| damaged(name, source)))
    }

    fn stop(&mut self, error: UnpackError) -> io::Error {
        self.stopped = Some(error);
        io::Error::other("the content of an entry is refused")
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(source) => {
                let error = damaged(self.name, source);
                return Err(self.stop(error));
            }
        };
        self.read += count as u64;
        if count == 0 && self.expected.is_some_and(|expected| expected != self.read) {
            let error = damaged(self.name, io::ErrorKind::UnexpectedEof.into());
            return Err(self.stop(error));
        }
        match self.budget.spend(count as u64, self.read, self.name) {
            Ok(()) => Ok(count),
            Err(error) => Err(self.stop(error)),
        }
    }
}

/// The archive is not what it should be, at or after the entry `name`.
pub(super) fn damaged(name: &[u8], source: io::Error) -> UnpackError {
    // The decoders tell these apart from damage: a method they do not know, a window larger than they may keep.
    if matches!(
        source.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::OutOfMemory
    ) {
        return UnpackError::Unsupported {
            name: shown(name),
            what: source.to_string(),
        };
    }
    UnpackError::Damaged {
        after: shown(name),
        source,
    }
}
