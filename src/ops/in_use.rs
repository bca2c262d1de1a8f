//! Generations that must stay because programs or shells live in them.

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_store::Hold;
use dgmo_store::roots;

use super::Engine;
use super::OpError;
use super::Result;
use crate::generation::Generations;
use crate::generation::Use;
use crate::home::Profile;

/// Who uses the generations of a profile now; asked once, since the system is slow to tell.
pub(super) struct Users<'a> {
    profile: &'a Profile,
    /// What processes stand in or have open below the profile, by their real paths.
    paths: Vec<PathBuf>,
    real: PathBuf,
}

impl<'a> Users<'a> {
    pub(super) fn of(engine: &'a Engine<'_>) -> Result<Self> {
        let folder = engine.profile.generations();
        // Who cannot be asked may use anything.
        let running = roots::running(engine.home.root());
        let running = running.map_err(OpError::io("look through", Path::new("/proc")))?;
        // By another path than theirs nobody would be found to use anything.
        let real = match std::fs::canonicalize(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => folder,
            real => real.map_err(OpError::io("look at", &folder))?,
        };
        Ok(Self {
            profile: &engine.profile,
            paths: running.profile_paths,
            real,
        })
    }

    /// Whether a generation may be dropped; nobody begins to use it while what this gives lives.
    pub(super) fn of_generation(&self, number: GenerationNumber) -> Result<Use> {
        let found = Generations::of(self.profile).use_of(number)?;
        let folder = self.real.join(number.to_string());
        // The record is open for those who hold it, and they are found by their lock.
        let uses = |path: &Path| path.starts_with(&folder) && path != folder.join("record.json");
        match found {
            Use::None(_) if self.paths.iter().any(|path| uses(path)) => {
                Ok(Use::By(vec!["a running program".to_owned()]))
            }
            found => Ok(found),
        }
    }

    /// Those of `numbers` that nobody uses.
    pub(super) fn without_used(
        &self,
        numbers: Vec<GenerationNumber>,
    ) -> Result<Vec<GenerationNumber>> {
        let mut free = Vec::new();
        for number in numbers {
            if let Use::None(_) = self.of_generation(number)? {
                free.push(number);
            }
        }
        Ok(free)
    }

    /// The right to drop a generation that somebody named, or who uses it.
    pub(super) fn require_unused(&self, number: GenerationNumber) -> Result<Option<Hold>> {
        match self.of_generation(number)? {
            Use::None(own) => Ok(own),
            Use::By(by) => Err(OpError::GenerationHeld {
                number: number.0,
                by,
            }
            .into()),
        }
    }
}
