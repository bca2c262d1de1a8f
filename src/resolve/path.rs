//! Packages that are folders or files of this machine.

use std::path::Path;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::AddOptions;
use dgmo_store::Content;
use dgmo_store::Entry;
use dgmo_store::EntryName;
use dgmo_store::Escaping;
use dgmo_store::Node;
use dgmo_store::StatCache;
use dgmo_store::Tree;
use dgmo_store::hash_path;
use dgmo_store::tree::NameProblem;

use super::PackageError;

/// What was found at a path.
pub(super) struct Found {
    pub(super) tree: TreeId,
    pub(super) warnings: Vec<String>,
}

/// The tree of the folder at `path`, or that of a single program.
pub(super) fn hash(
    path: &Path,
    program: &str,
    stat_cache: Option<&StatCache>,
) -> Result<Found, PackageError> {
    let options = AddOptions {
        stat_cache,
        escaping_links: Escaping::Absolute,
    };
    let added = hash_path(path, &options).map_err(|source| PackageError::Path {
        path: path.to_owned(),
        source,
    })?;
    let tree = match added.content {
        Content::Folder(tree) => tree,
        Content::File(blob) | Content::Executable(blob) => {
            let [_, root] =
                program_tree(program, blob).map_err(|source| PackageError::Program {
                    program: program.to_owned(),
                    source,
                })?;
            root.id()
        }
    };
    Ok(Found {
        tree,
        warnings: added.warnings,
    })
}

/// `bin`, and the tree that holds it, of a package that is one program.
pub(crate) fn program_tree(program: &str, blob: BlobId) -> Result<[Tree; 2], NameProblem> {
    let only = |name: &str, node| {
        let name = EntryName::new(name.as_bytes())?;
        let tree = Tree::new(vec![Entry { name, node }]);
        Ok::<_, NameProblem>(tree.expect("one name is not there twice"))
    };
    let bin = only(program, Node::Executable(blob))?;
    let root = only("bin", Node::Folder(bin.id()))?;
    Ok([bin, root])
}
