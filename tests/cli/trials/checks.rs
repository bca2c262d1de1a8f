//! What must hold after a change.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::thread;

use super::asked_for;
use super::begun;
use super::is_back_at_one;

#[test]
fn a_required_check_that_fails_takes_the_change_back() {
    let sandbox = begun();
    asked_for(
        &sandbox,
        "checks:\n  good: {file: .b}\n  bad: {exec: [sh, -c, 'echo the reason; exit 4'], interval: 1ms, fail_after: 2}\n",
    );
    let ran = sandbox.dgmo("switch --json").exits(5);
    let report = ran.json();
    assert_eq!(report["outcome"], "rolled_back");
    assert_eq!(
        (&report["from"], &report["generation"]),
        (&1.into(), &1.into())
    );
    assert_eq!(report["error"]["code"], "DG3303");
    assert_eq!(report["error"]["exit"], 5);
    assert_eq!(report["trial"]["generation"], 2);
    let checks = report["trial"]["checks"].as_array().unwrap();
    assert_eq!(
        (&checks[0]["name"], &checks[0]["state"]),
        (&"bad".into(), &"failed".into())
    );
    assert_eq!(checks[0]["tries"], 2);
    assert_eq!(
        (&checks[1]["name"], &checks[1]["state"]),
        (&"good".into(), &"holds".into())
    );
    is_back_at_one(&sandbox);
    // It is tried again, and not taken for done; once it is mended it works.
    sandbox
        .dgmo("switch")
        .exits(5)
        .fails("DG3303")
        .says("the reason");
    asked_for(&sandbox, "checks: {good: {file: .b}}\n");
    sandbox.switch().says("1 check held");
    assert_eq!(sandbox.current(), 4);
    sandbox.dgmo("rollback").works();
    is_back_at_one(&sandbox);
}

#[test]
fn a_check_that_is_only_wanted_is_told() {
    let sandbox = begun();
    asked_for(
        &sandbox,
        "checks: {nice: {file: no/such, required: false, interval: 1ms}}\n",
    );
    sandbox.switch().says("nice (wanted only)").says("no/such");
    assert_eq!(sandbox.current(), 2);
}

#[test]
fn a_check_may_need_some_tries() {
    let sandbox = begun();
    let count = "[sh, -c, 'echo x >> $HOME/../tries; test $(wc -l < $HOME/../tries) -ge 4']";
    asked_for(
        &sandbox,
        &format!("checks: {{slow: {{exec: {count}, interval: 1ms, fail_after: 3}}}}\n"),
    );
    sandbox.dgmo("switch").exits(5);
    sandbox.remove("tries");
    asked_for(
        &sandbox,
        &format!("checks: {{slow: {{exec: {count}, interval: 1ms, fail_after: 4}}}}\n"),
    );
    sandbox.switch();
    sandbox.remove("tries");
    // Within the grace it may fail more often.
    asked_for(
        &sandbox,
        &format!(
            "env: {{A: b}}\nchecks: {{slow: {{exec: {count}, interval: 1ms, fail_after: 1, ok_after: 2, grace: 1m}}}}\n"
        ),
    );
    sandbox.switch();
    assert_eq!(sandbox.read("tries").lines().count(), 5);
}

/// A server on a free port that answers every request with `status`.
fn server(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 1024];
            // One that only connects says nothing.
            if stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\nlocation: /x\r\nconnection: close\r\n\r\n"
                );
                drop(stream.write_all(answer.as_bytes()));
            }
        }
    });
    address
}

#[test]
fn everything_that_can_be_looked_at_is_looked_at() {
    let sandbox = begun();
    sandbox.program(
        "bin/systemctl",
        "#!/bin/sh\necho \"$@\" >> $HOME/../asked\ntest \"$4\" = good.service || { echo inactive; exit 3; }\n",
    );
    let (ok, moved, gone) = (
        server("200 OK"),
        server("302 Found"),
        server("404 Not Found"),
    );
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    asked_for(
        &sandbox,
        &format!(
            "checks:\n  tcp: {{tcp: \"{ok}\"}}\n  web: {{http: \"http://{ok}/health\"}}\n  moved: {{http: \"http://{moved}/\"}}\n  \
             gone: {{http: \"http://{gone}/\", status: 404}}\n  file: {{file: ~/.b}}\n  unit: {{unit: good.service}}\n  \
             exec: {{exec: ['true']}}\n"
        ),
    );
    sandbox.switch().says("7 checks held");
    assert_eq!(sandbox.read("asked"), "--user is-active -- good.service\n");
    sandbox.dgmo("check").works().says("7 checks, all hold");
    for (check, why) in [
        (format!("tcp: \"{dead}\""), "does not accept a connection"),
        (format!("http: \"http://{dead}/\""), "does not answer"),
        (format!("http: \"http://{gone}/\""), "answers with 404"),
        (
            format!("http: \"http://{ok}/\", status: 204"),
            "answers with 200, not 204",
        ),
        ("file: .c".to_owned(), "No such file"),
        ("unit: bad.service".to_owned(), "is not active: inactive"),
        ("exec: [no-such-program]".to_owned(), "cannot be started"),
        (
            "exec: [sleep, '1000'], timeout: 100ms".to_owned(),
            "took too long",
        ),
    ] {
        asked_for(
            &sandbox,
            &format!("checks: {{it: {{{check}, interval: 1ms, fail_after: 1}}}}\n"),
        );
        sandbox.dgmo("switch").exits(5).fails("DG3303").says(why);
        assert_eq!(sandbox.current(), 2);
    }
}

#[test]
fn checks_can_be_looked_at_at_any_time() {
    let sandbox = begun();
    sandbox.dgmo("check").works().says("no checks");
    asked_for(
        &sandbox,
        "checks: {there: {file: .b, grace: 1h}, flag: {file: ../flag, required: false, interval: 1ms, grace: 1h}}\n",
    );
    sandbox.write("flag", "");
    sandbox.switch();
    sandbox.dgmo("check").works();
    sandbox.remove("flag");
    sandbox.dgmo("check").exits(3).says("flag (wanted only)");
    sandbox.dgmo("check there").works();
    let report = sandbox.dgmo("check --json").exits(3).json();
    assert_eq!(report["ok"], false);
    assert_eq!(report["checks"][0]["required"], false);
    assert_eq!(report["checks"][1]["state"], "holds");
    sandbox.dgmo("check other").fails("DG3308");
}
