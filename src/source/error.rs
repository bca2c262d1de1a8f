//! Why bytes could not be fetched.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;

use super::address::AddressError;

/// Why a source could not be fetched. Addresses are told without what they hold of users and passwords.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("`{url}` is not here yet, and `--offline` forbids to fetch it")]
    Offline { url: String },
    #[error("cannot fetch `{url}` (attempts: {attempts})")]
    Unreachable {
        url: String,
        attempts: u32,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the server refuses `{url}`: {status}")]
    Refused { url: String, status: String },
    #[error("`{url}` leads nowhere: {why}")]
    Redirect { url: String, why: String },
    #[error("`{url}` arrives re-encoded as `{encoding}`, so its bytes cannot be told from others")]
    Encoded { url: String, encoding: String },
    #[error("`{url}` has {found} bytes where {expected} are expected")]
    WrongSize {
        url: String,
        expected: u64,
        found: u64,
    },
    #[error("`{url}` has more than {limit} bytes")]
    TooLarge { url: String, limit: u64 },
    #[error("`{url}` hashes to {found} where {expected} is expected")]
    WrongDigest {
        url: String,
        expected: String,
        found: String,
    },
    #[error("`{url}` is not signed by `{key}`: {why}")]
    Signature {
        url: String,
        key: String,
        why: String,
    },
    #[error("the certificate of `{url}` is not believed")]
    Certificate {
        url: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("cannot use the certificates in `{}`: {why}", path.display())]
    CaFile { path: PathBuf, why: String },
    #[error("cannot use the proxy `{proxy}`: {why}")]
    Proxy { proxy: String, why: String },
    #[error("cannot read `{}`", path.display())]
    Local { path: PathBuf, source: io::Error },
    #[error("cannot keep the download of `{url}`")]
    Cache { url: String, source: io::Error },
    #[error("cannot look through the downloads in `{}`", path.display())]
    Folder { path: PathBuf, source: io::Error },
}

impl Diagnose for FetchError {
    fn code(&self) -> Code {
        match self {
            Self::Address(_) => Code::AddressInvalid,
            Self::Offline { .. } => Code::FetchOffline,
            Self::Unreachable { .. } => Code::FetchFailed,
            Self::Refused { .. } => Code::FetchRefused,
            Self::Redirect { .. } => Code::FetchRedirect,
            Self::Encoded { .. } => Code::FetchEncoded,
            Self::WrongSize { .. } | Self::TooLarge { .. } => Code::FetchWrongSize,
            Self::WrongDigest { .. } => Code::FetchWrongDigest,
            Self::Signature { .. } => Code::FetchWrongSignature,
            Self::Certificate { .. } | Self::CaFile { .. } => Code::FetchCertificate,
            Self::Proxy { .. } => Code::FetchProxy,
            Self::Local { .. } => Code::SourceUnreadable,
            Self::Cache { .. } | Self::Folder { .. } => Code::DownloadFolder,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Address(_) | Self::Redirect { .. } => "correct the address in `dgmo.yaml`",
            Self::Offline { .. } => "run the command once without `--offline`",
            Self::Unreachable { .. } => {
                "look at the connection and run the command again: it goes on where it stopped"
            }
            Self::Refused { status, .. } => match &status[..3] {
                "401" | "403" | "407" => "look whether the server wants a user and a password",
                _ => "correct the address or the version in `dgmo.yaml`",
            },
            Self::Encoded { .. } => "ask for the file at an address that serves it as it is",
            Self::WrongSize { .. } | Self::WrongDigest { .. } | Self::TooLarge { .. } => {
                "find out why the bytes changed; if they are meant to, run `dgmo update`"
            }
            Self::Signature { .. } => {
                "compare the key with the publisher's; do not use the bytes until they agree"
            }
            Self::Certificate { .. } | Self::CaFile { .. } => {
                "name a PEM file with your network's certificates in `SSL_CERT_FILE`"
            }
            Self::Proxy { .. } => "correct `HTTPS_PROXY` or `http_proxy`",
            Self::Local { .. } => "correct the path in `dgmo.yaml`, or put the file there",
            Self::Cache { .. } | Self::Folder { .. } => {
                "make room, or make the folder writable for you"
            }
        };
        Some(Hint::Do(text.to_owned()))
    }
}
