//! What is tried: a world to begin with, and one command.

use crate::world::World;

/// A world to begin with, and one command.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Makes the world as it is before the command.
    pub(crate) prepare: fn(&World),
    /// The command.
    pub(crate) command: &'static str,
    /// What ends the job where the command itself, run again, says that it is done or half done.
    pub(crate) finish: Option<&'static str>,
    /// Whether what it deletes may be there again after a power cut, to be deleted by the next one.
    pub(crate) may_come_back: bool,
}

const SWITCH: &str = "switch -f {w}/src/dgmo.yaml --target {w}/target";
const SWITCH_AND_BACK_UP: &str = "switch -f {w}/src/dgmo.yaml --target {w}/target --backup";

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    let scenario = |name, prepare, command| Scenario {
        name,
        prepare,
        command,
        finish: None,
        may_come_back: false,
    };
    let edit = |name, prepare, command| Scenario {
        name,
        prepare,
        command,
        finish: Some(SWITCH),
        may_come_back: false,
    };
    vec![
        scenario("the first switch", first, SWITCH),
        scenario(
            "the first switch, files in the way",
            in_the_way,
            SWITCH_AND_BACK_UP,
        ),
        scenario(
            "a switch that adds, changes and removes",
            large,
            SWITCH_AND_BACK_UP,
        ),
        scenario("a switch of contents only", contents, SWITCH),
        scenario("a switch that mends", mend, SWITCH),
        scenario("a switch to nothing", to_nothing, SWITCH),
        scenario("a switch to an archive", archive, SWITCH),
        scenario("back, with other paths", after_large, "rollback 1"),
        scenario("back, contents only", after_contents, "rollback 1"),
        scenario("back to before dgmo", after_large, "rollback 0"),
        scenario("a switch to what was there before", there_before, SWITCH),
        scenario("store add", one, "store add --pin mine {w}/src/pkgs"),
        scenario(
            "store import",
            exported,
            "store import --home {w}/other {w}/src/all",
        ),
        scenario("store copy", one, "store copy --to {w}/other"),
        Scenario {
            may_come_back: true,
            ..scenario("gc", garbage, "gc --keep last=1 --foreground")
        },
        Scenario {
            may_come_back: true,
            ..scenario("prune", many, "generations prune --keep last=1")
        },
        scenario("label", many, "generations label 2 work"),
        scenario("pin", many, "generations pin 2"),
        scenario("unpin", many, "generations unpin 1"),
        edit(
            "add",
            one,
            "add gamma --path ./pkgs/gamma -f {w}/src/dgmo.yaml --target {w}/target",
        ),
        edit(
            "remove",
            one,
            "remove beta -f {w}/src/dgmo.yaml --target {w}/target",
        ),
    ]
}

const ONE: &str = r#"dgmo: 1
packages:
  alpha: {path: pkgs/alpha-1}
  beta: {path: pkgs/beta}
files:
  .inputrc: {text: "one\n"}
  .config/editor: {source: files/editor-1}
  .local/bin: {source: files/scripts-1, as: links}
  .ssh/config: {source: files/ssh-1, mode: "0600", as: copy}
  gone/deep/link: {text: "will go\n"}
  gone/copy: {text: "will go too\n", as: copy}
env: {EDITOR: one}
"#;

/// The same paths with other contents.
const OTHER_CONTENTS: &str = r#"dgmo: 1
packages:
  alpha: {path: pkgs/alpha-2}
  beta: {path: pkgs/beta}
files:
  .inputrc: {text: "two\n"}
  .config/editor: {source: files/editor-2}
  .local/bin: {source: files/scripts-1, as: links}
  .ssh/config: {source: files/ssh-1, mode: "0600", as: copy}
  gone/deep/link: {text: "will not go\n"}
  gone/copy: {text: "will go too\n", as: copy}
env: {EDITOR: two}
"#;

/// Paths come, go, become another kind of thing; files of the user are in the way.
const TWO: &str = r#"dgmo: 1
packages:
  alpha: {path: pkgs/alpha-2}
  gamma: {path: pkgs/gamma, priority: 1}
files:
  .inputrc: {text: "two\n"}
  .profile: {text: "ours\n"}
  .config/editor: {source: files/editor-2, as: links}
  .config/mine/rc: {text: "ours\n", as: copy}
  .local/bin: {source: files/scripts-2, as: links}
  .ssh/config: {source: files/ssh-2, mode: "0640", as: copy}
  new/deep/place: {text: "new\n"}
  notes: {source: files/editor-1, as: copy}
keep: {last: 3}
"#;

const NOTHING: &str = "dgmo: 1\n";

/// What lies beside the manifest.
fn sources(world: &World) {
    for version in ["1", "2"] {
        let package = format!("src/pkgs/alpha-{version}");
        world.write(
            &format!("{package}/bin/alpha"),
            &format!("#!/bin/sh\necho {version}\n"),
            0o755,
        );
        world.write(
            &format!("{package}/share/alpha/data"),
            &format!("data {version}\n"),
            0o644,
        );
        world.write(
            &format!("{package}/share/alpha/same"),
            "always the same\n",
            0o644,
        );
        world.link(&format!("{package}/share/alpha/latest"), "data");
        world.write(
            &format!("src/files/editor-{version}/settings"),
            &format!("set {version}\n"),
            0o644,
        );
        world.write(
            &format!("src/files/editor-{version}/snippets/md"),
            "# title\n",
            0o644,
        );
        world.write(
            &format!("src/files/scripts-{version}/today"),
            &format!("#!/bin/sh\n: {version}\n"),
            0o755,
        );
        world.write(
            &format!("src/files/scripts-{version}/only-{version}"),
            "#!/bin/sh\n",
            0o755,
        );
        world.write(
            &format!("src/files/ssh-{version}"),
            &format!("Host {version}\n"),
            0o644,
        );
    }
    world.write("src/pkgs/beta/bin/beta", "#!/bin/sh\n", 0o755);
    world.write("src/pkgs/gamma/bin/gamma", "#!/bin/sh\n", 0o755);
    world.write("src/pkgs/gamma/share/alpha/more", "of gamma\n", 0o644);
}

/// What the user has in the target folder, part of it where TWO wants to put something.
fn things_of_the_user(world: &World) {
    world.write("target/mine", "mine\n", 0o640);
    world.write("target/.profile", "my profile\n", 0o600);
    world.write("target/.config/mine/rc", "my rc\n", 0o644);
    world.write("target/.config/mine/other", "my other\n", 0o644);
    world.write("target/new/mine", "in a folder of mine\n", 0o644);
    world.link("target/my-link", "mine");
}

fn first(world: &World) {
    sources(world);
    world.manifest(ONE);
}

fn in_the_way(world: &World) {
    sources(world);
    things_of_the_user(world);
    world.manifest(TWO);
}

fn one(world: &World) {
    sources(world);
    things_of_the_user(world);
    world.manifest(ONE);
    world.run(SWITCH);
}

fn large(world: &World) {
    one(world);
    world.manifest(TWO);
}

fn after_large(world: &World) {
    large(world);
    world.run(SWITCH_AND_BACK_UP);
}

fn contents(world: &World) {
    one(world);
    world.manifest(OTHER_CONTENTS);
}

fn after_contents(world: &World) {
    contents(world);
    world.run(SWITCH);
}

fn mend(world: &World) {
    one(world);
    for lost in [".inputrc", ".local/bin/today", ".ssh/config"] {
        std::fs::remove_file(world.path("target").join(lost)).unwrap();
    }
}

fn to_nothing(world: &World) {
    after_large(world);
    world.manifest(NOTHING);
}

fn archive(world: &World) {
    one(world);
    let packed = std::process::Command::new("tar")
        .args(["-C", world.path("src/pkgs").to_str().unwrap(), "-czf"])
        .arg(world.path("src/pkgs/alpha.tar.gz"))
        .arg("alpha-2")
        .status();
    assert!(packed.expect("tar starts").success());
    let url = format!("file://{}", world.path("src/pkgs/alpha.tar.gz").display());
    world.manifest(&format!(
        "dgmo: 1\npackages:\n  alpha: {{url: \"{url}\", strip: 1}}\n"
    ));
}

fn there_before(world: &World) {
    after_large(world);
    world.manifest(ONE);
}

fn exported(world: &World) {
    one(world);
    world.run("store export -o {w}/src/all");
}

fn garbage(world: &World) {
    many(world);
    world.run("generations unpin 1");
    world.run("store add {w}/src/pkgs");
    world.run("store add --pin mine {w}/src/files");
}

fn many(world: &World) {
    after_contents(world);
    world.manifest(NOTHING);
    world.run(SWITCH);
    world.manifest(ONE);
    world.run(SWITCH);
    world.run("generations pin 1");
}
