//! Running other programs: arguments as lists, never shell strings.

mod attempt;
mod call;
mod capture;
pub mod interrupt;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
mod run;

pub use attempt::Attempt;
pub use attempt::Ended;
pub use call::Call;
pub use call::Reply;
pub use call::Talk;
pub use capture::Captured;
pub use capture::Question;
pub use capture::capture;
pub use capture::question;
pub use capture::run_in_front;

pub use run::Ending;
pub use run::Output;
pub use run::Ran;
pub use run::Run;
pub use run::WhenInterrupted;
pub use run::locate;
pub use run::run;

mod service;
#[cfg(unix)]
mod signals;

pub use service::Answer;
pub use service::Launch;
pub use service::ask;
pub use service::launch;
#[cfg(unix)]
pub use signals::Asked;
#[cfg(unix)]
pub use signals::Requests;

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

/// Starts this program again with `arguments`, in a session of its own, and returns when it has got there.
///
/// It must call [`leave_the_session`] first of all: from then on neither our terminal nor our end is its concern.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn start_apart(arguments: &[OsString]) -> io::Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .current_dir("/")
        .env_remove("DGMO_FAULT")
        .spawn()?;
    let mut said = [0; READY.len()];
    let mut stdout = child.stdout.take().expect("it was asked for");
    if stdout.read_exact(&mut said).is_ok() && said == READY {
        return Ok(());
    }
    // It ended, or nobody can hear whether it came up: then it shall not stay, and nobody waits for what it waits for.
    drop(child.kill());
    child.wait()?;
    Err(io::Error::other("it did not come up"))
}

/// What a process that was started apart says when it has left.
const READY: [u8; 5] = *b"ready";

/// Leaves the session and the terminal, and says so to whoever waits in [`start_apart`].
pub fn leave_the_session() -> io::Result<()> {
    platform::leave_the_session()?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&READY)?;
    stdout.flush()
}

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

/// A program to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// What it is told to be called.
    pub name: OsString,
    /// Its arguments, the name not among them.
    pub arguments: Vec<OsString>,
    /// Variables to set besides those there are.
    pub variables: Vec<(OsString, OsString)>,
}

/// Ends this program and runs another one in its place, where the system can; else waits for it. Gives its exit code,
/// if there is still somebody to give it to.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn become_program(program: &Program) -> io::Result<u8> {
    let mut command = Command::new(&program.path);
    command
        .args(&program.arguments)
        .envs(program.variables.iter().map(|(name, value)| (name, value)));
    // A fault is meant for us, not for what we become.
    command.env_remove("DGMO_FAULT");
    platform::become_it(command, &program.name)
}

/// Whether somebody may run the file.
pub fn is_program(path: &Path) -> bool {
    platform::is_program(path)
}

/// The process that started this one, where the system tells.
pub fn parent() -> Option<u32> {
    platform::parent()
}

/// The file that a shell would start for `name`: itself where it is a path, else the first of that name in `folders`.
pub fn find_program(name: &OsStr, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 || path.is_absolute() {
        return is_program(path).then(|| path.to_owned());
    }
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
}
