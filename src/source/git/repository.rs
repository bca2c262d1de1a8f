//! What was fetched of a repository, and how more of it is.
//!
//! ```text
//! HOME/cache/git/
//!   <key>.lock   held by whoever fetches into the repository or reads it
//!   <key>.git/   a bare repository; `refs/dgmo/<commit>` says that all of that commit is here
//! ```
//!
//! `<key>` is the digest of the address. All of it may be deleted at any time. A fetch that was killed leaves files of
//! git's own locks; who finds them, or cannot read what should be there, begins anew.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::event::Event;
use dgmo_schema::id::Digest;
use dgmo_store::durable;
use dgmo_store::durable::NewFile;

use super::archive;
use super::archive::Archived;
use super::listing;
use super::listing::Entry;
use super::program::Program;
use super::refs::Refs;
use super::refs::is_commit;
use crate::env::Var;
use crate::source::CatalogueError;
use crate::source::Downloads;
use crate::source::FetchError;
use crate::source::Online;
use crate::source::partial;

/// One repository, by its address.
#[derive(Clone)]
pub(super) struct Repository<'a> {
    downloads: &'a Downloads<'a>,
    /// As the manifest has it.
    pub(super) address: &'a str,
    /// Whether a person chose the address, or a repository did.
    pub(super) is_chosen: bool,
}

/// A commit, or a folder of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) commit: String,
    pub(super) subdir: Option<String>,
}

/// Files that git leaves when it is killed, and that keep it from working.
const LEFT_LOCKS: &[&str] = &[
    "shallow.lock",
    "config.lock",
    "packed-refs.lock",
    "HEAD.lock",
];

/// What servers say that give only what they have a name for.
const WANT_NAMES: &[&str] = &[
    "unadvertised object",
    "not our ref",
    "does not support shallow",
    "no such remote ref",
    "couldn't find remote ref",
];

impl Content {
    /// As it is in a lock: `COMMIT` or `COMMIT:FOLDER`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (commit, subdir) = match text.split_once(':') {
            Some((commit, subdir)) => (commit, Some(subdir.to_owned())),
            None => (text, None),
        };
        is_commit(commit).then(|| Self {
            commit: commit.to_owned(),
            subdir,
        })
    }

    pub(super) fn spelled(&self) -> String {
        match &self.subdir {
            Some(subdir) => format!("{}:{subdir}", self.commit),
            None => self.commit.clone(),
        }
    }
}

/// A commit that is here, while nobody else touches it.
pub(super) struct Here<'a> {
    repository: Repository<'a>,
    folder: PathBuf,
    content: Content,
    _lock: NewFile,
}

impl<'a> Repository<'a> {
    pub(super) fn new(
        downloads: &'a Downloads<'a>,
        address: &'a str,
        is_chosen: bool,
    ) -> Result<Self, CatalogueError> {
        // A lock may come from anywhere.
        dgmo_schema::manifest::check_repository(address).map_err(|why| CatalogueError::Answer {
            url: address.to_owned(),
            why: why.to_owned(),
        })?;
        Ok(Self {
            downloads,
            address,
            is_chosen,
        })
    }

    /// What git is told to speak to: `~` is ours to understand.
    fn real(&self) -> String {
        match (
            self.address.strip_prefix("~/"),
            Var::UserHome.absolute_path(),
        ) {
            (Some(rest), Some(home)) => home.join(rest).display().to_string(),
            _ => self.address.to_owned(),
        }
    }

    /// Whether it is on this machine.
    pub(super) fn is_near(&self) -> bool {
        self.address.starts_with(['/', '~']) || self.address.starts_with("file://")
    }

    /// The server, where there is one.
    pub(super) fn host(&self) -> Option<String> {
        let rest = self
            .address
            .split_once("://")
            .map_or(self.address, |(_, rest)| rest);
        let host = rest
            .split(['/', ':'])
            .next()
            .filter(|host| !host.is_empty())?;
        (!self.is_near()).then(|| host.rsplit('@').next().unwrap_or(host).to_owned())
    }

    fn may_ask(&self) -> Result<(), CatalogueError> {
        if self.is_near() || self.downloads.online() == Online::Yes {
            return Ok(());
        }
        let url = self.address.to_owned();
        Err(FetchError::Offline { url }.into())
    }

    /// What it calls its commits.
    pub(super) fn refs(&self) -> Result<Refs, CatalogueError> {
        self.may_ask()?;
        let root = Path::new("/");
        let git = Program::at(self.address, root, self.is_chosen);
        let real = self.real();
        let reply = git.ask_far(&["ls-remote", "--heads", "--tags", "--", &real])?;
        if !reply.is_success {
            return Err(git.cannot("ask", &reply.stderr));
        }
        Ok(Refs::parse(&reply.stdout))
    }

    /// Brings a commit here, if it is not, and holds it.
    pub(super) fn bring(&self, content: Content) -> Result<Here<'a>, CatalogueError> {
        let above = self.downloads.beside("git");
        let key = Digest::of(self.address.as_bytes()).hex();
        let waiting = || {
            let text = format!(
                "waiting for another process that fetches `{}`",
                self.address
            );
            self.downloads.observer().observe(Event::Note(text));
        };
        let (lock, _) =
            partial::hold_alone(&above, &key, waiting).map_err(|error| self.not_kept(error))?;
        let here = Here {
            repository: self.clone(),
            folder: above.join(format!("{key}.git")),
            content,
            _lock: lock,
        };
        here.fetch()?;
        Ok(here)
    }

    fn not_kept(&self, source: io::Error) -> CatalogueError {
        let url = self.address.to_owned();
        FetchError::Cache { url, source }.into()
    }
}

impl Here<'_> {
    fn git(&self) -> Program<'_> {
        let Repository {
            address, is_chosen, ..
        } = self.repository;
        Program::at(address, &self.folder, is_chosen)
    }

    /// The name that says that all of the commit is here.
    fn name(&self) -> String {
        format!("refs/dgmo/{}", self.content.commit)
    }

    fn is_here(&self) -> Result<bool, CatalogueError> {
        let name = format!("{}^{{commit}}", self.name());
        Ok(self.folder.join("HEAD").exists()
            && self
                .git()
                .ask(&["rev-parse", "--verify", "--quiet", &name])?
                .is_success)
    }

    fn fetch(&self) -> Result<(), CatalogueError> {
        if LEFT_LOCKS
            .iter()
            .any(|name| self.folder.join(name).exists())
        {
            self.clear()?;
        }
        if self.is_here()? {
            return Ok(());
        }
        self.repository.may_ask()?;
        let text = format!("fetching `{}`", self.repository.address);
        self.repository
            .downloads
            .observer()
            .observe(Event::Detail(text));
        self.make()?;
        let commit = &self.content.commit;
        let wanted = format!("+{commit}:{}", self.name());
        let Some(said) = self.fetch_from(&["--depth=1"], &[&wanted])? else {
            return Ok(());
        };
        if !WANT_NAMES.iter().any(|words| said.contains(words)) {
            return Err(self.git().cannot("fetch", &said));
        }
        self.fetch_all()
    }

    /// Fetches all there is a name for: some servers give nothing else.
    fn fetch_all(&self) -> Result<(), CatalogueError> {
        let mut flags = Vec::new();
        if self.folder.join("shallow").exists() {
            flags.push("--unshallow");
        }
        let all = [
            "+refs/heads/*:refs/dgmo-heads/*",
            "+refs/tags/*:refs/dgmo-tags/*",
        ];
        if let Some(said) = self.fetch_from(&flags, &all)? {
            return Err(self.git().cannot("fetch", &said));
        }
        let commit = &self.content.commit;
        let is_there = self
            .git()
            .ask(&["cat-file", "-e", &format!("{commit}^{{commit}}")])?;
        if !is_there.is_success {
            return Err(CatalogueError::Gone {
                offer: format!("git:{}", self.repository.address),
                what: format!("the commit {commit}"),
            });
        }
        let named = self.git().ask(&["update-ref", &self.name(), commit])?;
        if named.is_success {
            Ok(())
        } else {
            Err(self.git().cannot("keep what came of", &named.stderr))
        }
    }

    /// Gives what git said where it failed.
    fn fetch_from(
        &self,
        flags: &[&str],
        wanted: &[&str],
    ) -> Result<Option<String>, CatalogueError> {
        let real = self.repository.real();
        let mut words = vec![
            "fetch",
            "--progress",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
        ];
        words.extend(flags);
        words.extend(["--", &real]);
        words.extend(wanted);
        let reply = self.git().ask_far(&words)?;
        Ok((!reply.is_success).then_some(reply.stderr))
    }

    /// An empty repository, if there is none.
    fn make(&self) -> Result<(), CatalogueError> {
        let not_kept = |error| self.repository.not_kept(error);
        durable::make_folders(&self.folder).map_err(not_kept)?;
        // What a lock names is read whatever digest its repository has.
        let format = match self.content.commit.len() {
            64 => "--object-format=sha256",
            _ => "--object-format=sha1",
        };
        let init = self
            .git()
            .ask(&["init", "--quiet", "--bare", "--template=", format, "."])?;
        if init.is_success {
            Ok(())
        } else {
            Err(self.git().cannot("keep what comes of", &init.stderr))
        }
    }

    /// Forgets all that came.
    fn clear(&self) -> Result<(), CatalogueError> {
        durable::remove_all(&self.folder).map_err(|error| self.repository.not_kept(error))
    }

    /// What the commit has, or the folder of it that is wanted.
    pub(super) fn list(&self) -> Result<Vec<Entry>, CatalogueError> {
        let tree = match &self.content.subdir {
            Some(subdir) => format!("{}:{subdir}", self.content.commit),
            None => format!("{}^{{tree}}", self.content.commit),
        };
        let reply = self
            .git()
            .ask(&["ls-tree", "-r", "-z", "--full-tree", &tree])?;
        if !reply.is_success {
            let what = match &self.content.subdir {
                Some(subdir) => format!("a folder `{subdir}` in {}", self.content.commit),
                None => format!("the commit {}", self.content.commit),
            };
            return Err(CatalogueError::Gone {
                offer: format!("git:{}", self.repository.address),
                what,
            });
        }
        listing::parse(&reply.stdout).map_err(|why| CatalogueError::Answer {
            url: self.repository.address.to_owned(),
            why,
        })
    }

    /// The content as an archive. What cannot be read is fetched once more.
    pub(super) fn archive(&self, entries: &[Entry]) -> Result<Archived, CatalogueError> {
        match self.try_archive(entries) {
            Err(CatalogueError::Program { .. }) => {
                self.clear()?;
                self.fetch()?;
                self.try_archive(entries)
            }
            result => result,
        }
    }

    fn try_archive(&self, entries: &[Entry]) -> Result<Archived, CatalogueError> {
        let mut talk = self.git().talk(&["cat-file", "--batch"])?;
        let above = self.folder.parent().unwrap_or(&self.folder);
        archive::make(&mut talk, entries, above)
            .map_err(|error| self.git().cannot("read what came of", &error.to_string()))
    }

    /// The addresses of submodules, by their paths from the root of the commit.
    pub(super) fn modules(&self) -> Result<Vec<(String, String)>, CatalogueError> {
        let file = format!("{}:.gitmodules", self.content.commit);
        let reply = self.git().ask(&[
            "config",
            "--null",
            "--blob",
            &file,
            "--get-regexp",
            r"^submodule\..*\.(path|url)$",
        ])?;
        Ok(super::modules::parse(
            &reply.stdout,
            self.repository.address,
        ))
    }
}
