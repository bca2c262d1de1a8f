//! The machine around the home: the disk, the clock, who may write.

use std::io;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::Timestamp;
use dgmo_store::Store;
use dgmo_store::look;

use super::Finding;

/// Below both, the disk is nearly full: a share of it, and bytes.
const SHARE: u64 = 20;
const ROOM: u64 = 1 << 30;

/// Whether the disk of the home has room.
pub fn disk(store: &Store) -> Vec<Finding> {
    let Some((free, whole)) = store.room_on_disk() else {
        return Vec::new();
    };
    if free >= whole / SHARE || free >= ROOM {
        return Vec::new();
    }
    let message = format!(
        "{} MiB of {} MiB are free where the home is",
        free >> 20,
        whole >> 20
    );
    let finding = Finding::new(Code::DiskNearlyFull, message).at(store.home());
    vec![finding.remedy(Hint::Run("dgmo gc".to_owned()))]
}

/// Whether files of the home can have several names.
pub fn links(store: &Store) -> Vec<Finding> {
    match store.has_links() {
        Some(false) => {
            let message = format!(
                "`{}` is on a file system without hard links",
                store.home().display()
            );
            let finding = Finding::new(Code::NoLinks, message).at(store.home());
            let words = "move the home to another file system, with `--home DIR`";
            vec![finding.remedy(Hint::Do(words.to_owned()))]
        }
        // Where one may not write, one cannot tell.
        _ => Vec::new(),
    }
}

/// Whether the clock is past the newest generation.
pub fn clock(now: Timestamp, newest: Option<Timestamp>) -> Vec<Finding> {
    let Some(newest) = newest.filter(|newest| *newest > now) else {
        return Vec::new();
    };
    let message = format!("it is {now} by the clock, and a generation was made at {newest}");
    let words = "set the clock, then look again with `dgmo doctor`";
    vec![Finding::new(Code::ClockBehind, message).remedy(Hint::Do(words.to_owned()))]
}

/// Whether there is a reserve for a full disk.
pub fn reserve(store: &Store) -> Vec<Finding> {
    let path = store.layout().reserve();
    // One that cannot be looked at is not missing.
    if !matches!(look::is_there(&path), Ok(false)) {
        return Vec::new();
    }
    vec![Finding::new(Code::ReserveMissing, "there is no reserve for a full disk").at(&path)]
}

/// Whether only its owner may write to the home.
pub fn permissions(home: &Path) -> io::Result<Vec<Finding>> {
    let mut found = Vec::new();
    for below in ["", "store", "store/objects", "store/trees", "profiles"] {
        let path = home.join(below);
        if may_others_write(&path)? {
            let message = format!("others may write to `{}`", path.display());
            found.push(Finding::new(Code::HomeOpen, message).at(&path));
        }
    }
    Ok(found)
}

#[cfg(unix)]
fn may_others_write(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        // The group is left out: many systems give each user one of their own and let it write.
        metadata => Ok(metadata?.permissions().mode() & 0o002 != 0),
    }
}

#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn may_others_write(_path: &Path) -> io::Result<bool> {
    Ok(false)
}
