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
use der::Der;
use entry::Maker;
use key::Key;
pub(super) use root::Root;

/// A bundle has some ten thousand bytes; one with a statement of a great build has more.
pub(super) const LARGEST: u64 = 4 << 20;

const OTHERS: &str = "the signature is of other bytes, or by another key";
const UNREADABLE_KEY: &str = "the key cannot be read";
const UNKNOWN_KEY: &str = "its key is of a kind that cannot be checked";

/// A signature of bytes themselves is checked with all of them in memory.
const LARGEST_SIGNED: u64 = 512 << 20;

/// What a bundle ends in after the name of what it signs, the usual first.
pub(super) const ENDINGS: &[&str] = &[".sigstore.json", ".sigstore", ".cosign.bundle", ".bundle"];

/// The same for who has the key: it proves a signature alone, too, and no log is needed for that.
pub(super) const ENDINGS_WITH_KEY: &[&str] = &[
    ".sigstore.json",
    ".sigstore",
    ".cosign.bundle",
    ".bundle",
    ".sig",
];

/// Whether `bundle` proves that `signer` signed `bytes`; if not, why. By a key it may be a signature alone.
pub(super) fn check(
    signer: &Cosign,
    root: &Root,
    bundle: &[u8],
    bytes: &mut dyn Read,
) -> io::Result<Result<(), String>> {
    if let (Cosign::Key(key), Some(signature)) = (signer, alone(bundle)) {
        let all = read_all(bytes)?;
        return Ok(all.and_then(|all| prove_alone(key, &signature, &all)));
    }
    let bundle = match Bundle::parse(bundle) {
        Ok(bundle) => bundle,
        Err(why) => return Ok(Err(why)),
    };
    let (digest, all) = match bundle.signed {
        Signed::Statement { .. } => (hash(bytes)?, Vec::new()),
        Signed::Bytes { .. } => {
            let all = match read_all(bytes)? {
                Ok(all) => all,
                Err(why) => return Ok(Err(why)),
            };
            (entry::sha256(&all), all)
        }
    };
    Ok(prove(signer, root, &bundle, &digest, &all))
}

fn read_all(bytes: &mut dyn Read) -> io::Result<Result<Vec<u8>, String>> {
    let mut all = Vec::new();
    bytes.take(LARGEST_SIGNED + 1).read_to_end(&mut all)?;
    if all.len() as u64 > LARGEST_SIGNED {
        let why = format!("signatures of more than {LARGEST_SIGNED} bytes are not checked");
        return Ok(Err(why));
    }
    Ok(Ok(all))
}

/// The bytes of a signature alone: in base64 as cosign writes it, or as they are; none where `text` is something else.
fn alone(text: &[u8]) -> Option<Vec<u8>> {
    // As they are, they are a sequence of two numbers.
    if text.first() == Some(&der::SEQUENCE) && Der(text).only(der::SEQUENCE).is_some() {
        return Some(text.to_owned());
    }
    let text = std::str::from_utf8(text).ok()?;
    let letters: String = text.split_ascii_whitespace().collect();
    base64::decode(&letters).filter(|bytes| !bytes.is_empty())
}

/// Whether `signature` is one of `all` by the key; if not, why.
fn prove_alone(key: &str, signature: &[u8], all: &[u8]) -> Result<(), String> {
    let info = base64::decode(key).ok_or(UNREADABLE_KEY)?;
    let key = Key::parse(&info).ok_or(UNKNOWN_KEY)?;
    if key.signed(all, signature) {
        return Ok(());
    }
    Err(OTHERS.to_owned())
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
        Cosign::Key(text) => base64::decode(text).ok_or(UNREADABLE_KEY)?,
        Cosign::Identity { .. } => meant(signer, bundle)?.key,
    };
    let key = Key::parse(&info).ok_or(UNKNOWN_KEY)?;
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
        return Err(OTHERS.to_owned());
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
