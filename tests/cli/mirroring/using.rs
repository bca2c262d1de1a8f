//! A machine that has a manifest, a lock and the address of a mirror.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::super::Sandbox;
use super::super::forge::archive;
use super::super::mirrors::Served;
use super::super::mirrors::damage;
use super::super::vendoring::Here;
use super::super::vendoring::programs_run;
use super::downloads;
use super::mirrored;
use super::web::Web;
use crate::server::Answer;
use crate::server::Server;

/// Nobody but the mirror can be asked any more: the sources answer nothing, or are gone.
fn alone(here: &Here) {
    here.forge
        .change(|state| state.instead = Some("nobody should ask".to_owned()));
    for folder in ["served", "repos"] {
        if here.sandbox.exists(folder) {
            here.sandbox.rename(folder, &format!("{folder}-away"));
        }
    }
    here.forge.asked();
    here.registry.asked();
}

fn nobody_was_asked(here: &Here) {
    assert!(here.forge.asked().is_empty(), "the forge was asked");
    assert!(here.registry.asked().is_empty(), "the registry was asked");
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(copied.unwrap().success());
}

#[test]
fn a_web_server_of_plain_files_is_all_another_machine_needs() {
    let (here, mirror) = mirrored();
    let Some(web) = Web::over(&mirror) else {
        return;
    };
    alone(&here);
    let there = here.another();
    let lock = there.read("work/dgmo.lock");
    there
        .dgmo(&format!("switch --from-mirror {} --locked", web.url()))
        .works();
    programs_run(&there, here.git);
    assert_eq!(there.read("work/dgmo.lock"), lock);
    nobody_was_asked(&here);
    there.dgmo("store verify").works();
    there.dgmo("switch --offline").works().says("nothing to do");
    // One look at what it is, and each download of this system once.
    let asked = web.asked();
    assert_eq!(asked.len() as u64, 1 + here.files() - 1, "{asked:#?}");
}

#[test]
fn a_folder_is_a_mirror_without_any_server() {
    let (here, mirror) = mirrored();
    alone(&here);
    let there = here.another();
    copy(&mirror, &there.root().join("a mirror, 100%"));
    let words = ["switch", "--offline", "--from-mirror", "../a mirror, 100%"];
    there.run(&words).works();
    programs_run(&there, here.git);
    nobody_was_asked(&here);
}

#[test]
fn who_asks_is_never_shown() {
    let (here, mirror) = mirrored();
    let Some(web) = Web::with_password(&mirror) else {
        return;
    };
    alone(&here);
    let there = here.another();
    let refused = there
        .dgmo(&format!("switch --from-mirror {}", web.url()))
        .exits(1);
    refused.says("401").says("is not asked");
    let url = web.url_with_password();
    let other = url.replace("me:secret", "me:wrong");
    there
        .dgmo(&format!(
            "switch --verbose --from-mirror {other} --from-mirror {url}"
        ))
        .works()
        .says("401")
        .says_nothing_of("secret")
        .says_nothing_of("wrong");
    programs_run(&there, here.git);
    let kept = there.sh("grep -r -l 'me:secret' ../home").exits(1);
    kept.says_nothing_of("home");
}

#[test]
fn a_mirror_that_lies_is_told_and_the_next_is_asked() {
    let (here, mirror) = mirrored();
    let liar = here.sandbox.root().join("liar");
    copy(&mirror, &liar);
    for path in downloads(&liar) {
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        damage(&path, &bytes);
    }
    let (Some(bad), Some(good)) = (Web::over(&liar), Web::over(&mirror)) else {
        return;
    };
    alone(&here);
    let there = here.another();
    let ran = there
        .dgmo(&format!("switch --from-mirror {}", bad.url()))
        .fails("DG1280");
    ran.says("has other bytes")
        .says("is in none of the mirrors");
    there
        .dgmo("generations list")
        .works()
        .says_nothing_of("  1  ");
    there
        .dgmo(&format!(
            "switch --from-mirror {} --from-mirror {}",
            bad.url(),
            good.url()
        ))
        .works()
        .says(&format!("the mirror `{}` has other bytes", bad.url()));
    programs_run(&there, here.git);
    there.dgmo("store verify").works();
    nobody_was_asked(&here);
}

#[test]
fn a_mirror_that_is_dead_or_none_is_told_once() {
    let (here, mirror) = mirrored();
    let empty = here.sandbox.root().join("empty");
    let newer = here.sandbox.root().join("newer");
    fs::create_dir(&empty).unwrap();
    here.sandbox.write("newer/mirror.json", "{\"format\": 2}");
    let endless = here.sandbox.root().join("endless");
    here.sandbox
        .write("endless/mirror.json", vec![b' '; 1 << 20]);
    let servers = [&mirror, &empty, &newer, &endless].map(|it| Web::over(it));
    let [Some(web), Some(none), Some(other), Some(long)] = servers else {
        return;
    };
    alone(&here);
    let there = here.another();
    let dead = "http://127.0.0.1:1";
    let ran = there
        .dgmo(&format!(
            "switch --from-mirror {dead} --from-mirror {} --from-mirror {} --from-mirror {} --from-mirror {}",
            none.url(),
            other.url(),
            long.url(),
            web.url()
        ))
        .works()
        .says("it is no mirror")
        .says("its format is 2");
    for url in [dead, &none.url(), &other.url(), &long.url()] {
        let line = format!("the mirror `{url}` is not asked");
        assert_eq!(ran.stderr.matches(&line).count(), 1, "{ran}");
    }
    programs_run(&there, here.git);
    nobody_was_asked(&here);
    there
        .dgmo("switch --from-mirror ftp://example.org")
        .fails("DG1202");
}

#[test]
fn a_mirror_that_dies_on_the_way_is_followed_by_the_next() {
    let (here, mirror) = mirrored();
    let (Some(dying), Some(web)) = (Served::over(&mirror, 3), Web::over(&mirror)) else {
        return;
    };
    alone(&here);
    let there = here.another();
    let line = format!(
        "switch --from-mirror {} --from-mirror {}",
        dying.address,
        web.url()
    );
    let ran = there.dgmo(&line).works();
    assert_eq!(ran.stderr.matches("breaks off").count(), 1, "{ran}");
    programs_run(&there, here.git);
}

/// A mirror whose first so many answers for each download are cut in the middle.
fn cutting(folder: &Path, most: u32) -> Server<BTreeMap<String, u32>> {
    let folder = folder.to_owned();
    Server::start(BTreeMap::new(), move |cut: &mut BTreeMap<_, _>, asked| {
        let path = asked.target.trim_start_matches('/');
        let answer = Answer::of(fs::read(folder.join(path)).ok());
        let count = cut.entry(path.to_owned()).or_default();
        if path == "mirror.json" || *count == most {
            return answer;
        }
        *count += 1;
        answer.cut(10)
    })
}

#[test]
fn a_mirror_that_is_cut_a_few_times_is_waited_for() {
    let (here, mirror) = mirrored();
    alone(&here);
    // Each try of ours is two transfers.
    let flaky = cutting(&mirror, 2);
    let there = here.another();
    let ran = there.dgmo(&format!("switch --from-mirror {}", flaky.url()));
    let ran = ran.works().says_nothing_of("is not asked any more");
    assert_eq!(ran.stderr.matches("breaks off").count(), 1, "{ran}");
    programs_run(&there, here.git);
    // Not for ever.
    let broken = cutting(&mirror, u32::MAX);
    let other = here.another();
    let ran = other.dgmo(&format!("switch --from-mirror {}", broken.url()));
    let ran = ran.fails("DG1280").says("is not asked any more");
    assert_eq!(
        ran.stderr.matches("is not asked any more").count(),
        1,
        "{ran}"
    );
    nobody_was_asked(&here);
}

#[test]
fn a_mirror_that_never_ends_is_left_where_the_lock_tells_how_much_there_is() {
    let (here, mirror) = mirrored();
    if !here.git {
        return;
    }
    alone(&here);
    let lock: Value = serde_json::from_str(&here.sandbox.read("work/dgmo.lock")).unwrap();
    assert!(lock.to_string().contains("\"size\""), "{lock}");
    let folder = mirror.clone();
    // An archive with a hundred million bytes behind its end.
    let endless = Server::start((), move |(), asked| {
        let path = asked.target.trim_start_matches('/');
        let mut bytes = fs::read(folder.join(path)).unwrap_or_default();
        if bytes.get(257..262) == Some(b"ustar".as_slice()) {
            bytes.resize(100 << 20, 0);
        }
        Answer::found(bytes)
    });
    let there = here.another();
    let line = format!("switch --from-mirror {}", endless.url());
    there
        .dgmo(&line)
        .exits(1)
        .says("has other bytes")
        .says("has more than 1");
    nobody_was_asked(&here);
}

#[test]
fn a_mirror_of_the_manifest_goes_before_the_true_source() {
    let (here, mirror) = mirrored();
    let Some(web) = Web::over(&mirror) else {
        return;
    };
    let there = here.another();
    let manifest = there.read("work/dgmo.yaml");
    let with = format!(
        "sources: {{mirror: [\"http://127.0.0.1:1\", \"{}\"], ",
        web.url()
    );
    there.write("work/dgmo.yaml", manifest.replace("sources: {", &with));
    here.forge.asked();
    here.registry.asked();
    there
        .dgmo("switch --locked")
        .works()
        .says("the mirror `http://127.0.0.1:1` is not asked");
    programs_run(&there, here.git);
    nobody_was_asked(&here);
    // Where no mirror has it, it comes from where the lock says.
    for path in downloads(&mirror) {
        fs::remove_file(path).unwrap();
    }
    let other = here.another();
    other.write("work/dgmo.yaml", there.read("work/dgmo.yaml"));
    other.dgmo("switch --locked").works();
    programs_run(&other, here.git);
    assert!(!here.forge.asked().is_empty());
    // Without a network nobody is asked, and what is here is enough.
    let asked = web.asked().len();
    there.dgmo("switch --offline").works();
    assert_eq!(web.asked().len(), asked);
}

#[test]
fn without_settings_of_a_catalogue_a_mirror_is_enough() {
    let (here, mirror) = mirrored();
    let Some(web) = Web::over(&mirror) else {
        return;
    };
    alone(&here);
    let there = here.another();
    let manifest = there.read("work/dgmo.yaml");
    let begin = manifest.find("sources: {").unwrap();
    let end = begin + manifest[begin..].find('\n').unwrap();
    let sources = format!("sources: {{mirror: [\"{}\"]}}", web.url());
    there.write(
        "work/dgmo.yaml",
        manifest.replace(&manifest[begin..end], &sources),
    );
    there.dgmo("switch").works();
    programs_run(&there, here.git);
    nobody_was_asked(&here);
}

#[test]
fn what_no_lock_names_is_not_asked_anywhere() {
    let (here, mirror) = mirrored();
    alone(&here);
    let there = here.another();
    there.remove("work/dgmo.lock");
    there
        .dgmo(&format!("switch --from-mirror {}", mirror.display()))
        .exits(1)
        .says("--from-mirror");
    nobody_was_asked(&here);
}

#[test]
fn who_reads_while_a_mirror_is_refreshed_reads_whole_files() {
    let (here, mirror) = mirrored();
    let Some(web) = Web::over(&mirror) else {
        return;
    };
    let there: Vec<Sandbox> = (0..4).map(|_| here.another()).collect();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let refreshed = scope.spawn(|| {
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                count += 1;
                let tag = format!("v1.0.{count}");
                let bytes = archive(&here.sandbox, &tag);
                let arm = archive(&here.sandbox, &format!("{tag}-arm"));
                let files = [
                    ("tool-linux-amd64.tar.gz", bytes),
                    ("tool-linux-arm64.tar.gz", arm),
                ];
                here.forge.publish(&tag, &files);
                here.sandbox.dgmo("update tool").works();
                here.sandbox
                    .dgmo("mirror ../mirror --generations --verify")
                    .works();
            }
            count
        });
        for one in &there {
            let switched = one.dgmo(&format!("switch --from-mirror {} --locked", web.url()));
            programs_run(one, here.git);
            switched.works().says_nothing_of("other bytes");
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(refreshed.join().unwrap() > 0);
    });
}

#[test]
fn a_home_that_lost_everything_is_repaired_from_a_mirror() {
    let (here, mirror) = mirrored();
    let sandbox = &here.sandbox;
    sandbox.switch();
    // What packages were made of is needed by nobody.
    sandbox.dgmo("gc --keep-generations --foreground").works();
    sandbox.dgmo("mirror ../mirror --generations").works();
    let Some(web) = Web::over(&mirror) else {
        return;
    };
    alone(&here);
    sandbox.remove("work/near");
    for from in [web.url(), "../mirror".to_owned()] {
        sandbox.dgmo("gc --keep-generations --foreground").works();
        for shard in fs::read_dir(sandbox.home().join("store/objects")).unwrap() {
            for file in fs::read_dir(shard.unwrap().path()).unwrap() {
                damage(&file.unwrap().path(), b"");
            }
        }
        sandbox
            .dgmo(&format!("repair --offline --from {from}"))
            .exits(if from.starts_with("http") { 3 } else { 0 });
        let repaired = sandbox.dgmo(&format!("repair --from {from}")).works();
        if from.starts_with("http") {
            repaired.says(&format!("taken from the mirror `{from}`"));
        }
        sandbox.dgmo("store verify").works();
        sandbox.dgmo("repair").works().says("all well");
    }
    nobody_was_asked(&here);
}

#[test]
fn a_home_is_repaired_with_the_downloads_of_a_mirror() {
    let (here, mirror) = mirrored();
    let sandbox = &here.sandbox;
    sandbox.switch();
    sandbox.dgmo("gc --keep-generations --foreground").works();
    // Only what locks name is there, no objects.
    let Some(web) = Web::over(&mirror) else {
        return;
    };
    alone(&here);
    sandbox.sh("rm -rf ../home/cache").works();
    for shard in fs::read_dir(sandbox.home().join("store/objects")).unwrap() {
        for file in fs::read_dir(shard.unwrap().path()).unwrap() {
            damage(&file.unwrap().path(), b"");
        }
    }
    let repaired = sandbox.dgmo(&format!("repair --from {}", web.url()));
    assert!([0, 3].contains(&repaired.exit), "{repaired}");
    // What gave other bytes than its tree is not asked for: the folder of this machine is there.
    sandbox.dgmo("repair").works();
    sandbox.dgmo("store verify").works();
    nobody_was_asked(&here);
}
