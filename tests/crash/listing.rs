//! What is in a folder, as something to compare.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Path below the folder → what is there: kind, mode, and the content or the link's text.
pub(crate) type Listing = BTreeMap<String, String>;

/// What is longer only takes up room.
const LONG: u64 = 1 << 18;

/// Lists `folder`; the folder itself is left out, and so is what `skip` says of a path below it.
pub(crate) fn list(folder: &Path, skip: &dyn Fn(&str) -> bool) -> Listing {
    let mut listing = Listing::new();
    list_below(folder, "", skip, &mut listing);
    listing
}

fn list_below(folder: &Path, above: &str, skip: &dyn Fn(&str) -> bool, listing: &mut Listing) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let below = format!("{above}{name}");
        if skip(&below) {
            continue;
        }
        let path = entry.path();
        let is_folder = entry.file_type().unwrap().is_dir();
        listing.insert(below.clone(), describe(&path));
        if is_folder {
            list_below(&path, &format!("{below}/"), skip, listing);
        }
    }
}

fn describe(path: &Path) -> String {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o7777;
    if metadata.is_symlink() {
        return format!("-> {}", fs::read_link(path).unwrap().display());
    }
    if metadata.is_dir() {
        return format!("folder {mode:o}");
    }
    if metadata.len() > LONG {
        return format!("file {mode:o} of {} bytes", metadata.len());
    }
    let bytes = fs::read(path).unwrap_or_default();
    format!("file {mode:o} {}", String::from_utf8_lossy(&bytes))
}

/// What `found` has otherwise than `expected`; empty if they are the same.
pub(crate) fn difference(expected: &Listing, found: &Listing) -> String {
    let mut lines = Vec::new();
    for (path, what) in expected {
        match found.get(path) {
            None => lines.push(format!("    missing {path} ({})", short(what))),
            Some(other) if other != what => lines.push(format!(
                "    {path}: expected {}, found {}",
                short(what),
                short(other)
            )),
            Some(_) => {}
        }
    }
    let extra = found
        .iter()
        .filter(|(path, _)| !expected.contains_key(*path));
    lines.extend(extra.map(|(path, what)| format!("    left over {path} ({})", short(what))));
    lines.truncate(8);
    lines.join("\n")
}

fn short(what: &str) -> String {
    let line: String = what.chars().take(300).collect();
    line.escape_debug().to_string()
}
