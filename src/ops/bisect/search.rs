//! The search itself, without knowing what is searched: the first bad one in a row, and the smallest bad set.
//!
//! Both take a test and count nothing; both stay right where some things cannot be tested.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::report::bisect::Verdict;

/// Two neighbours, as near as could be told: the first is good, the second bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounds {
    pub good: usize,
    pub bad: usize,
    /// Those between the two, which cannot be tested.
    pub skipped: Vec<usize>,
}

/// Finds the first bad one of `0..=last`, where 0 is known to be good and `last` to be bad, by halves.
pub(super) fn first_bad<E>(
    last: usize,
    mut test: impl FnMut(usize) -> Result<Verdict, E>,
) -> Result<Bounds, E> {
    let (mut good, mut bad) = (0, last);
    let mut skipped = BTreeSet::new();
    while let Some(next) = nearest_to_middle(good, bad, &skipped) {
        match test(next)? {
            Verdict::Good => good = next,
            Verdict::Bad => bad = next,
            Verdict::Skip => drop(skipped.insert(next)),
        }
    }
    Ok(Bounds {
        good,
        bad,
        skipped: (good + 1..bad).collect(),
    })
}

/// What can still be tested between the two and halves them best.
fn nearest_to_middle(good: usize, bad: usize, skipped: &BTreeSet<usize>) -> Option<usize> {
    let middle = usize::midpoint(good, bad);
    (good + 1..bad)
        .filter(|at| !skipped.contains(at))
        .min_by_key(|at| at.abs_diff(middle))
}

/// A bad set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Smallest {
    /// In order.
    pub units: Vec<usize>,
    /// Whether it was seen that it is not bad any more without any one of them.
    pub proven: bool,
}

/// Finds a smallest bad set of `0..count`, where none of them is known to be good and all together to be bad.
///
/// One culprit after another is found by halves: of the units in a row, the shortest bad beginning ends with one of
/// them. It is kept from then on, and the row before it is searched again. So k culprits of n units take about
/// k · (log₂ n + 1) tests. What cannot be told apart, because the tests between cannot be made, is found together, and
/// where several are found at last it is tried which of them can be left out: delta debugging, on what is left.
pub(super) fn smallest<E>(
    count: usize,
    test: impl FnMut(&[usize]) -> Result<Verdict, E>,
) -> Result<Smallest, E> {
    let mut known = Known::new(count, test);
    let mut found: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..count).collect();
    while !row.is_empty() && known.ask(&joined(&found, &[]))? != Verdict::Bad {
        let bounds = first_bad(row.len(), |length| {
            known.ask(&joined(&found, &row[..length]))
        })?;
        found.extend(&row[bounds.good..bounds.bad]);
        row.truncate(bounds.good);
    }
    found.sort_unstable();
    leave_out(&mut known, found)
}

fn joined(one: &[usize], other: &[usize]) -> Vec<usize> {
    let mut all = [one, other].concat();
    all.sort_unstable();
    all
}

/// Leaves out what need not be there: halves first, then quarters, at last each alone.
fn leave_out<E, T: FnMut(&[usize]) -> Result<Verdict, E>>(
    known: &mut Known<T>,
    mut units: Vec<usize>,
) -> Result<Smallest, E> {
    let mut parts = 2;
    let mut proven = true;
    while units.len() > 1 {
        let size = units.len().div_ceil(parts);
        proven = true;
        let mut smaller = None;
        for start in (0..units.len()).step_by(size) {
            let end = (start + size).min(units.len());
            let without = [&units[..start], &units[end..]].concat();
            match known.ask(&without)? {
                Verdict::Bad => {
                    smaller = Some(without);
                    break;
                }
                Verdict::Good => {}
                Verdict::Skip => proven = false,
            }
        }
        match smaller {
            Some(without) => {
                units = without;
                parts = 2;
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(units.len()),
        }
    }
    Ok(Smallest {
        proven: proven || units.len() == 1,
        units,
    })
}

/// A test that is never made twice for the same set.
struct Known<T> {
    test: T,
    answers: BTreeMap<Vec<usize>, Verdict>,
}

impl<E, T: FnMut(&[usize]) -> Result<Verdict, E>> Known<T> {
    fn new(count: usize, test: T) -> Self {
        let all = (0..count).collect();
        let answers = BTreeMap::from([(Vec::new(), Verdict::Good), (all, Verdict::Bad)]);
        Self { test, answers }
    }

    fn ask(&mut self, units: &[usize]) -> Result<Verdict, E> {
        if let Some(answer) = self.answers.get(units) {
            return Ok(*answer);
        }
        let answer = (self.test)(units)?;
        self.answers.insert(units.to_vec(), answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "it is what a test gives")]
    fn verdict(bad: bool) -> Result<Verdict, Infallible> {
        Ok(if bad { Verdict::Bad } else { Verdict::Good })
    }

    /// Finds what breaks, and how many tests that took.
    fn search(count: usize, is_bad: impl Fn(&[usize]) -> bool) -> (Smallest, usize) {
        let mut tests = 0;
        let found = smallest(count, |units| {
            tests += 1;
            verdict(is_bad(units))
        });
        (found.unwrap(), tests)
    }

    #[test]
    fn the_first_bad_one_of_64_takes_6_tests() {
        for first in 1..=64 {
            let mut tests = 0;
            let bounds = first_bad(64, |at| {
                tests += 1;
                verdict(at >= first)
            })
            .unwrap();
            assert_eq!((bounds.good, bounds.bad), (first - 1, first));
            assert_eq!(tests, 6);
        }
    }

    #[test]
    fn what_cannot_be_tested_is_passed_by() {
        let odd = [30, 31, 32, 33, 40];
        let find = |first: usize| {
            first_bad(64, |at| {
                if odd.contains(&at) {
                    return Ok::<_, Infallible>(Verdict::Skip);
                }
                verdict(at >= first)
            })
            .unwrap()
        };
        assert_eq!(find(10).bad, 10);
        let bounds = find(32);
        assert_eq!((bounds.good, bounds.bad), (29, 34));
        assert_eq!(bounds.skipped, [30, 31, 32, 33]);
        let bounds = find(40);
        assert_eq!((bounds.good, bounds.bad), (39, 41));
    }

    #[test]
    fn one_culprit_of_64_takes_7_tests_at_most() {
        for culprit in 0..64 {
            let (found, tests) = search(64, |units| units.contains(&culprit));
            assert_eq!(found.units, [culprit]);
            assert!(found.proven && tests <= 7, "{tests} tests");
        }
    }

    #[test]
    fn two_that_fail_only_together_are_found_together() {
        for (one, other) in [(0, 63), (3, 4), (10, 50), (62, 63), (0, 1)] {
            let (found, tests) = search(64, |units| units.contains(&one) && units.contains(&other));
            assert_eq!(found.units, [one, other]);
            assert!(found.proven && tests <= 16, "{tests} tests");
        }
    }

    #[test]
    fn any_of_several_causes_is_found_alone() {
        let (found, _) = search(32, |units| units.contains(&5) || units.contains(&20));
        assert_eq!(found.units, [5]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_found_together() {
        // 6 and 7 cannot be there one without the other; 7 is the culprit.
        let found = smallest(16, |units| {
            if units.contains(&6) != units.contains(&7) {
                return Ok::<_, Infallible>(Verdict::Skip);
            }
            verdict(units.contains(&7))
        })
        .unwrap();
        assert_eq!(found.units, [6, 7]);
        assert!(!found.proven);
    }

    proptest! {
        /// Whatever set of units it takes, exactly that is found, and in so many tests.
        #[test]
        fn a_set_that_fails_only_together_is_found(
            count in 1_usize..80,
            picks in prop::collection::btree_set(0_usize..80, 1..5),
        ) {
            let culprits: Vec<usize> = picks.into_iter().filter(|at| *at < count).collect();
            prop_assume!(!culprits.is_empty());
            let (found, tests) =
                search(count, |units| culprits.iter().all(|culprit| units.contains(culprit)));
            prop_assert_eq!(&found.units, &culprits);
            prop_assert!(found.proven);
            let log = count.next_power_of_two().ilog2() as usize;
            let each = culprits.len() * (log + 1);
            let leaving_out = if culprits.len() > 1 { culprits.len() * 3 } else { 0 };
            prop_assert!(tests <= each + leaving_out, "{tests} tests");
        }

        /// Even where adding a unit can mend, what is found is bad, and not without any one of its units.
        #[test]
        fn what_is_found_is_bad_and_small_whatever_the_rule(count in 1_usize..12, seed: u64) {
            let all: Vec<usize> = (0..count).collect();
            let is_bad = |units: &[usize]| {
                if units.is_empty() || units == all {
                    return !units.is_empty();
                }
                let digest = dgmo_schema::id::Digest::of(format!("{seed} {units:?}").as_bytes());
                digest.as_bytes()[0].is_multiple_of(3)
            };
            let (found, _) = search(count, is_bad);
            prop_assert!(is_bad(&found.units));
            for at in 0..found.units.len() {
                let mut without = found.units.clone();
                without.remove(at);
                prop_assert!(!is_bad(&without), "{:?} without {at}", found.units);
            }
        }
    }
}
