//! A signal while hooks run or checks look: they end, and what is not proven is taken back at once.

use std::process::Child;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use super::Sandbox;
use super::asked_for;
use super::begun;
use super::is_back_at_one;
use super::said;
use super::wait_until;

/// `dgmo switch`, which has come to where the file `said` has something in it.
fn under_way(sandbox: &Sandbox) -> Child {
    let child = sandbox
        .command(&["switch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the moment to interrupt", || !said(sandbox).is_empty());
    child
}

fn interrupt(child: Child) -> String {
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    stderr
}

fn is_gone(pid: &str) -> bool {
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::test_kill_process(pid).is_err()
}

/// Tells its number and then takes for ever, unless it runs on the way back.
const ENDLESS: &str =
    "[sh, -c, 'test $DGMO_ACTION = back || { echo $$ >> $HOME/../said; exec sleep 1000; }']";

#[test]
fn a_hook_that_is_interrupted_ends_and_the_change_is_taken_back() {
    for moment in ["before-switch", "after-switch"] {
        let sandbox = begun();
        asked_for(&sandbox, &format!("hooks: {{{moment}: [{ENDLESS}]}}\n"));
        let child = under_way(&sandbox);
        let told = interrupt(child);
        assert!(told.contains("interrupted"), "{told}");
        let hook = said(&sandbox).remove(0);
        wait_until("the end of the hook", || is_gone(&hook));
        is_back_at_one(&sandbox);
    }
}

#[test]
fn checks_that_are_interrupted_do_not_hold() {
    let sandbox = begun();
    let exec = "{exec: [sh, -c, 'echo >> $HOME/../said; false']";
    let more = format!("checks: {{never: {exec}, interval: 10ms, grace: 1h}}}}\n");
    asked_for(&sandbox, &more);
    let child = under_way(&sandbox);
    let told = interrupt(child);
    assert!(
        told.contains("generation 1 is current again"),
        "who interrupts is told what is so now: {told}"
    );
    is_back_at_one(&sandbox);
}
