//! Disks on which files can share their blocks.

use std::fs;

use crate::machine::Machine;
use crate::machine::fill;
use crate::mount::BTRFS;
use crate::mount::Kind;
use crate::mount::Mount;
use crate::mount::XFS;

const LARGE: usize = 48 << 20;

/// What is written besides the blocks that are shared.
const LITTLE: u64 = 12 << 20;

#[test]
fn on_btrfs_the_store_shares_the_blocks_of_what_is_added() {
    blocks_are_shared_on(BTRFS);
}

#[test]
fn on_xfs_the_store_shares_the_blocks_of_what_is_added() {
    blocks_are_shared_on(XFS);
}

fn blocks_are_shared_on(kind: Kind) {
    let Some(disk) = Mount::new(kind) else { return };
    let machine = Machine::on(&disk);
    let package = disk.path().join("package");
    fs::create_dir_all(package.join("bin")).unwrap();
    fill(&package.join("bin/large"), LARGE);
    let path = package.display().to_string();
    let before = disk.free();
    machine
        .run(&["store", "add", "--pin", "large", &path])
        .works();
    let laid_out = machine.run(&["store", "path", "large"]).works();
    let used = before.saturating_sub(disk.free());
    assert!(used < LITTLE, "{used} bytes were copied");
    let laid_out = laid_out.stdout().trim().to_owned() + "/bin/large";
    assert_eq!(fs::metadata(&laid_out).unwrap().len(), LARGE as u64);

    machine.manifest(&format!(
        "dgmo: 1\npackages:\n  large: {{path: \"{path}\"}}\nfiles:\n  file: {{text: one}}\n"
    ));
    machine.switch().works();
    machine.reads("file", "one");
    machine.run(&["store", "verify"]).works();
    let used = before.saturating_sub(disk.free());
    assert!(used < LITTLE, "{used} bytes were copied");

    // What is written to the source now does not reach the store.
    fill(&package.join("bin/large"), 1 << 20);
    machine.run(&["store", "verify"]).works();
}
