//! What is far: archives behind addresses and the pieces of packages, brought here in one queue and unpacked while they
//! come.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::LockedUrl;
use dgmo_schema::lock::Scope;
use dgmo_schema::name::PackageName;

use super::Failure;
use super::From;
use super::Missing;
use super::PackageError;
use super::Work;
use super::download;
use super::make;
use super::pieces::Assembly;
use super::runs;
use super::tied;
use crate::resolve::unpack;
use crate::source::Errand;
use crate::source::Request;
use crate::source::Way;

/// Packages that are put together from pieces, and how what is missing of them gets here.
pub(super) struct Apart<'a> {
    assemblies: Vec<Assembly<'a>>,
    ways: Vec<Way<'a>>,
    /// Of each way, the packages that wait for it: what several need is fetched and unpacked once.
    waiting: Vec<Vec<(usize, usize)>>,
}

impl<'a> Apart<'a> {
    /// Looks what of each is missing.
    pub(super) fn begin(
        work: &Work<'a, '_>,
        apart: Vec<(&'a PackageName, &'a LockedPieces)>,
        failures: &mut Vec<Failure>,
    ) -> Self {
        let mut begun = Self {
            assemblies: Vec::new(),
            ways: Vec::new(),
            waiting: Vec::new(),
        };
        let mut known = HashMap::new();
        for (name, locked) in apart {
            let made = (Some(work.how.made), tied(work.how.origins, name));
            let assembly = Assembly::begin(name, locked, work.insertion, made);
            let missing = assembly
                .and_then(|assembly| Ok((assembly.missing(work.how.catalogues)?, assembly)));
            match missing {
                Ok((missing, assembly)) => {
                    for (piece, way) in missing {
                        let at = *known.entry(assembly.asked(piece)).or_insert_with(|| {
                            begun.ways.push(way);
                            begun.waiting.push(Vec::new());
                            begun.waiting.len() - 1
                        });
                        begun.waiting[at].push((begun.assemblies.len(), piece));
                    }
                    begun.assemblies.push(assembly);
                }
                Err(failure) => failures.push((name.clone(), failure)),
            }
        }
        begun
    }

    fn errands(&self) -> impl Iterator<Item = Errand> {
        self.ways.iter().zip(&self.waiting).map(|(way, waiting)| {
            let mut errand = way.errand();
            errand.others = waiting.len().saturating_sub(1);
            errand
        })
    }

    /// Brings one piece to all who wait for it.
    fn bring(&self, index: usize, work: &Work<'_, '_>) {
        let [(first, piece), others @ ..] = self.waiting[index].as_slice() else {
            return;
        };
        let first = &self.assemblies[*first];
        let tree = first.bring(*piece, &self.ways[index], work.how.downloads);
        for (other, piece) in others {
            self.assemblies[*other].share(*piece, tree, first.name);
        }
    }
}

impl Work<'_, '_> {
    /// Fetches archives, and the pieces of all packages. The results are those of the archives.
    pub(super) fn fetch(
        &self,
        far: &[Missing<'_>],
        apart: &Apart<'_>,
    ) -> Vec<Result<(), PackageError>> {
        let archives: Vec<Archive<'_>> = far
            .iter()
            .filter_map(|package| self.archive(package))
            .collect();
        let errands = archives.iter().map(|archive| Errand::of(&archive.request));
        let errands: Vec<_> = errands.chain(apart.errands()).collect();
        let results = self.how.downloads.at_once(&errands, |index| {
            if let Some(archive) = archives.get(index) {
                return Some(self.insert_fetched(archive));
            }
            apart.bring(index - archives.len(), self);
            None
        });
        results.into_iter().flatten().collect()
    }

    fn archive<'m>(&self, package: &'m Missing<'m>) -> Option<Archive<'m>> {
        let From::Url(scope, locked) = &package.from else {
            return None;
        };
        let scope: &Scope = scope;
        Some(Archive {
            package,
            locked,
            request: download(package.name, scope, locked, self.how.origins),
        })
    }

    fn insert_fetched(&self, archive: &Archive<'_>) -> Result<(), PackageError> {
        let Archive {
            package,
            locked,
            request,
        } = archive;
        let how = unpack(locked.unpack, locked.strip, locked.program.as_deref());
        let (fetched, unpacked) = self.how.downloads.fetch_locked_and(request, &|bytes| {
            self.insertion.unpack_unproven(bytes, &how)
        })?;
        self.received.fetch_add(fetched.received, Ordering::Relaxed);
        let unproven = unpacked.map_err(|source| PackageError::Unpack {
            url: locked.url.clone(),
            source,
        })?;
        let (expected, found) = (package.tree, unproven.tree());
        if found != expected {
            return Err(PackageError::TreeDiffers { expected, found });
        }
        let added = unproven.keep()?;
        self.added(package, &added)
    }

    /// Joins each package of its pieces.
    pub(super) fn join(
        &self,
        apart: Apart<'_>,
        trees: &mut BTreeMap<PackageName, TreeId>,
        failures: &mut Vec<Failure>,
    ) {
        for assembly in apart.assemblies {
            let name = assembly.name.clone();
            let is_relocated = make::is_relocated(assembly.locked.of.catalogue);
            let joined = assembly.join().and_then(|mut assembled| {
                if is_relocated {
                    let tied = tied(self.how.origins, &name);
                    assembled.tree = self.relocate(&name, assembled.tree, tied)?;
                } else {
                    self.insertion.lay_out(assembled.tree)?;
                    self.insertion.anchor(assembled.tree)?;
                    runs::warn(self.insertion, &name, assembled.tree)?;
                }
                Ok(assembled)
            });
            match joined {
                Ok(assembled) => {
                    self.new_bytes
                        .fetch_add(assembled.new_bytes, Ordering::Relaxed);
                    self.new_objects
                        .fetch_add(assembled.new_objects, Ordering::Relaxed);
                    self.received
                        .fetch_add(assembled.received, Ordering::Relaxed);
                    trees.insert(name, assembled.tree);
                }
                Err(failure) => failures.push((name, failure)),
            }
        }
    }
}

/// A package whose archive lies behind an address.
struct Archive<'a> {
    package: &'a Missing<'a>,
    locked: &'a LockedUrl,
    request: Request,
}
