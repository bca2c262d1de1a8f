//! Public keys that sign: ECDSA over the curves P-256 and P-384, Ed25519, and RSA.

use ring::signature::ECDSA_P256_SHA256_ASN1;
use ring::signature::ECDSA_P384_SHA256_ASN1;
use ring::signature::ECDSA_P384_SHA384_ASN1;
use ring::signature::ED25519;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use ring::signature::UnparsedPublicKey;
use ring::signature::VerificationAlgorithm;

use super::der;
use super::der::Der;

/// What a key says of itself. As in RFC 5480: `id-ecPublicKey`, and the curve.
const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
/// As in RFC 8410.
const EDWARDS: &[u8] = b"\x06\x03\x2b\x65\x70";
/// `rsaEncryption`, and nothing.
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

type Algorithm = &'static dyn VerificationAlgorithm;

/// A public key.
pub(super) struct Key {
    /// How it signs.
    algorithm: Algorithm,
    /// How it may sign as well.
    other: Option<Algorithm>,
    bits: Vec<u8>,
}

impl Key {
    /// The key in a `SubjectPublicKeyInfo`, if it is of a kind that we can check.
    pub(super) fn parse(info: &[u8]) -> Option<Self> {
        let mut parts = Der(Der(info).only(der::SEQUENCE)?);
        let kind = parts.take(der::SEQUENCE)?;
        let algorithm: Algorithm = match kind {
            P256 => &ECDSA_P256_SHA256_ASN1,
            P384 => &ECDSA_P384_SHA384_ASN1,
            EDWARDS => &ED25519,
            RSA => &RSA_PKCS1_2048_8192_SHA256,
            _ => return None,
        };
        // With keys of that curve cosign signs the shorter digest.
        let shorter: Algorithm = &ECDSA_P384_SHA256_ASN1;
        let (unused, bits) = parts.only(der::BITS)?.split_first()?;
        (*unused == 0).then(|| Self {
            algorithm,
            other: (kind == P384).then_some(shorter),
            bits: bits.to_owned(),
        })
    }

    /// Whether it made `signature` of `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let mut algorithms = [self.algorithm].into_iter().chain(self.other);
        algorithms.any(|algorithm| {
            UnparsedPublicKey::new(algorithm, &self.bits)
                .verify(message, signature)
                .is_ok()
        })
    }
}
