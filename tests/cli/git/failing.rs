//! What goes wrong with repositories: it is told, and the next command works.

use std::os::unix::fs::PermissionsExt;

use super::Sandbox;
use super::hello_says;
use super::is_there;
use super::repository;
use super::repository::Daemon;
use super::repository::Repository;

#[test]
fn what_is_not_there_is_told_with_a_remedy() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0"]);
    for (more, code, says) in [
        (", version: \"7\"", "DG1223", "the newest are v1.0.0"),
        (", rev: nothing", "DG1223", "with `rev:`"),
        (", version: nothing", "DG1223", "with `rev:`"),
    ] {
        repository.manifest(more);
        sandbox.dgmo("switch").fails(code).says(says);
    }
    for (url, says) in [
        (
            "file:///nowhere/tools",
            "`git ls-remote file:///nowhere/tools`",
        ),
        ("git://127.0.0.1:1/tools", "git ls-remote"),
        ("git@127.0.0.1:tools", "git ls-remote"),
    ] {
        repository::manifest(&sandbox, url, "");
        sandbox.dgmo("switch").fails("DG1201").says(says);
    }
    for (url, says) in [
        ("tools", "`git clone`"),
        (
            "https://me:secret@git.example.org/x",
            "leave the password out",
        ),
        ("ext::touch", "`git clone`"),
    ] {
        repository::manifest(&sandbox, url, "");
        sandbox.dgmo("switch").fails("DG1007").says(says);
    }
    assert!(!sandbox.exists("work/dgmo.lock"));
}

#[test]
fn without_git_it_is_said_what_to_install() {
    let sandbox = Sandbox::new();
    repository::manifest(&sandbox, "https://git.example.org/tools", "");
    let empty = sandbox.root().join("bin");
    let ran = sandbox.run_with(&["switch"], &[("PATH", empty.to_str().unwrap())]);
    ran.fails("DG1235").says("install `git`");
}

#[test]
fn what_a_killed_fetch_left_is_cleared_away() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0"]);
    repository.manifest("");
    sandbox.dgmo("lock").works();
    let folder = sandbox.sh("echo ../home/cache/git/*.git").works().stdout;
    let folder = format!("home{}", folder.trim().trim_start_matches("../home"));

    // git's own lock of one that was killed.
    repository.release("v1.1.0");
    sandbox.write(format!("{folder}/shallow.lock"), "");
    sandbox.dgmo("update").works();
    // A repository that was being made.
    repository.release("v1.2.0");
    sandbox.remove(format!("{folder}/HEAD"));
    sandbox.dgmo("update").works();
    // Objects that are damaged.
    sandbox.sh(&format!(
        "cd .. && chmod -R u+w {folder} && for pack in {folder}/objects/pack/*.pack; do : >$pack; done"
    ));
    sandbox.switch();
    hello_says(&sandbox, "v1.2.0");
    sandbox.remove("home/cache/git");
    repository.release("v1.3.0");
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "v1.3.0");
}

#[test]
fn a_fetch_that_is_killed_is_made_again() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::empty(&sandbox, "tools");
    for number in 0..40_u8 {
        let noise: Vec<u8> = (0..200_000_u32)
            .map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[2] ^ number)
            .collect();
        repository.write(&format!("noise/{number}"), noise);
    }
    repository.release("v1.0.0");
    repository.manifest("");
    for pause in [5, 20, 40, 80, 160] {
        let mut child = sandbox.command(&["lock"]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(pause));
        drop(child.kill());
        drop(child.wait());
        if pause % 40 == 0 {
            sandbox.sh("rm -rf ../home/cache/git");
        }
    }
    sandbox.switch();
    hello_says(&sandbox, "v1.0.0");
    sandbox.dgmo("store verify").works();
}

#[test]
fn two_processes_fetch_the_same_repository_at_once() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0", "v2.0.0"]);
    let daemon = Daemon::over(&sandbox);
    let children: Vec<_> = (0..4)
        .map(|number| {
            let folder = format!("work{number}");
            let version = number % 2 + 1;
            sandbox.write(
                format!("{folder}/dgmo.yaml"),
                format!(
                    "dgmo: 1\npackages: {{tools: {{git: \"{}\", version: \"{version}\"}}}}\n",
                    daemon.url("tools")
                ),
            );
            let mut command = sandbox.command(&["lock"]);
            command.current_dir(sandbox.root().join(folder));
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for number in 0..4 {
        let commit = repository.git(&["rev-parse", &format!("v{}.0.0^{{commit}}", number % 2 + 1)]);
        let lock = sandbox.read(format!("work{number}/dgmo.lock"));
        assert!(lock.contains(&commit), "{lock}");
    }
}

#[test]
fn a_damaged_store_is_repaired_from_the_repository() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0"]);
    repository.manifest("");
    sandbox.switch();
    let found = sandbox
        .sh("grep -l 'echo v1.0.0' -r ../home/store/objects | head -1")
        .works();
    let path = format!("home{}", found.stdout.trim().trim_start_matches("../home"));
    let full = sandbox.root().join(&path);
    std::fs::set_permissions(&full, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(&full, "damaged").unwrap();
    sandbox.dgmo("repair").works();
    hello_says(&sandbox, "v1.0.0");
    sandbox.dgmo("store verify").works();
}

#[test]
fn a_tree_that_is_not_what_was_locked_is_refused() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0", "v2.0.0"]);
    repository.manifest(", version: \"1\"");
    sandbox.dgmo("lock").works();
    let old = repository.git(&["rev-parse", "v1.0.0^{commit}"]);
    let new = repository.git(&["rev-parse", "v2.0.0^{commit}"]);
    let lock = sandbox.read("work/dgmo.lock");
    sandbox.write("work/dgmo.lock", lock.replace(&old, &new));
    sandbox.dgmo("switch").fails("DG1281").says("dgmo update");
    // Nor is what stands there taken for a command.
    for (from, to) in [
        (old.as_str(), "--help"),
        (&repository.url(), "ext::touch x"),
    ] {
        sandbox.write("work/dgmo.lock", lock.replace(from, to));
        assert_ne!(sandbox.dgmo("switch --locked").exit, 0);
    }
    assert!(!sandbox.exists("work/x"));
}
