//! Which pieces of a package need which others: by what they say of themselves in the store.

use std::collections::BTreeMap;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::version::python::dependency::Dependency;
use dgmo_schema::version::python::normal_name;
use dgmo_store::Node;
use dgmo_store::Root;
use dgmo_store::Store;
use serde_json::Value;

use super::super::why::below_root;
use crate::source::NODE;

/// What a piece says of itself is not longer.
const LARGEST: u64 = 8 << 20;

/// Where conda keeps what its packages say.
const CONDA: &str = "env/conda-meta";

/// Pairs of pieces, by their places in the lock: the first needs the second. Of what cannot be read nothing is known.
pub(super) fn between(store: &Store, of: &LockedPieces, tree: TreeId) -> Vec<(usize, usize)> {
    let reading = Reading { store, of, tree };
    match of.of.catalogue {
        Catalogue::Npm => reading.of_npm(),
        Catalogue::Pypi => reading.of_python(),
        Catalogue::Conda => reading.of_conda(),
        _ => Vec::new(),
    }
}

struct Reading<'a> {
    store: &'a Store,
    of: &'a LockedPieces,
    tree: TreeId,
}

impl Reading<'_> {
    /// As node looks for modules: in the folder beside it, and in those above.
    fn of_npm(&self) -> Vec<(usize, usize)> {
        let pieces = self.of.pieces.iter().enumerate();
        let places: BTreeMap<&str, usize> = pieces.map(|(at, it)| (it.at.as_str(), at)).collect();
        let mut needs: Vec<(usize, usize)> = Vec::new();
        // What runs it is needed by the tool itself.
        needs.extend(places.get(NODE).map(|node| (0, *node)));
        for (from, piece) in self.of.pieces.iter().enumerate() {
            let Some(about) = self.json(&format!("{}/package.json", piece.at)) else {
                continue;
            };
            let names = ["dependencies", "optionalDependencies", "peerDependencies"]
                .iter()
                .filter_map(|key| about.get(key)?.as_object())
                .flat_map(|map| map.keys());
            for name in names {
                let found = node_modules(&piece.at)
                    .find_map(|folder| places.get(format!("{folder}/{name}").as_str()).copied());
                needs.extend(found.map(|to| (from, to)));
            }
        }
        once(needs)
    }

    /// What `METADATA` asks for, without what only an extra would.
    fn of_python(&self) -> Vec<(usize, usize)> {
        let by_name = self.by_name(normal_name);
        let mut needs = Vec::new();
        let folders = self.of.pieces.iter().map(|piece| piece.at.as_str());
        for folder in once(folders.collect()) {
            for name in self.names_in(folder) {
                if !name.ends_with(".dist-info") {
                    continue;
                }
                let Some(text) = self.text(&format!("{folder}/{name}/METADATA")) else {
                    continue;
                };
                let header = text.split("\n\n").next().unwrap_or_default();
                let mut fields = header.lines().filter_map(|line| line.split_once(": "));
                let own = fields.clone().find(|(key, _)| *key == "Name");
                let Some(from) = own.and_then(|(_, name)| by_name.get(&normal_name(name))) else {
                    continue;
                };
                let asked = fields.by_ref().filter(|(key, text)| {
                    *key == "Requires-Dist"
                        && !text
                            .split_once(';')
                            .is_some_and(|it| it.1.contains("extra"))
                });
                for dependency in asked.filter_map(|(_, text)| text.parse::<Dependency>().ok()) {
                    needs.extend(
                        by_name
                            .get(&normal_name(&dependency.name))
                            .map(|to| (*from, *to)),
                    );
                }
            }
        }
        once(needs)
    }

    fn of_conda(&self) -> Vec<(usize, usize)> {
        let by_name = self.by_name(str::to_owned);
        let mut needs = Vec::new();
        for name in self.names_in(CONDA) {
            let Some(about) = self.json(&format!("{CONDA}/{name}")) else {
                continue;
            };
            let own = about.get("name").and_then(Value::as_str);
            let Some(from) = own.and_then(|name| by_name.get(name)) else {
                continue;
            };
            let depends = about.get("depends").and_then(Value::as_array);
            for text in depends.into_iter().flatten().filter_map(Value::as_str) {
                let name = text
                    .split(|c: char| c.is_whitespace() || "=<>![".contains(c))
                    .next();
                needs.extend(name.and_then(|it| by_name.get(it)).map(|to| (*from, *to)));
            }
        }
        once(needs)
    }

    fn by_name(&self, normal: impl Fn(&str) -> String) -> BTreeMap<String, usize> {
        let pieces = self.of.pieces.iter().enumerate();
        pieces.map(|(at, it)| (normal(&it.name), at)).collect()
    }

    fn names_in(&self, folder: &str) -> Vec<String> {
        let found = below_root(self.store, Root::Tree(self.tree), folder.as_ref());
        let Some(Root::Tree(id)) = found else {
            return Vec::new();
        };
        let tree = self.store.read_tree(id).ok();
        let entries = tree.iter().flat_map(dgmo_store::Tree::entries);
        entries
            .filter(|entry| !matches!(entry.node, Node::Link(_)))
            .map(|entry| entry.name.to_string())
            .collect()
    }

    fn text(&self, path: &str) -> Option<String> {
        let Root::Blob(id) = below_root(self.store, Root::Tree(self.tree), path.as_ref())? else {
            return None;
        };
        let is_small = self.store.blob_size(id).ok()? <= LARGEST;
        let bytes = is_small.then(|| self.store.read_blob(id).ok()).flatten()?;
        String::from_utf8(bytes).ok()
    }

    fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&self.text(path)?).ok()
    }
}

/// The folders in which a module at `place` finds others, the nearest first.
fn node_modules(place: &str) -> impl Iterator<Item = String> {
    const FOLDER: &str = "node_modules";
    let own = format!("{place}/{FOLDER}");
    let above = place
        .match_indices(FOLDER)
        .map(|(at, _)| place[..at + FOLDER.len()].to_owned())
        .collect::<Vec<_>>();
    std::iter::once(own).chain(above.into_iter().rev())
}

fn once<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}
