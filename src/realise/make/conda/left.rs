//! Files that name the place a package was built for without that the package says so.

use std::collections::BTreeSet;
use std::io::Read;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::Insertion;
use dgmo_store::ReadError;
use dgmo_store::tree::Node;

use super::prefix::find;
use crate::realise::PackageError;

/// What every place packages are built in has in its name, so that it is long enough.
const MARK: &[u8] = b"placehold_placehold";

/// Larger files are not looked through.
const LARGEST: u64 = 256 << 20;

/// The files of a package with such a name that are not among those it tells of.
pub(super) fn files(
    insertion: &Insertion<'_>,
    tree: TreeId,
    told: &BTreeSet<&str>,
) -> Result<Vec<String>, PackageError> {
    let mut found = Vec::new();
    collect(insertion, (tree, ""), told, &mut found)?;
    Ok(found)
}

fn collect(
    insertion: &Insertion<'_>,
    (tree, above): (TreeId, &str),
    told: &BTreeSet<&str>,
    found: &mut Vec<String>,
) -> Result<(), PackageError> {
    for entry in insertion.read_tree(tree)?.into_entries() {
        let path = if above.is_empty() {
            entry.name.to_string()
        } else {
            format!("{above}/{}", entry.name)
        };
        match entry.node {
            // What is said of the package, and is not laid out.
            Node::Folder(_) if path == "info" => {}
            Node::Folder(inside) => collect(insertion, (inside, &path), told, found)?,
            Node::File(blob) | Node::Executable(blob) => {
                if !told.contains(path.as_str()) && is_marked(insertion, blob)? {
                    found.push(path);
                }
            }
            Node::Link(_) => {}
        }
    }
    Ok(())
}

fn is_marked(insertion: &Insertion<'_>, blob: BlobId) -> Result<bool, PackageError> {
    let mut bytes = Vec::new();
    let mut file = insertion.open_blob(blob)?.take(LARGEST);
    file.read_to_end(&mut bytes).map_err(|source| {
        let path = insertion.store().layout().objects();
        ReadError::Io { path, source }
    })?;
    Ok(find(&bytes, MARK).is_some())
}
