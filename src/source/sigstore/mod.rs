//! Signatures made with cosign and others of Sigstore's, in bundles that lie beside what they sign.
//!
//! Who signs has a key of their own, or a certificate that an authority gave for a few minutes to who could prove an
//! identity. Then a log that everybody can read took the signature, and says when: by that time the certificate is
//! judged. All of it is checked without a network, each link against the next:
//!
//! ```text
//! bytes ← signature ← key ← certificate ← authority
//!             ↑                  ↑            ↑
//!           entry of the log, with its time, and the log's signature
//! ```

mod bundle;
mod certificate;
mod der;
mod entry;
mod key;
mod log;
mod pem;
mod root;
mod statement;
#[cfg(test)]
mod tests;

use std::io;
use std::io::Read;

use dgmo_schema::manifest::Cosign;
use sha2::Digest as _;
use sha2::Sha256;

use super::base64;
use bundle::Bundle;
use bundle::Signed;
use certificate::Said;
use entry::Maker;
use key::Key;
pub(super) use root::Root;

/// A bundle has some ten thousand bytes; one with a statement of a great build has more.
pub(super) const LARGEST: u64 = 4 << 20;

/// A signature of bytes themselves is checked with all of them in memory.
const LARGEST_SIGNED: u64 = 512 << 20;

/// What a bundle ends in after the name of what it signs, the usual first.
pub(super) const ENDINGS: &[&str] = &[".sigstore.json", ".sigstore", ".cosign.bundle", ".bundle"];

/// Whether `bundle` proves that `signer` signed `bytes`; if not, why.
pub(super) fn check(
    signer: &Cosign,
    root: &Root,
    bundle: &[u8],
    bytes: &mut dyn Read,
) -> io::Result<Result<(), String>> {
    let bundle = match Bundle::parse(bundle) {
        Ok(bundle) => bundle,
        Err(why) => return Ok(Err(why)),
    };
    let (digest, all) = match bundle.signed {
        Signed::Statement { .. } => (hash(bytes)?, Vec::new()),
        Signed::Bytes { .. } => {
            let mut all = Vec::new();
            bytes.take(LARGEST_SIGNED + 1).read_to_end(&mut all)?;
            if all.len() as u64 > LARGEST_SIGNED {
                return Ok(Err(format!(
                    "signatures of more than {LARGEST_SIGNED} bytes are not checked"
                )));
            }
            (entry::sha256(&all), all)
        }
    };
    Ok(prove(signer, root, &bundle, &digest, &all))
}

/// Whom the certificate in `bundle` names. Nothing of it is checked.
pub(super) fn claim(bundle: &[u8]) -> Option<Cosign> {
    let said = Said::of(&Bundle::parse(bundle).ok()?.certificate?)?;
    let identity = said.identities.into_iter().next()?;
    let issuer = said.issuer?;
    // It is shown to people, who may copy it.
    let is_plain = |text: &str| {
        let odd = |b: u8| !b.is_ascii_graphic() || b"\"\\*{}".contains(&b);
        !text.bytes().any(odd)
    };
    (is_plain(&identity) && is_plain(&issuer)).then_some(Cosign::Identity { identity, issuer })
}

fn hash(bytes: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// `all` are the bytes, where they themselves are signed.
fn prove(
    signer: &Cosign,
    root: &Root,
    bundle: &Bundle,
    digest: &[u8; 32],
    all: &[u8],
) -> Result<(), String> {
    let info = match signer {
        Cosign::Key(text) => base64::decode(text).ok_or("the key cannot be read")?,
        Cosign::Identity { .. } => meant(signer, bundle)?.key,
    };
    let key = Key::parse(&info).ok_or("its key is of a kind that cannot be checked")?;
    let is_signed = match &bundle.signed {
        Signed::Bytes { signature } => key.signed(all, signature),
        Signed::Statement {
            kind,
            payload,
            signature,
        } => {
            statement::check(kind, payload, digest)?;
            key.signed(&statement::signed(kind, payload), signature)
        }
    };
    if !is_signed {
        return Err("the signature is of other bytes, or by another key".to_owned());
    }
    let maker = match (signer, &bundle.certificate) {
        (Cosign::Identity { .. }, Some(certificate)) => Maker::Certificate(certificate),
        _ => Maker::Key(&info),
    };
    entry::check(&bundle.entry.body, &bundle.signed, &maker, digest)?;
    bundle.entry.check(root)?;
    match maker {
        Maker::Certificate(it) => certificate::check_chain(root, it, bundle.entry.time),
        Maker::Key(_) => Ok(()),
    }
}

/// What the certificate says, if it is of who is meant.
fn meant(signer: &Cosign, bundle: &Bundle) -> Result<Said, String> {
    let certificate = bundle.certificate.as_ref();
    let certificate = certificate.ok_or("it is signed with a key, without a certificate")?;
    let said = Said::of(certificate).ok_or("its certificate cannot be read")?;
    let issuer = said.issuer.as_deref().unwrap_or("nobody");
    if said.identities.iter().any(|it| signer.means(it, issuer)) {
        return Ok(said);
    }
    Err(format!(
        "it is signed by `{}`, as `{issuer}` says",
        said.identities.join("`, `").replace(char::is_control, "?")
    ))
}
