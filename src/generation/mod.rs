//! Records, numbers and history of a profile, and what pruning would drop.
//!
//! ```text
//! generations/N/
//!   generation.json   number, id, when, why, parent, label, note, who
//!   record.json       the canonical record; its BLAKE3 is the generation's id
//!   view/             links into the store's trees
//!   files/            home files as they shall be
//!   env               the environment, for shells to read
//! ```

mod history;
mod hold;
mod index;
mod policy;
mod prune;

pub use history::History;
pub use history::HistoryError;
pub use hold::HeldGeneration;
pub use hold::Use;
pub use policy::Pinned;
pub use policy::Policy;
pub use policy::PolicyError;
pub use prune::Known;
pub use prune::to_drop;

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::FORMAT;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::report::generation::GenerationSummary;
use dgmo_store::durable;
use dgmo_store::look;

use crate::home;
use crate::home::Profile;

/// Why something of a profile could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("profile `{profile}` has no generation {number}")]
    Missing {
        profile: String,
        number: GenerationNumber,
    },
    #[error("profile `{profile}` has no generation with the label `{label}`")]
    NoLabel { profile: String, label: String },
    #[error("profile `{profile}` has no generations yet")]
    NoProfile { profile: String },
    #[error("the pointer `{}` does not name a generation", path.display())]
    Pointer { path: PathBuf },
    #[error("`{}` is damaged", path.display())]
    Damaged {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("`{}` was written by a newer dgmo (format {format})", path.display())]
    Newer { path: PathBuf, format: u32 },
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl ReadError {
    /// Whether nobody could look: what was asked for may be there, and whole.
    pub fn is_no_answer(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() != io::ErrorKind::NotFound)
    }
}

impl Diagnose for ReadError {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } | Self::NoLabel { .. } => Code::GenerationMissing,
            Self::NoProfile { .. } => Code::ProfileMissing,
            Self::Pointer { .. } => Code::PointerDamaged,
            Self::Damaged { .. } => Code::GenerationDamaged,
            Self::Newer { .. } => Code::GenerationNewer,
            Self::Io { .. } => Code::ProfileUnusable,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Missing { .. } | Self::NoLabel { .. } => {
                Some(Hint::Run("dgmo generations list".to_owned()))
            }
            Self::NoProfile { .. } => Some(Hint::Run("dgmo switch".to_owned())),
            Self::Pointer { .. } => Some(Hint::Run("dgmo rollback".to_owned())),
            Self::Damaged { .. } => Some(Hint::Do(
                "switch to another generation with `dgmo rollback N`, then drop this one with \
                 `dgmo generations prune N`"
                    .to_owned(),
            )),
            Self::Newer { .. } => Some(Hint::Do("use the newer dgmo".to_owned())),
            Self::Io { source, .. } => Some(home::hint_for(source)),
        }
    }
}

/// The generations of a profile, read from disk at each call.
#[derive(Debug, Clone, Copy)]
pub struct Generations<'a> {
    profile: &'a Profile,
}

impl<'a> Generations<'a> {
    /// Those of `profile`.
    pub fn of(profile: &'a Profile) -> Self {
        Self { profile }
    }

    /// The generation the pointer names.
    pub fn current(self) -> Result<GenerationNumber, ReadError> {
        let path = self.profile.current();
        match fs::read_link(&path) {
            Ok(target) => number_in(&target).ok_or(ReadError::Pointer { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.is_begun()? {
                    return Err(ReadError::Pointer { path });
                }
                Err(ReadError::NoProfile {
                    profile: self.profile.name().to_string(),
                })
            }
            Err(source) => Err(ReadError::Io { path, source }),
        }
    }

    /// Whether the profile has a folder for them yet.
    pub fn is_begun(self) -> Result<bool, ReadError> {
        let path = self.profile.generations();
        look::is_folder(&path).map_err(|source| ReadError::Io { path, source })
    }

    /// All numbers there are, in order, 0 included.
    pub fn numbers(self) -> Result<Vec<GenerationNumber>, ReadError> {
        let path = self.profile.generations();
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ReadError::NoProfile {
                    profile: self.profile.name().to_string(),
                });
            }
            Err(source) => return Err(ReadError::Io { path, source }),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| ReadError::Io {
                path: path.clone(),
                source,
            })?;
            numbers.extend(entry.file_name().to_str().and_then(parse_number));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Whether there is a generation `number`.
    pub fn has(self, number: GenerationNumber) -> Result<bool, ReadError> {
        let path = self.profile.generation(number).join("generation.json");
        look::is_file(&path).map_err(|source| ReadError::Io { path, source })
    }

    /// What is written beside generation `number`.
    pub fn load(self, number: GenerationNumber) -> Result<Generation, ReadError> {
        let path = self.profile.generation(number).join("generation.json");
        let text = self.read(number, &path)?;
        let generation: Generation =
            serde_json::from_slice(&text).map_err(|source| ReadError::Damaged {
                path: path.clone(),
                source,
            })?;
        if generation.format > FORMAT {
            return Err(ReadError::Newer {
                path,
                format: generation.format,
            });
        }
        Ok(generation)
    }

    /// What generation `number` is made of.
    pub fn record(self, number: GenerationNumber) -> Result<Record, ReadError> {
        let path = self.profile.generation(number).join("record.json");
        let text = self.read(number, &path)?;
        serde_json::from_slice(&text).map_err(|source| ReadError::Damaged { path, source })
    }

    /// A short account of each generation, in order. Reads few files where there are many generations.
    pub fn summaries(self, cache: &Path) -> Result<Vec<GenerationSummary>, ReadError> {
        index::summaries(self, cache)
    }

    /// Makes [`Self::summaries`] forget what it remembers: before anything it tells of is changed.
    pub fn forget_summaries(self, cache: &Path) -> io::Result<()> {
        index::forget(self, cache)
    }

    /// The number the next generation gets: above every one there is or ever was.
    pub fn next_number(self, history: &History) -> Result<GenerationNumber, ReadError> {
        let highest = self
            .numbers()?
            .last()
            .copied()
            .unwrap_or(GenerationNumber::ZERO);
        let pruned = history.highest_pruned().map_err(|error| {
            let (path, source) = error.into_parts();
            ReadError::Io { path, source }
        })?;
        Ok(highest.max(pruned).next())
    }

    /// The generation `words` mean: a number, `current`, or a label.
    pub fn find(self, words: &str) -> Result<GenerationNumber, ReadError> {
        if words == "current" {
            return self.current();
        }
        let profile = || self.profile.name().to_string();
        if let Some(number) = parse_number(words) {
            if self.has(number)? {
                return Ok(number);
            }
            return Err(ReadError::Missing {
                profile: profile(),
                number,
            });
        }
        for number in self.numbers()?.into_iter().rev() {
            let generation = self.load(number)?;
            if generation
                .label
                .is_some_and(|label| label.as_str() == words)
            {
                return Ok(number);
            }
        }
        Err(ReadError::NoLabel {
            profile: profile(),
            label: words.to_owned(),
        })
    }

    /// The profile these are of.
    pub fn profile(self) -> &'a Profile {
        self.profile
    }

    fn read(self, number: GenerationNumber, path: &Path) -> Result<Vec<u8>, ReadError> {
        fs::read(path).map_err(|source| {
            let unread = |source| ReadError::Io {
                path: path.to_owned(),
                source,
            };
            if source.kind() != io::ErrorKind::NotFound {
                return unread(source);
            }
            match look::is_folder(&self.profile.generation(number)) {
                Ok(false) => {
                    let profile = self.profile.name().to_string();
                    ReadError::Missing { profile, number }
                }
                Ok(true) => unread(source),
                Err(error) => unread(error),
            }
        })
    }
}

/// Writes the two documents of a generation into its folder. Nothing is synced: the folder has no name yet.
pub fn write_documents(
    folder: &Path,
    generation: &Generation,
    record: &Record,
) -> Result<(), io::Error> {
    durable::write_new(&folder.join("record.json"), &record.to_bytes(), 0o444)?;
    durable::write_new(&folder.join("generation.json"), &to_json(generation), 0o644)?;
    Ok(())
}

/// Writes the document of a generation that is there again: its label changed.
pub fn rewrite(profile: &Profile, generation: &Generation) -> io::Result<()> {
    let path = profile
        .generation(generation.number)
        .join("generation.json");
    durable::replace_file(&path, &to_json(generation), 0o644)
}

/// The short account of a generation.
pub fn summary(generation: &Generation) -> GenerationSummary {
    GenerationSummary {
        number: generation.number,
        id: generation.id,
        made_at: generation.made_at,
        made_from: generation.made_from.clone(),
        parent: generation.parent,
        label: generation.label.clone(),
        note: generation.note.clone(),
        failed: generation.failed.clone(),
        package_count: generation.packages.len() as u64,
        file_count: generation.file_count,
    }
}

fn to_json(generation: &Generation) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(generation).expect("a generation has string keys");
    text.push(b'\n');
    text
}

/// The number in a pointer's target, `generations/N`.
fn number_in(target: &Path) -> Option<GenerationNumber> {
    let name = target.strip_prefix("generations").ok()?.to_str()?;
    parse_number(name)
}

/// A number in its one spelling: no sign, no leading zero.
fn parse_number(text: &str) -> Option<GenerationNumber> {
    let number: GenerationNumber = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_a_generation_in_one_spelling_only() {
        assert_eq!(
            number_in(Path::new("generations/12")),
            Some(GenerationNumber(12))
        );
        for odd in [
            "generations/012",
            "generations/+1",
            "generations/a",
            "12",
            "generations/1/2",
        ] {
            assert_eq!(number_in(Path::new(odd)), None, "{odd}");
        }
    }
}
