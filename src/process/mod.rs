//! Running other programs: arguments as lists, never shell strings.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::process::Stdio;

/// Starts this program again with `arguments`, on its own, and does not wait for it.
///
/// It has no terminal and no streams, so it neither prints nor dies with ours.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn start_behind(arguments: &[OsString]) -> io::Result<()> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // A fault is meant for the process a test started, not for what that starts.
    command.env_remove("DGMO_FAULT");
    platform::leave_the_terminal(&mut command);
    // Nobody waits for it: it is the system's child once we end.
    command.spawn().map(drop)
}
