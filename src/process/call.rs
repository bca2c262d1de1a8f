//! Programs that are asked something: what they print is what we want to know.
//!
//! They read nothing but what we write to them, and are given up when they are silent for too long. Other than with
//! [`run`](fn@super::run), what they print is kept apart from what they say besides, and is not for people.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// A program and what it is told.
#[derive(Debug, Clone)]
pub struct Call {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
    folder: PathBuf,
    silence: Duration,
}

/// What a program answered.
#[derive(Debug)]
pub struct Reply {
    /// Whether it says that it did what it was asked for.
    pub is_success: bool,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// The end of what it said besides.
    pub stderr: String,
}

/// So much of the end of what a program says besides is kept.
const TAIL: usize = 8 << 10;

/// How often we look whether it has ended although something it started holds its streams open.
const LOOK: Duration = Duration::from_millis(100);

/// How long what a program printed may be on its way to us after it has ended: on a busy machine the thread that reads
/// it may not have run yet. Longer than that, something else holds the stream open.
const ON_ITS_WAY: Duration = Duration::from_secs(10);

enum Told {
    Printed(Vec<u8>),
    Said(Vec<u8>),
    PrintedAll,
    SaidAll,
}

impl Call {
    /// `program` in `folder`, in the environment of this process.
    pub fn new(program: impl AsRef<OsStr>, folder: impl Into<PathBuf>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: folder.into(),
            silence: Duration::from_mins(5),
        }
    }

    /// With these arguments besides.
    #[must_use]
    pub fn with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments = arguments.into_iter();
        self.arguments
            .extend(arguments.map(|it| it.as_ref().to_owned()));
        self
    }

    /// With a variable set, or taken out.
    #[must_use]
    pub fn where_is(mut self, name: &str, value: Option<&str>) -> Self {
        self.environment
            .push((name.into(), value.map(OsString::from)));
        self
    }

    /// Given up when it says nothing for so long.
    #[must_use]
    pub fn silent_for(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Runs it to its end. More than `most` bytes of what it prints is an error.
    pub fn reply(&self, most: usize) -> io::Result<Reply> {
        let mut child = self.command().stdin(Stdio::null()).spawn()?;
        let (tell, told) = mpsc::channel();
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        read_aside(stdout, tell.clone(), (Told::Printed, Told::PrintedAll));
        read_aside(stderr, tell, (Told::Said, Told::SaidAll));
        let (mut printed, mut said) = (Vec::new(), Vec::new());
        let mut heard = Instant::now();
        let (mut printed_all, mut said_all) = (false, false);
        while !(printed_all && said_all) {
            match told.recv_timeout(LOOK) {
                Ok(Told::Printed(bytes)) => printed.extend(bytes),
                Ok(Told::Said(bytes)) => add_to_tail(&mut said, &bytes),
                Ok(Told::PrintedAll) => printed_all = true,
                Ok(Told::SaidAll) => said_all = true,
                Err(RecvTimeoutError::Timeout) => {
                    if child.try_wait()?.is_some() {
                        // What it says besides is often held open by something it started, such as a shared connection.
                        if printed_all || heard.elapsed() > ON_ITS_WAY {
                            break;
                        }
                        continue;
                    }
                    if heard.elapsed() > self.silence {
                        end(&mut child);
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            heard = Instant::now();
            if printed.len() > most {
                end(&mut child);
                let why = format!("it prints more than {most} bytes");
                return Err(io::Error::other(why));
            }
        }
        let status = child.wait()?;
        Ok(Reply {
            is_success: status.success(),
            stdout: printed,
            stderr: String::from_utf8_lossy(&said).into_owned(),
        })
    }

    /// Starts it, to be asked one thing after another.
    pub fn talk(&self) -> io::Result<Talk> {
        let mut command = self.command();
        let mut child = command
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        Ok(Talk {
            child,
            stdin,
            stdout: BufReader::with_capacity(64 << 10, stdout),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_remove("DGMO_FAULT")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// A program under way. It is ended when this is dropped.
#[derive(Debug)]
pub struct Talk {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Talk {
    /// Says a line to it.
    pub fn say(&mut self, line: &str) -> io::Result<()> {
        self.stdin.write_all(line.as_bytes())?;
        self.stdin.write_all(b"\n")?;
        self.stdin.flush()
    }

    /// What it answers.
    pub fn hear(&mut self) -> &mut BufReader<ChildStdout> {
        &mut self.stdout
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Ends it; that it may have ended by itself is as good.
fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

fn read_aside(
    mut stream: impl Read + Send + 'static,
    tell: Sender<Told>,
    (as_told, all): (fn(Vec<u8>) -> Told, Told),
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let told = match stream.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(count) => as_told(buffer[..count].to_vec()),
            };
            if tell.send(told).is_err() {
                break;
            }
        }
        // Perhaps nobody listens any more.
        drop(tell.send(all));
    });
}

fn add_to_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes);
    let over = tail.len().saturating_sub(TAIL);
    tail.drain(..over);
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::BufRead;

    use super::*;

    fn shell(script: &str) -> Call {
        Call::new("/bin/sh", "/").with(["-c", script])
    }

    #[test]
    fn what_is_printed_and_what_is_said_are_told_apart() {
        let call = shell("echo one; echo $WORD >&2; exit 3").where_is("WORD", Some("two"));
        let reply = call.reply(100).unwrap();
        assert!(!reply.is_success);
        assert_eq!(reply.stdout, b"one\n");
        assert_eq!(reply.stderr, "two\n");
    }

    #[test]
    fn what_comes_through_others_after_its_end_is_not_lost() {
        let call = shell("{ sleep 1; echo late; } 2>&- &");
        assert_eq!(call.reply(100).unwrap().stdout, b"late\n");
    }

    #[test]
    fn who_is_silent_or_prints_without_end_is_given_up() {
        let silent = shell("sleep 60").silent_for(Duration::from_millis(200));
        let error = silent.reply(100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(shell("yes").reply(1000).is_err());
        // What it leaves behind may keep its streams open.
        let left = shell("sleep 5 & echo done").reply(100).unwrap();
        assert_eq!(left.stdout, b"done\n");
    }

    #[test]
    fn one_thing_is_asked_after_another() {
        let mut talk = shell("while read line; do echo \"<$line>\"; done")
            .talk()
            .unwrap();
        for word in ["one", "two"] {
            talk.say(word).unwrap();
            let mut line = String::new();
            talk.hear().read_line(&mut line).unwrap();
            assert_eq!(line, format!("<{word}>\n"));
        }
    }
}
