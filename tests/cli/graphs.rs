//! Graphs for Graphviz and Mermaid: what is in them, and that names cannot break them.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

use serde_json::json;

use super::Sandbox;
use super::npm::registry::Registry;

/// What Graphviz makes of a graph; nothing where it is not installed.
fn drawn(text: &str) -> Option<String> {
    let started = Command::new("dot")
        .arg("-Tplain")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut dot) = started else {
        println!("skipped: the graph is not read by Graphviz, which is not installed");
        return None;
    };
    dot.stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = dot.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}\n{text}");
    assert!(!errors.contains("syntax"), "{errors}\n{text}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Every line of Mermaid is one of the few that we write.
fn check_mermaid(text: &str) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    for line in lines {
        let line = line.strip_prefix("  ").unwrap();
        if line.starts_with("%% ") {
            continue;
        }
        assert!(matches!(line.matches('"').count(), 0 | 2), "{line}");
        let outside: String = line.split('"').step_by(2).collect();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " ->[]()|".contains(c);
        assert!(outside.chars().all(is_plain), "{line}");
        let inside = line.split('"').nth(1).unwrap_or_default();
        assert!(!inside.contains(['<', '>', '[', ']', '`', '&']), "{line}");
    }
}

/// A tool whose libraries need each other in a circle.
fn tool(sandbox: &Sandbox) -> Registry {
    let registry = Registry::new();
    let files: &[(&str, &str)] = &[("index.js", "")];
    let needs = |names: &[&str]| {
        let all = names.iter().map(|it| ((*it).to_owned(), json!("1")));
        json!({"dependencies": all.collect::<serde_json::Map<_, _>>()})
    };
    registry.publish(sandbox, "one@1.0.0", needs(&["two"]), files);
    registry.publish(sandbox, "two@1.0.0", needs(&["one"]), files);
    registry.publish(sandbox, "leaf@1.2.0", json!({}), files);
    let mut about = needs(&["one", "leaf"]);
    about["bin"] = json!("cli.js");
    registry.publish(sandbox, "tool@1.0.0", about, &[("cli.js", "#!/bin/sh\n")]);
    sandbox.manifest(&format!(
        "{}packages: {{tool: {{npm: tool}}, here: {{path: ./here}}}}\nfiles:\n  \
         '.a \"b\" \\ <c> & d]': {{text: x}}\n",
        registry.sources()
    ));
    sandbox.program("work/here", "#!/bin/sh\n");
    sandbox.switch();
    registry
}

#[test]
fn a_generation_is_drawn_with_what_its_packages_need() {
    let sandbox = Sandbox::new();
    let _registry = tool(&sandbox);
    let graph = sandbox.dgmo("tree --graph dot --json").works().json();
    let nodes = graph["nodes"].as_array().unwrap();
    let id = |name: &str| {
        // A package has the name of its first piece, which comes later.
        let found = nodes.iter().rfind(|node| node["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {graph}"))["id"].clone()
    };
    let has = |from: &str, to: &str| {
        let edges = graph["edges"].as_array().unwrap();
        edges
            .iter()
            .any(|edge| edge["from"] == id(from) && edge["to"] == id(to))
    };
    assert!(has("generation 1", "view") && has("view", "here"));
    assert!(has("generation 1", ".a \"b\" \\ <c> & d]"));
    assert!(has("tool 1.0.0", "one 1.0.0") && has("tool 1.0.0", "leaf 1.2.0"));
    assert!(has("one 1.0.0", "two 1.0.0") && has("two 1.0.0", "one 1.0.0"));
    assert!(!has("view", "leaf 1.2.0") && !has("view", "tool 1.0.0"));
    let circle = json!([[id("one 1.0.0"), id("two 1.0.0")]]);
    assert_eq!(graph["circles"], circle);

    let dot = sandbox.dgmo("tree --graph dot").works();
    dot.says("a circle: one 1.0.0 ↔ two 1.0.0");
    let text = sandbox.dgmo("tree --graph dot").works().stdout;
    if let Some(drawn) = drawn(&text) {
        let count = |word: &str| drawn.lines().filter(|it| it.starts_with(word)).count();
        assert_eq!(count("node "), nodes.len(), "{drawn}");
        assert_eq!(count("edge "), graph["edges"].as_array().unwrap().len());
    }
    let mermaid = sandbox.dgmo("tree --graph mermaid").works().stdout;
    check_mermaid(&mermaid);
    assert!(
        mermaid.contains(".a #34;b#34; #92; #60;c#62; #38; d#93;"),
        "{mermaid}"
    );

    let only = sandbox.dgmo("tree --graph mermaid --of tool").works();
    check_mermaid(&only.stdout);
    only.says("leaf 1.2.0").says_nothing_of("here");
    sandbox
        .dgmo("tree --graph dot --of nothing")
        .fails("DG1022");
    sandbox.dgmo("tree --of tool").exits(2);
    sandbox.dgmo("tree --graph svg").exits(2).says("mermaid");

    // The lock has gone on: what the generation was made from is not known any more, and it is said.
    sandbox.remove("work/dgmo.lock");
    sandbox
        .dgmo("tree --graph dot")
        .works()
        .says("its lock has gone on")
        .says_nothing_of("leaf");
}

#[test]
fn the_ways_to_a_thing_are_drawn() {
    let sandbox = Sandbox::new();
    let _registry = tool(&sandbox);
    sandbox.dgmo("generations pin 1").works();
    let ran = sandbox.dgmo("why here --graph dot").works();
    ran.says("generation 1 of profile default");
    let text = sandbox.dgmo("why here --graph dot").works().stdout;
    if let Some(drawn) = drawn(&text) {
        assert!(drawn.lines().any(|it| it.starts_with("edge ")), "{drawn}");
    }
    let ran = sandbox.dgmo("why here --graph mermaid").works();
    check_mermaid(&ran.stdout);
}
