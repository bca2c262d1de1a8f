//! The HTTP clients: one for each way out, with the certificates we believe.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::Proxy;
use ureq::ProxyProtocol;
use ureq::config::Config;
use ureq::tls::Certificate;
use ureq::tls::PemItem;
use ureq::tls::RootCerts;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::DefaultResolver;

use super::FetchError;
use super::Settings;
use super::address::Remote;
use super::address::Scheme;
use super::address::redacted;
use super::forward::ForwardConnector;

/// One client for each way out.
pub(super) struct Agents {
    direct: Agent,
    http: Option<Agent>,
    https: Option<Agent>,
    except: String,
}

impl Agents {
    pub(super) fn new(settings: &Settings) -> Result<Self, FetchError> {
        let roots = roots(settings.ca_file.as_deref())?;
        let config = |proxy| config(settings, roots.clone(), proxy);
        let http = settings.proxies.http.as_deref().map(proxy_at).transpose()?;
        let https = settings
            .proxies
            .https
            .as_deref()
            .map(proxy_at)
            .transpose()?;
        Ok(Self {
            http: http.map(|proxy| forwarding(config(Some(proxy.clone())), proxy)),
            https: https.map(|proxy| config(Some(proxy)).new_agent()),
            direct: config(None).new_agent(),
            except: settings.proxies.except.clone().unwrap_or_default(),
        })
    }

    /// The client for requests to `remote`.
    pub(super) fn for_remote(&self, remote: &Remote) -> &Agent {
        let through = match remote.scheme() {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match through {
            Some(agent) if !is_excepted(&self.except, remote.host(), remote.port()) => agent,
            _ => &self.direct,
        }
    }
}

/// A client for `http:` addresses behind a proxy.
fn forwarding(config: Config, proxy: Proxy) -> Agent {
    match proxy.protocol() {
        ProxyProtocol::Http => Agent::with_parts(
            config,
            ForwardConnector::new(proxy),
            DefaultResolver::default(),
        ),
        _ => config.new_agent(),
    }
}

fn config(settings: &Settings, roots: RootCerts, proxy: Option<Proxy>) -> Config {
    let tls = TlsConfig::builder().root_certs(roots).build();
    Agent::config_builder()
        .user_agent(concat!("dgmo/", env!("CARGO_PKG_VERSION")))
        // The digest is of the bytes as they are published.
        .accept_encoding("identity")
        .http_status_as_error(false)
        // We follow them ourselves: another host has another proxy and gets no password.
        .max_redirects(0)
        .proxy(proxy)
        .tls_config(tls)
        .timeout_resolve(Some(settings.connect_within))
        .timeout_connect(Some(settings.connect_within))
        .timeout_recv_response(Some(settings.respond_within))
        .timeout_per_read(Some(
            settings.minimum_rate.within.max(Duration::from_millis(1)),
        ))
        .max_idle_connections_per_host(settings.per_host)
        .build()
}

fn proxy_at(address: &str) -> Result<Proxy, FetchError> {
    Proxy::new(address).map_err(|error| FetchError::Proxy {
        proxy: redacted(address),
        why: error.to_string(),
    })
}

/// The built-in certificates, and those of `ca_file` besides.
fn roots(ca_file: Option<&Path>) -> Result<RootCerts, FetchError> {
    let Some(path) = ca_file else {
        return Ok(RootCerts::WebPki);
    };
    let unusable = |why: String| FetchError::CaFile {
        path: path.to_owned(),
        why,
    };
    let text = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let mut roots: Vec<_> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|root| Certificate::from_der(root))
        .collect();
    let built_in = roots.len();
    for item in ureq::tls::parse_pem(&text) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|error| unusable(error.to_string()))?
        {
            roots.push(certificate);
        }
    }
    if roots.len() == built_in {
        return Err(unusable("it holds no certificate in PEM form".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(roots)))
}

/// Whether `NO_PROXY` names a host: by its name, by the end of its name, or as `*`; with a port or without.
fn is_excepted(except: &str, host: &str, port: u16) -> bool {
    except.split([',', ' ']).map(str::trim).any(|entry| {
        let (name, entry_port) = split_port(entry);
        let name = name.to_ascii_lowercase();
        let name = name.trim_start_matches('*').trim_start_matches('.');
        if entry.is_empty() || entry_port.is_some_and(|entry_port| entry_port != port) {
            return false;
        }
        let is_below = || {
            host.strip_suffix(name)
                .is_some_and(|left| left.ends_with('.'))
        };
        entry == "*" || host == name || (!name.is_empty() && is_below())
    })
}

/// `host:port` taken apart; the colons of an IPv6 address stay in its brackets.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_names_hosts_as_curl_reads_it() {
        for (except, host, port, excepted) in [
            ("", "example.org", 443, false),
            ("*", "example.org", 443, true),
            ("example.org", "example.org", 443, true),
            ("example.org", "a.example.org", 443, true),
            (".example.org", "a.example.org", 443, true),
            ("*.example.org", "a.example.org", 443, true),
            ("example.org", "badexample.org", 443, false),
            ("EXAMPLE.org", "example.org", 443, true),
            ("localhost, 127.0.0.1", "127.0.0.1", 80, true),
            ("example.org:8443", "example.org", 443, false),
            ("example.org:8443", "example.org", 8443, true),
            ("[::1]", "[::1]", 80, true),
            ("[::1]:81", "[::1]", 80, false),
            ("other.org", "example.org", 443, false),
        ] {
            assert_eq!(
                is_excepted(except, host, port),
                excepted,
                "{except} {host}:{port}"
            );
        }
    }

    #[test]
    fn a_proxy_that_is_no_address_is_told_without_its_password() {
        let error = proxy_at("gopher://me:secret@proxy").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(matches!(roots(Some(&path)), Err(FetchError::CaFile { .. })));
        dgmo_store::durable::write_new(&path, b"nothing", 0o600).unwrap();
        assert!(matches!(roots(Some(&path)), Err(FetchError::CaFile { .. })));
    }
}
