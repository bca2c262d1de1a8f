//! Packages of catalogues: the version that is taken, and what of a lock stays.

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Scope;
use dgmo_schema::lock::SignedBy;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::VersionError;
use dgmo_schema::version::range::RangeError;
use dgmo_schema::version::range::VersionRange;

use super::solve::SolveError;
use super::solve::solve;
use crate::source::Ask;
use crate::source::CatalogueError;
use crate::source::Catalogues;
use crate::source::Fetcher;
use crate::source::Listed;
use crate::source::Reach;
use crate::source::Versions;
use crate::source::range_of_tags;
use crate::source::release_file_is_meant;

/// Why no version of a package could be taken.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    #[error(transparent)]
    Range(#[from] RangeError),
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("no version of `{offer}` is {range}{}", there_are(near, hidden))]
    NoneFits {
        offer: String,
        range: String,
        /// The newest there are, the newest first.
        near: Vec<String>,
        /// Those that would fit, and why they are not taken.
        hidden: Vec<String>,
    },
    #[error("the manifest does not let in {version} of `{name}`{}", allows(allowed.as_deref()))]
    KeptOut {
        name: PackageName,
        version: String,
        /// As it was asked for.
        to: String,
        /// What the manifest says.
        allowed: Option<String>,
    },
    #[error(
        "`{package}` {version} runs with {needs}, and the package `{}` of the manifest is {has}",
        runtime(needs)
    )]
    RuntimeUnfit {
        package: PackageName,
        version: String,
        /// What it says of its runtime, the name first.
        needs: String,
        /// The version the manifest has.
        has: String,
    },
    #[error(
        "what `{offer}` {version} needs does not go together on {system}{}",
        said(sentences)
    )]
    NeedsDisagree {
        offer: String,
        version: String,
        system: System,
        /// Who needs what, and what there is not.
        sentences: Vec<String>,
    },
}

fn runtime(needs: &str) -> &str {
    needs.split(' ').next().unwrap_or(needs)
}

fn allows(allowed: Option<&str>) -> String {
    match allowed {
        Some(text) => format!(": its `version:` is `{text}`"),
        None => ": without `version:` it takes releases".to_owned(),
    }
}

fn said(sentences: &[String]) -> String {
    let lines = sentences.iter().map(|sentence| format!("\n  {sentence}"));
    format!(":{}", lines.collect::<String>())
}

fn there_are(near: &[String], hidden: &[String]) -> String {
    let mut text = match near {
        [] => "; it has none at all".to_owned(),
        near => format!("; the newest are {}", near.join(", ")),
    };
    if let Some(first) = hidden.first() {
        text.push_str(&format!("; {first}"));
    }
    if hidden.len() > 1 {
        let more = hidden.len() - 1;
        text.push_str(&format!(
            ", and {more} more are not taken for such a reason"
        ));
    }
    text
}

impl Diagnose for NamedError {
    fn code(&self) -> Code {
        match self {
            Self::Range(_) | Self::Version(_) => Code::VersionNotUnderstood,
            Self::Catalogue(error) => error.code(),
            Self::NoneFits { .. } | Self::KeptOut { .. } => Code::NoVersionFits,
            Self::NeedsDisagree { .. } | Self::RuntimeUnfit { .. } => Code::NeedsDisagree,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Catalogue(_) => return None,
            Self::KeptOut { name, to, .. } => {
                let command = format!("dgmo update {name} --to '{to}' --edit");
                return Some(Hint::Run(command));
            }
            Self::Range(_) | Self::Version(_) => {
                "write `version:` as `\"14\"`, `\"~1.7\"`, `\"=1.7.1\"`, `\">=2, <4\"` or `latest`"
            }
            Self::NoneFits { offer, .. } if offer.starts_with("git:") => {
                "correct `version:` in `dgmo.yaml`, or name a branch or a whole commit with `rev:`"
            }
            Self::NoneFits { offer, hidden, .. }
                if offer.starts_with("pypi:")
                    && hidden.iter().any(|it| it.contains("wants Python")) =>
            {
                "name another Python with `python:` at the package in `dgmo.yaml`, or correct its `version:`"
            }
            Self::NoneFits { .. } => "correct `version:` in `dgmo.yaml`",
            Self::RuntimeUnfit { needs, package, .. } => {
                let runtime = runtime(needs);
                return Some(Hint::Do(format!(
                    "ask for another `version:` of `{runtime}` or of `{package}` in `dgmo.yaml`"
                )));
            }
            Self::NeedsDisagree { .. } => {
                "ask for another `version:`, for fewer `extras:`, or for another `python:` in `dgmo.yaml`"
            }
        };
        Some(Hint::Do(text.to_owned()))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Catalogue(error) => Some(error),
            _ => None,
        }
    }
}

/// How the versions of a catalogue are ordered.
pub(super) fn scheme(catalogue: Catalogue) -> Scheme {
    match catalogue {
        Catalogue::Github
        | Catalogue::Gitlab
        | Catalogue::Forgejo
        | Catalogue::Git
        | Catalogue::Oci => Scheme::Release,
        // Cargo orders versions, and reads bare ones, as npm does.
        Catalogue::Npm | Catalogue::Crates => Scheme::Npm,
        Catalogue::Pypi => Scheme::Pep440,
        Catalogue::Deb => Scheme::Debian,
        Catalogue::Conda => Scheme::Conda,
    }
}

/// The versions that will do.
pub(super) fn range(source: &NamedSource) -> Result<VersionRange, NamedError> {
    let scheme = scheme(source.offer.catalogue);
    match (&source.rev, &source.version) {
        (Some(rev), _) => Ok(VersionRange::channel_named(scheme, rev)),
        (None, Some(text)) if source.offer.catalogue == Catalogue::Oci => Ok(range_of_tags(text)?),
        (None, Some(text)) => Ok(VersionRange::parse(scheme, text)?),
        (None, None) => Ok(VersionRange::any(scheme)),
    }
}

/// A package to lock.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a PackageName,
    pub(super) source: &'a NamedSource,
    pub(super) bin: &'a [String],
    pub(super) systems: &'a [System],
    /// What a lock says of it, unless it shall be locked afresh.
    pub(super) previous: Option<&'a LockedPackage>,
    /// The one version it has on other systems, where they get it from elsewhere.
    pub(super) version: Option<&'a str>,
    /// Whether what it is on its systems may hold for others, too.
    pub(super) is_alone: bool,
    /// Versions published later are not taken anew.
    pub(super) not_after: Option<Timestamp>,
    /// Which Python the manifest has.
    pub(super) python: Option<&'a str>,
    /// Whether it has a node.
    pub(super) has_node: bool,
    /// The version that somebody names, of those the manifest lets in.
    pub(super) to: Option<&'a str>,
}

impl Wanted<'_> {
    /// The version of `locked` if it still fits, else the one that would be taken.
    pub(super) fn version(
        &self,
        locked: Option<&str>,
        catalogues: &Catalogues<'_>,
    ) -> Result<String, NamedError> {
        let range = range(self.source)?;
        let stays = |text: &&str| {
            let version = Version::parse(range.scheme(), text);
            version.is_ok_and(|version| self.fits(&range, &version))
        };
        if let Some(locked) = locked.filter(stays) {
            return Ok(locked.to_owned());
        }
        let fetcher = catalogues.fetcher(self.source.offer.catalogue)?;
        Ok(self.choose(&range, fetcher)?.to_string())
    }

    /// What each system gets. Nothing is asked where the lock has it already.
    pub(super) fn lock(
        &self,
        catalogues: &Catalogues<'_>,
        observer: &dyn Observer,
    ) -> Result<LockedPackage, NamedError> {
        if let Some(to) = self.to {
            return self.lock_at(to, catalogues, observer);
        }
        let range = range(self.source)?;
        let fetcher = catalogues.fetcher(self.source.offer.catalogue)?;
        let is_the_one = |kept: &LockedPackage| {
            self.version.is_none() || kept.version.as_deref() == self.version
        };
        let kept = self.kept(&range, fetcher).filter(is_the_one);
        let lacks = |system: &System| {
            kept.as_ref()
                .is_none_or(|it| it.for_system(system).is_none())
        };
        if !self.systems.iter().any(lacks)
            && let Some(kept) = kept
        {
            return Ok(kept);
        }
        let known = kept.as_ref().and_then(|kept| kept.version.as_deref());
        let version = match known.or(self.version) {
            Some(text) => Version::parse(range.scheme(), text)?,
            None => self.choose(&range, fetcher)?,
        };
        self.build(&version, kept, (fetcher, observer))
    }

    /// What each system gets of a version; what is `kept` of it stays.
    pub(super) fn build(
        &self,
        version: &Version,
        kept: Option<LockedPackage>,
        asking: (&dyn Fetcher, &dyn Observer),
    ) -> Result<LockedPackage, NamedError> {
        let mut package = kept.unwrap_or_else(|| LockedPackage {
            version: Some(version.to_string()),
            runs_with: None,
            recipes: Vec::new(),
            builds: std::collections::BTreeMap::new(),
        });
        for system in self.systems {
            if package.for_system(system).is_some() {
                continue;
            }
            let (reach, pieces) = self.lock_one(version, system, asking)?;
            let scope = match reach {
                Reach::AnySystem if self.is_alone => Scope::Any,
                Reach::AnySystem | Reach::ThisSystem => Scope::System(system.clone()),
            };
            package.builds.insert(scope, Locked::Pieces(pieces));
        }
        Ok(package)
    }

    /// What `system` gets: where packages need each other, versions of all of them are chosen first.
    fn lock_one(
        &self,
        version: &Version,
        system: &System,
        (fetcher, observer): (&dyn Fetcher, &dyn Observer),
    ) -> Result<(Reach, LockedPieces), NamedError> {
        let ask = self.ask();
        let Some(universe) = fetcher.universe(&ask, version, system)? else {
            return Ok(fetcher.lock(&ask, version, system)?);
        };
        let what = format!("choosing what `{}` {version} needs", self.source.offer);
        let task = Task::start(observer, what, None, Unit::Items);
        match solve(&*universe, universe.roots(), &task) {
            Ok(chosen) => Ok(universe.lock(&chosen)?),
            Err(SolveError::Catalogue(error)) => Err(error.into()),
            Err(SolveError::NoChoice(sentences)) => Err(NamedError::NeedsDisagree {
                offer: self.source.offer.to_string(),
                version: version.to_string(),
                system: system.clone(),
                sentences,
            }),
        }
    }

    pub(super) fn ask(&self) -> Ask<'_> {
        Ask {
            package: self.name,
            bin: self.bin,
            source: self.source,
            not_after: self.not_after,
            python: self.python,
            has_node: self.has_node,
            systems: self.systems,
        }
    }

    /// What of the lock still is what is asked for: the version if it fits, and the systems that are covered.
    fn kept(&self, range: &VersionRange, fetcher: &dyn Fetcher) -> Option<LockedPackage> {
        let previous = self.previous?;
        // What another package had for a version says nothing of this one.
        let is_of_another = |(scope, build): (&Scope, &Locked)| match build {
            Locked::Pieces(it) => self.covers(scope) && it.of != self.source.offer,
            Locked::Url(_) | Locked::Path { .. } => false,
        };
        if previous.builds.iter().any(is_of_another) {
            return None;
        }
        let version = Version::parse(range.scheme(), previous.version.as_deref()?).ok()?;
        let is_meant = |build: &Locked| match build {
            Locked::Pieces(pieces) => {
                pieces.of == self.source.offer && fetcher.is_version_meant(&self.ask(), pieces)
            }
            Locked::Url(_) | Locked::Path { .. } => true,
        };
        let mut builds = previous.builds.iter();
        let are_meant = builds.all(|(scope, build)| !self.covers(scope) || is_meant(build));
        if !self.fits(range, &version) || !are_meant {
            return None;
        }
        let builds = previous.builds.iter().filter_map(|(scope, build)| {
            let Locked::Pieces(pieces) = build else {
                return None;
            };
            let stays = self.covers(scope)
                && self.is_met_by(scope, pieces)
                && fetcher.is_meant(&self.ask(), pieces);
            stays.then(|| (scope.clone(), build.clone()))
        });
        Some(LockedPackage {
            version: previous.version.clone(),
            runs_with: None,
            recipes: Vec::new(),
            builds: builds.collect(),
        })
    }

    /// Whether what is locked for `scope` is for systems it is wanted for.
    fn covers(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Any => self.is_alone,
            Scope::System(system) => self.systems.contains(system),
        }
    }

    /// Whether a locked version will do.
    pub(super) fn fits(&self, range: &VersionRange, version: &Version) -> bool {
        let is_tagged = self.source.offer.catalogue == Catalogue::Oci;
        match (range.channel(), range.exact()) {
            // Where a channel leads to is looked up when the package is updated, not each time; a tag is one itself.
            (Some(word), _) => !is_tagged || word == "latest" || version.as_str() == word,
            // Digests that an order takes for the same are not.
            (None, Some(exact)) if is_tagged && exact.as_str().starts_with("sha256:") => {
                exact.as_str() == version.as_str()
            }
            (None, _) => range.matches(version),
        }
    }

    fn is_met_by(&self, scope: &Scope, pieces: &LockedPieces) -> bool {
        let is_the_file = || match scope {
            Scope::System(system) if pieces.of.catalogue.is_forge() => {
                release_file_is_meant(&self.ask(), &pieces.pieces[0], system)
            }
            _ => true,
        };
        let signer = pieces.signer.as_deref();
        let signer = signer.map(|text| SignedBy::parse(text).signer);
        pieces.of == self.source.offer
            && signer == self.source.signer().as_deref()
            && pieces.whole == self.source.whole
            && is_the_file()
    }

    /// The newest version that fits and may be taken.
    pub(super) fn choose(
        &self,
        range: &VersionRange,
        fetcher: &dyn Fetcher,
    ) -> Result<Version, NamedError> {
        let enough = |versions: &Versions| self.best(range, versions).is_some();
        let versions = fetcher.versions(&self.ask(), &enough)?;
        self.best(range, &versions)
            .ok_or_else(|| self.none_fits(range, &versions))
    }

    /// Why a version that is listed is not taken. Who names exactly one gets it withdrawn, too.
    fn why_not(&self, range: &VersionRange, listed: &Listed) -> Option<String> {
        let is_old_enough = match (self.not_after, listed.published) {
            (Some(limit), Some(published)) => published <= limit,
            // Who asks for old ones does not want one of which nobody knows.
            (Some(_), None) => false,
            (None, _) => true,
        };
        let version = &listed.version;
        match &listed.withdrawn {
            Some(why) if range.exact().is_none() => Some(format!("{version} is not taken: {why}")),
            // Who names the very tag or commit has chosen it.
            _ if !is_old_enough && range.channel() != Some(version.as_str()) => Some(format!(
                "{version} is not taken: it is younger than is asked for"
            )),
            _ => None,
        }
    }

    fn best(&self, range: &VersionRange, versions: &Versions) -> Option<Version> {
        let usable = || {
            let listed = versions.listed.iter();
            listed.filter(|it| self.why_not(range, it).is_none())
        };
        if let Some(channel) = range.channel() {
            let text = versions.channels.get(channel);
            if let Some(text) = text {
                let is_it = |listed: &&Listed| listed.version.as_str() == text;
                return usable().find(is_it).map(|it| it.version.clone());
            }
        }
        // The publisher's word for what people should take goes before the highest number, where it fits.
        let latest = versions.channels.get("latest");
        let latest = latest.and_then(|text| usable().find(|it| it.version.as_str() == text));
        if let Some(latest) =
            latest.filter(|it| range.channel().is_none() && range.matches(&it.version))
        {
            return Some(latest.version.clone());
        }
        range.best(usable().map(|it| &it.version)).cloned()
    }

    fn none_fits(&self, range: &VersionRange, versions: &Versions) -> NamedError {
        let mut all: Vec<&Listed> = versions.listed.iter().collect();
        all.sort_by(|one, other| other.version.cmp(&one.version));
        let hidden = all
            .iter()
            .filter(|it| range.matches(&it.version))
            .filter_map(|it| self.why_not(range, it));
        NamedError::NoneFits {
            offer: self.source.offer.to_string(),
            range: match self.source.rev.as_ref().or(self.source.version.as_ref()) {
                Some(text) => format!("`{text}`"),
                None => "a release".to_owned(),
            },
            hidden: hidden.collect(),
            near: all
                .iter()
                .take(5)
                .map(|it| it.version.to_string())
                .collect(),
        }
    }
}

/// Locks one package that comes from several places, each for some systems: all of them get one version.
pub(super) fn lock_all(
    parts: &[Wanted<'_>],
    catalogues: &Catalogues<'_>,
    observer: &dyn Observer,
) -> Result<LockedPackage, NamedError> {
    let mut whole = LockedPackage {
        version: None,
        runs_with: None,
        recipes: Vec::new(),
        builds: std::collections::BTreeMap::new(),
    };
    for part in parts {
        let locked = match &whole.version {
            None => part.lock(catalogues, observer)?,
            Some(version) => {
                let part = Wanted {
                    version: Some(version),
                    to: None,
                    ..*part
                };
                part.lock(catalogues, observer)?
            }
        };
        whole.version = whole.version.or(locked.version);
        whole.builds.extend(locked.builds);
    }
    Ok(whole)
}

/// What of a package is newer than its lock.
#[derive(Debug, Clone)]
pub struct Newest {
    /// What it is in its catalogue.
    pub of: Offer,
    /// The version of the lock.
    pub locked: Option<String>,
    /// What an update would take, if it is another one.
    pub fits: Option<String>,
    /// The newest there is, if it is neither of these.
    pub newest: Option<String>,
    /// Why the locked version should not be used any more.
    pub withdrawn: Option<String>,
}

impl Newest {
    /// Whether there is anything to tell.
    pub fn is_outdated(&self) -> bool {
        self.fits.is_some() || self.newest.is_some() || self.withdrawn.is_some()
    }
}

impl Wanted<'_> {
    /// What is newer than the lock, by the catalogue.
    pub(super) fn newest(
        &self,
        locked: Option<&LockedPackage>,
        catalogues: &Catalogues<'_>,
    ) -> Result<Newest, NamedError> {
        let range = range(self.source)?;
        let any = VersionRange::any(range.scheme());
        let fetcher = catalogues.fetcher(self.source.offer.catalogue)?;
        let enough = |versions: &Versions| self.best(&range, versions).is_some();
        let versions = fetcher.versions(&self.ask(), &enough)?;
        let pieces = locked.and_then(|package| {
            package.builds.values().find_map(|build| match build {
                Locked::Pieces(pieces) => Some(pieces),
                Locked::Url(_) | Locked::Path { .. } => None,
            })
        });
        let locked = locked.and_then(|package| package.version.clone());
        let now = locked
            .as_deref()
            .and_then(|text| Version::parse(range.scheme(), text).ok());
        let fits = self.best(&range, &versions);
        let newest = self.best(&any, &versions);
        let moved = match (&fits, pieces) {
            (Some(fits), Some(pieces)) if now.as_ref() == Some(fits) => {
                fetcher.moved(&self.ask(), fits, pieces)?
            }
            _ => None,
        };
        let withdrawn = versions
            .listed
            .iter()
            .find(|listed| Some(&listed.version) == now.as_ref())
            .and_then(|listed| listed.withdrawn.clone());
        // What follows a name has no place in the order of versions.
        let is_name = locked.is_some() && range.channel() == locked.as_deref();
        let other = |found: &Version| now.as_ref() != Some(found);
        let is_newer = |found: &Version| now.as_ref().is_none_or(|now| found > now);
        Ok(Newest {
            of: self.source.offer.clone(),
            newest: newest
                .filter(|it| !is_name && is_newer(it) && Some(it) != fits.as_ref())
                .map(|it| it.to_string()),
            fits: fits.filter(other).map(|it| it.to_string()).or(moved),
            locked,
            withdrawn,
        })
    }
}
