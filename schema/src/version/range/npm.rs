//! Ranges as npm's packages write them: `>=1.2 <2 || ^3`, `1.x`, `1.2 - 2.3`, `~1.2`.
//!
//! Each is turned into plain comparisons as npm's own reader does it, `<2.0.0-0` at the upper end included.

use crate::version::Scheme;
use crate::version::Version;
use crate::version::npm::number;
use crate::version::range::common;
use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;
use crate::version::reader::Fault;
use crate::version::reader::Reader;
use crate::version::reader::fault;

const OPERATORS: &[&str] = &[">=", "<=", ">", "<", "=", "^", "~>", "~"];

/// A version of which numbers may be missing or be `x`.
#[derive(Debug, Clone)]
pub(super) struct Partial {
    numbers: Vec<u64>,
    before: String,
    has_wildcard: bool,
}

impl Partial {
    /// How many numbers are given.
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// Whether it is written `1.x`.
    pub(super) fn is_series_written(&self) -> bool {
        self.has_wildcard
    }

    fn is_any(&self) -> bool {
        self.numbers.is_empty()
    }

    fn number(&self, index: usize) -> u64 {
        self.numbers.get(index).copied().unwrap_or_default()
    }

    /// With zeros where nothing is given.
    fn lowest(&self) -> Version {
        version(
            [self.number(0), self.number(1), self.number(2)],
            &self.before,
        )
    }

    /// The end of everything that has the same numbers up to `index`.
    fn end(&self, index: usize) -> Comparator {
        let mut numbers = [0; 3];
        for (at, number) in numbers.iter_mut().enumerate().take(index + 1) {
            *number = self.number(at);
        }
        numbers[index] += 1;
        Comparator {
            relation: Relation::Less,
            version: version(numbers, "0"),
        }
    }

    fn at_least(&self) -> Comparator {
        Comparator {
            relation: Relation::GreaterEqual,
            version: self.lowest(),
        }
    }

    fn up_to(&self, index: usize) -> Vec<Comparator> {
        vec![self.at_least(), self.end(index)]
    }
}

fn version(numbers: [u64; 3], before: &str) -> Version {
    let [first, second, third] = numbers;
    let dash = if before.is_empty() { "" } else { "-" };
    let text = format!("{first}.{second}.{third}{dash}{before}");
    // The numbers were within npm's bounds and may be one above; then they are taken as they are.
    Version::parse(Scheme::Npm, &text).unwrap_or_else(|_| highest())
}

fn highest() -> Version {
    let most = (1_u64 << 53) - 1;
    Version::parse(Scheme::Npm, &format!("{most}.{most}.{most}"))
        .expect("these are numbers within the bounds")
}

/// Reads `1`, `1.2`, `1.x`, `v1.2.3-beta.1+build`, `*`.
pub(super) fn partial(text: &str) -> Result<Partial, String> {
    let body = text.trim_start_matches(['v', '=']);
    let (body, build) = body
        .split_once('+')
        .map_or((body, None), |(body, build)| (body, Some(build)));
    let (body, before) = body
        .split_once('-')
        .map_or((body, None), |(body, before)| (body, Some(before)));
    let mut numbers = Vec::new();
    let mut has_wildcard = false;
    let mut count = 0;
    for part in body.split('.') {
        count += 1;
        match part {
            "x" | "X" | "*" => has_wildcard = true,
            part => {
                let number =
                    number(part).map_err(|why| format!("`{text}` is not a version: {why}"))?;
                if has_wildcard {
                    return Err(format!("`{text}` has a number behind `x`"));
                }
                numbers.push(number);
            }
        }
    }
    if count > 3 || (count < 3 && (before.is_some() || build.is_some())) {
        return Err(format!("`{text}` does not have three numbers"));
    }
    let before = before.unwrap_or_default().to_owned();
    let partial = Partial {
        numbers,
        before,
        has_wildcard,
    };
    if count == 3 {
        let numbers = [partial.number(0), partial.number(1), partial.number(2)]
            .map(|n| n.to_string())
            .join(".");
        let tail = text.find(['-', '+']).map_or("", |at| &text[at..]);
        Version::parse(Scheme::Npm, &format!("{numbers}{tail}"))
            .map_err(|error| error.to_string())?;
    }
    Ok(match partial.count() {
        3 => partial,
        _ => Partial {
            before: String::new(),
            ..partial
        },
    })
}

pub(super) fn caret(partial: &Partial) -> Vec<Comparator> {
    match partial.numbers.as_slice() {
        [] => Vec::new(),
        [0, 0, _] => partial.up_to(2),
        [0, _, ..] => partial.up_to(1),
        _ => partial.up_to(0),
    }
}

/// Up to the next first number, whatever the first one is.
pub(super) fn caret_first(partial: &Partial) -> Vec<Comparator> {
    partial.up_to(0)
}

pub(super) fn tilde(partial: &Partial) -> Vec<Comparator> {
    match partial.count() {
        0 => Vec::new(),
        1 => partial.up_to(0),
        _ => partial.up_to(1),
    }
}

/// A comparison, or none: then missing numbers may be any.
pub(super) fn plain(operator: &str, partial: &Partial) -> Vec<Comparator> {
    let one = |relation, version| vec![Comparator { relation, version }];
    let count = partial.count();
    match (operator, count) {
        ("<" | ">", 0) => one(Relation::Less, version([0; 3], "0")),
        (_, 0) => Vec::new(),
        ("" | "=", 3) => one(Relation::Equal, partial.lowest()),
        (operator, 3) => one(common::relation(operator), partial.lowest()),
        (">", _) => {
            let mut numbers = [partial.number(0), partial.number(1), 0];
            numbers[count - 1] += 1;
            one(Relation::GreaterEqual, version(numbers, ""))
        }
        ("<=", _) => vec![partial.end(count - 1)],
        ("<", _) => one(
            Relation::Less,
            version([partial.number(0), partial.number(1), 0], "0"),
        ),
        (">=", _) => vec![partial.at_least()],
        _ => partial.up_to(count - 1),
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Vec<Comparator>>, Fault> {
    let mut reader = Reader::new(text);
    let mut sets = vec![set(&mut reader)?];
    while reader.eat("||") {
        sets.push(set(&mut reader)?);
    }
    if reader.is_done() {
        Ok(sets)
    } else {
        reader.fault("`|` stands alone; either of two is `||`")
    }
}

/// What stands before `||` or the end; nothing is everything.
fn set(reader: &mut Reader) -> Result<Vec<Comparator>, Fault> {
    let mut set = Vec::new();
    reader.skip_space();
    if let Some(both) = hyphen(reader)? {
        set.extend(both);
        reader.skip_space();
    }
    while !reader.is_done() && !reader.rest().starts_with('|') {
        let operator = reader.eat_one(OPERATORS);
        reader.skip_space();
        let partial = token(reader)?;
        set.extend(match operator {
            "^" => caret(&partial),
            "~" | "~>" => tilde(&partial),
            operator => plain(operator, &partial),
        });
        reader.skip_space();
    }
    Ok(set)
}

/// `1.2 - 2.3`: both ends belong to it, and 2.3 with all it may go on with.
fn hyphen(reader: &mut Reader) -> Result<Option<Vec<Comparator>>, Fault> {
    let mut ahead = reader.clone();
    let (_, first) = ahead.until(ends);
    ahead.skip_space();
    if first.is_empty() || !ahead.eat("- ") {
        return Ok(None);
    }
    let from = token(reader)?;
    *reader = ahead;
    reader.skip_space();
    let to = token(reader)?;
    let mut both = Vec::new();
    if !from.is_any() {
        both.push(from.at_least());
    }
    both.extend(plain("<=", &to));
    Ok(Some(both))
}

fn ends(c: char) -> bool {
    c.is_whitespace() || "|<>^~,".contains(c)
}

fn token(reader: &mut Reader) -> Result<Partial, Fault> {
    let (at, token) = reader.until(ends);
    if token.is_empty() {
        return match reader.rest().chars().next() {
            Some(',') => fault(
                at,
                "npm has no `,` in ranges; all of them at once is a space",
            ),
            Some(found) => fault(at, format!("`{found}` is where a version should be")),
            None => fault(at, "a version is missing"),
        };
    }
    partial(token).map_err(|why| Fault { at, why })
}
