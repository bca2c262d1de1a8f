//! `dgmo import`: a manifest from what another tool keeps.
//!
//! Contents that have to be copied are written first, and the manifest last, whole: after a crash there is no manifest
//! that names what is not there, and the same command goes on.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::report::import::ImportReport;
use dgmo_schema::report::import::ImportedFile;
use dgmo_schema::report::import::ImportedPackage;
use dgmo_schema::report::import::NotMapped;
use dgmo_store::durable;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::shown;
use crate::env::Var;
use crate::home;
use crate::home::ManifestGuard;
use crate::import;
use crate::import::Around;
use crate::import::Found;
use crate::import::Kind;
use crate::import::Places;
use crate::manifest;

/// What importing is asked for.
#[derive(Debug)]
pub struct ImportRequest {
    /// What it is from; nothing: found out.
    pub kind: Option<Kind>,
    /// The file or folder.
    pub from: PathBuf,
    /// The manifest that is written.
    pub manifest: PathBuf,
    /// Whether to look only.
    pub dry_run: bool,
}

/// Something is where the import would write.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is there already{}", path.display(), if *is_copy { ", with other content" } else { "" })]
pub struct PlaceTakenError {
    path: PathBuf,
    is_copy: bool,
}

impl Diagnose for PlaceTakenError {
    fn code(&self) -> Code {
        Code::ManifestExists
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(
            "write to another place with `-o FILE`; a manifest can name others under `include:`"
                .to_owned(),
        ))
    }
}

/// Writes a manifest of what another tool keeps. One that is there is never touched.
pub fn import(engine: &Engine<'_>, request: &ImportRequest) -> Result<ImportReport> {
    let (kind, from) = match request.kind {
        Some(kind) => (kind, request.from.clone()),
        None => import::detect(&request.from)?,
    };
    let around = around(engine)?;
    let found = import::read(kind, &from, &around)?;
    let text = import::manifest(&found, kind, &from, &request.manifest, &around);
    // What we wrote is read like any other: a manifest that does not load is never written.
    manifest::load_text(&request.manifest, &text)?;
    let folder = request.manifest.parent().unwrap_or(Path::new("."));
    if is_there(&request.manifest)? {
        if !request.dry_run {
            // One that was stopped may have named it without waiting for the disk.
            durable::sync_folder(folder).map_err(OpError::io("sync", folder))?;
        }
        return Err(taken(&request.manifest, false).into());
    }
    let copies = copies(&found, folder)?;
    if !request.dry_run {
        durable::make_folders(folder).map_err(OpError::io("make the folder", folder))?;
        let _guard = ManifestGuard::take(&request.manifest, engine.wait, engine.observer)?;
        write_copies(&copies)?;
        // The manifest names what is on disk, also what one that was stopped has copied.
        durable::sync_file_system(folder).map_err(OpError::io("sync", folder))?;
        manifest::save_text(&request.manifest, &text)
            .map_err(OpError::io("write", &request.manifest))?;
    }
    Ok(report(request, kind, &from, text, &found))
}

fn taken(path: &Path, is_copy: bool) -> PlaceTakenError {
    PlaceTakenError {
        path: path.to_owned(),
        is_copy,
    }
}

fn around(engine: &Engine<'_>) -> Result<Around> {
    let home = home::user_home()?;
    let mut homebrew: Vec<PathBuf> = Var::Homebrew.path().into_iter().collect();
    homebrew
        .extend(["/opt/homebrew", "/home/linuxbrew/.linuxbrew", "/usr/local"].map(PathBuf::from));
    let mise = Var::MiseData.path();
    let asdf = Var::AsdfData.path();
    let installs = [
        mise.unwrap_or_else(|| home.join(".local/share/mise")),
        asdf.unwrap_or_else(|| home.join(".asdf")),
    ];
    Ok(Around {
        target: engine.default_target.clone(),
        places: Places {
            homebrew,
            installs: installs.map(|folder| folder.join("installs")).to_vec(),
        },
        home,
    })
}

/// A file to copy beside the manifest.
struct Copy {
    from: PathBuf,
    to: PathBuf,
    mode: u32,
}

/// What has to be copied, each file for itself; refused before anything is written where one cannot be.
fn copies(found: &Found, folder: &Path) -> Result<Vec<Copy>> {
    let mut copies = Vec::new();
    for (path, file) in &found.files {
        if file.copied {
            let to = folder.join(import::COPIES).join(path.as_str());
            import::each_file(&file.source, &mut |inside, from, mode| {
                copies.push(Copy {
                    from,
                    to: to.join(inside),
                    mode,
                });
            })?;
        }
    }
    for copy in &mut copies {
        // Joining nothing leaves a slash at the end.
        copy.to = copy.to.components().collect();
        if is_there(&copy.to)? && !is_same(&copy.from, &copy.to) {
            return Err(taken(&copy.to, true).into());
        }
    }
    Ok(copies)
}

/// What cannot be looked at is not written over.
fn is_there(path: &Path) -> Result<bool> {
    Ok(look::is_there(path).map_err(OpError::io("look at", path))?)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let read = |path: &Path| fs::read(path).ok();
    read(one).is_some_and(|bytes| read(other) == Some(bytes))
}

fn write_copies(copies: &[Copy]) -> Result<()> {
    for copy in copies {
        if is_there(&copy.to)? {
            continue;
        }
        let above = copy.to.parent().unwrap_or(Path::new("."));
        durable::make_folders(above).map_err(OpError::io("make the folder", above))?;
        let bytes = fs::read(&copy.from).map_err(OpError::io("read", &copy.from))?;
        durable::replace_file(&copy.to, &bytes, copy.mode)
            .map_err(OpError::io("write", &copy.to))?;
    }
    Ok(())
}

fn report(
    request: &ImportRequest,
    kind: Kind,
    from: &Path,
    text: String,
    found: &Found,
) -> ImportReport {
    let packages = found
        .packages
        .iter()
        .map(|(name, package)| ImportedPackage {
            name: name.to_string(),
            version: package.version.clone(),
            folder: shown(&package.folder),
        });
    let files = found.files.iter().map(|(path, file)| ImportedFile {
        path: path.to_string(),
        source: shown(&file.source),
        copied: file.copied,
    });
    let not_mapped = found.not_mapped.iter().map(|left| NotMapped {
        what: left.what.clone(),
        line: left.line.map(|line| line as u64),
        why: left.why.clone(),
    });
    let manifest = shown(&request.manifest);
    ImportReport {
        kind: kind.word().to_owned(),
        from: shown(from),
        dry_run: request.dry_run,
        text,
        packages: packages.collect(),
        files: files.collect(),
        variables: found.env.len() as u64,
        not_mapped: not_mapped.collect(),
        next: vec![
            format!("dgmo switch --dry-run -f {manifest}"),
            format!("dgmo switch -f {manifest}"),
        ],
        manifest,
    }
}
