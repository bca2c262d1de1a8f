//! The file of a release as a package: without the folder everything in it lies in, and with its program under the
//! name people type.

use dgmo_schema::id::TreeId;
use dgmo_store::tree::LinkTarget;
use dgmo_store::tree::Node;
use dgmo_store::tree::Tree;

use super::Making;
use crate::realise::PackageError;
use crate::realise::graft::Graft;

/// Folders that are what they are called, not a wrapper.
const MEANT: &[&[u8]] = &[
    b"bin", b"lib", b"share", b"etc", b"include", b"libexec", b"man", b"sbin", b"opt",
];

pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    let [tree] = trees else {
        return Err(PackageError::Put {
            path: making.locked.of.to_string(),
            why: "a release has one file".to_owned(),
        });
    };
    finished(making, *tree)
}

/// What was unpacked, as people want to have it.
pub(super) fn finished(making: &Making<'_>, tree: TreeId) -> Result<TreeId, PackageError> {
    let tree = without_wrapper(making, tree)?;
    let read = making.insertion.read_tree(tree)?;
    let Some(program) = decorated(making, &read) else {
        return Ok(tree);
    };
    let mut graft = Graft::of(making.insertion, tree)?;
    let target = LinkTarget::new(format!("../{program}").as_bytes());
    let target = target.expect("a name of a tree makes a target");
    graft.put(&format!("bin/{}", making.name), Node::Link(target))?;
    graft.finish()
}

/// The innermost folder that is alone in its own.
fn without_wrapper(making: &Making<'_>, tree: TreeId) -> Result<TreeId, PackageError> {
    let mut tree = tree;
    loop {
        let read = making.insertion.read_tree(tree)?;
        match read.entries() {
            [only] if !MEANT.contains(&only.name.as_bytes()) => match only.node {
                Node::Folder(inside) => tree = inside,
                _ => return Ok(tree),
            },
            _ => return Ok(tree),
        }
    }
}

/// The one program of a package, where its name says more than its name, such as `yq_linux_amd64`.
fn decorated(making: &Making<'_>, tree: &Tree) -> Option<String> {
    if tree.get(b"bin").is_some() {
        return None;
    }
    let mut programs = tree
        .entries()
        .iter()
        .filter(|entry| matches!(entry.node, Node::Executable(_)));
    let (only, None) = (programs.next()?, programs.next()) else {
        return None;
    };
    let name = only.name.to_string();
    let rest = name.strip_prefix(making.name.as_str())?;
    (rest.starts_with(['-', '_', '.']) && rest != ".exe").then_some(name)
}
