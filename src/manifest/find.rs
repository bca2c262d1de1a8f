//! Which manifest is meant when none is named.

use std::path::Path;
use std::path::PathBuf;

/// The file's name.
pub const MANIFEST_FILE: &str = "dgmo.yaml";

/// The manifest of this folder or the nearest above it, else the user's own in `config_dir` (`~/.config`).
pub fn find(start_dir: &Path, config_dir: Option<&Path>) -> Option<PathBuf> {
    let here_or_above = start_dir
        .ancestors()
        .map(|folder| folder.join(MANIFEST_FILE));
    let own = config_dir.map(|folder| folder.join("dgmo").join(MANIFEST_FILE));
    here_or_above.chain(own).find(|file| file.is_file())
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
        assert_eq!(find(&deep, Some(&config)), None);
        assert_eq!(find(&deep, None), None);

        let own = config.join("dgmo").join(MANIFEST_FILE);
        write(&own);
        assert_eq!(find(&deep, Some(&config)), Some(own));

        let above = root.join("work").join(MANIFEST_FILE);
        write(&above);
        assert_eq!(find(&deep, Some(&config)), Some(above));

        let near = deep.join(MANIFEST_FILE);
        write(&near);
        assert_eq!(find(&deep, Some(&config)), Some(near));
    }

    #[test]
    fn a_folder_of_that_name_is_no_manifest() {
        let folder = tempfile::tempdir().unwrap();
        durable::make_folders(&folder.path().join(MANIFEST_FILE)).unwrap();
        assert_eq!(find(folder.path(), None), None);
    }
}
