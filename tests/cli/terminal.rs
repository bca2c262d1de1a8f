//! At a terminal: questions, bars, Ctrl-C at every stage, and a connection that drops.

use std::fs::File;
#[cfg(feature = "fault-injection")]
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
#[cfg(feature = "fault-injection")]
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use rustix::process::Signal;
use rustix::process::kill_process;

use super::Sandbox;
use super::pty::Terminal;

const WORDS: &str = "interrupted; nothing is half done";

/// A server that sends half of a program, and the rest when it is told to.
struct Slow {
    address: String,
    go_on: mpsc::Sender<()>,
}

const PROGRAM: &[u8] = &[b'#'; 200_000];

impl Slow {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/tool", listener.local_addr().unwrap());
        let (go_on, told) = mpsc::channel();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut asked = [0; 4096];
                let count = connection.read(&mut asked).unwrap_or(0);
                let from = resumed_at(&String::from_utf8_lossy(&asked[..count]));
                let head = match from {
                    0 => format!("HTTP/1.1 200 OK\r\ncontent-length: {}", PROGRAM.len()),
                    _ => format!(
                        "HTTP/1.1 206 Partial Content\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{}/{}",
                        PROGRAM.len() - from,
                        PROGRAM.len() - 1,
                        PROGRAM.len()
                    ),
                };
                let head = format!("{head}\r\netag: \"one\"\r\naccept-ranges: bytes\r\n\r\n");
                let middle = from.max(PROGRAM.len() / 2);
                // Whoever was interrupted is not there any more.
                drop(connection.write_all(head.as_bytes()));
                drop(connection.write_all(&PROGRAM[from..middle]));
                told.recv().ok();
                drop(connection.write_all(&PROGRAM[middle..]));
            }
        });
        Self { address, go_on }
    }
}

fn resumed_at(request: &str) -> usize {
    let range = request.to_lowercase();
    let range = range
        .lines()
        .find_map(|line| line.strip_prefix("range: bytes=").map(str::to_owned));
    range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap())
}

fn one_package() -> Sandbox {
    let sandbox = Sandbox::with("packages:\n  one: {path: ./one}\nfiles:\n  .rc: {text: one}\n");
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho one\n");
    sandbox
}

/// Nothing is in progress and nothing was changed.
fn is_untouched(sandbox: &Sandbox) {
    let staging = sandbox.home().join("store/staging");
    let left = std::fs::read_dir(staging).map_or(0, Iterator::count);
    assert_eq!(left, 0, "left behind in staging");
    assert!(!sandbox.exists("user/.rc"));
}

/// The last words stand alone: the bars above them were taken away and the cursor is there.
fn is_tidy(text: &str) {
    let (before, after) = text.split_once("error[").expect("it says why it ended");
    assert!(
        !after.contains(" left"),
        "a bar was drawn over it: {text:?}"
    );
    if let Some(bar) = before.rfind("] ") {
        assert!(
            before[bar..].contains("\u{1b}[2K"),
            "a bar is still there: {text:?}"
        );
    }
    let hidden = text.rfind("\u{1b}[?25l").unwrap_or(0);
    let shown = text.rfind("\u{1b}[?25h").unwrap_or(0);
    assert!(shown >= hidden, "the cursor is gone: {text:?}");
}

#[test]
pub(crate) fn ctrl_c_while_waiting_for_somebody_else() {
    let sandbox = one_package();
    sandbox.switch();
    let guard = File::open(sandbox.profile().join("lock")).unwrap();
    guard.lock().unwrap();
    let mut terminal = Terminal::new(&sandbox, "switch");
    terminal.shows("waiting");
    terminal.interrupts();
    let (code, text) = terminal.ends();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains(WORDS), "{text}");
    drop(guard);
    sandbox.dgmo("status").works();
}

#[test]
pub(crate) fn an_editor_that_fails_is_told() {
    let sandbox = one_package();
    sandbox.switch();
    let editor = |program| [("EDITOR", program), ("VISUAL", "")];
    for (program, why) in [
        ("false", "exit status: 1"),
        ("no-such-editor", "cannot start"),
    ] {
        let (code, text) = Terminal::with(&sandbox, "edit .rc", &editor(program)).ends();
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("DG3512"), "{text}");
        assert!(text.contains(why), "{text}");
        assert!(text.contains(program), "{text}");
    }
    // Another editor goes on with the same file.
    let (code, text) = Terminal::with(&sandbox, "edit .rc", &editor("true")).ends();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(sandbox.read("user/.rc"), "one");
    sandbox.dgmo("restore .rc").works();
    sandbox.dgmo("status").works();
}

#[test]
fn ctrl_c_while_downloading_keeps_what_came_and_takes_the_bar_away() {
    let server = Slow::start();
    let sandbox = Sandbox::with(&format!(
        "packages:\n  tool: {{url: \"{}\", unpack: program}}\nfiles:\n  .rc: {{text: one}}\n",
        server.address
    ));
    let mut terminal = Terminal::new(&sandbox, "switch");
    terminal.shows("97.66 KiB/195.31 KiB");
    terminal.interrupts();
    let (code, text) = terminal.ends();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains(WORDS), "{text}");
    is_tidy(&text);
    is_untouched(&sandbox);
    server.go_on.send(()).unwrap();
    server.go_on.send(()).unwrap();
    sandbox.switch();
    assert_eq!(sandbox.current(), 1);
}

#[test]
fn each_download_has_a_line_and_all_have_a_total_below() {
    let servers = [Slow::start(), Slow::start()];
    let sandbox = Sandbox::with(&format!(
        "packages:\n  one: {{url: \"{}\", unpack: program}}\n  two: {{url: \"{}\", unpack: program}}\n",
        servers[0].address, servers[1].address
    ));
    let terminal = Terminal::new(&sandbox, "switch");
    // Half of both.
    terminal.shows("195.31 KiB/390.62 KiB");
    for server in &servers {
        server.go_on.send(()).unwrap();
    }
    let (code, text) = terminal.ends();
    assert_eq!(code, Some(0), "{text}");
    let of_one = text.find("fetching one").expect("a line for one");
    let of_two = text.find("fetching two").expect("a line for two");
    assert!(
        text[of_one.min(of_two)..].contains("fetching 2 in all"),
        "{text:?}"
    );
    let drawn = text.rfind("195.31 KiB/390.62 KiB").unwrap();
    let line = text[drawn..].split(['\r', '\n']).next().unwrap();
    assert!(line.contains("/s ") && line.contains(" left"), "{line:?}");
}

#[test]
fn a_connection_that_drops_ends_the_command_in_order() {
    let server = Slow::start();
    let sandbox = Sandbox::with(&format!(
        "packages:\n  tool: {{url: \"{}\", unpack: program}}\nfiles:\n  .rc: {{text: one}}\n",
        server.address
    ));
    let terminal = Terminal::new(&sandbox, "switch");
    terminal.shows("97.66 KiB");
    // What the system sends when the terminal goes.
    kill_process(terminal.process(), Signal::HUP).unwrap();
    let (code, text) = terminal.ends();
    assert_eq!(code, Some(130), "{text}");
    is_untouched(&sandbox);
}

/// A pipe on which the program waits before a step.
#[cfg(feature = "fault-injection")]
fn pipe(sandbox: &Sandbox) -> PathBuf {
    use rustix::fs::CWD;
    use rustix::fs::FileType;
    use rustix::fs::Mode;
    let pipe = sandbox.root().join("pipe");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    pipe
}

/// Waits until the program waits on the pipe; it goes on when what this returns is dropped.
#[cfg(feature = "fault-injection")]
fn held_up_at(pipe: &std::path::Path) -> File {
    use std::os::unix::fs::OpenOptionsExt;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut options = OpenOptions::new();
    // Without it, a program that never comes there would hold this test up for ever.
    options.write(true).custom_flags(libc::O_NONBLOCK);
    loop {
        match options.open(pipe) {
            Ok(pipe) => return pipe,
            Err(error) => assert!(std::time::Instant::now() < until, "{error}"),
        }
        thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// A step of `switch` in the midst of what belongs together: threads may take a few more or fewer before it.
#[cfg(feature = "fault-injection")]
fn step_of_the_journal() -> usize {
    let sandbox = one_package();
    let log = sandbox.root().join("steps");
    let fault = format!("log:{}", log.display());
    sandbox
        .run_with(&["switch"], &[("DGMO_FAULT", &fault)])
        .works();
    let journal = sandbox.profile().join("journal/switch.json");
    let journal: String = journal
        .to_str()
        .unwrap()
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let steps = sandbox.read(log);
    let last = steps
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("rename") && line.ends_with(&journal));
    last.last().expect("the journal is written").0
}

#[cfg(feature = "fault-injection")]
#[test]
fn ctrl_c_while_switching_waits_for_it_and_a_second_one_does_not() {
    let at = step_of_the_journal();
    for again in [false, true] {
        let sandbox = one_package();
        let pipe = pipe(&sandbox);
        let fault = format!("wait:{at}:{}", pipe.display());
        let mut terminal = Terminal::with(&sandbox, "switch", &[("DGMO_FAULT", &fault)]);
        let held_up = held_up_at(&pipe);
        terminal.interrupts();
        terminal.shows("once more ends it at once");
        assert!(terminal.is_running(), "it did not wait");
        if again {
            terminal.interrupts();
            let (code, text) = terminal.ends();
            assert_eq!(code, Some(130), "{text}");
            drop(held_up);
            sandbox.dgmo("status").exits(0);
            assert_eq!(sandbox.current(), 0);
        } else {
            drop(held_up);
            let (code, text) = terminal.ends();
            assert_eq!(code, Some(130), "{text}");
            assert!(text.contains(WORDS), "{text}");
            assert_eq!(sandbox.current(), 1);
            assert_eq!(sandbox.read("user/.rc"), "one");
        }
        sandbox.switch();
        sandbox.dgmo("store verify").works();
    }
}

#[cfg(feature = "fault-injection")]
#[test]
fn whoever_starts_it_with_nohup_means_it() {
    let sandbox = one_package();
    let pipe = pipe(&sandbox);
    let line = format!(
        "trap '' HUP; DGMO_FAULT=wait:5:{} exec dgmo switch",
        pipe.display()
    );
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", &line]);
    sandbox.furnish(&mut command);
    let mut child = command.spawn().unwrap();
    let held_up = held_up_at(&pipe);
    kill_process(rustix::process::Pid::from_child(&child), Signal::HUP).unwrap();
    drop(held_up);
    assert!(child.wait().unwrap().success());
    assert_eq!(sandbox.current(), 1);
}

fn three_generations() -> Sandbox {
    let sandbox = one_package();
    for text in ["one", "two", "three"] {
        sandbox.manifest(&format!("files:\n  .rc: {{text: {text}}}\n"));
        sandbox.switch();
    }
    sandbox
}

#[test]
pub(crate) fn what_cannot_be_undone_is_asked_for_first() {
    for (answer, code, is_there) in [
        ("n\n", 1, true),
        ("\n", 1, true),
        ("\u{4}", 1, true),
        ("y\n", 0, false),
    ] {
        let sandbox = three_generations();
        let mut terminal = Terminal::new(&sandbox, "generations prune 1");
        terminal.shows("drop 1 generation for good: 1? [y/N]");
        terminal.types(answer);
        let (found, text) = terminal.ends();
        assert_eq!(found, Some(code), "{text}");
        assert_eq!(text.contains("DG3901"), is_there, "{text}");
        assert_eq!(
            sandbox.exists("home/profiles/default/generations/1"),
            is_there
        );
    }
}

#[test]
fn ctrl_c_at_a_question_is_a_no() {
    let sandbox = three_generations();
    let mut terminal = Terminal::new(&sandbox, "generations prune 1");
    terminal.shows("[y/N]");
    terminal.interrupts();
    let (code, text) = terminal.ends();
    assert_eq!(code, Some(130), "{text}");
    assert!(sandbox.exists("home/profiles/default/generations/1"));
}

#[test]
fn whoever_said_yes_is_asked_nothing_and_off_a_terminal_nobody_is() {
    let sandbox = three_generations();
    let (code, text) = Terminal::new(&sandbox, "generations prune 1 --yes").ends();
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("[y/N]"), "{text}");
    sandbox.dgmo("generations prune 2 --dry-run").works();
    let sandbox = three_generations();
    sandbox
        .dgmo("generations prune 1")
        .works()
        .says_nothing_of("[y/N]");
}
