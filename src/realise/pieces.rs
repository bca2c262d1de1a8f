//! Packages put together from pieces: each piece is unpacked as it comes, and whoever brings the last one joins them.

use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::event::Event;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::name::PackageName;
use dgmo_store::Insertion;
use dgmo_store::Role;

use super::PackageError;
use super::made::Made;
use super::make;
use super::make::Making;
use super::make::Unpacked;
use super::relocate::Tied;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Way;

/// One package under way.
pub(super) struct Assembly<'a> {
    pub(super) name: &'a PackageName,
    pub(super) locked: &'a LockedPieces,
    insertion: &'a Insertion<'a>,
    /// What came of which pieces before; none where all of them shall be fetched again.
    made: Option<&'a Made>,
    tied: Tied,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of the pieces, in their order, what they were unpacked to.
    trees: Vec<Option<TreeId>>,
    failure: Option<PackageError>,
    new_bytes: u64,
    new_objects: u64,
    received: u64,
}

/// What a package became, and what it cost.
pub(super) struct Assembled {
    pub(super) tree: TreeId,
    pub(super) new_bytes: u64,
    pub(super) new_objects: u64,
    pub(super) received: u64,
}

impl<'a> Assembly<'a> {
    /// Begins with the pieces that were unpacked before, as far as `made` knows.
    pub(super) fn begin(
        name: &'a PackageName,
        locked: &'a LockedPieces,
        insertion: &'a Insertion<'a>,
        (made, tied): (Option<&'a Made>, Tied),
    ) -> Result<Self, PackageError> {
        let mut trees = Vec::with_capacity(locked.pieces.len());
        for piece in &locked.pieces {
            let known = match (made, make::tree_of(locked.of.catalogue, piece)) {
                (None, _) => None,
                (Some(_), Some(tree)) => insertion.has_tree(tree)?.then_some(tree),
                (Some(made), None) => known(insertion, made, piece_asked(locked, piece))?,
            };
            trees.push(known);
        }
        let state = State {
            trees,
            ..State::default()
        };
        Ok(Self {
            name,
            locked,
            insertion,
            made,
            tied,
            state: Mutex::new(state),
        })
    }

    /// The pieces that are still to be brought here, by their place, and how.
    pub(super) fn missing<'c>(
        &self,
        catalogues: &'c Catalogues<'_>,
    ) -> Result<Vec<(usize, Way<'c>)>, PackageError>
    where
        'a: 'c,
    {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let lacking = state.trees.iter().enumerate();
        let lacking = lacking.filter_map(|(index, tree)| tree.is_none().then_some(index));
        lacking
            .map(|index| {
                let piece = &self.locked.pieces[index];
                Ok((index, catalogues.way(self.locked, piece)?))
            })
            .collect()
    }

    /// What is asked for with a piece: the same in two packages is the same tree.
    pub(super) fn asked(&self, index: usize) -> Digest {
        piece_asked(self.locked, &self.locked.pieces[index])
    }

    /// Takes what the same piece became in another package, or takes note that it became nothing there.
    pub(super) fn share(&self, index: usize, tree: Option<TreeId>, with: &PackageName) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.trees[index] = tree;
        if tree.is_none() {
            state.failure.get_or_insert_with(|| PackageError::Shared {
                file: self.locked.pieces[index].file.clone(),
                with: with.clone(),
            });
        }
    }

    /// Brings a piece and unpacks it, or takes note that it could not be had.
    pub(super) fn bring(
        &self,
        index: usize,
        way: &Way<'_>,
        downloads: &Downloads<'_>,
    ) -> Option<TreeId> {
        let piece = &self.locked.pieces[index];
        let unpacked = make::bring(&self.making(), piece, way, downloads);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match unpacked {
            Ok(Unpacked {
                tree,
                added,
                received,
            }) => {
                for warning in &added.warnings {
                    let text = format!("package `{}`: {warning}", self.name);
                    self.insertion.observer().observe(Event::Warning(text));
                }
                if let Some(made) = self.made {
                    made.keep(piece_asked(self.locked, piece), tree);
                }
                state.trees[index] = Some(tree);
                state.new_bytes += added.new_bytes;
                state.new_objects += added.new_objects;
                state.received += received;
                Some(tree)
            }
            Err(error) => {
                state.failure.get_or_insert(error);
                None
            }
        }
    }

    /// Joins the pieces.
    pub(super) fn join(self) -> Result<Assembled, PackageError> {
        let making = self.making();
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = state.failure {
            return Err(failure);
        }
        let trees: Vec<TreeId> = state.trees.into_iter().flatten().collect();
        let tree = make::join(&making, &trees)?;
        if let Some(made) = self.made {
            made.keep(
                make::asked(self.insertion.store(), self.locked, self.tied)?,
                tree,
            );
        }
        Ok(Assembled {
            tree,
            new_bytes: state.new_bytes,
            new_objects: state.new_objects,
            received: state.received,
        })
    }

    fn making(&self) -> Making<'a> {
        Making {
            insertion: self.insertion,
            name: self.name,
            locked: self.locked,
            made: self.made,
            // What is put together again was told of when it was put together first.
            tied: self.made.map(|_| self.tied),
        }
    }
}

/// The tree that came of what was asked before, if the store still has it.
pub(super) fn known(
    insertion: &Insertion<'_>,
    made: &Made,
    asked: Digest,
) -> Result<Option<TreeId>, PackageError> {
    match made.tree_of(asked) {
        Some(tree) if insertion.has_tree(tree)? => Ok(Some(tree)),
        _ => Ok(None),
    }
}

/// What the tree of one piece is remembered by: its bytes and how they are unpacked.
fn piece_asked(locked: &LockedPieces, piece: &Piece) -> Digest {
    let how = make::unpacking(locked.of.catalogue, piece);
    let mut text = format!(
        "piece\n{}\n{:?}\n{}\n{:?}\n",
        piece.digest, how.packing, how.strip, how.program
    );
    if how.of_system {
        text.push_str("of a system\n");
    }
    if how.role == Role::Layer {
        text.push_str("layer\n");
    }
    Digest::of(text.as_bytes())
}
