//! Packages from the releases of a forge: which version, which file, what proves it, and what of a lock stays.

use std::process::Command;

use super::Sandbox;
use super::forge::Forge;
use super::forge::archive;

const LINUX: &str = "tool-linux-amd64.tar.gz";
const ARM: &str = "tool-linux-arm64.tar.gz";
const MAC: &str = "tool-darwin-arm64.tar.gz";

/// A forge with releases of these tags; the program of each says its tag.
fn forge(sandbox: &Sandbox, tags: &[&str]) -> Forge {
    let forge = Forge::new();
    for tag in tags {
        release(sandbox, &forge, tag);
    }
    forge
}

fn release(sandbox: &Sandbox, forge: &Forge, tag: &str) {
    let files = [LINUX, ARM, MAC].map(|name| {
        let (_, system) = name.split_once('-').unwrap();
        let system = system.trim_end_matches(".tar.gz");
        (
            name,
            archive(sandbox, &format!("{tag}-{system}").replace('/', "_")),
        )
    });
    forge.publish(tag, &files);
}

#[track_caller]
fn tool_says(sandbox: &Sandbox, words: &str) {
    sandbox.sh("eval \"$(dgmo env)\"; tool").works().says(words);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    dgmo_schema::id::Digest::from_bytes(digest).hex()
}

#[test]
fn the_newest_release_that_fits_is_taken_for_every_system() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0", "v1.2.0", "v1.10.0", "v2.0.0"]);
    forge.manifest(&sandbox, ", version: \"1\"");
    sandbox.switch();
    tool_says(&sandbox, "v1.10.0-linux-amd64");
    let lock = sandbox.read("work/dgmo.lock");
    for words in [
        "\"1.10.0\"",
        "v1.10.0/tool-linux-amd64.tar.gz",
        "v1.10.0/tool-linux-arm64.tar.gz",
    ] {
        assert!(lock.contains(words), "{words}: {lock}");
    }
    assert!(
        !lock.contains("127.0.0.1"),
        "another mirror has another lock: {lock}"
    );

    // Nothing is asked where the lock has it already, and nothing fetched twice.
    forge.asked();
    sandbox.switch().says("nothing to do");
    assert_eq!(forge.asked(), Vec::<String>::new());
    sandbox.dgmo("update").works();
    let asked = forge.asked();
    assert!(asked.iter().all(|it| it.starts_with("/api/")), "{asked:?}");

    forge.manifest(&sandbox, ", version: \">=2\"");
    sandbox.switch();
    tool_says(&sandbox, "v2.0.0");
    sandbox.dgmo("rollback").works();
    tool_says(&sandbox, "v1.10.0");
}

#[test]
fn the_same_lock_is_made_on_every_machine() {
    let one = Sandbox::new();
    let forge = forge(&one, &["v1.0.0", "v1.1.0"]);
    forge.manifest(&one, "");
    one.switch();
    let other = Sandbox::new();
    forge.manifest(&other, "");
    other.dgmo("lock").works();
    assert_eq!(one.read("work/dgmo.lock"), other.read("work/dgmo.lock"));
    other.switch();
    let id = |sandbox: &Sandbox| sandbox.dgmo("generations show --json").json()["id"].clone();
    assert_eq!(id(&one), id(&other));
}

#[test]
fn a_system_that_is_added_changes_nothing_else() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0"]);
    forge.manifest(&sandbox, "");
    sandbox.switch();
    let before = sandbox.read("work/dgmo.lock");
    release(&sandbox, &forge, "v1.1.0");
    let manifest = sandbox.read("work/dgmo.yaml");
    let more = manifest.replace("aarch64-linux]", "aarch64-linux, aarch64-darwin]");
    sandbox.write("work/dgmo.yaml", more);
    sandbox.dgmo("lock").works();
    let after = sandbox.read("work/dgmo.lock");
    assert!(after.contains("v1.0.0/tool-darwin-arm64.tar.gz"), "{after}");
    for line in before.lines().map(|line| line.trim_end_matches(',')) {
        assert!(after.contains(line), "{line} is gone: {after}");
    }
}

#[test]
fn a_version_of_another_page_is_found() {
    let sandbox = Sandbox::new();
    let forge = Forge::new();
    for minor in 0..130 {
        forge.publish(
            &format!("v1.{minor}.0"),
            &[
                ("tool-linux-amd64", b"#!/bin/sh\necho it\n".to_vec()),
                ("tool-linux-arm64", b"#!/bin/sh\necho it\n".to_vec()),
            ],
        );
    }
    forge.manifest(&sandbox, ", version: \"=1.3.0\"");
    sandbox.switch();
    tool_says(&sandbox, "it");
    assert!(forge.asked().iter().any(|it| it.contains("page=3")));
    // One that is on the first page costs one question.
    forge.manifest(&sandbox, ", version: \"1.120\"");
    sandbox.switch();
    assert!(!forge.asked().iter().any(|it| it.contains("page=2")));
}

#[test]
fn a_single_program_gets_the_name_people_type() {
    let sandbox = Sandbox::new();
    let forge = Forge::new();
    let program = b"#!/bin/sh\necho alone\n".to_vec();
    forge.publish(
        "v1",
        &[
            ("tool_linux_amd64", program.clone()),
            ("tool_linux_arm64", program),
        ],
    );
    forge.manifest(&sandbox, "");
    sandbox.switch();
    tool_says(&sandbox, "alone");
    forge.manifest(&sandbox, ", bin: [other]");
    sandbox.switch();
    sandbox
        .sh("eval \"$(dgmo env)\"; other")
        .works()
        .says("alone");
}

#[test]
fn a_prerelease_is_taken_only_where_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0", "v2.0.0-rc.1", "v3.0.0"]);
    forge.change(|state| state.prereleases.push("v3.0.0".to_owned()));
    forge.manifest(&sandbox, "");
    sandbox.switch();
    tool_says(&sandbox, "v1.0.0");
    forge.manifest(&sandbox, ", version: \"=2.0.0-rc.1\"");
    sandbox.switch();
    tool_says(&sandbox, "v2.0.0-rc.1");
    forge.manifest(&sandbox, ", version: \"=3.0.0\"");
    sandbox.switch();
    tool_says(&sandbox, "v3.0.0");
}

#[test]
fn the_pattern_of_a_manifest_names_the_file() {
    let sandbox = Sandbox::new();
    let forge = Forge::new();
    let program = |says: &str| format!("#!/bin/sh\necho {says}\n").into_bytes();
    forge.publish(
        "v1.5",
        &[
            ("tool-1.5-full-linux-amd64", program("full")),
            ("tool-1.5-lite-linux-amd64", program("lite")),
        ],
    );
    forge.manifest(&sandbox, "");
    let manifest = sandbox
        .read("work/dgmo.yaml")
        .replace(", aarch64-linux", "");
    sandbox.write("work/dgmo.yaml", &manifest);
    sandbox
        .dgmo("switch")
        .fails("DG1226")
        .says("tool-1.5-lite-linux-amd64");
    let with = |pattern: &str| {
        manifest.replace("maker/tool", &format!("maker/tool, asset: \"{pattern}\""))
    };
    sandbox.write("work/dgmo.yaml", with("tool-{version}-lite-{os}-{arch}"));
    sandbox.switch();
    tool_says(&sandbox, "lite");
    sandbox.write("work/dgmo.yaml", with("*-full-*"));
    sandbox.switch();
    tool_says(&sandbox, "full");
}

#[test]
fn what_a_forge_and_the_lists_beside_it_say_is_proven() {
    let sandbox = Sandbox::new();
    let forge = Forge::new();
    let (amd, arm) = (archive(&sandbox, "amd"), archive(&sandbox, "arm"));
    let list = format!("{}  {LINUX}\n{} *{ARM}\n", sha256(&amd), sha256(&arm));
    forge.publish(
        "v1",
        &[
            (LINUX, amd.clone()),
            (ARM, arm),
            ("checksums.txt", list.into_bytes()),
        ],
    );
    forge.manifest(&sandbox, "");
    sandbox.dgmo("lock").works();
    let lock = sandbox.read("work/dgmo.lock");
    assert!(
        lock.contains(&format!("\"sha256:{}\"", sha256(&amd))),
        "{lock}"
    );
    let asked = forge.asked();
    assert!(
        !asked.iter().any(|it| it.ends_with(LINUX)),
        "a known digest needs no download: {asked:?}"
    );
    sandbox.switch();
    tool_says(&sandbox, "amd");

    // Other bytes under the same name are not taken.
    let other = Sandbox::new();
    other.write("work/dgmo.lock", &lock);
    forge.manifest(&other, "");
    forge.change(|state| {
        let files = &mut state.releases[0].1;
        files.get_mut(LINUX).unwrap()[20] ^= 1;
    });
    other.dgmo("switch").fails("DG1208");
    assert!(!other.exists("home/profiles/default/generations/1"));
}

#[test]
fn a_token_goes_to_its_own_server_only() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0"]);
    forge.change(|state| state.token = Some("s3cret".to_owned()));
    // A manifest that names a server does not get the token of the environment.
    forge.manifest(&sandbox, "");
    let mut command = sandbox.command(&["lock"]);
    command.env("GITHUB_TOKEN", "s3cret");
    super::support::sandbox::run(command).fails("DG1221");
    // The environment that names the server does.
    let manifest = "systems: [x86_64-linux]\npackages: {tool: {github: maker/tool}}\n";
    sandbox.manifest(manifest);
    let api = format!("{}/api/v3", forge.url());
    let env = [("GITHUB_API_URL", api.as_str()), ("GITHUB_TOKEN", "s3cret")];
    let ran = sandbox.run_with(&["switch", "--json"], &env).works();
    assert!(
        !ran.stdout.contains("s3cret") && !ran.stderr.contains("s3cret"),
        "{ran}"
    );
    let found = Command::new("grep")
        .args(["-r", "s3cret"])
        .arg(sandbox.root())
        .output()
        .unwrap();
    assert!(
        found.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&found.stdout)
    );
    tool_says(&sandbox, "v1.0.0");
}

#[test]
fn other_forges_are_asked_in_their_own_words() {
    for (word, api) in [("gitlab", "/api/v4"), ("forgejo", "/api/v1")] {
        let sandbox = Sandbox::new();
        let forge = forge(&sandbox, &["v1.0.0", "v1.1.0"]);
        let url = forge.url();
        let host = url.trim_start_matches("http://");
        sandbox.manifest(&format!(
            "systems: [x86_64-linux]\nsources: {{{word}: {{url: \"{url}\"}}}}\npackages:\n  tool: {{{word}: {host}/maker/tool}}\n"
        ));
        sandbox.switch();
        tool_says(&sandbox, "v1.1.0");
        let asked = forge.asked();
        assert!(asked[0].starts_with(api), "{asked:?}");
        let lock = sandbox.read("work/dgmo.lock");
        assert!(
            lock.contains("\"v1.1.0/tool-linux-amd64.tar.gz\""),
            "{lock}"
        );
    }
}

#[test]
fn a_package_is_added_by_its_name_in_a_catalogue() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0", "v2.0.0"]);
    let before = format!(
        "dgmo: 1\nsystems: [x86_64-linux]\nsources: {{github: {{url: \"{}\"}}}} # ours\n",
        forge.url()
    );
    sandbox.write("work/dgmo.yaml", &before);
    sandbox.dgmo("add github:maker/tool@1").works();
    tool_says(&sandbox, "v1.0.0");
    let manifest = sandbox.read("work/dgmo.yaml");
    assert!(
        manifest.contains("tool: {github: \"maker/tool\", version: \"1\"}"),
        "{manifest}"
    );
    sandbox.dgmo("remove tool").works();
    assert_eq!(sandbox.read("work/dgmo.yaml"), before);
    sandbox
        .dgmo("add mine --from github:maker/tool --version ~2")
        .works();
    sandbox
        .sh("eval \"$(dgmo env)\"; tool")
        .works()
        .says("v2.0.0");
    sandbox
        .dgmo("add nothing-of-the-kind")
        .exits(2)
        .says("npm:nothing-of-the-kind");
}

#[test]
fn what_was_fetched_once_needs_no_network() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0", "v2.0.0"]);
    forge.manifest(&sandbox, ", version: \"1\"");
    sandbox.switch();
    sandbox.dgmo("rollback 0").works();
    sandbox
        .dgmo("generations prune --keep 'last 0' --yes")
        .says("");
    sandbox.dgmo("gc --foreground").works();
    sandbox.dgmo("switch --offline").works();
    tool_says(&sandbox, "v1.0.0");
    // The list of versions is known, the bytes of another are not.
    forge.manifest(&sandbox, ", version: \"2\"");
    sandbox.dgmo("switch --offline").fails("DG1203");
    sandbox.switch();
    tool_says(&sandbox, "v2.0.0");
}

#[test]
fn what_is_newer_is_told_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0"]);
    forge.manifest(&sandbox, ", version: \"1\"");
    sandbox.switch();
    sandbox.dgmo("outdated").works().says("as new as it can be");
    release(&sandbox, &forge, "v1.4.0");
    release(&sandbox, &forge, "v2.0.0");
    let lock = sandbox.read("work/dgmo.lock");
    let ran = sandbox.dgmo("outdated --json").exits(3);
    let package = ran.json()["outdated"][0].clone();
    assert_eq!(package["locked"], "1.0.0", "{ran}");
    assert_eq!(package["fits"], "1.4.0", "{ran}");
    assert_eq!(package["newest"], "2.0.0", "{ran}");
    sandbox.dgmo("outdated nothing").fails("DG1022");
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    sandbox.switch().says("nothing to do");
    sandbox.dgmo("update tool").works();
    tool_says(&sandbox, "v1.4.0");
    sandbox.dgmo("outdated").exits(3).says("2.0.0");
}

/// The forge publishes one release a day, from the first of January 2025 on.
#[test]
fn what_is_too_young_is_not_taken_anew() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0", "v1.1.0", "v1.2.0"]);
    forge.manifest(&sandbox, "");
    sandbox.dgmo("switch --exclude-newer 2025-01-02").works();
    tool_says(&sandbox, "v1.1.0");
    // The clock stands a year later: 364 days after the first, 362 after the last.
    let by_age = sandbox.read("work/dgmo.yaml") + "minimum-release-age: 363d 18h\n";
    sandbox.write("work/dgmo.yaml", &by_age);
    sandbox.dgmo("update").works();
    tool_says(&sandbox, "v1.1.0");
    sandbox
        .dgmo("update --minimum-release-age 500d")
        .fails("DG1223")
        .says("younger");
    forge.manifest(&sandbox, "");
    sandbox.dgmo("update").works();
    tool_says(&sandbox, "v1.2.0");
    sandbox
        .dgmo("update --exclude-newer yesterday")
        .exits(2)
        .says("2026-01-31");
}

#[test]
fn a_well_known_tool_is_added_by_its_name() {
    let sandbox = Sandbox::new();
    sandbox.dgmo("search ripgrep").works().says("github:");
    sandbox
        .dgmo("search rg --json")
        .works()
        .says("\"name\": \"ripgrep\"");
    sandbox.dgmo("search no-such-tool-at-all").exits(3);
    sandbox.manifest("");
    sandbox
        .dgmo("add ripgrp")
        .exits(2)
        .says("did you mean `ripgrep`?");
    // Where the index leads to is asked at this forge.
    let forge = Forge::new();
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\nsources: {{github: {{url: \"{}\"}}}}\n",
        forge.url()
    ));
    sandbox
        .dgmo("add rg@14")
        .fails("DG1221")
        .says("github:BurntSushi/ripgrep");
    assert!(!sandbox.read("work/dgmo.yaml").contains("rg"));
}

#[test]
fn what_a_catalogue_has_is_told_without_a_manifest_too() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0", "v2.0.0-rc.1", "v1.10.0"]);
    forge.manifest(&sandbox, ", version: \"1\"");
    sandbox.dgmo("lock").works();
    let ran = sandbox.dgmo("info tool --json").works();
    let report = ran.json();
    assert_eq!(report["locked"], "1.10.0", "{ran}");
    assert_eq!(report["wanted"], "1", "{ran}");
    let versions = report["versions"].as_array().unwrap().iter();
    let versions: Vec<&str> = versions.map(|it| it["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["2.0.0-rc.1", "1.10.0", "1.0.0"]);
    sandbox
        .dgmo("info tool")
        .works()
        .says("prerelease")
        .says("2025-01-03");
    sandbox.remove("work/dgmo.yaml");
    let api = forge.url();
    let env = [("GITHUB_API_URL", api.as_str())];
    sandbox
        .run_with(&["info", "github:maker/tool"], &env)
        .works()
        .says("1.10.0");
    sandbox
        .dgmo("info nothing-of-the-kind")
        .exits(2)
        .says("dgmo info npm:");
}

#[test]
fn what_is_damaged_is_put_together_again() {
    let sandbox = Sandbox::new();
    let forge = forge(&sandbox, &["v1.0.0"]);
    forge.manifest(&sandbox, "");
    sandbox.switch();
    let view = sandbox.profile().join("current/view/bin/tool");
    let tool = std::fs::canonicalize(view).unwrap();
    let damage = || {
        // Every name of the inode is damaged with it.
        sandbox
            .sh(&format!("chmod u+w {0} && echo x > {0}", tool.display()))
            .works();
        sandbox.dgmo("store verify").exits(3);
    };
    damage();
    forge.asked();
    sandbox.dgmo("repair").works();
    assert!(forge.asked().iter().all(|it| !it.starts_with("/api/")));
    tool_says(&sandbox, "v1.0.0");
    sandbox.dgmo("store verify").works();
    // Also where nothing of the downloads is left.
    damage();
    sandbox.remove("home/cache");
    sandbox
        .dgmo("repair --dry-run")
        .exits(3)
        .says("github:maker/tool");
    sandbox.dgmo("repair").works();
    sandbox.dgmo("store verify").works();
    tool_says(&sandbox, "v1.0.0");
}
