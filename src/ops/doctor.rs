//! `dgmo doctor`: a table of checks, each of which looks, and what they see.

use std::ffi::OsString;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::report::health::CheckReport;
use dgmo_schema::report::health::DoctorReport;
use dgmo_store::Store;

use super::Engine;
use super::RepairRequest;
use super::Result;
use super::begin;
use super::repair;
use crate::env::Var;
use crate::generation::Generations;
use crate::health;
use crate::health::Check;
use crate::health::Finding;

/// What a look at the health is asked for.
#[derive(Debug, Default)]
pub struct DoctorRequest {
    /// Whether to repair what can be repaired.
    pub repair: bool,
    /// The manifest of the folder we are in: one more that may know sources.
    pub manifest: Option<PathBuf>,
}

/// What the checks look at.
struct Patient {
    /// What going through the home found.
    found: Vec<Finding>,
    store: Option<Store>,
    now: Timestamp,
    newest: Option<Timestamp>,
    /// The programs of the current generation.
    bin: PathBuf,
    search_path: Option<OsString>,
}

/// All checks, from the ground up.
const CHECKS: &[Check<Patient>] = &[
    Check {
        name: "home",
        title: "the home is whole",
        look: |patient| patient.with(&[Code::HomeNotWhole, Code::HomeDamaged]),
    },
    Check {
        name: "permissions",
        title: "only you may write to the home",
        look: |patient| patient.with(&[Code::HomeOpen]),
    },
    Check {
        name: "links",
        title: "its file system has links",
        look: |patient| patient.of_store(health::links),
    },
    Check {
        name: "disk",
        title: "there is room on the disk",
        look: |patient| patient.of_store(health::disk),
    },
    Check {
        name: "reserve",
        title: "there is a reserve for a full disk",
        look: |patient| patient.with(&[Code::ReserveMissing]),
    },
    Check {
        name: "clock",
        title: "the clock is past the newest generation",
        look: |patient| health::clock(patient.now, patient.newest),
    },
    Check {
        name: "caches",
        title: "caches can be used",
        look: |patient| patient.with(&[Code::CacheDamaged]),
    },
    Check {
        name: "interrupted",
        title: "nothing was interrupted",
        look: |patient| patient.with(&[Code::Unfinished, Code::Leftovers]),
    },
    Check {
        name: "records",
        title: "journals and footprints can be read",
        look: |patient| patient.with(&[Code::JournalDamaged]),
    },
    Check {
        name: "pointers",
        title: "each profile's pointer names a generation",
        look: |patient| patient.with(&[Code::PointerDamaged]),
    },
    Check {
        name: "history",
        title: "the history can be read",
        look: |patient| patient.with(&[Code::HistoryTorn]),
    },
    Check {
        name: "pins",
        title: "pins can be read",
        look: |patient| patient.with(&[Code::RootDamaged]),
    },
    Check {
        name: "generations",
        title: "generations are as they were made",
        look: |patient| patient.with(&[Code::GenerationDamaged, Code::GenerationNotWhole]),
    },
    Check {
        name: "packages",
        title: "what the current generation needs is there",
        look: |patient| patient.with(&[Code::ObjectMissing]),
    },
    Check {
        name: "programs",
        title: "your shell finds the current generation's programs",
        look: |patient| health::programs(&patient.bin, patient.search_path.as_deref()),
    },
];

/// Makes all checks; with `repair`, mends what can be mended and makes them again.
pub fn doctor(engine: &Engine<'_>, request: &DoctorRequest) -> Result<DoctorReport> {
    let before = examine(engine)?;
    let mut checks = Vec::new();
    let after = if request.repair {
        let repair = RepairRequest {
            manifest: request.manifest.clone(),
            ..RepairRequest::default()
        };
        repair::repair(engine, &repair)?;
        Some(examine(engine)?)
    } else {
        None
    };
    for check in CHECKS {
        let was = (check.look)(&before);
        let findings = match &after {
            None => was,
            Some(after) => compare(was, &(check.look)(after)),
        };
        checks.push(CheckReport {
            name: check.name.to_owned(),
            title: check.title.to_owned(),
            findings: findings.into_iter().map(Finding::report).collect(),
        });
    }
    Ok(DoctorReport {
        checks,
        skipped: vec![
            "the bytes of objects were not read: `dgmo store verify` does, and takes longer"
                .to_owned(),
        ],
    })
}

/// What was there before and is not any more was mended.
fn compare(before: Vec<Finding>, after: &[Finding]) -> Vec<Finding> {
    let is_still = |finding: &Finding| {
        after
            .iter()
            .any(|other| other.code() == finding.code() && other.path() == finding.path())
    };
    let mended: Vec<Finding> = before
        .into_iter()
        .filter(|finding| !is_still(finding))
        .map(|finding| finding.mended(false, "repaired"))
        .collect();
    mended.into_iter().chain(after.iter().cloned()).collect()
}

fn examine(engine: &Engine<'_>) -> Result<Patient> {
    let found = repair::look(engine)?;
    let mut newest = None;
    for name in begin::profile_names(engine)? {
        let profile = engine.home.profile(name);
        let generations = Generations::of(&profile);
        for number in generations.numbers().unwrap_or_default() {
            if let Ok(generation) = generations.load(number) {
                newest = newest.max(Some(generation.made_at));
            }
        }
    }
    Ok(Patient {
        found,
        store: Store::open(engine.home.root()).ok(),
        now: engine.clock.now(),
        newest,
        bin: engine.profile.current().join("view/bin"),
        search_path: Var::SearchPath.raw(),
    })
}

impl Patient {
    fn with(&self, codes: &[Code]) -> Vec<Finding> {
        let found = self.found.iter();
        found
            .filter(|finding| codes.contains(&finding.code()))
            .cloned()
            .collect()
    }

    fn of_store(&self, look: fn(&Store) -> Vec<Finding>) -> Vec<Finding> {
        self.store.as_ref().map(look).unwrap_or_default()
    }
}
