//! Chooses versions of packages that need each other, or says in sentences why there is no choice.
//!
//! The solver knows nothing of what versions mean. Each package's versions are numbered in their order, and a
//! requirement is the set of numbers it takes: so whatever an ecosystem means by a range, it is taken at its word.

mod explain;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use dgmo_schema::event::Task;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::Prereleases;
use dgmo_schema::version::range::VersionRange;
use pubgrub::Dependencies;
use pubgrub::DependencyConstraints;
use pubgrub::DependencyProvider;
use pubgrub::PackageResolutionStatistics;
use pubgrub::PubGrubError;
use pubgrub::Ranges;

use crate::source::CatalogueError;
use crate::source::Need;
use crate::source::Needs;
use crate::source::Offered;
use crate::source::Universe;

/// Why no versions could be chosen.
#[derive(Debug)]
pub(super) enum SolveError {
    Catalogue(CatalogueError),
    /// There is no choice; one sentence for each requirement that takes part.
    NoChoice(Vec<String>),
}

/// Versions for `roots` and all they need, the newest where there is a choice. Each step advances `task`: where much is
/// undone again there are thousands.
pub(super) fn solve(
    universe: &dyn Universe,
    roots: Vec<Need>,
    task: &Task<'_>,
) -> Result<BTreeMap<String, Version>, SolveError> {
    let provider = Provider {
        universe,
        roots,
        task,
        known: RefCell::default(),
        asked: RefCell::default(),
    };
    match pubgrub::resolve(&provider, ROOT.to_owned(), 0u32) {
        Ok(chosen) => {
            let chosen = chosen.into_iter().filter(|(package, _)| package != ROOT);
            let versions = chosen.map(|(package, index)| {
                let version = provider.version(&package, index);
                (package, version)
            });
            Ok(versions.collect())
        }
        Err(PubGrubError::NoSolution(tree)) => {
            Err(SolveError::NoChoice(explain::explain(&provider, &tree)))
        }
        Err(
            PubGrubError::ErrorRetrievingDependencies { source, .. }
            | PubGrubError::ErrorChoosingVersion { source, .. }
            | PubGrubError::ErrorInShouldCancel(source),
        ) => Err(SolveError::Catalogue(source)),
    }
}

/// What stands for all that is asked for. No package has this name.
const ROOT: &str = "";

/// The numbers of versions in their package's order.
type Numbers = Ranges<u32>;

/// One requirement as it was asked of the solver.
struct Asked {
    range: VersionRange,
    numbers: Numbers,
}

/// The universe as the solver sees it.
struct Provider<'a> {
    universe: &'a dyn Universe,
    roots: Vec<Need>,
    task: &'a Task<'a>,
    known: RefCell<HashMap<String, Arc<Offered>>>,
    /// What each version of each package needs, kept for the sentences.
    asked: RefCell<HashMap<(String, u32), BTreeMap<String, Asked>>>,
}

impl Provider<'_> {
    fn offered(&self, package: &str) -> Result<Arc<Offered>, CatalogueError> {
        if let Some(offered) = self.known.borrow().get(package) {
            return Ok(Arc::clone(offered));
        }
        let offered = self.universe.offered(package)?;
        let mut known = self.known.borrow_mut();
        known.insert(package.to_owned(), Arc::clone(&offered));
        Ok(offered)
    }

    /// A version that was chosen, so its package is known.
    fn version(&self, package: &str, index: u32) -> Version {
        let known = self.known.borrow();
        known[package].versions[index as usize].version.clone()
    }

    /// Whether a version needs a version of its own package that it is not.
    fn contradicts_itself(
        &self,
        needs: &[Need],
        (package, index): &(String, u32),
    ) -> Result<bool, CatalogueError> {
        let offered = self.offered(package)?;
        let mut own = needs.iter().filter(|need| need.package == *package);
        Ok(own.any(|need| !numbers(&offered, &need.range).contains(index)))
    }

    /// All requirements of one version, each package once; what it needs of itself is looked at before.
    fn constraints(
        &self,
        needs: &[Need],
        of: &(String, u32),
    ) -> Result<DependencyConstraints<String, Numbers>, CatalogueError> {
        let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
        for need in needs.iter().filter(|need| need.package != of.0) {
            let offered = self.offered(&need.package)?;
            let numbers = numbers(&offered, &need.range);
            if let Some(earlier) = asked.get_mut(&need.package) {
                earlier.numbers = earlier.numbers.intersection(&numbers);
                let both = format!("{}, {}", earlier.range, need.range);
                // Only its text is used from here on; where two cannot be written as one, the later is shown.
                earlier.range = VersionRange::parse_native(need.range.scheme(), &both)
                    .unwrap_or_else(|_| need.range.clone());
            } else {
                let range = need.range.clone();
                asked.insert(need.package.clone(), Asked { range, numbers });
            }
        }
        let constraints = asked.iter();
        let constraints =
            constraints.map(|(package, asked)| (package.clone(), asked.numbers.clone()));
        let constraints = constraints.collect();
        self.asked.borrow_mut().insert(of.clone(), asked);
        Ok(constraints)
    }
}

/// The numbers of the versions a requirement takes: prereleases where it names one or nothing else fits, and withdrawn
/// ones where it names exactly one version.
fn numbers(offered: &Offered, range: &VersionRange) -> Numbers {
    let takes_withdrawn = range.exact().is_some();
    let of = |prereleases: Prereleases| {
        let mut numbers = Numbers::empty();
        let mut begin = None;
        for (index, it) in (0u32..).zip(&offered.versions) {
            let is_taken = (takes_withdrawn || !it.is_withdrawn)
                && range.matches_with(&it.version, prereleases);
            match (is_taken, begin) {
                (true, None) => begin = Some(index),
                (false, Some(first)) => {
                    numbers = numbers.union(&Numbers::between(first, index));
                    begin = None;
                }
                _ => {}
            }
        }
        if let (Some(first), Ok(end)) = (begin, u32::try_from(offered.versions.len())) {
            numbers = numbers.union(&Numbers::between(first, end));
        }
        numbers
    };
    let asked = of(Prereleases::AsAsked);
    if asked.is_empty() {
        return of(Prereleases::Taken);
    }
    asked
}

impl DependencyProvider for Provider<'_> {
    type P = String;
    type V = u32;
    type VS = Numbers;
    type Priority = (bool, bool, u32, Reverse<usize>);
    type M = String;
    type Err = CatalogueError;

    /// What has one version left is no choice: what that needs is known before anything is chosen, or much of it is undone
    /// again. Then comes who was in the way most often, then who has the least choice.
    fn prioritize(
        &self,
        package: &String,
        range: &Numbers,
        conflicts: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let count = match self.known.borrow().get(package) {
            Some(offered) => {
                let all = 0..u32::try_from(offered.versions.len()).unwrap_or(u32::MAX);
                all.filter(|index| range.contains(index)).count()
            }
            None => 0,
        };
        let comes_first = !self.universe.is_slot(package);
        let is_no_choice = count <= 1;
        (
            comes_first,
            is_no_choice,
            conflicts.conflict_count(),
            Reverse(count),
        )
    }

    /// Asked at each step. Who wants to stop interrupts the program: nothing is half done here.
    fn should_cancel(&self) -> Result<(), CatalogueError> {
        self.task.advance(1);
        Ok(())
    }

    fn choose_version(
        &self,
        package: &String,
        range: &Numbers,
    ) -> Result<Option<u32>, CatalogueError> {
        if package == ROOT {
            return Ok(range.contains(&0).then_some(0));
        }
        let offered = self.offered(package)?;
        let all = 0..u32::try_from(offered.versions.len()).unwrap_or(u32::MAX);
        Ok(all.rev().find(|index| range.contains(index)))
    }

    fn get_dependencies(
        &self,
        package: &String,
        index: &u32,
    ) -> Result<Dependencies<String, Numbers, String>, CatalogueError> {
        let of = (package.clone(), *index);
        if package == ROOT {
            let constraints = self.constraints(&self.roots, &of)?;
            return Ok(Dependencies::Available(constraints));
        }
        let version = self.version(package, *index);
        match self.universe.needs(package, &version)? {
            // The solver knows of no package that needs itself: what that means is decided here.
            Needs::Known(needs) if self.contradicts_itself(&needs, &of)? => {
                let why = "it needs another version of itself".to_owned();
                Ok(Dependencies::Unavailable(why))
            }
            Needs::Known(needs) => Ok(Dependencies::Available(self.constraints(&needs, &of)?)),
            Needs::Unusable(why) => Ok(Dependencies::Unavailable(why)),
        }
    }
}
