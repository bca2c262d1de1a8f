//! One change at a time: who waits, for whom, how long.

use std::fs::File;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use super::Sandbox;

/// Holds the guard of the default profile as another dgmo would.
fn hold(sandbox: &Sandbox) -> File {
    let path = sandbox.profile().join("lock");
    let mut file = File::options().write(true).open(path).unwrap();
    file.lock().unwrap();
    file.write_all(b"`dgmo switch -f other.yaml` (process 4711, since noon)\n")
        .unwrap();
    file
}

#[test]
fn a_profile_that_is_held_ends_with_4_and_names_the_holder() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    sandbox.switch();
    let held = hold(&sandbox);
    for line in [
        "switch --wait 0s",
        "switch --wait 100ms",
        "rollback --wait 0s",
        "generations pin 1 --wait 0s",
        "generations label 1 x --wait 0s",
        "generations prune --wait 0s",
    ] {
        sandbox
            .dgmo(line)
            .exits(4)
            .fails("DG3007")
            .says("`dgmo switch -f other.yaml` (process 4711")
            .says("--wait 10m");
    }
    let error = sandbox.dgmo("rollback --wait 0s --json").exits(4).json();
    assert_eq!(error["error"]["exit"], 4);
    // Looking needs no guard.
    for line in ["status", "generations", "env", "history", "diff"] {
        sandbox.dgmo(line).works();
    }
    // Another profile is not held.
    sandbox.manifest("env: {A: b}\n");
    sandbox.dgmo("switch --profile other --wait 0s").works();
    drop(held);
    sandbox.dgmo("rollback --wait 0s").works();
}

#[test]
fn who_waits_says_for_whom_and_goes_on_when_it_can() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    sandbox.switch();
    let held = hold(&sandbox);
    let started = Instant::now();
    let mut waiting = sandbox.command(&["rollback", "--wait", "1m"]);
    let child = waiting
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(800));
    drop(held);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(started.elapsed() < Duration::from_secs(30));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("waiting: profile `default` is being changed by `dgmo switch -f other.yaml`"),
        "{said}"
    );
    assert_eq!(sandbox.current(), 0);
}

#[test]
fn a_manifest_that_is_held_names_the_process() {
    let sandbox = Sandbox::with("");
    let folder = File::open(sandbox.work()).unwrap();
    folder.lock().unwrap();
    let ran = sandbox.dgmo("switch --wait 0s").exits(4).fails("DG3007");
    if cfg!(target_os = "linux") {
        ran.says(&format!("process {}", std::process::id()));
    }
}
