//! A file system in a file, mounted for as long as the value lives.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

/// A kind of file system, and how to make one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    make: &'static [&'static str],
    mebibytes: u64,
}

/// Small enough to fill. Nothing of it is kept for root, who runs this.
pub(crate) const EXT4: Kind = Kind {
    name: "ext4",
    make: &["mkfs.ext4", "-q", "-m", "0"],
    mebibytes: 32,
};

/// As small as it can be.
pub(crate) const BTRFS: Kind = Kind {
    name: "btrfs",
    make: &["mkfs.btrfs", "-q"],
    mebibytes: 256,
};

/// As small as it can be.
pub(crate) const XFS: Kind = Kind {
    name: "xfs",
    make: &["mkfs.xfs", "-q", "-m", "reflink=1"],
    mebibytes: 320,
};

/// A mounted file system. It is unmounted and gone when this is dropped, also where a test fails.
#[derive(Debug)]
pub(crate) struct Mount {
    folder: TempDir,
}

impl Mount {
    /// Makes one; none, with a word why, where this machine does not let us.
    pub(crate) fn new(kind: Kind) -> Option<Self> {
        let mount = Self {
            folder: tempfile::Builder::new()
                .prefix("dgmo-disk-")
                .tempdir()
                .unwrap(),
        };
        match mount.make(kind) {
            Ok(()) => Some(mount),
            Err(why) => {
                println!("skipped: no {} here: {why}", kind.name);
                None
            }
        }
    }

    fn make(&self, kind: Kind) -> Result<(), String> {
        let image = self.folder.path().join("image");
        let file = File::create(&image).unwrap();
        file.set_len(kind.mebibytes << 20).unwrap();
        fs::create_dir(self.path()).unwrap();
        run(Command::new(kind.make[0]).args(&kind.make[1..]).arg(&image))?;
        run(Command::new("mount")
            .args(["-o", "loop"])
            .arg(&image)
            .arg(self.path()))
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Lets nobody write any more.
    pub(crate) fn make_read_only(&self) {
        run(Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.path()))
        .unwrap();
    }

    /// How many bytes are free, once everything written is on disk.
    pub(crate) fn free(&self) -> u64 {
        let disk = File::open(self.path()).unwrap();
        rustix::fs::syncfs(&disk).unwrap();
        let stat = rustix::fs::statvfs(self.path()).unwrap();
        stat.f_bavail * stat.f_frsize
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if !is_mounted(&self.path()) {
            return;
        }
        if let Err(why) = run(Command::new("umount").arg(self.path())) {
            println!("unmounting later: {why}");
            // What still uses it is one of our own commands, about to end.
            run(Command::new("umount").arg("-l").arg(self.path())).unwrap();
        }
    }
}

fn is_mounted(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let path = path.to_string_lossy();
    mounts
        .lines()
        .any(|line| line.split(' ').nth(1) == Some(&*path))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
