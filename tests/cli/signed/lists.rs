//! Releases of which only the list of checksums is signed: it proves the files it names, and no others.

use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use super::FILES;
use super::Sandbox;
use super::WORKFLOWS;
use super::archive;
use super::tool;
use super::tool_works;
use crate::forge::Forge;
use crate::minisign::Minisign;
use crate::sigstore::ISSUER;
use crate::sigstore::Instance;
use crate::sigstore::Terms;
use crate::sigstore::hex;

pub(super) const LIST: &str = "checksums.txt";
const BUNDLE: &str = "checksums.txt.sigstore.json";

/// A release whose files have no signatures, who may sign its list, and a machine that trusts who vouches for them.
pub(super) struct Release {
    pub(super) sandbox: Sandbox,
    pub(super) forge: Forge,
    pub(super) instance: Instance,
}

impl Release {
    pub(super) fn new() -> Self {
        let (sandbox, forge) = (Sandbox::new(), Forge::new());
        let bytes = archive(&sandbox, "signed");
        forge.publish("v1.0.0", &FILES.map(|name| (name, bytes.clone())));
        let instance = Instance::new();
        sandbox.write("work/trusted.json", instance.root());
        Self {
            sandbox,
            forge,
            instance,
        }
    }

    /// With a list of its files, which is signed by who should sign it.
    pub(super) fn with_signed_list() -> Self {
        let release = Self::new();
        release.put(LIST, release.list());
        release.put(BUNDLE, release.bundle(&release.list()));
        release
    }

    pub(super) fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.forge
            .change(|state| state.releases[0].1.insert(name.to_owned(), bytes));
    }

    pub(super) fn remove(&self, name: &str) {
        self.forge.change(|state| state.releases[0].1.remove(name));
    }

    pub(super) fn file(&self, name: &str) -> Vec<u8> {
        self.forge.change(|state| state.releases[0].1[name].clone())
    }

    pub(super) fn list(&self) -> String {
        let lines = FILES.map(|name| {
            let digest = hex(&Sha256::digest(self.file(name)));
            format!("{digest}  {name}\n")
        });
        lines.concat()
    }

    fn bundle(&self, text: &str) -> String {
        let bundle: Value = self.instance.sign(text.as_bytes(), &Terms::default());
        bundle.to_string()
    }

    pub(super) fn manifest(&self, tool: &str) {
        super::manifest(&self.sandbox, &self.forge, tool);
    }

    /// Another machine with the manifest and the lock, and nothing else.
    pub(super) fn elsewhere(&self) -> Sandbox {
        let other = Sandbox::new();
        other.program("work/other", "#!/bin/sh\necho other\n");
        for file in ["dgmo.yaml", "dgmo.lock", "trusted.json"] {
            let path = format!("work/{file}");
            other.write(&path, self.sandbox.read(&path));
        }
        other
    }
}

#[test]
fn a_signed_list_proves_the_files_it_names() {
    let release = Release::with_signed_list();
    let sandbox = &release.sandbox;
    release.manifest("");
    sandbox
        .dgmo(&format!(
            "add tool --from github:maker/tool --cosign-identity {WORKFLOWS} --cosign-issuer {ISSUER}"
        ))
        .works();
    tool_works(sandbox);
    let lock = sandbox.read("work/dgmo.lock");
    let signer = format!("cosign identity={WORKFLOWS} issuer={ISSUER} list={LIST}\"");
    assert_eq!(lock.matches(&signer).count(), FILES.len(), "{lock}");

    // Nothing is asked again where all of it is here, and the same lock is written where all of it is asked again.
    release.forge.asked();
    sandbox.switch().says("nothing to do");
    assert_eq!(release.forge.asked(), Vec::<String>::new());
    sandbox.dgmo("update").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    sandbox.dgmo("update --offline").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
}

#[test]
fn the_list_is_looked_at_again_where_a_lock_is_followed() {
    let release = Release::with_signed_list();
    release.manifest(&tool(WORKFLOWS));
    release.sandbox.dgmo("lock").works();
    release.forge.asked();
    let other = release.elsewhere();
    other.switch();
    tool_works(&other);
    let asked = release.forge.asked();
    for name in [FILES[0], LIST, BUNDLE] {
        let end = format!("/{name}");
        assert!(asked.iter().any(|it| it.ends_with(&end)), "{asked:?}");
    }

    let list = release.list();
    for (put, code, words) in [
        // No such list any more, or no signature of it.
        (
            (LIST, None),
            "DG1209",
            "the list `checksums.txt` is not there",
        ),
        ((BUNDLE, None), "DG1209", "nothing lies beside it"),
        // The list of another release, with its signature or without.
        (
            (LIST, Some(list.replace("tool-", "tool2-"))),
            "DG1209",
            "`checksums.txt` proves nothing: the signature is of other bytes",
        ),
        (
            (BUNDLE, Some(release.bundle("another list"))),
            "DG1209",
            "`checksums.txt` proves nothing: the signature is of other bytes",
        ),
        // Other bytes than the list says.
        (
            (FILES[0], Some("other bytes".to_owned())),
            "DG1207",
            "bytes where",
        ),
    ] {
        let (name, text) = put;
        let before = release.file(name);
        match text {
            Some(text) => release.put(name, text),
            None => release.remove(name),
        }
        let ran = release.elsewhere().dgmo("switch").fails(code);
        assert!(ran.stderr.contains(words), "{words}: {ran}");
        assert!(ran.stderr.contains(FILES[0]), "{ran}");
        release.put(name, before);
    }
    let wrong = list.replace(&list[..64], &"0".repeat(64));
    release.put(LIST, wrong.as_str());
    release.put(BUNDLE, release.bundle(&wrong));
    let ran = release.elsewhere().dgmo("switch").fails("DG1208");
    ran.says("of the signed list `checksums.txt` is expected");
    // A list that is signed anew, because of a file that came later, proves what it names as before.
    let longer = format!("{list}{}  tool-macos.zip\n", "a".repeat(64));
    release.put(LIST, longer.as_str());
    release.put(BUNDLE, release.bundle(&longer));
    release.elsewhere().switch();
}

#[test]
fn a_list_that_proves_nothing_is_refused_and_a_good_one_mends_it() {
    let release = Release::with_signed_list();
    release.manifest(&tool(WORKFLOWS));
    let list = release.list();
    let first = list.lines().next().unwrap();
    let wrong = list.replace(&first[..64], &"0".repeat(64));
    let unnamed = list.replace(FILES[0], "tool-other.tar.gz");
    let twice = format!("{list}{}  {}\n", "0".repeat(64), FILES[0]);
    let huge = format!("{list}{}", "# nothing\n".repeat(500_000));
    let proves_nothing = "`checksums.txt` proves nothing: the signature is of other bytes";
    for (list, bundle, code, words) in [
        (
            &list,
            release.bundle("another list"),
            "DG1209",
            proves_nothing,
        ),
        (
            &list,
            "no bundle".to_owned(),
            "DG1209",
            "`checksums.txt` proves nothing",
        ),
        // What is signed is the file, and it lies beside the list.
        (
            &list,
            {
                let file = release.file(FILES[0]);
                release.instance.sign(&file, &Terms::default()).to_string()
            },
            "DG1209",
            proves_nothing,
        ),
        (
            &wrong,
            release.bundle(&wrong),
            "DG1208",
            "of the signed list `checksums.txt`",
        ),
        (
            &unnamed,
            release.bundle(&unnamed),
            "DG1209",
            "`checksums.txt` is signed, and does not name it",
        ),
        (&twice, release.bundle(&twice), "DG1208", "`checksums.txt`"),
        (
            &huge,
            release.bundle(&huge),
            "DG1207",
            "/checksums.txt` has more than",
        ),
    ] {
        release.put(LIST, list.as_str());
        release.put(BUNDLE, bundle);
        let ran = release.sandbox.dgmo("switch").fails(code);
        assert!(ran.stderr.contains(words), "{words}: {ran}");
        assert!(ran.stderr.contains("hint: "), "{ran}");
        assert!(
            !release
                .sandbox
                .exists("home/profiles/default/generations/1")
        );
    }
    let list = release.list();
    release.put(BUNDLE, release.bundle(&list));
    release.put(LIST, list);
    release.sandbox.switch();
    tool_works(&release.sandbox);

    // Another signer than the one who is meant, in words that say who it is.
    release.manifest(&tool("https://git.example/other/*"));
    let ran = release.sandbox.dgmo("switch").fails("DG1209");
    let words = "compare who must have signed with what the publisher says";
    ran.says(words)
        .says("it is signed by `https://git.example/acme");
}

#[test]
fn a_signature_of_the_file_itself_goes_before_that_of_a_list() {
    let release = Release::with_signed_list();
    release.put(BUNDLE, "no bundle");
    for name in FILES {
        let bytes = release.file(name);
        let bundle = release.instance.sign(&bytes, &Terms::default());
        release.put(&format!("{name}.sigstore.json"), bundle.to_string());
    }
    release.manifest(&tool(WORKFLOWS));
    release.sandbox.switch();
    tool_works(&release.sandbox);
    assert!(!release.sandbox.read("work/dgmo.lock").contains("list="));

    // One that does not hold is not made good by a list.
    let release = Release::with_signed_list();
    release.put(&format!("{}.bundle", FILES[0]), release.bundle("other"));
    release.manifest(&tool(WORKFLOWS));
    release.sandbox.dgmo("switch").fails("DG1209");
}

#[test]
fn a_list_is_signed_with_minisign() {
    let (release, signer) = (Release::new(), Minisign::new());
    let list = release.list();
    release.put("SHA256SUMS", list.as_str());
    release.put("SHA256SUMS.minisig", signer.sign(list.as_bytes()));
    release.manifest("  tool: {github: maker/tool}\n");
    let ran = release.sandbox.switch();
    for words in [
        "`tool` is named in `SHA256SUMS`, which is signed with minisign, which is not checked",
        "tool: {github: maker/tool, minisign: \"RW…\"}",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {ran}");
    }
    release.manifest("");
    release.sandbox.switch();
    let adding = |key: &str| format!("add tool --from github:maker/tool --minisign {key}");
    let sandbox = &release.sandbox;
    let ran = sandbox
        .dgmo(&adding(&Minisign::new().key()))
        .fails("DG1209");
    ran.says("the list `SHA256SUMS` proves nothing");
    sandbox.dgmo(&adding(&signer.key())).works();
    tool_works(sandbox);
    let lock = sandbox.read("work/dgmo.lock");
    assert!(
        lock.contains(&format!("{} list=SHA256SUMS\"", signer.key())),
        "{lock}"
    );
    release.elsewhere().switch();
}

#[test]
fn who_did_not_ask_is_told_of_a_signed_list_that_names_the_file() {
    let release = Release::with_signed_list();
    release.manifest("  tool: {github: maker/tool}\n");
    let ran = release.sandbox.switch();
    let line = tool(WORKFLOWS).replace("workflows/*@", "workflows/release.yml@");
    for words in [
        line.trim(),
        "is named in `checksums.txt`, which is signed with cosign",
    ] {
        assert_eq!(ran.stderr.matches(words).count(), 1, "{words}: {ran}");
    }
    release.manifest(&line);
    assert!(!release.sandbox.switch().stderr.contains("is not checked"));
    tool_works(&release.sandbox);

    let other = Release::with_signed_list();
    let list = other
        .list()
        .replace(FILES[0], "x.zip")
        .replace(FILES[1], "y.zip");
    other.put(BUNDLE, other.bundle(&list));
    other.put(LIST, list);
    other.manifest("  tool: {github: maker/tool}\n");
    other.sandbox.switch().says_nothing_of("is not checked");
}
