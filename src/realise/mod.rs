//! Makes every object of a lock present: fetched, proven, unpacked and laid out.

mod elf;
mod error;
mod far;
mod graft;
mod made;
mod make;
mod pieces;
mod relocate;
mod runs;
#[cfg(test)]
mod tests;

pub use error::PackageError;
pub use error::RealiseError;
pub use made::Made;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use dgmo_schema::code::Code;
use dgmo_schema::event::Event;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::LockedUrl;
use dgmo_schema::lock::Scope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_store::AddOptions;
use dgmo_store::Added;
use dgmo_store::Content;
use dgmo_store::Escaping;
use dgmo_store::Insertion;
use dgmo_store::StatCache;

use crate::resolve::Origins;
use crate::resolve::Several;
use crate::resolve::program_tree;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Expected;
use crate::source::Request;
use crate::source::in_parallel;
use far::Apart;
use pieces::Assembly;
use relocate::Tied;

/// How packages are realised.
#[derive(Debug)]
pub struct RealiseHow<'a> {
    /// Where downloads lie, and whether the network may be used.
    pub downloads: &'a Downloads<'a>,
    /// Who offers packages by name.
    pub catalogues: &'a Catalogues<'a>,
    /// What came of which pieces before.
    pub made: &'a Made,
    /// Where the packages are, as resolving them told.
    pub origins: &'a Origins,
    /// Files of `path:` packages it knows are not read again.
    pub stat_cache: Option<&'a StatCache>,
}

/// What was made present.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Realised {
    /// Each package's tree, laid out once the insertion is committed.
    pub trees: BTreeMap<PackageName, TreeId>,
    /// How many bytes the store gained.
    pub new_bytes: u64,
    /// How many objects the store gained.
    pub new_objects: u64,
    /// How many bytes came over the network.
    pub received: u64,
}

/// Makes every package of `lock` for `system` present and laid out, within `insertion`.
///
/// What is there already costs a look. When packages fail, all of them are told, and the caller drops the insertion, so
/// that nothing of any of them is visible.
pub fn realise(
    insertion: &Insertion<'_>,
    lock: &Lock,
    system: &System,
    how: &RealiseHow<'_>,
) -> Result<Realised, RealiseError> {
    let looked = look(insertion, lock, system, how);
    let (mut trees, missing, apart) = looked.map_err(|failure| all_failed(vec![*failure]))?;
    let work = Work {
        insertion,
        how,
        became: Mutex::default(),
        new_bytes: AtomicU64::new(0),
        new_objects: AtomicU64::new(0),
        received: AtomicU64::new(0),
    };
    let tools = apart.clone();
    let mut failures = work.run(missing, apart, &mut trees);
    if let Err(error) = runs::runtime::warn(insertion, &tools, &trees)
        && let Some((name, _)) = tools.first()
    {
        failures.push(((*name).clone(), error));
    }
    if failures.is_empty() {
        return Ok(Realised {
            trees,
            new_bytes: work.new_bytes.into_inner(),
            new_objects: work.new_objects.into_inner(),
            received: work.received.into_inner(),
        });
    }
    Err(all_failed(failures))
}

/// Fetches all pieces of one package again, or takes them from the downloads that are here, and puts them together
/// within `insertion`: what of its objects is lost is staged anew.
pub(crate) fn put_together_again(
    insertion: &Insertion<'_>,
    name: &PackageName,
    locked: &LockedPieces,
    (downloads, catalogues): (&Downloads<'_>, &Catalogues<'_>),
) -> Result<TreeId, PackageError> {
    let assembly = Assembly::begin(name, locked, insertion, (None, Tied::Taken))?;
    let missing = assembly.missing(catalogues)?;
    let errands: Vec<_> = missing.iter().map(|(_, way)| way.errand()).collect();
    downloads.at_once(&errands, |index| {
        let (piece, way) = &missing[index];
        assembly.bring(*piece, way, downloads)
    });
    drop(missing);
    let tree = assembly.join()?.tree;
    if make::is_relocated(locked.of.catalogue) {
        return relocated_again(insertion, tree);
    }
    Ok(tree)
}

/// What a tree, as it was unpacked, becomes where a package is made present: what of its objects is lost is staged anew.
pub(crate) fn relocated_again(
    insertion: &Insertion<'_>,
    tree: TreeId,
) -> Result<TreeId, PackageError> {
    relocate::relocated_again(insertion, tree)
}

/// The download of a package behind an address.
pub(crate) fn download(
    name: &PackageName,
    scope: &Scope,
    locked: &LockedUrl,
    origins: &Origins,
) -> Request {
    let url = origins.address(name, scope).unwrap_or(&locked.url);
    let expected = Expected {
        size: Some(locked.size),
        digests: vec![ExpectedDigest::Blake3(locked.digest)],
        signer: locked.signer.clone(),
    };
    Request::new(name.to_string(), url, expected)
}

fn all_failed(failures: Vec<Failure>) -> RealiseError {
    Several::new("realise", Code::RealiseFailed, failures)
}

/// A package whose tree is not laid out. Of several with the same tree, the first stands for all.
struct Missing<'a> {
    name: &'a PackageName,
    /// What the lock says, or, where what it becomes is known, that.
    tree: TreeId,
    tied: Tied,
    from: From<'a>,
}

/// Where a tree that is not laid out comes from.
enum From<'a> {
    /// The store has it as it shall be.
    Made,
    /// The store has it as it was unpacked.
    Store,
    Path,
    Url(Scope, &'a LockedUrl),
}

type Failure = (PackageName, PackageError);

/// The trees that are known, those of them that are missing, and the packages that are still in pieces.
type Looked<'a> = (
    BTreeMap<PackageName, TreeId>,
    Vec<Missing<'a>>,
    Vec<(&'a PackageName, &'a LockedPieces)>,
);

/// What there is to do.
fn look<'a>(
    insertion: &Insertion<'_>,
    lock: &'a Lock,
    system: &System,
    how: &RealiseHow<'_>,
) -> Result<Looked<'a>, Box<Failure>> {
    let mut trees = BTreeMap::new();
    let mut apart = Vec::new();
    let mut missing: BTreeMap<(TreeId, Tied), Missing<'a>> = BTreeMap::new();
    for (name, package) in &lock.packages {
        let failed = |error: PackageError| Box::new((name.clone(), error));
        let own = Scope::System(system.clone());
        let scope = if package.builds.contains_key(&own) {
            own
        } else {
            Scope::Any
        };
        let locked = package.builds.get(&scope).ok_or_else(|| {
            failed(PackageError::OtherSystems {
                system: system.clone(),
            })
        })?;
        let tied = tied(how.origins, name);
        let Some((tree, from)) =
            found(insertion, how.made, (scope, locked), tied).map_err(failed)?
        else {
            if let Locked::Pieces(pieces) = locked {
                apart.push((name, pieces));
            }
            continue;
        };
        trees.insert(name.clone(), tree);
        let is_made = matches!(from, From::Made);
        let is_laid_out = || Ok(is_made && insertion.store().is_laid_out(tree)?);
        if !missing.contains_key(&(tree, tied)) && !is_laid_out().map_err(failed)? {
            let package = Missing {
                name,
                tree,
                tied,
                from,
            };
            missing.insert((tree, tied), package);
        }
    }
    Ok((trees, missing.into_values().collect(), apart))
}

fn tied(origins: &Origins, name: &PackageName) -> Tied {
    if origins.may_be_tied(name) {
        Tied::Taken
    } else {
        Tied::Refused
    }
}

/// The tree of a package, and where it comes from; nothing for one that is still in pieces.
fn found<'a>(
    insertion: &Insertion<'_>,
    made: &Made,
    (scope, locked): (Scope, &'a Locked),
    tied: Tied,
) -> Result<Option<(TreeId, From<'a>)>, PackageError> {
    let unpacked = match locked {
        Locked::Url(url) => Some(url.tree),
        Locked::Path { tree, .. } => Some(*tree),
        Locked::Pieces(pieces) => {
            let asked = make::asked(insertion.store(), pieces, tied)?;
            if !make::is_relocated(pieces.of.catalogue) {
                let tree = pieces::known(insertion, made, asked)?;
                if let Some(tree) = tree {
                    // A crash may have come between its laying out and its anchor.
                    insertion.anchor(tree)?;
                }
                return Ok(tree.map(|tree| (tree, From::Made)));
            }
            made.tree_of(asked)
        }
    };
    let Some(unpacked) = unpacked else {
        return Ok(None);
    };
    if let Some(tree) = relocate::known(made, unpacked, tied)
        && insertion.has_tree(tree)?
    {
        return Ok(Some((tree, From::Made)));
    }
    let from = match locked {
        _ if insertion.has_tree(unpacked)? => From::Store,
        Locked::Path { .. } => From::Path,
        Locked::Url(url) => From::Url(scope, url),
        Locked::Pieces(_) => return Ok(None),
    };
    Ok(Some((unpacked, from)))
}

/// Packages being realised.
struct Work<'a, 'i> {
    insertion: &'a Insertion<'i>,
    how: &'a RealiseHow<'a>,
    /// What came of trees as they were unpacked.
    became: Mutex<BTreeMap<(TreeId, Tied), TreeId>>,
    new_bytes: AtomicU64,
    new_objects: AtomicU64,
    received: AtomicU64,
}

impl Work<'_, '_> {
    /// What is far first, several at once, each unpacked while it comes; then what is near, on all cores; then packages
    /// are joined of their pieces.
    fn run(
        &self,
        missing: Vec<Missing<'_>>,
        apart: Vec<(&PackageName, &LockedPieces)>,
        trees: &mut BTreeMap<PackageName, TreeId>,
    ) -> Vec<Failure> {
        let (far, near): (Vec<_>, Vec<_>) = missing
            .into_iter()
            .partition(|package| matches!(package.from, From::Url(..)));
        let mut failures = Vec::new();
        let apart = Apart::begin(self, apart, &mut failures);
        let fetched = self.fetch(&far, &apart);
        let cores = available_parallelism().map_or(1, NonZero::get);
        let found = in_parallel(&vec![None; near.len()], cores, cores, |index| {
            self.insert_near(&near[index])
        });
        let results = far.iter().zip(fetched).chain(near.iter().zip(found));
        let failed = |(package, result): (&Missing<'_>, Result<_, _>)| {
            Some((package.name.clone(), result.err()?))
        };
        failures.extend(results.filter_map(failed));
        self.settle(trees, self.how.origins);
        self.join(apart, trees, &mut failures);
        failures
    }

    /// Puts what came of trees in their place.
    fn settle(&self, trees: &mut BTreeMap<PackageName, TreeId>, origins: &Origins) {
        let became = self.became.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, tree) in trees {
            if let Some(new) = became.get(&(*tree, tied(origins, name))) {
                *tree = *new;
            }
        }
    }

    /// Lays out what comes of a tree as it was unpacked.
    fn relocate(
        &self,
        name: &PackageName,
        unpacked: TreeId,
        tied: Tied,
    ) -> Result<TreeId, PackageError> {
        let how = (tied, self.how.made);
        let tree = relocate::relocated(self.insertion, name, unpacked, how)?;
        self.insertion.lay_out(tree)?;
        runs::warn(self.insertion, name, tree)?;
        let mut became = self.became.lock().unwrap_or_else(PoisonError::into_inner);
        became.insert((unpacked, tied), tree);
        Ok(tree)
    }

    fn insert_near(&self, package: &Missing<'_>) -> Result<(), PackageError> {
        match package.from {
            From::Made => return Ok(self.insertion.lay_out(package.tree)?),
            From::Store => {
                self.relocate(package.name, package.tree, package.tied)?;
                return Ok(());
            }
            From::Path | From::Url(..) => {}
        }
        let origins = self.how.origins;
        let unknown = || PackageError::NoPath;
        let path = origins.path(package.name).ok_or_else(unknown)?;
        let options = AddOptions {
            stat_cache: self.how.stat_cache,
            escaping_links: Escaping::Absolute,
        };
        let added = self.insertion.add_path(path, &options)?;
        let found = match added.content {
            Content::Folder(tree) => tree,
            Content::File(blob) | Content::Executable(blob) => {
                let program = origins.program(package.name).ok_or_else(unknown)?;
                // A name that cannot be one was refused when the package was resolved.
                let [bin, root] = program_tree(program, blob).map_err(|_| unknown())?;
                self.insertion.add_tree(&bin)?;
                self.insertion.add_tree(&root)?
            }
        };
        if found != package.tree {
            let path = path.to_owned();
            return Err(PackageError::PathChanged { path });
        }
        self.added(package, &added)
    }

    /// Lays out what comes of what was added, and counts it.
    fn added(&self, package: &Missing<'_>, added: &Added) -> Result<(), PackageError> {
        for warning in &added.warnings {
            let text = format!("package `{}`: {warning}", package.name);
            self.insertion.observer().observe(Event::Warning(text));
        }
        self.new_bytes.fetch_add(added.new_bytes, Ordering::Relaxed);
        self.new_objects
            .fetch_add(added.new_objects, Ordering::Relaxed);
        self.relocate(package.name, package.tree, package.tied)?;
        Ok(())
    }
}
