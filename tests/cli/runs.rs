//! What programs ask of the machine and is not there: told when they are put into the store.

use std::fs;
use std::process::Command;

use super::Sandbox;

/// An archive with a folder `bin`, as an address for a manifest.
fn archive(sandbox: &Sandbox) -> String {
    let path = sandbox.root().join("tool.tar.gz");
    let output = Command::new("tar")
        .arg("-czf")
        .arg(&path)
        .args(["-C", "build", "bin", "lib"])
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    format!("file://{}", path.display())
}

fn compile(sandbox: &Sandbox, arguments: &[&str]) {
    let output = Command::new("cc")
        .args(arguments)
        .current_dir(sandbox.root().join("build"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

/// A program that needs a library which needs another, and a script for nobody's interpreter; nothing without a
/// compiler, which is told.
fn built(sandbox: &Sandbox) -> bool {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: there is no C compiler on this machine");
        return false;
    }
    for folder in ["bin", "lib"] {
        fs::create_dir_all(sandbox.root().join("build").join(folder)).unwrap();
    }
    sandbox.write("build/deep.c", "int deep(void) { return 7; }\n");
    for name in ["near", "lost"] {
        let text = "int deep(void); int near(void) { return deep(); }\n";
        sandbox.write(format!("build/{name}.c"), text);
    }
    sandbox.write(
        "build/tool.c",
        "int near(void); int main(void) { return near(); }\n",
    );
    let shared = ["-shared", "-fPIC", "-Wl,--enable-new-dtags", "-o"];
    let library = |name: &str, more: &[&str]| {
        let (out, source) = (format!("lib/lib{name}.so"), format!("{name}.c"));
        compile(sandbox, &[&shared[..], &[&out, &source], more].concat());
    };
    library("deep", &["-Wl,-soname,libdeep.so.1"]);
    let origin = "-Wl,-rpath,$ORIGIN";
    library(
        "near",
        &["-Llib", "-ldeep", "-Wl,-soname,libnear.so", origin],
    );
    library("lost", &["-Llib", "-ldeep", "-Wl,-soname,libnear.so"]);
    let found = [
        "-Llib",
        "-lnear",
        "-ldeep",
        "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib",
        "-Wl,-rpath-link,lib",
    ];
    compile(
        sandbox,
        &[&["-o", "bin/tool", "tool.c"], &found[..]].concat(),
    );
    sandbox.rename("build/lib/libdeep.so", "build/lib/libdeep.so.1");
    true
}

#[test]
fn a_library_that_is_nowhere_is_told_and_one_in_the_package_is_not() {
    let sandbox = Sandbox::new();
    if !built(&sandbox) {
        return;
    }
    let url = archive(&sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    sandbox.switch().says_nothing_of("library");
    sandbox.sh("eval \"$(dgmo env)\"; tool").exits(7);
    // The folder that a program names is not for the libraries it brings in.
    let sandbox = Sandbox::new();
    built(&sandbox);
    sandbox.rename("build/lib/liblost.so", "build/lib/libnear.so");
    let url = archive(&sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    sandbox.switch().says(
        "`lib/libnear.so` needs the library `libdeep.so.1`, which is in the package as `lib/libdeep.so.1`, where its loader does not look",
    );
    sandbox.sh("eval \"$(dgmo env)\"; tool").exits(127);
    let sandbox = Sandbox::new();
    built(&sandbox);
    sandbox.remove("build/lib/libdeep.so.1");
    let url = archive(&sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    let ran = sandbox.switch();
    ran.says("package `tool`: `lib/libnear.so` needs the library `libdeep.so.1`, which is neither in the package nor on this machine");
}

#[test]
fn a_loader_and_an_interpreter_that_are_not_there_are_told() {
    let sandbox = Sandbox::new();
    if !built(&sandbox) {
        return;
    }
    compile(
        &sandbox,
        &[
            "-o",
            "bin/odd",
            "deep.c",
            "-Wl,-e,deep",
            "-nostdlib",
            "-pie",
            "-Wl,-dynamic-linker,/nowhere/ld.so",
            "-Wl,--no-as-needed",
            "lib/libdeep.so.1",
        ],
    );
    sandbox.program("build/bin/script", "#!/opt/builder/bin/own -u\n");
    sandbox.program("build/bin/plain", "#!/bin/sh\n");
    sandbox.program("build/bin/junk", "\x7fELF and no more");
    let url = archive(&sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    let ran = sandbox.switch();
    ran.says("`bin/odd` is loaded by `/nowhere/ld.so`, which is not on this machine")
        .says("`bin/script` is run with `/opt/builder/bin/own`, which is not on this machine")
        .says_nothing_of("bin/plain")
        .says_nothing_of("bin/junk");
}
