//! A little world for one scenario: a home, a target folder with things of the user in it, a manifest.
//!
//! ```text
//! ROOT/world/home  target  src  other  …    what commands work on; always at this path, since links are absolute
//! ROOT/fixture                              the same as it is before the command, to begin anew from
//! ```

use std::cell::RefCell;
use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::copy::copy_tree;
use crate::copy::delete_tree;

/// The moment every command takes for now.
const NOW: &str = "1800000000";

/// Which units are active is in files; where none of them is there, the machine has been started again.
const SYSTEMCTL: &str = r#"#!/bin/sh
world=$(dirname "$(dirname "$0")")/world
run=$world/run
units=$world/target/.config/systemd/user
if [ ! -d "$run" ]; then
    mkdir "$run"
    for unit in "$units"/default.target.wants/*; do
        [ -e "$unit" ] && : > "$run/$(basename "$unit")"
    done
fi
shift
case $1 in
    start) [ -e "$units/$2" ] || exit 5; : > "$run/$2" ;;
    stop) rm -f "$run/$2" ;;
    show)
        shift 2
        for unit; do
            if [ -e "$run/$unit" ]; then state=active; else state=inactive; fi
            printf 'Id=%s\nActiveState=%s\nSubState=x\nMainPID=0\nNRestarts=0\nResult=success\n\n' "$unit" $state
        done ;;
esac
exit 0
"#;

/// A little world for one scenario.
pub(crate) struct World {
    root: PathBuf,
    /// How a command ends when it does what it shall, where that is not with 0 and no more words.
    ends: RefCell<Option<(String, End)>>,
}

/// How a command shall end: with this code, and these words on stderr.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct End {
    pub(crate) exit: i32,
    pub(crate) says: &'static str,
}

/// How a command ended.
pub(crate) struct Ended {
    output: Output,
    expected: End,
}

impl World {
    /// An empty world in the empty folder `root`.
    pub(crate) fn new(root: PathBuf) -> Self {
        let world = Self {
            root,
            ends: RefCell::default(),
        };
        fs::create_dir_all(world.path("src")).unwrap();
        world
    }

    /// Where everything is.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join("world")
    }

    /// A path below it.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder().join(below)
    }

    /// Something beside the world, which commands do not see.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes what is there now the state to begin from.
    pub(crate) fn keep_as_fixture(&self) {
        self.keep("fixture");
    }

    /// Keeps what is there now under a name.
    pub(crate) fn keep(&self, name: &str) {
        delete_tree(&self.beside(name));
        copy_tree(&self.folder(), &self.beside(name));
    }

    /// Begins anew.
    pub(crate) fn restore(&self) {
        self.restore_from("fixture");
    }

    /// Goes back to what was kept.
    pub(crate) fn restore_from(&self, name: &str) {
        delete_tree(&self.folder());
        copy_tree(&self.beside(name), &self.folder());
    }

    /// The machine starts again: what ran does not any more, until the init system starts it.
    pub(crate) fn reboot(&self) {
        let run = self.path("run");
        if run.exists() {
            delete_tree(&run);
        }
    }

    /// An init system that starts what is wanted when the machine does, and does as it is told.
    pub(crate) fn has_init(&self) {
        let path = self.beside("bin/systemctl");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, SYSTEMCTL).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, below: &str, text: &str, mode: u32) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    /// Makes a link.
    pub(crate) fn link(&self, below: &str, target: &str) {
        symlink(target, self.path(below)).unwrap();
    }

    /// Makes the manifest say this.
    pub(crate) fn manifest(&self, text: &str) {
        self.write("src/dgmo.yaml", text, 0o644);
    }

    /// From now on `words` does what it shall when it ends like this.
    pub(crate) fn expect(&self, words: &str, end: End) {
        *self.ends.borrow_mut() = Some((words.to_owned(), end));
    }

    /// Runs a command that must work.
    pub(crate) fn run(&self, words: &str) {
        let ended = self.dgmo(words, "");
        assert!(ended.is_done(), "`{words}` failed: {}", ended.told());
    }

    /// Runs `dgmo` under a plan of faults. `{w}` in `words` is the world's folder.
    pub(crate) fn dgmo(&self, words: &str, faults: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dgmo"));
        self.furnish(&mut command, words);
        if !faults.is_empty() {
            command.env("DGMO_FAULT", faults);
        }
        let output = command.output().expect("the program under test starts");
        self.ended(words, output)
    }

    /// Runs `dgmo` under another program, which gets it and `words` behind its own arguments.
    pub(crate) fn dgmo_under(&self, program: &[String], words: &str) -> Ended {
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).arg(env!("CARGO_BIN_EXE_dgmo"));
        self.furnish(&mut command, words);
        let output = command.output().expect("the program around it starts");
        self.ended(words, output)
    }

    /// Runs `dgmo` and sends it what Ctrl-C sends when it is about to take step `at`.
    pub(crate) fn dgmo_interrupted(&self, words: &str, at: usize) -> Ended {
        let pipe = self.beside("pipe");
        if !pipe.exists() {
            let mode = Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, mode, 0).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_dgmo"));
        self.furnish(&mut command, words);
        command
            .env("DGMO_FAULT", format!("wait:{at}:{}", pipe.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program under test starts");
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        // There is nobody at the other end until the step comes, if it comes.
        let opened = until(&mut child, Duration::MAX, || {
            rustix::fs::open(&pipe, flags, Mode::empty()).ok()
        });
        if let Some(held_up) = opened {
            let process = Pid::from_child(&child);
            kill_process(process, Signal::INT).expect("it is there: nobody has waited for it");
            // What belongs together goes on until it is done; so it must be let go some time.
            until(&mut child, Duration::from_millis(30), || None::<()>);
            drop(held_up);
        }
        let output = child.wait_with_output().expect("it ends");
        self.ended(words, output)
    }

    fn ended(&self, words: &str, output: Output) -> Ended {
        let ends = self.ends.borrow();
        let expected = ends.as_ref().filter(|(command, _)| command == words);
        Ended {
            output,
            expected: expected.map_or(End::default(), |(_, end)| *end),
        }
    }

    fn furnish(&self, command: &mut Command, words: &str) {
        let folder = self.folder().to_str().unwrap().to_owned();
        command
            .args(words.split(' ').map(|word| word.replace("{w}", &folder)))
            .env_clear()
            .env("HOME", self.beside("user"))
            .env("XDG_CONFIG_HOME", self.path("target/.config"))
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.beside("bin").display()),
            )
            .env("DGMO_HOME", self.path("home"))
            .env("DGMO_NOW", NOW)
            .env("NO_COLOR", "1")
            .current_dir(self.path("src"))
            .stdin(Stdio::null());
    }
}

/// Asks until there is an answer; none if the process has ended before, or after `most`.
fn until<T>(child: &mut Child, most: Duration, ask: impl Fn() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        let ended = child.try_wait().expect("a child can be waited for");
        if ended.is_some() || begun.elapsed() > most {
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        delete_tree(&self.root);
    }
}

impl Ended {
    /// Whether it says that it did what was asked.
    pub(crate) fn is_done(&self) -> bool {
        self.code() == Some(self.expected.exit) && self.told().contains(self.expected.says)
    }

    /// Whether it was killed.
    pub(crate) fn was_killed(&self) -> bool {
        self.output.status.signal() == Some(9)
    }

    /// Its exit code; none if it was killed.
    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// What it printed.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// How it ended and what it said of it.
    pub(crate) fn told(&self) -> String {
        let text = String::from_utf8_lossy(&self.output.stderr);
        format!("{}: {}", self.output.status, text.trim())
    }
}

/// A folder for worlds: in memory where there is one, so that syncing costs nothing.
pub(crate) fn folder_for_worlds() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("dgmo-crash-");
    let made = if memory.is_dir() {
        builder.tempdir_in(memory)
    } else {
        builder.tempdir()
    };
    made.expect("a folder for the worlds")
}
