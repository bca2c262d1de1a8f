//! Servers whose certificate nobody built in.
//!
//! `tls/ca.pem` is an authority made for these tests, `tls/server.pem` is by it for 127.0.0.1, and `tls/server.key` is
//! that server's key, worth nothing elsewhere. All are valid for a hundred years.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::Bench;
use super::anything;
use super::content;
use super::server::Answer;
use super::server::Asked;
use super::server::ReadWrite;
use super::server::Server;
use crate::source::FetchError;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/source/tests/tls")
        .join(name)
}

/// A server that speaks TLS.
fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Server {
    let chain = CertificateDer::pem_file_iter(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |stream: TcpStream| {
        let session = ServerConnection::new(config.clone()).unwrap();
        Some(Box::new(StreamOwned::new(session, stream)) as Box<dyn ReadWrite>)
    };
    Server::wrapped(wrap, answer)
}

fn secure(server: &Server) -> String {
    server.url("/a").replace("http:", "https:")
}

#[test]
fn a_private_authority_is_believed_where_its_file_is_named() {
    let server = start(|_| Answer::new("200 OK", &[], b"private"));
    let mut bench = Bench::new();
    let error = bench.fetch(&secure(&server), anything()).unwrap_err();
    assert!(matches!(error, FetchError::Certificate { .. }), "{error:?}");
    bench.settings.ca_file = Some(fixture("ca.pem"));
    let fetched = bench.fetch(&secure(&server), anything()).unwrap();
    assert_eq!(content(fetched), b"private");
}

/// A proxy that opens one tunnel, and the address of it.
fn tunnel() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let mut target = TcpStream::connect(head.split(' ').nth(1).unwrap()).unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let (mut back, mut forth) = (client.try_clone().unwrap(), target.try_clone().unwrap());
        thread::spawn(move || io::copy(&mut client, &mut forth));
        io::copy(&mut target, &mut back)
    });
    address
}

#[test]
fn a_tunnel_through_a_proxy_is_as_good_as_a_connection() {
    let server = start(|_| Answer::new("200 OK", &[], b"private"));
    let mut bench = Bench::new();
    bench.settings.ca_file = Some(fixture("ca.pem"));
    bench.settings.proxies.https = Some(tunnel());
    let fetched = bench.fetch(&secure(&server), anything()).unwrap();
    assert_eq!(content(fetched), b"private");
}

#[test]
fn no_redirect_leads_from_https_to_http() {
    let plain = Server::start(|_| Answer::new("200 OK", &[], b"anything"));
    let location = plain.url("/a");
    let server = start(move |_| Answer::new("302 Found", &[("Location", &location)], b""));
    let mut bench = Bench::new();
    bench.settings.ca_file = Some(fixture("ca.pem"));
    let error = bench.fetch(&secure(&server), anything()).unwrap_err();
    assert!(matches!(error, FetchError::Redirect { .. }), "{error:?}");
    assert!(plain.asked().is_empty());
}
