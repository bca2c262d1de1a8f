//! Packages of conda's channels: one build of a package and of all it needs, chosen for a system.
//!
//! ```text
//! listing ──▶ index    all a channel has for a system, read in one pass and kept so that a package costs one look
//! msgpack ──▶ shards   the same in small files, one for each package, where a channel has it so
//! lists                whichever of the two there is
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
mod lists;
mod msgpack;
mod record;
mod settings;
mod shards;
mod spec;
mod tool;
#[cfg(test)]
#[path = "../../../tests/support/msgpack.rs"]
mod writing;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::OnceLock;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::system::System;
use dgmo_schema::version::Version;

use super::Downloads;
use super::Expected;
use super::FetchError;
use super::catalogue::Ask;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Reach;
use super::catalogue::Universe;
use super::catalogue::Versions;
use super::catalogue::Way;
use super::parallel;
use super::pypi::Known;
use baseline::NOARCH;
use lists::Lists;
use lists::file_request;
use record::Raw;
use record::Record;
use settings::Channel;
use settings::Settings;
use tool::Tool;

/// How many packages are asked for at once.
const ASKED_AT_ONCE: usize = 8;

/// So many packages are gathered for one; what is large needs some hundreds.
const MOST_GATHERED: usize = 5000;

/// The channels of conda.
pub(super) struct Conda<'a> {
    endpoints: &'a Endpoints,
    settings: OnceLock<Settings>,
    lists: Lists<'a>,
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
            endpoints,
            settings: OnceLock::new(),
            lists: Lists::new(downloads),
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
                let mut said = Vec::new();
                for place in [NOARCH, search.subdir] {
                    said.push((place, self.lists.records(channel, place, name)?));
                }
                let found = merged(&channel.name, said);
                if !found.is_empty() {
                    return Ok(Arc::new(found));
                }
            }
            Ok(Arc::default())
        })
    }

    /// Brings what is said of all that a package may come to need, several at once where each has a shard of its own: the
    /// solver, who asks for one after the other, would wait for each.
    fn gather(&self, search: &Search, name: &str, version: &Version) -> Result<(), CatalogueError> {
        if !self.lists.is_sharded(&search.channels[0], search.subdir)? {
            return Ok(());
        }
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut reached = vec![name.to_owned()];
        let mut is_own = true;
        while !reached.is_empty() && seen.len() <= MOST_GATHERED {
            let hosts = vec![None; reached.len()];
            let found = parallel::run(&hosts, ASKED_AT_ONCE, ASKED_AT_ONCE, |index| {
                self.records(search, &reached[index])
            });
            reached.clear();
            for records in found {
                let records = match records {
                    Ok(records) => records,
                    Err(CatalogueError::Fetch(FetchError::Offline { .. })) => continue,
                    Err(error @ CatalogueError::Fetch(_)) => return Err(error),
                    // What is wrong with one shard matters to who needs it, and is told then.
                    Err(_) => continue,
                };
                let all = records.iter();
                for record in all.filter(|it| !is_own || it.version == *version) {
                    let names = record.depends.iter().filter_map(|it| spec::name_in(it));
                    for name in names.filter(|name| !baseline::is_virtual(name)) {
                        if seen.insert(name.clone()) {
                            reached.push(name);
                        }
                    }
                }
            }
            is_own = false;
        }
        Ok(())
    }
}

/// What is said of one package in the folders of a channel, the one for its own system last. Of two forms of one build the
/// better counts: that in the newer packing, then that for the system, whatever order a list has.
fn merged(channel: &str, said: Vec<(&str, Vec<Raw>)>) -> Vec<Record> {
    let mut all = Vec::new();
    for (index, (place, records)) in said.into_iter().enumerate() {
        let place = format!("{channel}/{place}");
        let records = records.into_iter();
        let records = records.filter_map(|raw| Record::new(raw, &place));
        all.extend(records.map(|record| (index, record)));
    }
    // The better comes later, and takes the place of what came before.
    all.sort_by_cached_key(|(index, it)| (it.is_packed_anew(), *index, it.file.clone()));
    let mut found: BTreeMap<(Version, String), Record> = BTreeMap::new();
    for (_, record) in all {
        found.insert((record.version.clone(), record.build.clone()), record);
    }
    found.into_values().collect()
}

/// `lab::cmake` is `cmake` of the channel `lab`.
fn split_channel(name: &str) -> (Option<&str>, &str) {
    name.split_once("::")
        .map_or((None, name), |(channel, name)| (Some(channel), name))
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
        tool.gather()?;
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
        Ok(Way::Download(self.lists.lead(
            &channel,
            (place, file),
            request,
        )))
    }
}
