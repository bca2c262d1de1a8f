//! Copies of whole worlds: names, modes, times, and which names are the same file.

use std::collections::HashMap;
use std::fs;
use std::fs::File;
use std::fs::FileTimes;
use std::fs::Permissions;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

/// What is as long as this only takes up room.
const FILLING: u64 = 1 << 20;

/// Copies `from` to `to`, which must not be there.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    Copier::default().copy(from, to);
}

/// Deletes a folder with all it holds, read-only folders too; nothing there is fine.
pub(crate) fn delete_tree(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return;
    };
    if !metadata.is_dir() {
        fs::remove_file(path).unwrap();
        return;
    }
    if metadata.mode() & 0o700 != 0o700 {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    for entry in fs::read_dir(path).unwrap() {
        delete_tree(&entry.unwrap().path());
    }
    fs::remove_dir(path).unwrap();
}

#[derive(Default)]
struct Copier {
    /// Where a file with several names got its first one.
    first_names: HashMap<(u64, u64), PathBuf>,
}

impl Copier {
    fn copy(&mut self, from: &Path, to: &Path) {
        let metadata = fs::symlink_metadata(from).unwrap();
        let kind = metadata.file_type();
        if kind.is_symlink() {
            symlink(fs::read_link(from).unwrap(), to).unwrap();
        } else if kind.is_dir() {
            self.copy_folder(from, to, metadata.mode());
        } else {
            self.copy_file(from, to, &metadata);
        }
    }

    fn copy_folder(&mut self, from: &Path, to: &Path, mode: u32) {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            self.copy(&entry.path(), &to.join(entry.file_name()));
        }
        fs::set_permissions(to, Permissions::from_mode(mode & 0o7777)).unwrap();
    }

    fn copy_file(&mut self, from: &Path, to: &Path, metadata: &fs::Metadata) {
        if metadata.nlink() > 1 {
            let inode = (metadata.dev(), metadata.ino());
            if let Some(first) = self.first_names.get(&inode) {
                fs::hard_link(first, to).unwrap();
                return;
            }
            self.first_names.insert(inode, to.to_owned());
        }
        if metadata.len() >= FILLING {
            // It only takes up room, and need not do so here.
            File::create(to).unwrap().set_len(metadata.len()).unwrap();
            fs::set_permissions(to, metadata.permissions()).unwrap();
        } else {
            fs::copy(from, to).unwrap();
        }
        let times = FileTimes::new().set_modified(metadata.modified().unwrap());
        File::open(to).unwrap().set_times(times).unwrap();
    }
}
