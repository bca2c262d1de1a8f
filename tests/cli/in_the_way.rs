//! Files of the user where dgmo wants to put its own.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::Sandbox;

const THREE: &str = "files:\n  .a: {text: a}\n  .b/c: {text: c}\n  .d: {source: d}\n";

/// Every kind of thing a user may have where `THREE` wants to be.
fn furnish(sandbox: &Sandbox) {
    sandbox.write("work/d/one", "1");
    sandbox.write("user/.a", "mine");
    sandbox.mode("user/.a", 0o400);
    sandbox.link("nowhere/at/all", "user/.b/c");
    sandbox.write("user/.d/deep/mine", "mine too");
    fs::create_dir(sandbox.user().join(".d/empty")).unwrap();
    beside(sandbox);
}

/// What lies beside and is nobody's business.
fn beside(sandbox: &Sandbox) {
    sandbox.write("user/.b/other", "other");
    sandbox.program("user/.b/run", "#!/bin/sh\n");
    sandbox.mode("user/.b", 0o700);
    fs::create_dir(sandbox.user().join("void")).unwrap();
    let odd = OsStr::from_bytes(b"\xff\xfe odd");
    fs::write(sandbox.user().join(odd), "odd").unwrap();
    fs::write(sandbox.user().join(".b").join(odd), "odd").unwrap();
    symlink(odd, sandbox.user().join(OsStr::from_bytes(b"to\xff"))).unwrap();
}

#[test]
fn all_are_listed_before_anything_changes() {
    let sandbox = Sandbox::with(THREE);
    furnish(&sandbox);
    let before = sandbox.target();
    let ran = sandbox.dgmo("switch").exits(1).fails("DG3020");
    let ran = ran.says("3 paths are in the way, so nothing was changed");
    let user = sandbox.user().display().to_string();
    ran.says(&format!("`{user}/.a` is a file of yours"))
        .says(&format!(
            "`{user}/.b/c` is a link of yours to `nowhere/at/all`"
        ))
        .says(&format!("`{user}/.d` is a folder of yours"))
        .says("--backup");
    before.assert_same(&sandbox.target(), "a refused switch changed something");
    assert_eq!(sandbox.current(), 0);
    let error = sandbox.dgmo("switch --json").exits(1).json();
    assert_eq!(error["error"]["code"], "DG3020");
    assert_eq!(error["error"]["exit"], 1);
    sandbox
        .dgmo("switch --dry-run")
        .works()
        .says("3 paths are in the way");
}

#[test]
fn backup_keeps_them_and_rollback_0_gives_them_back() {
    let sandbox = Sandbox::with(THREE);
    furnish(&sandbox);
    let before = sandbox.target();
    sandbox
        .dgmo("switch --backup")
        .works()
        .says(".a is kept as .a.before-dgmo")
        .says(".d is kept as .d.before-dgmo");
    assert_eq!(sandbox.read("user/.a"), "a");
    assert_eq!(sandbox.read("user/.a.before-dgmo"), "mine");
    assert_eq!(sandbox.read("user/.d/one"), "1");
    sandbox
        .dgmo("status")
        .works()
        .says(".a of yours is kept as .a.before-dgmo");
    sandbox
        .dgmo("rollback 0")
        .works()
        .says(".a comes back from .a.before-dgmo");
    before.assert_same(&sandbox.target(), "rollback 0 did not restore");
}

#[test]
fn a_name_for_a_backup_never_collides() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    sandbox.write("user/.a", "mine");
    sandbox.write("user/.a.before-dgmo", "an older one");
    fs::create_dir(sandbox.user().join(".a.before-dgmo.2")).unwrap();
    sandbox.link("gone", "user/.a.before-dgmo.3");
    let before = sandbox.target();
    sandbox
        .dgmo("switch --backup")
        .works()
        .says(".a.before-dgmo.4");
    assert_eq!(sandbox.read("user/.a.before-dgmo"), "an older one");
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "rollback 0 did not restore");
}

#[test]
fn rollback_0_restores_in_many_shapes() {
    let shapes: &[&str] = &[
        "files: {.b/x/y/z: {text: z}}\n",
        "files: {.b/run2: {text: r, mode: \"0755\"}, void/in: {text: i, as: copy}}\n",
        "files: {.b/tree: {source: d, as: links}}\n",
        "files: {void/tree: {source: d, as: copy}}\n",
        "files: {void/tree: {source: d}}\n",
        "files: {.b/deep: {source: d, as: links}, .b/deep/more/x: {text: x}}\n",
    ];
    for shape in shapes {
        let sandbox = Sandbox::with(shape);
        beside(&sandbox);
        sandbox.write("work/d/one", "1");
        sandbox.write("work/d/two/three", "3");
        sandbox.link("one", "work/d/four");
        let before = sandbox.target();
        sandbox.switch();
        sandbox.dgmo("status").works();
        sandbox.dgmo("rollback 0").works();
        before.assert_same(&sandbox.target(), shape);
    }
}

#[test]
fn rollback_0_restores_from_any_history() {
    // Each of these has something in the way of the one before, or leaves folders behind if it is not careful.
    let manifests = [
        "files: {x: {text: x}}\n",
        "files: {x/y: {text: y}}\n",
        "files: {x/y/z: {text: z}}\n",
        "files: {x: {source: d}}\n",
        "files: {x: {source: d, as: links}}\n",
        "files: {x: {source: d, as: copy}}\n",
    ];
    for first in manifests {
        for second in manifests {
            let sandbox = Sandbox::new();
            sandbox.write("work/d/one", "1");
            sandbox.write("work/d/two/three", "3");
            sandbox.write("user/x", "mine");
            let before = sandbox.target();
            for manifest in [first, second] {
                sandbox.manifest(manifest);
                sandbox.dgmo("switch --backup").works();
                sandbox.dgmo("status").works();
            }
            sandbox.dgmo("rollback 0").works();
            before.assert_same(&sandbox.target(), &format!("{first}{second}"));
        }
    }
}

#[test]
fn a_parent_folder_that_became_a_link_stops_it() {
    let sandbox = Sandbox::with("files: {.config/app/x: {text: x}}\n");
    sandbox.switch();
    sandbox.rename("user/.config", "elsewhere");
    sandbox.link("../elsewhere", "user/.config");
    sandbox.manifest("files: {.config/app/x: {text: x}, .config/app/y: {text: y}}\n");
    let before = sandbox.all();
    for line in ["switch", "switch --backup"] {
        sandbox
            .dgmo(line)
            .exits(1)
            .fails("DG3020")
            .says("lies below `.config`, which is a link to `../elsewhere`");
    }
    assert!(!sandbox.exists("elsewhere/app/y"));
    before.assert_same(&sandbox.all(), "a refused switch changed something");
    // Neither may the way back write or delete through it.
    let elsewhere = super::Snapshot::of(&sandbox.root().join("elsewhere"));
    sandbox.dgmo("rollback 0").works();
    elsewhere.assert_same(
        &super::Snapshot::of(&sandbox.root().join("elsewhere")),
        "rollback went through a link",
    );
}

#[test]
fn a_copy_the_user_changed_is_not_overwritten() {
    let sandbox = Sandbox::with("files: {.c: {text: one, as: copy}}\n");
    sandbox.switch();
    sandbox.write("user/.c", "mine now");
    sandbox.manifest("files: {.c: {text: two, as: copy}}\n");
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG3020")
        .says("was changed since dgmo wrote it");
    assert_eq!(sandbox.read("user/.c"), "mine now");
    sandbox.dgmo("status").exits(3).says(".c was changed");
    // Going back to nothing leaves it, too.
    sandbox
        .dgmo("rollback 0")
        .works()
        .says("was changed by you and stays yours");
    assert_eq!(sandbox.read("user/.c"), "mine now");
}

#[test]
fn backup_keeps_a_copy_the_user_changed() {
    let sandbox = Sandbox::with("files: {.c: {text: one, as: copy}}\n");
    sandbox.switch();
    sandbox.write("user/.c", "mine now");
    sandbox.dgmo("switch --backup").works();
    assert_eq!(sandbox.read("user/.c"), "one");
    assert_eq!(sandbox.read("user/.c.before-dgmo"), "mine now");
}

#[test]
fn a_file_put_where_dgmo_wants_to_add_later_stops_it() {
    let sandbox = Sandbox::with("files: {.d/a: {text: a}}\n");
    sandbox.switch();
    sandbox.write("user/.d/b", "mine");
    sandbox.manifest("files: {.d/a: {text: a}, .d/b: {text: b}}\n");
    sandbox.dgmo("switch").exits(1).fails("DG3020");
    assert_eq!(sandbox.read("user/.d/b"), "mine");
    sandbox.dgmo("switch --backup").works();
    sandbox.dgmo("rollback 0").works();
    assert_eq!(sandbox.read("user/.d/b"), "mine");
    assert!(!sandbox.exists("user/.d/a") && !sandbox.exists("user/.d/b.before-dgmo"));
}

#[test]
fn a_file_put_into_a_folder_dgmo_made_keeps_the_folder() {
    let sandbox = Sandbox::with("files: {.d/a: {text: a}}\n");
    sandbox.switch();
    sandbox.write("user/.d/mine", "mine");
    sandbox.dgmo("rollback 0").works();
    assert_eq!(sandbox.read("user/.d/mine"), "mine");
    assert!(!sandbox.exists("user/.d/a"));
}

#[test]
fn a_file_that_is_already_what_it_shall_be_stays_the_users() {
    let sandbox = Sandbox::with("files: {.c: {text: same, as: copy}}\n");
    sandbox.write("user/.c", "same");
    sandbox.mode("user/.c", 0o644);
    let before = sandbox.target();
    sandbox.switch();
    before.assert_same(&sandbox.target(), "there was nothing to do");
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "rollback 0 took the user's file");
    // It is the user's: a new content does not overwrite it.
    sandbox.switch();
    sandbox.manifest("files: {.c: {text: other, as: copy}}\n");
    sandbox.dgmo("switch").exits(1).fails("DG3020");
    assert_eq!(sandbox.read("user/.c"), "same");
    sandbox.dgmo("switch --backup").works();
    assert_eq!(sandbox.read("user/.c"), "other");
    sandbox.dgmo("rollback 0").works();
    before.assert_same(&sandbox.target(), "rollback 0 did not restore");
}

#[test]
fn two_profiles_that_claim_one_path_are_told() {
    let sandbox = Sandbox::with("files: {.a: {text: a}, .d/x: {text: x}, .e: {source: e}}\n");
    sandbox.write("work/e/f", "f");
    sandbox.switch();
    for manifest in [
        "files: {.a: {text: b}}\n",
        "files: {.d: {source: e}}\n",
        "files: {.e/f: {text: g}}\n",
        "files: {.a/b: {text: b}}\n",
    ] {
        sandbox.manifest(manifest);
        for line in [
            "switch --profile second",
            "switch --backup --profile second",
        ] {
            let before = sandbox.target();
            sandbox
                .dgmo(line)
                .exits(1)
                .fails("DG3020")
                .says("belongs to the profile `default`")
                .says("dgmo rollback 0 --profile default");
            before.assert_same(&sandbox.target(), manifest);
        }
    }
    sandbox.manifest("files: {.other: {text: o}, .d/y: {text: y}}\n");
    sandbox.dgmo("switch --profile second").works();
    let profiles = sandbox.dgmo("profiles --json").works().json();
    assert_eq!(profiles["profiles"].as_array().unwrap().len(), 2);
    sandbox.dgmo("rollback 0 --profile default").works();
    assert!(sandbox.exists("user/.d/y") && !sandbox.exists("user/.d/x"));
    sandbox.manifest("files: {.a: {text: b}, .d/y: {text: y}}\n");
    sandbox.dgmo("switch --profile second").works();
    sandbox.dgmo("rollback 0 --profile second").works();
    let left: Vec<_> = fs::read_dir(sandbox.user()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_link_dgmo_made_that_the_user_replaced_is_named() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    sandbox.switch();
    sandbox.remove("user/.a");
    sandbox.link("mine", "user/.a");
    sandbox
        .dgmo("status")
        .exits(3)
        .says("is a link to somewhere else");
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG3020")
        .says("is a link of yours to `mine`");
    sandbox.dgmo("switch --backup").works();
    sandbox.dgmo("status").works();
}
