//! A failing disk: one in twenty of ten thousand live objects is damaged, while two generations are in use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use super::Sandbox;

/// Files of each of the two packages; with those both have, ten thousand objects.
const FILES: usize = 4_000;
const SHARED: usize = 2_000;

/// What happens to one file.
fn spoil(path: &Path, how: usize) {
    let mode = fs::metadata(path).unwrap().permissions();
    match how % 3 {
        0 => {
            let mut bytes = fs::read(path).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 0x10;
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
            fs::write(path, bytes).unwrap();
            fs::set_permissions(path, mode).unwrap();
        }
        1 => {
            let half = fs::metadata(path).unwrap().len() / 2;
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
            fs::OpenOptions::new()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(half)
                .unwrap();
            fs::set_permissions(path, mode).unwrap();
        }
        _ => fs::remove_file(path).unwrap(),
    }
}

/// A package: its own files and the shared ones, in folders of a hundred.
fn package(sandbox: &Sandbox, name: &str) {
    for at in 0..FILES {
        let text = format!("{name} {at} {}", "x".repeat(at % 97));
        sandbox.write(format!("work/{name}/share/{name}/{}/{at}", at / 100), text);
    }
    for at in 0..SHARED {
        let text = format!("shared {at} {}", "y".repeat(at % 89));
        sandbox.write(format!("work/{name}/share/both/{}/{at}", at / 100), text);
    }
}

fn objects(sandbox: &Sandbox) -> Vec<PathBuf> {
    let shards = fs::read_dir(sandbox.home().join("store/objects")).unwrap();
    let mut paths: Vec<PathBuf> = shards
        .flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    // By digest: as good as by lot, and the same each time.
    paths.sort();
    paths
}

#[test]
fn all_damage_is_found_what_can_be_is_repaired_and_the_rest_is_named() {
    let sandbox = Sandbox::with("packages: {one: {path: ./one}}\n");
    package(&sandbox, "one");
    package(&sandbox, "two");
    sandbox.switch();
    sandbox.manifest("packages: {two: {path: ./two}}\n");
    sandbox.switch();
    sandbox.dgmo("store copy --to ../other").works();
    // No manifest names the first package any more, and the second has lost some of its sources.
    for at in (0..FILES).step_by(4) {
        sandbox.remove(format!("work/two/share/two/{}/{at}", at / 100));
    }
    let objects = objects(&sandbox);
    assert!(objects.len() >= 10_000, "only {} objects", objects.len());
    let spoilt: Vec<&PathBuf> = objects.iter().step_by(20).collect();
    for (how, path) in spoilt.iter().enumerate() {
        spoil(path, how);
    }
    let is_known = |text: &str, path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let shard = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        let digits: String = name.split('.').next().unwrap().to_owned();
        text.contains(&format!("{shard}{digits}")) || text.contains(&format!("{shard}/{digits}"))
    };

    let started = Instant::now();
    sandbox.dgmo("store verify").exits(3);
    let verify = started.elapsed();
    let started = Instant::now();
    let ran = sandbox.dgmo("repair --json").exits(3);
    let repair = started.elapsed();
    println!(
        "repairing {} of {} objects took {repair:.1?}, verifying {verify:.1?}: {:.2} times",
        spoilt.len(),
        objects.len(),
        repair.as_secs_f64() / verify.as_secs_f64()
    );
    for path in &spoilt {
        assert!(
            is_known(&ran.stdout, path),
            "{} is not told",
            path.display()
        );
    }
    let findings = ran.json()["findings"].as_array().unwrap().clone();
    let count = |state: &str| {
        let found = findings.iter().filter(|found| found["state"] == state);
        found.count()
    };
    let (repaired, left) = (count("repaired"), count("found"));
    assert!(repaired > spoilt.len() / 3, "only {repaired} are repaired");
    assert!(left > 0, "something has no source");
    for found in findings.iter().filter(|found| found["state"] == "found") {
        assert_eq!(found["code"], "DG3801", "{found}");
        let remedy = found["remedy"]["do"].as_str().unwrap();
        assert!(remedy.contains("dgmo repair --from OTHER"), "{found}");
    }

    sandbox.dgmo("repair --from ../other").works();
    sandbox.dgmo("store verify").works();
    sandbox.dgmo("status").works();
    sandbox.dgmo("rollback 1").works();
    sandbox.dgmo("status").works();
    let shown = sandbox.profile().join("current/view/share/one/7/700");
    assert!(fs::read_to_string(shown).unwrap().starts_with("one 700"));
}
