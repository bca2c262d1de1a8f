//! One service that is supervised: its process, its phase, and what ends which.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::conduct::Restart;
use dgmo_schema::conduct::Service;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::name::ServiceName;
use dgmo_schema::report::service::ServiceState;
use dgmo_schema::report::service::ServiceStatus;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::WaitOptions;

use super::super::ServiceError;
use super::super::Setting;
use super::Loaded;
use super::World;
use super::log;
use crate::generation::HeldGeneration;
use crate::process;
use crate::process::Launch;
use crate::source::chance;

/// Before it is started again for the first time; doubled each time after.
const FIRST_REST: Duration = Duration::from_millis(500);

/// At most.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// Who has run for so long is taken for well: what it counted is forgotten.
const STABLE: Duration = Duration::from_secs(30);

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// For those it starts after.
    Waiting,
    /// Started, not ready yet.
    Starting { until: Instant },
    /// Ready.
    Running { since: Instant },
    /// Ended by itself, to be started again.
    Resting { until: Instant },
    /// Told to end.
    Stopping { kill_at: Instant },
    /// Told to end, then killed.
    Killed,
    /// Not running because somebody wanted it so.
    Stopped,
    /// Ended as it should.
    Ended,
    /// Ended as it should not, and not to be started again.
    Failed,
}

/// One service that is supervised.
pub(super) struct Kept {
    pub(super) name: ServiceName,
    /// As the loaded generation says it: for the next start.
    pub(super) service: Service,
    pub(super) phase: Phase,
    pub(super) why: Option<String>,
    /// Tells one start from another.
    pub(super) round: u64,
    /// For the thread that looks whether it is ready.
    pub(super) is_over: Arc<AtomicBool>,
    process: Option<Process>,
    wanted: bool,
    restarts: u32,
    /// Failures in a row.
    failures: u32,
}

/// The process of a service. It leads a group of its own.
struct Process {
    pid: Pid,
    generation: GenerationNumber,
    /// Whether it was not ready in time: then its end is a failure, however it ends.
    is_late: bool,
    _held: HeldGeneration,
}

impl Kept {
    pub(super) fn new(name: ServiceName, service: Service) -> Self {
        Self {
            name,
            service,
            phase: Phase::Stopped,
            why: None,
            round: 0,
            is_over: Arc::default(),
            process: None,
            wanted: false,
            restarts: 0,
            failures: 0,
        }
    }

    /// Whether it has a process.
    pub(super) fn is_there(&self) -> bool {
        self.process.is_some()
    }

    pub(super) fn pid(&self) -> Option<Pid> {
        self.process.as_ref().map(|process| process.pid)
    }

    pub(super) fn status(&self) -> ServiceStatus {
        ServiceStatus {
            name: self.name.clone(),
            state: match self.phase {
                Phase::Waiting => ServiceState::Waiting,
                Phase::Starting { .. } => ServiceState::Starting,
                Phase::Running { .. } => ServiceState::Running,
                Phase::Resting { .. } => ServiceState::Resting,
                Phase::Stopping { .. } | Phase::Killed => ServiceState::Stopping,
                Phase::Stopped => ServiceState::Stopped,
                Phase::Ended => ServiceState::Ended,
                Phase::Failed => ServiceState::Failed,
            },
            pid: self.pid().and_then(|pid| pid.as_raw_pid().try_into().ok()),
            generation: self.process.as_ref().map(|process| process.generation),
            restarts: self.restarts,
            why: self.why.clone(),
        }
    }

    /// Has it run, if it does not yet.
    pub(super) fn want(&mut self) {
        self.wanted = true;
        match self.phase {
            Phase::Resting { .. } | Phase::Stopped | Phase::Ended | Phase::Failed => {
                self.failures = 0;
                self.why = None;
                self.phase = Phase::Waiting;
            }
            _ => {}
        }
    }

    /// Tells it to end; nothing where it has, or is told already.
    pub(super) fn stop(&mut self) {
        self.wanted = false;
        if self.process.is_none() {
            self.phase = Phase::Stopped;
            return;
        }
        if matches!(self.phase, Phase::Stopping { .. } | Phase::Killed) {
            return;
        }
        self.signal(Signal::TERM);
        self.phase = Phase::Stopping {
            kill_at: Instant::now() + self.service.stop_timeout.duration(),
        };
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) {
        if self.process.is_some() {
            self.wanted = false;
            self.signal(Signal::KILL);
            self.phase = Phase::Killed;
        }
    }

    /// To the whole group: what it has started ends with it.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // It has ended by itself.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }

    pub(super) fn start(
        &mut self,
        world: &World,
        loaded: &Loaded,
        reading: &Sender<()>,
    ) -> Result<(), ServiceError> {
        let ground = loaded.ground(&world.home);
        // One that cannot be looked at fails when it is started; another of that name is not taken in its place.
        let shows = |program: &str| {
            let shown = loaded.place.join("view/bin").join(program);
            !matches!(shown.try_exists(), Ok(false))
        };
        let setting = Setting::of(&self.name, &self.service, ground, &shows, &world.search)?;
        let not_started = |why| ServiceError::NotStarted {
            service: self.name.clone(),
            why,
        };
        let held = (world.hold)(loaded.number).map_err(not_started)?;
        let launch = Launch {
            program: &setting.program,
            arguments: &setting.arguments,
            env: &setting.env,
            folder: &setting.folder,
        };
        let mut child = process::launch(&launch)
            .map_err(|error| not_started(format!("`{}`: {error}", setting.program.display())))?;
        log::take(&self.name, &mut child, world, reading);
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| not_started("it has no process id".to_owned()))?;
        self.process = Some(Process {
            pid,
            generation: loaded.number,
            is_late: false,
            _held: held,
        });
        self.round += 1;
        self.is_over = Arc::default();
        self.phase = Phase::Starting {
            until: Instant::now() + self.service.start_timeout.duration(),
        };
        Ok(())
    }

    pub(super) fn is_ready(&mut self) {
        if let Phase::Starting { .. } = self.phase {
            self.why = None;
            self.phase = Phase::Running {
                since: Instant::now(),
            };
        }
    }

    /// It could not even be started.
    pub(super) fn failed_to_start(&mut self, why: String) {
        self.why = Some(why);
        self.rest_or_fail();
    }

    /// Takes note of its end, if it has ended; returns what there is to say of it.
    pub(super) fn reap(&mut self) -> Option<String> {
        let process = self.process.as_ref()?;
        let ended = rustix::process::waitpid(Some(process.pid), WaitOptions::NOHANG);
        let status = match ended {
            Ok(None) => return None,
            Ok(Some((_, status))) => Some(ExitStatus::from_raw(status.as_raw())),
            // Somebody else took note of it.
            Err(_) => None,
        };
        // What it has started has nobody left to end it.
        self.signal(Signal::KILL);
        self.is_over.store(true, Ordering::Relaxed);
        let process = self.process.take()?;
        let is_good = status.is_some_and(|status| status.success()) && !process.is_late;
        let how = match status.map(|status| (status.code(), status.signal())) {
            _ if process.is_late => {
                let timeout = self.service.start_timeout;
                format!("it was not ready in {timeout}")
            }
            Some((Some(code), _)) => format!("it ended with {code}"),
            Some((None, Some(signal))) => format!("signal {signal} ended it"),
            _ => "it is gone".to_owned(),
        };
        if !self.wanted {
            self.phase = Phase::Stopped;
            self.why = None;
            return Some(format!("{}: stopped", self.name));
        }
        let told = format!("{}: {how}", self.name);
        let has_been_well =
            matches!(self.phase, Phase::Running { since } if since.elapsed() >= STABLE);
        if has_been_well {
            self.failures = 0;
        }
        let again = match self.service.restart {
            Restart::Always => true,
            Restart::OnFailure => !is_good,
            Restart::Never => false,
        };
        self.why = Some(how);
        if again {
            self.rest_or_fail();
        } else {
            self.phase = if is_good { Phase::Ended } else { Phase::Failed };
        }
        Some(told)
    }

    fn rest_or_fail(&mut self) {
        if self.service.restart == Restart::Never || !self.wanted {
            self.phase = Phase::Failed;
            return;
        }
        self.phase = Phase::Resting {
            until: Instant::now() + rest(self.failures, chance()),
        };
        self.failures = self.failures.saturating_add(1);
        self.restarts = self.restarts.saturating_add(1);
    }

    /// What is to happen at a time that has come; returns what there is to say of it.
    pub(super) fn on_time(&mut self, now: Instant) -> Option<String> {
        match self.phase {
            Phase::Starting { until } if until <= now => {
                if let Some(process) = &mut self.process {
                    process.is_late = true;
                }
                self.signal(Signal::TERM);
                let kill_at = now + self.service.stop_timeout.duration();
                self.phase = Phase::Stopping { kill_at };
                Some(format!("{}: not ready in time", self.name))
            }
            Phase::Resting { until } if until <= now => {
                self.phase = Phase::Waiting;
                None
            }
            Phase::Stopping { kill_at } if kill_at <= now => {
                self.signal(Signal::KILL);
                self.phase = Phase::Killed;
                Some(format!("{}: did not end in time, killed", self.name))
            }
            _ => None,
        }
    }

    pub(super) fn next_moment(&self) -> Option<Instant> {
        match self.phase {
            Phase::Starting { until } | Phase::Resting { until } => Some(until),
            Phase::Stopping { kill_at } => Some(kill_at),
            _ => None,
        }
    }
}

/// How long to rest after so many failures in a row: doubled each time, half of it by chance.
fn rest(failures: u32, chance: f64) -> Duration {
    let longest = FIRST_REST.saturating_mul(1 << failures.min(16));
    longest
        .min(LONGEST_REST)
        .mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_the_longest() {
        assert_eq!(rest(0, 1.0), Duration::from_millis(500));
        assert_eq!(rest(0, 0.0), Duration::from_millis(250));
        assert_eq!(rest(3, 1.0), Duration::from_secs(4));
        assert_eq!(rest(400, 1.0), Duration::from_mins(1));
    }
}
