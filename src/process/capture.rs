//! Running a program for what it prints.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

/// What a program printed, and how it ended.
pub struct Captured {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed. It may be a secret: it is wiped when it is dropped, and never shown.
    pub stdout: Zeroizing<Vec<u8>>,
    /// The end of what it said besides.
    pub stderr: Vec<u8>,
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Captured").field(&self.status).finish()
    }
}

/// So much of the end of stderr is kept.
const TAIL: usize = 4096;

/// Whoever started something that lives on may have given it our pipe: stderr is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `program` in `folder` until it ends, and reads at most `most` bytes of what it prints and one more.
///
/// It has our terminal to ask on.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn capture(
    program: &OsStr,
    arguments: &[String],
    folder: &Path,
    most: usize,
) -> io::Result<Captured> {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_remove("DGMO_FAULT")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take().expect("it is piped");
    let (send, tail) = mpsc::channel();
    thread::spawn(move || {
        // Nobody listens any more where the program did well.
        drop(send.send(end_of(stderr)));
    });
    let stdout = child.stdout.take().expect("it is piped");
    let mut text = Zeroizing::new(Vec::with_capacity(1 << 16));
    let read = stdout.take(most as u64 + 1).read_to_end(&mut text);
    if text.len() > most {
        // It may go on for ever; nobody reads it. That it ended by itself meanwhile is as good.
        drop(child.kill());
    }
    let status = child.wait()?;
    read?;
    let stderr = if status.success() {
        Vec::new()
    } else {
        tail.recv_timeout(PATIENCE).unwrap_or_default()
    };
    Ok(Captured {
        status,
        stdout: text,
        stderr,
    })
}

/// Something a program is asked on its standard input.
#[derive(Debug)]
pub struct Question<'a> {
    /// The program: a path, or a name to be found on the search path.
    pub program: &'a OsStr,
    /// Its arguments.
    pub arguments: &'a [String],
    /// What it reads.
    pub input: &'a [u8],
    /// The most bytes of its answer that are read, and one more.
    pub most: usize,
}

/// Runs a program that reads a question, which must be short, and reads its answer. What it says besides is left out.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn question(question: &Question<'_>) -> io::Result<Captured> {
    let mut child = Command::new(question.program)
        .args(question.arguments)
        .env_remove("DGMO_FAULT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("it is piped");
    let written = stdin.write_all(question.input);
    drop(stdin);
    let stdout = child.stdout.take().expect("it is piped");
    let mut text = Zeroizing::new(Vec::with_capacity(1 << 12));
    let read = stdout.take(question.most as u64 + 1).read_to_end(&mut text);
    if text.len() > question.most {
        // It may go on for ever; nobody reads it. That it ended by itself meanwhile is as good.
        drop(child.kill());
    }
    let status = child.wait()?;
    read?;
    // One that complains may not have read what it was asked: its complaint tells more.
    if status.success() {
        written?;
    }
    Ok(Captured {
        status,
        stdout: text,
        stderr: Vec::new(),
    })
}

fn end_of(mut stream: impl Read) -> Vec<u8> {
    let mut end: Vec<u8> = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        end.extend_from_slice(&buffer[..count]);
        let too_many = end.len().saturating_sub(TAIL);
        end.drain(..too_many);
    }
    end
}

/// Runs `program` with our terminal until it ends.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn run_in_front(program: &OsStr, arguments: &[std::ffi::OsString]) -> io::Result<ExitStatus> {
    Command::new(program)
        .args(arguments)
        .env_remove("DGMO_FAULT")
        .status()
}
