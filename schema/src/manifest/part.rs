//! One file of a manifest, checked, and how several become one.
//!
//! Maps merge by key and an entry is replaced whole; single values are replaced; `path` and `systems` are joined
//! without duplicates, the winner's first; hooks are joined with those of what is included first. What needs the whole manifest is checked at the end.

use std::collections::BTreeMap;

use super::FileContent;
use super::FileEntry;
use super::IgnoredAdvisory;
use super::IndexSource;
use super::Keep;
use super::Manifest;
use super::Method;
use super::Requirement;
use super::conduct::PartHooks;
use super::problem::Problem;
use super::service;
use super::sources::PartSources;
use super::text::At;
use super::text::Placed;
use crate::code::Code;
use crate::code::Place;
use crate::conduct::Conduct;
use crate::conduct::HealthCheck;
use crate::conduct::Service;
use crate::conduct::StateFolder;
use crate::lapse::Lapse;
use crate::name::CheckName;
use crate::name::PackageName;
use crate::name::ServiceName;
use crate::name::StateName;
use crate::name::TargetPath;
use crate::name::VariableName;
use crate::system::System;

/// What one file says, checked as far as one file can be.
#[derive(Debug, Clone, Default)]
pub struct Part {
    pub(super) name: Option<String>,
    pub(super) systems: Vec<System>,
    pub(super) packages: BTreeMap<PackageName, Placed<Requirement>>,
    pub(super) sources: PartSources,
    pub(super) ignored_advisories: Vec<IgnoredAdvisory>,
    pub(super) indexes: Vec<IndexSource>,
    pub(super) minimum_release_age: Option<Lapse>,
    pub(super) files: BTreeMap<TargetPath, Placed<FileEntry>>,
    pub(super) env: BTreeMap<VariableName, Placed<String>>,
    pub(super) path: Vec<String>,
    pub(super) services: BTreeMap<ServiceName, Placed<Service>>,
    pub(super) state: BTreeMap<StateName, Placed<StateFolder>>,
    pub(super) hooks: PartHooks,
    pub(super) checks: BTreeMap<CheckName, Placed<HealthCheck>>,
    pub(super) keep: PartKeep,
    include: Vec<Placed<String>>,
}

/// The rules of `keep` a file names.
#[derive(Debug, Clone, Default)]
pub(super) struct PartKeep {
    pub(super) last: Option<u32>,
    pub(super) days: Option<u32>,
    pub(super) pinned: Option<bool>,
    pub(super) labelled: Option<bool>,
}

impl PartKeep {
    /// A rule in words says all of it: what it does not name is not left to what is included.
    pub(super) fn whole(keep: &Keep) -> Self {
        Self {
            last: Some(keep.last),
            days: Some(keep.days),
            pinned: Some(keep.pinned),
            labelled: Some(keep.labelled),
        }
    }
}

/// Where the entries of a manifest were written.
#[derive(Debug, Clone, Default)]
pub struct Places {
    packages: BTreeMap<PackageName, At>,
    files: BTreeMap<TargetPath, At>,
    env: BTreeMap<VariableName, At>,
    checks: BTreeMap<CheckName, At>,
}

impl Places {
    /// Where a package was written.
    pub fn package(&self, name: &PackageName) -> Option<Place> {
        self.packages.get(name).map(At::place)
    }

    /// Where a home file was written.
    pub fn file(&self, path: &TargetPath) -> Option<Place> {
        self.files.get(path).map(At::place)
    }

    /// Where a variable was written.
    pub fn variable(&self, name: &VariableName) -> Option<Place> {
        self.env.get(name).map(At::place)
    }

    /// Where a check was written.
    pub fn check(&self, name: &CheckName) -> Option<Place> {
        self.checks.get(name).map(At::place)
    }
}

impl Part {
    /// The files this one includes, as it says them.
    pub fn include(&self) -> &[Placed<String>] {
        &self.include
    }

    pub(super) fn set_include(&mut self, include: Vec<Placed<String>>) {
        self.include = include;
    }

    /// Puts `under` below what is there: what is there wins.
    pub fn merge_under(&mut self, under: &Self) {
        if self.name.is_none() {
            self.name.clone_from(&under.name);
        }
        append_new(&mut self.systems, &under.systems);
        append_new(&mut self.path, &under.path);
        add_missing(&mut self.packages, &under.packages);
        let (sources, below) = (&mut self.sources, &under.sources);
        add_missing(&mut sources.catalogues, &below.catalogues);
        append_new(&mut sources.mirrors, &below.mirrors);
        if sources.advisories.is_none() {
            sources.advisories.clone_from(&below.advisories);
        }
        if sources.sigstore_root.is_none() {
            sources.sigstore_root.clone_from(&below.sigstore_root);
        }
        append_new(&mut self.ignored_advisories, &under.ignored_advisories);
        append_new(&mut self.indexes, &under.indexes);
        self.minimum_release_age = self.minimum_release_age.or(under.minimum_release_age);
        add_missing(&mut self.files, &under.files);
        add_missing(&mut self.env, &under.env);
        add_missing(&mut self.services, &under.services);
        add_missing(&mut self.state, &under.state);
        self.hooks.merge_under(&under.hooks);
        add_missing(&mut self.checks, &under.checks);
        let (keep, below) = (&mut self.keep, &under.keep);
        keep.last = keep.last.or(below.last);
        keep.days = keep.days.or(below.days);
        keep.pinned = keep.pinned.or(below.pinned);
        keep.labelled = keep.labelled.or(below.labelled);
    }

    /// The manifest, if what its parts say goes together.
    pub fn finish(self) -> Result<(Manifest, Places), Vec<Problem>> {
        let mut conflicts = conflicts(&self.files);
        conflicts.extend(service::conflicts(&self));
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let standard = Keep::default();
        let mut systems = self.systems;
        if systems.is_empty() {
            systems.push(System::this());
        }
        systems.sort();
        systems.dedup();
        let (packages, package_places) = split(self.packages);
        let sources = values_of(self.sources.catalogues);
        let (files, file_places) = split(self.files);
        let (env, env_places) = split(self.env);
        let services = values_of(self.services);
        let state = values_of(self.state);
        let (checks, check_places) = split(self.checks);
        let manifest = Manifest {
            name: self.name,
            systems,
            packages,
            sources,
            mirrors: self.sources.mirrors,
            sigstore_root: self.sources.sigstore_root,
            advisories: self.sources.advisories,
            ignored_advisories: self.ignored_advisories,
            indexes: self.indexes,
            files,
            env,
            path: self.path,
            conduct: Conduct {
                services,
                state,
                hooks: self.hooks.0,
                checks,
            },
            minimum_release_age: self.minimum_release_age,
            keep: Keep {
                last: self.keep.last.unwrap_or(standard.last),
                days: self.keep.days.unwrap_or(standard.days),
                pinned: self.keep.pinned.unwrap_or(standard.pinned),
                labelled: self.keep.labelled.unwrap_or(standard.labelled),
            },
        };
        let places = Places {
            packages: package_places,
            files: file_places,
            env: env_places,
            checks: check_places,
        };
        Ok((manifest, places))
    }
}

fn append_new<T: Clone + PartialEq>(list: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}

fn add_missing<K: Clone + Ord, V: Clone>(map: &mut BTreeMap<K, V>, more: &BTreeMap<K, V>) {
    for (key, value) in more {
        if !map.contains_key(key) {
            map.insert(key.clone(), value.clone());
        }
    }
}

fn split<K: Clone + Ord, V>(map: BTreeMap<K, Placed<V>>) -> (BTreeMap<K, V>, BTreeMap<K, At>) {
    let (mut values, mut places) = (BTreeMap::new(), BTreeMap::new());
    for (key, placed) in map {
        places.insert(key.clone(), placed.at);
        values.insert(key, placed.value);
    }
    (values, places)
}

fn values_of<K: Ord, V>(map: BTreeMap<K, Placed<V>>) -> BTreeMap<K, V> {
    let mut values = BTreeMap::new();
    for (key, placed) in map {
        values.insert(key, placed.value);
    }
    values
}

/// Entries that lie below another entry which leaves no room for them.
fn conflicts(files: &BTreeMap<TargetPath, Placed<FileEntry>>) -> Vec<Problem> {
    let mut problems = Vec::new();
    // A folder that is no entry and lies below none: what is in it follows in a row.
    let mut clear = None;
    for (path, entry) in files {
        let folder = path.parents().last();
        if folder == clear {
            continue;
        }
        clear = folder;
        for parent in path.parents() {
            let Some((above, upper)) = files.get_key_value(parent) else {
                continue;
            };
            clear = None;
            if has_room_below(&upper.value) {
                continue;
            }
            let place = upper.at.place();
            let message = format!(
                "`{path}` lies below `{above}`, which {} (`{}`, line {})",
                occupies(&upper.value),
                place.file,
                place.line
            );
            problems.push(
                Problem::new(Code::ManifestConflict, message, entry.at.place())
                    .with_other(place)
                    .with_hint(way_out(above, &upper.value)),
            );
            break;
        }
    }
    problems
}

fn has_room_below(entry: &FileEntry) -> bool {
    entry.method == Method::Links && matches!(entry.content, FileContent::Source { .. })
}

fn occupies(entry: &FileEntry) -> &'static str {
    match (&entry.content, entry.method) {
        (FileContent::Source { .. }, Method::Copy) => "is copied as a whole",
        (FileContent::Source { .. }, _) => "is one link for the whole of it",
        (FileContent::Text(_) | FileContent::Template { .. } | FileContent::Secret(_), _) => {
            "is a file"
        }
    }
}

fn way_out(above: &TargetPath, entry: &FileEntry) -> String {
    match entry.content {
        FileContent::Source { .. } => {
            format!(
                "give `{above}` the line `as: links`, so that each of its files is linked alone"
            )
        }
        FileContent::Text(_) | FileContent::Template { .. } | FileContent::Secret(_) => {
            "remove one of the two".to_owned()
        }
    }
}
