//! What is in a package, and which whole paths lead to it: those that begin with the folder it was built for.
//!
//! Nobody says which folder that was. A path tells by its end: of `/opt/foo/lib`, where the package has `lib`, the
//! beginning `/opt/foo` is where the package would have been.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::Insertion;
use dgmo_store::tree::Node;

use crate::realise::PackageError;

/// Folders of which systems have the content.
const OF_SYSTEMS: &[&str] = &[
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/dev", "/proc",
    "/sys", "/run", "/var", "/System", "/Library",
];

/// Folders below these that systems leave to others.
const OF_OTHERS: &[&str] = &[
    "/usr/local",
    "/usr/src",
    "/var/tmp",
    "/var/lib",
    "/run/user",
];

/// One file of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File {
    pub(super) blob: BlobId,
    pub(super) is_executable: bool,
}

/// All of a package by its paths. What has a name that is no text is left alone.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) files: BTreeMap<String, File>,
    pub(super) links: BTreeMap<String, String>,
    folders: BTreeSet<String>,
}

/// A whole path that leads into the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Own {
    /// The folder the package was built for; empty: the top of a system.
    pub(super) prefix: String,
    /// Where it leads in the package.
    pub(super) path: String,
}

impl Inside {
    /// What `tree` has.
    pub(super) fn of(insertion: &Insertion<'_>, tree: TreeId) -> Result<Self, PackageError> {
        let mut inside = Self::default();
        inside.collect(insertion, tree, "")?;
        Ok(inside)
    }

    fn collect(
        &mut self,
        insertion: &Insertion<'_>,
        tree: TreeId,
        above: &str,
    ) -> Result<(), PackageError> {
        for entry in insertion.read_tree(tree)?.into_entries() {
            let Ok(name) = str::from_utf8(entry.name.as_bytes()) else {
                continue;
            };
            let path = joined(above, name);
            match entry.node {
                Node::File(blob) => self.file(path, blob, false),
                Node::Executable(blob) => self.file(path, blob, true),
                Node::Folder(tree) => {
                    self.collect(insertion, tree, &path)?;
                    self.folders.insert(path);
                }
                Node::Link(target) => {
                    if let Ok(target) = str::from_utf8(target.as_bytes()) {
                        self.links.insert(path, target.to_owned());
                    }
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: String, blob: BlobId, is_executable: bool) {
        let file = File {
            blob,
            is_executable,
        };
        self.files.insert(path, file);
    }

    /// Whether the package has a file or a link that is called so, wherever.
    pub(super) fn has_called(&self, name: &str) -> bool {
        let mut paths = self.files.keys().chain(self.links.keys());
        paths.any(|path| path.rsplit('/').next() == Some(name))
    }

    /// Where a whole path leads in the package, other than to `user`, which has it; nothing where it leads elsewhere.
    pub(super) fn own(&self, path: &str, user: &str) -> Option<Own> {
        let parts = parts(path)?;
        // So much must be the same that it is no chance.
        let fewest = if is_of_system(path) { 3 } else { 1 };
        self.ending(&parts, fewest, user)
    }

    /// The same of a folder that a loader looks into; it looks into those of the system anyway.
    pub(super) fn own_folder(&self, path: &str) -> Option<Own> {
        let parts = parts(path)?;
        let fewest = if is_of_system(path) { 2 } else { 1 };
        let own = self.ending(&parts, fewest, "")?;
        self.folders.contains(&own.path).then_some(own)
    }

    fn ending(&self, parts: &[&str], fewest: usize, user: &str) -> Option<Own> {
        let longest = parts.len().checked_sub(fewest)?;
        (0..=longest).find_map(|at| {
            // A path with one part only is no evidence of where the package would be.
            if at == 0 && parts.len() < 2 {
                return None;
            }
            let path = parts[at..].join("/");
            (path != user && self.has(&path)).then(|| Own {
                prefix: parts[..at].iter().map(|part| format!("/{part}")).collect(),
                path,
            })
        })
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
            || self.links.contains_key(path)
            || self.folders.contains(path)
    }

    #[cfg(test)]
    pub(super) fn with(paths: &[&str]) -> Self {
        let mut inside = Self::default();
        for path in paths {
            let blob = BlobId(dgmo_schema::id::Digest::of(path.as_bytes()));
            inside.file((*path).to_owned(), blob, true);
            let mut above = folder_of(path);
            while !above.is_empty() {
                inside.folders.insert(above.to_owned());
                above = folder_of(above);
            }
        }
        inside
    }
}

/// The parts of a whole path; nothing for others, and for those that climb.
fn parts(path: &str) -> Option<Vec<&str>> {
    let rest = path.strip_prefix('/')?;
    let parts = rest.split('/').filter(|part| !matches!(*part, "" | "."));
    let parts: Vec<&str> = parts.collect();
    (!parts.is_empty() && !parts.contains(&"..")).then_some(parts)
}

/// Whether a whole path is one of which systems have the content.
pub(super) fn is_of_system(path: &str) -> bool {
    let is_below = |folder: &&str| {
        let rest = path.strip_prefix(*folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    OF_SYSTEMS.iter().any(is_below) && !OF_OTHERS.iter().any(is_below)
}

/// The folder a path is in; the top is an empty text.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn joined(above: &str, name: &str) -> String {
    if above.is_empty() {
        name.to_owned()
    } else {
        format!("{above}/{name}")
    }
}

/// The way from a folder to a path, both in the package; an empty text: it is that folder.
pub(super) fn way(from: &str, to: &str) -> String {
    let split = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (from, to) = (split(from), split(to));
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other);
    let shared = shared.count();
    let ups = std::iter::repeat_n("..", from.len() - shared);
    let downs = to[shared..].iter().map(String::as_str);
    ups.chain(downs).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_into_the_package_by_its_end() {
        let inside = Inside::with(&["lib/libx.so", "bin/tool", "share/tool/a/b"]);
        for (path, expected) in [
            ("/opt/foo/lib", Some(("/opt/foo", "lib"))),
            ("/opt/foo//lib/./libx.so", Some(("/opt/foo", "lib/libx.so"))),
            (
                "/home/build/x/bin/tool",
                Some(("/home/build/x", "bin/tool")),
            ),
            ("/usr/local/lib", Some(("/usr/local", "lib"))),
            ("/usr/lib", None),
            ("/usr/bin/tool", None),
            ("/usr/share/tool/a", Some(("/usr", "share/tool/a"))),
            ("/share/tool", Some(("", "share/tool"))),
            ("/lib", None),
            ("/opt/foo/lib64", None),
            ("/opt/foo/../lib", None),
            ("lib", None),
            ("/", None),
        ] {
            let own = inside.own(path, "");
            let own = own.as_ref().map(|own| (&*own.prefix, &*own.path));
            assert_eq!(own, expected, "{path}");
        }
        assert_eq!(inside.own("/opt/foo/bin/tool", "bin/tool"), None);
    }

    #[test]
    fn the_way_from_a_folder_to_a_path_is_relative() {
        for (from, to, expected) in [
            ("bin", "lib", "../lib"),
            ("lib", "lib", ""),
            ("", "lib/a", "lib/a"),
            ("lib/a", "lib", ".."),
            ("lib/a/b", "lib/c", "../../c"),
        ] {
            assert_eq!(way(from, to), expected, "{from} {to}");
        }
    }
}
