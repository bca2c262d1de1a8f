//! Bytes on their way, read while they come.
//!
//! Who brings them says how far they are; who reads waits for more. Where they begin anew (they changed on the server, or
//! the next mirror is asked), reading what came before fails, and begins anew too. The end is seen only once all of them
//! are proven, and what came of reading them is given to nobody before that.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use dgmo_store::ReadSeek;

/// From so many bytes on somebody is started to read them while they come.
const WORTH_A_THREAD: u64 = 256 << 10;

/// What is done with bytes, as often as they begin anew.
pub(super) type Take<'a, T> = &'a (dyn Fn(&mut dyn ReadSeek) -> T + Sync);

/// Bytes on their way.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How often they began or were given up.
    era: u64,
    /// Where they lie, unless they were given up.
    path: Option<PathBuf>,
    len: u64,
    /// How many there will be, if it is told.
    total: Option<u64>,
    end: Option<End>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All of them are here and proven.
    Proven,
    Failed,
}

impl Arrival {
    /// Nothing more will come.
    pub(super) fn end(&self, end: End) {
        self.change(|state| {
            state.end.get_or_insert(end);
        });
    }

    /// Has `take` read the bytes while they come. Gives what came of those that proved themselves.
    pub(super) fn follow<T>(&self, take: Take<'_, T>) -> Option<T> {
        let mut before = 0;
        loop {
            let mut reader = self.next(before)?;
            before = reader.era;
            let taken = take(&mut reader);
            match self.verdict(before) {
                Some(End::Proven) => return Some(taken),
                Some(End::Failed) => return None,
                None => {}
            }
        }
    }

    /// Reads what began after `before`, from its start; nothing if none will, or if it cannot be read.
    fn next(&self, before: u64) -> Option<Arriving<'_>> {
        let mut state = self.state();
        loop {
            match &state.path {
                // Nobody deletes it while we hold the state.
                Some(path) if state.era > before => {
                    let file = File::open(path).ok()?;
                    return Some(Arriving {
                        arrival: self,
                        era: state.era,
                        file,
                        at: 0,
                        here: 0,
                    });
                }
                _ if state.end.is_some() => return None,
                _ => state = self.wait(state),
            }
        }
    }

    /// How it ended with the bytes of `era`; nothing where others came after them.
    fn verdict(&self, era: u64) -> Option<End> {
        let mut state = self.state();
        loop {
            match state.end {
                _ if state.era != era => return None,
                Some(end) => return Some(end),
                None => state = self.wait(state),
            }
        }
    }

    /// Waits until there are more than `at` bytes, or all. Gives how many there are.
    fn beyond(&self, era: u64, at: u64) -> io::Result<u64> {
        let mut state = self.state();
        loop {
            let over = state.end;
            match over {
                _ if state.era != era => return Err(gone("they begin anew")),
                Some(End::Failed) => return Err(gone("they do not come")),
                Some(End::Proven) => return Ok(state.len),
                None if state.len > at => return Ok(state.len),
                None => state = self.wait(state),
            }
        }
    }

    /// How many there will be; waits for the end where nobody tells.
    fn size(&self, era: u64) -> io::Result<u64> {
        let told = {
            let state = self.state();
            state.total.filter(|_| state.era == era)
        };
        match told {
            Some(total) => Ok(total),
            None => self.beyond(era, u64::MAX),
        }
    }

    fn change(&self, act: impl FnOnce(&mut State)) {
        act(&mut self.state());
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment after the other: one cut short by a panic ends in `Failed`.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone(why: &str) -> io::Error {
    io::Error::other(format!("the bytes cannot be read to their end: {why}"))
}

/// Tells an [`Arrival`] how far its bytes are, and has reading begin once it is worth it.
pub(super) struct Watch<'a> {
    arrival: &'a Arrival,
    start: &'a dyn Fn(),
    started: Cell<bool>,
}

impl<'a> Watch<'a> {
    /// `start` starts who follows the arrival.
    pub(super) fn new(arrival: &'a Arrival, start: &'a dyn Fn()) -> Self {
        Self {
            arrival,
            start,
            started: Cell::new(false),
        }
    }

    /// Bytes begin at `path`; the first `len` are there.
    pub(super) fn begins(&self, path: &Path, len: u64) {
        self.arrival.change(|state| {
            state.era += 1;
            state.path = Some(path.to_owned());
            state.len = len;
            state.total = None;
        });
        self.start_from(len);
    }

    /// There will be `total`.
    pub(super) fn expects(&self, total: u64) {
        self.arrival.change(|state| state.total = Some(total));
        self.start_from(total);
    }

    /// There are `len` now.
    pub(super) fn grows(&self, len: u64) {
        self.arrival.change(|state| state.len = len);
        self.start_from(len);
    }

    /// What was there is given up, and may be deleted.
    pub(super) fn gives_up(&self) {
        self.arrival.change(|state| {
            state.era += 1;
            state.path = None;
        });
    }

    fn start_from(&self, len: u64) {
        if len >= WORTH_A_THREAD && !self.started.replace(true) {
            (self.start)();
        }
    }
}

/// Reads bytes while they come.
struct Arriving<'a> {
    arrival: &'a Arrival,
    era: u64,
    file: File,
    at: u64,
    /// So many are known to be there.
    here: u64,
}

impl Read for Arriving<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.at >= self.here {
            self.here = self.arrival.beyond(self.era, self.at)?;
        }
        let left = self.here.saturating_sub(self.at);
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = self.file.read(&mut buffer[..most])?;
        if count == 0 && most > 0 {
            // Somebody else made the file shorter.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Arriving<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.arrival.size(self.era)?.checked_add_signed(by),
        };
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = self.file.seek(SeekFrom::Start(place))?;
        Ok(place)
    }
}

/// Ends an arrival whose bringing panics, so that nobody waits for ever.
pub(super) struct Ending<'a>(pub(super) &'a Arrival);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end(End::Failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dgmo_store::durable;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::io::Write;

    #[derive(Debug, Clone)]
    enum Step {
        Grow(usize),
        BeginAnew,
        Expect,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (1_usize..70_000).prop_map(Step::Grow),
            1 => Just(Step::BeginAnew),
            1 => Just(Step::Expect),
        ]
    }

    /// What is brought while somebody follows, and what came of following.
    fn bring(steps: &[Step], end: End) -> (Vec<u8>, Option<io::Result<Vec<u8>>>) {
        let folder = tempfile::tempdir().unwrap();
        let arrival = Arrival::default();
        let read_all = |bytes: &mut dyn ReadSeek| {
            let mut read = Vec::new();
            bytes.read_to_end(&mut read).map(|_| read)
        };
        std::thread::scope(|scope| {
            let follower = scope.spawn(|| arrival.follow(&read_all));
            let watch = Watch::new(&arrival, &|| ());
            let mut here = Vec::new();
            let mut began = 0_u8;
            let mut begin = || {
                began += 1;
                let path = folder.path().join(began.to_string());
                let file = durable::write_new(&path, &[], 0o600).unwrap();
                watch.begins(&path, 0);
                (began, file)
            };
            let (mut letter, mut file) = begin();
            for step in steps {
                match step {
                    Step::Grow(count) => {
                        let more = vec![letter; *count];
                        file.write_all(&more).unwrap();
                        here.extend(more);
                        watch.grows(here.len() as u64);
                    }
                    Step::BeginAnew => {
                        watch.gives_up();
                        durable::remove_file(file.path()).unwrap();
                        here.clear();
                        (letter, file) = begin();
                    }
                    Step::Expect => watch.expects(here.len() as u64),
                }
            }
            arrival.end(end);
            (here, follower.join().unwrap())
        })
    }

    proptest! {
        #[test]
        fn what_is_followed_is_what_came_last(steps in vec(step(), 0..20)) {
            let (here, followed) = bring(&steps, End::Proven);
            prop_assert!(followed.unwrap().unwrap() == here);
            let (_, followed) = bring(&steps, End::Failed);
            prop_assert!(followed.is_none());
        }
    }

    #[test]
    fn where_nothing_begins_nothing_is_followed() {
        let arrival = Arrival::default();
        arrival.end(End::Proven);
        assert!(arrival.follow(&|_| ()).is_none());
        let arrival = Arrival::default();
        drop(Ending(&arrival));
        assert!(arrival.follow(&|_| ()).is_none());
    }
}
