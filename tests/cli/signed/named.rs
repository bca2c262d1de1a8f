//! Tools of an index and crates: who must have signed them, by the index or by the manifest.

use serde_json::json;

use super::ISSUER;
use super::Instance;
use super::Sandbox;
use super::Terms;
use super::WORKFLOWS;
use super::forge;
use super::tool_works;
use crate::crates::index::Index;

const OTHERS: &str = "https://git.example/other/*";

/// A manifest with an index that says who signs `tool`, and the forge that has it.
fn manifest(sandbox: &Sandbox, forge: &str, recipe: &str, packages: &str) {
    sandbox.write(
        "work/tools.yaml",
        format!("dgmo-index: 1\nversion: 1\ntools: {{tool: {{from: {recipe}}}}}\n"),
    );
    sandbox.program("work/other", "#!/bin/sh\necho other\n");
    sandbox.manifest(&format!(
        "systems: [x86_64-linux, aarch64-linux]\nsources:\n  github: {{url: \"{forge}/api/v3\"}}\n  \
         sigstore: {{root: ./trusted.json}}\nindexes: [{{path: ./tools.yaml}}]\npackages:\n  \
         other: {{path: ./other}}\n{packages}"
    ));
}

fn cosign(identity: &str) -> String {
    format!("cosign: {{identity: \"{identity}\", issuer: \"{ISSUER}\"}}")
}

#[test]
fn an_index_says_who_signs_a_tool_and_a_manifest_says_otherwise() {
    let (sandbox, instance) = (Sandbox::new(), Instance::new());
    let sign = |bytes: &[u8]| instance.sign(bytes, &Terms::default());
    let forge = forge(&sandbox, ".sigstore.json", &instance, &sign);
    let recipe = |identity| format!("{{of: \"github:maker/tool\", {}}}", cosign(identity));

    // Who adds a tool by its name has its signature looked at.
    manifest(&sandbox, &forge.url(), &recipe(OTHERS), "");
    sandbox
        .dgmo("add tool")
        .fails("DG1209")
        .says("it is signed by");
    manifest(&sandbox, &forge.url(), &recipe(WORKFLOWS), "");
    sandbox.dgmo("add tool").works();
    tool_works(&sandbox);
    let text = sandbox.read("work/dgmo.yaml");
    assert!(text.contains("  tool: latest\n"), "{text}");
    let lock = sandbox.read("work/dgmo.lock");
    let signer = format!("\"cosign identity={WORKFLOWS} issuer={ISSUER}\"");
    // In what the index said, and in what each system gets.
    assert_eq!(lock.matches(&signer).count(), 3, "{lock}");
    // What is locked needs no index.
    sandbox.remove("work/tools.yaml");
    sandbox.dgmo("switch --locked --offline").works();

    // The manifest's word goes before that of the index, and both ways.
    let of_manifest = |identity| format!("  tool: {{version: latest, {}}}\n", cosign(identity));
    manifest(
        &sandbox,
        &forge.url(),
        &recipe(WORKFLOWS),
        &of_manifest(OTHERS),
    );
    sandbox.dgmo("switch").fails("DG1209");
    sandbox.remove("work/dgmo.lock");
    manifest(
        &sandbox,
        &forge.url(),
        &recipe(OTHERS),
        &of_manifest(WORKFLOWS),
    );
    sandbox.switch();
    tool_works(&sandbox);

    // It is written by `add`, too.
    manifest(&sandbox, &forge.url(), "\"github:maker/tool\"", "");
    let flags = format!("--cosign-identity {WORKFLOWS} --cosign-issuer {ISSUER}");
    sandbox.dgmo(&format!("add tool {flags}")).works();
    let text = sandbox.read("work/dgmo.yaml");
    let line = format!("  tool: {{version: latest, {}}}\n", cosign(WORKFLOWS));
    assert!(text.contains(&line), "{text}");
    tool_works(&sandbox);
}

#[test]
fn a_tool_that_nobody_signs_says_so() {
    let (sandbox, instance) = (Sandbox::new(), Instance::new());
    sandbox.write("work/trusted.json", instance.root());
    let tool = format!("  tool: {{version: latest, {}}}\n", cosign(WORKFLOWS));
    manifest(&sandbox, "http://127.0.0.1:9", "\"npm:tool\"", &tool);
    let ran = sandbox.dgmo("lock").fails("DG1209");
    ran.says("the index has `tool` as `npm:tool`, whose files have no signatures that are checked")
        .says("take `cosign:` or `minisign:` from `tool`");
    sandbox.manifest(&format!(
        "packages: {{tool: {{npm: tool, {}}}}}\n",
        cosign(WORKFLOWS)
    ));
    let ran = sandbox.dgmo("lock");
    ran.says("`cosign` goes with releases of a forge, `crates` and `url`, not with `npm`");
}

#[test]
fn a_crate_s_release_is_signed() {
    let (sandbox, instance, index) = (Sandbox::new(), Instance::new(), Index::new());
    let sign = |bytes: &[u8]| instance.sign(bytes, &Terms::default());
    let forge = forge(&sandbox, ".sigstore.json", &instance, &sign);
    let about = format!(
        "repository = \"{}/maker/tool/\"\n[[bin]]\nname = \"tool\"\n",
        forge.url()
    );
    index.publish(&sandbox, ("tool-cli", "1.0.0"), &about, &json!({}));
    let manifest = |sandbox: &Sandbox, identity: &str| {
        sandbox.manifest(&format!(
            "systems: [x86_64-linux, aarch64-linux]\nsources:\n  crates: {{url: \"{}/index\"}}\n  \
             github: {{url: \"{}/api/v3\"}}\n  sigstore: {{root: ./trusted.json}}\n\
             packages: {{tool: {{crates: tool-cli, {}}}}}\n",
            index.url(),
            forge.url(),
            cosign(identity)
        ));
    };
    manifest(&sandbox, OTHERS);
    let unasked = sandbox.read("work/dgmo.yaml");
    let unasked = unasked.replace(&format!(", {}", cosign(OTHERS)), "");
    sandbox.write("work/dgmo.yaml", unasked);
    let line = "{crates: tool-cli, cosign: {identity: \"https://git.example/acme/tool";
    sandbox.dgmo("lock").works().says(line);
    sandbox.remove("work/dgmo.lock");
    manifest(&sandbox, OTHERS);
    sandbox
        .dgmo("switch")
        .fails("DG1209")
        .says("it is signed by");
    manifest(&sandbox, WORKFLOWS);
    sandbox.switch();
    tool_works(&sandbox);

    // It is looked at again where the lock is followed.
    let other = Sandbox::new();
    other.write("work/trusted.json", Instance::new().root());
    manifest(&other, WORKFLOWS);
    other.write("work/dgmo.lock", sandbox.read("work/dgmo.lock"));
    let ran = other.dgmo("switch").fails("DG1209");
    ran.says("its log is not one that is trusted");
}

#[test]
fn a_build_that_a_crate_tells_of_is_signed() {
    let (sandbox, instance, index) = (Sandbox::new(), Instance::new(), Index::new());
    sandbox.write("work/trusted.json", instance.root());
    crate::crates::publish(&sandbox, &index, "1.0.0");
    let manifest = |key: &str| {
        sandbox.manifest(&format!(
            "systems: [x86_64-linux]\nsources: {{crates: {{url: \"{}/index\"}}}}\n\
             packages: {{tool: {{crates: hello-cli, cosign: {{key: \"{key}\"}}}}}}\n",
            index.url()
        ));
    };
    manifest(&instance.key());
    let ran = sandbox.dgmo("lock").fails("DG1209");
    ran.says("nothing lies beside it that ends in");
}
