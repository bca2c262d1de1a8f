//! Collecting: deleting what no root reaches.
//!
//! In two parts. [`Store::plan_collect`] marks, without any guard, so that installs go on meanwhile: what is live is
//! what the roots reach; what else is listed is dead. [`Store::collect`] deletes, holding the exclusive guard for
//! short slices. In each slice it first looks whether the roots or the store changed since the marking, and if so
//! marks again: nothing that has become live in between is deleted. No clock and no file time decides anything.
//!
//! The order keeps the store true after any crash: laid-out trees are moved to where nobody looks, whole; then tree
//! objects go, parents before children, and their folders are synced; then blobs. Whatever is left is still dead, and
//! the next collecting finds it.

mod delete;
mod mark;
mod memo;
#[cfg(test)]
#[cfg(unix)]
mod tests;
mod trash;

use std::error::Error;
use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use crate::closure::ClosureError;
use crate::failure::WriteError;
use crate::guard::ExclusiveGuard;
use crate::guard::GuardError;
use crate::object::Inode;
use crate::platform;
use crate::read::ReadError;
use crate::roots::Root;
use crate::roots::RootError;
use crate::staging;
use crate::store::Store;

use delete::Deleting;
use mark::Dead;

/// Tells the roots that the store does not know itself, such as generations. Asked again in each slice.
pub type OtherRoots<'a> = dyn Fn() -> Result<Vec<Root>, Box<dyn Error + Send + Sync>> + 'a;

/// After marking this often without the store coming to rest, the last marking is done under the guard.
const MARKINGS_WITHOUT_GUARD: u32 = 3;

/// What collecting would delete.
#[derive(Debug)]
pub struct CollectPlan {
    state: State,
    dead: Dead,
}

/// How much is or would be deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freed {
    /// Files of objects; a blob that is also there as an executable has two.
    pub objects: u64,
    /// Laid-out trees.
    pub laid_out: u64,
    /// The lengths of all files that go, each inode once; what something living links to does not go.
    pub bytes: u64,
    /// The blocks these files and their folders have, in bytes.
    pub on_disk: u64,
}

/// What the marking was based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Changes with every insertion.
    changes: Digest,
    /// Changes with the roots.
    roots: Digest,
}

/// Why nothing, or not all, could be collected. What was deleted until then was dead.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("the roots cannot be told")]
    Roots(#[from] RootError),
    #[error("what must stay cannot be told")]
    Closure(#[from] ClosureError),
    #[error("the store cannot be used")]
    Guard(#[from] GuardError),
    #[error("cannot look through `{}`", path.display())]
    Look { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Delete(#[from] WriteError),
}

impl Diagnose for CollectError {
    fn code(&self) -> Code {
        match self {
            Self::Roots(error) => error.code(),
            Self::Closure(error) => error.code(),
            Self::Guard(error) => error.code(),
            Self::Look { .. } => Code::StoreNotRead,
            Self::Read(error) => error.code(),
            Self::Delete(error) => error.code(),
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Roots(error) => Some(error),
            Self::Closure(error) => Some(error),
            Self::Guard(error) => Some(error),
            Self::Look { .. } => None,
            Self::Read(error) => Some(error),
            Self::Delete(error) => Some(error),
        }
    }
}

impl std::ops::AddAssign for Freed {
    fn add_assign(&mut self, more: Self) {
        self.objects += more.objects;
        self.laid_out += more.laid_out;
        self.bytes += more.bytes;
        self.on_disk += more.on_disk;
    }
}

impl CollectPlan {
    pub fn is_empty(&self) -> bool {
        self.dead.is_empty()
    }

    /// What carrying it out would free, exactly, if nothing changes until then.
    pub fn freed(&self) -> Freed {
        self.dead.freed
    }

    /// Trees that are laid out and not needed.
    pub fn laid_out(&self) -> &[TreeId] {
        &self.dead.laid_out
    }

    pub fn trees(&self) -> impl Iterator<Item = TreeId> + '_ {
        self.of_kind(|inode| inode == Inode::Tree).map(TreeId)
    }

    /// Blobs; one that is also there as an executable comes twice.
    pub fn blobs(&self) -> impl Iterator<Item = BlobId> + '_ {
        self.of_kind(|inode| inode != Inode::Tree).map(BlobId)
    }

    fn of_kind(&self, is_wanted: fn(Inode) -> bool) -> impl Iterator<Item = Digest> + '_ {
        let objects = self.dead.objects.iter().map(|object| object.name);
        let wanted = objects.filter(move |name| is_wanted(name.inode()));
        wanted.map(|name| name.digest())
    }
}

impl Store {
    /// Tells what no root reaches: neither `others`, nor pins, leases and running processes. Takes no guard.
    pub fn plan_collect(
        &self,
        others: &OtherRoots<'_>,
        observer: &dyn Observer,
    ) -> Result<CollectPlan, CollectError> {
        self.plan_collect_without(others, &[], observer)
    }

    /// The same for when the folders `gone`, whose files may be further names of objects, have been deleted: what goes
    /// with them is told with the rest.
    pub fn plan_collect_without(
        &self,
        others: &OtherRoots<'_>,
        gone: &[PathBuf],
        observer: &dyn Observer,
    ) -> Result<CollectPlan, CollectError> {
        // Before everything else is read: what changes afterwards makes the plan out of date, not wrong.
        let nobody_inserts = self.try_exclude()?;
        let changes = self.changes()?;
        let settled = nobody_inserts.is_some();
        drop(nobody_inserts);
        let (mut state, roots) = self.state_after(changes, others)?;
        if memo::says_nothing_is_dead(self.layout(), &state) {
            let dead = Dead {
                freed: mark::room_of_folders(gone)?,
                ..Dead::default()
            };
            return Ok(CollectPlan { state, dead });
        }
        if !settled {
            // An insertion under way may have changed the number already and name a tree after we have looked for
            // trees. What is found now is good to be shown, and to be deleted only after another look.
            state.changes = Digest::of(&platform::unique().to_le_bytes());
        }
        let plan = CollectPlan {
            dead: mark::mark(self, roots, gone, observer)?,
            state,
        };
        if plan.is_empty() {
            self.remember_rest(others, &state)?;
        }
        Ok(plan)
    }

    /// How many bytes of the disk the home is on are free for this user.
    pub fn free_space(&self) -> io::Result<u64> {
        platform::free_space(self.home())
    }

    /// What deleting these folders frees by itself; what is another name of an object stays.
    pub fn room_of_folders(&self, folders: &[PathBuf]) -> Result<Freed, CollectError> {
        mark::room_of_folders(folders)
    }

    /// Deletes what `plan` says, or what is dead by then if something changed meanwhile.
    pub fn collect(
        &self,
        plan: CollectPlan,
        others: &OtherRoots<'_>,
        observer: &dyn Observer,
    ) -> Result<Freed, CollectError> {
        staging::sweep_dead(self.layout());
        let freed = if plan.is_empty() {
            Freed::default()
        } else {
            let freed = self.delete(plan, others, observer)?;
            self.ensure_reserve();
            let (state, _) = self.state(others)?;
            self.remember_rest(others, &state)?;
            freed
        };
        Ok(freed)
    }

    fn delete(
        &self,
        plan: CollectPlan,
        others: &OtherRoots<'_>,
        observer: &dyn Observer,
    ) -> Result<Freed, CollectError> {
        let total = plan.freed().objects + plan.freed().laid_out;
        let task = Task::start(observer, "collecting", Some(total), Unit::Items);
        let mut markings = 0;
        let mut state = plan.state;
        let mut deleting = Deleting::new(self, plan.dead)?;
        while !deleting.is_done() {
            let guard = self.wait_to_exclude(observer)?;
            let (now, roots) = self.state(others)?;
            if now == state {
                deleting.slice(&guard, &task)?;
                drop(guard);
            } else {
                state = now;
                markings += 1;
                // Those who keep changing it must not keep us from ever getting done.
                let held = (markings > MARKINGS_WITHOUT_GUARD).then_some(guard);
                deleting.replace(mark::mark(self, roots, &[], observer)?)?;
                if let Some(guard) = held {
                    deleting.slice(&guard, &task)?;
                }
            }
            deleting.between_slices()?;
        }
        Ok(deleting.freed())
    }

    /// What the marking is based on, and the roots: those of `others`, pins and leases.
    fn state(&self, others: &OtherRoots<'_>) -> Result<(State, Vec<Root>), CollectError> {
        self.state_after(self.changes()?, others)
    }

    /// What every insertion changes before it names anything.
    fn changes(&self) -> Result<Digest, CollectError> {
        let path = self.layout().changes();
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Digest::of(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Digest::of(b"")),
            Err(source) => Err(CollectError::Look { path, source }),
        }
    }

    fn state_after(
        &self,
        changes: Digest,
        others: &OtherRoots<'_>,
    ) -> Result<(State, Vec<Root>), CollectError> {
        let mut roots = others().map_err(|source| RootError::Others { source })?;
        roots.extend(self.pins()?.iter().map(|pin| pin.root));
        roots.extend(self.leased()?);
        roots.sort_unstable();
        roots.dedup();
        let mut hasher = blake3::Hasher::new();
        for root in &roots {
            hasher.update(&[u8::from(matches!(root, Root::Tree(_)))]);
            hasher.update(root.id().0.as_bytes());
        }
        let state = State {
            changes,
            roots: hasher.finalize().into(),
        };
        Ok((state, roots))
    }

    /// Notes that nothing is dead in `state`, if that is still the state and nobody is about to change it.
    fn remember_rest(&self, others: &OtherRoots<'_>, state: &State) -> Result<(), CollectError> {
        if !self.read_only_because().is_empty() {
            return Ok(());
        }
        // An insertion names its objects after it has changed the number; none is under way while we hold the guard.
        let Ok(Some(guard)) = self.try_exclude() else {
            return Ok(());
        };
        if self.state(others)?.0 == *state {
            self.sweep_small_things(&guard)?;
            memo::remember_that_nothing_is_dead(self.layout(), state);
        }
        Ok(())
    }

    fn sweep_small_things(&self, guard: &ExclusiveGuard) -> Result<(), CollectError> {
        self.sweep_anchors(guard)?;
        self.sweep_dead_leases(guard)?;
        Ok(self.sweep_unfinished_pins(guard)?)
    }
}
