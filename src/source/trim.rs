//! Keeps the folder of downloads small.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use dgmo_store::durable;

use super::partial::ABSENT;
use super::partial::Partial;

/// The files of one download.
struct Found {
    changed: SystemTime,
    bytes: u64,
}

/// Deletes the downloads in `folder` that changed longest ago until at most `budget` bytes are left. Those somebody
/// works on stay. Gives the number of bytes deleted.
pub(super) fn trim(folder: &Path, budget: u64) -> io::Result<u64> {
    let found = look(folder)?;
    let mut left: u64 = found.values().map(|found| found.bytes).sum();
    let mut oldest_first: Vec<_> = found.into_iter().collect();
    oldest_first.sort_by_key(|(_, found)| found.changed);
    let mut deleted = 0;
    for (key, found) in oldest_first {
        if left <= budget {
            break;
        }
        if delete(folder, &key)? {
            left -= found.bytes;
            deleted += found.bytes;
        }
    }
    Ok(deleted)
}

/// The same of repositories of git, each of which goes as a whole.
pub(super) fn repositories(folder: &Path, budget: u64) -> io::Result<u64> {
    let mut found = Vec::new();
    for entry in entries(folder)? {
        let path = entry?.path();
        let key = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(key), true) = (key, path.extension().is_some_and(|end| end == "git")) {
            let changed = fs::metadata(path.join("refs/dgmo")).and_then(|it| it.modified());
            let changed = changed.unwrap_or(SystemTime::UNIX_EPOCH);
            found.push((changed, key.to_owned(), size_below(&path), path));
        }
    }
    found.sort();
    let mut left: u64 = found.iter().map(|(_, _, bytes, _)| bytes).sum();
    let mut deleted = 0;
    for (_, key, bytes, path) in found {
        if left <= budget {
            break;
        }
        if let Some(_lock) = Partial::try_lock(folder, &key)? {
            durable::remove_all(&path)?;
            left -= bytes;
            deleted += bytes;
        }
    }
    Ok(deleted)
}

/// How many bytes the files below a folder have. What cannot be looked at counts nothing.
fn size_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => size_below(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<fs::DirEntry>>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        entries => Some(entries?),
    };
    Ok(entries.into_iter().flatten())
}

fn look(folder: &Path) -> io::Result<BTreeMap<String, Found>> {
    let mut found = BTreeMap::new();
    for entry in entries(folder)? {
        let path = entry?.path();
        let key = path.file_stem().and_then(|stem| stem.to_str());
        let (Some(key), true) = (key, path.extension().is_some_and(|end| end == "bytes")) else {
            continue;
        };
        // Another process may have deleted it since we read its name.
        if let Ok(metadata) = fs::metadata(&path) {
            let changed = metadata.modified()?;
            let gist = fs::metadata(path.with_extension("gist"));
            let bytes = metadata.len() + gist.map_or(0, |gist| gist.len());
            found.insert(key.to_owned(), Found { changed, bytes });
        }
    }
    Ok(found)
}

/// The lock itself stays: whoever waits for it would else hold one that nobody can find.
fn delete(folder: &Path, key: &str) -> io::Result<bool> {
    let Some(_lock) = Partial::try_lock(folder, key)? else {
        return Ok(false);
    };
    for suffix in ["json", "minisig", "sigstore", "gist", ABSENT, "bytes"] {
        match durable::remove_file(&folder.join(format!("{key}.{suffix}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(true)
}
