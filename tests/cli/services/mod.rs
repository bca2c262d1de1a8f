//! Services and the state they change: with an init system that writes down what it is told, and with our own supervisor.

mod init;
mod state;
pub(super) mod supervised;

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;

use super::Ran;
use super::Sandbox;

/// A `systemctl` that keeps which units are active in files, and writes each call down.
pub(super) const FAKE: &str = r#"#!/bin/sh
root=$(dirname "$(dirname "$0")")
run=$root/run
mkdir -p "$run"
[ "$1" = --user ] && shift
case $1 in
    show) ;;
    *) echo "$*" >> "$run/calls" ;;
esac
case $1 in
    daemon-reload) ;;
    start)
        [ -e "$run/broken" ] && { echo "Job for $2 failed." >&2; exit 1; }
        [ -e "$root/user/.config/systemd/user/$2" ] || { echo "Unit $2 not found." >&2; exit 5; }
        grep -q fails "$root/user/.config/systemd/user/$2" && { echo "Job for $2 failed." >&2; exit 1; }
        touch "$run/$2" ;;
    stop)
        [ -e "$run/broken" ] && { echo "Job for $2 timed out." >&2; exit 1; }
        rm -f "$run/$2" ;;
    show)
        shift 2
        for unit; do
            if [ -e "$run/$unit" ]; then
                printf 'Id=%s\nActiveState=active\nSubState=running\nMainPID=77\nNRestarts=0\nResult=success\n\n' "$unit"
            else
                printf 'Id=%s\nActiveState=inactive\nSubState=dead\nMainPID=0\nNRestarts=0\nResult=success\n\n' "$unit"
            fi
        done ;;
esac
"#;

/// A sandbox with that init system.
fn with_init() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.program("bin/systemctl", FAKE);
    two_packages(&sandbox);
    sandbox
}

/// A sandbox without any.
fn without_init() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.program(
        "bin/systemctl",
        "#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n",
    );
    two_packages(&sandbox);
    sandbox
}

/// `db` and `web`, each a package with a program of its name.
fn two_packages(sandbox: &Sandbox) {
    for name in ["db", "web"] {
        sandbox.program(&format!("work/{name}/bin/{name}"), &program(name));
    }
}

/// A program that says that it is up, writes a file when it is ready, and says when it is told to end.
fn program(words: &str) -> String {
    format!(
        "#!/bin/sh\nexec 2>/dev/null\ntrap 'echo {words} bye; exit 0' TERM\necho {words} up\ntouch \"$HOME/{words}.ready\"\n\
         while :; do sleep 1 & wait $!; done\n"
    )
}

const TWO: &str = "\
packages: {db: {path: ./db}, web: {path: ./web}}
services:
  db: {run: [db], ready: {file: db.ready}}
  web: {run: [web], after: [db]}
";

impl Sandbox {
    /// What the init system was told since the last time.
    fn calls(&self) -> Vec<String> {
        let path = self.root().join("run/calls");
        let text = fs::read_to_string(&path).unwrap_or_default();
        drop(fs::remove_file(path));
        text.lines().map(ToOwned::to_owned).collect()
    }
}

/// A supervisor that runs, and what it prints.
struct Supervisor {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Supervisor {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(&["services", "run"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// Reads what it prints up to the line `words`; it must come.
    #[track_caller]
    fn says(&mut self, words: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let mut line = String::new();
            let count = self.out.read_line(&mut line).unwrap();
            assert!(count > 0, "it ended without `{words}`: {seen:?}");
            let line = line.trim_end().to_owned();
            let is_it = line == words;
            seen.push(line);
            if is_it {
                return seen;
            }
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Tells it to end, and returns how it did.
    fn end(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // It may have ended, as it should.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Looks until `look` finds something: for what another process does in its own time.
#[track_caller]
fn soon<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_mins(1);
    while Instant::now() < until {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not come to pass: {what}");
}

/// One service of a report.
fn service(ran: &Ran, name: &str) -> Value {
    let report = ran.json();
    let services = report["services"].as_array().unwrap();
    let found = services.iter().find(|service| service["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {ran}")).clone()
}
