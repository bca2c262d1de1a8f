//! Packages put together from pieces: how each is unpacked, and what they become together.

mod conda;
mod npm;
mod python;
mod release;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::Packing;
use dgmo_schema::name::PackageName;
use dgmo_store::Added;
use dgmo_store::Content;
use dgmo_store::Insertion;
use dgmo_store::Store;
use dgmo_store::Unpack;

use super::PackageError;
use super::made::Made;
use crate::source::Fetched;

/// A package being put together.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) insertion: &'a Insertion<'a>,
    pub(super) name: &'a PackageName,
    pub(super) locked: &'a LockedPieces,
    /// What came of which pieces before.
    pub(super) made: Option<&'a Made>,
}

/// How a piece is unpacked: part of what its tree is remembered by.
pub(super) fn unpacking(catalogue: Catalogue, piece: &Piece) -> Unpack {
    let packing = piece.unpack.unwrap_or(match catalogue {
        Catalogue::Npm => Packing::TarGz,
        Catalogue::Conda if piece.file.ends_with(".tar.bz2") => Packing::TarBz2,
        _ => Packing::Zip,
    });
    let mut how = Unpack::new(packing);
    match catalogue {
        // All that is in it lies in one folder, which is called `package` or otherwise.
        Catalogue::Npm => how.strip = 1,
        Catalogue::Github | Catalogue::Gitlab | Catalogue::Forgejo => {
            let program = piece.at.strip_prefix("bin/");
            how.program = program.map(str::to_owned);
        }
        Catalogue::Pypi | Catalogue::Conda => {}
    }
    how
}

/// Unpacks one piece.
pub(super) fn unpack(
    making: &Making<'_>,
    piece: &Piece,
    mut fetched: Fetched,
) -> Result<(TreeId, Added), PackageError> {
    let how = unpacking(making.locked.of.catalogue, piece);
    if making.locked.of.catalogue == Catalogue::Conda && how.packing == Packing::Zip {
        return conda::unpack(making, piece, &fetched);
    }
    let added = making.insertion.add_archive(&mut fetched.file, &how);
    let added = added.map_err(|source| PackageError::Unpack {
        url: piece.file.clone(),
        source,
    })?;
    let Content::Folder(tree) = added.content else {
        unreachable!("unpacking gives a folder");
    };
    Ok((tree, added))
}

/// What the whole is remembered by: everything that decides what it becomes in this store.
pub(super) fn asked(store: &Store, locked: &LockedPieces) -> Result<Digest, PackageError> {
    match locked.of.catalogue {
        Catalogue::Conda => conda::asked(store, locked),
        _ => Ok(locked.identity()),
    }
}

/// What the pieces, unpacked as `trees` in the order of the lock, become together.
pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    match making.locked.of.catalogue {
        Catalogue::Github | Catalogue::Gitlab | Catalogue::Forgejo => release::join(making, trees),
        Catalogue::Npm => npm::join(making, trees),
        Catalogue::Pypi => python::join(making, trees),
        Catalogue::Conda => conda::join(making, trees),
    }
}
