//! `dgmo gc`: what it says before it does it, why something is kept, and no more than is needed for so much free space.

use dgmo_schema::report::profile::GenerationsChangedReport;
use dgmo_schema::report::store::CollectReport;
use dgmo_schema::report::store::Keeper;
use dgmo_schema::report::store::KeptReport;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Sandbox;
use super::Snapshot;

fn is<T: DeserializeOwned + Serialize>(sandbox: &Sandbox, line: &str) -> T {
    let ran = sandbox.dgmo(&format!("{line} --json")).works();
    let report: T = serde_json::from_value(ran.json()).unwrap();
    assert_eq!(serde_json::to_value(&report).unwrap(), ran.json(), "{ran}");
    report
}

/// Generations with packages, with home files of every kind, and with the same in several of them.
fn generations(count: u64) -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=count {
        let text = format!("{number}{}", "x".repeat(5_000));
        sandbox.program("work/p/bin/tool", &format!("#!/bin/sh\n# {text}\n"));
        sandbox.write("work/p/share/same", "always the same\n");
        sandbox.write("work/d/one", &text);
        sandbox.write("work/big", format!("big {text}"));
        sandbox.manifest(&format!(
            "packages: {{p: {{path: ./p}}}}\nfiles:\n  .text: {{text: \"{number}\"}}\n  .same: {{text: same}}\n  \
             .d: {{source: d}}\n  .links: {{source: d, as: links}}\n  .copy: {{source: big, as: copy, mode: \"0600\"}}\n  \
             .mode: {{source: big, mode: \"0640\"}}\nenv: {{N: \"{number}\"}}\n"
        ));
        sandbox.switch();
    }
    sandbox
}

/// The trees that notes of what was made name.
fn made(sandbox: &Sandbox) -> Vec<String> {
    let notes = std::fs::read_dir(sandbox.home().join("cache/made")).unwrap();
    let tree = |path| sandbox.read(path).lines().nth(2).unwrap().to_owned();
    notes.map(|note| tree(note.unwrap().path())).collect()
}

#[test]
fn notes_of_what_was_made_go_with_what_they_name() {
    let sandbox = generations(3);
    let before = made(&sandbox);
    sandbox
        .dgmo("gc --foreground --dry-run --keep last=1")
        .works();
    assert_eq!(made(&sandbox).len(), before.len());
    sandbox.dgmo("gc --foreground --keep last=1").works();
    let after = made(&sandbox);
    assert!(
        (1..before.len()).contains(&after.len()),
        "{before:?} {after:?}"
    );
    for tree in after {
        let (shard, name) = tree.strip_prefix("b3:").unwrap().split_at(2);
        assert!(sandbox.exists(format!("home/store/objects/{shard}/{name}.t")));
    }
}

#[test]
fn a_dry_run_says_to_the_byte_what_goes() {
    let sandbox = generations(7);
    sandbox.write("work/garbage/file", "of no use\n");
    sandbox.dgmo("store add garbage").works();
    for rule in [
        "--keep-generations",
        "--keep last=4",
        "--keep last=1",
        "--keep last=1",
    ] {
        let line = format!("gc --foreground {rule}");
        let mut said: CollectReport = is(&sandbox, &format!("{line} --dry-run"));
        let done: CollectReport = is(&sandbox, &line);
        assert!(said.dry_run && !done.dry_run);
        said.dry_run = false;
        assert_eq!(said, done, "{rule}");
    }
    sandbox.dgmo("store verify").works();
    sandbox.dgmo("status").works();
}

#[test]
fn what_keeps_an_object_is_told_with_the_way_to_it() {
    let sandbox = generations(3);
    let list = sandbox.dgmo("generations show 2 --json").works().json();
    let tree = list["packages"]["p"]["tree"].as_str().unwrap().to_owned();
    let listed = sandbox
        .dgmo(&format!("store ls {tree} --json --deep"))
        .works()
        .json();
    let tool = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["path"] == "bin/tool")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let kept: KeptReport = is(&sandbox, &format!("gc --why {tool}"));
    assert_eq!(kept.kept_by.len(), 1, "{kept:?}");
    let names: Vec<&str> = kept.kept_by[0]
        .chain
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(names, ["bin", "tool"]);
    assert_eq!(kept.kept_by[0].root.to_string(), tree);
    let Keeper::Generations {
        generations,
        package,
        ..
    } = &kept.kept_by[0].keeper
    else {
        panic!("{kept:?}")
    };
    assert_eq!(
        generations
            .iter()
            .map(|number| number.0)
            .collect::<Vec<_>>(),
        [2]
    );
    assert_eq!(package.as_deref(), Some("p"));

    // What several generations share is told once.
    let same = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["path"] == "share")
        .unwrap()["id"]
        .clone();
    let kept: KeptReport = is(&sandbox, &format!("gc --why {}", same.as_str().unwrap()));
    assert_eq!(kept.kept_by.len(), 3);

    sandbox.run(&["store", "pin", "mine", &tree]).works();
    sandbox
        .dgmo(&format!("gc --why {tool}"))
        .works()
        .says("package p of generation 2 of profile default")
        .says("as bin/tool in b3:")
        .says("the pin mine");
    sandbox.write("work/garbage", "of no use\n");
    let added = sandbox.dgmo("store add garbage --json").works().json();
    let id = added["added"][0]["id"].as_str().unwrap().to_owned();
    sandbox
        .dgmo(&format!("gc --why {id}"))
        .works()
        .says("nothing keeps");
    sandbox.dgmo("gc --foreground").works();
    sandbox
        .dgmo(&format!("gc --why {id}"))
        .exits(1)
        .fails("DG2001");
}

#[test]
fn so_much_free_space_as_there_is_costs_nothing() {
    let sandbox = generations(5);
    let everything = || {
        let home = sandbox.home();
        ["profiles", "store"].map(|folder| Snapshot::of(&home.join(folder)))
    };
    let before = everything();
    let report: CollectReport = is(&sandbox, "gc --target-free 1K --keep last=1");
    let free = report.target_free.unwrap();
    assert_eq!(free.asked, 1024);
    assert!(free.before >= 1024 && free.after == free.before);
    assert!(report.pruned.is_empty());
    assert_eq!(before, everything(), "something went");
    sandbox
        .dgmo("gc --target-free 99999T --keep last=1 --dry-run")
        .exits(1)
        .fails("DG3701")
        .says("there would be");
    assert_eq!(before, everything(), "a look changed something");
    // What may go goes; what must be kept stays.
    sandbox.dgmo("generations pin 2").works();
    sandbox
        .dgmo("gc --target-free 99999T --keep last=1")
        .exits(1)
        .fails("DG3701")
        .says("by what has gone now");
    let list = sandbox.dgmo("generations list --json").works().json();
    assert_eq!(list["generations"].as_array().unwrap().len(), 4, "{list}");
    sandbox
        .dgmo("gc --target-free much")
        .exits(2)
        .says("is not a size");
    sandbox.dgmo("status").works();
}

#[test]
fn the_rule_can_be_said_in_one_line_everywhere() {
    let sandbox = generations(6);
    let manifest = sandbox.read("work/dgmo.yaml");
    sandbox.write("work/dgmo.yaml", manifest + "keep: \"last 2, pinned\"\n");
    sandbox.switch();
    let report: GenerationsChangedReport = is(&sandbox, "generations prune --dry-run");
    assert_eq!(report.rule.as_deref(), Some("last 2, pinned, labelled"));
    assert_eq!(report.generations.len(), 4);
    sandbox
        .run(&[
            "generations",
            "prune",
            "--keep",
            "last 5, not pinned",
            "--dry-run",
        ])
        .works()
        .says("would be pruned: 1 (kept: last 5, not pinned, labelled)");
    sandbox
        .run(&["gc", "--keep", "lats 5"])
        .exits(2)
        .says("did you mean `last`?");
    sandbox.manifest("keep: \"last 5, 3 weeks\"\n");
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG1007")
        .says("`3 weeks` is no rule");
}
