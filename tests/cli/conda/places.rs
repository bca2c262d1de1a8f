//! Files that name the place they are in: real programs, built for another place, that find what they need in ours.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::Channel;
use super::Package;
use super::Sandbox;
use super::placeholder;
use super::script;
use super::sh;

/// A program that opens its data by the place it was built for, which it also tells, and calls a library.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <stdlib.h>
const char *greeting(void);
const char data[] = PLACE "/share/tool/data.txt";
const char path[] = "-I" PLACE "/include:" PLACE "/include/tool";
int main(void) {
    char line[64] = "";
    FILE *file = fopen(data, "r");
    if (!file || !fgets(line, sizeof line, file)) { puts(data); return 1; }
    printf("%s %s%s\n", greeting(), line, path);
    return 0;
}
"#;

const LIBRARY: &str = "const char *greeting(void) { return \"hello\"; }\n";

/// Compiles with the C compiler that Rust links with.
fn compile(sandbox: &Sandbox, name: &str, text: &str, arguments: &[String]) -> Vec<u8> {
    sandbox.write(format!("build/{name}.c"), text);
    let folder = sandbox.root().join("build");
    let output = Command::new("cc")
        .args(["-O1", "-o", name, &format!("{name}.c")])
        .arg(format!("-DPLACE=\"{}\"", placeholder()))
        .args(arguments)
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::read(folder.join(name)).unwrap()
}

/// The tool and its library, as build tools of conda's make them; nothing where there is no compiler, which is told.
fn real(sandbox: &Sandbox, channel: &Channel) -> bool {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: there is no C compiler on this machine");
        return false;
    }
    let shared = ["-shared", "-fPIC", "-Wl,-soname,libgreet.so"].map(str::to_owned);
    let library = compile(sandbox, "libgreet.so", LIBRARY, &shared);
    let linked = ["-L.", "-l:libgreet.so", "-Wl,-rpath,$ORIGIN/../lib"].map(str::to_owned);
    let program = compile(sandbox, "tool", PROGRAM, &linked);
    let place = placeholder();
    channel.publish(&Package::new("libgreet", "1.0").program("lib/libgreet.so", library));
    channel.publish(
        &Package::new("tool", "1.0")
            .needs(&["libgreet >=1.0,<2.0a0"])
            .program("bin/tool", program)
            .placed("binary")
            .program(
                "bin/tool-config",
                format!("#!/bin/sh\nprefix={place}\necho \"$prefix/lib\"; cat \"$prefix/share/tool/data.txt\"\n"),
            )
            .placed("text")
            .file("share/tool/data.txt", "data ")
            .file("share/tool/untouched", place)
            .link("bin/tool-link", "tool"),
    );
    true
}

fn anchor(sandbox: &Sandbox) -> PathBuf {
    let mut all = fs::read_dir(sandbox.home().join("store/anchors")).unwrap();
    let path = all.next().unwrap().unwrap().path();
    assert!(all.next().is_none(), "there is one");
    path.canonicalize().unwrap();
    fs::canonicalize(path.parent().unwrap())
        .unwrap()
        .join(path.file_name().unwrap())
}

#[test]
fn a_real_program_finds_its_data_and_its_library() {
    let (channel, sandbox) = (Channel::new(), Sandbox::new());
    if !real(&sandbox, &channel) {
        return;
    }
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox
        .switch()
        .says("`share/tool/untouched` of `tool` names the folder it was built in");
    let place = anchor(&sandbox).join("env");
    let place = place.to_str().unwrap();
    let told = format!("hello data -I{place}/include:{place}/include/tool\n");
    sh(&sandbox, "tool").works().says(&told);
    sh(&sandbox, "tool-link").works().says(&told);
    let told = format!("{place}/lib\ndata ");
    sh(&sandbox, "tool-config").works().says(&told);
    let untouched = anchor(&sandbox).join("env/share/tool/untouched");
    assert_eq!(fs::read_to_string(untouched).unwrap(), placeholder());
    sandbox.dgmo("store verify").works();
    sandbox
        .dgmo("doctor")
        .says("ok what the current generation needs is there");
    // The lock knows nothing of this machine.
    assert!(!sandbox.read("work/dgmo.lock").contains("anchors"));
}

#[test]
fn an_anchor_lives_as_long_as_its_tree_and_is_mended() {
    let (channel, sandbox) = (Channel::new(), Sandbox::new());
    let place = placeholder();
    let tool = |version: &'static str| {
        Package::new("tool", version)
            .program("bin/tool", format!("#!/bin/sh\ncat {place}/share/data\n"))
            .placed("text")
            .file("share/data", format!("data {version}"))
    };
    channel.publish(&tool("1"));
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.switch();
    let first = anchor(&sandbox);
    fs::remove_file(&first).unwrap();
    sh(&sandbox, "tool").exits(1);
    sandbox
        .dgmo("store verify")
        .exits(3)
        .says("look for each other");
    sandbox.dgmo("repair").works();
    sh(&sandbox, "tool").works().says("data 1");
    sandbox.dgmo("store verify").works();
    channel.publish(&tool("2"));
    sandbox.remove("work/dgmo.lock");
    sandbox.switch();
    sh(&sandbox, "tool").works().says("data 2");
    assert!(first.exists(), "the generation before is still there");
    sandbox.dgmo("rollback").works();
    sh(&sandbox, "tool").works().says("data 1");
    sandbox.switch();
    channel.publish(&tool("3"));
    sandbox.remove("work/dgmo.lock");
    sandbox.switch();
    sandbox.run(&["gc", "--keep", "last 1"]).works();
    assert!(
        fs::symlink_metadata(&first).is_err(),
        "it went with its tree"
    );
    sh(&sandbox, "tool").works().says("data 3");
    sandbox.dgmo("rollback").works();
    sh(&sandbox, "tool").works().says("data 2");
}

/// A crash may come between a tree's laying out and its anchor.
#[test]
fn a_switch_sets_an_anchor_that_was_left_out() {
    let (channel, sandbox) = (Channel::new(), Sandbox::new());
    let place = placeholder();
    channel.publish(
        &Package::new("tool", "1")
            .program("bin/tool", format!("#!/bin/sh\ncat {place}/data\n"))
            .placed("text")
            .file("data", "data"),
    );
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.switch();
    fs::remove_dir_all(sandbox.home().join("store/anchors")).unwrap();
    let manifest = sandbox.read("work/dgmo.yaml");
    sandbox.write("work/dgmo.yaml", format!("{manifest}env: {{MORE: x}}\n"));
    sandbox.dgmo("switch --offline").works();
    sh(&sandbox, "tool").works().says("data");
    sandbox.dgmo("store verify").works();
}

#[test]
fn a_home_elsewhere_has_the_same_lock_and_its_own_place() {
    let channel = Channel::new();
    let place = placeholder();
    channel.publish(
        &Package::new("tool", "1")
            .program("bin/tool", format!("#!/bin/sh\necho {place}\n"))
            .placed("text"),
    );
    let mut told = Vec::new();
    let mut locks = Vec::new();
    for _ in 0..2 {
        let sandbox = Sandbox::new();
        channel.manifest(&sandbox, "  tool: {conda: tool}\n");
        sandbox.switch();
        let place = anchor(&sandbox).join("env");
        sh(&sandbox, "tool").works().says(place.to_str().unwrap());
        told.push(place.file_name().unwrap().to_owned());
        told.push(anchor(&sandbox).file_name().unwrap().to_owned());
        locks.push(sandbox.read("work/dgmo.lock"));
    }
    assert_eq!(
        told[..2],
        told[2..],
        "the anchor's name follows from the lock"
    );
    assert_eq!(locks[0], locks[1]);
}

#[test]
fn a_home_that_was_moved_is_told_of_by_verify() {
    let (channel, sandbox) = (Channel::new(), Sandbox::new());
    let place = placeholder();
    channel.publish(
        &Package::new("tool", "1")
            .program("bin/tool", format!("#!/bin/sh\necho {place}\n"))
            .placed("text"),
    );
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.switch();
    sandbox.rename("home", "moved");
    let moved = sandbox.root().join("moved");
    let env = [("DGMO_HOME", moved.to_str().unwrap())];
    let ran = sandbox.run_with(&["store", "verify"], &env);
    ran.exits(3).says("was made for another place");
    // What comes new is made for where the home is now.
    channel.publish(
        &Package::new("tool", "2")
            .program("bin/tool", format!("#!/bin/sh\necho {place}\n"))
            .placed("text"),
    );
    sandbox.remove("work/dgmo.lock");
    sandbox.run_with(&["switch"], &env).works();
    let line = "eval \"$(DGMO_HOME=$PWD/../moved dgmo env)\"; tool";
    sandbox.sh(line).works().says("/moved/store/anchors/");
}

#[test]
fn a_binary_without_room_for_the_place_is_refused() {
    let (channel, sandbox) = (Channel::new(), Sandbox::new());
    let mut tool = Package::new("tool", "1")
        .program("bin/tool", format!("\x7fELF{}\0", "/short"))
        .placed("binary");
    tool.short_placeholder = Some("/short");
    channel.publish(&tool);
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    let ran = sandbox.dgmo("switch");
    ran.exits(1)
        .says("was built for a place with room for 6 bytes")
        .says("`DGMO_HOME`");
    assert_eq!(sandbox.current(), 0);
}

/// A Python of conda's that is the machine's own, which finds the modules beside it.
fn python() -> Package {
    let modules = format!("{}/lib/python3.12/site-packages", placeholder());
    Package::new("python", "3.12.4")
        .program(
            "bin/python",
            format!(
                "#!/bin/sh\nPYTHONPATH={modules} PYTHONDONTWRITEBYTECODE=1 exec python3 \"$@\"\n"
            ),
        )
        .placed("text")
}

#[test]
fn packages_for_whatever_python_go_where_that_python_looks() {
    if Command::new("python3").arg("-V").output().is_err() {
        println!("skipped: there is no python3 on this machine");
        return;
    }
    let (channel, sandbox) = (Channel::new(), Sandbox::new());
    channel.publish(&python());
    let mut tool = Package::new("tool", "1")
        .within("noarch")
        .needs(&["python >=3.9"])
        .file(
            "site-packages/tool/__init__.py",
            "import os, sys\ndef main():\n    print('tool', sys.argv[1:], os.path.dirname(__file__))\n    return 3\n",
        )
        .program(
            "python-scripts/tool-script",
            format!("#!{}/bin/python\nimport tool\nprint('script')\n", placeholder()),
        )
        .placed("text");
    tool.link = Some(json!({
        "noarch": {"type": "python", "entry_points": ["tool = tool:main"]}, "package_metadata_version": 1,
    }));
    channel.publish(&tool);
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.switch();
    let site = anchor(&sandbox).join("env/lib/python3.12/site-packages/tool");
    let ran = sh(&sandbox, "tool a b").exits(3);
    ran.says(&format!("tool ['a', 'b'] {}", site.display()));
    sh(&sandbox, "tool-script").works().says("script");
    sh(&sandbox, "command -v python | grep view").exits(1);
}

#[test]
fn scripts_of_packages_are_told_of_and_never_run() {
    let (channel, sandbox) = (Channel::new(), Sandbox::new());
    channel.publish(
        &Package::new("tool", "1")
            .program("bin/tool", script("tool"))
            .program("bin/.tool-post-link.sh", "#!/bin/sh\ntouch \"$HOME/ran\"\n")
            .file("etc/conda/activate.d/tool.sh", "export TOOL=1\n"),
    );
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    let ran = sandbox.switch();
    ran.says("would run a script when it is installed")
        .says("would set variables");
    assert!(!sandbox.exists("user/ran"));
    sh(
        &sandbox,
        "ls $(dirname $(command -v tool))/.tool-post-link.sh",
    )
    .exits(2);
}
