//! Services and state.

use dgmo_schema::code::Code;

use super::super::services;
use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;

/// One service of an init system that does as it is told unless it is broken.
fn one(sandbox: &Sandbox) {
    sandbox.program("bin/systemctl", services::FAKE);
    sandbox.program("bin/journalctl", "#!/bin/sh\necho said\n");
    sandbox.manifest("services: {web: {run: [sleep, 1000]}}\n");
    sandbox.switch();
}

/// The same with a state folder that a switch to come touches.
fn with_state(sandbox: &Sandbox) {
    sandbox.program("bin/systemctl", services::FAKE);
    sandbox.write("user/data/x", "x");
    sandbox.manifest("services: {web: {run: [sleep, 1000]}}\nstate: {data: {path: ~/data}}\n");
    sandbox.switch();
    sandbox.manifest("services: {web: {run: [sleep, 2000]}}\n");
}

const fn hands(
    make: fn(&Sandbox),
    command: &'static str,
    hint: &'static str,
    mend: fn(&Sandbox),
) -> Proof {
    Proof::Seen(Trouble::new(make, command, hint, Mend::Hands(mend)))
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Option<Proof> {
    Some(match code {
        Code::ServiceUnknown => hands(
            |sandbox| sandbox.manifest("services: {web: {run: [sleep, 1], after: [webb]}}\n"),
            "switch",
            "did you mean `web`?",
            |sandbox| sandbox.manifest("services: {web: {run: [sleep, 1]}}\n"),
        ),
        Code::ServiceCircle => hands(
            |sandbox| {
                sandbox.manifest(
                    "services:\n  a: {run: [sleep, 1], after: [b]}\n  b: {run: [sleep, 1], after: [a]}\n",
                );
            },
            "switch",
            "take one `after` of the circle away",
            |sandbox| {
                sandbox.manifest(
                    "services:\n  a: {run: [sleep, 1], after: [b]}\n  b: {run: [sleep, 1]}\n",
                );
            },
        ),
        Code::ServiceProgram => hands(
            |sandbox| sandbox.manifest("services: {web: {run: [no-such-program]}}\n"),
            "switch",
            "correct `run:`, or add the package that has `no-such-program`",
            |sandbox| sandbox.manifest("services: {web: {run: [sleep, 1]}}\n"),
        ),
        Code::ServiceNotStarted => hands(
            |sandbox| {
                one(sandbox);
                sandbox.dgmo("services stop").works();
                sandbox.write("run/broken", "");
            },
            "services start web",
            "run `dgmo services logs web`",
            |sandbox| {
                sandbox.dgmo("services logs web").works().says("said");
                sandbox.remove("run/broken");
            },
        ),
        Code::ServiceNotStopped => hands(
            |sandbox| {
                one(sandbox);
                sandbox.write("run/broken", "");
            },
            "services stop web",
            "run `dgmo services status`",
            |sandbox| {
                sandbox.dgmo("services status").works();
                sandbox.remove("run/broken");
            },
        ),
        Code::ServicesNotRun => {
            Proof::Own(services::supervised::nobody_runs_them_until_somebody_does)
        }
        Code::ServicesRunElsewhere => Proof::Own(services::supervised::two_do_not_run_the_same),
        Code::ServiceNone => Proof::Seen(
            Trouble::new(
                one,
                "services start nobody",
                "run `dgmo services status`",
                Mend::Run,
            )
            .then("services start web"),
        ),
        Code::SupervisorLost => {
            Proof::Own(services::supervised::a_supervisor_that_does_not_answer_is_told)
        }
        Code::StateUnusable => hands(
            |sandbox| {
                with_state(sandbox);
                sandbox.write("home/profiles/default/state", "in the way");
            },
            "switch",
            "put right what the system says of it",
            |sandbox| sandbox.remove("home/profiles/default/state"),
        ),
        Code::StateMissing => Proof::Seen(
            Trouble::new(
                |sandbox| {
                    sandbox.program("bin/systemctl", services::FAKE);
                    let state = "state: {data: {path: ~/data, services: [web]}}\n";
                    let services = "services: {web: {run: [sleep, 1]}}\n";
                    sandbox.manifest(&format!("{services}{state}"));
                    sandbox.switch();
                    // No service is touched by this, so nothing is kept.
                    sandbox.manifest(&format!("{services}{state}files: {{.x: {{text: x}}}}\n"));
                    sandbox.switch();
                },
                "rollback 1 --with-state",
                "run `dgmo rollback 1`",
                Mend::Run,
            )
            .then("status"),
        ),
        Code::StatePath => hands(
            |sandbox| {
                sandbox.manifest(&format!(
                    "state: {{all: {{path: {}}}}}\nfiles: {{.x: {{text: x}}}}\n",
                    sandbox.root().display()
                ));
                sandbox.switch();
                sandbox.manifest("files: {.y: {text: y}}\n");
            },
            "switch",
            "name the folder of the program's own data",
            |sandbox| {
                sandbox.manifest(&format!(
                    "state: {{all: {{path: {}}}}}\nfiles: {{.x: {{text: x}}}}\n",
                    sandbox.root().display()
                ));
            },
        ),
        _ => return None,
    })
}
