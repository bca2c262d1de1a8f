//! A machine of its own: an empty environment, a user's folder, a home, a folder to work in, a clock that stands.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use super::Ran;
use super::Snapshot;

/// 2026-01-01, noon.
pub(crate) const NOW: u64 = 1_767_268_800;

/// A machine of its own.
///
/// `user/` is `$HOME` and so the target folder, `home/` is `$DGMO_HOME`, commands run in `work/`: the short forms that
/// messages suggest work as they stand.
#[derive(Debug)]
pub(crate) struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("dgmo-").tempdir().unwrap();
        // Some tests run as somebody else.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["user", "work", "bin"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_dgmo"), root.path().join("bin/dgmo")).unwrap();
        Self { root }
    }

    /// One with this manifest.
    pub(crate) fn with(manifest: &str) -> Self {
        let sandbox = Self::new();
        sandbox.manifest(manifest);
        sandbox
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    pub(crate) fn user(&self) -> PathBuf {
        self.root().join("user")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// The folder of the default profile.
    pub(crate) fn profile(&self) -> PathBuf {
        self.home().join("profiles/default")
    }

    /// What the pointer of the default profile names, by number.
    pub(crate) fn current(&self) -> u64 {
        let link = fs::read_link(self.profile().join("current")).unwrap();
        let name = link.file_name().unwrap().to_str().unwrap();
        name.parse().unwrap()
    }

    /// Writes the manifest: `dgmo: 1` and then `text`.
    pub(crate) fn manifest(&self, text: &str) {
        self.write("work/dgmo.yaml", format!("dgmo: 1\n{text}"));
    }

    /// Writes a file below the root, with all folders it needs.
    pub(crate) fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes a program below the root.
    pub(crate) fn program(&self, path: &str, text: &str) {
        self.write(path, text);
        self.mode(path, 0o755);
    }

    pub(crate) fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn link(&self, to: impl AsRef<Path>, path: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.root().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn read_link(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.root().join(path);
        fs::read_link(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn exists(&self, path: impl AsRef<Path>) -> bool {
        fs::symlink_metadata(self.root().join(path)).is_ok()
    }

    pub(crate) fn remove(&self, path: impl AsRef<Path>) {
        let path = self.root().join(path);
        let removed = if fs::symlink_metadata(&path).unwrap().is_dir() {
            make_removable(&path).and_then(|()| fs::remove_dir_all(&path))
        } else {
            fs::remove_file(&path)
        };
        removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.root().join(from), self.root().join(to)).unwrap();
    }

    /// What the whole machine holds.
    pub(crate) fn all(&self) -> Snapshot {
        Snapshot::of(self.root())
    }

    /// What the target folder holds.
    pub(crate) fn target(&self) -> Snapshot {
        Snapshot::of(&self.user())
    }

    /// The program with `words`, in the sandbox's environment.
    pub(crate) fn command<W: AsRef<OsStr>>(&self, words: &[W]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dgmo"));
        command.args(words);
        self.furnish(&mut command);
        command
    }

    /// Gives `command` the sandbox's environment and folder.
    pub(crate) fn furnish(&self, command: &mut Command) {
        command
            .env_clear()
            .env(
                "PATH",
                format!(
                    "{}:/usr/local/bin:/usr/bin:/bin",
                    self.root().join("bin").display()
                ),
            )
            .env("HOME", self.user())
            .env("USER", "tester")
            .env("DGMO_HOME", self.home())
            .env("DGMO_NOW", NOW.to_string())
            .current_dir(self.work())
            .stdin(Stdio::null());
    }

    /// Runs the program.
    pub(crate) fn run<W: AsRef<OsStr>>(&self, words: &[W]) -> Ran {
        run(self.command(words))
    }

    /// Runs it with more in the environment.
    pub(crate) fn run_with<W: AsRef<OsStr>>(&self, words: &[W], env: &[(&str, &str)]) -> Ran {
        let mut command = self.command(words);
        command.envs(env.iter().copied());
        run(command)
    }

    /// Runs a line as a person types it.
    pub(crate) fn sh(&self, line: &str) -> Ran {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        self.furnish(&mut command);
        let output = command.output().unwrap();
        Ran::new(line.to_owned(), &output)
    }

    /// Runs the words of `line` without a shell.
    pub(crate) fn dgmo(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.run(&words)
    }

    /// Switches; it works.
    #[track_caller]
    pub(crate) fn switch(&self) -> Ran {
        self.dgmo("switch").works()
    }
}

/// Runs a command that is ready.
pub(crate) fn run(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran::new(format!("{command:?}"), &output)
}

/// What dgmo laid out may not be written, folders included.
fn make_removable(path: &Path) -> std::io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        for entry in fs::read_dir(path)? {
            make_removable(&entry?.path())?;
        }
    }
    Ok(())
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Without this a user who is not root could not delete what was laid out.
        drop(make_removable(self.root.path()));
    }
}
