//! The codes of programs that run, of shells and of projects.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Stdio;

use dgmo_schema::code::Code;

use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;

/// A package with a program, one with two, one with none.
fn packages(sandbox: &Sandbox) {
    sandbox.manifest(
        "packages: {tool: {path: ./tool}, two: {path: ./two}, doc: {path: ./doc}, odd: {path: ./odd}}\n",
    );
    sandbox.program("work/tool/bin/tool", "#!/bin/sh\n");
    sandbox.program("work/two/bin/one", "#!/bin/sh\n");
    sandbox.program("work/two/bin/other", "#!/bin/sh\n");
    sandbox.write("work/doc/share/doc", "words\n");
    sandbox.program("work/odd/bin/odd", "#!/no/such/interpreter\n");
    sandbox.switch();
}

pub(super) fn proof(code: Code) -> Proof {
    let seen = |command, hint, mend, then| {
        Proof::Seen(Trouble::new(packages, command, hint, Mend::Hands(mend)).then(then))
    };
    match code {
        Code::ProgramUnknown => seen("run tol", "did you mean `tool`?", |_| (), "run tool"),
        Code::ProgramAmbiguous => seen(
            "run two",
            "`dgmo run two --bin one`",
            |_| (),
            "run two --bin one",
        ),
        Code::ProgramNone => seen("run doc", "with `dgmo tree`", |_| (), "tree"),
        Code::ProgramNotStarted => seen(
            "run odd",
            "the interpreter in its first line",
            |sandbox| {
                sandbox.program("work/odd/bin/odd", "#!/bin/sh\n");
                sandbox.switch();
            },
            "",
        ),
        Code::ProjectDamaged => Proof::Own(project_damaged),
        Code::ManifestOfProfile => Proof::Seen(Trouble::new(
            packages,
            "allow",
            "run `dgmo rollback --profile default`",
            Mend::Run,
        )),
        Code::GenerationHeld => Proof::Own(generation_held),
        Code::WhyUnknown => seen("why tol", "did you mean `tool`?", |_| (), "why tool"),
        _ => unreachable!("{code} is not of this range"),
    }
}

/// It is told by the hook, which must not fail.
fn project_damaged() {
    let sandbox = Sandbox::new();
    sandbox.manifest("files: {.a: {text: a}}\n");
    let report = sandbox.dgmo("allow --json").works().json();
    let name = report["profile"].as_str().unwrap();
    sandbox.switch();
    sandbox.write(format!("home/projects/{name}.json"), "{");
    let told = sandbox.dgmo("prompt bash").works();
    assert!(!told.stdout.contains("PATH"), "{told}");
    told.says(Code::ProjectDamaged.as_str())
        .says("run `dgmo allow`");
    // A switch there goes to the project's profile all the same, and says what it could not do.
    sandbox.switch().says("shells will ask again").says(name);
    sandbox.dgmo("allow").works();
    sandbox.dgmo("prompt bash").works().says("entered");
}

fn generation_held() {
    let sandbox = Sandbox::new();
    packages(&sandbox);
    sandbox.manifest("");
    sandbox.switch();
    let mut command =
        sandbox.command(&["exec", "--at", "1", "--", "sh", "-c", "echo here; read x"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ran = sandbox.dgmo("generations prune 1");
    is_told(Code::GenerationHeld, &ran, "let what uses it end");
    drop(child.stdin.take());
    child.wait().unwrap();
    sandbox.dgmo("generations prune 1").works();
}
