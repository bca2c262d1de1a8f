//! Calls that only read are made to fail, one by one, from outside: `strace` answers in the system's place.
//!
//! It needs no change of the program and covers really every call: opening, reading, looking, listing, following links
//! and locking, in all libraries. The program is kept on one core: so it has one thread, and its calls are the same
//! each time. Calls before the first that is about the world are the loader's and are left out.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use crate::check::Verdict;
use crate::modes::Mode;
use crate::modes::Stage;
use crate::modes::aftermath;
use crate::world::Ended;
use crate::world::World;

/// The calls that read; those that only some systems have are marked so.
const CALLS: &str = "?open,openat,?openat2,read,pread64,readv,?stat,?lstat,fstat,newfstatat,statx,?access,faccessat,\
                     ?faccessat2,?readlink,readlinkat,getdents64,flock,copy_file_range";

/// Calls that name a path may also be refused; one that has a file open is not refused any more.
const REFUSABLE: [&str; 10] = [
    "open",
    "openat",
    "openat2",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "readlink",
    "readlinkat",
    "faccessat2",
];

/// The one way in which reading is disturbed.
pub(crate) const MODE: Mode = Mode {
    name: "a call that reads failed",
    most: 10,
    points,
    attempt,
};

/// Seconds after which a command that met a failing call goes round and round, and is ended.
const TOO_LONG: &str = "60";

/// One call that is made to fail.
#[derive(Debug, Clone, Copy)]
struct Point<'a> {
    call: &'a str,
    /// The number of the call among those of its name, from 1.
    number: usize,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// The disk does not give the bytes.
    Io,
    /// It gives none any more, from this call on.
    IoFromHere,
    /// Somebody took the right away.
    Refused,
}

impl How {
    fn in_words(self) -> &'static str {
        match self {
            Self::Io => "EIO",
            Self::IoFromHere => "EIO from here on",
            Self::Refused => "EACCES",
        }
    }
}

/// Why the calls cannot be made to fail here; none if they can.
pub(crate) fn why_not() -> Option<&'static str> {
    static WHY: OnceLock<Option<&'static str>> = OnceLock::new();
    *WHY.get_or_init(|| {
        let works = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if !works("taskset", &["-c", &core(), "true"]) {
            return Some("there is no `taskset`");
        }
        let tried = [
            "-f",
            "-qq",
            "--seccomp-bpf",
            "-o",
            "/dev/null",
            "-e",
            "trace=openat",
            "true",
        ];
        (!works("strace", &tried)).then_some("there is no `strace`, or it may not trace here")
    })
}

/// A core this process may run on.
fn core() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let digits = list.unwrap_or("0").trim().chars();
    digits.take_while(char::is_ascii_digit).collect()
}

/// What to put before the program. What it starts is left alone: those have troubles of their own.
fn tracer(stage: &Stage<'_>, expressions: &[String]) -> Vec<String> {
    let core = core();
    let log = stage.world().beside("calls").to_str().unwrap().to_owned();
    let mut words = vec!["timeout", "-s", "KILL", TOO_LONG];
    words.extend(["taskset", "-c", &core, "strace", "-qq", "-s", "200"]);
    if !stage.starts_programs() {
        // Only who follows may have the kernel leave out all other calls, which is five times as fast.
        words.extend(["-f", "--seccomp-bpf"]);
    }
    words.extend(["-o", &log]);
    let words = words.into_iter().map(str::to_owned);
    let expressions = expressions
        .iter()
        .flat_map(|expression| ["-e".to_owned(), expression.clone()]);
    words.chain(expressions).collect()
}

/// How many points there are in a scenario. The undisturbed calls are written down for [`attempt`].
fn points(stage: &Stage<'_>) -> usize {
    all(&calls(stage)).len()
}

/// Which calls of each name are ours: the first, and how many there are in all.
fn calls(stage: &Stage<'_>) -> BTreeMap<String, (usize, usize)> {
    let world = stage.world();
    let kept = world.beside("calls-undisturbed");
    if !kept.exists() {
        world.restore();
        let ended = world.dgmo_under(&tracer(stage, &[format!("trace={CALLS}")]), stage.command());
        assert!(ended.is_done(), "under strace: {}", ended.told());
        fs::rename(world.beside("calls"), &kept).unwrap();
    }
    let text = fs::read_to_string(&kept).unwrap();
    let about = world.folder().to_str().unwrap().to_owned();
    let mut counted: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut begun = false;
    // Who follows has the process before each call.
    let ours = if stage.starts_programs() {
        ""
    } else {
        text.split(' ').next().unwrap_or_default()
    };
    for line in text.lines() {
        // What the program starts counts for itself.
        let Some(line) = line.strip_prefix(ours) else {
            continue;
        };
        let Some((name, _)) = line.trim_start().split_once('(') else {
            continue;
        };
        if name.starts_with('<') {
            continue;
        }
        begun = begun || line.contains(&about);
        let (first, count) = counted.entry(name.to_owned()).or_default();
        *count += 1;
        if !begun {
            *first = *count;
        }
    }
    counted
}

fn all(calls: &BTreeMap<String, (usize, usize)>) -> Vec<Point<'_>> {
    let mut points = Vec::new();
    for (call, (before, count)) in calls {
        for number in before + 1..=*count {
            let refusable = REFUSABLE.contains(&call.as_str());
            let hows = [How::Io, How::IoFromHere, How::Refused];
            let hows = hows
                .into_iter()
                .filter(|how| *how != How::Refused || refusable);
            points.extend(hows.map(|how| Point { call, number, how }));
        }
    }
    points
}

/// Makes one call fail and looks at what came of it.
fn attempt(stage: &Stage<'_>, at: usize) -> Verdict {
    let calls = calls(stage);
    let point = all(&calls)[at];
    let world = stage.world();
    world.restore();
    let error = if point.how == How::Refused {
        "EACCES"
    } else {
        "EIO"
    };
    let from = if point.how == How::IoFromHere {
        "+"
    } else {
        ""
    };
    let (call, number) = (point.call, point.number);
    let ended = world.dgmo_under(
        &tracer(
            stage,
            &[
                format!("trace={call}"),
                format!("inject={call}:error={error}:when={number}{from}"),
            ],
        ),
        stage.command(),
    );
    let hit = injected(world);
    if ended.is_done() && is_told_in_the_manifest(stage) {
        return Ok(());
    }
    let checked = told_well(stage, &ended)
        .and_then(|()| says_the_same(stage, &ended, &hit))
        .and_then(|()| {
            if ended.is_done() {
                stage.is_finished()
            } else {
                Ok(())
            }
        })
        .and_then(|()| aftermath(stage, at.is_multiple_of(2)));
    checked.map_err(|why| {
        let how = point.how.in_words();
        let call = hit
            .first()
            .cloned()
            .unwrap_or_else(|| format!("{call} number {number}"));
        format!("{how} at {call}:\n  {why}\n  ({})", ended.told())
    })
}

/// The calls that were made to fail.
fn injected(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.beside("calls")).unwrap_or_default();
    let lines: BTreeSet<&str> = text
        .lines()
        .filter(|line| line.ends_with("(INJECTED)"))
        .collect();
    lines.into_iter().map(str::to_owned).collect()
}

/// Done, or found something, or failed with a code that is no bug of ours, or went back on its own.
fn told_well(stage: &Stage<'_>, ended: &Ended) -> Verdict {
    let told = ended.told();
    match ended.code() {
        Some(1 | 5) if !told.contains("error[DG") => Err("no code".to_owned()),
        _ if told.contains("DG9001") || told.contains("panicked") => Err("a panic".to_owned()),
        Some(0 | 1 | 3) => Ok(()),
        Some(5) if stage.starts_programs() => Ok(()),
        code => Err(format!("exit {code:?}")),
    }
}

/// What importing could not read it leaves out and goes on; its manifest says so.
fn is_told_in_the_manifest(stage: &Stage<'_>) -> bool {
    let written = fs::read_to_string(stage.world().path("src/own/dgmo.yaml"));
    stage.command().starts_with("import")
        && written.is_ok_and(|text| text.contains("# What could not be mapped stands at the end"))
}

/// Whoever only looks says the truth or that he cannot see it.
fn says_the_same(stage: &Stage<'_>, ended: &Ended, hit: &[String]) -> Verdict {
    if !stage.only_looks() || !ended.is_done() {
        return Ok(());
    }
    if ended.stdout() != stage.said() {
        return Err(format!(
            "it is done and says something else:\n{}",
            ended.stdout()
        ));
    }
    let store = ["/store/objects/", "/store/trees/"];
    let missed = hit
        .iter()
        .find(|call| store.iter().any(|place| call.contains(place)));
    match missed {
        Some(_) if stage.command().starts_with("store verify") => {
            Err("verified what could not be read".to_owned())
        }
        _ => Ok(()),
    }
}
