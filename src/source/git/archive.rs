//! The content of a commit as a plain tar archive, so that the store unpacks it under its own rules.
//!
//! It is read from objects and not from a checkout, and not by `git archive`: no filter, no line-ending setting and no
//! attribute of the repository changes a byte of it.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::path::Path;
use std::process::ChildStdout;

use tar::Builder;
use tar::EntryType;
use tar::Header;

use super::listing::Entry;
use super::listing::Kind;
use crate::process::Talk;

/// What was archived.
pub(super) struct Archived {
    pub(super) file: File,
    /// Files that only name their content, which a large-file server has.
    pub(super) pointers: Vec<String>,
}

/// How large files are named in a repository.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// A file that only names its content is smaller than this.
const LARGEST_POINTER: u64 = 1024;

/// The longest target a link may have.
const LONGEST_TARGET: u64 = 4096;

/// Writes what `talk`, a `git cat-file --batch`, tells of `entries` into a file without a name below `folder`.
pub(super) fn make(talk: &mut Talk, entries: &[Entry], folder: &Path) -> io::Result<Archived> {
    let file = io::BufWriter::with_capacity(128 << 10, tempfile::tempfile_in(folder)?);
    let mut archive = Builder::new(file);
    let mut pointers = Vec::new();
    for entry in entries {
        if entry.kind == Kind::Submodule {
            continue;
        }
        talk.say(&entry.id)?;
        let size = begin(talk.hear(), &entry.id)?;
        if entry.kind == Kind::Link {
            let target = small(talk.hear(), size, LONGEST_TARGET)?;
            link(&mut archive, &entry.path, &target)?;
        } else if size < LARGEST_POINTER {
            let content = small(talk.hear(), size, LARGEST_POINTER)?;
            if content.starts_with(POINTER) {
                pointers.push(String::from_utf8_lossy(&entry.path).into_owned());
            }
            append(&mut archive, entry, size, &mut content.as_slice())?;
        } else {
            append(&mut archive, entry, size, talk.hear())?;
        }
        end(talk.hear())?;
    }
    let mut file = archive.into_inner()?.into_inner()?;
    file.rewind()?;
    Ok(Archived { file, pointers })
}

/// Reads the line before an object, and gives the number of its bytes.
fn begin(from: &mut BufReader<ChildStdout>, id: &str) -> io::Result<u64> {
    let mut line = Vec::new();
    from.take(256).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next().map(str::parse)) {
        (Some(found), Some("blob"), Some(Ok(size))) if found == id => Ok(size),
        _ => Err(io::Error::other(format!("the object {id} is not there"))),
    }
}

/// Reads the line end behind an object.
fn end(from: &mut BufReader<ChildStdout>) -> io::Result<()> {
    let mut byte = [0];
    from.read_exact(&mut byte)?;
    if byte == *b"\n" {
        Ok(())
    } else {
        Err(io::Error::other("an object has more bytes than it says"))
    }
}

fn small(from: &mut impl Read, size: u64, most: u64) -> io::Result<Vec<u8>> {
    if size > most {
        return Err(io::Error::other("the target of a link is too long"));
    }
    let mut content = Vec::new();
    from.take(size).read_to_end(&mut content)?;
    if content.len() as u64 == size {
        Ok(content)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn append(
    archive: &mut Builder<impl io::Write>,
    entry: &Entry,
    size: u64,
    content: &mut impl Read,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    let mode = match entry.kind {
        Kind::Program => 0o755,
        _ => 0o644,
    };
    header.set_mode(mode);
    header.set_size(size);
    let mut content = content.take(size);
    name(archive, &mut header, &entry.path)?;
    header.set_cksum();
    archive.append(&header, &mut content)?;
    if content.limit() == 0 {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn link(archive: &mut Builder<impl io::Write>, path: &[u8], target: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_mode(0o777);
    header.set_size(0);
    let places = header.as_old_mut();
    if target.len() < places.linkname.len() {
        places.linkname[..target.len()].copy_from_slice(target);
    } else {
        long(archive, b'K', target)?;
    }
    name(archive, &mut header, path)?;
    header.set_cksum();
    archive.append(&header, io::empty())
}

/// Gives the entry its name. It is written as it is, byte by byte: what may not be one is for the store to refuse.
fn name(archive: &mut Builder<impl io::Write>, header: &mut Header, path: &[u8]) -> io::Result<()> {
    let place = &mut header.as_old_mut().name;
    if path.len() < place.len() {
        place[..path.len()].copy_from_slice(path);
        return Ok(());
    }
    long(archive, b'L', path)
}

/// What GNU tar puts before an entry with a long name or target.
fn long(archive: &mut Builder<impl io::Write>, kind: u8, text: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::new(kind));
    header.as_old_mut().name[..13].copy_from_slice(b"././@LongLink");
    header.set_mode(0o644);
    header.set_size(text.len() as u64 + 1);
    header.set_cksum();
    archive.append(&header, text.chain(&[0][..]))
}
