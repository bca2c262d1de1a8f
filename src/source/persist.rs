//! Tries again what may succeed at another time.

use std::thread;
use std::time::Duration;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;

use super::FetchError;
use super::Settings;
use super::backoff::chance;
use super::exchange::Failure;

/// What one attempt came to.
pub(super) struct Attempt<T> {
    pub(super) result: Result<T, Failure>,
    /// How far the work is: further than ever before, and the count of attempts starts anew.
    pub(super) at: u64,
}

/// Makes attempts for `what` until one succeeds, one fails for good, or too many in a row came no further.
pub(super) fn persist<T>(
    settings: &Settings,
    observer: &dyn Observer,
    what: &str,
    url: &str,
    mut attempt: impl FnMut() -> Attempt<T>,
) -> Result<T, FetchError> {
    let mut in_a_row = 0;
    let mut furthest = 0;
    loop {
        let Attempt { result, at } = attempt();
        let (why, asked) = match result {
            Ok(value) => return Ok(value),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Again { why, wait }) => (why, wait.unwrap_or_default()),
        };
        if at > furthest {
            furthest = at;
            in_a_row = 0;
        }
        in_a_row += 1;
        if in_a_row >= settings.attempts || asked > settings.back_off.most_asked {
            return Err(FetchError::Unreachable {
                url: url.to_owned(),
                attempts: in_a_row,
                source: with_wait(why, asked),
            });
        }
        let wait = settings.back_off.wait(in_a_row + 1, chance()).max(asked);
        observer.observe(Event::Note(format!(
            "fetching {what}: {why}; trying again in {:.1} s",
            wait.as_secs_f64()
        )));
        thread::sleep(wait);
    }
}

type Why = Box<dyn std::error::Error + Send + Sync>;

fn with_wait(why: Why, asked: Duration) -> Why {
    if asked.is_zero() {
        return why;
    }
    format!("{why} and asks to come back in {} s", asked.as_secs()).into()
}
