//! Programs that are asked something, and programs that run beside us until they are told to end.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

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
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn ask<S: AsRef<OsStr>>(program: &OsStr, arguments: &[S]) -> io::Result<Answer> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("DGMO_FAULT")
        .output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Answer {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    })
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
