//! `dgmo add`, `remove`, `lock`, `update`, `init`: the manifest keeps all that is not asked to change.

use super::Sandbox;

const COMMENTED: &str = "\
# What this machine runs.   Odd   spacing stays.

packages:   # all of them
  one: {path: ./one}   # the first

  # two comes later

env: {A: 'b'}   # quotes stay
";

fn commented() -> Sandbox {
    let sandbox = Sandbox::with(COMMENTED);
    for name in ["one", "two", "three"] {
        sandbox.program(&format!("work/{name}/bin/{name}"), "#!/bin/sh\n");
    }
    sandbox
}

#[test]
fn add_and_remove_keep_every_comment() {
    let sandbox = commented();
    sandbox.switch();
    let before = sandbox.read("work/dgmo.yaml");
    let lock = sandbox.read("work/dgmo.lock");
    sandbox.dgmo("add ./two").works().says("+ two");
    let added = sandbox.read("work/dgmo.yaml");
    assert!(
        added.contains("two: {path: \"./two\"}") && added.contains("# the first"),
        "{added}"
    );
    for line in before.lines() {
        assert!(
            added.lines().any(|other| other == line),
            "{line} is lost:\n{added}"
        );
    }
    assert!(sandbox.exists("home/profiles/default/current/view/bin/two"));
    sandbox.dgmo("add again --path ./three --no-switch").works();
    sandbox.dgmo("remove two again").works().says("- two");
    assert_eq!(sandbox.read("work/dgmo.yaml"), before);
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    assert!(!sandbox.exists("home/profiles/default/current/view/bin/two"));
}

#[test]
fn an_add_that_fails_leaves_everything_as_it_was() {
    let sandbox = commented();
    sandbox.program("work/clash/bin/one", "#!/bin/sh\necho other\n");
    sandbox.switch();
    // What was found out about a package is true whether it was added or not.
    let all = || {
        if sandbox.exists("home/cache/made") {
            sandbox.remove("home/cache/made");
        }
        sandbox.all()
    };
    let before = all();
    for (line, code) in [
        ("add ./nowhere", "DG1253"),
        ("add ./one", "DG1021"),
        ("add ./clash", "DG3010"),
        ("add two --path ./two --bin nonesuch", "DG3011"),
        (
            "add far --url http://127.0.0.1:9/far.zip --offline",
            "DG1203",
        ),
        ("add odd --url https://example.org/{versoin}.zip", "DG1007"),
        ("remove nonesuch", "DG1022"),
        ("remove one nonesuch", "DG1022"),
    ] {
        sandbox.dgmo(line).exits(1).fails(code);
        before.assert_same(&all(), line);
    }
    sandbox
        .dgmo("add two")
        .exits(2)
        .fails("DG4001")
        .says("--path");
    before.assert_same(&all(), "add two");
}

#[test]
fn an_add_that_fails_in_the_target_folder_leaves_the_manifest() {
    let sandbox = commented();
    sandbox.manifest(&format!("{COMMENTED}files: {{.d/a: {{text: a}}}}\n"));
    sandbox.write("blocked", "a file where the target folder shall be");
    let before = sandbox.read("work/dgmo.yaml");
    let blocked = sandbox.root().join("blocked");
    sandbox
        .dgmo(&format!("add ./two --target {}", blocked.display()))
        .exits(1)
        .fails("DG3021");
    assert_eq!(sandbox.read("work/dgmo.yaml"), before);
    assert_eq!(sandbox.current(), 0);
    sandbox.dgmo("add ./two").works();
}

#[test]
fn add_with_a_look_changes_nothing() {
    let sandbox = commented();
    sandbox.switch();
    let before = sandbox.all();
    for line in [
        "add ./two --dry-run",
        "remove one -n",
        "update -n",
        "add ./two -n --no-switch",
        "remove one -n --no-switch",
    ] {
        sandbox.dgmo(line).works();
        before.assert_same(&sandbox.all(), line);
    }
}

#[test]
fn add_without_a_switch_changes_manifest_and_lock_only() {
    let sandbox = commented();
    sandbox.switch();
    sandbox
        .dgmo("add ./two --no-switch")
        .works()
        .says("dgmo.lock written");
    assert!(sandbox.read("work/dgmo.lock").contains("\"two\""));
    assert_eq!(sandbox.current(), 1);
    sandbox.dgmo("switch --locked").works();
    assert_eq!(sandbox.current(), 2);
}

#[test]
fn a_path_is_written_as_seen_from_the_manifest() {
    let sandbox = commented();
    sandbox.program("work/deep/er/tool/bin/tool", "#!/bin/sh\n");
    sandbox.sh("cd deep/er && dgmo add ./tool").works();
    assert!(
        sandbox
            .read("work/dgmo.yaml")
            .contains("tool: {path: \"./deep/er/tool\"}")
    );
    sandbox.sh("cd deep && dgmo add up --path ../two").works();
    sandbox.switch();
}

#[test]
fn a_manifest_that_is_a_link_stays_one() {
    let sandbox = commented();
    sandbox.rename("work/dgmo.yaml", "dots.yaml");
    sandbox.link("../dots.yaml", "work/dgmo.yaml");
    sandbox.dgmo("add ./two").works();
    assert!(sandbox.read("dots.yaml").contains("two"));
    assert_eq!(
        sandbox.read_link("work/dgmo.yaml"),
        std::path::Path::new("../dots.yaml")
    );
}

#[test]
fn init_writes_a_manifest_that_works_and_overwrites_nothing() {
    let sandbox = Sandbox::new();
    sandbox.dgmo("init").works().says("dgmo switch");
    let first = sandbox.read("work/dgmo.yaml");
    sandbox.dgmo("init").exits(1).fails("DG1050");
    assert_eq!(sandbox.read("work/dgmo.yaml"), first);
    sandbox.switch();
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\n");
    sandbox.dgmo("add ./tool").works();
    sandbox.dgmo("remove tool").works();
    assert_eq!(sandbox.read("work/dgmo.yaml"), first);
    sandbox.dgmo("init deep/er").works();
    assert!(sandbox.exists("work/deep/er/dgmo.yaml"));
}

#[test]
fn the_lock_is_the_same_bytes_again_and_the_id_is_known_before() {
    let sandbox = commented();
    let report = sandbox.dgmo("lock --json").works().json();
    let lock = sandbox.read("work/dgmo.lock");
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    let system = format!("{}-linux", std::env::consts::ARCH);
    let switched = sandbox.dgmo("switch --locked --json").works().json();
    assert_eq!(switched["id"], report["generations"][&system]);
    assert!(
        !lock.contains(&*sandbox.root().to_string_lossy()),
        "the lock names a folder of this machine"
    );
}
