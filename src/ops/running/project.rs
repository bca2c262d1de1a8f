//! `dgmo allow` and `dgmo deny`: whether a shell may take the environment of a folder by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::event::Event;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::id::Digest;
use dgmo_schema::name::ProfileName;
use dgmo_schema::report::running::ProjectReport;
use dgmo_schema::report::running::ProjectSummary;
use dgmo_schema::report::running::ProjectsReport;
use dgmo_store::Store;
use dgmo_store::look;

use super::super::Engine;
use super::super::OpError;
use super::super::Result;
use super::super::shown;
use crate::generation::Generations;
use crate::home::Consent;
use crate::home::Home;
use crate::home::Project;
use crate::home::ProjectError;
use crate::home::profile_name_for;
use crate::manifest;
use crate::manifest::LoadedManifest;

/// What is decided about a folder.
#[derive(Debug)]
pub struct ConsentRequest {
    /// Its manifest.
    pub manifest: PathBuf,
    /// The decision; nothing forgets every one there was.
    pub consent: Option<Consent>,
    /// Whether to look only.
    pub dry_run: bool,
}

/// The profile of the environment that belongs to the manifest's folder; nothing where nobody made it a project.
pub fn profile_for(home: &Home, manifest: &Path) -> Result<Option<ProfileName>> {
    let Some(folder) = real_folder(manifest) else {
        return Ok(None);
    };
    // Where that cannot be told, another profile would be changed.
    let is_known = Project::is_known(home, &folder)?;
    Ok(is_known.then(|| profile_name_for(&folder)))
}

/// Decides, durably.
pub fn consent(engine: &Engine<'_>, request: &ConsentRequest) -> Result<ProjectReport> {
    let folder = real_folder(&request.manifest).ok_or(OpError::NoManifest)?;
    let files = match request.consent {
        Some(Consent::Allowed) => files_of(&request.manifest)?,
        _ => BTreeMap::new(),
    };
    let home = &engine.home;
    // One that is damaged is written anew.
    let before = match Project::load(home, &folder) {
        Err(ProjectError::Damaged { .. }) => None,
        before => before?,
    };
    if request.consent.is_some() && before.is_none() && is_of_the_profile(engine, &request.manifest)
    {
        return Err(OpError::ManifestOfProfile {
            manifest: shown(&request.manifest),
            profile: engine.profile.name().to_string(),
        }
        .into());
    }
    let unchanged = match (&before, request.consent) {
        (None, None) => true,
        (Some(before), Some(consent)) => {
            before.consent == consent && (consent == Consent::Denied || before.files == files)
        }
        _ => false,
    };
    // Also where it was decided before: who did that may have died before it was on disk.
    if !request.dry_run {
        match request.consent {
            None => Project::forget(home, &folder)?,
            Some(consent) => {
                Store::open_or_create(home.root())?;
                let mut project = Project::new(&folder, consent, files.clone());
                project.switched = before.and_then(|before| before.switched);
                project.save(home, &folder)?;
            }
        }
    }
    let profile = profile_name_for(&folder);
    let generation = generation_of(engine, &profile);
    let allowed = request.consent == Some(Consent::Allowed);
    Ok(ProjectReport {
        folder: shown(&folder),
        consent: match request.consent {
            Some(Consent::Allowed) => "allowed",
            Some(Consent::Denied) => "denied",
            None => "forgotten",
        }
        .to_owned(),
        unchanged,
        files: files.into_keys().collect(),
        next: (allowed && generation.is_none()).then(|| "dgmo switch".to_owned()),
        generation,
        profile,
        dry_run: request.dry_run,
    })
}

/// After a switch that somebody asked for in an allowed project: what its files say now is what was asked for. Where
/// that cannot be written down, shells ask again.
pub(in crate::ops) fn renew(engine: &Engine<'_>, switched: &LoadedManifest) {
    if let Err(failure) = try_to_renew(engine, switched) {
        let text = format!(
            "shells will ask again for the environment of this folder: {}",
            failure.error()
        );
        engine.observer.observe(Event::Warning(text));
    }
}

fn try_to_renew(engine: &Engine<'_>, switched: &LoadedManifest) -> Result<()> {
    let home = &engine.home;
    let manifest = switched.path.as_path();
    let Some(folder) = real_folder(manifest) else {
        return Ok(());
    };
    if !Project::is_known(home, &folder)? || *engine.profile.name() != profile_name_for(&folder) {
        return Ok(());
    }
    let before = match Project::load(home, &folder)? {
        Some(before) if before.consent == Consent::Allowed => before,
        _ => return Ok(()),
    };
    let files = files_of(manifest)?;
    if manifest::load(manifest)?.digest != switched.digest {
        // Somebody wrote to it meanwhile: nobody asked for that yet.
        return Ok(());
    }
    let mut project = Project::new(&folder, Consent::Allowed, files);
    project.switched = Some(project.digest());
    if project != before {
        project.save(home, &folder)?;
    }
    Ok(())
}

/// All folders somebody decided about.
pub fn projects(engine: &Engine<'_>) -> Result<ProjectsReport> {
    let folder = engine.home.projects();
    let mut projects = Vec::new();
    for name in look::names_in(&folder).map_err(OpError::io("read", &folder))? {
        let path = folder.join(name);
        let text = std::fs::read(&path).map_err(OpError::io("read", &path))?;
        // One that is damaged is told where its folder is used.
        let Ok(project) = serde_json::from_slice::<Project>(&text) else {
            continue;
        };
        let consent = match project.consent {
            Consent::Denied => "denied",
            Consent::Allowed if project.is_unchanged() => "allowed",
            Consent::Allowed => "changed",
        };
        projects.push(ProjectSummary {
            profile: profile_name_for(Path::new(&project.folder)),
            consent: consent.to_owned(),
            folder: project.folder,
        });
    }
    projects.sort_by(|one, other| one.folder.cmp(&other.folder));
    Ok(ProjectsReport { projects })
}

/// Whether the current generation of the engine's profile was made from this manifest: then its folder is no project.
pub(super) fn is_of_the_profile(engine: &Engine<'_>, manifest: &Path) -> bool {
    let generations = Generations::of(&engine.profile);
    let made_from = generations
        .current()
        .and_then(|number| generations.load(number))
        .ok()
        .and_then(|generation| generation.manifest);
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    made_from.is_some_and(|made_from| real(Path::new(&made_from)) == real(manifest))
}

/// The generation of a project's environment; 0 is none.
pub(super) fn generation_of(
    engine: &Engine<'_>,
    profile: &ProfileName,
) -> Option<GenerationNumber> {
    let profile = engine.home.profile(profile.clone());
    let number = Generations::of(&profile).current().ok()?;
    (number != GenerationNumber::ZERO).then_some(number)
}

/// The folder of a manifest, without links.
pub(super) fn real_folder(manifest: &Path) -> Option<PathBuf> {
    let folder = match manifest.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::canonicalize(folder).ok()
}

/// The digests of a manifest that can be used, and of all it includes, by absolute path.
fn files_of(manifest: &Path) -> Result<BTreeMap<String, Digest>> {
    let loaded = manifest::load(manifest)?;
    let mut files = BTreeMap::new();
    for file in &loaded.files {
        let real = std::fs::canonicalize(file).map_err(OpError::io("read", file))?;
        let bytes = std::fs::read(&real).map_err(OpError::io("read", &real))?;
        let Some(name) = real.to_str() else {
            return Err(OpError::Usage {
                what: format!("`{}` is no text", real.display()),
                hint: "give the folder a name in UTF-8".to_owned(),
            }
            .into());
        };
        files.insert(name.to_owned(), Digest::of(&bytes));
    }
    Ok(files)
}
