//! The ends of what is compatible: the first version with the next number, and before it all that leads to it.

use crate::version::Scheme;
use crate::version::Version;
use crate::version::digits::Digits;
use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;

/// The lowest version of the scheme that has these numbers: before their pre-releases.
pub(super) fn floor(scheme: Scheme, epoch: &str, numbers: &[Digits]) -> Option<Version> {
    let mut numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    if scheme == Scheme::Npm {
        numbers.resize(3, "0".to_owned());
    }
    let end = match scheme {
        Scheme::Release => "~",
        Scheme::Npm => "-0",
        Scheme::Pep440 => ".dev0",
        Scheme::Debian => "~~",
        Scheme::Conda => "dev",
    };
    Version::parse(scheme, &format!("{epoch}{}{end}", numbers.join("."))).ok()
}

/// These numbers up to `index`, the last of them one higher.
pub(super) fn bump(numbers: &[Digits], index: usize) -> Vec<Digits> {
    let mut numbers = numbers[..=index.min(numbers.len() - 1)].to_vec();
    if let Some(last) = numbers.last_mut() {
        *last = last.next();
    }
    numbers
}

/// From this version on, with the same numbers up to `index`.
pub(super) fn from(version: Version, index: usize) -> Vec<Comparator> {
    let numbers = version.numbers();
    let upper = if numbers.is_empty() {
        None
    } else {
        floor(version.scheme(), version.epoch(), &bump(&numbers, index))
    };
    up_to(version, upper)
}

/// What is compatible with this version: with the same first number, where that is 0 with the same first two.
pub(super) fn compatible(version: Version) -> Vec<Comparator> {
    let numbers = version.numbers();
    match numbers.as_slice() {
        // A day written as one number: its year is what holds.
        [Digits::Small(day)] if is_day(*day) => {
            let next_year = Digits::Small((day / 10_000 + 1) * 10_000);
            let upper = floor(version.scheme(), version.epoch(), &[next_year]);
            up_to(version, upper)
        }
        [first, _, ..] if first.is_zero() => from(version, 1),
        _ => from(version, 0),
    }
}

fn is_day(number: u64) -> bool {
    (1_990..2_200).contains(&(number / 10_000))
        && (1..=12).contains(&(number / 100 % 100))
        && (1..=31).contains(&(number % 100))
}

fn up_to(version: Version, upper: Option<Version>) -> Vec<Comparator> {
    let mut both = vec![Comparator {
        relation: Relation::GreaterEqual,
        version,
    }];
    both.extend(upper.map(|version| Comparator {
        relation: Relation::Below,
        version,
    }));
    both
}
