//! Where lost objects may be, the nearest first: this home, the sources of manifests, what `--from` names, the network.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Event;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::LockedUrl;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Method;
use dgmo_schema::manifest::Source;
use dgmo_schema::name::PackageName;
use dgmo_store::AddOptions;
use dgmo_store::Content;
use dgmo_store::Mending;
use dgmo_store::RepairError;
use dgmo_store::Store;

use super::Healer;
use super::mirrors::Goes;
use super::needs::Generated;
use crate::activate::Footprint;
use crate::files;
use crate::home;
use crate::lock;
use crate::manifest;
use crate::manifest::LoadedManifest;
use crate::ops::Result;
use crate::ops::this_system;
use crate::ops::want;
use crate::realise;
use crate::resolve;
use crate::resolve::Several;
use crate::source::Address;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Expected;
use crate::source::MIRROR_FILE;
use crate::source::Request;
use crate::source::address_of_folder;
use crate::source::redacted;

/// One thing that `--from` names.
pub(super) enum From {
    Home(PathBuf, Store),
    Archive(PathBuf),
    Folder(PathBuf),
    /// The address of a mirror.
    Mirror(String),
}

/// Why `--from` is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FromError {
    #[error("`{}` is not there", path.display())]
    Missing { path: PathBuf },
    #[error("`{}` is neither a home, an archive of dgmo, nor a folder", path.display())]
    Neither { path: PathBuf },
    #[error("`{address}` is not the address of a mirror")]
    Mirror { address: String },
}

impl Diagnose for FromError {
    fn code(&self) -> Code {
        Code::RepairSourceUnusable
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(
            "name the home of a dgmo, an archive that `dgmo store export` wrote, or the address of a mirror"
                .to_owned(),
        ))
    }
}

/// What an archive of ours begins with, in every version.
const ARCHIVE: &[u8] = b"dgmo archive ";

/// Looks at what `--from` names, before anything is done.
pub(super) fn open(paths: &[PathBuf]) -> Result<Vec<From>> {
    paths.iter().map(|path| open_one(path)).collect()
}

fn open_one(path: &Path) -> Result<From> {
    if let Some(address) = path.to_str().filter(|text| text.contains("://")) {
        if Address::parse(address).is_err() {
            let address = redacted(address);
            return Err(FromError::Mirror { address }.into());
        }
        return Ok(From::Mirror(address.to_owned()));
    }
    let path = path.to_owned();
    if path.join("meta.json").exists() {
        let store = Store::open(&path)?;
        return Ok(From::Home(path, store));
    }
    if path.join(MIRROR_FILE).exists() {
        let path = std::path::absolute(&path).unwrap_or(path);
        return Ok(From::Mirror(address_of_folder(&path)));
    }
    if path.is_dir() {
        return Ok(From::Folder(path));
    }
    let Ok(mut file) = File::open(&path) else {
        return Err(FromError::Missing { path }.into());
    };
    let mut start = [0; ARCHIVE.len()];
    if file.read_exact(&mut start).is_err() || start != ARCHIVE {
        return Err(FromError::Neither { path }.into());
    }
    Ok(From::Archive(path))
}

/// What may be fetched, where nothing near has what is lost.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    /// Addresses that were not tried because of `--dry-run`, by the tree they give.
    pub(super) untried: Vec<(TreeId, String)>,
    /// Addresses that were tried and did not help, by the tree they give.
    pub(super) failed: BTreeMap<TreeId, String>,
    /// Mirrors that are not asked any more.
    gone: BTreeSet<String>,
}

/// A manifest and its lock, where each could be read.
struct Texts {
    manifest: LoadedManifest,
    lock: Option<Lock>,
}

impl Healer<'_> {
    /// Offers everything there is, until nothing is lost or nothing helps any more.
    pub(super) fn offer(
        &self,
        mending: &mut Mending<'_>,
        generated: &[Generated],
        from: &[From],
        here: Option<&Path>,
    ) -> Result<Fetches> {
        let texts = texts(generated, here);
        let mut fetches = Fetches::default();
        while !mending.lost().is_empty() {
            let before = mending.surprises();
            // What is asked for by its place costs next to nothing, so it comes to its end before whole folders are read.
            loop {
                let before = mending.surprises();
                offer_home(mending, generated)?;
                for one in &texts {
                    offer_places(mending, one, generated)?;
                }
                if mending.surprises() == before {
                    break;
                }
            }
            for one in &texts {
                offer_sources(mending, one)?;
            }
            for one in from {
                self.offer_from(mending, one, &mut fetches)?;
            }
            for one in &texts {
                self.offer_network(mending, (one, generated), &mut fetches)?;
            }
            if mending.surprises() == before {
                break;
            }
        }
        Ok(fetches)
    }

    fn offer_from(
        &self,
        mending: &mut Mending<'_>,
        from: &From,
        fetches: &mut Fetches,
    ) -> Result<()> {
        match from {
            From::Mirror(address) if self.dry_run => {
                let text = format!("`{}` is not asked in a dry run", redacted(address));
                self.engine.observer.observe(Event::Note(text));
            }
            From::Mirror(address) => {
                if !fetches.gone.contains(address)
                    && self.offer_mirror(mending, address)? == Goes::Away
                {
                    fetches.gone.insert(address.clone());
                }
            }
            From::Home(path, store) => {
                mending.from(format!("the home `{}`", path.display()));
                mending.offer_store(store)?;
            }
            From::Folder(path) => {
                mending.from(format!("`{}`", path.display()));
                mending.offer_folder(path)?;
            }
            From::Archive(path) => {
                mending.from(format!("the archive `{}`", path.display()));
                let open = || -> std::io::Result<Box<dyn Read>> {
                    let file = File::open(path)?;
                    Ok(Box::new(BufReader::with_capacity(256 << 10, file)))
                };
                match mending.offer_archive(&open) {
                    // What came before the damage was proven; the rest may be elsewhere.
                    Err(RepairError::Archive(error)) => {
                        let text = format!("`{}` is of no more use: {error}", path.display());
                        self.engine.observer.observe(Event::Warning(text));
                    }
                    offered => offered?,
                }
            }
        }
        Ok(())
    }

    /// The archives of the lock that may hold what is lost, fetched again and proven.
    fn offer_network(
        &self,
        mending: &mut Mending<'_>,
        (texts, generated): (&Texts, &[Generated]),
        fetches: &mut Fetches,
    ) -> Result<()> {
        let Some(lock) = &texts.lock else {
            return Ok(());
        };
        for (name, package) in &lock.packages {
            let Some(locked) = package.for_system(&this_system()) else {
                continue;
            };
            let Some((tree, from)) = far(locked, generated) else {
                continue;
            };
            let is_known = fetches.failed.contains_key(&tree)
                || fetches.untried.iter().any(|(known, _)| *known == tree);
            if is_known || mending.lost().is_empty() || !mending.may_need(tree) {
                continue;
            }
            if self.dry_run {
                fetches.untried.push((tree, from));
                continue;
            }
            mending.from(format!("`{from}`"));
            let fetched = match locked {
                Locked::Url(locked) => self.fetch(mending, name, (locked, texts)),
                Locked::Pieces(locked) => self.put_together(mending, name, (locked, texts)),
                Locked::Path { .. } => Ok(()),
            };
            match fetched {
                // A disk that takes nothing takes nothing from elsewhere either.
                Err(failure) if is_of_the_disk(failure.code()) => return Err(failure),
                Err(failure) => {
                    let text = format!("package `{name}` does not help: {}", failure.error());
                    self.engine.observer.observe(Event::Warning(text));
                }
                Ok(()) => {}
            }
            mending.look_again()?;
            // It was read whole: once more would bring nothing new.
            fetches.failed.insert(tree, from);
        }
        Ok(())
    }

    /// Fetches the pieces of a package again; what they become is what is lost, or a part of it.
    fn put_together(
        &self,
        mending: &Mending<'_>,
        name: &PackageName,
        (locked, texts): (&LockedPieces, &Texts),
    ) -> Result<()> {
        let downloads = self.downloads(texts);
        let catalogues = Catalogues::new(&downloads, &texts.manifest.manifest.sources);
        let asked = (&downloads, &catalogues);
        let put = realise::put_together_again(mending.insertion(), name, locked, asked);
        put.map_err(|error| failed(name, error))?;
        Ok(())
    }

    /// Mirrors that `--from` names are asked before those of the manifest, and both before the true sources.
    fn downloads(&self, texts: &Texts) -> Downloads<'_> {
        let downloads = want::downloads(self.engine);
        let named = self.from.iter().filter_map(|from| match from {
            From::Mirror(address) => Some(address),
            From::Home(..) | From::Archive(_) | From::Folder(_) => None,
        });
        let all = named.chain(&texts.manifest.manifest.mirrors);
        downloads.ask_first(&all.cloned().collect::<Vec<_>>());
        downloads.trust(texts.manifest.manifest.sigstore_root.as_deref());
        downloads
    }

    fn fetch(
        &self,
        mending: &Mending<'_>,
        name: &PackageName,
        (locked, texts): (&LockedUrl, &Texts),
    ) -> Result<()> {
        let downloads = self.downloads(texts);
        let expected = Expected {
            size: Some(locked.size),
            digests: vec![ExpectedDigest::Blake3(locked.digest)],
            signer: locked.signer.clone(),
        };
        let request = Request::new(name.to_string(), &locked.url, expected);
        let mut fetched = downloads.fetch_locked(&request)?;
        let how = resolve::unpack(locked.unpack, locked.strip, locked.program.as_deref());
        let added = mending.insertion().add_archive(&mut fetched.file, &how)?;
        if let Content::Folder(tree) = added.content {
            let put = realise::relocated_again(mending.insertion(), tree);
            put.map_err(|error| failed(name, error))?;
        }
        Ok(())
    }
}

fn failed(name: &PackageName, error: realise::PackageError) -> realise::RealiseError {
    Several::new("realise", Code::RealiseFailed, vec![(name.clone(), error)])
}

/// The tree that a package of a lock becomes, and where it comes from, if that is not this machine.
///
/// A lock does not know what it becomes here; the generations that were made of the same do.
fn far(locked: &Locked, generated: &[Generated]) -> Option<(TreeId, String)> {
    let of = resolve::identity(locked);
    let became = || {
        generated.iter().find_map(|one| {
            let mut packages = one.record.packages.iter();
            let (name, _) = packages.find(|(_, package)| package.identity == of)?;
            Some(one.generation.packages.get(name)?.tree)
        })
    };
    match locked {
        Locked::Path { .. } => None,
        Locked::Url(url) => Some((became().unwrap_or(url.tree), url.url.clone())),
        Locked::Pieces(pieces) => Some((became()?, pieces.of.to_string())),
    }
}

pub(super) fn is_of_the_disk(code: Code) -> bool {
    matches!(
        code,
        Code::StoreFull
            | Code::StoreNotWritten
            | Code::StoreReadOnly
            | Code::StoreNotAllowed
            | Code::DiskFull
            | Code::DownloadFolder
    )
}

/// Laid-out trees, the home files of generations, and copies in target folders.
fn offer_home(mending: &mut Mending<'_>, generated: &[Generated]) -> Result<()> {
    let trees = mending.insertion().store().layout().trees();
    let entries = fs::read_dir(&trees).into_iter().flatten();
    for entry in entries.flatten() {
        let id = entry.file_name().to_str().and_then(|name| {
            let id: dgmo_schema::id::Digest = format!("b3:{name}").parse().ok()?;
            Some(TreeId(id))
        });
        if let Some(id) = id
            && mending.may_need(id)
        {
            mending.from("where it is laid out");
            mending.offer_laid_out(id, &entry.path())?;
        }
    }
    for one in generated {
        let folder = one.profile.generation(one.number).join("files");
        mending.from(format!("generation {}", one.number));
        for (path, file) in &one.record.files {
            offer_content(mending, file.content, &folder.join(path.as_str()))?;
        }
        let Ok(Some(footprint)) = Footprint::load(&one.profile) else {
            continue;
        };
        let copies = one.record.files.iter();
        for (path, file) in copies.filter(|(_, file)| file.method == Method::Copy) {
            let place = footprint.target.join(path.as_str());
            mending.from(format!("`{}`", place.display()));
            offer_content(mending, file.content, &place)?;
        }
    }
    Ok(())
}

/// The manifests of all generations and the one of this folder, each once.
fn texts(generated: &[Generated], here: Option<&Path>) -> Vec<Texts> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let known = generated
        .iter()
        .rev()
        .filter_map(|one| one.generation.manifest.as_ref());
    for path in here
        .map(Path::to_owned)
        .into_iter()
        .chain(known.map(PathBuf::from))
    {
        let path = std::path::absolute(&path).unwrap_or(path);
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let load = |path: PathBuf| {
        let loaded = manifest::load(&path).ok()?;
        let lock = lock::load(&lock::path_beside(&loaded.path)).ok().flatten();
        Some(Texts {
            manifest: loaded,
            lock,
        })
    };
    paths.into_iter().filter_map(load).collect()
}

/// The sources of packages, each file by the place where a generation took it from.
fn offer_places(mending: &mut Mending<'_>, texts: &Texts, generated: &[Generated]) -> Result<()> {
    for (name, requirement) in &texts.manifest.manifest.packages {
        if let Source::Path { path, base } = &requirement.source {
            let place = home::locate(base, path);
            mending.from(source_of(name, &place));
            let taken = generated
                .iter()
                .filter_map(|one| one.generation.packages.get(name));
            let trees: BTreeSet<TreeId> = taken.map(|package| package.tree).collect();
            for tree in trees {
                mending.offer_places(tree, &place)?;
            }
        }
    }
    Ok(())
}

fn source_of(name: &PackageName, place: &Path) -> String {
    format!("`{}`, the source of `{name}`", place.display())
}

/// What manifests name on this machine: texts, templates, files, folders.
fn offer_sources(mending: &mut Mending<'_>, texts: &Texts) -> Result<()> {
    let manifest = &texts.manifest.manifest;
    for (path, entry) in &manifest.files {
        if mending.lost().is_empty() {
            return Ok(());
        }
        let one = BTreeMap::from([(path.clone(), entry.clone())]);
        // One whose source is gone is one place less to look.
        let Ok(found) = files::look(&one, &this_system(), &AddOptions::default()) else {
            continue;
        };
        for file in found.values() {
            mending.from(format!("the manifest's file `{path}`"));
            if let Some(bytes) = file.bytes() {
                mending.offer_bytes(bytes)?;
            }
            if let Some(source) = file.source() {
                offer_path(mending, source)?;
            }
        }
    }
    for (name, requirement) in &manifest.packages {
        if let Source::Path { path, base } = &requirement.source {
            let place = home::locate(base, path);
            mending.from(source_of(name, &place));
            offer_path(mending, &place)?;
            offer_program(mending, &place)?;
        }
    }
    Ok(())
}

fn offer_content(
    mending: &mut Mending<'_>,
    content: dgmo_schema::generation::RecordedContent,
    place: &Path,
) -> Result<()> {
    use dgmo_schema::generation::RecordedContent;
    match content {
        RecordedContent::File(id) | RecordedContent::Executable(id) => {
            mending.offer_file(id, place)?;
        }
        // One that is a link leads into the store, which was looked at.
        RecordedContent::Folder(id) => {
            let is_folder = fs::symlink_metadata(place).is_ok_and(|there| there.is_dir());
            if is_folder && mending.may_need(id) {
                mending.offer_laid_out(id, place)?;
            }
        }
    }
    Ok(())
}

fn offer_path(mending: &mut Mending<'_>, path: &Path) -> Result<()> {
    if mending.lost().is_empty() {
        return Ok(());
    }
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if real.is_dir() {
        mending.offer_folder(&real)?;
    } else {
        mending.offer_any_file(&real)?;
    }
    Ok(())
}

/// A package that is one file has two trees of its own making: `bin`, and the one above it.
fn offer_program(mending: &mut Mending<'_>, path: &Path) -> Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let (Some(name), true) = (name, path.is_file()) else {
        return Ok(());
    };
    let Ok(bytes) = fs::read(path) else {
        return Ok(());
    };
    let blob = dgmo_schema::id::BlobId(dgmo_schema::id::Digest::of(&bytes));
    if let Ok(trees) = resolve::program_tree(name, blob) {
        for tree in trees.iter().rev() {
            mending.offer_tree(tree)?;
        }
    }
    Ok(())
}
