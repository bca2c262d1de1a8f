//! `dgmo bisect`: the generation and the change that break a command, in few runs, and nothing else touched.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::report::bisect::BisectReport;
use dgmo_schema::report::bisect::CulpritKind;
use dgmo_schema::report::generation::Change;

use super::Ran;
use super::Sandbox;

/// Two versions of `count` packages, `p0` and so on; each prints its version, and `odd` of them something of their own.
fn packages(sandbox: &Sandbox, count: usize, odd: &[(usize, &str)]) {
    for number in 0..count {
        for version in ["1", "2"] {
            let said = odd.iter().find(|(odd, _)| version == "2" && *odd == number);
            let said = said.map_or(version, |(_, said)| said);
            let path = format!("work/v{version}/p{number}/bin/p{number}");
            sandbox.program(&path, &format!("#!/bin/sh\necho {said}\n"));
        }
    }
}

/// A manifest with `count` packages in this version.
fn manifest(count: usize, version: &str, more: &str) -> String {
    let mut text = String::from("packages:\n");
    for number in 0..count {
        writeln!(text, "  p{number}: {{path: ./v{version}/p{number}}}").unwrap();
    }
    text + more
}

/// Generations 1 and 2, which differ in `count` packages.
fn two_generations(count: usize, odd: &[(usize, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    packages(&sandbox, count, odd);
    for version in ["1", "2"] {
        sandbox.manifest(&manifest(count, version, ""));
        sandbox.switch();
    }
    sandbox
}

/// A program of the user that leaves a mark for each run and then runs `test`.
fn command(sandbox: &Sandbox, test: &str) {
    let marks = sandbox.root().join("marks");
    let text = format!("#!/bin/sh\necho run >> '{}'\n{test}\n", marks.display());
    sandbox.program("bin/smoke", &text);
}

fn bisect(sandbox: &Sandbox, line: &str) -> BisectReport {
    let ran = sandbox.dgmo(&format!("bisect --json {line}")).works();
    let report: BisectReport = serde_json::from_value(ran.json()).unwrap();
    assert_eq!(serde_json::to_value(&report).unwrap(), ran.json());
    let marks = sandbox.read("marks").lines().count();
    assert_eq!(
        report.runs, marks as u64,
        "runs are counted as they are: {ran}"
    );
    nothing_is_left(sandbox);
    report
}

/// Nothing of it is left in the store.
fn nothing_is_left(sandbox: &Sandbox) {
    for folder in ["home/store/staging", "home/leases"] {
        let left: Vec<_> = fs::read_dir(sandbox.root().join(folder)).unwrap().collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

fn names(report: &BisectReport) -> Vec<&str> {
    report.culprits.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn one_package_of_64_in_one_generation_of_64_is_found_in_18_runs() {
    let sandbox = Sandbox::new();
    packages(&sandbox, 64, &[(37, "broken")]);
    for number in 1..=64 {
        let version = if number < 42 { "1" } else { "2" };
        sandbox.manifest(&manifest(64, version, &format!("env: {{N: n{number}}}\n")));
        sandbox.switch();
    }
    command(&sandbox, "test \"$(p37)\" != broken");
    let before = (
        sandbox.target(),
        sandbox.current(),
        sandbox.read("home/profiles/default/history.jsonl"),
    );
    let report = bisect(&sandbox, "--good 1 -- smoke");
    assert_eq!((report.good.0, report.bad.0), (41, 42));
    assert_eq!(names(&report), ["p37"]);
    assert_eq!(report.culprits[0].kind, CulpritKind::Package);
    assert_eq!(report.culprits[0].change, Change::Changed);
    // The variable changed too.
    assert_eq!(report.differences, 65);
    assert!(report.smallest);
    assert_eq!(report.cured, Some(true));
    assert!(report.runs <= 6 + 12, "{} runs", report.runs);
    let after = (
        sandbox.target(),
        sandbox.current(),
        sandbox.read("home/profiles/default/history.jsonl"),
    );
    assert_eq!(before, after, "what is current was touched");
}

#[test]
fn two_packages_that_fail_only_together_are_found_together() {
    let sandbox = two_generations(12, &[(2, "odd"), (9, "odd")]);
    command(&sandbox, "test \"$(p2)$(p9)\" != oddodd");
    let report = bisect(&sandbox, "-- smoke");
    assert_eq!(names(&report), ["p2", "p9"]);
    assert!(report.smallest);
    assert_eq!(report.cured, Some(true));
    sandbox
        .dgmo("bisect -- smoke")
        .works()
        .says("works in generation 1 and not in generation 2")
        .says("all of these together (12 changes in all)")
        .says("package p2 changed")
        .says("generation 2 works with these as in 1");
}

#[test]
fn the_good_end_is_searched_for_backwards() {
    let sandbox = Sandbox::new();
    for number in 1..=20 {
        sandbox.manifest(&format!("env: {{N: \"{number}\"}}\n"));
        sandbox.switch();
    }
    command(&sandbox, "test \"$N\" -lt 7");
    let report = bisect(&sandbox, "-- smoke");
    assert_eq!((report.good.0, report.bad.0), (6, 7));
    let culprit = &report.culprits[0];
    assert_eq!(culprit.kind, CulpritKind::Variable);
    assert_eq!(
        (culprit.from.as_deref(), culprit.to.as_deref()),
        (Some("6"), Some("7"))
    );
    assert_eq!(report.tried[0].what, "generation 20");
    assert_eq!(report.tried[1].what, "generation 19");
}

#[test]
fn a_home_file_is_found_in_a_home_folder_of_its_own() {
    let sandbox = Sandbox::new();
    for text in ["colour = yes", "colour = nope"] {
        sandbox.manifest(&format!(
            "files:\n  .toolrc: {{text: \"{text}\\n\"}}\n  .config/a: {{text: \"{text}\", as: copy}}\n  .config/d: {{source: d, as: links}}\n"
        ));
        sandbox.write("work/d/one", text);
        sandbox.switch();
    }
    sandbox.write("user/.mine", "of the user");
    command(
        &sandbox,
        "test ! -e ~/.mine || exit 1\ntest -L ~/.config/d/one && test ! -L ~/.config/a || exit 1\ntouch ~/left\ngrep -q yes ~/.toolrc",
    );
    let report = bisect(&sandbox, "-- smoke");
    assert_eq!(names(&report), [".toolrc"]);
    assert_eq!(report.culprits[0].kind, CulpritKind::File);
    assert_eq!(report.differences, 3);
    assert!(!sandbox.exists("user/left"));
    // With the user's own home there is nothing to tell the two apart by.
    sandbox
        .dgmo("bisect --own-home -- smoke")
        .exits(1)
        .fails("DG3711");
}

#[test]
fn what_cannot_be_tested_is_passed_by_and_told() {
    let sandbox = Sandbox::new();
    for number in 1..=16 {
        sandbox.manifest(&format!("env: {{N: \"{number}\", M: \"{number}\"}}\n"));
        sandbox.switch();
    }
    command(&sandbox, "test \"$N\" = 8 && exit 125\ntest \"$N\" -lt 9");
    let report = bisect(&sandbox, "--good 1 -- smoke");
    assert_eq!((report.good.0, report.bad.0), (7, 9));
    let skipped: Vec<u64> = report.skipped.iter().map(|number| number.0).collect();
    assert_eq!(skipped, [8]);
    assert_eq!(names(&report), ["N"]);
    sandbox
        .dgmo("bisect --good 8 -- smoke")
        .exits(1)
        .fails("DG3713")
        .says("generation 8 cannot be tested: exit 125");
}

#[test]
fn mixtures_that_cannot_be_put_together_are_passed_by() {
    let sandbox = Sandbox::new();
    for (package, program) in [("old", "tool"), ("new", "tool"), ("beside", "other")] {
        sandbox.program(
            &format!("work/{package}/bin/{program}"),
            &format!("#!/bin/sh\necho {package}\n"),
        );
    }
    sandbox.manifest("packages: {old: {path: ./old}}\n");
    sandbox.switch();
    sandbox.manifest("packages: {new: {path: ./new}, beside: {path: ./beside}}\n");
    sandbox.switch();
    command(&sandbox, "test \"$(tool)\" != new");
    let report = bisect(&sandbox, "-- smoke");
    // With both there would be a clash: neither can be told from the other.
    assert_eq!(names(&report), ["new", "old"]);
    assert!(!report.smallest);
    let ran: Vec<_> = report
        .tried
        .iter()
        .filter(|tried| tried.ended.is_some())
        .collect();
    assert_eq!(ran.len() as u64, report.runs);
    assert!(report.tried.len() as u64 > report.runs, "a clash is no run");
}

#[test]
fn a_command_that_is_not_steady_is_told_and_can_be_repeated() {
    let sandbox = two_generations(4, &[(1, "odd")]);
    let count = sandbox.root().join("marks");
    // It fails in the bad one, but from its sixth run on it works everywhere.
    command(
        &sandbox,
        &format!(
            "test \"$(wc -l < '{}')\" -ge 6 || test \"$(p1)\" != odd",
            count.display()
        ),
    );
    sandbox
        .dgmo("bisect -- smoke")
        .exits(1)
        .fails("DG3712")
        .says("was bad, and now it is good");
    nothing_is_left(&sandbox);
    // It fails every third time only, and just in the bad one.
    sandbox.remove("marks");
    command(
        &sandbox,
        &format!(
            "test \"$(p1)\" != odd || test $(($(wc -l < '{}') % 3)) != 0",
            count.display()
        ),
    );
    let report = bisect(&sandbox, "--repeat 3 -- smoke");
    assert_eq!(names(&report), ["p1"]);
}

#[test]
fn ends_that_are_not_as_said_are_told_with_what_was_printed() {
    let sandbox = two_generations(2, &[(1, "odd")]);
    command(&sandbox, "echo so it goes; exit 3");
    sandbox
        .dgmo("bisect --good 1 -- smoke")
        .exits(1)
        .fails("DG3710")
        .says("does not work in generation 1 (exit 3)")
        .says("| so it goes");
    sandbox.dgmo("bisect -- smoke").exits(1).fails("DG3711");
    sandbox
        .dgmo("bisect -- true")
        .exits(1)
        .fails("DG3710")
        .says("works in generation 2");
    sandbox
        .dgmo("bisect --good 2 -- true")
        .exits(1)
        .fails("DG3710");
    sandbox
        .dgmo("bisect --good 9 -- true")
        .exits(1)
        .fails("DG3001");
    sandbox.dgmo("bisect").exits(2);
    // A command that is in no generation is bad in each.
    sandbox
        .dgmo("bisect --good 1 -- no-such-command")
        .exits(1)
        .says("there is no such command");
}

#[test]
fn a_program_that_came_or_went_is_found() {
    let sandbox = Sandbox::new();
    sandbox.program("work/a/bin/gone", "#!/bin/sh\n");
    sandbox.program("work/b/bin/stays", "#!/bin/sh\n");
    sandbox.manifest("packages: {a: {path: ./a}}\n");
    sandbox.switch();
    sandbox.manifest("packages: {b: {path: ./b}}\n");
    sandbox.switch();
    let ran = sandbox.dgmo("bisect --json -- gone").works();
    let report: BisectReport = serde_json::from_value(ran.json()).unwrap();
    assert_eq!(names(&report), ["a"]);
    assert_eq!(report.culprits[0].change, Change::Removed);
    // And the other way round: what is current works, what was before does not.
    let ran = sandbox
        .dgmo("bisect --json --good 2 --bad 1 -- stays")
        .works();
    let report: BisectReport = serde_json::from_value(ran.json()).unwrap();
    assert_eq!((report.good.0, report.bad.0), (2, 1));
    assert_eq!(names(&report), ["b"]);
}

#[test]
fn a_run_that_takes_too_long_is_bad_and_is_ended() {
    let sandbox = two_generations(2, &[(1, "odd")]);
    let pid = sandbox.root().join("pid");
    command(
        &sandbox,
        &format!(
            "test \"$(p1)\" != odd && exit\nsleep 1000 &\necho $! > '{}'\nwait",
            pid.display()
        ),
    );
    let report = bisect(&sandbox, "--timeout 300ms -- smoke");
    assert_eq!(names(&report), ["p1"]);
    assert!(
        report.tried[0]
            .ended
            .as_deref()
            .unwrap()
            .starts_with("no answer")
    );
    is_gone(&pid);
}

#[test]
fn ctrl_c_leaves_nothing() {
    let sandbox = two_generations(2, &[(1, "odd")]);
    let pid = sandbox.root().join("pid");
    let text = format!(
        "sleep 1000 &\necho $! > '{}.new'\nmv '{0}.new' '{0}'\nwait",
        pid.display()
    );
    command(&sandbox, &text);
    let mut bisect = sandbox.command(&["bisect", "--", "smoke"]);
    let child = bisect
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !pid.exists() {
        assert!(started.elapsed() < Duration::from_mins(1), "it never began");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let ran = Ran::new("bisect".to_owned(), &child.wait_with_output().unwrap());
    ran.exits(130).fails("DG4003");
    nothing_is_left(&sandbox);
    is_gone(&pid);
}

/// The process whose number is in this file has ended. It is nobody's child here, so that it may take a moment to go.
fn is_gone(pid: &Path) {
    let number = fs::read_to_string(pid).unwrap();
    let process = Path::new("/proc").join(number.trim());
    let started = Instant::now();
    let lives = || {
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        !status.is_empty() && !status.contains("State:\tZ")
    };
    while lives() {
        assert!(started.elapsed() < Duration::from_mins(1), "it lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_looked_at_is_not_collected_and_what_a_crash_leaves_is_swept() {
    let sandbox = Sandbox::new();
    for number in 1..=8 {
        sandbox.program("work/p/bin/tool", &format!("#!/bin/sh\necho {number}\n"));
        sandbox.manifest(&format!(
            "packages: {{p: {{path: ./p}}}}\nfiles: {{.n: {{text: \"{number}\"}}}}\n"
        ));
        sandbox.switch();
    }
    // Each run drops and collects the generation it is about, if it may go, and then looks at it.
    let home = sandbox.home();
    let text = format!(
        "home='{}'\ndgmo generations prune \"$DGMO_GENERATION\" --home \"$home\" > /dev/null 2>&1\n\
         dgmo gc --home \"$home\" --keep-generations --foreground --quiet > /dev/null || exit 125\n\
         test \"$(cat ~/.n)$(tool)\" -lt 55",
        home.display()
    );
    command(&sandbox, &text);
    let report = bisect(&sandbox, "--good 1 -- smoke");
    assert_eq!((report.good.0, report.bad.0), (4, 5));
    assert_eq!(names(&report), ["p", ".n"]);
    let list = sandbox.dgmo("generations list --json").works().json();
    assert!(list["generations"].as_array().unwrap().len() < 9);
    // It is killed in the middle, and the next insertion sweeps.
    command(&sandbox, "kill -9 $PPID; sleep 0.1");
    let killed = sandbox.dgmo("bisect -- smoke");
    assert_eq!(killed.exit, -1);
    assert!(fs::read_dir(home.join("store/staging")).unwrap().count() > 0);
    sandbox.manifest("files: {.n: {text: another}}\n");
    sandbox.switch();
    sandbox.dgmo("gc --foreground").works();
    nothing_is_left(&sandbox);
    sandbox.dgmo("store verify").works();
}
