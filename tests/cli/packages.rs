//! Packages: what is shown of them, who wins, and the environment to find them.

use std::process::Command;

use super::Sandbox;

fn two_tools(more: [&str; 2]) -> Sandbox {
    let sandbox = Sandbox::with(&format!(
        "packages:\n  one: {{path: ./one{}}}\n  two: {{path: ./two{}}}\n",
        more[0], more[1]
    ));
    for name in ["one", "two"] {
        sandbox.program(
            &format!("work/{name}/bin/tool"),
            &format!("#!/bin/sh\necho {name}\n"),
        );
        sandbox.program(
            &format!("work/{name}/bin/{name}"),
            &format!("#!/bin/sh\necho {name}\n"),
        );
        sandbox.write(format!("work/{name}/share/doc/{name}"), name);
        sandbox.write(format!("work/{name}/share/same"), "same");
    }
    sandbox
}

#[test]
fn packages_that_clash_are_told_by_path_and_name() {
    let sandbox = two_tools(["", ""]);
    let before = sandbox.target();
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG3010")
        .says("`bin/tool`: `one` and `two`")
        .says("priority")
        .says_nothing_of("share/same");
    before.assert_same(&sandbox.target(), "a refused switch changed something");
    assert_eq!(sandbox.current(), 0);
}

#[test]
fn a_higher_priority_wins() {
    for (more, winner) in [
        (["", ", priority: 1"], "two"),
        ([", priority: 3", ", priority: -3"], "one"),
    ] {
        let sandbox = two_tools(more);
        sandbox.switch();
        let bin = sandbox.profile().join("current/view/bin");
        assert!(sandbox.read(bin.join("tool")).contains(winner));
        assert!(sandbox.read(bin.join("one")).contains("one"));
        assert!(sandbox.read(bin.join("two")).contains("two"));
    }
}

#[test]
fn bin_chooses_the_programs_that_are_shown() {
    let sandbox = two_tools([", bin: [one]", ", bin: [bin/two, tool]"]);
    sandbox.switch();
    let bin = sandbox.profile().join("current/view/bin");
    assert!(sandbox.read(bin.join("tool")).contains("two"));
    assert!(sandbox.exists(bin.join("one")) && sandbox.exists(bin.join("two")));
    let share = sandbox.profile().join("current/view/share/doc");
    assert_eq!(
        sandbox.read(share.join("one")) + &sandbox.read(share.join("two")),
        "onetwo"
    );
}

#[test]
fn a_program_that_is_not_there_is_told_with_those_that_are() {
    let sandbox = two_tools([", bin: [onne]", ""]);
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG3011")
        .says("`onne`")
        .says("one, tool");
}

#[test]
fn a_package_may_be_a_single_program() {
    let sandbox = Sandbox::with("packages: {hi: {path: ./hi.sh, bin: [hi]}}\n");
    sandbox.program("work/hi.sh", "#!/bin/sh\necho hi\n");
    sandbox.switch();
    sandbox.sh("eval \"$(dgmo env)\" && hi").works().says("hi");
}

#[test]
fn only_the_package_that_changed_is_new() {
    let sandbox = two_tools([", bin: [one]", ""]);
    sandbox.switch();
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho more\n");
    let report = sandbox.dgmo("switch --json").works().json();
    let changes = report["changes"]["packages"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{report}");
    assert_eq!(changes[0]["name"], "one");
}

/// Values and folders no shell may take for anything but what they are.
const ODD: &str = r#"
env:
  PLAIN: plain
  QUOTE: "it's \"odd\" $HOME `id` \\ \\\\ $(id) %PATH% ; & | *"
  SEVERAL_LINES: "one\ntwo\n\nthree"
  EMPTY: ""
  UMLAUT: "größer ≥ 😀"
path: ["~/bin", "/opt/with space's", "relative"]
"#;

/// What the shell says after it has taken the lines in: a variable between marks each, then the path.
const TELL: &str = "for value in \"$PLAIN\" \"$QUOTE\" \"$SEVERAL_LINES\" \"$EMPTY\" \"$UMLAUT\" \"$PATH\"; do printf '<%s>' \"$value\"; done";

#[test]
fn the_environment_means_the_same_in_real_shells() {
    let sandbox = Sandbox::with(ODD);
    sandbox.switch();
    let expected = |path: &str| {
        let user = sandbox.user().display().to_string();
        format!(
            "<plain><it's \"odd\" $HOME `id` \\ \\\\ $(id) %PATH% ; & | *><one\ntwo\n\nthree><><größer ≥ 😀><{path}/view/bin:{user}/bin:/opt/with space's:{user}/relative:{}/bin:/usr/local/bin:/usr/bin:/bin>",
            sandbox.root().display()
        )
    };
    let own = sandbox
        .profile()
        .join("generations/1")
        .display()
        .to_string();
    let pointer = sandbox.profile().join("current").display().to_string();
    for shell in ["sh", "bash", "dash", "zsh", "ksh"] {
        if !is_installed(shell) {
            eprintln!("skipped: `{shell}` is not installed");
            continue;
        }
        for (flag, path) in [("", &own), (" --follow", &pointer), (" --at 1", &own)] {
            let script = format!("eval \"$(dgmo env --shell sh{flag})\"; {TELL}");
            let mut command = Command::new(shell);
            command.args(["-c", &script]);
            sandbox.furnish(&mut command);
            let output = command.output().unwrap();
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                expected(path),
                "{shell}{flag}"
            );
            assert!(output.stderr.is_empty(), "{shell}");
        }
    }
    if is_installed("fish") {
        let script = "dgmo env --shell fish | source; for v in \"$PLAIN\" \"$QUOTE\" \"$SEVERAL_LINES\" \"$EMPTY\" \"$UMLAUT\" (string join : $PATH); printf '<%s>' $v; end";
        let mut command = Command::new("fish");
        command.args(["--no-config", "-c", script]);
        sandbox.furnish(&mut command);
        let output = command.output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            expected(&own),
            "fish"
        );
    } else {
        eprintln!("skipped: `fish` is not installed");
    }
}

fn is_installed(shell: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {shell}")])
        .output();
    found.unwrap().status.success()
}

#[test]
fn the_file_env_of_a_generation_is_for_shells_too() {
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\nenv: {GREETING: hi}\n");
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\necho $GREETING\n");
    sandbox.switch();
    let env = sandbox.profile().join("current/env");
    sandbox
        .sh(&format!(". {} && tool", env.display()))
        .works()
        .says("hi");
}

#[test]
fn the_environment_of_one_generation_does_not_change_under_a_shell() {
    let sandbox = Sandbox::with("packages: {tool: {path: ./tool}}\n");
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\necho one\n");
    sandbox.switch();
    let fixed = sandbox.sh("eval \"$(dgmo env)\"; printf '#!/bin/sh\necho two\n' > tool/bin/tool; dgmo switch -q; tool");
    fixed.works().says("one");
    let follows = sandbox
        .sh("eval \"$(dgmo env --follow)\"; dgmo rollback -q; tool; dgmo rollback 2 -q; tool");
    assert!(
        follows
            .works()
            .stdout
            .ends_with("one\ngeneration 2 is current (before: 1)\ntwo\n")
    );
    sandbox
        .sh("eval \"$(dgmo env --at 1)\"; tool")
        .works()
        .says("one");
}

#[test]
fn the_shell_is_taken_from_the_environment() {
    let sandbox = Sandbox::with("env: {A: b}\n");
    sandbox.switch();
    let spelled = |shell: &str| sandbox.run_with(&["env"], &[("SHELL", shell)]).works();
    spelled("/usr/bin/fish").says("set -gx A 'b'");
    spelled("/bin/zsh").says("export A='b'");
    spelled("/opt/nu").says("$env.A = \"b\"");
    spelled("/bin/odd").says("export A='b'");
    sandbox
        .dgmo("env --shell pwsh")
        .works()
        .says("$env:A = 'b'");
}
