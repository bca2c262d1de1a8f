//! `dgmo audit`: which locked packages advisories are about, and which their publishers withdrew.

mod subjects;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::name::PackageName;
use dgmo_schema::osv::Advisory;
use dgmo_schema::report::catalogue::AuditFinding;
use dgmo_schema::report::catalogue::AuditReport;
use dgmo_schema::report::catalogue::NotAsked;
use dgmo_schema::report::catalogue::NotRead;
use dgmo_schema::report::catalogue::WithdrawnPackage;

use super::Engine;
use super::OpError;
use super::Result;
use super::want;
use crate::lock;
use crate::manifest;
use crate::resolve;
use crate::resolve::Asking;
use crate::source::Catalogues;
use crate::source::Expected;
use crate::source::Request;
use crate::source::osv;
use subjects::Subjects;

/// So many records that could not be read are named; more are counted.
const MOST_NAMED: usize = 20;

/// What an audit is asked for.
#[derive(Debug)]
pub struct AuditRequest {
    /// The manifest whose lock it is.
    pub manifest: PathBuf,
    /// Files, folders, archives and addresses of advisories.
    pub advisories: Vec<String>,
    /// Advisories that are known and not told again.
    pub ignored: BTreeSet<String>,
    /// Whether catalogues are asked which versions were withdrawn.
    pub withdrawn: bool,
}

/// Looks the packages of the lock up. Nothing is changed.
pub fn audit(engine: &Engine<'_>, request: &AuditRequest) -> Result<AuditReport> {
    let loaded = manifest::load(&request.manifest)?;
    let path = lock::path_beside(&loaded.path);
    let lock = lock::load(&path)?.ok_or_else(|| OpError::Usage {
        what: format!("there is no lock `{}` to look at", path.display()),
        hint: "run `dgmo lock`".to_owned(),
    })?;
    let subjects = Subjects::of(&lock);
    let mut looking = Looking {
        subjects: &subjects,
        ignored: &request.ignored,
        findings: BTreeMap::new(),
        report: AuditReport {
            lock: super::shown(&path),
            checked: subjects.count as u64,
            advisories: 0,
            findings: Vec::new(),
            ignored: Vec::new(),
            withdrawn: Vec::new(),
            unknown: subjects.unknown.clone(),
            not_read: Vec::new(),
            not_read_count: 0,
            not_asked: Vec::new(),
        },
    };
    let downloads = want::downloads(engine);
    for place in &request.advisories {
        let before = looking.report.advisories;
        let mut each = |told: osv::Told| looking.take(told);
        if place.contains("://") {
            let what = format!("advisories of {}", crate::source::redacted(place));
            let asked = Request::new(what, place.as_str(), Expected::default());
            let fetched = downloads.fetch(&asked)?;
            let read = osv::read_file(fetched.file, place, &mut each);
            read.map_err(OpError::io("read the advisories in", &fetched.path))?;
        } else {
            let path = Path::new(place);
            let read = osv::read_path(path, &mut each);
            read.map_err(OpError::io("read the advisories in", path))?;
        }
        // Nothing found in nothing would be taken for all being well.
        if looking.report.advisories == before {
            return Err(none_in(place, looking.report.not_read.last()).into());
        }
    }
    let mut report = looking.done();
    if request.withdrawn {
        let catalogues = Catalogues::new(&downloads, &loaded.manifest.sources);
        let all = (None, &BTreeSet::new());
        let indexes = want::indexes(engine, &loaded.manifest, &downloads);
        let asking = Asking {
            catalogues: &catalogues,
            indexes: &indexes,
        };
        for (name, newest) in resolve::newest(&loaded.manifest, &lock, asking, all) {
            match newest {
                Ok(newest) => report.withdrawn.extend(withdrawn(name, newest)),
                Err(error) => report.not_asked.push(NotAsked {
                    name,
                    why: error.to_string(),
                }),
            }
        }
    }
    Ok(report)
}

fn none_in(place: &str, not_read: Option<&NotRead>) -> OpError {
    let why = not_read.map_or_else(String::new, |it| format!(": {}: {}", it.what, it.why));
    OpError::Usage {
        what: format!(
            "`{}` has no advisory that can be read{why}",
            crate::source::redacted(place)
        ),
        hint: "name a file, a folder or an archive of records in the form of OSV".to_owned(),
    }
}

fn withdrawn(name: PackageName, newest: resolve::Newest) -> Option<WithdrawnPackage> {
    Some(WithdrawnPackage {
        name,
        version: newest.locked?,
        why: newest.withdrawn?,
    })
}

/// An audit under way.
struct Looking<'a> {
    subjects: &'a Subjects,
    ignored: &'a BTreeSet<String>,
    /// By what it is about and which advisory: several databases tell of the same.
    findings: BTreeMap<(subjects::Subject, String), AuditFinding>,
    report: AuditReport,
}

impl Looking<'_> {
    fn take(&mut self, told: osv::Told) {
        let advisory = match told {
            Ok(advisory) => advisory,
            Err((what, why)) => return self.not_read(what, why),
        };
        self.report.advisories += 1;
        if advisory.withdrawn.is_some() {
            return;
        }
        let names = std::iter::once(&advisory.id).chain(&advisory.aliases);
        let is_ignored = names.clone().any(|name| self.ignored.contains(name));
        for affected in &advisory.affected {
            for (subject, version) in self.subjects.meant(affected) {
                if !affected.is_about(version) {
                    if affected.not_understood(version) {
                        let why = format!("its versions of `{}` are not understood", subject.name);
                        self.not_read(advisory.id.clone(), why);
                    }
                    continue;
                }
                if is_ignored {
                    self.report.ignored.push(advisory.id.clone());
                    continue;
                }
                let finding = AuditFinding {
                    package: subject.package.clone(),
                    name: subject.name.clone(),
                    version: subject.version.clone(),
                    id: advisory.id.clone(),
                    aliases: advisory.aliases.clone(),
                    severity: advisory.severity(affected),
                    fixed_in: affected.fixed_after(version),
                    summary: summary(&advisory),
                };
                self.findings
                    .entry((subject.clone(), advisory.id.clone()))
                    .and_modify(|known| {
                        known.severity = known.severity.max(finding.severity);
                        known.fixed_in = known.fixed_in.take().or(finding.fixed_in.clone());
                    })
                    .or_insert(finding);
            }
        }
    }

    fn not_read(&mut self, what: String, why: String) {
        self.report.not_read_count += 1;
        if self.report.not_read.len() < MOST_NAMED {
            self.report.not_read.push(NotRead { what, why });
        }
    }

    /// One finding for each vulnerability: of several names for the same the first stands.
    fn done(mut self) -> AuditReport {
        let mut told: BTreeMap<subjects::Subject, BTreeSet<String>> = BTreeMap::new();
        for ((subject, id), finding) in self.findings {
            let known = told.entry(subject).or_default();
            if known.contains(&id) {
                continue;
            }
            known.insert(id);
            known.extend(finding.aliases.iter().cloned());
            self.report.findings.push(finding);
        }
        self.report.ignored.sort();
        self.report.ignored.dedup();
        self.report
    }
}

/// The first line of what an advisory says, without what a terminal would act on.
fn summary(advisory: &Advisory) -> String {
    let first = advisory.summary.lines().next().unwrap_or_default();
    first
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}
