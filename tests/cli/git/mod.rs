//! Packages from repositories of git: which commit, what of it is taken, and what of a lock stays.

mod content;
mod failing;
pub(crate) mod repository;

use super::Sandbox;
use repository::Daemon;
use repository::Repository;

/// Whether there is a `git`; it is told where there is none.
pub(crate) fn is_there() -> bool {
    let there = std::process::Command::new("git").arg("--version").output();
    if there.is_err() {
        println!("skipped: there is no `git` here (Debian's package `git`)");
    }
    there.is_ok()
}

#[track_caller]
fn hello_says(sandbox: &Sandbox, words: &str) {
    sandbox
        .sh("eval \"$(dgmo env)\"; hello")
        .works()
        .says(words);
}

#[test]
fn the_newest_tag_that_fits_is_taken() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(
        &sandbox,
        &["v1.0.0", "v1.2.0", "v1.10.0", "v2.0.0-rc.1", "v2.0.0"],
    );
    repository.manifest(", version: \"1\"");
    sandbox.switch();
    hello_says(&sandbox, "v1.10.0");
    let lock = sandbox.read("work/dgmo.lock");
    let commit = repository.git(&["rev-parse", "v1.10.0^{commit}"]);
    assert!(lock.contains(&commit), "{lock}");
    assert!(
        lock.contains("\"any\""),
        "it holds for every system: {lock}"
    );

    sandbox.switch().says("nothing to do");
    repository.release("v1.11.0");
    sandbox
        .dgmo("outdated")
        .exits(3)
        .says("v1.11.0")
        .says("v2.0.0");
    sandbox.switch().says("nothing to do");
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "v1.11.0");
    sandbox.dgmo("rollback").works();
    hello_says(&sandbox, "v1.10.0");
    sandbox
        .dgmo("info tools")
        .works()
        .says("v2.0.0")
        .says("main");
}

#[test]
fn a_branch_is_followed_and_a_commit_stands() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0"]);
    let old = repository.git(&["rev-parse", "HEAD"]);
    for more in [", version: main", ", rev: main"] {
        repository.program("bin/hello", &format!("on main, {}", more.len()));
        let commit = repository.commit("more");
        repository.manifest(more);
        sandbox.dgmo("update").works();
        sandbox.switch();
        hello_says(&sandbox, &format!("on main, {}", more.len()));
        assert!(sandbox.read("work/dgmo.lock").contains(&commit));
        repository.program("bin/hello", "further");
        let next = repository.commit("further");
        sandbox.switch().says("nothing to do");
        sandbox.dgmo("outdated").exits(3).says(&next);
        sandbox.dgmo("update").works();
        sandbox.switch();
        hello_says(&sandbox, "further");
        sandbox.dgmo("outdated").works();
    }
    for (more, says) in [
        (format!(", rev: {old}"), "v1.0.0"),
        (", rev: main".to_owned(), "further"),
        (", rev: v1.0.0".to_owned(), "v1.0.0"),
    ] {
        repository.manifest(&more);
        sandbox.switch();
        hello_says(&sandbox, says);
        sandbox.dgmo("outdated").works();
    }
}

#[test]
fn a_server_of_git_is_asked_for_one_commit() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0", "v1.1.0", "v1.2.0"]);
    let daemon = Daemon::over(&sandbox);
    repository::manifest(&sandbox, &daemon.url("tools"), ", version: \"=1.1.0\"");
    sandbox.switch();
    hello_says(&sandbox, "v1.1.0");
    let fetched = sandbox.sh("git -C ../home/cache/git/*.git rev-list --count --all");
    assert_eq!(fetched.works().stdout, "1\n", "only that commit came");

    // What is locked is fetched though nothing leads to it any more.
    repository.git(&["tag", "--delete", "v1.1.0"]);
    let other = Sandbox::new();
    other.write("work/dgmo.yaml", sandbox.read("work/dgmo.yaml"));
    other.write("work/dgmo.lock", sandbox.read("work/dgmo.lock"));
    other.switch();
    hello_says(&other, "v1.1.0");
    let id = |sandbox: &Sandbox| sandbox.dgmo("generations show --json").json()["id"].clone();
    assert_eq!(id(&sandbox), id(&other));
}

#[test]
fn a_server_that_gives_only_what_has_a_name_is_asked_for_all() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0", "v1.1.0"]);
    let between = repository.git(&["rev-parse", "v1.0.0^{commit}"]);
    let daemon = Daemon::over(&sandbox);
    // The protocol before the second refuses what no name leads to.
    sandbox.write("user/.gitconfig", "[protocol]\n\tversion = 0\n");
    repository.git(&["tag", "--delete", "v1.0.0"]);
    repository::manifest(&sandbox, &daemon.url("tools"), &format!(", rev: {between}"));
    sandbox.switch();
    hello_says(&sandbox, "v1.0.0");
    repository::manifest(&sandbox, &daemon.url("tools"), "");
    sandbox.switch();
    hello_says(&sandbox, "v1.1.0");

    let gone = "1".repeat(40);
    repository::manifest(&sandbox, &daemon.url("tools"), &format!(", rev: {gone}"));
    sandbox
        .dgmo("switch")
        .fails("DG1221")
        .says("does not have the commit");
}

#[test]
fn the_same_lock_is_made_on_every_machine() {
    if !is_there() {
        return;
    }
    let one = Sandbox::new();
    let repository = Repository::with(&one, &["v1.0.0"]);
    let systems = |names: &str| {
        format!(
            "systems: [{names}]\npackages:\n  tools: {{git: \"{}\"}}\n",
            repository.url()
        )
    };
    one.manifest(&systems("x86_64-linux"));
    one.switch();
    let lock = one.read("work/dgmo.lock");
    repository.release("v1.1.0");
    one.manifest(&systems("x86_64-linux, aarch64-darwin"));
    one.dgmo("lock").works();
    assert_eq!(
        one.read("work/dgmo.lock"),
        lock,
        "a further system changes nothing"
    );
    let other = Sandbox::new();
    other.manifest(&systems("aarch64-darwin").replace("git: \"", "version: \"=1\", git: \""));
    other.dgmo("lock").works();
    assert_eq!(other.read("work/dgmo.lock"), lock);
}

#[test]
fn what_is_locked_needs_no_repository() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    Repository::with(&sandbox, &["v1.0.0"]);
    let daemon = Daemon::over(&sandbox);
    repository::manifest(&sandbox, &daemon.url("tools"), "");
    sandbox.dgmo("switch --offline").fails("DG1203");
    sandbox.switch();
    drop(daemon);
    sandbox.remove("repos");
    // What was made of it is in the store.
    sandbox.remove("home/cache/git");
    sandbox.remove("home/cache/made");
    sandbox.manifest(
        &sandbox
            .read("work/dgmo.yaml")
            .replace("dgmo: 1\n", "env: {A: b}\n"),
    );
    sandbox.dgmo("switch --offline").works();
    hello_says(&sandbox, "v1.0.0");
}

#[test]
fn the_settings_of_git_hold() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0"]);
    let base = sandbox.root().join("repos");
    let settings = format!(
        "[url \"file://{}/\"]\n\tinsteadOf = https://git.example.org/\n",
        base.display()
    );
    sandbox.write("user/.gitconfig", settings);
    repository::manifest(&sandbox, "https://git.example.org/tools", "");
    sandbox.switch();
    hello_says(&sandbox, "v1.0.0");
    let lock = sandbox.read("work/dgmo.lock");
    assert!(!lock.contains(base.to_str().unwrap()), "{lock}");

    // A path does as well, also one from the user's folder.
    for place in [repository.path().display().to_string(), "~/src".to_owned()] {
        sandbox.link(repository.path(), &format!("user/src{}", place.len()));
        let place = place.replace("~/src", &format!("~/src{}", place.len()));
        repository::manifest(&sandbox, &place, "");
        sandbox.switch();
        hello_says(&sandbox, "v1.0.0");
    }
}

#[test]
fn a_package_is_added_by_its_address() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0", "v2.0.0"]);
    sandbox.manifest("packages: {}\n");
    sandbox
        .run(&["add", &format!("git:{}@1", repository.url())])
        .works();
    hello_says(&sandbox, "v1.0.0");
    let manifest = sandbox.read("work/dgmo.yaml");
    assert!(manifest.contains("tools: {git:"), "{manifest}");
    sandbox
        .run(&["info", &format!("git:{}", repository.url())])
        .works()
        .says("v2.0.0");
}
