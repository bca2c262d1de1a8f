//! The home files that home-manager has made: links into the Nix store, whose contents are copied, since the store is
//! Nix's to collect.

use std::fs;
use std::path::Path;

use dgmo_schema::manifest::Method;
use dgmo_schema::name::TargetPath;

use super::Around;
use super::Found;
use super::HomeFile;
use super::ImportError;
use super::text;
use super::walk::Budget;
use super::walk::EntryKind;

/// What home-manager puts there for itself.
const OWN: &[&str] = &[".cache/.keep", ".nix-profile", ".manpath"];

pub(super) fn read(path: &Path, _around: &Around) -> Result<Found, ImportError> {
    let mut found = Found::default();
    let root = fs::canonicalize(path).map_err(|source| ImportError::Io {
        path: path.to_owned(),
        source,
    })?;
    visit(&mut found, &root, "", 0, &Budget::new())?;
    Ok(found)
}

fn visit(
    found: &mut Found,
    folder: &Path,
    above: &str,
    depth: usize,
    budget: &Budget,
) -> Result<(), ImportError> {
    let listing = budget.list(folder, depth)?;
    for name in listing.odd {
        found.leave(
            text::one_line(&format!("{above}{name}")),
            None,
            "its name is not text",
        );
    }
    for entry in listing.entries {
        let place = format!("{above}{}", entry.name);
        if OWN.contains(&place.as_str()) {
            continue;
        }
        match entry.kind {
            EntryKind::Folder => {
                visit(found, &entry.path, &format!("{place}/"), depth + 1, budget)?;
            }
            EntryKind::File | EntryKind::Link => leaf(found, &place, &entry.path),
            EntryKind::Other => {
                found.leave(
                    text::one_line(&place),
                    None,
                    "it is neither a file nor a folder",
                );
            }
        }
    }
    Ok(())
}

/// A file, or a link that leads to one or to a whole folder.
fn leaf(found: &mut Found, place: &str, path: &Path) {
    let Ok(real) = fs::canonicalize(path) else {
        found.leave(
            text::one_line(place),
            None,
            "it is a link that leads nowhere",
        );
        return;
    };
    match place.parse::<TargetPath>() {
        Ok(target) => {
            let file = HomeFile {
                source: real,
                copied: true,
                method: Method::Link,
                mode: None,
            };
            found.files.insert(target, file);
        }
        Err(error) => found.leave(
            text::one_line(place),
            None,
            text::one_line(&error.to_string()),
        ),
    }
}
