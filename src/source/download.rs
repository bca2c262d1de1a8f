//! One download from beginning to end: what is here already, what the network brings, what proves it.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::io::Seek;
use std::path::PathBuf;

use dgmo_schema::event::Event;
use dgmo_schema::id::Digest;

use super::Expected;
use super::FetchError;
use super::Fetched;
use super::Online;
use super::Request;
use super::address::Remote;
use super::arrival::Watch;
use super::downloads::Downloads;
use super::downloads::unsigned;
use super::exchange::LONGEST_GOOD;
use super::partial::ABSENT;
use super::partial::Facts;
use super::partial::Partial;
use super::partial::Waited;
use super::persist::Attempt;
use super::persist::persist;
use super::signature::Signer;
use super::total::Share;
use super::transfer;
use super::transfer::Transfer;
use crate::clock::Clock;

/// One download under way.
pub(super) struct Download<'a> {
    pub(super) downloads: &'a Downloads<'a>,
    pub(super) request: &'a Request,
    pub(super) remote: &'a Remote,
    /// Who is told how far the bytes are.
    pub(super) watch: Option<&'a Watch<'a>>,
}

impl<'a> Download<'a> {
    /// Brings the bytes here and proves them.
    pub(super) fn run(&self, signer: Option<&Signer>) -> Result<Fetched, FetchError> {
        let (mut partial, waited) = self.hold()?;
        let received = if self.is_here(&mut partial, waited)? {
            self.share().reach(partial.len());
            0
        } else {
            self.bring(&mut partial)
                .inspect_err(|error| remember_absence(&partial, error))?
        };
        let (mut file, path) = self.kept(partial.open())?;
        if let Some(signer) = signer {
            self.check_signature(signer, &partial, &mut file)?;
            self.kept(file.rewind())?;
        }
        Ok(Fetched {
            file,
            path,
            size: partial.len(),
            digest: partial.digests().blake3,
            received,
            link: partial.facts().and_then(|facts| facts.link.clone()),
        })
    }

    /// The same address gives other bytes to those who ask for another form of them.
    fn key(&self) -> String {
        let text = self.remote.text();
        let named = match self.request.headers.accept() {
            Some(form) => format!("{text}\n{form}"),
            None => text.to_owned(),
        };
        Digest::of(named.as_bytes()).hex()
    }

    /// Whether it is here and its server said that it is still good. Nothing is good for longer than it may be, so a
    /// clock that was set back does not keep it.
    pub(super) fn is_still_good(&self) -> bool {
        let now = Clock::from_environment().now().seconds();
        let facts = Facts::of(self.downloads.folder(), &self.key()[..32]);
        facts
            .filter(|facts| facts.whole.is_some())
            .and_then(|facts| facts.good_until)
            .is_some_and(|until| (now..=now + LONGEST_GOOD).contains(&until))
    }

    /// What all of it hashes to, if all of it came before. Nothing is read of it.
    pub(super) fn whole(&self) -> Option<Digest> {
        Facts::of(self.downloads.folder(), &self.key()[..32])?.whole
    }

    /// Where its bytes are or would be.
    pub(super) fn bytes(&self) -> PathBuf {
        let name = format!("{}.bytes", &self.key()[..32]);
        self.downloads.folder().join(name)
    }

    fn hold(&self) -> Result<(Partial<'a>, Waited), FetchError> {
        let key = self.key();
        let waiting = || {
            self.downloads.observer().observe(Event::Note(format!(
                "fetching {}: the same download is under way already; waiting for it",
                self.request.what
            )));
        };
        let digests = &self.request.expected.digests;
        let folder = self.downloads.folder();
        if !self.bytes().exists() {
            // Who may not fetch is told before a folder and a lock for it are made.
            let agents = self.downloads.agents(self.remote);
            agents.map_err(|error| self.or_absent(error))?;
        }
        let held = Partial::hold(folder, &key[..32], digests, self.watch, waiting);
        self.kept(held)
    }

    /// What its server said last, for who may not ask it.
    fn or_absent(&self, error: FetchError) -> FetchError {
        let said = self.bytes().with_extension(ABSENT);
        match (error, std::fs::read_to_string(said)) {
            (FetchError::Offline { url }, Ok(status)) => FetchError::Refused { url, status },
            (error, _) => error,
        }
    }

    /// Whether all of it is here already, and is what is asked for now.
    ///
    /// Bytes of which nothing is expected are asked for again each time, but not by somebody who waited while they
    /// came, or who may not ask.
    fn is_here(&self, partial: &mut Partial<'_>, waited: Waited) -> Result<bool, FetchError> {
        let Expected { size, digests, .. } = &self.request.expected;
        if digests.is_empty() && size.is_none() {
            let is_new = waited == Waited::Yes || self.downloads.online() == Online::No;
            return Ok(partial.is_whole() && is_new);
        }
        let fits = partial.digests().differ_from(digests).is_none()
            && size.is_none_or(|size| size == partial.len());
        if fits && (partial.is_whole() || !digests.is_empty()) {
            if !partial.is_whole() {
                // Killed after the last byte and before it was written down.
                self.kept(partial.finish())?;
            }
            return Ok(true);
        }
        // An earlier file of this address, or one that went on too long: nothing of it can be gone on with.
        if partial.is_whole() || size.is_some_and(|size| partial.len() >= size) {
            self.kept(partial.clear())?;
        }
        Ok(false)
    }

    fn bring(&self, partial: &mut Partial<'_>) -> Result<u64, FetchError> {
        let transfer = Transfer {
            agents: self.downloads.agents(self.remote)?,
            settings: self.downloads.settings(),
            observer: self.downloads.observer(),
            what: &self.request.what,
            address: self.remote,
            headers: &self.request.headers,
            expected: &self.request.expected,
            share: RefCell::new(self.share()),
        };
        self.persist(self.remote, || {
            let result = transfer.run(partial);
            let at = partial.len();
            Attempt { result, at }
        })
    }

    fn share(&self) -> Share<'a> {
        let size = self.request.expected.size;
        Share::new(self.downloads.total(), self.downloads.observer(), size)
    }

    /// Looks first at the signature that lies here; another may have been published since.
    fn check_signature(
        &self,
        signer: &Signer,
        partial: &Partial<'_>,
        file: &mut File,
    ) -> Result<(), FetchError> {
        if let Some(text) = self.kept(partial.read(signer.kept_as()))?
            && self.kept(signer.check(&text, file))?.is_ok()
        {
            return Ok(());
        }
        let text = self.signature(signer)?;
        self.kept(file.rewind())?;
        self.kept(signer.check(&text, file))?
            .map_err(|why| unsigned(self.request, why))?;
        self.kept(partial.write(signer.kept_as(), &text))
    }

    /// What lies beside it, under the first name there is.
    fn signature(&self, signer: &Signer) -> Result<Vec<u8>, FetchError> {
        for ending in signer.endings() {
            let beside = self.remote.with_suffix(ending);
            let agents = self.downloads.agents(&beside)?;
            let fetched = self.persist(&beside, || Attempt {
                result: transfer::small(agents, &beside, &self.request.headers, signer.largest()),
                at: 0,
            });
            match fetched {
                Err(error) if error.says_absent() => {}
                other => return other,
            }
        }
        let why = match signer.endings() {
            [only] => format!("`{}` is not there", self.remote.with_suffix(only).shown()),
            all => format!("nothing lies beside it that ends in `{}`", all.join("`, `")),
        };
        Err(unsigned(self.request, why))
    }

    fn persist<T>(
        &self,
        remote: &Remote,
        attempt: impl FnMut() -> Attempt<T>,
    ) -> Result<T, FetchError> {
        let shown = remote.shown();
        let settings = self.downloads.settings();
        let observer = self.downloads.observer();
        persist(settings, observer, &self.request.what, &shown, attempt)
    }

    fn kept<T>(&self, result: io::Result<T>) -> Result<T, FetchError> {
        result.map_err(|source| FetchError::Cache {
            url: self.remote.shown(),
            source,
        })
    }
}

/// Takes note that its server has nothing, so that who asks later without a network is told so and not that it is
/// not known. What cannot be written will be asked again: that is no error.
fn remember_absence(partial: &Partial<'_>, error: &FetchError) {
    if let FetchError::Refused { status, .. } = error
        && error.says_absent()
        && !partial.is_whole()
    {
        drop(partial.write(ABSENT, status.as_bytes()));
    }
}
