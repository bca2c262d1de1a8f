//! Layers of images: archives of changes, which mean something only on top of what is below them.
//!
//! ```text
//! .wh.NAME            NAME of the layers below is gone            (as the format has it)
//! .wh..wh..opq        all of the layers below is gone from here   (as the format has it)
//! .wh..dgmo.through   this folder is only on the way to what is in it: a link to a folder below stays
//! .wh..dgmo.same.NAME a hard link, NAME, to what the layers below have at the target
//! ```
//!
//! A layer becomes a tree that still has these names; whoever lays it on others takes them out again. Links are made to
//! stay inside: an image is a root, so `/x` means `x` at its top, and `..` at its top is the top itself.

use super::UnpackError;
use super::entry::shown;
use super::entry::shown_path;
use super::grow::Folder;
use super::grow::GrownFile;
use super::grow::Growth;
use super::links;
use crate::insert::Escaping;
use crate::insert::Insertion;
use crate::read::ReadError;
use crate::tree::EntryName;
use crate::tree::LinkTarget;
use crate::tree::Node;
use dgmo_schema::id::TreeId;

/// What a name of the layers below is taken away with.
pub const GONE: &[u8] = b".wh.";

/// What takes away all that the layers below have in a folder.
pub const OPAQUE: &[u8] = b".wh..wh..opq";

/// What marks a folder that has no entry of its own.
pub const THROUGH: &[u8] = b".wh..dgmo.through";

/// What begins the name of a hard link to something of the layers below.
pub const SAME: &[u8] = b".wh..dgmo.same.";

/// Whether an archive is all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// It is: what leads out of it is refused.
    #[default]
    Whole,
    /// It is a layer, to be laid on others.
    Layer,
}

/// Why the tree that layers became cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayersError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Links(#[from] UnpackError),
}

/// The name that stands for the hard link `name`.
pub(super) fn same(name: &EntryName) -> Option<EntryName> {
    EntryName::new(&[SAME, name.as_bytes()].concat()).ok()
}

/// What marks a folder that is only on the way.
pub(super) fn through() -> (EntryName, Growth) {
    let name = EntryName::new(THROUGH).expect("it is a name");
    let target = LinkTarget::new(b".").expect("it is a target");
    (name, Growth::Link(target))
}

/// What `target` means in a link `depth` folders below the top of an image, said so that it cannot lead out.
pub(super) fn inside(target: &[u8], depth: usize) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut here = depth;
    if target.starts_with(b"/") {
        parts.extend(std::iter::repeat_n(&b".."[..], depth));
        here = 0;
    }
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." if here == 0 => continue,
            b".." => here -= 1,
            _ => here += 1,
        }
        parts.push(part);
    }
    if parts.is_empty() {
        b".".to_vec()
    } else {
        parts.join(&b'/')
    }
}

impl Insertion<'_> {
    /// Refuses a tree with a link that leads out of it, by whatever detour: layers together may have one that none of
    /// them has alone.
    pub fn check_links(&self, tree: TreeId, links: Escaping) -> Result<(), LayersError> {
        Ok(links::check(&self.grown(tree)?, links)?)
    }

    fn grown(&self, tree: TreeId) -> Result<Folder, ReadError> {
        let mut folder = Folder::default();
        for entry in self.read_tree(tree)?.into_entries() {
            let file = |id, executable| {
                Growth::File(GrownFile {
                    id,
                    executable,
                    size: 0,
                })
            };
            let growth = match entry.node {
                Node::File(id) => file(id, false),
                Node::Executable(id) => file(id, true),
                Node::Link(target) => Growth::Link(target),
                Node::Folder(id) => Growth::Folder(self.grown(id)?),
            };
            folder.0.insert(entry.name, growth);
        }
        Ok(folder)
    }
}

/// A hard link that cannot be kept for whoever lays the layer on others.
pub(super) fn unkept(path: &[EntryName], target: &[u8]) -> UnpackError {
    UnpackError::Link {
        name: shown_path(path),
        target: shown(target),
        why: "its name or its target is too long",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_of_an_image_stays_inside() {
        for (target, depth, means) in [
            ("/etc/x", 0, "etc/x"),
            ("/etc/x", 2, "../../etc/x"),
            ("/", 0, "."),
            ("/", 1, ".."),
            ("/../../x", 1, "../x"),
            ("../x", 1, "../x"),
            ("../../x", 1, "../x"),
            ("..", 0, "."),
            ("a/../../../b", 1, "a/../../b"),
            ("./a//b/", 3, "a/b"),
        ] {
            let found = inside(target.as_bytes(), depth);
            assert_eq!(
                String::from_utf8_lossy(&found),
                means,
                "{target} at {depth}"
            );
            let target = LinkTarget::new(&found).unwrap();
            assert!(!target.leaves_tree(depth), "{target} at {depth}");
        }
    }
}
