//! What files outside the store hashed to when they were last added, so that unchanged ones need not be read again.
//!
//! A file is the same if its device, number, size, times and executable bit are. The time of its last change is set
//! by the system alone, but in steps; so a file that changed less than two seconds before it was read is not written
//! down: it could change once more within the same step. Opt-in, since a clock that is set back defeats it.
//!
//! ```text
//! "dgmo stat 1\n", then records sorted by device and number, then 32 bytes: BLAKE3 of all before
//! record, 80 bytes: device, number, size, modified, changed, executable (0 or 1): 8 bytes each, little endian; id
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use std::time::SystemTime;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;

use crate::durable;
use crate::failure::WriteError;
use crate::parallel::held;
use crate::platform;
use crate::platform::FileState;

const MAGIC: &[u8] = b"dgmo stat 1\n";
const RECORD: usize = 80;
const DIGEST: usize = 32;

/// How old a change must be, so that another one cannot have the same time: FAT counts in two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// More records than this are not kept: only those of the latest run are then.
const MOST: usize = 1 << 20;

/// The cache, as it was loaded and with what was learned since.
#[derive(Debug)]
pub struct StatCache {
    path: PathBuf,
    /// The whole file, checked; records are read where they are.
    bytes: Vec<u8>,
    /// Changes after this are too young to be relied on. Nanoseconds since 1970.
    settled: i64,
    learned: Mutex<Vec<Learned>>,
}

/// What one file hashed to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Learned {
    state: FileState,
    id: BlobId,
}

impl Learned {
    pub(crate) fn new(state: &FileState, id: BlobId) -> Self {
        Self { state: *state, id }
    }
}

impl StatCache {
    /// Reads the cache at `path`; one that is missing or damaged is empty. `now` is a moment before any file of this
    /// run is read.
    pub fn load(path: &Path, now: SystemTime) -> Self {
        let settled = now
            .checked_sub(SETTLED)
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_nanos()).ok());
        Self {
            path: path.to_owned(),
            bytes: std::fs::read(path)
                .ok()
                .filter(|bytes| is_whole(bytes))
                .unwrap_or_default(),
            settled: settled.unwrap_or(i64::MIN),
            learned: Mutex::default(),
        }
    }

    /// Whether it knows anything.
    pub(crate) fn is_of_use(&self) -> bool {
        !self.records().is_empty()
    }

    /// What the file with this state hashed to.
    pub(crate) fn recall(&self, state: &FileState) -> Option<BlobId> {
        let records = self.records();
        let wanted = (state.device, state.inode);
        let at = records.binary_search_by(|record| key(record).cmp(&wanted));
        let record = &records[at.ok()?];
        (record[16..48] == facts(state)[16..48]).then(|| id_of(record))
    }

    /// Takes note of files that were read, but for those that changed too lately.
    pub(crate) fn learn(&self, learned: &mut Vec<Learned>) {
        learned.retain(|learned| learned.state.changed <= self.settled);
        held(&self.learned).append(learned);
    }

    /// Writes down what this run has learned, if anything.
    ///
    /// Not synced: what a crash leaves of it fails its checksum and counts as empty. Of two runs that save at once one
    /// is forgotten.
    pub fn save(&self) -> Result<(), WriteError> {
        let learned = held(&self.learned);
        if learned.is_empty() {
            return Ok(());
        }
        let bytes = self.merged(&learned);
        let staged = format!(".stat-{:016x}", platform::unique());
        let staged = self.path.with_file_name(staged);
        let saved = durable::write_new(&staged, &bytes, 0o644)
            .and_then(|_| durable::rename(&staged, &self.path));
        saved.map_err(|error| {
            // Perhaps it was never made; else it is a cache's leftover that may lie there.
            drop(durable::remove_file(&staged));
            WriteError::new(&self.path, error)
        })
    }

    fn records(&self) -> &[[u8; RECORD]] {
        let records = self.bytes.get(MAGIC.len()..).unwrap_or_default();
        let end = records.len().saturating_sub(DIGEST);
        records[..end].as_chunks().0
    }

    fn merged(&self, learned: &[Learned]) -> Vec<u8> {
        let mut records = BTreeMap::new();
        if self.records().len() + learned.len() <= MOST {
            records.extend(self.records().iter().map(|record| (key(record), *record)));
        }
        for learned in learned {
            let mut record = facts(&learned.state);
            record[48..].copy_from_slice(learned.id.0.as_bytes());
            records.insert(key(&record), record);
        }
        let mut bytes = Vec::with_capacity(MAGIC.len() + records.len() * RECORD + DIGEST);
        bytes.extend_from_slice(MAGIC);
        for record in records.values() {
            bytes.extend_from_slice(record);
        }
        let digest = Digest::of(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        bytes
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some((content, digest)) = bytes.split_last_chunk::<DIGEST>() else {
        return false;
    };
    content
        .strip_prefix(MAGIC)
        .is_some_and(|records| records.len().is_multiple_of(RECORD))
        && Digest::of(content).as_bytes() == digest
}

fn facts(state: &FileState) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let fields = [
        state.device.to_le_bytes(),
        state.inode.to_le_bytes(),
        state.size.to_le_bytes(),
        state.modified.to_le_bytes(),
        state.changed.to_le_bytes(),
        u64::from(state.executable).to_le_bytes(),
    ];
    record[..48].copy_from_slice(fields.as_flattened());
    record
}

fn key(record: &[u8; RECORD]) -> (u64, u64) {
    let number = |at: usize| {
        let bytes = record[at..at + 8].try_into();
        u64::from_le_bytes(bytes.expect("eight bytes"))
    };
    (number(0), number(8))
}

fn id_of(record: &[u8; RECORD]) -> BlobId {
    let bytes = record[48..].try_into();
    BlobId(Digest::from_bytes(bytes.expect("32 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::FileKind;

    const NOW: Duration = Duration::from_secs(1_000_000);

    fn state(inode: u64, age: Duration) -> FileState {
        FileState {
            kind: FileKind::File,
            executable: false,
            device: 1,
            inode,
            size: 10,
            modified: 5,
            changed: i64::try_from((NOW.checked_sub(age).unwrap()).as_nanos()).unwrap(),
        }
    }

    fn cache(path: &Path) -> StatCache {
        StatCache::load(path, SystemTime::UNIX_EPOCH + NOW)
    }

    fn learn(cache: &StatCache, state: &FileState, content: &[u8]) -> BlobId {
        let id = BlobId(Digest::of(content));
        cache.learn(&mut vec![Learned::new(state, id)]);
        id
    }

    #[test]
    fn what_was_learned_is_recalled_by_the_next_run_and_the_one_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let old = Duration::from_mins(1);
        let mut ids = Vec::new();
        for inode in [7, 3, 5] {
            let cache = cache(&path);
            ids.push((
                inode,
                learn(&cache, &state(inode, old), &inode.to_le_bytes()),
            ));
            cache.save().unwrap();
        }
        let cache = cache(&path);
        for (inode, id) in ids {
            assert_eq!(cache.recall(&state(inode, old)), Some(id));
        }
        assert_eq!(cache.recall(&state(4, old)), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_differs_in_anything_is_not_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let known = state(1, Duration::from_mins(1));
        let first = cache(&path);
        learn(&first, &known, b"");
        first.save().unwrap();
        let cache = cache(&path);
        for other in [
            FileState { size: 11, ..known },
            FileState {
                modified: 6,
                ..known
            },
            FileState {
                changed: known.changed + 1,
                ..known
            },
            FileState {
                executable: true,
                ..known
            },
            FileState { device: 2, ..known },
        ] {
            assert_eq!(cache.recall(&other), None);
        }
    }

    #[test]
    fn a_file_that_changed_within_two_seconds_is_not_learned() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let first = cache(&path);
        learn(&first, &state(1, Duration::from_millis(1_999)), b"young");
        learn(&first, &state(2, Duration::from_secs(2)), b"old");
        first.save().unwrap();
        let cache = cache(&path);
        assert_eq!(cache.records().len(), 1);
    }

    #[test]
    fn a_damaged_cache_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let known = state(1, Duration::from_mins(1));
        let first = cache(&path);
        learn(&first, &known, b"");
        first.save().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], &[&bytes[..], b"x"].concat(), b""] {
            let file = folder.path().join("damaged");
            durable::replace_file(&file, damaged, 0o644).unwrap();
            assert_eq!(cache(&file).recall(&known), None);
        }
    }
}
