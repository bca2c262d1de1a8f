//! Releases of forges: versions with files attached, of which one is chosen for each system.
//!
//! A release's file is locked as `TAG/NAME`. Where the forge tells its digest, or a list of digests lies beside it, that
//! is believed at locking and proven at every fetch; else it is fetched once and hashed.

mod api;
mod digests;
mod login;
mod place;
mod release;
mod signed;
mod vouching;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::catalogue::Offer;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_store::packing_of;

use super::Downloads;
use super::Expected;
use super::Request;
use super::asset;
use super::asset::Asset;
use super::asset::Choice;
use super::asset::Hints;
use super::asset::Pattern;
use super::asset::Patterns;
use super::catalogue::Ask;
use super::catalogue::BuildOf;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Reach;
use super::catalogue::Versions;
use super::catalogue::Way;
use place::Place;
pub(super) use place::escaped;
use release::Release;

/// All forges.
pub(super) struct Forges<'a> {
    downloads: &'a Downloads<'a>,
    endpoints: &'a Endpoints,
    /// What was asked in this run, by the package's name in its catalogue.
    known: Mutex<HashMap<String, Vec<Release>>>,
}

impl<'a> Forges<'a> {
    /// The file of a release, at the forge it is of.
    pub(super) fn request(&self, of: &Offer, piece: &Piece) -> Request {
        Place::of(of, self.endpoints).request(piece)
    }

    pub(super) fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            endpoints,
            known: Mutex::default(),
        }
    }

    fn known(&self, key: &str) -> Option<Vec<Release>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).cloned()
    }

    fn keep(&self, key: String, releases: Vec<Release>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, releases);
    }

    /// The release that is `version`; a lock may be made of one that nobody listed in this run.
    fn release(&self, ask: &Ask<'_>, version: &Version) -> Result<Release, CatalogueError> {
        let find = |releases: &[Release]| {
            let versions = release::versions(ask, releases);
            let (index, _) = versions.into_iter().find(|(_, it)| it == version)?;
            Some(releases[index].clone())
        };
        let key = ask.source.offer.to_string();
        if let Some(found) = self.known(&key).and_then(|releases| find(&releases)) {
            return Ok(found);
        }
        let place = Place::of(&ask.source.offer, self.endpoints);
        let releases = api::releases(self.downloads, &place, &|all| find(all).is_some())?;
        let found = find(&releases);
        self.keep(key, releases);
        found.ok_or_else(|| CatalogueError::Answer {
            url: place.shown(),
            why: format!("it does not list the release {version} any more"),
        })
    }

    /// The file of a release, for a package that a manifest has as `written`: that is told to people.
    pub(super) fn lock_as(
        &self,
        written: &Offer,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<LockedPieces, CatalogueError> {
        let release = self.release(ask, version)?;
        let place = Place::of(&ask.source.offer, self.endpoints);
        let index = Self::choose(ask, &release, version, system)?;
        let file = &release.files[index];
        let found = digests::find(self.downloads, &place, &release, (index, system))?;
        let packing = packing_of(&file.name);
        let program = packing.is_program().then(|| program(ask));
        let mut piece = Piece {
            name: ask.source.offer.name.clone(),
            version: version.to_string(),
            file: place.name_of(&release.tag, file),
            size: file.size,
            digest: ExpectedDigest::Blake3(dgmo_schema::id::Digest::of(b"")),
            unpack: Some(packing),
            at: program
                .map(|name| format!("bin/{name}"))
                .unwrap_or_default(),
        };
        let asked = (&place, &release);
        let signer = ask.source.signer();
        if signer.is_none() {
            signed::tell(self.downloads, (ask, written), asked, (index, system));
        }
        let signed_by =
            |signer: String| vouching::signed_by(self.downloads, asked, (index, system), &signer);
        let signer = signer.map(signed_by).transpose()?;
        let known: Vec<ExpectedDigest> = found.into_iter().collect();
        if let ([digest], None) = (&known[..], &signer) {
            piece.digest = *digest;
        } else {
            // Nobody tells what it hashes to, or who signed it shall be known before it is locked.
            let mut request = place.request(&piece);
            request.what = format!("{} for {system}", ask.package);
            request.expected = Expected {
                size: file.size,
                digests: known,
                signer: signer.clone(),
            };
            let fetched = self.downloads.fetch(&request)?;
            piece.size = Some(fetched.size);
            piece.digest = ExpectedDigest::Blake3(fetched.digest);
        }
        Ok(LockedPieces {
            of: ask.source.offer.clone(),
            pieces: vec![piece],
            programs: BTreeMap::new(),
            runtime: None,
            signer,
            whole: false,
        })
    }

    /// The file of `release` for `system`, by its place in the list.
    fn choose(
        ask: &Ask<'_>,
        release: &Release,
        version: &Version,
        system: &System,
    ) -> Result<usize, CatalogueError> {
        let offer = &ask.source.offer;
        let files: Vec<Asset> = release.files.iter().map(release::File::as_asset).collect();
        let patterns = patterns(ask.source);
        let hints = Hints {
            package: ask.package.as_str(),
            repository: offer.name.rsplit('/').next().unwrap_or_default(),
            version: version.as_str(),
            binaries: ask.bin,
            libc: None,
            patterns: patterns.as_ref(),
        };
        let of = || {
            Box::new(BuildOf {
                offer: offer.clone(),
                version: version.to_string(),
                system: system.clone(),
            })
        };
        let names = |indexes: &[usize]| {
            let names = indexes
                .iter()
                .map(|index| release.files[*index].name.clone());
            names.collect()
        };
        match asset::choose(&files, system, &hints) {
            Choice::One(chosen) => Ok(chosen.index),
            Choice::Ambiguous(candidates) => Err(CatalogueError::Ambiguous {
                of: of(),
                candidates: names(&candidates),
            }),
            Choice::None(_) => Err(CatalogueError::NoFile {
                of: of(),
                seen: release.files.iter().map(|file| file.name.clone()).collect(),
            }),
        }
    }
}

impl Fetcher for Forges<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        let offer = &ask.source.offer;
        let place = Place::of(offer, self.endpoints);
        let enough = |all: &[Release]| enough(&list(ask, all));
        let releases = api::releases(self.downloads, &place, &enough)
            .map_err(|error| api::not_offered(error, offer))?;
        let versions = list(ask, &releases);
        self.keep(offer.to_string(), releases);
        Ok(versions)
    }

    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let pieces = self.lock_as(&ask.source.offer, ask, version, system)?;
        Ok((Reach::ThisSystem, pieces))
    }

    fn way<'s>(
        &'s self,
        of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let mut request = self.request(&of.of, piece);
        request.expected.signer.clone_from(&of.signer);
        Ok(Way::Download(request))
    }
}

/// The versions that releases are of, for the tool that is asked for.
fn list(ask: &Ask<'_>, releases: &[Release]) -> Versions {
    let versions = release::versions(ask, releases).into_iter();
    let listed = versions.map(|(index, version)| Listed {
        version,
        published: releases[index].published,
        withdrawn: None,
    });
    Versions {
        listed: listed.collect(),
        channels: BTreeMap::new(),
    }
}

/// The patterns a manifest has for the files of a release. They were checked when it was read.
fn patterns(source: &NamedSource) -> Option<Patterns> {
    let mut by_system = BTreeMap::new();
    for (scope, text) in &source.asset {
        let pattern = Pattern::parse(text).ok()?;
        match scope {
            DigestScope::Any => return Some(Patterns::Every(pattern)),
            DigestScope::System(system) => by_system.insert(system.clone(), pattern),
        };
    }
    (!by_system.is_empty()).then_some(Patterns::BySystem(by_system))
}

/// What a release that is a single program is called.
fn program<'a>(ask: &Ask<'a>) -> &'a str {
    match ask.bin {
        [only] => only.rsplit('/').next().unwrap_or(only),
        _ => ask.package.as_str(),
    }
}

/// Whether a locked file of a release is still the one a manifest means, under the name it shall have.
pub(crate) fn is_meant(ask: &Ask<'_>, piece: &Piece, system: &System) -> bool {
    let name = piece.file.rsplit('/').next().unwrap_or(&piece.file);
    let patterns = patterns(ask.source);
    let pattern = patterns.as_ref().and_then(|patterns| patterns.of(system));
    let is_named = piece
        .at
        .strip_prefix("bin/")
        .is_none_or(|it| it == program(ask));
    is_named && pattern.is_none_or(|pattern| pattern.matches(name, &piece.version, system))
}

/// How the versions of releases are ordered.
const SCHEME: Scheme = Scheme::Release;
