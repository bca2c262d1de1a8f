//! Answers that are not taken, whatever they look like.

use dgmo_schema::event::Silent;
use dgmo_schema::manifest::ExpectedDigest;

use super::Bench;
use super::anything;
use super::body;
use super::content;
use super::exactly;
use super::request;
use super::server::Answer;
use super::server::Server;
use super::server::serve;
use crate::source::Expected;
use crate::source::FetchError;
use crate::source::Online;
use crate::source::Proxies;

#[test]
fn wrong_bytes_are_refused_and_not_kept() {
    let good = body(1000);
    let server = Server::start(|asked| match asked.index {
        0 => serve(asked, &[7; 1000], "\"bad\""),
        _ => serve(asked, &body(1000), "\"good\""),
    });
    let bench = Bench::new();
    let url = server.url("/a");
    let error = bench.fetch(&url, exactly(&good)).unwrap_err();
    assert!(matches!(error, FetchError::WrongDigest { .. }), "{error}");
    assert_eq!(content(bench.fetch(&url, exactly(&good)).unwrap()), good);
    assert_eq!(server.asked()[1].range(), None);
}

#[test]
fn a_sha256_from_the_manifest_is_checked() {
    let sha256 = |text: &str| {
        let digest = dgmo_schema::id::Digest::from_hex(text.as_bytes()).unwrap();
        Expected {
            digests: vec![ExpectedDigest::Sha256(*digest.as_bytes())],
            ..anything()
        }
    };
    let server = Server::start(|_| Answer::new("200 OK", &[], b"hello\n"));
    let right = sha256("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    let wrong = sha256("0000b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    let bench = Bench::new();
    assert!(bench.fetch(&server.url("/a"), right).is_ok());
    let error = bench.fetch(&server.url("/a"), wrong).unwrap_err();
    assert!(
        error.to_string().contains("where sha256:0000b5b5"),
        "{error}"
    );
}

#[test]
fn a_wrong_length_is_refused_before_what_is_here_is_given_up() {
    let bytes = body(300_000);
    let original = bytes.clone();
    let server = Server::start(move |asked| match asked.index {
        0 => serve(asked, &original, "\"one\"").cut(100_000),
        1 => Answer::new("200 OK", &[], b"<html>please log in</html>"),
        _ => serve(asked, &original, "\"one\""),
    });
    let bench = Bench::new();
    let url = server.url("/a");
    let error = bench.fetch(&url, exactly(&bytes)).unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::WrongSize {
                expected: 300_000,
                found: 26,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(content(bench.fetch(&url, exactly(&bytes)).unwrap()), bytes);
    assert_eq!(server.asked()[2].range(), Some(100_000));
}

#[test]
fn an_endless_body_is_stopped() {
    let bench = Bench::new();
    for expected in [
        anything(),
        Expected {
            size: Some(100_000),
            ..anything()
        },
    ] {
        let limit = expected.size.unwrap_or(bench.settings.largest);
        let server =
            Server::start(|_| Answer::without_length("200 OK", &[], &body(65_536)).endlessly());
        let error = bench.fetch(&server.url("/a"), expected).unwrap_err();
        assert!(
            matches!(error, FetchError::TooLarge { limit: found, .. } if found == limit),
            "{error}"
        );
    }
}

#[test]
fn what_is_not_there_is_not_asked_for_again() {
    for status in [
        "404 Not Found",
        "403 Forbidden",
        "401 Unauthorized",
        "410 Gone",
    ] {
        let server = Server::start(move |_| Answer::new(status, &[], b""));
        let error = Bench::new()
            .fetch(&server.url("/a"), anything())
            .unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(&status[..3]), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn redirects_are_followed_but_not_in_circles() {
    let server = Server::start(|asked| match asked.target.as_str() {
        "/a" => Answer::new("302 Found", &[("Location", "b/../c")], b""),
        "/c" => Answer::new("200 OK", &[], b"here"),
        _ => Answer::new("301 Moved Permanently", &[("Location", "/circle")], b""),
    });
    let bench = Bench::new();
    assert_eq!(
        content(bench.fetch(&server.url("/a"), anything()).unwrap()),
        b"here"
    );
    let error = bench.fetch(&server.url("/circle"), anything()).unwrap_err();
    assert!(matches!(error, FetchError::Redirect { .. }), "{error}");
    assert_eq!(server.asked().len(), 2 + 11);
}

#[test]
fn a_redirect_to_nowhere_is_told() {
    for headers in [&[("Location", "file:///etc/passwd")][..], &[]] {
        let server = Server::start(move |_| Answer::new("302 Found", headers, b""));
        let error = Bench::new()
            .fetch(&server.url("/a"), anything())
            .unwrap_err();
        assert!(matches!(error, FetchError::Redirect { .. }), "{error}");
    }
}

#[test]
fn a_password_goes_to_its_own_server_only() {
    let other = Server::start(|_| Answer::new("200 OK", &[], b"here"));
    let location = other.url("/b");
    let server = Server::start(move |_| Answer::new("302 Found", &[("Location", &location)], b""));
    let url = server.url("/a").replace("http://", "http://me:secret@");
    assert!(Bench::new().fetch(&url, anything()).is_ok());
    assert_eq!(
        server.asked()[0].header("authorization"),
        Some("Basic bWU6c2VjcmV0")
    );
    assert_eq!(other.asked()[0].header("authorization"), None);
}

#[test]
fn a_token_does_not_go_to_a_mirror() {
    let mirror = Server::start(|_| Answer::new("200 OK", &[], b"here"));
    let server = Server::start(|_| Answer::new("404 Not Found", &[], b""));
    let mut request = request(&server.url("/a"), anything());
    request.headers = request.headers.authorized("Bearer s3cret");
    request.mirrors = vec![mirror.url("/a")];
    let bench = Bench::new();
    let downloads = bench.downloads(Online::Yes, &Silent);
    assert_eq!(content(downloads.fetch(&request).unwrap()), b"here");
    let said = Some("Bearer s3cret");
    assert_eq!(server.asked()[0].header("authorization"), said);
    assert_eq!(mirror.asked()[0].header("authorization"), None);
}

#[test]
fn an_encoded_body_is_refused_unless_the_file_itself_is_meant() {
    let server =
        Server::start(|_| Answer::new("200 OK", &[("Content-Encoding", "gzip")], b"\x1f\x8b"));
    let bench = Bench::new();
    let error = bench.fetch(&server.url("/a"), anything()).unwrap_err();
    assert!(matches!(error, FetchError::Encoded { .. }), "{error}");
    assert!(bench.fetch(&server.url("/a.tar.gz?x"), anything()).is_ok());
    assert_eq!(
        server.asked()[0].header("accept-encoding"),
        Some("identity")
    );
    let agent = format!("dgmo/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(server.asked()[0].header("user-agent"), Some(&*agent));
}

#[test]
fn offline_opens_no_socket_and_names_what_is_missing() {
    let server = Server::start(|_| Answer::new("200 OK", &[], b"here"));
    let bench = Bench::new();
    let url = server.url("/a");
    let offline = bench.downloads(Online::No, &Silent);
    let error = offline.fetch(&request(&url, exactly(b"here"))).unwrap_err();
    assert!(
        matches!(&error, FetchError::Offline { url: named } if *named == url),
        "{error}"
    );
    assert!(server.asked().is_empty());
    bench.fetch(&url, anything()).unwrap();
    assert!(offline.fetch(&request(&url, exactly(b"here"))).is_ok());
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_proxy_is_used_except_where_it_is_not_wanted() {
    let proxy = Server::start(|_| Answer::new("200 OK", &[], b"through"));
    let server = Server::start(|_| Answer::new("200 OK", &[], b"direct"));
    let mut bench = Bench::new();
    bench.settings.proxies = Proxies {
        http: Some(format!("http://me:secret@127.0.0.1:{}", proxy.port())),
        https: None,
        except: Some("example.org".to_owned()),
    };
    assert_eq!(
        content(bench.fetch(&server.url("/a"), anything()).unwrap()),
        b"through"
    );
    let asked = &proxy.asked()[0];
    assert_eq!(asked.target, server.url("/a"));
    assert_eq!(
        asked.header("proxy-authorization"),
        Some("Basic bWU6c2VjcmV0")
    );
    assert_eq!(asked.header("authorization"), None);
    bench.settings.proxies.except = Some("localhost, 127.0.0.1".to_owned());
    assert_eq!(
        content(bench.fetch(&server.url("/b"), anything()).unwrap()),
        b"direct"
    );
}

#[test]
fn a_proxy_that_opens_no_tunnel_is_told() {
    for (status, passes) in [
        ("407 Proxy Authentication Required", false),
        ("502 Bad Gateway", true),
    ] {
        let proxy = Server::start(move |_| Answer::new(status, &[], b""));
        let mut bench = Bench::new();
        bench.settings.proxies.https = Some(proxy.url(""));
        let error = bench
            .fetch("https://example.invalid/a", anything())
            .unwrap_err();
        assert_eq!(proxy.asked()[0].method, "CONNECT");
        assert_eq!(proxy.asked()[0].target, "example.invalid:443");
        let is_final = matches!(error, FetchError::Proxy { .. });
        assert_eq!(is_final, !passes, "{error:?}");
    }
}

#[test]
fn a_file_of_this_machine_is_proven_like_any_other() {
    let bench = Bench::new();
    let path = bench.folder().with_file_name("a b");
    dgmo_store::durable::write_new(&path, b"here", 0o600).unwrap();
    let url = format!("file://{}", path.display()).replace(' ', "%20");
    let offline = bench.downloads(Online::No, &Silent);
    let fetch = |expected| offline.fetch(&request(&url, expected));
    assert_eq!(content(fetch(exactly(b"here")).unwrap()), b"here");
    assert!(matches!(
        fetch(exactly(b"hare")),
        Err(FetchError::WrongDigest { .. })
    ));
    assert!(matches!(
        fetch(exactly(b"her")),
        Err(FetchError::WrongSize { .. })
    ));
    let missing = offline.fetch(&request("file:///not/there", anything()));
    assert!(matches!(missing, Err(FetchError::Local { .. })));
    assert!(!bench.folder().exists());
}

const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
    RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
    trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
    wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";

#[test]
fn a_signature_is_asked_for_and_kept() {
    let server = Server::start(|asked| match asked.target.as_str() {
        "/good" | "/bare" => Answer::new("200 OK", &[("ETag", "\"1\"")], b"test"),
        "/bad" => Answer::new("200 OK", &[], b"tEst"),
        "/bare.minisig" => Answer::new("404 Not Found", &[], b""),
        _ => Answer::new("200 OK", &[], SIGNATURE.as_bytes()),
    });
    let bench = Bench::new();
    let signed = |expected| Expected {
        signer: Some(KEY.to_owned()),
        ..expected
    };
    assert!(
        bench
            .fetch(&server.url("/good"), signed(anything()))
            .is_ok()
    );
    let offline = bench.downloads(Online::No, &Silent);
    assert!(
        offline
            .fetch(&request(&server.url("/good"), signed(exactly(b"test"))))
            .is_ok()
    );
    let error = bench
        .fetch(&server.url("/bad"), signed(anything()))
        .unwrap_err();
    assert!(matches!(error, FetchError::Signature { .. }), "{error}");
    let error = bench
        .fetch(&server.url("/bare"), signed(anything()))
        .unwrap_err();
    assert!(error.to_string().contains("/bare.minisig"), "{error}");
    let nonsense = Expected {
        signer: Some("RWQ".to_owned()),
        ..anything()
    };
    let before = server.asked().len();
    let error = bench.fetch(&server.url("/good"), nonsense).unwrap_err();
    assert!(matches!(error, FetchError::Signature { .. }), "{error}");
    assert_eq!(server.asked().len(), before);
}
