//! The program with its home and target folder on a mounted disk, and its manifest elsewhere.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use tempfile::TempDir;

use crate::mount::Mount;

/// The program with its home and target folder on a mounted disk.
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    pub(crate) disk: &'a Mount,
    /// The manifest and its sources, with room.
    pub(crate) sources: TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    command: String,
    output: Output,
}

impl<'a> Machine<'a> {
    pub(crate) fn on(disk: &'a Mount) -> Self {
        let sources = tempfile::tempdir().unwrap();
        Self { disk, sources }
    }

    /// Makes the manifest say this.
    pub(crate) fn manifest(&self, text: &str) {
        fs::write(self.source("dgmo.yaml"), text).unwrap();
    }

    /// A path beside the manifest.
    pub(crate) fn source(&self, name: &str) -> PathBuf {
        self.sources.path().join(name)
    }

    /// The home.
    pub(crate) fn home(&self) -> PathBuf {
        self.disk.path().join("home")
    }

    /// The target folder.
    pub(crate) fn target(&self) -> PathBuf {
        self.disk.path().join("target")
    }

    /// Switches to the manifest.
    pub(crate) fn switch(&self) -> Ran {
        let manifest = self.source("dgmo.yaml").display().to_string();
        let target = self.target().display().to_string();
        self.run(&["switch", "-f", &manifest, "--target", &target])
    }

    /// Runs a command.
    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_dgmo"))
            .args(words)
            .env_clear()
            .env("HOME", self.sources.path())
            .env("DGMO_HOME", self.home())
            .current_dir(self.sources.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program under test starts");
        let command = words.join(" ");
        Ran { command, output }
    }

    /// Nothing is in progress.
    pub(crate) fn is_at_rest(&self) {
        for folder in ["store/staging", "profiles/default/journal"] {
            let left = fs::read_dir(self.home().join(folder)).unwrap().count();
            assert_eq!(left, 0, "left behind in {folder}");
        }
    }

    /// What a home file says.
    pub(crate) fn reads(&self, name: &str, text: &str) {
        let found = fs::read_to_string(self.target().join(name)).unwrap();
        assert_eq!(found, text);
    }
}

impl Ran {
    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// What it printed.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    #[track_caller]
    pub(crate) fn works(self) -> Self {
        let stderr = self.stderr();
        assert!(
            self.output.status.success(),
            "`{}` failed: {stderr}",
            self.command
        );
        self
    }

    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        let stderr = self.stderr();
        assert_eq!(
            self.output.status.code(),
            Some(1),
            "`{}`: {stderr}",
            self.command
        );
        assert!(
            stderr.contains("error[DG"),
            "`{}` has no code: {stderr}",
            self.command
        );
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let stderr = self.stderr();
        assert!(
            stderr.to_lowercase().contains(words),
            "`{}` does not say `{words}`: {stderr}",
            self.command
        );
        self
    }
}

/// A file that no file system can make smaller.
pub(crate) fn fill(path: &Path, bytes: usize) {
    let mut content = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut content);
    fs::write(path, content).unwrap();
}
