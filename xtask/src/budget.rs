//! How many packages a build of the program may pull in.

use std::collections::BTreeSet;

use anyhow::Result;
use anyhow::bail;

use crate::run;

/// The default build for Linux, our own crates included.
const MOST: usize = 180;

/// Counts them; more than we can answer for is an error.
pub(crate) fn check() -> Result<usize> {
    let arguments = ["tree", "--quiet", "--package", "dgmo", "--prefix", "none"];
    let mut command = run::cargo(arguments);
    command
        .args(["--edges", "normal,build", "--format", "{p}"])
        .args(["--target", "x86_64-unknown-linux-gnu"]);
    let listed = run::read(&mut command)?;
    // `name v1.2.3`, then perhaps where it is from, or that it was said before.
    let packages: BTreeSet<Vec<&str>> = listed
        .lines()
        .map(|line| line.split_whitespace().take(2).collect())
        .collect();
    if packages.len() > MOST {
        bail!(
            "the default build has {} packages, {MOST} is the most we can answer for",
            packages.len()
        );
    }
    Ok(packages.len())
}
