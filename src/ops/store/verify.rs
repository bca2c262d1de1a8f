//! `dgmo store verify`

use dgmo_schema::report::store::StoreFinding;
use dgmo_schema::report::store::StoreFindingKind;
use dgmo_schema::report::store::StoreVerifyReport;
use dgmo_store::Finding;

use super::open;
use crate::ops::Engine;
use crate::ops::Result;
use crate::ops::shown;

/// Reads every object again and compares it with its name; everything wrong is listed.
pub fn verify(engine: &Engine<'_>) -> Result<StoreVerifyReport> {
    let verified = open(engine)?.verify(engine.observer)?;
    let findings = verified.findings.iter().map(|finding| StoreFinding {
        kind: kind(finding),
        path: finding.path().map(shown),
        object: finding.object(),
        message: finding.to_string(),
    });
    Ok(StoreVerifyReport {
        objects: verified.objects,
        bytes: verified.bytes,
        trees: verified.laid_out,
        findings: findings.collect(),
    })
}

fn kind(finding: &Finding) -> StoreFindingKind {
    match finding {
        Finding::Damaged { .. } => StoreFindingKind::Damaged,
        Finding::Malformed { .. } => StoreFindingKind::Malformed,
        Finding::Missing { .. } => StoreFindingKind::Missing,
        Finding::Unreadable { .. } => StoreFindingKind::Unreadable,
        Finding::Foreign { .. } => StoreFindingKind::Foreign,
        Finding::WrongMode { .. } => StoreFindingKind::WrongMode,
        Finding::LaidOut { .. } => StoreFindingKind::LaidOut,
    }
}
