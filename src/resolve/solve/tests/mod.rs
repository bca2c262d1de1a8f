//! The solver against trying everything, on small universes, and the sentences it says.

mod large;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Silent;
use dgmo_schema::event::Unit;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::version::Scheme;

use super::*;
use crate::source::LeftOut;
use crate::source::OfferedVersion;
use crate::source::Reach;

/// Packages by name; of each, by version, what it needs.
type Packages = BTreeMap<String, BTreeMap<u32, Vec<(String, String)>>>;

struct Small(Packages);

fn version(text: &str) -> Version {
    Version::parse(Scheme::Pep440, text).unwrap()
}

fn need(package: &str, range: &str) -> Need {
    Need {
        package: package.to_owned(),
        range: VersionRange::parse_native(Scheme::Pep440, range).unwrap(),
    }
}

/// Solves it with nobody watching.
fn attempt(
    universe: &dyn Universe,
    roots: Vec<Need>,
) -> Result<BTreeMap<String, Version>, SolveError> {
    let task = Task::start(&Silent, "choosing", None, Unit::Items);
    solve(universe, roots, &task)
}

impl Universe for Small {
    fn roots(&self) -> Vec<Need> {
        Vec::new()
    }

    fn offered(&self, package: &str) -> Result<Arc<Offered>, CatalogueError> {
        let versions = self.0.get(package).into_iter().flatten();
        let versions = versions.map(|(number, _)| OfferedVersion {
            version: version(&number.to_string()),
            is_withdrawn: false,
        });
        Ok(Arc::new(Offered {
            versions: versions.collect(),
            left_out: vec![LeftOut {
                version: version("99"),
                why: "only source is published".to_owned(),
            }],
        }))
    }

    fn needs(&self, package: &str, version: &Version) -> Result<Needs, CatalogueError> {
        let number: u32 = version.as_str().parse().unwrap();
        let needs = self.0[package][&number].iter();
        Ok(Needs::Known(
            needs.map(|(name, range)| need(name, range)).collect(),
        ))
    }

    fn lock(&self, _: &BTreeMap<String, Version>) -> Result<(Reach, LockedPieces), CatalogueError> {
        unreachable!("nothing is locked here")
    }
}

/// Whether a choice has all that is needed, and nothing that is wrong.
fn is_right(packages: &Packages, roots: &[Need], chosen: &BTreeMap<String, u32>) -> bool {
    let fits = |need: &Need| {
        let number = chosen.get(&need.package);
        number.is_some_and(|number| need.range.matches(&version(&number.to_string())))
    };
    roots.iter().all(fits)
        && chosen.iter().all(|(name, number)| {
            let needs = &packages[name][number];
            needs.iter().all(|(name, range)| fits(&need(name, range)))
        })
}

/// Every choice there is, packages left out among them.
fn every_choice(packages: &Packages) -> Vec<BTreeMap<String, u32>> {
    let mut choices = vec![BTreeMap::new()];
    for (name, versions) in packages {
        let mut more = Vec::new();
        for choice in &choices {
            for number in versions.keys() {
                let mut choice: BTreeMap<String, u32> = choice.clone();
                choice.insert(name.clone(), *number);
                more.push(choice);
            }
        }
        choices.extend(more);
    }
    choices
}

fn ranges() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        (1..4u32).prop_map(|n| format!(">={n}")),
        (1..4u32).prop_map(|n| format!("<{n}")),
        (1..4u32).prop_map(|n| format!("=={n}")),
        (1..4u32).prop_map(|n| format!("!={n}")),
    ]
}

fn needs() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop::sample::select(vec!["a", "b", "c", "d", "nobody"]);
    prop::collection::vec((name.prop_map(str::to_owned), ranges()), 0..3)
}

fn universes() -> impl Strategy<Value = Packages> {
    let versions = || prop::collection::btree_map(1..4u32, needs(), 1..4);
    (versions(), versions(), versions(), versions()).prop_map(|(a, b, c, d)| {
        let named = ["a", "b", "c", "d"].map(str::to_owned);
        named.into_iter().zip([a, b, c, d]).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_choice_is_found_exactly_where_there_is_one(packages in universes(), range in ranges()) {
        let roots = vec![need("a", &range), need("b", "")];
        let exists = every_choice(&packages)
            .iter()
            .any(|chosen| is_right(&packages, &roots, chosen));
        match attempt(&Small(packages.clone()), roots.clone()) {
            Ok(found) => {
                let chosen = found
                    .iter()
                    .map(|(name, version)| (name.clone(), version.as_str().parse().unwrap()))
                    .collect();
                prop_assert!(is_right(&packages, &roots, &chosen), "{chosen:?}");
            }
            Err(SolveError::NoChoice(sentences)) => {
                prop_assert!(!exists, "{sentences:?}");
                prop_assert!(!sentences.is_empty());
            }
            Err(SolveError::Catalogue(error)) => prop_assert!(false, "{error}"),
        }
    }
}

/// A name, a version, and what it needs.
type Line<'a> = (&'a str, u32, &'a [(&'a str, &'a str)]);

fn small(packages: &[Line<'_>]) -> Small {
    let mut all = Packages::new();
    for (name, number, needs) in packages {
        let needs = needs.iter();
        let needs = needs.map(|(name, range)| ((*name).to_owned(), (*range).to_owned()));
        let versions = all.entry((*name).to_owned()).or_default();
        versions.insert(*number, needs.collect());
    }
    Small(all)
}

fn refused(universe: &Small) -> Vec<String> {
    match attempt(universe, vec![need("tool", "==2")]) {
        Err(SolveError::NoChoice(sentences)) => sentences,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_newest_that_goes_together_is_chosen() {
    let universe = small(&[
        ("tool", 2, &[("a", ""), ("b", "")]),
        ("a", 1, &[]),
        ("a", 2, &[("b", "<2")]),
        ("b", 1, &[]),
        ("b", 2, &[("a", "<2")]),
    ]);
    let chosen = attempt(&universe, vec![need("tool", "==2")]).unwrap();
    let text: Vec<_> = chosen
        .iter()
        .map(|(name, it)| format!("{name}{it}"))
        .collect();
    assert_eq!(text, ["a2", "b1", "tool2"]);
}

#[test]
fn why_there_is_no_choice_is_said_in_sentences() {
    let universe = small(&[
        ("tool", 2, &[("a", ">=1"), ("b", ">=1")]),
        ("a", 1, &[("c", "<2")]),
        ("b", 1, &[("c", ">=2")]),
        ("c", 1, &[]),
        ("c", 2, &[]),
    ]);
    let sentences = refused(&universe);
    for said in [
        "`tool` ==2 is asked for",
        "`tool` 2 needs `a` >=1",
        "`tool` 2 needs `b` >=1",
        "`a` 1 needs `c` <2",
        "`b` 1 needs `c` >=2",
    ] {
        assert!(
            sentences.iter().any(|it| it == said),
            "{said}: {sentences:?}"
        );
    }
}

#[test]
fn what_is_not_there_is_said_with_its_reason() {
    let sentences = refused(&small(&[("tool", 2, &[("a", ">5")]), ("a", 1, &[])]));
    let last = sentences.last().unwrap();
    assert_eq!(
        last,
        "no version of `a` can be used (99: only source is published)"
    );
    let sentences = refused(&small(&[("tool", 2, &[("a", ">5,<9")]), ("a", 1, &[])]));
    let last = sentences.last().unwrap();
    assert_eq!(
        last,
        "no version of `a` is that; the newest that can be used is 1"
    );
}

/// Counts steps.
#[derive(Default)]
struct Steps(AtomicU64);

impl Observer for Steps {
    fn observe(&self, event: Event) {
        if let Event::Advanced { by, .. } = event {
            self.0.fetch_add(by, Ordering::Relaxed);
        }
    }
}

#[test]
fn each_step_is_told_while_it_goes_on() {
    let packages = [
        ("tool", "lib"),
        ("lib", "base"),
        ("base", "leaf"),
        ("leaf", ""),
    ];
    let packages = packages.into_iter().map(|(name, needed)| {
        let needs = (!needed.is_empty()).then(|| (needed.to_owned(), String::new()));
        let versions = BTreeMap::from([(1, needs.into_iter().collect())]);
        (name.to_owned(), versions)
    });
    let steps = Steps::default();
    let task = Task::start(&steps, "choosing", None, Unit::Items);
    let universe = Small(packages.collect());
    let chosen = solve(&universe, vec![need("tool", "")], &task).unwrap();
    assert_eq!(chosen.len(), 4);
    drop(task);
    assert!(steps.0.into_inner() >= 4);
}
