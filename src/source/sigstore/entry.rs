//! What an entry of a log says was signed, and by whom.

use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use super::super::base64;
use super::bundle::Signed;
use super::pem;

/// Whose signature it shall be.
pub(super) enum Maker<'a> {
    Certificate(&'a [u8]),
    /// A `SubjectPublicKeyInfo`.
    Key(&'a [u8]),
}

/// Whether the entry `body` is of this signature by this maker, of bytes with the digest `of`; if not, why.
pub(super) fn check(
    body: &[u8],
    signed: &Signed,
    maker: &Maker<'_>,
    of: &[u8; 32],
) -> Result<(), String> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| "the entry of its log cannot be read".to_owned())?;
    let kind = (text(&body, "/kind"), text(&body, "/apiVersion"));
    let is_it = match (kind, signed) {
        ((Some("hashedrekord"), Some("0.0.1")), Signed::Bytes { signature }) => {
            hashed(&body, signature, maker, of)
        }
        (
            (Some("dsse"), Some("0.0.1")),
            Signed::Statement {
                payload, signature, ..
            },
        ) => envelope(&body, payload, signature, maker),
        (
            (Some("intoto"), Some("0.0.2")),
            Signed::Statement {
                payload, signature, ..
            },
        ) => statement(&body, payload, signature, maker),
        ((kind, version), _) => {
            let name = |it: Option<&str>| it.unwrap_or("?").chars().take(20).collect::<String>();
            return Err(format!(
                "the entry of its log is of the kind `{} {}`, which cannot be checked for this signature",
                name(kind),
                name(version)
            ));
        }
    };
    if is_it {
        Ok(())
    } else {
        Err("the entry of its log is of another signature".to_owned())
    }
}

fn hashed(body: &Value, signature: &[u8], maker: &Maker<'_>, of: &[u8; 32]) -> bool {
    is_digest(body, "/spec/data/hash", of)
        && is_bytes(text(body, "/spec/signature/content"), signature)
        && maker.is(text(body, "/spec/signature/publicKey/content"))
}

fn envelope(body: &Value, payload: &[u8], signature: &[u8], maker: &Maker<'_>) -> bool {
    is_digest(body, "/spec/payloadHash", &sha256(payload))
        && one(body, "/spec/signatures").is_some_and(|it| {
            is_bytes(text(it, "/signature"), signature) && maker.is(text(it, "/verifier"))
        })
}

/// Its signature is in base64 twice.
fn statement(body: &Value, payload: &[u8], signature: &[u8], maker: &Maker<'_>) -> bool {
    is_digest(body, "/spec/content/payloadHash", &sha256(payload))
        && one(body, "/spec/content/envelope/signatures").is_some_and(|it| {
            let once = text(it, "/sig").and_then(base64::decode);
            let once = once.and_then(|it| String::from_utf8(it).ok());
            is_bytes(once.as_deref(), signature) && maker.is(text(it, "/publicKey"))
        })
}

impl Maker<'_> {
    /// Whether the text, which is PEM in base64, is of this maker.
    fn is(&self, text: Option<&str>) -> bool {
        let found = text
            .and_then(base64::decode)
            .and_then(|it| String::from_utf8(it).ok());
        match (self, found.as_deref().and_then(pem::first)) {
            (Self::Certificate(it), Some((pem::CERTIFICATE, found)))
            | (Self::Key(it), Some((pem::PUBLIC_KEY, found))) => found == **it,
            _ => false,
        }
    }
}

fn is_digest(body: &Value, at: &str, of: &[u8; 32]) -> bool {
    let hash = body.pointer(at);
    let part = |name| hash.and_then(|hash| hash.get(name)?.as_str());
    part("algorithm") == Some("sha256") && part("value") == Some(&hex(of))
}

fn is_bytes(text: Option<&str>, bytes: &[u8]) -> bool {
    text.and_then(base64::decode).as_deref() == Some(bytes)
}

fn text<'a>(value: &'a Value, at: &str) -> Option<&'a str> {
    value.pointer(at)?.as_str()
}

/// The only member of a list.
fn one<'a>(value: &'a Value, at: &str) -> Option<&'a Value> {
    match &value.pointer(at)?.as_array()?[..] {
        [only] => Some(only),
        _ => None,
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(super) fn hex(digest: &[u8; 32]) -> String {
    dgmo_schema::id::Digest::from_bytes(*digest).hex()
}
