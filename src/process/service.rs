//! Programs that are asked something, and programs that run beside us until they are told to end.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::io::Read;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;

/// What a program said, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Answer {
    /// Whether it ended with 0.
    pub fn works(&self) -> bool {
        self.code == Some(0)
    }

    /// Its complaint in one line.
    pub fn complaint(&self) -> String {
        let line = self
            .err
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty());
        match (line, self.code) {
            (Some(line), _) => line.to_owned(),
            (None, Some(code)) => format!("it ended with {code}"),
            (None, None) => "a signal ended it".to_owned(),
        }
    }
}

/// Runs a program to its end.
///
/// Not by `Command::output`, which takes it for impossible that what was printed cannot be read.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn ask<S: AsRef<OsStr>>(program: &OsStr, arguments: &[S]) -> io::Result<Answer> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("DGMO_FAULT")
        .spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = thread::scope(|scope| {
        let err = scope.spawn(|| whole(err));
        (whole(out), err.join())
    });
    // First of all: one that nobody waits for stays.
    let status = child.wait()?;
    let err = err.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    Ok(Answer {
        code: status.code(),
        out: out?,
        err: err?,
    })
}

/// All that comes, as text; who writes sees it closed when it cannot be read.
fn whole(from: Option<impl Read>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        from.read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How a program is started that runs beside us.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The program itself: nothing is searched.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [String],
    /// What is set besides our own environment.
    pub env: &'a BTreeMap<String, String>,
    /// Where it starts.
    pub folder: &'a Path,
}

/// Starts a program in a process group of its own, with nothing to read and with both streams for us.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn launch(launch: &Launch<'_>) -> io::Result<Child> {
    let mut command = Command::new(launch.program);
    command
        .args(launch.arguments)
        .envs(launch.env)
        .env_remove("DGMO_FAULT")
        .current_dir(launch.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    super::platform::leave_the_terminal(&mut command);
    command.spawn()
}
