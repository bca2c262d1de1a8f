//! The ways a home file can be there, and going from each to each.

use std::fs;

use super::Sandbox;

const WAYS: [&str; 3] = ["link", "links", "copy"];

fn folder(way: &str) -> String {
    format!("files: {{.f: {{source: f, as: {way}}}}}\n")
}

fn furnish(sandbox: &Sandbox) {
    sandbox.write("work/f/one", "1");
    sandbox.program("work/f/run", "#!/bin/sh\n");
    sandbox.write("work/f/deep/er/two", "2");
    sandbox.link("../one", "work/f/deep/up");
}

fn is_there(sandbox: &Sandbox, way: &str) {
    for (path, text) in [
        ("one", "1"),
        ("run", "#!/bin/sh\n"),
        ("deep/er/two", "2"),
        ("deep/up", "1"),
    ] {
        assert_eq!(sandbox.read(format!("user/.f/{path}")), text, "as {way}");
    }
    let kind = |path: &str| fs::symlink_metadata(sandbox.user().join(path)).unwrap();
    assert_eq!(kind(".f").is_symlink(), way == "link", "as {way}");
    if way != "link" {
        assert_eq!(kind(".f/one").is_symlink(), way == "links", "as {way}");
        assert!(kind(".f/deep/er").is_dir(), "as {way}");
    }
    sandbox.dgmo("status").works();
}

#[test]
fn every_way_becomes_every_other_and_goes_without_a_trace() {
    for from in WAYS {
        for to in WAYS {
            let sandbox = Sandbox::with(&folder(from));
            furnish(&sandbox);
            let before = sandbox.target();
            sandbox.switch();
            is_there(&sandbox, from);
            sandbox.manifest(&folder(to));
            sandbox.switch();
            is_there(&sandbox, to);
            sandbox.dgmo("rollback 1").works();
            is_there(&sandbox, from);
            let last = if from == to { 1 } else { 2 };
            sandbox.dgmo(&format!("rollback {last}")).works();
            is_there(&sandbox, to);
            sandbox.dgmo("rollback 0").works();
            before.assert_same(&sandbox.target(), &format!("{from} to {to}"));
        }
    }
}

#[test]
fn files_of_the_user_beside_links_stop_a_change_to_one_link() {
    for way in ["links", "copy"] {
        let sandbox = Sandbox::with(&folder(way));
        furnish(&sandbox);
        sandbox.switch();
        sandbox.write("user/.f/deep/mine", "mine");
        sandbox.manifest(&folder("link"));
        let before = sandbox.target();
        sandbox
            .dgmo("switch")
            .exits(1)
            .fails("DG3020")
            .says("is a folder of yours");
        before.assert_same(&sandbox.target(), way);
        sandbox.dgmo("switch --backup").works();
        is_there(&sandbox, "link");
        assert_eq!(sandbox.read("user/.f.before-dgmo/deep/mine"), "mine");
        assert!(
            !sandbox.exists("user/.f.before-dgmo/one"),
            "{way}: ours was set aside with it"
        );
        sandbox.dgmo("rollback 0").works();
        assert_eq!(sandbox.read("user/.f/deep/mine"), "mine");
        assert!(!sandbox.exists("user/.f/one") && !sandbox.exists("user/.f.before-dgmo"));
    }
}

#[test]
fn a_users_folder_with_our_links_in_it_can_become_a_link() {
    let sandbox = Sandbox::with(&folder("links"));
    furnish(&sandbox);
    sandbox.write("user/.f/mine", "mine");
    fs::create_dir_all(sandbox.user().join(".f/deep")).unwrap();
    let before = sandbox.target();
    sandbox.switch();
    is_there(&sandbox, "links");
    sandbox.manifest(&folder("link"));
    sandbox.dgmo("switch").exits(1).fails("DG3020");
    sandbox.dgmo("switch --backup").works();
    is_there(&sandbox, "link");
    sandbox.dgmo("rollback 1").works();
    is_there(&sandbox, "links");
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "rollback 0 did not restore");
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    let sandbox = Sandbox::with("files: {.f: {text: one}}\n");
    furnish(&sandbox);
    let before = sandbox.target();
    sandbox.switch();
    for way in WAYS {
        sandbox.manifest(&folder(way));
        sandbox.switch();
        is_there(&sandbox, way);
        sandbox.manifest("files: {.f: {text: one, as: copy}}\n");
        sandbox.switch();
        assert_eq!(sandbox.read("user/.f"), "one");
        sandbox.dgmo("status").works();
    }
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "rollback 0 did not restore");
}

#[test]
fn content_of_a_spread_folder_follows_its_source() {
    for way in WAYS {
        let sandbox = Sandbox::with(&folder(way));
        furnish(&sandbox);
        sandbox.switch();
        sandbox.remove("work/f/one");
        sandbox.write("work/f/deep/er/two", "22");
        sandbox.write("work/f/new/three", "3");
        sandbox.switch();
        assert!(!sandbox.exists("user/.f/one"), "{way}");
        assert_eq!(sandbox.read("user/.f/deep/er/two"), "22");
        assert_eq!(sandbox.read("user/.f/new/three"), "3");
        sandbox.dgmo("status").works();
        sandbox.dgmo("rollback").works();
        is_there(&sandbox, way);
        assert!(!sandbox.exists("user/.f/new"));
        sandbox.dgmo("rollback 0").works();
        assert!(!sandbox.exists("user/.f"));
    }
}
