//! The language of manifests, the same for every scheme.

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

use crate::version;

/// Which of these versions a range takes.
fn taken<'a>(scheme: Scheme, range: &str, versions: &'a str) -> Vec<&'a str> {
    let range = VersionRange::parse(scheme, range).unwrap_or_else(|error| panic!("{error}"));
    versions
        .split(' ')
        .filter(|text| range.matches(&version(scheme, text)))
        .collect()
}

#[test]
fn a_manifest_says_the_same_of_every_source() {
    const ALL: &str =
        "0.4.0 0.4.7 0.5.0 1.0.0 1.2.0 1.2.9 1.3.0 1.10.0 2.0.0 2.1.0 14.0.0 14.9.1 15.0.0";
    for scheme in [
        Scheme::Release,
        Scheme::Npm,
        Scheme::Pep440,
        Scheme::Debian,
        Scheme::Conda,
    ] {
        for (range, wanted) in [
            ("14", "14.0.0 14.9.1"),
            ("v14", "14.0.0 14.9.1"),
            ("^14", "14.0.0 14.9.1"),
            ("0.4", "0.4.0 0.4.7"),
            ("0", "0.4.0 0.4.7 0.5.0"),
            ("1.2", "1.2.0 1.2.9 1.3.0 1.10.0"),
            ("~1.2", "1.2.0 1.2.9"),
            ("~1.2.5", "1.2.9"),
            ("~1", "1.0.0 1.2.0 1.2.9 1.3.0 1.10.0"),
            ("~=1.2", "1.2.0 1.2.9 1.3.0 1.10.0"),
            ("~=1.2.0", "1.2.0 1.2.9"),
            ("=1.2.9", "1.2.9"),
            ("==1.2.9", "1.2.9"),
            ("1.2.*", "1.2.0 1.2.9"),
            ("1.2.x", "1.2.0 1.2.9"),
            ("=1.2.*", "1.2.0 1.2.9"),
            (">=1.3 <2", "1.3.0 1.10.0"),
            (">=1.3, <2, !=1.10.0", "1.3.0"),
            (">=1.3,<2", "1.3.0 1.10.0"),
            ("> 1.3.0 <= 2.0.0", "1.10.0 2.0.0"),
            ("^0.4 || ~2.1 || =15.0.0", "0.4.0 0.4.7 2.1.0 15.0.0"),
            ("*", ALL),
            ("latest", ALL),
            ("99", ""),
        ] {
            // `v` is no part of Debian's and conda's versions.
            if range.starts_with('v') && matches!(scheme, Scheme::Debian | Scheme::Conda) {
                continue;
            }
            assert_eq!(
                taken(scheme, range, ALL).join(" "),
                wanted,
                "{scheme:?} {range}"
            );
        }
    }
}

#[test]
fn calendar_versions_are_compatible_within_their_year() {
    let days = "2023.12 2024.04 2024.05 2024.11.2 2025.01";
    assert_eq!(
        taken(Scheme::Release, "2024.05", days),
        ["2024.05", "2024.11.2"]
    );
    assert_eq!(
        taken(Scheme::Release, "2024", days),
        ["2024.04", "2024.05", "2024.11.2"]
    );
    let numbers = "20231230 20240512 20240513 20241101 20250101";
    assert_eq!(
        taken(Scheme::Release, "20240513", numbers),
        ["20240513", "20241101"]
    );
}

#[test]
fn pre_releases_are_taken_where_they_are_asked_for() {
    const ALL: &str = "1.0-rc1 1.0-rc2 1.0 1.1-beta.1 1.1 2.0-alpha";
    for (range, wanted) in [
        ("1", "1.0 1.1"),
        ("*", "1.0 1.1"),
        ("latest", "1.0 1.1"),
        ("1.0-rc1", "1.0-rc1 1.0-rc2 1.0 1.1"),
        (">=1.1-beta", "1.1-beta.1 1.1"),
        ("=2.0-alpha", "2.0-alpha"),
    ] {
        assert_eq!(
            taken(Scheme::Release, range, ALL).join(" "),
            wanted,
            "{range}"
        );
    }
    // What leads to the next major version is not compatible with this one.
    assert!(taken(Scheme::Debian, "1", "2~rc1-1").is_empty());
    assert!(taken(Scheme::Conda, "1", "2.0a1 2.0dev1 2.0rc1").is_empty());
    assert!(taken(Scheme::Pep440, ">=1.0rc1,<2", "2.0.dev1 2.0a1").is_empty());
    assert!(taken(Scheme::Pep440, "^1.0rc1", "2.0.dev1 2.0a1").is_empty());
}

#[test]
fn the_best_is_a_release_unless_nothing_else_fits() {
    let best = |scheme, range: &str, versions: &str| {
        let versions: Vec<Version> = versions
            .split(' ')
            .map(|text| version(scheme, text))
            .collect();
        VersionRange::parse(scheme, range)
            .unwrap()
            .best(&versions)
            .map(ToString::to_string)
    };
    assert_eq!(
        best(Scheme::Pep440, "1", "1.0 1.1rc1").as_deref(),
        Some("1.0")
    );
    assert_eq!(
        best(Scheme::Pep440, "1", "0.9 1.1rc1").as_deref(),
        Some("1.1rc1")
    );
    assert_eq!(
        best(Scheme::Conda, "1", "1.0 1.1rc1").as_deref(),
        Some("1.0")
    );
    assert_eq!(
        best(Scheme::Release, "1", "v1.0 v1.1-rc1").as_deref(),
        Some("v1.0")
    );
    assert_eq!(best(Scheme::Release, "1", "v1.1-rc1"), None);
    assert_eq!(
        best(Scheme::Release, "latest", "jq-1.6 jq-1.7.1 jq-1.8-rc1").as_deref(),
        Some("jq-1.7.1")
    );
}

#[test]
fn a_word_alone_is_a_channel() {
    for (scheme, text) in [
        (Scheme::Release, "latest"),
        (Scheme::Release, "nightly"),
        (Scheme::Release, "lts/iron"),
        (Scheme::Npm, "next-14"),
        (Scheme::Npm, "beta"),
    ] {
        assert_eq!(
            VersionRange::parse(scheme, text).unwrap().channel(),
            Some(text)
        );
    }
    // A tag is a version, whatever its name begins with.
    assert_eq!(
        taken(Scheme::Release, "release-2024.05", "2024.06 2025.01"),
        ["2024.06"]
    );
    assert_eq!(
        VersionRange::parse(Scheme::Release, "jq-1.7.1")
            .unwrap()
            .channel(),
        None
    );
    // Nothing but the source knows what a channel has.
    assert!(taken(Scheme::Release, "beta", "1.0 1.0-beta.1").is_empty());
}

#[test]
fn npm_keeps_its_own_caret() {
    assert_eq!(taken(Scheme::Npm, "^0.0.3", "0.0.3 0.0.4"), ["0.0.3"]);
    assert_eq!(
        taken(Scheme::Release, "^0.0.3", "0.0.3 0.0.4"),
        ["0.0.3", "0.0.4"]
    );
}

#[test]
fn an_exact_version_is_known_as_one() {
    let exact = |text| {
        VersionRange::parse(Scheme::Release, text)
            .unwrap()
            .exact()
            .map(ToString::to_string)
    };
    assert_eq!(exact("=1.2.3").as_deref(), Some("1.2.3"));
    assert_eq!(exact("1.2.3"), None);
    assert_eq!(exact("=1 || =2"), None);
    let version = version(Scheme::Debian, "2:9.0-1");
    assert_eq!(VersionRange::exactly(&version).exact(), Some(&version));
    let again =
        VersionRange::parse(Scheme::Debian, VersionRange::exactly(&version).as_str()).unwrap();
    assert_eq!(again.exact(), Some(&version));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, said) in [
        (
            "",
            "`` is not a range of versions: a version is missing, at character 1",
        ),
        (
            ">=1 <",
            "`>=1 <` is not a range of versions: a version is missing, at character 6",
        ),
        (
            "1 | 2",
            "`1 | 2` is not a range of versions: `|` stands alone; either of two is `||`, at character 3",
        ),
        (
            ">=1.*",
            "`>=1.*` is not a range of versions: `>=` does not go with `1.*`, at character 3",
        ),
        (
            "1 || beta",
            "`1 || beta` is not a range of versions: `beta` has no number; a channel stands alone, at character 6",
        ),
        (
            "===1",
            "`===1` is not a range of versions: `===` is Python's; use `=`, at character 4",
        ),
        (
            "1 ,, 2",
            "`1 ,, 2` is not a range of versions: `,` is where a version should be, at character 4",
        ),
    ] {
        assert_eq!(
            VersionRange::parse(Scheme::Release, text)
                .unwrap_err()
                .to_string(),
            said
        );
    }
}

#[test]
fn intervals_are_rising_and_apart() {
    for (range, wanted) in [
        ("^1 || ^2 || 5", 2),
        (">=1 <2 || >=1.5 <3", 1),
        ("!=1.2", 2),
        ("!=1.2.*", 2),
        (">2 <1", 0),
        ("*", 1),
        ("<1 || >=1", 1),
        ("<1 || >1", 2),
    ] {
        let intervals = VersionRange::parse(Scheme::Release, range)
            .unwrap()
            .intervals();
        // `^1` ends below each pre-release of 2, which is where `^2` does not begin.
        let wanted = if range.starts_with("^1 ||") {
            wanted + 1
        } else {
            wanted
        };
        assert_eq!(intervals.len(), wanted, "{range}: {intervals:?}");
    }
}
