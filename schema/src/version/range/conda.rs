//! Versions as conda's packages ask for them: `>=1.2,<2`, `1.2.*`, `=1.2`, `~=1.4.2`, `1.2|>=1.4,<2`, `(a|b),c`.

use crate::version::Scheme;
use crate::version::Version;
use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;
use crate::version::reader::Fault;
use crate::version::reader::Reader;
use crate::version::reader::fault;

const OPERATORS: &[&str] = &["==", "=", "!=", "!", "~=", ">=", "<=", ">", "<"];

/// One of these, and of it all.
type Sets = Vec<Vec<Comparator>>;

/// Brackets are multiplied out; no package needs so many of them.
const MOST: usize = 256;

/// Nor so deep.
const DEEPEST: usize = 16;

pub(super) fn parse(text: &str) -> Result<Sets, Fault> {
    let mut reader = Reader::new(text);
    reader.skip_space();
    if reader.is_done() {
        return Ok(vec![Vec::new()]);
    }
    let sets = either(&mut reader, 0)?;
    if reader.is_done() {
        Ok(sets)
    } else {
        reader.fault(format!("nobody knows what `{}` means", reader.rest()))
    }
}

fn either(reader: &mut Reader, depth: usize) -> Result<Sets, Fault> {
    let mut sets = all(reader, depth)?;
    while reader.eat("|") {
        sets.extend(all(reader, depth)?);
    }
    if sets.len() > MOST {
        return reader.fault("it is too entangled");
    }
    Ok(sets)
}

fn all(reader: &mut Reader, depth: usize) -> Result<Sets, Fault> {
    let mut sets = term(reader, depth)?;
    reader.skip_space();
    while reader.eat(",") {
        let more = term(reader, depth)?;
        if sets.len() * more.len() > MOST {
            return reader.fault("it is too entangled");
        }
        sets = sets
            .iter()
            .flat_map(|left| {
                more.iter()
                    .map(|right| left.iter().chain(right).cloned().collect())
            })
            .collect();
        reader.skip_space();
    }
    Ok(sets)
}

fn term(reader: &mut Reader, depth: usize) -> Result<Sets, Fault> {
    reader.skip_space();
    if !reader.eat("(") {
        return Ok(vec![one(reader)?]);
    }
    if depth == DEEPEST {
        return reader.fault("it is too entangled");
    }
    let sets = either(reader, depth + 1)?;
    if reader.eat(")") {
        Ok(sets)
    } else {
        reader.fault("a `)` is missing")
    }
}

fn one(reader: &mut Reader) -> Result<Vec<Comparator>, Fault> {
    let start = reader.at();
    let operator = reader.eat_one(OPERATORS);
    reader.skip_space();
    let (at, token) = reader.until(|c| c.is_whitespace() || ",|()".contains(c));
    if token == "*" {
        return match operator {
            "" | "=" | "==" | ">=" => Ok(Vec::new()),
            _ => fault(start, format!("`{operator}` does not go with `*`")),
        };
    }
    let starred = token
        .strip_suffix('*')
        .map(|token| token.strip_suffix('.').unwrap_or(token));
    if starred.unwrap_or(token).contains(['*', '^', '$']) {
        return fault(
            at,
            "patterns are not read; write the numbers and `.*` at the end",
        );
    }
    let version =
        Version::parse(Scheme::Conda, starred.unwrap_or(token)).map_err(|error| Fault {
            at,
            why: error.to_string(),
        })?;
    let relation = match (operator, starred) {
        ("=", _) | ("" | "==", Some(_)) => Relation::Series,
        ("" | "==", None) => Relation::Equal,
        ("!=" | "!", Some(_)) => Relation::NotSeries,
        ("!=" | "!", None) => Relation::NotEqual,
        ("~=", _) => return compatible(version, at),
        // Conda reads `>=1.2.*` as `>=1.2`.
        (">=", _) => Relation::GreaterEqual,
        ("<", _) => Relation::Less,
        ("<=", None) => Relation::LessEqual,
        (">", None) => Relation::Greater,
        _ => return fault(start, format!("`{operator}` does not go with `.*`")),
    };
    Ok(vec![Comparator { relation, version }])
}

/// `~=1.4.2` is `>=1.4.2,1.4.*`.
fn compatible(version: Version, at: usize) -> Result<Vec<Comparator>, Fault> {
    let Some((start, _)) = version.as_str().rsplit_once('.') else {
        return fault(at, "`~=` needs two numbers or more");
    };
    let series = Version::parse(Scheme::Conda, start).map_err(|error| Fault {
        at,
        why: error.to_string(),
    })?;
    Ok(vec![
        Comparator {
            relation: Relation::GreaterEqual,
            version,
        },
        Comparator {
            relation: Relation::Series,
            version: series,
        },
    ])
}
