//! `dgmo repair` and `dgmo doctor`: each kind of damage is found, mended from somewhere, and gone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::Sandbox;
use super::support::Ran;

const PLAIN: &str = "\
packages: {one: {path: ./one}}
files: {.a: {text: aaa}, .c: {text: ccc, as: copy}, .d: {source: d}}
env: {EDITOR: ed}
";

/// Two generations, the second current; sources are there.
fn twice() -> Sandbox {
    let sandbox = Sandbox::with(PLAIN);
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho one\n");
    sandbox.write("work/one/share/one/data", "data");
    sandbox.write("work/d/inside", "inside");
    sandbox.switch();
    sandbox.manifest(&PLAIN.replace("aaa", "bbb"));
    sandbox.switch();
    sandbox
}

/// The path of the object with these bytes.
fn object(sandbox: &Sandbox, bytes: &str, suffix: &str) -> PathBuf {
    let hex = blake3::hash(bytes.as_bytes()).to_hex();
    let name = format!("{}{suffix}", &hex[2..]);
    sandbox
        .home()
        .join("store/objects")
        .join(&hex[..2])
        .join(name)
}

/// Overwrites what may not be written, as a failing disk does: the inode stays.
fn damage(path: &Path, bytes: &[u8]) {
    let mode = fs::metadata(path).unwrap().permissions();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, mode).unwrap();
}

#[track_caller]
fn repaired(sandbox: &Sandbox) -> Ran {
    let ran = sandbox.dgmo("repair").works();
    sandbox.dgmo("store verify").works();
    sandbox.dgmo("status").works();
    sandbox.dgmo("repair").works().says("all well");
    ran
}

/// A record is proven by its id, so any generation with the same id has it.
#[test]
fn a_lost_record_is_taken_from_a_generation_with_the_same_id() {
    let sandbox = twice();
    // Made anew from the same manifest: number 3 is what number 1 was.
    sandbox.manifest(PLAIN);
    sandbox.switch();
    let record = |number| {
        sandbox
            .profile()
            .join(format!("generations/{number}/record.json"))
    };
    let whole = fs::read(record(1)).unwrap();
    assert_eq!(whole, fs::read(record(3)).unwrap());
    for (number, bytes) in [(3, Some(&b"{"[..])), (1, Some(b"")), (3, None)] {
        match bytes {
            Some(bytes) => damage(&record(number), bytes),
            None => fs::remove_file(record(number)).unwrap(),
        }
        sandbox
            .dgmo("repair --dry-run")
            .exits(3)
            .says("which has the same id");
        let other = 4 - number;
        repaired(&sandbox).says(&format!("generation {other} of `default`"));
        assert_eq!(fs::read(record(number)).unwrap(), whole);
    }
    // Nobody else has that of number 2: it is named, with the way to live without it.
    damage(&record(2), b"{");
    let told = sandbox.dgmo("repair").exits(3);
    told.says("dgmo generations prune 2");
}

#[test]
fn documents_of_generations_come_from_another_home() {
    let sandbox = twice();
    let (home, other) = (sandbox.home(), sandbox.root().join("other"));
    let copied = Command::new("cp").arg("-a").args([&home, &other]).status();
    assert!(copied.unwrap().success());
    let folder = sandbox.profile().join("generations/2");
    let before =
        ["record.json", "generation.json"].map(|name| fs::read(folder.join(name)).unwrap());
    damage(&folder.join("record.json"), b"no");
    fs::remove_file(sandbox.profile().join("generations/1/generation.json")).unwrap();
    sandbox
        .dgmo("repair --from ../other")
        .works()
        .says("taken from generation 2 of `default` of the home")
        .says("taken from the same generation of the home");
    // Not one that is another: its id is not that of the record here.
    fs::remove_file(folder.join("generation.json")).unwrap();
    let there = other.join("profiles/default/generations/2/generation.json");
    let text = fs::read_to_string(&there).unwrap();
    let one = fs::read_to_string(other.join("profiles/default/generations/1/generation.json"));
    fs::write(
        &there,
        one.unwrap().replace("\"number\": 1,", "\"number\": 2,"),
    )
    .unwrap();
    sandbox
        .dgmo("repair --from ../other")
        .says_nothing_of("taken from the same");
    fs::write(&there, text).unwrap();
    sandbox.dgmo("repair --from ../other").works();
    let after = ["record.json", "generation.json"].map(|name| fs::read(folder.join(name)).unwrap());
    assert_eq!(before, after);
    repaired(&sandbox);
    assert_eq!(sandbox.current(), 2);
}

#[test]
fn what_is_well_is_left_as_it_is() {
    let sandbox = twice();
    let before = sandbox.all();
    sandbox.dgmo("repair").works().says("all well");
    sandbox.dgmo("doctor").exits(3).says("DG3810");
    before.assert_same(&sandbox.all(), "a repair of nothing");
}

#[test]
fn a_flipped_bit_is_mended_in_every_tree_that_links_the_object() {
    let sandbox = twice();
    for (bytes, suffix) in [
        ("#!/bin/sh\necho one\n", ".x"),
        ("data", ""),
        ("inside", ""),
        ("bbb", ""),
    ] {
        let path = object(&sandbox, bytes, suffix);
        for wrong in [bytes.replacen('a', "b", 1) + "!", String::new()] {
            damage(&path, wrong.as_bytes());
            sandbox.dgmo("store verify").exits(3);
            sandbox.dgmo("repair --dry-run").exits(3).says("taken from");
            sandbox.dgmo("store verify").exits(3);
            repaired(&sandbox).says("DG2002");
            assert_eq!(fs::read_to_string(&path).unwrap(), bytes);
        }
    }
    let program = sandbox.profile().join("current/view/bin/one");
    assert!(fs::read_to_string(program).unwrap().contains("echo one"));
    assert_eq!(sandbox.read("user/.a"), "bbb");
    sandbox.dgmo("rollback 1").works();
    sandbox.dgmo("status").works();
}

#[test]
fn a_deleted_object_comes_back_from_where_it_is_linked() {
    let sandbox = twice();
    sandbox.remove("work/one");
    sandbox.remove("work/d");
    for (bytes, suffix) in [("#!/bin/sh\necho one\n", ".x"), ("data", ""), ("aaa", "")] {
        fs::remove_file(object(&sandbox, bytes, suffix)).unwrap();
    }
    let ran = sandbox.dgmo("repair").works();
    ran.says("where it is laid out").says("generation 1");
    sandbox.dgmo("store verify").works();
}

#[test]
fn deleted_tree_objects_are_told_from_the_folders_they_were() {
    let sandbox = twice();
    sandbox.remove("work/one");
    let shards = fs::read_dir(sandbox.home().join("store/objects")).unwrap();
    for shard in shards {
        for file in fs::read_dir(shard.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "t") {
                fs::remove_file(path).unwrap();
            }
        }
    }
    repaired(&sandbox).says("DG2001");
    sandbox.dgmo("rollback 1").works();
}

#[test]
fn what_is_damaged_everywhere_comes_from_another_home_or_an_archive() {
    let sandbox = twice();
    sandbox.dgmo("store copy --to ../other").works();
    sandbox.dgmo("store export -o ../all.dgmo").works();
    sandbox.remove("work/one");
    let program = object(&sandbox, "#!/bin/sh\necho one\n", ".x");
    let data = object(&sandbox, "data", "");
    damage(&program, b"");
    damage(&data, b"dat!");
    let ran = sandbox.dgmo("repair").exits(3);
    ran.says("DG3801")
        .says("package `one` of generation 1")
        .says("`dgmo repair --from OTHER`");
    sandbox.dgmo("repair --from ../nowhere").fails("DG3830");
    sandbox
        .dgmo("repair --from gopher://mirror")
        .fails("DG3830");
    sandbox
        .dgmo("repair --from ../other")
        .works()
        .says("the home `../other`");
    sandbox.dgmo("store verify").works();
    damage(&program, b"x");
    fs::remove_file(&data).unwrap();
    sandbox.remove(sandbox.home().join("store/trees"));
    fs::create_dir(sandbox.home().join("store/trees")).unwrap();
    sandbox
        .dgmo("repair --from ../all.dgmo")
        .works()
        .says("the archive `../all.dgmo`");
    sandbox.dgmo("store verify").works();
    sandbox.dgmo("status").works();
}

/// A second package with the same bytes under another name, and one whose file was renamed since: neither is where a
/// tree says. The stat cache knows the first, so it is told from it; the second changed, so it is read.
#[test]
fn what_is_lost_is_found_by_its_bytes_whatever_it_is_called() {
    for flag in ["", " --reread"] {
        let sandbox = twice();
        sandbox.write("work/two/twin", "data");
        std::thread::sleep(std::time::Duration::from_millis(2_100));
        sandbox.manifest(&PLAIN.replace("packages: {", "packages: {two: {path: ./two}, "));
        sandbox.switch();
        let data = object(&sandbox, "data", "");
        sandbox.write("work/one/share/one/data", "other");
        damage(&data, b"dat!");
        sandbox.rename("work/two/twin", "work/away");
        let repair = format!("repair{flag}");
        sandbox.dgmo(&repair).exits(3).says("DG3801");
        sandbox.rename("work/away", "work/two/renamed");
        sandbox.dgmo(&repair).works().says("the source of `two`");
        sandbox.dgmo("store verify").works();
        assert_eq!(fs::read(&data).unwrap(), b"data");
    }
}

#[test]
fn laid_out_trees_are_mended_where_they_are() {
    let sandbox = twice();
    let trees = sandbox.home().join("store/trees");
    let one = fs::read_dir(&trees)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("bin/one").exists())
        .unwrap();
    let open = |path: &Path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let spoil: [&dyn Fn(); 6] = [
        &|| {
            open(&one.join("bin"));
            fs::remove_file(one.join("bin/one")).unwrap();
            fs::write(one.join("bin/one"), "mine").unwrap();
        },
        &|| {
            open(&one.join("share/one"));
            fs::remove_file(one.join("share/one/data")).unwrap();
            fs::create_dir(one.join("share/one/data")).unwrap();
            fs::write(one.join("share/one/data/x"), "x").unwrap();
        },
        &|| {
            open(&one);
            sandbox.remove(one.join("share"));
        },
        &|| {
            open(&one);
            sandbox.remove(one.join("share"));
            std::os::unix::fs::symlink("/", one.join("share")).unwrap();
        },
        &|| {
            open(&one);
            fs::write(one.join("stray"), "x").unwrap();
        },
        &|| sandbox.remove(&one),
    ];
    for spoil in spoil {
        spoil();
        sandbox.dgmo("repair --dry-run").exits(3);
        repaired(&sandbox).says("DG3803");
    }
    assert!(sandbox.home().join("found/stray").exists());
}

#[test]
fn modes_foreign_files_and_leftovers_are_put_in_order() {
    let sandbox = twice();
    let data = object(&sandbox, "data", "");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o666)).unwrap();
    repaired(&sandbox).says("DG3805");
    sandbox.write("home/store/objects/README", "who put me here?");
    sandbox.write("home/store/trees/notes", "or me?");
    sandbox.write("home/store/objects/aa/core", "me");
    repaired(&sandbox).says("DG3804");
    assert_eq!(sandbox.read("home/found/README"), "who put me here?");
    sandbox.write("home/store/staging/1-dead/owner", "");
    sandbox.write("home/store/staging/1-dead/lane-0/0", "half");
    repaired(&sandbox).says("DG3808");
    fs::remove_file(&data).unwrap();
    fs::create_dir(&data).unwrap();
    repaired(&sandbox);
    assert_eq!(fs::read_to_string(&data).unwrap(), "data");
}

#[test]
fn records_of_a_profile_are_put_in_order() {
    let sandbox = twice();
    let want = sandbox.target();
    let spoil: [(&str, &dyn Fn()); 9] = [
        ("DG3006", &|| {
            sandbox.remove("home/profiles/default/current");
        }),
        ("DG3006", &|| {
            sandbox.remove("home/profiles/default/current");
            sandbox.link("generations/99", "home/profiles/default/current");
        }),
        ("DG3022", &|| {
            sandbox.write("home/profiles/default/journal/switch.json", "{");
        }),
        ("DG3022", &|| {
            sandbox.write("home/profiles/default/footprint.json", "");
        }),
        ("DG3002", &|| {
            sandbox.write("home/profiles/default/policy.json", "\0\0");
        }),
        ("DG3817", &|| {
            let text = sandbox.read("home/profiles/default/history.jsonl");
            sandbox.write(
                "home/profiles/default/history.jsonl",
                format!("{text}{{\"at\":"),
            );
        }),
        ("DG3806", &|| {
            sandbox.remove("home/profiles/default/generations/2/view");
            sandbox.remove("home/profiles/default/generations/1/env");
        }),
        ("DG3806", &|| {
            sandbox.remove("home/profiles/default/generations/2/files/.a");
            sandbox.write("home/profiles/default/generations/2/files/.a", "other");
        }),
        ("DG3819", &|| {
            sandbox.write("home/profiles/default/lock", "`dgmo switch` (process 1)\n");
        }),
    ];
    for (code, spoil) in spoil {
        spoil();
        sandbox.dgmo("doctor").exits(3).says(code);
        repaired(&sandbox).says(code);
        sandbox.dgmo("doctor").says_nothing_of(code);
        assert_eq!(sandbox.current(), 2, "{code}");
        want.assert_same(&sandbox.target(), code);
        spoil();
        sandbox.dgmo("doctor --repair").says(code);
        sandbox.dgmo("doctor").says_nothing_of(code);
    }
}

#[test]
fn a_switch_whose_journal_is_lost_leaves_nothing_behind() {
    let sandbox = twice();
    let before = sandbox.target();
    sandbox.write("user/new", "mine");
    let with_mine = sandbox.target();
    sandbox.manifest("files: {.a: {text: bbb}, new: {text: n}, deep/er: {text: d}}\n");
    sandbox.dgmo("switch --backup").works();
    // As if it had been stopped before the pointer moved.
    sandbox.remove("home/profiles/default/current");
    sandbox.link("generations/2", "home/profiles/default/current");
    sandbox.write("home/profiles/default/footprint.json", "{");
    sandbox.write("home/profiles/default/journal/switch.json", "{");
    repaired(&sandbox);
    let after = sandbox.target();
    assert_ne!(before, after);
    assert!(!sandbox.exists("user/deep/er"));
    assert_eq!(sandbox.read("user/new"), "mine");
    drop(with_mine);
}

#[test]
fn the_home_itself_is_made_whole() {
    let sandbox = twice();
    for (code, path) in [
        ("DG3807", "home/meta.json"),
        ("DG3807", "home/store/lock"),
        ("DG3807", "home/store/gate"),
        ("DG3807", "home/store/staging"),
        ("DG3807", "home/pins"),
        ("DG3818", "home/cache"),
        ("DG3814", "home/reserve"),
    ] {
        sandbox.remove(path);
        sandbox.dgmo("doctor").exits(3).says(code);
        repaired(&sandbox).says(code);
    }
    sandbox.write("home/meta.json", "{");
    sandbox.dgmo("status").fails("DG2013");
    repaired(&sandbox).says("DG2013");
    sandbox.mode("home", 0o777);
    sandbox.dgmo("doctor").exits(3).says("DG3815");
    repaired(&sandbox).says("DG3815");
    sandbox.write("home/pins/bad.json", "{");
    sandbox.dgmo("gc").fails("DG2031");
    repaired(&sandbox).says("DG2031");
    sandbox.dgmo("gc").works();
}

#[test]
fn a_damaged_object_nobody_needs_is_told_and_gc_helps() {
    let sandbox = twice();
    sandbox.write("work/loose", "loose");
    sandbox.dgmo("store add loose").works();
    sandbox.remove("work/loose");
    damage(&object(&sandbox, "loose", ""), b"l");
    let ran = sandbox.dgmo("repair").exits(3);
    ran.says("DG3802").says("dgmo gc --keep-generations");
    sandbox.dgmo("gc --keep-generations").works();
    repaired(&sandbox);
}

#[test]
fn a_package_from_an_address_is_fetched_again() {
    let sandbox = Sandbox::new();
    sandbox.write("work/p/bin/tool", "#!/bin/sh\n");
    sandbox.write("work/p/share/tool/text", "the text");
    sandbox.mode("work/p/bin/tool", 0o755);
    sandbox.sh("tar -cf p.tar p").works();
    let url = format!("file://{}", sandbox.work().join("p.tar").display());
    sandbox.manifest(&format!("packages: {{p: {{url: \"{url}\", strip: 1}}}}\n"));
    sandbox.switch();
    sandbox.remove("work/p");
    let text = object(&sandbox, "the text", "");
    damage(&text, b"");
    sandbox
        .dgmo("repair --dry-run")
        .exits(3)
        .says("fetched from `file://");
    sandbox.rename("work/p.tar", "work/away");
    sandbox
        .dgmo("repair")
        .exits(3)
        .says("DG3801")
        .says("hint: run `dgmo repair`");
    sandbox.rename("work/away", "work/p.tar");
    repaired(&sandbox).says("taken from `file://");
    assert_eq!(fs::read_to_string(&text).unwrap(), "the text");
}

#[test]
fn reports_are_documents() {
    let sandbox = twice();
    damage(&object(&sandbox, "data", ""), b"");
    let found = sandbox.dgmo("repair --dry-run --json").exits(3).json();
    assert_eq!(found["findings"][0]["code"], "DG2002");
    assert_eq!(found["findings"][0]["state"], "would-repair");
    let mended = sandbox.dgmo("store repair --json").works().json();
    assert_eq!(mended["findings"][0]["state"], "repaired");
    let health = sandbox.dgmo("doctor --json").exits(3).json();
    let checks = health["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["name"] == "programs"));
}

#[test]
fn doctor_looks_at_the_machine_around_the_home() {
    let sandbox = twice();
    let seen = |env: &[(&str, &str)]| sandbox.run_with(&["doctor"], env);
    seen(&[("DGMO_NOW", "1000")]).exits(3).says("DG3813");
    sandbox.program("other/.cargo/bin/one", "#!/bin/sh\n");
    let bin = sandbox.profile().join("current/view/bin");
    let other = sandbox.root().join("other/.cargo/bin");
    let path = format!("{}:{}", other.display(), bin.display());
    seen(&[("PATH", &path)])
        .exits(3)
        .says("DG3811")
        .says("(Cargo)");
    sandbox
        .sh(&format!(
            "PATH={}:$PATH; eval \"$(dgmo env)\"; dgmo doctor",
            other.display()
        ))
        .works()
        .says("all well");
}
