//! All that a package depends on, as packages to choose versions of.
//!
//! Where one of several will do, the choice itself is a package here: its name is the alternatives as they are written,
//! its versions are their numbers, and each needs the one it stands for. The first is the one that is preferred.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use dgmo_schema::lock::LockedPieces;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

use super::packages::Index;
use super::relation::Relation;
use crate::source::CatalogueError;
use crate::source::LeftOut;
use crate::source::Need;
use crate::source::Needs;
use crate::source::Offered;
use crate::source::OfferedVersion;
use crate::source::Reach;
use crate::source::Universe;

/// More alternatives than anybody means.
const MOST_ALTERNATIVES: usize = 64;

/// What makes a package of what was chosen.
type Make<'a> = Box<dyn Fn(&BTreeMap<String, Version>) -> LockedPieces + 'a>;

/// Packages of one architecture.
pub(super) struct Closure<'a> {
    index: Arc<Index>,
    root: Need,
    make: Make<'a>,
    choices: RefCell<BTreeMap<String, Vec<Need>>>,
}

impl<'a> Closure<'a> {
    pub(super) fn new(
        index: Arc<Index>,
        root: Need,
        make: impl Fn(&BTreeMap<String, Version>) -> LockedPieces + 'a,
    ) -> Self {
        Self {
            index,
            root,
            make: Box::new(make),
            choices: RefCell::default(),
        }
    }

    /// Who can meet one of `relations`, in the order in which they are preferred.
    fn candidates(&self, relations: &[Relation]) -> Vec<Need> {
        let mut candidates = Vec::new();
        for Relation { package, range } in relations {
            let versions = self.index.versions(package);
            if versions.iter().any(|it| range.matches(&it.version)) {
                candidates.push(Need {
                    package: package.clone(),
                    range: range.clone(),
                });
            }
            let is_any = range.as_str() == "*";
            for provider in self.index.providers(package) {
                // A name without a version stands for none that is asked for.
                let stands = match &provider.as_version {
                    Some(version) => range.matches(version),
                    None => is_any,
                };
                if stands && provider.package != *package {
                    candidates.push(Need {
                        package: provider.package.clone(),
                        range: VersionRange::exactly(&provider.version),
                    });
                }
            }
        }
        candidates.truncate(MOST_ALTERNATIVES);
        candidates
    }

    /// One need for all that can meet it.
    fn need(&self, mut candidates: Vec<Need>) -> Option<Need> {
        if candidates.len() < 2 {
            return candidates.pop();
        }
        let spelled = |need: &Need| match need.range.as_str() {
            "*" => need.package.clone(),
            range => format!("{} ({range})", need.package),
        };
        let package = candidates
            .iter()
            .map(spelled)
            .collect::<Vec<_>>()
            .join(" | ");
        let mut choices = self.choices.borrow_mut();
        choices.insert(package.clone(), candidates);
        Some(Need {
            package,
            range: VersionRange::any(Scheme::Debian),
        })
    }
}

/// The version of a choice that stands for its alternative of this number, of so many: the first is the highest.
fn version_of(number: usize, of: usize) -> Version {
    let text = (of - number).to_string();
    Version::parse(Scheme::Debian, &text).expect("a number is a version")
}

impl Universe for Closure<'_> {
    fn roots(&self) -> Vec<Need> {
        vec![self.root.clone()]
    }

    fn offered(&self, package: &str) -> Result<Arc<Offered>, CatalogueError> {
        let mut versions: Vec<Version> = if let Some(all) = self.choices.borrow().get(package) {
            (0..all.len()).map(|it| version_of(it, all.len())).collect()
        } else {
            let all = self.index.versions(package).iter();
            all.map(|it| it.version.clone()).collect()
        };
        versions.sort();
        let versions = versions.into_iter().map(|version| OfferedVersion {
            version,
            is_withdrawn: false,
        });
        Ok(Arc::new(Offered {
            versions: versions.collect(),
            left_out: Vec::<LeftOut>::new(),
        }))
    }

    fn needs(&self, package: &str, version: &Version) -> Result<Needs, CatalogueError> {
        if let Some(all) = self.choices.borrow().get(package) {
            let chosen = (0..all.len()).find(|it| version_of(*it, all.len()) == *version);
            let needs = chosen.map(|it| all[it].clone()).into_iter().collect();
            return Ok(Needs::Known(needs));
        }
        let Some(found) = self.index.find(package, version) else {
            return Ok(Needs::Unusable("no archive has it".to_owned()));
        };
        let relations = match found.needs() {
            Ok(relations) => relations,
            Err(why) => {
                return Ok(Needs::Unusable(format!(
                    "what it depends on is not understood: {why}"
                )));
            }
        };
        let mut needs = Vec::new();
        for relations in relations {
            let Some(need) = self.need(self.candidates(&relations)) else {
                let names = relations.iter();
                let names = names.map(|it| format!("{} ({})", it.package, it.range));
                let names = names.collect::<Vec<_>>().join(" | ");
                let why = format!("it depends on {names}, which no archive has");
                return Ok(Needs::Unusable(why));
            };
            needs.push(need);
        }
        Ok(Needs::Known(needs))
    }

    fn lock(
        &self,
        chosen: &BTreeMap<String, Version>,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let choices = self.choices.borrow();
        let packages = chosen
            .iter()
            .filter(|(name, _)| !choices.contains_key(*name));
        let packages = packages.map(|(name, version)| (name.clone(), version.clone()));
        Ok((Reach::ThisSystem, (self.make)(&packages.collect())))
    }
}
