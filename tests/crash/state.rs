//! What a world comes to, whichever process with whichever number made it: two with the same print behave alike.

use std::collections::BTreeMap;

use crate::listing::Listing;
use crate::listing::list;
use crate::world::World;

/// A digest of all that a later command can see, but for names and numbers that are another in each process.
pub(crate) fn print(world: &World) -> blake3::Hash {
    let listing = list(&world.folder(), &|path| path == "home/cache");
    let mut hasher = blake3::Hasher::new();
    for (path, what) in without_chance(listing) {
        for part in [path, what] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize()
}

const STAGING: &str = "home/store/staging/";

fn without_chance(listing: Listing) -> Vec<(String, String)> {
    let mut staged: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut rest = Vec::new();
    for (path, what) in listing {
        if let Some((name, below)) = in_staging(&path) {
            staged
                .entry(name)
                .or_default()
                .push((below, without_number(&path, what)));
        } else if path.starts_with("home/pins/.") {
            rest.push(("home/pins/.unfinished".to_owned(), what));
        } else {
            let what = without_number(&path, what);
            rest.push((path, what));
        }
    }
    // Their names have numbers of processes in them; what is in them is what counts.
    let mut staged: Vec<Vec<(String, String)>> = staged.into_values().collect();
    staged.sort();
    for (index, entries) in staged.into_iter().enumerate() {
        let named = entries
            .into_iter()
            .map(|(below, what)| (format!("{STAGING}{index}/{below}"), what));
        rest.extend(named);
    }
    rest
}

fn in_staging(path: &str) -> Option<(String, String)> {
    let below = path.strip_prefix(STAGING)?;
    let (name, below) = below.split_once('/').unwrap_or((below, ""));
    Some((name.to_owned(), below.to_owned()))
}

fn without_number(path: &str, what: String) -> String {
    let says_who =
        path.ends_with("/lock") || path.ends_with("store/changes") || path.ends_with("/changes");
    if says_who && what.starts_with("file ") {
        let is_empty = what.splitn(3, ' ').nth(2).is_none_or(str::is_empty);
        return format!("file, empty: {is_empty}");
    }
    what
}
