//! One package brought to the version somebody names, for once or for good.

use super::Sandbox;
use super::forge::Forge;
use super::forge::archive;

fn forge(sandbox: &Sandbox, tags: &[&str]) -> Forge {
    let forge = Forge::new();
    for tag in tags {
        let files = ["tool-linux-amd64.tar.gz", "tool-linux-arm64.tar.gz"];
        forge.publish(tag, &files.map(|name| (name, archive(sandbox, tag))));
    }
    forge
}

#[track_caller]
fn tool_says(sandbox: &Sandbox, words: &str) {
    sandbox.sh("eval \"$(dgmo env)\"; tool").works().says(words);
}

#[test]
fn a_version_is_locked_and_stays_until_the_next_update() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.2.0", "v1.2.7", "v1.3.0", "v1.4.0"]);
    forge.manifest(&sandbox, ", version: \"1\"");
    sandbox.switch();
    tool_says(&sandbox, "v1.4.0");
    let manifest = sandbox.read("work/dgmo.yaml");
    // Written out it is that one, and not what is compatible with it.
    sandbox
        .dgmo("update tool --to 1.2.0")
        .works()
        .says("`--edit` keeps");
    tool_says(&sandbox, "v1.2.0");
    sandbox.switch().says("nothing to do");
    sandbox.dgmo("lock --check").works();
    // A line of versions is the newest of it.
    sandbox.dgmo("update tool --to ~1.2").works();
    tool_says(&sandbox, "v1.2.7");
    sandbox
        .dgmo("update tool --to 1.3.0 --dry-run")
        .works()
        .says("1.3.0");
    tool_says(&sandbox, "v1.2.7");
    for none in ["nonsense", "9.9.9"] {
        let ran = sandbox.dgmo(&format!("update tool --to {none}"));
        ran.fails("DG1223").says("the newest are 1.4.0");
    }
    sandbox.dgmo("update").works();
    tool_says(&sandbox, "v1.4.0");
    assert_eq!(sandbox.read("work/dgmo.yaml"), manifest);
}

#[test]
fn a_version_that_is_kept_out_is_let_in_by_an_edit() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0", "v2.0.0", "v2.1.0"]);
    forge.manifest(&sandbox, ", version: \"1\"} # the tool\n  # and no more: {");
    let manifest = sandbox.read("work/dgmo.yaml");
    sandbox.switch();
    let lock = sandbox.read("work/dgmo.lock");
    let ran = sandbox.dgmo("update tool --to 2.0.0").fails("DG1223");
    ran.says("its `version:` is `1`")
        .says("dgmo update tool --to '2.0.0' --edit");
    sandbox
        .dgmo("update tool --to 2.0.0 --edit --dry-run")
        .works();
    assert_eq!(sandbox.read("work/dgmo.yaml"), manifest);
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);

    sandbox.dgmo("update tool --to 2.0.0 --edit").works();
    tool_says(&sandbox, "v2.0.0");
    let exact = manifest.replace("version: \"1\"", "version: \"=2.0.0\"");
    assert_eq!(sandbox.read("work/dgmo.yaml"), exact);
    // It is kept to, whatever is updated.
    sandbox.dgmo("update").works();
    tool_says(&sandbox, "v2.0.0");
    sandbox.dgmo("update tool --to 2 --edit").works();
    tool_says(&sandbox, "v2.1.0");
    let line = manifest.replace("version: \"1\"", "version: \"2\"");
    assert_eq!(sandbox.read("work/dgmo.yaml"), line);
    // What there is not changes nothing.
    sandbox.dgmo("update tool --to 7 --edit").fails("DG1223");
    assert_eq!(sandbox.read("work/dgmo.yaml"), line);
}

#[test]
fn an_address_has_the_version_the_manifest_says() {
    let sandbox = Sandbox::new();
    for version in ["1", "2"] {
        sandbox.program(
            &format!("site/tool-{version}"),
            &format!("#!/bin/sh\necho v{version}\n"),
        );
    }
    let site = sandbox.root().join("site");
    sandbox.manifest(&format!(
        "packages:\n  tool: {{url: \"file://{}/tool-{{version}}\", version: 1}}\n  notes: {{path: ./notes}}\n",
        site.display()
    ));
    sandbox.program("work/notes", "#!/bin/sh\n");
    sandbox.switch();
    sandbox
        .dgmo("update tool --to 2")
        .exits(2)
        .says("dgmo update tool --to '2' --edit");
    sandbox.dgmo("update tool --to 2 --edit").works();
    tool_says(&sandbox, "v2");
    assert!(sandbox.read("work/dgmo.yaml").contains("version: \"2\"}"));
    for (line, words) in [
        ("update notes --to 2", "has no versions"),
        ("update tool notes --to 2", "one package"),
        ("update --to 2", "PKG"),
        ("update tool --edit", "--to"),
    ] {
        sandbox.dgmo(line).exits(2).says(words);
    }
    sandbox.dgmo("update nothing --to 2").fails("DG1022");
}
