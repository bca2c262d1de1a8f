//! A cache of short accounts, so that a list of a thousand generations opens one file and not a thousand.
//!
//! It may be deleted at any time. Its first line is the digest of the rest; what does not fit is read anew. An account
//! changes only with its label, and whoever changes that makes the index forget first.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::id::Digest;
use dgmo_schema::report::generation::GenerationSummary;
use dgmo_store::durable;

use super::Generations;
use super::ReadError;
use super::summary;

/// So few are read one by one before it is worth writing the index again.
const WORTH_WRITING: usize = 24;

pub(super) fn summaries(
    generations: Generations<'_>,
    cache: &Path,
) -> Result<Vec<GenerationSummary>, ReadError> {
    let path = path(generations, cache);
    let mut known = read(&path);
    let mut missing = 0;
    let mut all = Vec::new();
    for number in generations.numbers()? {
        match known.remove(&number) {
            Some(summary) => all.push(summary),
            None => match generations.load(number) {
                Ok(generation) => {
                    missing += 1;
                    all.push(summary(&generation));
                }
                // Pruned between the listing and now.
                Err(ReadError::Missing { .. }) => {}
                Err(error) => return Err(error),
            },
        }
    }
    if missing >= WORTH_WRITING {
        // A cache: a read-only home or a full disk must not stop a list.
        drop(write(&path, &all));
    }
    Ok(all)
}

pub(super) fn forget(generations: Generations<'_>, cache: &Path) -> io::Result<()> {
    match durable::remove_file(&path(generations, cache)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn path(generations: Generations<'_>, cache: &Path) -> PathBuf {
    cache
        .join("generations")
        .join(format!("{}.index", generations.profile().name()))
}

fn read(path: &Path) -> BTreeMap<GenerationNumber, GenerationSummary> {
    let Ok(text) = fs::read_to_string(path) else {
        return BTreeMap::new();
    };
    let Some((digest, lines)) = text.split_once('\n') else {
        return BTreeMap::new();
    };
    if digest.parse() != Ok(Digest::of(lines.as_bytes())) {
        return BTreeMap::new();
    }
    let parsed = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    parsed
        .map(|summary: GenerationSummary| (summary.number, summary))
        .collect()
}

/// Two lists at once each write their own and the last one stays: both are right.
fn write(path: &Path, summaries: &[GenerationSummary]) -> io::Result<()> {
    let mut lines = String::new();
    for summary in summaries {
        lines.push_str(&serde_json::to_string(summary).expect("a summary has string keys"));
        lines.push('\n');
    }
    let text = format!("{}\n{lines}", Digest::of(lines.as_bytes()));
    durable::make_folders(path.parent().expect("the index is in a folder"))?;
    let staged = path.with_extension(format!("{}.new", std::process::id()));
    durable::write_new(&staged, text.as_bytes(), 0o644)?;
    durable::rename(&staged, path)
}
