//! `dgmo tree`: the packages of a generation, what they need and how much that is.

use std::collections::BTreeMap;

use dgmo_schema::generation::RecordedContent;
use dgmo_schema::id::BlobId;
use dgmo_schema::report::running::ClosureSize;
use dgmo_schema::report::running::TreePackage;
use dgmo_schema::report::running::TreeReport;
use dgmo_store::Closure;
use dgmo_store::Root;
use dgmo_store::Store;

use super::super::Engine;
use super::super::Result;
use super::super::begin;
use super::programs;
use crate::generation::Generations;

/// Measures a generation.
pub fn tree(engine: &Engine<'_>, at: Option<&str>) -> Result<TreeReport> {
    let store = begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let number = generations.find(at.unwrap_or("current"))?;
    let generation = generations.load(number)?;
    let record = generations.record(number)?;
    let mut sizes = Sizes::new(&store);

    let contents: Vec<Root> = record
        .files
        .values()
        .map(|file| root(file.content))
        .collect();
    let files = sizes.closure(&contents);
    let mut users: BTreeMap<BlobId, u32> = BTreeMap::new();
    count(&mut users, files.as_ref());
    let mut roots = contents;
    let mut closures = Vec::new();
    for (name, installed) in &generation.packages {
        roots.push(Root::Tree(installed.tree));
        let closure = sizes.closure(&[Root::Tree(installed.tree)]);
        count(&mut users, closure.as_ref());
        closures.push((name, installed, closure));
    }
    let mut packages = Vec::new();
    for (name, installed, closure) in closures {
        let shown = record
            .packages
            .get(name)
            .and_then(|package| programs::shown_by(&store, package, installed.tree).ok());
        let own = closure.as_ref().map_or(0, |closure| {
            let own = closure.blobs().filter(|blob| users.get(blob) == Some(&1));
            sizes.bytes(own)
        });
        packages.push(TreePackage {
            name: name.clone(),
            version: installed.version.clone(),
            tree: installed.tree,
            programs: shown.into_iter().flat_map(BTreeMap::into_keys).collect(),
            incomplete: closure.is_none() || sizes.lacks(closure.as_ref()),
            closure: sizes.of(closure.as_ref()),
            own_bytes: own,
        });
    }
    // A part that is not there makes the whole untellable; what can be told is told.
    let whole = sizes.closure(&roots);
    Ok(TreeReport {
        profile: engine.profile.name().clone(),
        generation: number,
        current: generations.current().is_ok_and(|current| current == number),
        packages,
        home_file_count: record.files.len() as u64,
        home_file_bytes: sizes.of(files.as_ref()).bytes,
        closure: sizes.of(whole.as_ref()),
    })
}

fn count(users: &mut BTreeMap<BlobId, u32>, closure: Option<&Closure>) {
    for blob in closure.iter().flat_map(|closure| closure.blobs()) {
        *users.entry(blob).or_default() += 1;
    }
}

pub(super) fn root(content: RecordedContent) -> Root {
    match content {
        RecordedContent::File(blob) | RecordedContent::Executable(blob) => Root::Blob(blob),
        RecordedContent::Folder(tree) => Root::Tree(tree),
    }
}

/// The sizes of blobs, each asked for once.
struct Sizes<'a> {
    store: &'a Store,
    known: BTreeMap<BlobId, Option<u64>>,
}

impl<'a> Sizes<'a> {
    fn new(store: &'a Store) -> Self {
        Self {
            store,
            known: BTreeMap::new(),
        }
    }

    fn closure(&self, roots: &[Root]) -> Option<Closure> {
        self.store.closure(roots).ok()
    }

    fn size(&mut self, blob: BlobId) -> Option<u64> {
        let store = self.store;
        *self
            .known
            .entry(blob)
            .or_insert_with(|| store.blob_size(blob).ok())
    }

    fn bytes(&mut self, blobs: impl Iterator<Item = BlobId>) -> u64 {
        blobs.filter_map(|blob| self.size(blob)).sum()
    }

    fn lacks(&mut self, closure: Option<&Closure>) -> bool {
        closure.is_some_and(|closure| closure.blobs().any(|blob| self.size(blob).is_none()))
    }

    fn of(&mut self, closure: Option<&Closure>) -> ClosureSize {
        let Some(closure) = closure else {
            return ClosureSize::default();
        };
        ClosureSize {
            blobs: closure.blobs().len() as u64,
            trees: closure.trees().len() as u64,
            bytes: self.bytes(closure.blobs()),
        }
    }
}
