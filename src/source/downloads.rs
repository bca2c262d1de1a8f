//! The folder of downloads, and what is asked of it.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::thread;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_store::ReadSeek;

use super::Address;
use super::FetchError;
use super::Headers;
use super::Online;
use super::Settings;
use super::address::Remote;
use super::agent::Agents;
use super::arrival::Arrival;
use super::arrival::End;
use super::arrival::Ending;
use super::arrival::Watch;
use super::download::Download;
use super::errand;
use super::errand::Errand;
use super::local;
use super::mirrors::ATTEMPTS;
use super::mirrors::Else;
use super::mirrors::Mirrors;
use super::mirrors::WAITED_FOR;
use super::parallel;
use super::settings::BackOff;
use super::signature::Signer;
use super::signed_list::Listed;
use super::total::Total;
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
    /// Who signed them, as a lock says it: a minisign public key, or who signed with cosign. The signature lies at the
    /// address + `.minisig`, `.sigstore.json` or another ending of such; where a list is named, beside that.
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

impl Fetched {
    /// All of it, where it is a document.
    pub(super) fn read(&mut self, request: &Request) -> Result<Vec<u8>, FetchError> {
        if self.size > LARGEST_DOCUMENT {
            return Err(FetchError::TooLarge {
                url: super::redacted(&request.url),
                limit: LARGEST_DOCUMENT,
            });
        }
        let mut bytes = Vec::new();
        match self.file.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(source) => Err(FetchError::Cache {
                url: super::redacted(&request.url),
                source,
            }),
        }
    }
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
    /// Whose signatures of cosign's are believed: a file, in place of the public ones, once that is known.
    trusted: Arc<OnceLock<PathBuf>>,
    observer: &'a dyn Observer,
    total: Total,
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
            trusted: Arc::default(),
            observer,
            total: Total::default(),
        }
    }

    /// Asks these mirrors first for what a lock names, unless it was said already who is asked.
    pub fn ask_first(&self, mirrors: &[String]) {
        if !mirrors.is_empty() && self.settings.vendor.is_none() {
            self.mirrors
                .get_or_init(|| Mirrors::new(mirrors, Else::TheSource, self.online));
        }
    }

    /// Believes those of cosign's signatures that the authorities and logs in the file `root` vouch for, and no others.
    pub fn trust(&self, root: Option<&Path>) {
        if let Some(root) = root {
            self.trusted.get_or_init(|| root.to_owned());
        }
    }

    pub(super) fn mirrors(&self) -> Option<&Mirrors> {
        self.mirrors.get()
    }

    /// Brings the bytes behind one address here and proves them.
    pub fn fetch(&self, request: &Request) -> Result<Fetched, FetchError> {
        self.fetch_watched(request, None)
    }

    /// The same, and has `take` read them while they come. What it gives comes of bytes that proved themselves; where
    /// others came first, it was called for those too, and what it gave was dropped. The file may stand at its end then.
    pub fn fetch_and<T: Send>(
        &self,
        request: &Request,
        take: &(dyn Fn(&mut dyn ReadSeek) -> T + Sync),
    ) -> Result<(Fetched, T), FetchError> {
        let arrival = Arrival::default();
        let (fetched, taken) = thread::scope(|scope| {
            let follower = RefCell::new(None);
            let start = || {
                let started = scope.spawn(|| arrival.follow(take));
                *follower.borrow_mut() = Some(started);
            };
            let _ending = Ending(&arrival);
            let watch = Watch::new(&arrival, &start);
            let fetched = self.fetch_watched(request, Some(&watch));
            arrival.end(match fetched {
                Ok(_) => End::Proven,
                Err(_) => End::Failed,
            });
            let follower = follower.take().map(thread::ScopedJoinHandle::join);
            match follower.transpose() {
                Ok(taken) => (fetched, taken.flatten()),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        let mut fetched = fetched?;
        let taken = match taken {
            Some(taken) => taken,
            // They were here, or few, or somebody else brought them.
            None => take(&mut fetched.file),
        };
        Ok((fetched, taken))
    }

    fn fetch_watched(
        &self,
        request: &Request,
        watch: Option<&Watch<'_>>,
    ) -> Result<Fetched, FetchError> {
        if let Some(folder) = &self.settings.vendor {
            return vendor::fetch(folder, request);
        }
        if let Some(listed) = Listed::of(request) {
            let held = listed.hold(self)?;
            let fetched = self.fetch_watched(&held.request, watch);
            return fetched.map_err(|error| listed.told(error, &held));
        }
        let key = request.expected.signer.as_deref();
        let root = self.trusted.get().map(PathBuf::as_path);
        let signer = match key.map(|key| Signer::parse(key, root)).transpose() {
            Ok(signer) => signer,
            Err(why) => return Err(unsigned(request, why)),
        };
        let signer = signer.as_ref();
        let first = self.fetch_from(&request.url, request, signer, watch);
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
            match self.fetch_from(mirror, &asked, signer, watch) {
                Err(error) if error.may_be_otherwise_elsewhere() => failed = error,
                result => return result,
            }
        }
        Err(failed)
    }

    /// The same of what a lock names, which mirrors may have: they are asked first.
    pub fn fetch_locked(&self, request: &Request) -> Result<Fetched, FetchError> {
        match self.fetch_mirrored(request)? {
            Some(fetched) => Ok(fetched),
            None => self.fetch(request),
        }
    }

    /// The same, and has `take` read it: while it comes, where it comes from the source.
    pub fn fetch_locked_and<T: Send>(
        &self,
        request: &Request,
        take: &(dyn Fn(&mut dyn ReadSeek) -> T + Sync),
    ) -> Result<(Fetched, T), FetchError> {
        match self.fetch_mirrored(request)? {
            Some(mut fetched) => {
                let taken = take(&mut fetched.file);
                Ok((fetched, taken))
            }
            None => self.fetch_and(request, take),
        }
    }

    fn fetch_mirrored(&self, request: &Request) -> Result<Option<Fetched>, FetchError> {
        let Some(mirrors) = self.mirrors.get() else {
            return Ok(None);
        };
        match mirrors.fetch(self, request)? {
            None if mirrors.or_else == Else::Nobody => Err(mirrors.lack(&request.url)),
            fetched => Ok(fetched),
        }
    }

    fn fetch_from(
        &self,
        url: &str,
        request: &Request,
        signer: Option<&Signer>,
        watch: Option<&Watch<'_>>,
    ) -> Result<Fetched, FetchError> {
        if let Some(watch) = watch {
            // What came from elsewhere did not prove itself.
            watch.gives_up();
        }
        match Address::parse(url)? {
            Address::Local(path) => local::fetch(request, signer, path),
            Address::Remote(remote) => {
                let download = Download {
                    downloads: self,
                    request,
                    remote: &remote,
                    watch,
                };
                download.run(signer)
            }
        }
    }

    /// Brings a document here whole: a list of versions, a release. What came before will do while its server said it is
    /// good; then it is asked for again, and sent again only if it changed. Without a network it is what it was.
    pub fn document(&self, request: &Request) -> Result<Vec<u8>, FetchError> {
        Ok(self.page(request)?.0)
    }

    /// The same of one page of a list, and what the server says of the next one.
    pub(super) fn page(&self, request: &Request) -> Result<(Vec<u8>, Option<String>), FetchError> {
        let kept = if self.is_still_good(request) {
            self.kept().fetch(request).ok()
        } else {
            None
        };
        let mut fetched = match kept {
            Some(kept) => kept,
            None => self.fetch(request)?,
        };
        let bytes = fetched.read(request)?;
        Ok((bytes, fetched.link))
    }

    pub(super) fn is_still_good(&self, request: &Request) -> bool {
        let Ok(Address::Remote(remote)) = Address::parse(&request.url) else {
            return false;
        };
        let download = Download {
            downloads: self,
            request,
            remote: &remote,
            watch: None,
        };
        !self.settings.ask_anew && self.online == Online::Yes && download.is_still_good()
    }

    /// The same, for who looks for what is new: what came a moment ago is asked for again.
    #[must_use]
    pub fn asking_anew(mut self) -> Self {
        self.settings.ask_anew = true;
        self
    }

    /// The same folder, for what lies in it already: no socket is opened.
    pub(super) fn kept(&self) -> Self {
        Self {
            folder: self.folder.clone(),
            settings: self.settings.clone(),
            online: Online::No,
            agents: Arc::default(),
            mirrors: OnceLock::new(),
            trusted: Arc::clone(&self.trusted),
            observer: self.observer,
            total: Total::default(),
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
            trusted: Arc::clone(&self.trusted),
            observer: self.observer,
            total: Total::default(),
        }
    }

    pub(super) fn back_off(&self) -> BackOff {
        self.settings.back_off
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
            trusted: Arc::clone(&self.trusted),
            observer: self.observer,
            total: Total::default(),
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
        let errands: Vec<_> = requests.iter().map(Errand::of).collect();
        self.at_once(&errands, |index| done(index, self.fetch(&requests[index])))
    }

    /// Does each errand, several at once; what each gives stands in their order.
    pub(crate) fn at_once<T: Send>(
        &self,
        errands: &[Errand],
        job: impl Fn(usize) -> T + Sync,
    ) -> Vec<T> {
        let Settings {
            parallel, per_host, ..
        } = self.settings;
        let order = errand::order(errands);
        let hosts: Vec<_> = order.iter().map(|at| errands[*at].host.clone()).collect();
        self.total.begin(errands, self.observer);
        let done = parallel::run(&hosts, parallel, per_host, |turn| job(order[turn]));
        self.total.end(self.observer);
        let mut given: Vec<_> = errands.iter().map(|_| None).collect();
        for (at, one) in order.into_iter().zip(done) {
            given[at] = Some(one);
        }
        let all = given.into_iter();
        all.map(|one| one.expect("each errand has its turn"))
            .collect()
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

    pub(super) fn total(&self) -> &Total {
        &self.total
    }

    pub(crate) fn observer(&self) -> &'a dyn Observer {
        self.observer
    }
}

pub(super) fn unsigned(request: &Request, why: String) -> FetchError {
    FetchError::Signature {
        url: super::redacted(&request.url),
        key: request.expected.signer.clone().unwrap_or_default(),
        why,
    }
}
