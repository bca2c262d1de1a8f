//! Certificates for a few minutes: who they are given to, who said so, and which authority gave them.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::UnixTime;
use webpki::EndEntityCert;
use webpki::KeyUsage;
use webpki::anchor_from_trusted_cert;

use super::der;
use super::der::Der;
use super::root::Authority;
use super::root::Root;

/// `id-kp-codeSigning`.
const CODE_SIGNING: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x03";
/// `id-ce-subjectAltName`.
const NAMES: &[u8] = b"\x55\x1d\x11";
/// Who said who it is, as text of DER, and as the bytes of the text in certificates before 2023.
const ISSUER: &[u8] = b"\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x08";
const OLD_ISSUER: &[u8] = b"\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x01";
/// Of the names: an address of mail, an address of the web.
const MAIL: u8 = 0x81;
const URI: u8 = 0x86;
/// The version, and the extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// What a certificate says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Who it is given to.
    pub(super) identities: Vec<String>,
    /// Who said who that is.
    pub(super) issuer: Option<String>,
    /// The key, as a `SubjectPublicKeyInfo`.
    pub(super) key: Vec<u8>,
}

impl Said {
    /// What the certificate `bytes` says. That somebody gave it is not looked at.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(bytes).only(der::SEQUENCE)?);
        let mut parts = Der(certificate.take(der::SEQUENCE)?);
        parts.take(VERSION)?;
        parts.take(der::INTEGER)?;
        // How it is signed, by whom, how long it holds, for whom.
        for _ in 0..4 {
            parts.take(der::SEQUENCE)?;
        }
        let before = parts.0;
        parts.take(der::SEQUENCE)?;
        let key = before[..before.len() - parts.0.len()].to_owned();
        let extensions = Der(parts.only(EXTENSIONS)?).only(der::SEQUENCE)?;
        let issuer = match extension(extensions, ISSUER).ok()? {
            Some(value) => Some(Der(value).only(der::UTF8)?),
            None => extension(extensions, OLD_ISSUER).ok()?,
        };
        Some(Self {
            identities: identities(extension(extensions, NAMES).ok()?)?,
            // One that is there must be readable.
            issuer: match issuer {
                Some(bytes) => Some(text(bytes)?),
                None => None,
            },
            key,
        })
    }
}

/// What was to be read is not of the form it must have.
struct Unreadable;

/// The value of one extension, which may be there once.
fn extension<'a>(list: &'a [u8], name: &[u8]) -> Result<Option<&'a [u8]>, Unreadable> {
    let (mut list, mut found) = (Der(list), None);
    while !list.0.is_empty() {
        let mut one = Der(list.take(der::SEQUENCE).ok_or(Unreadable)?);
        let is_it = one.take(der::OBJECT).ok_or(Unreadable)? == name;
        one.take(der::BOOLEAN);
        let value = one.only(der::OCTETS).ok_or(Unreadable)?;
        if is_it && found.replace(value).is_some() {
            return Err(Unreadable);
        }
    }
    Ok(found)
}

fn identities(names: Option<&[u8]>) -> Option<Vec<String>> {
    let mut identities = Vec::new();
    let Some(names) = names else {
        return Some(identities);
    };
    let mut names = Der(Der(names).only(der::SEQUENCE)?);
    while !names.0.is_empty() {
        if let (MAIL | URI, value) = names.next()? {
            identities.push(text(value)?);
        }
    }
    Some(identities)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_owned()).ok()
}

/// Whether an authority of `root` gave `certificate`, for signing code, to hold at `time`; if not, why.
pub(super) fn check_chain(root: &Root, certificate: &[u8], time: u64) -> Result<(), String> {
    let mut why = "its certificate is of no authority that is trusted";
    for authority in root.authorities_at(time) {
        match comes_from(authority, certificate, time) {
            Ok(()) => return Ok(()),
            Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {
                why = "its certificate did not hold when the log took the signature";
            }
            Err(webpki::Error::RequiredEkuNotFoundContext(_)) => {
                why = "its certificate is not for signing code";
            }
            Err(_) => {}
        }
    }
    Err(why.to_owned())
}

fn comes_from(authority: &Authority, certificate: &[u8], time: u64) -> Result<(), webpki::Error> {
    let (top, between) = authority
        .chain
        .split_last()
        .ok_or(webpki::Error::UnknownIssuer)?;
    let top = CertificateDer::from_slice(top);
    let between: Vec<CertificateDer<'_>> = between
        .iter()
        .map(|it| CertificateDer::from_slice(it))
        .collect();
    let certificate = CertificateDer::from_slice(certificate);
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(time));
    let algorithms = [
        webpki::ring::ECDSA_P256_SHA256,
        webpki::ring::ECDSA_P256_SHA384,
        webpki::ring::ECDSA_P384_SHA256,
        webpki::ring::ECDSA_P384_SHA384,
    ];
    EndEntityCert::try_from(&certificate)?
        .verify_for_usage(
            &algorithms,
            &[anchor_from_trusted_cert(&top)?],
            &between,
            time,
            KeyUsage::required(CODE_SIGNING),
            None,
            None,
        )
        .map(drop)
}
