//! Zip archives, entry by entry, in the order of their directory.

use std::io;
use std::io::Cursor;
use std::io::Read;

use zip::ZipArchive;
use zip::result::ZipError;

use super::Sink;
use super::UnpackError;
use super::entry::shown;
use super::grow::Growing;
use super::grow::GrownFile;
use super::limit::Measure;
use super::limit::too_much;
use super::packing;
use super::read::Counted;
use super::read::Packed;
use super::read::damaged;

const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const SET_BITS: u32 = 0o6000;
const ANY_EXECUTE: u32 = 0o111;

/// Longer targets no system takes.
const LONGEST_TARGET: u64 = 4095;

type Zip<'a> = ZipArchive<io::BufReader<Packed<'a>>>;

pub(super) fn unpack(
    packed: Packed<'_>,
    growing: &mut Growing<'_>,
    sink: &dyn Sink,
) -> Result<(), UnpackError> {
    let mut archive = ZipArchive::new(io::BufReader::with_capacity(64 << 10, packed))
        .map_err(|error| explain(error, b"the directory"))?;
    let metadata = archive.metadata();
    // One of two entries with one name would be hidden from us, but perhaps not from a reader that checked it.
    if metadata.has_duplicate_names() {
        return Err(UnpackError::Clash {
            name: "a name in the directory".to_owned(),
            before: "an entry",
            now: "another",
        });
    }
    let allowed = growing.budget().limits().entries;
    if metadata.len() as u64 > allowed {
        return Err(too_much(Measure::Entries, allowed, b"the directory"));
    }
    let has_modes = (0..metadata.len()).any(|index| {
        metadata
            .entry(index)
            .is_ok_and(|entry| entry.external_attributes() >> 16 != 0)
    });
    for index in 0..metadata.len() {
        take(&mut archive, index, has_modes, growing, sink)?;
    }
    Ok(())
}

fn take(
    archive: &mut Zip<'_>,
    index: usize,
    has_modes: bool,
    growing: &mut Growing<'_>,
    sink: &dyn Sink,
) -> Result<(), UnpackError> {
    let mut entry = archive
        .by_index(index)
        .map_err(|error| explain(error, format!("entry {index}").as_bytes()))?;
    let name = name_of(&entry)?;
    // The upper half holds a Unix mode where the program that packed knew one, whatever system it says it is.
    let mode = entry.external_attributes() >> 16;
    let size = entry.size();
    let place = growing.place(&name)?;
    if name.ends_with(b"/") || mode & KIND == FOLDER {
        return place.map_or(Ok(()), |path| growing.folder(&path));
    }
    if !matches!(mode & KIND, 0 | FILE | LINK) {
        return Err(UnpackError::Kind {
            name: shown(&name),
            what: "the device, pipe or socket",
        });
    }
    let Some(path) = place else {
        return Ok(());
    };
    growing.budget().announced(size, &name)?;
    let mut content = Counted::new(&mut entry, growing.budget(), &name, Some(size));
    if mode & KIND == LINK {
        let target = read_target(&mut content, size, &name)?;
        return growing.link(&path, &target);
    }
    let start = first_bytes(&mut content, &name)?;
    let executable = if has_modes {
        mode & ANY_EXECUTE != 0
    } else {
        packing::is_program(&start)
    };
    let result = sink.file(&mut Cursor::new(start).chain(&mut content), executable);
    let (id, size) = content.settle(result)?;
    if mode & SET_BITS != 0 {
        growing.warn(|| format!("`{}` is set-user or set-group; dropped", shown(&name)));
    }
    growing.file(
        &path,
        GrownFile {
            id,
            executable,
            size,
        },
    )
}

/// The name's bytes if they are Unicode; else what they mean in the code page that zip once was limited to.
fn name_of<R: Read>(entry: &zip::read::ZipFile<'_, R>) -> Result<Vec<u8>, UnpackError> {
    let raw = entry.name_raw();
    let name = match str::from_utf8(raw) {
        Ok(_) => raw.to_vec(),
        Err(_) => match entry.name() {
            Ok(name) => name.into_owned().into_bytes(),
            Err(error) => return Err(explain(error, raw)),
        },
    };
    // Programs that write `\` between folders mean folders; others see one odd name. Nobody should guess.
    let made_elsewhere = entry.external_attributes() >> 16 == 0;
    if made_elsewhere && name.contains(&b'\\') {
        return Err(UnpackError::Name {
            name: shown(&name),
            why: "`\\` is no separator in a zip archive",
        });
    }
    Ok(name)
}

fn read_target<R: Read>(
    content: &mut Counted<'_, R>,
    size: u64,
    name: &[u8],
) -> Result<Vec<u8>, UnpackError> {
    if size > LONGEST_TARGET {
        return Err(UnpackError::Link {
            name: shown(name),
            target: "…".to_owned(),
            why: "its target is too long",
        });
    }
    let mut target = Vec::new();
    let result = content.read_to_end(&mut target);
    content.settle(result.map_err(|source| damaged(name, source)))?;
    Ok(target)
}

fn first_bytes<R: Read>(content: &mut Counted<'_, R>, name: &[u8]) -> Result<Vec<u8>, UnpackError> {
    let mut start = Vec::with_capacity(8);
    let result = content.by_ref().take(8).read_to_end(&mut start);
    content.settle(result.map_err(|source| damaged(name, source)))?;
    Ok(start)
}

fn explain(error: ZipError, name: &[u8]) -> UnpackError {
    let unsupported = |what: String| UnpackError::Unsupported {
        name: shown(name),
        what,
    };
    match error {
        ZipError::Io(source) => damaged(name, source),
        ZipError::UnsupportedArchive(what) => unsupported(what.to_owned()),
        ZipError::CompressionMethodNotSupported(number) => {
            unsupported(format!("compression method {number}"))
        }
        ZipError::InvalidPassword => unsupported("it is encrypted".to_owned()),
        other => damaged(name, io::Error::new(io::ErrorKind::InvalidData, other)),
    }
}
