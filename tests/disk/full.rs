//! A disk that is full.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use crate::machine::Machine;
use crate::machine::fill;
use crate::mount::EXT4;
use crate::mount::Mount;

const ONE: &str = "dgmo: 1\nfiles:\n  file: {text: one}\n  gone: {text: gone}\n";
const TWO: &str = "dgmo: 1\nfiles:\n  file: {text: two}\n  copy: {text: two, as: copy}\n";
const LARGE: &str = "dgmo: 1\npackages:\n  large: {path: large}\nfiles:\n  file: {text: three}\n";

/// Takes every byte there is, and then every name.
fn fill_up(disk: &Mount) -> Vec<PathBuf> {
    let mut fillers = Vec::new();
    for size in [1 << 20, 1 << 12, 1] {
        for number in 0.. {
            let path = disk.path().join(format!("filler-{size}-{number}"));
            let Ok(mut file) = File::create(&path) else {
                break;
            };
            fillers.push(path);
            let written = file
                .write_all(&vec![7; size])
                .and_then(|()| file.sync_all());
            if written.is_err() {
                break;
            }
        }
    }
    fillers
}

fn switched_twice(machine: &Machine<'_>) {
    for manifest in [ONE, TWO] {
        machine.manifest(manifest);
        machine.switch().works();
    }
}

#[test]
fn a_switch_that_does_not_fit_fails_and_changes_nothing() {
    let Some(disk) = Mount::new(EXT4) else { return };
    let machine = Machine::on(&disk);
    switched_twice(&machine);
    fs::create_dir(machine.source("large")).unwrap();
    fill(&machine.source("large/blob"), 48 << 20);
    machine.manifest(LARGE);
    let free = disk.free();
    machine.switch().fails().says("no space").says("`dgmo gc`");
    machine.is_at_rest();
    machine.reads("file", "two");
    machine.run(&["status"]).works();
    machine.run(&["store", "verify"]).works();
    let lost = free.saturating_sub(disk.free());
    assert!(lost < 1 << 20, "{lost} bytes were not given back");
}

#[test]
fn on_a_full_disk_one_can_roll_back_and_collect_and_then_go_on() {
    let Some(disk) = Mount::new(EXT4) else { return };
    let machine = Machine::on(&disk);
    switched_twice(&machine);
    fs::create_dir(machine.source("large")).unwrap();
    fill(&machine.source("large/blob"), 4 << 20);
    machine.manifest(LARGE);
    machine.switch().works();
    let fillers = fill_up(&disk);

    machine.manifest("dgmo: 1\nfiles:\n  file: {text: four}\n");
    machine.switch().fails().says("no space").says("`dgmo gc`");
    machine.run(&["status"]).works();
    machine.reads("file", "three");

    machine.run(&["rollback", "2"]).works();
    machine.reads("file", "two");
    machine.reads("copy", "two");
    machine.run(&["status"]).works();

    let before = disk.free();
    machine.run(&["generations", "prune", "3"]).works();
    machine.run(&["gc", "--foreground"]).works();
    assert!(disk.free() > before + (3 << 20), "gc made no room");
    machine.run(&["store", "verify"]).works();

    machine.switch().works();
    machine.reads("file", "four");
    machine.run(&["rollback", "0"]).works();
    assert_eq!(fs::read_dir(machine.target()).unwrap().count(), 0);
    for filler in &fillers {
        fs::remove_file(filler).unwrap();
    }
}

#[test]
fn collecting_works_on_a_disk_without_a_single_free_byte() {
    let Some(disk) = Mount::new(EXT4) else { return };
    let machine = Machine::on(&disk);
    switched_twice(&machine);
    fill(&machine.source("garbage"), 2 << 20);
    let garbage = machine.source("garbage").display().to_string();
    machine.run(&["store", "add", &garbage]).works();
    fill_up(&disk);
    machine
        .run(&["gc", "--keep", "last=1", "--foreground"])
        .works();
    machine.run(&["status"]).works();
    machine.run(&["store", "verify"]).works();
    machine.manifest(ONE);
    machine.switch().works();
    machine.reads("file", "one");
}
