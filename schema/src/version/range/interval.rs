//! Ranges as stretches of the order, for whoever solves with them.

use std::cmp::Ordering;
use std::ops::Bound;

use crate::version::Key;
use crate::version::Scheme;
use crate::version::Version;
use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;
use crate::version::range::series;

/// An unbroken stretch of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// Where it begins.
    pub lower: Bound<Version>,
    /// Where it ends.
    pub upper: Bound<Version>,
}

impl Interval {
    /// From the first version to the last.
    pub fn everything() -> Self {
        Self {
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
        }
    }

    /// Whether a version lies in it.
    pub fn contains(&self, version: &Version) -> bool {
        let above = match &self.lower {
            Bound::Included(bound) => version >= bound,
            Bound::Excluded(bound) => version > bound,
            Bound::Unbounded => true,
        };
        above
            && match &self.upper {
                Bound::Included(bound) => version <= bound,
                Bound::Excluded(bound) => version < bound,
                Bound::Unbounded => true,
            }
    }

    /// What lies in both.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let lower = if compare_lower(&self.lower, &other.lower).is_ge() {
            &self.lower
        } else {
            &other.lower
        };
        let upper = if compare_upper(&self.upper, &other.upper).is_le() {
            &self.upper
        } else {
            &other.upper
        };
        let both = Self {
            lower: lower.clone(),
            upper: upper.clone(),
        };
        (!both.is_empty()).then_some(both)
    }

    fn is_empty(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
            (
                Bound::Included(lower) | Bound::Excluded(lower),
                Bound::Included(upper) | Bound::Excluded(upper),
            ) => lower >= upper,
        }
    }
}

/// What all of these leave.
pub(super) fn of_set(set: &[Comparator]) -> Vec<Interval> {
    set.iter()
        .fold(vec![Interval::everything()], |left, comparator| {
            let more = of(comparator);
            left.iter()
                .flat_map(|left| more.iter().filter_map(|more| left.intersection(more)))
                .collect()
        })
}

/// Puts together what overlaps or touches.
pub(super) fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_by(|left, right| compare_lower(&left.lower, &right.lower));
    let mut apart: Vec<Interval> = Vec::new();
    for interval in intervals {
        match apart.last_mut().filter(|last| reaches(last, &interval)) {
            Some(last) if compare_upper(&last.upper, &interval.upper).is_lt() => {
                last.upper = interval.upper;
            }
            Some(_) => {}
            None => apart.push(interval),
        }
    }
    apart
}

/// Whether no version lies between the end of one and the beginning of the next.
fn reaches(before: &Interval, after: &Interval) -> bool {
    match (&before.upper, &after.lower) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
        (Bound::Excluded(upper), Bound::Excluded(lower)) => lower < upper,
        (
            Bound::Included(upper) | Bound::Excluded(upper),
            Bound::Included(lower) | Bound::Excluded(lower),
        ) => lower <= upper,
    }
}

fn compare_lower(left: &Bound<Version>, right: &Bound<Version>) -> Ordering {
    compare(left, right, Ordering::Less, Ordering::Greater)
}

fn compare_upper(left: &Bound<Version>, right: &Bound<Version>) -> Ordering {
    compare(left, right, Ordering::Greater, Ordering::Less)
}

/// `open`: how no bound is to each bound. `outside`: how what leaves the version out is to what takes it.
fn compare(
    left: &Bound<Version>,
    right: &Bound<Version>,
    open: Ordering,
    outside: Ordering,
) -> Ordering {
    match (left, right) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => open,
        (_, Bound::Unbounded) => open.reverse(),
        (Bound::Included(left), Bound::Excluded(right)) => left.cmp(right).then(outside.reverse()),
        (Bound::Excluded(left), Bound::Included(right)) => left.cmp(right).then(outside),
        (
            Bound::Included(left) | Bound::Excluded(left),
            Bound::Included(right) | Bound::Excluded(right),
        ) => left.cmp(right),
    }
}

fn of(comparator: &Comparator) -> Vec<Interval> {
    let version = || comparator.version.clone();
    let one = |lower, upper| vec![Interval { lower, upper }];
    match comparator.relation {
        Relation::Less | Relation::Below => one(Bound::Unbounded, Bound::Excluded(version())),
        Relation::LessEqual => one(Bound::Unbounded, end_of(&comparator.version)),
        Relation::Equal | Relation::Identical => {
            one(Bound::Included(version()), end_of(&comparator.version))
        }
        Relation::NotEqual => without(Bound::Excluded(version()), Bound::Excluded(version())),
        Relation::GreaterEqual => one(Bound::Included(version()), Bound::Unbounded),
        Relation::Greater => one(Bound::Excluded(version()), Bound::Unbounded),
        Relation::Series => match ends_of_series(&comparator.version) {
            Some((first, behind)) => one(Bound::Included(first), Bound::Excluded(behind)),
            None => vec![Interval::everything()],
        },
        Relation::NotSeries => match ends_of_series(&comparator.version) {
            Some((first, behind)) => without(Bound::Excluded(first), Bound::Included(behind)),
            None => vec![Interval::everything()],
        },
    }
}

fn without(upper: Bound<Version>, lower: Bound<Version>) -> Vec<Interval> {
    vec![
        Interval {
            lower: Bound::Unbounded,
            upper,
        },
        Interval {
            lower,
            upper: Bound::Unbounded,
        },
    ]
}

/// Python's local labels come behind the version they belong to, and are taken with it.
fn end_of(version: &Version) -> Bound<Version> {
    match &version.key {
        Key::Pep440(key) if !key.has_local() => {
            match Version::parse(Scheme::Pep440, &key.after_local()) {
                Ok(behind) => Bound::Excluded(behind),
                Err(_) => Bound::Unbounded,
            }
        }
        _ => Bound::Included(version.clone()),
    }
}

/// The lowest version of a series and the lowest behind it. A series that is not of numbers alone has none.
fn ends_of_series(version: &Version) -> Option<(Version, Version)> {
    let numbers = version.numbers();
    let spelled: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let plain = Version::parse(
        version.scheme(),
        &format!("{}{}", version.epoch(), spelled.join(".")),
    )
    .ok()?;
    if plain != *version || numbers.is_empty() {
        return None;
    }
    let first = series::floor(version.scheme(), version.epoch(), &numbers)?;
    let behind = series::floor(
        version.scheme(),
        version.epoch(),
        &series::bump(&numbers, numbers.len() - 1),
    )?;
    Some((first, behind))
}
