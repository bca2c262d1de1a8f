//! Repositories of git: a tree at a commit.
//!
//! Tags are versions, branches are channels. What is locked is the commit and the tree it becomes, which another machine
//! has to find the same; a submodule is a further piece, with a commit of its own repository.

mod archive;
mod listing;
mod modules;
mod program;
mod refs;
mod repository;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::catalogue::Offer;
use dgmo_schema::event::Event;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Packing;
use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;
use dgmo_store::Content as Unpacked;
use dgmo_store::Unpack;
use dgmo_store::UnpackError;
use dgmo_store::hash_archive;

use super::Downloads;
use super::catalogue::Ask;
use super::catalogue::Bring;
use super::catalogue::Brought;
use super::catalogue::CatalogueError;
use super::catalogue::Fetcher;
use super::catalogue::Listed;
use super::catalogue::Reach;
use super::catalogue::Versions;
use super::catalogue::Way;
use listing::Entry;
use listing::Kind;
use refs::Refs;
use refs::is_commit;
use repository::Content;
use repository::Here;
use repository::Repository;

/// Repositories within repositories, and no further.
const DEEPEST: usize = 8;

/// The most submodules that are taken.
const MOST_MODULES: usize = 256;

/// All repositories.
pub(super) struct Git<'a> {
    downloads: &'a Downloads<'a>,
    /// What was asked in this run, by address.
    known: Mutex<HashMap<String, Arc<Refs>>>,
}

impl<'a> Git<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>) -> Self {
        Self {
            downloads,
            known: Mutex::default(),
        }
    }

    fn repository<'s>(
        &'s self,
        address: &'s str,
        is_chosen: bool,
    ) -> Result<Repository<'s>, CatalogueError> {
        Repository::new(self.downloads, address, is_chosen)
    }

    fn refs(&self, offer: &Offer) -> Result<Arc<Refs>, CatalogueError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refs) = known().get(&offer.name) {
            return Ok(Arc::clone(refs));
        }
        let refs = Arc::new(self.repository(&offer.name, true)?.refs()?);
        known().insert(offer.name.clone(), Arc::clone(&refs));
        Ok(refs)
    }

    /// The commit that is `version`, and the name it was found by.
    fn commit(&self, ask: &Ask<'_>, version: &Version) -> Result<(String, String), CatalogueError> {
        let text = version.as_str();
        let name = wanted_name(ask).unwrap_or_else(|| text.to_owned());
        // What a branch leads to is named by the commit itself.
        if is_commit(text) {
            return Ok((text.to_owned(), name));
        }
        let refs = self.refs(&ask.source.offer)?;
        match refs.tags.get(text) {
            Some(commit) => Ok((commit.clone(), name)),
            None => Err(CatalogueError::Gone {
                offer: ask.source.offer.to_string(),
                what: format!("the tag `{text}`"),
            }),
        }
    }

    /// Fetches one commit and hashes what it becomes. What is odd about it is told.
    fn piece(
        &self,
        address: &str,
        (content, is_chosen): (Content, bool),
        ask: &Ask<'_>,
    ) -> Result<(Piece, Vec<Module>), CatalogueError> {
        let repository = self.repository(address, is_chosen)?;
        let here = repository.bring(content.clone())?;
        let entries = here.list()?;
        let mut archived = here.archive(&entries)?;
        let size = archived.file.metadata().map(|it| it.len()).ok();
        let how = Unpack::new(Packing::Tar);
        let added = hash_archive(&mut archived.file, &how)
            .map_err(|error| not_taken(address, &content, &error))?;
        let Unpacked::Folder(tree) = added.content else {
            unreachable!("unpacking gives a folder");
        };
        let warn = |text: String| {
            let text = format!("package `{}`: {text}", ask.package);
            self.downloads.observer().observe(Event::Warning(text));
        };
        if let [first, others @ ..] = archived.pointers.as_slice() {
            let more = match others.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            warn(format!(
                "`{first}`{more} in `{address}` is only a pointer of Git LFS: its content lies on another server and \
                 is not taken"
            ));
        }
        let modules = submodules(&here, &content, &entries)?;
        if !modules.is_empty() && !ask.source.whole {
            warn(format!(
                "`{address}` has submodules, which are left empty; `submodules: true` takes them"
            ));
        }
        let piece = Piece {
            name: address.to_owned(),
            version: content.commit.clone(),
            file: content.spelled(),
            size,
            digest: ExpectedDigest::Blake3(tree.0),
            unpack: None,
            at: String::new(),
        };
        Ok((piece, modules))
    }

    /// The submodules of `modules`, and theirs, below the folder `at`.
    fn take_modules(
        &self,
        modules: Vec<Module>,
        (at, deep): (&str, usize),
        (ask, pieces): (&Ask<'_>, &mut Vec<Piece>),
    ) -> Result<(), CatalogueError> {
        for module in modules {
            let path = if at.is_empty() {
                module.path.clone()
            } else {
                format!("{at}/{}", module.path)
            };
            let wrong = |why: String| CatalogueError::Answer {
                url: ask.source.offer.name.clone(),
                why: format!("its submodule `{path}` {why}"),
            };
            if deep >= DEEPEST || pieces.len() >= MOST_MODULES {
                return Err(wrong("is one of too many".to_owned()));
            }
            let address = module
                .address
                .ok_or_else(|| wrong("has no address".to_owned()))?;
            let content = Content {
                commit: module.commit,
                subdir: None,
            };
            let is_chosen = self.repository(&ask.source.offer.name, true)?.is_near();
            let (mut piece, inside) = self.piece(&address, (content, is_chosen), ask)?;
            piece.at.clone_from(&path);
            pieces.push(piece);
            self.take_modules(inside, (&path, deep + 1), (ask, pieces))?;
        }
        Ok(())
    }
}

/// A submodule of one commit.
struct Module {
    path: String,
    commit: String,
    address: Option<String>,
}

fn submodules(
    here: &Here<'_>,
    content: &Content,
    entries: &[Entry],
) -> Result<Vec<Module>, CatalogueError> {
    let linked: Vec<&Entry> = entries
        .iter()
        .filter(|it| it.kind == Kind::Submodule)
        .collect();
    if linked.is_empty() {
        return Ok(Vec::new());
    }
    let addresses: BTreeMap<String, String> = here.modules()?.into_iter().collect();
    let modules = linked.into_iter().map(|entry| {
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        let whole = match &content.subdir {
            Some(subdir) => format!("{subdir}/{path}"),
            None => path.clone(),
        };
        Module {
            address: addresses.get(&whole).cloned(),
            commit: entry.id.clone(),
            path,
        }
    });
    Ok(modules.collect())
}

fn not_taken(address: &str, content: &Content, error: &UnpackError) -> CatalogueError {
    let mut why = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        why.push_str(&format!(": {error}"));
        cause = error.source();
    }
    CatalogueError::Answer {
        url: address.to_owned(),
        why: format!("of {}, {why}", content.spelled()),
    }
}

/// The one name that is asked for, where it is not a range of versions.
fn wanted_name(ask: &Ask<'_>) -> Option<String> {
    let source = ask.source;
    if let Some(rev) = &source.rev {
        return Some(rev.clone());
    }
    let range = VersionRange::parse(Scheme::Release, source.version.as_deref()?).ok()?;
    range
        .channel()
        .filter(|it| *it != "latest")
        .map(str::to_owned)
}

/// A tag without a number is moved from version to version, like a branch.
fn is_version(tag: &str) -> bool {
    tag.contains(|c: char| c.is_ascii_digit())
}

fn listed(text: &str) -> Option<Listed> {
    Some(Listed {
        version: Version::parse(Scheme::Release, text).ok()?,
        published: None,
        withdrawn: None,
    })
}

impl Fetcher for Git<'_> {
    fn versions(
        &self,
        ask: &Ask<'_>,
        _enough: &dyn Fn(&Versions) -> bool,
    ) -> Result<Versions, CatalogueError> {
        let one = |name: &str, text: &str| Versions {
            listed: listed(text).into_iter().collect(),
            channels: BTreeMap::from([(name.to_owned(), text.to_owned())]),
        };
        let name = wanted_name(ask);
        if let Some(commit) = name.as_deref().filter(|name| is_commit(name)) {
            return Ok(one(commit, commit));
        }
        let refs = self.refs(&ask.source.offer)?;
        if let Some(name) = &name
            && let Some(commit) = refs.commit(name)
        {
            let text = if refs.tags.contains_key(name) && is_version(name) {
                name
            } else {
                commit
            };
            return Ok(one(name, text));
        }
        let tags = refs.tags.keys().filter(|tag| is_version(tag));
        let moving = refs.tags.iter().filter(|(tag, _)| !is_version(tag));
        let channels = refs.branches.iter().chain(moving);
        let channels = channels.filter(|(name, _)| *name != "latest");
        Ok(Versions {
            listed: tags.filter_map(|tag| listed(tag)).collect(),
            channels: channels
                .map(|(name, commit)| (name.clone(), commit.clone()))
                .collect(),
        })
    }

    fn lock(
        &self,
        ask: &Ask<'_>,
        version: &Version,
        _system: &System,
    ) -> Result<(Reach, LockedPieces), CatalogueError> {
        let source = ask.source;
        let (commit, name) = self.commit(ask, version)?;
        let content = Content {
            commit,
            subdir: source.subdir.clone(),
        };
        let (mut piece, modules) = self.piece(&source.offer.name, (content, true), ask)?;
        piece.version = name;
        let mut pieces = vec![piece];
        if source.whole {
            self.take_modules(modules, ("", 0), (ask, &mut pieces))?;
        }
        let locked = LockedPieces {
            of: source.offer.clone(),
            pieces,
            programs: BTreeMap::new(),
            runtime: None,
            signer: None,
            whole: source.whole,
        };
        Ok((Reach::AnySystem, locked))
    }

    fn is_meant(&self, ask: &Ask<'_>, locked: &LockedPieces) -> bool {
        let content = Content::parse(&locked.pieces[0].file);
        content.is_some_and(|content| content.subdir == ask.source.subdir)
    }

    fn is_version_meant(&self, ask: &Ask<'_>, locked: &LockedPieces) -> bool {
        let by = &locked.pieces[0].version;
        match wanted_name(ask) {
            Some(name) => name == *by,
            // An id of a commit may look like a number that fits.
            None => !is_commit(by),
        }
    }

    fn way<'s>(
        &'s self,
        of: &'s LockedPieces,
        piece: &'s Piece,
    ) -> Result<Way<'s>, CatalogueError> {
        let content = Content::parse(&piece.file).ok_or_else(|| CatalogueError::Answer {
            url: piece.name.clone(),
            why: format!("`{}` in the lock is no commit", piece.file),
        })?;
        let root = self.repository(&of.of.name, true)?;
        let is_chosen = piece.name == of.of.name || root.is_near();
        Ok(Way::Made(Box::new(Checkout {
            repository: self.repository(&piece.name, is_chosen)?,
            content,
        })))
    }
}

/// A commit that is to be brought here.
struct Checkout<'a> {
    repository: Repository<'a>,
    content: Content,
}

impl Bring for Checkout<'_> {
    fn host(&self) -> Option<String> {
        self.repository.host()
    }

    fn bring(&self) -> Result<Brought, CatalogueError> {
        let here = self.repository.bring(self.content.clone())?;
        let entries = here.list()?;
        let archived = here.archive(&entries)?;
        Ok(Brought {
            file: archived.file,
            received: 0,
        })
    }
}
