//! Packages of archives of Debian's kind: which version, what of it is taken, and what is believed.

mod archive;
mod believed;
mod postgres;
pub(crate) mod real;

use super::Sandbox;
pub(crate) use archive::Archive;
pub(crate) use archive::Package;
pub(crate) use archive::is_there;

#[track_caller]
fn says(sandbox: &Sandbox, program: &str, words: &str) {
    sandbox
        .sh(&format!("eval \"$(dgmo env)\"; {program}"))
        .works()
        .says(words);
}

#[test]
fn the_newest_that_fits_is_taken_as_debian_orders_versions() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    for (version, packing) in [
        ("1.6-2", "xz"),
        ("1.6-2.1+deb12u1", "gzip"),
        ("1.7~rc1-1", "zstd"),
        ("2.0", "none"),
    ] {
        archive.program(&Package {
            packing,
            ..Package::of("tool", version)
        });
    }
    archive.publish();
    archive.manifest("  tool: {deb: tool, version: \"~1.6\"}\n");
    archive.dgmo("switch").works();
    says(&sandbox, "tool", "tool 1.6-2.1+deb12u1 amd64");
    let lock = sandbox.read("work/dgmo.lock");
    assert!(
        lock.contains("pool/tool_1.6-2.1+deb12u1_amd64.deb"),
        "{lock}"
    );
    assert!(
        !lock.contains("127.0.0.1"),
        "another mirror has another lock: {lock}"
    );

    archive.asked();
    archive.dgmo("switch").works().says("nothing to do");
    assert_eq!(archive.asked(), Vec::<String>::new());
    archive.dgmo("outdated").exits(3).says("2.0");
    archive.dgmo("info tool").works().says("1.7~rc1-1");
    for (version, words) in [
        ("=1.6-2", "1.6-2 "),
        (">=1.7~, <2", "1.7~rc1-1"),
        ("2", "tool 2.0 "),
    ] {
        archive.manifest(&format!("  tool: {{deb: tool, version: \"{version}\"}}\n"));
        archive.dgmo("switch").works();
        says(&sandbox, "tool", words);
    }
    archive.manifest("  tool: {deb: tol}\n");
    archive
        .dgmo("switch")
        .fails("DG1221")
        .says("correct its name");
    archive.manifest("  tool: {deb: tool, version: \"9\"}\n");
    archive.dgmo("switch").fails("DG1223");
    sandbox.dgmo("rollback").works();
    says(&sandbox, "tool", "1.7~rc1-1");
}

#[test]
fn what_is_in_usr_is_where_programs_look_for_it() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    archive.build(&Package::of("tool", "1"), |folder| {
        sandbox.program(
            &format!("{folder}/usr/lib/tool/real"),
            "#!/bin/sh\necho real\n",
        );
        sandbox.program(&format!("{folder}/bin/old"), "#!/bin/sh\necho old\n");
        sandbox.link("/usr/lib/tool/real", &format!("{folder}/usr/bin/tool"));
        sandbox.link("../../bin/old", &format!("{folder}/usr/bin/older"));
        sandbox.link("/etc/alternatives/none", &format!("{folder}/usr/bin/none"));
        sandbox.write(format!("{folder}/usr/share/tool/words"), "words");
        sandbox.write(format!("{folder}/etc/tool.conf"), "conf");
        sandbox.program(
            &format!("{folder}/DEBIAN/postinst"),
            "#!/bin/sh\ntouch /tmp/never\n",
        );
    });
    archive.publish();
    archive.manifest("  tool: {deb: tool}\n");
    archive
        .dgmo("switch")
        .works()
        .says("`postinst` of `tool` is not run");
    says(&sandbox, "tool", "real");
    says(&sandbox, "old", "old");
    says(&sandbox, "older", "old");
    let view = "home/profiles/default/current/view";
    assert_eq!(sandbox.read(format!("{view}/share/tool/words")), "words");
}

#[test]
fn each_system_gets_its_own_and_what_is_for_all_is_one() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    for architecture in ["amd64", "arm64"] {
        archive.program(&Package {
            architecture,
            ..Package::of("tool", "1")
        });
    }
    archive.program(&Package {
        architecture: "all",
        ..Package::of("script", "1")
    });
    archive.program(&Package::of("alone", "1"));
    archive.publish();
    archive.manifest("  tool: {deb: tool}\n  script: {deb: script}\n");
    archive.dgmo("switch").works();
    let before = sandbox.read("work/dgmo.lock");
    let manifest = sandbox.read("work/dgmo.yaml");
    sandbox.write(
        "work/dgmo.yaml",
        manifest.replace("[x86_64-linux]", "[x86_64-linux, aarch64-linux]"),
    );
    archive.dgmo("lock").works();
    let lock = sandbox.read("work/dgmo.lock");
    for words in ["tool_1_amd64.deb", "tool_1_arm64.deb", "script_1_all.deb"] {
        assert_eq!(lock.matches(words).count(), 1, "{words}: {lock}");
    }
    for line in before.lines().map(|line| line.trim_end_matches(',')) {
        assert!(lock.contains(line), "{line} is gone: {lock}");
    }
    sandbox.write(
        "work/dgmo.yaml",
        manifest.replace("[x86_64-linux]", "[x86_64-linux, aarch64-darwin]"),
    );
    archive.dgmo("lock").fails("DG1225").says("only for Linux");
    sandbox.write(
        "work/dgmo.yaml",
        manifest
            .replace("[x86_64-linux]", "[x86_64-linux, aarch64-linux]")
            .replace("deb: tool", "deb: alone"),
    );
    archive
        .dgmo("lock")
        .fails("DG1225")
        .says("nothing for aarch64-linux");
}

#[test]
fn all_it_depends_on_is_chosen_and_comes_too() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    let needing = |name: &'static str, version: &'static str, fields: &str| {
        let fields = fields.to_owned();
        archive.program(&Package {
            fields: &fields,
            ..Package::of(name, version)
        });
    };
    needing(
        "tool",
        "1",
        "Depends: lib (>= 2), lib (<< 4), editor, old | new (>= 1)\nPre-Depends: base\n",
    );
    for version in ["1", "2", "3", "4"] {
        needing("lib", version, "Depends: base (>= 1)\n");
    }
    needing("base", "1", "");
    needing("vi", "1", "Provides: editor\n");
    needing("emacs", "1", "Provides: editor\nDepends: nobody-has-it\n");
    needing("new", "2", "Depends: tool\n");
    needing("proud", "1", "Depends: lib (>= 9)\n");
    archive.publish();
    archive.manifest("  tool: {deb: tool, dependencies: true}\n");
    archive.dgmo("switch").works();
    let lock = sandbox.read("work/dgmo.lock");
    for words in ["tool_1", "lib_3", "base_1", "vi_1", "new_2"] {
        assert!(
            lock.contains(&format!("pool/{words}_amd64.deb")),
            "{words}: {lock}"
        );
    }
    assert!(!lock.contains("emacs") && !lock.contains("lib_4"), "{lock}");
    says(&sandbox, "tool", "tool 1 amd64");
    // What is only needed is not shown.
    assert!(!sandbox.exists("home/profiles/default/current/view/bin/vi"));

    // It is another package without them, and again the same with them.
    archive.manifest("  tool: {deb: tool}\n");
    archive.dgmo("switch").works();
    assert!(!sandbox.read("work/dgmo.lock").contains("lib_3"));
    archive.manifest("  tool: {deb: tool, dependencies: true}\n");
    archive.dgmo("lock").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);

    archive.manifest("  proud: {deb: proud, dependencies: true}\n");
    archive.dgmo("lock").fails("DG1227").says("lib");
}

#[test]
fn apts_own_settings_say_where_archives_are() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    archive.program(&Package::of("tool", "1"));
    archive.publish();
    sandbox.manifest("packages: {tool: {deb: tool}}\n");
    archive
        .dgmo("switch")
        .fails("DG1220")
        .says("sources:")
        .says("suite:");
    sandbox.write("keys.asc", archive.keys().public_text());
    let key = sandbox.root().join("keys.asc").display().to_string();
    let url = archive.url();
    let stanza = format!("Types: deb\nURIs: {url}\nSuites: stable\nComponents: main\n");
    let indented: String = String::from_utf8(archive.keys().public_text())
        .unwrap()
        .lines()
        .map(|line| format!(" {}\n", if line.is_empty() { "." } else { line }))
        .collect();
    for (path, text) in [
        (
            "sources.list",
            format!("deb [signed-by={key}] {url}/ stable main\n"),
        ),
        (
            "sources.list.d/a.list",
            format!("deb [arch=amd64 signed-by={key}] {url} stable main\n"),
        ),
        (
            "sources.list.d/a.sources",
            format!("{stanza}Signed-By: {key}\n"),
        ),
        (
            "sources.list.d/b.sources",
            format!("{stanza}Signed-By:\n{indented}"),
        ),
    ] {
        let path = format!("apt/{path}");
        sandbox.write(&path, text);
        archive.dgmo("update").works();
        sandbox.remove(&path);
    }
    // Keys that are trusted for all.
    sandbox.write("apt/sources.list", format!("deb {url} stable main\n"));
    archive
        .dgmo("update")
        .fails("DG1209")
        .says("there are no keys");
    sandbox.write("apt/trusted.gpg.d/a.gpg", archive.keys().public());
    archive.dgmo("switch").works();
    says(&sandbox, "tool", "tool 1 amd64");
}
