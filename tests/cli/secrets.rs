//! Secrets: real files that only their owner reads, whose content is written down nowhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Ran;
use super::Sandbox;

/// Nothing else holds this text.
const SECRET: &str = "vogelfrei-4711-zwetschge";
const OTHER: &str = "nachtigall-0815-quitte!!";

const MANIFEST: &str = "files:\n  .netrc: {secret: {command: [~/bin/pass, show, netrc]}}\n  .token: {secret: {env: TOKEN}, mode: \"0640\"}\n  .deep/key: {secret: {file: ~/secrets/key}}\n  .plain: {text: plain}\n";

/// A machine that can fetch all three.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with(MANIFEST);
    vault(&sandbox, SECRET);
    sandbox
}

/// What the secrets are.
fn vault(sandbox: &Sandbox, secret: &str) {
    sandbox.program(
        "user/bin/pass",
        "#!/bin/sh\necho asked >> ~/asked\ncat ~/vault\n",
    );
    sandbox.write("user/vault", secret);
    sandbox.write("user/secrets/key", secret);
}

fn run(sandbox: &Sandbox, line: &str) -> Ran {
    run_with(sandbox, line, SECRET)
}

fn run_with(sandbox: &Sandbox, line: &str, token: &str) -> Ran {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ran = sandbox.run_with(&words, &[("TOKEN", token), ("RUST_BACKTRACE", "full")]);
    ran.says_nothing_of(SECRET).says_nothing_of(OTHER)
}

fn asked(sandbox: &Sandbox) -> usize {
    let path = sandbox.user().join("asked");
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

fn mode(sandbox: &Sandbox, path: &str) -> u32 {
    let metadata = fs::symlink_metadata(sandbox.root().join(path)).unwrap();
    assert!(metadata.is_file(), "{path} is no real file");
    metadata.permissions().mode() & 0o777
}

/// No file below `folder` holds a secret, as it is or in hex.
fn holds_no_secret(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            holds_no_secret(&path);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in [SECRET, OTHER] {
            let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
            let digest = blake3::hash(secret.as_bytes()).to_hex();
            for text in [secret, &hex, digest.as_str()] {
                let found = bytes.windows(text.len()).any(|w| w == text.as_bytes());
                assert!(!found, "{} holds a secret", path.display());
            }
        }
    }
}

#[test]
fn secrets_are_put_in_place_and_nowhere_else() {
    let sandbox = sandbox();
    run(&sandbox, "switch -v").works().says(".netrc is fetched");
    for path in [".netrc", ".token", ".deep/key"] {
        assert_eq!(sandbox.read(format!("user/{path}")), SECRET);
    }
    assert_eq!(mode(&sandbox, "user/.netrc"), 0o600);
    assert_eq!(mode(&sandbox, "user/.token"), 0o640);
    assert_eq!(mode(&sandbox, "user/.deep/key"), 0o600);
    assert_eq!(mode(&sandbox, "home/keys/secrets"), 0o600);
    for line in [
        "status --json",
        "switch --json",
        "generations show --json -v",
        "diff 0 1 --json",
        "history --json",
        "lock --json",
    ] {
        run(&sandbox, line).works();
    }
    holds_no_secret(&sandbox.home());
    holds_no_secret(&sandbox.work());
}

#[test]
fn the_id_is_known_without_the_secret() {
    let (one, other) = (sandbox(), sandbox());
    vault(&other, OTHER);
    let id = |sandbox: &Sandbox, token| run_with(sandbox, "switch --json", token).works().json();
    assert_eq!(id(&one, SECRET)["id"], id(&other, OTHER)["id"]);
    let planned = Sandbox::with(MANIFEST);
    let document = run(&planned, "switch --dry-run --json").works().json();
    assert_eq!(document["id"], id(&one, SECRET)["id"]);
    assert!(!planned.exists("home"));
}

#[test]
fn a_switch_asks_only_for_what_is_not_there() {
    let sandbox = sandbox();
    run(&sandbox, "switch").works();
    assert_eq!(asked(&sandbox), 1);
    run(&sandbox, "switch").works().says("nothing to do");
    run(&sandbox, "status").works();
    run(&sandbox, "switch --dry-run").works();
    assert_eq!(asked(&sandbox), 1, "nothing was missing");

    vault(&sandbox, OTHER);
    run_with(&sandbox, "switch --refresh-secrets", OTHER).works();
    assert_eq!(sandbox.read("user/.netrc"), OTHER);
    assert_eq!(sandbox.read("user/.token"), OTHER);
    assert_eq!(asked(&sandbox), 2);
    assert_eq!(sandbox.current(), 1, "the generation is the same");
    run(&sandbox, "status").works();

    sandbox.remove("user/.netrc");
    run(&sandbox, "status").exits(3).says("DG3520");
    run(&sandbox, "switch").works();
    assert_eq!(sandbox.read("user/.netrc"), OTHER);
    assert_eq!(asked(&sandbox), 3);
    holds_no_secret(&sandbox.home());
}

#[test]
fn a_secret_that_cannot_be_fetched_stops_before_anything_changes() {
    let sandbox = sandbox();
    sandbox.switch_fails("TOKEN");
    let before = sandbox.target();
    let script = format!("#!/bin/sh\necho {SECRET}\necho 'the vault is closed' >&2\nexit 7\n");
    sandbox.program("user/bin/pass", &script);
    let before_home = run(&sandbox, "history").exits(0).stdout;
    let ran = run(&sandbox, "switch").fails("DG3501");
    ran.says("the vault is closed").says("--without-secrets");
    run(&sandbox, "switch --json").fails("DG3501");
    assert_eq!(run(&sandbox, "history").stdout, before_home);
    vault(&sandbox, SECRET);
    before.assert_same(&sandbox.target(), "a switch that stopped changed something");
    sandbox.remove("user/bin/pass");
    run(&sandbox, "switch").fails("DG3501").says(".netrc");
    sandbox.program("user/bin/pass", "#!/bin/sh\nexit 0\n");
    run(&sandbox, "switch").fails("DG3502").says("is empty");
    sandbox.program("user/bin/pass", "#!/bin/sh\nwhile :; do echo much; done\n");
    run(&sandbox, "switch").fails("DG3502").says("larger than");
    let ran = run(&sandbox, "switch --without-secrets").works();
    ran.says(".netrc is left out");
    assert!(sandbox.exists("user/.plain") && !sandbox.exists("user/.netrc"));
    vault(&sandbox, SECRET);
    run(&sandbox, "switch").works();
    assert_eq!(sandbox.read("user/.netrc"), SECRET);
}

impl Sandbox {
    /// Without its variable.
    fn switch_fails(&self, name: &str) {
        self.dgmo("switch").fails("DG3501").says(name);
    }
}

#[test]
fn rollback_0_takes_them_away_and_gives_back_what_was_there() {
    let sandbox = sandbox();
    sandbox.write("user/.netrc", "mine");
    sandbox.mode("user/.netrc", 0o400);
    let before = sandbox.target();
    run(&sandbox, "switch").fails("DG3020");
    run(&sandbox, "switch --backup").works();
    assert_eq!(sandbox.read("user/.netrc"), SECRET);
    run(&sandbox, "rollback 0").works();
    sandbox.remove("user/asked");
    before.assert_same(&sandbox.target(), "rollback 0 did not restore");
}

#[test]
fn a_rollback_leaves_what_is_the_same_and_fetches_the_rest() {
    let sandbox = sandbox();
    run(&sandbox, "switch").works();
    sandbox.manifest("files:\n  .netrc: {secret: {command: [~/bin/pass, show, netrc]}}\n  .token: {text: not secret}\n");
    run(&sandbox, "switch").works();
    assert_eq!(sandbox.read("user/.token"), "not secret");
    assert!(!sandbox.exists("user/.deep"));
    assert_eq!(asked(&sandbox), 1, "the file was there");
    sandbox.dgmo("rollback 1").fails("DG3501").says("TOKEN");
    assert_eq!(sandbox.current(), 2);
    assert_eq!(sandbox.read("user/.token"), "not secret");
    let ran = run(&sandbox, "rollback 1").works();
    ran.says(".token is fetched");
    assert_eq!(sandbox.read("user/.token"), SECRET);
    assert_eq!(asked(&sandbox), 1);
    run(&sandbox, "rollback 2").works();
    sandbox
        .dgmo("rollback 1 --without-secrets")
        .works()
        .says(".token is left out");
    assert!(!sandbox.exists("user/.token"));
    sandbox.dgmo("status").exits(3).says("DG3520");
    holds_no_secret(&sandbox.home());
}

#[test]
fn a_secret_that_was_changed_is_not_overwritten() {
    let sandbox = sandbox();
    run(&sandbox, "switch").works();
    sandbox.write("user/.netrc", "changed by hand");
    run(&sandbox, "status")
        .exits(3)
        .says("DG3521")
        .says("dgmo restore .netrc");
    run(&sandbox, "switch").fails("DG3020").says("was changed");
    run(&sandbox, "adopt .netrc").fails("DG3505");
    run(&sandbox, "edit .netrc").fails("DG3505");
    run(&sandbox, "restore .netrc")
        .works()
        .says(".netrc.edited");
    assert_eq!(sandbox.read("user/.netrc"), SECRET);
    assert_eq!(sandbox.read("user/.netrc.edited"), "changed by hand");
    run(&sandbox, "status").works();
}

#[test]
fn a_home_without_its_key_counts_secrets_as_changed() {
    let sandbox = sandbox();
    run(&sandbox, "switch").works();
    sandbox.remove("home/keys/secrets");
    run(&sandbox, "status").exits(3).says("DG3521");
    run(&sandbox, "switch").works();
    run(&sandbox, "status").works();
    assert_eq!(asked(&sandbox), 2);
    run(&sandbox, "switch").works().says("nothing to do");
    assert_eq!(asked(&sandbox), 2);
    sandbox.remove("home/keys/secrets");
    sandbox.write("user/vault", OTHER);
    // It could be something the user wrote there.
    run(&sandbox, "switch").fails("DG3020");
    run(&sandbox, "switch --backup").works();
    assert_eq!(sandbox.read("user/.netrc"), OTHER);
    run(&sandbox, "status").works();
}

#[test]
fn no_crash_leaves_a_secret_where_it_does_not_belong() {
    let sandbox = sandbox();
    run(&sandbox, "switch --without-secrets").works();
    vault(&sandbox, OTHER);
    for at in 0..200 {
        let log = sandbox.root().join("faults.log");
        let plan = format!("log:{},kill:{at}", log.display());
        let ran = sandbox.run_with(
            &["switch", "--refresh-secrets", "-v"],
            &[("TOKEN", OTHER), ("DGMO_FAULT", &plan)],
        );
        let ran = ran.says_nothing_of(OTHER);
        holds_no_secret(&sandbox.home());
        holds_no_secret(&sandbox.work());
        let told = fs::read_to_string(&log).unwrap_or_default();
        let hex: String = OTHER.bytes().map(|b| format!("{b:02x}")).collect();
        assert!(!told.contains(&hex), "the log of steps holds a secret");
        drop(fs::remove_file(&log));
        private_leftovers(&sandbox);
        if ran.exit == 0 {
            run_with(&sandbox, "status", OTHER).works();
            assert!(at > 10, "nothing was done");
            let names = names_in(&sandbox.user());
            assert!(
                !names.iter().any(|name| name.contains("dgmo-")),
                "{names:?}"
            );
            return;
        }
    }
    panic!("it never ended");
}

/// Whatever a crash left that holds a secret is its owner's alone, but for what shall be read by others.
fn private_leftovers(sandbox: &Sandbox) {
    for name in names_in(&sandbox.user()) {
        let path = sandbox.user().join(&name);
        let is_ours = name.starts_with('.') && path.is_file() && !path.is_symlink();
        if is_ours && fs::read_to_string(&path).is_ok_and(|text| text == OTHER) {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            let may_be_read = name.contains("token");
            assert!(mode == 0o600 || may_be_read, "{name} has mode {mode:o}");
        }
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn what_a_manifest_may_not_say_of_secrets() {
    for (entry, code, words) in [
        ("{secret: {}}", "DG1011", "give it one of `command:`"),
        ("{secret: {env: A, file: ~/b}}", "DG1011", "one place only"),
        ("{secret: {file: b}}", "DG1011", "must not be relative"),
        ("{secret: {command: []}}", "DG1011", "is empty"),
        (
            "{secret: {command: [./b]}}",
            "DG1011",
            "must not be relative",
        ),
        ("{secret: {env: A}, as: link}", "DG1011", "real file"),
        ("{secret: {env: A}, text: b}", "DG1011", "both"),
        ("{secret: {env: \"A-B\"}}", "DG10", "variable"),
        (
            "{secret: {comand: [a]}}",
            "DG1005",
            "did you mean `command`?",
        ),
        ("{secret: pass}", "DG10", "must be a map"),
    ] {
        let sandbox = Sandbox::with(&format!("files: {{.a: {entry}}}\n"));
        let ran = sandbox.dgmo("switch").exits(1);
        assert!(
            ran.stderr.contains(&format!("error[{code}")),
            "{entry}: {ran}"
        );
        assert!(ran.stderr.contains(words), "{entry}: {ran}");
    }
    let sandbox = Sandbox::with("files: {.a: {secret: {env: A}, as: copy}}\n");
    sandbox.run_with(&["switch"], &[("A", "b")]).works();
}

/// Secrets replaced and removed, under a check that fails: what was there comes back, and nobody is asked for it.
#[test]
fn a_change_that_is_taken_back_brings_old_secrets_back_without_asking() {
    let sandbox = Sandbox::with(
        "files:\n  .netrc: {secret: {command: [~/bin/pass]}}\n  .gone/key: {secret: {command: [~/bin/pass]}, mode: \"0400\"}\n",
    );
    vault(&sandbox, SECRET);
    run(&sandbox, "switch").works();
    assert_eq!(asked(&sandbox), 2);
    // Nobody can give it any more.
    sandbox.program(
        "user/bin/pass",
        "#!/bin/sh\necho asked >> ~/asked\nexit 1\n",
    );
    sandbox.write("user/secrets/key", OTHER);
    let failing = "checks: {never: {file: nowhere, interval: 1ms, fail_after: 1}}";
    sandbox.manifest(&format!(
        "files:\n  .netrc: {{secret: {{file: ~/secrets/key}}}}\n{failing}\n"
    ));
    run(&sandbox, "switch").exits(5);
    assert_eq!(sandbox.read("user/.netrc"), SECRET);
    assert_eq!(sandbox.read("user/.gone/key"), SECRET);
    assert_eq!(mode(&sandbox, "user/.netrc"), 0o600);
    assert_eq!(mode(&sandbox, "user/.gone/key"), 0o400);
    assert_eq!(asked(&sandbox), 2);
    run(&sandbox, "status").works();
    let left = |folder: &str| {
        let entries = fs::read_dir(sandbox.user().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("dgmo")).count()
    };
    assert_eq!((left(""), left(".gone")), (0, 0), "something is kept still");

    // Until somebody confirms it is beside, and only the owner reads it; then it is gone.
    sandbox.manifest("files:\n  .netrc: {secret: {file: ~/secrets/key}}\n");
    run(&sandbox, "switch --confirm-within 1h").works();
    assert_eq!(sandbox.read("user/.netrc"), OTHER);
    assert_eq!(left(""), 2);
    for entry in fs::read_dir(sandbox.user()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.contains("dgmo") {
            assert_eq!(mode(&sandbox, &format!("user/{name}")), 0o600);
        }
    }
    run(&sandbox, "confirm").works();
    assert_eq!(left(""), 0);
    assert_eq!(asked(&sandbox), 2);
    holds_no_secret(&sandbox.home());
}
