//! Packages of conda's channels: which builds, laid out as one environment that finds itself where it is.

mod channel;
mod places;
mod shards;
mod shelf;

pub(crate) use channel::Channel;
pub(crate) use channel::Form;
pub(crate) use channel::Package;
pub(crate) use channel::placeholder;

use super::Ran;
use super::Sandbox;
use super::Snapshot;

/// Runs a line with the profile's environment.
fn sh(sandbox: &Sandbox, line: &str) -> Ran {
    sandbox.sh(&format!("eval \"$(dgmo env)\"; {line}"))
}

/// The lock's pieces of `tool`, each as `NAME VERSION FILE`.
fn pieces(sandbox: &Sandbox) -> Vec<String> {
    let lock: serde_json::Value = serde_json::from_str(&sandbox.read("work/dgmo.lock")).unwrap();
    let package = &lock["packages"]["tool"];
    let build = [&package["x86_64-linux"], &package["builds"]["x86_64-linux"]];
    let build = build.into_iter().find(|it| it.is_object()).unwrap();
    let pieces = build["pieces"].as_array().unwrap().iter();
    let text = |piece: &serde_json::Value, key: &str| piece[key].as_str().unwrap().to_owned();
    let all = pieces.map(|it| format!("{} {}", text(it, "name"), text(it, "file")));
    all.collect()
}

fn script(says: &str) -> String {
    format!("#!/bin/sh\necho {says} \"$@\"\n")
}

/// A channel with a tool, what it needs, and what it must not get.
pub(crate) fn shop() -> Channel {
    let channel = Channel::new();
    for (version, form) in [
        ("1.0", Form::TarBz2),
        ("1.1", Form::Conda),
        ("2.0", Form::Conda),
    ] {
        let needs: &[&str] = match version {
            "2.0" => &["lib >=2,<3.0a0", "__glibc >=2.17,<3.0.a0", "__unix"],
            _ => &["lib 1.*"],
        };
        let tool = Package::new("tool", version)
            .needs(needs)
            .packed(form)
            .program("bin/tool", script(&format!("tool-{version}")))
            .file("share/man/man1/tool.1", "manual")
            .file("lib/tool/data", version);
        channel.publish(&tool);
    }
    for (version, build, number) in [
        ("1.5", "a_0", 0),
        ("1.5", "b_2", 2),
        ("1.5", "c_1", 1),
        ("2.3", "h_0", 0),
        ("3.0", "h_0", 0),
    ] {
        let lib = Package::new("lib", version)
            .build(build, number)
            .program("bin/lib-config", script("lib"))
            .file("lib/lib.txt", format!("lib {version} {build}"));
        channel.publish(&lib);
    }
    channel
}

#[test]
fn a_tool_is_locked_with_all_it_needs_and_shows_its_own_programs() {
    let channel = shop();
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool, version: \"1\"}\n");
    sandbox.switch();
    assert_eq!(
        pieces(&sandbox),
        [
            "tool lab/linux-64/tool-1.1-h1_0.conda",
            "lib lab/linux-64/lib-1.5-b_2.conda"
        ]
    );
    sh(&sandbox, "tool a").works().says("tool-1.1 a");
    sh(&sandbox, "command -v lib-config").exits(127);
    assert!(sandbox.exists("home/profiles/default/current/view/share/man/man1/tool.1"));
    assert!(
        !sandbox.exists("home/store/anchors"),
        "nothing in it names a place"
    );
    channel.manifest(&sandbox, "  tool: {conda: tool, version: \"=1.0\"}\n");
    sandbox.switch();
    sh(&sandbox, "tool").works().says("tool-1.0");
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.remove("work/dgmo.lock");
    sandbox.switch();
    assert_eq!(pieces(&sandbox)[1], "lib lab/linux-64/lib-2.3-h_0.conda");
    sandbox.dgmo("store verify").works();
}

#[test]
fn a_lock_needs_no_network_again_and_is_the_same_twice() {
    // It has no `noarch`, and says so.
    let channel = shop();
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.switch();
    let lock = sandbox.read("work/dgmo.lock");
    channel.asked();
    sandbox.dgmo("switch --offline").works();
    assert!(channel.asked().is_empty());
    let other = Sandbox::new();
    channel.manifest(&other, "  tool: {conda: tool}\n");
    other.dgmo("lock").works();
    assert_eq!(other.read("work/dgmo.lock"), lock);
    other.remove("work/dgmo.lock");
    other.dgmo("lock --offline").works();
    assert_eq!(other.read("work/dgmo.lock"), lock);
}

#[test]
fn a_system_more_changes_nothing_of_the_others() {
    let channel = shop();
    for package in ["tool", "lib"] {
        let version = if package == "tool" { "1.1" } else { "1.5" };
        let arm = Package::new(package, version)
            .within("linux-aarch64")
            .needs(if package == "tool" { &["lib 1.*"] } else { &[] })
            .program("bin/x", script("x"));
        channel.publish(&arm);
    }
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool, version: \"1\"}\n");
    sandbox.dgmo("lock").works();
    let before = pieces(&sandbox);
    let manifest = sandbox.read("work/dgmo.yaml");
    let both = manifest.replace("[x86_64-linux]", "[x86_64-linux, aarch64-linux]");
    sandbox.write("work/dgmo.yaml", &both);
    sandbox.dgmo("lock").works();
    assert_eq!(pieces(&sandbox), before);
    assert!(
        sandbox
            .read("work/dgmo.lock")
            .contains("linux-aarch64/lib-1.5-h1_0.conda")
    );
    // One version for all: 2.0 is for one of the systems only.
    sandbox.write("work/dgmo.yaml", both.replace(", version: \"1\"", ""));
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock").works();
    assert_eq!(pieces(&sandbox), before);
}

#[test]
fn what_is_constrained_is_so_where_it_is_there_and_missing_where_it_is_not() {
    let channel = shop();
    let own = ["lib >=2,<3", "absent <1", "__cuda >=12"];
    channel.publish(
        &Package::new("tool", "3.0")
            .needs(&["middle"])
            .constrains(&own)
            .program("bin/tool", script("3")),
    );
    channel.publish(&Package::new("middle", "1").needs(&["lib"]));
    channel.publish(&Package::new("absent", "2"));
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock").works();
    let names = pieces(&sandbox).join("\n");
    assert!(
        names.contains("lib-2.3") && !names.contains("absent"),
        "{names}"
    );
    channel.publish(&Package::new("middle", "2").needs(&["lib 3.*"]));
    channel.manifest(&sandbox, "  tool: {conda: tool, version: \"=3.0\"}\n");
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock").works();
    assert!(pieces(&sandbox).join("\n").contains("middle-1-"));
    channel.publish(
        &Package::new("tool", "4.0")
            .needs(&["lib 3.*"])
            .constrains(&["lib <3"]),
    );
    channel.manifest(&sandbox, "  tool: {conda: tool, version: \"=4.0\"}\n");
    let ran = sandbox.dgmo("lock");
    ran.exits(1).says("does not go together").says("`lib");
}

#[test]
fn builds_for_several_pythons_are_chosen_by_the_python() {
    let channel = Channel::new();
    for (version, tag, need) in [
        ("3.11.9", "py311_0", "python 3.11.*"),
        ("3.12.4", "py312_0", "python 3.12.*"),
    ] {
        channel.publish(&Package::new("python", version));
        channel.publish(&Package::new("tool", "1").build(tag, 0).needs(&[need]));
    }
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock").works();
    assert!(
        pieces(&sandbox)[0].contains("py312"),
        "{:?}",
        pieces(&sandbox)
    );
    channel.manifest(&sandbox, "  tool: {conda: tool, python: \"3.11\"}\n");
    sandbox.dgmo("lock").works();
    assert!(
        pieces(&sandbox)[0].contains("py311"),
        "{:?}",
        pieces(&sandbox)
    );
    assert!(pieces(&sandbox)[1].contains("python-3.11.9"));
}

#[test]
fn channels_come_from_condas_own_settings_and_from_the_name() {
    let channel = shop();
    channel.publish_in(
        "bio/label/dev",
        &Package::new("tool", "9")
            .needs(&["lib 2.*"])
            .program("bin/tool", script("bio")),
        |_| {},
    );
    let sandbox = Sandbox::new();
    let manifest = |name: &str| {
        let package = format!("  tool: {{conda: \"{name}\"}}\n");
        sandbox.manifest(&format!("systems: [x86_64-linux]\npackages:\n{package}"));
    };
    manifest("tool");
    sandbox
        .dgmo("lock")
        .exits(1)
        .says("sources:")
        .says("conda:");
    sandbox.write(
        "user/.condarc",
        format!(
            "channels: [lab]\nchannel_alias: {}\n",
            channel.url("").trim_end_matches('/')
        ),
    );
    sandbox.dgmo("lock").works();
    assert!(pieces(&sandbox)[0].contains("lab/linux-64/tool-2.0"));
    manifest("bio/label/dev::tool");
    sandbox.switch();
    let all = pieces(&sandbox);
    assert!(all[0].contains("bio/label/dev/linux-64/tool-9"), "{all:?}");
    assert!(all[1].contains("lab/linux-64/lib-2.3"), "{all:?}");
    sh(&sandbox, "tool").works().says("bio");
    // The first channel that has a package is the one it comes from, whatever others have.
    manifest("tool");
    let env = [("CONDA_CHANNELS", "bio/label/dev,lab")];
    sandbox.remove("work/dgmo.lock");
    sandbox.run_with(&["lock"], &env).works();
    assert!(pieces(&sandbox)[0].contains("tool-9"));
}

#[test]
fn what_is_not_there_is_told_with_the_place_it_was_looked_for_in() {
    let channel = shop();
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tol}\n");
    sandbox
        .dgmo("lock")
        .exits(1)
        .says("there is no `conda:tol` in `lab`");
    channel.publish(&Package::new("gpu", "1").needs(&["__cuda >=12"]));
    channel.manifest(&sandbox, "  gpu: {conda: gpu}\n");
    sandbox.dgmo("lock").exits(1).says("`__cuda`");
    channel.change(|state| state.instead = Some(b"<html>".to_vec()));
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock").exits(1).says("is not understood");
    channel.change(|state| {
        state.instead = None;
        state.is_plain = true;
    });
    sandbox.dgmo("lock").works();
}

#[test]
fn bytes_that_nothing_proves_are_not_taken() {
    let channel = shop();
    let sandbox = Sandbox::new();
    let old = Package::new("old", "1").program("bin/old", script("old"));
    channel.publish_in("lab", &old, |record| {
        record.as_object_mut().unwrap().remove("sha256");
        record["md5"] = "0123".into();
    });
    channel.manifest(&sandbox, "  old: {conda: old}\n");
    sandbox.dgmo("lock").exits(1);
    channel.publish_in("lab", &old, |record| {
        record["sha256"] = "ab".repeat(32).into();
    });
    sandbox.dgmo("lock").works();
    sandbox.dgmo("switch").exits(1).says("hash");
    assert_eq!(sandbox.current(), 0);
}

#[test]
fn a_large_package_is_unpacked_as_it_comes_and_leaves_nothing_where_it_is_another() {
    let channel = Channel::new();
    let mut number = 1_u64;
    let noise = std::iter::repeat_with(|| {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        number.to_le_bytes()[0]
    });
    let tool = Package::new("tool", "1")
        .program("bin/tool", script("large"))
        .file("share/noise", noise.take(2 << 20).collect::<Vec<u8>>());
    channel.publish_in("lab", &tool, |record| {
        record["sha256"] = "ab".repeat(32).into();
    });
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock").works();
    sandbox.dgmo("switch").exits(1).says("hashes to");
    sandbox.dgmo("store verify").works();
    let objects = Snapshot::of(&sandbox.home().join("store/objects"));
    let objects = format!("{objects:?}");
    assert!(!objects.contains("file "), "it keeps nothing: {objects}");
    channel.publish(&tool);
    sandbox.remove("work/dgmo.lock");
    sandbox.switch();
    sh(&sandbox, "tool").works().says("large");
}

#[test]
fn young_builds_are_left_out_where_old_ones_are_asked_for() {
    let channel = shop();
    let mut young = Package::new("tool", "5").program("bin/tool", script("young"));
    young.timestamp = Some(1_800_000_000_000);
    channel.publish(&young);
    let mut old = Package::new("tool", "4").program("bin/tool", script("old"));
    old.timestamp = Some(1_600_000_000_000);
    channel.publish(&old);
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock --exclude-newer 2023-01-01").works();
    assert!(
        pieces(&sandbox)[0].contains("tool-4"),
        "{:?}",
        pieces(&sandbox)
    );
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock").works();
    assert!(pieces(&sandbox)[0].contains("tool-5"));
}

#[test]
fn another_target_folder_sees_nothing_of_it() {
    let channel = shop();
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    let before: Snapshot = sandbox.target();
    sandbox.switch();
    sh(&sandbox, "tool").works();
    assert_eq!(sandbox.target(), before);
}
