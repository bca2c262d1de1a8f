//! What a folder holds, to compare with what it held: names, kinds, modes, contents, links.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, String>);

impl Snapshot {
    /// Of all below `folder`, which may be missing.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut found = BTreeMap::new();
        if fs::symlink_metadata(folder).is_ok() {
            look(folder, Path::new(""), &mut found);
        }
        Self(found)
    }

    /// The same; what differs is named, not all of both.
    #[track_caller]
    pub(crate) fn assert_same(&self, now: &Self, words: &str) {
        let gone = self
            .0
            .iter()
            .filter(|(path, what)| now.0.get(*path) != Some(what));
        let come = now
            .0
            .iter()
            .filter(|(path, what)| self.0.get(*path) != Some(what));
        let lines: Vec<String> = gone
            .map(|(path, what)| format!("- {} {what}", path.display()))
            .chain(come.map(|(path, what)| format!("+ {} {what}", path.display())))
            .collect();
        assert!(lines.is_empty(), "{words}:\n{}", lines.join("\n"));
    }
}

fn look(path: &Path, name: &Path, found: &mut BTreeMap<PathBuf, String>) {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o7777;
    let what = if metadata.is_symlink() {
        format!(
            "link to {}",
            fs::read_link(path)
                .unwrap()
                .as_os_str()
                .as_encoded_bytes()
                .escape_ascii()
        )
    } else if metadata.is_dir() {
        format!("folder {mode:o}")
    } else if metadata.is_file() {
        let digest = blake3::hash(&fs::read(path).unwrap()).to_hex();
        format!("file {mode:o} {} bytes {}", metadata.len(), &digest[..16])
    } else {
        format!("other {mode:o}")
    };
    found.insert(name.to_owned(), what);
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            look(&entry.path(), &name.join(entry.file_name()), found);
        }
    }
}
