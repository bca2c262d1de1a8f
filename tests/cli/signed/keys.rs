//! Signatures alone, without a bundle: they prove something to who has the key.

use super::FILES;
use super::Instance;
use super::WORKFLOWS;
use super::lists::LIST;
use super::lists::Release;
use super::tool;
use super::tool_works;

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
