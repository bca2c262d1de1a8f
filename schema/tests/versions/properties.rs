//! What holds for each text, whatever it says.

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::python::dependency::Dependency;
use dgmo_schema::version::python::wheel::Wheel;
use dgmo_schema::version::range::VersionRange;
use proptest::prelude::*;

const SCHEMES: [Scheme; 5] = [
    Scheme::Release,
    Scheme::Npm,
    Scheme::Pep440,
    Scheme::Debian,
    Scheme::Conda,
];

/// Texts that are nearly versions, and often are.
fn versionish() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(v|1!|2:)?[0-9]{1,2}(\\.[0-9]{1,2}){0,3}((-|\\.|_)?(a|b|rc|alpha|beta|dev|post|p|w)\\.?[0-9]{0,2})?((-|\\+|~)[a-z0-9]{1,3})?",
        2 => "[0-9]{1,3}\\.[0-9]{1,2}\\.[0-9]{1,2}(-(alpha|beta|rc|0|1|x)(\\.[0-9]{1,2})?)?(\\+b)?",
        1 => "[0-9a-c.~+_!:-]{1,10}",
        1 => "\\PC{0,12}",
    ]
}

fn rangeish() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "((\\^|~|~=|=|==|===|>=|<=|<|>|!=|<<)? ?[0-9x*]{1,2}(\\.[0-9x*]{1,2}){0,2}(-rc\\.1|rc1)?( |,|, | \\|\\| |\\|| - )?){1,4}",
        1 => "[0-9a-c.^~=<>!|, ()*x-]{0,24}",
        1 => "\\PC{0,24}",
    ]
}

fn parsed(scheme: Scheme, text: &str) -> Option<Version> {
    Version::parse(scheme, text).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_order_is_total(a in versionish(), b in versionish(), c in versionish()) {
        for scheme in SCHEMES {
            let (Some(a), Some(b), Some(c)) = (parsed(scheme, &a), parsed(scheme, &b), parsed(scheme, &c)) else {
                continue;
            };
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
            let mut sorted = [&a, &b, &c];
            sorted.sort();
            prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
        }
    }

    #[test]
    fn a_version_is_shown_as_it_was_written(text in versionish()) {
        for scheme in SCHEMES {
            if let Some(version) = parsed(scheme, &text) {
                prop_assert_eq!(version.to_string(), text.trim());
                prop_assert_eq!(parsed(scheme, version.as_str()), Some(version));
            }
        }
    }

    #[test]
    fn no_range_panics_and_each_is_read_again(text in rangeish(), candidate in versionish()) {
        for scheme in SCHEMES {
            for read in [VersionRange::parse, VersionRange::parse_native] {
                match read(scheme, &text) {
                    Ok(range) => {
                        let again = read(scheme, &range.to_string()).unwrap();
                        if let Some(version) = parsed(scheme, &candidate) {
                            prop_assert_eq!(range.matches(&version), again.matches(&version));
                            let inside = range.intervals().iter().any(|interval| interval.contains(&version));
                            prop_assert!(inside || !range.matches(&version), "{} {} {:?}", range, version, range.intervals());
                            prop_assert!(range.best([&version]).is_some() || !range.matches(&version));
                        }
                    }
                    Err(error) => prop_assert!(error.column() <= text.chars().count() + 1),
                }
            }
        }
    }

    #[test]
    fn an_exact_range_takes_its_version(text in versionish()) {
        for scheme in SCHEMES {
            if let Some(version) = parsed(scheme, &text) {
                prop_assert!(VersionRange::exactly(&version).matches(&version));
            }
        }
    }

    #[test]
    fn what_python_writes_never_panics(text in "\\PC{0,40}|[a-z]{1,3}(\\[[a-z, ]{0,5}\\])? ?[(]?[<>=~!]{1,3}[0-9.*]{1,4}[)]? ?;? ?(\\(|python_version|extra| |<|==|'3'|and|or|not in|\\)){0,8}") {
        if let Ok(dependency) = text.parse::<Dependency>() {
            prop_assert_eq!(dependency.to_string(), text.trim());
        }
        let file = format!("{text}.whl");
        if let Ok(wheel) = file.parse::<Wheel>() {
            prop_assert_eq!(wheel.to_string(), file);
        }
    }
}
