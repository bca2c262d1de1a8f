//! Packages of npm are looked at, too, each part by itself.

use std::fs;

use serde_json::json;

use super::Sandbox;
use super::compile;
use super::exit_of;
use crate::npm::registry::Registry;

/// A program in a package of npm that finds its library, which is in the package, only in `/opt/builder`.
fn native(sandbox: &Sandbox, library: &str) -> Option<Registry> {
    let package = "build/package";
    for folder in ["bin", "lib"] {
        fs::create_dir_all(sandbox.root().join(package).join(folder)).unwrap();
    }
    sandbox.write("build/package/part.c", "int part(void) { return 7; }\n");
    sandbox.write(
        "build/package/tool.c",
        "int part(void); int main(void) { return part(); }\n",
    );
    let lines = [
        "cd package && cc -shared -fPIC -o lib/libpart.so part.c",
        &format!(
            "cd package && cc -o bin/tool tool.c {library} -Wl,--enable-new-dtags,-rpath,/opt/builder/lib"
        ),
        "rm package/*.c && mkdir -p ../packed/tool && cp -r ../build ../packed/tool/1.0.0",
    ];
    if !compile(sandbox, &lines) {
        return None;
    }
    let registry = Registry::new();
    let about = json!({"bin": "bin/tool", "os": ["linux"]});
    registry.publish(sandbox, "tool@1.0.0", about, &[]);
    Some(registry)
}

fn manifest(sandbox: &Sandbox, registry: &Registry, more: &str) {
    sandbox.manifest(&format!(
        "{}packages:\n  tool: {{npm: tool{more}}}\n",
        registry.sources()
    ));
}

#[test]
fn a_program_of_npm_finds_its_library() {
    let sandbox = Sandbox::new();
    let Some(registry) = native(&sandbox, "-Llib -lpart") else {
        return;
    };
    manifest(&sandbox, &registry, "");
    sandbox
        .switch()
        .says("1 file named the place it was built for");
    assert_eq!(exit_of(&sandbox.home(), "tool"), Some(7));
    let before = sandbox.read("work/dgmo.lock");
    sandbox.switch().says_nothing_of("built for");
    // What is lost comes back as it was.
    let tool = sandbox.profile().join("current/view/bin/tool");
    let tool = fs::canonicalize(tool).unwrap();
    let bytes = fs::read(&tool).unwrap();
    sandbox
        .sh(&format!("chmod +w {0} && printf x >> {0}", tool.display()))
        .works();
    sandbox.dgmo("repair").works();
    assert_eq!(fs::read(&tool).unwrap(), bytes);
    assert_eq!(sandbox.read("work/dgmo.lock"), before);
}

#[test]
fn a_tool_of_npm_that_is_tied_is_refused_unless_it_is_meant() {
    let sandbox = Sandbox::new();
    let place = sandbox.root().join("build/package/lib/libpart.so");
    let Some(registry) = native(&sandbox, &place.display().to_string()) else {
        return;
    };
    manifest(&sandbox, &registry, "");
    sandbox
        .dgmo("switch")
        .fails("DG1284")
        .says("`bin/tool` needs its library `lib/libpart.so` as");
    manifest(&sandbox, &registry, ", relocatable: false");
    sandbox.switch().says("`bin/tool` needs its library");
    // Where it was not taken so, it is still refused.
    manifest(&sandbox, &registry, "");
    let other = sandbox.root().join("other");
    sandbox
        .dgmo(&format!(
            "switch --home {0} --target {0}-user",
            other.display()
        ))
        .fails("DG1284");
}
