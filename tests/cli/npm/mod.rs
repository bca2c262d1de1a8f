//! Packages of npm: what is locked, where it lies, who is asked, and what is refused.

mod nodes;
pub(crate) mod packs;
pub(crate) mod registry;
mod tools;

use serde_json::Value;
use serde_json::json;

use super::Sandbox;
use registry::Registry;

const NODE: &str = "#!/usr/bin/env node\n";

/// `name@version` with a program that says its name, its version and what `more` says.
fn tool(sandbox: &Sandbox, registry: &Registry, package: &str, mut about: Value, more: &str) {
    about["bin"] = json!("./cli.js");
    let text = format!(
        "{NODE}const more = () => {{ {more} }};\nconsole.log('{package}', more() ?? '');\n"
    );
    registry.publish(sandbox, package, about, &[("cli.js", &text)]);
}

/// A library that tells its version.
fn library(sandbox: &Sandbox, registry: &Registry, package: &str, about: Value) {
    let text = format!("module.exports = '{package}';\n");
    registry.publish(sandbox, package, about, &[("index.js", &text)]);
}

fn manifest(sandbox: &Sandbox, registry: &Registry, package: &str) {
    sandbox.manifest(&format!(
        "systems: [x86_64-linux, aarch64-darwin]\n{}packages:\n  tool: {{{package}}}\n",
        registry.sources()
    ));
}

#[track_caller]
fn tool_says(sandbox: &Sandbox, words: &str) {
    sandbox.sh("eval \"$(dgmo env)\"; tool").works().says(words);
}

/// Where pieces lie in what is locked for `scope`, below the package itself.
fn places(sandbox: &Sandbox, scope: &str) -> Vec<String> {
    let lock: Value = serde_json::from_str(&sandbox.read("work/dgmo.lock")).unwrap();
    let build = &lock["packages"]["tool"][scope];
    let build = if build.is_null() {
        &lock["packages"]["tool"]["builds"][scope]
    } else {
        build
    };
    let pieces = build["pieces"]
        .as_array()
        .unwrap_or_else(|| panic!("nothing for {scope}: {lock:#}"));
    let shown = pieces.iter().map(|piece| {
        let at = piece["at"]
            .as_str()
            .unwrap()
            .replace("lib/node_modules/tool", "");
        format!(
            "{}@{}",
            at.replace("/node_modules/", ">"),
            piece["version"].as_str().unwrap()
        )
    });
    shown.collect()
}

#[test]
fn a_tool_finds_all_it_needs_where_node_looks() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let needs = json!({"dependencies": {"a": "^1.0.0", "b": "^1.0.0", "other-c": "npm:c@^2.0.0", "@s/d": ""}});
    tool(
        &sandbox,
        &registry,
        "tool@1.0.0",
        needs,
        "return ['a', 'b', 'other-c', '@s/d'].map(require).join(' ')",
    );
    library(
        &sandbox,
        &registry,
        "a@1.0.0",
        json!({"dependencies": {"c": "~1.1.0"}}),
    );
    let told = "module.exports = 'b with ' + require('c');\n";
    registry.publish(
        &sandbox,
        "b@1.3.0",
        json!({"dependencies": {"c": "^2.0.0"}, "peerDependencies": {"a": "1"}}),
        &[("index.js", told)],
    );
    for version in ["1.0.0", "1.1.7", "1.2.0", "2.4.0"] {
        library(&sandbox, &registry, &format!("c@{version}"), json!({}));
    }
    library(&sandbox, &registry, "@s/d@0.1.0", json!({}));
    manifest(&sandbox, &registry, "npm: tool");
    sandbox.switch();
    tool_says(
        &sandbox,
        "tool@1.0.0 a@1.0.0 b with c@2.4.0 c@2.4.0 @s/d@0.1.0",
    );
    assert_eq!(
        places(&sandbox, "any"),
        [
            "@1.0.0",
            ">@s/d@0.1.0",
            ">a@1.0.0",
            ">b@1.3.0",
            ">b>c@2.4.0",
            ">c@1.1.7",
            ">other-c@2.4.0"
        ]
    );
    let lock = sandbox.read("work/dgmo.lock");
    assert!(
        lock.contains("\"tool/-/tool-1.0.0.tgz\"") && !lock.contains("127.0.0.1"),
        "{lock}"
    );
    assert!(lock.contains("\"runtime\": \"node\""), "{lock}");
    sandbox.dgmo("lock").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
}

#[test]
fn what_is_for_another_machine_is_left_out() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let optional = json!({"optionalDependencies": {"on-linux": "1", "on-darwin": "1", "not-there": "1", "half": "1"},
        "dependencies": {"on-linux": "1"}});
    tool(
        &sandbox,
        &registry,
        "tool@1.0.0",
        optional,
        "return require('on-linux')",
    );
    library(
        &sandbox,
        &registry,
        "on-linux@1.0.0",
        json!({"os": ["linux"], "cpu": ["x64"], "libc": ["glibc"]}),
    );
    library(
        &sandbox,
        &registry,
        "on-darwin@1.0.0",
        json!({"os": "darwin"}),
    );
    // It can be had, but not what it needs.
    library(
        &sandbox,
        &registry,
        "half@1.0.0",
        json!({"dependencies": {"deeper": "1", "not-there": "1"}}),
    );
    library(&sandbox, &registry, "deeper@1.0.0", json!({}));
    manifest(&sandbox, &registry, "npm: tool");
    sandbox.switch();
    tool_says(&sandbox, "tool@1.0.0 on-linux@1.0.0");
    assert_eq!(
        places(&sandbox, "x86_64-linux"),
        ["@1.0.0", ">on-linux@1.0.0"]
    );
    assert_eq!(
        places(&sandbox, "aarch64-darwin"),
        ["@1.0.0", ">on-darwin@1.0.0"]
    );
}

#[test]
fn what_cannot_be_had_whole_is_refused_with_who_needs_it() {
    for (needs, words) in [
        (
            json!({"a": "https://example.org/a.tgz"}),
            "not come from a registry",
        ),
        (json!({"a": "owner/repository"}), "not come from a registry"),
        (json!({"gone": "1"}), "there is no package `gone`"),
        (json!({"b": "^7"}), "no version fits"),
        (json!({"on-windows": "1"}), "it is only for win32"),
        (json!({"../a": "1"}), "its name is none"),
    ] {
        let sandbox = Sandbox::new();
        let registry = Registry::new();
        tool(
            &sandbox,
            &registry,
            "tool@1.0.0",
            json!({"dependencies": {"middle": "1"}}),
            "",
        );
        library(
            &sandbox,
            &registry,
            "middle@1.0.0",
            json!({ "dependencies": needs }),
        );
        library(&sandbox, &registry, "b@1.0.0", json!({}));
        library(
            &sandbox,
            &registry,
            "on-windows@1.0.0",
            json!({"os": ["win32"]}),
        );
        manifest(&sandbox, &registry, "npm: tool");
        sandbox
            .dgmo("switch")
            .exits(1)
            .fails("DG1229")
            .says("middle@1.0.0")
            .says(words);
        assert!(!sandbox.exists("work/dgmo.lock"));
    }
}

#[test]
fn channels_are_npms_tags() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    for version in ["1.0.0", "1.4.0", "2.0.0-beta.3", "2.0.0"] {
        tool(
            &sandbox,
            &registry,
            &format!("tool@{version}"),
            json!({}),
            "",
        );
    }
    registry.change(|state| {
        let tags = state.tags.get_mut("tool").unwrap();
        tags.insert("next".to_owned(), "2.0.0-beta.3".to_owned());
        tags.insert("latest".to_owned(), "1.4.0".to_owned());
    });
    for (version, says) in [
        ("", "tool@1.4.0"),
        (", version: next", "tool@2.0.0-beta.3"),
        (", version: latest", "tool@1.4.0"),
        (", version: \"=1.0.0\"", "tool@1.0.0"),
        (", version: \"2\"", "tool@2.0.0 "),
    ] {
        manifest(&sandbox, &registry, &format!("npm: tool{version}"));
        sandbox.dgmo("update").works();
        sandbox.switch();
        tool_says(&sandbox, says);
    }
    manifest(&sandbox, &registry, "npm: tool, version: \"3\"");
    sandbox.dgmo("switch").exits(1).says("DG1223").says("2.0.0");
    manifest(&sandbox, &registry, "npm: tol");
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("DG1221")
        .says("npm:tol");
}

#[test]
fn bytes_that_are_not_the_published_ones_are_not_used() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    tool(
        &sandbox,
        &registry,
        "tool@1.0.0",
        json!({"dependencies": {"a": "1"}}),
        "return require('a')",
    );
    library(&sandbox, &registry, "a@1.0.0", json!({}));
    manifest(&sandbox, &registry, "npm: tool");
    let file = "a/-/a-1.0.0.tgz";
    registry.change(|state| {
        drop(
            state
                .instead
                .insert(file.to_owned(), "something else".to_owned()),
        );
    });
    sandbox.dgmo("switch").exits(1).says("DG1208").says(file);
    registry.change(|state| drop(state.instead.remove(file)));
    sandbox.switch();
    tool_says(&sandbox, "tool@1.0.0 a@1.0.0");
}

#[test]
fn without_a_network_what_is_here_is_enough() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    tool(
        &sandbox,
        &registry,
        "tool@1.0.0",
        json!({"dependencies": {"a": "1"}}),
        "return require('a')",
    );
    library(&sandbox, &registry, "a@1.0.0", json!({}));
    manifest(&sandbox, &registry, "npm: tool");
    sandbox.dgmo("switch --offline").exits(1).says("DG1203");
    sandbox.switch();
    let lock = sandbox.read("work/dgmo.lock");
    registry.asked();
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock --offline").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    assert_eq!(registry.asked(), []);
}

#[test]
fn a_registry_of_npms_settings_is_asked_with_its_token_alone() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let scoped = Registry::new();
    tool(
        &sandbox,
        &registry,
        "tool@1.0.0",
        json!({"dependencies": {"@corp/a": "1"}}),
        "return require('@corp/a')",
    );
    library(&sandbox, &scoped, "@corp/a@1.0.0", json!({}));
    scoped.change(|state| state.wants = Some("Bearer s3cret".to_owned()));
    let manifest = "packages:\n  tool: {npm: tool}\n";
    sandbox.manifest(manifest);
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("DG1220")
        .says("sources:")
        .says("npm: {url:");
    let place = scoped.url().replace("http:", "");
    let settings = format!(
        "registry={}\n@corp:registry={}/\n{place}/:_authToken=${{NPM_TOKEN}}\n",
        registry.url(),
        scoped.url()
    );
    sandbox.write("user/.npmrc", settings);
    sandbox.dgmo("switch").exits(1).says("DG1204");
    registry.asked();
    let with_token = |words: &[&str]| sandbox.run_with(words, &[("NPM_TOKEN", "s3cret")]);
    with_token(&["switch"]).works().says_nothing_of("s3cret");
    tool_says(&sandbox, "tool@1.0.0 @corp/a@1.0.0");
    assert!(registry.asked().iter().all(|(_, asker)| asker.is_none()));
    assert!(!sandbox.read("work/dgmo.lock").contains("s3cret"));
    // A variable of npm's goes before its settings, and the manifest before both.
    let other = Registry::new();
    tool(&sandbox, &other, "tool@2.0.0", json!({}), "");
    sandbox
        .run_with(&["update"], &[("npm_config_registry", &other.url())])
        .works();
    assert!(sandbox.read("work/dgmo.lock").contains("\"2.0.0\""));
    let third = Registry::new();
    tool(&sandbox, &third, "tool@3.0.0", json!({}), "");
    sandbox.manifest(&format!("{}{manifest}", third.sources()));
    sandbox.dgmo("update").works();
    assert!(sandbox.read("work/dgmo.lock").contains("\"3.0.0\""));
}

#[test]
fn install_scripts_are_told_and_not_run() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let script = json!({"scripts": {"postinstall": format!("touch {}/ran", sandbox.root().display())},
        "deprecated": "use another"});
    tool(&sandbox, &registry, "tool@1.0.0", script, "");
    manifest(&sandbox, &registry, "npm: tool");
    let ran = sandbox.switch();
    assert_eq!(
        ran.stderr.matches("has an install script").count(),
        1,
        "{ran}"
    );
    ran.says("not recommended by its publisher: use another");
    assert!(!sandbox.exists("ran"));
    tool_says(&sandbox, "tool@1.0.0");
}

/// A program for one machine, which the package's script would put in place of a script that only complains.
#[test]
fn a_program_that_a_script_would_put_in_place_is_found() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let about = json!({"scripts": {"postinstall": "node install.js"}, "bin": {"tool": "bin/tool.exe", "toolx": "bin/toolx.exe"},
        "optionalDependencies": {"@tool/linux": "1", "@tool/linux-musl": "1"}});
    registry.publish(
        &sandbox,
        "tool@1.0.0",
        about,
        &[
            ("bin/tool.exe", "echo it was not installed"),
            ("bin/toolx.exe", ""),
        ],
    );
    let echo = std::fs::read("/bin/echo").unwrap();
    for name in ["linux", "linux-musl"] {
        sandbox.write(format!("packed/@tool+{name}/1.0.0/package/bin/tool"), &echo);
        registry.publish(
            &sandbox,
            &format!("@tool/{name}@1.0.0"),
            json!({"os": ["linux"], "bin": "bin/tool"}),
            &[],
        );
    }
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\n{}packages: {{tool: {{npm: tool}}}}\n",
        registry.sources()
    ));
    sandbox.switch();
    let view = sandbox.profile().join("current/view/bin");
    sandbox
        .sh(&format!("readlink -f {}/tool", view.display()))
        .says("@tool/linux/bin/tool");
    sandbox
        .sh("eval \"$(dgmo env)\"; tool one && toolx two")
        .works()
        .says("one")
        .says("two");
}

#[test]
fn a_script_is_run_by_the_profiles_own_node() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    tool(&sandbox, &registry, "tool@1.0.0", json!({}), "");
    let both = format!(
        "systems: [x86_64-linux]\n{}packages:\n  tool: {{npm: tool}}\n",
        registry.sources()
    );
    sandbox.manifest(&both);
    sandbox.switch();
    // Nothing but what the launcher itself needs.
    let none = "eval \"$(dgmo env)\"; mkdir few; ln -s $(command -v readlink) few/; PATH=${PATH%%:*}:$PWD/few; tool";
    sandbox
        .sh(none)
        .exits(127)
        .says("it needs `node`")
        .says("dgmo.yaml");
    sandbox.program("work/node/bin/node", "#!/bin/sh\necho \"own node: $*\"\n");
    sandbox.manifest(&format!("{both}  node: {{path: ./node}}\n"));
    sandbox.switch();
    let view = sandbox.profile().join("current/view/bin/tool");
    sandbox
        .sh(&format!("{} 'a b' c", view.display()))
        .works()
        .says("own node: /")
        .says("cli.js a b c");
    sandbox
        .sh(&format!("ln -s {} ../bin/linked; linked x", view.display()))
        .works()
        .says("own node: /");
}
