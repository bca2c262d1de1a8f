//! Changes that go back by themselves unless somebody says that they stay.

use std::fs;
use std::process::Command;

use super::NOW;
use super::Ran;
use super::Sandbox;
use super::WAY;
use super::asked_for;
use super::begun;
use super::is_back_at_one;
use super::said;
use super::say;
use super::wait_until;

fn awaiting() -> Sandbox {
    let sandbox = begun();
    asked_for(&sandbox, "");
    let report = sandbox
        .dgmo("switch --confirm-within 1h --json")
        .works()
        .json();
    assert_eq!(report["outcome"], "awaiting");
    assert_eq!(sandbox.current(), 2);
    sandbox
}

/// The command an hour and a second later.
fn too_late(sandbox: &Sandbox, line: &str) -> Ran {
    let words: Vec<&str> = line.split(' ').collect();
    let later = (NOW + 3601).to_string();
    sandbox.run_with(&words, &[("DGMO_NOW", &later)])
}

#[test]
fn a_change_that_is_confirmed_stays() {
    let sandbox = awaiting();
    sandbox
        .dgmo("status")
        .works()
        .says("goes back to generation 1 in 1h");
    let status = sandbox.dgmo("status --json").works().json();
    assert_eq!(status["awaiting"]["back_to"], 1);
    assert_eq!(status["awaiting"]["seconds_left"], 3600);
    for refused in ["switch", "switch --label x", "update"] {
        sandbox
            .dgmo(refused)
            .fails("DG3306")
            .says("`dgmo confirm`")
            .says("`dgmo rollback`");
    }
    sandbox
        .dgmo("generations prune 1")
        .fails("DG3030")
        .says("goes back to");
    let report = sandbox.dgmo("confirm --json").works().json();
    assert_eq!(
        (&report["generation"], &report["from"]),
        (&2.into(), &1.into())
    );
    sandbox.dgmo("confirm").fails("DG3307");
    too_late(&sandbox, "status")
        .works()
        .says_nothing_of("goes back");
    assert_eq!(sandbox.current(), 2);
    sandbox.dgmo("history").works().says("confirmed 2");
    sandbox.dgmo("switch").works();
}

#[test]
fn a_change_that_nobody_confirms_is_taken_back_by_the_next_command() {
    let sandbox = awaiting();
    too_late(&sandbox, "status")
        .works()
        .says("nobody confirmed it in time");
    is_back_at_one(&sandbox);
    let sandbox = awaiting();
    too_late(&sandbox, "confirm").fails("DG3307");
    is_back_at_one(&sandbox);
    // Going back by hand at the last moment does not go back twice.
    let sandbox = awaiting();
    too_late(&sandbox, "rollback")
        .works()
        .says("generation 1 is current");
    is_back_at_one(&sandbox);
}

#[test]
fn a_change_that_waits_does_not_outlive_the_machine() {
    let sandbox = awaiting();
    let path = "home/profiles/default/journal/trial.json";
    let boot = sandbox.read("../../proc/sys/kernel/random/boot_id");
    let record = sandbox.read(path);
    assert!(record.contains(boot.trim()), "{record}");
    sandbox.write(path, record.replace(boot.trim(), "another"));
    sandbox.dgmo("confirm").fails("DG3307");
    is_back_at_one(&sandbox);
}

#[test]
fn a_change_that_waits_can_be_taken_back_at_once() {
    let sandbox = awaiting();
    sandbox
        .dgmo("rollback")
        .works()
        .says("generation 1 is current (before: 2)");
    is_back_at_one(&sandbox);
    let sandbox = awaiting();
    sandbox.dgmo("rollback 1").works();
    is_back_at_one(&sandbox);
    let sandbox = awaiting();
    sandbox
        .dgmo("rollback -n")
        .works()
        .says("generation 1 would be current");
    sandbox.dgmo("rollback 0").works();
    assert_eq!(sandbox.current(), 0);
    sandbox.dgmo("rollback 1 --confirm-within 1h").works();
    sandbox
        .dgmo("status")
        .works()
        .says("goes back to generation 0");
    sandbox.dgmo("confirm").works();
}

/// The processes that watch over this sandbox, by number.
fn watchers(sandbox: &Sandbox) -> Vec<String> {
    let home = sandbox.home().display().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().into_string().ok());
    numbers
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|number| {
            let words = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).into_owned();
            words.contains("watch-trial") && words.contains(&home)
        })
        .collect()
}

#[test]
fn a_change_that_nobody_confirms_goes_back_by_itself() {
    let sandbox = begun();
    asked_for(
        &sandbox,
        &format!("hooks: {{after-switch: [{}]}}\n", say(WAY)),
    );
    // A session of its own ends with the command: the watcher does not.
    let mut command = Command::new("setsid");
    command.args(["--wait", "dgmo", "switch", "--confirm-within", "1500ms"]);
    sandbox.furnish(&mut command);
    command.env_remove("DGMO_NOW");
    assert!(command.output().unwrap().status.success());
    assert_eq!(sandbox.current(), 2);
    let watchers = watchers(&sandbox);
    assert_eq!(watchers.len(), 1);
    let hung_up = Command::new("kill").args(["-HUP", &watchers[0]]).status();
    assert!(hung_up.unwrap().success());
    wait_until("the way back", || {
        sandbox.current() == 1 && said(&sandbox).len() == 2
    });
    wait_until("the watcher's end", || self::watchers(&sandbox).is_empty());
    assert_eq!(said(&sandbox), ["switch 1 2", "back 2 1"]);
    is_back_at_one(&sandbox);
    sandbox
        .dgmo("history")
        .works()
        .says("nobody confirmed it in time");
}

#[test]
fn a_watcher_ends_when_there_is_nothing_to_watch() {
    let sandbox = awaiting();
    assert_eq!(watchers(&sandbox).len(), 1);
    sandbox.dgmo("confirm").works();
    wait_until("the watcher's end", || watchers(&sandbox).is_empty());
    assert_eq!(sandbox.current(), 2);
}

#[test]
fn a_watcher_knows_where_the_home_files_are() {
    let sandbox = begun_elsewhere();
    let mut command = sandbox.command(&["switch", "--confirm-within", "1ms"]);
    command.env_remove("DGMO_NOW");
    assert!(command.output().unwrap().status.success());
    wait_until("the way back", || sandbox.current() == 1);
    wait_until("the watcher's end", || watchers(&sandbox).is_empty());
    assert_eq!(sandbox.read("there/.a"), "one");
    sandbox.dgmo("switch --confirm-within 0s").exits(2);
    sandbox.dgmo("switch --confirm-within soon").exits(2);
}

/// Generation 1 with its home files in `there/`, and a manifest for another one.
fn begun_elsewhere() -> Sandbox {
    let sandbox = Sandbox::with("files: {.a: {text: one}}\n");
    sandbox.dgmo("switch --target ../there").works();
    asked_for(&sandbox, "");
    sandbox
}
