//! `dgmo repair`: everything in the home that is damaged or missing, made whole from wherever its bytes still are.
//!
//! Outside in: the home's folders and lock files; the records of each profile (journal, footprint, pointer, history);
//! the objects; the trees laid out from them; the parts of each generation; and at the end the target folder, where a
//! record of it was lost. Each of them needs the one before it.

mod documents;
mod generations;
mod home;
mod mirrors;
mod needs;
mod objects;
mod offers;
mod realign;
mod records;

pub use offers::FromError;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::name::ProfileName;
use dgmo_schema::report::health::RepairReport;
use dgmo_store::OpenError;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::begin;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::health::Finding;
use crate::home::Profile;

/// What a repair is asked for.
#[derive(Debug, Default)]
pub struct RepairRequest {
    /// Homes, archives, folders and addresses of mirrors that may have what is lost.
    pub from: Vec<PathBuf>,
    /// The manifest of the folder we are in: one more that may know sources.
    pub manifest: Option<PathBuf>,
    /// Whether to look only.
    pub dry_run: bool,
}

/// Repairs all that can be repaired, and tells what cannot.
pub fn repair(engine: &Engine<'_>, request: &RepairRequest) -> Result<RepairReport> {
    let from = offers::open(&request.from)?;
    let mut healer = Healer::new(engine, request.dry_run, &from);
    healer.home()?;
    let store = Store::open(engine.home.root())?;
    let profiles = begin::profile_names(engine)?;
    let mut doubtful = Vec::new();
    for name in &profiles {
        if healer.records(name)? {
            doubtful.push(name.clone());
        }
    }
    let seen = healer.objects(&store, &from, request.manifest.as_deref())?;
    for name in &profiles {
        healer.generations(&store, name)?;
    }
    for name in &doubtful {
        healer.realign(name)?;
    }
    if !request.dry_run {
        store.ensure_reserve();
        healer.sync()?;
    }
    Ok(RepairReport {
        dry_run: request.dry_run,
        objects: seen.objects,
        bytes: seen.bytes,
        trees: seen.laid_out,
        findings: healer.findings.into_iter().map(Finding::report).collect(),
    })
}

/// Brings what a crash interrupted to an end, and records in order: for one who takes the profiles away next.
pub(super) fn bring_to_an_end(engine: &Engine<'_>) -> Result<()> {
    let mut healer = Healer::new(engine, false, &[]);
    healer.home()?;
    for name in begin::profile_names(engine)? {
        if healer.records(&name)? {
            healer.realign(&name)?;
        }
    }
    Ok(())
}

/// What there is to find without reading every object: for `dgmo doctor`.
pub(super) fn look(engine: &Engine<'_>) -> Result<Vec<Finding>> {
    let mut healer = Healer::new(engine, true, &[]);
    healer.home()?;
    let Some(store) = store_if_whole(engine)? else {
        return Ok(healer.found());
    };
    for name in begin::profile_names(engine)? {
        healer.records(&name)?;
        healer.generations(&store, &name)?;
        healer.presence(&store, &name);
    }
    Ok(healer.found())
}

/// The store; nothing where the home is damaged, which is a finding. One that cannot be read is none.
fn store_if_whole(engine: &Engine<'_>) -> Result<Option<Store>> {
    match Store::open(engine.home.root()) {
        Ok(store) => Ok(Some(store)),
        Err(error @ OpenError::Io { .. }) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// What a repair sees of `path`: what it cannot look at it leaves alone.
fn is_there(path: &Path) -> Result<bool> {
    Ok(look::is_there(path).map_err(OpError::io("look at", path))?)
}

/// A link that leads round in a circle can never be one: what lies behind it is not lost by moving it away.
fn is_folder(path: &Path) -> Result<bool> {
    match look::is_folder(path) {
        Err(error) if look::leads_round(&error) => Ok(false),
        found => Ok(found.map_err(OpError::io("look at", path))?),
    }
}

fn names_in(folder: &Path) -> Result<BTreeSet<OsString>> {
    Ok(look::names_in(folder).map_err(OpError::io("read", folder))?)
}

/// The generations of a profile; none where it has none yet.
fn numbers_of(profile: &Profile) -> Result<Vec<GenerationNumber>> {
    match Generations::of(profile).numbers() {
        Err(ReadError::NoProfile { .. }) => Ok(Vec::new()),
        numbers => Ok(numbers?),
    }
}

/// One who goes through a home, finds what is wrong and, unless it is a dry run, mends it.
struct Healer<'a> {
    engine: &'a Engine<'a>,
    dry_run: bool,
    /// What `--from` names.
    from: &'a [offers::From],
    /// Generations of which a document was brought back, or would be.
    rebuilt: BTreeSet<(ProfileName, GenerationNumber)>,
    findings: Vec<Finding>,
}

impl<'a> Healer<'a> {
    fn new(engine: &'a Engine<'a>, dry_run: bool, from: &'a [offers::From]) -> Self {
        Self {
            engine,
            dry_run,
            from,
            rebuilt: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    /// Notes what is mended, or would be.
    fn mended(&mut self, finding: Finding, how: impl Into<String>) {
        self.findings.push(finding.mended(self.dry_run, how));
    }

    /// What is told as repaired stays so, whatever happens next; also what an earlier repair did whose sync failed, so
    /// that this one had nothing to do.
    fn sync(&self) -> Result<()> {
        let home = self.engine.home.root();
        durable::sync_file_system(home).map_err(OpError::io("sync", home))?;
        Ok(())
    }

    /// Notes what is left.
    fn left(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The findings of one who only looked: each with its remedy again.
    fn found(self) -> Vec<Finding> {
        self.findings.into_iter().map(Finding::only_seen).collect()
    }

    fn for_profile(&self, name: &ProfileName) -> Engine<'a> {
        self.engine.for_profile(name)
    }
}
