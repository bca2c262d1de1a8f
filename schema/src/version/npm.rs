//! Semantic versions as npm orders them: `1.2.3-beta.1+build`.

use crate::version::digits::Digits;
use crate::version::digits::split_row;

/// JavaScript counts no further exactly.
const LARGEST: u64 = (1 << 53) - 1;

/// Three numbers, then what comes before the release. Metadata after `+` has no part in the order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    numbers: [u64; 3],
    stage: Stage,
}

/// The order of variants is the order of versions: each pre-release is before its release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Before(Vec<Identifier>),
    Released,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Identifier {
    Number(Digits),
    Word(String),
}

impl Key {
    pub(super) fn is_prerelease(&self) -> bool {
        self.stage != Stage::Released
    }

    pub(super) fn numbers(&self) -> Vec<Digits> {
        self.numbers.map(Digits::Small).to_vec()
    }
}

pub(super) fn parse(text: &str) -> Result<Key, String> {
    let text = text.trim_start_matches(['=', 'v', ' ']);
    let (text, build) = text
        .split_once('+')
        .map_or((text, None), |(text, build)| (text, Some(build)));
    let (numbers, before) = text
        .split_once('-')
        .map_or((text, None), |(text, before)| (text, Some(before)));
    let mut parts = numbers.split('.');
    let mut number = |what| {
        let part = parts
            .next()
            .ok_or_else(|| format!("it has no {what} number"))?;
        self::number(part)
    };
    let numbers = [number("first")?, number("second")?, number("third")?];
    if parts.next().is_some() {
        return Err("it has more than three numbers".to_owned());
    }
    if let Some(build) = build {
        words(build)?;
    }
    let stage = match before {
        None => Stage::Released,
        Some(before) => Stage::Before(
            words(before)?
                .into_iter()
                .map(identifier)
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Key { numbers, stage })
}

/// One of the three numbers.
pub(super) fn number(part: &str) -> Result<u64, String> {
    let wrong = || format!("`{part}` is not a number");
    if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    if part.len() > 1 && part.starts_with('0') {
        return Err(format!("`{part}` has a leading zero"));
    }
    part.parse()
        .ok()
        .filter(|number| *number <= LARGEST)
        .ok_or_else(|| format!("`{part}` is too large"))
}

fn words(text: &str) -> Result<Vec<&str>, String> {
    let words: Vec<&str> = text.split('.').collect();
    match words.iter().find(|word| {
        word.is_empty()
            || !word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }) {
        Some(wrong) => Err(format!(
            "`{wrong}` is not a word of letters, digits and `-`"
        )),
        None => Ok(words),
    }
}

fn identifier(word: &str) -> Result<Identifier, String> {
    match split_row(word) {
        (row, "") if row.len() > 1 && row.starts_with('0') => {
            Err(format!("`{row}` has a leading zero"))
        }
        (row, "") => Ok(Identifier::Number(Digits::of(row))),
        _ => Ok(Identifier::Word(word.to_owned())),
    }
}
