//! What only Windows knows of a process.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

use super::Ending;

/// How a group of processes is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// There is no way to ask.
    Asked,
    /// At once.
    Killed,
}

/// Without streams there is no terminal to leave.
pub(super) fn leave_the_terminal(_command: &mut Command) {}

/// What asks us to end. There is nothing yet: the system ends the process, which is safe anywhere.
pub(super) struct Signals;

impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn new(_exit: u8) -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Never ends.
    pub(super) fn wait(self) {
        loop {
            std::thread::park();
        }
    }
}

/// No process becomes another one here: ours stays until the program ends, and ends as it did.
pub(super) fn become_it(mut command: Command, _name: &OsStr) -> io::Result<u8> {
    let ended = command.status()?;
    Ok(ended
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1))
}

/// Whether it is a file; its name tells whether it can be run.
pub(super) fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The process that started this one is not told without `unsafe`.
pub(super) fn parent() -> Option<u32> {
    None
}

/// Ends the process `id` and all it started. One that has ended already is fine.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(super) fn end_group(id: u32, how: How) {
    if how == How::Asked {
        return;
    }
    let ended = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &id.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // It has ended by itself.
    drop(ended);
}

/// How a process ended.
pub(super) fn ending(status: ExitStatus) -> Ending {
    Ending::Code(status.code().unwrap_or_default())
}

/// Without streams there is no session to leave.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn leave_the_session() -> io::Result<()> {
    Ok(())
}
