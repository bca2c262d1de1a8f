//! Versions as dpkg orders them: `2:9.0.1378-2+deb12u2`.

use std::cmp::Ordering;

use crate::version::digits::Digits;
use crate::version::digits::compare_padded;
use crate::version::digits::split_row;
use crate::version::digits::trim;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    epoch: Digits,
    upstream: Rows,
    revision: Rows,
}

/// What is no digit, then a number, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Rows(Vec<(Vec<u16>, Digits)>);

/// Where a row of other characters ends. Only `~` is before it.
const END: u16 = 1;

impl Ord for Rows {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.0, &other.0, &Self::nothing())
    }
}

impl PartialOrd for Rows {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Rows {
    fn nothing() -> (Vec<u16>, Digits) {
        (vec![END], Digits::ZERO)
    }

    fn of(mut text: &str) -> Self {
        let mut rows = Vec::new();
        while !text.is_empty() {
            let end = text
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(text.len());
            let (other, rest) = text.split_at(end);
            let (row, rest) = split_row(rest);
            rows.push((
                other.bytes().map(weight).chain([END]).collect(),
                Digits::of(row),
            ));
            text = rest;
        }
        Self(trim(rows, &Self::nothing()))
    }
}

/// `~` is before the end of the row, letters before everything else.
fn weight(byte: u8) -> u16 {
    match byte {
        b'~' => 0,
        byte if byte.is_ascii_alphabetic() => 0x100 + u16::from(byte),
        byte => 0x200 + u16::from(byte),
    }
}

impl Key {
    pub(super) fn same_epoch(&self, other: &Self) -> bool {
        self.epoch == other.epoch
    }
}

pub(super) fn parse(text: &str) -> Result<Key, String> {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) if !epoch.is_empty() && split_row(epoch).1.is_empty() => {
            (Digits::of(epoch), rest)
        }
        Some((epoch, _)) => return Err(format!("its epoch `{epoch}` is not a number")),
        None => (Digits::ZERO, text),
    };
    let (upstream, revision) = rest
        .rsplit_once('-')
        .map_or((rest, None), |(up, re)| (up, Some(re)));
    if !upstream.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("it does not begin with a digit".to_owned());
    }
    if revision == Some("") {
        return Err("nothing follows its last `-`".to_owned());
    }
    let revision = revision.unwrap_or_default();
    if let Some(wrong) = revision
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"+.~".contains(*c))
    {
        return Err(format!("`{wrong}` cannot be in a revision"));
    }
    if let Some(wrong) = upstream
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"+.~-:".contains(*c))
    {
        return Err(format!("`{wrong}` cannot be in a version"));
    }
    Ok(Key {
        epoch,
        upstream: Rows::of(upstream),
        revision: Rows::of(revision),
    })
}
