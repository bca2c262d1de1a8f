//! Commands around a change.

use std::fs;

use super::Sandbox;
use super::WAY;
use super::asked_for;
use super::begun;
use super::is_back_at_one;
use super::said;
use super::say;
use super::wait_until;

#[test]
fn hooks_run_in_order_and_know_both_ends_of_the_way() {
    let sandbox = begun();
    let (one, two, three) = (say("one"), say("two"), say("three"));
    asked_for(
        &sandbox,
        &format!(
            "hooks:\n  before-switch: [{one}, {two}]\n  after-switch: [{{run: {three}, timeout: 5s}}]\n"
        ),
    );
    sandbox.switch();
    assert_eq!(said(&sandbox), ["one", "two", "three"]);
    asked_for(
        &sandbox,
        "hooks:\n  before-switch: [[sh, -c, 'env > $HOME/../before; pwd >> $HOME/../before']]\n  \
         after-switch: [[sh, -c, 'env > $HOME/../after; ls $DGMO_FROM_DIR $DGMO_TO_DIR']]\n",
    );
    sandbox.switch();
    let (home, user) = (sandbox.home(), sandbox.user());
    for (file, hook) in [("before", "before-switch"), ("after", "after-switch")] {
        let text = sandbox.read(file);
        for line in [
            "DGMO_ACTION=switch".to_owned(),
            "DGMO_FROM=2".to_owned(),
            "DGMO_TO=3".to_owned(),
            "DGMO_PROFILE=default".to_owned(),
            format!("DGMO_HOOK={hook}"),
            format!("DGMO_HOME_DIR={}", home.display()),
            format!("DGMO_TARGET_DIR={}", user.display()),
            format!(
                "DGMO_FROM_DIR={}/profiles/default/generations/2",
                home.display()
            ),
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        let end = format!(
            "DGMO_TO_DIR={}/profiles/default/generations/3",
            home.display()
        );
        assert_eq!(text.contains(&end), file == "after", "{text}");
    }
    assert!(
        sandbox
            .read("before")
            .ends_with(&format!("{}\n", user.display()))
    );
}

#[test]
fn a_hook_finds_the_programs_of_the_generation_gone_to() {
    let sandbox = Sandbox::new();
    sandbox.program(
        "work/tool/bin/tool",
        "#!/bin/sh\necho tool $1 >> $HOME/../said\n",
    );
    sandbox.manifest(
        "packages: {tool: {path: ./tool}}\nenv: {GREETING: hello}\nhooks:\n  before-switch: [[tool, before]]\n  \
         after-switch: [[tool, after], [sh, -c, 'tool $GREETING']]\nchecks: {tool: {exec: [tool, check]}}\n",
    );
    sandbox.switch();
    assert_eq!(
        said(&sandbox),
        ["tool before", "tool after", "tool hello", "tool check"]
    );
}

#[test]
fn a_hook_that_fails_beforehand_leaves_everything_as_it_was() {
    let sandbox = begun();
    let before = (sandbox.target(), sandbox.read("work/dgmo.lock"));
    let history = sandbox.dgmo("history").works().stdout;
    asked_for(
        &sandbox,
        "hooks: {before-switch: [[sh, -c, 'echo it is broken; exit 3']], after-switch: [[touch, never]]}\n",
    );
    let ran = sandbox.dgmo("switch").exits(1).fails("DG3301");
    ran.clone()
        .says("it ended with 3")
        .says("it is broken")
        .says("dgmo switch --no-hooks");
    is_back_at_one(&sandbox);
    before.0.assert_same(&sandbox.target(), "the target folder");
    assert_eq!(sandbox.read("work/dgmo.lock"), before.1);
    assert_eq!(sandbox.dgmo("history").works().stdout, history);
    assert!(!sandbox.exists("home/profiles/default/generations/2"));
    assert!(!sandbox.exists("user/never"));
    sandbox.dgmo("switch --no-hooks").works();
    assert_eq!(sandbox.current(), 2);
}

#[test]
fn a_hook_that_fails_afterwards_takes_the_change_back_in_reverse_order() {
    let sandbox = begun();
    let hooks = [
        say(&format!("b1 {WAY}")),
        say(&format!("b2 {WAY}")),
        say(&format!("a1 {WAY}")),
    ];
    asked_for(
        &sandbox,
        &format!(
            "hooks:\n  before-switch: [{}, {}]\n  after-switch: [{}, ['false'], [touch, never]]\n",
            hooks[0], hooks[1], hooks[2]
        ),
    );
    let target = sandbox.target();
    sandbox
        .dgmo("switch")
        .exits(5)
        .fails("DG3302")
        .says("generation 1 is current again");
    assert_eq!(
        said(&sandbox),
        [
            "b1 switch 1 2",
            "b2 switch 1 2",
            "a1 switch 1 2",
            "a1 back 2 1",
            "b2 back 2 1",
            "b1 back 2 1"
        ]
    );
    is_back_at_one(&sandbox);
    target.assert_same(&sandbox.target(), "the target folder");
    assert!(!sandbox.exists("user/never"));
    sandbox
        .dgmo("history")
        .works()
        .says("taken back to 1 (from 2)");
    sandbox
        .dgmo("generations list")
        .works()
        .says("failed: the hook `false` failed");
}

#[test]
fn what_takes_too_long_is_ended() {
    let sandbox = begun();
    asked_for(
        &sandbox,
        "hooks: {after-switch: [{run: [sh, -c, 'echo $$ > $HOME/../pid; sleep 1000; true'], timeout: 200ms}]}\n",
    );
    sandbox.dgmo("switch").exits(5).says("took too long");
    is_back_at_one(&sandbox);
    let pid = sandbox.read("pid");
    let alive = || {
        fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
            .is_ok_and(|stat| !stat.contains(") Z "))
    };
    wait_until("its end", || !alive());
}

#[test]
fn what_hooks_print_is_kept_and_shown_on_demand() {
    let sandbox = begun();
    asked_for(&sandbox, "hooks: {after-switch: [[echo, it is said]]}\n");
    sandbox.switch().says_nothing_of("said: it is said");
    asked_for(
        &sandbox,
        "env: {A: b}\nhooks: {after-switch: [[echo, it is said]]}\n",
    );
    sandbox
        .dgmo("switch -v")
        .works()
        .says("echo it is said: it is said");
    let log = "home/profiles/default/log/hooks.log";
    let lines = sandbox.read(log);
    assert_eq!(lines.matches("  it is said\n").count(), 2, "{lines}");
    assert!(
        lines.contains("switch 2 → 3, after-switch: echo it is said: it ended with 0"),
        "{lines}"
    );
    sandbox.write(log, "x".repeat(300 * 1024));
    asked_for(&sandbox, "hooks: {after-switch: [[echo, it is new]]}\n");
    sandbox.switch();
    assert!(sandbox.read(log).len() < 1000);
    assert_eq!(sandbox.read(format!("{log}.1")).len(), 300 * 1024);
}

#[test]
fn hooks_of_an_included_manifest_run_first() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "work/base.yaml",
        format!(
            "dgmo: 1\nhooks: {{after-switch: [{}, {}]}}\nchecks: {{a: {{file: /nowhere}}}}\n",
            say("base"),
            say("both")
        ),
    );
    sandbox.manifest(&format!(
        "include: [base.yaml]\nhooks: {{after-switch: [{}, {}]}}\nchecks: {{a: {{file: /}}}}\n",
        say("own"),
        say("both")
    ));
    sandbox.switch();
    assert_eq!(said(&sandbox), ["base", "both", "own"]);
}
