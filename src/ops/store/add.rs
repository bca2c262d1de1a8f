//! `dgmo store add`

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::ObjectId;
use dgmo_schema::manifest::Packing;
use dgmo_schema::name::PinName;
use dgmo_schema::report::store::AddedObject;
use dgmo_schema::report::store::ObjectKind;
use dgmo_schema::report::store::StoreAddReport;
use dgmo_store::AddOptions;
use dgmo_store::Added;
use dgmo_store::Content;
use dgmo_store::Escaping;
use dgmo_store::Insertion;
use dgmo_store::Pin;
use dgmo_store::Root;
use dgmo_store::StatCache;
use dgmo_store::Store;
use dgmo_store::Unpack;
use dgmo_store::packing_of;

use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::shown;
use crate::process::interrupt;

/// What is to be added, and how.
#[derive(Debug, Default)]
pub struct StoreAddRequest {
    /// Folders and files; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// Whether the files are archives to unpack.
    pub unpack: bool,
    /// How they are packed, where their names do not tell.
    pub packing: Option<Packing>,
    /// How many leading folders to drop when unpacking.
    pub strip: u32,
    /// A pin to make for the one thing that is added.
    pub pin: Option<PinName>,
    /// Whether files that look unchanged since they were added last are not read again.
    pub stat_cache: bool,
    /// Whether links may leave their tree.
    pub allow_escaping_links: bool,
}

/// Adds folders, files and archives. Several are one insertion: all of them come or none.
pub fn add(engine: &Engine<'_>, request: &StoreAddRequest) -> Result<StoreAddReport> {
    if request.pin.is_some() && request.paths.len() != 1 {
        return Err(OpError::Usage {
            what: "`--pin` is for one thing at a time".to_owned(),
            hint: "add them one by one, or pin them with `dgmo store pin`".to_owned(),
        }
        .into());
    }
    let store = Store::open_or_create(engine.home.root())?;
    let cache_path = store.layout().stat_cache();
    let cache = request
        .stat_cache
        .then(|| StatCache::load(&cache_path, engine.clock.now_precise()));
    let insertion = store.begin(engine.observer)?;
    let mut report = StoreAddReport {
        added: Vec::new(),
        warnings: Vec::new(),
    };
    for path in &request.paths {
        let mut added = add_one(&insertion, path, request, cache.as_ref())?;
        report.warnings.append(&mut added.warnings);
        report.added.push(told(path, &added));
    }
    let _whole = interrupt::hold();
    let committed = insertion.commit()?;
    if let (Some(name), Some(first)) = (&request.pin, report.added.first_mut()) {
        let pin = Pin {
            name: name.clone(),
            root: root_of(first),
            note: None,
        };
        store.pin(&pin, &committed.guard)?;
        first.pin = Some(name.clone());
    }
    if let Some(cache) = cache {
        // A cache: the next run reads a little more.
        drop(cache.save());
    }
    Ok(report)
}

fn add_one(
    insertion: &Insertion<'_>,
    path: &Path,
    request: &StoreAddRequest,
    stat_cache: Option<&StatCache>,
) -> Result<Added> {
    if path.as_os_str() == "-" {
        return add_stream(insertion, &mut std::io::stdin().lock());
    }
    if request.unpack {
        return unpack(insertion, path, request);
    }
    let escaping_links = if request.allow_escaping_links {
        Escaping::Allow
    } else {
        Escaping::Refuse
    };
    let options = AddOptions {
        stat_cache,
        escaping_links,
    };
    Ok(insertion.add_path(path, &options)?)
}

fn add_stream(insertion: &Insertion<'_>, from: &mut dyn Read) -> Result<Added> {
    let (blob, bytes) = insertion.add_stream(from, false)?;
    Ok(Added {
        content: Content::File(blob),
        files: 1,
        bytes,
        new_objects: 0,
        new_bytes: 0,
        warnings: Vec::new(),
    })
}

fn unpack(insertion: &Insertion<'_>, path: &Path, request: &StoreAddRequest) -> Result<Added> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let packing = request.packing.unwrap_or_else(|| packing_of(&name));
    let mut archive = File::open(path).map_err(OpError::io("read", path))?;
    let program = name.split('.').next().map(str::to_owned);
    let how = Unpack {
        strip: request.strip,
        program,
        ..Unpack::new(packing)
    };
    Ok(insertion.add_archive(&mut archive, &how)?)
}

fn told(path: &Path, added: &Added) -> AddedObject {
    let (id, kind) = match added.content {
        Content::File(blob) => (ObjectId::from(blob), ObjectKind::File),
        Content::Executable(blob) => (blob.into(), ObjectKind::Executable),
        Content::Folder(tree) => (tree.into(), ObjectKind::Tree),
    };
    AddedObject {
        from: shown(path),
        id,
        kind,
        files: added.files,
        bytes: added.bytes,
        new_objects: added.new_objects,
        new_bytes: added.new_bytes,
        pin: None,
    }
}

fn root_of(added: &AddedObject) -> Root {
    match added.kind {
        ObjectKind::Tree => Root::Tree(dgmo_schema::id::TreeId(added.id.0)),
        _ => Root::Blob(dgmo_schema::id::BlobId(added.id.0)),
    }
}
