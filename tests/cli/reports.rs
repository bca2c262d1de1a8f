//! `--json`: one document of the type the schema has for it, for each command, errors too.

use dgmo_schema::report::activation::RollbackReport;
use dgmo_schema::report::activation::StatusReport;
use dgmo_schema::report::activation::SwitchReport;
use dgmo_schema::report::drift::AdoptReport;
use dgmo_schema::report::drift::EditOutcome;
use dgmo_schema::report::drift::EditReport;
use dgmo_schema::report::drift::RestoreReport;
use dgmo_schema::report::error::ErrorReport;
use dgmo_schema::report::generation::DiffReport;
use dgmo_schema::report::generation::GenerationListReport;
use dgmo_schema::report::generation::GenerationReport;
use dgmo_schema::report::generation::HistoryReport;
use dgmo_schema::report::profile::EnvironmentReport;
use dgmo_schema::report::profile::ExplainReport;
use dgmo_schema::report::profile::GenerationsChangedReport;
use dgmo_schema::report::profile::InitReport;
use dgmo_schema::report::profile::LockReport;
use dgmo_schema::report::profile::ProfilesReport;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Ran;
use super::Sandbox;

/// What `line --json` prints is exactly a `T`: nothing is missing and nothing is more.
#[track_caller]
fn is<T: DeserializeOwned + Serialize>(sandbox: &Sandbox, line: &str) -> T {
    is_from(&sandbox.dgmo(&format!("{line} --json")).works())
}

#[track_caller]
fn is_from<T: DeserializeOwned + Serialize>(ran: &Ran) -> T {
    let document = ran.json();
    let report: T =
        serde_json::from_value(document.clone()).unwrap_or_else(|e| panic!("{e}: {ran}"));
    assert_eq!(serde_json::to_value(&report).unwrap(), document, "{ran}");
    assert!(ran.stderr.is_empty(), "{ran}");
    report
}

#[test]
fn every_command_answers_with_a_document_of_its_type() {
    let sandbox = Sandbox::new();
    let init: InitReport = is(&sandbox, "init made");
    assert_eq!(init.manifest, "made/dgmo.yaml");
    sandbox.manifest(
        "packages: {tool: {path: ./tool}}\nfiles: {.a: {text: a}}\nenv: {E: e}\npath: [~/bin]\n",
    );
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\n");
    sandbox.program("work/more/bin/more", "#!/bin/sh\n");
    sandbox.write("user/.a", "mine");

    let lock: LockReport = is(&sandbox, "lock");
    assert!(lock.changed && lock.written);
    let checked: LockReport = is(&sandbox, "lock --check");
    assert!(!checked.changed && !checked.written);
    let switched: SwitchReport = is(&sandbox, "switch --backup -m why --label first");
    assert_eq!((switched.from.0, switched.generation.0), (0, 1));
    assert_eq!(lock.generations.values().next(), Some(&switched.id));
    assert!(switched.new_bytes > 0);
    let again: SwitchReport = is(&sandbox, "switch");
    assert_eq!(again.generation.0, 1);
    let status: StatusReport = is(&sandbox, "status");
    assert_eq!(status.set_aside.len(), 1);
    is::<StatusReport>(&sandbox, "");
    is::<EditReport>(&sandbox, "edit .a --no-editor --dry-run");
    let edit: EditReport = is(&sandbox, "edit .a --no-editor");
    assert_eq!(edit.outcome, EditOutcome::Writable);
    let restored: RestoreReport = is(&sandbox, "restore .a");
    assert_eq!(restored.restored.len(), 1);
    is::<EditReport>(&sandbox, "edit .a --no-editor");
    sandbox.write("user/.a", "edited");
    is::<AdoptReport>(&sandbox, "adopt .a --dry-run");
    let adopted: AdoptReport = is(&sandbox, "adopt .a");
    assert_eq!(adopted.adopted.len(), 1);
    sandbox.dgmo("rollback 1").works();
    let manifest = sandbox.read("work/dgmo.yaml").replace("edited", "a");
    sandbox.write("work/dgmo.yaml", manifest);
    sandbox.dgmo("generations prune 2").works();
    let added: SwitchReport = is(&sandbox, "add ./more");
    assert_eq!(added.generation.0, 3);
    let locked: LockReport = is(&sandbox, "remove more --no-switch");
    assert!(locked.written);
    is::<SwitchReport>(&sandbox, "update --dry-run");
    is::<SwitchReport>(&sandbox, "update");

    let list: GenerationListReport = is(&sandbox, "generations list");
    assert_eq!(list.generations.len(), 4);
    let shown: GenerationReport = is(&sandbox, "generations show first");
    assert_eq!(shown.summary.note.as_deref(), Some("why"));
    assert_eq!(shown.packages.len(), 1);
    let diff: DiffReport = is(&sandbox, "diff 1 3");
    assert_eq!(diff.packages.len(), 1);
    assert!(diff.size_change.is_some());
    is::<DiffReport>(&sandbox, "generations diff");
    let history: HistoryReport = is(&sandbox, "history");
    assert!(history.entries.len() >= 4);
    let last: HistoryReport = is(&sandbox, "history -n 1");
    assert_eq!(last.entries.len(), 1);
    let profiles: ProfilesReport = is(&sandbox, "profiles");
    assert_eq!(profiles.profiles.len(), 1);
    let env: EnvironmentReport = is(&sandbox, "env");
    assert_eq!(env.variables["E"], "e");
    for line in [
        "label 3 tagged",
        "label 3",
        "pin 3",
        "unpin 3",
        "prune --dry-run",
        "prune 3",
    ] {
        is::<GenerationsChangedReport>(&sandbox, &format!("generations {line}"));
    }
    is::<RollbackReport>(&sandbox, "rollback --dry-run");
    is::<RollbackReport>(&sandbox, "generations switch 1");
    is::<RollbackReport>(&sandbox, "rollback 0");
    let explained: ExplainReport = is(&sandbox, "explain");
    assert_eq!(explained.codes.len(), dgmo_schema::code::Code::ALL.len());
    is::<ExplainReport>(&sandbox, "explain 3020");
}

#[test]
fn what_was_found_is_a_document_and_exit_3() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    let unlocked = sandbox.dgmo("lock --check --json").exits(3);
    assert!(is_from::<LockReport>(&unlocked).changed);
    sandbox.switch();
    sandbox.remove("user/.a");
    let drifted = sandbox.dgmo("status --json").exits(3);
    assert_eq!(is_from::<StatusReport>(&drifted).drift.len(), 1);
}

#[test]
fn errors_are_documents_too() {
    let sandbox = Sandbox::with("packges: {}\n");
    for (line, exit) in [
        ("switch", 1),
        ("switch --dry-run", 1),
        ("lock", 1),
        ("lock --check", 1),
        ("add ./x", 1),
        ("remove x", 1),
        ("update", 1),
        ("rollback", 1),
        ("status", 1),
        ("edit .a", 1),
        ("adopt .a", 1),
        ("restore .a", 1),
        ("", 1),
        ("generations list", 1),
        ("generations show", 1),
        ("generations prune", 1),
        ("diff", 1),
        ("history", 1),
        ("profiles", 1),
        ("env", 1),
        ("init", 1),
        ("explain nothing", 2),
        ("switch --nothing", 2),
    ] {
        let ran = sandbox.dgmo(&format!("{line} --json")).exits(exit);
        let report: ErrorReport = is_from(&ran);
        assert_eq!(i32::from(report.error.exit), exit, "{ran}");
        assert!(report.error.hint.is_some(), "{ran}");
    }
    assert!(!sandbox.exists("home"), "a failing command made a home");
}
