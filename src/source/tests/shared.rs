//! Downloads that are here already, or that somebody else makes.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use dgmo_schema::event::Silent;

use super::Bench;
use super::Listener;
use super::anything;
use super::body;
use super::content;
use super::exactly;
use super::request;
use super::server::Answer;
use super::server::Server;
use super::server::serve;
use crate::source::Online;

#[test]
fn two_who_want_the_same_fetch_it_once() {
    let bytes = body(200_000);
    let original = bytes.clone();
    let server = Server::start(move |asked| {
        serve(asked, &original, "\"1\"").slowly(20_000, Duration::from_millis(5))
    });
    let bench = Bench::new();
    let listener = Listener::default();
    let url = server.url("/a");
    let start = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Each with its own handle, as two processes have: only the folder is shared.
                let downloads = bench.downloads(Online::Yes, &listener);
                start.wait();
                let fetched = downloads.fetch(&request(&url, anything())).unwrap();
                assert_eq!(content(fetched), bytes);
            });
        }
    });
    assert_eq!(server.asked().len(), 1);
    let notes = listener.notes();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("under way already"), "{notes:?}");
}

#[test]
fn what_is_known_and_here_is_not_asked_for() {
    let server = Server::start(|asked| serve(asked, b"here", "\"1\""));
    let bench = Bench::new();
    let url = server.url("/a");
    assert_eq!(bench.fetch(&url, anything()).unwrap().received, 4);
    assert_eq!(bench.fetch(&url, exactly(b"here")).unwrap().received, 0);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_is_here_but_not_known_is_asked_for_if_it_changed() {
    let server = Server::start(|asked| match asked.index {
        0 | 1 => serve(asked, b"here", "\"1\""),
        _ => serve(asked, b"there", "\"2\""),
    });
    let bench = Bench::new();
    let url = server.url("/a");
    bench.fetch(&url, anything()).unwrap();
    let again = bench.fetch(&url, anything()).unwrap();
    assert_eq!(again.received, 0);
    assert_eq!(content(again), b"here");
    assert_eq!(server.asked()[1].header("if-none-match"), Some("\"1\""));
    assert_eq!(content(bench.fetch(&url, anything()).unwrap()), b"there");
}

#[test]
fn bytes_damaged_in_the_cache_are_fetched_again() {
    let server = Server::start(|asked| serve(asked, b"here", "\"1\""));
    let bench = Bench::new();
    let url = server.url("/a");
    let path = bench.fetch(&url, anything()).unwrap().path;
    dgmo_store::durable::replace_file(&path, b"hare", 0o600).unwrap();
    for expected in [anything(), exactly(b"here")] {
        assert_eq!(content(bench.fetch(&url, expected).unwrap()), b"here");
    }
}

#[test]
fn many_come_in_the_order_they_were_asked_for() {
    let server = Server::start(|asked| match asked.target.as_str() {
        "/3" => Answer::new("404 Not Found", &[], b""),
        target => Answer::new("200 OK", &[], target.as_bytes()),
    });
    let bench = Bench::new();
    let requests: Vec<_> = (0..8)
        .map(|index| request(&server.url(&format!("/{index}")), anything()))
        .collect();
    let downloads = bench.downloads(Online::Yes, &Silent);
    let results = downloads.fetch_all(&requests, |index, result| (index, result.ok().map(content)));
    for (at, (index, content)) in results.into_iter().enumerate() {
        assert_eq!(at, index);
        let expected = (index != 3).then(|| format!("/{index}").into_bytes());
        assert_eq!(content, expected);
    }
}

/// A server that keeps its connections open, and counts them.
fn patient() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                let mut answer = stream.try_clone().unwrap();
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    // An empty line ends each request.
                    if line.is_empty() {
                        let body = body(300_000);
                        let head = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n";
                        answer.write_all(head.as_bytes()).unwrap();
                        answer.write_all(&body).unwrap();
                    }
                }
            });
        }
    });
    (address, connections)
}

#[test]
fn a_connection_is_used_again() {
    let (address, connections) = patient();
    let mut bench = Bench::new();
    bench.settings.parallel = 2;
    let downloads = bench.downloads(Online::Yes, &Silent);
    let requests: Vec<_> = (0..10)
        .map(|index| request(&format!("{address}/{index}"), exactly(&body(300_000))))
        .collect();
    let fetched = downloads.fetch_all(&requests, |_, fetched| fetched.unwrap().received);
    assert_eq!(fetched, vec![300_000; 10]);
    assert!(connections.load(Ordering::SeqCst) <= 2);
}

#[test]
fn a_full_cache_loses_what_nobody_works_on() {
    let server = Server::start(|asked| serve(asked, &body(1000), "\"1\""));
    let bench = Bench::new();
    let downloads = bench.downloads(Online::Yes, &Silent);
    let kept: Vec<_> = ["/a", "/b", "/c"]
        .map(|path| {
            downloads
                .fetch(&request(&server.url(path), anything()))
                .unwrap()
        })
        .into();
    assert_eq!(downloads.trim(3000).unwrap(), 0);
    assert_eq!(downloads.trim(1500).unwrap(), 2000);
    assert_eq!(downloads.trim(0).unwrap(), 1000);
    for fetched in kept {
        assert_eq!(content(fetched), body(1000));
    }
    assert_eq!(bench.downloads(Online::Yes, &Silent).trim(0).unwrap(), 0);
}
