//! `dgmo uninstall`: everything dgmo made is taken away, everything it set aside comes back.
//!
//! Order: each profile goes back to generation 0 (with its journal, as ever) → our lines in start files → manifests that
//! are still what `dgmo init` wrote → the home. The home goes last, and by one rename first, to `.NAME.dgmo-gone` beside
//! it or beside the folders that were made for it: what is half deleted is no home any more, and whoever runs the
//! command again finds it there.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::report::health::GivenBack;
use dgmo_schema::report::health::Kept;
use dgmo_schema::report::health::UninstallReport;
use dgmo_store::ExclusiveGuard;
use dgmo_store::OpenError;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::RollbackRequest;
use super::SecretsHow;
use super::TrialHow;
use super::begin;
use super::repair;
use super::rollback;
use super::shown;
use crate::activate::Footprint;
use crate::activate::InTheWay;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::health::Marked;
use crate::health::StartFile;
use crate::home;
use crate::home::ProfileGuard;
use crate::lock;
use crate::manifest;

/// What an uninstallation is asked for.
#[derive(Debug, Default)]
pub struct UninstallRequest {
    /// Whether to look only.
    pub dry_run: bool,
    /// Whether the home stays: only what dgmo put elsewhere goes.
    pub keep_home: bool,
    /// Whether manifests and locks go even if they were changed since `dgmo init` wrote them.
    pub manifests: bool,
    /// The manifest of the folder we are in.
    pub manifest: Option<PathBuf>,
}

/// Why a home could not be taken away.
#[derive(Debug, thiserror::Error)]
#[error("cannot {deed} `{}`", path.display())]
pub struct UninstallError {
    deed: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl UninstallError {
    fn at(deed: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self { deed, path, source }
    }
}

impl Diagnose for UninstallError {
    fn code(&self) -> Code {
        Code::HomeNotRemoved
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(
            "see to it that the folder may be written, then run `dgmo uninstall --yes` again"
                .to_owned(),
        ))
    }
}

/// Takes away what dgmo made. Run again after a crash, it goes on where it was.
pub fn uninstall(engine: &Engine<'_>, request: &UninstallRequest) -> Result<UninstallReport> {
    let mut report = UninstallReport {
        dry_run: request.dry_run,
        profiles: Vec::new(),
        removed: Vec::new(),
        start_files: Vec::new(),
        kept: Vec::new(),
    };
    let root = engine.home.root();
    let manifests = manifests(engine, request)?;
    match Store::open(root) {
        Err(OpenError::Absent { .. }) if !is_there(&root.join("store"))? => {}
        // One that is damaged is put in order first: what it holds in target folders has to come back.
        _ => profiles(engine, request, &mut report)?,
    }
    start_files(request, &mut report)?;
    texts(request, &manifests, &mut report)?;
    if request.keep_home {
        report.kept.push(Kept {
            path: shown(root),
            why: "`--keep-home`".to_owned(),
        });
    } else {
        home(engine, request, &mut report)?;
    }
    Ok(report)
}

/// Each profile goes back to what was before dgmo.
fn profiles(
    engine: &Engine<'_>,
    request: &UninstallRequest,
    report: &mut UninstallReport,
) -> Result<()> {
    if !request.dry_run {
        repair::bring_to_an_end(engine)?;
    }
    for name in begin::profile_names(engine)? {
        let engine = engine.for_profile(&name);
        let generations = Generations::of(&engine.profile);
        if !generations.has(GenerationNumber::ZERO)? {
            continue;
        }
        let footprint = Footprint::load(&engine.profile)?;
        let back = rollback::rollback(
            &engine,
            &RollbackRequest {
                to: Some("0".to_owned()),
                dry_run: request.dry_run,
                in_the_way: InTheWay::Refuse,
                secrets: SecretsHow::Missing,
                how: TrialHow::default(),
                note: Some("uninstall".to_owned()),
            },
        )?;
        let target = footprint.map(|footprint| footprint.target);
        let target = target.unwrap_or_else(|| engine.default_target.clone());
        report.kept.extend(back.left_alone.iter().map(|path| Kept {
            path: shown(&target.join(path)),
            why: "it was changed since dgmo put it there, so it is yours".to_owned(),
        }));
        if back.from != GenerationNumber::ZERO || !back.target_changes.is_empty() {
            report.profiles.push(GivenBack {
                profile: name.to_string(),
                target: shown(&target),
                changes: back.target_changes.len() as u64,
            });
        }
    }
    Ok(())
}

/// Our lines go from start files; lines a person wrote are theirs, and only told of.
fn start_files(request: &UninstallRequest, report: &mut UninstallReport) -> Result<()> {
    let Ok(user) = home::user_home() else {
        return Ok(());
    };
    for file in StartFile::all(&user) {
        match file.look().map_err(OpError::io("read", file.path()))? {
            Marked::Nothing => {}
            Marked::Theirs => report.kept.push(Kept {
                path: shown(file.path()),
                why: "it has a line that names dgmo; take it out yourself".to_owned(),
            }),
            Marked::Ours => {
                if !request.dry_run {
                    file.unmark().map_err(OpError::io("write", file.path()))?;
                }
                report.start_files.push(shown(file.path()));
            }
        }
    }
    Ok(())
}

/// Every manifest a generation was made from, and the one here.
fn manifests(engine: &Engine<'_>, request: &UninstallRequest) -> Result<BTreeSet<PathBuf>> {
    let mut paths = BTreeSet::new();
    if let Some(path) = &request.manifest {
        paths.insert(std::path::absolute(path).unwrap_or_else(|_| path.clone()));
    }
    for name in begin::profile_names(engine)? {
        let profile = engine.home.profile(name);
        let generations = Generations::of(&profile);
        let numbers = match generations.numbers() {
            Err(ReadError::NoProfile { .. }) => continue,
            numbers => numbers?,
        };
        for number in numbers {
            match generations.load(number) {
                Ok(generation) => paths.extend(generation.manifest.map(PathBuf::from)),
                // What is damaged or gone names none; what cannot be read may, and goes with the home.
                Err(error) if error.is_no_answer() => return Err(error.into()),
                Err(_) => {}
            }
        }
    }
    Ok(paths)
}

/// A manifest nobody changed since `dgmo init` wrote it goes, with the lock beside it. Any other is a person's work.
fn texts(
    request: &UninstallRequest,
    manifests: &BTreeSet<PathBuf>,
    report: &mut UninstallReport,
) -> Result<()> {
    for path in manifests {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                still_gone(path, request)?;
                continue;
            }
            Err(error) if request.manifests => {
                return Err(OpError::io("read", path)(error).into());
            }
            Err(error) => {
                report.kept.push(Kept {
                    path: shown(path),
                    why: format!("it cannot be read, so it may be your work: {error}"),
                });
                continue;
            }
        };
        if text != manifest::STARTER.as_bytes() && !request.manifests {
            report.kept.push(Kept {
                path: shown(path),
                why: "it is your work; `--manifests` takes it away too, with its lock".to_owned(),
            });
            continue;
        }
        // The lock first: without its manifest nobody would find it again.
        for gone in [lock::path_beside(path), path.clone()] {
            if !is_there(&gone)? {
                continue;
            }
            if !request.dry_run {
                durable::remove_file(&gone).map_err(OpError::io("remove", &gone))?;
                let above = gone.parent().unwrap_or(Path::new("."));
                durable::sync_folder(above).map_err(OpError::io("sync", above))?;
            }
            report.removed.push(shown(&gone));
        }
    }
    Ok(())
}

/// An earlier run may have removed it and not brought that to disk.
fn still_gone(path: &Path, request: &UninstallRequest) -> Result<()> {
    let above = path.parent().unwrap_or(Path::new("."));
    if !request.dry_run && is_folder(above)? {
        durable::sync_folder(above).map_err(OpError::io("sync", above))?;
    }
    Ok(())
}

fn home(
    engine: &Engine<'_>,
    request: &UninstallRequest,
    report: &mut UninstallReport,
) -> Result<()> {
    let root = engine.home.root();
    if let Some((above, gone)) = half_gone(root)? {
        report.removed.push(shown(root));
        if !request.dry_run {
            finish(root, &above, &gone)?;
        }
    }
    if !is_there(root)? {
        return Ok(());
    }
    report.removed.push(shown(root));
    if request.dry_run {
        return Ok(());
    }
    let guards = alone(engine)?;
    let above = above_what_was_made(root)?;
    let gone = above.join(gone_name(root));
    match durable::rename(root, &gone) {
        Ok(()) => {
            durable::sync_folder(&above).map_err(UninstallError::at("sync", &above))?;
            finish(root, &above, &gone)?;
        }
        // A mount point, or a folder in one that is not ours to write.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied
                    | io::ErrorKind::ResourceBusy
                    | io::ErrorKind::CrossesDevices
            ) =>
        {
            empty_in_place(root)?;
            report.kept.push(Kept {
                path: shown(root),
                why: format!("the empty folder cannot be removed: {error}"),
            });
        }
        Err(error) => return Err(UninstallError::at("remove", root)(error).into()),
    }
    drop(guards);
    Ok(())
}

/// The right to every profile and to the store: nobody else is at work in the home.
fn alone(engine: &Engine<'_>) -> Result<(Vec<ProfileGuard>, Option<ExclusiveGuard>)> {
    let mut profiles = Vec::new();
    for name in begin::profile_names(engine)? {
        let profile = engine.home.profile(name);
        if is_folder(profile.folder())? {
            let now = engine.clock.now();
            profiles.push(ProfileGuard::take(
                &profile,
                engine.wait,
                now,
                engine.observer,
            )?);
        }
    }
    let store = match Store::open(engine.home.root()) {
        Ok(store) => Some(store.wait_to_exclude(engine.observer)?),
        Err(error @ OpenError::Io { .. }) => return Err(error.into()),
        // No home any more: there is nobody who could use it.
        Err(_) => None,
    };
    Ok((profiles, store))
}

fn gone_name(root: &Path) -> std::ffi::OsString {
    let mut name = std::ffi::OsString::from(".");
    name.push(root.file_name().unwrap_or_default());
    name.push(".dgmo-gone");
    name
}

/// The home on its way out, if an earlier run was stopped, and the folder it is in.
fn half_gone(root: &Path) -> Result<Option<(PathBuf, PathBuf)>> {
    for above in root.ancestors().skip(1) {
        let gone = above.join(gone_name(root));
        if is_there(&gone)? {
            return Ok(Some((above.to_owned(), gone)));
        }
    }
    Ok(None)
}

/// What cannot be looked at stays, and so does what knows of it.
fn is_there(path: &Path) -> Result<bool> {
    Ok(look::is_there(path).map_err(UninstallError::at("look at", path))?)
}

fn is_folder(path: &Path) -> Result<bool> {
    Ok(look::is_folder(path).map_err(UninstallError::at("look at", path))?)
}

/// The nearest folder above the home that was there before it.
fn above_what_was_made(root: &Path) -> Result<PathBuf> {
    let made = dgmo_store::meta::made_above(root).map_err(UninstallError::at("read", root))?;
    let mut above = root.ancestors().skip(1 + made);
    let nearest = root.parent().unwrap_or(root);
    Ok(above.next().unwrap_or(nearest).to_owned())
}

/// Folders made for the home go first, those that are empty now; the rest of the home last.
fn finish(root: &Path, above: &Path, gone: &Path) -> Result<()> {
    for folder in root.ancestors().skip(1).take_while(|it| *it != above) {
        match durable::remove_folder(folder) {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
                ) =>
            {
                return Err(UninstallError::at("remove", folder)(error).into());
            }
            _ => {}
        }
    }
    durable::remove_all(gone).map_err(UninstallError::at("remove", gone))?;
    durable::sync_folder(above).map_err(UninstallError::at("sync", above))?;
    Ok(())
}

/// `meta.json` goes last: until then it is a home, and the next run finds it.
fn empty_in_place(root: &Path) -> Result<()> {
    let failed = |path: &Path| UninstallError::at("remove", path);
    for name in look::names_in(root).map_err(failed(root))? {
        if name != "meta.json" {
            let path = root.join(name);
            durable::remove_all(&path).map_err(failed(&path))?;
        }
    }
    durable::remove_all(&root.join("meta.json")).map_err(failed(root))?;
    // That is what could not be done before; it may be possible now.
    drop(durable::remove_folder(root));
    Ok(())
}
