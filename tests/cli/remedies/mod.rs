//! Every code there is, provoked through the real program, and its remedy carried out word for word.
//!
//! [`proof`] names every code without a wildcard: one that is added does not compile here before it has its line.

mod archives;
mod catalogues;
mod drift;
mod files;
mod finding;
mod health;
mod manifest;
mod network;
mod running;
mod services;
mod store;
mod trials;

use std::process::Command;

use dgmo_schema::code::Code;

use super::Sandbox;
use super::support::Ran;

/// How it is shown that a code and its remedy are true.
enum Proof {
    /// The trouble is made, seen, mended, and gone.
    Seen(Trouble),
    /// A check finds it: it is made, found, mended as its remedy says, and gone.
    Found(Ill),
    /// A test of its own shows it; it needs a server or a fault.
    Own(fn()),
    /// It cannot be made from outside; here is why.
    Unreachable(&'static str),
}

/// Something that a check finds.
struct Ill {
    /// Makes it.
    make: fn(&Sandbox),
    /// The command that finds it.
    command: &'static str,
    /// What a person does first, where the remedy is no command.
    hands: Option<fn(&Sandbox)>,
}

/// Codes that no command can be made to tell, or not here: each has its reason in its line. The list only gets shorter.
const NOT_PROVOKED: &[Code] = &[
    // Not given any more. The code stays because codes are for ever.
    Code::ManifestChanged,
    Code::PlaceholderUnknown,
    Code::VersionMissing,
    Code::SystemNotLocked,
    Code::InsertBroken,
    Code::NotConfirmed,
];

#[test]
fn every_code_is_provoked_or_stands_in_the_short_list() {
    let excused: Vec<Code> = Code::ALL
        .iter()
        .copied()
        .filter(|code| matches!(proof(*code), Proof::Unreachable(_)))
        .collect();
    assert_eq!(excused, NOT_PROVOKED);
}

#[test]
fn a_code_that_is_not_raised_any_more_is_raised_nowhere() {
    let given_no_more = [
        "Code::ManifestChanged",
        "Code::PlaceholderUnknown",
        "Code::VersionMissing",
        "Code::SystemNotLocked",
        "Code::InsertBroken",
        "Code::NotConfirmed",
    ];
    let raises = |text: &str| given_no_more.iter().any(|code| text.contains(code));
    let mut folders = vec!["src".into(), "store/src".into(), "schema/src".into()];
    while let Some(folder) = folders.pop() {
        let folder: std::path::PathBuf = folder;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!raises(&text), "{} raises it", path.display());
            }
        }
    }
}

/// Makes the ill, sees it found, does what its remedy says, word for word, and sees it gone.
fn find(code: Code, ill: &Ill) {
    let sandbox = Sandbox::new();
    (ill.make)(&sandbox);
    let command = format!("dgmo {}", ill.command);
    sandbox.sh(&command).exits(3).says(code.as_str());
    let document = sandbox.sh(&format!("{command} --json")).exits(3).json();
    let found = finding_in(&document, code.as_str());
    let found = found.unwrap_or_else(|| panic!("{code} is not in the document: {document}"));
    let remedy = match (found["state"].as_str(), found["remedy"]["run"].as_str()) {
        (Some("would-repair"), _) => "dgmo repair".to_owned(),
        (_, Some(remedy)) => remedy.to_owned(),
        _ => {
            assert!(
                found["remedy"]["do"].is_string(),
                "{code} has no remedy: {found}"
            );
            "true".to_owned()
        }
    };
    if let Some(hands) = ill.hands {
        hands(&sandbox);
    }
    // In one shell, since a remedy may be for the shell itself.
    let ran = sandbox.sh(&format!("{remedy} >/dev/null; {command}"));
    assert!(
        !ran.stdout.contains(code.as_str()),
        "{code}: the remedy does not help: {ran}"
    );
}

fn finding_in(document: &serde_json::Value, code: &str) -> Option<serde_json::Value> {
    let of = |findings: &serde_json::Value| {
        let findings = findings.as_array()?;
        findings.iter().find(|found| found["code"] == code).cloned()
    };
    of(&document["findings"]).or_else(|| {
        let checks = document["checks"].as_array()?;
        checks.iter().find_map(|check| of(&check["findings"]))
    })
}

/// A trouble and the way out of it.
struct Trouble {
    /// Makes it.
    make: fn(&Sandbox),
    /// The command that meets it.
    command: &'static str,
    /// Words of the hint; empty where none can be given.
    hint: &'static str,
    mend: Mend,
    /// The command that works afterwards; empty: the same.
    then: &'static str,
}

/// What a person does after reading the hint.
enum Mend {
    /// Exactly the command in it.
    Run,
    /// What its words say.
    Hands(fn(&Sandbox)),
}

impl Trouble {
    const fn new(
        make: fn(&Sandbox),
        command: &'static str,
        hint: &'static str,
        mend: Mend,
    ) -> Self {
        Self {
            make,
            command,
            hint,
            mend,
            then: "",
        }
    }

    const fn then(self, then: &'static str) -> Self {
        Self { then, ..self }
    }
}

/// Makes the trouble, sees it in words and as a document, does what the hint says, and sees it gone.
fn show(code: Code, trouble: &Trouble) {
    let sandbox = Sandbox::new();
    (trouble.make)(&sandbox);
    let ran = sandbox.sh(&format!("dgmo {}", trouble.command));
    let command = is_told(code, &ran, trouble.hint);
    // What comes after `--` is for the command that is run.
    let (own, others) = match trouble.command.split_once(" -- ") {
        Some((own, others)) => (own, format!(" -- {others}")),
        None => (trouble.command, String::new()),
    };
    let document = sandbox.sh(&format!("dgmo {own} --json{others}"));
    let error = document.json()["error"].clone();
    assert_eq!(error["code"], code.as_str(), "{document}");
    assert_eq!(error["exit"], document.exit, "{document}");
    match trouble.mend {
        Mend::Run => {
            let command = command.unwrap_or_else(|| panic!("{code} suggests no command: {ran}"));
            sandbox.sh(&command).works();
        }
        Mend::Hands(mend) => mend(&sandbox),
    }
    let then = if trouble.then.is_empty() {
        trouble.command
    } else {
        trouble.then
    };
    let after = sandbox.sh(&format!("dgmo {then}"));
    assert_eq!(after.exit, 0, "{code}: the remedy does not help: {after}");
}

/// `ran` failed with `code` and said `hint`. Gives the command that is suggested.
#[track_caller]
fn is_told(code: Code, ran: &Ran, hint: &str) -> Option<String> {
    let ran = ran.clone().fails(code.as_str());
    assert!(ran.stdout.is_empty(), "{ran}");
    let told = ran
        .stderr
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("hint: "));
    if hint.is_empty() {
        assert!(
            told.is_none(),
            "{code} has a hint that this test does not know of: {ran}"
        );
        return None;
    }
    assert!(
        told.is_some_and(|told| told.contains(hint)),
        "{code} does not hint at `{hint}`: {ran}"
    );
    let command = told?.strip_prefix("run `")?.strip_suffix('`')?;
    Some(command.to_owned())
}

/// Shows what `codes` promise.
fn show_all(from: &str, to: &str) {
    let codes = Code::ALL
        .iter()
        .filter(|code| (from..to).contains(&code.as_str()));
    // One that is not true must not hide the others.
    let wrong: Vec<&Code> = codes
        .filter(|code| std::panic::catch_unwind(|| show_one(**code)).is_err())
        .collect();
    assert!(wrong.is_empty(), "not as promised: {wrong:?}");
}

fn show_one(code: Code) {
    match proof(code) {
        Proof::Seen(trouble) => show(code, &trouble),
        Proof::Found(ill) => find(code, &ill),
        Proof::Own(test) => test(),
        Proof::Unreachable(why) => assert!(!why.is_empty(), "{code}"),
    }
}

#[test]
fn what_the_codes_of_manifests_and_locks_suggest_helps() {
    show_all("DG1000", "DG1200");
}

#[test]
fn what_the_codes_of_sources_suggest_helps() {
    show_all("DG1200", "DG2000");
}

#[test]
fn what_the_codes_of_the_store_suggest_helps() {
    show_all("DG2000", "DG2100");
}

#[test]
fn what_the_codes_of_archives_suggest_helps() {
    show_all("DG2100", "DG3000");
}

#[test]
fn what_the_codes_of_generations_and_the_command_line_suggest_helps() {
    show_all("DG3000", "DG3300");
    show_all("DG3400", "DG3500");
    show_all("DG3600", "DG3800");
    show_all("DG3900", "DG9999");
}

#[test]
fn what_the_codes_of_drift_and_secrets_suggest_helps() {
    show_all("DG3500", "DG3600");
}

#[test]
fn what_the_codes_of_trials_suggest_helps() {
    show_all("DG3300", "DG3400");
}

#[test]
fn what_the_codes_of_repairs_suggest_helps() {
    show_all("DG3800", "DG3900");
}

#[test]
fn every_code_can_be_explained_and_its_page_names_commands_that_exist() {
    let sandbox = Sandbox::new();
    let commands = sandbox.dgmo("help").works().stdout;
    for code in Code::ALL {
        let page = sandbox.run(&["explain", code.as_str()]).works().stdout;
        for quoted in page.split('`').skip(1).step_by(2) {
            let Some(rest) = quoted.strip_prefix("dgmo ") else {
                continue;
            };
            let word = rest.split_whitespace().next().unwrap_or_default();
            let known = word.starts_with('-')
                || word.chars().any(char::is_uppercase)
                || word == "help"
                || commands.contains(&format!("\n  {word} "));
            assert!(
                known,
                "the page of {code} names `{quoted}`, which there is not"
            );
        }
    }
}

/// The command with a fault in it, as a disk would give it.
fn with_fault(sandbox: &Sandbox, line: &str, fault: &str) -> Ran {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("dgmo {line}")]);
    sandbox.furnish(&mut command);
    command.env("DGMO_FAULT", fault);
    Ran::new(format!("{line} with {fault}"), &command.output().unwrap())
}

/// A disk that fails with `error` from some step of `line` on: `code` is told at one of them, and all works afterwards.
fn show_fault(code: Code, line: &str, error: &str, hint: &str) {
    if !cfg!(feature = "fault-injection") {
        return;
    }
    let sandbox = Sandbox::new();
    files::plain(&sandbox);
    let told = (0..150).find_map(|step| {
        let ran = with_fault(&sandbox, line, &format!("fail-from:{step}:{error}"));
        ran.stderr.contains(code.as_str()).then_some(ran)
    });
    is_told(
        code,
        &told.unwrap_or_else(|| panic!("no step of `{line}` tells {code}")),
        hint,
    );
    sandbox.sh(&format!("dgmo {line}")).works();
    sandbox.switch();
    sandbox.dgmo("status").works();
    sandbox.dgmo("store verify").works();
}

const NOT_GIVEN_ANY_MORE: &str = "nothing in the program gives it; codes are for ever";

fn proof(code: Code) -> Proof {
    let number: u32 = code.as_str()[2..]
        .parse()
        .expect("a code ends in four digits");
    match number {
        1000..1200 => manifest::proof(code),
        1214 | 1220..1230 | 1235 | 1240..1244 | 1283 => catalogues::proof(code),
        1200..2000 => network::proof(code),
        2000..2100 => store::proof(code),
        2100..3000 => archives::proof(code),
        3300..3400 => trials::proof(code),
        3400..3500 => services::proof(code).unwrap_or_else(|| panic!("{code} has no proof")),
        3500..3600 => drift::proof(code),
        3600..3700 => running::proof(code),
        3700..3800 => finding::proof(code),
        3800..3900 => health::proof(code),
        _ => files::proof(code),
    }
}

/// Starts `dgmo switch` while somebody holds the profile, has `meanwhile` done when it has read everything and waits,
/// and gives what it said in the end.
fn switch_while(sandbox: &Sandbox, meanwhile: fn(&Sandbox)) -> Ran {
    use std::io::BufRead;
    use std::io::BufReader;
    use std::io::Read;
    let lock = std::fs::File::open(sandbox.profile().join("lock")).unwrap();
    lock.lock().unwrap();
    let mut child = sandbox
        .command(&["switch"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    while !stderr.contains("waiting") {
        assert_ne!(
            said.read_line(&mut stderr).unwrap(),
            0,
            "it did not wait: {stderr}"
        );
    }
    meanwhile(sandbox);
    drop(lock);
    said.read_to_string(&mut stderr).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = stderr.into_bytes();
    Ran::new("switch, after a wait".to_owned(), &output)
}
