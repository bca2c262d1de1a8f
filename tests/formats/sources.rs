//! What is wrong with `sources:` and `audit:` besides catalogues.

use dgmo_schema::code::Code;

use crate::problems::check;

#[test]
fn mirrors_and_what_is_ignored_say_what_is_wrong_with_them() {
    check(
        "dgmo: 1\nsources:\n  mirror: [\"ftp://h\", \"https://h/dgmo\", \"file:///srv/dgmo\"]\n           ^\n  npm: [\"https://h\"]\n       ^\n  osv: {mirrors: []}\n       ^\naudit:\n  ignore:\n    - {id: CVE-1}\n      ^\n    - {id: CVE-1, reason: \" \"}\n      ^\n    - {id: CVE-1, reason: why, until: soon}\n                                      ^\n",
        &[
            (
                Code::ManifestValue,
                "not an address to ask at",
                "`https://`",
            ),
            (
                Code::ManifestEntry,
                "`npm` has one address",
                "sources: {npm:",
            ),
            (
                Code::ManifestEntry,
                "`osv` does not say where",
                "sources: {osv:",
            ),
            (Code::ManifestEntry, "an `id`, and a `reason`", "`ignore:"),
            (Code::ManifestValue, "are one line of text", "`ignore:"),
            (Code::ManifestValue, "`soon` is no day", "`2027-01-31`"),
        ],
    );
    check(
        "dgmo: 1\nsources:\n  mirror: {url: \"https://h\"}\n          ^\n",
        &[(Code::ManifestEntry, "mirrors are a list", "mirror: [")],
    );
}
