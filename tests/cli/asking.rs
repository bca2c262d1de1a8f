//! Asking for help, asking wrongly, being quiet, pipes that close.

use std::io::Read;
use std::process::Command;
use std::process::Stdio;

use super::Sandbox;

const COMMANDS: &[&str] = &[
    "init",
    "import",
    "add",
    "remove",
    "lock",
    "update",
    "vendor",
    "mirror",
    "switch",
    "rollback",
    "confirm",
    "check",
    "generations",
    "status",
    "edit",
    "adopt",
    "restore",
    "diff",
    "bisect",
    "history",
    "profiles",
    "run",
    "exec",
    "shell",
    "env",
    "hook",
    "allow",
    "deny",
    "which",
    "why",
    "tree",
    "outdated",
    "audit",
    "search",
    "info",
    "gc",
    "repair",
    "doctor",
    "services",
    "store",
    "explain",
    "uninstall",
    "completions",
];

#[test]
fn the_help_of_every_command_teaches_with_examples() {
    let sandbox = Sandbox::new();
    let all = sandbox
        .dgmo("help")
        .works()
        .says("Examples:")
        .says("Exit codes:");
    for command in COMMANDS {
        assert!(all.stdout.contains(&format!("  {command} ")), "{all}");
        for line in [format!("{command} --help"), format!("help {command}")] {
            let help = sandbox.dgmo(&line).works();
            assert!(help.stdout.contains("Usage: dgmo"), "{help}");
            assert!(
                help.stdout.contains("Examples:\n  dgmo")
                    || help.stdout.contains("Examples:\n  eval"),
                "{help}"
            );
            let first = help.stdout.lines().next().unwrap();
            assert!(
                !first.ends_with('.') && first.starts_with(char::is_uppercase),
                "{first}"
            );
            assert!(help.stderr.is_empty(), "{help}");
        }
    }
    let listed = all.stdout.split("Options:").next().unwrap();
    let listed: Vec<&str> = listed
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        // What is indented deeper goes on with the line above.
        .filter_map(|line| {
            line.strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))
        })
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help")
        .collect();
    assert!(listed.len() >= COMMANDS.len(), "{listed:?}");
    for command in listed {
        assert!(
            COMMANDS.contains(&command),
            "`{command}` is in no list of tests/cli/asking.rs"
        );
    }
}

#[test]
fn the_program_alone_says_where_you_stand_and_what_is_next() {
    let sandbox = Sandbox::new();
    sandbox
        .dgmo("")
        .works()
        .says("nothing has been switched to yet")
        .says("dgmo init");
    sandbox.dgmo("init").works();
    sandbox.dgmo("").works().says("next: `dgmo switch`");
    sandbox.switch();
    sandbox.dgmo("").works().says("generation 1 is current");
    // What is broken is not taken for what is not there.
    sandbox.write("home/meta.json", "{");
    sandbox.dgmo("").exits(1).fails("DG2013");
}

#[test]
fn asking_wrongly_ends_with_2() {
    let sandbox = Sandbox::with("");
    for line in [
        "frobnicate",
        "switch --frobnicate",
        "switch --wait soon",
        "generations label",
        "generations label 1 12",
        "rollback 1 2",
        "explain DG0000",
        "env --shell csh",
        "env --at 1 --follow",
        "add no-such-tool",
        "switch -q -v",
        "generations prune --keep weeks=2",
        "switch --profile ../x",
    ] {
        let ran = sandbox.dgmo(line).exits(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran}");
        let json = sandbox.dgmo(&format!("{line} --json")).exits(2);
        let error = &json.json()["error"];
        assert_eq!(error["exit"], 2, "{json}");
        assert_eq!(error["code"], "DG4001", "{json}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(json.stderr.is_empty(), "{json}");
    }
    assert!(!sandbox.exists("home"));
}

#[test]
fn quiet_says_nothing_but_what_was_asked_for() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    for line in [
        "switch -q",
        "status -q",
        "rollback 0 -q",
        "switch -q --backup",
    ] {
        let ran = sandbox.dgmo(line).works();
        assert!(ran.stderr.is_empty(), "{ran}");
    }
    sandbox.dgmo("rollback 99 -q").exits(1).fails("DG3001");
}

#[test]
fn no_colour_and_no_bars_without_a_terminal() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    let ran = sandbox.switch();
    assert!(
        !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
        "{ran}"
    );
    sandbox
        .dgmo("rollback 9")
        .exits(1)
        .says_nothing_of("\u{1b}");
    let colour = sandbox
        .run_with(&["status"], &[("CLICOLOR_FORCE", "1")])
        .works();
    assert!(colour.stdout.contains('\u{1b}'), "{colour}");
    let both = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
    sandbox
        .run_with(&["status"], &both)
        .works()
        .says_nothing_of("\u{1b}");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let sandbox = Sandbox::with("files: {.a: {text: a}}\n");
    sandbox.switch();
    for line in [
        "explain",
        "help",
        "completions bash",
        "generations list",
        "status --json",
    ] {
        let mut command = sandbox.command(&line.split(' ').collect::<Vec<_>>());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{line}: {status}: {said}");
        assert!(said.is_empty(), "{line}: {said}");
    }
}

#[test]
fn the_version_is_told_without_any_environment() {
    let output = Command::new(env!("CARGO_BIN_EXE_dgmo"))
        .arg("--version")
        .env_clear()
        .current_dir("/")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, format!("dgmo {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_are_there_for_each_shell() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell", "nu"] {
        sandbox
            .dgmo(&format!("completions {shell}"))
            .works()
            .says("DGMO_COMPLETE");
    }
    let script = sandbox.dgmo("completions bash").works().stdout;
    sandbox.write("work/completion", script);
    sandbox.sh("bash -n completion").works();
}

/// What bash offers for a line, as its own function finds it.
fn offered(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let script = format!(
        "eval \"$(dgmo completions bash)\"; COMP_WORDS=({}); COMP_CWORD={}; COMP_TYPE=9; \
         compopt() {{ :; }}; _clap_complete_dgmo dgmo \"${{COMP_WORDS[COMP_CWORD]}}\" \"\"; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(" "),
        words.len() - 1,
    );
    sandbox.write("work/complete.sh", script);
    let ran = sandbox.sh("bash --norc complete.sh").works();
    ran.stdout.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn completions_know_what_there_is_now() {
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\nfiles: {.a: {text: a}}\n");
    sandbox.program("work/tool/bin/hammer", "#!/bin/sh\n");
    sandbox.dgmo("switch --label works").works();
    sandbox.manifest("packages: {tool: {path: ./tool}}\n");
    sandbox.switch();
    sandbox.dgmo("switch --profile other").works();
    for (line, expected) in [
        ("dgmo rollb", "rollback"),
        ("dgmo rollback ", "works"),
        ("dgmo rollback ", "2"),
        ("dgmo generations show w", "works"),
        ("dgmo diff 1 ", "2"),
        ("dgmo run ", "tool"),
        ("dgmo run tool --bin ", "hammer"),
        ("dgmo which h", "hammer"),
        ("dgmo remove t", "tool"),
        ("dgmo why t", "tool"),
        ("dgmo status --profile o", "other"),
        ("dgmo explain DG300", "DG3001"),
        ("dgmo env --shell f", "fish"),
        ("dgmo switch --dry", "--dry-run"),
    ] {
        let offered = offered(&sandbox, line);
        assert!(
            offered.iter().any(|word| word.trim() == expected),
            "`{line}` is offered {offered:?}"
        );
    }
    // Of the home that the line names; what is added is not there yet.
    let elsewhere = offered(&sandbox, "dgmo --home /nowhere rollback ");
    assert!(!elsewhere.iter().any(|word| word.trim() == "works"));
    assert!(
        !offered(&sandbox, "dgmo add t")
            .iter()
            .any(|word| word.trim() == "tool")
    );
}
