//! Where things are on this machine.
//!
//! ```text
//! HOME/
//!   store/                      objects; the crate `dgmo-store` knows its inside
//!   profiles/NAME/
//!     generations/N/            one folder for each generation, never changed but for its label
//!     current -> generations/N  the one pointer that moves
//!     history.jsonl             what happened, a line each
//!     footprint.json            what the profile holds in the target folder
//!     target                    which folder that is
//!     doubt                     only while a repair of these is under way
//!     policy.json               what pruning keeps; not rolled back
//!     journal/                  empty at rest; `trial.json` in it while a change waits to be confirmed
//!     log/                      what hooks printed, the newest 512 KiB
//!     state/N/NAME/             state folders as they were when generation N was left
//!     services/                 the supervisor's socket, notes and logs, where there is one
//!     trash/                    pruned generations on their way out
//!     shells/PID                which generation a shell has set for itself; means nothing once it ended
//!     lock                      one change at a time
//!   projects/NAME.json          a folder that has an environment of its own, in the profile NAME, and what is allowed
//! ```

mod guard;
mod project;

pub use guard::Busy;
pub use guard::FolderGuard;
pub use guard::GuardError;
pub use guard::ManifestGuard;
pub use guard::ProfileGuard;
pub use guard::Wait;

pub use project::Consent;
pub use project::Project;
pub use project::ProjectError;
pub use project::profile_name_for;

use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::name::ProfileName;

use crate::env::Var;

/// The code of a failure to read or write something of a profile.
pub(crate) fn code_of(source: &io::Error) -> Code {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::ProfileUnusable,
    }
}

/// For what only the system knows the reason of.
pub(crate) const MEND_CAUSE: &str = "put right what the system says of it, and run the command again; `dgmo doctor` looks at the rest of the home";

/// What helps against it.
pub(crate) fn hint_for(source: &io::Error) -> Hint {
    if code_of(source) == Code::DiskFull {
        Hint::Run("dgmo gc".to_owned())
    } else {
        Hint::Do(MEND_CAUSE.to_owned())
    }
}

/// The folder dgmo owns on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// Who a home is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user who runs dgmo.
    User,
    /// The whole machine.
    System,
}

/// Neither a flag nor the environment says where a folder is.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell where {what} is: `{variable}` is not set")]
pub struct NoFolderError {
    what: &'static str,
    variable: &'static str,
}

impl NoFolderError {
    fn new(what: &'static str, variable: Var) -> Self {
        Self {
            what,
            variable: variable.name(),
        }
    }
}

impl Home {
    /// The home at `root`.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a home is when nobody names one.
    pub fn default_for(scope: Scope) -> Result<Self, NoFolderError> {
        let root = match scope {
            Scope::System => PathBuf::from("/var/lib/dgmo"),
            Scope::User => data_home()?.join("dgmo"),
        };
        Ok(Self { root })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Copies that may be deleted without loss.
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// Where downloads are kept until they are in the store.
    pub fn downloads(&self) -> PathBuf {
        self.cache().join("downloads")
    }

    /// Where is written down which tree came of which downloads.
    pub fn made(&self) -> PathBuf {
        self.cache().join("made")
    }

    /// The folder of what is known of projects.
    pub fn projects(&self) -> PathBuf {
        self.root.join("projects")
    }

    /// The folder of all profiles.
    pub fn profiles(&self) -> PathBuf {
        self.root.join("profiles")
    }

    /// One profile.
    pub fn profile(&self, name: ProfileName) -> Profile {
        Profile {
            folder: self.profiles().join(name.as_str()),
            name,
        }
    }
}

/// A named line of generations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    name: ProfileName,
    folder: PathBuf,
}

impl Profile {
    /// Its name.
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The one pointer that moves.
    pub fn current(&self) -> PathBuf {
        self.folder.join("current")
    }

    /// The folder of its generations.
    pub fn generations(&self) -> PathBuf {
        self.folder.join("generations")
    }

    /// The folder of one generation.
    pub fn generation(&self, number: GenerationNumber) -> PathBuf {
        self.generations().join(number.to_string())
    }

    /// What happened, a line each.
    pub fn history(&self) -> PathBuf {
        self.folder.join("history.jsonl")
    }

    /// What it holds in the target folder.
    pub fn footprint(&self) -> PathBuf {
        self.folder.join("footprint.json")
    }

    /// Where its home files go, written down apart from the footprint.
    pub fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// There while a repair of the profile's records is under way: what it found lost is not in order yet.
    pub fn doubt(&self) -> PathBuf {
        self.folder.join("doubt")
    }

    /// What pruning keeps.
    pub fn policy(&self) -> PathBuf {
        self.folder.join("policy.json")
    }

    /// The crash record of a switch under way.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// What is kept of state folders, by generation and name.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// What the supervisor of its services keeps: its socket, its notes, their logs.
    pub fn services(&self) -> PathBuf {
        self.folder.join("services")
    }

    /// What hooks printed.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Pruned generations on their way out.
    pub fn trash(&self) -> PathBuf {
        self.folder.join("trash")
    }

    /// Which shells have set which generation.
    pub fn shells(&self) -> PathBuf {
        self.folder.join("shells")
    }

    /// What is locked while the profile changes.
    pub fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }
}

/// Where a path that a manifest in `base` says is: `~/` is the user's home, all else is relative to `base`.
pub fn locate(base: &Path, written: &str) -> PathBuf {
    let below_home = written
        .strip_prefix("~/")
        .and_then(|rest| Some(user_home().ok()?.join(rest)));
    below_home.unwrap_or_else(|| base.join(written))
}

/// The user's home folder: where home files go.
pub fn user_home() -> Result<PathBuf, NoFolderError> {
    Var::UserHome
        .absolute_path()
        .ok_or_else(|| NoFolderError::new("your home folder", Var::UserHome))
}

/// Where users' settings go: the folder `dgmo` in it may hold the user's own manifest.
pub fn config_home() -> Result<PathBuf, NoFolderError> {
    match Var::ConfigHome.absolute_path() {
        Some(path) => Ok(path),
        None => Ok(user_home()?.join(".config")),
    }
}

fn data_home() -> Result<PathBuf, NoFolderError> {
    match Var::DataHome.absolute_path() {
        Some(path) => Ok(path),
        None => Ok(user_home()?.join(".local/share")),
    }
}
