//! Plain `http:` through a proxy: the proxy is asked for the whole address.
//!
//! The HTTP client knows only tunnels (`CONNECT`), and many proxies open none to port 80. So here the connection goes to
//! the proxy, and the head of each request is changed on its way out: `GET /a` becomes `GET http://host/a`, and what the
//! proxy wants to know of us is added.

use ureq::Error;
use ureq::Proxy;
use ureq::http::Uri;
use ureq::unversioned::transport::Buffers;
use ureq::unversioned::transport::ConnectionDetails;
use ureq::unversioned::transport::Connector;
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::TcpConnector;
use ureq::unversioned::transport::Transport;

/// Connects to a proxy that forwards requests.
#[derive(Debug)]
pub(super) struct ForwardConnector {
    proxy: Proxy,
    tcp: TcpConnector,
}

impl ForwardConnector {
    pub(super) fn new(proxy: Proxy) -> Self {
        Self {
            proxy,
            tcp: TcpConnector::default(),
        }
    }
}

impl Connector<()> for ForwardConnector {
    type Out = Forwarded;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Forwarded>, Error> {
        let uri = self.proxy.uri();
        let to_proxy = ConnectionDetails {
            uri,
            addrs: details
                .resolver
                .resolve(uri, details.config, details.timeout)?,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let connection = Connector::<()>::connect(&self.tcp, &to_proxy, None)?;
        Ok(connection.map(|connection| Forwarded {
            inner: Box::new(connection),
            origin: origin(details.uri),
            authorization: authorization(&self.proxy),
        }))
    }
}

/// A connection to a proxy, for requests to one origin.
pub(super) struct Forwarded {
    inner: Box<dyn Transport>,
    origin: String,
    authorization: Option<String>,
}

impl std::fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Forwarded").field(&self.origin).finish()
    }
}

impl Transport for Forwarded {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = self.inner.buffers().output();
        let amount = match forwarded(
            &output[..amount],
            &self.origin,
            self.authorization.as_deref(),
        ) {
            Some(head) if head.len() <= output.len() => {
                output[..head.len()].copy_from_slice(&head);
                head.len()
            }
            _ => amount,
        };
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }
}

/// The head of a request as a proxy wants it; none if `sent` does not start with the head of ours.
fn forwarded(sent: &[u8], origin: &str, authorization: Option<&str>) -> Option<Vec<u8>> {
    let path = sent
        .strip_prefix(b"GET ")
        .filter(|path| path.starts_with(b"/"))?;
    let end = path.windows(2).position(|two| two == b"\r\n")?;
    let (line, rest) = path.split_at(end);
    let mut head = [b"GET ", origin.as_bytes(), line].concat();
    if let Some(authorization) = authorization {
        head.extend_from_slice(b"\r\nProxy-Authorization: ");
        head.extend_from_slice(authorization.as_bytes());
    }
    head.extend_from_slice(rest);
    Some(head)
}

/// `http://host:port`, without user and password: those travel in a header.
fn origin(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) => format!("http://{host}:{port}"),
        None => format!("http://{host}"),
    }
}

fn authorization(proxy: &Proxy) -> Option<String> {
    let user = proxy.username()?;
    let password = proxy.password().unwrap_or_default();
    let both = format!("{user}:{password}");
    Some(format!("Basic {}", super::base64::encode(both.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_head_of_a_request_is_changed() {
        let sent = b"GET /a?b HTTP/1.1\r\nHost: e.org\r\n\r\n";
        assert_eq!(
            forwarded(sent, "http://e.org:81", Some("Basic x")).unwrap(),
            b"GET http://e.org:81/a?b HTTP/1.1\r\nProxy-Authorization: Basic x\r\nHost: e.org\r\n\r\n"
        );
        assert_eq!(
            forwarded(sent, "http://e.org", None).unwrap(),
            b"GET http://e.org/a?b HTTP/1.1\r\nHost: e.org\r\n\r\n"
        );
        assert_eq!(
            forwarded(b"GET http://e.org/ HTTP/1.1\r\n", "http://e.org", None),
            None
        );
        assert_eq!(forwarded(b"other", "http://e.org", None), None);
    }
}
