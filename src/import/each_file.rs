//! Every file of a file or folder of another tool, links followed: what is copied has to stand alone.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::ImportError;
use super::platform;
use super::walk::Budget;

/// Is told a path inside, the real file there, and the mode its copy gets.
pub(super) type Each<'a> = dyn FnMut(&Path, PathBuf, u32) + 'a;

/// Tells `each` every file of `source`; of a file itself, the path inside is empty.
pub fn each_file(source: &Path, each: &mut Each<'_>) -> Result<(), ImportError> {
    visit(source, Path::new(""), 0, &Budget::new(), each)
}

fn visit(
    path: &Path,
    inside: &Path,
    depth: usize,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<(), ImportError> {
    let failed = |source| ImportError::Io {
        path: path.to_owned(),
        source,
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        // Links in a circle are found by how deep they lead.
        for entry in budget.list(path, depth)?.entries {
            visit(
                &entry.path,
                &inside.join(&entry.name),
                depth + 1,
                budget,
                each,
            )?;
        }
        return Ok(());
    }
    if !metadata.is_file() {
        return Err(ImportError::Kind {
            path: path.to_owned(),
            expected: "a file or a folder",
        });
    }
    let can_run = platform::mode_of(path)
        .map_err(failed)?
        .is_some_and(|mode| mode & 0o100 != 0);
    let mode = if can_run { 0o755 } else { 0o644 };
    each(inside, path.to_owned(), mode);
    Ok(())
}
