//! What of one download is already here: its bytes, what the server said of them, and what they hash to so far.
//!
//! Nothing is synced. What a power cut leaves is a shorter file or none, or one whose digest betrays it.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::Digest;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_store::durable;
use dgmo_store::durable::NewFile;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;

use super::arrival::Watch;

const MODE: u32 = 0o600;
const BUFFER: usize = 256 << 10;

/// With the words in which the server said that there is nothing: `<key>.absent`.
pub(super) const ABSENT: &str = "absent";

/// What the server said of the bytes: `<key>.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// The address, for people who look into the folder.
    pub(super) url: String,
    /// Its entity tag.
    pub(super) etag: Option<String>,
    /// When it last changed, as the server writes it.
    pub(super) last_modified: Option<String>,
    /// Where a list goes on, as the server writes it (`Link`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    /// Until when its server said that it is good, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) good_until: Option<u64>,
    /// What all of it hashes to, once all of it is here.
    pub(super) whole: Option<Digest>,
}

impl Facts {
    /// What is written of the download `key`, without holding it.
    pub(super) fn of(folder: &Path, key: &str) -> Option<Self> {
        let text = fs::read(folder.join(format!("{key}.json"))).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// What `If-Range` may say: a weak entity tag does not promise the same bytes.
    pub(super) fn validator(&self) -> Option<&str> {
        match &self.etag {
            Some(tag) if !tag.starts_with("W/") => Some(tag),
            _ => self.last_modified.as_deref(),
        }
    }

    /// Whether another answer speaks of the same bytes, as far as both tell.
    pub(super) fn agree_with(&self, other: &Self) -> bool {
        let agree = |one: &Option<String>, two: &Option<String>| match (one, two) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        agree(&self.etag, &other.etag) && agree(&self.last_modified, &other.last_modified)
    }
}

/// The digests of what has come so far.
struct Hashing {
    blake3: blake3::Hasher,
    /// The others cost more than all the rest, so they are only counted where they are asked for.
    sha256: Option<sha2::Sha256>,
    sha512: Option<sha2::Sha512>,
}

impl Hashing {
    fn new(expected: &[ExpectedDigest]) -> Self {
        let wants = |is: fn(&ExpectedDigest) -> bool| expected.iter().any(is);
        Self {
            blake3: blake3::Hasher::default(),
            sha256: wants(|it| matches!(it, ExpectedDigest::Sha256(_))).then(Default::default),
            sha512: wants(|it| matches!(it, ExpectedDigest::Sha512(_))).then(Default::default),
        }
    }

    /// The same, of nothing yet.
    fn anew(&self) -> Self {
        Self {
            blake3: blake3::Hasher::default(),
            sha256: self.sha256.as_ref().map(|_| sha2::Sha256::default()),
            sha512: self.sha512.as_ref().map(|_| sha2::Sha512::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.blake3.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(bytes);
        }
    }

    fn feed(&mut self, from: &mut dyn Read) -> io::Result<u64> {
        let mut buffer = vec![0; BUFFER];
        let mut size = 0;
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(size),
                Ok(count) => {
                    self.update(&buffer[..count]);
                    size += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn digests(&self) -> Digests {
        Digests {
            blake3: self.blake3.finalize().into(),
            sha256: self.sha256.clone().map(|it| it.finalize().into()),
            sha512: self.sha512.clone().map(|it| it.finalize().into()),
        }
    }
}

/// What bytes hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digests {
    pub(super) blake3: Digest,
    sha256: Option<[u8; 32]>,
    sha512: Option<[u8; 64]>,
}

impl Digests {
    /// Hashes all that `from` gives; how many bytes that were comes too.
    pub(super) fn of(from: &mut dyn Read, expected: &[ExpectedDigest]) -> io::Result<(Self, u64)> {
        let mut hashing = Hashing::new(expected);
        let size = hashing.feed(from)?;
        Ok((hashing.digests(), size))
    }

    /// The first of `expected` these are not, and what they are instead, both as text.
    pub(super) fn differ_from(&self, expected: &[ExpectedDigest]) -> Option<(String, String)> {
        const COUNTED: &str = "it is counted where it is asked for";
        expected.iter().find_map(|expected| {
            let found = match expected {
                ExpectedDigest::Blake3(_) => ExpectedDigest::Blake3(self.blake3),
                ExpectedDigest::Sha256(_) => ExpectedDigest::Sha256(self.sha256.expect(COUNTED)),
                ExpectedDigest::Sha512(_) => ExpectedDigest::Sha512(self.sha512.expect(COUNTED)),
            };
            (found != *expected).then(|| (expected.to_string(), found.to_string()))
        })
    }
}

/// One download of the folder, held against all other processes and threads.
pub(super) struct Partial<'w> {
    folder: PathBuf,
    key: String,
    _lock: NewFile,
    facts: Option<Facts>,
    bytes: Option<NewFile>,
    hashing: Hashing,
    len: u64,
    /// Who is told how far the bytes are.
    watch: Option<&'w Watch<'w>>,
}

/// Whether somebody else held a download when we asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    Yes,
    No,
}

impl<'w> Partial<'w> {
    /// Holds the download `key` and looks at what is there of it. Calls `waiting` before it waits for another.
    pub(super) fn hold(
        folder: &Path,
        key: &str,
        expected: &[ExpectedDigest],
        watch: Option<&'w Watch<'w>>,
        waiting: impl FnOnce(),
    ) -> io::Result<(Self, Waited)> {
        let (lock, waited) = hold_alone(folder, key, waiting)?;
        let mut partial = Self {
            folder: folder.to_owned(),
            key: key.to_owned(),
            _lock: lock,
            facts: None,
            bytes: None,
            hashing: Hashing::new(expected),
            len: 0,
            watch,
        };
        partial.load()?;
        Ok((partial, waited))
    }

    /// Holds the download `key` if nobody else does.
    pub(super) fn try_lock(folder: &Path, key: &str) -> io::Result<Option<NewFile>> {
        let lock = open_lock(&folder.join(format!("{key}.lock")))?;
        match lock.file().try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn load(&mut self) -> io::Result<()> {
        let facts = if_there(fs::read(self.path("json")))?
            .and_then(|text| serde_json::from_slice::<Facts>(&text).ok());
        let file = if_there(File::open(self.path("bytes")))?;
        let (Some(facts), Some(mut file)) = (facts, file) else {
            return self.clear();
        };
        let there = file.metadata()?.len();
        self.tell(|watch| {
            watch.begins(&self.path("bytes"), there);
            if facts.whole.is_some() {
                watch.expects(there);
            }
        });
        self.len = self.hashing.feed(&mut file)?;
        let damaged = facts
            .whole
            .is_some_and(|whole| whole != self.digests().blake3);
        self.facts = Some(facts);
        if damaged { self.clear() } else { Ok(()) }
    }

    /// Forgets what is there.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.tell(Watch::gives_up);
        self.bytes = None;
        self.facts = None;
        self.len = 0;
        self.hashing = self.hashing.anew();
        // What the server said goes first: bytes that nothing is said of are not gone on with.
        for suffix in ["json", "gist", ABSENT, "bytes"] {
            remove(&self.path(suffix))?;
        }
        Ok(())
    }

    /// Starts from nothing with bytes of which the server says `facts`.
    pub(super) fn begin(&mut self, facts: Facts) -> io::Result<()> {
        self.clear()?;
        let path = self.path("bytes");
        self.bytes = Some(durable::write_new(&path, &[], MODE)?);
        self.tell(|watch| watch.begins(&path, 0));
        self.say(facts)
    }

    /// Takes note of how many bytes there will be.
    pub(super) fn expect(&self, total: Option<u64>) {
        if let Some(total) = total {
            self.tell(|watch| watch.expects(total));
        }
    }

    /// Adds bytes at the end.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bytes.is_none() {
            // Going on where an earlier process stopped.
            self.bytes = Some(durable::append(&self.path("bytes"), &[], MODE)?);
        }
        if let Some(file) = &mut self.bytes {
            file.write_all(bytes)?;
        }
        self.len += bytes.len() as u64;
        // While these are hashed others may unpack them.
        self.tell(|watch| watch.grows(self.len));
        self.hashing.update(bytes);
        Ok(())
    }

    /// Writes down that they are good for longer.
    pub(super) fn keep_until(&mut self, good_until: u64) -> io::Result<()> {
        let facts = self.facts.clone().unwrap_or_default();
        self.say(Facts {
            good_until: Some(good_until),
            ..facts
        })
    }

    /// Writes down that all bytes are here.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.bytes = None;
        let whole = Some(self.digests().blake3);
        let facts = self.facts.clone().unwrap_or_default();
        self.say(Facts { whole, ..facts })
    }

    fn say(&mut self, facts: Facts) -> io::Result<()> {
        let text = serde_json::to_vec(&facts).expect("facts have only string keys");
        self.write("json", &text)?;
        self.facts = Some(facts);
        Ok(())
    }

    /// Writes a small file that belongs to this download.
    pub(super) fn write(&self, suffix: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(suffix);
        remove(&path)?;
        durable::write_new(&path, bytes, MODE).map(drop)
    }

    /// Reads a small file that belongs to this download.
    pub(super) fn read(&self, suffix: &str) -> io::Result<Option<Vec<u8>>> {
        if_there(fs::read(self.path(suffix)))
    }

    /// What the server said, if anything is here.
    pub(super) fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// Whether all bytes are here.
    pub(super) fn is_whole(&self) -> bool {
        self.facts
            .as_ref()
            .is_some_and(|facts| facts.whole.is_some())
    }

    /// How many bytes are here.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// What the bytes that are here hash to.
    pub(super) fn digests(&self) -> Digests {
        self.hashing.digests()
    }

    /// The bytes, to read from the start.
    pub(super) fn open(&self) -> io::Result<(File, PathBuf)> {
        let path = self.path("bytes");
        Ok((File::open(&path)?, path))
    }

    fn tell(&self, say: impl FnOnce(&Watch<'w>)) {
        if let Some(watch) = self.watch {
            say(watch);
        }
    }

    fn path(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!("{}.{suffix}", self.key))
    }
}

/// Holds `KEY.lock` of a folder of a cache, which is made if it is missing, against all other processes and threads.
pub(super) fn hold_alone(
    folder: &Path,
    key: &str,
    waiting: impl FnOnce(),
) -> io::Result<(NewFile, Waited)> {
    durable::make_folders(folder)?;
    let lock = open_lock(&folder.join(format!("{key}.lock")))?;
    let waited = match lock.file().try_lock() {
        Ok(()) => Waited::No,
        Err(TryLockError::WouldBlock) => {
            waiting();
            lock.file().lock()?;
            Waited::Yes
        }
        Err(TryLockError::Error(error)) => return Err(error),
    };
    Ok((lock, waited))
}

fn open_lock(path: &Path) -> io::Result<NewFile> {
    match durable::append(path, &[], MODE) {
        // Another process made it between our look and our step.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            durable::append(path, &[], MODE)
        }
        result => result,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if_there(durable::remove_file(path)).map(drop)
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
