//! `dgmo switch` and the way back.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::Sandbox;

const ONE_FILE: &str = "files: {.config/app: {text: \"one\\n\"}}\n";

#[test]
fn a_switch_puts_files_in_place_and_says_so() {
    let sandbox = Sandbox::with(ONE_FILE);
    sandbox
        .switch()
        .says("generation 1 is current (before: 0)")
        .says("+ .config/app");
    assert_eq!(sandbox.read("user/.config/app"), "one\n");
    assert_eq!(
        sandbox.read_link("user/.config/app"),
        sandbox.profile().join("current/files/.config/app")
    );
    assert!(sandbox.exists("work/dgmo.lock"));
}

#[test]
fn a_change_of_content_alone_does_not_touch_the_target_folder() {
    let sandbox = Sandbox::with(ONE_FILE);
    sandbox.switch();
    let before = sandbox.target();
    sandbox.manifest(&ONE_FILE.replace("one", "two"));
    sandbox.switch();
    assert_eq!(sandbox.read("user/.config/app"), "two\n");
    before.assert_same(&sandbox.target(), "the target folder changed");
}

#[test]
fn a_switch_that_changes_nothing_makes_no_generation() {
    let sandbox = Sandbox::with(ONE_FILE);
    sandbox.switch();
    let before = sandbox.all();
    sandbox
        .switch()
        .says("nothing to do: generation 1 is current");
    before.assert_same(
        &sandbox.all(),
        "a switch to what is there changed something",
    );
    assert_eq!(sandbox.current(), 1);
}

#[test]
fn a_label_is_given_even_when_nothing_else_changes() {
    let sandbox = Sandbox::with(ONE_FILE);
    sandbox.switch();
    sandbox.dgmo("switch --label good").works();
    assert_eq!(sandbox.current(), 1);
    let list = sandbox.dgmo("generations list --json").works().json();
    assert_eq!(list["generations"][1]["label"], "good");
}

#[test]
fn a_dry_run_changes_nothing_at_all() {
    let sandbox = Sandbox::with(ONE_FILE);
    let fresh = sandbox.all();
    sandbox
        .dgmo("switch --dry-run")
        .works()
        .says("generation 1 would be made")
        .says("+ .config/app");
    fresh.assert_same(&sandbox.all(), "a look at a fresh machine left something");

    sandbox.switch();
    sandbox.manifest("files: {.other: {text: x}}\nenv: {A: b}\n");
    let before = sandbox.all();
    let plan = sandbox.dgmo("switch --dry-run --json").works().json();
    assert_eq!(plan["outcome"], "planned");
    assert_eq!(plan["generation"], 2);
    sandbox.dgmo("rollback 0 --dry-run").works();
    sandbox.dgmo("generations prune --dry-run").works();
    before.assert_same(&sandbox.all(), "a look changed something");
}

#[test]
fn a_dry_run_in_a_profile_that_is_not_there_does_not_make_it() {
    let sandbox = Sandbox::with(ONE_FILE);
    sandbox.switch();
    let before = sandbox.all();
    sandbox
        .dgmo("switch --dry-run --profile other")
        .works()
        .says("belongs to the profile `default`");
    before.assert_same(&sandbox.all(), "a look changed something");
}

#[test]
fn looking_changes_nothing_at_all() {
    let sandbox = Sandbox::with(ONE_FILE);
    sandbox.switch();
    let before = sandbox.all();
    for line in [
        "",
        "status",
        "generations",
        "generations list",
        "generations show",
        "generations show 0",
        "diff",
        "diff 0",
        "generations diff 0 1",
        "history",
        "profiles",
        "env --follow",
        "tree",
        "why ../user/.config/app",
        "allow --list",
        "exec --dry-run true",
        "shell --dry-run",
        "hook bash",
        "explain",
        "explain DG3020",
        "completions bash",
        "--version",
    ] {
        sandbox.dgmo(line).works();
        sandbox.dgmo(&format!("{line} --json")).works();
    }
    before.assert_same(&sandbox.all(), "a look changed something");
}

#[test]
fn locked_refuses_when_the_lock_would_change_and_changes_nothing() {
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\n");
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\necho one\n");
    let before = sandbox.all();
    sandbox
        .dgmo("switch --locked")
        .exits(1)
        .fails("DG1101")
        .says("tool would be added");
    before.assert_same(&sandbox.all(), "a refused switch changed something");
    sandbox.dgmo("lock").works();
    sandbox.dgmo("switch --locked").works();
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\necho two\n");
    let before = sandbox.all();
    sandbox
        .dgmo("switch --locked")
        .exits(1)
        .fails("DG1101")
        .says("tool has other content");
    before.assert_same(&sandbox.all(), "a refused switch changed something");
}

#[test]
fn offline_works_from_what_is_here_and_names_what_is_not() {
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\n");
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\n");
    sandbox.dgmo("switch --offline").works();
    sandbox.manifest("packages: {far: {url: \"http://127.0.0.1:9/far.tar.gz\"}}\n");
    let before = sandbox.all();
    sandbox
        .dgmo("switch --offline")
        .exits(1)
        .fails("DG1203")
        .says("http://127.0.0.1:9/far.tar.gz");
    before.assert_same(&sandbox.all(), "a refused switch changed something");
}

#[test]
fn the_target_folder_is_remembered_by_the_profile() {
    let sandbox = Sandbox::with(ONE_FILE);
    let target = sandbox.root().join("elsewhere");
    let target = target.to_str().unwrap();
    sandbox.dgmo(&format!("switch --target {target}")).works();
    assert!(sandbox.exists("elsewhere/.config/app"));
    sandbox.manifest("files: {.two: {text: two}}\n");
    sandbox.switch();
    assert!(sandbox.exists("elsewhere/.two") && !sandbox.exists("elsewhere/.config"));
    assert!(!sandbox.exists("user/.two"));
    sandbox.dgmo("status").works().says(target);
    let user = sandbox.user();
    let before = sandbox.all();
    sandbox
        .dgmo(&format!("switch --target {}", user.display()))
        .exits(1)
        .fails("DG3024");
    before.assert_same(&sandbox.all(), "a refused switch changed something");
    sandbox.dgmo("rollback 0").works();
    sandbox
        .dgmo(&format!("switch --target {}", user.display()))
        .works();
    assert!(sandbox.exists("user/.two"));
}

#[test]
fn rollback_goes_one_back_to_a_number_and_to_a_label() {
    let sandbox = Sandbox::with(ONE_FILE);
    sandbox.switch();
    sandbox.manifest(&ONE_FILE.replace("one", "two"));
    sandbox.dgmo("switch --label second -m why").works();
    sandbox.manifest(&ONE_FILE.replace("one", "three"));
    sandbox.switch();
    sandbox
        .dgmo("rollback")
        .works()
        .says("generation 2 is current (before: 3)");
    assert_eq!(sandbox.read("user/.config/app"), "two\n");
    sandbox.dgmo("rollback 1").works();
    assert_eq!(sandbox.read("user/.config/app"), "one\n");
    sandbox.dgmo("rollback second").works();
    assert_eq!(sandbox.current(), 2);
    sandbox.dgmo("generations switch 3").works();
    assert_eq!(sandbox.current(), 3);
    sandbox
        .dgmo("rollback 3")
        .works()
        .says("is current already");
    sandbox.dgmo("rollback 4").exits(1).fails("DG3001");
    sandbox.dgmo("rollback nonesuch").exits(1).fails("DG3001");
    sandbox.dgmo("rollback 0").works();
    assert!(!sandbox.exists("user/.config"));
    sandbox.dgmo("rollback").exits(1).fails("DG3001");
    // Numbers only go up: what was rolled back from is not overwritten.
    sandbox.manifest(&ONE_FILE.replace("one", "four"));
    sandbox.switch().says("generation 4 is current (before: 0)");
}

#[test]
fn rollback_needs_no_manifest_and_no_source() {
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\nfiles: {.x: {source: x}}\n");
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\necho one\n");
    sandbox.write("work/x", "one");
    sandbox.switch();
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\necho two\n");
    sandbox.write("work/x", "two");
    sandbox.switch();
    for path in ["work/dgmo.yaml", "work/dgmo.lock", "work/tool", "work/x"] {
        sandbox.remove(path);
    }
    sandbox.dgmo("rollback").works();
    assert_eq!(sandbox.read("user/.x"), "one");
    let tool = sandbox.profile().join("current/view/bin/tool");
    assert!(sandbox.read(tool).contains("echo one"));
}

#[test]
fn status_tells_what_is_not_as_it_shall_be_and_switch_mends_it() {
    let sandbox = Sandbox::with(
        "packages: {tool: {path: ./tool}}\nfiles:\n  .a: {text: a}\n  .d: {source: d}\n  .c: {text: c, as: copy}\n",
    );
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\n");
    sandbox.write("work/d/e", "e");
    sandbox.switch();
    sandbox
        .dgmo("status")
        .works()
        .says("everything is as the generation says");
    sandbox.remove("user/.a");
    sandbox.remove("user/.c");
    let status = sandbox.dgmo("status --json").exits(3).json();
    assert_eq!(status["drift"].as_array().unwrap().len(), 2, "{status}");
    sandbox.switch().says("put right");
    sandbox.dgmo("status").works();
    assert_eq!(sandbox.current(), 1);
    // What the store laid out, and what the generation itself holds, is looked at too.
    for damage in ["home/store/trees", "home/profiles/default/current/files/.a"] {
        if damage.ends_with("trees") {
            for entry in fs::read_dir(sandbox.root().join(damage)).unwrap() {
                sandbox.remove(entry.unwrap().path());
            }
        } else {
            sandbox.remove(damage);
        }
        sandbox.dgmo("status").exits(3).says("is missing");
        sandbox.switch();
        sandbox.dgmo("status").works();
        assert_eq!(sandbox.read("user/.a"), "a", "{damage}");
        assert_eq!(sandbox.read("user/.d/e"), "e", "{damage}");
        assert!(sandbox.exists("home/profiles/default/current/view/bin/tool"));
    }
}

#[test]
fn one_tree_of_a_home_folder_that_is_gone_is_noticed_too() {
    let sandbox = Sandbox::with("files: {.d: {source: d}}\n");
    sandbox.write("work/d/e", "e");
    sandbox.switch();
    let tree = fs::canonicalize(sandbox.user().join(".d")).unwrap();
    sandbox.remove(&tree);
    sandbox.dgmo("status").exits(3).says("is missing");
    sandbox.switch();
    assert_eq!(sandbox.read("user/.d/e"), "e");
}

#[test]
fn modes_are_what_the_manifest_says_whatever_the_umask() {
    let sandbox = Sandbox::with(
        "files:\n  .a: {text: a, mode: \"0600\", as: copy}\n  .b: {text: b, mode: \"0755\"}\n  .c: {text: c, as: copy}\n  .d: {text: d}\n  .e: {source: e, as: copy}\n",
    );
    sandbox.program("work/e", "#!/bin/sh\n");
    sandbox.sh("umask 077; dgmo switch").works();
    let mode = |name: &str| {
        let metadata = fs::metadata(sandbox.user().join(name)).unwrap();
        metadata.permissions().mode() & 0o7777
    };
    assert_eq!(mode(".a"), 0o600);
    assert_eq!(mode(".b"), 0o755);
    assert_eq!(mode(".c"), 0o644);
    assert_eq!(mode(".d"), 0o444);
    assert_eq!(mode(".e"), 0o755);
    sandbox.sh("umask 0; dgmo status").works();
}

#[test]
fn the_manifest_is_found_here_above_and_in_the_settings() {
    let sandbox = Sandbox::with(ONE_FILE);
    fs::create_dir_all(sandbox.work().join("deep/er")).unwrap();
    sandbox
        .sh("cd deep/er && dgmo switch --dry-run")
        .works()
        .says("generation 1 would be made");
    sandbox.sh("dgmo switch -f . --dry-run").works();
    sandbox.rename("work/dgmo.yaml", "work/other.yaml");
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG1001")
        .says("run `dgmo init`");
    sandbox.dgmo("switch -f other.yaml --dry-run").works();
    sandbox
        .dgmo("switch -f nowhere/dgmo.yaml")
        .exits(1)
        .fails("DG1001");
    sandbox.write("user/.config/dgmo/dgmo.yaml", "dgmo: 1\n");
    sandbox.dgmo("switch --dry-run").works();
}

#[test]
fn going_back_lays_out_what_somebody_deleted() {
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\nfiles: {.d: {source: d}}\n");
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\n");
    sandbox.write("work/d/e", "e");
    sandbox.switch();
    sandbox.manifest("");
    sandbox.switch();
    for entry in fs::read_dir(sandbox.home().join("store/trees")).unwrap() {
        sandbox.remove(entry.unwrap().path());
    }
    sandbox.dgmo("rollback 1").works();
    assert_eq!(sandbox.read("user/.d/e"), "e");
    assert!(sandbox.exists("home/profiles/default/current/view/bin/tool"));
    sandbox.dgmo("status").works();
}

#[test]
fn a_tree_object_that_is_gone_is_written_again() {
    let sandbox = Sandbox::with("files: {.d: {source: d, as: links}}\n");
    sandbox.write("work/d/e/f", "f");
    sandbox.switch();
    for shard in fs::read_dir(sandbox.home().join("store/objects")).unwrap() {
        for object in fs::read_dir(shard.unwrap().path()).unwrap() {
            sandbox.remove(object.unwrap().path());
        }
    }
    sandbox.dgmo("store verify").exits(3);
    sandbox.switch();
    sandbox.dgmo("status").works();
    sandbox.dgmo("store verify").works();
    assert_eq!(sandbox.current(), 1);
}
