//! All checks of a generation at once, each until it is decided.

use std::fmt::Write as _;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::conduct::CheckKind;
use dgmo_schema::conduct::HealthCheck;
use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::name::CheckName;
use dgmo_schema::report::activation::CheckReport;
use dgmo_schema::report::activation::CheckState;

use super::Decision;
use super::Limits;
use super::Machine;
use super::Surroundings;
use super::Try;
use super::probe;
use crate::process::interrupt;

/// Looks at all of `checks` at once. When a required one has failed, the others need not be decided any more.
pub fn look_at(
    checks: &[(&CheckName, &HealthCheck)],
    around: &dyn Surroundings,
    observer: &dyn Observer,
) -> Vec<CheckReport> {
    let began = Instant::now();
    let enough = Enough::default();
    let look = |(name, check): (&CheckName, &HealthCheck)| {
        let task = Task::start(observer, format!("checking {name}"), None, Unit::Items);
        let looker = Looker {
            name,
            check,
            around,
            observer,
            began,
            enough: &enough,
        };
        let report = looker.look(&task);
        if report.required && report.state == CheckState::Failed {
            enough.say();
        }
        report
    };
    thread::scope(|scope| {
        let look = &look;
        let lookers: Vec<_> = checks
            .iter()
            .map(|check| scope.spawn(move || look(*check)))
            .collect();
        lookers
            .into_iter()
            .map(|looker| {
                looker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// What a check looks at, for people.
pub(super) fn in_words(kind: &CheckKind) -> String {
    match kind {
        CheckKind::Exec(command) => format!("exec {command}"),
        CheckKind::Http { url, status } => {
            let mut words = format!("http {url}");
            if let Some(status) = status {
                // Writing to a String cannot fail.
                let _ = write!(words, " = {status}");
            }
            words
        }
        CheckKind::Tcp(endpoint) => format!("tcp {endpoint}"),
        CheckKind::File(path) => format!("file {path}"),
        CheckKind::Unit(name) => format!("unit {name}"),
    }
}

/// How often whoever waits looks whether we were interrupted.
const LOOK: Duration = Duration::from_millis(100);

/// Says to all who wait that it is decided.
#[derive(Default)]
struct Enough {
    said: Mutex<bool>,
    heard: Condvar,
}

impl Enough {
    fn say(&self) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_all();
    }

    /// Waits so long, or until it is said or an interruption comes; whether one of these was so.
    fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self
                .heard
                .wait_timeout_while(said, left.min(LOOK), |said| !*said);
            let said = *waited.unwrap_or_else(PoisonError::into_inner).0;
            if said || interrupt::is_pending() {
                return true;
            }
            if left <= LOOK {
                return false;
            }
        }
    }
}

struct Looker<'a> {
    name: &'a CheckName,
    check: &'a HealthCheck,
    around: &'a dyn Surroundings,
    observer: &'a dyn Observer,
    began: Instant,
    enough: &'a Enough,
}

impl Looker<'_> {
    fn look(&self, task: &Task<'_>) -> CheckReport {
        let limits = Limits::from(self.check);
        let mut machine = Machine::default();
        let mut why = None;
        let mut tries = 0;
        let state = loop {
            tries += 1;
            let result = probe(&self.check.kind, self.check.timeout, self.around);
            task.advance(1);
            let what = match &result {
                Ok(()) => Try::Good,
                Err(_) => Try::Bad,
            };
            self.tell(tries, &result);
            why = result.err().or(why.filter(|_| what == Try::Bad));
            let decision;
            (machine, decision) = machine.take(limits, self.began.elapsed(), what);
            match decision {
                Decision::Holds => break CheckState::Holds,
                Decision::Failed => break CheckState::Failed,
                Decision::Undecided => {}
            }
            if self.enough.wait(self.check.interval.duration()) {
                break CheckState::Undecided;
            }
        };
        if state == CheckState::Failed && why.is_none() {
            why = Some("it goes to and fro".to_owned());
        }
        CheckReport {
            name: self.name.clone(),
            what: in_words(&self.check.kind),
            required: self.check.required,
            state,
            tries,
            took_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            why,
        }
    }

    fn tell(&self, tries: u32, result: &Result<(), String>) {
        let said = match result {
            Ok(()) => "good".to_owned(),
            Err(why) => format!("bad: {why}"),
        };
        let text = format!("check {}, try {tries}: {said}", self.name);
        self.observer.observe(Event::Detail(text));
    }
}
