//! Images and artefacts: which tag, which platform, what becomes of layers, who is told what, and what is refused.

pub(crate) mod content;
mod images;
mod logins;
mod real;
pub(crate) mod registry;

use serde_json::Value;
use serde_json::json;

use super::Sandbox;
use content::Push;
use content::artefact;
use content::descriptor;
use content::image;
use content::index;
use content::layer;
use content::manifest;
use content::script;
use registry::Registry;

const PLAIN: &str = "application/octet-stream";

/// A registry with artefacts under these tags; the program of each says its tag.
pub(crate) fn registry(tags: &[&str]) -> Registry {
    let registry = Registry::new();
    for tag in tags {
        publish(&registry, tag);
    }
    registry
}

fn publish(to: &dyn Push, tag: &str) -> Value {
    let program = script(tag);
    artefact(
        to,
        "tools/hello",
        tag,
        &[("hello", PLAIN, program.as_bytes())],
    )
}

#[track_caller]
fn hello_says(sandbox: &Sandbox, words: &str) {
    sandbox
        .sh("eval \"$(dgmo env)\"; hello")
        .works()
        .says(words);
}

#[test]
fn the_newest_tag_that_fits_is_locked_by_its_digest() {
    let sandbox = Sandbox::new();
    let registry = registry(&[
        "1.0.0",
        "1.2",
        "1.10.0",
        "2.0.0-rc.1",
        "2.0.0",
        "latest",
        "1.11.0-slim",
    ]);
    registry.manifest_of(&sandbox, ", version: \"1\"");
    sandbox.switch();
    hello_says(&sandbox, "1.10.0");
    let lock = sandbox.read("work/dgmo.lock");
    let locked = publish(&registry, "1.10.0");
    let name = format!("tools/hello@{}", locked["digest"].as_str().unwrap());
    for words in [
        "\"1.10.0\"",
        &name,
        &content::digest(script("1.10.0").as_bytes()),
    ] {
        assert!(lock.contains(words), "{words}: {lock}");
    }
    assert!(
        lock.contains("\"any\"") && !lock.contains("http:"),
        "{lock}"
    );

    registry.asked();
    sandbox.switch().says("nothing to do");
    assert_eq!(registry.asked(), []);
    sandbox.remove("home/cache/downloads");
    sandbox.dgmo("switch --offline").works();
    sandbox.dgmo("lock --offline").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);

    let other = Sandbox::new();
    registry.manifest_of(&other, ", version: \"1\"");
    other.dgmo("lock").works();
    assert_eq!(other.read("work/dgmo.lock"), lock);

    // What is newer is told, inside and outside of what is asked for.
    publish(&registry, "1.12.0");
    let ran = sandbox.dgmo("outdated --json").exits(3);
    let outdated = &ran.json()["outdated"][0];
    assert_eq!(
        (&outdated["fits"], &outdated["newest"]),
        (&json!("1.12.0"), &json!("2.0.0"))
    );
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "1.12.0");
    sandbox.dgmo("rollback").works();
    hello_says(&sandbox, "1.10.0");
}

#[test]
fn a_tag_and_a_digest_can_be_asked_for() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0", "1.1.0", "1.1.0-slim", "stable"]);
    let old = publish(&registry, "0.9.0");
    for (version, says) in [
        ("1.1.0-slim", "1.1.0-slim"),
        ("=1.0.0", "1.0.0"),
        ("stable", "stable"),
        (old["digest"].as_str().unwrap(), "0.9.0"),
        ("latest", "1.1.0"),
        ("*", "1.1.0"),
    ] {
        registry.manifest_of(&sandbox, &format!(", version: \"{version}\""));
        // `latest` and `*` are content with whatever fits.
        sandbox.dgmo("update").works();
        sandbox.switch();
        hello_says(&sandbox, says);
    }
    // From one of them to another without being asked to update.
    for (version, says) in [
        ("stable", "stable"),
        (old["digest"].as_str().unwrap(), "0.9.0"),
        ("1.1.0-slim", "1.1.0-slim"),
    ] {
        registry.manifest_of(&sandbox, &format!(", version: \"{version}\""));
        sandbox.switch();
        hello_says(&sandbox, says);
    }
    // A tag that leads elsewhere is followed when it is asked for.
    registry.manifest_of(&sandbox, ", version: stable");
    sandbox.switch();
    let program = script("moved");
    artefact(
        &registry,
        "tools/hello",
        "stable",
        &[("hello", PLAIN, program.as_bytes())],
    );
    sandbox.switch().says("nothing to do");
    let outdated = sandbox.dgmo("outdated --json").exits(3).json();
    let fits = outdated["outdated"][0]["fits"].as_str().unwrap().to_owned();
    assert!(fits.starts_with("stable@sha256:"), "{fits}");
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "moved");
    sandbox.dgmo("outdated").says("as new as it can be");

    let info = sandbox.dgmo("info hello --json").works().json();
    let versions = info["versions"].as_array().unwrap();
    assert_eq!(versions[0]["version"], "1.1.0-slim");
    assert!(versions[0]["withdrawn"].is_string(), "{info:#}");
    assert_eq!(info["channels"]["stable"], "stable");
}

#[test]
fn a_registry_that_has_only_latest_gives_that() {
    let sandbox = Sandbox::new();
    let registry = registry(&["latest", "main", "sha256-00.sig"]);
    registry.manifest_of(&sandbox, "");
    sandbox.switch();
    hello_says(&sandbox, "latest");
}

#[test]
fn a_package_is_added_by_its_name() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0", "1.1.0"]);
    sandbox.manifest("packages: {}\n");
    let name = registry.named("tools/hello");
    for version in ["@1", ":1.1.0"] {
        sandbox
            .run(&["add", &format!("oci:{name}{version}")])
            .works();
        hello_says(&sandbox, "1.1.0");
        sandbox.dgmo("remove hello").works();
    }
    sandbox
        .run(&["info", &format!("oci:{name}")])
        .works()
        .says("1.1.0");
    sandbox
        .run(&["add", "oci:tools/hello"])
        .fails("DG1220")
        .says("oci: {url:");
}

#[test]
fn a_name_without_a_host_is_asked_at_the_registry_of_the_manifest() {
    let sandbox = Sandbox::new();
    let (broken, registry) = (registry(&["1.0.0"]), registry(&["1.0.0"]));
    broken.change(|state| {
        let program = script("1.0.0");
        let digest = content::digest(program.as_bytes());
        state.instead.insert(digest, vec![b'x'; program.len()]);
    });
    sandbox.manifest(&format!(
        "sources:\n  oci: {{url: \"http://127.0.0.1:{}\", mirrors: [\"http://127.0.0.1:{}\"]}}\n\
         packages: {{hello: {{oci: tools/hello}}}}\n",
        broken.port(),
        registry.port()
    ));
    // The mirror has what the first one only says it has.
    sandbox.switch();
    hello_says(&sandbox, "1.0.0");
    assert!(!sandbox.read("work/dgmo.lock").contains("127.0.0.1"));
    let asked = registry.asked();
    assert!(
        asked.iter().all(|(path, _)| path.contains("/blobs/")),
        "{asked:?}"
    );
}

#[test]
fn a_long_list_of_tags_comes_in_pages() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]);
    registry.change(|state| state.per_page = Some(2));
    registry.manifest_of(&sandbox, "");
    sandbox.switch();
    hello_says(&sandbox, "1.4.0");
    // What was heard before is enough where nobody can be asked.
    sandbox
        .dgmo("info hello --offline")
        .works()
        .says("1.4.0")
        .says("1.0.0");
}

#[test]
fn each_system_gets_the_image_that_is_for_it() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let arch = if cfg!(target_arch = "x86_64") {
        "amd64"
    } else {
        "arm64"
    };
    let entry = |architecture: &str| {
        let layers = [layer(
            &sandbox,
            &[("usr/bin/hello*", &script(architecture))],
        )];
        let image = image(
            &registry,
            "tools/hello",
            "",
            (&layers, json!({"architecture": architecture})),
        );
        (image, architecture.to_owned())
    };
    let entries = ["amd64", "arm64", "riscv64"].map(entry);
    let entries: Vec<(Value, String)> = entries
        .into_iter()
        .map(|(it, arch)| (it, format!("linux/{arch}")))
        .collect();
    let mut all: Vec<(Value, &str)> = entries
        .iter()
        .map(|(it, platform)| (it.clone(), platform.as_str()))
        .collect();
    all.push((entries[0].0.clone(), "unknown/unknown"));
    index(&registry, "tools/hello", "1.0.0", &all);
    registry.manifest_of(&sandbox, "");
    sandbox.switch();
    hello_says(&sandbox, arch);
    let lock = sandbox.read("work/dgmo.lock");
    for (entry, _) in &entries[..2] {
        assert!(lock.contains(entry["digest"].as_str().unwrap()), "{lock}");
    }
    // A system more changes nothing of the others.
    let text = sandbox.read("work/dgmo.yaml");
    sandbox.write(
        "work/dgmo.yaml",
        text.replace("aarch64-linux]", "aarch64-linux, riscv64-linux]"),
    );
    sandbox.dgmo("lock").works();
    let more = sandbox.read("work/dgmo.lock");
    for line in lock.lines().map(|line| line.trim_end_matches(',')) {
        assert!(more.contains(line), "{line} is gone: {more}");
    }
    sandbox.write(
        "work/dgmo.yaml",
        text.replace("aarch64-linux]", "aarch64-linux, aarch64-darwin]"),
    );
    sandbox
        .dgmo("lock")
        .exits(1)
        .says("has nothing for aarch64-darwin")
        .says("linux/riscv64");
}

#[test]
fn an_image_for_another_machine_is_refused() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let layers = [layer(&sandbox, &[("usr/bin/hello*", "#!/bin/sh\n")])];
    image(
        &registry,
        "tools/hello",
        "1",
        (&layers, json!({"architecture": "s390x"})),
    );
    registry.manifest_of(&sandbox, "");
    sandbox
        .dgmo("lock")
        .exits(1)
        .says("is only for linux/s390x");
}

#[test]
fn what_is_younger_than_is_asked_for_is_passed_over() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    for (tag, created) in [
        ("1.0.0", "2025-01-01"),
        ("1.1.0", "2025-06-01"),
        ("1.2.0", "1970-01-01"),
    ] {
        let layers = [layer(&sandbox, &[("usr/bin/hello*", &script(tag))])];
        let more = json!({"created": format!("{created}T00:00:00Z")});
        image(&registry, "tools/hello", tag, (&layers, more));
    }
    publish(&registry, "0.9.0");
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\npackages: {{hello: {{oci: \"{}\"}}}}\n",
        registry.named("tools/hello")
    ));
    for (limit, version) in [("2025-07-01", "1.1.0"), ("2025-04-01", "1.0.0")] {
        sandbox.run(&["update", "--exclude-newer", limit]).works();
        assert!(
            sandbox
                .read("work/dgmo.lock")
                .contains(&format!("\"{version}\"")),
            "{limit}"
        );
    }
}

#[test]
fn bytes_that_are_not_what_was_said_are_refused() {
    let program = script("1.0.0");
    let blob = content::digest(program.as_bytes());
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.change(|state| {
        state.instead.insert(blob, vec![b'x'; program.len()]);
    });
    registry.manifest_of(&sandbox, "");
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("hashes to")
        .says("is expected");
    registry.change(|state| state.instead.clear());
    sandbox.switch();
    hello_says(&sandbox, "1.0.0");

    // A manifest that an index names is proven, too.
    let layers = [layer(&sandbox, &[("usr/bin/hello*", &program)])];
    let entry = image(&registry, "tools/hello", "", (&layers, json!({})));
    index(
        &registry,
        "tools/hello",
        "2.0.0",
        &[
            (entry.clone(), "linux/amd64"),
            (entry.clone(), "linux/arm64"),
        ],
    );
    let called = entry["digest"].as_str().unwrap().to_owned();
    registry.change(|state| {
        state
            .instead
            .insert(called, b"{\"schemaVersion\":2,\"layers\":[]}".to_vec())
    });
    sandbox.dgmo("update").exits(1).says("hashes to");
    hello_says(&sandbox, "1.0.0");
}

#[test]
fn a_blob_that_ends_in_the_middle_goes_on_there() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.change(|state| state.cuts = true);
    registry.manifest_of(&sandbox, "");
    sandbox.switch();
    hello_says(&sandbox, "1.0.0");
    let asked = registry.asked();
    assert_eq!(
        asked
            .iter()
            .filter(|(path, _)| path.contains("/blobs/"))
            .count(),
        2,
        "{asked:?}"
    );
}

#[test]
fn a_registry_that_has_answered_enough_says_so() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    registry.change(|state| state.used_up = true);
    registry.manifest_of(&sandbox, "");
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("has answered as often as it does")
        .says("docker login");
}

#[test]
fn what_is_not_there_is_told() {
    let sandbox = Sandbox::new();
    let registry = registry(&["1.0.0"]);
    sandbox.manifest(&format!(
        "packages: {{hello: {{oci: \"{}\"}}}}\n",
        registry.named("tools/helo")
    ));
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("there is no `oci:127.0.0.1:")
        .says("correct its name");
    registry.manifest_of(&sandbox, ", version: \"7\"");
    sandbox.dgmo("switch").exits(1).says("the newest are 1.0.0");
    registry.manifest_of(&sandbox, ", version: edge");
    sandbox.dgmo("switch").exits(1).says("`edge`");
}

#[test]
fn documents_that_mean_harm_are_refused() {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let bytes = b"#!/bin/sh\n";
    registry.blob("tools/hello", bytes);
    let titled = |title: &str| {
        let mut layer = descriptor(PLAIN, bytes);
        layer["annotations"] = json!({"org.opencontainers.image.title": title});
        json!({"schemaVersion": 2, "layers": [layer]})
    };
    for (document, says) in [
        (
            json!({"schemaVersion": 2, "layers": [], "manifests": []}),
            "at once",
        ),
        (json!({"schemaVersion": 1, "fsLayers": []}), "form 1"),
        (
            json!({"schemaVersion": 2, "layers": [{"digest": "md5:00", "size": 1}]}),
            "no digest",
        ),
        (
            json!({"schemaVersion": 2, "layers": []}),
            "none of its layers",
        ),
        (titled("../../x"), "no name for a file"),
        (titled("/etc/passwd"), "no name for a file"),
    ] {
        manifest(&registry, ("tools/hello", "1.0.0"), &document);
        registry.manifest_of(&sandbox, "");
        sandbox.dgmo("switch").exits(1).says(says);
        assert!(!sandbox.exists("work/dgmo.lock"), "{document}");
    }
}
