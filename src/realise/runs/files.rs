//! The files of a package by their paths, links followed.

use std::collections::BTreeMap;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::Insertion;
use dgmo_store::tree::Node;

use crate::realise::PackageError;

/// As many links as systems follow in one path.
const MOST_HOPS: usize = 40;

/// All files of a package.
pub(super) struct Files {
    blobs: BTreeMap<String, BlobId>,
    links: BTreeMap<String, String>,
}

impl Files {
    /// Those of `tree`.
    pub(super) fn of(insertion: &Insertion<'_>, tree: TreeId) -> Result<Self, PackageError> {
        let mut files = Self {
            blobs: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        files.collect(insertion, tree, "")?;
        Ok(files)
    }

    fn collect(
        &mut self,
        insertion: &Insertion<'_>,
        tree: TreeId,
        above: &str,
    ) -> Result<(), PackageError> {
        for entry in insertion.read_tree(tree)?.into_entries() {
            let path = if above.is_empty() {
                entry.name.to_string()
            } else {
                format!("{above}/{}", entry.name)
            };
            match entry.node {
                Node::File(blob) | Node::Executable(blob) => {
                    self.blobs.insert(path, blob);
                }
                Node::Folder(inside) => self.collect(insertion, inside, &path)?,
                Node::Link(target) => {
                    let target = String::from_utf8_lossy(target.as_bytes());
                    if let Some(target) = normal(&format!("{above}/{target}")) {
                        self.links.insert(path, target);
                    }
                }
            }
        }
        Ok(())
    }

    /// The file at a path; a link to a folder on the way is not followed, one at its end is.
    pub(super) fn get(&self, path: &str) -> Option<BlobId> {
        let mut path = normal(path)?;
        for _ in 0..MOST_HOPS {
            if let Some(blob) = self.blobs.get(&path) {
                return Some(*blob);
            }
            path = self.links.get(&path)?.clone();
        }
        None
    }

    /// The first path whose last name is `name`.
    pub(super) fn called(&self, name: &str) -> Option<String> {
        let mut paths = self.blobs.keys().chain(self.links.keys());
        let is_it = |path: &&String| path.rsplit('/').next() == Some(name);
        paths.find(is_it).cloned()
    }
}

/// A path inside a package without `.` and `..`; nothing where it leaves the package.
pub(super) fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside() {
        for (path, expected) in [
            ("bin/../lib/x", Some("lib/x")),
            ("/./a//b", Some("a/b")),
            ("..", None),
            ("a/../../b", None),
        ] {
            assert_eq!(normal(path).as_deref(), expected, "{path}");
        }
    }
}
