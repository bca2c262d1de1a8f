//! Packages of the other catalogues, on a machine that has the manifest, the lock and a mirror, and no settings at all.

use super::super::Sandbox;
use super::super::conda;
use super::super::crates;
use super::super::deb;
use super::super::oci;
use super::super::pypi;

/// Mirrors what is locked in `sandbox` and switches to it elsewhere, without any server and without `sources:`.
#[track_caller]
fn taken_from_a_mirror(sandbox: &Sandbox, line: &str, words: &str) {
    let there = Sandbox::new();
    let manifest = sandbox.read("work/dgmo.yaml");
    let is_source = |line: &&str| line.starts_with("sources:") || line.starts_with("  deb: {url");
    let lines = manifest.lines().filter(|line| !is_source(line));
    there.write(
        "work/dgmo.yaml",
        lines.collect::<Vec<_>>().join("\n") + "\n",
    );
    there.write("work/dgmo.lock", sandbox.read("work/dgmo.lock"));
    let mirror = sandbox.root().join("mirror");
    there
        .dgmo(&format!(
            "switch --locked --offline --from-mirror {}",
            mirror.display()
        ))
        .works();
    let ran = there.sh(&format!("eval \"$(dgmo env)\"; {line}"));
    ran.works().says(words);
    there.dgmo("store verify").works();
}

#[test]
fn a_python_package_with_what_it_needs() {
    let Some(python) = pypi::python() else { return };
    let index = pypi::shop();
    let sandbox = pypi::with_hello(&index, &python, "");
    sandbox.dgmo("lock").works();
    sandbox.dgmo("mirror ../mirror").works();
    index.asked();
    taken_from_a_mirror(&sandbox, "hello a", "tool ['a'] colours-2.5");
    assert!(index.asked().is_empty());
}

#[test]
fn a_tool_of_conda_with_what_it_needs() {
    let channel = conda::shop();
    let sandbox = Sandbox::new();
    channel.manifest(&sandbox, "  tool: {conda: tool}\n");
    sandbox.dgmo("lock").works();
    sandbox.dgmo("mirror ../mirror").works();
    channel.asked();
    taken_from_a_mirror(&sandbox, "tool a", "tool-2.0 a");
    assert!(channel.asked().is_empty());
}

#[test]
fn a_program_of_a_crate() {
    let sandbox = Sandbox::new();
    let index = crates::index::Index::new();
    crates::publish(&sandbox, &index, "1.4.2");
    crates::manifest(&sandbox, &index, "");
    sandbox.dgmo("lock").works();
    sandbox.dgmo("mirror ../mirror").works();
    index.asked();
    taken_from_a_mirror(&sandbox, "hello", "hello 1.4.2");
    assert!(index.asked().is_empty());
}

#[test]
fn an_artefact_of_a_registry() {
    let sandbox = Sandbox::new();
    let registry = oci::registry(&["1.2.0"]);
    registry.manifest_of(&sandbox, "");
    sandbox.dgmo("lock").works();
    sandbox.dgmo("mirror ../mirror").works();
    registry.asked();
    taken_from_a_mirror(&sandbox, "hello", "1.2.0");
    assert!(registry.asked().is_empty());
}

#[test]
fn a_package_of_debian() {
    if !deb::is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = deb::Archive::new(&sandbox);
    archive.program(&deb::Package::of("tool", "1.6-2"));
    archive.publish();
    archive.manifest("  tool: {deb: tool}\n");
    archive.dgmo("lock").works();
    archive.dgmo("mirror ../mirror").works();
    archive.asked();
    taken_from_a_mirror(&sandbox, "tool", "tool 1.6-2");
    assert_eq!(archive.asked(), Vec::<String>::new());
}
