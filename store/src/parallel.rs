//! Work on all cores: jobs that may make more jobs.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::Scope;

/// Jobs that wait for a thread, the newest first: so a walk goes deep before it goes wide and holds little open.
#[derive(Debug)]
pub(crate) struct Queue<J, E> {
    state: Mutex<State<J, E>>,
    changed: Condvar,
    most: usize,
}

#[derive(Debug)]
struct State<J, E> {
    jobs: VecDeque<J>,
    /// Threads there are, and those of them that wait.
    threads: usize,
    waiting: usize,
    failed: Option<E>,
}

/// Threads at work in any run. Many small runs side by side need no helpers: they are each other's.
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// A thread at work, for as long as this lives.
#[derive(Debug)]
pub struct Busy(());

impl Busy {
    /// One more thread that has work of its own. Whoever has many small runs side by side says so: else each would start
    /// helpers in the moment in which another thread is between two of them.
    #[expect(clippy::new_without_default, reason = "it is counted, not a value")]
    pub fn new() -> Self {
        BUSY.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs `first` and all jobs made on the way; the first error stops the rest.
///
/// The calling thread works too and makes helpers only when there is something for them, and a core. `local` makes what a thread
/// keeps from job to job.
pub(crate) fn run<J, L, E>(
    first: impl IntoIterator<Item = J>,
    local: impl Fn() -> L + Sync,
    work: impl Fn(&mut L, &Queue<J, E>, J) -> Result<(), E> + Sync,
) -> Result<(), E>
where
    J: Send,
    E: Send,
{
    let queue = Queue {
        state: Mutex::new(State {
            jobs: first.into_iter().collect(),
            threads: 1,
            waiting: 0,
            failed: None,
        }),
        changed: Condvar::new(),
        most: cores(),
    };
    thread::scope(|scope| queue.work(scope, &local, &work));
    let state = queue.state.into_inner();
    match state.unwrap_or_else(PoisonError::into_inner).failed {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// How many threads are worth having. Asked once: the answer takes a dozen calls of the system, and a switch walks
/// hundreds of folders.
pub(crate) fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

impl<J: Send, E: Send> Queue<J, E> {
    /// Adds jobs; the last of them is done first.
    pub(crate) fn push(&self, jobs: impl IntoIterator<Item = J>) {
        let mut state = held(&self.state);
        state.jobs.extend(jobs);
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn work<'scope, L>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        local: &'scope (impl Fn() -> L + Sync),
        work: &'scope (impl Fn(&mut L, &Self, J) -> Result<(), E> + Sync),
    ) {
        let mut kept = local();
        while let Some((job, wanted)) = self.next() {
            let _busy = Busy::new();
            if wanted {
                scope.spawn(move || self.work(scope, local, work));
            }
            if let Err(error) = work(&mut kept, self, job) {
                self.fail(error);
            }
        }
    }

    /// The next job, and whether another thread would have one too. None when all is done.
    fn next(&self) -> Option<(J, bool)> {
        let mut state = held(&self.state);
        loop {
            if state.failed.is_some() {
                return None;
            }
            if let Some(job) = state.jobs.pop_back() {
                let has_core = BUSY.load(Ordering::Relaxed) + 1 < self.most;
                let has_jobs = state.jobs.len() > state.waiting;
                let wanted = state.threads < self.most && has_jobs && has_core;
                state.threads += usize::from(wanted);
                return Some((job, wanted));
            }
            state.waiting += 1;
            if state.waiting == state.threads {
                // Nobody works who could make more. Left standing, so that the others see it too.
                self.changed.notify_all();
                return None;
            }
            state = self
                .changed
                .wait_while(state, |state| {
                    state.jobs.is_empty() && state.failed.is_none() && state.waiting < state.threads
                })
                .unwrap_or_else(PoisonError::into_inner);
            if state.waiting == state.threads {
                return None;
            }
            state.waiting -= 1;
        }
    }

    fn fail(&self, error: E) {
        let mut state = held(&self.state);
        state.failed.get_or_insert(error);
        self.changed.notify_all();
    }
}

/// Locks where nothing that holds the lock can panic halfway through a change.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn all_jobs_are_done_and_those_they_make() {
        let sum = AtomicU64::new(0);
        run::<u32, (), ()>(
            [12, 3],
            || (),
            |(), queue, depth| {
                sum.fetch_add(1, Ordering::Relaxed);
                queue.push((0..2).filter(|_| depth > 0).map(|_| depth - 1));
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(sum.into_inner(), 8191 + 15);
    }

    #[test]
    fn an_error_stops_the_run() {
        let result = run::<u32, (), u32>(
            [0],
            || (),
            |(), queue, job| {
                queue.push([job + 1]);
                if job == 100 { Err(job) } else { Ok(()) }
            },
        );
        assert_eq!(result, Err(100));
    }
}
