//! Hooks, checks, confirmation.

use dgmo_schema::code::Code;

use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;

/// Generation 1, and a manifest for another one that needs the file `flag`.
fn needs_the_flag(sandbox: &Sandbox, more: &str) {
    sandbox.manifest("files: {.a: {text: one}}\n");
    sandbox.switch();
    sandbox.manifest(&format!("files: {{.a: {{text: two}}}}\n{more}"));
}

fn put_the_flag(sandbox: &Sandbox) {
    sandbox.write("flag", "");
}

fn awaiting(sandbox: &Sandbox) {
    needs_the_flag(sandbox, "");
    sandbox.dgmo("switch --confirm-within 1h").works();
    sandbox.manifest("files: {.a: {text: three}}\n");
}

pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::HookFailed => Proof::Own(hook_before),
        Code::HookTakenBack => Proof::Seen(
            Trouble::new(
                |sandbox| needs_the_flag(sandbox, "hooks: {after-switch: [[ls, ../flag]]}\n"),
                "switch",
                "and mend it, or leave hooks out this once: `dgmo switch --no-hooks`",
                Mend::Hands(|sandbox| needs_the_flag(sandbox, "")),
            )
            .then("switch"),
        ),
        Code::CheckFailed => Proof::Seen(Trouble::new(
            |sandbox| {
                needs_the_flag(sandbox, "checks: {flag: {file: ../flag, interval: 1ms}}\n");
            },
            "switch",
            "mend what is looked at and run `dgmo switch` again, or leave the checks out this once: `dgmo switch --no-checks`",
            Mend::Hands(put_the_flag),
        )),
        Code::TakenBack => Proof::Own(cannot_be_watched),
        Code::NotTakenBack => Proof::Own(damaged_goal),
        Code::AwaitsConfirmation => Proof::Seen(Trouble::new(
            awaiting,
            "switch",
            "say `dgmo confirm` if all is well, or `dgmo rollback` if not",
            Mend::Hands(|sandbox| drop(sandbox.dgmo("confirm").works())),
        )),
        Code::NothingToConfirm => Proof::Seen(Trouble::new(
            |sandbox| needs_the_flag(sandbox, ""),
            "confirm",
            "`dgmo switch --confirm-within 2m`",
            Mend::Hands(|sandbox| drop(sandbox.dgmo("switch --confirm-within 2m").works())),
        )),
        Code::NoSuchCheck => Proof::Seen(
            Trouble::new(
                |sandbox| needs_the_flag(sandbox, ""),
                "check flag",
                "run `dgmo check`",
                Mend::Run,
            )
            .then("check"),
        ),
        _ => unreachable!("{code} is not of this range"),
    }
}

/// Both ways out: without hooks, and with the hook mended.
fn hook_before() {
    for mended in [false, true] {
        let sandbox = Sandbox::new();
        needs_the_flag(&sandbox, "hooks: {before-switch: [[ls, ../flag]]}\n");
        let ran = sandbox.dgmo("switch");
        is_told(Code::HookFailed, &ran, "see all it printed in `");
        assert!(
            sandbox
                .read("home/profiles/default/log/hooks.log")
                .contains("ls ../flag")
        );
        if mended {
            put_the_flag(&sandbox);
            sandbox.dgmo("switch").works();
        } else {
            sandbox.dgmo("switch --no-hooks").works();
        }
        assert_eq!(sandbox.current(), 2);
    }
    let sandbox = Sandbox::new();
    needs_the_flag(&sandbox, "hooks: {before-switch: [[no-such-program]]}\n");
    is_told(
        Code::HookFailed,
        &sandbox.dgmo("switch"),
        "name a program that is on the search path",
    );
    assert_eq!(sandbox.current(), 1);
}

/// A trial that cannot be written down any further once the pointer has moved.
fn cannot_be_watched() {
    if !cfg!(feature = "fault-injection") {
        return;
    }
    let sandbox = Sandbox::new();
    let told = (0..80).find_map(|step| {
        needs_the_flag(
            &sandbox,
            &format!("env: {{STEP: \"{step}\"}}\nhooks: {{after-switch: [[echo, x]]}}\n"),
        );
        let ran = super::with_fault(&sandbox, "switch", &format!("fail:{step}:EIO"));
        ran.stderr.contains("DG3304").then_some(ran)
    });
    let told = told.expect("some step fails after the pointer has moved");
    is_told(
        Code::TakenBack,
        &told,
        "put right what the system says of it",
    );
    assert_eq!(told.exit, 5, "{told}");
    sandbox.dgmo("switch").works();
}

/// The generation to go back to was damaged meanwhile.
fn damaged_goal() {
    let sandbox = Sandbox::new();
    awaiting(&sandbox);
    sandbox.write("home/profiles/default/generations/1/record.json", "{");
    let ran = sandbox.dgmo("rollback 1");
    is_told(
        Code::NotTakenBack,
        &ran,
        "switch to another generation with `dgmo rollback N`",
    );
    is_told(
        Code::NotTakenBack,
        &sandbox.dgmo("switch"),
        "`dgmo rollback N`",
    );
    sandbox.dgmo("rollback 0").works();
    assert_eq!(sandbox.current(), 0);
    sandbox.dgmo("switch").works();
}
