//! What is tried of files that were changed where they are, and of secrets.

use crate::scenarios::SWITCH;
use crate::scenarios::Scenario;
use crate::scenarios::one;
use crate::world::World;

const REFRESH: &str = "switch -f {w}/src/dgmo.yaml --target {w}/target --refresh-secrets";

/// All of them.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let scenario = Scenario::new;
    vec![
        Scenario {
            drifts: true,
            ..scenario("edit a file", one, "edit .inputrc --no-editor")
        },
        Scenario {
            drifts: true,
            ..scenario("edit a folder", one, "edit .config/editor --no-editor")
        },
        scenario("adopt", edited_and_unknown, "adopt --all"),
        scenario("restore", edited, "restore --all"),
        scenario("restore, discarding", edited, "restore --all --discard"),
        scenario("a switch with secrets", other_secrets, SWITCH),
        scenario("secrets fetched anew", rotated, REFRESH),
        scenario("back, with secrets", after_secrets, "rollback 1"),
        Scenario {
            exit: 5,
            ..scenario(
                "secrets on trial, which fails",
                secrets_on_trial,
                "rollback 1",
            )
            .with_programs()
        },
        scenario(
            "back from secrets to before dgmo",
            after_secrets,
            "rollback 0",
        ),
    ]
}

/// Files, folders and texts that were changed where they are.
fn edited(world: &World) {
    one(world);
    world.run("edit .inputrc --no-editor");
    world.run("edit .config/editor --no-editor");
    world.write("target/.inputrc", "edited\n  more\n", 0o644);
    world.write("target/.config/editor/settings", "edited\n", 0o644);
    world.write("target/.config/editor/made/here", "made\n", 0o755);
    world.write("target/.ssh/config", "Host edited\n", 0o600);
    std::fs::remove_file(world.path("target/.config/editor/snippets/md")).unwrap();
}

fn edited_and_unknown(world: &World) {
    edited(world);
    world.write("target/.local/bin/unknown", "#!/bin/sh\n", 0o755);
}

const SECRETS: &str = r#"dgmo: 1
files:
  .netrc: {secret: {file: ~/vault}}
  .token: {secret: {command: [cat, ~/other]}, mode: "0640"}
  .was/link: {text: "a link\n"}
  .was/secret: {secret: {file: ~/vault}}
  .was/folder: {secret: {file: ~/vault}}
  .goes/away: {secret: {file: ~/vault}}
"#;

const OTHER_SECRETS: &str = r#"dgmo: 1
files:
  .netrc: {secret: {file: ~/vault}, mode: "0400"}
  .token: {secret: {file: ~/other}, mode: "0640"}
  .was/link: {secret: {file: ~/vault}}
  .was/secret: {text: "a link now\n"}
  .was/folder/deep/key: {secret: {file: ~/other}}
  .new/key: {secret: {file: ~/vault}}
"#;

/// Each secret is so many times the letter `s`, so that the log of steps can be replayed without having it.
fn vault(world: &World, lengths: [usize; 2]) {
    let user = world.beside("user");
    std::fs::create_dir_all(&user).unwrap();
    for (name, length) in ["vault", "other"].into_iter().zip(lengths) {
        std::fs::write(user.join(name), "s".repeat(length)).unwrap();
    }
}

fn secrets(world: &World) {
    vault(world, [11, 18]);
    world.manifest(&SECRETS.replace("[cat, ~/other]", "[sh, -c, 'cat ~/other']"));
    world.run(SWITCH);
}

fn rotated(world: &World) {
    secrets(world);
    vault(world, [12, 19]);
}

fn other_secrets(world: &World) {
    rotated(world);
    world.manifest(OTHER_SECRETS);
}

/// The generation gone to has a check that fails, and other secrets.
fn secrets_on_trial(world: &World) {
    vault(world, [11, 18]);
    world.write("flag", "", 0o644);
    world.manifest(&format!(
        "{}checks: {{flag: {{file: ../flag, interval: 1ms, fail_after: 1}}}}\n",
        SECRETS.replace("[cat, ~/other]", "[sh, -c, 'cat ~/other']")
    ));
    world.run(SWITCH);
    vault(world, [12, 19]);
    world.manifest(OTHER_SECRETS);
    world.run(SWITCH);
    std::fs::remove_file(world.path("flag")).unwrap();
}

fn after_secrets(world: &World) {
    other_secrets(world);
    world.run(SWITCH);
}
