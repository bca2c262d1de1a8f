//! The append-only list of what happened to a profile.
//!
//! A line is not synced by itself: the switch it tells of must not wait for it. What a power cut takes is found
//! again: the first change after it sees the pointer elsewhere than the last line says, and adds a line.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::report::generation::HistoryEntry;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_store::durable;

use crate::home;
use crate::home::Profile;

/// The history of a profile.
#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
    floor: PathBuf,
}

/// Why the history could not be read or added to.
#[derive(Debug, thiserror::Error)]
#[error("cannot {deed} the history `{}`", path.display())]
pub struct HistoryError {
    deed: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl HistoryError {
    /// Which file it is about, and what the system said.
    pub(super) fn into_parts(self) -> (PathBuf, io::Error) {
        (self.path, self.source)
    }
}

impl Diagnose for HistoryError {
    fn code(&self) -> Code {
        home::code_of(&self.source)
    }

    fn hint(&self) -> Option<Hint> {
        Some(home::hint_for(&self.source))
    }
}

/// How much of the end is read to find the last line; a line is far shorter.
const TAIL: u64 = 16 * 1024;

impl History {
    /// That of `profile`.
    pub fn of(profile: &Profile) -> Self {
        Self {
            path: profile.history(),
            floor: profile.folder().join("highest"),
        }
    }

    /// Adds one entry. A line that a crash cut short is ended first.
    pub fn add(&self, entry: &HistoryEntry) -> Result<(), HistoryError> {
        let failed = |source| HistoryError {
            deed: "add to",
            path: self.path.clone(),
            source,
        };
        let mut line = Vec::new();
        if self.ends_in_the_middle_of_a_line().map_err(failed)? {
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, entry).expect("an entry has string keys");
        line.push(b'\n');
        durable::append(&self.path, &line, 0o644).map_err(failed)?;
        Ok(())
    }

    /// All entries, oldest first. Lines a crash has damaged are left out.
    pub fn entries(&self) -> Result<Vec<HistoryEntry>, HistoryError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(HistoryError {
                deed: "read",
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// The generation the last entry that moved the pointer moved it to.
    pub fn last_pointed(&self) -> Result<Option<GenerationNumber>, HistoryError> {
        let failed = |source| HistoryError {
            deed: "read",
            path: self.path.clone(),
            source,
        };
        let tail = tail(&self.path, TAIL).map_err(failed)?;
        let found = String::from_utf8_lossy(&tail)
            .lines()
            .rev()
            .filter_map(|line| serde_json::from_str::<HistoryEntry>(line).ok())
            .find(|entry| moves_the_pointer(entry.what))
            .map(|entry| entry.generation);
        Ok(found)
    }

    /// The highest number ever pruned: no new generation gets it or one below.
    pub fn highest_pruned(&self) -> Result<GenerationNumber, HistoryError> {
        let text = match fs::read_to_string(&self.floor) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            // Taken for none, it would have a number given twice.
            Err(source) => {
                return Err(HistoryError {
                    deed: "read",
                    path: self.floor.clone(),
                    source,
                });
            }
        };
        Ok(text.trim().parse().unwrap_or(GenerationNumber::ZERO))
    }

    /// Remembers that `number` was there, before it is pruned.
    pub fn remember_pruned(&self, number: GenerationNumber) -> Result<(), HistoryError> {
        if number <= self.highest_pruned()? {
            return Ok(());
        }
        durable::replace_file(&self.floor, format!("{number}\n").as_bytes(), 0o644).map_err(
            |source| HistoryError {
                deed: "add to",
                path: self.floor.clone(),
                source,
            },
        )
    }

    fn ends_in_the_middle_of_a_line(&self) -> io::Result<bool> {
        Ok(tail(&self.path, 1)?
            .last()
            .is_some_and(|byte| *byte != b'\n'))
    }
}

fn moves_the_pointer(what: HistoryEvent) -> bool {
    match what {
        HistoryEvent::Begun
        | HistoryEvent::Switched
        | HistoryEvent::RolledBack
        | HistoryEvent::TakenBack
        | HistoryEvent::Finished
        | HistoryEvent::Undone
        | HistoryEvent::Found => true,
        HistoryEvent::Confirmed
        | HistoryEvent::Labelled
        | HistoryEvent::Pinned
        | HistoryEvent::Unpinned
        | HistoryEvent::Pruned => false,
    }
}

/// The last `length` bytes of a file, or all of it; a missing file is empty.
fn tail(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(length)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use dgmo_schema::generation::Timestamp;

    use super::*;

    fn entry(what: HistoryEvent, number: u64) -> HistoryEntry {
        HistoryEntry {
            at: Timestamp::from_seconds(0),
            what,
            generation: GenerationNumber(number),
            from: None,
            by: String::new(),
            note: None,
        }
    }

    fn history(folder: &Path) -> History {
        History {
            path: folder.join("history.jsonl"),
            floor: folder.join("highest"),
        }
    }

    #[test]
    fn a_line_cut_short_by_a_crash_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        history.add(&entry(HistoryEvent::Switched, 1)).unwrap();
        durable::append(&history.path, b"{\"at\":\"20", 0o644).unwrap();
        history.add(&entry(HistoryEvent::Switched, 2)).unwrap();
        let numbers: Vec<_> = history
            .entries()
            .unwrap()
            .iter()
            .map(|e| e.generation.0)
            .collect();
        assert_eq!(numbers, [1, 2]);
    }

    #[test]
    fn the_last_pointed_generation_is_not_the_last_labelled() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        assert_eq!(history.last_pointed().unwrap(), None);
        history.add(&entry(HistoryEvent::Switched, 7)).unwrap();
        history.add(&entry(HistoryEvent::Labelled, 3)).unwrap();
        assert_eq!(history.last_pointed().unwrap(), Some(GenerationNumber(7)));
    }

    #[test]
    fn a_pruned_number_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(folder.path());
        history.remember_pruned(GenerationNumber(9)).unwrap();
        history.remember_pruned(GenerationNumber(4)).unwrap();
        assert_eq!(history.highest_pruned().unwrap(), GenerationNumber(9));
    }
}
