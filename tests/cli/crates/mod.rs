//! Crates: which version, where its builds are, and that nothing is compiled.

pub(crate) mod index;

use serde_json::json;

use super::Sandbox;
use super::forge::Forge;
use super::forge::archive;
use index::Index;

const SYSTEMS: [(&str, &str); 2] = [
    ("x86_64-linux", "x86_64-unknown-linux-musl"),
    ("aarch64-linux", "aarch64-unknown-linux-gnu"),
];

/// Where builds are, in the words of the crate.
fn binstall(index: &Index) -> String {
    format!(
        "[package.metadata.binstall]\npkg-url = \"{}/builds/{{ name }}-{{ version }}-{{ target }}{{ archive-suffix }}\"\n",
        index.url()
    )
}

/// A crate of this version with builds for both systems, whose program says the version.
pub(crate) fn publish(sandbox: &Sandbox, index: &Index, version: &str) {
    index.publish(
        sandbox,
        ("hello-cli", version),
        &binstall(index),
        &json!({}),
    );
    for (_, target) in SYSTEMS {
        let folder = format!("builds/{version}/{target}");
        let program = format!("#!/bin/sh\necho hello {version}\n");
        sandbox.program(&format!("{folder}/hello-{version}/hello"), &program);
        let path = format!("/builds/hello-cli-{version}-{target}.tar.gz");
        index.build(&path, &sandbox.root().join(&folder));
    }
}

pub(crate) fn manifest(sandbox: &Sandbox, index: &Index, more: &str) {
    sandbox.manifest(&format!(
        "systems: [x86_64-linux, aarch64-linux]\nsources: {{crates: {{url: \"{}/index\"}}}}\n\
         packages: {{hello: {{crates: hello-cli{more}}}}}\n",
        index.url()
    ));
}

#[track_caller]
fn hello_says(sandbox: &Sandbox, words: &str) {
    sandbox
        .sh("eval \"$(dgmo env)\"; hello")
        .works()
        .says(words);
}

#[test]
fn a_crate_comes_from_where_it_says_that_builds_are() {
    let sandbox = Sandbox::new();
    let index = Index::new();
    for version in ["1.0.0", "1.4.2", "2.0.0", "2.1.0-rc.1"] {
        publish(&sandbox, &index, version);
    }
    index.publish(
        &sandbox,
        ("hello-cli", "1.5.0"),
        &binstall(&index),
        &json!({"yanked": true}),
    );
    manifest(&sandbox, &index, ", version: \"1.0\"");
    sandbox.switch();
    hello_says(&sandbox, "hello 1.4.2");
    let lock = sandbox.read("work/dgmo.lock");
    assert!(
        lock.contains("hello-cli-1.4.2-aarch64-unknown-linux-gnu.tar.gz"),
        "{lock}"
    );
    index.asked();
    sandbox.switch().says("nothing to do");
    assert!(index.asked().is_empty());
    sandbox.dgmo("outdated --json").exits(3).says("2.0.0");
    sandbox
        .dgmo("info hello")
        .works()
        .says("1.5.0")
        .says("withdrew");
    sandbox.dgmo("switch --offline").works();
    manifest(&sandbox, &index, ", version: \"=2.0.0\"");
    sandbox.switch();
    hello_says(&sandbox, "hello 2.0.0");
}

#[test]
fn a_crate_comes_from_the_release_of_its_repository() {
    let sandbox = Sandbox::new();
    let (index, forge) = (Index::new(), Forge::new());
    let about = format!(
        "repository = \"{}/maker/tool/\"\n[[bin]]\nname = \"tool\"\n",
        forge.url()
    );
    for version in ["1.0.0", "1.1.0"] {
        index.publish(&sandbox, ("tool-cli", version), &about, &json!({}));
        let files = ["tool-linux-amd64.tar.gz", "tool-linux-arm64.tar.gz"];
        let files = files.map(|name| (name, archive(&sandbox, &format!("tool-{version}"))));
        forge.publish(&format!("v{version}"), &files);
    }
    sandbox.manifest(&format!(
        "systems: [x86_64-linux, aarch64-linux]\nsources:\n  crates: {{url: \"{}/index\"}}\n  github: {{url: \"{}/api/v3\"}}\n\
         packages: {{tool: {{crates: tool-cli}}}}\n",
        index.url(),
        forge.url()
    ));
    sandbox.switch();
    sandbox
        .sh("eval \"$(dgmo env)\"; tool")
        .works()
        .says("tool-1.1.0");
    let lock = sandbox.read("work/dgmo.lock");
    assert!(lock.contains("v1.1.0/tool-linux-arm64.tar.gz"), "{lock}");

    // A version without a release is told, and nothing is compiled.
    index.publish(&sandbox, ("tool-cli", "1.2.0"), &about, &json!({}));
    let ran = sandbox.dgmo("update").fails("DG1228");
    ran.says("nobody publishes a build of the crate `tool-cli` 1.2.0")
        .says("cargo install tool-cli");
}

#[test]
fn programs_lie_where_the_crate_says() {
    let sandbox = Sandbox::new();
    let index = Index::new();
    let about = format!(
        "[[bin]]\nname = \"hello\"\n{}bin-dir = \"out/{{ target }}/{{ bin }}{{ binary-ext }}\"\n",
        binstall(&index)
    );
    index.publish(&sandbox, ("hello-cli", "1.0.0"), &about, &json!({}));
    for (_, target) in SYSTEMS {
        let folder = format!("builds/{target}");
        sandbox.write(
            format!("{folder}/out/{target}/hello"),
            "#!/bin/sh\necho from deep below\n",
        );
        let path = format!("/builds/hello-cli-1.0.0-{target}.tgz");
        index.build(&path, &sandbox.root().join(&folder));
    }
    manifest(&sandbox, &index, "");
    sandbox.switch();
    hello_says(&sandbox, "from deep below");
}

#[test]
fn where_nobody_has_built_it_that_is_said() {
    let sandbox = Sandbox::new();
    let index = Index::new();
    for (version, about, says) in [
        ("1.0.0", "", "names no repository"),
        (
            "1.1.0",
            "repository = \"https://git.example.org/a/b\"\n",
            "not on a forge",
        ),
        ("1.2.0", binstall(&index).as_str(), "nothing where it says"),
    ] {
        index.publish(&sandbox, ("hello-cli", version), about, &json!({}));
        manifest(&sandbox, &index, "");
        let ran = sandbox.dgmo("switch").fails("DG1228");
        ran.says(says).says("cargo install hello-cli --version");
    }
    sandbox.manifest("packages: {hello: {crates: hello-cli}}\n");
    sandbox.dgmo("switch").fails("DG1220").says("crates: {url:");
    manifest(&sandbox, &index, "");
    let text = sandbox.read("work/dgmo.yaml");
    sandbox.write("work/dgmo.yaml", text.replace("hello-cli", "helo"));
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("there is no `crates:helo`");
}

#[test]
fn cargos_own_settings_say_where_and_who() {
    let sandbox = Sandbox::new();
    let index = Index::new();
    publish(&sandbox, &index, "1.0.0");
    index.change(|state| state.wants = Some("t0ken".to_owned()));
    sandbox.write(
        "cargo/config.toml",
        format!(
            "[source.crates-io]\nreplace-with = \"ours\"\n[registries.ours]\nindex = \"sparse+{}/index/\"\n",
            index.url()
        ),
    );
    sandbox.write(
        "cargo/credentials.toml",
        "[registries.ours]\ntoken = \"t0ken\"\n",
    );
    sandbox.manifest("systems: [x86_64-linux]\npackages: {hello: {crates: hello-cli}}\n");
    let cargo = sandbox.root().join("cargo").display().to_string();
    // Builds are elsewhere for the world to fetch; here they are behind the same door, and get no token.
    let ran = sandbox
        .run_with(&["switch"], &[("CARGO_HOME", &cargo)])
        .exits(1);
    ran.says("/builds/").says("401");
    let asked = index.asked();
    let builds: Vec<_> = asked
        .iter()
        .filter(|(path, _)| path.starts_with("/builds/"))
        .collect();
    assert!(
        !builds.is_empty() && builds.iter().all(|(_, who)| who.is_none()),
        "{asked:?}"
    );
    let others = asked
        .iter()
        .filter(|(path, _)| !path.starts_with("/builds/"));
    assert!(others.clone().count() >= 3, "{asked:?}");
    assert!(
        others
            .clone()
            .all(|(_, who)| who.as_deref() == Some("t0ken")),
        "{asked:?}"
    );
    index.change(|state| state.wants = None);
    sandbox
        .run_with(&["switch"], &[("CARGO_HOME", &cargo)])
        .works();
    hello_says(&sandbox, "hello 1.0.0");
    assert!(!sandbox.read("work/dgmo.lock").contains("t0ken"));
}

#[test]
fn a_crate_that_is_not_what_the_index_says_is_refused() {
    let sandbox = Sandbox::new();
    let index = Index::new();
    publish(&sandbox, &index, "1.0.0");
    let path = "/dl/hello-cli/1.0.0/download".to_owned();
    index.change(|state| state.files.insert(path, b"another".to_vec()));
    manifest(&sandbox, &index, "");
    sandbox.dgmo("switch").exits(1).says("hashes to");
}

#[test]
fn what_is_younger_than_is_asked_for_is_passed_over() {
    let sandbox = Sandbox::new();
    let index = Index::new();
    for (version, published) in [("1.0.0", "2025-01-01"), ("1.1.0", "2025-06-01")] {
        publish(&sandbox, &index, version);
        let line = json!(format!("{published}T00:00:00Z"));
        index.change(|state| state.say(("hello-cli", version), ("pubtime", &line)));
    }
    publish(&sandbox, &index, "1.2.0");
    manifest(&sandbox, &index, "");
    sandbox
        .run(&["update", "--exclude-newer", "2025-03-01"])
        .works();
    sandbox.switch();
    hello_says(&sandbox, "hello 1.0.0");
}
