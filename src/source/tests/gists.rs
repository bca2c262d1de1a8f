//! What is kept of an answer beside it: believed of that answer only, and made anew where it is not as it was written.

use std::cell::Cell;
use std::fs;

use dgmo_schema::event::Silent;
use dgmo_store::durable;

use super::Bench;
use super::anything;
use super::exactly;
use super::request;
use super::server::Answer;
use super::server::Server;
use crate::source::Downloads;
use crate::source::Fetched;
use crate::source::Online;
use crate::source::Request;

/// The first word, and how many answers it was read from.
fn first_word(downloads: &Downloads<'_>, wanted: &Request, kind: &str) -> (String, usize) {
    let reads = Cell::new(0);
    let gist = downloads.gist(wanted, kind, &|fetched| {
        reads.set(reads.get() + 1);
        let text = String::from_utf8(fetched.read(wanted)?).unwrap();
        Ok(text.split(' ').next().unwrap().to_owned())
    });
    (gist.unwrap(), reads.get())
}

/// A server whose document changes when it is told so.
fn list() -> Server {
    Server::start(|asked| {
        let text = match asked.target.as_str() {
            "/list" if asked.index < 2 => "old and more",
            "/list" => "new and more",
            _ => "other",
        };
        let tag = format!("\"{text}\"");
        let is_known = asked.header("if-none-match") == Some(tag.as_str());
        let status = if is_known {
            "304 Not Modified"
        } else {
            "200 OK"
        };
        let body = if is_known { "" } else { text };
        Answer::new(status, &[("ETag", &tag)], body.as_bytes())
    })
}

#[test]
fn a_gist_is_read_once_for_each_answer() {
    let server = list();
    let bench = Bench::new();
    let wanted = request(&server.url("/list"), anything());
    let online = bench.downloads(Online::Yes, &Silent);
    let offline = bench.downloads(Online::No, &Silent);
    assert_eq!(first_word(&online, &wanted, "a 1"), ("old".into(), 1));
    assert_eq!(first_word(&offline, &wanted, "a 1"), ("old".into(), 0));
    // Asked, and told that nothing changed.
    assert_eq!(first_word(&online, &wanted, "a 1"), ("old".into(), 0));
    assert_eq!(first_word(&offline, &wanted, "a 2"), ("old".into(), 1));
    assert_eq!(first_word(&offline, &wanted, "a 1"), ("old".into(), 1));
    // What is new is seen, and what was kept of the old is not taken for it.
    assert_eq!(first_word(&online, &wanted, "a 1"), ("new".into(), 1));
    assert_eq!(first_word(&offline, &wanted, "a 1"), ("new".into(), 0));
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_damaged_gist_counts_as_none() {
    let server = list();
    let bench = Bench::new();
    let wanted = request(&server.url("/list"), anything());
    first_word(&bench.downloads(Online::Yes, &Silent), &wanted, "a 1");
    let offline = bench.downloads(Online::No, &Silent);
    let folder = fs::read_dir(bench.folder()).unwrap();
    let mut paths = folder.map(|entry| entry.unwrap().path());
    let path = paths.find(|path| path.extension().is_some_and(|end| end == "gist"));
    let path = path.unwrap();
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len()).map(|at| whole[..at].to_vec()).collect();
    damaged.extend((0..whole.len()).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    }));
    damaged.push([&whole[..], b"x"].concat());
    damaged.push(vec![0xff; 99]);
    for bytes in damaged {
        durable::remove_file(&path).unwrap();
        durable::write_new(&path, &bytes, 0o600).unwrap();
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let read = first_word(&offline, &wanted, "a 1");
        assert_eq!(read, ("old".into(), 1), "{shown}");
        assert_eq!(fs::read(&path).unwrap(), whole, "{shown}");
    }
}

#[test]
fn a_gist_of_what_is_expected_is_of_those_bytes_only() {
    let server = list();
    let bench = Bench::new();
    let url = server.url("/other");
    let online = bench.downloads(Online::Yes, &Silent);
    let wanted = request(&url, exactly(b"other"));
    assert_eq!(first_word(&online, &wanted, "a 1"), ("other".into(), 1));
    assert_eq!(first_word(&online, &wanted, "a 1"), ("other".into(), 0));
    let asked = server.asked().len();
    for expected in [exactly(b"others"), exactly(b"otter")] {
        let wanted = request(&url, expected);
        let read = |_: &mut Fetched| unreachable!("it is not here");
        assert!(online.gist(&wanted, "a 1", &read).is_err());
    }
    assert!(server.asked().len() > asked);
}

#[test]
fn a_gist_goes_with_its_answer() {
    let server = list();
    let bench = Bench::new();
    let online = bench.downloads(Online::Yes, &Silent);
    first_word(&online, &request(&server.url("/list"), anything()), "a 1");
    let files = || {
        let entries = fs::read_dir(bench.folder()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_none_or(|end| end != "lock"))
            .count()
    };
    assert_eq!(files(), 3);
    let answer = "old and more".len() as u64;
    assert!(online.trim(answer).unwrap() > answer, "it counts");
    assert_eq!(files(), 0);
}
