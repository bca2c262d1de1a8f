//! Tar archives, entry by entry.
//!
//! Understood: the old format, ustar, GNU long names and old GNU sparse files, PAX long names and sizes. Refused by
//! name: PAX sparse files and PAX names that hold for all entries, which readers disagree about.

use std::borrow::Cow;
use std::cell::Cell;
use std::io;
use std::io::Read;
use std::rc::Rc;

use dgmo_schema::manifest::Packing;
use tar::Archive;
use tar::Entry;
use tar::EntryType;

use super::Sink;
use super::UnpackError;
use super::decode;
use super::entry::shown;
use super::grow::Growing;
use super::grow::GrownFile;
use super::layer::Role;
use super::limit::Budget;
use super::limit::Limits;
use super::limit::Measure;
use super::limit::too_much;
use super::read::Allowance;
use super::read::Allowed;
use super::read::Counted;
use super::read::Packed;
use super::read::damaged;

/// What the end of one entry and the next one's own header take at most, besides long names.
const FRAMING: u64 = 4 * 512;

const SET_BITS: u32 = 0o6000;
const ANY_EXECUTE: u32 = 0o111;

pub(super) fn unpack(
    packed: Packed<'_>,
    packing: Packing,
    growing: &mut Growing<'_>,
    sink: &dyn Sink,
) -> Result<(), UnpackError> {
    let start = b"the start";
    let decoder = decode::decoder(packed, packing).map_err(|source| damaged(start, source))?;
    let allowance = Allowance::default();
    let ending = Ending::default();
    let bytes = Watched {
        inner: Allowed::new(decoder, allowance.clone()),
        ending: ending.clone(),
    };
    let mut archive = Archive::new(bytes);
    let mut last = start.to_vec();
    let mut entries = archive.entries().map_err(|source| damaged(start, source))?;
    loop {
        allowance.limit(FRAMING + Limits::HEADERS);
        let entry = match entries.next() {
            None => break,
            Some(Ok(entry)) => entry,
            Some(Err(_)) if allowance.is_used_up() => {
                return Err(too_much(Measure::Headers, Limits::HEADERS, &last));
            }
            Some(Err(source)) => return Err(damaged(&last, source)),
        };
        allowance.lift();
        last = entry.path_bytes().into_owned();
        take(entry, &last, growing, sink)?;
    }
    allowance.lift();
    finish(archive.into_inner(), packing, &ending, growing, &last)
}

/// Reads what comes after the last entry: only then has the compression checked its sums.
fn finish(
    mut bytes: impl Read,
    packing: Packing,
    ending: &Ending,
    growing: &Growing<'_>,
    last: &[u8],
) -> Result<(), UnpackError> {
    // The end of a tar archive is a block of zeros. Some writers leave it out, which is fine where the compression
    // knows its end; without compression, it would be impossible to tell from an archive cut between two entries.
    if ending.was_reached() && !decode::knows_its_end(packing) {
        return Err(damaged(last, io::ErrorKind::UnexpectedEof.into()));
    }
    Counted::new(
        &mut bytes,
        growing.budget(),
        b"what follows the last entry",
        None,
    )
    .drain()
}

fn take<R: Read>(
    mut entry: Entry<'_, R>,
    name: &[u8],
    growing: &mut Growing<'_>,
    sink: &dyn Sink,
) -> Result<(), UnpackError> {
    check_extensions(&mut entry, name)?;
    let kind = entry.header().entry_type();
    if matches!(kind, EntryType::XGlobalHeader) || kind.as_byte() == b'V' {
        // A commit's id, or the volume's label: said about the archive, not in it.
        return Counted::new(&mut entry, growing.budget(), name, None).drain();
    }
    let mode = mode_of(&entry, name)?;
    let place = growing.place(name)?;
    // In the old format, a folder is a file whose name ends so.
    let is_folder = kind.is_dir() || kind.is_file() && name.ends_with(b"/");
    match kind {
        _ if is_folder => {
            drain(entry, name, growing)?;
            place.map_or(Ok(()), |path| growing.folder(&path))
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            if mode & SET_BITS != 0 {
                growing.warn(|| format!("`{}` is set-user or set-group; dropped", shown(name)));
            }
            let Some(path) = place else {
                return drain(entry, name, growing);
            };
            let file = file(entry, name, mode & ANY_EXECUTE != 0, growing.budget(), sink)?;
            growing.file(&path, file)
        }
        EntryType::Symlink | EntryType::Link => {
            let target = entry.link_name_bytes().map(Cow::into_owned);
            drain(entry, name, growing)?;
            let target = target.unwrap_or_default();
            match place {
                None => Ok(()),
                Some(path) if kind.is_symlink() => match growing.target(name, target)? {
                    Some(target) => growing.link(&path, &target),
                    None => Ok(()),
                },
                Some(path) => growing.hard_link(&path, &target),
            }
        }
        EntryType::Char | EntryType::Block | EntryType::Fifo => {
            let what = match kind {
                EntryType::Fifo => "the pipe",
                _ => "the device",
            };
            if growing.role() == Role::Whole {
                return Err(refused(name, what));
            }
            growing.warn(|| format!("{what} `{}` is left out", shown(name)));
            drain(entry, name, growing)
        }
        other => Err(UnpackError::Unsupported {
            name: shown(name),
            what: format!("an entry of kind {:?}", char::from(other.as_byte())),
        }),
    }
}

fn refused(name: &[u8], what: &'static str) -> UnpackError {
    UnpackError::Kind {
        name: shown(name),
        what,
    }
}

fn mode_of<R: Read>(entry: &Entry<'_, R>, name: &[u8]) -> Result<u32, UnpackError> {
    entry
        .header()
        .mode()
        .map_err(|source| damaged(name, source))
}

/// Refuses extensions that would change what the entry is, but that we or others do not understand.
fn check_extensions<R: Read>(entry: &mut Entry<'_, R>, name: &[u8]) -> Result<(), UnpackError> {
    let for_all = entry.header().entry_type().is_pax_global_extensions();
    let extensions = entry
        .pax_extensions()
        .map_err(|source| damaged(name, source))?;
    for extension in extensions.into_iter().flatten() {
        let extension = extension.map_err(|source| damaged(name, source))?;
        let key = extension.key_bytes();
        let changes_all = for_all && matches!(key, b"path" | b"linkpath" | b"size");
        if changes_all || key.starts_with(b"GNU.sparse.") {
            return Err(UnpackError::Unsupported {
                name: shown(name),
                what: format!("the extension `{}`", shown(key)),
            });
        }
    }
    Ok(())
}

fn drain<R: Read>(
    mut entry: Entry<'_, R>,
    name: &[u8],
    growing: &Growing<'_>,
) -> Result<(), UnpackError> {
    let size = entry.size();
    growing.budget().announced(size, name)?;
    Counted::new(&mut entry, growing.budget(), name, Some(size)).drain()
}

fn file<R: Read>(
    mut entry: Entry<'_, R>,
    name: &[u8],
    executable: bool,
    budget: &Budget<'_>,
    sink: &dyn Sink,
) -> Result<GrownFile, UnpackError> {
    let size = entry.size();
    budget.announced(size, name)?;
    let mut content = Counted::new(&mut entry, budget, name, Some(size));
    let result = sink.file(&mut content, executable);
    let (id, size) = content.settle(result)?;
    Ok(GrownFile {
        id,
        executable,
        size,
    })
}

/// Whether the bytes came to their end.
#[derive(Debug, Clone, Default)]
struct Ending(Rc<Cell<bool>>);

impl Ending {
    fn was_reached(&self) -> bool {
        self.0.get()
    }
}

/// Sees the end of the bytes: the crate stops at a block of zeros without asking for more, and does not tell
/// whether there was one.
struct Watched<R> {
    inner: R,
    ending: Ending,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            self.ending.0.set(true);
        }
        Ok(count)
    }
}
