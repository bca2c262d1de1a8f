//! Channels in shards: the same locks as from one list, and only what is needed comes.

use serde_json::json;

use super::Channel;
use super::Package;
use super::Sandbox;
use super::pieces;
use super::script;
use super::sh;
use super::shelf::INDEX;
use super::shelf::Instead;
use super::shelf::Shelf;
use super::shop;
use crate::msgpack;

fn sharded(channel: &Channel) {
    channel.change(|state| state.shelf = Some(Shelf::default()));
}

fn spoil(channel: &Channel, name: &'static str, instead: Instead) {
    channel.change(|state| {
        let shelf = state.shelf.as_mut().unwrap();
        shelf.instead.insert(name, instead);
    });
}

/// How many shards, indexes of shards and lists were asked for.
fn counted(asked: &[String]) -> (usize, usize, usize) {
    let count = |is: &dyn Fn(&str) -> bool| asked.iter().filter(|it| is(it)).count();
    let indexes = count(&|it| it.ends_with(INDEX));
    let shards = count(&|it| it.ends_with(".msgpack.zst")) - indexes;
    (shards, indexes, count(&|it| it.contains("repodata.json")))
}

/// A lock of `packages`, written in a home of its own.
fn locked(channel: &Channel, packages: &str) -> String {
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, packages);
    sandbox.dgmo("lock").works();
    sandbox.read("work/dgmo.lock")
}

/// A channel with all that matters when builds are chosen.
fn mixed() -> Channel {
    let channel = shop();
    channel.publish(&Package::new("python", "3.11.9"));
    channel.publish(&Package::new("python", "3.12.4"));
    for (tag, need) in [
        ("py311_0", "python 3.11.*"),
        ("py312_0", "lab::python 3.12.*"),
    ] {
        let plain = Package::new("plain", "1")
            .build(tag, 0)
            .needs(&[need, "lib"]);
        channel.publish(&plain.clone().constrains(&["absent <1"]));
        channel.publish(&plain.packed(super::Form::TarBz2));
    }
    channel.publish(
        &Package::new("plain", "1")
            .within("noarch")
            .needs(&["python"]),
    );
    channel.publish(&Package::new("absent", "2").needs(&["unrelated"]));
    for name in ["unrelated", "another", "third"] {
        channel.publish(&Package::new(name, "1"));
        channel.publish(&Package::new(name, "2").within("noarch"));
    }
    channel
}

#[test]
fn a_lock_is_the_same_and_only_what_is_needed_comes() {
    let channel = mixed();
    let manifests = [
        "  tool: {conda: tool}\n",
        "  tool: {conda: tool, version: \"1\"}\n",
        "  plain: {conda: plain}\n",
        "  plain: {conda: plain, python: \"3.11\"}\n  tool: {conda: tool}\n",
    ];
    let whole = manifests.map(|it| locked(&channel, it));
    let (shards, _, lists) = counted(&channel.asked());
    assert!(shards == 0 && lists > 0);
    sharded(&channel);
    let in_shards = manifests.map(|it| locked(&channel, it));
    assert_eq!(in_shards, whole);
    channel.asked();
    locked(&channel, manifests[0]);
    let asked = channel.asked();
    // `tool` and `lib`, of its own folder only: `noarch` has neither.
    assert_eq!(counted(&asked), (2, 2, 0), "{asked:?}");
}

#[test]
fn a_shard_comes_once_and_what_changes_is_seen() {
    let channel = mixed();
    sharded(&channel);
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.switch();
    sh(&sandbox, "tool a").works().says("tool-2.0 a");
    let lock = sandbox.read("work/dgmo.lock");
    channel.asked();
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock --offline").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    assert!(channel.asked().is_empty());
    sandbox.dgmo("update").works();
    assert_eq!(counted(&channel.asked()).0, 0);
    channel.publish(&Package::new("lib", "2.9").program("bin/lib-config", script("new")));
    sandbox.dgmo("update").works();
    assert_eq!(counted(&channel.asked()).0, 1);
    assert_eq!(pieces(&sandbox)[1], "lib lab/linux-64/lib-2.9-h1_0.conda");
    channel.publish(&Package::new("tool", "2.1").program("bin/tool", script("newer")));
    sandbox.dgmo("outdated").says("2.1");
    // What never came is told of by its shard.
    channel.manifest(&sandbox, "  third: {conda: third}\n");
    sandbox
        .dgmo("lock --offline")
        .exits(1)
        .says(".msgpack.zst` is not here yet");
}

#[test]
fn a_channel_that_was_whole_is_read_so_without_a_network() {
    let channel = shop();
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock").works();
    let lock = sandbox.read("work/dgmo.lock");
    let (_, indexes, _) = counted(&channel.asked());
    assert_eq!(indexes, 2, "each folder is asked once for what it has not");
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock --offline").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    // Some servers refuse where others say that there is nothing; a list of a later kind is left alone.
    sharded(&channel);
    let later = msgpack::packed(&json!({"version": 2, "info": {}, "shards": {}}));
    channel.change(|state| {
        state.shelf.as_mut().unwrap().index = Some(zstd::encode_all(&*later, 3).unwrap());
    });
    assert_eq!(locked(&channel, "  tool: {conda: tool}\n"), lock);
}

#[test]
fn shards_and_packages_may_lie_elsewhere() {
    let channel = shop();
    let whole = locked(&channel, "  tool: {conda: tool}\n");
    channel.change(|state| {
        state.shelf = Some(Shelf {
            packages: "/pool/SUBDIR/",
            shards: "/by-digest",
            at: "/by-digest/",
            ..Shelf::default()
        });
    });
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.switch();
    assert_eq!(sandbox.read("work/dgmo.lock"), whole);
    // Who has only the lock finds them too, and does not look at shards for that.
    let there = Sandbox::new();
    channel.manifest(&there, "  tool: {conda: tool}\n");
    there.write("work/dgmo.lock", &whole);
    channel.asked();
    there.dgmo("switch --locked").works();
    let asked = channel.asked();
    assert_eq!(counted(&asked), (0, 1, 0), "{asked:?}");
    sh(&there, "tool").works().says("tool-2.0");
    // So do those who bring packages elsewhere.
    sandbox.dgmo("mirror ../mirror").works();
    sandbox.dgmo("vendor").works();
    channel.change(|state| *state = super::channel::State::default());
    for from in ["--from-mirror ../mirror", "--from-vendor vendor"] {
        sandbox.remove("home");
        sandbox
            .dgmo(&format!("switch --locked --offline {from}"))
            .works();
        sh(&sandbox, "tool").works().says("tool-2.0");
    }
}

#[test]
fn what_is_wrong_with_a_shard_is_told_with_its_package_and_channel() {
    let channel = mixed();
    sharded(&channel);
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    let no_shard = zstd::encode_all(&*msgpack::packed(&json!({"removed": []})), 3).unwrap();
    let later = "tell who runs the channel";
    let address = "names the right address";
    for (instead, code, words, hint) in [
        (Instead::Missing, "DG1204", "404", later),
        (Instead::Changed, "DG1208", "hashes to", later),
        (
            Instead::Odd(b"<html>".to_vec()),
            "DG1222",
            "is not understood",
            address,
        ),
        (
            Instead::Odd(no_shard),
            "DG1222",
            "lists no packages",
            address,
        ),
    ] {
        spoil(&channel, "lib", instead);
        let ran = sandbox.dgmo("lock").exits(1).fails(code);
        ran.says(words).says("`lib`").says("`lab`").says(hint);
    }
    // What nobody needs may be as it likes.
    channel.change(|state| state.shelf.as_mut().unwrap().instead.clear());
    channel.publish(&Package::new("lib", "1.0").needs(&["third"]));
    spoil(&channel, "third", Instead::Missing);
    sandbox.dgmo("lock").works();
    channel.change(|state| state.shelf.as_mut().unwrap().index = Some(b"<html>".to_vec()));
    sandbox.remove("work/dgmo.lock");
    let there = Sandbox::new();
    channel.manifest(&there, "  tool: {conda: tool}\n");
    there
        .dgmo("lock")
        .exits(1)
        .says(INDEX)
        .says("is not understood");
}

#[test]
fn who_asks_is_told_to_the_server_of_the_channel() {
    let channel = shop();
    sharded(&channel);
    channel.change(|state| state.only_for = Some("Basic bWU6czNjcmV0".to_owned()));
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock").exits(1).says("401");
    sandbox.write(
        "user/.netrc",
        "machine 127.0.0.1 login me password s3cret\n",
    );
    channel.asked();
    sandbox.switch();
    let (shards, ..) = counted(&channel.asked());
    assert_eq!(shards, 2);
}

#[test]
fn a_mirror_of_the_channel_has_its_shards_too() {
    let channel = shop();
    sharded(&channel);
    let sandbox = Sandbox::new();
    sandbox.manifest(&format!(
        "systems: [x86_64-linux]\nsources: {{conda: {{url: \"{}\", mirrors: [\"{}\"]}}}}\n\
         packages:\n  tool: {{conda: tool}}\n",
        channel.url("gone"),
        channel.url("lab")
    ));
    sandbox.switch();
    sh(&sandbox, "tool").works().says("tool-2.0");
    let asked = channel.asked();
    let found = asked
        .iter()
        .filter(|it| it.starts_with("/lab/linux-64/shards/"));
    assert_eq!(found.count(), 2, "{asked:?}");
}

#[test]
fn a_channel_in_a_folder_is_read_from_its_list() {
    let channel = shop();
    let whole = locked(&channel, "  tool: {conda: tool}\n");
    let sandbox = Sandbox::new();
    channel.lay_down(&sandbox, "channels");
    // Conda's own settings may name a folder.
    let folder = sandbox.root().join("channels/lab");
    let settings = format!("channels: ['file://{}']\n", folder.display());
    sandbox.write("user/.condarc", settings);
    sandbox.manifest("systems: [x86_64-linux]\npackages:\n  tool: {conda: tool}\n");
    sandbox.switch();
    assert_eq!(sandbox.read("work/dgmo.lock"), whole);
    sh(&sandbox, "tool").works().says("tool-2.0");
}
