//! Secrets, and home files changed where they are.

use dgmo_schema::code::Code;

use super::super::terminal;
use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;
use super::with_fault;

const MANIFEST: &str = "files:\n  .a: {text: a}\n  .s: {source: s}\n  .d: {source: d, as: links}\n  .t: {template: t, values: {x: 1, y: 2}}\n";

fn switched(sandbox: &Sandbox) {
    sandbox.manifest(MANIFEST);
    sandbox.write("work/s", "s");
    sandbox.write("work/d/one", "1");
    sandbox.write("work/t", "{{ x }}{{ y }}\n");
    sandbox.switch();
}

/// Another program writes a new file in the place of the link, as most editors do.
fn replace(sandbox: &Sandbox, file: &str, text: &[u8]) {
    sandbox.remove(format!("user/{file}"));
    sandbox.write(format!("user/{file}"), text);
}

fn secret(sandbox: &Sandbox) {
    sandbox.manifest("files: {.key: {secret: {file: ~/vault}}, .a: {text: a}}\n");
    sandbox.write("user/vault", "hidden");
}

fn seen(
    make: fn(&Sandbox),
    command: &'static str,
    hint: &'static str,
    hands: fn(&Sandbox),
) -> Trouble {
    Trouble::new(make, command, hint, Mend::Hands(hands))
}

/// The end of what most hints say.
fn restore_and_switch(sandbox: &Sandbox, file: &str) {
    sandbox.dgmo(&format!("restore {file}")).works();
    sandbox.dgmo("switch").works();
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::SecretFailed => Proof::Own(secret_failed),
        Code::SecretEmpty => Proof::Seen(seen(
            |sandbox| {
                secret(sandbox);
                sandbox.write("user/vault", "");
            },
            "switch",
            "mend the cause",
            |sandbox| sandbox.write("user/vault", "hidden"),
        )),
        Code::SecretKeyUnusable => Proof::Seen(seen(
            |sandbox| {
                secret(sandbox);
                sandbox.switch();
                sandbox.write("home/keys/secrets", "short");
            },
            "status",
            "move `",
            |sandbox| {
                sandbox.rename("home/keys/secrets", "home/keys/away");
                sandbox.dgmo("switch").works();
            },
        )),
        Code::NotManaged => Proof::Seen(
            Trouble::new(
                switched,
                "edit .something/else --no-editor",
                "run `dgmo generations show`",
                Mend::Run,
            )
            .then("edit .a --no-editor"),
        ),
        Code::SecretElsewhere => Proof::Seen(
            seen(
                |sandbox| {
                    secret(sandbox);
                    sandbox.switch();
                },
                "edit .key",
                "`dgmo switch --refresh-secrets`",
                |sandbox| sandbox.write("user/vault", "other"),
            )
            .then("switch --refresh-secrets"),
        ),
        Code::NothingToAdopt => Proof::Seen(Trouble::new(
            |sandbox| {
                switched(sandbox);
                sandbox.remove("user/.a");
            },
            "adopt .a",
            "run `dgmo restore .a`",
            Mend::Run,
        )),
        Code::SourceChangedToo => Proof::Seen(seen(
            |sandbox| {
                switched(sandbox);
                replace(sandbox, ".s", b"here");
                sandbox.write("work/s", "there");
            },
            "adopt .s",
            "run `dgmo restore .s` and `dgmo switch`",
            |sandbox| {
                sandbox.write("work/s", "here and there");
                restore_and_switch(sandbox, ".s");
            },
        )),
        Code::TemplateUnexplained => Proof::Seen(seen(
            |sandbox| {
                switched(sandbox);
                replace(sandbox, ".t", b"12\nmore\n");
            },
            "adopt .t",
            "run `dgmo restore .t` and `dgmo switch`",
            |sandbox| {
                sandbox.write("work/t", "{{ x }}{{ y }}\nmore\n");
                restore_and_switch(sandbox, ".t");
            },
        )),
        Code::TemplateAmbiguous => Proof::Seen(seen(
            |sandbox| {
                switched(sandbox);
                replace(sandbox, ".t", b"132\n");
            },
            "adopt .t",
            "change the value you mean",
            |sandbox| {
                let text = sandbox.read("work/dgmo.yaml").replace("x: 1", "x: 13");
                sandbox.write("work/dgmo.yaml", text);
                restore_and_switch(sandbox, ".t");
            },
        )),
        _ => more(code),
    }
}

fn more(code: Code) -> Proof {
    match code {
        Code::AdoptNotText => Proof::Seen(seen(
            |sandbox| {
                switched(sandbox);
                replace(sandbox, ".a", b"\xff");
            },
            "adopt .a",
            "name that with `source:`",
            |sandbox| {
                sandbox.write("work/a", b"\xff");
                let text = sandbox.read("work/dgmo.yaml");
                let text = text.replace(".a: {text: a}", ".a: {source: a}");
                sandbox.write("work/dgmo.yaml", text);
            },
        )),
        Code::AdoptNoEntry => Proof::Seen(seen(
            |sandbox| {
                switched(sandbox);
                replace(sandbox, ".a", b"new");
                sandbox.manifest("files: {.s: {source: s}}\n");
            },
            "adopt .a",
            "run `dgmo restore .a` to undo",
            |sandbox| drop(sandbox.dgmo("restore .a").works()),
        )),
        Code::EditorFailed => Proof::Own(terminal::an_editor_that_fails_is_told),
        Code::EditDrifted => Proof::Seen(Trouble::new(
            |sandbox| {
                switched(sandbox);
                sandbox.remove("user/.a");
            },
            "edit .a --no-editor",
            "run `dgmo restore .a`",
            Mend::Run,
        )),
        Code::SourceNotWritten => Proof::Own(source_not_written),
        Code::DriftMissing => drift(|sandbox| sandbox.remove("user/.a"), "DG3520"),
        Code::DriftChanged => drift(|sandbox| replace(sandbox, ".s", b"new"), "DG3521"),
        Code::DriftEditable => drift(
            |sandbox| drop(sandbox.dgmo("edit .a --no-editor").works()),
            "DG3522",
        ),
        Code::DriftForeignLink => drift(
            |sandbox| {
                sandbox.remove("user/.a");
                sandbox.link("other", "user/.a");
            },
            "DG3523",
        ),
        Code::DriftOther => drift(
            |sandbox| {
                sandbox.remove("user/.a");
                sandbox.write("user/.a/in", "a folder");
            },
            "DG3524",
        ),
        Code::DriftUnknown => drift(|sandbox| sandbox.write("user/.d/new", "new"), "DG3525"),
        Code::DriftPart => drift(
            |sandbox| sandbox.remove("home/profiles/default/generations/1/env"),
            "DG3526",
        ),
        _ => unreachable!("{code} is not of this range"),
    }
}

/// What `status` names with this code is gone after each of its remedies, typed as it stands.
fn drift(make: fn(&Sandbox), code: &'static str) -> Proof {
    // Each is shown at once; what fails is told with the drift's own words.
    for which in 0.. {
        let sandbox = Sandbox::new();
        switched(&sandbox);
        make(&sandbox);
        let document = sandbox.dgmo("status --json").exits(3).json();
        let found = &document["drift"][0];
        assert_eq!(found["code"], code, "{document}");
        let Some(command) = found["remedies"].get(which) else {
            assert!(which > 0, "{code} has no remedy");
            break;
        };
        sandbox.sh(command.as_str().unwrap()).works();
        sandbox.dgmo("status").works();
    }
    Proof::Own(|| ())
}

/// A source that may not be written to: for root, too, a disk can be so.
fn source_not_written() {
    if !cfg!(feature = "fault-injection") {
        return;
    }
    let sandbox = Sandbox::new();
    switched(&sandbox);
    replace(&sandbox, ".s", b"new");
    let told = (0..50).find_map(|step| {
        let ran = with_fault(&sandbox, "adopt .s", &format!("fail-from:{step}:EROFS"));
        ran.stderr.contains("DG3514").then_some(ran)
    });
    let told = told.expect("a step of it tells");
    is_told(Code::SourceNotWritten, &told, "`ls -l`, then adopt again");
    assert_eq!(sandbox.read("work/s"), "s");
    sandbox.dgmo("adopt .s").works();
    sandbox.dgmo("status").works();
}

fn secret_failed() {
    let sandbox = Sandbox::new();
    secret(&sandbox);
    sandbox.remove("user/vault");
    is_told(
        Code::SecretFailed,
        &sandbox.dgmo("switch"),
        "`--without-secrets`",
    );
    sandbox.dgmo("switch --without-secrets").works();
    sandbox.write("user/vault", "hidden");
    sandbox.dgmo("switch").works();
    sandbox.dgmo("status").works();
}
