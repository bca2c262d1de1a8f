//! One package that is asked for, on one system: what there is to choose from, and its lock.
//!
//! Packages *constrain* others: where those are there at all, they must be such. So beside each package stands a slot,
//! which is either nothing or one build; a build of the package needs the slot to be itself, and whoever constrains it
//! asks something of the slot only.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

use super::super::catalogue::Ask;
use super::super::catalogue::CatalogueError;
use super::super::catalogue::LeftOut;
use super::super::catalogue::Need;
use super::super::catalogue::Needs;
use super::super::catalogue::Offered;
use super::super::catalogue::OfferedVersion;
use super::super::catalogue::Reach;
use super::super::catalogue::Universe;
use super::Conda;
use super::Search;
use super::baseline;
use super::choice::Choice;
use super::record::Record;
use super::spec::Spec;

/// What the slot of a package is called: behind the bracket is what of it is asked for, as elsewhere.
const SLOT: &str = "[if it is there]";

/// The slot of a package that is not there.
const NONE: &str = "none";

/// One package that is asked for, with all it needs.
pub(super) struct Tool<'s, 'a> {
    conda: &'s Conda<'a>,
    ask: &'s Ask<'s>,
    version: &'s Version,
    system: &'s System,
    search: Search,
    name: String,
    choices: RefCell<HashMap<String, Rc<Choice>>>,
    /// Which builds requirements take, by their text.
    ranges: RefCell<HashMap<String, Need>>,
    /// The newest version requirements take, by their text.
    newest: RefCell<HashMap<String, Option<Version>>>,
}

impl<'s, 'a> Tool<'s, 'a> {
    pub(super) fn new(
        conda: &'s Conda<'a>,
        ask: &'s Ask<'s>,
        version: &'s Version,
        system: &'s System,
    ) -> Result<Self, CatalogueError> {
        let (search, name) = conda.search(ask, system)?;
        Ok(Self {
            conda,
            ask,
            version,
            system,
            search,
            name,
            choices: RefCell::default(),
            ranges: RefCell::default(),
            newest: RefCell::default(),
        })
    }

    /// Brings what the solver may come to ask for.
    pub(super) fn gather(&self) -> Result<(), CatalogueError> {
        self.conda.gather(&self.search, &self.name, self.version)
    }

    /// The build of the package itself that comes first.
    pub(super) fn newest(&self) -> Result<BTreeMap<String, Version>, CatalogueError> {
        let choice = self.choice(&self.name)?;
        let own = |it: &&Record| it.version == *self.version;
        if let Some(record) = choice.rising.iter().rev().find(own) {
            return Ok(BTreeMap::from([(self.name.clone(), version_of(record))]));
        }
        let left_out = choice.left_out.iter().find(|(it, _)| own(&it));
        let why = left_out.map_or_else(
            || format!("there is no build of it in `{}`", self.search.subdir),
            |(_, why)| why.clone(),
        );
        Err(CatalogueError::NoBuild {
            what: format!("`{}` {}", self.ask.source.offer, self.version),
            system: Box::new(self.system.clone()),
            why,
        })
    }

    fn choice(&self, name: &str) -> Result<Rc<Choice>, CatalogueError> {
        if let Some(choice) = self.choices.borrow().get(name) {
            return Ok(Rc::clone(choice));
        }
        let records = self.conda.records(&self.search, name)?;
        let newest = |text: &str| self.newest_taken(text);
        let choice = Rc::new(Choice::new(&records, self.ask.not_after, &newest)?);
        let mut choices = self.choices.borrow_mut();
        choices.insert(name.to_owned(), Rc::clone(&choice));
        Ok(choice)
    }

    /// The newest version that a requirement takes, whatever is built of it.
    fn newest_taken(&self, text: &str) -> Result<Option<Version>, CatalogueError> {
        if let Some(known) = self.newest.borrow().get(text) {
            return Ok(known.clone());
        }
        let newest = match Spec::parse(text) {
            Ok(spec) if !baseline::is_virtual(&spec.name) => {
                let records = self.conda.records(&self.search, &spec.name)?;
                let versions = records.iter().map(|it| &it.version);
                versions.filter(|it| spec.takes_version(it)).max().cloned()
            }
            _ => None,
        };
        let mut known = self.newest.borrow_mut();
        known.insert(text.to_owned(), newest.clone());
        Ok(newest)
    }

    /// A requirement as the solver takes it: the builds that will do.
    fn need(&self, text: &str) -> Result<Result<Need, String>, CatalogueError> {
        if let Some(known) = self.ranges.borrow().get(text) {
            return Ok(Ok(known.clone()));
        }
        let spec = match Spec::parse(text) {
            Ok(spec) => spec,
            Err(why) => return Ok(Err(why)),
        };
        let taken = match self.virtual_package(&spec.name) {
            Some((version, build)) => {
                let takes = spec.takes(&version, &build, 0);
                takes
                    .then(|| format!("{version}={build}"))
                    .into_iter()
                    .collect()
            }
            None => self.choice(&spec.name)?.taken(&spec),
        };
        let shown = text.trim().get(spec.name.len()..).unwrap_or_default();
        let need = Need {
            range: VersionRange::among(Scheme::Release, shown.trim(), taken),
            package: spec.name,
        };
        let mut ranges = self.ranges.borrow_mut();
        ranges.insert(text.to_owned(), need.clone());
        Ok(Ok(need))
    }

    /// The same of a package that need not be there; nothing where it cannot be there.
    fn constraint(&self, text: &str) -> Result<Result<Option<Need>, String>, CatalogueError> {
        Ok(self.need(text)?.map(|need| {
            if !baseline::is_virtual(&need.package) {
                return Some(slot_need(&need));
            }
            // What a system is stands fixed.
            self.virtual_package(&need.package).map(|_| need)
        }))
    }

    fn virtual_package(&self, name: &str) -> Option<(Version, String)> {
        let (version, build) = baseline::virtual_package(self.system, name)?;
        Some((Version::parse(Scheme::Conda, version).ok()?, build))
    }

    fn offered_virtual(&self, name: &str) -> Offered {
        let found = self.virtual_package(name);
        let version = found.and_then(|(version, build)| spelled(&format!("{version}={build}")));
        Offered {
            versions: version.map(offered).into_iter().collect(),
            left_out: Vec::new(),
        }
    }

    fn piece(&self, name: &str, record: &Record) -> Result<Piece, CatalogueError> {
        let digest: Option<ExpectedDigest> = record.digest;
        Ok(Piece {
            name: name.to_owned(),
            version: record.version.to_string(),
            file: record.file.clone(),
            size: record.size,
            digest: digest.ok_or_else(|| CatalogueError::NoBuild {
                what: format!("`{name}` {}", record.spelled()),
                system: Box::new(self.system.clone()),
                why: "its channel does not tell its SHA-256".to_owned(),
            })?,
            unpack: None,
            at: String::new(),
        })
    }
}

/// What is asked of a slot by whoever asks this of its package.
fn slot_need(need: &Need) -> Need {
    Need {
        package: format!("{}{SLOT}", need.package),
        range: need.range.with_another(NONE),
    }
}

fn spelled(text: &str) -> Option<Version> {
    Version::parse(Scheme::Release, text).ok()
}

/// How the solver knows a build.
fn version_of(record: &Record) -> Version {
    spelled(&record.spelled()).expect("a record of a channel was looked at")
}

fn offered(version: Version) -> OfferedVersion {
    OfferedVersion {
        version,
        is_withdrawn: false,
    }
}

impl Universe for Tool<'_, '_> {
    fn roots(&self) -> Vec<Need> {
        let own = format!("{} =={}", self.name, self.version);
        let python = self.ask.source.python.as_deref();
        let python = python.map(|python| format!("python {python}.*"));
        let own = self.need(&own).ok().and_then(Result::ok);
        let python = python.and_then(|text| self.constraint(&text).ok().and_then(Result::ok));
        let python = python.flatten();
        own.into_iter().chain(python).collect()
    }

    fn is_slot(&self, package: &str) -> bool {
        package.ends_with(SLOT)
    }

    fn offered(&self, package: &str) -> Result<Arc<Offered>, CatalogueError> {
        if baseline::is_virtual(package) {
            return Ok(Arc::new(self.offered_virtual(package)));
        }
        let choice = self.choice(package.strip_suffix(SLOT).unwrap_or(package))?;
        let none = self.is_slot(package).then(|| spelled(NONE)).flatten();
        let versions = none.into_iter().chain(choice.rising.iter().map(version_of));
        let left_out = choice.left_out.iter().map(|(record, why)| LeftOut {
            version: version_of(record),
            why: why.clone(),
        });
        Ok(Arc::new(Offered {
            versions: versions.map(offered).collect(),
            left_out: left_out.collect(),
        }))
    }

    fn needs(&self, package: &str, version: &Version) -> Result<Needs, CatalogueError> {
        if self.is_slot(package) || baseline::is_virtual(package) {
            return Ok(Needs::Known(Vec::new()));
        }
        let choice = self.choice(package)?;
        let Some(record) = choice.get(version.as_str()) else {
            return Ok(Needs::Unusable("it is not offered any more".to_owned()));
        };
        let mut needs = vec![Need {
            package: format!("{package}{SLOT}"),
            range: VersionRange::among(
                Scheme::Release,
                version.as_str(),
                [version.as_str().to_owned()],
            ),
        }];
        for text in &record.depends {
            match self.need(text)? {
                Ok(need) => needs.push(need),
                Err(why) => return Ok(Needs::Unusable(why)),
            }
        }
        for text in &record.constrains {
            match self.constraint(text)? {
                Ok(need) => needs.extend(need),
                Err(why) => return Ok(Needs::Unusable(why)),
            }
        }
        Ok(Needs::Known(needs))
    }

    fn lock(
        &self,
        chosen: &BTreeMap<String, Version>,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let mut pieces = Vec::new();
        for (name, version) in chosen {
            if self.is_slot(name) || baseline::is_virtual(name) {
                continue;
            }
            let choice = self.choice(name)?;
            let record = choice.get(version.as_str());
            let record = record.ok_or_else(|| CatalogueError::NoBuild {
                what: format!("`{name}` {version}"),
                system: Box::new(self.system.clone()),
                why: "it is not offered any more".to_owned(),
            })?;
            let place = if *name == self.name { 0 } else { pieces.len() };
            pieces.insert(place, self.piece(name, record)?);
        }
        let locked = LockedPieces {
            of: self.ask.source.offer.clone(),
            pieces,
            programs: BTreeMap::new(),
            runtime: None,
            signer: None,
            whole: false,
        };
        Ok((Reach::ThisSystem, locked))
    }
}
