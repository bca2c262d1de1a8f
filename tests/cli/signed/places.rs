//! Signed lists in other places: at other forges, for other systems, and left behind by folders and mirrors.

use serde_json::Value;

use super::Sandbox;
use super::WORKFLOWS;
use super::lists::Release;
use super::tool;
use super::tool_works;

#[test]
fn what_was_proven_is_taken_along_without_its_list() {
    let release = Release::with_signed_list();
    release.manifest(&tool(WORKFLOWS));
    release.sandbox.dgmo("lock").works();
    release.sandbox.dgmo("vendor").works();
    release.sandbox.dgmo("mirror ../mirrored").works();
    release.forge.asked();
    for (folder, flag) in [
        ("work/vendor", "--from-vendor"),
        ("mirrored", "--from-mirror"),
    ] {
        let other = release.elsewhere();
        let place = release.sandbox.root().join(folder);
        let place = match flag {
            "--from-mirror" => format!("file://{}", place.display()),
            _ => place.display().to_string(),
        };
        other.dgmo(&format!("switch {flag} {place}")).works();
        tool_works(&other);
    }
    assert_eq!(release.forge.asked(), Vec::<String>::new());
}

#[test]
fn a_list_lies_beside_the_file_at_other_forges_too() {
    let release = Release::with_signed_list();
    let host = release.forge.url().replace("http://", "");
    for (catalogue, name) in [
        ("gitlab", "maker/tool".to_owned()),
        ("forgejo", format!("{host}/maker/tool")),
    ] {
        let of = format!("{catalogue}: \"{name}\"");
        let url = format!("  {catalogue}: {{url: \"http://{host}\"}}\n");
        release.manifest(&tool(WORKFLOWS).replace("github: maker/tool", &of));
        let text = release.sandbox.read("work/dgmo.yaml");
        let text = text.replace("sources:\n", &format!("sources:\n{url}"));
        release.sandbox.write("work/dgmo.yaml", text);
        release.sandbox.switch();
        tool_works(&release.sandbox);
        release.elsewhere().switch();
        let lock = release.sandbox.read("work/dgmo.lock");
        assert_eq!(lock.matches("list=checksums.txt\"").count(), 2, "{lock}");
        assert!(lock.contains(&format!("\"of\": \"{catalogue}:")), "{lock}");
    }
}

#[test]
fn a_system_that_is_added_changes_nothing_of_others() {
    let release = Release::with_signed_list();
    release.manifest(&tool(WORKFLOWS));
    let both = release.sandbox.read("work/dgmo.yaml");
    let one = both.replace("[x86_64-linux, aarch64-linux]", "[x86_64-linux]");
    release.sandbox.write("work/dgmo.yaml", one);
    release.sandbox.dgmo("lock").works();
    let of = |sandbox: &Sandbox| {
        let lock: Value = serde_json::from_str(&sandbox.read("work/dgmo.lock")).unwrap();
        lock["packages"]["tool"]["x86_64-linux"].clone()
    };
    let before = of(&release.sandbox);
    assert!(
        before["signer"]
            .as_str()
            .unwrap()
            .ends_with(" list=checksums.txt")
    );
    release.sandbox.write("work/dgmo.yaml", &both);
    release.sandbox.dgmo("lock").works();
    assert_eq!(of(&release.sandbox), before);

    // Both at once give the same bytes.
    let other = release.elsewhere();
    other.remove("work/dgmo.lock");
    other.dgmo("lock").works();
    let lock = |sandbox: &Sandbox| sandbox.read("work/dgmo.lock");
    assert_eq!(lock(&other), lock(&release.sandbox));
}
