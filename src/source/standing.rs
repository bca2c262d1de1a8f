//! Whether a server that broke off is asked again: after a rest, each longer than the one before, until it is given up.
//!
//! Many threads ask one server. What breaks off for all of them at once is one failure: only who began after the last
//! one adds to it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use super::backoff::chance;
use super::settings::BackOff;

/// So often it may break off before it is given up.
const MOST_FAILURES: u32 = 4;

/// What one run has seen of a server.
#[derive(Debug, Default)]
pub(super) struct Standing(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    failures: u32,
    rests_until: Option<Instant>,
    is_given_up: bool,
}

/// Whether it is asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is, by who saw so many failures of it.
    Asked { after: u32 },
    /// Not before so long.
    Rests(Duration),
    /// It is not any more.
    GivenUp,
}

/// What a failure made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// It rests, for the first time.
    Resting,
    GivenUp,
    /// Nothing that was not known.
    Known,
}

impl Standing {
    pub(super) fn turn(&self) -> Turn {
        let seen = self.seen();
        let now = Instant::now();
        match seen.rests_until {
            _ if seen.is_given_up => Turn::GivenUp,
            Some(until) if until > now => Turn::Rests(until - now),
            _ => Turn::Asked {
                after: seen.failures,
            },
        }
    }

    /// It broke off for somebody who had seen `after` failures.
    pub(super) fn broke_off(&self, after: u32, back_off: BackOff) -> Became {
        let mut seen = self.seen();
        if seen.is_given_up || seen.failures != after {
            return Became::Known;
        }
        seen.failures += 1;
        if seen.failures == MOST_FAILURES {
            seen.is_given_up = true;
            return Became::GivenUp;
        }
        seen.rests_until = Some(Instant::now() + back_off.wait(seen.failures + 1, chance()));
        if seen.failures == 1 {
            Became::Resting
        } else {
            Became::Known
        }
    }

    /// It said itself that it is of no use.
    pub(super) fn give_up(&self) -> Became {
        if std::mem::replace(&mut self.seen().is_given_up, true) {
            Became::Known
        } else {
            Became::GivenUp
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        // Nothing in here can be half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: BackOff = BackOff {
        first: Duration::ZERO,
        most: Duration::ZERO,
        most_asked: Duration::ZERO,
    };

    #[test]
    fn who_breaks_off_for_many_at_once_broke_off_once() {
        let standing = Standing::default();
        assert_eq!(standing.turn(), Turn::Asked { after: 0 });
        assert_eq!(standing.broke_off(0, AT_ONCE), Became::Resting);
        for _ in 0..9 {
            assert_eq!(standing.broke_off(0, AT_ONCE), Became::Known);
        }
        assert_eq!(standing.turn(), Turn::Asked { after: 1 });
    }

    #[test]
    fn who_breaks_off_again_and_again_is_given_up() {
        let standing = Standing::default();
        for after in 0..MOST_FAILURES - 1 {
            assert_ne!(standing.broke_off(after, AT_ONCE), Became::GivenUp);
        }
        let last = standing.broke_off(MOST_FAILURES - 1, AT_ONCE);
        assert_eq!((last, standing.turn()), (Became::GivenUp, Turn::GivenUp));
        assert_eq!(standing.give_up(), Became::Known);
    }

    #[test]
    fn who_broke_off_rests() {
        let standing = Standing::default();
        let hour = Duration::from_hours(1);
        let back_off = BackOff {
            first: hour,
            most: hour,
            ..AT_ONCE
        };
        standing.broke_off(0, back_off);
        assert!(matches!(standing.turn(), Turn::Rests(left) if left > hour / 3));
    }
}
