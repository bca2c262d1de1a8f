//! Words that have no business in this project: paths of one machine, host names of public package registries.
//!
//! The first make a document true on one desk only. The second would make a test or an example reach for the
//! network; ours speak of `example.org` and of loopback.

use std::path::Path;

use anyhow::Result;
use anyhow::bail;

use crate::run;

/// Put together from halves, so that this file does not find itself.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("/", "work/"), "a path of one machine"),
    (concat!("/", "root/"), "a path of one machine"),
    (concat!("/", "home/runner"), "a path of one machine"),
    (concat!("crates", ".io"), "a public package registry"),
    (concat!("npmjs", ".org"), "a public package registry"),
    (concat!("npmjs", ".com"), "a public package registry"),
    (concat!("pypi", ".org"), "a public package registry"),
    (concat!("anaconda", ".org"), "a public package registry"),
    (concat!("python", "hosted.org"), "a public package registry"),
    (concat!("rubygems", ".org"), "a public package registry"),
    (concat!("golang", ".org"), "a public package registry"),
    (
        concat!("deb.", "deb", "ian.org"),
        "a public package registry",
    ),
    (concat!("teh", " "), "a slip of the fingers"),
    (concat!("recieve", ""), "a slip of the fingers"),
    (concat!("seperat", ""), "a slip of the fingers"),
    (concat!("occured", ""), "a slip of the fingers"),
];

/// Cargo writes the name of its registry into its own lock; this file holds the words themselves.
const EXCEPT: &[&str] = &["Cargo.lock", "xtask/src/words.rs"];

/// Looks through every file git knows; returns how many that were.
pub(crate) fn check() -> Result<usize> {
    let listed = run::read(&mut run::program(
        "git",
        ["ls-files", "--cached", "--others", "--exclude-standard"],
    ))?;
    let files: Vec<&str> = listed
        .lines()
        .filter(|name| !EXCEPT.contains(name))
        .collect();
    let found: Vec<String> = files.iter().flat_map(|name| in_file(name)).collect();
    if !found.is_empty() {
        bail!("words that do not belong here:\n  {}", found.join("\n  "));
    }
    Ok(files.len())
}

fn in_file(name: &str) -> Vec<String> {
    // What is not text, or has been deleted and not yet committed, has no words.
    let text = std::fs::read_to_string(Path::new(name)).unwrap_or_default();
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (word, why) in FORBIDDEN {
            if line.contains(word) {
                found.push(format!("{name}:{}: `{word}` is {why}", index + 1));
            }
        }
    }
    found
}
