//! The ranges packages of an ecosystem write, and what npm, Python and conda themselves take by them.

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

use crate::sample;
use crate::version;

#[test]
fn native_ranges_take_what_their_ecosystem_takes() {
    for (scheme, name) in [
        (Scheme::Npm, "npm"),
        (Scheme::Pep440, "pep440"),
        (Scheme::Conda, "conda"),
    ] {
        let text = sample(&format!("{name}.ranges"));
        let mut lines = text.lines();
        let versions: Vec<Version> = lines
            .next()
            .unwrap()
            .split(' ')
            .map(|word| version(scheme, word))
            .collect();
        let mut wrong = Vec::new();
        let mut count = 0;
        for line in lines {
            let mut fields = line.split('\t');
            let (written, bits) = (fields.next().unwrap(), fields.next().unwrap());
            let range = VersionRange::parse_native(scheme, written)
                .unwrap_or_else(|error| panic!("{error}"));
            for (version, bit) in versions.iter().zip(bits.chars()) {
                count += 1;
                if range.matches(version) != (bit == '1') {
                    wrong.push(format!("{written}: {version} is {bit}"));
                }
                let in_interval = range
                    .intervals()
                    .iter()
                    .any(|interval| interval.contains(version));
                if range.matches(version) && !in_interval {
                    wrong.push(format!("{written}: {version} is in no interval"));
                }
            }
            if let Some(best) = fields.next() {
                let found = range.best(&versions);
                let wanted = (best != "-").then(|| version(scheme, best));
                if found != wanted.as_ref() {
                    wrong.push(format!("{written}: the best is {best}, not {found:?}"));
                }
            }
        }
        assert!(count > 1_000, "{name}: {count}");
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn relations_of_debian_are_read() {
    for (written, found, takes) in [
        (">= 1.2", "1.2-1", true),
        ("(<< 2)", "2~rc1", true),
        ("(<< 2~)", "2~rc1", false),
        ("(>= 1:1), (<< 1:3)", "1:2.5-1", true),
        ("(>= 1:1), (<< 1:3)", "2.5-1", false),
        ("(= 1) | (>> 3)", "3.1", true),
        ("(= 1) | (>> 3)", "2", false),
        ("", "1", true),
    ] {
        let range = VersionRange::parse_native(Scheme::Debian, written).unwrap();
        assert_eq!(
            range.matches(&version(Scheme::Debian, found)),
            takes,
            "{written} {found}"
        );
    }
}

#[test]
fn what_is_no_range_is_refused_where_it_goes_wrong() {
    for (scheme, text, column, why) in [
        (
            Scheme::Npm,
            "latest",
            1,
            "`latest` is not a version: `latest` is not a number",
        ),
        (
            Scheme::Npm,
            "workspace:^1",
            1,
            "`workspace:` is not a version: `workspace:` is not a number",
        ),
        (
            Scheme::Npm,
            "^1, 2",
            3,
            "npm has no `,` in ranges; all of them at once is a space",
        ),
        (Scheme::Npm, "1.x.3", 1, "`1.x.3` has a number behind `x`"),
        (Scheme::Npm, ">=1 <", 6, "a version is missing"),
        (
            Scheme::Pep440,
            "1.0",
            1,
            "one of `==`, `!=`, `~=`, `>=`, `<=`, `>`, `<`, `===` is missing",
        ),
        (Scheme::Pep440, ">=1.0 <2", 7, "a `,` is missing"),
        (Scheme::Pep440, ">=1.0.*", 3, "`.*` does not go with `>=`"),
        (Scheme::Pep440, "~=1", 3, "`~=` needs two numbers or more"),
        (
            Scheme::Pep440,
            ">=1.0+a",
            3,
            "a label after `+` does not go with `>=`",
        ),
        (Scheme::Conda, "(1.2", 5, "a `)` is missing"),
        (
            Scheme::Conda,
            "1.*.2",
            1,
            "patterns are not read; write the numbers and `.*` at the end",
        ),
        (
            Scheme::Debian,
            "1.2",
            1,
            "one of `<<`, `<=`, `=`, `>=`, `>>` is missing",
        ),
    ] {
        let error = VersionRange::parse_native(scheme, text).unwrap_err();
        assert_eq!(
            (error.column(), error.why.as_str()),
            (column, why),
            "{text}"
        );
    }
}
