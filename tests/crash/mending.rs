//! What is tried of repairing and of taking away: worlds with something wrong in them.

use crate::scenarios::SWITCH;
use crate::scenarios::Scenario;
use crate::scenarios::after_contents;
use crate::scenarios::after_large;
use crate::scenarios::one;
use crate::scenarios::sources;
use crate::world::World;

/// All of them.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let mending = |name, prepare, command| Scenario {
        is_mending: true,
        ..Scenario::new(name, prepare, command)
    };
    vec![
        mending("repair objects", damaged_objects, "repair --from {w}/src"),
        mending(
            "repair objects from another home",
            damaged_everywhere,
            "repair --from {w}/other",
        ),
        mending("repair laid-out trees", damaged_trees, "repair"),
        mending("repair records", damaged_records, "repair"),
        mending("repair the home", damaged_home, "doctor --repair"),
        mending("uninstall", after_large, "uninstall --yes --manifests"),
        mending(
            "uninstall a damaged home",
            damaged_records,
            "uninstall --yes --manifests",
        ),
    ]
}

/// Overwrites what may not be written, as a failing disk does.
fn spoil(path: &std::path::Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).unwrap().permissions();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, mode).unwrap();
}

/// Every file of an object, in order.
fn objects(world: &World) -> Vec<std::path::PathBuf> {
    let shards = std::fs::read_dir(world.path("home/store/objects")).unwrap();
    let mut files: Vec<_> = shards
        .flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Bits flipped, files cut short, files deleted, in turn.
fn damaged_objects(world: &World) {
    after_contents(world);
    for (at, path) in objects(world).into_iter().enumerate() {
        match at % 4 {
            0 => spoil(&path, b"what the disk made of it"),
            1 => spoil(&path, b""),
            2 => std::fs::remove_file(path).unwrap(),
            _ => {}
        }
    }
}

/// No source has it any more, only the other home.
fn damaged_everywhere(world: &World) {
    one(world);
    world.run("store copy --to {w}/other");
    for below in ["src/pkgs", "src/files"] {
        std::fs::remove_dir_all(world.path(below)).unwrap();
    }
    for path in objects(world) {
        spoil(&path, b"");
    }
}

/// Names missing, added and replaced in laid-out trees.
fn damaged_trees(world: &World) {
    use std::os::unix::fs::PermissionsExt;
    after_contents(world);
    let mut trees: Vec<_> = std::fs::read_dir(world.path("home/store/trees"))
        .unwrap()
        .map(|tree| tree.unwrap().path())
        .collect();
    trees.sort();
    for (at, tree) in trees.into_iter().enumerate() {
        if at % 3 == 0 {
            crate::copy::delete_tree(&tree);
            continue;
        }
        std::fs::set_permissions(&tree, std::fs::Permissions::from_mode(0o755)).unwrap();
        for entry in std::fs::read_dir(&tree).unwrap() {
            let path = entry.unwrap().path();
            crate::copy::delete_tree(&path);
            if at % 3 == 1 {
                std::os::unix::fs::symlink("/nowhere", path).unwrap();
            }
        }
        std::fs::write(tree.join("stray"), "x").unwrap();
    }
}

/// The pointer, the journal, the footprint, the history and parts of generations.
fn damaged_records(world: &World) {
    after_contents(world);
    let profile = world.path("home/profiles/default");
    std::fs::remove_file(profile.join("current")).unwrap();
    std::fs::write(profile.join("journal/switch.json"), "{").unwrap();
    std::fs::write(profile.join("footprint.json"), "").unwrap();
    std::fs::write(profile.join("lock"), "`dgmo switch` (process 1)\n").unwrap();
    crate::copy::delete_tree(&profile.join("generations/2/view"));
    crate::copy::delete_tree(&profile.join("generations/1/files"));
}

/// Folders, lock files and `meta.json` gone, strangers come.
fn damaged_home(world: &World) {
    sources(world);
    // Programs would not be on the search path of a test, which is a finding too.
    world.manifest("dgmo: 1\nfiles: {.local/bin: {source: files/scripts-1, as: links}}\n");
    world.run(SWITCH);
    for below in [
        "meta.json",
        "store/lock",
        "store/gate",
        "store/staging",
        "pins",
        "cache",
        "reserve",
    ] {
        crate::copy::delete_tree(&world.path("home").join(below));
    }
    std::fs::write(world.path("home/store/objects/stray"), "x").unwrap();
    std::fs::write(world.path("home/store/trees/stray"), "y").unwrap();
}
