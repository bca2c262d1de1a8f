//! Making a generation current: plan, journal, links, the pointer; and the way back after a crash.
//!
//! Order: journal → additions → sync → the pointer → removals → sync → footprint → journal closed. Home files go
//! *through* the pointer, so a change of content alone needs none of this but the pointer: one rename.

mod around;
mod drift;
mod footprint;
mod image;
mod journal;
mod op;
mod plan;
mod seal;
mod secrets;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
mod trial;

pub use around::InTheWay;
pub use around::Known;
pub use around::ShowsTheSame;
pub use around::Surroundings;
pub use drift::drift;
pub use footprint::Footprint;
pub use image::Image;
pub use image::Live;
pub use journal::Journal;
pub use op::Op;
pub use plan::Desired;
pub use plan::Plan;
pub use plan::plan;
pub use plan::plan_some;
pub use seal::Seal;
pub use secrets::Contents;
pub use secrets::KeptSecret;
pub use trial::Action;
pub use trial::Confirmation;
pub use trial::Stage;
pub use trial::Touched;
pub use trial::Trial;

pub(crate) use platform::mode_of;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Observer;
use dgmo_schema::generation::GenerationNumber;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::look;

use crate::generation::Generations;
use crate::generation::ReadError;
use crate::home;
use crate::home::Profile;
use crate::home::ProfileGuard;
use crate::process::interrupt;
use op::Hands;

/// Why a generation could not be made current.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    #[error("{}", list(.0))]
    Obstacles(Vec<Obstacle>),
    #[error("cannot {deed} `{}`", path.display())]
    Io {
        deed: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`{}` is damaged", path.display())]
    Damaged {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("cannot use the key `{}`", path.display())]
    Key { path: PathBuf, source: io::Error },
    #[error("there is no free name to set `{}` aside", path.display())]
    NoNameAside { path: PathBuf },
    #[error("cannot read the store")]
    Store(#[source] dgmo_store::ReadError),
    #[error("cannot read the profile")]
    Generation(#[source] ReadError),
}

impl ActivateError {
    pub(crate) fn io(deed: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            deed,
            path: path.to_owned(),
            source,
        }
    }
}

impl Diagnose for ActivateError {
    fn code(&self) -> Code {
        match self {
            Self::Obstacles(_) => Code::InTheWay,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Self::Key { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Self::Io { .. } => Code::TargetUnusable,
            Self::Key { .. } => Code::SecretKeyUnusable,
            Self::Damaged { .. } => Code::JournalDamaged,
            Self::NoNameAside { .. } => Code::NoNameAside,
            Self::Store(error) => error.code(),
            Self::Generation(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Obstacles(obstacles) => Some(hint_for(obstacles)),
            Self::Io { source, .. } | Self::Key { source, .. }
                if source.kind() == io::ErrorKind::StorageFull =>
            {
                Some(Hint::Run("dgmo gc".to_owned()))
            }
            Self::Io { .. } => Some(Hint::Do(home::MEND_CAUSE.to_owned())),
            Self::Key { path, .. } => Some(Hint::Do(format!(
                "move `{}` away, then run `dgmo switch`, which fetches all secrets anew",
                path.display()
            ))),
            Self::Damaged { .. } => Some(Hint::Run("dgmo repair".to_owned())),
            Self::NoNameAside { .. } => Some(Hint::Do("move the file away yourself".to_owned())),
            Self::Store(error) => error.deepest_hint(),
            Self::Generation(error) => error.deepest_hint(),
        }
    }
}

/// Something that stops a change of the target folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Where.
    pub path: PathBuf,
    /// What it is.
    pub reason: Reason,
}

/// What can be in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A file of the user.
    File,
    /// A folder of the user.
    Folder,
    /// A link of the user.
    Link { to: PathBuf },
    /// A device, a socket, a pipe.
    Other,
    /// A file dgmo wrote and somebody changed since.
    Changed,
    /// Another profile has this path.
    OtherProfile { profile: String },
    /// A folder above it is a link, and what is written through it would land elsewhere.
    ParentLink { parent: String, to: PathBuf },
}

impl Reason {
    fn of(live: Live, was_ours: bool) -> Self {
        match live {
            Live::File | Live::Folder if was_ours => Self::Changed,
            Live::File | Live::Absent => Self::File,
            Live::Folder => Self::Folder,
            Live::Link(to) => Self::Link { to },
            Live::Other => Self::Other,
        }
    }

    /// Whether setting it aside helps.
    fn can_be_set_aside(&self) -> bool {
        !matches!(self, Self::OtherProfile { .. } | Self::ParentLink { .. })
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", self.path.display())?;
        match &self.reason {
            Reason::File => f.write_str("is a file of yours"),
            Reason::Folder => f.write_str("is a folder of yours"),
            Reason::Link { to } => write!(f, "is a link of yours to `{}`", to.display()),
            Reason::Other => f.write_str("is a device, socket or pipe"),
            Reason::Changed => f.write_str("was changed since dgmo wrote it"),
            Reason::OtherProfile { profile } => write!(f, "belongs to the profile `{profile}`"),
            Reason::ParentLink { parent, to } => {
                write!(
                    f,
                    "lies below `{parent}`, which is a link to `{}`",
                    to.display()
                )
            }
        }
    }
}

fn list(obstacles: &[Obstacle]) -> String {
    let paths = if obstacles.len() == 1 {
        "1 path is"
    } else {
        "paths are"
    };
    let count = if obstacles.len() == 1 {
        String::new()
    } else {
        format!("{} ", obstacles.len())
    };
    let lines: Vec<String> = obstacles
        .iter()
        .map(|obstacle| format!("\n  {obstacle}"))
        .collect();
    format!(
        "{count}{paths} in the way, so nothing was changed:{}",
        lines.concat()
    )
}

fn hint_for(obstacles: &[Obstacle]) -> Hint {
    let changed = obstacles
        .iter()
        .find(|obstacle| obstacle.reason == Reason::Changed);
    let can_be_set_aside = |obstacle: &Obstacle| obstacle.reason.can_be_set_aside();
    if let Some(changed) = changed
        && obstacles.iter().all(can_be_set_aside)
    {
        let file = changed.path.display();
        return Hint::Do(format!(
            "write the change back with `dgmo adopt {file}`, undo it with `dgmo restore {file}`, or add `--backup` to \
             keep it under the name `NAME.before-dgmo`"
        ));
    }
    if obstacles.iter().all(can_be_set_aside) {
        return Hint::Do(
            "add `--backup` to keep them under the name `NAME.before-dgmo`, or move them away"
                .to_owned(),
        );
    }
    let stuck = obstacles
        .iter()
        .find(|obstacle| !obstacle.reason.can_be_set_aside());
    match stuck.map(|obstacle| &obstacle.reason) {
        Some(Reason::OtherProfile { profile }) => Hint::Do(format!(
            "take the path out of one of the two manifests, or run `dgmo rollback 0 --profile {profile}`"
        )),
        Some(Reason::ParentLink { parent, .. }) => Hint::Do(format!(
            "make `{parent}` a real folder, or take the files below it out of the manifest"
        )),
        _ => Hint::Do("move what is in the way".to_owned()),
    }
}

/// One activation of a profile, whose guard is held.
#[derive(Clone, Copy)]
pub struct Activation<'a> {
    profile: &'a Profile,
    store: &'a Store,
    observer: &'a dyn Observer,
}

impl fmt::Debug for Activation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Activation").field(self.profile).finish()
    }
}

/// How a change that had been interrupted ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// The pointer had moved: the rest was done.
    Finished { to: GenerationNumber },
    /// It had not: what was done is undone.
    Undone {
        from: GenerationNumber,
        to: GenerationNumber,
    },
}

impl<'a> Activation<'a> {
    /// The guard is only proof: two activations at once would each undo the other's half.
    pub fn new(
        profile: &'a Profile,
        store: &'a Store,
        observer: &'a dyn Observer,
        _proof: &ProfileGuard,
    ) -> Self {
        Self {
            profile,
            store,
            observer,
        }
    }

    /// Carries out `plan` and moves the pointer from `from` to `to`.
    ///
    /// If it fails before the pointer has moved, everything is as it was; if after, the next command finishes it.
    pub fn run(
        self,
        from: GenerationNumber,
        to: GenerationNumber,
        plan: &Plan,
    ) -> Result<(), ActivateError> {
        if !plan.obstacles.is_empty() {
            return Err(ActivateError::Obstacles(plan.obstacles.clone()));
        }
        let _whole = interrupt::hold();
        if plan.is_empty() {
            return self.point(from, to);
        }
        let target = &plan.footprint.target;
        self.begin_target(target)?;
        let journal = Journal {
            format: 1,
            from,
            to,
            before: plan.before.clone(),
            after: plan.after.clone(),
            footprint: plan.footprint.clone(),
        };
        journal.write(self.profile)?;
        let moved = self
            .apply_with(&journal.before, target, &plan.secrets)
            .and_then(|()| self.point(from, to));
        if let Err(error) = moved {
            // A pointer that could be moved but not synced, nor moved back, decides for the next command.
            if from == to || !self.may_be_at(to) {
                // If even this fails, the journal stays and the next command tries again.
                drop(self.undo(&journal));
            }
            return Err(error);
        }
        self.complete(&journal)
    }

    /// Makes the target folder where it is missing. When it is used for the first time, its own name may not be on disk
    /// yet, nor those of the folders above it.
    fn begin_target(self, target: &Path) -> Result<(), ActivateError> {
        durable::make_folders(target)
            .map_err(|source| ActivateError::io("make the folder", target, source))?;
        let known = Footprint::load(self.profile)?.is_some_and(|held| held.target == target);
        if known {
            return Ok(());
        }
        durable::sync_file_system(target)
            .map_err(|source| ActivateError::io("sync", target, source))
    }

    /// Brings an interrupted change to an end, whichever is nearer. Nothing at rest.
    pub fn recover(self) -> Result<Option<Recovered>, ActivateError> {
        let Some(journal) = Journal::read(self.profile)? else {
            return Ok(None);
        };
        let current = Generations::of(self.profile)
            .current()
            .map_err(ActivateError::Generation)?;
        if current != journal.to || !self.can_go_on(&journal)? {
            self.undo(&journal)?;
            return Ok(Some(Recovered::Undone {
                from: journal.from,
                to: journal.to,
            }));
        }
        // The pointer was moved after all additions were on disk; a change that keeps the pointer may be anywhere.
        if journal.from == journal.to {
            self.apply(&journal.before, &journal.footprint.target)?;
        } else {
            self.sync_pointer()?;
        }
        self.complete(&journal)?;
        Ok(Some(Recovered::Finished { to: journal.to }))
    }

    /// A change that keeps the pointer is finished, unless it put secrets in place and is not done with that: nobody
    /// has them any more.
    fn can_go_on(self, journal: &Journal) -> Result<bool, ActivateError> {
        if journal.from != journal.to {
            return Ok(true);
        }
        let seal = Seal::load(self.store.home())?;
        for op in &journal.before {
            if let Op::Put {
                path,
                after: Some(image @ Image::Secret { .. }),
                ..
            } = op
            {
                let at = journal.footprint.target.join(path.as_str());
                let failed = |source| ActivateError::io("look at", &at, source);
                let live = Live::at(&at).map_err(failed)?;
                if !image.is_at(&at, &live, &seal).map_err(failed)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn complete(self, journal: &Journal) -> Result<(), ActivateError> {
        self.apply(&journal.after, &journal.footprint.target)?;
        journal.footprint.save(self.profile)?;
        Journal::close(self.profile)
    }

    fn undo(self, journal: &Journal) -> Result<(), ActivateError> {
        let inverse: Vec<Op> = journal.before.iter().rev().map(Op::inverse).collect();
        self.apply(&inverse, &journal.footprint.target)?;
        Journal::close(self.profile)
    }

    /// Does `ops` in order and brings them to disk.
    fn apply(self, ops: &[Op], target: &Path) -> Result<(), ActivateError> {
        self.apply_with(ops, target, &Contents::default())
    }

    /// The same for one who has fetched secrets.
    fn apply_with(
        self,
        ops: &[Op],
        target: &Path,
        secrets: &Contents,
    ) -> Result<(), ActivateError> {
        let seal = if ops.iter().any(Op::is_about_a_secret) {
            Seal::load(self.store.home())?
        } else {
            Seal::default()
        };
        let hands = Hands {
            target,
            store: self.store,
            observer: self.observer,
            seal: &seal,
            secrets,
        };
        for op in ops {
            op.apply(hands)?;
        }
        sync_touched(ops, target)
    }

    fn point(self, from: GenerationNumber, to: GenerationNumber) -> Result<(), ActivateError> {
        let current = self.profile.current();
        if Generations::of(self.profile).current().ok() == Some(to) {
            return Ok(());
        }
        let place = |number: GenerationNumber| Path::new("generations").join(number.to_string());
        durable::point(&current, &place(to)).map_err(|source| {
            // The rename may have worked and the sync not: a failed switch must not leave the new generation current.
            if Generations::of(self.profile).current().ok() == Some(to) {
                drop(durable::point(&current, &place(from)));
            }
            ActivateError::io("move the pointer", &current, source)
        })
    }

    /// Whether the pointer names `to`; one that cannot be read may.
    fn may_be_at(self, to: GenerationNumber) -> bool {
        match Generations::of(self.profile).current() {
            Ok(current) => current == to,
            Err(ReadError::Pointer { .. } | ReadError::NoProfile { .. }) => false,
            Err(_) => true,
        }
    }

    /// A crash may have come between the pointer's rename and its sync.
    fn sync_pointer(self) -> Result<(), ActivateError> {
        let folder = self.profile.folder();
        durable::sync_folder(folder).map_err(|source| ActivateError::io("sync", folder, source))
    }
}

/// From this many folders on, one sync of the file system is cheaper.
const MANY: usize = 16;

fn sync_touched(ops: &[Op], target: &Path) -> Result<(), ActivateError> {
    let mut folders = BTreeSet::new();
    for touched in ops.iter().flat_map(Op::touched) {
        let path = target.join(touched.as_str());
        let link = op::link_above(target, touched);
        let link = link.map_err(|source| ActivateError::io("look at", &path, source))?;
        // A folder that an op removed has nothing left to sync; the one above it is in the list.
        if let Some(above) = path.parent().filter(|_| link.is_none())
            && look::is_folder(above)
                .map_err(|source| ActivateError::io("look at", above, source))?
        {
            folders.insert(above.to_owned());
        }
    }
    if folders.len() > MANY {
        return durable::sync_file_system(target)
            .map_err(|source| ActivateError::io("sync", target, source));
    }
    for folder in folders {
        durable::sync_folder(&folder)
            .map_err(|source| ActivateError::io("sync", &folder, source))?;
    }
    Ok(())
}
