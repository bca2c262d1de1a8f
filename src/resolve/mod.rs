//! Turns a manifest into a lock: requirements in, exact bytes and trees out.

mod aim;
mod error;
mod named;
mod path;
mod placeholder;
mod record;
mod runtime;
mod several;
mod short;
mod solve;
#[cfg(test)]
pub(crate) mod tests;
mod url;

pub use error::PackageError;
pub use error::RecordError;
pub use error::ResolveError;
pub use named::NamedError;
pub use named::Newest;
pub(crate) use path::program_tree;
pub use placeholder::PlaceholderError;
pub(crate) use record::identity;
pub use record::record;
pub use several::Several;
pub use short::Asking;
pub(crate) use url::unpack;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use dgmo_schema::code::Code;
use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::lock::Scope;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::ShortSource;
use dgmo_schema::manifest::Source;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_store::Busy;
use dgmo_store::StatCache;

use crate::home;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Errand;
use crate::source::IndexError;
use crate::source::Indexes;
use crate::source::in_parallel;
use short::Part;
use short::Spelled;
use short::SpelledOut;
use url::Wanted;

/// How many packages catalogues are asked for at once.
const ASKED_AT_ONCE: usize = 8;

/// Which packages are locked afresh although the previous lock still fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Update {
    /// None: what fits stays.
    #[default]
    Nothing,
    /// These.
    Only(BTreeSet<PackageName>),
    /// This one, and to that version.
    To(PackageName, String),
    /// Each.
    All,
}

impl Update {
    fn covers(&self, name: &PackageName) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(names) => names.contains(name),
            Self::To(only, _) => only == name,
            Self::All => true,
        }
    }

    /// The version that is named for a package.
    fn to(&self, name: &PackageName) -> Option<&str> {
        match self {
            Self::To(only, version) if only == name => Some(version),
            _ => None,
        }
    }
}

/// How packages are resolved.
#[derive(Debug)]
pub struct ResolveHow<'a> {
    /// What is locked afresh.
    pub update: Update,
    /// Where downloads lie, and whether the network may be used.
    pub downloads: &'a Downloads<'a>,
    /// Who offers packages by name.
    pub catalogues: &'a Catalogues<'a>,
    /// Who knows short names.
    pub indexes: &'a Indexes<'a>,
    /// Versions published later are not taken anew.
    pub not_after: Option<Timestamp>,
    /// Files of `path:` packages it knows are not read again.
    pub stat_cache: Option<&'a StatCache>,
}

/// What a manifest was resolved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The lock, for all systems of the manifest.
    pub lock: Lock,
    /// Where on this machine, and behind which whole addresses, the packages are.
    pub origins: Origins,
}

/// What is needed to get at the packages of a lock and does not belong into it: folders of this machine, and
/// addresses with users and passwords.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    paths: BTreeMap<PackageName, Taken>,
    addresses: BTreeMap<(PackageName, Scope), String>,
    /// Packages that are taken although they are tied to a place.
    tied: BTreeSet<PackageName>,
}

/// A folder or file of this machine that is a package.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Taken {
    path: PathBuf,
    program: String,
}

impl Origins {
    /// The folder or file a `path:` package is taken from.
    pub fn path(&self, name: &PackageName) -> Option<&Path> {
        self.paths.get(name).map(|taken| taken.path.as_path())
    }

    /// What the program of a `path:` package that is a single file is called.
    pub(crate) fn program(&self, name: &PackageName) -> Option<&str> {
        self.paths.get(name).map(|taken| taken.program.as_str())
    }

    /// Whether a package is taken although it is tied to a place.
    pub(crate) fn may_be_tied(&self, name: &PackageName) -> bool {
        self.tied.contains(name)
    }

    /// The whole address of a package, where it is more than the lock says.
    pub fn address(&self, name: &PackageName, scope: &Scope) -> Option<&str> {
        let known = self.addresses.get(&(name.clone(), scope.clone()));
        known.map(String::as_str)
    }
}

/// Resolves every package of `manifest` for all its systems.
///
/// What the `previous` lock says of a package stays as long as it fits the manifest, and costs neither network nor
/// disk. Packages with `path:` are looked at each time. When packages fail, all of them are told.
pub fn resolve(
    manifest: &Manifest,
    previous: Option<&Lock>,
    how: &ResolveHow<'_>,
    observer: &dyn Observer,
) -> Result<Resolution, ResolveError> {
    let SpelledOut {
        packages: spelled,
        failures,
    } = short::spell_out(manifest, previous, how);
    let mut work = Work {
        manifest,
        previous,
        how,
        observer,
        resolution: Resolution {
            lock: Lock::default(),
            origins: Origins::default(),
        },
        wanted: Vec::new(),
        failures,
    };
    let mut near = Vec::new();
    let mut named = Vec::new();
    for (name, requirement) in &manifest.packages {
        if !requirement.relocatable {
            work.resolution.origins.tied.insert(name.clone());
        }
        match &requirement.source {
            Source::Path { path, base } => near.push(Near {
                name,
                written: path,
                taken: Taken {
                    path: home::locate(base, path),
                    program: program_name(name, requirement),
                },
            }),
            Source::Named(source) => {
                named.push(vec![work.named(name, (requirement, source), None)]);
            }
            Source::Url(_) => {
                work.look_at_addresses(name, requirement, &manifest.systems);
            }
            Source::Short(_) => {
                // Who is not spelled out has failed already.
                let spelled = spelled.get(name);
                named.extend(spelled.map(|spelled| work.spelled(name, spelled)));
            }
        }
    }
    work.take(near);
    work.ask(&named);
    work.fetch();
    for (name, package) in &mut work.resolution.lock.packages {
        if let Some(spelled) = spelled.get(name) {
            package.recipes.clone_from(&spelled.recipes);
        }
    }
    if work.failures.is_empty() {
        work.failures = runtime::bind(&mut work.resolution.lock);
    }
    if work.failures.is_empty() {
        return Ok(work.resolution);
    }
    let code = Code::ResolveFailed;
    Err(Several::new("resolve", code, work.failures))
}

/// Where the short name `name` leads on this system.
pub fn source_of_short(
    manifest: &Manifest,
    (name, source): (&PackageName, &ShortSource),
    indexes: &Indexes<'_>,
) -> Result<NamedSource, IndexError> {
    short::source_of(manifest, name, source, (None, indexes))
}

/// What catalogues have that is newer than `locked`: of the packages `only`, or of all that come from one.
pub fn newest(
    manifest: &Manifest,
    locked: &Lock,
    asking: Asking<'_>,
    (not_after, only): (Option<Timestamp>, &BTreeSet<PackageName>),
) -> Vec<(PackageName, Result<Newest, PackageError>)> {
    let packages = manifest.packages.iter();
    let packages = packages.filter(|(name, _)| only.is_empty() || only.contains(*name));
    let named = packages.filter_map(|(name, requirement)| {
        let source = match &requirement.source {
            Source::Named(source) => Ok(source.clone()),
            Source::Short(source) => {
                let known = (locked.packages.get(name), asking.indexes);
                short::source_of(manifest, name, source, known)
            }
            Source::Url(_) | Source::Path { .. } => return None,
        };
        Some((name, requirement, source))
    });
    let named: Vec<_> = named.collect();
    let found = in_parallel(&vec![None; named.len()], ASKED_AT_ONCE, 1, |index| {
        let (name, requirement, source) = &named[index];
        let Ok(source) = source else { return None };
        let wanted = named::Wanted {
            name,
            source,
            bin: &requirement.bin,
            systems: &manifest.systems,
            previous: None,
            version: None,
            is_alone: true,
            not_after,
            python: python(manifest),
            has_node: has_node(manifest),
            to: None,
        };
        Some(wanted.newest(locked.packages.get(*name), asking.catalogues))
    });
    let found = named.into_iter().zip(found);
    let found = found.map(|((name, _, source), found)| {
        let result = match (source, found) {
            (Err(error), _) => Err(error.into()),
            (Ok(_), found) => found
                .expect("who has a source was asked")
                .map_err(PackageError::from),
        };
        (name.clone(), result)
    });
    found.collect()
}

/// What `version:` has to say of the package `name`, which is `source`, so that it is `to` and stays so.
pub fn requirement(
    manifest: &Manifest,
    (name, source): (&PackageName, &NamedSource),
    to: &str,
    catalogues: &Catalogues<'_>,
) -> Result<String, NamedError> {
    let wanted = named::Wanted {
        name,
        source,
        bin: &[],
        systems: &manifest.systems,
        previous: None,
        version: None,
        is_alone: true,
        not_after: None,
        python: python(manifest),
        has_node: has_node(manifest),
        to: None,
    };
    let fetcher = catalogues.fetcher(source.offer.catalogue)?;
    wanted.requirement(to, fetcher)
}

/// Which Python the manifest itself has: what it says of the version of the package of this name.
fn python(manifest: &Manifest) -> Option<&str> {
    let named = |name: &&PackageName| name.as_str() == "python";
    let name = manifest.packages.keys().find(named)?;
    match &manifest.packages[name].source {
        Source::Named(source) => source.version.as_deref(),
        Source::Url(source) => source.version.as_deref(),
        Source::Short(source) => source.version.as_deref(),
        Source::Path { .. } => None,
    }
}

/// Whether the manifest itself has a node.
fn has_node(manifest: &Manifest) -> bool {
    manifest.packages.keys().any(|name| name.as_str() == "node")
}

/// A package of this machine.
struct Near<'a> {
    name: &'a PackageName,
    /// Where it is, as the manifest says.
    written: &'a str,
    taken: Taken,
}

/// A manifest being resolved.
struct Work<'a> {
    manifest: &'a Manifest,
    previous: Option<&'a Lock>,
    how: &'a ResolveHow<'a>,
    observer: &'a dyn Observer,
    resolution: Resolution,
    /// What has to be fetched.
    wanted: Vec<Wanted<'a>>,
    failures: Vec<(PackageName, PackageError)>,
}

impl<'a> Work<'a> {
    /// Hashes what is on this machine: several packages at once, since most of them are small.
    fn take(&mut self, near: Vec<Near<'_>>) {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let cache = self.how.stat_cache;
        let left = AtomicUsize::new(near.len());
        let others: Vec<Busy> = (1..cores).map(|_| Busy::new()).collect();
        let others = Mutex::new(others);
        let hashed = in_parallel(&vec![None; near.len()], cores, cores, |index| {
            if left.fetch_sub(1, Ordering::Relaxed) <= cores {
                // The last ones, one of which may be large, are helped by whoever is done.
                others
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clear();
            }
            let taken = &near[index].taken;
            path::hash(&taken.path, &taken.program, cache)
        });
        for (near, found) in near.into_iter().zip(hashed) {
            let name = near.name;
            let found = match found {
                Ok(found) => found,
                Err(failure) => {
                    self.failures.push((name.clone(), failure));
                    continue;
                }
            };
            self.warn(name, &found.warnings);
            let locked = Locked::Path {
                path: near.written.to_owned(),
                tree: found.tree,
            };
            let paths = &mut self.resolution.origins.paths;
            paths.insert(name.clone(), near.taken);
            self.settle(name, None, Scope::Any, locked);
        }
    }

    fn named(
        &self,
        name: &'a PackageName,
        (requirement, source): (&'a Requirement, &'a NamedSource),
        of: Option<(&'a Spelled, &'a Part)>,
    ) -> named::Wanted<'a> {
        let previous = self.previous.and_then(|lock| lock.packages.get(name));
        named::Wanted {
            name,
            source,
            bin: &requirement.bin,
            systems: of.map_or(&self.manifest.systems, |(_, part)| &part.systems),
            previous: previous.filter(|_| !self.how.update.covers(name)),
            version: of.and_then(|(spelled, _)| spelled.version.as_deref()),
            is_alone: of.is_none_or(|(_, part)| part.is_for_all),
            not_after: self.how.not_after,
            python: python(self.manifest),
            has_node: has_node(self.manifest),
            to: self.how.update.to(name),
        }
    }

    /// What of a short name comes from catalogues, in order; its addresses are looked at.
    fn spelled(&mut self, name: &'a PackageName, spelled: &'a Spelled) -> Vec<named::Wanted<'a>> {
        let mut wanted = Vec::new();
        for part in &spelled.parts {
            match &part.requirement.source {
                Source::Named(source) => {
                    let of = Some((spelled, part));
                    wanted.push(self.named(name, (&part.requirement, source), of));
                }
                _ => self.look_at_addresses(name, &part.requirement, &part.systems),
            }
        }
        wanted
    }

    /// Asks the catalogues, several packages at once.
    fn ask(&mut self, named: &[Vec<named::Wanted<'_>>]) {
        let observer = self.observer;
        let locked = in_parallel(&vec![None; named.len()], ASKED_AT_ONCE, 1, |index| {
            named::lock_all(&named[index], self.how.catalogues, observer)
        });
        for (wanted, locked) in named.iter().zip(locked) {
            let Some(name) = wanted.first().map(|wanted| wanted.name) else {
                continue;
            };
            match locked {
                Ok(package) => {
                    for (scope, build) in package.builds {
                        self.settle(name, package.version.as_deref(), scope, build);
                    }
                }
                Err(failure) => self.failures.push((name.clone(), failure.into())),
            }
        }
    }

    fn look_at_addresses(
        &mut self,
        name: &'a PackageName,
        requirement: &'a Requirement,
        systems: &'a [System],
    ) {
        if let Err(failure) = self.addresses(name, requirement, systems) {
            self.failures.push((name.clone(), failure));
        }
    }

    fn addresses(
        &mut self,
        name: &'a PackageName,
        requirement: &'a Requirement,
        systems: &'a [System],
    ) -> Result<(), PackageError> {
        for wanted in url::wanted(name, requirement, systems)? {
            if let Some(address) = wanted.secret_address() {
                let key = (name.clone(), wanted.scope.clone());
                self.resolution.origins.addresses.insert(key, address);
            }
            let update = self.how.update.covers(name);
            let previous = self.previously(name, &wanted.scope).filter(|_| !update);
            match previous.filter(|previous| wanted.is_met_by(previous)) {
                Some(previous) => {
                    let locked = Locked::Url(previous.clone());
                    self.settle(name, wanted.version, wanted.scope, locked);
                }
                None => self.wanted.push(wanted.knowing(previous)),
            }
        }
        Ok(())
    }

    fn previously(
        &self,
        name: &PackageName,
        scope: &Scope,
    ) -> Option<&'a dgmo_schema::lock::LockedUrl> {
        match self.previous?.packages.get(name)?.builds.get(scope)? {
            Locked::Url(url) => Some(url),
            Locked::Path { .. } | Locked::Pieces(_) => None,
        }
    }

    /// Fetches what is still wanted, several at once, and hashes each as it comes.
    fn fetch(&mut self) {
        let wanted = std::mem::take(&mut self.wanted);
        let requests: Vec<_> = wanted.iter().map(Wanted::request).collect();
        let errands: Vec<_> = requests.iter().map(Errand::of).collect();
        let downloads = self.how.downloads;
        let results = downloads.at_once(&errands, |index| {
            wanted[index].lock(downloads, &requests[index])
        });
        for (wanted, result) in wanted.into_iter().zip(results) {
            match result {
                Ok((locked, warnings)) => {
                    self.warn(wanted.name, &warnings);
                    self.settle(
                        wanted.name,
                        wanted.version,
                        wanted.scope,
                        Locked::Url(locked),
                    );
                }
                Err(failure) => self.failures.push((wanted.name.clone(), failure)),
            }
        }
    }

    fn settle(&mut self, name: &PackageName, version: Option<&str>, scope: Scope, locked: Locked) {
        let packages = &mut self.resolution.lock.packages;
        let package = packages
            .entry(name.clone())
            .or_insert_with(|| LockedPackage {
                version: version.map(str::to_owned),
                runs_with: None,
                recipes: Vec::new(),
                builds: BTreeMap::new(),
            });
        package.builds.insert(scope, locked);
    }

    fn warn(&self, name: &PackageName, warnings: &[String]) {
        for warning in warnings {
            let text = format!("package `{name}`: {warning}");
            self.observer.observe(Event::Warning(text));
        }
    }
}

/// What a package that is a single program puts into `bin`: the one name of `bin:`, else its own.
fn program_name(name: &PackageName, requirement: &Requirement) -> String {
    match &requirement.bin[..] {
        [only] => only.rsplit('/').next().unwrap_or(only).to_owned(),
        _ => name.as_str().to_owned(),
    }
}
