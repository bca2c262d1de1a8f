//! Reading an archive object by object, for one who looks for some of them only.

use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;

use dgmo_schema::id::Digest;

use super::ImportError;
use super::reader::Counting;
use super::reader::Reader;
use super::reader::read_magic;
use crate::object::Inode;

/// Takes an object: its kind, its id, its size, and its bytes.
pub(crate) type Each<'a> =
    dyn FnMut(Inode, Digest, u64, &mut dyn Read) -> Result<(), ImportError> + 'a;

/// Shows `each` every object of an archive: its kind, its id, its size, and its bytes to read. What it leaves of
/// them is passed over. Nothing is believed: who takes an object proves it.
pub(crate) fn each_object(from: &mut dyn Read, each: &mut Each<'_>) -> Result<(), ImportError> {
    let packed = Rc::new(Cell::new(0));
    let mut from = Counting {
        inner: from,
        count: Rc::clone(&packed),
    };
    if !read_magic(&mut from)? {
        return all(&mut Reader::new(&mut from, packed), each);
    }
    let decoder = zstd::stream::read::Decoder::new(&mut from);
    let mut decoder = decoder.map_err(|source| ImportError::Read { offset: 0, source })?;
    all(&mut Reader::new(&mut decoder, packed), each)
}

fn all(reader: &mut Reader<'_>, each: &mut Each<'_>) -> Result<(), ImportError> {
    reader.roots()?;
    while let Some((inode, size, id)) = reader.object()? {
        let end = reader.offset + size;
        each(inode, id, size, &mut Read::take(&mut *reader, size))?;
        let left = end.saturating_sub(reader.offset);
        let passed = std::io::copy(&mut Read::take(&mut *reader, left), &mut std::io::sink());
        if passed.map_err(|source| reader.failed(source))? < left {
            return Err(ImportError::CutShort {
                offset: reader.offset,
            });
        }
    }
    Ok(())
}
