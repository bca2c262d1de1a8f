//! A terminal with a program in it: what is typed goes in, what is drawn comes out, and it can hang up.

use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::pty::OpenptFlags;

use super::Sandbox;

/// A program that draws nothing for so long is stuck.
const LONG: Duration = Duration::from_secs(30);

/// A terminal with a program in it.
#[derive(Debug)]
pub(crate) struct Terminal {
    keys: Option<File>,
    child: Child,
    drawn: Arc<Drawn>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Drawn {
    text: Mutex<String>,
    more: Condvar,
}

impl Terminal {
    /// Starts the words of `line` in a terminal of its own, with more in the environment.
    pub(crate) fn with(sandbox: &Sandbox, line: &str, env: &[(&str, &str)]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let keys = rustix::pty::openpt(flags).unwrap();
        rustix::pty::grantpt(&keys).unwrap();
        rustix::pty::unlockpt(&keys).unwrap();
        let name = rustix::pty::ptsname(&keys, Vec::new()).unwrap();
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let screen = || {
            let mut options = OpenOptions::new();
            Stdio::from(options.read(true).write(true).open(path).unwrap())
        };
        // It makes the terminal the one that sends the program signals.
        let mut command = Command::new("setsid");
        command.arg("-c").arg(env!("CARGO_BIN_EXE_dgmo"));
        command.args(line.split_whitespace());
        sandbox.furnish(&mut command);
        command
            .env("TERM", "xterm")
            .envs(env.iter().copied())
            .stdin(screen())
            .stdout(screen())
            .stderr(screen());
        let child = command.spawn().expect("`setsid` is on every Linux");
        drop(command);
        let keys = File::from(keys);
        let drawn = Arc::new(Drawn::default());
        let reader = thread::spawn({
            let (mut screen, drawn) = (keys.try_clone().unwrap(), Arc::clone(&drawn));
            move || drawn.take(&mut screen)
        });
        Self {
            keys: Some(keys),
            child,
            drawn,
            reader: Some(reader),
        }
    }

    /// Starts the words of `line`.
    pub(crate) fn new(sandbox: &Sandbox, line: &str) -> Self {
        Self::with(sandbox, line, &[])
    }

    /// Waits until this is drawn.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) {
        let text = self.drawn.text.lock().unwrap();
        let (text, waited) = self
            .drawn
            .more
            .wait_timeout_while(text, LONG, |text| !text.contains(words))
            .unwrap();
        assert!(!waited.timed_out(), "never drew `{words}`: {text:?}");
    }

    /// Presses keys.
    pub(crate) fn types(&mut self, keys: &str) {
        let terminal = self.keys.as_mut().expect("it has not hung up");
        terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupts(&mut self) {
        self.types("\u{3}");
    }

    /// The number of the process.
    pub(crate) fn process(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Whether the program still runs.
    #[cfg(feature = "fault-injection")]
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end: the exit code, and all that was drawn.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let text = self.drawn.text.lock().unwrap().clone();
        (status.code(), text)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended, or the test has failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drawn {
    /// Takes what is drawn until the last who has the terminal open is gone: that is an error here.
    fn take(&self, screen: &mut File) {
        let mut bytes = [0; 4096];
        let mut whole = Vec::new();
        while let Ok(count @ 1..) = screen.read(&mut bytes) {
            whole.extend(&bytes[..count]);
            *self.text.lock().unwrap() = String::from_utf8_lossy(&whole).into_owned();
            self.more.notify_all();
        }
    }
}
