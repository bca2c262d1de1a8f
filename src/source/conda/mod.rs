//! Packages of conda's channels: one build of a package and of all it needs, chosen for a system.
//!
//! ```text
//! listing ──▶ index    all a channel has for a system, read in one pass and kept so that a package costs one look
//! spec                 what one package asks of another
//! record               what is said of one build
//! choice ──▶ tool      builds in the order people want them, and what goes together with what
//! ```
//!
//! A piece is one build, named by its channel, its folder there and its file.

mod baseline;
mod choice;
mod index;
mod listing;
mod record;
mod settings;
mod spec;
mod tool;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use std::sync::OnceLock;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::system::System;
use dgmo_schema::version::Version;

use super::Downloads;
use super::Expected;
use super::FetchError;
use super::Request;
use super::catalogue::Ask;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Reach;
use super::catalogue::Universe;
use super::catalogue::Versions;
use super::catalogue::Way;
use super::pypi::Known;
use baseline::NOARCH;
use index::Index;
use index::IndexError;
use record::Raw;
use record::Record;
use settings::Channel;
use settings::Settings;
use tool::Tool;

/// The list of a folder of a channel, as most have it.
const COMPRESSED: &str = "repodata.json.zst";

/// The channels of conda.
pub(super) struct Conda<'a> {
    downloads: &'a Downloads<'a>,
    endpoints: &'a Endpoints,
    settings: OnceLock<Settings>,
    /// What was asked in this run, by address; nothing where a channel has no such folder.
    lists: Known<Option<Arc<Index>>>,
    /// Builds of packages, by where they were looked for.
    packages: Known<Arc<Vec<Record>>>,
}

/// Where packages are looked for.
struct Search {
    /// The first that has a package of a name is the one it comes from.
    channels: Vec<Channel>,
    /// The folder of the system.
    subdir: &'static str,
}

impl<'a> Conda<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            endpoints,
            settings: OnceLock::new(),
            lists: Known::default(),
            packages: Known::default(),
        }
    }

    fn settings(&self) -> &Settings {
        self.settings.get_or_init(|| Settings::read(self.endpoints))
    }

    /// Where a package is looked for, and what it is called there.
    fn search(&self, ask: &Ask<'_>, system: &System) -> Result<(Search, String), CatalogueError> {
        let (channel, name) = split_channel(&ask.source.offer.name);
        let channels = self.settings().channels(channel)?;
        let Some(subdir) = baseline::subdir(system) else {
            return Err(CatalogueError::NoBuild {
                what: format!("`{}`", ask.source.offer),
                system: Box::new(system.clone()),
                why: "conda has no packages for such a system".to_owned(),
            });
        };
        Ok((Search { channels, subdir }, name.to_ascii_lowercase()))
    }

    /// All builds of a package, in no order.
    fn records(&self, search: &Search, name: &str) -> Result<Arc<Vec<Record>>, CatalogueError> {
        let urls = search.channels.iter().map(|it| it.server.url.as_str());
        let urls: Vec<&str> = urls.collect();
        let key = format!("{}\n{}\n{name}", urls.join("\n"), search.subdir);
        self.packages.get(&key, || {
            for channel in &search.channels {
                let mut found: BTreeMap<(Version, String), Record> = BTreeMap::new();
                // Of two forms of one build the better comes last: that for the system, in the newer packing.
                for place in [NOARCH, search.subdir] {
                    for raw in self.raw(channel, place, name)? {
                        let place = format!("{}/{place}", channel.name);
                        let Some(record) = Record::new(raw, &place) else {
                            continue;
                        };
                        let key = (record.version.clone(), record.build.clone());
                        let is_better =
                            |there: &Record| record.is_packed_anew() || !there.is_packed_anew();
                        if found.get(&key).is_none_or(is_better) {
                            found.insert(key, record);
                        }
                    }
                }
                if !found.is_empty() {
                    return Ok(Arc::new(found.into_values().collect()));
                }
            }
            Ok(Arc::default())
        })
    }

    fn raw(&self, channel: &Channel, place: &str, name: &str) -> Result<Vec<Raw>, CatalogueError> {
        let Some(list) = self.list(channel, place)? else {
            return Ok(Vec::new());
        };
        let url = format!("{}/{place}", channel.server.url);
        list.records(name)
            .map_err(|source| FetchError::Cache { url, source }.into())
    }

    /// What a channel has in one of its folders.
    fn list(&self, channel: &Channel, place: &str) -> Result<Option<Arc<Index>>, CatalogueError> {
        let url = format!("{}/{place}", channel.server.url);
        self.lists.get(&url, || {
            let mut last = None;
            for name in [COMPRESSED, "repodata.json"] {
                match self.read_list(channel, place, name) {
                    Ok(index) => return Ok(Some(Arc::new(index))),
                    Err(CatalogueError::Fetch(error)) if error.says_absent() => {}
                    // What is not here without a network may be here in the other form.
                    Err(CatalogueError::Fetch(error @ FetchError::Offline { .. })) => {
                        last = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            last.map_or(Ok(None), |error| Err(error.into()))
        })
    }

    fn read_list(
        &self,
        channel: &Channel,
        place: &str,
        name: &str,
    ) -> Result<Index, CatalogueError> {
        let request = file_request(channel, &format!("{place}/{name}"), Expected::default());
        let fetched = self.downloads.fetch(&request)?;
        let key = Digest::of(request.url.as_bytes()).hex();
        let path = self.downloads.folder().with_file_name("conda");
        let path = path.join(&key[..32]);
        let index = Index::of(&path, fetched.digest, || {
            let reader: Box<dyn Read> = if name == COMPRESSED {
                Box::new(zstd::stream::read::Decoder::new(fetched.file)?)
            } else {
                Box::new(fetched.file)
            };
            Ok(reader)
        });
        index.map_err(|error| match error {
            IndexError::List(why) => CatalogueError::Answer {
                url: super::redacted(&request.url),
                why,
            },
            IndexError::Cache(source) => FetchError::Cache {
                url: super::redacted(&request.url),
                source,
            }
            .into(),
        })
    }
}

/// `lab::cmake` is `cmake` of the channel `lab`.
fn split_channel(name: &str) -> (Option<&str>, &str) {
    name.split_once("::")
        .map_or((None, name), |(channel, name)| (Some(channel), name))
}

/// What is asked for a file of a channel.
fn file_request(channel: &Channel, path: &str, expected: Expected) -> Request {
    let mirrors = channel.server.mirrors.iter();
    Request {
        what: path.rsplit('/').next().unwrap_or(path).to_owned(),
        url: format!("{}/{path}", channel.server.url),
        mirrors: mirrors.map(|mirror| format!("{mirror}/{path}")).collect(),
        headers: channel.server.own_headers().accepting("*/*"),
        expected,
    }
}

/// When a version was published first, and for which systems.
#[derive(Default)]
struct Seen<'s> {
    published: Option<Timestamp>,
    systems: BTreeSet<&'s System>,
}

impl Fetcher for Conda<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        _enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        let mut seen: BTreeMap<Version, Seen<'_>> = BTreeMap::new();
        let mut places = BTreeSet::new();
        for system in ask.systems {
            let (search, name) = self.search(ask, system)?;
            let records = self.records(&search, &name)?;
            for record in records.iter().filter(|it| it.digest.is_some()) {
                let it = seen.entry(record.version.clone()).or_default();
                it.published = it.published.into_iter().chain(record.published).min();
                it.systems.insert(system);
            }
            places.extend(search.channels.into_iter().map(|it| it.name));
        }
        if seen.is_empty() {
            return Err(CatalogueError::NotListed {
                offer: ask.source.offer.clone(),
                places: places.into_iter().map(|it| format!("`{it}`")).collect(),
            });
        }
        let listed = seen.into_iter().map(|(version, it)| {
            let lacking = ask
                .systems
                .iter()
                .filter(|system| !it.systems.contains(system));
            let lacking: Vec<String> = lacking.map(ToString::to_string).collect();
            Listed {
                version,
                published: it.published,
                withdrawn: (!lacking.is_empty())
                    .then(|| format!("there is no build of it for {}", lacking.join(", "))),
            }
        });
        Ok(Versions {
            listed: listed.collect(),
            channels: BTreeMap::new(),
        })
    }

    /// The package alone, without what it needs.
    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let tool = Tool::new(self, ask, version, system)?;
        let newest = tool.newest()?;
        tool.lock(&newest)
    }

    fn universe<'s>(
        &'s self,
        ask: &'s Ask<'s>,
        version: &'s Version,
        system: &'s System,
    ) -> Result<Option<Box<dyn Universe + 's>>, CatalogueError> {
        let tool = Tool::new(self, ask, version, system)?;
        // Without a build of its own there is nothing to choose for.
        tool.newest()?;
        Ok(Some(Box::new(tool)))
    }

    fn is_meant(&self, ask: &Ask<'_>, locked: &LockedPieces) -> bool {
        let Some(asked) = &ask.source.python else {
            return true;
        };
        let mut pythons = locked.pieces.iter().filter(|it| it.name == "python");
        let begins = |version: &str| {
            let rest = version.strip_prefix(asked.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        pythons.all(|python| begins(&python.version))
    }

    fn way<'s>(
        &'s self,
        _of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let mut names = piece.file.rsplitn(3, '/');
        let (Some(file), Some(place), Some(channel)) = (names.next(), names.next(), names.next())
        else {
            return Err(CatalogueError::Answer {
                url: piece.file.clone(),
                why: "it is not `CHANNEL/FOLDER/FILE`".to_owned(),
            });
        };
        let channel = self.settings().channel(channel)?;
        let expected = Expected {
            size: piece.size,
            digests: vec![piece.digest],
            signer: None,
        };
        let request = file_request(&channel, &format!("{place}/{file}"), expected);
        Ok(Way::Download(request))
    }
}
