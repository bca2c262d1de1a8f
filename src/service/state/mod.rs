//! State folders: kept with the generation that is left, brought back on the way to it.
//!
//! ```text
//! profiles/P/state/N/NAME/
//!   about.json   the folder it is of, when it was kept, how much there is
//!   content/     what the folder held; missing where the folder was
//! profiles/P/state/N/.NAME.new   a copy under way
//! profiles/P/state/N/.NAME.old   the copy before it, until the new one has its name
//! ```
//!
//! A copy gets its name once its bytes are on disk. What is brought back replaces the entries of the folder, not the
//! folder: that may be a mount of its own. Whoever brings back has kept what is there first.

mod copy;

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::name::StateName;
use dgmo_store::durable;
use dgmo_store::look;
use serde::Deserialize;
use serde::Serialize;

use crate::home;
use crate::home::Profile;
use copy::Copying;

/// What is under way in a folder that is being brought back; never kept.
const NEW: &str = ".dgmo-new";
const OLD: &str = ".dgmo-old";

/// Why a state folder could not be kept or brought back.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state `{name}` cannot be copied: cannot {deed} `{}`", path.display())]
    Io {
        name: StateName,
        deed: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("generation {number} has no kept state `{name}`")]
    Missing {
        name: StateName,
        number: GenerationNumber,
    },
    #[error("the state `{name}` cannot be in `{}`: {why}", path.display())]
    Place {
        name: StateName,
        path: PathBuf,
        why: &'static str,
    },
    #[error("what is told of the kept state `{name}` is damaged")]
    Damaged {
        name: StateName,
        source: serde_json::Error,
    },
}

impl Diagnose for StateError {
    fn code(&self) -> Code {
        match self {
            Self::Io { source, .. } => match home::code_of(source) {
                Code::DiskFull => Code::DiskFull,
                _ => Code::StateUnusable,
            },
            Self::Missing { .. } | Self::Damaged { .. } => Code::StateMissing,
            Self::Place { .. } => Code::StatePath,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Io { source, .. } => Some(home::hint_for(source)),
            Self::Missing { number, .. } => Some(Hint::Run(format!("dgmo rollback {number}"))),
            Self::Damaged { .. } => Some(Hint::Do(
                "roll back without `--with-state`, and bring the data in order by the program's own means"
                    .to_owned(),
            )),
            Self::Place { .. } => Some(Hint::Do(
                "name the folder of the program's own data in `state:`".to_owned(),
            )),
        }
    }
}

/// What is told of a kept folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The format; 1.
    format: u32,
    /// The folder it is of.
    pub path: PathBuf,
    /// When it was kept.
    pub kept_at: Timestamp,
    /// How many bytes its files have.
    pub bytes: u64,
    /// How many files it has.
    pub files: u64,
    /// Sockets, pipes and devices that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<PathBuf>,
}

/// One state folder of a profile.
#[derive(Clone, Copy)]
pub struct StateOf<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Its name.
    pub name: &'a StateName,
    /// Where it is.
    pub live: &'a Path,
    /// Who is told.
    pub observer: &'a dyn Observer,
}

impl std::fmt::Debug for StateOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StateOf").field(self.name).finish()
    }
}

impl StateOf<'_> {
    fn failed<'b>(
        &'b self,
        deed: &'static str,
        path: &'b Path,
    ) -> impl FnOnce(io::Error) -> StateError + 'b {
        move |source| StateError::Io {
            name: self.name.clone(),
            deed,
            path: path.to_owned(),
            source,
        }
    }

    fn is_folder(&self, path: &Path) -> Result<bool, StateError> {
        look::is_folder(path).map_err(self.failed("look at", path))
    }

    fn place(&self, number: GenerationNumber) -> PathBuf {
        folder_of(self.profile, number).join(self.name.as_str())
    }

    /// Whether a copy of it is kept with generation `number`.
    pub fn is_kept(&self, number: GenerationNumber) -> Result<bool, StateError> {
        let about = self.place(number).join("about.json");
        look::is_file(&about).map_err(self.failed("look at", &about))
    }

    /// What is told of the copy kept with generation `number`.
    pub fn about(&self, number: GenerationNumber) -> Result<About, StateError> {
        let path = self.place(number).join("about.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = self.name.clone();
                return Err(StateError::Missing { name, number });
            }
            Err(error) => return Err(self.failed("read", &path)(error)),
        };
        serde_json::from_slice(&text).map_err(|source| StateError::Damaged {
            name: self.name.clone(),
            source,
        })
    }

    /// How many bytes the files of the folder have now.
    pub fn measure(&self) -> u64 {
        copy::measure(self.live)
    }

    /// Refuses a folder that cannot be one: dgmo's own home, or no folder.
    pub fn check(&self, home: &Path) -> Result<(), StateError> {
        let real = |path: &Path| match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
            real => real.map_err(self.failed("look at", path)),
        };
        let (live, home) = (real(self.live)?, real(home)?);
        let is_other = match fs::metadata(&live) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            there => !there.map_err(self.failed("look at", &live))?.is_dir(),
        };
        let why = if live.starts_with(&home) {
            "it lies in dgmo's own home"
        } else if home.starts_with(&live) {
            "dgmo's own home lies in it"
        } else if is_other {
            "that is no folder"
        } else {
            return Ok(());
        };
        Err(StateError::Place {
            name: self.name.clone(),
            path: self.live.to_owned(),
            why,
        })
    }

    /// Keeps what the folder holds now with generation `number`, in place of what was kept there before.
    pub fn keep(&self, number: GenerationNumber, now: Timestamp) -> Result<About, StateError> {
        let folder = folder_of(self.profile, number);
        self.begin(&folder)?;
        let place = self.place(number);
        let (staged, old) = (beside(&place, "new"), beside(&place, "old"));
        let failed = |deed, path| self.failed(deed, path);
        durable::remove_all(&staged).map_err(failed("remove", &staged))?;
        durable::make_folder(&staged).map_err(failed("make the folder", &staged))?;
        let about = self.copy_into(&staged, now)?;
        let text = serde_json::to_vec(&about).expect("it has string keys");
        let document = staged.join("about.json");
        durable::write_new(&document, &text, 0o644).map_err(failed("write", &document))?;
        durable::sync_file_system(&staged).map_err(failed("sync", &staged))?;
        if look::is_there(&place).map_err(failed("look at", &place))? {
            durable::remove_all(&old).map_err(failed("remove", &old))?;
            durable::rename(&place, &old).map_err(failed("rename", &place))?;
        }
        durable::rename(&staged, &place).map_err(failed("rename", &staged))?;
        durable::sync_folder(&folder).map_err(failed("sync", &folder))?;
        durable::remove_all(&old).map_err(failed("remove", &old))?;
        Ok(about)
    }

    /// The folder of the generation's kept state; nobody else may look into it.
    fn begin(&self, folder: &Path) -> Result<(), StateError> {
        let all = self.profile.state();
        if !self.is_folder(&all)? {
            durable::make_folder(&all).map_err(self.failed("make the folder", &all))?;
            durable::set_mode(&all, 0o700).map_err(self.failed("close", &all))?;
            let above = self.profile.folder();
            durable::sync_folder(above).map_err(self.failed("sync", above))?;
        }
        if !self.is_folder(folder)? {
            durable::make_folder(folder).map_err(self.failed("make the folder", folder))?;
            durable::sync_folder(&all).map_err(self.failed("sync", &all))?;
        }
        Ok(())
    }

    fn copy_into(&self, staged: &Path, now: Timestamp) -> Result<About, StateError> {
        let mut about = About {
            format: 1,
            path: self.live.to_owned(),
            kept_at: now,
            bytes: 0,
            files: 0,
            left_out: Vec::new(),
        };
        if !self.is_folder(self.live)? {
            return Ok(about);
        }
        let copied = self.copy(self.live, &staged.join("content"))?;
        (about.bytes, about.files) = (copied.bytes, copied.files);
        about.left_out = copied.left_out;
        for path in &about.left_out {
            let text = format!(
                "`{}` is a socket, pipe or device: it is no part of the kept state",
                path.display()
            );
            self.observer.observe(Event::Note(text));
        }
        Ok(about)
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<Copying<'_>, StateError> {
        let what = format!("copying the state {}", self.name);
        let task = Task::start(self.observer, what, Some(copy::measure(from)), Unit::Bytes);
        let mut copying = Copying::new(task);
        copying
            .folder(from, to, true)
            .map_err(|(path, source)| self.failed("copy", &path)(source))?;
        Ok(copying)
    }

    /// Makes the folder what was kept with generation `number`. Run again after a crash it does the same.
    pub fn bring_back(&self, number: GenerationNumber) -> Result<About, StateError> {
        let about = self.about(number)?;
        let content = self.place(number).join("content");
        let live = self.live;
        let failed = |deed, path| self.failed(deed, path);
        durable::make_folders(live).map_err(failed("make the folder", live))?;
        let (new, old) = (live.join(NEW), live.join(OLD));
        for leftover in [&new, &old] {
            durable::remove_all(leftover).map_err(failed("remove", leftover))?;
        }
        // What cannot be looked at is not missing: nothing is emptied for it.
        let was_there = self.is_folder(&content)?;
        if was_there {
            self.copy(&content, &new)?;
            durable::sync_file_system(live).map_err(failed("sync", live))?;
        }
        self.move_all(live, &old)?;
        if was_there {
            // What it is to be like is told by what is about to be emptied.
            let like = fs::metadata(&content).map_err(failed("look at", &content))?;
            durable::set_mode(&new, 0o700).map_err(failed("open", &new))?;
            self.move_all(&new, live)?;
            durable::remove_folder(&new).map_err(failed("remove", &new))?;
            durable::sync_folder(live).map_err(failed("sync", live))?;
            durable::remove_all(&old).map_err(failed("remove", &old))?;
            durable::imitate(live, &like).map_err(failed("close", live))?;
            durable::sync_folder(live).map_err(failed("sync", live))?;
            return Ok(about);
        }
        durable::sync_folder(live).map_err(failed("sync", live))?;
        durable::remove_all(&old).map_err(failed("remove", &old))?;
        // It was not there; where it is a mount it stays, empty.
        drop(durable::remove_folder(live));
        Ok(about)
    }

    /// Moves the entries of `from` into `to`, but for what is under way.
    fn move_all(&self, from: &Path, to: &Path) -> Result<(), StateError> {
        durable::make_folders(to).map_err(self.failed("make the folder", to))?;
        let entries = fs::read_dir(from).map_err(self.failed("read", from))?;
        for entry in entries {
            let name = entry.map_err(self.failed("read", from))?.file_name();
            if name == NEW || name == OLD {
                continue;
            }
            let path = from.join(&name);
            durable::rename(&path, &to.join(&name)).map_err(self.failed("rename", &path))?;
        }
        Ok(())
    }
}

fn folder_of(profile: &Profile, number: GenerationNumber) -> PathBuf {
    profile.state().join(number.to_string())
}

/// `.NAME.SUFFIX` in the same folder.
fn beside(place: &Path, suffix: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.{suffix}"))
}

/// How many bytes the state kept with generation `number` takes.
pub fn kept_bytes(profile: &Profile, number: GenerationNumber) -> u64 {
    copy::measure(&folder_of(profile, number))
}

/// Takes the state kept with generation `number` away: into the trash by one rename, then for good.
pub fn forget(profile: &Profile, number: GenerationNumber) -> io::Result<()> {
    let folder = folder_of(profile, number);
    if !look::is_there(&folder)? {
        return Ok(());
    }
    let out = profile.trash().join(format!("state-{number}"));
    durable::remove_all(&out)?;
    durable::rename(&folder, &out)?;
    durable::sync_folder(&profile.state())?;
    durable::remove_all(&out)
}

/// Ends what a crash left half done: a copy under way goes, the one before it comes back, and so does nothing of a
/// generation that was pruned. The caller holds the profile's guard.
pub fn settle(profile: &Profile) -> io::Result<()> {
    let folder = profile.state();
    for name in look::names_in(&folder)? {
        let number = name.to_str().and_then(|name| name.parse().ok());
        match number {
            Some(number) if look::is_folder(&profile.generation(number))? => {
                settle_one(&folder.join(&name))?;
            }
            Some(number) => forget(profile, number)?,
            None => {}
        }
    }
    Ok(())
}

fn settle_one(folder: &Path) -> io::Result<()> {
    for entry in look::names_in(folder)? {
        let Some(name) = entry.to_str().and_then(|name| name.strip_prefix('.')) else {
            continue;
        };
        let path = folder.join(&entry);
        if let Some(of) = name.strip_suffix(".old")
            && !look::is_there(&folder.join(of))?
        {
            durable::rename(&path, &folder.join(of))?;
            durable::sync_folder(folder)?;
        } else {
            durable::remove_all(&path)?;
        }
    }
    Ok(())
}
