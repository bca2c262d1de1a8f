//! What tools run with: the `node` or `python` of the same manifest, written down with its version.
//!
//! What a machine has besides is not looked at: the lock is the same everywhere. Launchers take the one of the view
//! first, so a tool runs with what is written here. A tool of npm whose manifest has no `node` may take one along.

use std::collections::BTreeMap;

use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::name::PackageName;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

use super::NamedError;
use super::PackageError;
use crate::source::own_node;

/// What can be a package of a manifest and run others.
const RUNTIMES: [&str; 2] = ["node", "python"];

/// Binds every package that needs a runtime to the one its manifest has; those that do not go with it are told.
pub(super) fn bind(lock: &mut Lock) -> Vec<(PackageName, PackageError)> {
    let known: BTreeMap<&str, String> = RUNTIMES
        .iter()
        .filter_map(|name| Some((*name, lock.packages.get(*name)?.version.clone()?)))
        .collect();
    let mut failures = Vec::new();
    for (name, package) in &mut lock.packages {
        if RUNTIMES.contains(&name.as_str()) {
            continue;
        }
        match bound(name, package, &known) {
            Ok(runtime) => package.runs_with = runtime,
            Err(error) => failures.push((name.clone(), error.into())),
        }
    }
    failures
}

/// Name and version of what a package runs with, where the manifest has that.
fn bound(
    name: &PackageName,
    package: &LockedPackage,
    known: &BTreeMap<&str, String>,
) -> Result<Option<String>, NamedError> {
    let pieces = || {
        package.builds.values().filter_map(|build| match build {
            Locked::Pieces(pieces) => Some(pieces),
            Locked::Url(_) | Locked::Path { .. } => None,
        })
    };
    if let Some(node) = pieces().find_map(own_node) {
        return Ok(Some(format!("node {}", node.version)));
    }
    let Some(needs) = pieces().find_map(|it| it.runtime.as_deref()) else {
        return Ok(None);
    };
    let (runtime, wanted) = needs.split_once(' ').unwrap_or((needs, ""));
    let Some(version) = known.get(runtime) else {
        return Ok(None);
    };
    match fits(runtime, wanted, version) {
        Fit::Yes => Ok(Some(format!("{runtime} {version}"))),
        // A tool may say itself that it wants another Python than the manifest has.
        Fit::Another => Ok(None),
        Fit::No => Err(NamedError::RuntimeUnfit {
            package: name.clone(),
            version: package.version.clone().unwrap_or_default(),
            needs: needs.to_owned(),
            has: version.clone(),
        }),
    }
}

enum Fit {
    Yes,
    Another,
    No,
}

fn fits(runtime: &str, wanted: &str, version: &str) -> Fit {
    // Releases of forges are called `v22.1.0`.
    let number = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    if runtime == "python" {
        let is_it = number == wanted || number.starts_with(&format!("{wanted}."));
        return if is_it { Fit::Yes } else { Fit::Another };
    }
    let range = VersionRange::parse(Scheme::Npm, wanted);
    let version = Version::parse(Scheme::Npm, number);
    match (range, version) {
        (Ok(range), Ok(version)) if !wanted.is_empty() && !range.matches(&version) => Fit::No,
        // What is not understood is nobody's need.
        _ => Fit::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_fits_what_a_tool_says_of_it() {
        for (runtime, wanted, version, fit) in [
            ("node", ">=18", "22.1.0", "yes"),
            ("node", ">=18", "v22.1.0", "yes"),
            ("node", "^20 || >=24", "22.1.0", "no"),
            ("node", "", "4.0.0", "yes"),
            ("node", "whatever it takes", "4.0.0", "yes"),
            ("python", "3.12", "3.12.4", "yes"),
            ("python", "3.1", "3.12.4", "another"),
        ] {
            let found = match fits(runtime, wanted, version) {
                Fit::Yes => "yes",
                Fit::Another => "another",
                Fit::No => "no",
            };
            assert_eq!(found, fit, "{runtime} {wanted} {version}");
        }
    }
}
