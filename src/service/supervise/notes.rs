//! What a supervisor writes down of the processes it has, so that the next one can end them should it be killed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::name::ServiceName;
use dgmo_store::durable;
use rustix::process::Pid;
use rustix::process::Signal;
use serde::Deserialize;
use serde::Serialize;

use super::super::ServiceError;
use super::Kept;
use crate::home::Profile;

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Notes {
    /// The format; 1.
    format: u32,
    processes: BTreeMap<ServiceName, Noted>,
}

/// A process: its number, and a mark of its own, because numbers are given again.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    pid: i32,
    began: String,
}

impl Noted {
    fn lives(&self) -> io::Result<bool> {
        let Ok(pid) = self.pid.try_into() else {
            return Ok(false);
        };
        Ok(dgmo_store::mark_of_process(pid)?.is_some_and(|mark| mark == self.began))
    }
}

fn path(profile: &Profile) -> PathBuf {
    profile.services().join("processes.json")
}

/// Writes down which processes there are. What cannot be written only matters to who comes after a crash.
pub(super) fn write(profile: &Profile, kept: &BTreeMap<ServiceName, Kept>) {
    let noted = |(name, kept): (&ServiceName, &Kept)| {
        let pid = kept.pid()?.as_raw_pid();
        let began = dgmo_store::mark_of_process(pid.try_into().ok()?).ok()??;
        Some((name.clone(), Noted { pid, began }))
    };
    let notes = Notes {
        format: 1,
        processes: kept.iter().filter_map(noted).collect(),
    };
    let text = serde_json::to_vec(&notes).expect("it has string keys");
    drop(durable::replace_file(&path(profile), &text, 0o600));
}

/// Nothing runs any more.
pub(super) fn forget(profile: &Profile) {
    // A note that stays names processes that are gone, and is found wrong.
    drop(durable::remove_file(&path(profile)));
}

/// How long a process may take to end that a killed supervisor left.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends what a supervisor that was killed has left running: it would hold ports and files of what is started now. Where
/// it cannot be told what that is, nothing is started.
pub(super) fn end_orphans(profile: &Profile, tell: &dyn Fn(&str)) -> Result<(), ServiceError> {
    let path = path(profile);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text.map_err(ServiceError::io("read", &path))?,
    };
    let notes: Notes = serde_json::from_slice(&text).unwrap_or_default();
    let mut left: Vec<(ServiceName, Pid)> = Vec::new();
    for (name, noted) in notes.processes {
        let lives = noted.lives();
        if lives.map_err(ServiceError::io("look for the processes in", &path))? {
            left.extend(Pid::from_raw(noted.pid).map(|pid| (name, pid)));
        }
    }
    for (name, pid) in &left {
        tell(&format!(
            "{name}: ending process {pid}, which a supervisor that was killed has left"
        ));
        // It has ended by itself.
        let _ = rustix::process::kill_process_group(*pid, Signal::TERM);
    }
    let until = Instant::now() + PATIENCE;
    for (_, pid) in &left {
        if !ends_before(*pid, until) {
            // The same.
            let _ = rustix::process::kill_process_group(*pid, Signal::KILL);
            ends_before(*pid, Instant::now() + PATIENCE);
        }
    }
    forget(profile);
    Ok(())
}

/// Waits until a process that is no child of ours has ended.
#[cfg(target_os = "linux")]
fn ends_before(pid: Pid, until: Instant) -> bool {
    use rustix::event::PollFd;
    use rustix::event::PollFlags;
    use rustix::event::Timespec;

    let Ok(handle) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) else {
        // There is no such process any more.
        return true;
    };
    let rest = until.saturating_duration_since(Instant::now());
    let rest = Timespec::try_from(rest).ok();
    let mut watched = [PollFd::new(&handle, PollFlags::IN)];
    rustix::event::poll(&mut watched, rest.as_ref()).is_ok_and(|count| count > 0)
}

/// Where nothing tells, it is looked at.
#[cfg(not(target_os = "linux"))]
fn ends_before(pid: Pid, until: Instant) -> bool {
    while Instant::now() < until {
        if rustix::process::test_kill_process(pid).is_err() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}
