//! The node that a tool takes along where its manifest has none: a package of the same registry, and part of the tool.
//!
//! So the tool runs on a machine without a node, with the one that is locked, and nobody else sees that one.

use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::range::VersionRange;

use super::Npm;
use super::manifest::Manifest;
use super::platform::Platform;
use super::spec::Wants;
use crate::source::Ask;
use crate::source::CatalogueError;
use crate::source::FetchError;

/// Where in a tool its own node lies; a view does not show it.
pub(crate) const NODE: &str = "env/node";

/// Whether a piece is the node that a tool takes along.
pub(crate) fn is_node(piece: &Piece) -> bool {
    piece.at == NODE
}

/// The node that is locked with a tool.
pub(crate) fn own_node(locked: &LockedPieces) -> Option<&Piece> {
    locked.pieces.iter().find(|piece| is_node(piece))
}

/// What there is for a tool.
pub(super) struct Offered {
    /// For the system that is locked.
    pub(super) piece: Option<Piece>,
    /// Whether there is one for any system the tool is wanted for: then what is locked depends on the system.
    pub(super) is_for_some: bool,
}

impl Npm<'_> {
    /// The node of the registry that fits `root` on `system`.
    pub(super) fn node_for(
        &self,
        ask: &Ask<'_>,
        root: &Manifest,
        system: &System,
    ) -> Result<Offered, CatalogueError> {
        let mut offered = Offered {
            piece: None,
            is_for_some: false,
        };
        let others = ask.systems.iter().filter(|other| *other != system);
        for candidate in std::iter::once(system).chain(others) {
            let Some(manifest) = self.node(ask, root, candidate)? else {
                continue;
            };
            offered.is_for_some = true;
            if candidate == system {
                offered.piece = Some(self.piece(&manifest, NODE.to_owned())?);
            }
            break;
        }
        if offered.piece.is_none() {
            self.detail(
                ask,
                &format!(
                    "its registry has no node for {system} that fits; it runs with the machine's"
                ),
            );
        }
        Ok(offered)
    }

    fn node(
        &self,
        ask: &Ask<'_>,
        root: &Manifest,
        system: &System,
    ) -> Result<Option<std::sync::Arc<Manifest>>, CatalogueError> {
        let platform = Platform::of(system);
        let Some(name) = platform.node() else {
            return Ok(None);
        };
        let packument = match self.packument(&name, ask.not_after) {
            Ok(packument) => packument,
            // Who mirrors some packages only need not have it; that it has none is kept nowhere.
            Err(
                CatalogueError::NotOffered { .. }
                | CatalogueError::NoEndpoint { .. }
                | CatalogueError::Fetch(FetchError::Offline { .. }),
            ) => return Ok(None),
            Err(error) => return Err(error),
        };
        let range = root.node.as_deref();
        let range = range.and_then(|text| VersionRange::parse_native(Scheme::Npm, text).ok());
        // What is not understood is nobody's need.
        let wants = range.map_or(Wants::Any, Wants::Range);
        let version = packument.pick(&wants, ask.not_after);
        let manifest = version.and_then(|version| self.manifest(&packument, version));
        Ok(manifest.filter(|manifest| platform.is_among(&manifest.limits)))
    }
}
