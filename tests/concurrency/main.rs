//! Many processes at once: no edit is lost, no number given twice, no object missing, nothing half seen.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "starts real processes and reads what they leave"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests of single commands")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Child;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use serde_json::Value;

use support::Sandbox;

/// How many processes add at once, and so on.
const MANY: usize = 25;

fn start(sandbox: &Sandbox, line: &str) -> Child {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut command = sandbox.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits for all; each must end with one of `exits`.
fn end(children: Vec<(String, Child)>, exits: &[i32]) {
    for (line, child) in children {
        let output = child.wait_with_output().unwrap();
        let exit = output.status.code().unwrap_or(-1);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(exits.contains(&exit), "`{line}` ended with {exit}: {said}");
    }
}

fn start_all(sandbox: &Sandbox, lines: impl IntoIterator<Item = String>) -> Vec<(String, Child)> {
    lines
        .into_iter()
        .map(|line| {
            let child = start(sandbox, &line);
            (line, child)
        })
        .collect()
}

fn numbers(list: &Value) -> Vec<u64> {
    let generations = list["generations"].as_array().unwrap();
    generations
        .iter()
        .map(|listed| listed["number"].as_u64().unwrap())
        .collect()
}

/// The numbers the history says were made are each said once, and all is in order.
fn all_is_well(sandbox: &Sandbox) {
    let history = sandbox.dgmo("history --json").works().json();
    let entries = history["entries"].as_array().unwrap();
    let mut made = BTreeSet::new();
    for entry in entries.iter().filter(|entry| entry["what"] == "switched") {
        let number = entry["generation"].as_u64().unwrap();
        assert!(made.insert(number), "number {number} was given twice");
    }
    sandbox.dgmo("store verify").works();
    sandbox.dgmo("status").works();
    assert_eq!(
        fs::read_dir(sandbox.profile().join("journal"))
            .unwrap()
            .count(),
        0
    );
    let staging = sandbox.home().join("store/staging");
    let left: Vec<_> = fs::read_dir(staging).unwrap().collect();
    assert!(left.is_empty(), "staging is not empty: {left:?}");
    // Every generation there is can be gone to, with all it needs.
    let list = sandbox.dgmo("generations list --json").works().json();
    for number in numbers(&list).iter().rev().take(3) {
        sandbox.dgmo(&format!("rollback {number}")).works();
        sandbox.dgmo("status").works();
    }
}

#[test]
fn a_hundred_processes_lose_no_edit_and_give_no_number_twice() {
    let sandbox = Sandbox::with("# all that is here stays\npackages:\nfiles: {.a: {text: a}}\n");
    for number in 0..MANY {
        sandbox.program(
            &format!("work/p{number}/bin/p{number}"),
            &format!("#!/bin/sh\necho {number}\n"),
        );
        sandbox.program(
            &format!("work/q{number}/bin/q{number}"),
            &format!("#!/bin/sh\necho {number}\n"),
        );
    }
    for number in 0..MANY {
        sandbox
            .dgmo(&format!("add ./q{number} --no-switch"))
            .works();
    }
    sandbox.switch();
    let adds = (0..MANY).map(|number| format!("add ./p{number} -q"));
    let removes = (0..MANY).map(|number| format!("remove q{number} -q"));
    let switches = (0..MANY).map(|_| "switch -q".to_owned());
    let others = (0..MANY).map(|number| match number % 5 {
        0 => "rollback 1 -q".to_owned(),
        1 => "gc --keep last=100 -q".to_owned(),
        2 => "status --json".to_owned(),
        3 => "generations list --json".to_owned(),
        _ => format!("generations label 1 turn-{number}"),
    });
    // 3: a status may see that somebody else's switch is not done yet.
    end(
        start_all(&sandbox, adds.chain(removes).chain(switches).chain(others)),
        &[0, 3],
    );

    let manifest = sandbox.read("work/dgmo.yaml");
    let lock = sandbox.read("work/dgmo.lock");
    for number in 0..MANY {
        assert!(
            manifest.contains(&format!("p{number}: {{path:")),
            "p{number} is lost:\n{manifest}"
        );
        assert!(
            lock.contains(&format!("\"p{number}\"")),
            "p{number} is not locked"
        );
        assert!(
            !manifest.contains(&format!("q{number}: ")),
            "q{number} is back:\n{manifest}"
        );
    }
    assert!(manifest.contains("# all that is here stays"));
    sandbox.dgmo("switch --locked").works();
    let bin = sandbox.profile().join("current/view/bin");
    assert_eq!(fs::read_dir(bin).unwrap().count(), MANY);
    all_is_well(&sandbox);
}

#[test]
fn profiles_of_one_home_switch_at_once() {
    let sandbox = Sandbox::new();
    for profile in 0..8 {
        sandbox.write(
            format!("work/m{profile}/dgmo.yaml"),
            format!("dgmo: 1\nfiles: {{.file-{profile}: {{text: same}}, .d/e/{profile}: {{text: \"{profile}\"}}}}\n"),
        );
    }
    let lines = (0..8).map(|n| format!("switch -q -f m{n} --profile p{n}"));
    end(start_all(&sandbox, lines), &[0]);
    for profile in 0..8 {
        assert_eq!(
            sandbox.read(format!("user/.d/e/{profile}")),
            profile.to_string()
        );
    }
    let lines = (0..8).map(|n| format!("rollback 0 -q --profile p{n}"));
    end(start_all(&sandbox, lines), &[0]);
    sandbox.dgmo("store verify").works();
}

#[test]
fn who_resolves_the_pointer_once_never_sees_a_mix() {
    const FILES: usize = 500;
    const SWITCHES: usize = 1_000;
    let sandbox = Sandbox::new();
    for word in ["one", "two"] {
        let lines: String = (0..FILES)
            .map(|n| format!("  .many/{n}: {{text: {word}}}\n"))
            .collect();
        sandbox.manifest(&format!("files:\n{lines}"));
        sandbox.dgmo("switch -q").works();
    }
    let done = AtomicBool::new(false);
    let pointer = sandbox.profile().join("current");
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut rounds = 0;
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::Relaxed) || rounds == 0 {
                let folder = fs::canonicalize(&pointer).unwrap().join("files/.many");
                let first = fs::read_to_string(folder.join("0")).unwrap();
                for number in 1..FILES {
                    let text = fs::read_to_string(folder.join(number.to_string())).unwrap();
                    assert_eq!(text, first, "a mix in {}", folder.display());
                }
                seen.insert(first);
                rounds += 1;
            }
            (rounds, seen)
        });
        let engine = in_process::engine(&sandbox);
        for turn in 0..SWITCHES {
            in_process::go(&engine, 1 + turn as u64 % 2);
            // Each path of the target folder is there at every moment, too.
            let path = sandbox
                .user()
                .join(".many")
                .join((turn % FILES).to_string());
            assert!(fs::read_to_string(path).is_ok());
        }
        done.store(true, Ordering::Relaxed);
        let (rounds, seen) = watcher.join().unwrap();
        println!("{rounds} rounds of reading {FILES} files during {SWITCHES} switches");
        assert_eq!(seen.len(), 2, "the watcher saw only {seen:?}");
    });
    sandbox.dgmo("status").works();
}

#[test]
fn readers_and_switches_go_on_while_others_collect() {
    let sandbox = Sandbox::with("files: {.d: {source: d}}\n");
    sandbox.write("work/d/stays", "stays");
    sandbox.switch();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(sandbox.read("user/.d/stays"), "stays");
            }
        });
        for turn in 0..12 {
            sandbox.write("work/d/turn", turn.to_string());
            let lines = [
                "switch -q",
                "gc --keep last=1 -q",
                "gc --keep last=1 -q",
                "status --json",
            ];
            end(start_all(&sandbox, lines.map(str::to_owned)), &[0, 3]);
            assert_eq!(sandbox.read("user/.d/turn"), turn.to_string());
        }
        done.store(true, Ordering::Relaxed);
    });
    all_is_well(&sandbox);
}

/// Switching without the cost of a process: the watcher's machine has two cores.
mod in_process {
    use std::time::Duration;

    use dgmo::activate::InTheWay;
    use dgmo::clock::Clock;
    use dgmo::home::Home;
    use dgmo::home::Wait;
    use dgmo::ops;
    use dgmo::ops::Engine;
    use dgmo::ops::RollbackRequest;
    use dgmo::source::Online;
    use dgmo::source::Settings;
    use dgmo_schema::event::Silent;

    use super::Sandbox;

    pub(super) fn engine(sandbox: &Sandbox) -> Engine<'static> {
        let home = Home::at(sandbox.home());
        Engine {
            profile: home.profile("default".parse().unwrap()),
            home,
            target: None,
            default_target: sandbox.user(),
            scope: dgmo::home::Scope::User,
            clock: Clock::Machine,
            observer: &Silent,
            wait: Wait::AtMost(Duration::from_mins(1)),
            online: Online::No,
            settings: Settings::default(),
            reread: false,
            not_after: None,
        }
    }

    pub(super) fn go(engine: &Engine<'_>, number: u64) {
        let request = RollbackRequest {
            to: Some(number.to_string()),
            dry_run: false,
            in_the_way: InTheWay::Refuse,
            secrets: dgmo::ops::SecretsHow::Missing,
            note: None,
            how: dgmo::ops::TrialHow::default(),
        };
        ops::rollback(engine, &request).unwrap();
    }
}

#[test]
fn programs_keep_what_they_run_while_others_prune_and_collect() {
    const ROUNDS: usize = 6;
    const AT_ONCE: usize = 8;
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\n");
    for round in 0..ROUNDS {
        // A program that calls itself by name until it saw its generation several times.
        sandbox.program(
            "work/tool/bin/tool",
            &format!(
                "#!/bin/sh\n[ \"$2\" = {round} ] || [ \"$2\" = '' ] || {{ echo mixed; exit 9; }}\n\
                 [ \"$1\" = 0 ] && exit 0\nexec tool $(($1 - 1)) {round}\n"
            ),
        );
        let programs = (0..AT_ONCE).map(|number| match number % 2 {
            0 => "exec -- tool 10".to_owned(),
            _ => "run tool 10".to_owned(),
        });
        let others = [
            "switch -q",
            "gc --keep last=1 --foreground -q",
            "generations prune --keep last=1 -q",
        ];
        if round == 0 {
            sandbox.dgmo("switch -q").works();
        }
        let lines = programs.chain(others.map(str::to_owned));
        end(start_all(&sandbox, lines), &[0]);
    }
    sandbox.dgmo("gc --keep last=1 --foreground").works();
    all_is_well(&sandbox);
}
