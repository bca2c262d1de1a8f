//! Catalogues, from a forge of our own.

use dgmo_schema::code::Code;

use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;
use crate::forge::Forge;
use crate::forge::archive;
use crate::npm::registry::Registry;
use crate::pypi::File;
use crate::pypi::Index;

/// A manifest of a tool that is there as version 1, for two systems.
fn tool() -> (Sandbox, Forge) {
    let sandbox = Sandbox::new();
    let forge = Forge::new();
    let files = ["tool-linux-amd64.tar.gz", "tool-linux-arm64.tar.gz"];
    forge.publish("v1.0.0", &files.map(|name| (name, archive(&sandbox, "hi"))));
    forge.manifest(&sandbox, "");
    (sandbox, forge)
}

/// What is `wrong` is told, and when it is mended the same command works.
fn told(
    code: Code,
    hint: &str,
    wrong: impl FnOnce(&Sandbox, &Forge),
    mend: impl FnOnce(&Sandbox, &Forge),
) {
    let (sandbox, forge) = tool();
    wrong(&sandbox, &forge);
    is_told(code, &sandbox.dgmo("switch"), hint);
    assert!(!sandbox.exists("work/dgmo.lock"));
    mend(&sandbox, &forge);
    sandbox.switch();
    sandbox.sh("eval \"$(dgmo env)\"; tool").works().says("hi");
}

fn npm_manifest(sandbox: &Sandbox, registry: &Registry, version: &str) {
    sandbox.manifest(&format!(
        "{}packages: {{tool: {{npm: tool, version: \"{version}\"}}}}\n",
        registry.sources()
    ));
}

/// The same with a registry of npm, which has a version that works.
fn npm_told(code: Code, hint: &str, wrong: impl FnOnce(&Sandbox, &Registry)) {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    let about = serde_json::json!({"bin": "cli"});
    registry.publish(
        &sandbox,
        "tool@1.0.0",
        about,
        &[("cli", "#!/bin/sh\necho hi\n")],
    );
    wrong(&sandbox, &registry);
    is_told(code, &sandbox.dgmo("switch"), hint);
    npm_manifest(&sandbox, &registry, "=1.0.0");
    sandbox.switch();
    sandbox.sh("eval \"$(dgmo env)\"; tool").works().says("hi");
}

/// An index in the manifest's own folder, which expires on `day`.
fn names(sandbox: &Sandbox, day: &str) {
    sandbox.write(
        "work/tools.yaml",
        format!("dgmo-index: 1\nversion: 1\nexpires: {day}\ntools: {{}}\n"),
    );
}

/// Short names and the indexes that tell of them: mended, the same search works.
fn of_names(code: Code) -> Proof {
    let search = "search --file dgmo.yaml ripgrep";
    let mended = |make: fn(&Sandbox), hint, mend| {
        Proof::Seen(Trouble::new(make, search, hint, Mend::Hands(mend)))
    };
    match code {
        Code::ToolUnknown => Proof::Own(|| {
            let sandbox = Sandbox::new();
            sandbox.manifest("packages: {no-such-tool-anywhere: latest}\n");
            let told = sandbox.dgmo("switch");
            is_told(Code::ToolUnknown, &told, "name its source");
        }),
        Code::IndexUnusable => mended(
            |sandbox| sandbox.manifest("indexes: [{path: ./tools.yaml}]\n"),
            "correct `indexes:`",
            |sandbox| names(sandbox, "2090-01-01"),
        ),
        Code::IndexExpired => mended(
            |sandbox| {
                names(sandbox, "2020-01-01");
                sandbox.manifest("indexes: [{path: ./tools.yaml}]\n");
            },
            "a newer one",
            |sandbox| names(sandbox, "2090-01-01"),
        ),
        _ => Proof::Own(|| {
            let (_, told) = crate::index::gone_back();
            is_told(Code::IndexRolledBack, &told, "delete");
        }),
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one entry for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::CatalogueUnknown | Code::NeedsDisagree | Code::NoBuild => of_an_index(code),
        Code::ProgramMissing => Proof::Own(program_missing),
        Code::ToolUnknown | Code::IndexUnusable | Code::IndexExpired | Code::IndexRolledBack => {
            of_names(code)
        }
        Code::FetchRateLimited => Proof::Own(|| {
            told(
                Code::FetchRateLimited,
                "`GITHUB_TOKEN`",
                |_, forge| forge.change(|state| state.used_up = true),
                |_, forge| forge.change(|state| state.used_up = false),
            );
        }),
        Code::NotOffered => Proof::Own(|| {
            told(
                Code::NotOffered,
                "correct its name",
                |sandbox, _| {
                    let manifest = sandbox.read("work/dgmo.yaml");
                    sandbox.write(
                        "work/dgmo.yaml",
                        manifest.replace("maker/tool", "maker/tol"),
                    );
                },
                |sandbox, forge| forge.manifest(sandbox, ""),
            );
        }),
        Code::CatalogueAnswer => Proof::Own(|| {
            told(
                Code::CatalogueAnswer,
                "`sources:`",
                |_, forge| forge.change(|state| state.instead = Some("<html>".to_owned())),
                |_, forge| forge.change(|state| state.instead = None),
            );
        }),
        Code::NoVersionFits => Proof::Own(|| {
            told(
                Code::NoVersionFits,
                "correct `version:`",
                |sandbox, forge| forge.manifest(sandbox, ", version: \"7\""),
                |sandbox, forge| forge.manifest(sandbox, ", version: \"1\""),
            );
        }),
        Code::VersionNotUnderstood => Proof::Own(|| {
            told(
                Code::VersionNotUnderstood,
                "`\"~1.7\"`",
                |sandbox, forge| forge.manifest(sandbox, ", version: \">=1 <\""),
                |sandbox, forge| forge.manifest(sandbox, ", version: \">=1 <2\""),
            );
        }),
        Code::NoFileForSystem => Proof::Own(|| {
            told(
                Code::NoFileForSystem,
                "out of `systems:`",
                |sandbox, _| {
                    let manifest = sandbox.read("work/dgmo.yaml");
                    let more = manifest.replace("aarch64-linux", "aarch64-darwin");
                    sandbox.write("work/dgmo.yaml", more);
                },
                |sandbox, _| {
                    let manifest = sandbox.read("work/dgmo.yaml");
                    sandbox.write("work/dgmo.yaml", manifest.replace(", aarch64-darwin", ""));
                },
            );
        }),
        Code::PackageUnusable => Proof::Own(|| {
            let (sandbox, forge) = tool();
            let files = ["tool-linux-amd64.tar.gz", "tool-linux-arm64.tar.gz"];
            forge.publish("v1.1.0", &files.map(|name| (name, b"no archive".to_vec())));
            is_told(
                Code::PackageUnusable,
                &sandbox.dgmo("switch"),
                "another `version:`",
            );
            forge.manifest(&sandbox, ", version: \"=1.0.0\"");
            sandbox.switch();
            sandbox.sh("eval \"$(dgmo env)\"; tool").works().says("hi");
        }),
        Code::FileAmbiguous => Proof::Own(|| {
            told(
                Code::FileAmbiguous,
                "`asset:`",
                |sandbox, forge| {
                    let files =
                        ["full", "lite"].map(|kind| format!("tool-{kind}-linux-amd64.tar.gz"));
                    let files = files
                        .each_ref()
                        .map(|name| (name.as_str(), archive(sandbox, "hi")));
                    forge.publish("v1.1.0", &files);
                    let manifest = sandbox.read("work/dgmo.yaml");
                    sandbox.write("work/dgmo.yaml", manifest.replace(", aarch64-linux", ""));
                },
                |sandbox, forge| {
                    forge.manifest(sandbox, ", asset: \"*-lite-*\"");
                    let manifest = sandbox.read("work/dgmo.yaml");
                    sandbox.write("work/dgmo.yaml", manifest.replace(", aarch64-linux", ""));
                },
            );
        }),
        _ => npm_proof(code),
    }
}

/// Without its own program a repository cannot be asked; with it, the same command gets further.
fn program_missing() {
    let sandbox = Sandbox::new();
    sandbox.manifest("packages: {tool: {git: \"file:///nowhere/tool\"}}\n");
    let bare = sandbox.root().join("bin");
    let ran = sandbox.run_with(&["switch"], &[("PATH", bare.to_str().unwrap())]);
    is_told(Code::ProgramMissing, &ran, "install `git`");
    sandbox.program("bin/git", "#!/bin/sh\nexit 1\n");
    let ran = sandbox.run_with(&["switch"], &[("PATH", bare.to_str().unwrap())]);
    ran.fails("DG1201");
}

/// Those that a registry of npm shows best.
fn npm_proof(code: Code) -> Proof {
    match code {
        Code::CatalogueUnknown => Proof::Own(|| {
            npm_told(
                Code::CatalogueUnknown,
                "write into `dgmo.yaml`",
                |sandbox, _| sandbox.manifest("packages: {tool: {npm: tool}}\n"),
            );
        }),
        Code::DependencyMissing => Proof::Own(|| {
            npm_told(
                Code::DependencyMissing,
                "ask for another version",
                |sandbox, registry| {
                    let needs = serde_json::json!({"bin": "cli", "dependencies": {"gone": "1"}});
                    registry.publish(sandbox, "tool@1.1.0", needs, &[]);
                    npm_manifest(sandbox, registry, "1");
                },
            );
        }),
        _ => unreachable!("{code} is not of a catalogue"),
    }
}

/// Those that an index of Python packages shows.
fn of_an_index(code: Code) -> Proof {
    match code {
        Code::CatalogueUnknown => Proof::Own(|| {
            let index = Index::new();
            index.wheel("hello", "1", &[], &[]);
            let sandbox = Sandbox::new();
            sandbox.manifest("packages: {hello: {pypi: hello}}\n");
            is_told(Code::CatalogueUnknown, &sandbox.dgmo("lock"), "write into");
            index.manifest(&sandbox, "  hello: {pypi: hello}\n");
            sandbox.dgmo("lock").works();
        }),
        Code::NeedsDisagree => Proof::Own(|| {
            let index = Index::new();
            index.wheel("hello", "1", &[], &[]);
            index.wheel("hello", "2", &["Requires-Dist: nobody-has-it"], &[]);
            let sandbox = Sandbox::new();
            index.manifest(&sandbox, "  hello: {pypi: hello, version: \"2\"}\n");
            is_told(Code::NeedsDisagree, &sandbox.dgmo("lock"), "`version:`");
            index.manifest(&sandbox, "  hello: {pypi: hello, version: \"1\"}\n");
            sandbox.dgmo("lock").works();
        }),
        Code::NoBuild => Proof::Own(|| {
            let index = Index::new();
            let source = File::new("hello-2.tar.gz", b"source".to_vec());
            index.publish("hello", source);
            index.wheel("hello", "1", &[], &[]);
            let sandbox = Sandbox::new();
            index.manifest(&sandbox, "  hello: {pypi: hello, version: \"=2\"}\n");
            is_told(Code::NoBuild, &sandbox.dgmo("lock"), "another `version:`");
            index.manifest(&sandbox, "  hello: {pypi: hello, version: \"1\"}\n");
            sandbox.dgmo("lock").works();
        }),
        _ => unreachable!("{code} is not of an index"),
    }
}
