//! Environments of folders: allowed, entered and left by real shells, and every variable given back as it was.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use dgmo_schema::report::running::HookReport;
use dgmo_schema::report::running::ProjectReport;
use dgmo_schema::report::running::ProjectsReport;

use super::Ran;
use super::Sandbox;

/// What a manifest can say and a shell could spoil.
const HARD: &str = "it's \"q\" $HOME `id` \\n \\\\ ; & # é\nline two\n\ttab";

/// A project with another one inside it, both allowed and switched to; a default profile beside them.
fn projects() -> Sandbox {
    let sandbox = Sandbox::with("packages: {base: {path: ./base}}\nenv: {E: base}\n");
    sandbox.program("work/base/bin/base", "#!/bin/sh\necho base\n");
    sandbox.switch();
    let hard = serde_json::to_string(HARD).unwrap();
    sandbox.write(
        "app/dgmo.yaml",
        format!("dgmo: 1\ninclude: [more.yaml]\npackages: {{tool: {{path: ./tool}}}}\nenv: {{E: {hard}, GONE: \"\"}}\n"),
    );
    sandbox.write("app/more.yaml", "dgmo: 1\nenv: {MORE: more}\n");
    sandbox.program("app/tool/bin/tool", "#!/bin/sh\necho tool\n");
    sandbox.write(
        "app/deep/er/dgmo.yaml",
        "dgmo: 1\nenv: {E: inner, INNER: \"1\"}\n",
    );
    for folder in ["app", "app/deep/er"] {
        sandbox
            .sh(&format!("cd ../{folder} && dgmo allow && dgmo switch -q"))
            .works();
    }
    sandbox
}

/// What the hook would say and have the shell run, in a folder.
fn prompt(sandbox: &Sandbox, folder: &str) -> Ran {
    sandbox
        .sh(&format!("cd ../{folder} && dgmo prompt bash"))
        .works()
}

#[test]
fn a_folder_is_asked_for_until_somebody_decides() {
    let sandbox = Sandbox::new();
    sandbox.write("app/dgmo.yaml", "dgmo: 1\nenv: {E: one}\n");
    fs::create_dir(sandbox.root().join("app/src")).unwrap();
    prompt(&sandbox, "app/src")
        .says("is not allowed")
        .says("run `dgmo allow`");
    assert!(!sandbox.exists("home"), "a prompt makes nothing");
    let looked = sandbox
        .dgmo("allow ../app --dry-run")
        .works()
        .says("would be allowed");
    assert!(!sandbox.exists("home"), "{looked}");
    sandbox
        .sh("cd ../app/src && dgmo allow")
        .works()
        .says("is now allowed")
        .says("next: `dgmo switch`");
    prompt(&sandbox, "app").says("no environment yet");
    sandbox.sh("cd ../app/src && dgmo switch -q").works();
    prompt(&sandbox, "app/src")
        .says("entered")
        .says("export E='one'");
    // Somebody else changes the manifest.
    sandbox.write("app/dgmo.yaml", "dgmo: 1\nenv: {E: two}\n");
    prompt(&sandbox, "app")
        .says("changed since it was allowed")
        .says_nothing_of("export E=");
    sandbox.dgmo("allow --list").works().says("changed");
    sandbox.dgmo("allow ../app").works();
    // What is allowed is not what there is: the old environment, and a word about it.
    prompt(&sandbox, "app")
        .says("export E='one'")
        .says("run `dgmo switch`");
    sandbox.sh("cd ../app && dgmo switch -q").works();
    prompt(&sandbox, "app")
        .says("export E='two'")
        .says_nothing_of("run `dgmo switch`");
    sandbox.dgmo("deny ../app").works();
    let silent = prompt(&sandbox, "app");
    assert!(
        silent.stdout.is_empty() && silent.stderr.is_empty(),
        "{silent}"
    );
    sandbox
        .dgmo("deny ../app --forget")
        .works()
        .says("forgotten");
    prompt(&sandbox, "app").says("is not allowed");
}

#[test]
fn a_switch_of_ones_own_needs_no_second_word() {
    let sandbox = projects();
    sandbox.write("app/more.yaml", "dgmo: 1\nenv: {MORE: mine}\n");
    sandbox.sh("cd ../app && dgmo switch -q").works();
    prompt(&sandbox, "app")
        .says("export MORE='mine'")
        .says_nothing_of("changed");
    // The same by a command that edits, and not by one that only locks.
    sandbox.sh("cd ../app && dgmo remove tool -q").works();
    prompt(&sandbox, "app")
        .says_nothing_of("changed")
        .says("entered");
    sandbox.write("app/more.yaml", "dgmo: 1\nenv: {MORE: other}\n");
    sandbox.sh("cd ../app && dgmo lock -q").works();
    prompt(&sandbox, "app").says("changed since it was allowed");
}

#[test]
fn commands_in_a_project_work_on_its_profile() {
    let sandbox = projects();
    let profile = |line: &str| {
        let ran = sandbox.sh(line).works();
        ran.json()["profile"].as_str().unwrap().to_owned()
    };
    assert!(profile("cd ../app/deep && dgmo status --json").starts_with("app-"));
    assert!(profile("cd ../app/deep/er && dgmo status --json").starts_with("er-"));
    assert_eq!(profile("dgmo status --json"), "default");
    assert_eq!(
        profile("cd ../app && dgmo status --json --profile default"),
        "default"
    );
    // A manifest that is named says whose profile it is, wherever one stands.
    assert_eq!(
        profile("cd ../app && dgmo switch -f ../work --dry-run --json"),
        "default"
    );
    assert!(profile("dgmo switch -f ../app --dry-run --json").starts_with("app-"));
    let bin = sandbox
        .sh("cd ../app && dgmo shell --dry-run --json")
        .works()
        .json();
    assert!(
        bin["variables"]["PATH"]
            .as_str()
            .unwrap()
            .contains("/profiles/app-")
    );
    sandbox
        .sh("cd ../app && dgmo run tool")
        .works()
        .says("tool");
    // Forgotten, the folder is like any other.
    sandbox.dgmo("deny ../app --forget").works();
    assert_eq!(profile("cd ../app && dgmo status --json"), "default");
}

#[test]
fn the_folder_of_the_default_profile_is_no_project() {
    let sandbox = projects();
    let silent = prompt(&sandbox, "work");
    assert!(
        silent.stdout.is_empty() && silent.stderr.is_empty(),
        "{silent}"
    );
}

#[test]
fn decisions_are_documents() {
    let sandbox = projects();
    let report: ProjectReport =
        serde_json::from_value(sandbox.dgmo("allow ../app --json").works().json()).unwrap();
    assert!(report.unchanged && report.consent == "allowed");
    assert_eq!((report.files.len(), report.generation.unwrap().0), (2, 1));
    let denied: ProjectReport =
        serde_json::from_value(sandbox.dgmo("deny ../app --json").works().json()).unwrap();
    assert!(!denied.unchanged && denied.next.is_none());
    let list: ProjectsReport =
        serde_json::from_value(sandbox.dgmo("allow --list --json").works().json()).unwrap();
    let said: Vec<&str> = list
        .projects
        .iter()
        .map(|project| project.consent.as_str())
        .collect();
    assert_eq!(said, ["denied", "allowed"]);
    let hook: HookReport =
        serde_json::from_value(sandbox.dgmo("hook zsh --json").works().json()).unwrap();
    assert!(hook.script.contains("precmd_functions"));
    sandbox
        .dgmo("hook sh")
        .exits(2)
        .says("`eval \"$(dgmo env)\"` works in `sh`");
    // A manifest that cannot be used cannot be allowed either.
    sandbox.write("bad/dgmo.yaml", "dgmo: 1\npackges: {}\n");
    sandbox.dgmo("allow ../bad").fails("DG1005");
    sandbox.dgmo("allow ..").fails("DG1001");
}

#[test]
fn what_cannot_be_read_is_told_and_takes_nothing() {
    let sandbox = projects();
    let record = fs::read_dir(sandbox.home().join("projects"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("app-")
        });
    fs::write(record.unwrap(), "{").unwrap();
    prompt(&sandbox, "app")
        .says("DG3605")
        .says_nothing_of("export E=");
}

/// A shell, and how it is told to read nothing at its start.
const SHELLS: [(&str, &[&str]); 3] = [
    ("bash", &["--norc", "--noprofile"]),
    ("zsh", &["-f"]),
    ("fish", &["--no-config"]),
];

fn is_installed(shell: &str) -> bool {
    let there = ["/bin", "/usr/bin", "/usr/local/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(shell).is_file());
    if !there {
        println!("{shell} is not installed: it was not tried");
    }
    there
}

/// The environment a program sees, as `env -0` wrote it.
fn seen(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let pairs = bytes
        .split(|byte| *byte == 0)
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap();
            (
                String::from_utf8(pair[..at].to_vec()).unwrap(),
                pair[at + 1..].to_vec(),
            )
        })
        // What each `cd` changes, and what a shell writes for each command.
        .filter(|(name, _)| {
            !["PWD", "OLDPWD", "_", "SHLVL", "dirprev", "dirnext"].contains(&name.as_str())
        })
        .collect()
}

#[test]
fn real_shells_enter_and_leave_and_give_every_byte_back() {
    for (shell, flags) in SHELLS {
        if is_installed(shell) {
            enter_and_leave(shell, flags);
        }
    }
}

fn enter_and_leave(shell: &str, flags: &[&str]) {
    let sandbox = projects();
    let hook = match shell {
        "fish" => "dgmo hook fish | source".to_owned(),
        shell => format!("eval \"$(dgmo hook {shell})\""),
    };
    // Only bash waits for a prompt, which a script has not.
    let step = if shell == "bash" { "_dgmo_prompt" } else { ":" };
    let root = sandbox.root().display();
    let mut script = format!("{hook}\n");
    for (name, folder) in [
        ("before", "user"),
        ("inside", "app/deep"),
        ("nested", "app/deep/er"),
        ("again", "app"),
        ("after", "user"),
    ] {
        script.push_str(&format!(
            "cd {root}/{folder}\n{step}\nenv -0 > {root}/{name}\n"
        ));
    }
    script.push_str(&format!("cd {root}/app\n{step}\ntool\nbase\n"));
    let mut command = Command::new(shell);
    command.args(flags).args(["-c", &script]);
    sandbox.furnish(&mut command);
    // What was there before: not text, lines, quotes, empty.
    let odd = OsString::from_vec(b"\xff it's\n\"$x\" `y` \\ \xfe\n".to_vec());
    // Without a locale that is UTF-8 fish takes bytes for Latin-1.
    command.env("LC_ALL", "C.UTF-8");
    command.env("E", &odd).env("EMPTY", "").env("GONE", &odd);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();

    let [before, inside, nested, again, after] = ["before", "inside", "nested", "again", "after"]
        .map(|name| seen(&sandbox.root().join(name)));
    assert_eq!(before, after, "{shell}: {said}");
    assert_eq!(before["E"], odd.as_encoded_bytes(), "{shell}");
    assert_eq!(inside["E"], HARD.as_bytes(), "{shell}: {said}");
    assert_eq!(
        (&inside["GONE"][..], &inside["MORE"][..]),
        (&b""[..], &b"more"[..]),
        "{shell}"
    );
    assert_eq!(
        (&nested["E"][..], &nested["INNER"][..]),
        (&b"inner"[..], &b"1"[..]),
        "{shell}"
    );
    assert!(
        !nested.contains_key("MORE"),
        "{shell}: the outer one is not below the inner one"
    );
    assert_eq!(nested["GONE"], odd.as_encoded_bytes(), "{shell}");
    assert_eq!(inside, again, "{shell}");
    let path = String::from_utf8(inside["PATH"].clone()).unwrap();
    assert!(
        path.ends_with(std::str::from_utf8(&before["PATH"]).unwrap()),
        "{shell}: {path}"
    );
    // Its programs run; those of the default profile, which this shell never took, are not there.
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("tool\n"),
        "{shell}: {said}"
    );
    assert!(!output.status.success(), "{shell}: `base` was found");
    for words in ["entered", "left"] {
        assert!(said.contains(words), "{shell}: {said}");
    }
}

/// Nushell, where `cargo xtask test` put it or the machine has it.
fn nushell() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_dgmo")).ancestors().nth(2)?;
    let fetched = target.join("tools/nu/node_modules/@nushell/linux-x64/bin/nu");
    let installed = ["/usr/local/bin/nu", "/usr/bin/nu"].map(PathBuf::from);
    let there = installed.into_iter().chain([fetched]);
    let found = there.into_iter().find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: there is no Nushell here (npm's package `nushell` has it)");
    }
    found
}

#[test]
fn nushell_enters_and_leaves_and_gives_every_value_back() {
    let Some(nu) = nushell() else { return };
    let sandbox = projects();
    let root = sandbox.root().display().to_string();
    let hook = sandbox.dgmo("hook nu").works().stdout;
    sandbox.write("hook.nu", hook);
    // A script has no prompt: what runs before each one is run by hand, in the scope it has there.
    let mut script = format!(
        "source {root}/hook.nu\ndef --env step [] {{ do --env ($env.config.hooks.pre_prompt | last) }}\n"
    );
    for (name, folder) in [
        ("before", "user"),
        ("inside", "app/deep"),
        ("nested", "app/deep/er"),
        ("again", "app"),
        ("after", "user"),
    ] {
        script.push_str(&format!(
            "cd {root}/{folder}\nstep\n^env -0 | save -f {root}/{name}\n"
        ));
    }
    script.push_str(&format!("cd {root}/app\nstep\ntool\n"));
    sandbox.write("script.nu", script);
    let mut command = Command::new(nu);
    command
        .arg("--no-config-file")
        .arg(sandbox.root().join("script.nu"));
    sandbox.furnish(&mut command);
    let odd = " it's\n\"$x\" `y` \\ é\n";
    command.env("E", odd).env("EMPTY", "").env("GONE", odd);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "tool\n", "{said}");

    let [before, inside, nested, again, after] = ["before", "inside", "nested", "again", "after"]
        .map(|name| seen(&sandbox.root().join(name)));
    assert_eq!(before, after, "{said}");
    assert_eq!(before["E"], odd.as_bytes());
    assert_eq!(inside["E"], HARD.as_bytes(), "{said}");
    assert_eq!(
        (&inside["GONE"][..], &inside["MORE"][..]),
        (&b""[..], &b"more"[..])
    );
    assert_eq!(
        (&nested["E"][..], &nested["INNER"][..]),
        (&b"inner"[..], &b"1"[..])
    );
    assert!(!nested.contains_key("MORE"), "{said}");
    assert_eq!(nested["GONE"], odd.as_bytes());
    assert_eq!(inside, again);
    let path = String::from_utf8(inside["PATH"].clone()).unwrap();
    assert!(path.ends_with(std::str::from_utf8(&before["PATH"]).unwrap()));
}

#[test]
fn an_interactive_shell_follows_at_its_prompts() {
    let sandbox = projects();
    let mut command = Command::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    sandbox.furnish(&mut command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let typed = "PROMPT_COMMAND='true'; eval \"$(dgmo hook bash)\"; eval \"$(dgmo hook bash)\"\n\
        cd ../app\n\
        echo \"[$MORE]\"; PATH=$PATH:/mine; false\n\
        echo \"[$?]\"; sed -i s/more/later/ more.yaml; dgmo switch -q >&2\n\
        echo \"[$MORE]\"\n\
        bash --norc -c 'echo \"[$MORE]\"'\n\
        cd ..\n\
        echo \"[${MORE-none}][${DGMO_HOOKED-none}][$PATH]\"; echo \"[$PROMPT_COMMAND]\"\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(typed.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[..4],
        ["[more]", "[1]", "[later]", "[later]"],
        "{said}"
    );
    // A folder the user added meanwhile stays; ours go.
    assert!(
        lines[4].starts_with("[none][none][") && lines[4].ends_with(":/mine]"),
        "{said}"
    );
    assert!(!lines[4].contains("generations"), "{said}");
    assert_eq!(lines[5], "[_dgmo_prompt;true]", "{said}");
}

#[test]
fn shells_that_are_not_at_hand_get_what_their_manuals_ask_for() {
    println!("skipped: no package at hand has PowerShell; its hook is compared as text");
    let sandbox = projects();
    let nu = sandbox.sh("cd ../app && dgmo prompt nu").works();
    let change = nu.json();
    assert_eq!(change["set"]["E"], HARD);
    assert_eq!(change["unset"].as_array().unwrap().len(), 0);
    let state = change["set"]["DGMO_HOOKED"].as_str().unwrap().to_owned();
    let left = sandbox
        .run_with(&["prompt", "nu"], &[("DGMO_HOOKED", &state), ("E", HARD)])
        .works();
    let mut unset: Vec<String> = serde_json::from_value(left.json()["unset"].clone()).unwrap();
    unset.sort();
    assert_eq!(unset, ["DGMO_HOOKED", "E", "GONE", "MORE"]);
    let pwsh = sandbox.sh("cd ../app && dgmo prompt pwsh").works();
    let quoted = HARD.replace('\'', "''");
    pwsh.says(&format!("$env:E = '{quoted}'\n"));
    for (shell, words) in [
        ("nu", "load-env $values"),
        ("pwsh", "Invoke-Expression $lines"),
    ] {
        sandbox
            .dgmo(&format!("hook {shell}"))
            .works()
            .says(words)
            .says_nothing_of("@DGMO@");
    }
    // Calling it by a path makes a hook that calls it by that path.
    sandbox.sh("../bin/dgmo hook pwsh").works().says(&format!(
        "& '{}/../bin/dgmo' prompt",
        sandbox.root().join("work").display()
    ));
}
