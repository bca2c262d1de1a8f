//! Short names spelled out: what an index says of a tool, or what the lock kept of that.

use std::collections::BTreeMap;

use dgmo_schema::lock::Lock;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::Recipe;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::ShortSource;
use dgmo_schema::manifest::Source;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;

use super::PackageError;
use super::ResolveHow;
use super::has_node;
use super::named;
use super::python;
use crate::source::Catalogues;
use crate::source::IndexError;
use crate::source::Indexes;

/// A package of a short name: what a manifest would say in its place.
#[derive(Debug)]
pub(super) struct Spelled {
    /// All that was said of it, for the lock.
    pub(super) recipes: Vec<Recipe>,
    /// What each group of systems gets.
    pub(super) parts: Vec<Part>,
    /// The one version that all of them get, where it is known already.
    pub(super) version: Option<String>,
}

/// What some of the manifest's systems get.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) systems: Vec<System>,
    /// Whether its recipe is for any system, also those the manifest does not have.
    pub(super) is_for_all: bool,
    pub(super) requirement: Requirement,
}

/// All short names of a manifest, spelled out, and those that cannot be.
#[derive(Debug, Default)]
pub(super) struct SpelledOut {
    pub(super) packages: BTreeMap<PackageName, Spelled>,
    pub(super) failures: Vec<(PackageName, PackageError)>,
}

/// Looks the short names of a manifest up: in the lock, and in the indexes what is not there or shall be new.
pub(super) fn spell_out(
    manifest: &Manifest,
    previous: Option<&Lock>,
    how: &ResolveHow<'_>,
) -> SpelledOut {
    let mut out = SpelledOut::default();
    for (name, requirement) in &manifest.packages {
        let Source::Short(source) = &requirement.source else {
            continue;
        };
        let previous = previous.and_then(|lock| lock.packages.get(name));
        let looking = Looking {
            manifest,
            name,
            source,
            previous: previous.filter(|_| !how.update.covers(name)),
        };
        match looking.spelled(requirement, how) {
            Ok(spelled) => {
                out.packages.insert(name.clone(), spelled);
            }
            Err(failure) => out.failures.push((name.clone(), failure)),
        }
    }
    out
}

/// What tells the newest versions of a package of a short name.
pub(super) fn source_of(
    manifest: &Manifest,
    name: &PackageName,
    source: &ShortSource,
    (locked, indexes): (Option<&LockedPackage>, &Indexes<'_>),
) -> Result<NamedSource, IndexError> {
    let looking = Looking {
        manifest,
        name,
        source,
        previous: locked,
    };
    let recipes = looking.recipes(indexes)?;
    let this = System::this();
    let system = manifest.systems.iter().find(|system| **system == this);
    let system = system.unwrap_or(&manifest.systems[0]);
    let recipe = looking.recipe(&recipes, system)?;
    Ok(looking.versions_of(recipe))
}

/// One short name being looked up.
struct Looking<'a> {
    manifest: &'a Manifest,
    name: &'a PackageName,
    source: &'a ShortSource,
    /// What the lock says of it, unless that shall be new.
    previous: Option<&'a LockedPackage>,
}

impl Looking<'_> {
    fn recipes(&self, indexes: &Indexes<'_>) -> Result<Vec<Recipe>, IndexError> {
        match self.previous.filter(|it| !it.recipes.is_empty()) {
            Some(previous) => Ok(previous.recipes.clone()),
            None => Ok(indexes.look_up(self.name.as_str())?.tool.recipes.clone()),
        }
    }

    fn recipe<'r>(&self, recipes: &'r [Recipe], system: &System) -> Result<&'r Recipe, IndexError> {
        let found = recipes.iter().find(|recipe| recipe.is_for(system));
        found.ok_or_else(|| IndexError::OtherSystems {
            name: self.name.to_string(),
            system: Box::new(system.clone()),
        })
    }

    /// What is asked for; `latest` is what is taken where nothing is said.
    fn version(&self) -> Option<&str> {
        let version = self.source.version.as_deref();
        version.filter(|version| *version != "latest")
    }

    /// What has the versions of what a recipe leads to.
    fn versions_of(&self, recipe: &Recipe) -> NamedSource {
        let requirement = recipe.requirement(self.version());
        match (requirement.source, recipe.offer()) {
            (Source::Named(named), _) => named,
            (_, offer) => NamedSource {
                version: self.version().map(str::to_owned),
                ..NamedSource::of(offer.expect("the reader refuses others").clone())
            },
        }
    }

    fn spelled(
        &self,
        requirement: &Requirement,
        how: &ResolveHow<'_>,
    ) -> Result<Spelled, PackageError> {
        let recipes = self.recipes(how.indexes)?;
        let mut groups: Vec<(&Recipe, Vec<System>)> = Vec::new();
        for system in &self.manifest.systems {
            let recipe = self.recipe(&recipes, system)?;
            match groups.iter_mut().find(|(it, _)| std::ptr::eq(*it, recipe)) {
                Some((_, systems)) => systems.push(system.clone()),
                None => groups.push((recipe, vec![system.clone()])),
            }
        }
        let mut version = None;
        for (recipe, systems) in groups.iter().filter(|(recipe, _)| recipe.of.is_none()) {
            if version.is_none() {
                version = Some(self.choose(recipe, systems, how)?);
            }
        }
        let parts = groups.into_iter().map(|(recipe, systems)| {
            let asked = match &recipe.of {
                Some(_) => self.version(),
                None => version.as_deref(),
            };
            let mut part = recipe.requirement(asked);
            if !requirement.bin.is_empty() {
                part.bin.clone_from(&requirement.bin);
            }
            self.sign(&mut part.source)?;
            Ok(Part {
                systems,
                is_for_all: recipe.systems.is_empty(),
                requirement: part,
            })
        });
        let parts = parts.collect::<Result<_, IndexError>>()?;
        Ok(Spelled {
            recipes,
            parts,
            version,
        })
    }

    /// Has the manifest's word on who must have signed it go before that of the index.
    fn sign(&self, source: &mut Source) -> Result<(), IndexError> {
        if self.source.signer().is_none() {
            return Ok(());
        }
        let (minisign, cosign) = match source {
            Source::Named(named) if !named.offer.catalogue.has_signatures() => {
                return Err(IndexError::Unsigned {
                    name: self.name.to_string(),
                    of: named.offer.to_string(),
                });
            }
            Source::Named(named) => (&mut named.minisign, &mut named.cosign),
            Source::Url(url) => (&mut url.minisign, &mut url.cosign),
            Source::Path { .. } | Source::Short(_) => return Ok(()),
        };
        minisign.clone_from(&self.source.minisign);
        cosign.clone_from(&self.source.cosign);
        Ok(())
    }

    /// The version for an address: that of the lock if it still fits, else the newest that its list has.
    fn choose(
        &self,
        recipe: &Recipe,
        systems: &[System],
        how: &ResolveHow<'_>,
    ) -> Result<String, PackageError> {
        let said = self.versions_of(recipe);
        let wanted = named::Wanted {
            name: self.name,
            source: &said,
            bin: &[],
            systems,
            previous: None,
            version: None,
            is_alone: true,
            not_after: how.not_after,
            python: python(self.manifest),
            has_node: has_node(self.manifest),
            to: None,
        };
        let locked = self.previous.and_then(|it| it.version.as_deref());
        let version = if let Some(to) = how.update.to(self.name) {
            wanted.version_at(to, how.catalogues)?
        } else {
            wanted.version(locked, how.catalogues)?
        };
        // Of a tag such as `v1.2` or `go1.2`, addresses have the number.
        let number = version.trim_start_matches(|c: char| !c.is_ascii_digit());
        Ok(number.to_owned())
    }
}

/// What [`newest`](super::newest) asks with.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Who offers packages by name.
    pub catalogues: &'a Catalogues<'a>,
    /// Who knows short names.
    pub indexes: &'a Indexes<'a>,
}
