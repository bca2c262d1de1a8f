//! `dgmo uninstall`: after it the machine is what it was before `dgmo init`.

use super::Sandbox;

/// A user with things of their own.
fn machine() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("user/.bashrc", "# mine, and the last line is open");
    sandbox.write("user/.profile", "# mine\n");
    sandbox.write("user/.gitconfig", "mine");
    sandbox.mode("user/.gitconfig", 0o600);
    sandbox.write("user/.config/app/rc", "mine too");
    sandbox.write("user/read-only", "ro");
    sandbox.mode("user/read-only", 0o444);
    sandbox.program("work/one/bin/one", "#!/bin/sh\n");
    sandbox.write("work/d/inside", "inside");
    sandbox
}

const MANIFEST: &str = "\
packages: {one: {path: ./one}}
files:
  .gitconfig: {text: ours}
  .config/app: {source: d}
  .new/deep/place: {text: n, as: copy}
  read-only: {text: now ours, mode: \"0400\", as: copy}
";

#[test]
fn everything_before_the_first_init_is_as_it_was() {
    let sandbox = machine();
    let shell = [("SHELL", "/bin/bash")];
    let before = sandbox.all();
    sandbox.run_with(&["init", "--shell"], &shell).works();
    sandbox.dgmo("switch").works();
    assert!(sandbox.read("user/.bashrc").contains("dgmo env"));
    sandbox.dgmo("uninstall --yes").works();
    before.assert_same(&sandbox.all(), "init, switch, uninstall");

    sandbox.run_with(&["init", "--shell"], &shell).works();
    sandbox.manifest(MANIFEST);
    sandbox.dgmo("switch --backup").works();
    sandbox
        .dgmo("switch --profile other --target ../elsewhere")
        .works();
    sandbox.dgmo("add ./one --no-switch").fails("DG1021");
    sandbox.dgmo("gc").works();
    let there = sandbox.all();
    sandbox.dgmo("uninstall --dry-run").works().says("would go");
    there.assert_same(&sandbox.all(), "a dry run");
    sandbox.dgmo("uninstall").fails("DG3901");
    there.assert_same(&sandbox.all(), "nobody said yes");
    let told = sandbox.dgmo("uninstall --yes --manifests").works();
    told.says("4 paths in ");
    // The other target folder was not there before.
    if sandbox.exists("elsewhere") {
        std::fs::remove_dir(sandbox.root().join("elsewhere")).unwrap();
    }
    before.assert_same(&sandbox.all(), "all of it");
    sandbox
        .dgmo("uninstall --yes")
        .works()
        .says("nothing of dgmo is here");
}

#[test]
fn what_is_yours_stays_and_is_named() {
    let sandbox = machine();
    sandbox.manifest(MANIFEST);
    sandbox.dgmo("switch --backup").works();
    sandbox.write("user/.new/deep/place", "I changed it");
    sandbox.write("user/.profile", "eval \"$(dgmo env)\"\n");
    let report = sandbox.dgmo("uninstall --yes --json").works().json();
    let kept: Vec<&str> = report["kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| kept["path"].as_str().unwrap())
        .collect();
    assert!(
        kept.iter().any(|path| path.ends_with(".new/deep/place")),
        "{kept:?}"
    );
    assert!(
        kept.iter().any(|path| path.ends_with(".profile")),
        "{kept:?}"
    );
    assert!(
        kept.iter().any(|path| path.ends_with("dgmo.yaml")),
        "{kept:?}"
    );
    assert_eq!(sandbox.read("user/.new/deep/place"), "I changed it");
    assert_eq!(sandbox.read("user/.gitconfig"), "mine");
    assert!(sandbox.exists("work/dgmo.yaml") && sandbox.exists("work/dgmo.lock"));
    assert!(!sandbox.exists("home"));
}

#[test]
fn the_home_may_stay() {
    let sandbox = machine();
    sandbox.manifest(MANIFEST);
    sandbox.dgmo("switch --backup").works();
    sandbox.dgmo("uninstall --yes --keep-home").works();
    assert_eq!(sandbox.current(), 0);
    sandbox.dgmo("switch --backup").works();
}

#[test]
fn folders_made_for_the_home_go_with_it() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    let before = sandbox.target();
    let line = "unset DGMO_HOME; dgmo switch && dgmo uninstall --yes";
    sandbox.sh(line).works();
    before.assert_same(&sandbox.target(), "the default home");
    // Stopped when the home had its last name already.
    sandbox
        .sh("unset DGMO_HOME; dgmo switch && dgmo rollback 0")
        .works();
    sandbox.rename("user/.local/share/dgmo", "user/.dgmo.dgmo-gone");
    sandbox.sh("unset DGMO_HOME; dgmo uninstall --yes").works();
    before.assert_same(&sandbox.target(), "half gone");
}

#[test]
fn a_damaged_home_gives_back_what_it_holds() {
    let sandbox = machine();
    let before = sandbox.target();
    sandbox.manifest(MANIFEST);
    sandbox.dgmo("switch --backup").works();
    sandbox.write("home/meta.json", "");
    sandbox.write("home/profiles/default/journal/switch.json", "{");
    sandbox.remove("home/profiles/default/current");
    sandbox.dgmo("uninstall --yes").works();
    before.assert_same(&sandbox.target(), "after damage");
    assert!(!sandbox.exists("home"));
}
