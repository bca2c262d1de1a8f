//! How patient we are with servers, and how we reach them.

use std::path::PathBuf;
use std::time::Duration;

/// Whether a socket may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Online {
    /// It may.
    #[default]
    Yes,
    /// `--offline`: never; what is not here already is an error that names it.
    No,
}

/// How downloads are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Certificates believed besides the built-in ones: a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Through whom requests go.
    pub proxies: Proxies,
    /// How often one address is tried before we give up.
    pub attempts: u32,
    /// How long we wait between attempts.
    pub back_off: BackOff,
    /// For a connection to stand, with name look-up and TLS.
    pub connect_within: Duration,
    /// From the request to the head of the response.
    pub respond_within: Duration,
    /// What a body must keep up.
    pub minimum_rate: MinimumRate,
    /// Where a body of unknown length is cut off as endless.
    pub largest: u64,
    /// How many downloads run at once.
    pub parallel: usize,
    /// How many of them from one host.
    pub per_host: usize,
    /// Whether documents are asked for again that their server said are still good: by who looks for what is new.
    pub ask_anew: bool,
    /// A folder that everything is taken from; nothing is asked then.
    pub vendor: Option<PathBuf>,
    /// Mirrors that everything a lock names is taken from; nobody else is asked then.
    pub only_mirrors: Option<OnlyMirrors>,
}

/// The mirrors that are asked, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyMirrors {
    /// Their addresses, in the order they are asked in.
    pub addresses: Vec<String>,
    /// Whether a socket may be opened to them.
    pub online: Online,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ca_file: None,
            proxies: Proxies::default(),
            attempts: 5,
            back_off: BackOff::default(),
            connect_within: Duration::from_secs(20),
            respond_within: Duration::from_mins(1),
            minimum_rate: MinimumRate::default(),
            largest: 64 << 30,
            parallel: 4,
            per_host: 3,
            ask_anew: false,
            vendor: None,
            only_mirrors: None,
        }
    }
}

/// Through whom requests go, as the variables of the same names say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// For `http:` addresses: `http_proxy`, else `ALL_PROXY`.
    pub http: Option<String>,
    /// For `https:` addresses: `HTTPS_PROXY`, else `ALL_PROXY`.
    pub https: Option<String>,
    /// Hosts that are asked directly, separated by commas: `NO_PROXY`.
    pub except: Option<String>,
}

/// How long we wait between attempts: each time twice as long, less a random part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// The longest wait before the second attempt.
    pub first: Duration,
    /// The longest wait before any.
    pub most: Duration,
    /// The longest wait a server may ask for; one that asks for more is not asked again.
    pub most_asked: Duration,
}

impl Default for BackOff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            most: Duration::from_secs(20),
            most_asked: Duration::from_mins(2),
        }
    }
}

/// So many bytes must come within so long, again and again, or the server is taken for stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumRate {
    /// So many bytes.
    pub bytes: u64,
    /// Within so long.
    pub within: Duration,
}

impl Default for MinimumRate {
    fn default() -> Self {
        Self {
            bytes: 8 << 10,
            within: Duration::from_secs(30),
        }
    }
}
