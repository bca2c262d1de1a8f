//! Staged files that are complete and have no name yet: whoever wrote one decides whether it gets its own.

use dgmo_schema::id::Digest;

use crate::failure::WriteError;
use crate::object::Inode;
use crate::parallel::held;

use super::Pending;
use super::Place;
use super::Unnamed;
use crate::insert::InsertError;

/// A staged file without a name that nobody writes to any more: there may be more of them than files may be open.
#[derive(Debug)]
pub(crate) struct Parked {
    place: Place,
    inode: Inode,
}

impl Pending {
    /// Closes a file that has no name yet.
    pub(crate) fn park(&self, unnamed: Unnamed) -> Parked {
        held(&self.free).push(unnamed.lane);
        Parked {
            place: unnamed.place,
            inode: unnamed.inode,
        }
    }

    /// Gives a file that was written without knowing its id that id, or deletes it if another has it. Whether it
    /// was kept.
    pub(crate) fn adopt(&self, id: Digest, parked: Parked) -> Result<bool, InsertError> {
        if self.claim(id, parked.inode) {
            self.settle(id, parked.inode, parked.place);
            return Ok(true);
        }
        self.discard_parked(parked)?;
        Ok(false)
    }

    /// Deletes a staged file that is not wanted.
    pub(crate) fn discard(&self, unnamed: Unnamed) -> Result<(), InsertError> {
        let parked = self.park(unnamed);
        self.discard_parked(parked)
    }

    /// Deletes a parked file.
    pub(crate) fn discard_parked(&self, Parked { place, .. }: Parked) -> Result<(), InsertError> {
        let (lane, name) = self.file(place);
        let removed = lane.folder.remove_file(&name);
        removed.map_err(|error| WriteError::new(lane.folder.path().join(name), error))?;
        Ok(())
    }
}
