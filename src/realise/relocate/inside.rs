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

use super::common::is_its_own;
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
    /// Whether it is a whole system: then a path names what is there and nothing else.
    is_system: bool,
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

    /// The same of a whole system.
    pub(super) fn of_system(insertion: &Insertion<'_>, tree: TreeId) -> Result<Self, PackageError> {
        let mut inside = Self::of(insertion, tree)?;
        inside.is_system = true;
        Ok(inside)
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

    /// Where a path leads that a program or a script names, where that is a place of the package's own: `user` would
    /// look there for something the package has.
    pub(super) fn named(&self, path: &str, user: &str) -> Option<Own> {
        let parts = parts(path)?;
        let above = &parts[..parts.len() - 1];
        let is_folder = |own: &Own| self.folders.contains(&own.path);
        let exact = self.place(&parts, user);
        exact.or_else(|| self.place(above, user).filter(is_folder))
    }

    fn place(&self, parts: &[&str], user: &str) -> Option<Own> {
        let own = self.ending(parts, 2, user)?;
        let is_meant = match (self.is_system, own.prefix.is_empty()) {
            (true, is_at_top) => is_at_top,
            (false, true) => is_of_system(&format!("/{}", own.path)),
            (false, false) => true,
        };
        let bare = own.path.strip_prefix("usr/").filter(|_| self.is_system);
        let bare = bare.unwrap_or(&own.path);
        (is_meant && bare.contains('/') && is_its_own(bare)).then_some(own)
    }

    /// Whether the package has any place of its own but `user`.
    pub(super) fn has_places(&self, user: &str) -> bool {
        let mut paths = self.files.keys().chain(&self.folders);
        paths.any(|path| path != user && path.contains('/') && is_its_own(path))
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
    fn a_place_of_the_package_is_told_from_what_all_have() {
        let inside = Inside::with(&[
            "bin/tool",
            "bin/helper",
            "bin/sh",
            "lib/x86_64-linux-gnu/libx.so",
            "lib/tool/plugin.so",
            "etc/tool/settings",
            "share/tool/a.txt",
            "share/locale/de/tool.mo",
            "src/main.c",
        ]);
        for (path, expected) in [
            ("/usr/local/share/tool/a.txt", Some("share/tool/a.txt")),
            ("/usr/share/tool", Some("share/tool")),
            ("/opt/x/share/tool/other", Some("share/tool")),
            ("/etc/tool/settings", Some("etc/tool/settings")),
            ("/usr/lib/tool", Some("lib/tool")),
            ("/usr/bin/helper", Some("bin/helper")),
            ("/usr/bin/tool", None),
            ("/bin/sh", None),
            ("/usr/lib/x86_64-linux-gnu", None),
            ("/usr/share/locale/de", None),
            ("/home/me/tool/src/main.c", None),
            ("/usr/share/others", None),
            ("/share/tool", None),
            ("/tool", None),
        ] {
            let own = inside.named(path, "bin/tool").map(|own| own.path);
            assert_eq!(own.as_deref(), expected, "{path}");
        }
        assert!(inside.has_places("bin/tool"));
        assert!(!Inside::with(&["bin/tool", "share/man/man1/tool.1"]).has_places("bin/tool"));
    }

    #[test]
    fn in_a_whole_system_a_path_names_what_is_there() {
        let inside = Inside {
            is_system: true,
            ..Inside::with(&[
                "usr/share/tool/a",
                "opt/tool/b",
                "usr/share/zoneinfo/UTC",
                "etc/hosts",
                "bin/sh",
            ])
        };
        for (path, expected) in [
            ("/usr/share/tool/a", Some("usr/share/tool/a")),
            ("/opt/tool/b", Some("opt/tool/b")),
            ("/build/usr/share/tool/a", None),
            ("/usr/share/zoneinfo", None),
            ("/etc/hosts", None),
            ("/bin/sh", None),
        ] {
            let own = inside.named(path, "").map(|own| own.path);
            assert_eq!(own.as_deref(), expected, "{path}");
        }
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
