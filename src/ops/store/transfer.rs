//! `dgmo store export`, `import` and `copy`: objects carried to another home.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::Digest;
use dgmo_schema::name::PinName;
use dgmo_schema::report::store::StoreTransferReport;
use dgmo_schema::report::store::TransferKind;
use dgmo_store::Compression;
use dgmo_store::Export;
use dgmo_store::ImportLimits;
use dgmo_store::Pin;
use dgmo_store::Root;
use dgmo_store::Store;
use dgmo_store::durable;

use super::find;
use super::open;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::gc::every_generation;
use crate::ops::shown;

/// What is exported, and to where.
#[derive(Debug)]
pub struct ExportRequest {
    /// Ids and pins; empty: all that pins and generations need.
    pub objects: Vec<String>,
    /// The archive; nothing: standard output.
    pub to: Option<PathBuf>,
    /// Whether to compress it, and how hard.
    pub compression: Compression,
    /// A file of ids that the receiver has: these, and what is below them, are left out.
    pub have: Option<PathBuf>,
}

/// Writes objects, with all they need, into one archive.
pub fn export(engine: &Engine<'_>, request: &ExportRequest) -> Result<StoreTransferReport> {
    let store = open(engine)?;
    let roots = chosen(engine, &store, &request.objects)?;
    let have = match &request.have {
        Some(path) => read_ids(path)?,
        None => BTreeSet::new(),
    };
    let receiver_has = |root: Root| have.contains(&root.id().0);
    let export = Export {
        receiver_has: &receiver_has,
        compression: request.compression,
        ..Export::new(&roots)
    };
    let (exported, other) = if let Some(path) = &request.to {
        let exported = into_file(path, |to| Ok(store.export(to, &export, engine.observer)?))?;
        (exported, shown(path))
    } else {
        let mut stdout = std::io::stdout().lock();
        (
            store.export(&mut stdout, &export, engine.observer)?,
            "-".to_owned(),
        )
    };
    Ok(StoreTransferReport {
        what: TransferKind::Export,
        other,
        roots: roots.iter().map(|root| root.id()).collect(),
        objects: exported.objects,
        bytes: exported.bytes,
        new_objects: exported.objects,
        new_bytes: exported.bytes,
    })
}

/// Writes a file that gets its name only when it is whole.
fn into_file<T>(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let staged = path.with_file_name(name);
    durable::remove_all(&staged).map_err(OpError::io("replace", &staged))?;
    let file = durable::write_new(&staged, b"", 0o644).map_err(OpError::io("write", &staged))?;
    let mut buffered = std::io::BufWriter::with_capacity(256 << 10, file);
    let written = write(&mut buffered).and_then(|value| {
        let file = buffered
            .into_inner()
            .map_err(|error| OpError::io("write", &staged)(error.into_error()))?;
        file.sync().map_err(OpError::io("sync", &staged))?;
        durable::rename(&staged, path).map_err(OpError::io("write", path))?;
        let folder = path.parent().filter(|above| !above.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        durable::sync_folder(folder).map_err(OpError::io("sync", folder))?;
        Ok(value)
    });
    if written.is_err() {
        // Half an archive is of no use; if it cannot be deleted, the next export replaces it.
        drop(durable::remove_file(&staged));
    }
    written
}

/// Takes the objects of an archive into the store: all of them, each proven, or none.
pub fn import(
    engine: &Engine<'_>,
    from: Option<&Path>,
    pin: Option<&PinName>,
) -> Result<StoreTransferReport> {
    let store = Store::open_or_create(engine.home.root())?;
    let mut reader: Box<dyn Read> = match from {
        Some(path) => {
            let file = File::open(path).map_err(OpError::io("read", path))?;
            Box::new(BufReader::with_capacity(256 << 10, file))
        }
        None => Box::new(std::io::stdin().lock()),
    };
    let imported = store.import(&mut reader, &ImportLimits::default(), engine.observer)?;
    if let Some(name) = pin {
        pin_one(&store, name, &imported.roots, &imported.committed.guard)?;
    }
    Ok(StoreTransferReport {
        what: TransferKind::Import,
        other: from.map_or_else(|| "-".to_owned(), shown),
        roots: imported.roots.iter().map(|root| root.id()).collect(),
        objects: imported.objects,
        bytes: imported.bytes,
        new_objects: imported.new_objects,
        new_bytes: imported.new_bytes,
    })
}

/// Brings objects, with all they need, to another home; only what is missing there is read.
pub fn copy(
    engine: &Engine<'_>,
    objects: &[String],
    to: &Path,
    pin: Option<&PinName>,
) -> Result<StoreTransferReport> {
    let store = open(engine)?;
    let other = Store::open_or_create(to)?;
    let roots = chosen(engine, &store, objects)?;
    let copied = store.copy_to(&other, &roots, engine.observer)?;
    if let Some(name) = pin {
        pin_one(&other, name, &roots, &copied.committed.guard)?;
    } else if objects.is_empty() {
        // Everything means the pins too: without them the other home would collect what they keep here.
        for pin in store.pins()? {
            other.pin(&pin, &copied.committed.guard)?;
        }
    }
    Ok(StoreTransferReport {
        what: TransferKind::Copy,
        other: shown(to),
        roots: roots.iter().map(|root| root.id()).collect(),
        objects: copied.objects,
        bytes: copied.bytes,
        new_objects: copied.objects,
        new_bytes: copied.bytes,
    })
}

fn pin_one(
    store: &Store,
    name: &PinName,
    roots: &[Root],
    proof: &dgmo_store::SharedGuard,
) -> Result<()> {
    let [root] = roots else {
        return Err(OpError::Usage {
            what: format!("`--pin` is for one object, and these are {}", roots.len()),
            hint: "pin them with `dgmo store pin NAME ID`".to_owned(),
        }
        .into());
    };
    let pin = Pin {
        name: name.clone(),
        root: *root,
        note: None,
    };
    store.pin(&pin, proof)?;
    Ok(())
}

/// The objects that are meant: those named, or all that pins and generations need.
fn chosen(engine: &Engine<'_>, store: &Store, objects: &[String]) -> Result<Vec<Root>> {
    if !objects.is_empty() {
        return objects.iter().map(|words| find(store, words)).collect();
    }
    let mut roots: BTreeSet<Root> = store.pins()?.into_iter().map(|pin| pin.root).collect();
    roots.extend(every_generation(engine)?);
    Ok(roots.into_iter().collect())
}

fn read_ids(path: &Path) -> Result<BTreeSet<Digest>> {
    let text = std::fs::read_to_string(path).map_err(OpError::io("read", path))?;
    let ids = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            line.parse().map_err(|error| {
                let what = format!("`{line}` in `{}` is {error}", path.display());
                OpError::Usage {
                    what,
                    hint: "write one whole id on each line".to_owned(),
                }
                .into()
            })
        });
    ids.collect()
}
