//! Packages of npm: a tool with all that it needs, laid out as node looks for it.
//!
//! ```text
//! settings    where registries are, who we are to them
//! packument   what a registry tells of a package          manifest   of one version
//! spec        what one package needs of another           platform   which machines one is for
//! layout      where each package lies                     walk       from a package to all it needs
//! node        the node that a tool takes along
//! ```
//!
//! A file is locked as it is named below its registry, so the lock is the same whichever mirror was asked. What a
//! package wants to run when it is installed is never run.

mod layout;
mod manifest;
mod node;
mod packument;
mod platform;
mod settings;
mod spec;
mod walk;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::event::Event;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::system::System;
use dgmo_schema::version::Version;

use super::Downloads;
use super::Expected;
use super::FetchError;
use super::Headers;
use super::Request;
use super::catalogue::Advice;
use super::catalogue::Ask;
use super::catalogue::CatalogueError;
use super::catalogue::Endpoints;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Reach;
use super::catalogue::Versions;
use super::catalogue::Way;
use super::in_parallel;
use layout::Layout;
use manifest::Manifest;
pub(crate) use node::NODE;
pub(crate) use node::own_node;
use packument::Packument;
use platform::Platform;
use settings::Settings;
use settings::with_slash;

/// What is asked of a registry where the moments of publishing do not matter: it is much shorter.
const SHORT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// What is asked where they do.
const FULL: &str = "application/json";

/// How many registries' documents come at once: they are small, and most of the time is waiting.
const AT_ONCE: usize = 12;

/// The registries of npm.
pub(super) struct Npm<'a> {
    downloads: &'a Downloads<'a>,
    endpoints: &'a Endpoints,
    settings: OnceLock<Settings>,
    /// What was asked in this run, by name, and whether with the moments of publishing.
    known: Mutex<HashMap<(String, bool), Arc<Packument>>>,
    /// Versions that were read, by name and version.
    manifests: Mutex<HashMap<(String, String), Arc<Manifest>>>,
    /// What was told already: packages are locked once for each system.
    told: Mutex<BTreeSet<String>>,
}

/// A registry, and others that have the same.
struct Registry {
    url: String,
    mirrors: Vec<String>,
}

impl Registry {
    fn alone(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            mirrors: Vec::new(),
        }
    }
}

impl<'a> Npm<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>, endpoints: &'a Endpoints) -> Self {
        Self {
            downloads,
            endpoints,
            settings: OnceLock::new(),
            known: Mutex::default(),
            manifests: Mutex::default(),
            told: Mutex::default(),
        }
    }

    fn settings(&self) -> &Settings {
        self.settings.get_or_init(|| {
            let settings = Settings::of_this_machine();
            if !settings.ignored.is_empty() {
                let keys = settings.ignored.join("`, `");
                self.downloads.observer().observe(Event::Detail(format!(
                    "`{keys}` in npm's settings is not taken from there; dgmo takes `SSL_CERT_FILE` and `HTTPS_PROXY`"
                )));
            }
            settings
        })
    }

    /// The registry that has the package: of its scope, of the manifest, of npm's settings.
    fn registry(&self, name: &str) -> Result<Registry, CatalogueError> {
        let settings = self.settings();
        let scope = name.split_once('/').map(|(scope, _)| scope);
        let of_scope = scope.and_then(|scope| settings.scopes.get(scope));
        let endpoint = self.endpoints.get(&Catalogue::Npm);
        if let Some(url) = of_scope {
            return Ok(Registry::alone(url));
        }
        if let Some(endpoint) = endpoint {
            let mirrors = endpoint.mirrors.iter().map(|url| with_slash(url));
            return Ok(Registry {
                url: with_slash(&endpoint.url),
                mirrors: mirrors.collect(),
            });
        }
        match &settings.registry {
            Some(url) => Ok(Registry::alone(url)),
            None => Err(CatalogueError::NoEndpoint {
                catalogue: Catalogue::Npm,
                lines: "sources:\n  npm: {url: \"https://…\"}".to_owned(),
            }),
        }
    }

    /// What is said to the server at `url`.
    fn headers(&self, url: &str, form: &str) -> Headers {
        let headers = Headers::default().accepting(form);
        match self.settings().secret_for(url) {
            Some(secret) => headers.authorized(secret),
            None => headers,
        }
    }

    /// A file, as a lock names it.
    fn file(&self, name: &str, file: &str) -> Result<Request, CatalogueError> {
        let (url, mirrors) = if file.contains("://") {
            (file.to_owned(), Vec::new())
        } else {
            let registry = self.registry(name)?;
            let mirrors = registry.mirrors.iter().map(|url| format!("{url}{file}"));
            (format!("{}{file}", registry.url), mirrors.collect())
        };
        Ok(Request {
            what: name.to_owned(),
            headers: self.headers(&url, "*/*"),
            url,
            mirrors,
            expected: Expected::default(),
        })
    }

    /// What the registry tells of a package; with the moments of publishing where a limit is set.
    fn packument(
        &self,
        name: &str,
        not_after: Option<Timestamp>,
    ) -> Result<Arc<Packument>, CatalogueError> {
        let key = (name.to_owned(), not_after.is_some());
        if let Some(known) = held(&self.known).get(&key) {
            return Ok(Arc::clone(known));
        }
        let registry = self.registry(name)?;
        let escaped = name.replace('/', "%2f");
        let url = format!("{}{escaped}", registry.url);
        let form = if not_after.is_some() { FULL } else { SHORT };
        let request = Request {
            what: name.to_owned(),
            headers: self.headers(&url, form),
            mirrors: registry
                .mirrors
                .iter()
                .map(|url| format!("{url}{escaped}"))
                .collect(),
            url,
            expected: Expected::default(),
        };
        let text = self
            .downloads
            .document(&request)
            .map_err(|error| not_offered(error, name))?;
        let packument = Packument::read(name, text).map_err(|why| CatalogueError::Answer {
            url: super::redacted(&request.url),
            why: why.to_string(),
        })?;
        let packument = Arc::new(packument);
        held(&self.known).insert(key, Arc::clone(&packument));
        Ok(packument)
    }

    /// Asks for several packages at once, so that they are known when each is needed.
    fn ask_ahead(&self, names: &[String], not_after: Option<Timestamp>) {
        let hosts = vec![None; names.len()];
        in_parallel(&hosts, AT_ONCE, AT_ONCE, |index| {
            // Whoever needs it asks again, and is told why it cannot be had.
            drop(self.packument(&names[index], not_after));
        });
    }

    fn manifest(&self, packument: &Packument, version: &Version) -> Option<Arc<Manifest>> {
        let key = (packument.name.clone(), version.to_string());
        if let Some(known) = held(&self.manifests).get(&key) {
            return Some(Arc::clone(known));
        }
        let manifest = Arc::new(packument.manifest(version)?);
        held(&self.manifests).insert(key, Arc::clone(&manifest));
        Some(manifest)
    }

    /// The version of the package that is asked for.
    fn asked(&self, ask: &Ask<'_>, version: &Version) -> Result<Arc<Manifest>, CatalogueError> {
        let name = &ask.source.offer.name;
        let packument = self.packument(name, ask.not_after)?;
        self.manifest(&packument, version)
            .ok_or_else(|| CatalogueError::Answer {
                url: name.clone(),
                why: format!("it does not list the version {version} any more"),
            })
    }

    /// One package of the tree as a download.
    fn piece(&self, manifest: &Manifest, at: String) -> Result<Piece, CatalogueError> {
        let name = &manifest.name;
        let tarball = manifest.tarball.as_deref();
        let is_remote = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
        let tarball = tarball
            .filter(is_remote)
            .ok_or_else(|| CatalogueError::Answer {
                url: name.clone(),
                why: format!(
                    "it does not say where the bytes of {} are",
                    manifest.version
                ),
            })?;
        let file = match below(tarball, &self.registry(name)?.url) {
            Some(path) => path.to_owned(),
            None => super::redacted(tarball),
        };
        let mut piece = Piece {
            name: name.clone(),
            version: manifest.version.to_string(),
            file,
            size: None,
            digest: ExpectedDigest::Blake3(Digest::of(b"")),
            unpack: None,
            at,
        };
        if let Some(digest) = manifest.digest {
            piece.digest = digest;
            return Ok(piece);
        }
        // Published before digests were told that anybody believes today.
        let fetched = self.downloads.fetch(&self.file(name, &piece.file)?)?;
        piece.size = Some(fetched.size);
        piece.digest = ExpectedDigest::Blake3(fetched.digest);
        Ok(piece)
    }

    /// Says what a person should know of what is taken, each only once.
    fn tell(&self, ask: &Ask<'_>, layout: &Layout) {
        for (_, placed) in layout.paths() {
            let manifest = &placed.manifest;
            let shown = format!("`{}` {}", manifest.name, manifest.version);
            let is_asked = manifest.name == ask.source.offer.name;
            if let Some(why) = manifest.deprecated.as_ref().filter(|_| is_asked) {
                self.warn(
                    ask,
                    &format!("{shown} is not recommended by its publisher: {why}"),
                );
            }
            if manifest.has_install_script {
                self.warn(ask, &format!(
                    "{shown} has an install script, which is not run; what it builds or fetches is missing"
                ));
            }
        }
    }

    /// Says what only who asks wants to know.
    fn detail(&self, ask: &Ask<'_>, text: &str) {
        let text = format!("package `{}`: {text}", ask.package);
        if held(&self.told).insert(text.clone()) {
            self.downloads.observer().observe(Event::Detail(text));
        }
    }

    fn warn(&self, ask: &Ask<'_>, text: &str) {
        let text = format!("package `{}`: {text}", ask.package);
        if held(&self.told).insert(text.clone()) {
            self.downloads.observer().observe(Event::Warning(text));
        }
    }
}

impl Fetcher for Npm<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        _enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        let packument = self.packument(&ask.source.offer.name, ask.not_after)?;
        let listed = packument.entries.iter().map(|entry| Listed {
            version: entry.version.clone(),
            published: entry.published,
            withdrawn: None,
        });
        Ok(Versions {
            listed: listed.collect(),
            channels: packument.tags.clone(),
        })
    }

    fn advice(&self, ask: &Ask<'_>, version: &Version) -> Result<Option<Advice>, CatalogueError> {
        let packument = self.packument(&ask.source.offer.name, ask.not_after)?;
        let Some(manifest) = self.manifest(&packument, version) else {
            let why = "its registry does not list it any more".to_owned();
            return Ok(Some(Advice::Withdrawn(why)));
        };
        Ok(manifest.deprecated.clone().map(Advice::Against))
    }

    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let root = self.asked(ask, version)?;
        let platform = Platform::of(system);
        if !platform.is_among(&root.limits) {
            return Err(CatalogueError::OtherMachines {
                package: format!("{} {version}", ask.source.offer),
                system: Box::new(system.clone()),
                only: root.limits.shown(),
            });
        }
        let aim = walk::Aim {
            offer: &ask.source.offer,
            platform,
            not_after: ask.not_after,
        };
        let walked = walk::walk(self, &aim, &root)?;
        self.tell(ask, &walked.layout);
        let paths = walked.layout.paths().into_iter();
        let pieces = paths.map(|(path, placed)| self.piece(&placed.manifest, path));
        let at = walked.layout.path(layout::ROOT);
        let programs = root.programs.iter();
        let programs = programs.map(|(name, path)| (name.clone(), format!("{at}/{path}")));
        let mut pieces: Vec<Piece> = pieces.collect::<Result<_, _>>()?;
        let runtime = runtime(&root);
        let mut depends_on_machine = walked.depends_on_machine;
        // The install script of one that is for some machines puts a program in the place of its script.
        let is_program = root.has_install_script && depends_on_machine;
        if runtime.is_some() && !is_program && !ask.has_node {
            let node = self.node_for(ask, &root, system)?;
            depends_on_machine |= node.is_for_some;
            pieces.extend(node.piece);
        }
        let pieces = LockedPieces {
            of: ask.source.offer.clone(),
            pieces,
            programs: programs.collect(),
            runtime,
            signer: None,
            whole: false,
        };
        let reach = if depends_on_machine {
            Reach::ThisSystem
        } else {
            Reach::AnySystem
        };
        Ok((reach, pieces))
    }

    /// The manifest's own node goes before one that was taken along.
    fn is_meant(&self, ask: &Ask<'_>, locked: &LockedPieces) -> bool {
        !ask.has_node || own_node(locked).is_none()
    }

    fn way<'s>(
        &'s self,
        _of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let mut request = self.file(&piece.name, &piece.file)?;
        request.expected.size = piece.size;
        request.expected.digests = vec![piece.digest];
        Ok(Way::Download(request))
    }
}

/// What its programs run with; those of a package that is for some machines only are no scripts.
fn runtime(root: &Manifest) -> Option<String> {
    if root.programs.is_empty() || !root.limits.is_none() {
        return None;
    }
    let is_short = |range: &&String| range.len() <= 64 && !range.chars().any(char::is_control);
    Some(match root.node.as_ref().filter(is_short) {
        Some(range) => format!("node {range}"),
        None => "node".to_owned(),
    })
}

/// What follows the address of a registry in that of a file; whether the line is secret does not matter.
fn below<'u>(file: &'u str, registry: &str) -> Option<&'u str> {
    let bare = |url: &'u str| url.split_once("://").map(|(_, rest)| rest);
    let registry = super::redacted(registry);
    let registry = registry.split_once("://").map(|(_, rest)| rest)?;
    let path = bare(file)?.strip_prefix(registry)?;
    let is_plain =
        !path.contains("://") && path.split('/').all(|part| !part.is_empty() && part != "..");
    is_plain.then_some(path)
}

/// What a refusal means: that there is no such package, or none for us.
fn not_offered(error: FetchError, name: &str) -> CatalogueError {
    if error.says_absent() {
        CatalogueError::NotOffered {
            offer: Offer {
                catalogue: Catalogue::Npm,
                name: name.to_owned(),
            },
            source: error,
        }
    } else {
        error.into()
    }
}

/// A thread that panics leaves nothing half done in these.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_below_its_registry() {
        for (file, registry, path) in [
            (
                "https://r.example.org/a/-/a-1.tgz",
                "https://r.example.org/",
                Some("a/-/a-1.tgz"),
            ),
            (
                "http://r.example.org/a/-/a-1.tgz",
                "https://r.example.org/",
                Some("a/-/a-1.tgz"),
            ),
            (
                "https://r.example.org/npm/a-1.tgz",
                "https://me:pw@r.example.org/npm/",
                Some("a-1.tgz"),
            ),
            (
                "https://other.example.org/a-1.tgz",
                "https://r.example.org/",
                None,
            ),
            (
                "https://r.example.org/../a-1.tgz",
                "https://r.example.org/",
                None,
            ),
            (
                "https://r.example.org//a-1.tgz",
                "https://r.example.org/",
                None,
            ),
        ] {
            assert_eq!(below(file, registry), path, "{file}");
        }
    }
}
