//! What is tried: a world to begin with, and one command.

use crate::drifting;
use crate::finding;
use crate::mending;
use crate::offering;
use crate::serving::after_services;
use crate::serving::with_services;
use crate::world::World;

/// A world to begin with, and one command.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a trait of its own, and most have none"
)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Makes the world as it is before the command.
    pub(crate) prepare: fn(&World),
    /// The command.
    pub(crate) command: &'static str,
    /// What ends the job where the command itself, run again, says that it is done or half done.
    pub(crate) finish: Option<&'static str>,
    /// With what it ends when nothing disturbs it.
    pub(crate) exit: i32,
    /// Words it says then.
    pub(crate) says: &'static str,
    /// Whether what it deletes may be there again after a power cut, to be deleted by the next one.
    pub(crate) may_come_back: bool,
    /// Whether it may be left unsaid why the generation that was current is not any more.
    pub(crate) may_forget_why: bool,
    /// Whether it ends with something that `status` has to name.
    pub(crate) drifts: bool,
    /// Whether what stops it half-way may leave the world as damaged as it was, or half given back: only the end counts.
    pub(crate) is_mending: bool,
    /// Whether it starts other programs, which have troubles of their own.
    pub(crate) starts_programs: bool,
}

impl Scenario {
    /// One that ends with 0, and whose command ends the job.
    pub(crate) fn new(name: &'static str, prepare: fn(&World), command: &'static str) -> Self {
        Self {
            name,
            prepare,
            command,
            finish: None,
            exit: 0,
            says: "",
            may_come_back: false,
            may_forget_why: false,
            drifts: false,
            is_mending: false,
            starts_programs: false,
        }
    }

    /// The same, and it starts other programs.
    pub(crate) fn with_programs(self) -> Self {
        Self {
            starts_programs: true,
            ..self
        }
    }
}

pub(crate) const SWITCH: &str = "switch -f {w}/src/dgmo.yaml --target {w}/target";
const SWITCH_AND_BACK_UP: &str = "switch -f {w}/src/dgmo.yaml --target {w}/target --backup";

const MIRROR: &str = "mirror {w}/other -f {w}/src/dgmo.yaml --generations --prune --verify";

const SWITCH_DRY: &str = "switch -f {w}/src/dgmo.yaml --target {w}/target --dry-run";
const SWITCH_TO_CONFIRM: &str =
    "switch -f {w}/src/dgmo.yaml --target {w}/target --confirm-within 1h";

/// All of them.
#[expect(clippy::too_many_lines, reason = "a list: one line for each")]
pub(crate) fn all() -> Vec<Scenario> {
    let scenario = Scenario::new;
    let edit = |name, prepare, command| Scenario {
        finish: Some(SWITCH),
        ..Scenario::new(name, prepare, command)
    };
    let mut all = vec![
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
        scenario("a switch on trial", on_trial, SWITCH).with_programs(),
        Scenario {
            exit: 5,
            ..scenario("back on trial, which fails", fails_its_trial, "rollback 1").with_programs()
        },
        Scenario {
            finish: Some("status"),
            ..scenario(
                "a switch to be confirmed",
                to_be_confirmed,
                SWITCH_TO_CONFIRM,
            )
            .with_programs()
        },
        Scenario {
            finish: Some("status"),
            ..scenario("confirm", awaiting, "confirm")
        },
        scenario("a change nobody confirmed", too_late, "rollback 1"),
        scenario("a switch with services and state", with_services, SWITCH).with_programs(),
        scenario(
            "services back with their state",
            after_services,
            "rollback 1 --with-state",
        )
        .with_programs(),
        scenario("store add", one, "store add --pin mine {w}/src/pkgs"),
        scenario(
            "store import",
            exported,
            "store import --home {w}/other {w}/src/all",
        ),
        scenario("store copy", one, "store copy --to {w}/other"),
        scenario("store export", one, "store export -o {w}/src/all"),
        scenario("mirror", released_and_switched, MIRROR),
        Scenario {
            may_come_back: true,
            ..scenario("mirror, with less", mirrored_more, MIRROR)
        },
        Scenario {
            may_come_back: true,
            ..scenario("gc", garbage, "gc --keep last=1 --foreground")
        },
        Scenario {
            exit: 1,
            says: "of free space cannot be had",
            may_come_back: true,
            ..scenario(
                "gc for room",
                garbage,
                "gc --target-free 4096T --keep last=1 --foreground",
            )
        },
        Scenario {
            may_come_back: true,
            ..scenario("prune", many, "generations prune --keep last=1")
        },
        scenario("label", many, "generations label 2 work"),
        scenario("pin", many, "generations pin 2"),
        scenario("unpin", many, "generations unpin 1"),
        scenario("allow", with_project, "allow {w}/src/files/project"),
        scenario(
            "deny what was allowed",
            allowed,
            "deny {w}/src/files/project",
        ),
        scenario(
            "forget a project",
            allowed,
            "deny --forget {w}/src/files/project",
        ),
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
    ];
    all.extend(mending::scenarios());
    all.extend(drifting::scenarios());
    all.extend(finding::scenarios());
    all.extend(offering::scenarios());
    all
}

/// Commands that change nothing: only what they say can be wrong.
pub(crate) fn looking() -> Vec<Scenario> {
    let scenario = |name, command| Scenario::new(name, many, command);
    vec![
        scenario("a switch that changes nothing", SWITCH),
        scenario("status", "status"),
        scenario("verify", "store verify"),
        scenario("generations list", "generations list"),
        scenario("generations show", "generations show 2"),
        scenario("diff", "diff 1 2"),
        scenario("history", "history"),
        scenario("what gc would do", "gc --dry-run --keep last=1"),
        scenario("what a switch would do", SWITCH_DRY),
    ]
}

pub(crate) const ONE: &str = r#"dgmo: 1
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
pub(crate) fn sources(world: &World) {
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
pub(crate) fn things_of_the_user(world: &World) {
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

pub(crate) fn one(world: &World) {
    sources(world);
    things_of_the_user(world);
    world.manifest(ONE);
    world.run(SWITCH);
}

fn released_and_switched(world: &World) {
    offering::released(world);
    world.run(SWITCH);
}

/// A mirror has what was needed once, one file of it damaged.
fn mirrored_more(world: &World) {
    released_and_switched(world);
    world.run(MIRROR);
    let downloads = std::fs::read_dir(world.path("other/downloads")).unwrap();
    let paths = downloads.map(|entry| entry.unwrap().path());
    for path in paths {
        std::fs::write(path, "what the disk made of it").unwrap();
    }
    world.write(&format!("other/downloads/b3-{:064}", 0), "old", 0o644);
    world.write(&format!("other/objects/00/{:062}", 0), "old", 0o644);
    world.write("other/objects/.dgmo-new-0", "half", 0o644);
}

fn large(world: &World) {
    one(world);
    world.manifest(TWO);
}

pub(crate) fn after_large(world: &World) {
    large(world);
    world.run(SWITCH_AND_BACK_UP);
}

fn contents(world: &World) {
    one(world);
    world.manifest(OTHER_CONTENTS);
}

pub(crate) fn after_contents(world: &World) {
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

fn allowed(world: &World) {
    with_project(world);
    world.run("allow {w}/src/files/project");
}

/// A folder that can have an environment of its own.
fn with_project(world: &World) {
    one(world);
    world.write(
        "src/files/project/dgmo.yaml",
        "dgmo: 1\ninclude: [more.yaml]\n",
        0o644,
    );
    world.write(
        "src/files/project/more.yaml",
        "dgmo: 1\nenv: {E: e}\n",
        0o644,
    );
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

/// Hooks and checks that do nothing and hold.
const ON_TRIAL: &str = r#"hooks:
  before-switch: [[/bin/sh, -c, ":"]]
  after-switch: [[/bin/sh, -c, ":"], [/bin/sh, -c, ":", again]]
checks:
  there: {file: .inputrc, interval: 1ms}
  flag: {file: ../flag, interval: 1ms, fail_after: 1}
"#;

fn on_trial(world: &World) {
    one(world);
    world.write("flag", "", 0o644);
    world.manifest(&format!("{OTHER_CONTENTS}{ON_TRIAL}"));
}

fn fails_its_trial(world: &World) {
    sources(world);
    things_of_the_user(world);
    world.write("flag", "", 0o644);
    world.manifest(&format!("{ONE}{ON_TRIAL}"));
    world.run(SWITCH);
    world.manifest(TWO);
    world.run(SWITCH_AND_BACK_UP);
    std::fs::remove_file(world.path("flag")).unwrap();
}

fn to_be_confirmed(world: &World) {
    one(world);
    world.manifest(OTHER_CONTENTS);
}

fn awaiting(world: &World) {
    to_be_confirmed(world);
    world.run(SWITCH_TO_CONFIRM);
}

fn too_late(world: &World) {
    awaiting(world);
    let record = world.path("home/profiles/default/journal/trial.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let mut trial: serde_json::Value = serde_json::from_str(&text).unwrap();
    trial["stage"]["awaiting"]["deadline"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&record, trial.to_string()).unwrap();
}
