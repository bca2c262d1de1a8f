//! What a supervisor is given: a generation, and the functions that reach the rest of the program.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dgmo_schema::conduct::CheckKind;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::name::PackageName;
use dgmo_schema::name::ServiceName;

use super::super::Ground;
use crate::clock::Clock;
use crate::generation::HeldGeneration;
use crate::home::Profile;

/// A generation as a supervisor needs it.
#[derive(Debug)]
pub struct Loaded {
    /// Its number.
    pub number: GenerationNumber,
    /// What it is made of.
    pub record: Record,
    /// Its folder.
    pub place: PathBuf,
    /// Where its home files go.
    pub target: PathBuf,
    /// Which package shows each program of its `bin`.
    pub shown: BTreeMap<String, PackageName>,
}

impl Loaded {
    pub(super) fn ground<'a>(&'a self, home: &'a Path) -> Ground<'a> {
        Ground {
            record: &self.record,
            place: &self.place,
            target: &self.target,
            home,
        }
    }
}

/// One look whether a service is ready, made on a thread of its own.
#[derive(Debug, Clone)]
pub struct Look {
    /// Whose readiness it is.
    pub name: ServiceName,
    /// What to look at.
    pub kind: CheckKind,
    /// In the surroundings of which generation.
    pub number: GenerationNumber,
    /// How long it may take.
    pub timeout: Duration,
}

/// Loads the current generation.
pub type Load = Box<dyn Fn() -> Result<Loaded, String>>;

/// Keeps what a generation needs for as long as a program of it runs.
pub type Hold = Box<dyn Fn(GenerationNumber) -> Result<HeldGeneration, String>>;

/// Looks once whether something is as it should be, on any thread.
pub type Looking = Arc<dyn Fn(&Look) -> Result<(), String> + Send + Sync>;

/// Takes a line of the service that is named, on any thread.
pub type Saying = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What a supervisor needs of the rest of the program.
pub struct World {
    /// The profile.
    pub profile: Profile,
    /// The user's home folder.
    pub home: PathBuf,
    /// Where the time comes from.
    pub clock: Clock,
    /// The folders to search for programs after the generation's own.
    pub search: Vec<PathBuf>,
    /// Loads the current generation.
    pub load: Load,
    /// Holds a generation.
    pub hold: Hold,
    /// Looks once whether something is as it should be.
    pub look: Looking,
    /// Takes a line of a service.
    pub say: Saying,
    /// Takes a word of the supervisor's own.
    pub tell: Box<dyn Fn(&str)>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("World").field(&self.profile).finish()
    }
}
