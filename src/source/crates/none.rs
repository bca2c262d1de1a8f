//! Crates of which nobody publishes a build that could be taken.

use dgmo_schema::system::System;
use dgmo_schema::version::Version;

use crate::source::catalogue::Ask;
use crate::source::catalogue::CatalogueError;

/// A crate of which nobody publishes a build that could be taken.
#[derive(Debug, thiserror::Error)]
#[error("nobody publishes a build of the crate `{name}` {version} for {system}: {why}")]
pub struct NoBinary {
    /// The crate.
    pub name: String,
    /// Its version.
    pub version: String,
    /// For which system.
    pub system: System,
    why: String,
}

/// The error that says so of what is asked for, and why.
pub(super) fn no_binary(
    ask: &Ask<'_>,
    (version, system): (&Version, &System),
    why: String,
) -> CatalogueError {
    CatalogueError::NoBinary(Box::new(NoBinary {
        name: ask.source.offer.name.clone(),
        version: version.to_string(),
        system: system.clone(),
        why,
    }))
}
