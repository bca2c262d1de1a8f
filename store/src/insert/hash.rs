//! Reading and hashing, and writing down what was read where it is new.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::mpsc;
use std::thread;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;

use crate::durable::NewFile;
use crate::failure::WriteError;

/// How much is read at once, and the size from which a file is large: no longer read whole before it is hashed.
pub(super) const BUFFER: usize = 1 << 20;

/// How much is read at first: most files have less, and a buffer is filled with zeros before it is used.
const FIRST: usize = 64 << 10;

/// From this size on a second thread hashes while this one reads and writes.
const WORTH_A_THREAD: u64 = 8 << 20;

/// Buffers under way between the two: one being hashed, one waiting, one being filled.
const BUFFERS: usize = 3;

/// What went wrong while bytes went from one place to another.
#[derive(Debug)]
pub(super) enum PourError {
    Read(io::Error),
    Write(WriteError),
}

/// Reads `from` to its end, hashes it, and writes it to `to` if that is given. `size` is what is expected.
pub(super) fn pour(
    from: &mut dyn Read,
    to: Option<&mut NewFile>,
    size: u64,
    tell: &dyn Fn(u64),
) -> Result<(BlobId, u64), PourError> {
    let mut pouring = Pouring {
        from,
        to,
        tell,
        total: 0,
    };
    let hash = if size < WORTH_A_THREAD {
        pouring.run_alone()?
    } else {
        pouring.run_with_a_helper()?
    };
    Ok((BlobId(Digest::from(hash)), pouring.total))
}

struct Pouring<'a> {
    from: &'a mut dyn Read,
    to: Option<&'a mut NewFile>,
    tell: &'a dyn Fn(u64),
    total: u64,
}

impl Pouring<'_> {
    /// Fills `buffer` as far as it goes and writes what was read. Zero at the end.
    fn step(&mut self, buffer: &mut [u8]) -> Result<usize, PourError> {
        let count = fill(self.from, buffer).map_err(PourError::Read)?;
        if let Some(to) = &mut self.to {
            let written = to.write_all(&buffer[..count]);
            written.map_err(|error| PourError::Write(WriteError::new(to.path(), error)))?;
        }
        self.total += count as u64;
        (self.tell)(count as u64);
        Ok(count)
    }

    fn run_alone(&mut self) -> Result<blake3::Hash, PourError> {
        let mut buffer = vec![0; FIRST];
        let mut hasher = blake3::Hasher::new();
        loop {
            let count = self.step(&mut buffer)?;
            if count == 0 {
                return Ok(hasher.finalize());
            }
            hasher.update(&buffer[..count]);
            if count == buffer.len() {
                buffer.resize(BUFFER, 0);
            }
        }
    }

    fn run_with_a_helper(&mut self) -> Result<blake3::Hash, PourError> {
        let (full, to_hash) = mpsc::sync_channel::<(Vec<u8>, usize)>(BUFFERS);
        let (give_back, empty) = mpsc::sync_channel::<Vec<u8>>(BUFFERS);
        for _ in 0..BUFFERS {
            give_back
                .send(vec![0; BUFFER])
                .expect("there is room for all");
        }
        thread::scope(|scope| {
            let hasher = scope.spawn(move || {
                let mut state = blake3::Hasher::new();
                for (buffer, count) in to_hash {
                    state.update(&buffer[..count]);
                    // Nobody takes it back after the last one.
                    drop(give_back.send(buffer));
                }
                state.finalize()
            });
            loop {
                let mut buffer = empty.recv().expect("the hasher lives as long as `full`");
                match self.step(&mut buffer)? {
                    0 => break,
                    count => full.send((buffer, count)).expect("the hasher takes all"),
                }
            }
            drop(full);
            Ok(hasher.join().expect("hashing does not panic"))
        })
    }
}

/// Reads until `buffer` is full or there is no more.
pub(crate) fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_and_two_give_the_same_id() {
        let bytes: Vec<u8> = (0..3_500_000_u32).map(|n| (n % 251) as u8).collect();
        let expected = BlobId(Digest::of(&bytes));
        for size in [0, WORTH_A_THREAD] {
            let poured = pour(&mut bytes.as_slice(), None, size, &|_| ()).unwrap();
            assert_eq!(poured, (expected, bytes.len() as u64));
        }
    }

    #[test]
    fn an_error_while_reading_ends_both_threads() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let poured = pour(&mut Broken, None, WORTH_A_THREAD, &|_| ());
        assert!(matches!(poured, Err(PourError::Read(_))));
    }
}
