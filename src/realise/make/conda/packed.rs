//! The packing of conda's own: a zip in which two archives lie as they are, one for the package and one about it.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

use zip::CompressionMethod;
use zip::ZipArchive;

/// A part of a file, as a file of its own.
#[derive(Debug)]
pub(super) struct Part<R> {
    inner: R,
    start: u64,
    length: u64,
    at: u64,
}

impl<R: Read + Seek> Part<R> {
    pub(super) fn new(inner: R, (start, length): (u64, u64)) -> Self {
        Self {
            inner,
            start,
            length,
            at: 0,
        }
    }
}

impl<R: Read + Seek> Read for Part<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        self.inner.seek(SeekFrom::Start(self.start + self.at))?;
        let count = self.inner.by_ref().take(left).read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Part<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Where in it the archives are, that of the package first; what is wrong is told in words.
pub(super) fn parts(file: impl Read + Seek) -> Result<Vec<(u64, u64)>, String> {
    let reader = io::BufReader::new(file);
    let mut archive = ZipArchive::new(reader).map_err(|error| error.to_string())?;
    let mut found = [None, None];
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|error| error.to_string())?;
        let name = entry
            .name()
            .map_err(|error| error.to_string())?
            .into_owned();
        let place = match name.strip_suffix(".tar.zst") {
            Some(stem) if stem.starts_with("pkg-") => 0,
            Some(stem) if stem.starts_with("info-") => 1,
            _ => continue,
        };
        if entry.compression() != CompressionMethod::Stored {
            return Err(format!("`{name}` in it is compressed twice"));
        }
        let start = entry.data_start();
        let start = start.ok_or_else(|| format!("nobody knows where `{name}` begins in it"))?;
        if found[place].replace((start, entry.size())).is_some() {
            return Err(format!("`{name}` has a twin in it"));
        }
    }
    match found {
        [Some(package), Some(about)] => Ok(vec![package, about]),
        _ => Err("it does not have both `pkg-*.tar.zst` and `info-*.tar.zst`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            let options = SimpleFileOptions::default().compression_method(method);
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn both_parts_are_found_where_they_are() {
        let entries: [(&str, &[u8]); 3] = [
            ("metadata.json", b"{}"),
            ("info-a-1-0.tar.zst", b"about"),
            ("pkg-a-1-0.tar.zst", b"package"),
        ];
        let bytes = packed(&entries, CompressionMethod::Stored);
        let texts = parts(Cursor::new(&bytes))
            .unwrap()
            .into_iter()
            .map(|place| {
                let mut text = String::new();
                let mut part = Part::new(Cursor::new(&bytes), place);
                assert_eq!(part.seek(SeekFrom::End(0)).unwrap(), place.1);
                part.rewind().unwrap();
                part.read_to_string(&mut text).unwrap();
                text
            });
        assert_eq!(texts.collect::<Vec<_>>(), ["package", "about"]);
        let lacking = packed(&entries[..2], CompressionMethod::Stored);
        assert!(parts(Cursor::new(lacking)).is_err());
        let twice = packed(&entries, CompressionMethod::Deflated);
        assert!(parts(Cursor::new(twice)).unwrap_err().contains("twice"));
        assert!(parts(Cursor::new(b"no zip")).is_err());
    }
}
