//! Runs a program to its end, or to the end of its time: with all it started.

use std::ffi::OsString;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::interrupt;
use super::platform;

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct Run {
    /// The program: a path, or a name to be found on the search path of `environment`.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables it gets besides ours, or in place of ours.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder it starts in.
    pub folder: PathBuf,
    /// How long it may take.
    pub timeout: Duration,
    /// What an interruption of this process means for it.
    pub when_interrupted: WhenInterrupted,
}

/// What an interruption of this process means for a program it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenInterrupted {
    /// It is ended, with all it started.
    Ends,
    /// It is waited for: what it does belongs to the way back.
    GoesOn,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// How.
    pub ending: Ending,
    /// The end of what it printed, on both streams, as it came.
    pub output: Output,
    /// How long it took.
    pub took: Duration,
}

/// How a program can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It took too long, so it was ended with all it had started.
    TimedOut,
    /// We were interrupted, so it was ended with all it had started.
    Interrupted,
}

impl Ending {
    /// Whether that is a success.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "it ended with {code}"),
            Self::Signal(signal) => write!(f, "signal {signal} ended it"),
            Self::TimedOut => f.write_str("it took too long and was ended"),
            Self::Interrupted => f.write_str("it was ended by the interruption"),
        }
    }
}

/// The end of what a program printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    bytes: Vec<u8>,
    /// How many bytes before that are left out.
    pub left_out: u64,
}

/// So much of what a program prints is kept; a program that prints without end must not take all memory.
const KEPT: usize = 64 * 1024;

impl Output {
    /// As text; what is none is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let over = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..over);
        self.left_out += over as u64;
    }
}

/// How long a program that was asked to end may take to do so.
const TO_END: Duration = Duration::from_secs(2);

/// How long after a program's end its output is waited for: on a busy machine the thread that reads it may not have run yet, and
/// what it left behind in the background may hold it open for ever.
const TO_CLOSE: Duration = Duration::from_secs(1);

/// What the threads that wait for a program tell.
enum Told {
    Bytes(Vec<u8>),
    Closed,
    Ended(io::Result<ExitStatus>),
}

/// Runs `what` and gives how it ended. `each` is told every line the moment it is complete.
///
/// It has a process group of its own and nothing to read. An error means that it could not be started.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn run(what: &Run, each: &dyn Fn(&str)) -> io::Result<Ran> {
    let began = Instant::now();
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(&what.program);
    command
        .args(&what.arguments)
        .envs(what.environment.iter().map(|(name, value)| (name, value)))
        .env_remove("DGMO_FAULT")
        .current_dir(&what.folder)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    platform::leave_the_terminal(&mut command);
    let child = command.spawn()?;
    // It holds the writing ends: as long as they are open here, the reader never sees the end.
    drop(command);
    let id = child.id();
    let (tell, told) = mpsc::channel();
    read_aside(reader, tell.clone());
    wait_aside(child, tell);
    let mut listener = Listener {
        told,
        output: Output::default(),
        line: Vec::new(),
        each,
        closed: false,
        stops: what.when_interrupted == WhenInterrupted::Ends,
    };
    let mut ended = listener.wait(began.checked_add(what.timeout))?;
    let cut_short = ended.is_none().then(|| listener.cut_short());
    if cut_short.is_some() {
        listener.stops = false;
        platform::end_group(id, platform::How::Asked);
        ended = listener.wait(Instant::now().checked_add(TO_END))?;
        // Also what ignored the request, and what outlived the one that was started.
        platform::end_group(id, platform::How::Killed);
        if ended.is_none() {
            listener.wait(Instant::now().checked_add(TO_END))?;
        }
    }
    listener.finish();
    let ending = match (cut_short, ended) {
        (None, Some(status)) => platform::ending(status),
        (Some(ending), _) => ending,
        (None, None) => Ending::TimedOut,
    };
    Ok(Ran {
        ending,
        output: listener.output,
        took: began.elapsed(),
    })
}

/// The program that `name` means: with a slash a path, from `folder` where it is relative; else a name to search for.
pub fn locate(name: &str, folder: &Path) -> PathBuf {
    if name.contains('/') {
        crate::home::locate(folder, name)
    } else {
        PathBuf::from(name)
    }
}

/// Reads to the end on a thread of its own, which whoever holds the pipe open may outlive.
fn read_aside(mut reader: io::PipeReader, tell: Sender<Told>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 8 * 1024];
        loop {
            let told = match reader.read(&mut buffer) {
                Ok(0) => Told::Closed,
                Ok(count) => Told::Bytes(buffer[..count].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Told::Closed,
            };
            let is_last = matches!(told, Told::Closed);
            // An error means that nobody listens any more.
            if tell.send(told).is_err() || is_last {
                return;
            }
        }
    });
}

fn wait_aside(mut child: Child, tell: Sender<Told>) {
    thread::spawn(move || {
        // An error means that nobody listens any more.
        drop(tell.send(Told::Ended(child.wait())));
    });
}

struct Listener<'a> {
    told: Receiver<Told>,
    output: Output,
    /// The line that is not complete yet.
    line: Vec<u8>,
    each: &'a dyn Fn(&str),
    closed: bool,
    /// Whether an interruption ends the listening.
    stops: bool,
}

/// How often whoever listens looks whether we were interrupted.
const LOOK: Duration = Duration::from_millis(100);

impl Listener<'_> {
    /// Listens until the program ends; nothing if it has not at `deadline`, or when an interruption came. A moment past
    /// all clocks never comes.
    fn wait(&mut self, deadline: Option<Instant>) -> io::Result<Option<ExitStatus>> {
        while !self.is_interrupted() {
            let left = deadline.map_or(LOOK, |moment| {
                moment.saturating_duration_since(Instant::now())
            });
            match self.told.recv_timeout(left.min(LOOK)) {
                Ok(Told::Ended(status)) => return status.map(Some),
                Ok(Told::Bytes(bytes)) => self.take(&bytes),
                Ok(Told::Closed) => self.closed = true,
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(None)
    }

    fn is_interrupted(&self) -> bool {
        self.stops && interrupt::is_pending()
    }

    /// Why the program did not end by itself.
    fn cut_short(&self) -> Ending {
        if self.is_interrupted() {
            Ending::Interrupted
        } else {
            Ending::TimedOut
        }
    }

    /// Takes what is still in the pipe.
    fn finish(&mut self) {
        let deadline = Instant::now() + TO_CLOSE;
        while !self.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok(Told::Bytes(bytes)) => self.take(&bytes),
                Ok(Told::Closed) | Err(_) => self.closed = true,
                Ok(Told::Ended(_)) => {}
            }
        }
        if !self.line.is_empty() {
            self.tell_line();
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.output.add(bytes);
        for byte in bytes {
            match byte {
                b'\n' => self.tell_line(),
                _ if self.line.len() < KEPT => self.line.push(*byte),
                _ => {}
            }
        }
    }

    fn tell_line(&mut self) {
        (self.each)(String::from_utf8_lossy(&self.line).trim_end());
        self.line.clear();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn shell(script: &str, timeout: Duration) -> Run {
        Run {
            program: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: Vec::new(),
            folder: PathBuf::from("/"),
            timeout,
            when_interrupted: WhenInterrupted::Ends,
        }
    }

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn both_streams_come_line_by_line() {
        let lines = Mutex::new(Vec::new());
        let each = |line: &str| lines.lock().unwrap().push(line.to_owned());
        let ran = run(
            &shell("echo one; echo two >&2; printf three; exit 7", LONG),
            &each,
        )
        .unwrap();
        assert_eq!(ran.ending, Ending::Code(7));
        assert_eq!(ran.output.text(), "one\ntwo\nthree");
        assert_eq!(*lines.lock().unwrap(), ["one", "two", "three"]);
    }

    #[test]
    fn what_takes_too_long_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let alive = folder.path().join("pid");
        let script = format!(
            "sleep 1000 & echo $! > {}; trap '' TERM; wait; sleep 1000",
            alive.display()
        );
        let ran = run(&shell(&script, Duration::from_millis(300)), &|_| ()).unwrap();
        assert_eq!(ran.ending, Ending::TimedOut);
        let child: i32 = std::fs::read_to_string(alive)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let is_gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
            stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
        };
        let limit = Instant::now() + LONG;
        while !is_gone() && Instant::now() < limit {
            thread::yield_now();
        }
        assert!(is_gone(), "the child lives on");
    }

    #[test]
    fn what_stays_in_the_background_is_not_waited_for() {
        let ran = run(&shell("sleep 1000 & echo $!", LONG), &|_| ()).unwrap();
        assert_eq!(ran.ending, Ending::Code(0));
        let left_behind: i32 = ran.output.text().trim().parse().unwrap();
        let left_behind = rustix::process::Pid::from_raw(left_behind).unwrap();
        // It is still there to be ended.
        rustix::process::kill_process(left_behind, rustix::process::Signal::KILL).unwrap();
    }

    #[test]
    fn of_much_output_the_end_is_kept() {
        let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
        let ran = run(&shell(script, LONG), &|_| ()).unwrap();
        assert!(ran.output.left_out > 0);
        assert!(ran.output.text().ends_with("line 19999\n"));
        assert!(ran.output.text().len() <= KEPT);
    }
}
