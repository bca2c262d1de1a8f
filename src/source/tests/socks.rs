//! A SOCKS proxy on this machine, and what goes through it.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;

use super::Bench;
use super::anything;
use super::content;
use super::server::Answer;
use super::server::Server;

/// What a proxy was asked to connect to.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    user: Option<(String, String)>,
    host: String,
    port: u16,
}

fn byte(stream: &mut TcpStream) -> u8 {
    bytes(stream, 1)[0]
}

fn bytes(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn counted(stream: &mut TcpStream) -> String {
    let count = byte(stream);
    String::from_utf8(bytes(stream, count.into())).unwrap()
}

/// Speaks version 5 up to the point where bytes are passed on.
fn greet(stream: &mut TcpStream) -> Wanted {
    assert_eq!(byte(stream), 5);
    let count = byte(stream);
    let methods = bytes(stream, count.into());
    let user = methods.contains(&2).then(|| {
        stream.write_all(&[5, 2]).unwrap();
        assert_eq!(byte(stream), 1);
        let user = (counted(stream), counted(stream));
        stream.write_all(&[1, 0]).unwrap();
        user
    });
    if user.is_none() {
        stream.write_all(&[5, 0]).unwrap();
    }
    assert_eq!(bytes(stream, 3), [5, 1, 0]);
    let host = match byte(stream) {
        1 => {
            let four: [u8; 4] = bytes(stream, 4).try_into().unwrap();
            std::net::Ipv4Addr::from(four).to_string()
        }
        3 => counted(stream),
        kind => panic!("an address of kind {kind}"),
    };
    let port = u16::from_be_bytes(bytes(stream, 2).try_into().unwrap());
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    Wanted { user, host, port }
}

/// A proxy for one connection, which it leads to the port asked for on this machine.
fn proxy() -> (u16, mpsc::Receiver<Wanted>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut inside, _) = listener.accept().unwrap();
        let wanted = greet(&mut inside);
        let mut outside = TcpStream::connect(("127.0.0.1", wanted.port)).unwrap();
        tell.send(wanted).unwrap();
        let (mut from, mut to) = (inside.try_clone().unwrap(), outside.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        // Whoever closes first ends it.
        drop(std::io::copy(&mut outside, &mut inside));
    });
    (port, told)
}

#[test]
fn a_socks_proxy_is_used_with_its_password() {
    let server = Server::start(|_| Answer::new("200 OK", &[], b"through"));
    for (user, login) in [
        (None, String::new()),
        (Some(("me", "secret")), "me:secret@".to_owned()),
    ] {
        let (port, told) = proxy();
        let mut bench = Bench::new();
        bench.settings.proxies.http = Some(format!("socks5://{login}127.0.0.1:{port}"));
        let fetched = bench.fetch(&server.url("/a"), anything()).unwrap();
        assert_eq!(content(fetched), b"through");
        let wanted = Wanted {
            user: user.map(|(name, word)| (name.to_owned(), word.to_owned())),
            host: "127.0.0.1".to_owned(),
            port: server.port(),
        };
        assert_eq!(told.recv().unwrap(), wanted);
    }
}
