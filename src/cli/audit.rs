//! `dgmo audit`

use std::path::PathBuf;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::osv::Severity;
use dgmo_schema::report::catalogue::AuditReport;
use dgmo_schema::report::catalogue::IgnoredFinding;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use crate::ops;
use crate::ops::AuditRequest;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// Tell which locked packages have known vulnerabilities
///
/// Looks up everything the lock names, also the pieces that packages are put together from, in advisories in the OSV format.
/// Nothing is sent anywhere: the advisories come here. Exit 3 if anything is found.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo audit --osv advisories/            a folder of records
  dgmo audit --osv npm.zip --osv pypi.zip the archives of two ecosystems
  dgmo audit --osv https://osv.example.org/npm/all.zip
  dgmo audit --osv https://osv.example.org/npm/all.zip --offline   what came last time
  dgmo audit --osv npm.zip --fail-on high --ignore CVE-2026-1
  dgmo audit --withdrawn                  what publishers withdrew, by their catalogues")]
pub(super) struct Args {
    /// Advisories: a record, a folder of them, an archive, or the address of one; may be given again [default: `osv` of
    /// the manifest's `sources:`]
    #[arg(long, value_name = "PLACE")]
    osv: Vec<String>,
    /// Ask the catalogues which locked versions, also of pieces, were withdrawn or are advised against
    #[arg(long)]
    withdrawn: bool,
    /// Exit 3 only where something is as bad as this; what nobody rated counts
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    fail_on: FailOn,
    /// Do not tell of this advisory, by its name or one of its others; may be given again. The manifest has `audit:` for
    /// what shall stay ignored
    #[arg(long, value_name = "ID")]
    ignore: Vec<String>,
    /// The manifest [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Never open a socket: use what came earlier
    #[arg(long)]
    offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl FailOn {
    fn is_met_by(self, severity: Severity) -> bool {
        let least = match self {
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
            Self::Never => return false,
        };
        severity >= least || severity == Severity::Unknown
    }
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        offline: args.offline,
        manifest: args.file.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = AuditRequest {
        manifest: manifest_path(args.file.clone())?,
        advisories: args.osv.clone(),
        ignored: args.ignore.iter().cloned().collect(),
        withdrawn: args.withdrawn,
    };
    let report = ops::audit(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    let is_bad = report
        .findings
        .iter()
        .any(|finding| args.fail_on.is_met_by(finding.severity));
    let is_withdrawn = report.withdrawn.iter().any(|it| !it.is_advice);
    let is_withdrawn = is_withdrawn && args.fail_on != FailOn::Never;
    Ok(Exit::found(is_bad || is_withdrawn))
}

fn in_words(report: &AuditReport, style: Style) -> String {
    let mut text = String::new();
    if !report.findings.is_empty() {
        let heading = [
            "PACKAGE", "VERSION", "ADVISORY", "SEVERITY", "FIXED IN", "OF", "ABOUT",
        ];
        let mut table = Table::with_heading(&heading);
        for finding in &report.findings {
            table.row(vec![
                finding.name.clone(),
                finding.version.clone(),
                finding.id.clone(),
                finding.severity.word().to_owned(),
                finding.fixed_in.clone().unwrap_or_else(|| "-".to_owned()),
                finding.package.to_string(),
                finding.summary.clone(),
            ]);
        }
        text.push_str(&table.render());
    }
    let mut odd = |line: String| text.push_str(&format!("{} {line}\n", style.odd("!")));
    for package in &report.withdrawn {
        let name = match &package.piece {
            Some(piece) => format!("{piece} {} of {}", package.version, package.name),
            None => format!("{} {}", package.name, package.version),
        };
        let said = if package.is_advice {
            "is advised against by its publisher"
        } else {
            "was withdrawn"
        };
        odd(format!("{name} {said}: {}", clean(&package.why)));
    }
    for failed in &report.not_asked {
        odd(format!("{}: {}", failed.name, failed.why));
    }
    for record in &report.not_read {
        odd(format!(
            "{} is passed over: {}",
            clean(&record.what),
            clean(&record.why)
        ));
    }
    let more = report
        .not_read_count
        .saturating_sub(report.not_read.len() as u64);
    if more > 0 {
        odd(format!(
            "{} more are passed over",
            ui::count(more, "record")
        ));
    }
    for finding in report
        .findings
        .iter()
        .filter(|it| it.ignored_until.is_some())
    {
        let until = finding.ignored_until.map_or_else(String::new, day);
        odd(format!("{} was ignored until {until}", finding.id));
    }
    for id in &report.unknown_ignored {
        odd(format!(
            "{id} is to be ignored, and no advisory that was read has that name"
        ));
    }
    if let Some(hint) = &report.hint {
        text.push_str(&format!("    {}: {hint}\n", style.good("hint")));
    }
    for ignored in &report.ignored {
        text.push_str(&style.faint(&format!("{}\n", ignored_in_words(ignored))));
    }
    for name in &report.unknown {
        text.push_str(&style.faint(&format!("{name}: no advisories are written for its kind\n")));
    }
    text.push_str(&format!(
        "{} looked up in {}: {}\n",
        ui::count(report.checked, "package"),
        ui::count(report.advisories, "advisory").replace("advisorys", "advisories"),
        found_in_words(report)
    ));
    text
}

fn found_in_words(report: &AuditReport) -> String {
    let found = match report.findings.len() {
        0 => "nothing found".to_owned(),
        count => ui::count(count as u64, "finding"),
    };
    match report.ignored.iter().map(|it| it.count).sum::<u64>() {
        0 => found,
        ignored => format!("{found}, {ignored} ignored"),
    }
}

fn ignored_in_words(ignored: &IgnoredFinding) -> String {
    let mut text = format!("{} is ignored", ignored.id);
    if let Some(until) = ignored.until {
        text.push_str(&format!(" until {}", day(until)));
    }
    if let Some(reason) = &ignored.reason {
        text.push_str(&format!(": {reason}"));
    }
    text
}

fn day(moment: Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}

/// What others wrote, in one line that a terminal acts on nothing of.
fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}
