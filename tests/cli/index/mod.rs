//! Short names of tools: looked up in indexes, kept in the lock, and indexes that are not to be believed.

mod server;

use serde_json::json;

use super::Sandbox;
use crate::git::repository::Repository;
use crate::npm::registry::Registry;
use server::Publisher;

/// A registry with the tools that the sample indexes lead to; each program says its own name and version.
fn registry(sandbox: &Sandbox) -> Registry {
    let registry = Registry::new();
    for (package, program) in [
        ("tool@1.0.0", "tool"),
        ("tool@1.1.0", "tool"),
        ("tool@2.0.0", "tool"),
        ("tool-next@1.2.0", "tool"),
        ("our-ripgrep@9.0.0", "rg"),
        ("for-arm@1.1.0", "tool"),
    ] {
        let about = json!({"bin": {program: "cli"}});
        let text = format!("#!/bin/sh\necho {package}\n");
        registry.publish(sandbox, package, about, &[("cli", &text)]);
    }
    registry
}

fn manifest(sandbox: &Sandbox, registry: &Registry, more: &str) {
    sandbox.manifest(&format!("{}{more}", registry.sources()));
}

#[track_caller]
fn runs(sandbox: &Sandbox, line: &str, says: &str) {
    let line = format!("eval \"$(dgmo env)\"; {line}");
    sandbox.sh(&line).works().says(says);
}

#[test]
fn what_a_signed_index_says_is_locked_and_moves_only_with_an_update() {
    let sandbox = Sandbox::new();
    let registry = registry(&sandbox);
    let publisher = Publisher::of("one");
    let packages = "packages:\n  tool: \"1\"\n  ripgrep: {version: latest}\n";
    manifest(
        &sandbox,
        &registry,
        &format!("{}{packages}", publisher.line()),
    );
    sandbox.switch();
    runs(&sandbox, "tool", "tool@1.1.0");
    // The manifest's index has the name too, and goes before the one that is part of dgmo.
    runs(&sandbox, "rg", "our-ripgrep@9.0.0");
    let lock = sandbox.read("work/dgmo.lock");
    assert!(lock.contains("\"of\": \"npm:our-ripgrep\""), "{lock}");
    assert!(lock.contains("\"recipes\""), "{lock}");

    // A newer index leads elsewhere: nothing moves before somebody asks for that.
    publisher.asked();
    publisher.publish("two", "two.yaml.minisig");
    sandbox.dgmo("switch").works();
    sandbox.dgmo("lock --check").works();
    sandbox.dgmo("why tool").works();
    assert_eq!(publisher.asked(), 0);
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    sandbox.dgmo("update tool").works();
    assert_eq!(publisher.asked(), 1);
    sandbox.switch();
    runs(&sandbox, "tool", "tool-next@1.2.0");
    runs(&sandbox, "rg", "our-ripgrep@9.0.0");

    // With a lock no index is needed: not even one that is there.
    let line = publisher.line();
    let text = sandbox.read("work/dgmo.yaml").replace(&line, "");
    sandbox.write("work/dgmo.yaml", text);
    sandbox.dgmo("switch --locked --offline").works();
}

#[test]
fn the_same_lock_is_the_same_generation_whether_names_are_short_or_not() {
    let sandbox = Sandbox::new();
    let registry = registry(&sandbox);
    sandbox.write(
        "work/tools.yaml",
        "dgmo-index: 1\nversion: 1\ntools: {tool: {from: \"npm:tool\", bin: [bin/tool]}}\n",
    );
    let id = || sandbox.dgmo("lock --json").works().json()["generations"].clone();
    manifest(
        &sandbox,
        &registry,
        "indexes: [{path: ./tools.yaml}]\npackages: {tool: \"1\"}\n",
    );
    let short = id();
    let long = "packages: {tool: {npm: tool, version: \"1\", bin: [bin/tool]}}\n";
    manifest(&sandbox, &registry, long);
    assert_eq!(id(), short);
}

#[test]
fn names_are_found_told_and_added() {
    let sandbox = Sandbox::new();
    let registry = registry(&sandbox);
    let publisher = Publisher::of("one");
    manifest(&sandbox, &registry, &publisher.line());
    let found = sandbox.dgmo("search team --json").works().json();
    assert_eq!(found["tools"][0]["index"], publisher.url());
    assert!(found["tools"][1]["name"] == "tool");
    let ours = sandbox.dgmo("search jq --json").works().json();
    assert_eq!(ours["tools"][0]["index"], "dgmo");
    sandbox
        .dgmo("search --offline tool of the team")
        .works()
        .says("npm:tool");
    sandbox
        .dgmo("info tl")
        .works()
        .says("a tool of the team")
        .says("1.1.0");
    sandbox.dgmo("add tl@1 ripgrep").works();
    let text = sandbox.read("work/dgmo.yaml");
    assert!(
        text.contains("  tool: \"1\"\n  ripgrep: latest\n"),
        "{text}"
    );
    runs(&sandbox, "tool && rg", "our-ripgrep@9.0.0");
    sandbox
        .dgmo("info tool")
        .works()
        .says("the manifest asks for 1")
        .says("locked: 1.1.0");
    let outdated = sandbox.dgmo("outdated --json").exits(3).json();
    assert_eq!(outdated["outdated"][0]["newest"], "2.0.0");
    sandbox
        .dgmo("add rigrep")
        .exits(2)
        .says("did you mean `ripgrep`?");
    sandbox
        .dgmo("add a-name-nobody-has")
        .exits(2)
        .says("dgmo add npm:a-name-nobody-has");
    sandbox
        .dgmo("add ripgrep jq --bin x")
        .exits(2)
        .says("`--bin`");
    sandbox.dgmo("remove tool").works();
    assert!(!sandbox.read("work/dgmo.lock").contains("npm:tool"));
}

#[test]
fn an_index_of_another_key_is_refused_and_nothing_is_locked() {
    let sandbox = Sandbox::new();
    let registry = registry(&sandbox);
    let publisher = Publisher::of("one");
    publisher.publish("one", "other-key.minisig");
    manifest(
        &sandbox,
        &registry,
        &format!("{}packages: {{tool: latest}}\n", publisher.line()),
    );
    sandbox
        .dgmo("switch")
        .fails("DG1209")
        .says("the signature is by another key");
    publisher.publish("one", "two.yaml.minisig");
    sandbox
        .dgmo("switch")
        .fails("DG1209")
        .says("the signature is of other bytes");
    assert!(!sandbox.exists("work/dgmo.lock"));
    publisher.publish("one", "one.yaml.minisig");
    sandbox.switch();
}

#[test]
fn an_index_never_goes_back_and_is_not_believed_for_ever() {
    let sandbox = Sandbox::new();
    let registry = registry(&sandbox);
    let publisher = Publisher::of("two");
    manifest(
        &sandbox,
        &registry,
        &format!("{}packages: {{tool: latest}}\n", publisher.line()),
    );
    sandbox.switch();
    publisher.publish("one", "one.yaml.minisig");
    let back = sandbox.dgmo("update");
    back.fails("DG1243")
        .says("is number 1, and number 2 was seen before");
    publisher.publish("expired", "expired.yaml.minisig");
    let old = sandbox.dgmo("search team");
    old.fails("DG1242").says("until 2020-01-01");
    publisher.publish("two", "two.yaml.minisig");
    sandbox.dgmo("update").works();
}

/// What a code's page says of an index that went back: ask its publisher, or delete the note.
pub(crate) fn gone_back() -> (Sandbox, crate::support::Ran) {
    let sandbox = Sandbox::new();
    let publisher = Publisher::of("two");
    sandbox.manifest(&publisher.line());
    sandbox.dgmo("search team").works();
    publisher.publish("one", "one.yaml.minisig");
    let told = sandbox.dgmo("search team");
    let notes = sandbox.home().join("cache/indexes");
    for note in std::fs::read_dir(notes).unwrap() {
        std::fs::remove_file(note.unwrap().path()).unwrap();
    }
    sandbox.dgmo("search team").works();
    (sandbox, told)
}

#[test]
fn each_system_has_its_recipe_and_all_have_one_version() {
    let sandbox = Sandbox::new();
    let registry = registry(&sandbox);
    sandbox.write(
        "work/tools.yaml",
        "dgmo-index: 1\nversion: 1\ntools:\n  tool:\n    from:\n      - {systems: [aarch64-linux], of: \"npm:for-arm\"}\n      \
         - {systems: [x86_64-linux], of: \"npm:tool\"}\n",
    );
    let more = "indexes: [{path: ./tools.yaml}]\npackages: {tool: \"1\"}\n";
    manifest(
        &sandbox,
        &registry,
        &format!("systems: [x86_64-linux]\n{more}"),
    );
    sandbox.dgmo("lock").works();
    let one: serde_json::Value = serde_json::from_str(&sandbox.read("work/dgmo.lock")).unwrap();
    manifest(
        &sandbox,
        &registry,
        &format!("systems: [x86_64-linux, aarch64-linux]\n{more}"),
    );
    sandbox.dgmo("lock").works();
    let mut both: serde_json::Value =
        serde_json::from_str(&sandbox.read("work/dgmo.lock")).unwrap();
    let tool = both["packages"]["tool"].as_object_mut().unwrap();
    assert_eq!(tool["version"], "1.1.0");
    assert_eq!(tool["aarch64-linux"]["of"], "npm:for-arm");
    // Another system changed nothing of the first.
    tool.remove("aarch64-linux");
    assert_eq!(both, one);
    manifest(
        &sandbox,
        &registry,
        &format!("systems: [aarch64-darwin]\n{more}"),
    );
    let none = sandbox.dgmo("lock");
    none.fails("DG1225")
        .says("nothing of `tool` for aarch64-darwin");
}

#[test]
fn an_address_takes_its_versions_from_tags() {
    if !crate::git::is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let repository = Repository::with(&sandbox, &["v1.0.0", "v1.1.0", "v2.0.0"]);
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        sandbox.program(
            &format!("srv/hello-{version}"),
            &format!("#!/bin/sh\necho {version}\n"),
        );
    }
    let files = sandbox.root().join("srv/hello-{version}");
    sandbox.write(
        "work/tools.yaml",
        format!(
            "dgmo-index: 1\nversion: 1\ntools: {{hello: {{from: {{url: \"file:{}\", versions: \"git:{}\", unpack: program}}}}}}\n",
            files.display(),
            repository.url()
        ),
    );
    sandbox.manifest("indexes: [{path: ./tools.yaml}]\npackages: {hello: \"1\"}\n");
    sandbox.switch();
    runs(&sandbox, "hello", "1.1.0");
    let lock = sandbox.read("work/dgmo.lock");
    sandbox.switch();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    brought_to_a_version_that_is_named(&sandbox);
    sandbox.manifest("indexes: [{path: ./tools.yaml}]\npackages: {hello: latest}\n");
    sandbox.dgmo("update").works();
    sandbox.switch();
    runs(&sandbox, "hello", "2.0.0");
}

/// What an index says of addresses has versions like anything else, once and for good.
fn brought_to_a_version_that_is_named(sandbox: &Sandbox) {
    sandbox.dgmo("update hello --to 1.0.0").works();
    runs(sandbox, "hello", "1.0.0");
    sandbox.switch().says("nothing to do");
    sandbox.dgmo("update hello --to 2.0.0").fails("DG1223");
    sandbox.dgmo("update hello --to 2.0.0 --edit").works();
    runs(sandbox, "hello", "2.0.0");
    sandbox.dgmo("rollback").works();
    runs(sandbox, "hello", "1.0.0");
}

#[test]
fn a_tool_is_bound_to_the_runtime_of_its_manifest() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    for version in ["20.1.0", "22.3.0"] {
        let text = format!("#!/bin/sh\necho node {version}\n");
        let about = json!({"bin": {"node": "cli"}});
        registry.publish(
            &sandbox,
            &format!("node@{version}"),
            about,
            &[("cli", &text)],
        );
    }
    let script = [("cli.js", "#!/usr/bin/env node\n")];
    let about = json!({"bin": {"old": "cli.js"}, "engines": {"node": ">=18"}});
    registry.publish(&sandbox, "old@1.0.0", about, &script);
    let about = json!({"bin": {"new": "cli.js"}, "engines": {"node": "^22.1"}});
    registry.publish(&sandbox, "new@1.0.0", about, &script);
    // What the machine has is another one.
    sandbox.program("bin/node", "#!/bin/sh\necho the machine\n");
    let with = |packages: &str| manifest(&sandbox, &registry, &format!("packages:\n{packages}"));
    let (old, new) = ("  old: {npm: old}\n", "  new: {npm: new}\n");

    with(old);
    sandbox.switch();
    assert!(!sandbox.read("work/dgmo.lock").contains("runs-with"));
    runs(&sandbox, "old", "the machine");
    with(&format!("  node: {{npm: node, version: \"20\"}}\n{old}"));
    sandbox.switch();
    assert!(
        sandbox
            .read("work/dgmo.lock")
            .contains("\"runs-with\": \"node 20.1.0\"")
    );
    runs(&sandbox, "old", "node 20.1.0");

    let both = format!("{old}{new}");
    with(&format!("  node: {{npm: node, version: \"20\"}}\n{both}"));
    sandbox
        .dgmo("switch")
        .fails("DG1227")
        .says("`new` 1.0.0 runs with node ^22.1, and the package `node` of the manifest is 20.1.0")
        .says("ask for another `version:` of `node` or of `new`");
    with(&format!("  node: {{npm: node, version: \"22\"}}\n{both}"));
    sandbox.switch();
    assert_eq!(
        sandbox
            .read("work/dgmo.lock")
            .matches("\"node 22.3.0\"")
            .count(),
        2
    );
    runs(&sandbox, "old && new", "node 22.3.0");
    sandbox.dgmo("rollback").works();
    runs(&sandbox, "old", "node 20.1.0");
}
