//! Why bytes could not be fetched.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::Timestamp;

use super::address::AddressError;

/// Why a source could not be fetched. Addresses are told without what they hold of users and passwords.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("`{url}` is not here yet, and `--offline` forbids to fetch it")]
    Offline { url: String },
    #[error("`{what}` is not in `{}`, and `--from-vendor` forbids to fetch it", folder.display())]
    NotVendored { what: String, folder: PathBuf },
    #[error(
        "`{what}` is in none of the mirrors {mirrors}, and `--from-mirror` forbids to fetch it elsewhere"
    )]
    NotMirrored { what: String, mirrors: String },
    #[error("`{url}` is not here yet, and `--from-mirror` forbids to ask anyone but the mirrors")]
    OnlyMirrors { url: String },
    #[error("cannot fetch `{url}` (attempts: {attempts})")]
    Unreachable {
        url: String,
        attempts: u32,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the server refuses `{url}`: {status}")]
    Refused { url: String, status: String },
    #[error("the server of `{url}` has answered as often as it does{}", until_text(*until))]
    RateLimited {
        url: String,
        /// When it answers again, in seconds since 1970.
        until: Option<u64>,
        /// Whether we said who asks.
        known: bool,
    },
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

impl FetchError {
    /// Whether a server says that there is nothing, or nothing for us.
    pub(super) fn says_absent(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.starts_with("404") || status.starts_with("410"))
    }

    /// Whether another server may have what this one did not give.
    pub(super) fn may_be_otherwise_elsewhere(&self) -> bool {
        !matches!(
            self,
            Self::Address(_)
                | Self::Offline { .. }
                | Self::NotVendored { .. }
                | Self::NotMirrored { .. }
                | Self::OnlyMirrors { .. }
                | Self::CaFile { .. }
                | Self::Cache { .. }
                | Self::Folder { .. }
        )
    }
}

fn until_text(until: Option<u64>) -> String {
    match until {
        Some(seconds) => format!(", until {}", Timestamp::from_seconds(seconds)),
        None => String::new(),
    }
}

impl Diagnose for FetchError {
    fn code(&self) -> Code {
        match self {
            Self::Address(_) => Code::AddressInvalid,
            Self::Offline { .. }
            | Self::NotVendored { .. }
            | Self::NotMirrored { .. }
            | Self::OnlyMirrors { .. } => Code::FetchOffline,
            Self::Unreachable { .. } => Code::FetchFailed,
            Self::Refused { .. } => Code::FetchRefused,
            Self::RateLimited { .. } => Code::FetchRateLimited,
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
            Self::NotVendored { .. } => {
                "run `dgmo vendor` where there is a network, and bring its folder here"
            }
            Self::NotMirrored { .. } => {
                "run `dgmo mirror DIR --verify` where the mirror is made, or name one more with `--from-mirror`"
            }
            Self::OnlyMirrors { .. } => {
                "a mirror has what a lock names: write the lock where there is a network"
            }
            Self::Unreachable { .. } => {
                "look at the connection and run the command again: it goes on where it stopped"
            }
            Self::Refused { status, .. } => match &status[..3] {
                "401" | "403" | "407" => "look whether the server wants a user and a password",
                _ => "correct the address or the version in `dgmo.yaml`",
            },
            Self::RateLimited { known: false, .. } => {
                "say who asks, which most servers answer more often: put a token into `GITHUB_TOKEN`, \
                 `GITLAB_TOKEN` or `FORGEJO_TOKEN`, or log in to a registry of images (`docker login`)"
            }
            Self::RateLimited { .. } => "wait, or use another token",
            Self::Encoded { .. } => "ask for the file at an address that serves it as it is",
            Self::WrongSize { .. } | Self::WrongDigest { .. } | Self::TooLarge { .. } => {
                "find out why the bytes changed; if they are meant to, run `dgmo update`"
            }
            Self::Signature { .. } => {
                "compare who must have signed with what the publisher says; do not use the bytes until they agree"
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
