//! `dgmo generations browse` on a real terminal: that of a `tmux` of its own. Where there is none, nothing is tried.

use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::time::Duration;
use std::time::Instant;

use super::Sandbox;

/// A terminal with a shell in it.
struct Screen {
    socket: PathBuf,
}

#[expect(
    clippy::print_stdout,
    reason = "whoever reads the log shall know that nothing was tried"
)]
fn skipped() {
    println!("skipped: there is no `tmux` here (Debian's package `tmux`)");
}

impl Screen {
    /// Opens one in the sandbox; none, with a word why, where there is no `tmux`.
    fn open(sandbox: &Sandbox) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            skipped();
            return None;
        }
        let screen = Self {
            socket: sandbox.root().join("tmux"),
        };
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&screen.socket).args([
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "120",
            "-y",
            "30",
            "/bin/sh",
        ]);
        sandbox.furnish(&mut command);
        command.env("LC_ALL", "C.UTF-8");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        screen.waits_for("a prompt", |picture| picture.starts_with(['$', '#']));
        Some(screen)
    }

    fn tmux(&self, words: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(words);
        command.output().unwrap()
    }

    /// Types a line into the shell.
    fn types(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.presses(&["Enter"]);
    }

    fn presses(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn picture(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// Waits until the screen shows the words.
    #[track_caller]
    fn shows(&self, words: &str) {
        self.waits_for(words, |picture| picture.contains(words));
    }

    #[track_caller]
    fn waits_for(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        let started = Instant::now();
        loop {
            let picture = self.picture();
            if is_there(&picture) {
                return;
            }
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "no `{what}`:\n{picture}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The terminal is as it was: the shell echoes what is typed, on the screen it had before.
    #[track_caller]
    fn is_as_before(&self, exit: u32) {
        // What is typed before it has ended is its own.
        self.waits_for("no browser", |picture| !picture.contains("┌generations"));
        self.types(
            "echo \"ended with $?\"; stty -a | tr ' ;' '\\n\\n' | grep -cx -e icanon -e echo",
        );
        self.shows(&format!("ended with {exit}\n2\n"));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn generations() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=5 {
        sandbox.manifest(&format!(
            "env: {{N: \"{number}\"}}\nfiles: {{.n: {{text: \"{number}\"}}}}\n"
        ));
        sandbox.dgmo(&format!("switch -m note-{number}")).works();
    }
    sandbox
}

#[test]
fn one_can_look_compare_label_pin_and_switch() {
    let sandbox = generations();
    let Some(screen) = Screen::open(&sandbox) else {
        return;
    };
    // Alone on a terminal it is the browser.
    screen.types("dgmo generations");
    screen.shows("generation 5 is current");
    screen.shows("note: note-5");
    screen.presses(&["Up", "k"]);
    screen.shows("note: note-3");
    screen.presses(&["d"]);
    screen.shows("from 5 to 3");
    screen.shows("~ variable N");
    screen.presses(&["l", "g", "o", "o", "d", "Enter"]);
    screen.shows("generation 3 is `good` now");
    screen.presses(&["p"]);
    screen.shows("generation 3 is pinned");
    screen.presses(&["Enter"]);
    screen.shows("make generation 3 current? y/n");
    screen.presses(&["y"]);
    screen.shows("generation 3 is current (before: 5)");
    assert_eq!(sandbox.current(), 3);
    assert_eq!(sandbox.read("user/.n"), "3");
    // What fails is told, and it goes on.
    sandbox.remove("user/.n");
    sandbox.write("user/.n", "mine");
    screen.presses(&["G", "s", "y"]);
    screen.shows("DG3020");
    screen.presses(&["q"]);
    screen.is_as_before(0);
    let list = sandbox.dgmo("generations list --json").works().json();
    assert_eq!(list["generations"][3]["label"], "good");
}

#[test]
fn the_terminal_is_as_before_however_it_ends() {
    let sandbox = generations();
    let Some(screen) = Screen::open(&sandbox) else {
        return;
    };
    screen.types("dgmo generations browse");
    screen.shows("q quit");
    screen.presses(&["C-c"]);
    screen.is_as_before(0);
    for signal in ["TERM", "HUP", "INT"] {
        screen.types("clear; sh -c 'echo $$ > ../pid; exec dgmo generations browse'");
        screen.shows("q quit");
        sandbox.sh(&format!("kill -{signal} $(cat ../pid)")).works();
        screen.shows("error[DG4003]");
        screen.is_as_before(130);
    }
    // Another size is drawn.
    screen.types("clear; dgmo generations browse");
    screen.shows("q quit");
    screen.tmux(&["resize-window", "-x", "70", "-y", "40"]);
    screen.waits_for("the pane below", |picture| {
        let lines: Vec<&str> = picture.lines().collect();
        lines.iter().any(|line| line.starts_with('└'))
            && lines.iter().all(|line| line.chars().count() <= 70)
    });
    screen.presses(&["q"]);
    screen.is_as_before(0);
}

#[test]
fn without_a_terminal_there_is_a_list() {
    let sandbox = generations();
    sandbox.dgmo("generations").works().says("PACKAGES");
    sandbox
        .dgmo("generations browse")
        .exits(1)
        .fails("DG3730")
        .says("run `dgmo generations list`");
}
