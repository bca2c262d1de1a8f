//! The programs of packages, as their trees hold them.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::RecordedPackage;
use dgmo_schema::id::TreeId;
use dgmo_store::Node;
use dgmo_store::Store;

use super::super::Result;

/// The programs a package shows, by name, and where in its tree each is.
pub(super) fn shown_by(
    store: &Store,
    package: &RecordedPackage,
    tree: TreeId,
) -> Result<BTreeMap<String, PathBuf>> {
    let all = all_in(store, tree)?;
    if package.bin.is_empty() {
        return Ok(all);
    }
    let chosen = package.bin.iter().filter_map(|program| {
        let path = Path::new(program);
        let name = path.file_name()?.to_str()?.to_owned();
        let found = all.get(&name).cloned();
        found.or_else(|| Some(path.to_owned())).map(|at| (name, at))
    });
    Ok(chosen.collect())
}

/// Every program of a tree: those in its `bin`, else those at its top. A link may be one.
pub(super) fn all_in(store: &Store, tree: TreeId) -> Result<BTreeMap<String, PathBuf>> {
    let top = store.read_tree(tree)?;
    if let Some(Node::Folder(bin)) = top.get(b"bin") {
        let bin = store.read_tree(*bin)?;
        return Ok(programs(&bin, Path::new("bin"), |node| {
            matches!(node, Node::Executable(_) | Node::Link(_))
        }));
    }
    Ok(programs(&top, Path::new(""), |node| {
        matches!(node, Node::Executable(_))
    }))
}

fn programs(
    tree: &dgmo_store::Tree,
    at: &Path,
    is_program: impl Fn(&Node) -> bool,
) -> BTreeMap<String, PathBuf> {
    let entries = tree.entries().iter();
    entries
        .filter(|entry| is_program(&entry.node))
        .map(|entry| (entry.name.to_string(), at.join(entry.name.to_os())))
        .collect()
}
