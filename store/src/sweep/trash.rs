//! Deleting what nobody looks at any more, fast: by open folder and name.

use std::ffi::OsStr;
use std::io;

use crate::durable::Folder;
use crate::platform;
use crate::platform::FileKind;

/// Deletes all in `folder`. A crash leaves less of it.
pub(super) fn empty(folder: &Folder) -> io::Result<()> {
    let mut names = Vec::new();
    platform::scan(folder, |name, kind| {
        names.push((name.to_owned(), kind == FileKind::Folder));
    })?;
    for (name, is_folder) in names {
        let name = platform::to_os(&name);
        if is_folder {
            empty_below(folder, &name)?;
            folder.remove_folder(&name)?;
        } else {
            folder.remove_file(&name)?;
        }
    }
    Ok(())
}

fn empty_below(above: &Folder, name: &OsStr) -> io::Result<()> {
    let folder = above.open_folder(name)?;
    match empty(&folder) {
        // Laid-out folders are read-only. The superuser does not notice, so it is not done in advance.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            folder.set_mode(0o755)?;
            empty(&folder)
        }
        result => result,
    }
}
