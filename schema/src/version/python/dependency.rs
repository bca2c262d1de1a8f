//! Dependencies as Python's packages write them (PEP 508): `name[extra]>=1.2; python_version < "3.11"`.

use std::fmt;
use std::str::FromStr;

use crate::version::Scheme;
use crate::version::python::is_name;
use crate::version::python::marker::Marker;
use crate::version::python::normal_name;
use crate::version::range::VersionRange;
use crate::version::reader::Fault;
use crate::version::reader::fault;

/// What one Python package says it needs.
#[derive(Debug, Clone)]
pub struct Dependency {
    text: String,
    /// The package, in the one spelling of its name.
    pub name: String,
    /// Parts of it that are asked for as well, in the one spelling of their names.
    pub extras: Vec<String>,
    /// Which of its versions, or from where.
    pub wanted: Wanted,
    /// For which Python.
    pub marker: Option<Marker>,
}

/// Which version of a dependency.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// One of these.
    Range(VersionRange),
    /// What lies at this address.
    Address(String),
}

/// Why a text is no dependency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a Python dependency: {why}, at character {}", self.column())]
pub struct DependencyError {
    /// The text as given.
    pub text: String,
    /// The byte of the text at which reading it failed.
    pub at: usize,
    /// What is wrong there.
    pub why: String,
}

impl DependencyError {
    /// The character of the text at which reading it failed; the first is 1.
    pub fn column(&self) -> usize {
        self.text
            .get(..self.at)
            .map_or(1, |before| before.chars().count() + 1)
    }
}

impl FromStr for Dependency {
    type Err = DependencyError;

    fn from_str(text: &str) -> Result<Self, DependencyError> {
        read(text).map_err(|Fault { at, why }| DependencyError {
            text: text.to_owned(),
            at,
            why,
        })
    }
}

/// As it was written.
impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read(text: &str) -> Result<Dependency, Fault> {
    let at = |rest: &str| text.len() - rest.len();
    let start = text.trim_start();
    let end = start
        .find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
        .unwrap_or(start.len());
    let (name, rest) = start.split_at(end);
    if !is_name(name) {
        return fault(at(start), "it does not begin with the name of a package");
    }
    let (extras, rest) = extras(text, rest.trim_start())?;
    let rest = rest.trim_start();
    let (wanted, rest) = match rest.strip_prefix('@') {
        Some(address) => self::address(text, address.trim_start())?,
        None => versions(text, rest)?,
    };
    let marker = match rest.strip_prefix(';') {
        Some(marker) => Some(Marker::read(marker).map_err(|wrong| Fault {
            at: at(marker) + wrong.at,
            ..wrong
        })?),
        None if rest.trim().is_empty() => None,
        None => return fault(at(rest), "a `;` is missing"),
    };
    Ok(Dependency {
        text: text.trim().to_owned(),
        name: normal_name(name),
        extras,
        wanted,
        marker,
    })
}

fn extras<'a>(text: &str, rest: &'a str) -> Result<(Vec<String>, &'a str), Fault> {
    let at = |rest: &str| text.len() - rest.len();
    let Some(inside) = rest.strip_prefix('[') else {
        return Ok((Vec::new(), rest));
    };
    let Some((list, after)) = inside.split_once(']') else {
        return fault(at(rest), "a `]` is missing");
    };
    if list.trim().is_empty() {
        return Ok((Vec::new(), after));
    }
    let mut extras = Vec::new();
    for extra in list.split(',') {
        if !is_name(extra.trim()) {
            return fault(
                at(inside),
                format!("`{}` is not the name of an extra", extra.trim()),
            );
        }
        extras.push(normal_name(extra.trim()));
    }
    Ok((extras, after))
}

fn address<'a>(text: &str, rest: &'a str) -> Result<(Wanted, &'a str), Fault> {
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (address, after) = rest.split_at(end);
    if address.is_empty() {
        return fault(text.len() - rest.len(), "an address is missing after `@`");
    }
    Ok((Wanted::Address(address.to_owned()), after.trim_start()))
}

fn versions<'a>(text: &str, rest: &'a str) -> Result<(Wanted, &'a str), Fault> {
    let end = rest.find(';').unwrap_or(rest.len());
    let (written, after) = rest.split_at(end);
    let inner = match written.strip_prefix('(') {
        None => written,
        Some(inside) => match inside.trim_end().strip_suffix(')') {
            Some(inside) => inside,
            None => return fault(text.len() - rest.len(), "a `)` is missing"),
        },
    };
    let skipped = written.len() - written.strip_prefix('(').unwrap_or(written).len();
    let space = inner.len() - inner.trim_start().len();
    let range = VersionRange::parse_native(Scheme::Pep440, inner).map_err(|error| Fault {
        at: text.len() - rest.len() + skipped + space + error.at,
        why: error.why,
    })?;
    Ok((Wanted::Range(range), after))
}
