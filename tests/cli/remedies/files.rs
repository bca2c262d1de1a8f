//! Generations, home files, the command line.

use std::fs;

use dgmo_schema::code::Code;

use super::super::terminal;
use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;
use super::show;
use super::show_fault;
use super::switch_while;

/// A manifest with one of each, not switched to.
pub(super) fn plain(sandbox: &Sandbox) {
    sandbox.manifest(
        "packages: {one: {path: ./one}}\nfiles: {.a: {text: a}, .c: {text: c, as: copy}}\n",
    );
    sandbox.program("work/one/bin/one", "#!/bin/sh\n");
}

fn switched(sandbox: &Sandbox) {
    plain(sandbox);
    sandbox.switch();
}

/// Two generations, the second current.
fn twice(sandbox: &Sandbox) {
    switched(sandbox);
    sandbox.manifest("files: {.a: {text: other}}\n");
    sandbox.switch();
}

fn seen(
    make: fn(&Sandbox),
    command: &'static str,
    hint: &'static str,
    hands: fn(&Sandbox),
) -> Proof {
    Proof::Seen(Trouble::new(make, command, hint, Mend::Hands(hands)))
}

fn two_packages(sandbox: &Sandbox, more: &str) {
    sandbox.manifest(&format!(
        "packages: {{one: {{path: ./one{more}}}, two: {{path: ./two}}}}\n"
    ));
    sandbox.program("work/one/bin/tool", "#!/bin/sh\necho 1\n");
    sandbox.program("work/two/bin/tool", "#!/bin/sh\necho 2\n");
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::GenerationMissing => Proof::Seen(
            Trouble::new(
                switched,
                "rollback 7",
                "run `dgmo generations list`",
                Mend::Run,
            )
            .then("rollback 0"),
        ),
        Code::GenerationDamaged => Proof::Seen(
            Trouble::new(
                |sandbox| {
                    twice(sandbox);
                    sandbox.write("home/profiles/default/generations/2/generation.json", "{");
                },
                "status",
                "switch to another generation with `dgmo rollback N`",
                Mend::Hands(|sandbox| {
                    sandbox.dgmo("rollback 1").works();
                    sandbox.dgmo("generations prune 2").works();
                }),
            )
            .then("switch"),
        ),
        Code::GenerationNewer => Proof::Seen(Trouble::new(
            |sandbox| {
                switched(sandbox);
                let path = "home/profiles/default/generations/1/generation.json";
                let text = sandbox
                    .read(path)
                    .replace("\"format\": 1", "\"format\": 99");
                sandbox.write(path, text);
            },
            "status",
            "use the newer dgmo",
            Mend::Hands(|sandbox| drop(sandbox.dgmo("rollback 0").works())),
        )),
        Code::ProfileMissing => Proof::Seen(Trouble::new(
            |sandbox| {
                switched(sandbox);
                sandbox.remove("home/profiles/default");
                sandbox.remove("user/.a");
                sandbox.remove("user/.c");
            },
            "status",
            "run `dgmo switch`",
            Mend::Run,
        )),
        Code::ProfileUnusable => seen(
            |sandbox| {
                switched(sandbox);
                sandbox.remove("home/profiles/default/history.jsonl");
                fs::create_dir(sandbox.profile().join("history.jsonl")).unwrap();
            },
            "history",
            "put right what the system says of it",
            |sandbox| sandbox.remove("home/profiles/default/history.jsonl"),
        ),
        Code::PointerDamaged => Proof::Seen(Trouble::new(
            |sandbox| {
                twice(sandbox);
                sandbox.remove("home/profiles/default/current");
            },
            "status",
            "run `dgmo rollback`",
            Mend::Run,
        )),
        Code::Busy => Proof::Own(busy),
        Code::PackagesClash => seen(
            |sandbox| two_packages(sandbox, ""),
            "switch",
            "`one: {…, priority: 1}`",
            |sandbox| two_packages(sandbox, ", priority: 1"),
        ),
        Code::NoSuchProgram => seen(
            |sandbox| two_packages(sandbox, ", priority: 1, bin: [toool]"),
            "switch",
            "name one of its programs in `bin:`: tool",
            |sandbox| two_packages(sandbox, ", priority: 1, bin: [tool]"),
        ),
        Code::InTheWay => Proof::Seen(
            Trouble::new(
                |sandbox| {
                    plain(sandbox);
                    sandbox.write("user/.a", "mine");
                },
                "switch",
                "add `--backup`",
                Mend::Hands(|_| ()),
            )
            .then("switch --backup"),
        ),
        Code::TargetUnusable => seen(
            |sandbox| {
                plain(sandbox);
                sandbox.remove("user");
                sandbox.write("user", "not a folder");
            },
            "switch",
            "put right what the system says of it",
            |sandbox| sandbox.remove("user"),
        ),
        Code::JournalDamaged => Proof::Seen(Trouble::new(
            |sandbox| {
                switched(sandbox);
                sandbox.write("home/profiles/default/journal/switch.json", "{");
            },
            "switch",
            "run `dgmo repair`",
            Mend::Run,
        )),
        Code::NoNameAside => seen(
            |sandbox| {
                let name = "n".repeat(250);
                sandbox.manifest(&format!("files: {{{name}: {{text: a}}}}\n"));
                sandbox.write(format!("user/{name}"), "mine");
            },
            "switch --backup",
            "move the file away yourself",
            |sandbox| sandbox.remove(format!("user/{}", "n".repeat(250))),
        ),
        Code::OtherTarget => Proof::Seen(Trouble::new(
            switched,
            "switch --target elsewhere",
            "dgmo rollback 0 --profile default",
            Mend::Hands(|sandbox| drop(sandbox.dgmo("rollback 0 --profile default").works())),
        )),
        Code::CannotPrune => seen(
            twice,
            "generations prune 2",
            "`dgmo rollback N`",
            |sandbox| drop(sandbox.dgmo("rollback 1").works()),
        ),
        Code::FileSourceMissing => seen(
            |sandbox| sandbox.manifest("files: {.s: {source: s}}\n"),
            "switch",
            "create `",
            |sandbox| sandbox.write("work/s", "s"),
        ),
        Code::FileSourceUnreadable => seen(
            |sandbox| {
                sandbox.manifest("files: {.s: {template: s}}\n");
                sandbox.write("work/s", b"\xff\xfe");
            },
            "switch",
            "is text you may read",
            |sandbox| sandbox.write("work/s", "text"),
        ),
        Code::TemplateFailed => seen(
            |sandbox| {
                sandbox.manifest("files: {.s: {template: s}}\n");
                sandbox.write("work/s", "{{ port }}");
            },
            "switch",
            "give the value under `values:`",
            |sandbox| sandbox.manifest("files: {.s: {template: s, values: {port: 1}}}\n"),
        ),
        Code::FileKind => seen(
            |sandbox| {
                sandbox.manifest("files: {.s: {source: s, as: links}}\n");
                sandbox.write("work/s", "s");
            },
            "switch",
            "take `as: links` out",
            |sandbox| sandbox.manifest("files: {.s: {source: s}}\n"),
        ),
        Code::FileSourceChanged => Proof::Own(|| {
            let sandbox = Sandbox::with("");
            sandbox.switch();
            sandbox.manifest("files: {.s: {source: s}}\n");
            sandbox.write("work/s", "before");
            let ran = switch_while(&sandbox, |sandbox| sandbox.write("work/s", "after it"));
            is_told(Code::FileSourceChanged, &ran, "run the command again");
            sandbox.switch();
        }),
        Code::DiskFull => {
            Proof::Own(|| show_fault(Code::DiskFull, "switch", "ENOSPC", "run `dgmo gc`"))
        }
        Code::Usage => Proof::Seen(
            Trouble::new(
                |_| (),
                "explain DG0000",
                "run `dgmo explain`",
                Mend::Hands(|_| ()),
            )
            .then("explain"),
        ),
        Code::NoFolder => Proof::Own(no_folder),
        Code::Interrupted => Proof::Own(terminal::ctrl_c_while_waiting_for_somebody_else),
        Code::Declined => Proof::Own(nobody_agreed),
        Code::BadName => Proof::Own(bad_name),
        Code::Bug => Proof::Own(bug),
        _ => unreachable!("{code} is not of this range"),
    }
}

fn busy() {
    let sandbox = Sandbox::new();
    switched(&sandbox);
    let lock = fs::File::open(sandbox.profile().join("lock")).unwrap();
    lock.lock().unwrap();
    is_told(
        Code::Busy,
        &sandbox.dgmo("rollback 0 --wait 0s"),
        "let the other command end",
    );
    drop(lock);
    sandbox.dgmo("rollback 0 --wait 10m").works();
}

fn no_folder() {
    let sandbox = Sandbox::new();
    plain(&sandbox);
    let without = |line: &str| sandbox.sh(&format!("unset HOME DGMO_HOME; dgmo {line}"));
    is_told(
        Code::NoFolder,
        &without("switch"),
        "`--home DIR` and `--target DIR`",
    );
    without("switch --home ../other --target ../there").works();
}

fn bad_name() {
    let sandbox = Sandbox::new();
    plain(&sandbox);
    let ran = sandbox.run_with(&["status"], &[("DGMO_PROFILE", "../x")]);
    is_told(Code::BadName, &ran, "choose another name");
    sandbox
        .run_with(&["switch"], &[("DGMO_PROFILE", "x")])
        .works();
}

/// We know of none; a test that asks for a fault there is not is as good.
fn bug() {
    if !cfg!(feature = "fault-injection") {
        return;
    }
    let sandbox = Sandbox::new();
    plain(&sandbox);
    let ran = sandbox.run_with(&["switch"], &[("DGMO_FAULT", "nonsense")]);
    is_told(
        Code::Bug,
        &ran.clone().exits(101),
        "please report this text",
    );
    sandbox.switch();
}

/// Somebody says no, or there is nobody to ask.
fn nobody_agreed() {
    terminal::what_cannot_be_undone_is_asked_for_first();
    let make = |sandbox: &Sandbox| drop(sandbox.dgmo("init").works());
    let hint = "run `dgmo uninstall --yes`";
    let trouble = Trouble::new(make, "uninstall", hint, Mend::Run).then("uninstall --yes");
    show(Code::Declined, &trouble);
}
