//! Packages that name the place they were built for: led to where they are, refused, or taken and told.

mod apple;
mod catalogues;
mod places;
mod wheels;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::Ran;
use super::Sandbox;

/// Compiles in the folder of the package; nothing without a compiler, which is told.
fn compile(sandbox: &Sandbox, lines: &[&str]) -> bool {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: there is no C compiler on this machine");
        return false;
    }
    for line in lines {
        let line = format!("cd ../build && {line}");
        sandbox.sh(&line).works();
    }
    true
}

/// A program that finds its library, its loader and its plug-in only in `/opt/builder`.
fn built(sandbox: &Sandbox) -> bool {
    for folder in ["bin", "lib/deep", "lib/pkgconfig"] {
        fs::create_dir_all(sandbox.root().join("build").join(folder)).unwrap();
    }
    // What a program has in memory only is where new things would come first.
    sandbox.write(
        "build/deep.c",
        "static char room[300000]; int deep(void) { room[7] = 7; return room[7]; }\n",
    );
    sandbox.write(
        "build/near.c",
        "int deep(void); int near(void) { return deep(); }\n",
    );
    sandbox.write(
        "build/tool.c",
        "static char room[300000]; int near(void); int main(int n, char **v) { return near() + room[n]; }\n",
    );
    let tags = "-Wl,--enable-new-dtags,-rpath,/opt/builder";
    let is_built = compile(
        sandbox,
        &[
            "cc -shared -fPIC -o lib/deep/libdeep.so.1 deep.c -Wl,-soname,libdeep.so.1",
            "ln -s /opt/builder/lib/deep/libdeep.so.1 lib/deep/libdeep.so",
            &format!(
                "cc -shared -fPIC -o lib/libnear.so near.c -Llib/deep -l:libdeep.so.1 {tags}/lib/deep"
            ),
            &format!(
                "cc -o bin/tool tool.c -Llib -lnear -Wl,-rpath-link,lib/deep {tags}/lib:/tmp/out"
            ),
            &format!(
                "cc -no-pie -o bin/fixed tool.c -Llib -lnear -Wl,-rpath-link,lib/deep {tags}/lib"
            ),
            "cc -o bin/old tool.c -Llib -lnear -Wl,-rpath-link,lib/deep -Wl,--disable-new-dtags,-rpath,/opt/builder/lib",
        ],
    );
    sandbox.write(
        "build/lib/pkgconfig/near.pc",
        "prefix=/opt/builder\nlibdir=${prefix}/lib\n",
    );
    is_built
}

/// The folder `build` as an address for a manifest.
fn archive(sandbox: &Sandbox) -> String {
    sandbox
        .sh("tar -czf ../tool.tar.gz -C ../build $(cd ../build && ls -d bin lib 2>/dev/null)")
        .works();
    format!("file://{}", sandbox.root().join("tool.tar.gz").display())
}

fn switched(sandbox: &Sandbox) -> Ran {
    let url = archive(sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    sandbox.switch()
}

/// The view's `bin` of a home.
fn bin(home: &Path) -> PathBuf {
    home.join("profiles/default/current/view/bin")
}

/// Runs a program of a view, with nothing of the environment.
fn exit_of(home: &Path, program: &str) -> Option<i32> {
    let output = Command::new(bin(home).join(program)).env_clear().output();
    let output = output.unwrap();
    println!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.code()
}

/// What another tool says of a program, if there is such a tool.
fn says(sandbox: &Sandbox, line: &str) -> Option<String> {
    let tool = line.split(' ').next().unwrap();
    if Command::new(tool).arg("--version").output().is_err() {
        println!("skipped: there is no `{tool}` on this machine");
        return None;
    }
    let ran = sandbox.sh(line).works();
    Some(ran.stdout.clone() + &ran.stderr)
}

#[test]
fn a_program_finds_its_libraries_where_it_is_and_when_the_home_moves() {
    let sandbox = Sandbox::new();
    if !built(&sandbox) {
        return;
    }
    assert_ne!(
        Command::new(sandbox.root().join("build/bin/tool"))
            .status()
            .unwrap()
            .code(),
        Some(7),
        "it would run anyway"
    );
    let told = switched(&sandbox).says("named the place it was built for");
    told.says_nothing_of("library")
        .says_nothing_of("still names");
    for program in ["tool", "fixed", "old"] {
        assert_eq!(exit_of(&sandbox.home(), program), Some(7), "{program}");
    }
    let tool = bin(&sandbox.home()).join("tool");
    let tool = fs::canonicalize(tool).unwrap();
    let tool = tool.display();
    if let Some(text) = says(&sandbox, &format!("readelf -dW {tool}")) {
        assert!(text.contains("runpath: [$ORIGIN/../lib]"), "{text}");
        assert!(!text.contains("Warning"), "{text}");
    }
    if let Some(text) = says(&sandbox, &format!("readelf -lSW {tool}")) {
        assert!(
            !text.contains("Warning") && !text.contains("Error"),
            "{text}"
        );
    }
    if let Some(text) = says(&sandbox, &format!("patchelf --print-rpath {tool}")) {
        assert_eq!(text.trim(), "$ORIGIN/../lib");
    }
    if let Some(text) = says(&sandbox, &format!("file {tool}")) {
        assert!(
            text.contains("dynamically linked, interpreter /lib"),
            "{text}"
        );
    }
    let home = fs::canonicalize(sandbox.home()).unwrap();
    let programs = ["tool", "fixed", "old"].map(|program| {
        let place = fs::canonicalize(bin(&home).join(program)).unwrap();
        place.strip_prefix(&home).unwrap().to_owned()
    });
    let folder = sandbox.root().join("moved/further");
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    fs::rename(sandbox.home(), &folder).unwrap();
    for program in programs {
        assert_eq!(
            Command::new(folder.join(program)).status().unwrap().code(),
            Some(7)
        );
    }
}

#[test]
fn the_same_lock_becomes_the_same_in_another_home_and_is_mended() {
    let sandbox = Sandbox::new();
    if !built(&sandbox) {
        return;
    }
    switched(&sandbox);
    let place = |home: &Path| fs::canonicalize(bin(home).join("tool")).unwrap();
    let first = place(&sandbox.home());
    let lock = sandbox.read("work/dgmo.lock");
    let other = sandbox.root().join("other");
    sandbox
        .dgmo(&format!(
            "switch --home {0} --target {0}-user",
            other.display()
        ))
        .works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    let tail = |path: &Path| path.components().rev().take(3).collect::<PathBuf>();
    assert_eq!(tail(&place(&other)), tail(&first));
    // Again costs nothing, and what is damaged comes back as it was.
    sandbox.switch().says_nothing_of("built for");
    let bytes = fs::read(&first).unwrap();
    sandbox
        .sh(&format!("chmod +w {0} && printf x >> {0}", first.display()))
        .works();
    sandbox.remove("other");
    sandbox.dgmo("repair").works();
    assert_eq!(fs::read(&first).unwrap(), bytes);
    assert_eq!(exit_of(&sandbox.home(), "tool"), Some(7));
}

#[test]
fn a_loader_elsewhere_becomes_that_of_the_system() {
    let sandbox = Sandbox::new();
    if !built(&sandbox) {
        return;
    }
    let name = if cfg!(target_arch = "x86_64") {
        "ld-linux-x86-64.so.2"
    } else {
        "ld-linux-aarch64.so.1"
    };
    for (program, place) in [
        ("short", "/opt/b"),
        ("long", "/home/somebody/with/a/long/name"),
    ] {
        let line = format!(
            "cc -o bin/{program} deep.c -Wl,-e,main -Wl,-dynamic-linker,{place}/{name} main.c"
        );
        sandbox.write(
            "build/main.c",
            "int deep(void); int main(void) { return deep(); }\n",
        );
        compile(&sandbox, &[&line]);
    }
    switched(&sandbox);
    for program in ["short", "long"] {
        let place = fs::canonicalize(bin(&sandbox.home()).join(program)).unwrap();
        let line = format!("patchelf --print-interpreter {}", place.display());
        if let Some(text) = says(&sandbox, &line) {
            assert!(
                text.starts_with("/lib") && text.trim().ends_with(name),
                "{text}"
            );
        }
    }
}

#[test]
fn scripts_find_what_they_are_run_with() {
    let sandbox = Sandbox::new();
    if !Path::new("/usr/bin/python3").exists() || !Path::new("/usr/bin/perl").exists() {
        println!("skipped: there is no Python or no Perl in `/usr/bin`");
        return;
    }
    let own = |name: &str| {
        let text = format!("#!/bin/sh\nOWN=own exec /usr/bin/{name} \"$@\"\n");
        sandbox.program(&format!("work/tool/bin/{name}"), &text);
    };
    own("python3");
    own("perl");
    sandbox.program(
        "work/tool/libexec/snake",
        "#!/opt/builder/bin/python3 -u\nimport os, sys\nprint(os.environ['OWN'], sys.argv[1:])\n",
    );
    sandbox.program(
        "work/tool/bin/pearl",
        "#! /opt/builder/bin/perl -w\nprint \"$ENV{OWN} @ARGV\\n\";\n",
    );
    sandbox.program(
        "work/tool/bin/shell",
        "#!/home/me/bin/bash\necho \"shell $1\"\n",
    );
    sandbox.program("work/tool/bin/fine", "#!/bin/sh\necho fine\n");
    sandbox.link("/opt/builder/libexec/snake", "work/tool/bin/snake");
    sandbox.manifest("packages: {tool: {path: ./tool}}\n");
    sandbox.switch();
    for (line, says) in [
        ("snake 'a b' c", "own ['a b', 'c']\n"),
        ("pearl 'a b'", "own a b\n"),
        ("shell x", "shell x\n"),
        ("fine", "fine\n"),
    ] {
        let ran = sandbox.sh(&format!("eval \"$(dgmo env)\"; {line}")).works();
        assert_eq!(ran.stdout, says, "{line}");
    }
}

#[test]
fn what_leads_to_the_machine_is_told_and_what_leads_nowhere_refused() {
    let sandbox = Sandbox::new();
    sandbox.program("build/bin/tool", "#!/bin/sh\necho tool\n");
    fs::create_dir_all(sandbox.root().join("build/lib")).unwrap();
    sandbox.link("/etc/ssl/certs", "build/lib/certs");
    switched(&sandbox)
        .says("`lib/certs` is a link to `/etc/ssl/certs`: what is there is of the machine");
    sandbox.link("/opt/builder/lib/gone", "build/lib/gone");
    let url = archive(&sandbox);
    let manifest = |more: &str| {
        sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"{more}}}}}\n"));
    };
    manifest("");
    let before = sandbox.current();
    sandbox
        .dgmo("update")
        .fails("DG1284")
        .says("`lib/gone` is a link to `/opt/builder/lib/gone`, which it does not have");
    assert_eq!(sandbox.current(), before);
    manifest(", relocatable: false");
    sandbox
        .dgmo("update")
        .works()
        .says("`lib/gone` is a link to");
    assert_ne!(sandbox.current(), before);
    sandbox.sh("eval \"$(dgmo env)\"; tool").works();
    // A link that climbs out is nobody's mistake of a place.
    sandbox.link("../../../etc/passwd", "build/lib/climbs");
    let url = archive(&sandbox);
    sandbox.manifest(&format!(
        "packages: {{tool: {{url: \"{url}\", relocatable: false}}}}\n"
    ));
    sandbox
        .dgmo("update")
        .fails("DG1253")
        .says("it leads out of the tree");
}

#[test]
fn a_program_that_needs_a_library_by_its_whole_path_is_refused() {
    let sandbox = Sandbox::new();
    if !built(&sandbox) {
        return;
    }
    // Without a name of its own, a library is known by the path it was found at.
    fs::create_dir_all("/tmp").unwrap();
    let place = sandbox.root().join("build/lib/libfar.so");
    let line = format!(
        "cc -shared -fPIC -o {0} deep.c && cc -o bin/far main.c {0}",
        place.display()
    );
    sandbox.write(
        "build/main.c",
        "int deep(void); int main(void) { return deep(); }\n",
    );
    compile(&sandbox, &[&line]);
    let url = archive(&sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    sandbox
        .dgmo("switch")
        .fails("DG1284")
        .says("`bin/far` needs its library `lib/libfar.so` as");
    sandbox.manifest(&format!(
        "packages: {{tool: {{url: \"{url}\", relocatable: false}}}}\n"
    ));
    sandbox.switch().says("`bin/far` needs its library");
    assert_eq!(exit_of(&sandbox.home(), "tool"), Some(7));
}

#[test]
fn a_program_with_something_behind_its_end_is_not_changed() {
    let sandbox = Sandbox::new();
    if !built(&sandbox) {
        return;
    }
    compile(&sandbox, &["printf 'an archive of its own' >> bin/tool"]);
    let url = archive(&sandbox);
    sandbox.manifest(&format!("packages: {{tool: {{url: \"{url}\"}}}}\n"));
    sandbox
        .dgmo("switch")
        .fails("DG1284")
        .says("it has something of its own behind its end");
}
