//! Packages of archives of Debian's kind: signed lists of packages, each with its digest.
//!
//! ```text
//! InRelease ──signature──▶ Packages ──sha256──▶ name_version_arch.deb
//! ```
//!
//! Archives are those of apt's own settings, or the one the manifest names. A file is locked as its archive names it.

mod closure;
mod control;
mod keys;
mod packages;
mod relation;
mod release;
mod sources;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::event::Event;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::system::System;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

use super::Downloads;
use super::FetchError;
use super::catalogue::Ask;
use super::catalogue::BuildOf;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Need;
use super::catalogue::Reach;
use super::catalogue::Universe;
use super::catalogue::Versions;
use super::catalogue::Way;
use closure::Closure;
use packages::Index;
use packages::Package;
use packages::is_below;

/// All archives.
pub(super) struct Deb<'a> {
    downloads: &'a Downloads<'a>,
    endpoints: &'a Endpoints,
    /// What was asked in this run, by architecture.
    known: Mutex<HashMap<&'static str, Arc<Index>>>,
}

/// Debian's word for the processors of a system; nothing where it is for none.
fn architecture(system: &System) -> Option<&'static str> {
    if system.os() != "linux" {
        return None;
    }
    Some(match system.arch() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7" => "armhf",
        "i686" | "x86" => "i386",
        "riscv64" => "riscv64",
        "powerpc64le" => "ppc64el",
        "s390x" => "s390x",
        _ => return None,
    })
}

impl<'a> Deb<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            endpoints,
            known: Mutex::default(),
        }
    }

    /// What archives have for an architecture. Who asks while another reads it waits, and has the same.
    fn index(&self, architecture: &'static str) -> Result<Arc<Index>, CatalogueError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = known.get(architecture) {
            return Ok(Arc::clone(index));
        }
        let mut index = Index::default();
        for archive in sources::archives(self.endpoints)? {
            let named = &archive.architectures;
            if !named.is_empty() && !named.iter().any(|it| it == architecture) {
                continue;
            }
            let release = release::ask(&archive, self.downloads)?;
            index.add(&archive, (&release, architecture), self.downloads)?;
        }
        let index = Arc::new(index);
        known.insert(architecture, Arc::clone(&index));
        Ok(index)
    }

    fn index_for(&self, ask: &Ask<'_>, system: &System) -> Result<Arc<Index>, CatalogueError> {
        let Some(architecture) = architecture(system) else {
            return Err(CatalogueError::OtherMachines {
                package: ask.source.offer.to_string(),
                system: Box::new(system.clone()),
                only: "Linux".to_owned(),
            });
        };
        self.index(architecture)
    }

    /// The version of a lock or of a choice, for one system.
    fn package(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Arc<Index>, Package), CatalogueError> {
        let index = self.index_for(ask, system)?;
        let name = &ask.source.offer.name;
        if let Some(package) = index.find(name, version).cloned() {
            return Ok((index, package));
        }
        let seen = index.versions(name).iter().map(|it| it.version.to_string());
        Err(CatalogueError::NoFile {
            of: Box::new(BuildOf {
                offer: ask.source.offer.clone(),
                version: version.to_string(),
                system: system.clone(),
            }),
            seen: seen.collect(),
        })
    }
}

fn piece(name: &str, package: &Package) -> Piece {
    Piece {
        name: name.to_owned(),
        version: package.version.to_string(),
        file: package.file.clone(),
        size: Some(package.size),
        digest: package.digest,
        unpack: None,
        at: String::new(),
    }
}

fn locked(ask: &Ask<'_>, pieces: Vec<Piece>) -> LockedPieces {
    LockedPieces {
        of: ask.source.offer.clone(),
        pieces,
        programs: BTreeMap::new(),
        runtime: None,
        signer: None,
        whole: ask.source.whole,
    }
}

impl Fetcher for Deb<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        _enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        // What there is for other systems is asked for when it is locked for them.
        let index = self.index(architecture(&System::this()).unwrap_or("amd64"))?;
        let found = index.versions(&ask.source.offer.name);
        if found.is_empty() {
            return Err(CatalogueError::NotOffered {
                offer: ask.source.offer.clone(),
                source: FetchError::Refused {
                    url: ask.source.offer.name.clone(),
                    status: "it is in no list of the archives".to_owned(),
                },
            });
        }
        let listed = found.iter().map(|package| Listed {
            version: package.version.clone(),
            published: None,
            withdrawn: None,
        });
        Ok(Versions {
            listed: listed.collect(),
            channels: BTreeMap::new(),
        })
    }

    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let (_, package) = self.package(ask, version, system)?;
        let reach = if package.is_for_all {
            Reach::AnySystem
        } else {
            Reach::ThisSystem
        };
        let pieces = vec![piece(&ask.source.offer.name, &package)];
        Ok((reach, locked(ask, pieces)))
    }

    fn universe<'s>(
        &'s self,
        ask: &'s Ask<'s>,
        version: &'s Version,
        system: &'s System,
    ) -> Result<Option<Box<dyn Universe + 's>>, CatalogueError> {
        if !ask.source.whole {
            return Ok(None);
        }
        let (index, _) = self.package(ask, version, system)?;
        let name = &ask.source.offer.name;
        let root = Need {
            package: name.clone(),
            range: VersionRange::exactly(version),
        };
        let all = Arc::clone(&index);
        let make = move |chosen: &BTreeMap<String, Version>| {
            let first = chosen.iter().filter(|(it, _)| *it == name);
            let others = chosen.iter().filter(|(it, _)| *it != name);
            let found = first
                .chain(others)
                .filter_map(|(name, version)| Some(piece(name, all.find(name, version)?)));
            locked(ask, found.collect())
        };
        Ok(Some(Box::new(Closure::new(index, root, make))))
    }

    fn way<'s>(
        &'s self,
        of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let mut urls = Vec::new();
        for archive in sources::archives(self.endpoints)? {
            for url in archive.file(&piece.file) {
                if !urls.contains(&url) {
                    urls.push(url);
                }
            }
        }
        if !is_below(&piece.file) {
            return Err(CatalogueError::Answer {
                url: of.of.to_string(),
                why: format!("`{}` in the lock is no file of an archive", piece.file),
            });
        }
        self.downloads.observer().observe(Event::Detail(format!(
            "`{}` may be at {} places",
            piece.file,
            urls.len()
        )));
        let mut request = release::request(urls, &piece.name);
        request.expected.size = piece.size;
        request.expected.digests = vec![piece.digest];
        Ok(Way::Download(request))
    }
}
