//! Our own index of a channel's list: what is needed of each record, and where the records of a package are.
//!
//! ```text
//! HOME/cache/conda/<digest of the list's address>
//!   dgmo conda 1\n<digest of the list>\n
//!   …                    records as JSON, those of one package mostly beside each other
//!   {"cmake": […]}       of each package the stretches of bytes with its records, and what each hashes to
//!   <16 hex digits: where that begins> <64 hex digits: what it hashes to>\n
//! ```
//!
//! A list has hundreds of megabytes and is read in one pass; after that a package costs one look. All of it may be deleted
//! at any time: nothing is believed that does not hash to what it should, so nothing is synced.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::id::Digest;
use dgmo_store::durable;
use serde::Deserialize;
use serde::Serialize;

use super::listing;
use super::record::Raw;

/// The length of the last line.
const LAST: u64 = 16 + 1 + 64 + 1;

/// The most bytes of the part that tells where packages are.
const LARGEST_PLACES: u64 = 256 << 20;

/// A stretch of records.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stretch {
    at: u64,
    length: u64,
    digest: Digest,
}

/// An index, opened.
#[derive(Debug)]
pub(super) struct Index {
    file: Mutex<File>,
    places: HashMap<String, Vec<Stretch>>,
}

/// Why there is no index of a list.
#[derive(Debug)]
pub(super) enum IndexError {
    /// The list is not understood.
    List(String),
    /// The index cannot be kept.
    Cache(io::Error),
}

impl From<io::Error> for IndexError {
    fn from(error: io::Error) -> Self {
        Self::Cache(error)
    }
}

impl Index {
    /// The index of the list that hashes to `digest`: the one at `path`, or a new one, made of what `list` gives.
    pub(super) fn of<R: Read>(
        path: &Path,
        digest: Digest,
        list: impl FnOnce() -> io::Result<R>,
    ) -> Result<Self, IndexError> {
        if let Some(index) = Self::open(path, digest) {
            return Ok(index);
        }
        let folder = path.parent().unwrap_or(path);
        durable::make_folders(folder)?;
        let staged = path.with_extension(format!("{}-new", std::process::id()));
        remove(&staged)?;
        let written = list()
            .map_err(IndexError::from)
            .and_then(|list| write(&staged, digest, list));
        if let Err(error) = written {
            remove(&staged)?;
            return Err(error);
        }
        durable::rename(&staged, path)?;
        Self::open(path, digest).ok_or_else(|| {
            let why = "it is not what was written a moment ago";
            IndexError::Cache(io::Error::new(io::ErrorKind::InvalidData, why))
        })
    }

    /// The index at `path`, if it is whole and of that list.
    fn open(path: &Path, digest: Digest) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let head = head(digest);
        let mut start = vec![0; head.len()];
        file.read_exact(&mut start).ok()?;
        if start != head.as_bytes() {
            return None;
        }
        let end = file.seek(SeekFrom::End(0)).ok()?.checked_sub(LAST)?;
        file.seek(SeekFrom::Start(end)).ok()?;
        let mut last = String::new();
        (&mut file).take(LAST).read_to_string(&mut last).ok()?;
        let (at, hex) = last.trim_end().split_once(' ')?;
        let at = u64::from_str_radix(at, 16).ok()?;
        let length = end.checked_sub(at).filter(|it| *it <= LARGEST_PLACES)?;
        let text = read(&mut file, at, length).ok()?;
        if Digest::of(&text).hex() != hex {
            return None;
        }
        Some(Self {
            file: Mutex::new(file),
            places: serde_json::from_slice(&text).ok()?,
        })
    }

    /// The records of a package, as they are in the list.
    pub(super) fn records(&self, package: &str) -> io::Result<Vec<Raw>> {
        let mut records = Vec::new();
        for stretch in self.places.get(package).into_iter().flatten() {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let text = read(&mut file, stretch.at, stretch.length)?;
            drop(file);
            if Digest::of(&text) != stretch.digest {
                let why = "the index of a channel is damaged; delete `cache/conda` in the home";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            for record in serde_json::Deserializer::from_slice(&text).into_iter::<Raw>() {
                records.push(record?);
            }
        }
        Ok(records)
    }
}

fn head(digest: Digest) -> String {
    format!("dgmo conda 1\n{digest}\n")
}

fn read(file: &mut File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn remove(path: &Path) -> io::Result<()> {
    match durable::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// A stretch under way.
struct Open {
    package: String,
    at: u64,
    text: Vec<u8>,
}

/// Writes the index of a list, in one pass over it.
fn write(path: &Path, digest: Digest, list: impl Read) -> Result<(), IndexError> {
    let file = durable::write_new(path, b"", 0o600)?;
    let mut file = BufWriter::with_capacity(256 << 10, file);
    let mut at = 0;
    let head = head(digest);
    put(&mut file, &mut at, head.as_bytes())?;
    let mut places: BTreeMap<String, Vec<Stretch>> = BTreeMap::new();
    let mut open: Option<Open> = None;
    let mut failure = None;
    let read = listing::read(list, &mut |record| {
        let is_next = open.as_ref().is_none_or(|it| it.package != record.name);
        if is_next && let Some(done) = open.take() {
            let closed = close(&mut file, &mut at, done, &mut places);
            closed.map_err(|error| keep(&mut failure, error))?;
        }
        let open = open.get_or_insert_with(|| Open {
            package: record.name.clone(),
            at,
            text: Vec::new(),
        });
        serde_json::to_writer(&mut open.text, &record)?;
        open.text.push(b'\n');
        Ok(())
    });
    if let Some(error) = failure {
        return Err(IndexError::Cache(error));
    }
    read.map_err(IndexError::List)?;
    if let Some(done) = open {
        close(&mut file, &mut at, done, &mut places)?;
    }
    let places_at = at;
    let text = serde_json::to_vec(&places).map_err(io::Error::from)?;
    put(&mut file, &mut at, &text)?;
    let last = format!("{places_at:016x} {}\n", Digest::of(&text).hex());
    put(&mut file, &mut at, last.as_bytes())?;
    file.flush()?;
    Ok(())
}

/// What could not be written is no fault of the list.
fn keep(failure: &mut Option<io::Error>, error: io::Error) -> io::Error {
    let told = io::Error::new(error.kind(), "the index cannot be written");
    failure.get_or_insert(error);
    told
}

fn put(file: &mut impl Write, at: &mut u64, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    *at += bytes.len() as u64;
    Ok(())
}

fn close(
    file: &mut impl Write,
    at: &mut u64,
    done: Open,
    places: &mut BTreeMap<String, Vec<Stretch>>,
) -> io::Result<()> {
    let stretch = Stretch {
        at: done.at,
        length: done.text.len() as u64,
        digest: Digest::of(&done.text),
    };
    put(file, at, &done.text)?;
    places.entry(done.package).or_default().push(stretch);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"packages":{"a-1-0.tar.bz2":{"name":"a","version":"1","build":"0"},
        "a-b-1-0.tar.bz2":{"name":"a-b","version":"1","build":"0"},"a-2-0.tar.bz2":{"name":"a","version":"2","build":"0"}},
        "packages.conda":{"a-3-0.conda":{"name":"a","version":"3","build":"0","license":"x"}}}"#;

    fn files(index: &Index, package: &str) -> Vec<String> {
        let records = index.records(package).unwrap().into_iter();
        records.map(|record| record.file).collect()
    }

    #[test]
    fn a_package_is_found_without_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conda").join("index");
        let digest = Digest::of(LIST.as_bytes());
        let first = Index::of(&path, digest, || Ok(LIST.as_bytes())).unwrap();
        let all = ["a-1-0.tar.bz2", "a-2-0.tar.bz2", "a-3-0.conda"];
        assert_eq!(files(&first, "a"), all);
        let never = || -> io::Result<&[u8]> { panic!("the list is not read again") };
        let again = Index::of(&path, digest, never).unwrap();
        assert_eq!(files(&again, "a"), all);
        assert_eq!(files(&again, "a-b"), ["a-b-1-0.tar.bz2"]);
        assert!(files(&again, "nobody").is_empty());
    }

    #[test]
    fn another_list_or_a_damaged_index_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let digest = Digest::of(LIST.as_bytes());
        Index::of(&path, digest, || Ok(LIST.as_bytes())).unwrap();
        let other = LIST.replace("a-b", "c");
        let index = Index::of(&path, Digest::of(b"other"), || Ok(other.as_bytes())).unwrap();
        assert_eq!(files(&index, "c"), ["c-1-0.tar.bz2"]);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            remove(&path).unwrap();
            durable::write_new(&path, &whole[..cut], 0o600).unwrap();
            assert!(Index::open(&path, Digest::of(b"other")).is_none(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_list_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let of = Index::of(&path, Digest::of(b""), || Ok(&b"{\"packages\":"[..]));
        assert!(matches!(of, Err(IndexError::List(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
