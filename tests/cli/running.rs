//! Programs that live in a generation: run, exec, shell, env; and finding out about them: which, why, tree.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::Stdio;

use dgmo_schema::report::running::RunReport;
use dgmo_schema::report::running::TreeReport;
use dgmo_schema::report::running::WhichReport;
use dgmo_schema::report::running::WhyReport;

use super::Sandbox;

/// Two packages with a program of one name, and a third with several.
fn machine() -> Sandbox {
    let sandbox = Sandbox::with(
        "packages:\n  one: {path: ./one, priority: 1}\n  other: {path: ./other}\n  many: {path: ./many}\n\
         files: {.a: {text: a}}\nenv: {E: \"it's $x\"}\npath: [~/bin]\n",
    );
    sandbox.program("work/one/bin/tool", "#!/bin/sh\necho one \"$@\"\n");
    sandbox.program("work/other/bin/tool", "#!/bin/sh\necho other \"$@\"\n");
    sandbox.program("work/many/bin/first", "#!/bin/sh\necho first\n");
    sandbox.program("work/many/bin/second", "#!/bin/sh\nfirst; tool\n");
    sandbox.write("work/many/share/doc", "many words\n");
    sandbox.switch();
    sandbox
}

/// A second generation, in which `one` says two.
fn switched_again(sandbox: &Sandbox) {
    sandbox.program("work/one/bin/tool", "#!/bin/sh\necho two \"$@\"\n");
    sandbox.switch();
}

#[test]
fn a_package_runs_its_own_program_whoever_wins_the_name() {
    let sandbox = machine();
    let said = |line: &str| sandbox.dgmo(line).works().stdout;
    assert_eq!(said("run one -- a -b --json"), "one a -b --json\n");
    assert_eq!(said("run one a -b"), "one a -b\n");
    assert_eq!(said("run other"), "other\n");
    assert_eq!(said("run many --bin second"), "first\none\n");
    // By the name of a program that is shown.
    assert_eq!(said("run second"), "first\none\n");
    switched_again(&sandbox);
    assert_eq!(said("run one"), "two\n");
    assert_eq!(said("run --at 1 one"), "one\n");
}

#[test]
fn the_main_program_is_the_one_a_manifest_names_first() {
    let sandbox = machine();
    sandbox
        .dgmo("run many")
        .fails("DG3602")
        .says("`dgmo run many --bin first`");
    sandbox
        .manifest("packages: {many: {path: ./many, bin: [second, first]}, one: {path: ./one}}\n");
    sandbox.switch();
    sandbox.dgmo("run many").works().says("first\none\n");
}

#[test]
fn a_program_keeps_its_exit_code_and_its_signals() {
    let sandbox = machine();
    sandbox.sh("dgmo exec -- sh -c 'exit 7'").exits(7);
    sandbox
        .sh("dgmo exec sh -c 'kill -TERM $$'; echo $?")
        .says("143");
    // The number of the process is that of dgmo: there is nobody in between.
    let same = sandbox
        .sh("sh -c 'echo $$; exec dgmo exec -- sh -c \"echo \\$\\$\"'")
        .works();
    let numbers: Vec<&str> = same.stdout.lines().collect();
    assert_eq!(numbers[0], numbers[1]);
}

#[test]
fn what_is_started_sees_the_generation_and_its_environment() {
    let sandbox = machine();
    let ran = sandbox
        .sh("dgmo exec -- sh -c 'echo \"$E\"; echo \"$PATH\"; tool'")
        .works();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "it's $x");
    let bin = sandbox.profile().join("generations/1/view/bin");
    let own = sandbox.user().join("bin");
    let front = format!("{}:{}:", bin.display(), own.display());
    assert!(lines[1].starts_with(&front), "{ran}");
    assert_eq!(lines[2], "one");
}

#[test]
fn a_tree_of_processes_never_sees_two_generations() {
    let sandbox = machine();
    let inside = sandbox.sh(
        "dgmo exec -- sh -c 'printf \"#!/bin/sh\\necho two\\n\" > one/bin/tool; dgmo switch -q >&2; tool; dgmo run one; \
         dgmo exec -- tool; eval \"$(dgmo env --shell sh)\"; tool; dgmo run --at current one; dgmo'",
    );
    let inside = inside.works();
    assert!(
        inside.stdout.starts_with("one\none\none\none\ntwo\n"),
        "{inside}"
    );
    inside.says("this shell lives in generation 1");
    // Of another generation only what was asked for is on the search path.
    let ran = sandbox.sh("dgmo exec --at 1 -- dgmo exec --at 2 -- sh -c 'tool; echo \"$PATH\"'");
    let ran = ran.works().says("two\n").says_nothing_of("generations/1/");
    assert_eq!(ran.stdout.matches("view/bin").count(), 1, "{ran}");
    // The same for a shell that sets it again and again.
    let ran = sandbox.sh(
        "eval \"$(dgmo env --shell sh --at 1)\"; eval \"$(dgmo env --shell sh)\"; tool; echo \"$PATH\"",
    );
    let ran = ran.works().says("two\n").says_nothing_of("generations/1/");
    assert_eq!(ran.stdout.matches("user/bin").count(), 1, "{ran}");
}

#[test]
fn a_shell_lives_in_the_generation_too() {
    let sandbox = machine();
    let mut command = sandbox.command(&["shell", "--shell", "/bin/sh"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"tool; echo \"$E\"; exit 3\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "one\nit's $x\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("a shell in generation 1"));
}

#[test]
fn a_look_tells_what_would_be_started() {
    let sandbox = machine();
    let ran = sandbox.dgmo("run other --dry-run --json -- x").works();
    let report: RunReport = serde_json::from_value(ran.json()).unwrap();
    assert_eq!(
        (report.generation.0, report.arguments.as_slice()),
        (1, &["x".to_owned()][..])
    );
    assert_eq!(report.package.unwrap().as_str(), "other");
    assert!(report.program.ends_with("/bin/tool"), "{}", report.program);
    assert_eq!(report.variables["E"], "it's $x");
    sandbox
        .dgmo("exec --dry-run -- ls -l")
        .works()
        .says("would run")
        .says("ls -l");
    sandbox.dgmo("shell --dry-run").works().says("/bin/sh");
}

/// A program in generation 1 that says it is there, and ends when its input does.
fn live(sandbox: &Sandbox, words: &[&str]) -> Child {
    let mut command = sandbox.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "here\n");
    child
}

const LIVE: [&str; 6] = ["exec", "--at", "1", "--", "sh", "-c"];

#[test]
fn what_runs_keeps_its_generation_from_pruning_and_collecting() {
    let sandbox = machine();
    switched_again(&sandbox);
    sandbox.manifest("");
    sandbox.switch();
    // The one that holds is the grandchild: the process dgmo became has ended.
    let mut words = LIVE.to_vec();
    words.push("exec 3<&0; (echo here; read line <&3; tool; dgmo run other; echo done) & :");
    let mut child = live(&sandbox, &words);
    sandbox
        .dgmo("generations prune 1")
        .fails("DG3606")
        .says("let what uses it end");
    let pruned = sandbox.dgmo("generations prune --keep last=1").works();
    let (dropped, _) = pruned
        .stdout
        .split_once("(kept")
        .unwrap_or((&pruned.stdout, ""));
    assert!(!dropped.contains('1'), "{pruned}");
    sandbox.dgmo("gc --keep last=1 --foreground").works();
    assert!(sandbox.profile().join("generations/1/view/bin").exists());
    sandbox.dgmo("why other --at 1").works().says("in use by");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "one\nother\ndone\n"
    );
    sandbox.dgmo("generations prune 1").works();
    sandbox.dgmo("gc --foreground").works();
    assert!(!sandbox.profile().join("generations/1").exists());
    sandbox.dgmo("store verify").works();
}

#[test]
fn a_shell_that_set_a_generation_keeps_it_as_long_as_it_lives() {
    let sandbox = machine();
    switched_again(&sandbox);
    let kept = sandbox.sh(
        "eval \"$(dgmo env --shell sh --at 1 --process $$)\"; dgmo rollback 0 -q; \
         dgmo generations prune --keep last=1 -q; dgmo generations prune 1; tool",
    );
    kept.works()
        .says("DG3606")
        .says("a shell (process")
        .says("one\n");
    assert!(sandbox.profile().join("generations/1").exists());
    sandbox.dgmo("generations prune 1").works();
    let left = std::fs::read_dir(sandbox.profile().join("shells")).unwrap();
    assert_eq!(left.count(), 0, "what dead shells left is swept");
}

#[test]
fn which_tells_the_package_and_what_is_in_front_of_it() {
    let sandbox = machine();
    let ran = sandbox.dgmo("which tool --json").works();
    let report: WhichReport = serde_json::from_value(ran.json()).unwrap();
    assert_eq!(report.package.unwrap().as_str(), "one");
    assert_eq!(report.hidden.len(), 1);
    assert!(!report.starts && report.on_path.is_empty());
    assert!(report.file.contains("/store/trees/"), "{}", report.file);
    sandbox
        .dgmo("which tool")
        .works()
        .says("also in other")
        .says("not on PATH");
    sandbox
        .sh("eval \"$(dgmo env --shell sh)\"; dgmo which tool")
        .works()
        .says("what your shell starts");
    sandbox.program("bin/tool", "#!/bin/sh\n");
    sandbox
        .sh("eval \"$(dgmo env --shell sh)\"; PATH=$PWD/../bin:$PATH; dgmo which tool")
        .works()
        .says("first on PATH");
    sandbox
        .dgmo("which tol")
        .fails("DG3601")
        .says("did you mean `tool`?");
    sandbox.dgmo("which ../bin/tool").fails("DG3601");
}

#[test]
fn why_tells_every_way_from_a_root() {
    let sandbox = machine();
    switched_again(&sandbox);
    let ways = |thing: &str| -> WhyReport {
        let ran = sandbox.run(&["why", thing, "--json"]).works();
        serde_json::from_value(ran.json()).unwrap()
    };
    let other = ways("other");
    let numbers: Vec<u64> = other
        .chains
        .iter()
        .map(|chain| chain.generation.unwrap().0)
        .collect();
    assert_eq!((other.kind.as_str(), numbers), ("package", vec![2, 1]));
    let one = ways("one");
    assert_eq!(one.chains.len(), 1, "{one:?}");
    let home_file = sandbox.user().join(".a");
    let a = ways(home_file.to_str().unwrap());
    assert_eq!(a.chains[0].steps[0].what, "home file");
    let kept = sandbox.profile().join("generations/1/files/.a");
    assert_eq!(ways(kept.to_str().unwrap()).id, a.id);
    assert_eq!(ways("../user/.a").id, a.id);
    // A file in a package: through its folders.
    let doc = sandbox.profile().join("current/view/share/doc");
    let doc = ways(doc.to_str().unwrap());
    let names: Vec<&str> = doc.chains[0]
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(names, ["many", "share", "doc"]);
    assert_eq!(ways(&doc.id).chains.len(), 2);
    sandbox.run(&["store", "pin", "mine", &other.id]).works();
    assert!(
        ways("other")
            .chains
            .iter()
            .any(|chain| chain.name == "pin mine")
    );
    sandbox.write("work/loose", "loose");
    let loose = sandbox.dgmo("store add loose --json").works().json();
    let id = loose["added"][0]["id"].as_str().unwrap().to_owned();
    sandbox.run(&["why", &id]).works().says("nothing keeps it");
    sandbox.dgmo("why nothing-like-it").fails("DG3607");
}

#[test]
fn tree_tells_what_each_package_needs_and_what_it_has_alone() {
    let sandbox = machine();
    sandbox.write("work/one/share/doc", "many words\n");
    sandbox.switch();
    let ran = sandbox.dgmo("tree --json").works();
    let report: TreeReport = serde_json::from_value(ran.json()).unwrap();
    let many = report
        .packages
        .iter()
        .find(|package| package.name.as_str() == "many")
        .unwrap();
    assert_eq!(many.programs, ["first", "second"]);
    assert_eq!(
        many.closure.bytes - many.own_bytes,
        "many words\n".len() as u64
    );
    let sum: u64 = report
        .packages
        .iter()
        .map(|package| package.closure.bytes)
        .sum();
    let shared = "many words\n".len() as u64;
    assert_eq!(report.closure.bytes, sum + report.home_file_bytes - shared);
    sandbox
        .dgmo("tree 1")
        .works()
        .says("generation 1")
        .says("├─ many")
        .says("└─ home files");
}

#[test]
fn generations_are_found_by_what_they_contain() {
    let sandbox = Sandbox::new();
    sandbox.write("work/v/tool", "#!/bin/sh\n");
    for version in ["14.0.1", "14.1.0", "2.0"] {
        let url = format!("file://{}/v/tool", sandbox.work().display());
        sandbox.manifest(&format!(
            "packages: {{tool: {{url: \"{url}\", unpack: program, version: \"{version}\"}}}}\n"
        ));
        sandbox.switch();
    }
    let found = |wanted: &str| -> Vec<u64> {
        let ran = sandbox
            .run(&["generations", "list", "--contains", wanted, "--json"])
            .works();
        let listed = ran.json()["generations"].as_array().unwrap().clone();
        listed
            .iter()
            .map(|listed| listed["number"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(found("tool"), [1, 2, 3]);
    assert_eq!(found("tool@14"), [1, 2]);
    assert_eq!(found("tool@14.1.0"), [2]);
    assert_eq!(found("tool@1"), [0_u64; 0]);
    assert_eq!(found("other"), [0_u64; 0]);
    sandbox
        .dgmo("generations list --contains other")
        .works()
        .says("no generation has that");
}
