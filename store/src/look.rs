//! Looking whether something is there. "I could not look" is not "no": whoever takes it for one deletes what lives.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::fs::Metadata;
use std::io;
use std::path::Path;

/// Whether anything has this name; a link there is not followed.
pub fn is_there(path: &Path) -> io::Result<bool> {
    Ok(seen(fs::symlink_metadata(path))?.is_some())
}

/// Whether there is a folder, or a link to one.
pub fn is_folder(path: &Path) -> io::Result<bool> {
    Ok(seen(fs::metadata(path))?.is_some_and(|found| found.is_dir()))
}

/// Whether there is a file, or a link to one.
pub fn is_file(path: &Path) -> io::Result<bool> {
    Ok(seen(fs::metadata(path))?.is_some_and(|found| found.is_file()))
}

/// Whether links lead round in a circle: that is an answer too, for who wants to know whether it can ever be used.
#[cfg(unix)]
pub fn leads_round(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// There it is not told from other failures.
#[cfg(windows)]
pub fn leads_round(_error: &io::Error) -> bool {
    false
}

/// What is in the folder; nothing if it is not there.
pub fn names_in(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if is_absence(&error) => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// Nothing has the name, or what should be a folder above it is none: that is an answer. All else is a failure.
fn seen(looked: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
    match looked {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable;

    #[test]
    fn a_folder_that_is_not_there_has_no_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            durable::write_new(&folder.path().join(name), b"", 0o644).unwrap();
        }
        let names: Vec<_> = names_in(folder.path()).unwrap().into_iter().collect();
        assert_eq!(names, ["a", "b"]);
        assert!(names_in(&folder.path().join("c")).unwrap().is_empty());
        assert!(names_in(&folder.path().join("a")).unwrap().is_empty());
    }

    #[test]
    fn what_is_below_a_file_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert!(!is_there(&file).unwrap());
        durable::write_new(&file, b"", 0o644).unwrap();
        assert!(is_there(&file).unwrap() && is_file(&file).unwrap());
        assert!(!is_folder(&file).unwrap() && is_folder(folder.path()).unwrap());
        assert!(!is_there(&file.join("below")).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_itself_leads_round_and_a_failure_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("round");
        durable::symlink(Path::new("round"), &path).unwrap();
        assert!(leads_round(&is_folder(&path).unwrap_err()));
        let long = folder.path().join("x".repeat(5_000));
        assert!(!leads_round(&is_folder(&long).unwrap_err()));
    }

    #[test]
    fn a_name_that_is_too_long_is_a_failure_and_not_a_no() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_there(&folder.path().join("x".repeat(5_000))).is_err());
    }
}
