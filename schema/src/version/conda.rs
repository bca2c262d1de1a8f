//! Versions as conda orders them: `1!2.0.1a3+local`.

use std::cmp::Ordering;

use crate::version::digits::Digits;
use crate::version::digits::compare_padded;
use crate::version::digits::trim;

/// The epoch is the first part of the version, as in conda itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    version: Parts,
    local: Parts,
}

/// What stands between dots, each part cut where digits begin and end. Zeros at an end say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Parts(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Part(Vec<Atom>);

/// The order of variants is the order of atoms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Atom {
    Dev,
    Word(String),
    Number(Digits),
    Post,
}

const ZERO: Atom = Atom::Number(Digits::ZERO);

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.0, &other.0, &ZERO)
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Parts {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.0, &other.0, &Part(Vec::new()))
    }
}

impl PartialOrd for Parts {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Parts {
    fn normal(self) -> Self {
        let parts = self
            .0
            .into_iter()
            .map(|part| Part(trim(part.0, &ZERO)))
            .collect();
        Self(trim(parts, &Part(Vec::new())))
    }
}

impl Key {
    pub(super) fn is_prerelease(&self) -> bool {
        self.version.0.iter().any(|Part(atoms)| {
            atoms.iter().enumerate().any(|(index, atom)| match atom {
                Atom::Dev => true,
                Atom::Word(word) => match word.trim_matches('_') {
                    "alpha" | "beta" | "rc" | "pre" | "preview" => true,
                    // `1.1.1a` is a release of openssl; `1.1a1` comes before 1.1.
                    "a" | "b" | "c" => matches!(atoms.get(index + 1), Some(Atom::Number(_))),
                    _ => false,
                },
                _ => false,
            })
        })
    }
}

/// Whether a version is `start`, or goes on where it ends: `1.2rc1` and `1.2.3` do for `1.2`, `1.20` does not.
pub(super) fn begins_with(version: &str, start: &str) -> bool {
    let (Ok(version), Ok(start)) = (read(version), read(start)) else {
        return false;
    };
    if start.local.0.is_empty() {
        return begins(&version.version.0, &start.version.0);
    }
    version.version.cmp(&start.version).is_eq() && begins(&version.local.0, &start.local.0)
}

fn begins(parts: &[Part], start: &[Part]) -> bool {
    let nothing = Part(Vec::new());
    let Some((last, before)) = start.split_last() else {
        return true;
    };
    let part = |index| parts.get(index).unwrap_or(&nothing);
    if before
        .iter()
        .enumerate()
        .any(|(index, wanted)| part(index).cmp(wanted).is_ne())
    {
        return false;
    }
    let found = part(before.len());
    let Some((last, before)) = last.0.split_last() else {
        return true;
    };
    let atom = |index| found.0.get(index).unwrap_or(&ZERO);
    before
        .iter()
        .enumerate()
        .all(|(index, wanted)| atom(index) == wanted)
        && match (atom(before.len()), last) {
            (Atom::Word(found), Atom::Word(wanted)) => found.starts_with(wanted.as_str()),
            (found, wanted) => found == wanted,
        }
}

pub(super) fn parse(text: &str) -> Result<Key, String> {
    let key = read(text)?;
    Ok(Key {
        version: key.version.normal(),
        local: key.local.normal(),
    })
}

/// A version with the zeros it was written with.
fn read(text: &str) -> Result<Key, String> {
    let mut text = text.to_ascii_lowercase();
    if text.contains('-') {
        if text.contains('_') {
            return Err("it has both `-` and `_`".to_owned());
        }
        text = text.replace('-', "_");
    }
    if let Some(wrong) = text
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !".+!_".contains(*c))
    {
        return Err(format!("`{wrong}` cannot be in a version"));
    }
    let (epoch, text) = match text.split_once('!') {
        Some((epoch, _)) if epoch.is_empty() || !epoch.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(format!("its epoch `{epoch}` is not a number"));
        }
        Some((epoch, rest)) => (epoch, rest),
        None => ("0", text.as_str()),
    };
    let (version, local) = text
        .split_once('+')
        .map_or((text, None), |(v, local)| (v, Some(local)));
    // `1.1.1_` is one before `1.1.1a`: an underscore at the end is part of what it follows.
    let (body, tail) = version
        .strip_suffix('_')
        .map_or((version, ""), |body| (body, "_"));
    let mut version = vec![part(epoch)?];
    let body = format!("{}{tail}", body.replace('_', "."));
    for text in body.split('.') {
        version.push(part(text)?);
    }
    let local = match local {
        None => Vec::new(),
        Some(local) => local
            .replace('_', ".")
            .split('.')
            .map(part)
            .collect::<Result<_, _>>()?,
    };
    Ok(Key {
        version: Parts(version),
        local: Parts(local),
    })
}

fn part(text: &str) -> Result<Part, String> {
    if text.is_empty() {
        return Err("it has an empty part".to_owned());
    }
    if text.contains(['!', '+']) {
        return Err("it has one `!` or `+` too many".to_owned());
    }
    let mut atoms = Vec::new();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        atoms.push(ZERO);
    }
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c: char| c.is_ascii_digit() != first.is_ascii_digit())
            .unwrap_or(rest.len());
        let (row, after) = rest.split_at(end);
        atoms.push(match row {
            row if first.is_ascii_digit() => Atom::Number(Digits::of(row)),
            "post" => Atom::Post,
            "dev" => Atom::Dev,
            word => Atom::Word(word.to_owned()),
        });
        rest = after;
    }
    Ok(Part(atoms))
}
