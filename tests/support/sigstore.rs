//! An instance of Sigstore's kind: an authority and a log with keys of their own, which sign what a test asks them to.

use std::time::Duration;
use std::time::UNIX_EPOCH;

use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use ring::signature::EcdsaKeyPair;
use ring::signature::KeyPair;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

pub(crate) const IDENTITY: &str =
    "https://git.example/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0";
pub(crate) const ISSUER: &str = "https://tokens.git.example";
pub(crate) const TIME: u64 = 1_700_000_000;

/// `id-kp-codeSigning`.
const CODE_SIGNING: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x03";
const ECDSA_WITH_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
const EC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// A key that signs.
struct Signing(EcdsaKeyPair);

impl Signing {
    fn new() -> Self {
        let random = SystemRandom::new();
        let how = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(how, pkcs8.as_ref(), &random).unwrap())
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&SystemRandom::new(), bytes).unwrap();
        signature.as_ref().to_vec()
    }

    /// Its public half, as a `SubjectPublicKeyInfo`.
    fn info(&self) -> Vec<u8> {
        let mut bits = vec![0];
        bits.extend_from_slice(self.0.public_key().as_ref());
        let algorithm = [value(0x06, EC_KEY), value(0x06, P256)].concat();
        value(
            0x30,
            &[value(0x30, &algorithm), value(0x03, &bits)].concat(),
        )
    }
}

/// What a certificate and an entry of the log say.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) identity: String,
    /// Whether the identity is an address of mail.
    pub(crate) is_mail: bool,
    pub(crate) issuer: String,
    /// The issuer as certificates had it before 2023.
    pub(crate) is_old: bool,
    pub(crate) is_for_code: bool,
    /// When the certificate holds.
    pub(crate) holds: (u64, u64),
    /// When the log took the signature.
    pub(crate) taken: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            identity: IDENTITY.to_owned(),
            is_mail: false,
            issuer: ISSUER.to_owned(),
            is_old: false,
            is_for_code: true,
            holds: (TIME - 60, TIME + 540),
            taken: TIME,
        }
    }
}

/// An authority, a log, and somebody who signs.
pub(crate) struct Instance {
    authority: Signing,
    log: Signing,
    holder: Signing,
}

impl Instance {
    pub(crate) fn new() -> Self {
        Self {
            authority: Signing::new(),
            log: Signing::new(),
            holder: Signing::new(),
        }
    }

    /// The same authority and holder, and another log.
    pub(crate) fn with_another_log(self) -> Self {
        Self {
            log: Signing::new(),
            ..self
        }
    }

    /// Who is to be trusted: `trusted_root.json`.
    pub(crate) fn root(&self) -> String {
        let own = Terms {
            holds: (TIME - 1000, TIME + 100_000),
            ..Terms::default()
        };
        let top = self.certificate(&self.authority, &own, &constraints());
        let always = json!({"start": "2020-01-01T00:00:00Z"});
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "logId": {"keyId": base64(&self.log_id())},
                "publicKey": {"rawBytes": base64(&self.log.info()), "validFor": always},
            }],
            "certificateAuthorities": [{
                "certChain": {"certificates": [{"rawBytes": base64(&top)}]},
                "validFor": always,
            }],
        })
        .to_string()
    }

    /// The public key of who signs, as the line of its file.
    pub(crate) fn key(&self) -> String {
        base64(&self.holder.info())
    }

    /// A bundle with a signature of `bytes`.
    pub(crate) fn sign(&self, bytes: &[u8], terms: &Terms) -> Value {
        let leaf = self.leaf(terms);
        let signature = self.holder.sign(bytes);
        let body = hashed(bytes, &signature, &pem("CERTIFICATE", &leaf));
        let mut bundle = self.bundle(&body, terms);
        bundle["verificationMaterial"]["certificate"] = json!({"rawBytes": base64(&leaf)});
        bundle["messageSignature"] = json!({"signature": base64(&signature)});
        bundle
    }

    /// The same with a key and without a certificate.
    pub(crate) fn sign_with_key(&self, bytes: &[u8]) -> Value {
        let signature = self.holder.sign(bytes);
        let body = hashed(bytes, &signature, &pem("PUBLIC KEY", &self.holder.info()));
        let mut bundle = self.bundle(&body, &Terms::default());
        bundle["verificationMaterial"]["publicKey"] = json!({"hint": "x"});
        bundle["messageSignature"] = json!({"signature": base64(&signature)});
        bundle
    }

    /// A signature alone, as `cosign sign-blob --key` writes it.
    pub(crate) fn sign_alone(&self, bytes: &[u8]) -> String {
        format!("{}\n", base64(&self.holder.sign(bytes)))
    }

    /// The older form of cosign.
    pub(crate) fn sign_as_before(&self, bytes: &[u8], terms: &Terms) -> Value {
        let leaf = pem("CERTIFICATE", &self.leaf(terms));
        let signature = self.holder.sign(bytes);
        let body = hashed(bytes, &signature, &leaf).to_string();
        json!({
            "base64Signature": base64(&signature),
            "cert": base64(leaf.as_bytes()),
            "rekorBundle": {
                "SignedEntryTimestamp": base64(&self.promise(&body, terms)),
                "Payload": {
                    "body": base64(body.as_bytes()),
                    "integratedTime": terms.taken,
                    "logIndex": 1,
                    "logID": hex(&self.log_id()),
                },
            },
        })
    }

    /// A bundle with a signed statement of in-toto.
    pub(crate) fn state(&self, statement: &Value, kind: &str, terms: &Terms) -> Value {
        let payload = statement.to_string();
        let said = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
        let leaf = self.leaf(terms);
        let signature = self.holder.sign(said.as_bytes());
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "payloadHash": {"algorithm": "sha256", "value": hex(&Sha256::digest(&payload))},
                "signatures": [{
                    "signature": base64(&signature),
                    "verifier": base64(pem("CERTIFICATE", &leaf).as_bytes()),
                }],
            },
        });
        let mut bundle = self.bundle(&body, terms);
        bundle["verificationMaterial"]["certificate"] = json!({"rawBytes": base64(&leaf)});
        bundle["dsseEnvelope"] = json!({
            "payload": base64(payload.as_bytes()),
            "payloadType": kind,
            "signatures": [{"sig": base64(&signature), "keyid": ""}],
        });
        bundle
    }

    /// A bundle with an entry of the log, and its promise and proof: it is the second of two.
    fn bundle(&self, body: &Value, terms: &Terms) -> Value {
        let body = body.to_string();
        let first = Sha256::digest(b"\0first");
        let leaf = Sha256::digest([b"\0", body.as_bytes()].concat());
        let root = Sha256::digest([&b"\x01"[..], &first, &leaf].concat());
        let head = format!("log.example - 1\n2\n{}\n", base64(&root));
        let mut signature = self.log_id()[..4].to_vec();
        signature.extend(self.log.sign(head.as_bytes()));
        let checkpoint = format!("{head}\n\u{2014} log.example {}\n", base64(&signature));
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "tlogEntries": [{
                    "logIndex": "1",
                    "logId": {"keyId": base64(&self.log_id())},
                    "kindVersion": {"kind": "any", "version": "0.0.1"},
                    "integratedTime": terms.taken.to_string(),
                    "inclusionPromise": {"signedEntryTimestamp": base64(&self.promise(&body, terms))},
                    "inclusionProof": {
                        "logIndex": "1",
                        "treeSize": "2",
                        "rootHash": base64(&root),
                        "hashes": [base64(&first)],
                        "checkpoint": {"envelope": checkpoint},
                    },
                    "canonicalizedBody": base64(body.as_bytes()),
                }],
            },
        })
    }

    fn promise(&self, body: &str, terms: &Terms) -> Vec<u8> {
        let promised = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":1}}"#,
            base64(body.as_bytes()),
            terms.taken,
            hex(&self.log_id())
        );
        self.log.sign(promised.as_bytes())
    }

    fn log_id(&self) -> Vec<u8> {
        Sha256::digest(self.log.info()).to_vec()
    }

    fn leaf(&self, terms: &Terms) -> Vec<u8> {
        let mail_or_uri = if terms.is_mail { 0x81 } else { 0x86 };
        let names = value(0x30, &value(mail_or_uri, terms.identity.as_bytes()));
        let issuer = if terms.is_old {
            (1, terms.issuer.as_bytes().to_vec())
        } else {
            (8, value(0x0c, terms.issuer.as_bytes()))
        };
        let issuer_name = [&b"\x2b\x06\x01\x04\x01\x83\xbf\x30\x01"[..], &[issuer.0]].concat();
        let usage = if terms.is_for_code {
            CODE_SIGNING
        } else {
            // Of servers.
            b"\x2b\x06\x01\x05\x05\x07\x03\x01"
        };
        let usage = value(0x30, &value(0x06, usage));
        let extensions = [
            extension(b"\x55\x1d\x25", false, &usage),
            extension(b"\x55\x1d\x11", true, &names),
            extension(&issuer_name, false, &issuer.1),
        ];
        self.certificate(&self.holder, terms, &extensions.concat())
    }

    /// A certificate by the authority for `holder`.
    fn certificate(&self, holder: &Signing, terms: &Terms, extensions: &[u8]) -> Vec<u8> {
        let algorithm = value(0x30, &value(0x06, ECDSA_WITH_SHA256));
        let common = [value(0x06, b"\x55\x04\x03"), value(0x0c, b"authority")].concat();
        let issuer = value(0x30, &value(0x31, &value(0x30, &common)));
        let is_own = std::ptr::eq(holder, &raw const self.authority);
        let subject = if is_own {
            issuer.clone()
        } else {
            value(0x30, b"")
        };
        let holds = [time(terms.holds.0), time(terms.holds.1)].concat();
        let parts = [
            value(0xa0, &value(0x02, &[2])),
            value(0x02, &[7]),
            algorithm.clone(),
            issuer,
            value(0x30, &holds),
            subject,
            holder.info(),
            value(0xa3, &value(0x30, extensions)),
        ];
        let parts = value(0x30, &parts.concat());
        let mut signature = vec![0];
        signature.extend(self.authority.sign(&parts));
        value(0x30, &[parts, algorithm, value(0x03, &signature)].concat())
    }
}

/// An authority may sign certificates.
fn constraints() -> Vec<u8> {
    extension(b"\x55\x1d\x13", true, &value(0x30, &value(0x01, &[0xff])))
}

fn extension(name: &[u8], is_critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if is_critical {
        value(0x01, &[0xff])
    } else {
        Vec::new()
    };
    value(
        0x30,
        &[value(0x06, name), critical, value(0x04, content)].concat(),
    )
}

fn time(seconds: u64) -> Vec<u8> {
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds));
    let digits: String = text
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    value(0x17, format!("{}Z", &digits[2..]).as_bytes())
}

/// A value of DER.
fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let mut bytes = vec![tag];
    match length {
        0..0x80 => bytes.push(length.to_be_bytes()[1]),
        0x80..0x100 => bytes.extend([0x81, length.to_be_bytes()[1]]),
        _ => {
            bytes.push(0x82);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

fn hashed(bytes: &[u8], signature: &[u8], maker: &str) -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hex(&Sha256::digest(bytes))}},
            "signature": {
                "content": base64(signature),
                "publicKey": {"content": base64(maker.as_bytes())},
            },
        },
    })
}

fn pem(word: &str, bytes: &[u8]) -> String {
    let text = base64(bytes);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN {word}-----\n{}\n-----END {word}-----\n",
        lines.join("\n")
    )
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            text.push(if place <= group.len() {
                char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize])
            } else {
                '='
            });
        }
    }
    text
}
