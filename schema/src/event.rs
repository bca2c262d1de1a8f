//! What is said while working: progress, notes and warnings. What is said at the end is a report.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// What a number of a task counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes: shown with size, speed and time left.
    Bytes,
    /// Things: files, objects, packages.
    Items,
}

/// One piece of long work, from `Started` to `Finished`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl TaskId {
    /// An id no other task of this process has.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Something said while working.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Work began. `what` is a present participle and its object: "fetching helix".
    Started {
        task: TaskId,
        what: String,
        total: Option<u64>,
        unit: Unit,
    },
    /// The total of a task became known, or another.
    Resized { task: TaskId, total: u64 },
    /// This much more of a task is done.
    Advanced { task: TaskId, by: u64 },
    /// A task ended, well or not; its error, if any, is told elsewhere.
    Finished { task: TaskId },
    /// Something only those who asked for more want to see.
    Detail(String),
    /// Something worth one line, such as whom we wait for.
    Note(String),
    /// Something a person should look at; the work goes on.
    Warning(String),
}

/// Who is told. Called from any thread; must return quickly.
pub trait Observer: Sync {
    /// Takes one event.
    fn observe(&self, event: Event);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _: Event) {}
}

/// A task that is under way; says `Finished` when dropped.
pub struct Task<'a> {
    id: TaskId,
    observer: &'a dyn Observer,
}

impl std::fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Task").field(&self.id).finish()
    }
}

impl<'a> Task<'a> {
    /// Says that `what` began.
    pub fn start(
        observer: &'a dyn Observer,
        what: impl Into<String>,
        total: Option<u64>,
        unit: Unit,
    ) -> Self {
        let id = TaskId::next();
        observer.observe(Event::Started {
            task: id,
            what: what.into(),
            total,
            unit,
        });
        Self { id, observer }
    }

    /// Says how much there is in all.
    pub fn resize(&self, total: u64) {
        self.observer.observe(Event::Resized {
            task: self.id,
            total,
        });
    }

    /// Says that `by` more is done.
    pub fn advance(&self, by: u64) {
        self.observer.observe(Event::Advanced { task: self.id, by });
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        self.observer.observe(Event::Finished { task: self.id });
    }
}
