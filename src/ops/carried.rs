//! What a lock names, carried into a folder: each download once, named by its digest, there whole or not at all.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::lock::Scope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_store::durable;
use dgmo_store::look;

use super::OpError;
use super::Result;
use crate::realise;
use crate::resolve::Origins;
use crate::resolve::Several;
use crate::source::Brought;
use crate::source::CatalogueError;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Errand;
use crate::source::FetchError;
use crate::source::Request;
use crate::source::becomes_tree;
use crate::source::is_vendored;
use crate::source::is_vendored_name;
use crate::source::vendored_at;
use crate::source::vendored_name;

/// What files that are not whole yet are called by.
pub(super) const STAGED: &str = ".dgmo-new-";

/// So much is written at once.
const BUFFER: usize = 256 << 10;

/// Why one package could not be carried.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl Diagnose for CarryError {
    fn code(&self) -> Code {
        match self {
            Self::Catalogue(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::Write { .. } => Code::DownloadFolder,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = "make room, or make the folder writable for you, and run the command again";
        matches!(self, Self::Write { .. }).then(|| Hint::Do(text.to_owned()))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Catalogue(error) => Some(error),
            Self::Fetch(error) => Some(error),
            Self::Write { .. } => None,
        }
    }
}

/// What the folder holds in the end.
pub(super) struct Contents {
    /// Each file once.
    pub(super) items: Vec<Item>,
    /// Packages that come from folders of this machine.
    pub(super) paths: BTreeMap<PackageName, String>,
}

/// One file of the folder.
pub(super) struct Item {
    /// For whom; of several that need it, the first.
    package: PackageName,
    way: WayOf,
    pub(super) digest: ExpectedDigest,
    pub(super) size: Option<u64>,
}

/// How it gets here.
enum WayOf {
    Address(Request),
    Piece(LockedPieces, Piece),
}

impl Item {
    /// Whether the folder has it, whole.
    pub(super) fn is_in(&self, folder: &Path) -> bool {
        let place = vendored_at(folder, &self.digest);
        look::is_file(&place).unwrap_or(false)
            && match &self.way {
                WayOf::Piece(of, _) if of.of.catalogue.is_proven_by_tree() => {
                    becomes_tree(folder, &self.digest)
                }
                _ => is_vendored(folder, &self.digest, self.size),
            }
    }

    /// Whether the folder has a file for it, which was proven when it was put there.
    pub(super) fn is_named_in(&self, folder: &Path) -> bool {
        look::is_file(&vendored_at(folder, &self.digest)).unwrap_or(false)
    }

    fn bring(
        &self,
        downloads: &Downloads<'_>,
        catalogues: &Catalogues<'_>,
    ) -> std::result::Result<Brought, CarryError> {
        Ok(match &self.way {
            WayOf::Address(request) => downloads.fetch_locked(request)?.into(),
            WayOf::Piece(of, piece) => catalogues.way(of, piece)?.go(downloads)?,
        })
    }

    fn errand(&self, catalogues: &Catalogues<'_>) -> Errand {
        match &self.way {
            WayOf::Address(request) => Errand::of(request),
            WayOf::Piece(of, piece) => match catalogues.way(of, piece) {
                Ok(way) => way.errand(),
                // It is told when it is gone.
                Err(_) => Errand::default(),
            },
        }
    }
}

/// What the lock names, for these systems or for all.
pub(super) fn contents(lock: &Lock, systems: &BTreeSet<System>, origins: &Origins) -> Contents {
    let mut items: BTreeMap<String, Item> = BTreeMap::new();
    let mut paths = BTreeMap::new();
    let is_meant = |scope: &Scope| match scope {
        Scope::System(system) => systems.is_empty() || systems.contains(system),
        Scope::Any => true,
    };
    let mut add = |name: &PackageName, way: WayOf, digest: ExpectedDigest, size| {
        let item = Item {
            package: name.clone(),
            way,
            digest,
            size,
        };
        items.entry(vendored_name(&digest)).or_insert(item);
    };
    for (name, package) in &lock.packages {
        for (scope, locked) in package.builds.iter().filter(|(scope, _)| is_meant(scope)) {
            match locked {
                Locked::Path { path, .. } => {
                    paths.insert(name.clone(), path.clone());
                }
                Locked::Url(url) => {
                    let way = WayOf::Address(realise::download(name, scope, url, origins));
                    add(
                        name,
                        way,
                        ExpectedDigest::Blake3(url.digest),
                        Some(url.size),
                    );
                }
                Locked::Pieces(of) => {
                    for piece in &of.pieces {
                        let way = WayOf::Piece(of.clone(), piece.clone());
                        add(name, way, piece.digest, piece.size);
                    }
                }
            }
        }
    }
    let items = items.into_values().collect();
    Contents { items, paths }
}

/// Fetches all, several at once, and puts each into the folder as it comes. Gives their bytes.
pub(super) fn bring(
    verb: &'static str,
    missing: &[&Item],
    folder: &Path,
    (downloads, catalogues): (&Downloads<'_>, &Catalogues<'_>),
) -> Result<u64> {
    durable::make_folders(folder).map_err(OpError::io("make", folder))?;
    let errands: Vec<_> = missing.iter().map(|it| it.errand(catalogues)).collect();
    let brought = downloads.at_once(&errands, |index| {
        let item = missing[index];
        keep(item.bring(downloads, catalogues)?, folder, &item.digest)
    });
    let mut bytes = 0;
    let mut failures = BTreeMap::new();
    for (item, result) in missing.iter().zip(brought) {
        match result {
            Ok(size) => bytes += size,
            Err(error) => {
                failures.entry(item.package.clone()).or_insert(error);
            }
        }
    }
    if failures.is_empty() {
        durable::sync_folder(folder).map_err(OpError::io("sync", folder))?;
        return Ok(bytes);
    }
    let failures = failures.into_iter().collect();
    Err(Several::<CarryError>::new(verb, Code::RealiseFailed, failures).into())
}

/// Puts one file into its place, whole or not at all.
fn keep(
    mut brought: Brought,
    folder: &Path,
    digest: &ExpectedDigest,
) -> std::result::Result<u64, CarryError> {
    let place = vendored_at(folder, digest);
    let written = put(&place, |to| io::copy(&mut brought.file, to));
    written.map_err(|source| CarryError::Write {
        path: place,
        source,
    })
}

/// Has `write` write the file at `place`, which gets its name once its bytes are on disk.
fn put(place: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<u64>) -> io::Result<u64> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    // Another process may bring the same.
    let staged = place.with_file_name(format!("{STAGED}{}-{name}", std::process::id()));
    durable::remove_all(&staged)?;
    let written = durable::write_new(&staged, b"", 0o644).and_then(|file| {
        let mut buffered = BufWriter::with_capacity(BUFFER, file);
        let size = write(&mut buffered)?;
        buffered
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync()?;
        durable::rename(&staged, place)?;
        Ok(size)
    });
    if written.is_err() {
        // What cannot be deleted now goes with the next pruning.
        drop(durable::remove_all(&staged));
    }
    written
}

/// Files of the folder that are named as ours are, and that nothing needs; what a run that was killed left, too.
pub(super) fn others_in(folder: &Path, names: &BTreeSet<String>) -> Result<Vec<String>> {
    let there = match look::names_in(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeSet::new(),
        there => there.map_err(OpError::io("list", folder))?,
    };
    let there = there.into_iter().filter_map(|name| name.into_string().ok());
    let is_ours = |name: &String| is_vendored_name(name) || name.starts_with(STAGED);
    Ok(there
        .filter(|name| is_ours(name) && !names.contains(name))
        .collect())
}
