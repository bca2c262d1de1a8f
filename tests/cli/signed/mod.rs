//! Releases that are signed with cosign: who must have signed is asked for, told in the lock, and looked at each time.

mod keys;
mod lists;
mod named;
mod places;

use serde_json::Value;

use super::Sandbox;
use super::forge::Forge;
use super::forge::archive;
use super::sigstore::IDENTITY;
use super::sigstore::ISSUER;
use super::sigstore::Instance;
use super::sigstore::Terms;

const FILES: [&str; 2] = ["tool-linux-amd64.tar.gz", "tool-linux-arm64.tar.gz"];
const WORKFLOWS: &str = "https://git.example/acme/tool/.github/workflows/*@refs/tags/*";

/// A forge whose files have signatures under names that end so, and a machine that trusts who vouches for them.
fn forge(
    sandbox: &Sandbox,
    ending: &str,
    trusted: &Instance,
    sign: &dyn Fn(&[u8]) -> Value,
) -> Forge {
    let forge = Forge::new();
    let mut files = Vec::new();
    for name in FILES {
        let bytes = archive(sandbox, "signed");
        files.push((
            format!("{name}{ending}"),
            sign(&bytes).to_string().into_bytes(),
        ));
        files.push((name.to_owned(), bytes));
    }
    let files: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    forge.publish("v1.0.0", &files);
    sandbox.write("work/trusted.json", trusted.root());
    forge
}

fn manifest(sandbox: &Sandbox, forge: &Forge, tool: &str) {
    sandbox.program("work/other", "#!/bin/sh\necho other\n");
    sandbox.manifest(&format!(
        "systems: [x86_64-linux, aarch64-linux]\nsources:\n  github: {{url: \"{}/api/v3\"}}\n  \
         sigstore: {{root: ./trusted.json}}\npackages:\n  other: {{path: ./other}}\n{tool}",
        forge.url()
    ));
}

fn tool(identity: &str) -> String {
    format!(
        "  tool: {{github: maker/tool, cosign: {{identity: \"{identity}\", issuer: \"{ISSUER}\"}}}}\n"
    )
}

fn tool_works(sandbox: &Sandbox) {
    sandbox
        .sh("eval \"$(dgmo env)\"; tool")
        .works()
        .says("signed");
}

#[test]
fn a_tool_is_added_with_who_must_have_signed_it() {
    let (sandbox, instance) = (Sandbox::new(), Instance::new());
    let sign = |bytes: &[u8]| instance.sign(bytes, &Terms::default());
    let forge = forge(&sandbox, ".sigstore.json", &instance, &sign);
    manifest(&sandbox, &forge, "");
    let adding = format!(
        "add tool --from github:maker/tool --cosign-identity {WORKFLOWS} --cosign-issuer {ISSUER}"
    );
    sandbox.dgmo(&adding).works();
    tool_works(&sandbox);
    let text = sandbox.read("work/dgmo.yaml");
    let said = format!("cosign: {{identity: \"{WORKFLOWS}\", issuer: \"{ISSUER}\"}}");
    assert!(text.contains(&said), "{text}");
    let lock = sandbox.read("work/dgmo.lock");
    let signer = format!("cosign identity={WORKFLOWS} issuer={ISSUER}");
    assert_eq!(lock.matches(&signer).count(), FILES.len(), "{lock}");

    // Nothing is asked again where all of it is here.
    forge.asked();
    sandbox.switch().says("nothing to do");
    assert_eq!(forge.asked(), Vec::<String>::new());
}

#[test]
fn a_tool_is_added_with_a_key() {
    let (sandbox, instance) = (Sandbox::new(), Instance::new());
    let sign = |bytes: &[u8]| instance.sign_with_key(bytes);
    let forge = forge(&sandbox, ".cosign.bundle", &instance, &sign);
    manifest(&sandbox, &forge, "");
    sandbox.write("work/cosign.pub", instance.key());
    sandbox
        .dgmo("add tool --from github:maker/tool --cosign-key cosign.pub")
        .works();
    tool_works(&sandbox);
    sandbox.write("work/cosign.pub", "no key");
    sandbox
        .dgmo("add tool2 --from github:maker/tool --cosign-key cosign.pub")
        .exits(2);
}

#[test]
fn what_another_signed_is_refused_and_nothing_of_it_is_used() {
    let (sandbox, instance) = (Sandbox::new(), Instance::new());
    let sign = |bytes: &[u8]| instance.sign(bytes, &Terms::default());
    let forge = forge(&sandbox, ".sigstore.json", &instance, &sign);
    manifest(&sandbox, &forge, &tool("https://git.example/other/*"));
    let ran = sandbox.dgmo("switch").fails("DG1209");
    for words in [IDENTITY, "hint: ", "compare who must have signed"] {
        assert!(ran.stderr.contains(words), "{words}: {ran}");
    }
    assert!(!sandbox.exists("home/profiles/default/generations/1"));
    manifest(&sandbox, &forge, &tool(WORKFLOWS));
    sandbox.switch();
    tool_works(&sandbox);

    // Who is not trusted says so in vain.
    sandbox.write("work/trusted.json", Instance::new().root());
    manifest(&sandbox, &forge, &tool(IDENTITY));
    let ran = sandbox.dgmo("switch").fails("DG1209");
    assert!(
        ran.stderr.contains("its log is not one that is trusted"),
        "{ran}"
    );
}

#[test]
fn a_signature_is_looked_at_again_where_a_lock_is_followed() {
    let (sandbox, instance) = (Sandbox::new(), Instance::new());
    let sign = |bytes: &[u8]| instance.sign(bytes, &Terms::default());
    let forge = forge(&sandbox, ".sigstore", &instance, &sign);
    manifest(&sandbox, &forge, &tool(IDENTITY));
    sandbox.switch();
    let other = Sandbox::new();
    other.write("work/trusted.json", instance.root());
    manifest(&other, &forge, &tool(IDENTITY));
    other.write("work/dgmo.lock", sandbox.read("work/dgmo.lock"));
    forge.change(|state| {
        let files = &mut state.releases[0].1;
        files.retain(|name, _| !name.ends_with(".sigstore"));
    });
    let ran = other.dgmo("switch").fails("DG1209");
    assert!(ran.stderr.contains("nothing lies beside it"), "{ran}");
}

#[test]
fn who_did_not_ask_is_told_what_to_write() {
    let (sandbox, instance) = (Sandbox::new(), Instance::new());
    let sign = |bytes: &[u8]| instance.sign(bytes, &Terms::default());
    let forge = forge(&sandbox, ".sigstore.json", &instance, &sign);
    manifest(&sandbox, &forge, "  tool: {github: maker/tool}\n");
    let ran = sandbox.switch();
    let line = tool(WORKFLOWS).replace("workflows/*@", "workflows/release.yml@");
    assert_eq!(ran.stderr.matches(line.trim()).count(), 1, "{ran}");
    manifest(&sandbox, &forge, &line);
    assert!(!sandbox.switch().stderr.contains("is not checked"));
    tool_works(&sandbox);
}

#[test]
fn what_is_said_of_a_signer_must_be_whole() {
    let sandbox = Sandbox::new();
    let sources = "sources: {sigstore: {root: ./r.json}}\n";
    for (cosign, words) in [
        ("{identity: \"a\"}", "does not say who must have signed"),
        ("{key: \"x\"}", "is not a public key of cosign's"),
        (
            "{identity: \"a\", issuer: \"https://*\"}",
            "is not an issuer",
        ),
        (
            "{identity: \"a b\", issuer: \"https://c\"}",
            "is not an identity",
        ),
    ] {
        let package = format!("packages: {{tool: {{github: a/b, cosign: {cosign}}}}}\n");
        sandbox.manifest(&format!("{sources}{package}"));
        let ran = sandbox.dgmo("lock");
        assert!(ran.stderr.contains(words), "{words}: {ran}");
    }
    sandbox.manifest("sources: {sigstore: {url: \"https://a\"}}\npackages: {}\n");
    let ran = sandbox.dgmo("lock");
    assert!(
        ran.stderr
            .contains("`sigstore` has a `root` and nothing else"),
        "{ran}"
    );
}
