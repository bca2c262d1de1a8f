//! Children that are not ours by birth: what services leave behind comes to the first process of a container.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::WaitOptions;

/// Has what services leave behind come to us, also where we are not the first process.
pub(super) fn adopt_orphans() {
    // Where the kernel cannot, the first process gets them, as ever.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Dead processes that nobody has asked for yet, and since when they are known.
///
/// A thread of ours that runs a command waits for it at once. So only who is still there after a while is taken for
/// somebody nobody waits for.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    seen: BTreeMap<i32, Instant>,
}

/// Nobody who waits takes so long.
const GRACE: Duration = Duration::from_secs(1);

impl Strangers {
    /// Looks who is dead, and takes note of those that have been for long enough; `ours` are waited for elsewhere.
    pub(super) fn reap(&mut self, ours: &[Pid]) {
        let now = Instant::now();
        let dead = dead_children();
        self.seen.retain(|pid, _| dead.contains(pid));
        for pid in dead {
            let Some(known) = Pid::from_raw(pid).filter(|known| !ours.contains(known)) else {
                continue;
            };
            let since = *self.seen.entry(pid).or_insert(now);
            if now.duration_since(since) >= GRACE {
                // Whoever it was, it is gone now.
                let _ = rustix::process::waitpid(Some(known), WaitOptions::NOHANG);
                self.seen.remove(&pid);
            }
        }
    }

    /// When to look again.
    pub(super) fn next_moment(&self) -> Option<Instant> {
        self.seen.values().min().map(|since| *since + GRACE)
    }
}

/// Our children that have ended and that nobody has taken note of.
fn dead_children() -> Vec<i32> {
    let us = std::process::id().to_string();
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let is_dead_child = |pid: &i32| {
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return false;
        };
        let mut words = text
            .rsplit_once(')')
            .map_or("", |(_, after)| after)
            .split_whitespace();
        words.next() == Some("Z") && words.next() == Some(&us)
    };
    processes
        .flatten()
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .filter(is_dead_child)
        .collect()
}
