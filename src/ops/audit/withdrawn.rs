//! What publishers say against versions that are locked: of packages, and of the pieces they are put together from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::catalogue::AuditReport;
use dgmo_schema::report::catalogue::NotAsked;
use dgmo_schema::report::catalogue::WithdrawnPackage;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;

use crate::ops::Engine;
use crate::ops::want;
use crate::resolve;
use crate::resolve::Asking;
use crate::source::Advice;
use crate::source::Ask;
use crate::source::CatalogueError;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Errand;

/// One piece in one version, and the package that has it.
struct Piece {
    package: PackageName,
    source: NamedSource,
    version: String,
    /// Whether the package itself is it, of which the catalogue is asked anyway.
    is_itself: bool,
}

/// Asks the catalogues of all that is locked.
pub(super) fn ask(
    engine: &Engine<'_>,
    (manifest, lock): (&Manifest, &Lock),
    downloads: &Downloads<'_>,
    report: &mut AuditReport,
) {
    let catalogues = Catalogues::new(downloads, &manifest.sources);
    let indexes = want::indexes(engine, manifest, downloads);
    let asking = Asking {
        catalogues: &catalogues,
        indexes: &indexes,
    };
    let all = (None, &BTreeSet::new());
    for (name, newest) in resolve::newest(manifest, lock, asking, all) {
        match newest {
            Ok(newest) => report.withdrawn.extend(of_package(name, newest)),
            Err(error) => report.not_asked.push(NotAsked {
                name,
                why: error.to_string(),
            }),
        }
    }
    let pieces = pieces(lock);
    let errands = vec![Errand::default(); pieces.len()];
    let said = downloads.at_once(&errands, |index| advice(&pieces[index], &catalogues));
    let mut not_asked: BTreeMap<PackageName, String> = BTreeMap::new();
    for (piece, said) in pieces.into_iter().zip(said) {
        match said {
            Ok(Some(Advice::Withdrawn(_))) if piece.is_itself => {}
            Ok(advice) => report
                .withdrawn
                .extend(advice.map(|it| of_piece(piece, it))),
            Err(error) => {
                let why = format!("{}: {error}", piece.source.offer.name);
                not_asked.entry(piece.package).or_insert(why);
            }
        }
    }
    let is_told = |name: &PackageName| report.not_asked.iter().any(|it| it.name == *name);
    let new = not_asked.into_iter().filter(|(name, _)| !is_told(name));
    let new: Vec<NotAsked> = new.map(|(name, why)| NotAsked { name, why }).collect();
    report.not_asked.extend(new);
}

fn of_package(name: PackageName, newest: resolve::Newest) -> Option<WithdrawnPackage> {
    Some(WithdrawnPackage {
        name,
        piece: None,
        version: newest.locked?,
        why: newest.withdrawn?,
        is_advice: false,
    })
}

fn of_piece(piece: Piece, advice: Advice) -> WithdrawnPackage {
    let is_advice = matches!(advice, Advice::Against(_));
    let (Advice::Withdrawn(why) | Advice::Against(why)) = advice;
    WithdrawnPackage {
        name: piece.package,
        piece: (!piece.is_itself).then_some(piece.source.offer.name),
        version: piece.version,
        why,
        is_advice,
    }
}

/// All pieces of which catalogues tell such things, each once.
fn pieces(lock: &Lock) -> Vec<Piece> {
    let mut pieces = BTreeMap::new();
    for (package, locked) in &lock.packages {
        for build in locked.builds.values() {
            let Locked::Pieces(of) = build else { continue };
            if scheme(of.of.catalogue).is_none() {
                continue;
            }
            for piece in &of.pieces {
                let offer = Offer {
                    catalogue: of.of.catalogue,
                    name: piece.name.clone(),
                };
                let key = (offer.clone(), piece.version.clone());
                pieces.entry(key).or_insert_with(|| Piece {
                    package: package.clone(),
                    is_itself: offer == of.of,
                    source: NamedSource::of(offer),
                    version: piece.version.clone(),
                });
            }
        }
    }
    pieces.into_values().collect()
}

/// How versions of a catalogue are read that tells what its publishers say against them.
fn scheme(catalogue: Catalogue) -> Option<Scheme> {
    match catalogue {
        Catalogue::Npm => Some(Scheme::Npm),
        Catalogue::Pypi => Some(Scheme::Pep440),
        _ => None,
    }
}

fn advice(piece: &Piece, catalogues: &Catalogues<'_>) -> Result<Option<Advice>, CatalogueError> {
    let catalogue = piece.source.offer.catalogue;
    let version = scheme(catalogue).and_then(|it| Version::parse(it, &piece.version).ok());
    let Some(version) = version else {
        return Ok(None);
    };
    let ask = Ask {
        package: &piece.package,
        bin: &[],
        source: &piece.source,
        not_after: None,
        python: None,
        systems: &[],
        has_node: false,
    };
    catalogues.fetcher(catalogue)?.advice(&ask, &version)
}
