//! What only Unix knows of a process.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::Pid;
use rustix::process::Signal;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::flag;
use signal_hook::iterator::Signals as SignalsInfo;

use super::Ending;

/// How a group of processes is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It may still put its things in order.
    Asked,
    /// At once.
    Killed,
}

/// A group of its own: Ctrl-C at our terminal is not meant for it.
pub(super) fn leave_the_terminal(command: &mut Command) {
    command.process_group(0);
}

/// The signals that ask us to end, as far as we were not started to ignore them.
pub(super) struct Signals(SignalsInfo);

impl Signals {
    /// Takes them over. A second one ends the process with `exit` from within the system's own call.
    pub(super) fn new(exit: u8) -> io::Result<Self> {
        let ignored = ignored();
        let wanted = [SIGINT, SIGTERM, SIGHUP];
        let wanted = wanted
            .into_iter()
            .filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let wanted: Vec<i32> = wanted.collect();
        let came = Arc::new(AtomicBool::new(false));
        for signal in &wanted {
            // In this order: the first signal finds the flag down, and puts it up.
            flag::register_conditional_shutdown(*signal, exit.into(), Arc::clone(&came))?;
            flag::register(*signal, Arc::clone(&came))?;
        }
        SignalsInfo::new(wanted).map(Self)
    }

    /// Waits for the first.
    pub(super) fn wait(mut self) {
        self.0.forever().next();
    }
}

/// The signals this process ignores from its start, as bits. Only Linux tells; elsewhere the terminal's hang-up is left
/// as it was found.
fn ignored() -> u64 {
    // Asked before every command: in one piece, and not in pieces that double.
    let mut status = String::with_capacity(4096);
    let read =
        fs::File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
    if read.is_err() {
        return 1 << (SIGHUP - 1);
    }
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Becomes the program: the number of the process stays, and so do its terminal, its signals and its exit code.
pub(super) fn become_it(mut command: Command, name: &OsStr) -> io::Result<u8> {
    Err(command.arg0(name).exec())
}

/// Whether it is a file that somebody may run.
pub(super) fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The process that started this one.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is not told")]
pub(super) fn parent() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

/// Ends the group that the process `id` leads. One that has ended already is fine.
pub(super) fn end_group(id: u32, how: How) {
    let signal = match how {
        How::Asked => Signal::TERM,
        How::Killed => Signal::KILL,
    };
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may fail where nobody is in it any more: then it has ended by itself.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// How a process ended.
pub(super) fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Code(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

/// A session of its own, without a terminal, and deaf to hang-ups: some send them to all that a user has left running.
pub(super) fn leave_the_session() -> io::Result<()> {
    // The flag is not looked at: a signal that is caught does not end us.
    flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
    rustix::process::setsid()?;
    Ok(())
}
