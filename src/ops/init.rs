//! `dgmo init`: a manifest to begin with.

use std::path::Path;

use dgmo_schema::report::profile::InitReport;
use dgmo_store::durable;

use super::OpError;
use super::Result;
use super::shown;
use crate::manifest;

/// Writes a manifest into `folder`, which is made if it is missing. One that is there is never touched.
pub fn init(folder: &Path) -> Result<InitReport> {
    let path = folder.join(manifest::MANIFEST_FILE);
    if std::fs::symlink_metadata(&path).is_ok() {
        return Err(OpError::ManifestExists { path: shown(&path) }.into());
    }
    durable::make_folders(folder).map_err(OpError::io("make the folder", folder))?;
    manifest::save_text(&path, manifest::STARTER).map_err(OpError::io("write", &path))?;
    Ok(InitReport {
        manifest: shown(&path),
        next: vec![
            format!("edit {}", shown(&path)),
            "dgmo switch --dry-run".to_owned(),
            "dgmo switch".to_owned(),
        ],
    })
}
