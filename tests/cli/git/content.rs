//! What of a commit is taken: its objects as they are, under the rules of the store.

use super::Sandbox;
use super::hello_says;
use super::is_there;
use super::repository::Repository;

/// The folder of the package `tools`.
fn shown(sandbox: &Sandbox, path: &str) -> String {
    let shown = sandbox.dgmo("generations show --json").works().json();
    let id = shown["packages"]["tools"]["tree"].as_str().unwrap();
    format!("home/store/trees/{}/{path}", id.trim_start_matches("b3:"))
}

#[test]
fn no_attribute_or_setting_changes_a_byte() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::empty(&sandbox, "tools");
    repository.write("lines.txt", "one\ntwo\n");
    repository.write("stamped.txt", "$Format:%H$ $Id$\n");
    repository.write("left/out.txt", "is there\n");
    repository.write(
        ".gitattributes",
        "*.txt text eol=crlf ident\nstamped.txt export-subst\nleft export-ignore\nlarge.bin filter=lfs\n",
    );
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    repository.write("large.bin", pointer);
    let long = format!("{}/{}", "a".repeat(120), "b".repeat(120));
    repository.write(&long, "long\n");
    repository.write("odd \"name\"\t.txt", "odd\n");
    repository.write("empty", "");
    repository.write("big", vec![7; 300_000]);
    repository.release("v1");
    sandbox.link("lines.txt", "repos/tools/link");
    sandbox.link(&long, "repos/tools/long-link");
    repository.release("v2");
    sandbox.write(
        "user/.gitconfig",
        "[core]\n\tautocrlf = true\n[filter \"lfs\"]\n\tsmudge = false\n\trequired = true\n",
    );
    repository.manifest("");
    sandbox
        .switch()
        .says("`large.bin`")
        .says("pointer of Git LFS");
    hello_says(&sandbox, "v2");
    for (path, text) in [
        ("lines.txt", "one\ntwo\n"),
        ("stamped.txt", "$Format:%H$ $Id$\n"),
        ("left/out.txt", "is there\n"),
        ("large.bin", pointer),
        (&long, "long\n"),
        ("odd \"name\"\t.txt", "odd\n"),
        ("empty", ""),
        ("link", "one\ntwo\n"),
        ("long-link", "long\n"),
    ] {
        assert_eq!(sandbox.read(shown(&sandbox, path)), text, "{path}");
    }
    assert!(!sandbox.exists(shown(&sandbox, ".git")));
}

#[test]
fn a_folder_can_be_the_package() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::empty(&sandbox, "tools");
    repository.program("tools/shell/bin/hello", "from below");
    repository.release("v1");
    repository.manifest(", subdir: tools/shell");
    sandbox.switch();
    hello_says(&sandbox, "from below");
    repository.manifest("");
    sandbox.switch();
    hello_says(&sandbox, "v1");
    repository.manifest(", subdir: tools/none");
    sandbox
        .dgmo("switch")
        .fails("DG1221")
        .says("a folder `tools/none`");
}

#[test]
fn a_link_out_of_the_tree_is_refused() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1"]);
    sandbox.link("../../../user/.ssh", "repos/tools/bin/keys");
    repository.release("v2");
    repository.manifest("");
    sandbox.dgmo("switch").fails("DG1222").says("bin/keys");
    assert!(!sandbox.exists("work/dgmo.lock"));
    repository.manifest(", version: \"=1\"");
    sandbox.switch();
    hello_says(&sandbox, "v1");
}

#[test]
fn submodules_are_taken_where_that_is_asked_for() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let inner = Repository::empty(&sandbox, "inner");
    inner.write("words", "innermost");
    inner.commit("inner");
    let middle = Repository::empty(&sandbox, "middle");
    middle.write("words", "middle");
    middle.git(&["submodule", "--quiet", "add", "../inner", "deep"]);
    middle.commit("middle");
    let repository = Repository::empty(&sandbox, "tools");
    repository.git(&["submodule", "--quiet", "add", &middle.url(), "lib/middle"]);
    repository.release("v1");
    repository.manifest("");
    sandbox
        .switch()
        .says("has submodules")
        .says("`submodules: true`");
    assert!(!sandbox.exists(shown(&sandbox, "lib/middle/words")));

    repository.manifest(", submodules: true");
    sandbox.switch().says_nothing_of("has submodules");
    assert_eq!(sandbox.read(shown(&sandbox, "lib/middle/words")), "middle");
    assert_eq!(
        sandbox.read(shown(&sandbox, "lib/middle/deep/words")),
        "innermost"
    );
    let lock = sandbox.read("work/dgmo.lock");
    // The lock names each commit, so that it is the same when theirs go on.
    middle.write("words", "changed");
    middle.commit("changed");
    sandbox.dgmo("update").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
}

#[test]
fn a_submodule_leads_no_server_to_files_of_this_machine() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let secret = Repository::empty(&sandbox, "secret");
    secret.write("words", "secret");
    secret.commit("secret");
    let repository = Repository::empty(&sandbox, "tools");
    repository.git(&["submodule", "--quiet", "add", &secret.url(), "taken"]);
    repository.release("v1");
    let daemon = super::Daemon::over(&sandbox);
    super::repository::manifest(&sandbox, &daemon.url("tools"), ", submodules: true");
    sandbox.dgmo("switch").fails("DG1201").says("not allowed");

    // Nor is a program run.
    let trap = format!("ext::touch {}", sandbox.root().join("trapped").display());
    repository.git(&[
        "config",
        "--file",
        ".gitmodules",
        "submodule.taken.url",
        &trap,
    ]);
    repository.release("v2");
    sandbox
        .dgmo("switch")
        .fails("DG1222")
        .says("write its address");
    assert!(!sandbox.exists("trapped"));
}
