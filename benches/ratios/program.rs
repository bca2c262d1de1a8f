//! Programs to be measured, run one after the other without a terminal.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

use crate::Result;
use crate::wait;
use crate::wait::Usage;

/// A program, its arguments, and where what it says goes.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    words: Vec<OsString>,
    /// A folder for its output, also its `HOME`.
    desk: PathBuf,
}

impl Program {
    /// `name`, to be found on the search path if it is no path.
    pub(crate) fn new(name: impl AsRef<OsStr>, desk: &Path) -> Self {
        Self {
            words: vec![name.as_ref().to_owned()],
            desk: desk.to_owned(),
        }
    }

    /// One more argument.
    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub(crate) fn args(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.words
            .extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Runs it to its end; anything but success is an error that says what it said.
    pub(crate) fn run(&self) -> Result<Usage> {
        let (out, said) = (self.desk.join("stdout"), self.desk.join("stderr"));
        let mut command = Command::new(&self.words[0]);
        command
            .args(&self.words[1..])
            .env("HOME", &self.desk)
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(File::create(&said)?);
        let start = Instant::now();
        let child = command
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", self.words[0].display()))?;
        let (status, mut usage) = wait::wait(&child)?;
        usage.wall = start.elapsed();
        if status.success() {
            return Ok(usage);
        }
        let said = std::fs::read_to_string(&said).unwrap_or_default();
        let words: Vec<_> = self
            .words
            .iter()
            .take(8)
            .map(|w| w.display().to_string())
            .collect();
        Err(format!("`{}` ended with {status}: {}", words.join(" "), said.trim()).into())
    }

    /// What it printed at its last run.
    pub(crate) fn printed(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.desk.join("stdout"))?)
    }
}

/// Whether a program of this name is on the search path.
pub(crate) fn is_installed(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}
