//! Versions, against what each ecosystem's own implementation made of real ones.
//!
//! `tests/samples/versions` holds its answers: `*.order` is sorted, one version a line and equal ones together;
//! `*.ranges` has the versions in its first line, then a range and which of them it takes. The scripts beside this
//! file made them, and [`live`] asks again where the implementation is installed.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, in its helpers too"
)]

mod live;
mod manifests;
mod orders;
mod properties;
mod python;
mod ranges;

use std::path::PathBuf;

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;

/// Each scheme that has an ecosystem, and what its samples are named for.
const ECOSYSTEMS: &[(Scheme, &str)] = &[
    (Scheme::Npm, "npm"),
    (Scheme::Pep440, "pep440"),
    (Scheme::Debian, "debian"),
    (Scheme::Conda, "conda"),
];

fn sample(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/samples/versions")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn version(scheme: Scheme, text: &str) -> Version {
    Version::parse(scheme, text).unwrap_or_else(|error| panic!("{error}"))
}
