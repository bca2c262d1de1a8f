//! Specifiers as Python's packages write them: `>=1.2,!=1.3.*,<2`, `~=1.4.2`, `===exactly`.

use crate::version::Key;
use crate::version::Scheme;
use crate::version::Version;
use crate::version::range::common;
use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;
use crate::version::reader::Fault;
use crate::version::reader::Reader;
use crate::version::reader::fault;

const OPERATORS: &[&str] = &["===", "==", "~=", ">=", "<=", "!=", ">", "<"];

pub(super) fn parse(text: &str) -> Result<Vec<Comparator>, Fault> {
    let mut set = Vec::new();
    let mut reader = Reader::new(text);
    reader.skip_space();
    while !reader.is_done() {
        let operator = reader.eat_one(OPERATORS);
        if operator.is_empty() {
            return reader.fault("one of `==`, `!=`, `~=`, `>=`, `<=`, `>`, `<`, `===` is missing");
        }
        reader.skip_space();
        let (at, token) = reader.until(|c| c == ',' || c.is_whitespace());
        set.extend(specifier(operator, token, at)?);
        reader.skip_space();
        if !reader.is_done() && !reader.eat(",") {
            return reader.fault("a `,` is missing");
        }
        reader.skip_space();
    }
    Ok(set)
}

/// One of them.
pub(super) fn specifier(operator: &str, token: &str, at: usize) -> Result<Vec<Comparator>, Fault> {
    let series = token.strip_suffix(".*").filter(|_| operator != "===");
    let version =
        Version::parse(Scheme::Pep440, series.unwrap_or(token)).map_err(|error| Fault {
            at,
            why: error.to_string(),
        })?;
    let Key::Pep440(key) = &version.key else {
        return fault(at, "it is no Python version");
    };
    if series.is_some() {
        return match operator {
            "==" | "!=" if key.is_prerelease() || key.is_post() || key.has_local() => {
                fault(at, "before `.*` there can be numbers only")
            }
            "==" => Ok(vec![Comparator {
                relation: Relation::Series,
                version,
            }]),
            "!=" => Ok(vec![Comparator {
                relation: Relation::NotSeries,
                version,
            }]),
            _ => fault(at, format!("`.*` does not go with `{operator}`")),
        };
    }
    if key.has_local() && !matches!(operator, "==" | "!=" | "===") {
        return fault(
            at,
            format!("a label after `+` does not go with `{operator}`"),
        );
    }
    if operator != "~=" {
        return Ok(vec![Comparator {
            relation: common::relation(operator),
            version,
        }]);
    }
    let numbers: Vec<String> = version.numbers().iter().map(ToString::to_string).collect();
    let Some((_, start @ [_, ..])) = numbers.split_last() else {
        return fault(at, "`~=` needs two numbers or more");
    };
    let series = Version::parse(
        Scheme::Pep440,
        &format!("{}{}", version.epoch(), start.join(".")),
    )
    .map_err(|error| Fault {
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
