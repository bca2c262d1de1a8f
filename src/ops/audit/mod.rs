//! `dgmo audit`: which locked packages advisories are about, and which their publishers withdrew.

mod ignored;
mod subjects;
mod withdrawn;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::manifest::Endpoint;
use dgmo_schema::osv::Advisory;
use dgmo_schema::report::catalogue::AuditFinding;
use dgmo_schema::report::catalogue::AuditReport;
use dgmo_schema::report::catalogue::NotRead;

use super::Engine;
use super::OpError;
use super::Result;
use super::want;
use crate::lock;
use crate::manifest;
use crate::source::Downloads;
use crate::source::Expected;
use crate::source::Request;
use crate::source::osv;
use ignored::Ignored;
use subjects::Subjects;

/// So many records that could not be read are named; more are counted.
const MOST_NAMED: usize = 20;

/// What an audit is asked for.
#[derive(Debug)]
pub struct AuditRequest {
    /// The manifest whose lock it is.
    pub manifest: PathBuf,
    /// Files, folders, archives and addresses of advisories; none: the place the manifest names.
    pub advisories: Vec<String>,
    /// Advisories that are known and not told again, besides those of the manifest.
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
    let manifest = &loaded.manifest;
    let ignored = Ignored::new(
        &request.ignored,
        &manifest.ignored_advisories,
        engine.clock.now(),
    );
    let mut looking = Looking {
        subjects: &subjects,
        ignored,
        findings: BTreeMap::new(),
        report: AuditReport {
            lock: super::shown(&path),
            checked: subjects.count as u64,
            advisories: 0,
            findings: Vec::new(),
            ignored: Vec::new(),
            unknown_ignored: Vec::new(),
            withdrawn: Vec::new(),
            unknown: subjects.unknown.clone(),
            not_read: Vec::new(),
            not_read_count: 0,
            hint: None,
            not_asked: Vec::new(),
        },
    };
    let downloads = want::downloads(engine);
    for place in places(request, manifest.advisories.as_ref())? {
        let before = looking.report.advisories;
        looking.look_at(&place, &downloads)?;
        // Nothing found in nothing would be taken for all being well.
        if looking.report.advisories == before {
            return Err(none_in(&place.address, looking.report.not_read.last()).into());
        }
    }
    let mut report = looking.done();
    if request.withdrawn {
        withdrawn::ask(engine, (manifest, &lock), &downloads, &mut report);
    }
    Ok(report)
}

/// A place of advisories.
struct Place {
    /// An address, or a path.
    address: String,
    /// Others that have the same.
    mirrors: Vec<String>,
}

/// Where to look: where the command says, else where the manifest does.
fn places(request: &AuditRequest, of_manifest: Option<&Endpoint>) -> Result<Vec<Place>> {
    if let [_, ..] = &request.advisories[..] {
        let named = request.advisories.iter().map(|address| Place {
            address: address.clone(),
            mirrors: Vec::new(),
        });
        return Ok(named.collect());
    }
    match of_manifest {
        Some(endpoint) => Ok(vec![Place {
            address: endpoint.url.clone(),
            mirrors: endpoint.mirrors.clone(),
        }]),
        None if request.withdrawn => Ok(Vec::new()),
        None => Err(OpError::Usage {
            what: "it is not said where advisories are".to_owned(),
            hint: "name a place with `--osv`, or write two lines into `dgmo.yaml`:\nsources:\n  osv: {url: \"https://…/all.zip\"}"
                .to_owned(),
        }
        .into()),
    }
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

/// An audit under way.
struct Looking<'a> {
    subjects: &'a Subjects,
    ignored: Ignored,
    /// By what it is about and which advisory: several databases tell of the same.
    findings: BTreeMap<(subjects::Subject, String), AuditFinding>,
    report: AuditReport,
}

impl Looking<'_> {
    fn look_at(&mut self, place: &Place, downloads: &Downloads<'_>) -> Result<()> {
        let address = place.address.as_str();
        let mut each = |told: osv::Told| self.take(told);
        if !address.contains("://") {
            let path = Path::new(address);
            let read = osv::read_path(path, &mut each);
            return Ok(read.map_err(OpError::io("read the advisories in", path))?);
        }
        let shown = crate::source::redacted(address);
        let what = format!("advisories of {shown}");
        let asked = Request {
            mirrors: place.mirrors.clone(),
            ..Request::new(what, address, Expected::default())
        };
        let fetched = downloads.fetch(&asked)?;
        let read = osv::read_file(fetched.file, &shown, &mut each);
        Ok(read.map_err(OpError::io("read the advisories in", &fetched.path))?)
    }

    fn take(&mut self, told: osv::Told) {
        let advisory = match told {
            Ok(advisory) => advisory,
            Err((what, why)) => return self.not_read(what, why),
        };
        self.report.advisories += 1;
        if advisory.withdrawn.is_some() {
            return;
        }
        let ignored_as = self.ignored.meet(&advisory);
        for affected in &advisory.affected {
            for (subject, version) in self.subjects.meant(affected) {
                if !affected.is_about(version) {
                    if affected.not_understood(version) {
                        let why = format!("its versions of `{}` are not understood", subject.name);
                        self.not_read(advisory.id.clone(), why);
                    }
                    continue;
                }
                let ignored_as = ignored_as.as_deref();
                if ignored_as.is_some_and(|name| self.ignored.takes(name)) {
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
                    ignored_until: ignored_as.and_then(|name| self.ignored.was_until(name)),
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
        (self.report.ignored, self.report.unknown_ignored) = self.ignored.done();
        self.report.hint = hint(&self.report);
        self.report
    }
}

/// What records that could not be read mean for what was found.
fn hint(report: &AuditReport) -> Option<String> {
    let first = report.not_read.first()?;
    Some(format!(
        "what could not be read may hide something; all else was looked at. Fetch it again, or have its publisher mend `{}`",
        first.what
    ))
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
