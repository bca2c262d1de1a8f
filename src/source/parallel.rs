//! Several downloads at once, and not too many from one host.

use std::collections::HashMap;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// Runs `job` for each of `hosts` by its index, at most `parallel` at once and at most `per_host` for one host.
///
/// Gives the results in order. A job without a host is limited by `parallel` only.
pub(crate) fn run<T: Send>(
    hosts: &[Option<String>],
    parallel: usize,
    per_host: usize,
    job: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let given: Vec<_> = hosts.iter().map(|_| None).collect();
    let given = Mutex::new(given);
    each(hosts, parallel, per_host, &|index| {
        let result = job(index);
        // A job that panics holds nothing; the panic itself goes on to the caller.
        given.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(result);
    });
    let given = given.into_inner().unwrap_or_else(PoisonError::into_inner);
    let all = given.into_iter();
    all.map(|result| result.expect("each job was run"))
        .collect()
}

/// The same for jobs of which nothing is kept: threads are the same whatever jobs give.
fn each(hosts: &[Option<String>], parallel: usize, per_host: usize, job: &(dyn Fn(usize) + Sync)) {
    let queue = Queue {
        hosts,
        per_host: per_host.max(1),
        state: Mutex::new(State {
            waiting: (0..hosts.len()).collect(),
            running: HashMap::new(),
        }),
        freed: Condvar::new(),
    };
    let workers = parallel.clamp(1, hosts.len().max(1));
    std::thread::scope(|scope| {
        let work = || queue.work(job);
        // The calling thread is one of them: for one job nobody else is started.
        let helpers: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        work();
        for helper in helpers {
            if let Err(panic) = helper.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

struct Queue<'a> {
    hosts: &'a [Option<String>],
    per_host: usize,
    state: Mutex<State<'a>>,
    freed: Condvar,
}

struct State<'a> {
    waiting: Vec<usize>,
    running: HashMap<&'a str, usize>,
}

impl<'a> Queue<'a> {
    fn work(&self, job: &dyn Fn(usize)) {
        while let Some(place) = self.take() {
            job(place.index);
        }
    }

    /// The next job whose host has room; none when none is left.
    fn take(&self) -> Option<Place<'_, 'a>> {
        let mut state = self.state();
        loop {
            if state.waiting.is_empty() {
                return None;
            }
            if let Some(at) = state
                .waiting
                .iter()
                .position(|index| self.has_room(&state, *index))
            {
                let index = state.waiting.remove(at);
                if let Some(host) = &self.hosts[index] {
                    *state.running.entry(host).or_default() += 1;
                }
                return Some(Place { queue: self, index });
            }
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn has_room(&self, state: &State<'_>, index: usize) -> bool {
        self.hosts[index]
            .as_deref()
            .and_then(|host| state.running.get(host))
            .is_none_or(|running| *running < self.per_host)
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        // A job that panics holds no state; the panic itself goes on to the caller.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running job; gives its place back when it ends, well or not.
struct Place<'q, 'a> {
    queue: &'q Queue<'a>,
    index: usize,
}

impl Drop for Place<'_, '_> {
    fn drop(&mut self) {
        if let Some(host) = self.queue.hosts[self.index].as_deref()
            && let Some(running) = self.queue.state().running.get_mut(host)
        {
            *running -= 1;
        }
        self.queue.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    #[test]
    fn no_host_gets_more_than_its_share_and_results_keep_their_order() {
        let hosts: Vec<Option<String>> = (0..40)
            .map(|index| (index % 3 != 0).then(|| format!("host{}", index % 3)))
            .collect();
        let running = [
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        ];
        let results = run(&hosts, 6, 2, |index| {
            let now = running[index % 3].fetch_add(1, Ordering::SeqCst) + 1;
            std::thread::yield_now();
            running[index % 3].fetch_sub(1, Ordering::SeqCst);
            (index, now)
        });
        assert_eq!(results.len(), 40);
        for (at, (index, now)) in results.into_iter().enumerate() {
            assert_eq!(at, index);
            assert!(index % 3 == 0 || now <= 2);
        }
    }

    #[test]
    fn nothing_to_do_is_done() {
        assert_eq!(run(&[], 4, 2, |_| ()), Vec::<()>::new());
    }
}
