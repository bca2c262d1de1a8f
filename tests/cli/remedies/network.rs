//! Sources and downloads, from a server of our own.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use dgmo_schema::code::Code;

use super::CHECKED_BEFORE;
use super::Mend;
use super::Proof;
use super::RACE;
use super::Sandbox;
use super::Trouble;
use super::is_told;

/// A program as it lies on a server.
const PROGRAM: &str = "#!/bin/sh\necho hi\n";

/// Answers every request with one answer, until it is mended; from then on with the program.
struct Server {
    port: u16,
    mended: Arc<AtomicBool>,
}

impl Server {
    fn new(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mended = Arc::new(AtomicBool::new(false));
        let is_mended = Arc::clone(&mended);
        // Ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let good = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{PROGRAM}",
                    PROGRAM.len()
                );
                let answer = if is_mended.load(Ordering::SeqCst) {
                    &good
                } else {
                    answer
                };
                // Whoever asked may have gone.
                drop(respond(stream, answer));
            }
        });
        Self { port, mended }
    }

    fn mend(&self) {
        self.mended.store(true, Ordering::SeqCst);
    }

    fn manifest(&self, sandbox: &Sandbox, more: &str) {
        let port = self.port;
        sandbox.manifest(&format!(
            "packages: {{hi: {{url: \"http://127.0.0.1:{port}/hi\", unpack: program{more}}}}}\n"
        ));
    }
}

fn respond(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let answer = answer.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes())
}

/// The server answers so; when it answers well, the same command works.
fn answered(code: Code, answer: &'static str, hint: &str) {
    let sandbox = Sandbox::new();
    let server = Server::new(answer);
    server.manifest(&sandbox, "");
    is_told(code, &sandbox.dgmo("switch"), hint);
    server.mend();
    sandbox.switch();
    sandbox.sh("eval \"$(dgmo env)\"; hi").works().says("hi");
}

/// A manifest that names a local archive, and the archive.
fn local(sandbox: &Sandbox, names: &[&str]) {
    let lines = names.iter().map(|name| {
        let path = sandbox.work().join(name);
        format!(
            "  {name}: {{url: \"file://{}\", unpack: program}}\n",
            path.display()
        )
    });
    sandbox.manifest(&format!("packages:\n{}", lines.collect::<String>()));
    for name in names {
        sandbox.program(
            &format!("work/{name}"),
            &format!("#!/bin/sh\necho {name}\n"),
        );
    }
}

fn seen(make: fn(&Sandbox), hint: &'static str, hands: fn(&Sandbox)) -> Proof {
    Proof::Seen(Trouble::new(make, "switch", hint, Mend::Hands(hands)))
}

fn put_back(sandbox: &Sandbox) {
    local(sandbox, &["one", "two"]);
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::FetchFailed => Proof::Own(|| {
            let bad = "HTTP/1.1 503 Busy\r\nRetry-After: 9999\r\nContent-Length: 0\r\n\r\n";
            answered(Code::FetchFailed, bad, "run the command again");
        }),
        Code::FetchOffline => Proof::Own(offline),
        Code::FetchRefused => Proof::Own(|| {
            answered(
                Code::FetchRefused,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                "correct the address or the version",
            );
        }),
        Code::FetchRedirect => Proof::Own(|| {
            answered(
                Code::FetchRedirect,
                "HTTP/1.1 302 Found\r\nLocation: ftp://example.org/\r\nContent-Length: 0\r\n\r\n",
                "correct the address",
            );
        }),
        Code::FetchEncoded => Proof::Own(|| {
            answered(
                Code::FetchEncoded,
                "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nhi",
                "an address that serves it as it is",
            );
        }),
        Code::FetchWrongSize => Proof::Own(|| {
            answered(
                Code::FetchWrongSize,
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nhi",
                "find out why the bytes changed",
            );
        }),
        Code::FetchWrongDigest => {
            Proof::Own(|| wrong(Code::FetchWrongDigest, "digest", &format!("b3:{:064}", 1)))
        }
        Code::FetchWrongSignature => Proof::Own(|| {
            let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
            wrong(Code::FetchWrongSignature, "minisign", key);
        }),
        Code::FetchCertificate => Proof::Own(certificate),
        Code::FetchProxy => Proof::Own(proxy),
        Code::SourceUnreadable => seen(
            |sandbox| {
                put_back(sandbox);
                sandbox.remove("work/one");
            },
            "put the file there",
            put_back,
        ),
        Code::DownloadFolder => Proof::Own(|| {
            let sandbox = Sandbox::new();
            let server = Server::new("");
            server.mend();
            server.manifest(&sandbox, "");
            sandbox.write("home/cache/downloads", "not a folder");
            is_told(
                Code::DownloadFolder,
                &sandbox.dgmo("switch"),
                "make the folder writable",
            );
            sandbox.remove("home/cache/downloads");
            sandbox.switch();
        }),
        Code::PackingUnknown => seen(
            |sandbox| {
                sandbox.write("work/a.rar", "?");
                let path = sandbox.work().join("a.rar");
                sandbox.manifest(&format!(
                    "packages: {{a: {{url: \"file://{}\"}}}}\n",
                    path.display()
                ));
            },
            "`unpack: program`",
            |sandbox| {
                let path = sandbox.work().join("a.rar");
                let path = path.display();
                sandbox.manifest(&format!(
                    "packages: {{a: {{url: \"file://{path}\", unpack: program}}}}\n"
                ));
            },
        ),
        Code::SourceUnusable => seen(
            |sandbox| sandbox.manifest("packages: {one: {path: ./one}}\n"),
            "correct `path:` in `dgmo.yaml`",
            |sandbox| sandbox.program("work/one/bin/one", "#!/bin/sh\n"),
        ),
        Code::ResolveFailed => seen(
            |sandbox| sandbox.manifest("packages: {one: {path: ./one}, two: {path: ./two}}\n"),
            "correct `path:`",
            |sandbox| {
                sandbox.program("work/one/bin/one", "#!/bin/sh\n");
                sandbox.program("work/two/bin/two", "#!/bin/sh\n");
            },
        ),
        Code::RealiseFailed => seen(
            |sandbox| {
                put_back(sandbox);
                sandbox.dgmo("lock").works();
                sandbox.remove("work/one");
                sandbox.remove("work/two");
            },
            "put the file there",
            put_back,
        ),
        Code::TreeDiffers => Proof::Seen(Trouble::new(
            |sandbox| {
                local(sandbox, &["one"]);
                sandbox.dgmo("lock").works();
                let lock = sandbox.read("work/dgmo.lock");
                let (before, tree) = lock.split_once("\"tree\": \"b3:").unwrap();
                let edited = format!("{before}\"tree\": \"b3:{:064}{}", 1, &tree[64..]);
                sandbox.write("work/dgmo.lock", edited);
            },
            "switch",
            "run `dgmo update`",
            Mend::Run,
        )),
        Code::PackageUnusable => Proof::Unreachable(
            "a lock is written only after the bytes were unpacked once, and then their tree is known",
        ),
        Code::PathChanged => Proof::Unreachable(RACE),
        Code::SystemNotLocked => Proof::Unreachable(
            "every switch brings the lock up to the systems of the manifest first",
        ),
        Code::AddressInvalid | Code::PlaceholderUnknown | Code::VersionMissing => {
            Proof::Unreachable(CHECKED_BEFORE)
        }
        _ => unreachable!("{code} is not of this range"),
    }
}

fn offline() {
    let sandbox = Sandbox::new();
    let server = Server::new("");
    server.mend();
    server.manifest(&sandbox, "");
    is_told(
        Code::FetchOffline,
        &sandbox.dgmo("switch --offline"),
        "run the command once without `--offline`",
    );
    sandbox.switch();
    sandbox.dgmo("rollback 0").works();
    sandbox.dgmo("switch --offline").works();
}

/// What the manifest expects of the bytes is not so, until it is taken out.
fn wrong(code: Code, key: &str, value: &str) {
    let sandbox = Sandbox::new();
    let server = Server::new("");
    server.mend();
    server.manifest(&sandbox, &format!(", {key}: \"{value}\""));
    let ran = sandbox.dgmo("switch").fails(code.as_str());
    assert!(ran.stderr.contains("hint: "), "{ran}");
    assert!(!sandbox.exists("home/profiles/default/generations/1"));
    server.manifest(&sandbox, "");
    sandbox.switch();
}

fn certificate() {
    let sandbox =
        Sandbox::with("packages: {hi: {url: \"https://127.0.0.1:9/hi\", unpack: program}}\n");
    let ran = sandbox.run_with(&["switch"], &[("SSL_CERT_FILE", "nowhere.pem")]);
    is_told(Code::FetchCertificate, &ran, "`SSL_CERT_FILE`");
}

fn proxy() {
    let sandbox = Sandbox::new();
    let server = Server::new("");
    server.mend();
    server.manifest(&sandbox, "");
    let ran = sandbox.run_with(&["switch"], &[("http_proxy", "://")]);
    is_told(
        Code::FetchProxy,
        &ran,
        "correct `HTTPS_PROXY` or `http_proxy`",
    );
    let around = [
        ("http_proxy", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1"),
    ];
    sandbox.run_with(&["switch"], &around).works();
}
