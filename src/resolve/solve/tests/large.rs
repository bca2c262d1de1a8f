//! Universes of 2,000 packages: a choice is found soon, through conflicts that lie deep, and where there is none, why
//! not is said in few sentences.
//!
//! Nothing here looks at a clock: what is counted is how many versions the solver asks about. `cargo xtask bench
//! solving` measures the same through the whole program.

use std::cell::Cell;
use std::collections::HashSet;

use super::*;

const PACKAGES: usize = 2_000;

#[path = "../../../../tests/support/universe.rs"]
mod universe;

struct Package {
    offered: Arc<Offered>,
    needs: Vec<Vec<Need>>,
}

/// Packages that were published over the years, each version for what was there then.
struct Large {
    packages: HashMap<String, Package>,
    /// How often a version was asked about.
    asked: Cell<usize>,
}

fn offered(count: usize) -> Arc<Offered> {
    let versions = (0..count).map(|at| OfferedVersion {
        version: version(&universe::version(at)),
        is_withdrawn: false,
    });
    Arc::new(Offered {
        versions: versions.collect(),
        left_out: Vec::new(),
    })
}

impl Large {
    fn new(seed: u64, left_alone: usize) -> Self {
        let mut large = Self {
            packages: HashMap::new(),
            asked: Cell::new(0),
        };
        let plan = universe::Plan {
            seed,
            packages: PACKAGES,
            left_alone,
        };
        for (package, versions) in universe::draw(plan).into_iter().enumerate() {
            let versions = versions.into_iter().map(|needs| {
                let needs = needs.iter();
                needs.map(|(name, range)| need(name, range)).collect()
            });
            large.put(&universe::name(package), versions.collect());
        }
        large
    }

    fn put(&mut self, package: &str, versions: Vec<Vec<Need>>) {
        let package_of = Package {
            offered: offered(versions.len()),
            needs: versions,
        };
        self.packages.insert(package.to_owned(), package_of);
    }

    fn number(&self, package: &str, version: &Version) -> usize {
        let versions = &self.packages[package].offered.versions;
        versions
            .iter()
            .position(|it| it.version == *version)
            .unwrap()
    }

    /// Whether each chosen version has what it needs, and nothing is chosen that nobody needs.
    fn check(&self, roots: &[Need], chosen: &BTreeMap<String, Version>) {
        let mut waiting: Vec<Need> = roots.to_vec();
        let mut met = HashSet::new();
        while let Some(need) = waiting.pop() {
            let version = &chosen[&need.package];
            assert!(need.range.matches(version), "{need:?} {version}");
            if met.insert(need.package.clone()) {
                let at = self.number(&need.package, version);
                waiting.extend(self.packages[&need.package].needs[at].iter().cloned());
            }
        }
        assert_eq!(met.len(), chosen.len());
    }
}

impl Universe for Large {
    fn roots(&self) -> Vec<Need> {
        Vec::new()
    }

    fn offered(&self, package: &str) -> Result<Arc<Offered>, CatalogueError> {
        let found = self.packages.get(package);
        Ok(found.map_or_else(Arc::default, |it| Arc::clone(&it.offered)))
    }

    fn needs(&self, package: &str, version: &Version) -> Result<Needs, CatalogueError> {
        self.asked.set(self.asked.get() + 1);
        let at = self.number(package, version);
        Ok(Needs::Known(self.packages[package].needs[at].clone()))
    }

    fn lock(&self, _: &BTreeMap<String, Version>) -> Result<(Reach, LockedPieces), CatalogueError> {
        unreachable!("nothing is locked here")
    }
}

fn solved(universe: &Large, roots: &[Need]) -> BTreeMap<String, Version> {
    match attempt(universe, roots.to_vec()) {
        Ok(chosen) => chosen,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_choice_among_2000_packages_is_found_without_asking_of_all_versions() {
    for (seed, old) in [(1, 1_000), (2, 100), (3, 100), (6, 30)] {
        let universe = Large::new(seed, old);
        let roots = [need("p0", "")];
        let chosen = solved(&universe, &roots);
        universe.check(&roots, &chosen);
        assert_eq!(chosen.len(), PACKAGES);
        let asked = universe.asked.get();
        assert!(
            asked < PACKAGES * 3 / 2,
            "{asked} versions were asked about"
        );
        assert!(
            asked < PACKAGES * 3 / 2,
            "{asked} versions were asked about"
        );
    }
}

/// A row of packages, each needing the next at its own version; the newer half of the last does not go with what
/// everybody needs.
fn with_a_deep_conflict(universe: &mut Large) {
    const DEEP: usize = 20;
    const VERSIONS: usize = 12;
    for link in 0..DEEP {
        let versions = (0..VERSIONS).map(|at| {
            let next = format!("deep{}", link + 1);
            vec![need(&next, &format!("=={}", universe::version(at)))]
        });
        universe.put(&format!("deep{link}"), versions.collect());
    }
    let last = (0..VERSIONS).map(|at| {
        let range = if at < VERSIONS / 2 { ">=1" } else { "<1" };
        vec![need("p1999", range)]
    });
    universe.put(&format!("deep{DEEP}"), last.collect());
}

#[test]
fn a_conflict_that_shows_at_the_end_of_a_long_row_is_got_around() {
    let mut universe = Large::new(5, 1_000);
    with_a_deep_conflict(&mut universe);
    let roots = [need("p0", ""), need("deep0", "")];
    let chosen = solved(&universe, &roots);
    universe.check(&roots, &chosen);
    assert_eq!(universe.number("deep0", &chosen["deep0"]), 5);
    let asked = universe.asked.get();
    assert!(
        asked < PACKAGES * 3 / 2,
        "{asked} versions were asked about"
    );
}

#[test]
fn why_2000_packages_do_not_go_together_is_said_in_few_sentences() {
    let mut universe = Large::new(6, 100);
    for (package, range) in [("p1500", "<2"), ("p1777", ">=2")] {
        let needs = &mut universe.packages.get_mut(package).unwrap().needs;
        for of_version in needs {
            of_version.push(need("shared", range));
        }
    }
    universe.put("shared", vec![Vec::new(); 8]);
    let Err(SolveError::NoChoice(sentences)) = attempt(&universe, vec![need("p0", "")]) else {
        panic!("there is a choice");
    };
    assert!(sentences.len() <= 13, "{sentences:#?}");
    let says = |words: &str| sentences.iter().any(|it| it.contains(words));
    assert!(says("`p0` is asked for"), "{sentences:#?}");
    assert!(
        says("`p1500`, from ") && says("needs `shared` <2"),
        "{sentences:#?}"
    );
    assert!(
        says("`p1777`, from ") && says("needs `shared` >=2"),
        "{sentences:#?}"
    );
    assert!(says("more on the way"), "{sentences:#?}");
}
