//! `dgmo mirror`, and machines that take everything from what it made.

mod catalogues;
mod using;
mod web;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::Sandbox;
use super::mirrors::damage;
use super::vendoring::Here;

/// The files of a mirror by their paths below it.
fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ahead.push(path);
            } else {
                let below = path.strip_prefix(folder).unwrap();
                files.push(below.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

fn downloads(mirror: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(mirror.join("downloads")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A machine with a network, and the mirror it made.
fn mirrored() -> (Here, PathBuf) {
    let here = Here::new();
    let mirror = here.sandbox.root().join("mirror");
    here.sandbox.dgmo("mirror ../mirror").works();
    (here, mirror)
}

#[test]
fn what_is_there_stays_and_only_what_is_missing_is_brought() {
    let here = Here::new();
    let sandbox = &here.sandbox;
    let plan = sandbox.dgmo("mirror ../mirror --dry-run --json").works();
    assert_eq!(plan.json()["downloads"]["new_files"], here.files());
    assert!(!sandbox.exists("mirror"), "a plan writes nothing");
    let report = sandbox.dgmo("mirror ../mirror --json").works().json();
    assert_eq!(report["downloads"]["files"], here.files(), "{report}");
    assert_eq!(report["downloads"]["new_files"], here.files(), "{report}");
    assert_eq!(report["paths"]["near"], "near", "{report}");
    assert!(report.get("objects").is_none(), "{report}");
    let mirror = sandbox.root().join("mirror");
    let all = files(&mirror);
    let named = all.iter().filter(|it| it.starts_with("downloads/"));
    assert_eq!(named.count() as u64, here.files(), "{all:?}");
    here.forge.asked();
    sandbox
        .dgmo("mirror ../mirror")
        .works()
        .says("0 of them brought");
    assert_eq!(files(&mirror), all);
    assert!(here.forge.asked().is_empty(), "the forge was asked");

    fs::remove_file(&downloads(&mirror)[0]).unwrap();
    sandbox
        .dgmo("mirror ../mirror")
        .works()
        .says("1 of them brought");
    assert_eq!(files(&mirror), all);
}

#[test]
fn what_is_damaged_is_brought_anew_when_it_is_read_again() {
    let (here, mirror) = mirrored();
    let sandbox = &here.sandbox;
    sandbox.switch();
    sandbox.dgmo("mirror ../mirror --generations").works();
    let all = files(&mirror);
    let objects = all.iter().filter(|it| it.starts_with("objects/"));
    let object = mirror.join(objects.max().unwrap());
    let damaged: Vec<PathBuf> = downloads(&mirror).into_iter().chain([object]).collect();
    let whole: Vec<Vec<u8>> = damaged.iter().map(|path| fs::read(path).unwrap()).collect();
    for path in &damaged {
        damage(path, b"something else");
    }
    let line = "mirror ../mirror --generations";
    sandbox.dgmo(line).works().says("0 of them brought");
    let ran = sandbox.dgmo(&format!("{line} --verify")).works();
    ran.says(&format!("{} of them brought", here.files()))
        .says("1 of them brought");
    for (path, bytes) in damaged.iter().zip(whole) {
        assert!(fs::read(path).unwrap() == bytes, "{}", path.display());
    }
    assert_eq!(files(&mirror), all);
}

#[test]
fn pruning_takes_away_what_is_ours_and_nothing_else() {
    let (here, mirror) = mirrored();
    let sandbox = &here.sandbox;
    sandbox.switch();
    sandbox.dgmo("mirror ../mirror --generations").works();
    let all = files(&mirror);
    let ours = [
        format!("downloads/sha256-{}", "0f".repeat(32)),
        format!("objects/0f/{}", "0f".repeat(31)),
        format!("objects/0f/{}.t", "0f".repeat(31)),
    ];
    let foreign = [
        "index.html",
        "downloads/README",
        "objects/0f/notes",
        "objects/README",
    ];
    for path in ours.iter().map(String::as_str).chain(foreign) {
        sandbox.write(format!("mirror/{path}"), "x");
    }
    // What a killed one left goes without being asked.
    sandbox.write("mirror/downloads/.dgmo-new-1", "x");
    sandbox.write("mirror/objects/.dgmo-new-0f", "x");
    let ran = sandbox.dgmo("mirror ../mirror --generations --prune --dry-run");
    ran.works()
        .says("downloads, 0 of them would be brought (0 B), 2 others")
        .says("objects, 0 of them would be brought (0 B), 2 others");
    assert!(sandbox.exists("mirror/downloads/.dgmo-new-1"));
    // Objects are not looked at, so nothing is known of them.
    sandbox.dgmo("mirror ../mirror --prune").works();
    assert!(!sandbox.exists(format!("mirror/{}", ours[0])));
    assert!(sandbox.exists(format!("mirror/{}", ours[1])));
    sandbox
        .dgmo("mirror ../mirror --generations --prune")
        .works();
    let mut left = all;
    left.extend(foreign.map(str::to_owned));
    left.sort();
    assert_eq!(files(&mirror), left);
}

#[test]
fn several_manifests_have_one_mirror() {
    let (here, mirror) = mirrored();
    let sandbox = &here.sandbox;
    let only_one = downloads(&mirror).len();
    sandbox.program("served/more/bin/more", "#!/bin/sh\necho more\n");
    sandbox
        .sh("tar -czf ../served/more.tar.gz -C ../served/more .")
        .works();
    let url = format!("file://{}/served/more.tar.gz", sandbox.root().display());
    sandbox.write(
        "more/dgmo.yaml",
        format!("dgmo: 1\npackages: {{more: {{url: \"{url}\"}}}}\n"),
    );
    sandbox
        .dgmo("mirror ../mirror -f ../more/dgmo.yaml")
        .fails("DG1101");
    sandbox.dgmo("lock -f ../more/dgmo.yaml").works();
    let line = "mirror ../mirror -f dgmo.yaml -f ../more/dgmo.yaml --prune";
    let report = sandbox.dgmo(&format!("{line} --json")).works().json();
    assert_eq!(report["locks"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(downloads(&mirror).len(), only_one + 1);
    sandbox
        .dgmo("mirror ../mirror -f ../more/dgmo.yaml --prune")
        .works();
    assert_eq!(downloads(&mirror).len(), 1);
    // For one system there is less.
    sandbox
        .dgmo("mirror ../other --for x86_64-linux --prune")
        .works();
    let other = sandbox.root().join("other");
    assert_eq!(downloads(&other).len(), only_one - 1);
}

#[test]
fn a_home_is_mirrored_without_any_manifest() {
    let sandbox = Sandbox::with("packages: {one: {path: ./one}}\nfiles: {.a: {text: aaa}}\n");
    sandbox.dgmo("mirror ../mirror -f nowhere.yaml").exits(1);
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho one\n");
    sandbox.switch();
    sandbox.remove("work/dgmo.yaml");
    sandbox.dgmo("mirror ../mirror").fails("DG1001");
    assert!(!sandbox.exists("mirror"));
    let report = sandbox
        .dgmo("mirror ../mirror --generations --json")
        .works()
        .json();
    assert_eq!(report["locks"].as_array().unwrap().len(), 0, "{report}");
    // The program, the text, and the folders of the package.
    assert_eq!(report["objects"]["new_files"], 4, "{report}");
    assert!(report["objects"]["new_bytes"].as_u64().unwrap() > 20);
}

#[test]
fn a_folder_of_a_newer_dgmo_or_of_something_else_is_left_alone() {
    let sandbox = Sandbox::with("packages: {}\n");
    sandbox.dgmo("lock").works();
    for (text, words) in [("{\"format\": 2}", "format 2"), ("[]", "not what dgmo")] {
        sandbox.write("mirror/mirror.json", text);
        sandbox.dgmo("mirror ../mirror").fails("DG1215").says(words);
        assert_eq!(files(&sandbox.root().join("mirror")), ["mirror.json"]);
    }
    sandbox.write("mirror/mirror.json", "{\"format\": 1, \"more\": true}");
    sandbox.dgmo("mirror ../mirror").works();
}

#[test]
fn two_at_once_wait_for_each_other() {
    let here = Here::new();
    let words = ["mirror", "../mirror"];
    let running: Vec<_> = (0..3)
        .map(|_| here.sandbox.command(&words).spawn().unwrap())
        .collect();
    for mut one in running {
        assert!(one.wait().unwrap().success());
    }
    let mirror = here.sandbox.root().join("mirror");
    assert_eq!(downloads(&mirror).len() as u64, here.files());
    let line = "mirror ../mirror --verify";
    here.sandbox.dgmo(line).works().says("0 of them brought");
    // One that may not wait says who is in the way.
    let lock = fs::File::open(mirror.join(".dgmo-lock")).unwrap();
    lock.lock().unwrap();
    here.sandbox.dgmo("mirror ../mirror --wait 0s").exits(4);
}
