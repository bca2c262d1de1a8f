//! What a manifest comes to: locked, and on this machine recorded, before anything is built.

use std::path::PathBuf;

use dgmo_schema::generation::Record;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::GenerationId;
use dgmo_schema::lock::Lock;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::system::System;
use dgmo_store::AddOptions;
use dgmo_store::Layout;
use dgmo_store::StatCache;

use super::Engine;
use super::Failure;
use super::OpError;
use super::Result;
use super::SwitchRequest;
use super::changes;
use super::shown;
use super::this_system;
use crate::files;
use crate::files::HomeFiles;
use crate::lock;
use crate::manifest;
use crate::manifest::LoadedManifest;
use crate::resolve;
use crate::resolve::Origins;
use crate::resolve::ResolveHow;
use crate::resolve::Update;
use crate::source::Catalogues;
use crate::source::Downloads;
use crate::source::Indexes;

/// A manifest, and the lock it comes to on any machine.
pub(super) struct Resolved {
    pub loaded: LoadedManifest,
    pub lock_path: PathBuf,
    pub previous: Option<Lock>,
    pub lock: Lock,
    pub origins: Origins,
    pub stat_cache: Option<StatCache>,
}

impl Resolved {
    /// Whether the lock on disk is another.
    pub(super) fn lock_changed(&self) -> bool {
        self.previous.as_ref() != Some(&self.lock)
    }

    /// How files of this machine are read.
    pub(super) fn options(&self) -> AddOptions<'_> {
        AddOptions {
            stat_cache: self.stat_cache.as_ref(),
            ..AddOptions::default()
        }
    }

    /// What the home files hold, and the record, for `system`.
    pub(super) fn record_for(&self, system: &System) -> Result<(HomeFiles, Record)> {
        let manifest = &self.loaded.manifest;
        let files = files::look(&manifest.files, system, &self.options())?;
        let recorded = files
            .iter()
            .map(|(path, file)| (path.clone(), file.recorded.clone()));
        let record = resolve::record(manifest, &self.lock, system, recorded.collect())?;
        Ok((files, record))
    }
}

/// What a manifest comes to on this machine.
pub(super) struct Wanted {
    pub resolved: Resolved,
    pub files: HomeFiles,
    pub record: Record,
    /// That of the record, which is long: hashed once.
    pub id: GenerationId,
}

/// Where downloads go.
pub(super) fn downloads<'a>(engine: &Engine<'a>) -> Downloads<'a> {
    let folder = engine.home.downloads();
    Downloads::new(
        &folder,
        engine.settings.clone(),
        engine.online,
        engine.observer,
    )
}

/// The same for one who updates: what is new is asked for, whatever came a moment ago.
pub(super) fn downloads_for<'a>(engine: &Engine<'a>, update: &Update) -> Downloads<'a> {
    match update {
        Update::Nothing => downloads(engine),
        Update::Only(_) | Update::To(..) | Update::All => downloads(engine).asking_anew(),
    }
}

/// Where short names are looked up.
pub(super) fn indexes<'a>(
    engine: &Engine<'_>,
    manifest: &'a Manifest,
    downloads: &'a Downloads<'a>,
) -> Indexes<'a> {
    Indexes::new(&manifest.indexes, downloads, engine.clock.now())
}

/// The last moment at which a version may have been published to be taken anew.
pub(super) fn not_after(engine: &Engine<'_>, manifest: &Manifest) -> Option<Timestamp> {
    let by_manifest = manifest.minimum_release_age;
    let by_manifest = by_manifest.map(|age| engine.clock.now().before(age));
    engine.not_after.into_iter().chain(by_manifest).min()
}

/// Reads the manifest and the lock and resolves what the lock does not know yet. Nothing but caches is written.
pub(super) fn resolved(
    engine: &Engine<'_>,
    request: &SwitchRequest,
    downloads: &Downloads<'_>,
) -> Result<Resolved> {
    let loaded = match &request.new_text {
        Some(text) => manifest::load_text(&request.manifest, text)?,
        None => manifest::load(&request.manifest)?,
    };
    downloads.ask_first(&loaded.manifest.mirrors);
    downloads.trust(loaded.manifest.sigstore_root.as_deref());
    let lock_path = lock::path_beside(&loaded.path);
    let previous = lock::load(&lock_path)?;
    let stat_cache = stat_cache(engine);
    let catalogues = Catalogues::new(downloads, &loaded.manifest.sources);
    let indexes = indexes(engine, &loaded.manifest, downloads);
    let how = ResolveHow {
        update: request.update.clone(),
        downloads,
        catalogues: &catalogues,
        indexes: &indexes,
        not_after: not_after(engine, &loaded.manifest),
        stat_cache: stat_cache.as_ref(),
    };
    let resolution = resolve::resolve(&loaded.manifest, previous.as_ref(), &how, engine.observer)?;
    Ok(Resolved {
        loaded,
        lock_path,
        previous,
        lock: resolution.lock,
        origins: resolution.origins,
        stat_cache,
    })
}

/// What source files were when they were last read, unless all are to be read again.
pub(super) fn stat_cache(engine: &Engine<'_>) -> Option<StatCache> {
    let path = Layout::new(engine.home.root()).stat_cache();
    (!engine.reread).then(|| StatCache::load(&path, engine.clock.now_precise()))
}

/// The same, and what it makes of this machine.
pub(super) fn want(
    engine: &Engine<'_>,
    request: &SwitchRequest,
    downloads: &Downloads<'_>,
) -> Result<Wanted> {
    let resolved = resolved(engine, request, downloads)?;
    let system = this_system();
    if !resolved.loaded.manifest.systems.contains(&system) {
        return Err(OpError::SystemNotCovered {
            system: system.to_string(),
            place: None,
        }
        .into());
    }
    let (files, record) = resolved.record_for(&system)?;
    Ok(Wanted {
        id: record.id(),
        resolved,
        files,
        record,
    })
}

/// What `--locked` says when the lock would change.
pub(super) fn lock_out_of_date(resolved: &Resolved) -> Failure {
    let previous = resolved.previous.clone().unwrap_or_default();
    let changes = changes::between_locks(&previous, &resolved.lock);
    OpError::LockOutOfDate {
        lock: shown(&resolved.lock_path),
        changes: changes.iter().map(changes::in_words).collect(),
    }
    .into()
}
