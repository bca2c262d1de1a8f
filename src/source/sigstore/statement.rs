//! Statements of in-toto: somebody says something of bytes, whose digest it names.

use serde_json::Value;

use super::entry::hex;

/// The kind of payload that is one.
const KIND: &str = "application/vnd.in-toto+json";

/// What is said by who made or published the bytes. Other statements, such as that they were scanned, are no signature.
const SAYS_WHOSE: &[&str] = &[
    "https://slsa.dev/provenance/",
    "https://in-toto.io/attestation/release/",
    "https://sigstore.dev/cosign/sign/",
];

/// What the signature of a statement signs: the payload, its kind, and how long both are.
pub(super) fn signed(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Whether it says of bytes with the digest `of` whose they are; if not, why.
pub(super) fn check(kind: &str, payload: &[u8], of: &[u8; 32]) -> Result<(), String> {
    let unread = || "what is signed is not a statement of in-toto".to_owned();
    if kind != KIND {
        return Err(unread());
    }
    let payload: Value = serde_json::from_slice(payload).map_err(|_| unread())?;
    let form = payload.get("_type").and_then(Value::as_str);
    if !form.is_some_and(|it| it.starts_with("https://in-toto.io/Statement/v")) {
        return Err(unread());
    }
    let says = payload.get("predicateType").and_then(Value::as_str);
    let says = says.unwrap_or_default();
    if !SAYS_WHOSE.iter().any(|it| says.starts_with(it)) {
        return Err(format!(
            "what is signed says not whose it is, but `{}`",
            says.chars()
                .filter(|it| !it.is_control())
                .take(80)
                .collect::<String>()
        ));
    }
    let subjects = payload.get("subject").and_then(Value::as_array);
    let is_of = |it: &Value| it.pointer("/digest/sha256").and_then(Value::as_str) == Some(&hex(of));
    if subjects.is_some_and(|all| all.iter().any(is_of)) {
        return Ok(());
    }
    Err("the signature is of other bytes".to_owned())
}
