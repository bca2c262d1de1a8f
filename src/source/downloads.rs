//! The folder of downloads, and what is asked of it.

use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::ExpectedDigest;
use minisign_verify::PublicKey;

use super::Address;
use super::FetchError;
use super::Headers;
use super::Online;
use super::Settings;
use super::address::Remote;
use super::agent::Agents;
use super::download::Download;
use super::mirrors::ATTEMPTS;
use super::mirrors::Else;
use super::mirrors::Mirrors;
use super::mirrors::WAITED_FOR;
use super::parallel;
use super::partial::Digests;
use super::signature;
use super::trim;
use super::vendor;

/// The most a document may have: lists of thousands of versions have some ten million bytes.
const LARGEST_DOCUMENT: u64 = 256 << 20;

/// What one download asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// For whom, as told while working: the package's name.
    pub what: String,
    /// The address; it may hold a user and a password.
    pub url: String,
    /// Others that have the same bytes, tried in order when it fails.
    pub mirrors: Vec<String>,
    /// What is said besides the address.
    pub headers: Headers,
    /// What is known of the bytes.
    pub expected: Expected,
}

impl Request {
    /// Asks one address, without saying who asks.
    pub fn new(what: impl Into<String>, url: impl Into<String>, expected: Expected) -> Self {
        Self {
            what: what.into(),
            url: url.into(),
            mirrors: Vec::new(),
            headers: Headers::default(),
            expected,
        }
    }

    /// The server it asks first, if it asks one.
    pub(crate) fn host(&self) -> Option<String> {
        match Address::parse(&self.url) {
            Ok(Address::Remote(remote)) => Some(remote.host().to_owned()),
            _ => None,
        }
    }
}

/// What is known of bytes before they are fetched.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// How many there are.
    pub size: Option<u64>,
    /// What they hash to.
    pub digests: Vec<ExpectedDigest>,
    /// The minisign public key that signed them; the signature lies at the address + `.minisig`.
    pub signer: Option<String>,
}

/// Bytes that are here and are what was asked for.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes, to read from the start. They stay readable when the cache is emptied.
    pub file: File,
    /// Where they are.
    pub path: PathBuf,
    /// How many they are.
    pub size: u64,
    /// What they hash to.
    pub digest: Digest,
    /// How many of them came over the network now.
    pub received: u64,
    /// Where a list goes on, as the server writes it.
    pub(super) link: Option<String>,
}

/// The folder of downloads, and the means to fill it. Used from many threads.
pub struct Downloads<'a> {
    folder: PathBuf,
    settings: Settings,
    online: Online,
    /// Made for the first request: most runs make none.
    agents: Arc<OnceLock<Agents>>,
    /// Who is asked first for what a lock names, once that is known.
    mirrors: OnceLock<Mirrors>,
    observer: &'a dyn Observer,
}

impl fmt::Debug for Downloads<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Downloads").field(&self.folder).finish()
    }
}

impl<'a> Downloads<'a> {
    /// Downloads into `folder` (`HOME/cache/downloads`), which is made when it is first needed.
    pub fn new(
        folder: &Path,
        settings: Settings,
        online: Online,
        observer: &'a dyn Observer,
    ) -> Self {
        let only = settings.only_mirrors.as_ref();
        let only = only.map(|it| Mirrors::new(&it.addresses, Else::Nobody, it.online));
        Self {
            folder: folder.to_owned(),
            settings,
            online,
            agents: Arc::default(),
            mirrors: only.map_or_else(OnceLock::new, OnceLock::from),
            observer,
        }
    }

    /// Asks these mirrors first for what a lock names, unless it was said already who is asked.
    pub fn ask_first(&self, mirrors: &[String]) {
        if !mirrors.is_empty() && self.settings.vendor.is_none() {
            self.mirrors
                .get_or_init(|| Mirrors::new(mirrors, Else::TheSource, self.online));
        }
    }

    pub(super) fn mirrors(&self) -> Option<&Mirrors> {
        self.mirrors.get()
    }

    /// Brings the bytes behind one address here and proves them.
    pub fn fetch(&self, request: &Request) -> Result<Fetched, FetchError> {
        if let Some(folder) = &self.settings.vendor {
            return vendor::fetch(folder, request);
        }
        let key = request.expected.signer.as_deref();
        let signer = match key.map(signature::parse_key).transpose() {
            Ok(signer) => signer,
            Err(why) => return Err(unsigned(request, why)),
        };
        let first = self.fetch_from(&request.url, request, signer.as_ref());
        let mut failed = match first {
            Err(error) if error.may_be_otherwise_elsewhere() => error,
            result => return result,
        };
        for mirror in &request.mirrors {
            self.observer.observe(Event::Note(format!(
                "fetching {}: {failed}; trying `{}`",
                request.what,
                super::redacted(mirror)
            )));
            // What proves who asks is for the first one: the manifest may name anybody as a mirror of it.
            let asked = Request {
                headers: request.headers.for_another(),
                ..request.clone()
            };
            match self.fetch_from(mirror, &asked, signer.as_ref()) {
                Err(error) if error.may_be_otherwise_elsewhere() => failed = error,
                result => return result,
            }
        }
        Err(failed)
    }

    /// The same of what a lock names, which mirrors may have: they are asked first.
    pub fn fetch_locked(&self, request: &Request) -> Result<Fetched, FetchError> {
        if let Some(mirrors) = self.mirrors.get() {
            match mirrors.fetch(self, request)? {
                Some(fetched) => return Ok(fetched),
                None if mirrors.or_else == Else::Nobody => return Err(mirrors.lack(&request.url)),
                None => {}
            }
        }
        self.fetch(request)
    }

    fn fetch_from(
        &self,
        url: &str,
        request: &Request,
        signer: Option<&PublicKey>,
    ) -> Result<Fetched, FetchError> {
        match Address::parse(url)? {
            Address::Local(path) => local(request, signer, path),
            Address::Remote(remote) => {
                let download = Download {
                    downloads: self,
                    request,
                    remote: &remote,
                };
                download.run(signer)
            }
        }
    }

    /// Brings a document here whole: a list of versions, a release. What came before is asked for again, and sent
    /// again only if it changed; without a network it is what it was.
    pub fn document(&self, request: &Request) -> Result<Vec<u8>, FetchError> {
        Ok(self.page(request)?.0)
    }

    /// The same of one page of a list, and what the server says of the next one.
    pub(super) fn page(&self, request: &Request) -> Result<(Vec<u8>, Option<String>), FetchError> {
        let mut fetched = self.fetch(request)?;
        if fetched.size > LARGEST_DOCUMENT {
            return Err(FetchError::TooLarge {
                url: super::redacted(&request.url),
                limit: LARGEST_DOCUMENT,
            });
        }
        let mut bytes = Vec::new();
        match fetched.file.read_to_end(&mut bytes) {
            Ok(_) => Ok((bytes, fetched.link)),
            Err(source) => Err(FetchError::Cache {
                url: super::redacted(&request.url),
                source,
            }),
        }
    }

    /// The same folder, for what lies in it already: no socket is opened.
    pub(super) fn kept(&self) -> Self {
        Self {
            folder: self.folder.clone(),
            settings: self.settings.clone(),
            online: Online::No,
            agents: Arc::default(),
            mirrors: OnceLock::new(),
            observer: self.observer,
        }
    }

    /// The same, where what is of unknown length has at most so many bytes.
    pub(super) fn within(&self, largest: u64) -> Self {
        let settings = Settings {
            largest,
            ..self.settings.clone()
        };
        Self {
            folder: self.folder.clone(),
            settings,
            online: self.online,
            agents: Arc::clone(&self.agents),
            mirrors: OnceLock::new(),
            observer: self.observer,
        }
    }

    /// The same folder, and the patience that mirrors are asked with.
    pub(super) fn of_mirrors(&self, mirrors: &Mirrors) -> Self {
        let settings = Settings {
            attempts: self.settings.attempts.min(ATTEMPTS),
            connect_within: self.settings.connect_within.min(WAITED_FOR),
            only_mirrors: None,
            ..self.settings.clone()
        };
        Self {
            folder: self.folder.clone(),
            settings,
            online: mirrors.online,
            agents: Arc::clone(&mirrors.agents),
            mirrors: OnceLock::new(),
            observer: self.observer,
        }
    }

    /// Whether a socket may be opened.
    pub(crate) fn online(&self) -> Online {
        self.online
    }

    /// Fetches all, several at once, and hands each to `done` as it comes, on the thread that fetched it.
    ///
    /// What `done` gives stands in the order of the requests.
    pub fn fetch_all<T: Send>(
        &self,
        requests: &[Request],
        done: impl Fn(usize, Result<Fetched, FetchError>) -> T + Sync,
    ) -> Vec<T> {
        let hosts: Vec<_> = requests.iter().map(Request::host).collect();
        self.at_once(&hosts, |index| done(index, self.fetch(&requests[index])))
    }

    /// Does something at each of `hosts`, at several at once.
    pub(crate) fn at_once<T: Send>(
        &self,
        hosts: &[Option<String>],
        job: impl Fn(usize) -> T + Sync,
    ) -> Vec<T> {
        let Settings {
            parallel, per_host, ..
        } = self.settings;
        parallel::run(hosts, parallel, per_host, job)
    }

    /// Deletes the downloads that changed longest ago until at most `budget` bytes are left; those in work stay.
    ///
    /// Gives the number of bytes deleted.
    pub fn trim(&self, budget: u64) -> Result<u64, FetchError> {
        let trimmed = |path: &Path, result: io::Result<u64>| {
            result.map_err(|source| FetchError::Folder {
                path: path.to_owned(),
                source,
            })
        };
        let downloads = trimmed(&self.folder, trim::trim(&self.folder, budget))?;
        let repositories = self.beside("git");
        let deleted = trim::repositories(&repositories, budget);
        Ok(downloads + trimmed(&repositories, deleted)?)
    }

    /// The way to `remote`, if there may be one.
    pub(super) fn agents(&self, remote: &Remote) -> Result<&Agents, FetchError> {
        if self.online == Online::No {
            let url = remote.shown();
            return Err(match self.settings.only_mirrors {
                Some(_) => FetchError::OnlyMirrors { url },
                None => FetchError::Offline { url },
            });
        }
        if let Some(agents) = self.agents.get() {
            return Ok(agents);
        }
        let agents = Agents::new(&self.settings)?;
        Ok(self.agents.get_or_init(|| agents))
    }

    /// A folder beside that of downloads, for what a catalogue's own program keeps.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.with_file_name(name)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn observer(&self) -> &'a dyn Observer {
        self.observer
    }
}

/// A file of this machine is proven like any other, and read where it is.
pub(super) fn local(
    request: &Request,
    signer: Option<&PublicKey>,
    path: PathBuf,
) -> Result<Fetched, FetchError> {
    let Expected { size, digests, .. } = &request.expected;
    let url = super::redacted(&request.url);
    let mut file = read(&path, File::open(&path))?;
    let (found, found_size) = read(&path, Digests::of(&mut file, digests))?;
    if let Some(expected) = size.filter(|size| *size != found_size) {
        let found = found_size;
        return Err(FetchError::WrongSize {
            url,
            expected,
            found,
        });
    }
    if let Some((expected, found)) = found.differ_from(digests) {
        return Err(FetchError::WrongDigest {
            url,
            expected,
            found,
        });
    }
    if let Some(signer) = signer {
        let mut beside = path.clone().into_os_string();
        beside.push(".minisig");
        let beside = PathBuf::from(beside);
        let text = read(&beside, std::fs::read(&beside))?;
        read(&path, file.rewind())?;
        read(&path, signature::check(signer, &text, &mut file))?
            .map_err(|why| unsigned(request, why))?;
    }
    read(&path, file.rewind())?;
    Ok(Fetched {
        file,
        path,
        size: found_size,
        digest: found.blake3,
        received: 0,
        link: None,
    })
}

fn read<T>(path: &Path, result: io::Result<T>) -> Result<T, FetchError> {
    result.map_err(|source| FetchError::Local {
        path: path.to_owned(),
        source,
    })
}

pub(super) fn unsigned(request: &Request, why: String) -> FetchError {
    FetchError::Signature {
        url: super::redacted(&request.url),
        key: request.expected.signer.clone().unwrap_or_default(),
        why,
    }
}
