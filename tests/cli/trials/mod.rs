//! Hooks, checks, and the way back by itself.

mod checks;
mod confirmation;
mod hooks;
mod interrupted;

use std::fs;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::Ran;
use super::Sandbox;
use super::support::sandbox::NOW;

/// A hook that adds a line to the file `said` beside the user's folder.
fn say(words: &str) -> String {
    format!("[sh, -c, 'echo {words} >> $HOME/../said']")
}

const WAY: &str = "$DGMO_ACTION $DGMO_FROM $DGMO_TO";

fn said(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(sandbox.root().join("said")).unwrap_or_default();
    text.lines().map(ToOwned::to_owned).collect()
}

fn forget_what_was_said(sandbox: &Sandbox) {
    fs::write(sandbox.root().join("said"), "").unwrap();
}

/// One generation with the home file `.a`, current.
fn begun() -> Sandbox {
    let sandbox = Sandbox::with("files: {.a: {text: one}}\n");
    sandbox.switch();
    sandbox
}

/// Another one, with `more` in the manifest.
fn asked_for(sandbox: &Sandbox, more: &str) {
    sandbox.manifest(&format!(
        "files: {{.a: {{text: two}}, .b: {{text: new}}}}\n{more}"
    ));
}

/// Generation 1 is current as it was.
#[track_caller]
fn is_back_at_one(sandbox: &Sandbox) {
    assert_eq!(sandbox.current(), 1);
    assert_eq!(sandbox.read("user/.a"), "one");
    assert!(!sandbox.exists("user/.b"));
    let left = fs::read_dir(sandbox.profile().join("journal"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "the journal is empty at rest");
    sandbox.dgmo("status").works();
}

/// Waits for what another process does.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < limit, "{what} does not come");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_plan_says_what_would_be_run_and_runs_nothing() {
    let sandbox = begun();
    let more = format!(
        "hooks:\n  before-switch: [{}]\n  after-switch: [{}]\nchecks: {{a: {{file: .a}}, b: {{file: .b, required: false}}}}\n",
        say("before"),
        say("after")
    );
    asked_for(&sandbox, &more);
    let report = sandbox
        .dgmo("switch -n --json --confirm-within 1m")
        .works()
        .json();
    let steps: Vec<String> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {}", step["what"].as_str().unwrap(), step["required"]))
        .collect();
    assert_eq!(
        steps,
        [
            "before-hook true",
            "after-hook true",
            "check true",
            "check false",
            "confirmation true"
        ]
    );
    sandbox
        .dgmo("switch -n --no-hooks --no-checks")
        .works()
        .says_nothing_of("on the way");
    assert_eq!(said(&sandbox), [""; 0]);
    sandbox
        .switch()
        .says("after: sh -c")
        .says("check b (wanted only)");
    forget_what_was_said(&sandbox);
    // What is current already is not run again.
    sandbox.switch().says("nothing to do");
    assert_eq!(said(&sandbox), [""; 0]);
    // A change of a check alone is a change.
    asked_for(
        &sandbox,
        &more.replace("a: {file: .a}", "a: {file: .a, timeout: 9s}"),
    );
    sandbox
        .dgmo("switch -n")
        .works()
        .says("~ check a")
        .says("generation 3 would be made");
    sandbox.switch();
    sandbox.dgmo("diff").works().says("~ check a");
}

/// Generation 1 with hooks that speak and a check for the file `flag`, and generation 2 with nothing.
fn with_an_older_one() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("flag", "");
    sandbox.manifest(&format!(
        "files: {{.a: {{text: one}}}}\nhooks:\n  before-switch: [{}]\n  after-switch: [{}]\n\
         checks: {{flag: {{file: ../flag, interval: 1ms}}}}\n",
        say(&format!("before {WAY}")),
        say(&format!("after {WAY}"))
    ));
    sandbox.switch();
    sandbox.manifest("files: {.a: {text: two}}\n");
    sandbox.switch();
    forget_what_was_said(&sandbox);
    sandbox
}

#[test]
fn going_to_an_older_generation_is_tried_too() {
    let sandbox = with_an_older_one();
    sandbox.dgmo("rollback 1").works().says("1 check held");
    assert_eq!(
        said(&sandbox),
        ["before rollback 2 1", "after rollback 2 1"]
    );
    sandbox.dgmo("rollback 2").works();
    sandbox.remove("flag");
    forget_what_was_said(&sandbox);
    let report = sandbox.dgmo("rollback 1 --json").exits(5).json();
    assert_eq!(report["outcome"], "rolled_back");
    assert_eq!(report["generation"], 2);
    assert_eq!(report["error"]["code"], "DG3303");
    assert_eq!(
        said(&sandbox),
        [
            "before rollback 2 1",
            "after rollback 2 1",
            "after back 1 2",
            "before back 1 2"
        ]
    );
    assert_eq!(
        (sandbox.current(), sandbox.read("user/.a")),
        (2, "two".to_owned())
    );
    // It was good when it was made, so it is not marked.
    sandbox
        .dgmo("generations list")
        .works()
        .says_nothing_of("failed:");
    sandbox
        .dgmo("rollback 1")
        .fails("DG3303")
        .says("dgmo rollback 1 --no-checks");
    sandbox.dgmo("rollback 1 --no-checks").works();
    assert_eq!(sandbox.current(), 1);
    sandbox.dgmo("rollback 0").works();
    sandbox.dgmo("rollback 1").exits(5);
    assert_eq!(sandbox.current(), 0);
}

#[test]
fn a_rollback_can_leave_broken_hooks_out() {
    let sandbox =
        Sandbox::with("files: {.a: {text: one}}\nhooks: {before-switch: [[test, -e, ../flag]]}\n");
    sandbox.write("flag", "");
    sandbox.switch();
    sandbox.manifest("files: {.a: {text: two}}\n");
    sandbox.switch();
    sandbox.remove("flag");
    sandbox
        .dgmo("rollback 1")
        .exits(1)
        .fails("DG3301")
        .says("dgmo rollback 1 --no-hooks");
    assert_eq!(sandbox.current(), 2);
    sandbox.dgmo("rollback 1 --no-hooks").works();
    assert_eq!(sandbox.current(), 1);
}

#[test]
fn a_generation_that_failed_is_good_once_it_stands() {
    let sandbox = begun();
    asked_for(&sandbox, "checks: {flag: {file: ../flag, interval: 1ms}}\n");
    sandbox.dgmo("switch").exits(5);
    sandbox
        .dgmo("generations list")
        .works()
        .says("failed: the check `flag`");
    let shown = sandbox.dgmo("generations show 2 --json").works().json();
    assert!(
        shown["failed"].as_str().unwrap().contains("`flag`"),
        "{shown}"
    );
    sandbox.write("flag", "");
    sandbox.dgmo("rollback 2").works();
    sandbox
        .dgmo("generations list")
        .works()
        .says_nothing_of("failed:");
}

#[test]
fn an_edit_that_does_not_stand_is_taken_back_too() {
    let sandbox = begun();
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\n");
    sandbox.manifest("files: {.a: {text: one}}\nchecks: {none: {exec: [sh, -c, '! command -v tool'], interval: 1ms}}\n");
    sandbox.switch();
    let text = sandbox.read("work/dgmo.yaml");
    sandbox
        .dgmo("add tool --path ./tool")
        .exits(5)
        .fails("DG3303");
    assert_eq!(sandbox.read("work/dgmo.yaml"), text);
    assert_eq!(sandbox.current(), 2);
    sandbox.dgmo("add tool --path ./tool --no-checks").works();
    assert_eq!(sandbox.current(), 4);
}

#[test]
fn a_change_whose_process_dies_on_trial_is_taken_back() {
    let sandbox = begun();
    asked_for(
        &sandbox,
        &format!(
            "hooks: {{after-switch: [{}, [sh, -c, 'test $DGMO_ACTION = back || kill -9 $PPID']]}}\n",
            say(WAY)
        ),
    );
    sandbox.dgmo("switch").exits(-1);
    assert_eq!(sandbox.current(), 2);
    sandbox
        .dgmo("status")
        .works()
        .says("it was interrupted before it was proven")
        .says("generation 1 is current");
    is_back_at_one(&sandbox);
    assert_eq!(said(&sandbox), ["switch 1 2", "back 2 1"]);
    sandbox
        .dgmo("generations list")
        .works()
        .says("failed: it was interrupted");
}

#[test]
fn what_fails_on_the_way_back_is_told_and_passed_by() {
    let sandbox = begun();
    asked_for(
        &sandbox,
        &format!("hooks: {{after-switch: [{}, ['false']]}}\n", say(WAY)),
    );
    sandbox
        .dgmo("switch")
        .exits(5)
        .says("warning: on the way back: the hook `false` failed");
    is_back_at_one(&sandbox);
    assert_eq!(said(&sandbox), ["switch 1 2", "back 2 1"]);
}

#[test]
fn what_the_user_puts_in_the_way_of_going_back_is_kept() {
    let sandbox = begun();
    sandbox.manifest(
        "files: {.b: {text: new}}\nhooks: {after-switch: [[sh, -c, 'test $DGMO_ACTION = back || { echo mine > .a; false; }']]}\n",
    );
    sandbox.dgmo("switch").exits(5);
    assert_eq!(
        (sandbox.current(), sandbox.read("user/.a")),
        (1, "one".to_owned())
    );
    assert_eq!(sandbox.read("user/.a.before-dgmo"), "mine\n");
}
