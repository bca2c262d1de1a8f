//! Layers laid on each other: what each takes away, replaces and adds.

use std::collections::BTreeMap;

use dgmo_schema::id::TreeId;
use dgmo_store::Insertion;
use dgmo_store::tree::Entry;
use dgmo_store::tree::EntryName;
use dgmo_store::tree::Node;
use dgmo_store::tree::Tree;
use dgmo_store::unpack::layer::GONE;
use dgmo_store::unpack::layer::OPAQUE;
use dgmo_store::unpack::layer::SAME;
use dgmo_store::unpack::layer::THROUGH;

use super::names;
use crate::realise::PackageError;

/// As many links as systems follow in one path.
const MOST_HOPS: usize = 40;

/// What begins the names that only say something to a file system of layers.
const HIDDEN: &[u8] = b".wh..wh.";

/// What has been laid so far.
pub(super) struct Layers<'a> {
    insertion: &'a Insertion<'a>,
    root: TreeId,
}

type Entries = BTreeMap<EntryName, Node>;

/// What can only be done once a layer lies: it says where by way of what is below.
enum Later {
    /// A folder whose path goes through a link.
    Through(Vec<EntryName>, TreeId),
    /// A hard link to something below.
    Same(Vec<EntryName>, Vec<u8>),
}

impl<'a> Layers<'a> {
    /// Nothing yet.
    pub(super) fn new(insertion: &'a Insertion<'a>) -> Result<Self, PackageError> {
        let root = add(insertion, Entries::new())?;
        Ok(Self { insertion, root })
    }

    /// All of it.
    pub(super) fn root(&self) -> TreeId {
        self.root
    }

    /// Lays one more.
    pub(super) fn lay(&mut self, layer: TreeId) -> Result<(), PackageError> {
        let mut later = Vec::new();
        self.root = self.over(Some(self.root), layer, &mut Vec::new(), &mut later)?;
        while let Some(next) = later.pop() {
            match next {
                Later::Through(path, folder) => self.lay_through(&path, folder, &mut later)?,
                Later::Same(path, target) => match self.follow(&target)? {
                    Some((_, node)) if !matches!(node, Node::Folder(_)) => {
                        self.root = self.put(self.root, &path, node)?;
                    }
                    _ => {
                        return Err(PackageError::Put {
                            path: shown(&path),
                            why: format!(
                                "it is a hard link to `{}`, which no layer has",
                                String::from_utf8_lossy(&target).escape_debug()
                            ),
                        });
                    }
                },
            }
        }
        Ok(())
    }

    /// What `upper` makes of `lower`, both being at `path`.
    fn over(
        &self,
        lower: Option<TreeId>,
        upper: TreeId,
        path: &mut Vec<EntryName>,
        later: &mut Vec<Later>,
    ) -> Result<TreeId, PackageError> {
        let upper = self.entries(upper)?;
        let mut there = match lower {
            Some(lower) if !upper.keys().any(|name| name.as_bytes() == OPAQUE) => {
                self.entries(lower)?
            }
            _ => Entries::new(),
        };
        for name in upper.keys() {
            if let Some(gone) = gone(name) {
                there.remove(&gone);
            }
        }
        for (name, node) in upper {
            let bytes = name.as_bytes();
            if let (Some(name), Node::Link(target)) = (same(&name), &node) {
                let place = [path.as_slice(), &[name]].concat();
                later.push(Later::Same(place, target.as_bytes().to_vec()));
                continue;
            }
            if bytes.starts_with(GONE) {
                continue;
            }
            let Node::Folder(folder) = node else {
                there.insert(name, node);
                continue;
            };
            path.push(name.clone());
            let below = match there.get(&name) {
                Some(Node::Link(_)) if self.is_on_the_way(folder)? => {
                    later.push(Later::Through(path.clone(), folder));
                    path.pop();
                    continue;
                }
                Some(Node::Folder(below)) => Some(*below),
                _ => None,
            };
            let merged = self.over(below, folder, path, later)?;
            path.pop();
            there.insert(name, Node::Folder(merged));
        }
        add(self.insertion, there)
    }

    /// Lays a folder where the link at `path` leads to, or in its place if it leads nowhere.
    fn lay_through(
        &mut self,
        path: &[EntryName],
        folder: TreeId,
        later: &mut Vec<Later>,
    ) -> Result<(), PackageError> {
        let bytes: Vec<&[u8]> = path.iter().map(EntryName::as_bytes).collect();
        let (mut place, below) = match self.follow(&bytes.join(&b'/'))? {
            Some((place, Node::Folder(below))) => (place, Some(below)),
            _ => (path.to_vec(), None),
        };
        let merged = self.over(below, folder, &mut place, later)?;
        self.root = if place.is_empty() {
            merged
        } else {
            self.put(self.root, &place, Node::Folder(merged))?
        };
        Ok(())
    }

    /// Whether a folder of a layer has no entry of its own there.
    fn is_on_the_way(&self, folder: TreeId) -> Result<bool, PackageError> {
        Ok(self.insertion.read_tree(folder)?.get(THROUGH).is_some())
    }

    /// The tree with `node` at `path`; folders on the way are made.
    fn put(&self, tree: TreeId, path: &[EntryName], node: Node) -> Result<TreeId, PackageError> {
        let mut entries = self.entries(tree)?;
        if let [name, rest @ ..] = path {
            let node = if rest.is_empty() {
                node
            } else {
                let below = match entries.get(name) {
                    Some(Node::Folder(below)) => *below,
                    _ => add(self.insertion, Entries::new())?,
                };
                Node::Folder(self.put(below, rest, node)?)
            };
            entries.insert(name.clone(), node);
        }
        add(self.insertion, entries)
    }

    /// What is at `path` when all links are followed, and where that is.
    pub(super) fn follow(
        &self,
        path: &[u8],
    ) -> Result<Option<(Vec<EntryName>, Node)>, PackageError> {
        let mut here: Vec<(EntryName, TreeId)> = Vec::new();
        let mut ahead: Vec<Vec<u8>> = parts(path);
        let mut hops = 0;
        while let Some(part) = ahead.pop() {
            if part == b".." {
                // At the top of an image, that is the top.
                here.pop();
                continue;
            }
            let folder = here.last().map_or(self.root, |(_, tree)| *tree);
            let Some(node) = self.insertion.read_tree(folder)?.get(&part).cloned() else {
                return Ok(None);
            };
            match node {
                Node::Folder(tree) => here.extend(names(&part).map(|name| (name, tree))),
                Node::Link(target) => {
                    hops += 1;
                    if hops > MOST_HOPS {
                        return Ok(None);
                    }
                    if target.as_bytes().starts_with(b"/") {
                        here.clear();
                    }
                    ahead.extend(parts(target.as_bytes()));
                }
                file if ahead.is_empty() => {
                    let above = here.into_iter().map(|(name, _)| name);
                    return Ok(Some((above.chain(names(&part)).collect(), file)));
                }
                _ => return Ok(None),
            }
        }
        let tree = here.last().map_or(self.root, |(_, tree)| *tree);
        let path = here.into_iter().map(|(name, _)| name).collect();
        Ok(Some((path, Node::Folder(tree))))
    }

    fn entries(&self, tree: TreeId) -> Result<Entries, PackageError> {
        let entries = self.insertion.read_tree(tree)?.into_entries().into_iter();
        Ok(entries.map(|entry| (entry.name, entry.node)).collect())
    }
}

/// The parts of a path, the last one first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.rsplit(|byte| *byte == b'/');
    let real = parts.filter(|part| !matches!(*part, b"" | b"."));
    real.map(<[u8]>::to_vec).collect()
}

/// What a name takes away of what is below.
fn gone(name: &EntryName) -> Option<EntryName> {
    let bytes = name.as_bytes();
    if bytes.starts_with(HIDDEN) {
        return None;
    }
    EntryName::new(bytes.strip_prefix(GONE)?).ok()
}

/// The name of a hard link to what is below.
fn same(name: &EntryName) -> Option<EntryName> {
    EntryName::new(name.as_bytes().strip_prefix(SAME)?).ok()
}

fn add(insertion: &Insertion<'_>, entries: Entries) -> Result<TreeId, PackageError> {
    let entries = entries.into_iter().map(|(name, node)| Entry { name, node });
    let tree = Tree::new(entries.collect()).expect("a map has no name twice");
    Ok(insertion.add_tree(&tree)?)
}

fn shown(path: &[EntryName]) -> String {
    let parts: Vec<String> = path.iter().map(EntryName::to_string).collect();
    parts.join("/").escape_debug().to_string()
}
