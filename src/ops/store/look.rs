//! `dgmo store path`, `ls` and `cat`: what is in the store.

use std::io;
use std::io::Write;
use std::path::Component;
use std::path::Path;

use dgmo_schema::id::TreeId;
use dgmo_schema::report::store::ListedEntry;
use dgmo_schema::report::store::ObjectKind;
use dgmo_schema::report::store::StoreListReport;
use dgmo_schema::report::store::StorePathReport;
use dgmo_store::Node;
use dgmo_store::Root;
use dgmo_store::Store;

use super::find;
use super::open;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::shown;

/// Where an object is on disk. A tree is laid out first if it is not.
pub fn path(engine: &Engine<'_>, words: &str) -> Result<StorePathReport> {
    let store = open(engine)?;
    let root = find(&store, words)?;
    let path = match root {
        Root::Tree(tree) => {
            if !store.is_laid_out(tree)? {
                let insertion = store.begin(engine.observer)?;
                insertion.lay_out(tree)?;
                insertion.commit()?;
            }
            store.tree_path(tree)
        }
        Root::Blob(blob) => store.blob_path(blob)?,
    };
    Ok(StorePathReport {
        id: root.id(),
        path: shown(&path),
    })
}

/// What a tree, or a folder in it, holds; with `deep` all that is below it too.
pub fn list(
    engine: &Engine<'_>,
    words: &str,
    below: Option<&Path>,
    deep: bool,
) -> Result<StoreListReport> {
    let store = open(engine)?;
    let root = find(&store, words)?;
    let node = node_at(&store, root, below)?;
    let mut entries = Vec::new();
    let id = match node {
        Node::Folder(tree) => {
            list_tree(&store, tree, "", deep, &mut entries)?;
            tree.into()
        }
        node => {
            let name = below.map_or_else(|| words.to_owned(), shown);
            entries.push(listed(&store, &name, &node)?);
            root.id()
        }
    };
    Ok(StoreListReport { id, entries })
}

/// Writes the bytes of a blob, or of a file in a tree, to `to`. Whoever reads there may have seen enough.
pub fn cat(
    engine: &Engine<'_>,
    words: &str,
    below: Option<&Path>,
    to: &mut dyn Write,
) -> Result<()> {
    let store = open(engine)?;
    let root = find(&store, words)?;
    match node_at(&store, root, below)? {
        Node::File(blob) | Node::Executable(blob) => match store.copy_blob(blob, to)? {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(OpError::stdout(error).into())
            }
            _ => Ok(()),
        },
        node => Err(OpError::NotAFile {
            path: below.map_or_else(|| words.to_owned(), shown),
            what: if matches!(node, Node::Folder(_)) {
                "a folder"
            } else {
                "a link"
            },
        }
        .into()),
    }
}

fn list_tree(
    store: &Store,
    tree: TreeId,
    above: &str,
    deep: bool,
    entries: &mut Vec<ListedEntry>,
) -> Result<()> {
    for entry in store.read_tree(tree)?.entries() {
        let path = format!("{above}{}", entry.name);
        entries.push(listed(store, &path, &entry.node)?);
        if let (Node::Folder(id), true) = (&entry.node, deep) {
            list_tree(store, *id, &format!("{path}/"), deep, entries)?;
        }
    }
    Ok(())
}

fn listed(store: &Store, path: &str, node: &Node) -> Result<ListedEntry> {
    let entry = |kind| ListedEntry {
        path: path.to_owned(),
        kind,
        id: None,
        size: None,
        target: None,
    };
    Ok(match node {
        Node::File(blob) => ListedEntry {
            id: Some((*blob).into()),
            size: Some(store.blob_size(*blob)?),
            ..entry(ObjectKind::File)
        },
        Node::Executable(blob) => ListedEntry {
            id: Some((*blob).into()),
            size: Some(store.blob_size(*blob)?),
            ..entry(ObjectKind::Executable)
        },
        Node::Folder(tree) => ListedEntry {
            id: Some((*tree).into()),
            ..entry(ObjectKind::Tree)
        },
        Node::Link(to) => ListedEntry {
            target: Some(to.to_string()),
            ..entry(ObjectKind::Link)
        },
    })
}

/// What is at a path below an object; the object itself without one.
fn node_at(store: &Store, root: Root, below: Option<&Path>) -> Result<Node> {
    let mut node = match root {
        Root::Tree(tree) => Node::Folder(tree),
        Root::Blob(blob) => Node::File(blob),
    };
    let Some(below) = below else { return Ok(node) };
    for part in below.components() {
        let missing = || OpError::NotInTree { path: shown(below) };
        let name = match part {
            Component::Normal(name) => name,
            Component::CurDir => continue,
            _ => return Err(missing().into()),
        };
        let Node::Folder(tree) = node else {
            return Err(missing().into());
        };
        let found = store.read_tree(tree)?.get(name.as_encoded_bytes()).cloned();
        node = found.ok_or_else(missing)?;
    }
    Ok(node)
}
