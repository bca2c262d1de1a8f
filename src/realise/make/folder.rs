//! Trees as they are: the first is the package, the others lie in it where the lock says.

use dgmo_schema::id::TreeId;

use super::Making;
use crate::realise::PackageError;
use crate::realise::graft::Graft;

pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    let mut pieces = making.locked.pieces.iter().zip(trees);
    let Some((_, first)) = pieces.next() else {
        unreachable!("a lock has no package without pieces");
    };
    let mut graft = Graft::of(making.insertion, *first)?;
    for (piece, tree) in pieces {
        graft.lay(&piece.at, *tree)?;
    }
    graft.finish()
}
