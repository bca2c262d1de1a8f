//! Images and artefacts of registries: a tag leads to a manifest, which names layers by their digests.
//!
//! ```text
//! place     registry and repository      tag       which tags are versions
//! ask       the questions to a registry
//! manifest  what a registry tells        platform  which image is for a system
//! token     what is said to a registry that wants to know who asks        login  who we are
//! ```
//!
//! A piece is called `NAME@DIGEST`, the digest being that of the manifest: this is what the tag led to when it was
//! locked. Its file is the digest of the layer, and its bytes are proven by it.

mod ask;
mod login;
mod manifest;
mod pieces;
mod place;
mod platform;
mod tag;
mod token;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;

use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;

use super::Downloads;
use super::catalogue::Ask;
use super::catalogue::BuildOf;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Reach;
use super::catalogue::Versions;
use super::catalogue::Way;
use manifest::About;
use manifest::Descriptor;
use manifest::Document;
use manifest::Manifest;
pub(crate) use pieces::IMAGE;
pub(crate) use pieces::is_layer;
use place::Place;
use tag::Kind;
pub(crate) use tag::range;
use token::Tokens;

/// So much of a digest is told to people.
const SHORT: usize = "sha256:".len() + 12;

/// Of how many tags it is asked when each was made, where that matters.
const MOST_DATED: usize = 200;

/// All registries.
pub(super) struct Oci<'a> {
    downloads: &'a Downloads<'a>,
    endpoints: &'a Endpoints,
    tokens: Arc<Tokens>,
    /// What was asked in this run, by address.
    known: Mutex<HashMap<String, Arc<Named>>>,
}

/// A document, and what it is called for ever.
#[derive(Debug)]
struct Named {
    digest: String,
    document: Document,
}

impl<'a> Oci<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            endpoints,
            tokens: Arc::default(),
            known: Mutex::default(),
        }
    }

    /// The manifest of `reference` for `system`, whether it was chosen among others, and its digest.
    fn chosen(
        &self,
        ask: &Ask<'_>,
        place: &Place,
        (version, system): (&Version, &System),
    ) -> Result<(bool, Arc<Named>), CatalogueError> {
        let named = self.document(ask, place, version.as_str())?;
        let Document::Index(index) = &named.document else {
            return Ok((false, named));
        };
        let real = || index.manifests.iter().filter(|it| !it.is_about_another);
        let mut without = real().filter(|entry| entry.platform.is_none());
        let (is_for_system, entry) = match platform::choose(&index.manifests, system) {
            Some(at) => (true, &index.manifests[at]),
            // One alone that says nothing of machines is for all of them.
            None => match (without.next(), real().count()) {
                (Some(only), 1) => (false, only),
                _ => return Err(no_file(ask, (version, system), real())),
            },
        };
        let named = self.document(ask, place, &entry.digest.to_string())?;
        Ok((is_for_system, named))
    }

    /// What an image is, if it is one; it must be for `system`.
    fn image(
        &self,
        ask: &Ask<'_>,
        place: &Place,
        manifest: &Manifest,
        system: &System,
    ) -> Result<Option<About>, CatalogueError> {
        let config = manifest.config.as_ref();
        let Some(config) = config.filter(|config| config.is_about_an_image()) else {
            return Ok(None);
        };
        let about = self.about(ask, place, config)?;
        if let Some(platform) = &about.platform
            && platform::rank(platform, system).is_none()
        {
            return Err(CatalogueError::OtherMachines {
                package: ask.source.offer.to_string(),
                system: Box::new(system.clone()),
                only: platform::shown(platform),
            });
        }
        Ok(Some(about))
    }
}

impl Fetcher for Oci<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        let place = Place::of(&ask.source.offer.name, self.endpoints)?;
        let asked = tag::named(ask.source.version.as_deref());
        let asked_digest = asked.filter(|text| tag::is_digest(text));
        let mut versions = Versions::default();
        let tags = match asked_digest {
            Some(_) => Vec::new(),
            None => self.tags(ask, &place)?,
        };
        let ordered = tag::versions(&tags, asked);
        let has_versions = !ordered.is_empty();
        let listed = |version: Version, withdrawn: Option<String>| Listed {
            version,
            published: None,
            withdrawn,
        };
        let mut all: Vec<Listed> = Vec::new();
        all.extend(asked_digest.and_then(parsed).map(|it| listed(it, None)));
        all.extend(ordered.into_iter().map(|it| listed(it, None)));
        for tag in &tags {
            let (why, is_named) = match tag::kind(tag) {
                Kind::Variant => ("it is a variant", asked == Some(tag)),
                Kind::Channel => {
                    versions.channels.insert(tag.clone(), tag.clone());
                    let is_all_there_is = tag == "latest" && !has_versions;
                    let why = "where it leads to changes";
                    (why, asked == Some(tag) || is_all_there_is)
                }
                Kind::Version | Kind::Nothing => continue,
            };
            let why = format!("{why}, so only who asks for exactly it gets it");
            let why = (!is_named).then_some(why);
            all.extend(parsed(tag).map(|version| listed(version, why)));
        }
        if ask.not_after.is_some() {
            self.date(ask, &place, &mut all, (&mut versions, enough))?;
        }
        versions.listed.extend(all);
        Ok(versions)
    }

    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let place = Place::of(&ask.source.offer.name, self.endpoints)?;
        let (is_chosen, named) = self.chosen(ask, &place, (version, system))?;
        let Document::Manifest(manifest) = &named.document else {
            return Err(CatalogueError::Answer {
                url: place.shown(),
                why: format!("`{version}` is an index of indexes"),
            });
        };
        let about = self.image(ask, &place, manifest, system)?;
        let (_, repository) = ask
            .source
            .offer
            .name
            .rsplit_once('/')
            .unwrap_or(("", &ask.source.offer.name));
        let called = pieces::Called {
            name: format!("{}@{}", ask.source.offer.name, named.digest),
            version: version.as_str(),
            alone: repository,
        };
        let pieces = pieces::of(manifest, &called).map_err(|why| CatalogueError::Answer {
            url: place.shown(),
            why: format!("`{version}` cannot be a package: {why}"),
        })?;
        let is_image = pieces.iter().any(pieces::is_layer);
        let programs = if is_image {
            pieces::programs(about.as_ref(), ask.bin)
        } else {
            BTreeMap::new()
        };
        let reach = if is_chosen || about.is_some_and(|about| about.platform.is_some()) {
            Reach::ThisSystem
        } else {
            Reach::AnySystem
        };
        let locked = LockedPieces {
            of: ask.source.offer.clone(),
            pieces,
            programs,
            runtime: None,
            signer: None,
            whole: false,
        };
        Ok((reach, locked))
    }

    fn is_meant(&self, ask: &Ask<'_>, locked: &LockedPieces) -> bool {
        let is_image = locked.pieces.iter().any(pieces::is_layer);
        let wanted = pieces::programs(None, ask.bin);
        !is_image || wanted.keys().all(|name| locked.programs.contains_key(name))
    }

    fn moved(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        locked: &LockedPieces,
    ) -> Result<Option<String>, CatalogueError> {
        let tag = version.as_str();
        let name = locked.pieces.first().map_or("", |piece| &piece.name);
        let Some((_, digest)) = name.rsplit_once('@').filter(|_| !tag::is_digest(tag)) else {
            return Ok(None);
        };
        let place = Place::of(&ask.source.offer.name, self.endpoints)?;
        let named = self.document(ask, &place, tag)?;
        let stays = named.digest == digest
            || match &named.document {
                Document::Index(index) => {
                    let mut entries = index.manifests.iter();
                    entries.any(|entry| entry.digest.to_string() == digest)
                }
                Document::Manifest(_) => false,
            };
        Ok((!stays).then(|| format!("{tag}@{}", &named.digest[..SHORT])))
    }

    fn way<'s>(
        &'s self,
        of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let place = Place::of(&of.of.name, self.endpoints)?;
        let mut request = self.request(&of.of.name, &place, &format!("blobs/{}", piece.file));
        request.expected.size = piece.size;
        request.expected.digests = vec![piece.digest];
        Ok(Way::Download(request))
    }
}

impl Oci<'_> {
    /// Finds out when versions were made, the newest first, until enough are known.
    fn date(
        &self,
        ask: &Ask<'_>,
        place: &Place,
        all: &mut Vec<Listed>,
        (versions, enough): (&mut Versions, &dyn Fn(&Versions) -> bool),
    ) -> Result<(), CatalogueError> {
        let range = ask.source.version.as_deref().map(range);
        let range = range.and_then(Result::ok);
        let may_fit = |it: &Listed| {
            it.withdrawn.is_none()
                && range
                    .as_ref()
                    .is_none_or(|range| range.channel().is_some() || range.matches(&it.version))
        };
        let mut dated = 0;
        while !all.is_empty() {
            let mut next = all.remove(0);
            if may_fit(&next) && dated < MOST_DATED {
                dated += 1;
                next.published = self.created(ask, place, next.version.as_str())?;
            }
            let is_dated = next.published.is_some();
            versions.listed.push(next);
            if is_dated && enough(versions) {
                break;
            }
        }
        Ok(())
    }
}

fn parsed(tag: &str) -> Option<Version> {
    Version::parse(Scheme::Release, tag).ok()
}

fn no_file<'d>(
    ask: &Ask<'_>,
    (version, system): (&Version, &System),
    entries: impl Iterator<Item = &'d Descriptor>,
) -> CatalogueError {
    let shown = |entry: &Descriptor| match &entry.platform {
        Some(platform) => platform::shown(platform),
        None => "no machine in particular".to_owned(),
    };
    CatalogueError::NoFile {
        of: Box::new(BuildOf {
            offer: ask.source.offer.clone(),
            version: version.to_string(),
            system: system.clone(),
        }),
        seen: entries.map(shown).collect(),
    }
}
