//! Values of DER, one after the other: as much of it as names and keys in certificates need.

/// A sequence of one type.
pub(super) const SEQUENCE: u8 = 0x30;
/// The name of a kind.
pub(super) const OBJECT: u8 = 0x06;
/// Bytes.
pub(super) const OCTETS: u8 = 0x04;
/// Bits, whose first byte tells how many of the last are none.
pub(super) const BITS: u8 = 0x03;
/// Text.
pub(super) const UTF8: u8 = 0x0c;
/// A number of any length.
pub(super) const INTEGER: u8 = 0x02;
/// Yes or no.
pub(super) const BOOLEAN: u8 = 0x01;

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    /// The next value and its tag. None where there is none, or none that DER allows.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        // Tags of several bytes are in no certificate we read.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = length(rest)?;
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    /// The next value, if it is of that tag; else it stays.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (found, value) = ahead.next()?;
        if found != tag {
            return None;
        }
        *self = ahead;
        Some(value)
    }

    /// The only value, if it is of that tag.
    pub(super) fn only(mut self, tag: u8) -> Option<&'a [u8]> {
        let value = self.take(tag)?;
        self.0.is_empty().then_some(value)
    }
}

/// A length, in the one way it may be written; none has more than three bytes.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((first.into(), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 3 {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    let length = digits
        .iter()
        .fold(0, |length, digit| length << 8 | usize::from(*digit));
    let is_shortest = digits[0] != 0 && length >= 0x80;
    is_shortest.then_some((length, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_read_by_its_length() {
        let mut der = Der(&[0x04, 0x02, 7, 8, 0x02, 0x01, 9]);
        assert_eq!(der.take(INTEGER), None);
        assert_eq!(der.take(OCTETS), Some(&[7, 8][..]));
        assert_eq!(der.only(INTEGER), Some(&[9][..]));
    }

    #[test]
    fn lengths_that_are_too_long_or_not_the_shortest_are_no_values() {
        for bytes in [
            &[][..],
            &[0x04],
            &[0x04, 0x01],
            &[0x04, 0x80, 0, 0],
            &[0x04, 0x81, 0x01, 7],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x84, 0, 0, 0, 1, 7],
            &[0x04, 0xff],
            &[0x1f, 0x01, 7],
        ] {
            assert_eq!(Der(bytes).next(), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not_and_nothing_else(bytes: Vec<u8>) {
            let mut der = Der(&bytes);
            while der.next().is_some() {}
        }
    }
}
