//! Crates of Rust whose programs somebody has built: nothing is compiled here.
//!
//! ```text
//! settings  which registry cargo asks        index   which versions it has
//! about     what a crate says of itself: where builds of it are, and its repository
//! ```
//!
//! A crate that says where builds are is taken at its word; else the release of its repository that has the version is
//! looked for, and a file of it is chosen as of any other release. A piece is called after that repository, as in
//! `github:owner/name`, and named by its tag and its name there; a build of another place is named by its address.

mod about;
mod index;
mod none;
mod repository;
mod settings;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::event::Event;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::Packing;
use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_store::packing_of;
use dgmo_store::unpack::file_of_tar;

use super::Downloads;
use super::Expected;
use super::Headers;
use super::Request;
use super::catalogue::Ask;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Reach;
use super::catalogue::Versions;
use super::catalogue::Way;
use super::forge::Forges;
use about::About;
use about::Build;
use index::Config;
use index::Entry;
pub use none::NoBinary;
use none::no_binary;

/// The most bytes a crate's `Cargo.toml` may have.
const LARGEST_ABOUT: u64 = 4 << 20;

/// The registry of crates, and the forges that have their builds.
pub(super) struct Crates<'a> {
    downloads: &'a Downloads<'a>,
    endpoints: &'a Endpoints,
    forges: Forges<'a>,
    registry: OnceLock<Result<Registry, String>>,
    config: Mutex<Option<Config>>,
    /// What was asked in this run, by name.
    known: Mutex<HashMap<String, Arc<Vec<Entry>>>>,
}

/// Where crates are asked for.
#[derive(Debug)]
struct Registry {
    index: String,
    mirrors: Vec<String>,
    token: Option<String>,
}

impl Registry {
    /// The question for a file of the index.
    fn request(&self, path: &str) -> Request {
        let headers = match &self.token {
            Some(token) => Headers::default().authorized(token),
            None => Headers::default(),
        };
        Request {
            what: path.to_owned(),
            url: format!("{}{path}", self.index),
            mirrors: self
                .mirrors
                .iter()
                .map(|url| format!("{url}{path}"))
                .collect(),
            headers,
            expected: Expected::default(),
        }
    }
}

impl<'a> Crates<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            endpoints,
            forges: Forges::new(downloads, endpoints),
            registry: OnceLock::new(),
            config: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The registry that the manifest names, or else cargo's settings.
    fn registry(&self) -> Result<&Registry, CatalogueError> {
        let found = self.registry.get_or_init(|| {
            let slashed = |url: &String| format!("{}/", url.trim_end_matches('/'));
            if let Some(endpoint) = self.endpoints.get(&Catalogue::Crates) {
                return Ok(Registry {
                    index: slashed(&endpoint.url),
                    mirrors: endpoint.mirrors.iter().map(slashed).collect(),
                    token: None,
                });
            }
            let named = settings::registry().inspect_err(|why| {
                self.downloads
                    .observer()
                    .observe(Event::Detail(why.clone()));
            })?;
            Ok(Registry {
                index: slashed(&named.index),
                mirrors: Vec::new(),
                token: named.token,
            })
        });
        found.as_ref().map_err(|_| CatalogueError::NoEndpoint {
            catalogue: Catalogue::Crates,
            lines: "sources:\n  crates: {url: \"https://…\"}".to_owned(),
        })
    }

    /// What the index says of itself.
    fn config(&self) -> Result<Config, CatalogueError> {
        let mut held = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*held {
            return Ok(known.clone());
        }
        let request = self.registry()?.request("config.json");
        let bytes = self.downloads.document(&request)?;
        let config = Config::read(&bytes).map_err(|why| unclear(&request, why))?;
        *held = Some(config.clone());
        Ok(config)
    }

    fn entries(&self, ask: &Ask<'_>) -> Result<Arc<Vec<Entry>>, CatalogueError> {
        let name = &ask.source.offer.name;
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(name) {
            return Ok(Arc::clone(found));
        }
        let request = self.registry()?.request(&index::path(name));
        let bytes = self.downloads.document(&request).map_err(|error| {
            if error.says_absent() {
                CatalogueError::NotOffered {
                    offer: ask.source.offer.clone(),
                    source: error,
                }
            } else {
                error.into()
            }
        })?;
        let entries = index::read(name, &bytes).map_err(|why| unclear(&request, why))?;
        let entries = Arc::new(entries);
        known().insert(name.clone(), Arc::clone(&entries));
        Ok(entries)
    }

    /// What a version says of itself.
    fn about(&self, ask: &Ask<'_>, version: &Version) -> Result<About, CatalogueError> {
        let name = &ask.source.offer.name;
        let entries = self.entries(ask)?;
        let entry = entries.iter().find(|entry| entry.version == *version);
        let registry = self.registry()?;
        let config = self.config()?;
        let entry = entry.ok_or_else(|| CatalogueError::Answer {
            url: super::redacted(&registry.index),
            why: format!("it does not list {name} {version} any more"),
        })?;
        let mut request = Request::new(
            format!("{name} {version}"),
            config.address(name, version.as_str(), &entry.digest),
            Expected {
                digests: vec![entry.digest],
                ..Expected::default()
            },
        );
        if let (true, Some(token)) = (config.wants_token, &registry.token) {
            request.headers = Headers::default().authorized(token);
        }
        let mut fetched = self.downloads.fetch(&request)?;
        let file = format!("{name}-{version}/Cargo.toml");
        let found = file_of_tar(&mut fetched.file, Packing::TarGz, &file, LARGEST_ABOUT);
        let about = match found {
            Ok(found) => found.as_deref().and_then(About::read),
            Err(error) => return Err(unclear(&request, error.to_string())),
        };
        about.ok_or_else(|| unclear(&request, format!("it has no `{file}` that is understood")))
    }

    /// The first build of those a crate tells of that is there.
    fn told(
        &self,
        ask: &Ask<'_>,
        (version, system): (&Version, &System),
        builds: Vec<Build>,
    ) -> Result<LockedPieces, CatalogueError> {
        for build in builds {
            let what = format!("{} for {system}", ask.package);
            let signer = ask.source.signer();
            let expected = Expected {
                signer: signer.clone(),
                ..Expected::default()
            };
            let request = Request::new(what, build.url.clone(), expected);
            let fetched = match self.downloads.fetch(&request) {
                Err(error) if error.says_absent() => continue,
                result => result?,
            };
            let file = super::redacted(&build.url);
            let name = file.split(['?', '#']).next().unwrap_or(&file);
            let packing = packing_of(name.rsplit('/').next().unwrap_or(name));
            let single = match build.programs.as_slice() {
                [(name, _)] => name.clone(),
                _ => ask.package.to_string(),
            };
            let is_program = packing.is_program();
            let piece = Piece {
                name: ask.source.offer.name.clone(),
                version: version.to_string(),
                file,
                size: Some(fetched.size),
                digest: ExpectedDigest::Blake3(fetched.digest),
                unpack: Some(packing),
                at: if is_program {
                    format!("bin/{single}")
                } else {
                    String::new()
                },
            };
            return Ok(LockedPieces {
                of: ask.source.offer.clone(),
                pieces: vec![piece],
                programs: if is_program {
                    BTreeMap::new()
                } else {
                    build.programs.into_iter().collect()
                },
                runtime: None,
                signer,
                whole: false,
            });
        }
        let why = "there is nothing where it says that builds are";
        Err(no_binary(ask, (version, system), why.to_owned()))
    }

    /// A file of the release of its repository.
    fn released(
        &self,
        ask: &Ask<'_>,
        (version, system): (&Version, &System),
        about: &About,
    ) -> Result<LockedPieces, CatalogueError> {
        let none = |why: String| no_binary(ask, (version, system), why);
        let Some(url) = &about.repository else {
            return Err(none("it names no repository".to_owned()));
        };
        let Some(offer) = repository::offer(url, self.endpoints) else {
            return Err(none(format!(
                "`{}` is not on a forge that is known",
                super::redacted(url)
            )));
        };
        let source = NamedSource {
            version: Some(format!("={version}")),
            minisign: ask.source.minisign.clone(),
            cosign: ask.source.cosign.clone(),
            ..NamedSource::of(offer.clone())
        };
        let bins = if ask.bin.is_empty() {
            &about.bins
        } else {
            ask.bin
        };
        let released = Ask {
            source: &source,
            bin: bins,
            ..*ask
        };
        let number = Version::parse(Scheme::Release, version.as_str());
        let number = number.map_err(|error| none(error.to_string()))?;
        let written = &ask.source.offer;
        let locked = self.forges.lock_as(written, &released, &number, system);
        let mut locked = locked.map_err(|error| match error {
            // What stands between us and the forge is no word on what it has.
            CatalogueError::Fetch(error) if !error.says_absent() => error.into(),
            CatalogueError::Fetch(_) | CatalogueError::NotOffered { .. } => {
                none(format!("its repository `{offer}` is not there"))
            }
            CatalogueError::Answer { why, .. } => none(format!("`{offer}`: {why}")),
            CatalogueError::Ambiguous { candidates, .. } => none(format!(
                "several files of `{offer}` may be meant: {}",
                candidates.join(", ")
            )),
            CatalogueError::NoFile { .. } => {
                none(format!("no file of the release in `{offer}` is for it"))
            }
            error => error,
        })?;
        locked.of = ask.source.offer.clone();
        for piece in &mut locked.pieces {
            piece.name = offer.to_string();
        }
        Ok(locked)
    }
}

impl Fetcher for Crates<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        _enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        let entries = self.entries(ask)?;
        let listed = entries.iter().map(|entry| Listed {
            version: entry.version.clone(),
            published: entry.published,
            withdrawn: entry
                .is_yanked
                .then(|| "its publisher withdrew it".to_owned()),
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
        let about = self.about(ask, version)?;
        let release = about::Release {
            name: &ask.source.offer.name,
            version: version.as_str(),
        };
        let builds = about.builds(release, system);
        let pieces = if builds.is_empty() {
            self.released(ask, (version, system), &about)?
        } else {
            self.told(ask, (version, system), builds)?
        };
        Ok((Reach::ThisSystem, pieces))
    }

    fn way<'s>(
        &'s self,
        of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let mut request = if let Ok(offer) = piece.name.parse::<Offer>() {
            self.forges.request(&offer, piece)
        } else {
            let expected = Expected {
                size: piece.size,
                digests: vec![piece.digest],
                signer: None,
            };
            Request::new(piece.name.clone(), &piece.file, expected)
        };
        request.expected.signer.clone_from(&of.signer);
        Ok(Way::Download(request))
    }
}

fn unclear(request: &Request, why: String) -> CatalogueError {
    CatalogueError::Answer {
        url: super::redacted(&request.url),
        why,
    }
}
