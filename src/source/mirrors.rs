//! Mirrors: servers of plain files, or folders, that have what locks name, as `dgmo mirror` lays it down.
//!
//! ```text
//! BASE/mirror.json                which format it has
//! BASE/downloads/sha512-<hex>     a download, by the digest the lock has of it
//! BASE/objects/ab/<62 hex>[.t]    objects, which repairing asks for
//! ```
//!
//! Nobody is believed: what a mirror gives is proven on its way, as if it came from where the lock says. One that has
//! other bytes under a name is told, and the next is asked. One that breaks off rests and is asked again, a few times; one
//! that refuses is told once and not asked again.

use std::io::Seek;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use dgmo_schema::event::Event;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Packing;
use dgmo_schema::mirror::About;
use dgmo_schema::mirror::FORMAT;
use dgmo_store::Content;
use dgmo_store::Unpack;
use dgmo_store::hash_archive;

use super::Address;
use super::Bring;
use super::Brought;
use super::CatalogueError;
use super::Catalogues;
use super::Downloads;
use super::Expected;
use super::FetchError;
use super::Fetched;
use super::Online;
use super::Request;
use super::agent::Agents;
use super::redacted;
use super::standing::Became;
use super::standing::Standing;
use super::standing::Turn;
use super::vendored_name;

/// The file that says what a mirror is.
pub const MIRROR_FILE: &str = "mirror.json";

/// The folder of a mirror that has downloads.
pub const MIRRORED_DOWNLOADS: &str = "downloads";

/// How often a mirror is tried: others are there to be asked.
pub(super) const ATTEMPTS: u32 = 2;

/// How long a mirror has to take a connection.
pub(super) const WAITED_FOR: Duration = Duration::from_secs(10);

/// The most bytes of an archive of a repository whose lock does not tell how many it has.
const LARGEST_ARCHIVE: u64 = 4 << 30;

/// What a mirror says of itself has a few bytes.
const LARGEST_ABOUT: u64 = 64 << 10;

/// Who else is asked when no mirror has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Else {
    /// Where it truly comes from.
    TheSource,
    /// Nobody.
    Nobody,
}

/// The mirrors of one run, in the order they are asked in.
pub(super) struct Mirrors {
    all: Vec<Mirror>,
    pub(super) or_else: Else,
    pub(super) online: Online,
    /// Theirs: whether the true sources may be asked is another question.
    pub(super) agents: Arc<OnceLock<Agents>>,
}

#[derive(Debug)]
struct Mirror {
    /// Its address, without a slash at the end; it may hold a user and a password.
    base: String,
    /// Whether it is one that we can read, once it was looked at.
    is_one: OnceLock<bool>,
    /// What was seen of its server, which other mirrors may share.
    standing: Arc<Standing>,
}

impl Mirrors {
    pub(super) fn new(addresses: &[String], or_else: Else, online: Online) -> Self {
        let mut servers: Vec<(String, Arc<Standing>)> = Vec::new();
        let all = addresses.iter().map(|address| {
            let base = address.trim_end_matches('/').to_owned();
            let server = match Address::parse(&base) {
                Ok(Address::Remote(remote)) => remote.authority(),
                _ => base.clone(),
            };
            let known = servers.iter().find(|(it, _)| *it == server);
            let standing = known.map_or_else(Arc::default, |(_, it)| Arc::clone(it));
            servers.push((server, Arc::clone(&standing)));
            Mirror {
                base,
                is_one: OnceLock::new(),
                standing,
            }
        });
        Self {
            all: all.collect(),
            or_else,
            online,
            agents: Arc::default(),
        }
    }

    /// What a lock names by this digest, from the first mirror that has it.
    pub(super) fn fetch(
        &self,
        downloads: &Downloads<'_>,
        request: &Request,
    ) -> Result<Option<Fetched>, FetchError> {
        let Some(digest) = request.expected.digests.first() else {
            return Ok(None);
        };
        let expected = Expected {
            // Who signed it was asked when it was locked; the digest is that of the lock.
            signer: None,
            ..request.expected.clone()
        };
        let asked = (request.what.as_str(), digest, expected);
        self.first(&downloads.of_mirrors(self), &asked, &|_| Ok(()))
    }

    /// An archive that the tree it becomes proves: its bytes are nobody's.
    fn archive(
        &self,
        downloads: &Downloads<'_>,
        piece: &Piece,
    ) -> Result<Option<Fetched>, FetchError> {
        let asked = (piece.name.as_str(), &piece.digest, Expected::default());
        let downloads = downloads.of_mirrors(self).within(most_of(piece));
        self.first(&downloads, &asked, &|fetched| {
            prove_archive(fetched, &piece.digest)
        })
    }

    /// From the first that has it. Where nobody else may be asked, who rests is waited for.
    fn first(
        &self,
        downloads: &Downloads<'_>,
        (what, digest, expected): &(&str, &ExpectedDigest, Expected),
        prove: &dyn Fn(&mut Fetched) -> Result<(), FetchError>,
    ) -> Result<Option<Fetched>, FetchError> {
        let mut waiting: Vec<&Mirror> = self.all.iter().collect();
        loop {
            let mut resting = Vec::new();
            for mirror in waiting {
                let after = match mirror.standing.turn() {
                    Turn::Asked { after } if mirror.is_one(downloads) => after,
                    Turn::Asked { .. } | Turn::GivenUp => continue,
                    Turn::Rests(_) => {
                        resting.push(mirror);
                        continue;
                    }
                };
                let request = Request::new(*what, mirror.download(digest), expected.clone());
                let fetched = downloads.fetch(&request).and_then(|mut fetched| {
                    prove(&mut fetched)?;
                    Ok(fetched)
                });
                match fetched {
                    Ok(fetched) => return Ok(Some(fetched)),
                    Err(error) => match mirror.failed(downloads, (what, after), error)? {
                        Went::Said => {}
                        Went::BrokeOff => resting.push(mirror),
                    },
                }
            }
            let rests = resting.iter().map(|it| match it.standing.turn() {
                Turn::Rests(left) => left,
                Turn::Asked { .. } | Turn::GivenUp => Duration::ZERO,
            });
            match rests.min() {
                Some(left) if self.or_else == Else::Nobody => std::thread::sleep(left),
                _ => return Ok(None),
            }
            waiting = resting;
        }
    }

    /// Why something is not to be had, where nobody else may be asked.
    pub(super) fn lack(&self, what: &str) -> FetchError {
        let shown = self
            .all
            .iter()
            .map(|it| format!("`{}`", redacted(&it.base)));
        FetchError::NotMirrored {
            what: redacted(what),
            mirrors: shown.collect::<Vec<_>>().join(", "),
        }
    }
}

impl Mirror {
    fn download(&self, digest: &ExpectedDigest) -> String {
        let name = vendored_name(digest);
        format!("{}/{MIRRORED_DOWNLOADS}/{name}", self.base)
    }

    /// Whether it is a mirror that this dgmo can read: looked at once, and told if it is not.
    fn is_one(&self, downloads: &Downloads<'_>) -> bool {
        *self.is_one.get_or_init(|| {
            let shown = redacted(&self.base);
            let why = match about(downloads, &self.base) {
                Ok(Some(about)) if about.format <= FORMAT => return true,
                Ok(Some(about)) => format!(
                    "its format is {}, and this dgmo knows {FORMAT}",
                    about.format
                ),
                Ok(None) => format!("it is no mirror: it has no `{MIRROR_FILE}` of dgmo's"),
                // What came from it earlier is found all the same.
                Err(FetchError::Offline { .. }) => return true,
                Err(error) => error.to_string(),
            };
            warn(
                downloads,
                format!("the mirror `{shown}` is not asked: {why}"),
            );
            false
        })
    }

    /// What becomes of a mirror that did not give something. An error is one of this machine.
    fn failed(
        &self,
        downloads: &Downloads<'_>,
        (what, after): (&str, u32),
        error: FetchError,
    ) -> Result<Went, FetchError> {
        let shown = redacted(&self.base);
        match error {
            error if error.says_absent() => {}
            FetchError::Offline { .. } => {}
            FetchError::Local { ref source, .. }
                if source.kind() == std::io::ErrorKind::NotFound => {}
            FetchError::Cache { .. } | FetchError::Folder { .. } => return Err(error),
            FetchError::WrongDigest { .. }
            | FetchError::WrongSize { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Encoded { .. } => {
                let text = format!("the mirror `{shown}` has other bytes for `{what}`: {error}");
                warn(downloads, text);
            }
            error @ FetchError::Unreachable { .. } => {
                match self.standing.broke_off(after, downloads.back_off()) {
                    Became::Known => {}
                    Became::Resting => warn(
                        downloads,
                        format!(
                            "the mirror `{shown}` breaks off, and is asked again later: {error}"
                        ),
                    ),
                    Became::GivenUp => self.say_given_up(downloads, &error),
                }
                return Ok(Went::BrokeOff);
            }
            error => {
                // Several threads may find out at once.
                if self.standing.give_up() == Became::GivenUp {
                    self.say_given_up(downloads, &error);
                }
            }
        }
        Ok(Went::Said)
    }

    fn say_given_up(&self, downloads: &Downloads<'_>, error: &FetchError) {
        let shown = redacted(&self.base);
        let text = format!("the mirror `{shown}` is not asked any more: {error}");
        warn(downloads, text);
    }
}

/// How a mirror did not give something.
enum Went {
    /// It, or this machine, has said all there is to say.
    Said,
    BrokeOff,
}

/// How many bytes an archive of a repository may have. It is written anew where it is mirrored, by a dgmo that may
/// write it a little otherwise: the tree proves it, and this keeps a disk from being filled before that.
fn most_of(piece: &Piece) -> u64 {
    let size = piece.size.unwrap_or(LARGEST_ARCHIVE);
    size.saturating_add(size / 4).saturating_add(1 << 20)
}

fn warn(downloads: &Downloads<'_>, text: String) {
    downloads.observer().observe(Event::Warning(text));
}

/// What the mirror at `base` says of itself; nothing if it says nothing that is known.
pub fn about(downloads: &Downloads<'_>, base: &str) -> Result<Option<About>, FetchError> {
    let what = format!("mirror {}", redacted(base));
    let url = format!("{base}/{MIRROR_FILE}");
    let request = Request::new(what, url, Expected::default());
    match downloads.within(LARGEST_ABOUT).document(&request) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.says_absent() => Ok(None),
        Err(FetchError::Local { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The address of a mirror that is a folder of this machine.
pub fn address_of_folder(folder: &Path) -> String {
    let mut text = "file://".to_owned();
    for byte in folder.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Whether the archive becomes the tree that the lock names; it is read from its start again then.
fn prove_archive(fetched: &mut Fetched, digest: &ExpectedDigest) -> Result<(), FetchError> {
    let found = becomes(&mut fetched.file).unwrap_or_else(|why| why);
    if found != digest.to_string() {
        return Err(FetchError::WrongDigest {
            url: fetched.path.display().to_string(),
            expected: digest.to_string(),
            found,
        });
    }
    let rewound = fetched.file.rewind();
    rewound.map_err(|source| FetchError::Local {
        path: fetched.path.clone(),
        source,
    })
}

/// The tree that an archive of a repository becomes, as text; else why it becomes none.
pub(super) fn becomes(archive: &mut std::fs::File) -> Result<String, String> {
    match hash_archive(archive, &Unpack::new(Packing::Tar)) {
        Ok(added) => match added.content {
            Content::Folder(tree) => Ok(tree.to_string()),
            _ => Err("no folder".to_owned()),
        },
        Err(error) => Err(error.to_string()),
    }
}

/// A piece that mirrors are asked for first.
pub(super) struct Mirrored<'s, 'a> {
    pub(super) catalogues: &'s Catalogues<'a>,
    pub(super) downloads: &'s Downloads<'a>,
    pub(super) of: &'s LockedPieces,
    pub(super) piece: &'s Piece,
}

impl Bring for Mirrored<'_, '_> {
    fn host(&self) -> Option<String> {
        None
    }

    fn bring(&self) -> Result<Brought, CatalogueError> {
        let Self {
            of,
            piece,
            downloads,
            ..
        } = self;
        if let Some(mirrors) = downloads.mirrors() {
            let found = if of.of.catalogue.is_proven_by_tree() {
                mirrors.archive(downloads, piece)?
            } else {
                let expected = Expected {
                    size: piece.size,
                    digests: vec![piece.digest],
                    signer: None,
                };
                let request = Request::new(&*piece.name, &*piece.file, expected);
                mirrors.fetch(downloads, &request)?
            };
            match found {
                Some(fetched) => return Ok(fetched.into()),
                None if mirrors.or_else == Else::Nobody => {
                    return Err(mirrors.lack(&piece.name).into());
                }
                None => {}
            }
        }
        // Who it is truly asked at is only found out now: a machine with a mirror may have no settings for that.
        let fetcher = self.catalogues.fetcher(of.of.catalogue)?;
        fetcher.way(of, piece)?.go(downloads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_any_name_has_an_address_that_leads_to_it() {
        for folder in ["/a/b", "/a b/%2f/ä?#x", "/with:colon"] {
            let address = address_of_folder(Path::new(folder));
            assert_eq!(Address::parse(&address), Ok(Address::Local(folder.into())));
        }
    }
}
