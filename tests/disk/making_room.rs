//! So much free space as was asked for, and no more dropped than that takes.

use std::fs;

use serde_json::Value;

use crate::machine::Machine;
use crate::machine::fill;
use crate::mount::EXT4;
use crate::mount::Mount;

const MIB: u64 = 1 << 20;

/// Generations 1 to `count`, each with two MiB of its own.
fn generations(machine: &Machine<'_>, count: u64) {
    fs::create_dir(machine.source("large")).unwrap();
    for number in 1..=count {
        fill(&machine.source("large/blob"), 2 << 20);
        // No two are alike.
        fs::write(machine.source("large/number"), number.to_string()).unwrap();
        let bytes = fs::read(machine.source("large/blob")).unwrap();
        let other: Vec<u8> = bytes
            .iter()
            .map(|byte| byte ^ number.to_le_bytes()[0])
            .collect();
        fs::write(machine.source("large/blob"), other).unwrap();
        machine.manifest(&format!(
            "dgmo: 1\npackages: {{large: {{path: large}}}}\nfiles: {{n: {{text: \"{number}\"}}}}\nkeep: \"last 3\"\n"
        ));
        machine.switch().works();
    }
}

fn numbers(machine: &Machine<'_>) -> Vec<u64> {
    let listed = machine
        .run(&["generations", "list", "--json"])
        .works()
        .stdout();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let generations = listed["generations"].as_array().unwrap();
    let numbers = generations.iter().map(|it| it["number"].as_u64().unwrap());
    numbers.collect()
}

#[test]
fn the_oldest_go_until_there_is_room_and_no_more() {
    let Some(disk) = Mount::new(EXT4) else { return };
    let machine = Machine::on(&disk);
    generations(&machine, 9);
    // Three generations have a little more than six MiB; two of them less.
    let asked = (disk.free() + 5 * MIB).to_string();
    let said = machine.run(&["gc", "--target-free", &asked, "--dry-run", "--json"]);
    let said: Value = serde_json::from_str(&said.works().stdout()).unwrap();
    assert_eq!(
        said["pruned"][0]["generations"],
        serde_json::json!([1, 2, 3])
    );
    assert_eq!(numbers(&machine).len(), 10);

    let done = machine
        .run(&["gc", "--target-free", &asked, "--json"])
        .works();
    let done: Value = serde_json::from_str(&done.stdout()).unwrap();
    assert_eq!(done["pruned"], said["pruned"]);
    for key in ["objects", "trees", "bytes", "disk_bytes"] {
        assert_eq!(done[key], said[key], "{key}");
    }
    assert_eq!(numbers(&machine), [0, 4, 5, 6, 7, 8, 9]);
    assert!(disk.free() >= asked.parse().unwrap());

    // What the rule keeps is never dropped, whatever is asked for; all else is, before that is said.
    machine
        .run(&["gc", "--target-free", "1G"])
        .fails()
        .says("of free space cannot be had")
        .says("keep fewer generations");
    assert_eq!(numbers(&machine), [0, 7, 8, 9]);
    machine.run(&["status"]).works();
    machine.run(&["store", "verify"]).works();
    machine.is_at_rest();
}
