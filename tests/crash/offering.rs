//! What is tried of packages that come from elsewhere: from a forge on loopback that offers one tool, by a short name,
//! into a folder for others, and built for another place.

use std::fs;
use std::sync::OnceLock;

use crate::scenarios::SWITCH;
use crate::scenarios::Scenario;
use crate::scenarios::one;
use crate::server::Answer;
use crate::server::Server;
use crate::world::World;

/// All of them.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let scenario = Scenario::new;
    vec![
        scenario("a switch to a release of a forge", released, SWITCH),
        scenario("a switch to a short name", named_by_an_index, SWITCH),
        scenario(
            "a switch to what was built elsewhere",
            built_elsewhere,
            SWITCH,
        ),
        scenario(
            "vendor",
            locked,
            "vendor {w}/src/vendor --prune -f {w}/src/dgmo.yaml",
        ),
        scenario(
            "a switch from a folder of downloads",
            vendored,
            "switch --from-vendor {w}/src/vendor -f {w}/src/dgmo.yaml --target {w}/target",
        ),
    ]
}

/// What it gives as the tool's file: a program that is no archive.
const TOOL: &str = "#!/bin/sh\necho tool\n";

/// A profile with one package of the machine, and a manifest that has the forge's tool too.
pub(crate) fn released(world: &World) {
    one(world);
    offered(world, "tool: {github: maker/tool}", "");
}

fn offered(world: &World, package: &str, more: &str) {
    let url = format!("http://127.0.0.1:{}/api/v3", port());
    world.manifest(&format!(
        "dgmo: 1\nsources: {{github: {{url: \"{url}\"}}}}\n{more}packages:\n  alpha: {{path: pkgs/alpha-1}}\n  \
         {package}\n"
    ));
}

fn named_by_an_index(world: &World) {
    one(world);
    let tools =
        "dgmo-index: 1\nversion: 1\ntools:\n  tool: {from: \"github:maker/tool\", bin: [tool]}\n";
    world.write("src/tools.yaml", tools, 0o644);
    offered(world, "tool: \"1\"", "indexes: [{path: tools.yaml}]\n");
}

/// A script that is run with a program of its package, by the place it was built for, and a link to there.
fn built_elsewhere(world: &World) {
    one(world);
    world.write(
        "src/pkgs/delta/bin/run",
        "#!/bin/sh\nexec /bin/sh \"$@\"\n",
        0o755,
    );
    world.write(
        "src/pkgs/delta/bin/delta",
        "#!/opt/delta/bin/run\necho delta\n",
        0o755,
    );
    world.link("src/pkgs/delta/bin/same", "/opt/delta/bin/run");
    world.manifest(
        "dgmo: 1\npackages:\n  alpha: {path: pkgs/alpha-1}\n  delta: {path: pkgs/delta}\n",
    );
}

/// A lock, of which nothing was fetched yet, and a folder that has something it does not name.
fn locked(world: &World) {
    one(world);
    offered(world, "tool: {github: maker/tool}", "");
    world.run("lock -f {w}/src/dgmo.yaml");
    world.run("vendor {w}/src/vendor -f {w}/src/dgmo.yaml");
    let digest = fs::read_dir(world.path("src/vendor")).unwrap();
    let file = digest
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.is_file());
    let file = file.expect("the tool was brought");
    fs::rename(&file, file.with_file_name(format!("b3-{}", "0".repeat(64)))).unwrap();
}

fn vendored(world: &World) {
    one(world);
    offered(world, "tool: {github: maker/tool}", "");
    world.run("lock -f {w}/src/dgmo.yaml");
    world.run("vendor {w}/src/vendor -f {w}/src/dgmo.yaml");
}

/// Where the forge listens: one for the whole test, until it ends.
fn port() -> u16 {
    static FORGE: OnceLock<Server<()>> = OnceLock::new();
    FORGE
        .get_or_init(|| Server::start((), |(), asked| answer(&asked.target)))
        .port()
}

fn answer(target: &str) -> Answer {
    let tagged = |body: String| Answer::found(body).with("ETag: \"1\"\r\n");
    if target.ends_with("/releases/download/v1.0.0/tool-linux-amd64") {
        tagged(TOOL.to_owned())
    } else if target.contains("/repos/maker/tool/releases?") {
        let size = TOOL.len();
        tagged(format!(
            r#"[{{"tag_name":"v1.0.0","assets":[{{"name":"tool-linux-amd64","size":{size}}}]}}]"#
        ))
    } else {
        Answer::absent()
    }
}
