//! Relations as Debian's packages write them: `>= 1.2`, `<< 2`, also in brackets, with `,` and `|` between them.

use crate::version::Scheme;
use crate::version::Version;
use crate::version::range::comparator::Comparator;
use crate::version::range::comparator::Relation;
use crate::version::reader::Fault;
use crate::version::reader::Reader;
use crate::version::reader::fault;

/// `<` and `>` alone are old, and dpkg reads them as what includes the version.
const OPERATORS: &[(&str, Relation)] = &[
    ("<<", Relation::Less),
    (">>", Relation::Greater),
    ("<=", Relation::LessEqual),
    (">=", Relation::GreaterEqual),
    ("=", Relation::Equal),
    ("<", Relation::LessEqual),
    (">", Relation::GreaterEqual),
];

pub(super) fn parse(text: &str) -> Result<Vec<Vec<Comparator>>, Fault> {
    let mut sets = vec![Vec::new()];
    let mut reader = Reader::new(text);
    reader.skip_space();
    while !reader.is_done() {
        let one = relation(&mut reader)?;
        if let Some(set) = sets.last_mut() {
            set.push(one);
        }
        reader.skip_space();
        match () {
            () if reader.eat("|") => sets.push(Vec::new()),
            () if reader.eat(",") || reader.is_done() => {}
            () => return reader.fault("a `,` is missing"),
        }
        reader.skip_space();
    }
    match sets.last() {
        Some(last) if last.is_empty() && sets.len() > 1 => reader.fault("a version is missing"),
        _ => Ok(sets),
    }
}

fn relation(reader: &mut Reader) -> Result<Comparator, Fault> {
    let bracket = reader.eat("(");
    reader.skip_space();
    let Some((_, relation)) = OPERATORS.iter().find(|(operator, _)| reader.eat(operator)) else {
        return reader.fault("one of `<<`, `<=`, `=`, `>=`, `>>` is missing");
    };
    reader.skip_space();
    let (at, token) = reader.until(|c| c.is_whitespace() || ",|()".contains(c));
    let version = Version::parse(Scheme::Debian, token).map_err(|error| Fault {
        at,
        why: error.to_string(),
    })?;
    reader.skip_space();
    if bracket && !reader.eat(")") {
        return fault(reader.at(), "a `)` is missing");
    }
    Ok(Comparator {
        relation: *relation,
        version,
    })
}
