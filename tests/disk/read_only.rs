//! A home one may only read.

use crate::machine::Machine;
use crate::mount::EXT4;
use crate::mount::Mount;

#[test]
fn a_read_only_home_can_be_looked_at_and_refuses_every_change_by_name() {
    let Some(disk) = Mount::new(EXT4) else { return };
    let machine = Machine::on(&disk);
    machine.manifest("dgmo: 1\nfiles:\n  file: {text: one}\n");
    machine.switch().works();
    machine.manifest("dgmo: 1\nfiles:\n  file: {text: two}\n");
    machine.switch().works();
    // Collecting is a change only where there is something to collect.
    let manifest = machine.source("dgmo.yaml").display().to_string();
    machine.run(&["store", "add", &manifest]).works();
    disk.make_read_only();

    let looking = [
        "status",
        "history",
        "generations list",
        "generations show 1",
        "diff 1 2",
        "env",
        "profiles",
        "gc --dry-run",
        "store verify",
        "store pins",
        "rollback --dry-run",
    ];
    for command in looking {
        machine.run(&words(command)).works();
    }
    machine.manifest("dgmo: 1\nfiles:\n  file: {text: three}\n");
    machine.switch().fails().says("read-only");
    let changing = [
        "rollback 1".to_owned(),
        "rollback 0".to_owned(),
        "generations pin 1".to_owned(),
        "generations label 1 work".to_owned(),
        "generations prune 1".to_owned(),
        "gc --keep last=1".to_owned(),
        format!("store add --pin mine {manifest}"),
    ];
    for command in &changing {
        machine.run(&words(command)).fails().says("read-only");
    }
    machine.run(&["status"]).works();
    machine.reads("file", "two");
}

fn words(command: &str) -> Vec<&str> {
    command.split(' ').collect()
}
