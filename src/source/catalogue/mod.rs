//! The places that offer packages by name: what each can be asked, whoever it is.
//!
//! A [`Fetcher`] knows one catalogue: which versions there are, what one of them is made of on a system, and where its
//! bytes are. It chooses no version and unpacks nothing; it only asks, through [`Downloads`].

mod error;
mod universe;
mod way;

pub use error::BuildOf;
pub use error::CatalogueError;
pub use universe::LeftOut;
pub use universe::Need;
pub use universe::Needs;
pub use universe::Offered;
pub use universe::OfferedVersion;
pub use universe::Universe;
pub use way::Bring;
pub use way::Brought;
pub use way::Way;

use std::collections::BTreeMap;
use std::fmt;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::Endpoint;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_schema::version::Version;

use super::Downloads;
use super::conda::Conda;
use super::crates::Crates;
use super::deb::Deb;
use super::forge::Forges;
use super::git::Git;
use super::mirrors::Mirrored;
use super::npm::Npm;
use super::oci::Oci;
use super::pypi::Pypi;
use super::vendor;

/// Where catalogues are asked, where a manifest says so.
pub type Endpoints = BTreeMap<Catalogue, Endpoint>;

/// What a package asks of its catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What it is called here.
    pub package: &'a PackageName,
    /// The programs it shall show, as paths inside it; may be empty.
    pub bin: &'a [String],
    /// Where it comes from.
    pub source: &'a NamedSource,
    /// Of what it needs, versions published later are not taken.
    pub not_after: Option<Timestamp>,
    /// Which Python its manifest has, where it has one.
    pub python: Option<&'a str>,
    /// Whether its manifest has a node.
    pub has_node: bool,
    /// The systems it is wanted for: one version for all of them.
    pub systems: &'a [System],
}

/// One version of a package, as its catalogue lists it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The version, in the catalogue's own order.
    pub version: Version,
    /// When it was published, where that is told.
    pub published: Option<Timestamp>,
    /// Why it is taken only by who names it exactly: its publisher withdrew it, or it is nothing that can be used.
    pub withdrawn: Option<String>,
}

/// The versions of a package.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    /// All that are known, in no order.
    pub listed: Vec<Listed>,
    /// Names for some of them, such as `latest` or `beta`.
    pub channels: BTreeMap<String, String>,
}

/// What a publisher says against a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// It was withdrawn: nobody takes it anew.
    Withdrawn(String),
    /// Another one, or another package, is better.
    Against(String),
}

/// Whether what was locked for one system holds for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nothing in it depends on the system.
    AnySystem,
    /// It is for this system.
    ThisSystem,
}

/// What can be asked of a catalogue.
pub trait Fetcher: Sync {
    /// The versions of a package.
    ///
    /// Of a long list, what is newest comes first, and asking ends when `enough` says so of what has come.
    fn versions(
        &self,
        ask: &Ask<'_>,
        enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError>;

    /// What `version` is made of on `system`.
    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError>;

    /// Where its packages need others: what there is to choose from for `version` on `system`. It then is locked by
    /// that.
    fn universe<'s>(
        &'s self,
        _ask: &'s Ask<'s>,
        _version: &'s Version,
        _system: &'s System,
    ) -> Result<Option<Box<dyn Universe + 's>>, CatalogueError> {
        Ok(None)
    }

    /// Whether what was locked on `system` still is what is asked for, its name and version apart.
    fn is_meant(&self, _ask: &Ask<'_>, _locked: &LockedPieces) -> bool {
        true
    }

    /// Whether the version of a lock was taken for what is asked for now, where the version alone does not tell.
    fn is_version_meant(&self, _ask: &Ask<'_>, _locked: &LockedPieces) -> bool {
        true
    }

    /// What the name of a locked version leads to now, where that can change and has.
    fn moved(
        &self,
        _ask: &Ask<'_>,
        _version: &Version,
        _locked: &LockedPieces,
    ) -> Result<Option<String>, CatalogueError> {
        Ok(None)
    }

    /// What its publisher says against a version that was taken.
    fn advice(&self, ask: &Ask<'_>, version: &Version) -> Result<Option<Advice>, CatalogueError> {
        let versions = self.versions(ask, &|_| false)?;
        let mut listed = versions.listed.into_iter();
        let listed = listed.find(|it| it.version == *version);
        Ok(listed.and_then(|it| it.withdrawn).map(Advice::Withdrawn))
    }

    /// How a piece gets here, and what proves it.
    fn way<'s>(&'s self, of: &'s LockedPieces, piece: &'s Piece)
    -> Result<Way<'s>, CatalogueError>;
}

/// All catalogues. Each finds out how it is asked when it first is.
pub struct Catalogues<'a> {
    downloads: &'a Downloads<'a>,
    forges: Forges<'a>,
    npm: Npm<'a>,
    pypi: Pypi<'a>,
    git: Git<'a>,
    deb: Deb<'a>,
    oci: Oci<'a>,
    crates: Crates<'a>,
    conda: Conda<'a>,
}

impl fmt::Debug for Catalogues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogues").finish_non_exhaustive()
    }
}

impl<'a> Catalogues<'a> {
    /// Asks through `downloads`, at the addresses of `endpoints` where there are any.
    pub fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            forges: Forges::new(downloads, endpoints),
            npm: Npm::new(downloads, endpoints),
            pypi: Pypi::new(downloads, endpoints),
            git: Git::new(downloads),
            deb: Deb::new(downloads, endpoints),
            oci: Oci::new(downloads, endpoints),
            crates: Crates::new(downloads, endpoints),
            conda: Conda::new(downloads, endpoints),
        }
    }

    /// How a piece gets here.
    pub fn way<'s>(
        &'s self,
        of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        if let Some(folder) = &self.downloads.settings().vendor {
            return Ok(vendor::way(folder, of, piece));
        }
        if self.downloads.mirrors().is_some() {
            let catalogues = self;
            let downloads = self.downloads;
            return Ok(Way::Made(Box::new(Mirrored {
                catalogues,
                downloads,
                of,
                piece,
            })));
        }
        self.fetcher(of.of.catalogue)?.way(of, piece)
    }

    /// What `catalogue` is asked through.
    pub fn fetcher(&self, catalogue: Catalogue) -> Result<&dyn Fetcher, CatalogueError> {
        match catalogue {
            Catalogue::Github | Catalogue::Gitlab | Catalogue::Forgejo => Ok(&self.forges),
            Catalogue::Npm => Ok(&self.npm),
            Catalogue::Pypi => Ok(&self.pypi),
            Catalogue::Git => Ok(&self.git),
            Catalogue::Deb => Ok(&self.deb),
            Catalogue::Oci => Ok(&self.oci),
            Catalogue::Crates => Ok(&self.crates),
            Catalogue::Conda => Ok(&self.conda),
        }
    }
}
