//! Looking for a cause, importing, making room.

use dgmo_schema::code::Code;

use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;

fn seen(
    make: fn(&Sandbox),
    command: &'static str,
    hint: &'static str,
    then: &'static str,
) -> Proof {
    // The question was wrong, or asked for too much; the hint leads to one that is right.
    Proof::Seen(Trouble::new(make, command, hint, Mend::Hands(|_| ())).then(then))
}

/// Generations 1 to 4, of which the variable N tells the number.
fn numbered(sandbox: &Sandbox) {
    for number in 1..=4 {
        sandbox.manifest(&format!("env: {{N: \"{number}\"}}\n"));
        sandbox.switch();
    }
    sandbox.program("bin/three", "#!/bin/sh\ntest \"$N\" -lt 3\n");
    sandbox.program(
        "bin/skips",
        "#!/bin/sh\ntest \"$N\" = 2 && exit 125\ntest \"$N\" -lt 3\n",
    );
    sandbox.program(
        "bin/mine",
        "#!/bin/sh\ntest -e ~/.mine && test \"$N\" -lt 3\n",
    );
    sandbox.write("user/.mine", "");
    let count = sandbox.root().join("count");
    let text = format!(
        "#!/bin/sh\necho run >> '{0}'\ntest \"$N\" -lt 3 || test $(($(wc -l < '{0}') % 3)) = 0\n",
        count.display()
    );
    sandbox.program("bin/unsteady", &text);
}

pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::TargetFreeNotReached => seen(
            numbered,
            "gc --target-free 99999T",
            "or ask for less",
            "gc --target-free 1K",
        ),
        Code::BisectEnds => seen(
            numbered,
            "bisect --good 3 -- three",
            "with `--good N`",
            "bisect --good 1 -- three",
        ),
        Code::BisectNoGood => seen(
            numbered,
            "bisect -- mine",
            "add `--own-home`",
            "bisect --own-home -- mine",
        ),
        Code::BisectUnsteady => seen(
            numbered,
            "bisect --good 2 --bad 3 -- unsteady",
            "`--repeat 5`",
            "bisect --good 2 --bad 3 --repeat 5 -- unsteady",
        ),
        Code::BisectUntested => seen(
            numbered,
            "bisect --good 2 -- skips",
            "with `--good N` and `--bad M`",
            "bisect --good 1 -- skips",
        ),
        Code::ImportUnknown => seen(
            |sandbox| sandbox.write("work/list", "brew \"jq\"\n"),
            "import list --dry-run",
            "one of brewfile",
            "import brewfile list --dry-run",
        ),
        Code::ImportUnreadable => Proof::Seen(Trouble::new(
            |sandbox| sandbox.write("work/mise.toml", "[tools\n"),
            "import mise.toml --dry-run",
            "look at it with the tool",
            Mend::Hands(|sandbox| sandbox.write("work/mise.toml", "[tools]\n")),
        )),
        Code::BrowseUnavailable => Proof::Seen(
            Trouble::new(
                numbered,
                "generations browse",
                "run `dgmo generations list`",
                Mend::Run,
            )
            .then("generations list"),
        ),
        _ => unreachable!("{code} is not of this range"),
    }
}
