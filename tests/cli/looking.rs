//! "I could not look" is never taken for "it is not there". A link to a name that no file system can have stands for a disk
//! that does not answer: there is something, and nobody can say what.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::Sandbox;
use super::support::Ran;

/// A name that is too long to be asked for.
fn nowhere() -> PathBuf {
    PathBuf::from("x".repeat(300))
}

/// Something that nobody can look at for a while.
struct Unseen {
    path: PathBuf,
    away: PathBuf,
}

impl Unseen {
    fn at(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let name = path.file_name().unwrap();
        let away = path.with_file_name(format!("{}-away", name.display()));
        // One that is not there yet is not there afterwards.
        drop(fs::rename(&path, &away));
        symlink(nowhere(), &path).unwrap();
        Self { path, away }
    }

    /// It is still what it was, where it was.
    fn show_again(self) {
        let link = fs::read_link(&self.path).expect("nobody moved it away");
        assert_eq!(link, nowhere());
        fs::remove_file(&self.path).unwrap();
        drop(fs::rename(&self.away, &self.path));
    }
}

const MANIFEST: &str = "\
packages: {one: {path: ./one}}
files: {.a: {text: aaa}, .c: {text: ccc, as: copy}}
";

fn twice() -> Sandbox {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho one\n");
    sandbox.switch();
    sandbox.manifest(&MANIFEST.replace("aaa", "bbb"));
    sandbox.switch();
    sandbox
}

#[test]
fn a_repair_leaves_alone_what_it_cannot_look_at() {
    let sandbox = twice();
    let (home, profile) = (sandbox.home(), sandbox.profile());
    let cannot = |ran: Ran, path: &str| {
        ran.exits(1).says("hint: ").says(path);
    };
    for place in [
        "store/objects",
        "store/trees",
        "store/staging",
        "pins",
        "profiles/default/journal",
        "profiles/default/footprint.json",
        "profiles/default/policy.json",
        "profiles/default/history.jsonl",
        "profiles/default/generations",
    ] {
        let unseen = Unseen::at(home.join(place));
        cannot(sandbox.dgmo("repair"), place);
        cannot(sandbox.dgmo("doctor"), place);
        unseen.show_again();
    }
    for document in ["journal/switch.json", "journal/trial.json"] {
        let unseen = Unseen::at(profile.join(document));
        cannot(sandbox.dgmo("repair"), document);
        unseen.show_again();
    }
    let pin = Unseen::at(home.join("pins/mine.json"));
    cannot(sandbox.dgmo("repair"), "pins/mine.json");
    pin.show_again();
    assert!(!sandbox.exists(home.join("found")));
    sandbox.dgmo("repair").works().says("all well");
}

/// Somebody who lives may be about to name what is in there.
#[test]
fn a_repair_does_not_take_for_dead_whose_lock_cannot_be_looked_at() {
    let sandbox = twice();
    let staged = sandbox.home().join("store/staging/somebody");
    fs::create_dir(&staged).unwrap();
    fs::write(staged.join("object"), "bytes").unwrap();
    let owner = Unseen::at(staged.join("owner"));
    sandbox
        .dgmo("repair")
        .fails("DG3005")
        .says("staging/somebody/owner");
    assert_eq!(fs::read_to_string(staged.join("object")).unwrap(), "bytes");
    owner.show_again();
}

#[test]
fn nobody_is_told_to_drop_a_generation_that_cannot_be_read_now() {
    let sandbox = twice();
    let record = sandbox.profile().join("generations/1/record.json");
    let unseen = Unseen::at(record);
    let told = sandbox.dgmo("repair").exits(3);
    told.says("generations/1").says_nothing_of("prune");
    unseen.show_again();
    sandbox.dgmo("repair").works().says("all well");
}

#[test]
fn a_generation_is_not_dropped_while_nobody_can_say_who_lives_in_it() {
    let sandbox = twice();
    let shells = sandbox.profile().join("shells");
    let unseen = Unseen::at(&shells);
    sandbox
        .dgmo("generations prune 1")
        .fails("DG3005")
        .says("shells");
    assert!(sandbox.profile().join("generations/1").is_dir());
    unseen.show_again();
    sandbox.dgmo("generations prune 1").works();
}

/// Else what it holds in the target folder would stay there for ever.
#[test]
fn a_home_that_cannot_be_looked_at_is_not_taken_away() {
    let sandbox = twice();
    let home = sandbox.home();
    let there = sandbox.target();
    let (meta, store) = (home.join("meta.json"), Unseen::at(home.join("store")));
    fs::rename(&meta, home.join("meta-away")).unwrap();
    sandbox
        .dgmo("uninstall --yes")
        .fails("DG3005")
        .says("store");
    there.assert_same(&sandbox.target(), "uninstall");
    fs::rename(home.join("meta-away"), meta).unwrap();
    store.show_again();
    sandbox.dgmo("status").works();
    sandbox.dgmo("uninstall --yes").works();
    assert!(!home.exists());
}

#[test]
fn an_uninstallation_tells_what_it_could_not_look_at() {
    let sandbox = twice();
    let start = Unseen::at(sandbox.user().join(".zshrc"));
    sandbox
        .dgmo("uninstall --yes")
        .fails("DG3005")
        .says(".zshrc");
    start.show_again();
    let manifest = Unseen::at(sandbox.work().join("dgmo.yaml"));
    let all = "uninstall --yes --manifests";
    sandbox.dgmo(all).fails("DG3005").says("dgmo.yaml");
    let told = sandbox.dgmo("uninstall --yes").works();
    told.says("dgmo.yaml").says("it cannot be read");
    manifest.show_again();
}

/// Else home files would be put into another folder than the one they are in.
#[test]
fn the_last_target_folder_is_not_forgotten_because_it_cannot_be_read() {
    let sandbox = Sandbox::with(MANIFEST);
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho one\n");
    sandbox.dgmo("switch --target ../elsewhere").works();
    let before = sandbox.target();
    fs::remove_file(sandbox.profile().join("footprint.json")).unwrap();
    let target = Unseen::at(sandbox.profile().join("target"));
    sandbox.manifest(&MANIFEST.replace("aaa", "bbb"));
    sandbox
        .dgmo("switch")
        .fails("DG3021")
        .says("profiles/default/target");
    before.assert_same(&sandbox.target(), "a switch");
    target.show_again();
}

/// Else the default profile would be changed in its place.
#[test]
fn a_project_that_cannot_be_looked_at_is_not_taken_for_none() {
    let sandbox = twice();
    sandbox.write("work/project/dgmo.yaml", "dgmo: 1\n");
    sandbox.dgmo("allow project").works();
    let before = sandbox.current();
    let unseen = Unseen::at(sandbox.home().join("projects"));
    sandbox
        .dgmo("switch -f project/dgmo.yaml")
        .fails("DG3005")
        .says("projects");
    assert_eq!(sandbox.current(), before);
    unseen.show_again();
    sandbox.dgmo("switch -f project/dgmo.yaml").works();
    assert_eq!(sandbox.current(), before);
}

/// Else a check would look at another folder than the one the files are in, and be believed.
#[test]
fn a_check_is_not_made_elsewhere_because_the_target_folder_cannot_be_told() {
    let sandbox = Sandbox::with(&format!("{MANIFEST}checks: {{there: {{exec: [true]}}}}\n"));
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho one\n");
    sandbox.switch();
    sandbox.dgmo("check").works();
    let unseen = Unseen::at(sandbox.profile().join("footprint.json"));
    sandbox.dgmo("check").fails("DG3021").says("footprint.json");
    unseen.show_again();
}

#[test]
fn kept_state_that_cannot_be_listed_is_not_taken_for_none() {
    let sandbox = twice();
    let unseen = Unseen::at(sandbox.profile().join("state"));
    sandbox.manifest(MANIFEST);
    sandbox
        .dgmo("switch")
        .fails("DG3005")
        .says("profiles/default/state");
    assert_eq!(sandbox.current(), 2);
    unseen.show_again();
    sandbox.switch();
}

#[test]
fn a_source_that_cannot_be_looked_at_is_not_said_to_be_deleted() {
    let sandbox = Sandbox::with("files: {.config/editor: {source: ./editor}}\n");
    sandbox.write("work/editor/settings", "settings\n");
    sandbox.write("work/editor/snippets", "snippets\n");
    sandbox.switch();
    sandbox.dgmo("edit .config/editor --no-editor").works();
    fs::remove_file(sandbox.user().join(".config/editor/snippets")).unwrap();
    let unseen = Unseen::at(sandbox.root().join("work/editor/snippets"));
    sandbox.dgmo("adopt --all").exits(1).says("editor/snippets");
    unseen.show_again();
    sandbox.dgmo("adopt --all").works().says("editor/snippets");
    assert!(!sandbox.exists("work/editor/snippets"));
}
