//! Packages put together from pieces: how each is unpacked, and what they become together.

mod deb;
mod folder;
mod crates;
mod conda;
mod npm;
mod oci;
mod part;
mod python;
mod release;

use std::collections::BTreeSet;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Packing;
use dgmo_schema::name::PackageName;
use dgmo_store::Added;
use dgmo_store::Content;
use dgmo_store::Escaping;
use dgmo_store::Insertion;
use dgmo_store::Role;
use dgmo_store::Store;
use dgmo_store::Unpack;

use super::PackageError;
use super::made::Made;
use super::relocate;
use super::relocate::Tied;
use crate::source::Downloads;
use crate::source::Way;
use crate::source::is_layer;

/// A package being put together.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) insertion: &'a Insertion<'a>,
    pub(super) name: &'a PackageName,
    pub(super) locked: &'a LockedPieces,
    /// What came of which pieces before.
    pub(super) made: Option<&'a Made>,
    /// What is done where its parts are tied to a place; nothing where that was said before.
    pub(super) tied: Option<Tied>,
}

impl Making<'_> {
    /// What a part of the package becomes, wherever it is put.
    fn relocated(&self, tree: TreeId) -> Result<TreeId, PackageError> {
        self.relocated_as(tree, self.tied)
    }

    fn relocated_as(&self, tree: TreeId, tied: Option<Tied>) -> Result<TreeId, PackageError> {
        match tied {
            Some(tied) => relocate::part(self.insertion, self.name, tree, (tied, self.made)),
            None => relocate::relocated_again(self.insertion, tree),
        }
    }

    /// The same of what the package only needs: that something in it is tied to a place need not matter.
    fn relocated_need(&self, tree: TreeId) -> Result<TreeId, PackageError> {
        self.relocated_as(tree, self.tied.map(|_| Tied::Taken))
    }

    /// The same of what is looked at again with more around it.
    fn relocated_silently(&self, tree: TreeId) -> Result<TreeId, PackageError> {
        relocate::relocated_again(self.insertion, tree)
    }

    /// Tells what programs of a whole system look for in it, which they will not find there.
    fn look_at_system(
        &self,
        tree: TreeId,
        programs: &BTreeSet<String>,
    ) -> Result<(), PackageError> {
        match self.tied {
            Some(_) => relocate::look_at_system(self.insertion, self.name, (tree, programs)),
            None => Ok(()),
        }
    }
}

/// Whether this machine has the Python `minor`.
pub(super) fn has_python(minor: &str) -> bool {
    python::is_on_this_machine(minor)
}

/// How a piece is unpacked: part of what its tree is remembered by.
pub(super) fn unpacking(catalogue: Catalogue, piece: &Piece) -> Unpack {
    let packing = piece.unpack.unwrap_or(match catalogue {
        Catalogue::Npm => Packing::TarGz,
        // Which compression a package of Debian's has is told in it.
        Catalogue::Git | Catalogue::Deb => Packing::Tar,
        Catalogue::Conda if piece.file.ends_with(".tar.bz2") => Packing::TarBz2,
        _ => Packing::Zip,
    });
    let mut how = Unpack::new(packing);
    match catalogue {
        // All that is in it lies in one folder, which is called `package` or otherwise.
        Catalogue::Npm => how.strip = 1,
        Catalogue::Github | Catalogue::Gitlab | Catalogue::Forgejo | Catalogue::Crates => {
            let program = piece.at.strip_prefix("bin/");
            how.program = program.map(str::to_owned);
            how.links = Escaping::Absolute;
        }
        Catalogue::Deb => how.of_system = true,
        Catalogue::Pypi | Catalogue::Git | Catalogue::Conda => {}
        Catalogue::Oci => {
            let program = piece.at.rsplit('/').next();
            how.program = program.map(str::to_owned);
            if is_layer(piece) {
                how.role = Role::Layer;
                how.program = None;
            }
        }
    }
    how
}

/// What a piece becomes, where the lock says that rather than what its bytes hash to.
pub(super) fn tree_of(catalogue: Catalogue, piece: &Piece) -> Option<TreeId> {
    match (catalogue, piece.digest) {
        (Catalogue::Git, ExpectedDigest::Blake3(digest)) => Some(TreeId(digest)),
        _ => None,
    }
}

/// Whether what it becomes is looked at as a whole, and may be tied to the place it was built for. Of the others each
/// part is, before they are joined; those of conda's have a way of their own for that.
pub(super) fn is_relocated(catalogue: Catalogue) -> bool {
    match catalogue {
        Catalogue::Github
        | Catalogue::Gitlab
        | Catalogue::Forgejo
        | Catalogue::Crates
        | Catalogue::Git => true,
        Catalogue::Npm | Catalogue::Pypi | Catalogue::Deb | Catalogue::Oci | Catalogue::Conda => {
            false
        }
    }
}

/// What a piece became.
pub(super) struct Unpacked {
    pub(super) tree: TreeId,
    pub(super) added: Added,
    /// How many bytes came over the network for it.
    pub(super) received: u64,
}

impl Unpacked {
    fn of(added: Added, received: u64) -> Self {
        let Content::Folder(tree) = added.content else {
            unreachable!("unpacking gives a folder");
        };
        Self {
            tree,
            added,
            received,
        }
    }
}

/// Brings one piece here and unpacks it, while it comes where its format can be read so.
pub(super) fn bring(
    making: &Making<'_>,
    piece: &Piece,
    way: &Way<'_>,
    downloads: &Downloads<'_>,
) -> Result<Unpacked, PackageError> {
    let catalogue = making.locked.of.catalogue;
    let how = unpacking(catalogue, piece);
    if catalogue == Catalogue::Conda && how.packing == Packing::Zip {
        let (brought, unpacked) = way.go_and(downloads, &|bytes| {
            conda::unpack(making.insertion, piece, bytes)
        })?;
        let added = unpacked?.keep(making)?;
        return Ok(Unpacked::of(added, brought.received));
    }
    if catalogue == Catalogue::Deb {
        let (brought, unpacked) = way.go_and(downloads, &|bytes| {
            deb::unpack(making.insertion, piece, bytes)
        })?;
        let content = unpacked?;
        content.tell(making, piece);
        return Ok(Unpacked::of(content.unproven.keep()?, brought.received));
    }
    let (brought, unpacked) = way.go_and(downloads, &|bytes| {
        making.insertion.unpack_unproven(bytes, &how)
    })?;
    let unproven = unpacked.map_err(|source| PackageError::Unpack {
        url: piece.file.clone(),
        source,
    })?;
    let found = unproven.tree();
    match tree_of(catalogue, piece) {
        Some(expected) if expected != found => Err(PackageError::TreeDiffers { expected, found }),
        _ => Ok(Unpacked::of(unproven.keep()?, brought.received)),
    }
}

/// What the whole is remembered by: everything that decides what it becomes in this store, and whether it was taken though
/// it may be tied to a place.
pub(super) fn asked(
    store: &Store,
    locked: &LockedPieces,
    tied: Tied,
) -> Result<Digest, PackageError> {
    let asked = match locked.of.catalogue {
        Catalogue::Conda => conda::asked(store, locked)?,
        Catalogue::Pypi => python::asked(locked),
        _ => locked.identity(),
    };
    Ok(match tied {
        Tied::Taken if !is_relocated(locked.of.catalogue) => {
            Digest::of(format!("tied\n{asked}\n").as_bytes())
        }
        Tied::Refused | Tied::Taken => asked,
    })
}

/// What the pieces, unpacked as `trees` in the order of the lock, become together.
pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    match making.locked.of.catalogue {
        Catalogue::Github | Catalogue::Gitlab | Catalogue::Forgejo => release::join(making, trees),
        Catalogue::Npm => npm::join(making, trees),
        Catalogue::Pypi => python::join(making, trees),
        Catalogue::Git => folder::join(making, trees),
        Catalogue::Deb => deb::join(making, trees),
        Catalogue::Oci => oci::join(making, trees),
        Catalogue::Crates => crates::join(making, trees),
        Catalogue::Conda => conda::join(making, trees),
    }
}
