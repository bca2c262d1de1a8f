//! What is tried of looking for a cause, importing, and links that are taken over.

use crate::scenarios::ONE;
use crate::scenarios::SWITCH;
use crate::scenarios::Scenario;
use crate::scenarios::after_contents;
use crate::scenarios::one;
use crate::scenarios::sources;
use crate::scenarios::things_of_the_user;
use crate::world::World;

/// All of them.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let scenario = Scenario::new;
    vec![
        scenario(
            "bisect",
            with_a_cause,
            "bisect --good 1 -- /bin/sh {w}/src/files/smoke",
        )
        .with_programs(),
        scenario("links that are taken over", linked, SWITCH),
        scenario("links that come back", after_linked, "rollback 0"),
        Scenario {
            // There is a manifest already: it was written by the one that was stopped.
            finish: Some("generations list"),
            ..scenario(
                "import",
                another_tools,
                "import home-manager {w}/tool -o {w}/src/own/dgmo.yaml --target {w}/target",
            )
        },
    ]
}

/// Two generations, and a test that one home file breaks.
fn with_a_cause(world: &World) {
    after_contents(world);
    let test = "read -r line < ~/.inputrc\ntest \"$line\" = one\n";
    world.write("src/files/smoke", test, 0o644);
}

/// Links of another tool to the same contents.
fn linked(world: &World) {
    sources(world);
    things_of_the_user(world);
    world.write("src/files/inputrc", "one\n", 0o644);
    world.link("target/.inputrc", "../src/files/inputrc");
    world.link("target/.config/editor", "../../src/files/editor-1");
    world.manifest(ONE);
}

fn after_linked(world: &World) {
    linked(world);
    world.run(SWITCH);
}

/// What home-manager keeps: links to contents elsewhere.
fn another_tools(world: &World) {
    one(world);
    world.write("contents/zshrc", "zsh\n", 0o444);
    world.write("contents/nvim/init.lua", "lua\n", 0o444);
    world.write("contents/nvim/lua/x.lua", "x\n", 0o444);
    world.write("tool/.local/bin/tool", "#!/bin/sh\n", 0o555);
    world.write("tool/.config/keep", "", 0o444);
    world.link("tool/.zshrc", "../contents/zshrc");
    world.link("tool/.config/nvim", "../../contents/nvim");
}
