//! An init system is told exactly what changed, in order.

use super::Sandbox;
use super::TWO;
use super::program;
use super::with_init;

#[test]
fn a_switch_starts_what_is_new_and_leaves_the_rest_running() {
    let sandbox = with_init();
    sandbox.manifest(TWO);
    sandbox.switch().says("start db");
    let start = [
        "daemon-reload",
        "start dgmo-db.service",
        "start dgmo-web.service",
    ];
    assert_eq!(sandbox.calls(), start);
    sandbox.dgmo("status").works();

    // Nothing of them changed.
    sandbox.manifest(&format!("{TWO}files: {{.other: {{text: x}}}}\n"));
    sandbox.switch();
    assert_eq!(sandbox.calls(), ["daemon-reload"]);

    // The program of one of them did.
    sandbox.program("work/web/bin/web", &program("web2"));
    sandbox
        .dgmo("switch --dry-run")
        .works()
        .says("stop web")
        .says_nothing_of("stop db");
    assert!(sandbox.calls().is_empty());
    sandbox.switch();
    let again = [
        "stop dgmo-web.service",
        "daemon-reload",
        "start dgmo-web.service",
    ];
    assert_eq!(sandbox.calls(), again);

    // Going back to nothing stops them in the other order.
    sandbox.dgmo("rollback 0").works();
    let stop = [
        "stop dgmo-web.service",
        "stop dgmo-db.service",
        "daemon-reload",
    ];
    assert_eq!(sandbox.calls(), stop);
    assert!(!sandbox.exists("user/.config/systemd/user/dgmo-web.service"));
}

#[test]
fn units_are_files_of_the_generation_reached_through_the_pointer() {
    let sandbox = with_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let units = sandbox.profile().join("current/units/dgmo-web.service");
    let folder = "user/.config/systemd/user";
    for link in ["dgmo-web.service", "default.target.wants/dgmo-web.service"] {
        assert_eq!(sandbox.read_link(format!("{folder}/{link}")), units);
    }
    let text = std::fs::read_to_string(&units).unwrap();
    let own = sandbox.profile().join("generations/1/view/bin/web");
    assert!(
        text.contains(&format!("ExecStart=\"{}\"\n", own.display())),
        "{text}"
    );
    assert!(text.contains("After=dgmo-db.service\n"), "{text}");
    let wait = std::fs::read_to_string(sandbox.profile().join("current/units/dgmo-db.service"));
    let wait = wait.unwrap();
    assert!(
        wait.contains("\"services\" \"await\" \"--at\" \"1\" \"db\"\n"),
        "{wait}"
    );
    // The same manifest has the same id wherever it is: units are made from the record, and are no part of it.
    let id = |sandbox: &Sandbox| sandbox.dgmo("status --json").json()["id"].clone();
    let other = with_init();
    other.manifest(TWO);
    other.switch();
    assert_eq!(id(&sandbox), id(&other));
}

#[test]
fn what_does_not_start_takes_the_switch_back() {
    let sandbox = with_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    sandbox.calls();
    let broken = TWO.replace("run: [web]", "run: [web, fails]");
    sandbox.manifest(&broken);
    let ran = sandbox.dgmo("switch").exits(5).fails("DG3304");
    ran.says("service `web` did not start");
    assert_eq!(sandbox.current(), 1);
    let calls = sandbox.calls();
    let expected = [
        "stop dgmo-web.service",
        "daemon-reload",
        "start dgmo-web.service",
        "stop dgmo-web.service",
        "daemon-reload",
        "start dgmo-web.service",
    ];
    assert_eq!(calls, expected);
    sandbox.dgmo("status").works();
}

#[test]
fn services_are_started_and_stopped_by_hand() {
    let sandbox = with_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    sandbox.calls();
    sandbox.dgmo("services stop").works();
    assert_eq!(
        sandbox.calls(),
        ["stop dgmo-web.service", "stop dgmo-db.service"]
    );
    let status = sandbox.dgmo("status").exits(3);
    status
        .says("the service web is stopped")
        .says("dgmo services start");
    sandbox.dgmo("services status").exits(3);
    sandbox.dgmo("services restart db").works();
    assert_eq!(
        sandbox.calls(),
        ["stop dgmo-db.service", "start dgmo-db.service"]
    );
    sandbox
        .dgmo("services start")
        .works()
        .says("run by systemd");
    sandbox.dgmo("status").works();
    sandbox.dgmo("services start nobody").fails("DG3408");
}

#[test]
fn another_profile_has_units_of_its_own() {
    let sandbox = with_init();
    sandbox.manifest(TWO);
    sandbox.dgmo("switch --profile work").works();
    assert!(sandbox.exists("user/.config/systemd/user/dgmo-work:web.service"));
    sandbox.switch();
    sandbox.dgmo("status --profile work").works();
    sandbox.dgmo("status").works();
}

#[test]
fn a_program_that_is_not_there_is_told_before_anything_changes() {
    let sandbox = with_init();
    sandbox.manifest("services: {web: {run: [no-such-program]}}\n");
    sandbox.dgmo("switch").exits(1).fails("DG3403");
    assert!(sandbox.calls().is_empty());
    assert!(!sandbox.exists("user/.config/systemd"));
}

#[test]
fn programs_are_told_in_documents_of_their_types() {
    use dgmo_schema::report::service::ServiceLogsReport;
    use dgmo_schema::report::service::ServicesReport;

    let sandbox = with_init();
    sandbox.program(
        "bin/journalctl",
        "#!/bin/sh\necho 2026-01-01T12:00:00Z said\n",
    );
    sandbox.manifest(TWO);
    sandbox.dgmo("switch --json").works();
    for line in ["services", "services status", "services restart web"] {
        let ran = sandbox.dgmo(&format!("{line} --json")).works();
        let report: ServicesReport = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(serde_json::to_value(&report).unwrap(), ran.json());
        assert_eq!(report.services.len(), 2, "{ran}");
    }
    let ran = sandbox.dgmo("services logs web --json").works();
    let report: ServiceLogsReport = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report.lines[0].line, "2026-01-01T12:00:00Z said");
}

/// Where systemd is installed it says itself whether it understands what we write. It cannot run here: there is no
/// control group of our own.
#[test]
fn systemd_itself_understands_the_units() {
    let sandbox = with_init();
    let odd = "run: [web, \"50% $HOME\", \"a \\\"b\\\" \\\\ c\", \"\"], env: {A: \"x % $ ' y\"}, description: \"100%\"";
    sandbox.manifest(&TWO.replace("run: [web]", odd));
    sandbox.switch();
    let units = sandbox.profile().join("current/units");
    let verified = std::process::Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .args(["dgmo-db.service", "dgmo-web.service"].map(|unit| units.join(unit)))
        .env("XDG_RUNTIME_DIR", sandbox.root())
        .output();
    let Ok(verified) = verified else {
        eprintln!("skipped: there is no systemd-analyze on this machine");
        return;
    };
    let told = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success(), "{told}");
    // Those two are known since version 254.
    let newer = ["RestartSteps", "RestartMaxDelaySec"];
    let mut complaints = told.lines().filter(|line| line.contains("dgmo-"));
    assert!(
        complaints.all(|line| newer.iter().any(|key| line.contains(key))),
        "{told}"
    );
}

/// Else services would stay as they were, with a word that nobody runs them.
#[test]
fn who_cannot_be_asked_is_not_taken_for_nobody() {
    let sandbox = with_init();
    sandbox.manifest(TWO);
    sandbox.program("bin/systemctl", "\u{7f}ELF, and no more");
    let why = "whether an init system runs the services cannot be told: `systemctl`";
    sandbox.dgmo("switch").fails("DG3406").says(why);
    assert_eq!(sandbox.current(), 0);
    // What the hint says.
    sandbox.remove("bin/systemctl");
    sandbox.program("bin/systemctl", super::FAKE);
    sandbox.switch();
    sandbox.dgmo("status").works();
    sandbox.remove("bin/systemctl");
    sandbox.program("bin/systemctl", "\u{7f}ELF, and no more");
    sandbox.dgmo("status").fails("DG3406").says(why);
}
