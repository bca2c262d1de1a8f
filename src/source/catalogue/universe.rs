//! What a catalogue tells of packages that need each other: enough to choose versions, for one system.

use std::collections::BTreeMap;
use std::sync::Arc;

use dgmo_schema::lock::LockedPieces;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

use super::CatalogueError;
use super::Reach;

/// A package that another one needs, and which of its versions will do.
#[derive(Debug, Clone)]
pub struct Need {
    /// The package, by the name the catalogue knows it by.
    pub package: String,
    /// Which of its versions will do.
    pub range: VersionRange,
}

/// What a version of a package needs.
#[derive(Debug, Clone)]
pub enum Needs {
    /// These.
    Known(Vec<Need>),
    /// It cannot be used after all, and why.
    Unusable(String),
}

/// The versions of one package that can be chosen, and those that cannot.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    /// Those that can, rising.
    pub versions: Vec<OfferedVersion>,
    /// Those that cannot.
    pub left_out: Vec<LeftOut>,
}

/// One version that can be chosen.
#[derive(Debug, Clone)]
pub struct OfferedVersion {
    /// The version.
    pub version: Version,
    /// Whether only who names it exactly gets it.
    pub is_withdrawn: bool,
}

/// One version that cannot be chosen.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The version.
    pub version: Version,
    /// Why not, as the end of a sentence.
    pub why: String,
}

/// Packages to choose versions of, for one package that is asked for and one system.
pub trait Universe {
    /// What the package that is asked for stands for: itself, and the parts of it that are asked for.
    fn roots(&self) -> Vec<Need>;

    /// Whether a package is only there to keep others to each other, and is decided when all of those are.
    fn is_slot(&self, _package: &str) -> bool {
        false
    }

    /// The versions of a package; none where there is no such package.
    fn offered(&self, package: &str) -> Result<Arc<Offered>, CatalogueError>;

    /// What a version needs.
    fn needs(&self, package: &str, version: &Version) -> Result<Needs, CatalogueError>;

    /// The package that is asked for, made of what was chosen.
    fn lock(
        &self,
        chosen: &BTreeMap<String, Version>,
    ) -> Result<(Reach, LockedPieces), CatalogueError>;
}
