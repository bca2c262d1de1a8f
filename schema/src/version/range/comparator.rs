//! One condition of a range: a relation, and the version it is to.

use std::cmp::Ordering;

use crate::version::Key;
use crate::version::Scheme;
use crate::version::Version;
use crate::version::conda;
use crate::version::digits::Digits;
use crate::version::digits::trim;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparator {
    pub(super) relation: Relation,
    pub(super) version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    LessEqual,
    Equal,
    NotEqual,
    GreaterEqual,
    Greater,
    /// Begins with these numbers.
    Series,
    NotSeries,
    /// Is spelled so.
    Identical,
    /// Less than a bound nobody wrote, like the next major version of `^`.
    Below,
}

impl Comparator {
    pub(super) fn holds(&self, candidate: &Version) -> bool {
        match self.relation {
            Relation::Series => self.in_series(candidate),
            Relation::NotSeries => !self.in_series(candidate),
            Relation::Identical => candidate
                .as_str()
                .eq_ignore_ascii_case(self.version.as_str()),
            Relation::Below => candidate < &self.version,
            relation => match (&candidate.key, &self.version.key) {
                (Key::Pep440(found), Key::Pep440(bound)) => python(relation, found, bound),
                (found, bound) => fits(relation, found.cmp(bound)),
            },
        }
    }

    /// Whether a pre-release is named here by whoever wrote it. What is ruled out is not asked for.
    pub(super) fn names_prerelease(&self) -> bool {
        !matches!(
            self.relation,
            Relation::NotEqual | Relation::NotSeries | Relation::Below
        ) && self.version.is_prerelease()
    }

    fn in_series(&self, candidate: &Version) -> bool {
        let wanted = || self.version.numbers();
        match (&candidate.key, &self.version.key) {
            (Key::Conda(_), _) => conda::begins_with(candidate.as_str(), self.version.as_str()),
            (Key::Pep440(found), Key::Pep440(bound)) => found.in_series(bound, &wanted()),
            (Key::Debian(found), Key::Debian(bound)) => {
                found.same_epoch(bound) && begins(&candidate.numbers(), &wanted())
            }
            _ => begins(&candidate.numbers(), &wanted()),
        }
    }
}

fn begins(found: &[Digits], wanted: &[Digits]) -> bool {
    wanted
        .iter()
        .enumerate()
        .all(|(index, wanted)| found.get(index).unwrap_or(&Digits::ZERO) == wanted)
}

fn fits(relation: Relation, order: Ordering) -> bool {
    match relation {
        Relation::Less | Relation::Below => order.is_lt(),
        Relation::LessEqual => order.is_le(),
        Relation::Equal | Relation::Series | Relation::Identical => order.is_eq(),
        Relation::NotEqual | Relation::NotSeries => order.is_ne(),
        Relation::GreaterEqual => order.is_ge(),
        Relation::Greater => order.is_gt(),
    }
}

/// PEP 440 bends the order: local labels count only where the bound has one, `<2` leaves out what leads to 2, and
/// `>2` what is 2 published again.
fn python(
    relation: Relation,
    found: &crate::version::pep440::Key,
    bound: &crate::version::pep440::Key,
) -> bool {
    match relation {
        Relation::Equal | Relation::NotEqual if bound.has_local() => {
            fits(relation, found.cmp(bound))
        }
        Relation::Less => found.is_below(bound),
        Relation::Greater => found.is_above(bound),
        relation => fits(relation, found.compare_public(bound)),
    }
}

/// Whether what these say together takes this pre-release.
pub(super) fn asks_for(set: &[Comparator], scheme: Scheme, candidate: &Version) -> bool {
    let numbers = |version: &Version| trim(version.numbers(), &Digits::ZERO);
    match scheme {
        Scheme::Debian | Scheme::Conda => true,
        Scheme::Pep440 => set.iter().any(Comparator::names_prerelease),
        Scheme::Release | Scheme::Npm => {
            let found = numbers(candidate);
            set.iter()
                .any(|it| it.names_prerelease() && numbers(&it.version) == found)
        }
    }
}
