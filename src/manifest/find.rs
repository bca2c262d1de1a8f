//! Which manifest is meant when none is named.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_store::look;

/// The file's name.
pub const MANIFEST_FILE: &str = "dgmo.yaml";

/// The manifest of this folder or the nearest above it, else the user's own in `config_dir` (`~/.config`).
pub fn find(start_dir: &Path, config_dir: Option<&Path>) -> io::Result<Option<PathBuf>> {
    let here_or_above = start_dir
        .ancestors()
        .map(|folder| folder.join(MANIFEST_FILE));
    let own = config_dir.map(|folder| folder.join("dgmo").join(MANIFEST_FILE));
    for file in here_or_above.chain(own) {
        // One that cannot be looked at may be the one that is meant; the next one is another manifest.
        if look::is_file(&file)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use dgmo_store::durable;

    use super::*;

    fn write(path: &Path) {
        durable::make_folders(path.parent().unwrap()).unwrap();
        durable::write_new(path, b"dgmo: 1\n", 0o644).unwrap();
    }

    #[test]
    fn the_nearest_manifest_above_is_found_and_else_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let deep = root.join("work/project/src");
        let config = root.join("config");
        durable::make_folders(&deep).unwrap();
        assert_eq!(find(&deep, Some(&config)).unwrap(), None);
        assert_eq!(find(&deep, None).unwrap(), None);

        let own = config.join("dgmo").join(MANIFEST_FILE);
        write(&own);
        assert_eq!(find(&deep, Some(&config)).unwrap(), Some(own));

        let above = root.join("work").join(MANIFEST_FILE);
        write(&above);
        assert_eq!(find(&deep, Some(&config)).unwrap(), Some(above));

        let near = deep.join(MANIFEST_FILE);
        write(&near);
        assert_eq!(find(&deep, Some(&config)).unwrap(), Some(near));
    }

    #[test]
    fn a_folder_of_that_name_is_no_manifest() {
        let folder = tempfile::tempdir().unwrap();
        durable::make_folders(&folder.path().join(MANIFEST_FILE)).unwrap();
        assert_eq!(find(folder.path(), None).unwrap(), None);
    }
}
