//! Signatures alone, without a bundle: by keys of every kind that is taken.

use std::process::Command;

use super::FILES;
use super::Instance;
use super::WORKFLOWS;
use super::lists::LIST;
use super::lists::Release;
use super::tool;
use super::tool_works;

const EC: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:";

/// How a key is made, and how it signs `list` into `signature`.
fn kinds() -> Vec<(String, String)> {
    let digest = |kind: &str| format!("openssl dgst -{kind} -sign key.pem -out signature list");
    let edwards = "openssl pkeyutl -sign -rawin -inkey key.pem -in list -out signature";
    let mut kinds = vec![
        (format!("{EC}P-256"), digest("sha256")),
        (format!("{EC}P-384"), digest("sha384")),
        (format!("{EC}P-384"), digest("sha256")),
        ("-algorithm ED25519".to_owned(), edwards.to_owned()),
    ];
    for bits in [2048, 3072, 4096] {
        let key = format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}");
        kinds.push((key, digest("sha256")));
    }
    kinds
}

fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output();
    found.is_ok_and(|output| output.status.success())
}

#[test]
fn a_list_is_signed_with_a_key_of_any_kind() {
    if !has_openssl() {
        println!("skipped: there is no `openssl` to sign with");
        return;
    }
    let release = Release::new();
    let sandbox = &release.sandbox;
    let list = release.list();
    release.put(LIST, list.as_str());
    let adding = "add tool --from github:maker/tool --cosign-key cosign.pub";
    for (key, sign) in kinds() {
        let make = format!("openssl genpkey {key} -out key.pem 2>log");
        let public = "openssl pkey -in key.pem -pubout -out cosign.pub";
        sandbox.sh(&format!("{make} && {public}")).works();
        let add = |signed: &str| {
            let text = "openssl base64 -in signature -out text";
            sandbox.write("work/list", signed);
            sandbox.sh(&format!("{sign} && {text}")).works();
            release.put("checksums.txt.sig", sandbox.read("work/text"));
            release.manifest("");
            sandbox.dgmo(adding)
        };
        let ran = add("another list\n").fails("DG1209");
        ran.says("the signature is of other bytes, or by another key");
        add(&list).works();
        tool_works(sandbox);
        let lock = sandbox.read("work/dgmo.lock");
        let signer = format!(
            "cosign key={} list=checksums.txt\"",
            lines_of(&sandbox.read("work/cosign.pub"))
        );
        assert_eq!(lock.matches(&signer).count(), FILES.len(), "{lock}");
    }

    // One that is too short to be believed is no key.
    let short = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key.pem 2>log";
    let public = "openssl pkey -in key.pem -pubout -out cosign.pub";
    sandbox.sh(&format!("{short} && {public}")).works();
    sandbox
        .dgmo(adding)
        .exits(2)
        .says("no public key of cosign's");
}

#[test]
fn a_signature_alone_proves_something_to_who_has_the_key() {
    let release = Release::new();
    let list = release.list();
    release.put(LIST, list.as_str());
    release.put(
        "checksums.txt.sig",
        release.instance.sign_alone(list.as_bytes()),
    );
    release.put("checksums.txt.pem", "a certificate");
    release.manifest("");
    let sandbox = &release.sandbox;
    let adding = "add tool --from github:maker/tool --cosign-key cosign.pub";
    sandbox.write("work/cosign.pub", Instance::new().key());
    let ran = sandbox.dgmo(adding).fails("DG1209");
    ran.says("`checksums.txt` proves nothing: the signature is of other bytes, or by another key");
    sandbox.write("work/cosign.pub", release.instance.key());
    sandbox.dgmo(adding).works();
    tool_works(sandbox);
    release.elsewhere().switch();

    // Without a log's word, a name is nobody's.
    release.manifest(&tool(WORKFLOWS));
    let ran = sandbox.dgmo("switch").fails("DG1209");
    ran.says("`checksums.txt` is signed without a bundle, and no log says who that was");

    // Beside the file it is one, too, and in the way that other programs write it.
    for name in FILES {
        let signature = release.instance.sign_alone(&release.file(name));
        release.put(&format!("{name}.sig"), signature);
    }
    release.remove("checksums.txt.sig");
    sandbox.remove("work/dgmo.lock");
    release.manifest(&format!(
        "  tool: {{github: maker/tool, cosign: {{key: {}}}}}\n",
        release.instance.key()
    ));
    sandbox.switch();
    assert!(!sandbox.read("work/dgmo.lock").contains("list="));
}

/// What is between the first and the last line of PEM.
fn lines_of(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}
