//! How far several downloads are together: one line below theirs.

use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::event::TaskId;
use dgmo_schema::event::Unit;

use super::errand::Errand;

/// The batch that is under way, if one is.
#[derive(Debug, Default)]
pub(super) struct Total(Mutex<Option<Batch>>);

#[derive(Debug, Clone, Copy)]
struct Batch {
    task: TaskId,
    bytes: u64,
}

impl Total {
    /// Begins a batch. One alone is told by its own line.
    pub(super) fn begin(&self, errands: &[Errand], observer: &dyn Observer) {
        if errands.len() < 2 {
            return;
        }
        let bytes = errands.iter().filter_map(|errand| errand.size).sum();
        let task = TaskId::next();
        self.with(|batch| *batch = Some(Batch { task, bytes }));
        observer.observe(Event::Started {
            task,
            what: format!("fetching {} in all", errands.len()),
            total: Some(bytes),
            unit: Unit::Bytes,
        });
    }

    /// Ends it.
    pub(super) fn end(&self, observer: &dyn Observer) {
        if let Some(Batch { task, .. }) = self.with(Option::take) {
            observer.observe(Event::Finished { task });
        }
    }

    fn more(&self, bytes: u64, observer: &dyn Observer) {
        let resized = self.with(|batch| {
            let batch = batch.as_mut()?;
            batch.bytes += bytes;
            Some(*batch)
        });
        if let Some(Batch { task, bytes: total }) = resized {
            observer.observe(Event::Resized { task, total });
        }
    }

    fn advance(&self, by: u64, observer: &dyn Observer) {
        if let Some(Batch { task, .. }) = self.with(|batch| *batch) {
            observer.observe(Event::Advanced { task, by });
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<Batch>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What one download adds to it: each of its bytes once, however often they come.
pub(super) struct Share<'a> {
    total: &'a Total,
    observer: &'a dyn Observer,
    /// How many bytes the total has of it, where it was told or has become known.
    size: Option<u64>,
    counted: u64,
}

impl<'a> Share<'a> {
    /// Of a download whose size, where it is known, the batch was begun with.
    pub(super) fn new(total: &'a Total, observer: &'a dyn Observer, size: Option<u64>) -> Self {
        Self {
            total,
            observer,
            size,
            counted: 0,
        }
    }

    /// It will have so many.
    pub(super) fn expect(&mut self, size: Option<u64>) {
        if let (None, Some(size)) = (self.size, size) {
            self.size = Some(size);
            self.total.more(size, self.observer);
        }
    }

    /// So many are here.
    pub(super) fn reach(&mut self, len: u64) {
        if let Some(by) = len.checked_sub(self.counted).filter(|by| *by > 0) {
            self.counted = len;
            self.total.advance(by, self.observer);
        }
    }
}
