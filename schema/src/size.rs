//! A number of bytes as people write it: `10G`, `500 MiB`, `1.5TB`.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Why a text is no number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: write a number and a unit, such as `10G` or `500M`")]
pub struct ParseSizeError(String);

/// Units and how many bytes they are: those of disks and memory are powers of 1024, `kB` and the like of 1000.
const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("t", 1 << 40),
    ("tib", 1 << 40),
    ("tb", 1_000_000_000_000),
];

impl FromStr for Size {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, ParseSizeError> {
        let failed = || ParseSizeError(text.chars().take(40).collect());
        let trimmed = text.trim();
        let digits = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let unit = unit.trim().to_ascii_lowercase();
        let (_, factor) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(failed)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let whole: u64 = whole.parse().map_err(|_| failed())?;
        let bytes = whole.checked_mul(*factor).ok_or_else(failed)?;
        let part = fraction(part, *factor).ok_or_else(failed)?;
        Ok(Self(bytes.checked_add(part).ok_or_else(failed)?))
    }
}

/// The bytes behind the point; six digits are enough for anybody.
fn fraction(digits: &str, factor: u64) -> Option<u64> {
    if digits.is_empty() {
        return Some(0);
    }
    if digits.len() > 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
    let bytes = digits.parse::<u128>().ok()? * u128::from(factor) / scale;
    u64::try_from(bytes).ok()
}

impl fmt::Display for Size {
    /// To a tenth of the largest unit that fits: `1.5 GiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            ("TiB", 1_u64 << 40),
            ("GiB", 1 << 30),
            ("MiB", 1 << 20),
            ("KiB", 1 << 10),
        ];
        for (name, size) in units {
            if self.0 >= size {
                let tenths = u128::from(self.0) * 10 / u128::from(size);
                return write!(f, "{}.{} {name}", tenths / 10, tenths % 10);
            }
        }
        write!(f, "{} B", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let table = [
            ("0", 0),
            ("512", 512),
            ("1k", 1024),
            ("10G", 10 << 30),
            (" 500 MiB ", 500 << 20),
            ("1.5gib", 3 << 29),
            ("2kB", 2000),
            ("1.25TB", 1_250_000_000_000),
        ];
        for (text, bytes) in table {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for odd in [
            "",
            "G",
            "10X",
            "-1G",
            "1..5G",
            "1.5.5G",
            "1e9",
            "99999999999T",
        ] {
            assert!(odd.parse::<Size>().is_err(), "{odd}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit() {
        let table = [(0, "0 B"), (1536, "1.5 KiB"), (10 << 30, "10.0 GiB")];
        for (bytes, text) in table {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text: String, bytes: u64) {
            drop(text.parse::<Size>());
            prop_assert_eq!(bytes.to_string().parse(), Ok(Size(bytes)));
        }
    }
}
