//! Bundles: a signature, who made it, and the log's word that it took it, in one document of JSON.
//!
//! There are two forms. Sigstore's, of its versions 0.1 to 0.3:
//!
//! ```text
//! mediaType: application/vnd.dev.sigstore.bundle…
//! verificationMaterial: {certificate | x509CertificateChain | publicKey, tlogEntries: [{…}]}
//! messageSignature: {signature}    or    dsseEnvelope: {payload, payloadType, signatures: [{sig}]}
//! ```
//!
//! And the older one of cosign:
//!
//! ```text
//! base64Signature, cert, rekorBundle: {SignedEntryTimestamp, Payload: {body, integratedTime, logIndex, logID}}
//! ```

use serde::Deserialize;

use super::super::base64;
use super::log::Entry;
use super::log::Proof;
use super::pem;

/// What a bundle holds.
pub(super) struct Bundle {
    pub(super) signed: Signed,
    /// The certificate, where there is one: who signs with a key of their own has none.
    pub(super) certificate: Option<Vec<u8>>,
    pub(super) entry: Entry,
}

/// What was signed, and the signature.
pub(super) enum Signed {
    /// The bytes themselves.
    Bytes { signature: Vec<u8> },
    /// A statement of them.
    Statement {
        kind: String,
        payload: Vec<u8>,
        signature: Vec<u8>,
    },
}

impl Bundle {
    /// Reads either form.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let raw: Raw = serde_json::from_slice(bytes)
            .map_err(|_| "what lies beside it is not a bundle of signatures".to_owned())?;
        match raw {
            Raw {
                verification_material: Some(material),
                media_type: Some(kind),
                ..
            } if !is_known(&kind) => {
                drop(material);
                Err(format!(
                    "its bundle is of the form `{}`, which is not known",
                    shortened(&kind)
                ))
            }
            Raw {
                verification_material: Some(material),
                message_signature,
                dsse_envelope,
                ..
            } => material.read(signed(message_signature, dsse_envelope)?),
            Raw {
                rekor_bundle: Some(entry),
                base64_signature: Some(signature),
                cert,
                ..
            } => older(&signature, cert.as_deref(), &entry),
            Raw {
                base64_signature: Some(_),
                ..
            } => Err("its bundle has no entry of a log".to_owned()),
            _ => Err("what lies beside it is not a bundle of signatures".to_owned()),
        }
    }
}

/// The media types that versions 0.1 to 0.3 have had.
fn is_known(kind: &str) -> bool {
    const START: &str = "application/vnd.dev.sigstore.bundle";
    kind.strip_prefix(START).is_some_and(|end| {
        [
            "+json;version=0.1",
            "+json;version=0.2",
            "+json;version=0.3",
            ".v0.3+json",
        ]
        .contains(&end)
    })
}

fn shortened(text: &str) -> String {
    let mut short: String = text
        .chars()
        .filter(|it| !it.is_control())
        .take(80)
        .collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    base64::decode(text).ok_or_else(|| "its bundle holds what is not base64".to_owned())
}

fn signed(message: Option<RawMessage>, envelope: Option<RawEnvelope>) -> Result<Signed, String> {
    match (message, envelope) {
        (Some(message), None) => Ok(Signed::Bytes {
            signature: bytes(&message.signature)?,
        }),
        (None, Some(envelope)) => {
            let [signature] = &envelope.signatures[..] else {
                return Err("its bundle has not one signature".to_owned());
            };
            Ok(Signed::Statement {
                signature: bytes(&signature.sig)?,
                payload: bytes(&envelope.payload)?,
                kind: envelope.payload_type,
            })
        }
        _ => Err("its bundle has not one signature".to_owned()),
    }
}

fn older(signature: &str, cert: Option<&str>, entry: &RawOlder) -> Result<Bundle, String> {
    let certificate = match cert.filter(|cert| !cert.is_empty()) {
        None => None,
        Some(cert) => certificate_of(cert)?,
    };
    Ok(Bundle {
        signed: Signed::Bytes {
            signature: bytes(signature)?,
        },
        certificate,
        entry: Entry {
            body: bytes(&entry.payload.body)?,
            time: entry.payload.integrated_time,
            index: entry.payload.log_index,
            log: from_hex(&entry.payload.log_id)
                .ok_or_else(|| "its bundle does not name a log".to_owned())?,
            promise: Some(bytes(&entry.signed_entry_timestamp)?),
            proof: None,
        },
    })
}

/// The certificate in PEM, which may be in base64 once more. A key there is not needed: who asks names it.
fn certificate_of(text: &str) -> Result<Option<Vec<u8>>, String> {
    let wrapped = base64::decode(text.trim()).and_then(|it| String::from_utf8(it).ok());
    match pem::first(wrapped.as_deref().unwrap_or(text)) {
        Some((pem::CERTIFICATE, certificate)) => Ok(Some(certificate)),
        Some((pem::PUBLIC_KEY, _)) => Ok(None),
        _ => Err("the certificate in its bundle cannot be read".to_owned()),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes = digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]));
    bytes.collect::<Result<_, _>>().ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    media_type: Option<String>,
    verification_material: Option<RawMaterial>,
    message_signature: Option<RawMessage>,
    dsse_envelope: Option<RawEnvelope>,
    base64_signature: Option<String>,
    cert: Option<String>,
    rekor_bundle: Option<RawOlder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMaterial {
    certificate: Option<RawBytes>,
    x509_certificate_chain: Option<RawChain>,
    #[serde(default)]
    tlog_entries: Vec<RawEntry>,
}

/// Certificates, as bundles and roots hold them.
#[derive(Deserialize)]
pub(super) struct RawChain {
    pub(super) certificates: Vec<RawBytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBytes {
    pub(super) raw_bytes: String,
}

#[derive(Deserialize)]
struct RawMessage {
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEnvelope {
    payload: String,
    payload_type: String,
    signatures: Vec<RawSignature>,
}

#[derive(Deserialize)]
struct RawSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEntry {
    log_index: Number,
    log_id: RawId,
    kind_version: Option<RawKind>,
    integrated_time: Option<Number>,
    inclusion_promise: Option<RawPromise>,
    inclusion_proof: Option<RawProof>,
    canonicalized_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawId {
    key_id: String,
}

#[derive(Deserialize)]
struct RawKind {
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPromise {
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawProof {
    log_index: Number,
    root_hash: String,
    tree_size: Number,
    #[serde(default)]
    hashes: Vec<String>,
    checkpoint: Option<RawCheckpoint>,
}

#[derive(Deserialize)]
struct RawCheckpoint {
    envelope: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawOlder {
    signed_entry_timestamp: String,
    payload: RawPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPayload {
    body: String,
    integrated_time: u64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// Numbers of 64 bits stand between quotes, mostly.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Bare(u64),
    Quoted(String),
}

impl Number {
    fn read(&self) -> Result<u64, String> {
        match self {
            Self::Bare(number) => Ok(*number),
            Self::Quoted(text) => text
                .parse()
                .map_err(|_| "its bundle holds a number that is none".to_owned()),
        }
    }
}

impl RawMaterial {
    fn read(self, signed: Signed) -> Result<Bundle, String> {
        let leaf = self
            .certificate
            .or_else(|| self.x509_certificate_chain?.certificates.into_iter().next());
        let certificate = leaf.map(|leaf| bytes(&leaf.raw_bytes)).transpose()?;
        let mut entries = self.tlog_entries.into_iter();
        match (entries.next(), entries.next()) {
            (Some(entry), None) => Ok(Bundle {
                signed,
                certificate,
                entry: entry.read()?,
            }),
            (None, _) => Err("its bundle has no entry of a log".to_owned()),
            (Some(_), Some(_)) => Err("its bundle has several entries of logs".to_owned()),
        }
    }
}

impl RawEntry {
    fn read(self) -> Result<Entry, String> {
        let Some(time) = &self.integrated_time else {
            return Err(self.without_time());
        };
        let time = time.read()?;
        if time == 0 {
            return Err(self.without_time());
        }
        let promise = self.inclusion_promise.as_ref();
        let promise = promise.map(|it| bytes(&it.signed_entry_timestamp));
        Ok(Entry {
            body: bytes(&self.canonicalized_body)?,
            time,
            index: self.log_index.read()?,
            log: bytes(&self.log_id.key_id)?,
            promise: promise.transpose()?,
            proof: self.inclusion_proof.map(RawProof::read).transpose()?,
        })
    }

    /// Logs of the second kind tell no time; those of time do, which we do not ask.
    fn without_time(&self) -> String {
        let is_second = |kind: &RawKind| kind.version == "0.0.2";
        if self.kind_version.as_ref().is_some_and(is_second) {
            return "its log is of Rekor's second version, which cannot be checked yet".to_owned();
        }
        "its log does not say when it took the signature, and other clocks are not believed yet"
            .to_owned()
    }
}

impl RawProof {
    fn read(self) -> Result<Proof, String> {
        let hashes = self.hashes.iter().map(|hash| bytes(hash));
        Ok(Proof {
            index: self.log_index.read()?,
            size: self.tree_size.read()?,
            root: bytes(&self.root_hash)?,
            hashes: hashes.collect::<Result<_, _>>()?,
            checkpoint: self.checkpoint.map(|it| it.envelope),
        })
    }
}
