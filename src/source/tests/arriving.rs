//! Bytes that are read while they come.

use std::io::BufRead;
use std::io::BufReader;
use std::io::SeekFrom;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use dgmo_schema::event::Silent;
use dgmo_store::ReadSeek;

use super::Bench;
use super::anything;
use super::body;
use super::exactly;
use super::request;
use super::server::Answer;
use super::server::Server;
use super::server::serve;
use crate::source::FetchError;
use crate::source::Online;

const SIZE: usize = 800_000;

fn all(bytes: &mut dyn ReadSeek) -> Result<Vec<u8>, String> {
    let mut read = Vec::new();
    match bytes.read_to_end(&mut read) {
        Ok(_) => Ok(read),
        Err(error) => Err(error.to_string()),
    }
}

/// A server that sends one half, and the other once it is told to.
fn in_two_halves(bytes: Vec<u8>, length: bool) -> (String, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a", listener.local_addr().unwrap());
    let (go_on, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        assert!(lines.any(|line| line.is_empty()), "the request ends");
        let length = length.then(|| format!("Content-Length: {}\r\n", bytes.len()));
        let head = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\n{}\r\n",
            length.unwrap_or_default()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&bytes[..bytes.len() / 2]).unwrap();
        told.recv().unwrap();
        stream.write_all(&bytes[bytes.len() / 2..]).unwrap();
    });
    (address, go_on)
}

#[test]
fn what_came_is_read_before_the_rest_comes() {
    for length in [true, false] {
        let bytes = body(SIZE);
        let (url, go_on) = in_two_halves(bytes.clone(), length);
        let go_on = Mutex::new(go_on);
        let mut bench = Bench::new();
        // The other half comes when the first was read, however long that takes here.
        bench.settings.minimum_rate.within = Duration::from_mins(1);
        let downloads = bench.downloads(Online::Yes, &Silent);
        let (fetched, read) = downloads
            .fetch_and(&request(&url, anything()), &|arriving| {
                let mut half = vec![0; SIZE / 2];
                arriving.read_exact(&mut half).unwrap();
                go_on.lock().unwrap().send(()).unwrap();
                half.extend(all(arriving).unwrap());
                half
            })
            .unwrap();
        assert_eq!(fetched.size, SIZE as u64);
        assert!(read == bytes);
    }
}

#[test]
fn their_number_is_known_as_soon_as_it_is_told() {
    let bytes = body(SIZE);
    let (url, go_on) = in_two_halves(bytes.clone(), true);
    let go_on = Mutex::new(go_on);
    let mut bench = Bench::new();
    bench.settings.minimum_rate.within = Duration::from_mins(1);
    let downloads = bench.downloads(Online::Yes, &Silent);
    let (_, tail) = downloads
        .fetch_and(&request(&url, anything()), &|arriving| {
            let size = arriving.seek(SeekFrom::End(0)).unwrap();
            go_on.lock().unwrap().send(()).unwrap();
            assert_eq!(size, SIZE as u64);
            // As a reader of zip archives does: from the end, which it waits for.
            arriving.seek(SeekFrom::End(-3)).unwrap();
            all(arriving).unwrap()
        })
        .unwrap();
    assert_eq!(tail, bytes[SIZE - 3..]);
}

/// Fetches bytes of which one is wrong; the second half comes when `take` has begun.
fn fetch_wrong<T: Send>(
    wrong: usize,
    take: &(dyn Fn(&mut dyn ReadSeek) -> T + Sync),
) -> (FetchError, usize) {
    let (url, go_on) = in_two_halves(body(SIZE), true);
    let go_on = Mutex::new(go_on);
    let mut bench = Bench::new();
    bench.settings.minimum_rate.within = Duration::from_mins(1);
    let downloads = bench.downloads(Online::Yes, &Silent);
    let mut meant = body(SIZE);
    meant[wrong] ^= 1;
    let times = AtomicUsize::new(0);
    let fetched = downloads.fetch_and(&request(&url, exactly(&meant)), &|arriving| {
        times.fetch_add(1, Ordering::SeqCst);
        go_on.lock().unwrap().send(()).unwrap();
        take(arriving)
    });
    let error = fetched.map(|(fetched, _)| fetched).unwrap_err();
    (error, times.into_inner())
}

#[test]
fn nothing_comes_of_wrong_bytes_and_their_digest_is_what_is_told() {
    // One who gives up at once does not keep the transfer from its verdict.
    let (error, times) = fetch_wrong(SIZE - 1, &|_| Err::<(), _>("not an archive"));
    assert!(matches!(error, FetchError::WrongDigest { .. }), "{error}");
    assert_eq!(times, 1);
}

#[test]
fn the_end_is_not_seen_before_the_digest_is_right() {
    let told = Mutex::new(None);
    let (error, _) = fetch_wrong(0, &|arriving| *told.lock().unwrap() = Some(all(arriving)));
    assert!(matches!(error, FetchError::WrongDigest { .. }), "{error}");
    let told = told.into_inner().unwrap().unwrap();
    assert!(told.is_err(), "it saw the end of wrong bytes");
}

#[test]
fn bytes_that_begin_anew_are_read_anew() {
    let (old, new) = (vec![1; SIZE], body(SIZE));
    let original = new.clone();
    let server = Server::start(move |asked| match asked.index {
        0 => serve(asked, &old, "\"1\"").cut(SIZE / 2),
        _ => serve(asked, &original, "\"2\""),
    });
    let bench = Bench::new();
    let downloads = bench.downloads(Online::Yes, &Silent);
    let times = AtomicUsize::new(0);
    let (_, read) = downloads
        .fetch_and(&request(&server.url("/a"), exactly(&new)), &|arriving| {
            times.fetch_add(1, Ordering::SeqCst);
            all(arriving)
        })
        .unwrap();
    assert!(read.unwrap() == new);
    // Where the thread comes late it sees only the second.
    assert!((1..=2).contains(&times.load(Ordering::SeqCst)));
}

#[test]
fn a_cut_transfer_is_read_in_one_go() {
    let bytes = body(SIZE);
    let original = bytes.clone();
    let server = Server::start(move |asked| match asked.index {
        0 => serve(asked, &original, "\"1\"").cut(SIZE / 2),
        _ => serve(asked, &original, "\"1\""),
    });
    let bench = Bench::new();
    let downloads = bench.downloads(Online::Yes, &Silent);
    let times = AtomicUsize::new(0);
    let (fetched, read) = downloads
        .fetch_and(&request(&server.url("/a"), exactly(&bytes)), &|arriving| {
            times.fetch_add(1, Ordering::SeqCst);
            all(arriving)
        })
        .unwrap();
    assert!(read.unwrap() == bytes);
    assert_eq!(times.load(Ordering::SeqCst), 1);
    assert_eq!(server.asked()[1].range(), Some(SIZE / 2));
    assert_eq!(fetched.received, (SIZE - SIZE / 2) as u64);
}

#[test]
fn what_another_run_left_is_read_before_the_rest() {
    let bytes = body(SIZE);
    let original = bytes.clone();
    let server = Server::start(move |asked| match asked.index {
        0..=2 => serve(asked, &original, "\"1\"").cut(SIZE / 2),
        _ => serve(asked, &original, "\"1\""),
    });
    let mut bench = Bench::new();
    bench.settings.attempts = 1;
    let url = server.url("/a");
    bench.fetch(&url, exactly(&bytes)).unwrap_err();
    bench.settings.attempts = 3;
    let downloads = bench.downloads(Online::Yes, &Silent);
    let (_, read) = downloads
        .fetch_and(&request(&url, exactly(&bytes)), &all)
        .unwrap();
    assert!(read.unwrap() == bytes);
    let first_of_second_run = &server.asked()[1];
    assert_eq!(first_of_second_run.range(), Some(SIZE / 2));
    // All of it is here: nobody is asked.
    let asked = server.asked().len();
    let offline = bench.downloads(Online::No, &Silent);
    let (_, read) = offline
        .fetch_and(&request(&url, exactly(&bytes)), &all)
        .unwrap();
    assert!(read.unwrap() == bytes);
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn a_mirror_that_is_asked_instead_is_read_instead() {
    let bytes = body(SIZE);
    let original = bytes.clone();
    let server = Server::start(move |asked| match asked.target.as_str() {
        "/wrong" => serve(asked, &vec![7; SIZE], "\"1\""),
        "/cut" => Answer::new("200 OK", &[], &original).cut(SIZE / 2),
        _ => serve(asked, &original, "\"1\""),
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("here");
    dgmo_store::durable::write_new(&path, &bytes, 0o600).unwrap();
    let file = format!("file://{}", path.display());
    for first in ["/wrong", "/cut"] {
        for mirror in [server.url("/right"), file.clone()] {
            let bench = Bench::new();
            let downloads = bench.downloads(Online::Yes, &Silent);
            let mut request = request(&server.url(first), exactly(&bytes));
            request.mirrors = vec![mirror.clone()];
            let (fetched, read) = downloads.fetch_and(&request, &all).unwrap();
            assert!(read.unwrap() == bytes, "{first}, then {mirror}");
            assert_eq!(fetched.size, SIZE as u64);
        }
    }
}

#[test]
fn few_bytes_and_those_that_somebody_else_brings_are_read_when_they_are_here() {
    let bytes = body(SIZE);
    let original = bytes.clone();
    let server = Server::start(move |asked| match asked.target.as_str() {
        "/few" => serve(asked, b"few", "\"1\""),
        _ => serve(asked, &original, "\"1\"").slowly(100_000, Duration::from_millis(5)),
    });
    let bench = Bench::new();
    let downloads = bench.downloads(Online::Yes, &Silent);
    let here = thread::current().id();
    let few = request(&server.url("/few"), anything());
    let (_, read) = downloads
        .fetch_and(&few, &|arriving| {
            assert_eq!(
                thread::current().id(),
                here,
                "no thread is started for them"
            );
            all(arriving).unwrap()
        })
        .unwrap();
    assert_eq!(read, b"few");
    let url = server.url("/many");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                // Each with its own handle, as processes have.
                let downloads = bench.downloads(Online::Yes, &Silent);
                let request = request(&url, exactly(&bytes));
                let (_, read) = downloads.fetch_and(&request, &all).unwrap();
                assert!(read.unwrap() == bytes);
            });
        }
    });
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn more_at_once_than_there_are_places_for() {
    let bytes = body(SIZE);
    let original = bytes.clone();
    let server = Server::start(move |asked| serve(asked, &original, "\"1\""));
    let bench = Bench::new();
    let downloads = bench.downloads(Online::Yes, &Silent);
    let requests: Vec<_> = (0..16)
        .map(|index| request(&server.url(&format!("/{index}")), exactly(&bytes)))
        .collect();
    let errands: Vec<_> = requests.iter().map(crate::source::Errand::of).collect();
    let read = downloads.at_once(&errands, |index| {
        let (_, read) = downloads.fetch_and(&requests[index], &all).unwrap();
        read.unwrap() == bytes
    });
    assert_eq!(read, vec![true; 16]);
}
