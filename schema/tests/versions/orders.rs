//! The order of each scheme.

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;

use crate::ECOSYSTEMS;
use crate::sample;
use crate::version;

#[test]
fn ten_thousand_real_versions_are_in_the_order_of_their_ecosystems() {
    let mut count = 0;
    for (scheme, name) in ECOSYSTEMS {
        let text = sample(&format!("{name}.order"));
        let groups: Vec<Vec<Version>> = text
            .lines()
            .map(|line| {
                line.split(" = ")
                    .map(|word| version(*scheme, word))
                    .collect()
            })
            .collect();
        for group in &groups {
            for equal in group {
                assert_eq!(*equal, group[0], "{name}");
            }
        }
        for pair in groups.windows(2) {
            assert!(
                pair[0][0] < pair[1][0],
                "{name}: {:?} < {:?}",
                pair[0][0],
                pair[1][0]
            );
        }
        count += groups.iter().map(Vec::len).sum::<usize>();
    }
    assert!(count >= 10_000, "{count}");
}

#[test]
fn releases_are_in_the_order_people_mean() {
    let rising = [
        "1.2~x",
        "1.2-dev",
        "1.2.0-alpha",
        "v1.2-alpha.2",
        "1.2b1",
        "tool-1.2.0-beta2",
        "1.2-rc.1",
        "1.2rc2",
        "1.2.0",
        "1.2a",
        "1.2p1",
        "1.2-1",
        "1.2+12",
        "1.2.1",
        "v1.10",
        "2",
        "3.0-preview.1",
        "release-3.0",
        "2024.05",
        "2024.5.1",
    ];
    for pair in rising.windows(2) {
        let (left, right) = (
            version(Scheme::Release, pair[0]),
            version(Scheme::Release, pair[1]),
        );
        assert!(left < right, "{left} < {right}");
    }
}

#[test]
fn what_is_around_a_release_does_not_count() {
    for (left, right) in [
        ("jq-1.7.1", "1.7.1"),
        ("v1.2", "1.2.0"),
        ("rust-v1.2", "1.2"),
        ("release-2024.05", "2024.5"),
        ("cli/v2.3", "2.3"),
        ("@scope/name@1.2.3", "1.2.3"),
        ("go1.22.1", "1.22.1"),
        ("OpenSSL_1_1_1w", "1.1.1w"),
        ("REL_16_1", "16.1"),
        ("llvmorg-17.0.1", "17.0.1"),
        ("b3sum-1.5", "1.5"),
        ("2024-05-01", "2024.5.1"),
        ("1.0-RC1", "1.0.0-rc.1"),
    ] {
        assert_eq!(
            version(Scheme::Release, left),
            version(Scheme::Release, right)
        );
    }
}

#[test]
fn pre_releases_are_known() {
    for (scheme, text, is) in [
        (Scheme::Release, "1.2-rc1", true),
        (Scheme::Release, "nightly-2024-05-01", true),
        (Scheme::Release, "nightly", true),
        (Scheme::Release, "stable", false),
        (Scheme::Release, "1.1.1b", false),
        (Scheme::Release, "3.12.0b4", true),
        (Scheme::Release, "8u392-b08", false),
        (Scheme::Release, "2.44.0.windows.1", false),
        (Scheme::Release, "5.0.0-M1", true),
        (Scheme::Npm, "1.2.3-0", true),
        (Scheme::Npm, "1.2.3+rc", false),
        (Scheme::Pep440, "1.0.dev1", true),
        (Scheme::Pep440, "1.0.post1", false),
        (Scheme::Debian, "1.0~rc1-1", false),
        (Scheme::Conda, "1.0rc1", true),
        (Scheme::Conda, "1.1.1a", false),
    ] {
        assert_eq!(version(scheme, text).is_prerelease(), is, "{text}");
    }
}

/// Where npm's versions say the usual words, both orders are the same.
#[test]
fn releases_agree_with_npm_on_the_usual_words() {
    let text = sample("npm.order");
    let usual = |text: &str| match text.split_once('-') {
        None => !text.contains('+'),
        Some((_, before)) => match before.split_once('.') {
            Some((word, number)) => {
                ["alpha", "beta", "rc"].contains(&word)
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            }
            None => false,
        },
    };
    let words: Vec<&str> = text.lines().filter(|line| usual(line)).collect();
    assert!(words.len() > 1_000, "{}", words.len());
    for pair in words.windows(2) {
        assert!(
            version(Scheme::Release, pair[0]) < version(Scheme::Release, pair[1]),
            "{pair:?}"
        );
    }
}

#[test]
fn what_is_no_version_is_refused_and_said_why() {
    for (scheme, text, why) in [
        (Scheme::Npm, "1.2", "it has no third number"),
        (Scheme::Npm, "1.02.3", "`02` has a leading zero"),
        (
            Scheme::Npm,
            "1.2.3-",
            "`` is not a word of letters, digits and `-`",
        ),
        (
            Scheme::Pep440,
            "1.0-banana",
            "nobody knows what `-banana` means",
        ),
        (Scheme::Pep440, "french", "it does not begin with a number"),
        (Scheme::Debian, "a:1", "its epoch `a` is not a number"),
        (Scheme::Debian, "1.0-", "nothing follows its last `-`"),
        (Scheme::Conda, "1..2", "it has an empty part"),
        (Scheme::Conda, "1-2_3", "it has both `-` and `_`"),
        (Scheme::Release, "1 2", "' ' cannot be in a version"),
        (Scheme::Release, "", "it is empty"),
    ] {
        assert_eq!(Version::parse(scheme, text).unwrap_err().why, why, "{text}");
    }
}
