//! Faults a test asks for: stop before a step, fail at a step, or write all steps down.
//!
//! The plan is a text, so that a test can hand it to a real process in a variable:
//! `kill:N` ends the process, as `kill -9` does, before step N (from 0); `fail:N:ENOSPC` makes step N fail with that
//! error; `fail-from:N:ENOSPC` makes N and all after it fail; `wait:N:FIFO` opens that pipe before step N and waits
//! until whoever opened its other end closes it; `log:FILE` writes each step to FILE, one line each: so the
//! number of lines is the number of steps. Several are joined by `,`.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;

use super::Step;

#[derive(Debug, Default)]
struct Plan {
    next: u64,
    kill: Option<u64>,
    fail: Option<(u64, i32)>,
    fail_from: Option<(u64, i32)>,
    wait: Option<(u64, PathBuf)>,
    log: Option<File>,
}

impl Plan {
    /// The error that step `this` is to fail with.
    fn error_at(&self, this: u64) -> Option<i32> {
        let fails = self.fail.filter(|(at, _)| *at == this);
        let all_fail = self.fail_from.filter(|(from, _)| this >= *from);
        fails.or(all_fail).map(|(_, errno)| errno)
    }
}

static PLAN: Mutex<Option<Plan>> = Mutex::new(None);

/// Takes a plan for this process. Panics on one that is not understood: only tests write them.
pub fn arm(text: &str) {
    let mut plan = Plan::default();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let words: Vec<&str> = part.splitn(3, ':').collect();
        match words[..] {
            ["kill", at] => plan.kill = Some(at.parse().expect("kill:N")),
            ["fail", at, name] => plan.fail = Some((at.parse().expect("fail:N:E"), errno(name))),
            ["fail-from", at, name] => {
                plan.fail_from = Some((at.parse().expect("fail-from:N:E"), errno(name)));
            }
            ["wait", at, pipe] => plan.wait = Some((at.parse().expect("wait:N:FIFO"), pipe.into())),
            ["log", file] => {
                let file = OpenOptions::new().create(true).append(true).open(file);
                plan.log = Some(file.expect("the log of steps can be opened"));
            }
            _ => panic!("not a fault: {part}"),
        }
    }
    *PLAN.lock().expect("no step panics") = Some(plan);
}

fn errno(name: &str) -> i32 {
    use rustix::io::Errno;
    let errno = match name {
        "ENOSPC" => Errno::NOSPC,
        "EIO" => Errno::IO,
        "EROFS" => Errno::ROFS,
        "EACCES" => Errno::ACCESS,
        "EMLINK" => Errno::MLINK,
        "EDQUOT" => Errno::DQUOT,
        "EXDEV" => Errno::XDEV,
        _ => panic!("not an error we inject: {name}"),
    };
    errno.raw_os_error()
}

/// Waits for the test, if it is to wait before the step that is about to be taken.
pub(super) fn wait_before_step() {
    let mut guard = PLAN.lock().expect("no step panics");
    let Some(plan) = guard.as_mut() else { return };
    let Some((_, pipe)) = plan.wait.take_if(|(at, _)| *at == plan.next) else {
        return;
    };
    // Others may go on meanwhile, until they are stopped.
    drop(guard);
    let held_up = File::open(pipe).and_then(|mut pipe| io::copy(&mut pipe, &mut io::sink()));
    held_up.expect("the other end of the pipe is opened by a test");
}

/// Runs one step under the plan. The steps of all threads are put in one order, the one in which they happen.
pub(super) fn step<'a, T>(
    describe: impl FnOnce() -> Step<'a>,
    act: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let mut guard = PLAN.lock().expect("no step panics");
    let Some(plan) = guard.as_mut() else {
        drop(guard);
        return act();
    };
    let this = plan.next;
    plan.next += 1;
    if plan.kill == Some(this) {
        stop();
    }
    let described = plan.log.is_some().then(describe);
    if let Some(errno) = plan.error_at(this) {
        if let (Some(step), Some(log)) = (described, plan.log.as_mut()) {
            let line = format!("on-purpose\t{}", line(&step));
            log.write_all(line.as_bytes())
                .expect("the log of steps can be written");
        }
        return Err(io::Error::from_raw_os_error(errno));
    }
    let result = act();
    if let (Some(step), Some(log)) = (described, plan.log.as_mut()) {
        // A step that failed by itself has changed nothing, but it has a number like the others.
        let line = match result {
            Ok(_) => line(&step),
            Err(_) => "failed\n".to_owned(),
        };
        log.write_all(line.as_bytes())
            .expect("the log of steps can be written");
    }
    result
}

/// Ends the process without a word to anyone, as a power cut would.
fn stop() -> ! {
    let this = rustix::process::getpid();
    rustix::process::kill_process(this, rustix::process::Signal::KILL)
        .expect("a process may end itself");
    loop {
        std::thread::park();
    }
}

/// So many bytes at once only take up room; which they are is not written down.
const FILLING: usize = 1 << 20;

/// One step as one line: words separated by tabs, bytes and paths in hex.
fn line(step: &Step<'_>) -> String {
    let hex = |path: &Path| to_hex(path.as_os_str().as_encoded_bytes());
    match step {
        Step::MakeFolder { path } => format!("make-folder\t{}\n", hex(path)),
        Step::CreateFile { path, mode } => format!("create\t{}\t{mode:o}\n", hex(path)),
        Step::Write { path, bytes } if bytes.len() >= FILLING => {
            format!("fill\t{}\t{}\n", hex(path), bytes.len())
        }
        Step::Write { path, bytes } => format!("write\t{}\t{}\n", hex(path), to_hex(bytes)),
        Step::WriteSecret { path, length } => format!("secret\t{}\t{length}\n", hex(path)),
        Step::CopyFile { from, to, mode } => {
            format!("copy\t{}\t{}\t{mode:o}\n", hex(from), hex(to))
        }
        Step::Symlink { target, path } => format!("symlink\t{}\t{}\n", hex(target), hex(path)),
        Step::HardLink { from, to } => format!("hard-link\t{}\t{}\n", hex(from), hex(to)),
        Step::Rename { from, to } => format!("rename\t{}\t{}\n", hex(from), hex(to)),
        Step::SetMode { path, mode } => format!("set-mode\t{}\t{mode:o}\n", hex(path)),
        Step::RemoveFile { path } => format!("remove-file\t{}\n", hex(path)),
        Step::RemoveFolder { path } => format!("remove-folder\t{}\n", hex(path)),
        Step::SyncFile { path } => format!("sync-file\t{}\n", hex(path)),
        Step::SyncFolder { path } => format!("sync-folder\t{}\n", hex(path)),
        Step::SyncFileSystem => "sync-file-system\n".to_owned(),
    }
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes all");
            text
        })
}
