//! Public keys that sign: ECDSA over the curves P-256 and P-384.

use ring::signature::ECDSA_P256_SHA256_ASN1;
use ring::signature::ECDSA_P384_SHA384_ASN1;
use ring::signature::UnparsedPublicKey;
use ring::signature::VerificationAlgorithm;

use super::der;
use super::der::Der;

/// What a key says of itself, as in RFC 5480: `id-ecPublicKey`, and the curve.
const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";

/// A public key.
pub(super) struct Key {
    algorithm: &'static dyn VerificationAlgorithm,
    point: Vec<u8>,
}

impl Key {
    /// The key in a `SubjectPublicKeyInfo`, if it is of a kind that we can check.
    pub(super) fn parse(info: &[u8]) -> Option<Self> {
        let mut parts = Der(Der(info).only(der::SEQUENCE)?);
        let algorithm: &dyn VerificationAlgorithm = match parts.take(der::SEQUENCE)? {
            P256 => &ECDSA_P256_SHA256_ASN1,
            P384 => &ECDSA_P384_SHA384_ASN1,
            _ => return None,
        };
        let (unused, point) = parts.only(der::BITS)?.split_first()?;
        (*unused == 0).then(|| Self {
            algorithm,
            point: point.to_owned(),
        })
    }

    /// Whether it made `signature` of `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.algorithm, &self.point)
            .verify(message, signature)
            .is_ok()
    }
}
