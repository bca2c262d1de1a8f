//! Everything a lock names in one folder, and a machine that has nothing but that folder.

use super::Sandbox;
use super::forge::Forge;
use super::forge::archive;
use super::git;
use super::git::repository::Repository;
use super::npm::registry::Registry;
use super::support::Ran;

const LINUX: &str = "tool-linux-amd64.tar.gz";
const ARM: &str = "tool-linux-arm64.tar.gz";

/// A machine with a network, and what it asked there.
pub(crate) struct Here {
    pub(crate) sandbox: Sandbox,
    pub(crate) forge: Forge,
    pub(crate) registry: Registry,
    /// Whether a package comes from a repository.
    pub(crate) git: bool,
}

impl Here {
    /// A lock of a release for two systems, a package of npm with one it needs, an address, a repository and a folder.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        let forge = Forge::new();
        forge.publish(
            "v1.0.0",
            &[LINUX, ARM].map(|name| (name, archive(&sandbox, &name.replace('.', "-")))),
        );
        let registry = Registry::new();
        let needs = serde_json::json!({"bin": "cli", "dependencies": {"leaf": "1"}});
        let program = [("cli", "#!/bin/sh\necho from npm\n")];
        registry.publish(&sandbox, "speaker@1.0.0", needs, &program);
        registry.publish(&sandbox, "leaf@1.0.0", serde_json::json!({}), &[]);
        sandbox.program("served/far-1/bin/far", "#!/bin/sh\necho far\n");
        sandbox
            .sh("tar -czf ../served/far.tar.gz -C ../served far-1")
            .works();
        sandbox.program("work/near/bin/near", "#!/bin/sh\necho near\n");
        let git = git::is_there();
        let by_git = if git {
            let repository = Repository::with(&sandbox, &["v1.0.0"]);
            format!("  hello: {{git: \"{}\"}}\n", repository.url())
        } else {
            String::new()
        };
        let npm = format!("npm: {{url: \"{}\"}}", registry.url());
        sandbox.manifest(&format!(
            "systems: [x86_64-linux, aarch64-linux]\nsources: {{github: {{url: \"{}/api/v3\"}}, {npm}}}\npackages:\n  tool: \
             {{github: maker/tool}}\n  speaker: {{npm: speaker}}\n  far: {{url: \"file://{}/served/far.tar.gz\", strip: 1}}\n  near: {{path: near}}\n{by_git}",
            forge.url(),
            sandbox.root().display(),
        ));
        sandbox.dgmo("lock").works();
        Self {
            sandbox,
            forge,
            registry,
            git,
        }
    }

    /// Another machine, with the manifest, the lock and the folder that is taken along with them.
    pub(crate) fn another(&self) -> Sandbox {
        let there = Sandbox::new();
        for file in ["dgmo.yaml", "dgmo.lock"] {
            there.write(
                format!("work/{file}"),
                self.sandbox.read(format!("work/{file}")),
            );
        }
        there.program("work/near/bin/near", "#!/bin/sh\necho near\n");
        there
    }

    /// The same, with what was vendored and nothing else.
    fn carried(&self) -> Sandbox {
        let there = self.another();
        let from = self.sandbox.work().join("vendor");
        there.sh(&format!("cp -r {} .", from.display())).works();
        self.forge
            .change(|state| state.instead = Some("nobody should ask".to_owned()));
        self.forge.asked();
        self.registry.asked();
        there
    }

    pub(crate) fn files(&self) -> u64 {
        5 + u64::from(self.git)
    }
}

pub(crate) fn programs_run(there: &Sandbox, git: bool) {
    let line = if git { "; hello" } else { "" };
    let ran: Ran = there
        .sh(&format!(
            "eval \"$(dgmo env)\"; tool; speaker; near; far{line}"
        ))
        .works();
    let ran = ran.says("tool-linux-amd64").says("from npm").says("near");
    if git {
        ran.says("v1.0.0");
    }
}

#[test]
fn a_machine_without_a_network_has_all_from_the_folder() {
    let here = Here::new();
    let report = here.sandbox.dgmo("vendor --json").works().json();
    assert_eq!(report["files"], here.files(), "{report}");
    assert_eq!(report["new_files"], here.files(), "{report}");
    assert_eq!(report["paths"]["near"], "near", "{report}");

    let there = here.carried();
    let lock = there.read("work/dgmo.lock");
    there.dgmo("switch --from-vendor vendor --locked").works();
    programs_run(&there, here.git);
    assert_eq!(there.read("work/dgmo.lock"), lock);
    assert!(here.forge.asked().is_empty(), "the forge was asked");
    assert!(here.registry.asked().is_empty(), "the registry was asked");
    there.dgmo("store verify").works();
    there.dgmo("switch --offline").works().says("nothing to do");
}

#[test]
fn what_is_there_stays_and_what_is_damaged_comes_again() {
    let here = Here::new();
    let sandbox = &here.sandbox;
    let plan = sandbox.dgmo("vendor --dry-run --json").works().json();
    assert_eq!(plan["new_files"], here.files(), "{plan}");
    assert!(!sandbox.exists("work/vendor"), "a plan writes nothing");
    sandbox.dgmo("vendor --quiet").works();
    sandbox.dgmo("vendor").works().says("0 of them brought");

    sandbox
        .sh("f=$(ls vendor | grep sha512 | head -1); printf x > vendor/$f; touch vendor/mine vendor/.dgmo-new-1")
        .works();
    sandbox.dgmo("vendor").works().says("1 of them brought");
    assert!(sandbox.exists("work/vendor/mine"));

    let old = format!("work/vendor/sha256-{}", "0f".repeat(32));
    sandbox.write(&old, "of an older lock");
    sandbox
        .dgmo("vendor --prune --dry-run")
        .works()
        .says("would be deleted");
    assert!(sandbox.exists(&old));
    sandbox.dgmo("vendor --prune").works();
    assert!(!sandbox.exists(&old));
    assert!(!sandbox.exists("work/vendor/.dgmo-new-1"));
    assert!(sandbox.exists("work/vendor/mine"), "it is not ours");
}

#[test]
fn only_one_system_needs_less() {
    let here = Here::new();
    let report = here
        .sandbox
        .dgmo("vendor --for x86_64-linux --json")
        .works();
    assert_eq!(report.json()["files"], here.files() - 1);
    here.sandbox.dgmo("vendor --for no-such-thing").exits(2);
}

#[test]
fn bytes_that_are_missing_or_others_are_refused_and_named() {
    let here = Here::new();
    here.sandbox.dgmo("vendor").works();
    let there = here.carried();
    there
        .sh("cp -r vendor whole && for f in vendor/*; do printf x >> $f; done")
        .works();
    let ran = there.dgmo("switch --from-vendor vendor").exits(1);
    assert!(
        ran.stderr.contains("hashes to") || ran.stderr.contains("bytes where"),
        "{ran}"
    );
    there
        .dgmo("generations list")
        .works()
        .says_nothing_of("  1  ");

    there.sh("rm -r vendor && mkdir vendor").works();
    there
        .dgmo("switch --from-vendor vendor")
        .fails("DG1280")
        .says("is not in")
        .says("dgmo vendor");
    there.sh("rm -r vendor && mv whole vendor").works();
    there.dgmo("switch --from-vendor vendor").works();
    programs_run(&there, here.git);
}

#[test]
fn a_lock_that_does_not_fit_is_not_vendored() {
    let here = Here::new();
    let manifest = here.sandbox.read("work/dgmo.yaml");
    here.sandbox.write(
        "work/dgmo.yaml",
        manifest.replace("  near: {path: near}\n", ""),
    );
    here.sandbox.dgmo("vendor").fails("DG1101");
    here.sandbox.dgmo("lock").works();
    here.sandbox.dgmo("vendor").works();
}

#[test]
fn who_cannot_be_reached_is_told_and_nothing_half_is_left() {
    let here = Here::new();
    here.sandbox.rename("served/far.tar.gz", "served/away");
    let ran = here.sandbox.dgmo("vendor").exits(1);
    assert!(ran.stderr.contains("cannot vendor `far`"), "{ran}");
    here.sandbox
        .sh("! ls -A vendor | grep -v -E '^(b3|sha256|sha512)-'")
        .works();
    // All others are there.
    here.sandbox.rename("served/away", "served/far.tar.gz");
    here.sandbox
        .dgmo("vendor")
        .works()
        .says("1 of them brought");
}
