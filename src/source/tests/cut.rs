//! Transfers that end too early, and how they go on.

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
use crate::source::FetchError;
use crate::source::Online;

const TAG: &str = "\"one\"";

#[test]
fn a_cut_transfer_goes_on_where_it_ended() {
    let bytes = body(500_000);
    let original = bytes.clone();
    let server = Server::start(move |asked| {
        let answer = serve(asked, &original, TAG);
        if asked.index < 2 {
            answer.cut(200_000)
        } else {
            answer
        }
    });
    let bench = Bench::new();
    let listener = Listener::default();
    let downloads = bench.downloads(Online::Yes, &listener);
    let fetched = downloads
        .fetch(&request(&server.url("/a"), anything()))
        .unwrap();
    assert_eq!(content(fetched), bytes);
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[1].range(), Some(200_000));
    assert_eq!(asked[1].header("if-range"), Some(TAG));
    assert_eq!(asked[2].range(), Some(400_000));
    assert_eq!(listener.notes().len(), 2, "{:?}", listener.notes());
    assert_eq!(listener.advanced(), 200_000 + 400_000 + 500_000);
}

#[test]
fn another_process_goes_on_where_one_gave_up() {
    let bytes = body(300_000);
    let original = bytes.clone();
    let server = Server::start(move |asked| {
        let answer = serve(asked, &original, TAG);
        if asked.index == 0 {
            answer.cut(100_000)
        } else {
            answer
        }
    });
    let mut bench = Bench::new();
    bench.settings.attempts = 1;
    let url = server.url("/a");
    let error = bench.fetch(&url, exactly(&bytes)).unwrap_err();
    assert!(
        matches!(error, FetchError::Unreachable { attempts: 1, .. }),
        "{error}"
    );
    assert_eq!(content(bench.fetch(&url, exactly(&bytes)).unwrap()), bytes);
    assert_eq!(server.asked()[1].range(), Some(100_000));
}

#[test]
fn attempts_that_come_further_do_not_count() {
    let bytes = body(400_000);
    let original = bytes.clone();
    let server = Server::start(move |asked| serve(asked, &original, TAG).cut(50_000));
    let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
    assert_eq!(content(fetched), bytes);
    assert_eq!(server.asked().len(), 8);
}

#[test]
fn bytes_that_changed_between_two_parts_are_fetched_anew() {
    let (old, new) = (vec![1; 300_000], body(300_000));
    let original = new.clone();
    let server = Server::start(move |asked| match asked.index {
        0 => serve(asked, &old, TAG).cut(100_000),
        _ => serve(asked, &original, "\"two\""),
    });
    let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
    assert_eq!(content(fetched), new);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_part_of_another_file_is_not_taken() {
    let (old, new) = (vec![1; 300_000], body(300_000));
    let original = new.clone();
    let server = Server::start(move |asked| match asked.index {
        0 => serve(asked, &old, TAG).cut(100_000),
        // `If-Range` is not understood: a part comes, with another tag.
        1 => Answer::new(
            "206 Partial Content",
            &[
                ("ETag", "\"two\""),
                ("Content-Range", "bytes 100000-299999/300000"),
            ],
            &original[100_000..],
        ),
        _ => serve(asked, &original, "\"two\""),
    });
    let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
    assert_eq!(content(fetched), new);
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn parts_that_do_not_fit_together_are_fetched_anew() {
    let (old, new) = (vec![1; 300_000], body(300_000));
    let expected = exactly(&new);
    let original = new.clone();
    // The tag stays the same although the bytes do not.
    let server = Server::start(move |asked| match asked.index {
        0 => serve(asked, &old, TAG).cut(100_000),
        _ => serve(asked, &original, TAG),
    });
    let fetched = Bench::new().fetch(&server.url("/a"), expected).unwrap();
    assert_eq!(content(fetched), new);
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_server_that_knows_no_ranges_is_asked_from_the_start() {
    let bytes = body(300_000);
    let original = bytes.clone();
    let server = Server::start(move |asked| {
        let answer = Answer::new("200 OK", &[("ETag", TAG)], &original);
        if asked.index == 0 {
            answer.cut(100_000)
        } else {
            answer
        }
    });
    let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
    assert_eq!(content(fetched), bytes);
}

#[test]
fn without_a_validator_only_a_known_digest_lets_a_transfer_go_on() {
    let bytes = body(300_000);
    for (expected, range) in [(anything(), None), (exactly(&bytes), Some(100_000))] {
        let original = bytes.clone();
        let server = Server::start(move |asked| match asked.index {
            0 => Answer::new("200 OK", &[], &original).cut(100_000),
            _ => serve(asked, &original, TAG),
        });
        let fetched = Bench::new().fetch(&server.url("/a"), expected).unwrap();
        assert_eq!(content(fetched), bytes);
        assert_eq!(server.asked()[1].range(), range);
    }
}

#[test]
fn a_range_from_the_wrong_place_is_not_taken() {
    let bytes = body(300_000);
    let original = bytes.clone();
    let server = Server::start(move |asked| match asked.index {
        0 => serve(asked, &original, TAG).cut(100_000),
        1 => Answer::new(
            "206 Partial Content",
            &[("ETag", TAG), ("Content-Range", "bytes 0-299999/300000")],
            &original,
        ),
        _ => serve(asked, &original, TAG),
    });
    let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
    assert_eq!(content(fetched), bytes);
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn all_bytes_without_a_word_that_they_are_all_need_no_more() {
    let bytes = body(1000);
    let original = bytes.clone();
    // The length that is told is one more than there is.
    let server = Server::start(move |asked| match asked.index {
        0 => Answer::without_length(
            "200 OK",
            &[("ETag", TAG), ("Content-Length", "1001")],
            &original,
        ),
        _ => serve(asked, &original, TAG),
    });
    let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
    assert_eq!(content(fetched), bytes);
    assert_eq!(server.asked()[1].range(), Some(1000));
}

#[test]
fn a_server_that_drips_is_given_up() {
    let bytes = body(5_000);
    let server =
        Server::start(move |asked| serve(asked, &bytes, TAG).slowly(1, Duration::from_millis(10)));
    let mut bench = Bench::new();
    bench.settings.attempts = 1;
    bench.settings.minimum_rate.within = Duration::from_millis(60);
    let error = bench.fetch(&server.url("/a"), anything()).unwrap_err();
    let FetchError::Unreachable { source, .. } = error else {
        panic!("{error}");
    };
    assert!(source.to_string().starts_with("only "), "{source}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let server = Server::start(move |_| {
        std::thread::sleep(Duration::from_millis(400));
        Answer::new("200 OK", &[], b"late")
    });
    let mut bench = Bench::new();
    bench.settings.attempts = 1;
    bench.settings.respond_within = Duration::from_millis(50);
    let error = bench.fetch(&server.url("/a"), anything()).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
}

#[test]
fn a_busy_server_is_asked_again_as_late_as_it_says() {
    for status in [
        "429 Too Many Requests",
        "503 Service Unavailable",
        "408 Request Timeout",
        "500 No",
    ] {
        let server = Server::start(move |asked| match asked.index {
            0 => Answer::new(status, &[("Retry-After", "0")], b""),
            1 => Answer::new(status, &[], b""),
            _ => Answer::new("200 OK", &[], b"here"),
        });
        let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
        assert_eq!(content(fetched), b"here", "{status}");
    }
}

#[test]
fn a_server_that_asks_for_an_hour_is_not_waited_for() {
    let server = Server::start(|_| Answer::new("503 Busy", &[("Retry-After", "3600")], b""));
    let error = Bench::new()
        .fetch(&server.url("/a"), anything())
        .unwrap_err();
    let FetchError::Unreachable { source, .. } = error else {
        panic!("{error}");
    };
    assert!(source.to_string().contains("3600 s"), "{source}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_server_may_say_until_when_by_its_own_clock() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let busy = move |until: &'static str| {
        let headers = [("Date", date), ("Retry-After", until)];
        Answer::new("503 Busy", &headers, b"")
    };
    let server = Server::start(move |asked| match asked.index {
        0 => busy(date),
        _ => Answer::new("200 OK", &[], b"here"),
    });
    let fetched = Bench::new().fetch(&server.url("/a"), anything()).unwrap();
    assert_eq!(content(fetched), b"here");

    let server = Server::start(move |_| busy("Sun, 06 Nov 1994 09:49:37 GMT"));
    let error = Bench::new().fetch(&server.url("/a"), anything());
    let Err(FetchError::Unreachable { source, .. }) = error else {
        panic!("{error:?}");
    };
    assert!(source.to_string().contains("3600 s"), "{source}");
}

#[test]
fn nobody_at_home_is_tried_as_often_as_the_settings_say() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let bench = Bench::new();
    let listener = Listener::default();
    let url = format!("http://me:secret@127.0.0.1:{port}/a");
    let downloads = bench.downloads(Online::Yes, &listener);
    let error = downloads.fetch(&request(&url, anything())).unwrap_err();
    assert!(
        matches!(error, FetchError::Unreachable { attempts: 3, .. }),
        "{error}"
    );
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(listener.notes().len(), 2);
    assert!(!listener.notes().concat().contains("secret"));
}

#[test]
fn a_download_that_was_whole_but_not_written_down_is_proven_without_a_network() {
    let bytes = body(1000);
    let server = Server::start(|_| Answer::new("503 Busy", &[], b""));
    let bench = Bench::new();
    let url = server.url("/a");
    bench
        .downloads(Online::Yes, &Silent)
        .fetch(&request(&url, exactly(&bytes)))
        .unwrap_err();
    let lock = std::fs::read_dir(bench.folder())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    dgmo_store::durable::write_new(&lock.with_extension("bytes"), &bytes, 0o600).unwrap();
    dgmo_store::durable::write_new(
        &lock.with_extension("json"),
        b"{\"url\":\"\",\"etag\":null,\"last_modified\":null,\"whole\":null}",
        0o600,
    )
    .unwrap();
    let downloads = bench.downloads(Online::No, &Silent);
    let fetched = downloads.fetch(&request(&url, exactly(&bytes))).unwrap();
    assert_eq!(content(fetched), bytes);
}
