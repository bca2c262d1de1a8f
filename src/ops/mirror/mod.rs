//! `dgmo mirror`: what locks and generations need, in a folder that any server of plain files can show to others.
//!
//! ```text
//! DIR/
//!   mirror.json                     the format; whoever has no such file is no mirror
//!   downloads/sha512-<hex>          what locks name, each by the digest its lock has of it
//!   objects/ab/<62 hex>[.t]         what generations need: blobs, and trees with `.t`
//!   .dgmo-lock                      held by whoever writes
//! ```
//!
//! A switch on another machine asks for downloads, since a lock names these whatever becomes of them there; repairing
//! asks for objects. A file has its name when its bytes are on disk, never before, and is never written again: who
//! reads meanwhile reads all of it. What a crash leaves has no name of ours; the next one who writes deletes it.

mod objects;

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::mirror::About;
use dgmo_schema::mirror::FORMAT;
use dgmo_schema::report::catalogue::MirrorPart;
use dgmo_schema::report::catalogue::MirrorReport;
use dgmo_schema::system::System;
use dgmo_store::Root;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::carried;
use super::carried::Item;
use super::carried::STAGED;
use super::gc::every_generation;
use super::shown;
use super::want;
use crate::home::FolderGuard;
use crate::home::ManifestGuard;
use crate::manifest;
use crate::source::Catalogues;
use crate::source::MIRROR_FILE;
use crate::source::MIRRORED_DOWNLOADS;
use crate::source::vendored_name;
use objects::OBJECTS;
use objects::Objects;

/// The lock file of a mirror.
const LOCK: &str = ".dgmo-lock";

/// What mirroring is asked for.
#[derive(Debug)]
pub struct MirrorRequest {
    /// Where to.
    pub folder: PathBuf,
    /// The manifests whose locks are mirrored.
    pub manifests: Vec<PathBuf>,
    /// For which systems; none: for all of the locks.
    pub systems: BTreeSet<System>,
    /// Whether the objects that the generations and pins of this home need are mirrored too.
    pub generations: bool,
    /// What is believed of files that are there.
    pub proof: Proof,
    /// Whether files that nothing names any more are deleted.
    pub prune: bool,
    /// Whether to look only.
    pub dry_run: bool,
}

/// What is believed of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Its name: it was proven before it got it.
    Name,
    /// Its bytes: they are hashed again.
    Bytes,
}

/// Why a folder cannot be the one of a mirror.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("`{}` is a mirror of format {format}, and this dgmo writes {FORMAT}", folder.display())]
    Newer { folder: PathBuf, format: u32 },
    #[error("`{}` is not what dgmo writes there", path.display())]
    Foreign { path: PathBuf },
}

impl Diagnose for MirrorError {
    fn code(&self) -> Code {
        Code::MirrorUnusable
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Newer { .. } => "use the dgmo that made it, or another folder",
            Self::Foreign { .. } => "move that file away, or use another folder",
        };
        Some(Hint::Do(text.to_owned()))
    }
}

/// Brings the folder up to date. What is there stays; what is missing is fetched, proven and named.
pub fn mirror(engine: &Engine<'_>, request: &MirrorRequest) -> Result<MirrorReport> {
    if request.manifests.is_empty() && !request.generations {
        return Err(OpError::NoManifest.into());
    }
    for file in &request.manifests {
        // Before anything is made for one that cannot be read.
        manifest::load(file)?;
    }
    let _guard = begin(engine, request)?;
    let mut report = MirrorReport {
        folder: shown(&request.folder),
        locks: Vec::new(),
        downloads: MirrorPart::default(),
        objects: None,
        paths: std::collections::BTreeMap::new(),
        dry_run: request.dry_run,
    };
    let mut names = BTreeSet::new();
    for manifest in &request.manifests {
        downloads(engine, request, manifest, (&mut report, &mut names))?;
    }
    if request.generations {
        report.objects = Some(objects(engine, request)?);
    }
    // Only now: a lock that could not be mirrored has cost nothing.
    if request.prune && !request.manifests.is_empty() {
        let folder = request.folder.join(MIRRORED_DOWNLOADS);
        let others = carried::others_in(&folder, &names)?;
        report.downloads.pruned = delete(&folder, &others, request.dry_run)?;
    }
    if !request.dry_run {
        // Also the names that one who was killed gave: what was found there is told as there.
        let folder = &request.folder;
        durable::sync_file_system(folder).map_err(OpError::io("sync", folder))?;
    }
    Ok(report)
}

/// Sees to it that the folder is a mirror that nobody else writes, and takes away what dead ones left.
fn begin(engine: &Engine<'_>, request: &MirrorRequest) -> Result<Option<FolderGuard>> {
    let folder = &request.folder;
    let about = folder.join(MIRROR_FILE);
    let is_there = is_known(folder, &about)?;
    if request.dry_run {
        return Ok(None);
    }
    let parts = [MIRRORED_DOWNLOADS, OBJECTS].map(|part| folder.join(part));
    for part in &parts {
        durable::make_folders(part).map_err(OpError::io("make", part))?;
    }
    let guard = FolderGuard::take(folder, LOCK, engine.wait, engine.observer)?;
    for part in &parts {
        let there = look::names_in(part).map_err(OpError::io("list", part))?;
        let there = there.into_iter().filter_map(|name| name.into_string().ok());
        let left: Vec<String> = there.filter(|name| name.starts_with(STAGED)).collect();
        delete(part, &left, false)?;
    }
    if !is_there {
        let text = About { format: FORMAT }.to_bytes();
        durable::replace_file(&about, &text, 0o644).map_err(OpError::io("write", &about))?;
    }
    Ok(Some(guard))
}

/// Whether the folder is a mirror already, of a format that we can go on with.
fn is_known(folder: &Path, about: &Path) -> Result<bool> {
    let text = match std::fs::read(about) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        text => text.map_err(OpError::io("read", about))?,
    };
    match serde_json::from_slice::<About>(&text) {
        Ok(About { format: FORMAT }) => Ok(true),
        Ok(About { format }) => Err(MirrorError::Newer {
            folder: folder.to_owned(),
            format,
        }
        .into()),
        Err(_) => Err(MirrorError::Foreign {
            path: about.to_owned(),
        }
        .into()),
    }
}

/// Brings what the lock of one manifest names.
fn downloads(
    engine: &Engine<'_>,
    request: &MirrorRequest,
    manifest: &Path,
    (report, names): (&mut MirrorReport, &mut BTreeSet<String>),
) -> Result<()> {
    let _guard = ManifestGuard::take(manifest, engine.wait, engine.observer)?;
    let downloads = want::downloads(engine);
    let of = SwitchRequest::of_lock(manifest.to_owned(), "mirror");
    let resolved = want::resolved(engine, &of, &downloads)?;
    if resolved.lock_changed() {
        return Err(want::lock_out_of_date(&resolved));
    }
    let folder = request.folder.join(MIRRORED_DOWNLOADS);
    let contents = carried::contents(&resolved.lock, &request.systems, &resolved.origins);
    let is_there = |item: &Item| match request.proof {
        Proof::Name => item.is_named_in(&folder),
        Proof::Bytes => item.is_in(&folder),
    };
    // What an earlier lock names as well was seen to already.
    let new: Vec<&Item> = contents
        .items
        .iter()
        .filter(|item| names.insert(vendored_name(&item.digest)))
        .collect();
    let missing: Vec<&Item> = new.iter().copied().filter(|it| !is_there(it)).collect();
    report.locks.push(shown(&resolved.lock_path));
    report.paths.extend(contents.paths.clone());
    let part = &mut report.downloads;
    part.files += new.len() as u64;
    part.new_files += missing.len() as u64;
    part.new_bytes += if request.dry_run {
        missing.iter().filter_map(|item| item.size).sum()
    } else {
        let catalogues = Catalogues::new(&downloads, &resolved.loaded.manifest.sources);
        carried::bring("mirror", &missing, &folder, (&downloads, &catalogues))?
    };
    Ok(())
}

/// Brings what the generations and pins of this home need.
fn objects(engine: &Engine<'_>, request: &MirrorRequest) -> Result<MirrorPart> {
    let store = Store::open(engine.home.root())?;
    let mut roots: BTreeSet<Root> = store.pins()?.into_iter().map(|pin| pin.root).collect();
    roots.extend(every_generation(engine)?);
    let roots: Vec<Root> = roots.into_iter().collect();
    let _held = store.hold(&roots, engine.observer)?;
    let objects = Objects::of(&store, &roots, request.folder.join(OBJECTS))?;
    let missing = objects.missing(request.proof)?;
    let mut part = MirrorPart {
        files: objects.count() as u64,
        new_files: missing.len() as u64,
        new_bytes: 0,
        pruned: 0,
    };
    part.new_bytes = if request.dry_run {
        objects.size(&missing)?
    } else {
        objects.bring(&missing, engine.observer)?
    };
    if request.prune {
        part.pruned = delete(objects.folder(), &objects.others()?, request.dry_run)?;
    }
    Ok(part)
}

/// Deletes files of the folder; gives how many they are, or would be.
fn delete(folder: &Path, names: &[String], dry_run: bool) -> Result<u64> {
    for name in names.iter().filter(|_| !dry_run) {
        let path = folder.join(name);
        durable::remove_file(&path).map_err(OpError::io("delete", &path))?;
    }
    Ok(names.len() as u64)
}
