//! Whether a package runs wherever it is put: what names the folder it was built for is found, led to where it is, or told.
//!
//! What comes of a tree follows from that tree alone, so it is the same on every machine. The lock names the tree that was
//! unpacked; what it becomes here is remembered like all that is made ([`Made`]). Nothing is changed but what would not
//! work otherwise.

mod common;
mod inside;
mod link;
mod macho;
mod places;
mod program;
mod script;
mod text;
mod work;

use std::collections::BTreeSet;

use dgmo_schema::event::Event;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_store::Insertion;

use super::Made;
use super::PackageError;
use work::Found;

/// Part of what comes of a tree is remembered by: another number where trees become something else.
const MADE_BY: u32 = 2;

/// What nobody wants to look through again for each package that needs it.
const MUCH: u64 = 1 << 20;

/// The most that is told of one kind; the rest is the same story again.
const MOST: usize = 4;

/// What to do where parts of a package are tied to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tied {
    Refused,
    /// Taken, and told.
    Taken,
}

/// What is to be done with one file or link.
#[derive(Debug)]
struct Verdict<T> {
    change: Option<T>,
    /// Whether it does not work without the change.
    is_needed: bool,
    /// Folders the package was built for, by the paths that were found.
    prefixes: BTreeSet<String>,
    /// What cannot be changed, and would not work.
    tied: Vec<String>,
    /// What works on some machines only.
    told: Vec<String>,
}

impl<T> Default for Verdict<T> {
    fn default() -> Self {
        Self {
            change: None,
            is_needed: false,
            prefixes: BTreeSet::new(),
            tied: Vec::new(),
            told: Vec::new(),
        }
    }
}

/// What a tree is known to have become, whether the store still has it or not.
pub(super) fn known(made: &Made, tree: TreeId, tied: Tied) -> Option<TreeId> {
    made.tree_of(asked(tree, tied))
}

/// What a tree became is remembered by.
fn asked(tree: TreeId, tied: Tied) -> Digest {
    Digest::of(format!("relocated\n{MADE_BY}\n{tree}\n{tied:?}\n").as_bytes())
}

/// What `tree` becomes, and writes it down. What is wrong with it is told or refused.
pub(super) fn relocated(
    insertion: &Insertion<'_>,
    name: &PackageName,
    tree: TreeId,
    (tied, made): (Tied, &Made),
) -> Result<TreeId, PackageError> {
    let found = work::on(insertion, tree)?;
    let new = settled(insertion, name, found, tied)?;
    made.keep(asked(tree, tied), new);
    Ok(new)
}

/// What a part of a package becomes. Of one that another package had before it was told then.
pub(super) fn part(
    insertion: &Insertion<'_>,
    name: &PackageName,
    tree: TreeId,
    (tied, made): (Tied, Option<&Made>),
) -> Result<TreeId, PackageError> {
    if let Some(known) = made.and_then(|made| known(made, tree, tied))
        && insertion.has_tree(known)?
    {
        return Ok(known);
    }
    let found = work::on(insertion, tree)?;
    let is_worth_a_note = found.searched >= MUCH;
    let new = settled(insertion, name, found, tied)?;
    if let Some(made) = made.filter(|_| is_worth_a_note) {
        made.keep(asked(tree, tied), new);
    }
    Ok(new)
}

/// Tells what programs of a whole system look for in it. They are at `paths`; nothing is changed.
pub(super) fn look_at_system(
    insertion: &Insertion<'_>,
    name: &PackageName,
    (tree, paths): (TreeId, &BTreeSet<String>),
) -> Result<(), PackageError> {
    for text in some_of(&work::in_system(insertion, tree, paths)?) {
        tell(insertion, name, &text);
    }
    Ok(())
}

/// What `tree` becomes; nobody is told anything.
pub(super) fn relocated_again(
    insertion: &Insertion<'_>,
    tree: TreeId,
) -> Result<TreeId, PackageError> {
    Ok(work::on(insertion, tree)?.tree)
}

/// Tells what was found, or refuses it.
fn settled(
    insertion: &Insertion<'_>,
    name: &PackageName,
    found: Found,
    tied: Tied,
) -> Result<TreeId, PackageError> {
    if !found.tied.is_empty() && tied == Tied::Refused {
        return Err(PackageError::Tied { what: found.tied });
    }
    for text in some_of(&found.tied).iter().chain(&some_of(&found.told)) {
        tell(insertion, name, text);
    }
    if found.changed > 0 {
        let files = if found.changed == 1 { "file" } else { "files" };
        let text = format!(
            "package `{name}`: {} {files} named the place it was built for, and name the one they are in",
            found.changed
        );
        insertion.observer().observe(Event::Note(text));
    }
    Ok(found.tree)
}

fn tell(insertion: &Insertion<'_>, name: &PackageName, text: &str) {
    let text = format!("package `{name}`: {text}");
    insertion.observer().observe(Event::Warning(text));
}

/// The first ones, and how many more there are.
fn some_of(all: &[String]) -> Vec<String> {
    let mut some: Vec<String> = all.iter().take(MOST).cloned().collect();
    if all.len() > MOST {
        some.push(format!("and {} more like these", all.len() - MOST));
    }
    some
}
