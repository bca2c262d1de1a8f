//! What differs between two locks.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::both::side_by_side;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::lock::Scope;
use dgmo_schema::name::PackageName;

/// What the second of two locks has other than the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockDiff {
    /// Packages only the second has.
    pub added: BTreeMap<PackageName, LockedPackage>,
    /// Packages only the first has.
    pub removed: BTreeMap<PackageName, LockedPackage>,
    /// Packages both have, not the same.
    pub changed: BTreeMap<PackageName, PackageChange>,
}

/// How a package changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageChange {
    /// The version before and after, if it changed.
    pub version: Option<(Option<String>, Option<String>)>,
    /// What changed for which systems.
    pub builds: BTreeMap<Scope, BTreeSet<BuildChange>>,
}

/// What changed in what one system gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildChange {
    /// The lock covers the system now.
    Added,
    /// The lock does not cover the system any more.
    Removed,
    /// It comes from another address or path.
    Source,
    /// The bytes fetched, or found at the path, are others.
    Content,
    /// The bytes are unpacked in another way.
    Recipe,
    /// Another key signs it, or none.
    Signer,
}

impl LockDiff {
    /// What `new` has other than `old`.
    pub fn between(old: &Lock, new: &Lock) -> Self {
        let mut diff = Self::default();
        for (name, package) in &old.packages {
            match new.packages.get(name) {
                None => {
                    diff.removed.insert(name.clone(), package.clone());
                }
                Some(now) if now != package => {
                    diff.changed.insert(name.clone(), change(package, now));
                }
                Some(_) => {}
            }
        }
        for (name, package) in &new.packages {
            if !old.packages.contains_key(name) {
                diff.added.insert(name.clone(), package.clone());
            }
        }
        diff
    }

    /// Whether the two are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn change(old: &LockedPackage, new: &LockedPackage) -> PackageChange {
    let builds = side_by_side(&old.builds, &new.builds).filter_map(|(scope, old, new)| {
        let what = match (old, new) {
            (Some(old), Some(new)) => build_changes(old, new),
            (None, _) => BTreeSet::from([BuildChange::Added]),
            (_, None) => BTreeSet::from([BuildChange::Removed]),
        };
        (!what.is_empty()).then(|| (scope.clone(), what))
    });
    PackageChange {
        version: (old.version != new.version).then(|| (old.version.clone(), new.version.clone())),
        builds: builds.collect(),
    }
}

fn build_changes(old: &Locked, new: &Locked) -> BTreeSet<BuildChange> {
    let mut changes = BTreeSet::new();
    let mut note = |differs: bool, change| {
        if differs {
            changes.insert(change);
        }
    };
    match (old, new) {
        (Locked::Url(old), Locked::Url(new)) => {
            note(old.url != new.url, BuildChange::Source);
            note(old.digest != new.digest, BuildChange::Content);
            let recipe = (old.unpack, old.strip, &old.program);
            note(
                recipe != (new.unpack, new.strip, &new.program),
                BuildChange::Recipe,
            );
            note(old.signer != new.signer, BuildChange::Signer);
        }
        (
            Locked::Path {
                path: old_path,
                tree: old_tree,
            },
            Locked::Path { path, tree },
        ) => {
            note(old_path != path, BuildChange::Source);
            note(old_tree != tree, BuildChange::Content);
        }
        _ => {
            note(true, BuildChange::Source);
            note(old.tree() != new.tree(), BuildChange::Content);
        }
    }
    // A size or a tree that differs while the bytes and the recipe do not is a mended lock.
    if changes.is_empty() && old != new {
        changes.insert(BuildChange::Content);
    }
    changes
}

#[cfg(test)]
mod tests {
    use dgmo_schema::id::Digest;
    use dgmo_schema::id::TreeId;

    use super::*;

    fn lock(packages: &[(&str, Option<&str>, &str, &[u8])]) -> Lock {
        let packages = packages.iter().map(|(name, version, path, content)| {
            let build = Locked::Path {
                path: (*path).to_owned(),
                tree: TreeId(Digest::of(content)),
            };
            let package = LockedPackage {
                version: version.map(str::to_owned),
                runs_with: None,
                recipes: Vec::new(),
                builds: BTreeMap::from([(Scope::Any, build)]),
            };
            (name.parse().unwrap(), package)
        });
        Lock {
            packages: packages.collect(),
        }
    }

    #[test]
    fn added_removed_and_changed_packages_are_told_apart() {
        let old = lock(&[
            ("gone", None, "./a", b"a"),
            ("same", None, "./s", b"s"),
            ("moved", Some("1"), "./m", b"m"),
        ]);
        let new = lock(&[
            ("fresh", None, "./f", b"f"),
            ("same", None, "./s", b"s"),
            ("moved", Some("2"), "./n", b"n"),
        ]);
        let diff = LockDiff::between(&old, &new);
        assert_eq!(
            diff.added
                .keys()
                .map(PackageName::as_str)
                .collect::<Vec<_>>(),
            ["fresh"]
        );
        assert_eq!(
            diff.removed
                .keys()
                .map(PackageName::as_str)
                .collect::<Vec<_>>(),
            ["gone"]
        );
        let moved = &diff.changed["moved"];
        assert_eq!(moved.version, Some((Some("1".into()), Some("2".into()))));
        assert_eq!(
            moved.builds[&Scope::Any],
            BTreeSet::from([BuildChange::Source, BuildChange::Content])
        );
        assert_eq!(diff.changed.len(), 1);
        assert!(LockDiff::between(&old, &old).is_empty());
    }
}
