//! Documents that came a moment ago, and whose server said how long they are good.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use dgmo_schema::event::Silent;

use super::Bench;
use super::anything;
use super::request;
use super::server::Answer;
use super::server::Server;
use crate::source::FetchError;
use crate::source::Online;

/// How often the server is asked when a document is wanted twice, and it says this of it.
fn asked_for(said: &'static [(&'static str, &'static str)], ask_anew: bool) -> usize {
    let server = Server::start(move |asked| {
        let headers = [&[("ETag", "\"1\"")], said].concat();
        if asked.header("if-none-match").is_some() {
            Answer::new("304 Not Modified", &headers, b"")
        } else {
            Answer::new("200 OK", &headers, b"list")
        }
    });
    let bench = Bench::new();
    let wanted = request(&server.url("/list"), anything());
    for _ in 0..2 {
        let downloads = bench.downloads(Online::Yes, &Silent);
        let downloads = if ask_anew {
            downloads.asking_anew()
        } else {
            downloads
        };
        assert_eq!(downloads.document(&wanted).unwrap(), b"list");
    }
    server.asked().len()
}

#[test]
fn a_document_is_asked_for_again_only_when_it_is_not_good_any_more() {
    for (said, times) in [
        (&[("Cache-Control", "public, max-age=300")][..], 1),
        (&[("Cache-Control", "max-age=99999999999")], 1),
        (&[("Cache-Control", "max-age=300"), ("Age", "100")], 1),
        (&[("Cache-Control", "max-age=300"), ("Age", "300")], 2),
        (&[("Cache-Control", "max-age=0")], 2),
        (&[("Cache-Control", "no-cache, max-age=300")], 2),
        (&[("Cache-Control", "No-Store")], 2),
        (&[("Cache-Control", "max-age=soon")], 2),
        (&[], 2),
    ] {
        assert_eq!(asked_for(said, false), times, "{said:?}");
    }
}

#[test]
fn who_looks_for_what_is_new_asks_again() {
    assert_eq!(asked_for(&[("Cache-Control", "max-age=300")], true), 2);
}

#[test]
fn an_answer_that_nothing_changed_makes_it_good_for_longer() {
    let server = Server::start(|asked| {
        if asked.index == 0 {
            return Answer::new("200 OK", &[("ETag", "\"1\"")], b"list");
        }
        let said = [("ETag", "\"1\""), ("Cache-Control", "max-age=60")];
        Answer::new("304 Not Modified", &said, b"")
    });
    let bench = Bench::new();
    let wanted = request(&server.url("/list"), anything());
    for _ in 0..4 {
        let downloads = bench.downloads(Online::Yes, &Silent);
        assert_eq!(downloads.document(&wanted).unwrap(), b"list");
    }
    assert_eq!(server.asked().len(), 2);
}

/// An index that has nothing of a package says so with a 404, and there are others: without a network it is still so.
#[test]
fn that_there_is_nothing_is_known_without_a_network() {
    let is_there = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_there);
    let server = Server::start(move |_| {
        if seen.load(Ordering::Relaxed) {
            Answer::new("200 OK", &[], b"list")
        } else {
            Answer::new("404 Not Found", &[], b"")
        }
    });
    let bench = Bench::new();
    let wanted = request(&server.url("/list"), anything());
    let ask = |online| bench.downloads(online, &Silent).document(&wanted);
    let is_offline = |answer| matches!(answer, Err(FetchError::Offline { .. }));
    let is_absent = |answer| matches!(answer, Err(FetchError::Refused { status, .. }) if status == "404 Not Found");
    assert!(is_offline(ask(Online::No)), "nobody has asked");
    assert!(is_absent(ask(Online::Yes)));
    assert!(is_absent(ask(Online::No)));
    is_there.store(true, Ordering::Relaxed);
    assert_eq!(ask(Online::Yes).unwrap(), b"list");
    assert_eq!(ask(Online::No).unwrap(), b"list");
    is_there.store(false, Ordering::Relaxed);
    assert!(is_absent(ask(Online::Yes)));
    assert_eq!(ask(Online::No).unwrap(), b"list", "what came once is kept");
}
