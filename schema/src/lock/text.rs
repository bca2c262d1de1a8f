//! A lock as text, both ways.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::FORMAT;
use super::Lock;
use super::raw::RawLock;
use crate::code::Code;
use crate::code::Diagnose;
use crate::code::Hint;
use crate::code::Place;

/// Why a text is not a lock this version can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    #[error("the lock holds both sides of a merge")]
    MergeConflict { place: Box<Place> },
    #[error("the lock has format {found}, and this version of dgmo knows formats up to {FORMAT}")]
    Format { found: u64 },
    #[error("the lock is damaged: {what}")]
    Damaged { what: String, place: Box<Place> },
}

impl LockError {
    /// The same, of the lock in `file`: a text does not know where it came from.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        match &mut self {
            Self::MergeConflict { place } | Self::Damaged { place, .. } => {
                file.clone_into(&mut place.file);
            }
            Self::Format { .. } => {}
        }
        self
    }
}

impl Diagnose for LockError {
    fn code(&self) -> Code {
        match self {
            Self::MergeConflict { .. } => Code::LockMergeConflict,
            Self::Format { .. } => Code::LockFormat,
            Self::Damaged { .. } => Code::LockDamaged,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::MergeConflict { .. } => {
                "resolve the manifest first, then remove the lock and run `dgmo lock`"
            }
            Self::Format { .. } => "use the dgmo that wrote it, or a newer one",
            Self::Damaged { .. } => {
                "take the lock back from version control, or remove it and run `dgmo lock`"
            }
        };
        Some(Hint::Do(text.to_owned()))
    }

    fn place(&self) -> Option<&Place> {
        match self {
            Self::MergeConflict { place } | Self::Damaged { place, .. } => Some(place),
            Self::Format { .. } => None,
        }
    }
}

impl Lock {
    /// Reads a lock of any format there ever was.
    pub fn from_json(text: &str) -> Result<Self, LockError> {
        if let Some(index) = text.lines().position(is_conflict_marker) {
            let place = Box::new(place(text, index + 1, 1));
            return Err(LockError::MergeConflict { place });
        }
        match format_of(text) {
            Some(format) if format != u64::from(FORMAT) => Err(LockError::Format { found: format }),
            _ => read_version_1(text),
        }
    }

    /// The text of the lock: the same for the same lock, on every machine.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&RawLock::from(self))
            .expect("a lock has only string keys");
        text.push('\n');
        text
    }
}

fn read_version_1(text: &str) -> Result<Lock, LockError> {
    let raw: RawLock = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The position is in the place; it need not be said again.
        let what = match message.rfind(" at line ") {
            Some(at) => message[..at].to_owned(),
            None => message,
        };
        LockError::Damaged {
            what,
            place: Box::new(place(text, error.line(), error.column())),
        }
    })?;
    Ok(raw.into())
}

/// The number behind `dgmo-lock`, whatever else there is.
fn format_of(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Probe {
        #[serde(rename = "dgmo-lock")]
        format: u64,
        #[serde(flatten)]
        _rest: IgnoredAny,
    }
    let probe: Probe = serde_json::from_str(text).ok()?;
    Some(probe.format)
}

/// Lines that version control writes into a file it cannot merge. No line of a lock begins like that.
fn is_conflict_marker(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
        .iter()
        .any(|marker| line.starts_with(marker))
}

/// The place serde speaks of: its columns count bytes, and the one before the first is 0.
fn place(text: &str, line: usize, column: usize) -> Place {
    let line = line.max(1);
    let whole = text.lines().nth(line - 1).unwrap_or_default();
    let before = whole.get(..column.saturating_sub(1)).unwrap_or(whole);
    Place {
        file: "dgmo.lock".to_owned(),
        line,
        column: before.chars().count() + 1,
        length: 1,
        text: whole.chars().take(1_000).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Locked;

    const SAMPLE: &str = r#"{
  "dgmo-lock": 1,
  "packages": {
    "helix": {
      "version": "25.1",
      "x86_64-linux": {
        "url": "https://example.org/helix-25.1-x86_64-linux.tar.xz",
        "size": 11731000,
        "digest": "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        "unpack": "tar.xz",
        "strip": 1,
        "tree": "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
      }
    },
    "notes": {
      "any": {
        "path": "./tools/notes",
        "tree": "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
      }
    }
  }
}
"#;

    #[test]
    fn a_lock_reads_back_byte_for_byte() {
        let lock = Lock::from_json(SAMPLE).unwrap();
        assert_eq!(lock.to_json(), SAMPLE);
        let linux = "x86_64-linux".parse().unwrap();
        assert!(matches!(
            lock.packages["notes"].for_system(&linux),
            Some(Locked::Path { .. })
        ));
        assert_eq!(
            Lock::default().to_json(),
            "{\n  \"dgmo-lock\": 1,\n  \"packages\": {}\n}\n"
        );
    }

    /// What is damaged, by what is replaced in the sample, and what the message says and where.
    #[test]
    fn a_damaged_lock_says_what_and_where() {
        for (from, to, says, line) in [
            ("\"size\"", "\"sice\"", "unknown field `sice`", 8),
            ("11731000", "\"11731000\"", "invalid type", 8),
            ("\"notes\"", "\"helix\"", "`helix` is there twice", 15),
            ("\"any\"", "\"anything\"", "`anything` is not a system", 16),
            (
                "        \"size\": 11731000,\n",
                "",
                "missing field `size`",
                13,
            ),
            (
                "tar.xz\",\n        \"strip",
                "rar\",\n        \"strip",
                "unknown variant `rar`",
                10,
            ),
            (
                "\"path\"",
                "\"strip\": 1,\n        \"path\"",
                "a build from a `path`",
                21,
            ),
            ("\"dgmo-lock\": 1,\n", "", "missing field `dgmo-lock`", 21),
            (
                "
  }
}
", "", "EOF", 20,
            ),
        ] {
            assert!(SAMPLE.contains(from), "{from}");
            let error = Lock::from_json(&SAMPLE.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.code(), Code::LockDamaged, "{from}");
            assert!(error.to_string().contains(says), "{error}");
            assert!(!error.to_string().contains(" at line"), "{error}");
            assert_eq!(error.place().unwrap().line, line, "{from}: {error}");
        }
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let error = Lock::from_json("{\"new\": [], \"dgmo-lock\": 2}").unwrap_err();
        assert_eq!(error, LockError::Format { found: 2 });
    }

    #[test]
    fn both_sides_of_a_merge_are_told_from_damage() {
        let text = SAMPLE.replacen("    \"notes\"", "<<<<<<< HEAD\n    \"notes\"", 1);
        let error = Lock::from_json(&text).unwrap_err().in_file("a/dgmo.lock");
        assert_eq!(error.code(), Code::LockMergeConflict);
        assert_eq!(error.place().unwrap().line, 15);
        assert_eq!(error.place().unwrap().file, "a/dgmo.lock");
    }
}
