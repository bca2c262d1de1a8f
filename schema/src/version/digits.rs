//! Numbers in versions, which may be longer than any integer type, and orders that go on beyond a list's end.

use std::cmp::Ordering;
use std::fmt;

/// A number as versions have it: no sign, no leading zeros, as long as it likes.
///
/// The derived order is the one of numbers: whatever needs `Large` is larger than each `Small`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Digits {
    Small(u64),
    /// How many digits, and the digits.
    Large(usize, String),
}

impl Digits {
    pub(super) const ZERO: Self = Self::Small(0);

    /// The number an unbroken row of ASCII digits is; an empty row is zero.
    pub(super) fn of(row: &str) -> Self {
        let row = row.trim_start_matches('0');
        match row.parse() {
            Ok(small) => Self::Small(small),
            Err(_) if row.is_empty() => Self::ZERO,
            Err(_) => Self::Large(row.len(), row.to_owned()),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The number after it. A large one grows by a digit, which is above everything it was to be above.
    pub(super) fn next(&self) -> Self {
        match self {
            Self::Small(number) => number
                .checked_add(1)
                .map_or_else(|| Self::of("18446744073709551616"), Self::Small),
            Self::Large(length, digits) => Self::Large(length + 1, format!("{digits}0")),
        }
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(number) => write!(f, "{number}"),
            Self::Large(_, digits) => f.write_str(digits),
        }
    }
}

/// Compares two lists as if each went on with `fill` for ever.
pub(super) fn compare_padded<T: Ord>(left: &[T], right: &[T], fill: &T) -> Ordering {
    (0..left.len().max(right.len()))
        .map(|index| {
            let left = left.get(index).unwrap_or(fill);
            left.cmp(right.get(index).unwrap_or(fill))
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Takes away what `fill` at the end does not say, so that equal lists are the same list.
pub(super) fn trim<T: PartialEq>(mut list: Vec<T>, fill: &T) -> Vec<T> {
    while list.last() == Some(fill) {
        list.pop();
    }
    list
}

/// Splits off the row of ASCII digits a text begins with.
pub(super) fn split_row(text: &str) -> (&str, &str) {
    text.split_at(
        text.bytes()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

/// The numbers between dots at the beginning of a text: of `1.2rc1` these are 1 and 2.
pub(super) fn dotted(text: &str) -> (Vec<Digits>, &str) {
    let mut numbers = Vec::new();
    let mut rest = text;
    loop {
        let (row, after) = split_row(
            rest.strip_prefix('.')
                .filter(|_| !numbers.is_empty())
                .unwrap_or(rest),
        );
        // A dot belongs to the numbers only where a digit follows it.
        if row.is_empty() || (!numbers.is_empty() && !rest.starts_with('.')) {
            return (numbers, rest);
        }
        numbers.push(Digits::of(row));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_ordered_as_numbers() {
        let rising = [
            "0",
            "7",
            "10",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999",
        ];
        for pair in rising.windows(2) {
            assert!(Digits::of(pair[0]) < Digits::of(pair[1]), "{pair:?}");
            assert!(
                Digits::of(pair[0]).next() <= Digits::of(pair[1]),
                "{pair:?}"
            );
        }
        assert_eq!(Digits::of("007"), Digits::of("7"));
    }

    #[test]
    fn dots_belong_to_numbers_only_before_a_digit() {
        let shown = |text| {
            let (numbers, rest) = dotted(text);
            (
                numbers
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" "),
                rest,
            )
        };
        assert_eq!(shown("1.2rc1"), ("1 2".to_owned(), "rc1"));
        assert_eq!(shown("1.2.post1"), ("1 2".to_owned(), ".post1"));
        assert_eq!(shown(".5"), (String::new(), ".5"));
        assert_eq!(shown("10"), ("10".to_owned(), ""));
    }
}
