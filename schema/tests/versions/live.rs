//! Asks each ecosystem's own implementation again, where it is installed; else says that it was not asked.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test starts the programs it compares with, and says which are not there"
)]

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use crate::sample;

/// How a script says that what it asks is not there.
const NOT_THERE: i32 = 77;

/// Runs a script with a sample on its input. It has to say the same sample.
fn ask(program: &str, script: &str, arguments: &[&str], name: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/versions")
        .join(script);
    let started = Command::new(program)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        println!("skipped {name}: there is no `{program}`");
        return;
    };
    let mut input = child.stdin.take().unwrap();
    let text = sample(name);
    let sent = text.clone();
    // Whoever ends early has not read it all; how it ended is looked at below.
    let writer = std::thread::spawn(move || input.write_all(sent.as_bytes()).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    if output.status.code() == Some(NOT_THERE) {
        println!("skipped {name}: `{program}` does not have what it takes");
        return;
    }
    assert!(output.status.success(), "{name}: {}", output.status);
    let again = String::from_utf8(output.stdout).unwrap();
    for (index, (kept, said)) in text.lines().zip(again.lines()).enumerate() {
        assert_eq!(kept, said, "{name}:{}", index + 1);
    }
    assert_eq!(text.len(), again.len(), "{name}");
}

#[test]
fn packaging_says_the_same() {
    for (deed, name) in [
        ("order", "pep440.order"),
        ("ranges", "pep440.ranges"),
        ("markers", "python.markers"),
        ("tags", "python.tags"),
    ] {
        ask("python3", "python.py", &[deed], name);
    }
}

#[test]
fn rattler_says_the_same() {
    ask("python3", "conda.py", &["order"], "conda.order");
    ask("python3", "conda.py", &["ranges"], "conda.ranges");
}

#[test]
fn npm_says_the_same() {
    let Ok(root) = Command::new("npm").args(["root", "-g"]).output() else {
        println!("skipped: there is no `npm`");
        return;
    };
    let npm = format!("{}/npm", String::from_utf8_lossy(&root.stdout).trim());
    ask("node", "npm.js", &["order", &npm], "npm.order");
    ask("node", "npm.js", &["ranges", &npm], "npm.ranges");
}

/// One call for each pair is slow, so each thirtieth is asked; whoever made the sample asked them all.
#[test]
fn dpkg_says_the_same() {
    let text = sample("debian.order");
    let lines: Vec<&str> = text.lines().collect();
    let says = |left: &str, relation: &str, right: &str| {
        Command::new("dpkg")
            .args(["--compare-versions", left, relation, right])
            .status()
            .map(|status| status.success())
    };
    for pair in lines.windows(2).step_by(30) {
        let [left, right] = [pair[0], pair[1]].map(|line| line.split(" = ").next().unwrap());
        let Ok(less) = says(left, "lt", right) else {
            println!("skipped: there is no `dpkg`");
            return;
        };
        assert!(less, "{left} < {right}");
    }
    for line in lines.iter().filter(|line| line.contains(" = ")) {
        let (left, right) = line.split_once(" = ").unwrap();
        let right = right.split(" = ").next().unwrap();
        assert!(says(left, "eq", right).unwrap(), "{line}");
    }
}
