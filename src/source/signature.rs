//! Signatures of downloads: minisign's, and cosign's.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

use dgmo_schema::manifest::Cosign;
use minisign_verify::PublicKey;
use minisign_verify::Signature;

use super::sigstore;
use super::sigstore::Root;

/// A signature of minisign's is four short lines.
const LARGEST: u64 = 16 << 10;

/// Who must have signed.
pub(super) enum Signer {
    Minisign(PublicKey),
    Cosign(Cosign, Root),
}

impl Signer {
    /// The one that a lock or a manifest names; `root` is the file of who is trusted, where there is one.
    pub(super) fn parse(text: &str, root: Option<&Path>) -> Result<Self, String> {
        let Ok(cosign) = text.parse::<Cosign>() else {
            return parse_key(text).map(Self::Minisign);
        };
        let root = match root {
            None => Root::public(),
            Some(path) => fs_err::read(path)
                .map_err(|error| error.to_string())
                .and_then(|bytes| Root::parse(&bytes))
                .map_err(|why| format!("`{}` does not say whom to trust: {why}", path.display()))?,
        };
        Ok(Self::Cosign(cosign, root))
    }

    /// What the name of a signature may end in, after the name of what it signs.
    pub(super) fn endings(&self) -> &'static [&'static str] {
        match self {
            Self::Minisign(_) => &[".minisig"],
            Self::Cosign(Cosign::Key(_), _) => sigstore::ENDINGS_WITH_KEY,
            Self::Cosign(Cosign::Identity { .. }, _) => sigstore::ENDINGS,
        }
    }

    /// What a signature is kept as beside a download.
    pub(super) fn kept_as(&self) -> &'static str {
        match self {
            Self::Minisign(_) => "minisig",
            Self::Cosign(..) => "sigstore",
        }
    }

    /// The most bytes a signature may have.
    pub(super) fn largest(&self) -> u64 {
        match self {
            Self::Minisign(_) => LARGEST,
            Self::Cosign(..) => sigstore::LARGEST,
        }
    }

    /// Whether `signature` is one of `bytes` by this signer; if not, why.
    pub(super) fn check(
        &self,
        signature: &[u8],
        bytes: &mut File,
    ) -> io::Result<Result<(), String>> {
        match self {
            Self::Minisign(key) => check(key, signature, bytes),
            Self::Cosign(signer, root) => sigstore::check(signer, root, signature, bytes),
        }
    }
}

/// A minisign public key, in its short form or as the file that holds it.
fn parse_key(key: &str) -> Result<PublicKey, String> {
    let parsed = if key.trim().contains('\n') {
        PublicKey::decode(key.trim())
    } else {
        PublicKey::from_base64(key.trim())
    };
    parsed.map_err(|_| "the key is not a minisign public key".to_owned())
}

/// Whether `text` is a signature of `bytes` by `key`; if not, why.
fn check(key: &PublicKey, text: &[u8], bytes: &mut dyn Read) -> io::Result<Result<(), String>> {
    let Some(signature) = std::str::from_utf8(text)
        .ok()
        .and_then(|text| Signature::decode(text).ok())
    else {
        return Ok(Err(
            "what lies beside it is not a minisign signature".to_owned()
        ));
    };
    let mut verifier = match key.verify_stream(&signature) {
        Ok(verifier) => verifier,
        Err(error) => return Ok(Err(in_our_words(&error))),
    };
    let mut buffer = vec![0; 256 << 10];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => verifier.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(verifier.finalize().map_err(|error| in_our_words(&error)))
}

fn in_our_words(error: &minisign_verify::Error) -> String {
    use minisign_verify::Error;
    match error {
        Error::UnexpectedKeyId => "the signature is by another key".to_owned(),
        Error::UnsupportedLegacyMode => "the signature has the legacy form".to_owned(),
        Error::InvalidSignature => "the signature is of other bytes".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";

    #[test]
    fn a_signature_holds_for_its_bytes_and_its_key_only() {
        let key = parse_key(KEY).unwrap();
        let outcome =
            |text: &str, mut bytes: &[u8]| check(&key, text.as_bytes(), &mut bytes).unwrap();
        assert_eq!(outcome(SIGNATURE, b"test"), Ok(()));
        assert_eq!(
            outcome(SIGNATURE, b"tEst").unwrap_err(),
            "the signature is of other bytes"
        );
        assert_eq!(
            outcome("hello", b"test").unwrap_err(),
            "what lies beside it is not a minisign signature"
        );
    }

    #[test]
    fn a_key_is_read_in_both_of_its_forms() {
        let file = format!("untrusted comment: minisign public key E7620F1842B4E81F\n{KEY}\n");
        assert_eq!(parse_key(&file).is_ok(), parse_key(KEY).is_ok());
        assert!(parse_key("RWQ").is_err());
    }
}
