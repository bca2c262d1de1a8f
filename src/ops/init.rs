//! `dgmo init`: a manifest to begin with.

use std::path::Path;

use dgmo_schema::report::profile::InitReport;
use dgmo_store::durable;
use dgmo_store::look;

use super::OpError;
use super::Result;
use super::shown;
use crate::env::Var;
use crate::health::StartFile;
use crate::home;
use crate::manifest;

/// Whether the user's shell is told of the current generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// Its start file gets lines between marks, which `dgmo uninstall` takes out again.
    Shell,
    /// No start file is touched.
    Nobody,
}

/// Writes a manifest into `folder`, which is made if it is missing. One that is there is never touched.
pub fn init(folder: &Path, tell: Tell) -> Result<InitReport> {
    let path = folder.join(manifest::MANIFEST_FILE);
    // One that cannot be looked at is not written over.
    let is_there = look::is_there(&path).map_err(OpError::io("look at", &path))?;
    let start_file = match tell {
        Tell::Shell => Some(tell_shell()?),
        Tell::Nobody => None,
    };
    if is_there && start_file.is_some() {
        return Ok(InitReport {
            manifest: shown(&path),
            start_file,
            next: vec!["dgmo switch".to_owned()],
        });
    }
    if is_there {
        return Err(OpError::ManifestExists { path: shown(&path) }.into());
    }
    durable::make_folders(folder).map_err(OpError::io("make the folder", folder))?;
    manifest::save_text(&path, manifest::STARTER).map_err(OpError::io("write", &path))?;
    Ok(InitReport {
        manifest: shown(&path),
        start_file,
        next: vec![
            format!("edit {}", shown(&path)),
            "dgmo switch --dry-run".to_owned(),
            "dgmo switch".to_owned(),
        ],
    })
}

fn tell_shell() -> Result<String> {
    let user = home::user_home()?;
    let shell = Var::Shell.text().unwrap_or_default();
    let Some((file, line)) = StartFile::of_shell(&user, &shell) else {
        return Err(OpError::Usage {
            what: format!("the start file of `{shell}` is not one dgmo can write"),
            hint: "put `eval \"$(dgmo env)\"`, or what `dgmo env --help` says for your shell, into it yourself"
                .to_owned(),
        }
        .into());
    };
    file.mark(line).map_err(OpError::io("write", file.path()))?;
    Ok(shown(file.path()))
}
