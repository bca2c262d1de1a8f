//! Programs for Linux: the loader and the libraries one asks for, and how it is made to ask for others.

mod append;
mod image;
mod patch;
mod shape;

pub(super) use patch::Change;
pub(super) use patch::Unpatchable;
pub(super) use patch::patched;

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

use shape::Shape;
use shape::four;
use shape::half;

/// What a program or a library asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Elf {
    /// The number of the processor it was built for.
    pub(super) machine: u16,
    /// The program that loads it; a library has none.
    pub(super) loader: Option<String>,
    /// Libraries, by name.
    pub(super) needed: Vec<String>,
    /// Folders it wants them looked for in first; `$ORIGIN` is its own.
    pub(super) folders: Vec<String>,
    /// Whether these are also for the libraries it brings in.
    pub(super) is_for_all: bool,
    /// The parts of the file that come into memory: where each begins, and how many bytes it has.
    pub(super) loaded: Vec<(u64, u64)>,
}

/// The shorter of the two headers.
const SHORTEST_HEADER: u64 = 52;

/// Honest ones have a dozen segments.
const MOST_SEGMENTS: usize = 256;

/// Honest ones have a hundred entries of 16 bytes.
const LARGEST_DYNAMIC: u64 = 256 << 10;

/// The longest name or list of folders.
const LONGEST: u64 = 16 << 10;

const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const INTERPRETER: u32 = 3;

const NEEDED: u64 = 1;
const STRINGS: u64 = 5;
const RPATH: u64 = 15;
const RUNPATH: u64 = 29;

/// The number of the processor this program was built for.
pub(super) const MACHINE: u16 = if cfg!(target_arch = "x86_64") {
    62
} else if cfg!(target_arch = "aarch64") {
    183
} else if cfg!(target_arch = "riscv64") {
    243
} else {
    0
};

/// The number of the processor whose programs of 32 bits this one runs, too.
pub(super) const NARROW_MACHINE: u16 = if cfg!(target_arch = "x86_64") {
    3
} else if cfg!(target_arch = "aarch64") {
    40
} else {
    0
};

/// What a file asks for; nothing where it is no program with the lower byte first, or not whole.
pub(super) fn read(file: &mut (impl Read + Seek)) -> io::Result<Option<Elf>> {
    match Reader(file).elf() {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        result => result,
    }
}

/// One stretch of the file, and where it is in memory.
#[derive(Clone, Copy)]
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

struct Reader<'f, R>(&'f mut R);

impl<R: Read + Seek> Reader<'_, R> {
    fn elf(&mut self) -> io::Result<Option<Elf>> {
        let mut head = self.bytes(0, SHORTEST_HEADER)?;
        let Some(shape) = Shape::of(&head) else {
            return Ok(None);
        };
        head.extend(self.bytes(SHORTEST_HEADER, shape.header as u64 - SHORTEST_HEADER)?);
        let size = half(&head, shape.sizes_at);
        let count = half(&head, shape.sizes_at + 2).filter(|count| *count <= MOST_SEGMENTS);
        let begin = shape.number(&head, shape.segments_at);
        let (Some(count), Some(begin), true) = (count, begin, size == Some(shape.segment)) else {
            return Ok(None);
        };
        let table = self.bytes(begin, (count * shape.segment) as u64)?;
        let segments = table.chunks_exact(shape.segment);
        let segments: Vec<Segment> = segments.filter_map(|it| segment(shape, it)).collect();
        let mut elf = Elf {
            machine: u16::from_le_bytes([head[18], head[19]]),
            ..Elf::default()
        };
        let loaded = segments.iter().filter(|it| it.kind == LOAD);
        elf.loaded = loaded.map(|it| (it.offset, it.size)).collect();
        let of_kind = |kind| segments.iter().find(|it| it.kind == kind);
        if let Some(interpreter) = of_kind(INTERPRETER) {
            elf.loader = Some(self.text(interpreter.offset)?);
        }
        let Some(dynamic) = of_kind(DYNAMIC).filter(|it| it.size <= LARGEST_DYNAMIC) else {
            return Ok(Some(elf));
        };
        let entries = self.bytes(dynamic.offset, dynamic.size)?;
        let entries: Vec<(u64, u64)> = entries
            .chunks_exact(shape.entry)
            .filter_map(|it| Some((shape.number(it, 0)?, shape.number(it, shape.word)?)))
            .take_while(|(tag, _)| *tag != 0)
            .collect();
        let strings = entries.iter().find(|(tag, _)| *tag == STRINGS);
        let Some(strings) = strings.and_then(|(_, address)| place_of(&segments, *address)) else {
            return Ok(Some(elf));
        };
        // The newer way to name folders puts the older out of force.
        elf.is_for_all = !entries.iter().any(|(tag, _)| *tag == RUNPATH);
        for (tag, value) in entries {
            let text = match tag {
                RPATH if !elf.is_for_all => continue,
                NEEDED | RPATH | RUNPATH => self.text(strings.saturating_add(value))?,
                _ => continue,
            };
            if tag == NEEDED {
                elf.needed.push(text);
            } else {
                let folders = text.split(':').filter(|it| !it.is_empty());
                elf.folders.extend(folders.map(str::to_owned));
            }
        }
        Ok(Some(elf))
    }

    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.seek(SeekFrom::Start(at))?;
        self.0.by_ref().take(count).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == count {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// The text at a place, up to its zero.
    fn text(&mut self, at: u64) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.0.seek(SeekFrom::Start(at.min(i64::MAX as u64)))?;
        self.0.by_ref().take(LONGEST).read_to_end(&mut bytes)?;
        match bytes.iter().position(|byte| *byte == 0) {
            Some(end) => Ok(String::from_utf8_lossy(&bytes[..end]).into_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

fn segment(shape: &Shape, bytes: &[u8]) -> Option<Segment> {
    let [offset, address, _, size, ..] = shape.of_segment;
    Some(Segment {
        kind: four(bytes, 0)?,
        offset: shape.number(bytes, offset)?,
        address: shape.number(bytes, address)?,
        size: shape.number(bytes, size)?,
    })
}

/// Where in the file an address of the memory is.
fn place_of(segments: &[Segment], address: u64) -> Option<u64> {
    let mut loaded = segments.iter().filter(|it| it.kind == LOAD);
    let within = loaded.find(|it| {
        let beyond = it.address.saturating_add(it.size);
        (it.address..beyond).contains(&address)
    })?;
    within.offset.checked_add(address - within.address)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// This test itself, which is a program of this machine.
    fn ourselves() -> Vec<u8> {
        let mut bytes = Vec::new();
        let path = std::env::current_exe().unwrap();
        let mut file = std::fs::File::open(path).unwrap();
        file.by_ref().take(8 << 20).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn a_real_program_tells_what_it_needs() {
        let path = std::env::current_exe().unwrap();
        let mut file = std::fs::File::open(path).unwrap();
        let elf = read(&mut file).unwrap().unwrap();
        assert!(elf.loader.is_some_and(|it| it.starts_with("/lib")));
        assert!(elf.needed.iter().any(|it| it.starts_with("libc.so")));
    }

    #[test]
    fn what_is_no_program_asks_for_nothing() {
        for bytes in [&b""[..], b"\x7fELF", b"#!/bin/sh\n", &[0; 4096]] {
            assert_eq!(read(&mut Cursor::new(bytes)).unwrap(), None);
        }
        let own = ourselves();
        for cut in [0, 1, 63, 64, 100, 500] {
            drop(read(&mut Cursor::new(&own[..cut])).unwrap());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_damaged_program_breaks_nothing(changes in prop::collection::vec((0usize..2048, any::<u8>()), 1..12)) {
            let mut bytes = ourselves();
            bytes.truncate(1 << 20);
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            drop(read(&mut Cursor::new(bytes)));
        }
    }
}
