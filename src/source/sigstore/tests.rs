//! Each link of the chain, held and broken: with an instance of our own, and with the public one.

#[path = "../../../tests/support/sigstore.rs"]
mod made;

use dgmo_schema::manifest::Cosign;
use made::IDENTITY;
use made::ISSUER;
use made::Instance;
use made::TIME;
use made::Terms;
use made::base64;
use made::hex;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use super::*;

const BYTES: &[u8] = b"what is signed";
const STATEMENT: &str = "application/vnd.in-toto+json";

fn who(identity: &str, issuer: &str) -> Cosign {
    Cosign::Identity {
        identity: identity.to_owned(),
        issuer: issuer.to_owned(),
    }
}

/// What is said of a bundle, by an instance that somebody trusts.
fn said(trusted: &Instance, signer: &Cosign, bundle: &Value, mut bytes: &[u8]) -> String {
    let root = Root::parse(trusted.root().as_bytes()).unwrap();
    let outcome = check(signer, &root, bundle.to_string().as_bytes(), &mut bytes);
    match outcome.unwrap() {
        Ok(()) => "it holds".to_owned(),
        Err(why) => why,
    }
}

fn statement() -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [
            {"name": "other", "digest": {"sha256": hex(&Sha256::digest(b"other"))}},
            {"name": "tool", "digest": {"sha256": hex(&Sha256::digest(BYTES))}},
        ],
        "predicate": {},
    })
}

#[test]
fn what_the_one_who_is_meant_signed_holds() {
    let instance = Instance::new();
    let meant = who(IDENTITY, ISSUER);
    let terms = Terms::default();
    let old = Terms {
        is_old: true,
        is_mail: true,
        identity: "ann@acme.example".to_owned(),
        ..Terms::default()
    };
    for (signer, bundle) in [
        (&meant, instance.sign(BYTES, &terms)),
        (&meant, instance.sign_as_before(BYTES, &terms)),
        (&meant, instance.state(&statement(), STATEMENT, &terms)),
        (&who("*@acme.example", ISSUER), instance.sign(BYTES, &old)),
        (&Cosign::Key(instance.key()), instance.sign_with_key(BYTES)),
    ] {
        assert_eq!(
            said(&instance, signer, &bundle, BYTES),
            "it holds",
            "{bundle}"
        );
        let other = said(&instance, signer, &bundle, b"what is not");
        assert!(other.contains("other bytes"), "{other}");
    }
}

#[test]
fn what_another_signed_does_not_hold() {
    let instance = Instance::new();
    let bundle = instance.sign(BYTES, &Terms::default());
    for signer in [
        who("https://git.example/acme/*", ISSUER),
        who(IDENTITY, "https://other.example"),
        who("", ISSUER),
    ] {
        assert_eq!(
            said(&instance, &signer, &bundle, BYTES),
            format!("it is signed by `{IDENTITY}`, as `{ISSUER}` says")
        );
    }
    let other = Cosign::Key(Instance::new().key());
    let with_key = instance.sign_with_key(BYTES);
    let by_another = "the signature is of other bytes, or by another key";
    assert_eq!(said(&instance, &other, &with_key, BYTES), by_another);
    assert_eq!(
        said(&instance, &who(IDENTITY, ISSUER), &with_key, BYTES),
        "it is signed with a key, without a certificate"
    );
}

#[test]
fn a_certificate_holds_by_its_authority_its_use_and_the_time_of_the_log() {
    let instance = Instance::new();
    let meant = who(IDENTITY, ISSUER);
    let outcome = |terms: &Terms| said(&instance, &meant, &instance.sign(BYTES, terms), BYTES);
    let expired = "its certificate did not hold when the log took the signature";
    for taken in [TIME - 61, TIME + 541] {
        let terms = Terms {
            taken,
            ..Terms::default()
        };
        assert_eq!(outcome(&terms), expired);
    }
    let for_servers = Terms {
        is_for_code: false,
        ..Terms::default()
    };
    assert_eq!(
        outcome(&for_servers),
        "its certificate is not for signing code"
    );

    // The same log believes another authority.
    let root: Value = serde_json::from_str(&instance.root()).unwrap();
    let mut foreign: Value = serde_json::from_str(&Instance::new().root()).unwrap();
    foreign["tlogs"] = root["tlogs"].clone();
    let foreign = Root::parse(foreign.to_string().as_bytes()).unwrap();
    let bundle = instance.sign(BYTES, &Terms::default()).to_string();
    assert_eq!(
        check(&meant, &foreign, bundle.as_bytes(), &mut &BYTES[..]).unwrap(),
        Err("its certificate is of no authority that is trusted".to_owned())
    );
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a table: what is broken, and what is said of it"
)]
fn a_log_holds_by_its_promise_and_its_proof() {
    let instance = Instance::new();
    let good = instance.sign(BYTES, &Terms::default());
    let other = instance.sign(b"other", &Terms::default());
    let entry = |bundle: &Value| bundle["verificationMaterial"]["tlogEntries"][0].clone();
    let broken = |name: &str, value: Value| {
        let mut bundle = good.clone();
        let place = format!("/verificationMaterial/tlogEntries/0{name}");
        *bundle.pointer_mut(&place).unwrap() = value;
        said(&instance, &who(IDENTITY, ISSUER), &bundle, BYTES)
    };
    let unsigned = "its log did not sign that it took the signature";
    for (name, value, why) in [
        ("/integratedTime", json!("1700000001"), unsigned),
        ("/logIndex", json!("2"), unsigned),
        (
            "/inclusionPromise",
            entry(&other)["inclusionPromise"].clone(),
            unsigned,
        ),
        (
            "/inclusionPromise",
            Value::Null,
            "its log does not promise when it took the signature",
        ),
        (
            "/logId/keyId",
            json!("AAAA"),
            "its log is not one that is trusted",
        ),
        (
            "/inclusionProof/hashes",
            json!([]),
            "its proof does not lead to the root of the log",
        ),
        (
            "/inclusionProof/logIndex",
            json!("0"),
            "its proof does not lead to the root of the log",
        ),
        (
            "/inclusionProof/checkpoint",
            entry(&other)["inclusionProof"]["checkpoint"].clone(),
            "its proof is of another root than the log signed",
        ),
        (
            "/inclusionProof/checkpoint",
            Value::Null,
            "its log did not sign the root of its proof",
        ),
        (
            "",
            entry(&other),
            "the entry of its log is of another signature",
        ),
        (
            "/integratedTime",
            Value::Null,
            "its log does not say when it took the signature, and other clocks are not believed yet",
        ),
        (
            "/integratedTime",
            json!("x"),
            "its bundle holds a number that is none",
        ),
        (
            "/canonicalizedBody",
            json!("*"),
            "its bundle holds what is not base64",
        ),
        (
            "/canonicalizedBody",
            json!(base64(br#"{"kind": "rfc3161"}"#)),
            "the entry of its log is of the kind `rfc3161 ?`, which cannot be checked for this signature",
        ),
    ] {
        assert_eq!(broken(name, value), why, "{name}");
    }
    // Another log, which nobody trusts, signs the same.
    let root = Root::parse(instance.root().as_bytes()).unwrap();
    let foreign = instance.with_another_log().sign(BYTES, &Terms::default());
    let outcome = check(
        &who(IDENTITY, ISSUER),
        &root,
        foreign.to_string().as_bytes(),
        &mut &BYTES[..],
    );
    assert_eq!(
        outcome.unwrap(),
        Err("its log is not one that is trusted".to_owned())
    );
}

#[test]
fn a_certificate_that_is_swapped_is_not_that_of_the_entry() {
    let instance = Instance::new();
    let mut bundle = instance.sign(BYTES, &Terms::default());
    // Of the same key and to the same name, and yet another one.
    let again = instance.sign(BYTES, &Terms::default());
    let certificate = again["verificationMaterial"]["certificate"].clone();
    bundle["verificationMaterial"]["certificate"] = certificate;
    assert_eq!(
        said(&instance, &who(IDENTITY, ISSUER), &bundle, BYTES),
        "the entry of its log is of another signature"
    );
}

#[test]
fn a_statement_must_be_one_of_whose_it_is() {
    let instance = Instance::new();
    let outcome = |name: &str, value: Value, kind: &str| {
        let mut statement = statement();
        statement[name] = value;
        let bundle = instance.state(&statement, kind, &Terms::default());
        said(&instance, &who(IDENTITY, ISSUER), &bundle, BYTES)
    };
    let scanned = json!("https://cosign.sigstore.dev/attestation/vuln/v1");
    assert_eq!(
        outcome("predicateType", scanned, STATEMENT),
        "what is signed says not whose it is, but `https://cosign.sigstore.dev/attestation/vuln/v1`"
    );
    let unread = "what is signed is not a statement of in-toto";
    assert_eq!(outcome("_type", json!("x"), STATEMENT), unread);
    assert_eq!(outcome("x", json!("x"), "text/plain"), unread);
    assert_eq!(
        outcome("subject", json!([]), STATEMENT),
        "the signature is of other bytes"
    );
}

#[test]
fn forms_we_do_not_know_are_refused_in_words() {
    let instance = Instance::new();
    let good = instance.sign(BYTES, &Terms::default());
    let outcome = |change: &dyn Fn(&mut Value)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        said(&instance, &who(IDENTITY, ISSUER), &bundle, BYTES)
    };
    let later =
        |it: &mut Value| it["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.9+json");
    assert!(
        outcome(&later)
            .contains("`application/vnd.dev.sigstore.bundle.v0.9+json`, which is not known")
    );
    let second = |it: &mut Value| {
        let entry = &mut it["verificationMaterial"]["tlogEntries"][0];
        entry["kindVersion"]["version"] = json!("0.0.2");
        entry["integratedTime"] = json!("0");
    };
    assert!(outcome(&second).contains("Rekor's second version"));
    let none = |it: &mut Value| it["verificationMaterial"]["tlogEntries"] = json!([]);
    assert_eq!(outcome(&none), "its bundle has no entry of a log");
    let both = |it: &mut Value| {
        it["dsseEnvelope"] = json!({"payload": "", "payloadType": "", "signatures": []});
    };
    assert_eq!(outcome(&both), "its bundle has not one signature");
}

#[test]
fn a_signature_alone_holds_for_its_bytes_and_for_who_has_the_key() {
    let (instance, other) = (Instance::new(), Instance::new());
    let root = Root::parse(instance.root().as_bytes()).unwrap();
    let text = instance.sign_alone(BYTES);
    let raw = super::base64::decode(text.trim()).unwrap();
    let of = |signer: &Cosign, signature: &[u8], mut bytes: &[u8]| {
        check(signer, &root, signature, &mut bytes).unwrap()
    };
    let key = Cosign::Key(instance.key());
    assert_eq!(of(&key, text.as_bytes(), BYTES), Ok(()));
    assert_eq!(of(&key, &raw, BYTES), Ok(()));
    let others = Err(OTHERS.to_owned());
    assert_eq!(of(&key, &raw, b"other"), others);
    assert_eq!(of(&Cosign::Key(other.key()), &raw, BYTES), others);
    assert_eq!(of(&key, &[1, 2, 3], BYTES).unwrap_err(), NO_BUNDLE);
    let somebody = who(IDENTITY, ISSUER);
    assert_eq!(
        of(&somebody, text.as_bytes(), BYTES).unwrap_err(),
        NO_BUNDLE
    );
}

const NO_BUNDLE: &str = "what lies beside it is not a bundle of signatures";

#[test]
fn what_is_no_bundle_is_refused() {
    let instance = Instance::new();
    let root = Root::parse(instance.root().as_bytes()).unwrap();
    let good = instance.sign(BYTES, &Terms::default()).to_string();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in ["", "{}", "null", "hello", &good[..good.len() - 1], &deep] {
        let outcome = check(
            &who(IDENTITY, ISSUER),
            &root,
            text.as_bytes(),
            &mut &BYTES[..],
        );
        assert_eq!(
            outcome.unwrap(),
            Err("what lies beside it is not a bundle of signatures".to_owned())
        );
    }
}

proptest! {
    #[test]
    fn bundles_with_any_byte_changed_are_read_or_not(at: usize, to in 0x20_u8..0x7f) {
        let instance = Instance::new();
        let mut bundle = instance.sign(BYTES, &Terms::default()).to_string().into_bytes();
        let at = at % bundle.len();
        bundle[at] = to;
        let root = Root::parse(instance.root().as_bytes()).unwrap();
        let other = who("nobody@acme.example", ISSUER);
        let outcome = check(&other, &root, &bundle, &mut &BYTES[..]).unwrap();
        prop_assert!(outcome.is_err());
        drop(check(&who(IDENTITY, ISSUER), &root, &bundle, &mut &BYTES[..]).unwrap());
    }

    #[test]
    fn no_bytes_are_a_signature_alone(bytes: Vec<u8>, text in "[A-Za-z0-9+/]{0,200}={0,2}") {
        let key = Cosign::Key(Instance::new().key());
        for bytes in [&bytes[..], text.as_bytes()] {
            let outcome = check(&key, &Root::public(), bytes, &mut &BYTES[..]).unwrap();
            prop_assert!(outcome.is_err());
        }
    }

    #[test]
    fn certificates_of_any_bytes_are_read_or_not(bytes: Vec<u8>, at in 0_usize..400, to: u8) {
        drop(certificate::Said::of(&bytes));
        let leaf = Instance::new().sign(BYTES, &Terms::default());
        let leaf = leaf["verificationMaterial"]["certificate"]["rawBytes"].clone();
        let mut leaf = super::base64::decode(leaf.as_str().unwrap()).unwrap();
        let at = at % leaf.len();
        leaf[at] = to;
        drop(certificate::Said::of(&leaf));
    }
}

/// A release of a Python package that its forge signed, by the public instance.
#[test]
fn what_the_public_instance_took_holds() {
    let bundle =
        include_bytes!("../../../tests/fixtures/sigstore/rfc8785-0.1.2-py3-none-any.whl.sigstore");
    let bytes = include_bytes!("../../../tests/fixtures/sigstore/rfc8785-0.1.2-py3-none-any.whl");
    let issuer = "https://token.actions.githubusercontent.com";
    let is = |identity: &str, mut bytes: &[u8]| {
        check(&who(identity, issuer), &Root::public(), bundle, &mut bytes).unwrap()
    };
    let workflow = "https://github.com/trailofbits/rfc8785.py/.github/workflows/*@refs/tags/*";
    assert_eq!(is(workflow, bytes), Ok(()));
    assert!(is(workflow, b"other").unwrap_err().contains("other bytes"));
    assert!(
        is("https://github.com/other/*", bytes)
            .unwrap_err()
            .starts_with("it is signed by")
    );
}
