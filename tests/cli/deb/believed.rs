//! What of an archive is believed: nothing that is not signed, and nothing that is not what was signed.

use super::Sandbox;
use super::archive::Archive;
use super::archive::Keys;
use super::archive::Package;
use super::archive::is_there;
use super::says;

const RELEASE: &str = "archive/dists/stable/InRelease";

/// An archive with a tool, and a manifest that asks for it.
fn made(sandbox: &Sandbox) -> Archive<'_> {
    let archive = Archive::new(sandbox);
    archive.program(&Package::of("tool", "1"));
    archive.publish();
    archive.manifest("  tool: {deb: tool}\n");
    archive
}

/// The archive is put right again, and the same command works.
fn works_again(sandbox: &Sandbox, archive: &Archive<'_>) {
    assert!(!sandbox.exists("work/dgmo.lock"));
    archive.publish();
    archive.dgmo("switch").works();
    says(sandbox, "tool", "tool 1 amd64");
}

#[test]
fn a_list_that_nobody_signed_who_may_is_refused() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    let others = Keys::new(&sandbox, "others");
    let signed = sandbox.read(RELEASE);
    let text = archive.release("");
    let wrong = [
        String::from_utf8(others.clearsign(&text)).unwrap(),
        signed.replace("Origin: test", "Origin: evil"),
        format!("Origin: evil\n\n{signed}"),
        format!("{signed}Origin: evil\n"),
        text,
        String::new(),
    ];
    for text in wrong {
        sandbox.write(RELEASE, &text);
        let ran = archive.dgmo("switch").fails("DG1209");
        assert!(ran.stderr.contains("do not use the bytes"), "{ran}");
    }
    works_again(&sandbox, &archive);
}

#[test]
fn a_text_with_its_signature_beside_it_does_as_well() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    sandbox.remove(RELEASE);
    let text = archive.release("");
    sandbox.write("archive/dists/stable/Release", &text);
    archive.dgmo("switch").fails("DG1204");
    let signature = archive
        .keys()
        .gpg(&["--detach-sign", "--armor"], text.as_bytes());
    sandbox.write("archive/dists/stable/Release.gpg", signature);
    archive.dgmo("switch").works();
    says(&sandbox, "tool", "tool 1 amd64");
    sandbox.write("archive/dists/stable/Release", format!("{text} "));
    archive.dgmo("update").fails("DG1209");
}

#[test]
fn a_list_that_is_old_or_of_another_suite_is_refused() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    archive.publish_with("Valid-Until: Wed, 31 Dec 2025 12:00:00 UTC\n");
    archive
        .dgmo("switch")
        .fails("DG1222")
        .says("2025-12-31")
        .says("another mirror");
    let text = archive
        .release("")
        .replace("Suite: stable\n", "Suite: older\n");
    sandbox.write(RELEASE, archive.keys().clearsign(&text));
    archive
        .dgmo("switch")
        .fails("DG1222")
        .says("and not of `stable`");
    works_again(&sandbox, &archive);
}

#[test]
fn bytes_that_are_not_what_was_signed_are_refused() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    let list = "archive/dists/stable/main/binary-amd64/Packages.xz";
    let whole = std::fs::read(sandbox.root().join(list)).unwrap();
    for damaged in [
        &whole[..whole.len() - 1],
        &[&whole[..], b"x"].concat(),
        &vec![0; whole.len()],
    ] {
        sandbox.write(list, damaged);
        let ran = archive.dgmo("switch");
        assert!(
            ran.stderr.contains("DG1207") || ran.stderr.contains("DG1208"),
            "{ran}"
        );
    }
    archive.publish();
    let file = "archive/pool/tool_1_amd64.deb";
    let whole = std::fs::read(sandbox.root().join(file)).unwrap();
    let mut changed = whole.clone();
    changed[200] ^= 1;
    for damaged in [&whole[..whole.len() / 2], &changed] {
        sandbox.write(file, damaged);
        archive.dgmo("lock").works();
        let ran = archive.dgmo("switch");
        assert!(
            ran.exit == 1 && ran.stderr.contains("tool_1_amd64.deb"),
            "{ran}"
        );
        assert!(!sandbox.exists("home/profiles/default/current/view/bin/tool"));
    }
    sandbox.write(file, &whole);
    archive.dgmo("switch").works();
    says(&sandbox, "tool", "tool 1 amd64");
}

#[test]
fn a_source_that_is_trusted_is_taken_with_a_warning() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    sandbox.remove(RELEASE);
    sandbox.write("archive/dists/stable/Release", archive.release(""));
    sandbox.manifest("packages: {tool: {deb: tool}}\n");
    sandbox.write(
        "apt/sources.list",
        format!("deb [trusted=yes] {} stable main\n", archive.url()),
    );
    archive.dgmo("switch").works().says("is not checked");
    says(&sandbox, "tool", "tool 1 amd64");
}

#[test]
fn lists_are_asked_for_by_their_digests_where_the_archive_says_so() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    archive.publish_with("Acquire-By-Hash: yes\n");
    // What has the name is of the next list already.
    sandbox.write("archive/dists/stable/main/binary-amd64/Packages.xz", "next");
    archive.dgmo("switch").works();
    let asked = archive.asked();
    assert!(
        asked.iter().any(|path| path.contains("/by-hash/SHA256/")),
        "{asked:?}"
    );
    says(&sandbox, "tool", "tool 1 amd64");
}

#[test]
fn what_is_locked_needs_no_archive_and_is_fetched_again_where_it_is_lost() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    archive.dgmo("switch").works();
    archive.asked();
    sandbox.sh("rm -rf ../home/cache");
    archive.dgmo("update --offline").fails("DG1203");
    archive.dgmo("switch --offline").works();
    assert_eq!(archive.asked(), Vec::<String>::new());
    sandbox.sh("chmod -R u+w ../home/store/objects; grep -l 'echo tool' -r ../home/store/objects | xargs rm");
    archive.dgmo("repair").works();
    says(&sandbox, "tool", "tool 1 amd64");
    sandbox.dgmo("store verify").works();
}

#[test]
fn without_gpgv_it_is_said_what_to_install() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = made(&sandbox);
    let bare = sandbox.root().join("bin");
    let ran = sandbox.run_with(&["switch"], &[("PATH", bare.to_str().unwrap())]);
    ran.fails("DG1235").says("install `gpgv`");
    works_again(&sandbox, &archive);
}
