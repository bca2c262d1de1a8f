//! A command that is tried: its environment set, what it prints kept, its time limited, and nothing of it left behind.
//!
//! Other than [`run`](fn@super::run), it takes a command as a person typed it, of bytes that need be no text; variables
//! can be taken out; all that is printed goes to a file; there need be no limit; and an interruption ends the command
//! at once.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use dgmo_store::durable;

use super::Ending;
use super::interrupt;
use super::platform;
use super::platform::How;

/// A command to try.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The program, looked for on the search path of `environment`.
    pub program: &'a OsStr,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// What is set in its environment besides what it inherits; nothing means: taken out.
    pub environment: Vec<(String, Option<OsString>)>,
    /// The new file that gets what it prints.
    pub output: &'a Path,
    /// How long it may take.
    pub limit: Option<Duration>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// It took longer than it may, and was ended.
    TooLong,
    /// There is no such program.
    NotFound,
}

/// The longest time between two looks whether it has ended.
const LONGEST_NAP: Duration = Duration::from_millis(20);

/// So long a command that is to end may tidy up.
const GRACE: Duration = Duration::from_secs(1);

impl Attempt<'_> {
    /// Runs it to its end. It reads nothing, and is in a process group of its own, so that all of it can be ended.
    ///
    /// Where we are interrupted it is ended, and this does not return: the process is about to end too.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn run(&self) -> io::Result<Ended> {
        let _whole = interrupt::hold();
        let output = durable::write_new(self.output, b"", 0o600)?;
        let mut command = Command::new(self.program);
        command
            .args(self.arguments)
            .stdin(Stdio::null())
            .stdout(output.file().try_clone()?)
            .stderr(output.file().try_clone()?);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        platform::leave_the_terminal(&mut command);
        match command.spawn() {
            Ok(child) => self.wait(child),
            Err(error) if says_it_is_no_program(&error) => Ok(Ended::NotFound),
            Err(error) => Err(error),
        }
    }

    fn wait(&self, mut child: Child) -> io::Result<Ended> {
        let started = Instant::now();
        let mut nap = Duration::from_millis(1);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(match platform::ending(status) {
                    Ending::Code(code) => Ended::Exit(code),
                    Ending::Signal(signal) => Ended::Signal(signal),
                    Ending::TimedOut | Ending::Interrupted => Ended::TooLong,
                });
            }
            let too_long = self.limit.is_some_and(|limit| started.elapsed() >= limit);
            if too_long || interrupt::is_pending() {
                end(&mut child)?;
                return Ok(Ended::TooLong);
            }
            thread::sleep(nap);
            nap = (nap * 2).min(LONGEST_NAP);
        }
    }
}

/// Neither there nor something that can be run: in another candidate it may be.
fn says_it_is_no_program(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
    )
}

/// Asks it to end, and all it has started; after a while it has to.
fn end(child: &mut Child) -> io::Result<()> {
    platform::end_group(child.id(), How::Asked);
    let asked = Instant::now();
    while asked.elapsed() < GRACE && child.try_wait()?.is_none() {
        thread::sleep(LONGEST_NAP);
    }
    platform::end_group(child.id(), How::Killed);
    child.wait().map(drop)
}
