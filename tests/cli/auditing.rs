//! Advisories against a lock: from files, folders, archives and servers, honest and hostile.

use std::io::Write;

use serde_json::Value;
use serde_json::json;

use super::Sandbox;
use super::npm::registry::Registry;

/// A record about a package of npm, from `from` up to `fixed`.
fn record(id: &str, name: &str, from: &str, fixed: &str) -> Value {
    json!({
        "schema_version": "1.6.0", "id": id, "modified": "2026-01-01T00:00:00Z",
        "aliases": [format!("CVE-{id}")], "summary": format!("{name} can be \u{1b}[31mtricked"),
        "affected": [{
            "package": {"ecosystem": "npm", "name": name},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": from}, {"fixed": fixed}]}]
        }],
        "database_specific": {"severity": "HIGH"}
    })
}

/// A tool that needs a library, both of npm, locked and not switched to.
fn locked() -> (Sandbox, Registry) {
    let sandbox = Sandbox::new();
    let registry = Registry::new();
    registry.publish(&sandbox, "library@1.4.0", json!({}), &[("index.js", "")]);
    let about = json!({"bin": "cli.js", "dependencies": {"library": "1"}});
    registry.publish(&sandbox, "tool@2.0.0", about, &[("cli.js", "#!/bin/sh\n")]);
    sandbox.manifest(&format!(
        "{}packages: {{tool: {{npm: tool}}, mine: {{path: ./mine}}}}\n",
        registry.sources()
    ));
    sandbox.program("work/mine", "#!/bin/sh\n");
    sandbox.dgmo("lock").works();
    (sandbox, registry)
}

fn write(sandbox: &Sandbox, path: &str, record: &Value) {
    sandbox.write(path, record.to_string());
}

#[test]
fn a_piece_deep_in_a_package_is_found() {
    let (sandbox, _registry) = locked();
    write(
        &sandbox,
        "work/osv/a.json",
        &record("EX-1", "library", "0", "1.4.1"),
    );
    write(
        &sandbox,
        "work/osv/below/b.json",
        &record("EX-2", "library", "0", "1.4.0"),
    );
    write(
        &sandbox,
        "work/osv/c.json",
        &record("EX-3", "other", "0", "9"),
    );
    let mut taken_back = record("EX-4", "tool", "0", "9");
    taken_back["withdrawn"] = json!("2026-02-01T00:00:00Z");
    write(&sandbox, "work/osv/d.json", &taken_back);
    let ran = sandbox.dgmo("audit --osv osv").exits(3);
    let ran = ran.says("EX-1").says("1.4.1").says("high").says("library");
    ran.says("mine: no advisories")
        .says("1 finding")
        .says_nothing_of("\u{1b}[31m");
    let report = sandbox.dgmo("audit --osv osv --json").exits(3).json();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report}");
    assert_eq!(findings[0]["package"], "tool");
    assert_eq!(findings[0]["severity"], "high");
    assert_eq!(report["checked"], 2, "{report}");
    assert_eq!(report["advisories"], 4);

    sandbox
        .dgmo("audit --osv osv --fail-on critical")
        .works()
        .says("EX-1");
    sandbox.dgmo("audit --osv osv --fail-on never").works();
    let ran = sandbox.dgmo("audit --osv osv --ignore CVE-EX-1").works();
    ran.says("EX-1 is ignored").says("nothing found");
    // Nothing was changed by looking.
    assert!(!sandbox.exists("home/profiles"));
}

#[test]
fn the_same_told_by_two_databases_is_told_once() {
    let (sandbox, _registry) = locked();
    let one = record("EX-1", "library", "1.0.0", "1.5.0");
    let mut other = record("ZZ-9", "library", "0", "1.5.0");
    other["aliases"] = json!(["EX-1"]);
    let mut first = one.clone();
    first["aliases"] = json!(["ZZ-9"]);
    sandbox.write(
        "work/all.json",
        json!({"vulns": [first, other]}).to_string(),
    );
    let report = sandbox.dgmo("audit --osv all.json --json").exits(3).json();
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report}");
    // A list of versions is enough, and a vector tells how bad it is.
    let listed = json!([{"id": "EX-5", "severity": [{"type": "CVSS_V3",
        "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{"package": {"ecosystem": "npm", "name": "tool"}, "versions": ["2.0.0"]}]}]);
    sandbox.write("work/all.json", listed.to_string());
    let report = sandbox.dgmo("audit --osv all.json --json").exits(3).json();
    assert_eq!(report["findings"][0]["severity"], "critical", "{report}");
}

#[test]
fn hostile_records_are_named_and_passed_over() {
    let (sandbox, _registry) = locked();
    let good = record("EX-1", "library", "0", "1.4.1").to_string();
    let mut odd = record("EX-7", "library", "nonsense", "2");
    odd["affected"][0]["versions"] = json!([]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let entries: Vec<(&str, Vec<u8>)> = vec![
        ("a.json", b"{\"id\": ".to_vec()),
        ("b.json", b"\xff\xfe".to_vec()),
        ("c.json", deep.into_bytes()),
        ("d.json", odd.to_string().into_bytes()),
        ("e.json", b"{\"id\": \"X\", \"affected\": [{\"ranges\": [{\"type\": \"SEMVER\", \"events\": [{}]}]}]}".to_vec()),
        ("../../f.json", good.into_bytes()),
        ("g.json", vec![b' '; 17 << 20]),
        ("README", b"no record".to_vec()),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    sandbox.write("work/all.zip", archive.finish().unwrap().into_inner());
    let ran = sandbox.dgmo("audit --osv all.zip --json").exits(3);
    let report = ran.json();
    assert_eq!(report["findings"][0]["id"], "EX-1", "{report}");
    assert_eq!(report["not_read_count"], 6, "{report}");
    sandbox
        .dgmo("audit --osv all.zip")
        .exits(3)
        .says("a.json in all.zip is passed over");
    sandbox.write("work/all.zip", b"PK\x03\x04 and no archive");
    sandbox.dgmo("audit --osv all.zip").exits(1).says("all.zip");
    sandbox.dgmo("audit --osv nothing").exits(1).says("nothing");
    sandbox.write("work/half.json", "{");
    sandbox.sh("mkdir empty").works();
    for place in ["half.json", "empty"] {
        sandbox
            .dgmo(&format!("audit --osv {place}"))
            .exits(2)
            .says("has no advisory that can be read");
    }
    sandbox.dgmo("audit").exits(2).says("--osv");
    sandbox.remove("work/dgmo.lock");
    sandbox
        .dgmo("audit --osv all.zip")
        .exits(2)
        .says("dgmo lock");
}

#[test]
fn advisories_of_a_server_are_kept_for_a_time_without_it() {
    let (sandbox, registry) = locked();
    let all = record("EX-1", "library", "0", "1.4.1").to_string();
    registry.change(|state| {
        state.instead.insert("osv/all.json".to_owned(), all);
    });
    let line = format!("audit --osv {}/osv/all.json", registry.url());
    sandbox.dgmo(&format!("{line} --offline")).exits(1);
    sandbox.dgmo(&line).exits(3).says("EX-1");
    registry.asked();
    sandbox
        .dgmo(&format!("{line} --offline"))
        .exits(3)
        .says("EX-1");
    assert!(registry.asked().is_empty());
}

/// The manifest of `sandbox` with these lines in place of its first one.
fn rewrite(sandbox: &Sandbox, registry: &Registry, more: &str, audit: &str) {
    let sources = format!("sources: {{npm: {{url: \"{}\"}}{more}}}\n", registry.url());
    sandbox.manifest(&format!(
        "{sources}{audit}packages: {{tool: {{npm: tool}}, mine: {{path: ./mine}}}}\n"
    ));
}

#[test]
fn the_manifest_says_where_advisories_are_and_what_is_ignored() {
    let (sandbox, registry) = locked();
    sandbox
        .dgmo("audit")
        .exits(2)
        .says("it is not said where advisories are")
        .says("osv: {url:");
    let all = json!([
        record("EX-1", "library", "0", "1.4.1"),
        record("EX-2", "tool", "0", "3.0.0"),
    ]);
    registry.change(|state| {
        state
            .instead
            .insert("osv/all.json".to_owned(), all.to_string());
    });
    let osv = format!(
        ", osv: {{url: \"{0}/osv/none.json\", mirrors: [\"{0}/osv/all.json\"]}}",
        registry.url()
    );
    rewrite(&sandbox, &registry, &osv, "");
    sandbox.dgmo("audit").exits(3).says("EX-1").says("EX-2");
    let audit = "audit:\n  ignore:\n    - {id: CVE-EX-1, reason: not reachable here, until: 2026-03-01}\n    \
                 - {id: EX-2, reason: \"nobody, ever\"}\n    - {id: EX-3, reason: typed wrongly}\n";
    rewrite(&sandbox, &registry, &osv, audit);
    let ran = sandbox.dgmo("audit").works();
    ran.says("CVE-EX-1 is ignored until 2026-03-01: not reachable here")
        .says("EX-2 is ignored: nobody, ever")
        .says("EX-3 is to be ignored, and no advisory that was read has that name")
        .says("nothing found, 2 ignored");
    let report = sandbox.dgmo("audit --json").works().json();
    assert_eq!(report["ignored"][0]["id"], "CVE-EX-1", "{report}");
    assert_eq!(report["ignored"][0]["count"], 1, "{report}");
    assert_eq!(report["unknown_ignored"][0], "EX-3", "{report}");
    // It comes back on its day.
    let march = [("DGMO_NOW", "1772323200")];
    let ran = sandbox.run_with(&["audit"], &march).exits(3);
    ran.says("EX-1 was ignored until 2026-03-01")
        .says("1 finding, 1 ignored");
    let day_before = [("DGMO_NOW", "1772323199")];
    sandbox.run_with(&["audit"], &day_before).works();
    // What the command says holds as well; a place it names goes before that of the manifest.
    sandbox
        .run_with(&["audit", "--ignore", "EX-1"], &march)
        .works();
    write(
        &sandbox,
        "work/other.json",
        &record("EX-9", "tool", "0", "9.0.0"),
    );
    sandbox
        .dgmo("audit --osv other.json")
        .exits(3)
        .says("EX-9")
        .says_nothing_of("EX-1 is ignored until");
    // None of it changes what is locked.
    sandbox.dgmo("lock --check").works();
}

#[test]
fn what_cannot_be_read_among_others_is_told_with_a_hint() {
    let (sandbox, _registry) = locked();
    write(
        &sandbox,
        "work/osv/a.json",
        &record("EX-1", "library", "0", "1.4.1"),
    );
    sandbox.write("work/osv/b.zip", b"PK\x03\x04 and no archive");
    sandbox.write("work/osv/c.json", "{");
    let ran = sandbox.dgmo("audit --osv osv").exits(3);
    ran.says("EX-1")
        .says("osv/b.zip is passed over")
        .says("osv/c.json is passed over")
        .says("hint: what could not be read may hide something; all else was looked at");
    let report = sandbox.dgmo("audit --osv osv --json").exits(3).json();
    assert_eq!(report["not_read_count"], 2, "{report}");
    assert!(report["hint"].as_str().unwrap().contains("b.zip"));
}

#[test]
fn publishers_are_heard_of_pieces_too() {
    let (sandbox, registry) = locked();
    sandbox.dgmo("audit --withdrawn").works();
    let about = json!({"deprecated": "use another\u{1b}[31m"});
    registry.publish(&sandbox, "library@1.4.0", about, &[("index.js", "")]);
    let ran = sandbox.dgmo("audit --withdrawn").works();
    ran.says("library 1.4.0 of tool is advised against by its publisher: use another")
        .says_nothing_of("\u{1b}[31m");
    let report = sandbox.dgmo("audit --withdrawn --json").works().json();
    let said = &report["withdrawn"][0];
    assert_eq!(said["piece"], "library", "{report}");
    assert_eq!(said["is_advice"], true, "{report}");
    // One that is not there any more was withdrawn.
    let gone = json!({"name": "library", "dist-tags": {}, "versions": {}}).to_string();
    registry.change(|state| {
        state.instead.insert("library".to_owned(), gone);
    });
    sandbox
        .dgmo("audit --withdrawn")
        .exits(3)
        .says("library 1.4.0 of tool was withdrawn");
    sandbox.dgmo("audit --withdrawn --fail-on never").works();
    registry.change(|state| {
        state.instead.insert("library".to_owned(), "no".to_owned());
    });
    sandbox
        .dgmo("audit --withdrawn")
        .works()
        .says("tool: library:");
}
