//! `dgmo vendor`: every download a lock names, in one folder, for machines that reach nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
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
use dgmo_schema::report::catalogue::VendorReport;
use dgmo_schema::system::System;
use dgmo_store::durable;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::shown;
use super::want;
use crate::home::ManifestGuard;
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
use crate::source::is_vendored;
use crate::source::is_vendored_name;
use crate::source::vendored_at;
use crate::source::vendored_name;

/// What files that are not whole yet are called by.
const STAGED: &str = ".dgmo-new-";

/// What vendoring is asked for.
#[derive(Debug)]
pub struct VendorRequest {
    /// What is locked: the manifest whose lock it is.
    pub of: SwitchRequest,
    /// Where to.
    pub folder: PathBuf,
    /// For which systems; none: for all of the lock.
    pub systems: BTreeSet<System>,
    /// Whether files that the lock does not name are deleted.
    pub prune: bool,
}

/// Why one package could not be vendored.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("cannot write `{}`", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
}

impl Diagnose for VendorError {
    fn code(&self) -> Code {
        match self {
            Self::Catalogue(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::Write { .. } => Code::DownloadFolder,
        }
    }

    fn hint(&self) -> Option<Hint> {
        None
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
struct Contents {
    /// Each file once.
    items: Vec<Item>,
    /// Packages that come from folders of this machine.
    paths: BTreeMap<PackageName, String>,
}

/// One file of the folder.
struct Item {
    /// For whom; of several that need it, the first.
    package: PackageName,
    way: WayOf,
    digest: ExpectedDigest,
    size: Option<u64>,
}

/// How it gets here.
enum WayOf {
    Address(Request),
    Piece(LockedPieces, Piece),
}

/// Brings everything the lock names into one folder. What is there is proven, and stays.
pub fn vendor(engine: &Engine<'_>, request: &VendorRequest) -> Result<VendorReport> {
    let _guard = ManifestGuard::take(&request.of.manifest, engine.wait, engine.observer)?;
    let downloads = want::downloads(engine);
    let resolved = want::resolved(engine, &request.of, &downloads)?;
    if resolved.lock_changed() {
        return Err(want::lock_out_of_date(&resolved));
    }
    let folder = &request.folder;
    let contents = contents(&resolved.lock, &request.systems, &resolved.origins);
    let names = contents.items.iter().map(|it| vendored_name(&it.digest));
    let names: BTreeSet<String> = names.collect();
    let missing: Vec<&Item> = contents
        .items
        .iter()
        .filter(|item| !item.is_in(folder))
        .collect();
    let mut report = VendorReport {
        folder: shown(folder),
        lock: shown(&resolved.lock_path),
        files: contents.items.len() as u64,
        new_files: missing.len() as u64,
        new_bytes: missing.iter().filter_map(|item| item.size).sum(),
        pruned: if request.prune {
            others_in(folder, &names)?
        } else {
            Vec::new()
        },
        paths: contents.paths,
        dry_run: request.of.dry_run,
    };
    if report.dry_run {
        return Ok(report);
    }
    let catalogues = Catalogues::new(&downloads, &resolved.loaded.manifest.sources);
    report.new_bytes = bring(&missing, folder, &downloads, &catalogues)?;
    for name in &report.pruned {
        let path = folder.join(name);
        durable::remove_file(&path).map_err(OpError::io("delete", &path))?;
    }
    Ok(report)
}

impl Item {
    /// Whether the folder has it, whole.
    fn is_in(&self, folder: &Path) -> bool {
        let place = vendored_at(folder, &self.digest);
        let is_there = look::is_file(&place).unwrap_or(false);
        match &self.way {
            WayOf::Piece(of, _) if of.of.catalogue.is_proven_by_tree() => is_there,
            _ => is_there && is_vendored(folder, &self.digest, self.size),
        }
    }

    fn bring(
        &self,
        downloads: &Downloads<'_>,
        catalogues: &Catalogues<'_>,
    ) -> std::result::Result<Brought, VendorError> {
        Ok(match &self.way {
            WayOf::Address(request) => downloads.fetch(request)?.into(),
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
fn contents(lock: &Lock, systems: &BTreeSet<System>, origins: &Origins) -> Contents {
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
fn bring(
    missing: &[&Item],
    folder: &Path,
    downloads: &Downloads<'_>,
    catalogues: &Catalogues<'_>,
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
        return Ok(bytes);
    }
    let failures = failures.into_iter().collect();
    Err(Several::<VendorError>::new("vendor", Code::RealiseFailed, failures).into())
}

/// Puts one file into its place, whole or not at all.
fn keep(
    mut brought: Brought,
    folder: &Path,
    digest: &ExpectedDigest,
) -> std::result::Result<u64, VendorError> {
    let place = vendored_at(folder, digest);
    let mut staged = tempfile::Builder::new();
    let staged = staged.prefix(STAGED).tempfile_in(folder);
    let written = staged.and_then(|mut staged| {
        let size = std::io::copy(&mut brought.file, staged.as_file_mut())?;
        durable::set_mode(staged.path(), 0o644)?;
        durable::sync_file(staged.path())?;
        let path = staged.into_temp_path().keep()?;
        durable::rename(&path, &place)?;
        Ok(size)
    });
    written.map_err(|source| VendorError::Write {
        path: place,
        source,
    })
}

/// Files of the folder that are named as ours are, and that nothing needs; what a run that was killed left, too.
fn others_in(folder: &Path, names: &BTreeSet<String>) -> Result<Vec<String>> {
    let there = match look::names_in(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
        there => there.map_err(OpError::io("list", folder))?,
    };
    let there = there.into_iter().filter_map(|name| name.into_string().ok());
    let is_ours = |name: &String| is_vendored_name(name) || name.starts_with(STAGED);
    Ok(there
        .filter(|name| is_ours(name) && !names.contains(name))
        .collect())
}
