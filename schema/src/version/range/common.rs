//! The language of manifests: one for every scheme.

use crate::version::Scheme;
use crate::version::Version;
use crate::version::range::Wants;
use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;
use crate::version::range::npm;
use crate::version::range::pep440;
use crate::version::range::series;
use crate::version::reader::Fault;
use crate::version::reader::Reader;
use crate::version::reader::fault;
use crate::version::release;

const OPERATORS: &[&str] = &["===", "==", "=", "~=", "~", "^", ">=", "<=", "!=", ">", "<"];

pub(super) fn parse(scheme: Scheme, text: &str) -> Result<Wants, Fault> {
    if is_channel(scheme, text) {
        return Ok(Wants::Channel(text.to_owned()));
    }
    let mut reader = Reader::new(text);
    let mut sets = vec![set(scheme, &mut reader)?];
    while reader.eat("||") {
        sets.push(set(scheme, &mut reader)?);
    }
    if reader.is_done() {
        Ok(Wants::OneOf(sets))
    } else {
        reader.fault("`|` stands alone; either of two is `||`")
    }
}

/// A word alone: it begins with a letter and has no version in it, as `release-1.2` has.
fn is_channel(scheme: Scheme, text: &str) -> bool {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !matches!(text, "x" | "X");
    let numbered = text
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let release = || {
        scheme == Scheme::Release
            && release::has_numbers(text)
            && text.contains(['.', '-', '_', '@'])
    };
    is_word && !numbered && !release()
}

/// What stands before `||` or the end.
fn set(scheme: Scheme, reader: &mut Reader) -> Result<Vec<Comparator>, Fault> {
    let mut set = Vec::new();
    let mut count = 0;
    loop {
        reader.skip_space();
        if reader.is_done() || reader.rest().starts_with('|') {
            break;
        }
        if count > 0 && reader.eat(",") {
            reader.skip_space();
        }
        set.extend(item(scheme, reader)?);
        count += 1;
    }
    match count {
        0 => reader.fault("a version is missing"),
        _ => Ok(set),
    }
}

fn item(scheme: Scheme, reader: &mut Reader) -> Result<Vec<Comparator>, Fault> {
    let start = reader.at();
    let operator = reader.eat_one(OPERATORS);
    reader.skip_space();
    let (at, token) = token(reader);
    if token.is_empty() {
        return match reader.rest().chars().next() {
            None => fault(at, "a version is missing"),
            Some(found) => fault(at, format!("`{found}` is where a version should be")),
        };
    }
    if matches!(token, "*" | "x" | "X") {
        return match operator {
            "" | "=" | "==" | "^" | "~" | ">=" => Ok(Vec::new()),
            _ => fault(start, format!("`{operator}` does not go with `{token}`")),
        };
    }
    match scheme {
        Scheme::Npm => npm_item(operator, token, at),
        _ => other_item(scheme, operator, token, at),
    }
}

/// A version ends where the next condition begins. `!` and `~` are in it, but for `!=`.
fn token<'a>(reader: &mut Reader<'a>) -> (usize, &'a str) {
    let rest = reader.rest();
    let length = rest
        .char_indices()
        .find(|(at, c)| c.is_whitespace() || ",|<>=^".contains(*c) || rest[*at..].starts_with("!="))
        .map_or(rest.len(), |(at, _)| at);
    (reader.at(), reader.take(length))
}

/// Npm's own meaning of whatever npm has; the rest is ours.
fn npm_item(operator: &str, token: &str, at: usize) -> Result<Vec<Comparator>, Fault> {
    let partial = npm::partial(token).map_err(|why| Fault { at, why })?;
    match operator {
        "" if partial.is_series_written() => Ok(npm::plain("", &partial)),
        "" | "^" => Ok(npm::caret(&partial)),
        "=" | "==" => Ok(npm::plain("=", &partial)),
        "~" => Ok(npm::tilde(&partial)),
        "~=" => match partial.count() {
            3 => Ok(npm::tilde(&partial)),
            2 => Ok(npm::caret_first(&partial)),
            _ => fault(at, "`~=` needs two numbers or more"),
        },
        "!=" if partial.count() == 3 => Ok(npm::plain("=", &partial)
            .into_iter()
            .map(|it| Comparator {
                relation: Relation::NotEqual,
                ..it
            })
            .collect()),
        "!=" => fault(at, "`!=` needs a whole version"),
        "===" => fault(at, "`===` is Python's; use `=`"),
        _ => Ok(npm::plain(operator, &partial)),
    }
}

fn other_item(
    scheme: Scheme,
    operator: &str,
    token: &str,
    at: usize,
) -> Result<Vec<Comparator>, Fault> {
    let written = token
        .strip_suffix(".*")
        .or_else(|| token.strip_suffix(".x"))
        .or_else(|| token.strip_suffix(".X"));
    let version = Version::parse(scheme, written.unwrap_or(token)).map_err(|error| Fault {
        at,
        why: error.to_string(),
    })?;
    if version.numbers().is_empty() {
        return fault(
            at,
            format!("`{token}` has no number; a channel stands alone"),
        );
    }
    if written.is_some() {
        let relation = match operator {
            "" | "=" | "==" => Relation::Series,
            "!=" => Relation::NotSeries,
            "^" => return Ok(series::compatible(version)),
            "~" => {
                let index = version.numbers().len().min(2) - 1;
                return Ok(series::from(version, index));
            }
            _ => return fault(at, format!("`{operator}` does not go with `{token}`")),
        };
        return Ok(vec![Comparator { relation, version }]);
    }
    match operator {
        "" | "^" => Ok(series::compatible(version)),
        "~" => {
            let index = version.numbers().len().min(2) - 1;
            Ok(series::from(version, index))
        }
        "~=" if scheme == Scheme::Pep440 => pep440::specifier(operator, token, at),
        "~=" => match version.numbers().len() {
            1 => fault(at, "`~=` needs two numbers or more"),
            count => Ok(series::from(version, count - 2)),
        },
        "===" if scheme != Scheme::Pep440 => fault(at, "`===` is Python's; use `=`"),
        operator => Ok(vec![Comparator {
            relation: relation(operator),
            version,
        }]),
    }
}

pub(super) fn relation(operator: &str) -> Relation {
    match operator {
        "<" => Relation::Less,
        "<=" => Relation::LessEqual,
        "!=" => Relation::NotEqual,
        ">=" => Relation::GreaterEqual,
        ">" => Relation::Greater,
        "===" => Relation::Identical,
        _ => Relation::Equal,
    }
}
