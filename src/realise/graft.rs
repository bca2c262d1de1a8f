//! A tree put together from others: only the folders that are touched are taken apart.

use std::collections::BTreeMap;

use dgmo_schema::id::TreeId;
use dgmo_store::Insertion;
use dgmo_store::tree::Entry;
use dgmo_store::tree::EntryName;
use dgmo_store::tree::Node;
use dgmo_store::tree::Tree;

use super::PackageError;

/// A tree under way.
#[derive(Debug)]
pub(super) struct Graft<'a> {
    insertion: &'a Insertion<'a>,
    root: Branches,
}

type Branches = BTreeMap<EntryName, Branch>;

/// What a name stands for.
#[derive(Debug)]
enum Branch {
    /// As it is in some tree.
    Node(Node),
    /// A folder that was taken apart.
    Folder(Branches),
}

impl<'a> Graft<'a> {
    /// Nothing yet.
    pub(super) fn new(insertion: &'a Insertion<'a>) -> Self {
        Self {
            insertion,
            root: Branches::new(),
        }
    }

    /// What `tree` has.
    pub(super) fn of(insertion: &'a Insertion<'a>, tree: TreeId) -> Result<Self, PackageError> {
        let root = branches(insertion, tree)?;
        Ok(Self { insertion, root })
    }

    /// Puts `node` at `path`, in the place of what was there; folders on the way are made.
    pub(super) fn put(&mut self, path: &str, node: Node) -> Result<(), PackageError> {
        let (above, name) = split(path)?;
        let insertion = self.insertion;
        let folder = folder_at(insertion, &mut self.root, &above, path)?;
        folder.insert(name, Branch::Node(node));
        Ok(())
    }

    /// Lays `tree` over what is at `path`; an empty path is the root. What both have as files must be the same; where
    /// it is not, the paths are given and the new one is there.
    pub(super) fn lay(&mut self, path: &str, tree: TreeId) -> Result<Vec<String>, PackageError> {
        let mut clashes = Vec::new();
        let insertion = self.insertion;
        if path.is_empty() {
            let over = branches(insertion, tree)?;
            merge(insertion, &mut self.root, over, path, &mut clashes)?;
            return Ok(clashes);
        }
        let (above, name) = split(path)?;
        let folder = folder_at(insertion, &mut self.root, &above, path)?;
        let over = BTreeMap::from([(name, Branch::Node(Node::Folder(tree)))]);
        merge(insertion, folder, over, "", &mut clashes)?;
        Ok(clashes)
    }

    /// What is at `path`; a folder that was taken apart is none that has an id.
    pub(super) fn get(&self, path: &str) -> Result<Option<Node>, PackageError> {
        let mut here = &self.root;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            match (here.get(&name_of(part, path)?), parts.peek()) {
                (Some(Branch::Folder(inside)), Some(_)) => here = inside,
                (Some(Branch::Node(Node::Folder(id))), Some(_)) => {
                    let rest: Vec<&str> = parts.collect();
                    return Self::of(self.insertion, *id)?.get(&rest.join("/"));
                }
                (Some(Branch::Node(node)), None) => return Ok(Some(node.clone())),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Takes away what is at `path`, if anything is.
    pub(super) fn remove(&mut self, path: &str) -> Result<(), PackageError> {
        let (above, name) = split(path)?;
        let insertion = self.insertion;
        folder_at(insertion, &mut self.root, &above, path)?.remove(&name);
        Ok(())
    }

    /// The names at `path` and what they stand for; none where there is no folder.
    pub(super) fn list(&self, path: &str) -> Result<Vec<(String, Option<Node>)>, PackageError> {
        let mut here = &self.root;
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        while let Some(part) = parts.next() {
            match here.get(&name_of(part, path)?) {
                Some(Branch::Folder(inside)) => here = inside,
                Some(Branch::Node(Node::Folder(id))) => {
                    let rest: Vec<&str> = parts.collect();
                    return Self::of(self.insertion, *id)?.list(&rest.join("/"));
                }
                _ => return Ok(Vec::new()),
            }
        }
        let entries = here.iter().map(|(name, branch)| {
            let node = match branch {
                Branch::Node(node) => Some(node.clone()),
                Branch::Folder(_) => None,
            };
            (name.to_string(), node)
        });
        Ok(entries.collect())
    }

    /// Adds the trees that are new, and gives the whole.
    pub(super) fn finish(self) -> Result<TreeId, PackageError> {
        finish(self.insertion, self.root)
    }
}

fn branches(insertion: &Insertion<'_>, tree: TreeId) -> Result<Branches, PackageError> {
    let entries = insertion.read_tree(tree)?.into_entries().into_iter();
    Ok(entries
        .map(|entry| (entry.name, Branch::Node(entry.node)))
        .collect())
}

/// A path's folders and its last name.
fn split(path: &str) -> Result<(Vec<EntryName>, EntryName), PackageError> {
    let mut names: Vec<EntryName> = path
        .split('/')
        .map(|part| name_of(part, path))
        .collect::<Result<_, _>>()?;
    let last = names.pop().ok_or_else(|| bad_path(path))?;
    Ok((names, last))
}

fn name_of(part: &str, path: &str) -> Result<EntryName, PackageError> {
    EntryName::new(part.as_bytes()).map_err(|_| bad_path(path))
}

fn bad_path(path: &str) -> PackageError {
    PackageError::Put {
        path: path.to_owned(),
        why: "it is not a path inside a package".to_owned(),
    }
}

/// The folder reached over `names`, taken apart; what is missing is made.
fn folder_at<'b>(
    insertion: &Insertion<'_>,
    root: &'b mut Branches,
    names: &[EntryName],
    path: &str,
) -> Result<&'b mut Branches, PackageError> {
    let mut here = root;
    for name in names {
        let branch = here
            .entry(name.clone())
            .or_insert_with(|| Branch::Folder(Branches::new()));
        if let Branch::Node(Node::Folder(id)) = branch {
            *branch = Branch::Folder(branches(insertion, *id)?);
        }
        match branch {
            Branch::Folder(inside) => here = inside,
            Branch::Node(_) => {
                return Err(PackageError::Put {
                    path: path.to_owned(),
                    why: format!("`{name}` on the way is a file"),
                });
            }
        }
    }
    Ok(here)
}

/// Lays `over` over what is there.
fn merge(
    insertion: &Insertion<'_>,
    there: &mut Branches,
    over: Branches,
    at: &str,
    clashes: &mut Vec<String>,
) -> Result<(), PackageError> {
    for (name, new) in over {
        let path = if at.is_empty() {
            name.to_string()
        } else {
            format!("{at}/{name}")
        };
        match there.remove(&name) {
            None => {
                there.insert(name, new);
            }
            Some(old) => {
                let merged = merge_one(insertion, old, new, &path, clashes)?;
                there.insert(name, merged);
            }
        }
    }
    Ok(())
}

fn merge_one(
    insertion: &Insertion<'_>,
    old: Branch,
    new: Branch,
    path: &str,
    clashes: &mut Vec<String>,
) -> Result<Branch, PackageError> {
    if let (Branch::Node(old), Branch::Node(new)) = (&old, &new)
        && old == new
    {
        return Ok(Branch::Node(new.clone()));
    }
    match (opened(insertion, old)?, opened(insertion, new)?) {
        (Branch::Folder(mut old), Branch::Folder(new)) => {
            merge(insertion, &mut old, new, path, clashes)?;
            Ok(Branch::Folder(old))
        }
        (_, new) => {
            clashes.push(path.to_owned());
            Ok(new)
        }
    }
}

fn opened(insertion: &Insertion<'_>, branch: Branch) -> Result<Branch, PackageError> {
    match branch {
        Branch::Node(Node::Folder(id)) => Ok(Branch::Folder(branches(insertion, id)?)),
        branch => Ok(branch),
    }
}

fn finish(insertion: &Insertion<'_>, branches: Branches) -> Result<TreeId, PackageError> {
    let mut entries = Vec::with_capacity(branches.len());
    for (name, branch) in branches {
        let node = match branch {
            Branch::Node(node) => node,
            Branch::Folder(inside) => Node::Folder(finish(insertion, inside)?),
        };
        entries.push(Entry { name, node });
    }
    let tree = Tree::new(entries).expect("a map has no name twice");
    Ok(insertion.add_tree(&tree)?)
}
