//! What packages say of each other: `libc6 (>= 2.34), awk | mawk`.

use dgmo_schema::version::Scheme;
use dgmo_schema::version::range::VersionRange;

/// A package and which of its versions will do.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) package: String,
    pub(super) range: VersionRange,
}

/// Reads a list: all of it must hold, and of each part one.
pub(super) fn parse(text: &str) -> Result<Vec<Vec<Relation>>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| part.split('|').map(one).collect())
        .collect()
}

fn one(text: &str) -> Result<Relation, String> {
    let text = text.trim();
    let (name, version) = match text.split_once('(') {
        Some((name, rest)) => (name, rest.split(')').next()),
        None => (text, None),
    };
    // Which architecture it is for and what it was built with does not matter to who only installs it.
    let name = name.split(['[', '<']).next().unwrap_or_default().trim();
    let name = name.split(':').next().unwrap_or_default();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(format!("`{text}` is no package"));
    }
    let range = match version {
        Some(version) => VersionRange::parse_native(Scheme::Debian, version)
            .map_err(|error| error.to_string())?,
        None => VersionRange::any(Scheme::Debian),
    };
    Ok(Relation {
        package: name.to_owned(),
        range,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_parts_must_hold_and_one_of_each() {
        let found = parse("libc6 (>= 2.34), perl:any | mawk [amd64] (<< 2) , ").unwrap();
        let names: Vec<Vec<&str>> = found
            .iter()
            .map(|part| part.iter().map(|it| it.package.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["libc6"], vec!["perl", "mawk"]]);
        assert_eq!(found[0][0].range.as_str(), ">= 2.34");
        assert!(parse("a (oops)").is_err());
        assert!(parse("| b").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            drop(parse(&text));
        }
    }
}
