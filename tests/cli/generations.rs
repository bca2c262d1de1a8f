//! Numbers, labels, pins, pruning and the rule for it.

use super::Sandbox;
use super::support::sandbox::NOW;
use super::support::sandbox::run;

/// A sandbox with generations 1 to `count`, one a day, the last of them made now.
fn with_generations(count: u64, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=count {
        sandbox.manifest(&format!("files: {{.a: {{text: \"{number}\"}}}}\n{more}"));
        let mut command = sandbox.command(&["switch"]);
        command.env("DGMO_NOW", (NOW - (count - number) * 86_400).to_string());
        run(command).works();
    }
    sandbox
}

fn numbers(sandbox: &Sandbox) -> Vec<u64> {
    let list = sandbox.dgmo("generations list --json").works().json();
    let generations = list["generations"].as_array().unwrap();
    generations
        .iter()
        .map(|listed| listed["number"].as_u64().unwrap())
        .collect()
}

#[test]
fn the_rule_of_the_manifest_decides_what_is_pruned() {
    let sandbox = with_generations(6, "keep: {last: 2, days: 0}\n");
    sandbox
        .dgmo("generations prune --dry-run")
        .works()
        .says("would be pruned: 1, 2, 3, 4");
    assert_eq!(numbers(&sandbox), [0, 1, 2, 3, 4, 5, 6]);
    sandbox
        .dgmo("generations prune")
        .works()
        .says("pruned: 1, 2, 3, 4");
    assert_eq!(numbers(&sandbox), [0, 5, 6]);
    sandbox
        .dgmo("generations prune")
        .works()
        .says("no generation to drop");
    sandbox.dgmo("rollback 3").exits(1).fails("DG3001");
    sandbox.dgmo("status").works();
}

#[test]
fn days_keep_what_was_current_then() {
    let sandbox = with_generations(6, "");
    // Generation 4 was made two days ago, 3 was current when those two days began.
    sandbox
        .dgmo("generations prune --keep days=2")
        .works()
        .says("pruned: 1, 2");
    assert_eq!(numbers(&sandbox), [0, 3, 4, 5, 6]);
}

#[test]
fn pins_and_labels_keep_and_can_be_taken_away() {
    let sandbox = with_generations(6, "");
    sandbox.dgmo("generations pin 2").works().says("pinned: 2");
    sandbox
        .dgmo("generations label 3 good")
        .works()
        .says("labelled: 3");
    sandbox
        .dgmo("generations")
        .works()
        .says("^  2")
        .says("good");
    sandbox
        .dgmo("generations prune --keep last=1")
        .works()
        .says("pruned: 1, 4");
    assert_eq!(numbers(&sandbox), [0, 2, 3, 5, 6]);
    sandbox.dgmo("generations unpin 2").works();
    sandbox.dgmo("generations label good").works();
    sandbox.dgmo("rollback good").exits(1).fails("DG3001");
    sandbox
        .dgmo("generations prune --keep last=1")
        .works()
        .says("pruned: 2, 3");
    sandbox.dgmo("generations pin 99").exits(1).fails("DG3001");
}

#[test]
fn a_rule_may_leave_pins_and_labels_out() {
    let sandbox = with_generations(5, "");
    sandbox.dgmo("generations pin 1").works();
    sandbox.dgmo("generations label 2 two").works();
    sandbox
        .dgmo("generations prune --keep last=1,pinned=false,labelled=false")
        .works()
        .says("pruned: 1, 2, 3");
}

#[test]
fn the_current_one_the_one_before_and_zero_are_never_dropped() {
    let sandbox = with_generations(6, "");
    sandbox.dgmo("rollback 3").works();
    sandbox
        .dgmo("generations prune --keep last=0")
        .works()
        .says("pruned: 1, 2, 4, 5");
    assert_eq!(numbers(&sandbox), [0, 3, 6]);
    sandbox.dgmo("generations prune 3").exits(1).fails("DG3030");
    sandbox
        .dgmo("generations prune 0")
        .exits(1)
        .fails("DG3030")
        .says_nothing_of("switch to another");
    sandbox
        .dgmo("generations prune current")
        .exits(1)
        .fails("DG3030");
    sandbox.dgmo("generations prune 6").works();
    assert_eq!(numbers(&sandbox), [0, 3]);
}

#[test]
fn a_number_is_never_given_twice() {
    let sandbox = with_generations(3, "");
    sandbox.dgmo("rollback 1").works();
    sandbox.dgmo("generations prune 2 3").works();
    sandbox.manifest("files: {.a: {text: new}}\n");
    sandbox.switch().says("generation 4 is current (before: 1)");
    sandbox
        .dgmo("rollback")
        .works()
        .says("generation 1 is current");
}

#[test]
fn a_pruned_parent_does_not_stop_rollback() {
    let sandbox = with_generations(3, "");
    sandbox.dgmo("generations prune 2").works();
    sandbox
        .dgmo("rollback")
        .works()
        .says("generation 1 is current (before: 3)");
}

#[test]
fn the_history_tells_all_of_it() {
    let sandbox = with_generations(2, "");
    sandbox.dgmo("rollback -m because").works();
    sandbox.dgmo("generations label 2 later").works();
    sandbox.dgmo("generations pin 2").works();
    sandbox.dgmo("generations unpin 2").works();
    sandbox.dgmo("rollback 2").works();
    sandbox.dgmo("generations prune 1").works();
    let history = sandbox.dgmo("history --json").works().json();
    let events: Vec<&str> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "begun",
            "switched",
            "switched",
            "rolled-back",
            "labelled",
            "pinned",
            "unpinned",
            "rolled-back",
            "pruned"
        ]
    );
    sandbox
        .dgmo("history")
        .works()
        .says("rolled back to 1 (from 2)")
        .says("because")
        .says("tester");
}

#[test]
fn a_long_list_is_remembered_and_the_memory_never_lies() {
    let sandbox = with_generations(30, "");
    assert_eq!(numbers(&sandbox).len(), 31);
    sandbox.dgmo("generations label 7 seven").works();
    let list = sandbox.dgmo("generations list --json").works().json();
    assert_eq!(list["generations"][7]["label"], "seven");
    sandbox.dgmo("generations prune --keep last=2").works();
    assert_eq!(numbers(&sandbox), [0, 7, 29, 30]);
}

#[test]
fn each_profile_has_its_own_numbers() {
    let sandbox = with_generations(2, "");
    sandbox.manifest("env: {A: b}\n");
    sandbox
        .dgmo("switch --profile tools")
        .works()
        .says("generation 1 of profile tools is current");
    assert_eq!(sandbox.current(), 2);
    sandbox.dgmo("profiles").works().says("tools");
    sandbox
        .run_with(&["env"], &[("DGMO_PROFILE", "tools")])
        .works()
        .says("export A='b'");
    sandbox
        .dgmo("status --profile none")
        .exits(1)
        .fails("DG3004");
}
