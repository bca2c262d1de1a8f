//! Candidates: generations as they are, and ones that never were, between two that are.

use std::collections::BTreeMap;

use dgmo_schema::both::side_by_side;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_schema::name::TargetPath;
use dgmo_schema::name::VariableName;
use dgmo_schema::report::bisect::Culprit;
use dgmo_schema::report::bisect::CulpritKind;
use dgmo_schema::report::generation::Change;

use crate::generation::Generations;
use crate::generation::ReadError;

/// What a command is run in.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub record: Record,
    pub trees: BTreeMap<PackageName, TreeId>,
}

impl Candidate {
    /// A generation as it is.
    pub(super) fn load(
        generations: Generations<'_>,
        number: GenerationNumber,
    ) -> Result<Self, ReadError> {
        let installed = generations.load(number)?.packages;
        Ok(Self {
            record: generations.record(number)?,
            trees: installed
                .into_iter()
                .map(|(name, package)| (name, package.tree))
                .collect(),
        })
    }
}

/// One thing in which two generations differ, taken or left as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    Package(PackageName),
    /// One path; several where they lie in each other and so cannot be there in any mixture.
    Files(Vec<TargetPath>),
    Variable(VariableName),
    SearchPath,
}

/// Whether the command sees home files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HomeFiles {
    Seen,
    NotSeen,
}

/// In what the two differ, as far as a command can see it.
pub(super) fn units(good: &Candidate, bad: &Candidate, files: HomeFiles) -> Vec<Unit> {
    let (one, other) = (&good.record, &bad.record);
    let mut units: Vec<Unit> = differing(&one.packages, &other.packages)
        .filter(|name| {
            let tree = |side: &Candidate| side.trees.get(*name).copied();
            let shown = |record: &Record| {
                let package = record.packages.get(*name);
                package.map(|package| (package.bin.clone(), package.priority))
            };
            // Another version may have the same bytes, and then breaks nothing.
            tree(good) != tree(bad) || shown(one) != shown(other)
        })
        .cloned()
        .map(Unit::Package)
        .collect();
    if files == HomeFiles::Seen {
        units.extend(file_units(differing(&one.files, &other.files)));
    }
    let variables = differing(&one.env, &other.env);
    units.extend(variables.cloned().map(Unit::Variable));
    if one.path != other.path {
        units.push(Unit::SearchPath);
    }
    units
}

/// The keys whose values differ, or that only one has, in order.
fn differing<'a, K: Ord, V: PartialEq>(
    one: &'a BTreeMap<K, V>,
    other: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = &'a K> {
    side_by_side(one, other)
        .filter(|(_, mine, theirs)| mine != theirs)
        .map(|(key, ..)| key)
}

/// Paths that lie below each other go together: one of them may be a folder only where the other is not there.
fn file_units<'a>(paths: impl Iterator<Item = &'a TargetPath>) -> Vec<Unit> {
    let mut groups: Vec<Vec<TargetPath>> = Vec::new();
    // In order, what lies below a path comes after it; what comes between has a name that only begins alike.
    for path in paths {
        let above = groups
            .iter_mut()
            .find(|group| group.iter().any(|other| path.is_below(other)));
        match above {
            Some(group) => group.push(path.clone()),
            None => groups.push(vec![path.clone()]),
        }
    }
    groups.into_iter().map(Unit::Files).collect()
}

/// The good one with these units as the bad one has them.
pub(super) fn mix(good: &Candidate, bad: &Candidate, units: &[&Unit]) -> Candidate {
    let mut mixed = good.clone();
    for unit in units {
        match unit {
            Unit::Package(name) => {
                take(&mut mixed.record.packages, &bad.record.packages, name);
                take(&mut mixed.trees, &bad.trees, name);
            }
            Unit::Files(paths) => {
                for path in paths {
                    take(&mut mixed.record.files, &bad.record.files, path);
                }
            }
            Unit::Variable(name) => take(&mut mixed.record.env, &bad.record.env, name),
            Unit::SearchPath => mixed.record.path.clone_from(&bad.record.path),
        }
    }
    mixed
}

fn take<K: Ord + Clone, V: Clone>(into: &mut BTreeMap<K, V>, from: &BTreeMap<K, V>, key: &K) {
    match from.get(key) {
        Some(value) => drop(into.insert(key.clone(), value.clone())),
        None => drop(into.remove(key)),
    }
}

/// The unit as it is told to people.
pub(super) fn culprit(unit: &Unit, good: &Candidate, bad: &Candidate) -> Culprit {
    let (one, other) = (&good.record, &bad.record);
    let told = |kind, name: String, change, from, to| Culprit {
        kind,
        name,
        change,
        from,
        to,
    };
    match unit {
        Unit::Package(name) => {
            let version = |record: &Record| record.packages.get(name)?.version.clone();
            let change = change(one.packages.get(name), other.packages.get(name));
            let (from, to) = (version(one), version(other));
            told(CulpritKind::Package, name.to_string(), change, from, to)
        }
        Unit::Files(paths) => {
            let names: Vec<&str> = paths.iter().map(TargetPath::as_str).collect();
            let first = &paths[0];
            let change = match paths.len() {
                1 => change(one.files.get(first), other.files.get(first)),
                _ => Change::Changed,
            };
            told(CulpritKind::File, names.join(", "), change, None, None)
        }
        Unit::Variable(name) => {
            let (from, to) = (one.env.get(name), other.env.get(name));
            told(
                CulpritKind::Variable,
                name.to_string(),
                change(from, to),
                from.cloned(),
                to.cloned(),
            )
        }
        Unit::SearchPath => told(
            CulpritKind::SearchPath,
            "path".to_owned(),
            Change::Changed,
            Some(one.path.join(":")),
            Some(other.path.join(":")),
        ),
    }
}

fn change<T>(before: Option<&T>, after: Option<&T>) -> Change {
    match (before, after) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::conduct::Conduct;
    use dgmo_schema::generation::Identity;
    use dgmo_schema::generation::RecordedContent;
    use dgmo_schema::generation::RecordedFile;
    use dgmo_schema::generation::RecordedPackage;
    use dgmo_schema::id::BlobId;
    use dgmo_schema::id::Digest;
    use dgmo_schema::manifest::Method;
    use proptest::prelude::*;

    use super::*;

    fn candidate(
        packages: &[(&str, &str)],
        files: &[(&str, &str)],
        env: &[(&str, &str)],
    ) -> Candidate {
        let tree = |text: &str| TreeId(Digest::of(text.as_bytes()));
        let recorded = |text: &str| RecordedPackage {
            version: Some(text.to_owned()),
            identity: Identity::Tree(tree(text)),
            bin: vec![],
            priority: 0,
        };
        let file = |text: &str| RecordedFile {
            content: RecordedContent::File(BlobId(Digest::of(text.as_bytes()))),
            mode: None,
            method: Method::Link,
        };
        Candidate {
            record: Record {
                format: 1,
                system: "x86_64-linux".parse().unwrap(),
                packages: packages
                    .iter()
                    .map(|(name, text)| (name.parse().unwrap(), recorded(text)))
                    .collect(),
                files: files
                    .iter()
                    .map(|(path, text)| (path.parse().unwrap(), file(text)))
                    .collect(),
                env: env
                    .iter()
                    .map(|(name, text)| (name.parse().unwrap(), (*text).to_owned()))
                    .collect(),
                path: vec![],
                conduct: Conduct::default(),
                secrets: BTreeMap::new(),
            },
            trees: packages
                .iter()
                .map(|(name, text)| (name.parse().unwrap(), tree(text)))
                .collect(),
        }
    }

    #[test]
    fn paths_that_lie_in_each_other_go_together() {
        let good = candidate(&[], &[("a", "1"), ("b", "1")], &[]);
        let bad = candidate(
            &[],
            &[("a/x", "2"), ("a/y", "2"), ("a.b", "2"), ("b", "1")],
            &[],
        );
        let path = |text: &str| text.parse::<TargetPath>().unwrap();
        let found = units(&good, &bad, HomeFiles::Seen);
        assert!(found.contains(&Unit::Files(vec![path("a"), path("a/x"), path("a/y")])));
        assert!(found.contains(&Unit::Files(vec![path("a.b")])));
        assert_eq!(found.len(), 2);
        assert_eq!(units(&good, &bad, HomeFiles::NotSeen), []);
    }

    fn entries() -> impl Strategy<Value = Vec<(String, String)>> {
        prop::collection::btree_map("[a-e]", "[12]", 0..5).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        /// With nothing taken it is the good one, with all the bad one.
        #[test]
        fn the_ends_of_all_mixtures_are_the_two(
            good in (entries(), entries(), entries()),
            bad in (entries(), entries(), entries()),
        ) {
            let made = |(packages, files, env): &(Vec<_>, Vec<_>, Vec<_>)| {
                let words = |list: &Vec<(String, String)>| -> Vec<(&'static str, &'static str)> {
                    list.iter()
                        .map(|(key, value)| {
                            let kept = |text: &String| -> &'static str { text.clone().leak() };
                            (kept(key), kept(value))
                        })
                        .collect()
                };
                candidate(&words(packages), &words(files), &words(env))
            };
            let (good, bad) = (made(&good), made(&bad));
            let all = units(&good, &bad, HomeFiles::Seen);
            let refs: Vec<&Unit> = all.iter().collect();
            prop_assert_eq!(mix(&good, &bad, &[]).record, good.record.clone());
            let mixed = mix(&good, &bad, &refs);
            prop_assert_eq!(&mixed.record, &bad.record);
            prop_assert_eq!(&mixed.trees, &bad.trees);
        }
    }
}
