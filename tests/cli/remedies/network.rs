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

use super::Mend;
use super::NOT_GIVEN_ANY_MORE;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;
use super::switch_while;

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
            Proof::Own(|| wrong(Code::FetchWrongDigest, &format!("digest: \"b3:{:064}\"", 1)))
        }
        Code::FetchWrongSignature => Proof::Own(|| {
            let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
            wrong(Code::FetchWrongSignature, &format!("minisign: {key}"));
            let who = "cosign: {identity: \"ann@acme.example\", issuer: \"https://acme.example\"}";
            wrong(Code::FetchWrongSignature, who);
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
        Code::MirrorUnusable => Proof::Own(|| {
            let sandbox = Sandbox::with("packages: {}\n");
            sandbox.dgmo("lock").works();
            for (text, hint) in [
                (
                    "{\"format\": 2}",
                    "use the dgmo that made it, or another folder",
                ),
                ("[]", "move that file away"),
            ] {
                sandbox.write("mirror/mirror.json", text);
                let ran = sandbox.dgmo("mirror ../mirror");
                is_told(Code::MirrorUnusable, &ran, hint);
            }
            sandbox.dgmo("mirror ../another").works();
            sandbox.remove("mirror/mirror.json");
            sandbox.dgmo("mirror ../mirror").works();
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
        Code::PackageTied => seen(
            |sandbox| {
                sandbox.manifest("packages: {one: {path: ./one}}\n");
                sandbox.program("work/one/bin/one", "#!/bin/sh\n");
                sandbox.link("/opt/nobody/lib", "work/one/lib");
            },
            "add `relocatable: false` to it",
            |sandbox| {
                sandbox.manifest("packages: {one: {path: ./one, relocatable: false}}\n");
            },
        ),
        Code::PathChanged => Proof::Own(|| {
            let sandbox = Sandbox::with("");
            sandbox.switch();
            sandbox.manifest("packages: {one: {path: ./one}}\n");
            sandbox.program("work/one/bin/one", "#!/bin/sh\n");
            let ran = switch_while(&sandbox, |sandbox| {
                sandbox.write("work/one/bin/one", "#!/bin/sh\necho other\n");
            });
            let command = is_told(Code::PathChanged, &ran, "run `dgmo lock`");
            sandbox.sh(&command.unwrap()).works();
            sandbox.switch();
        }),
        Code::SystemNotLocked | Code::PlaceholderUnknown | Code::VersionMissing => {
            Proof::Unreachable(NOT_GIVEN_ANY_MORE)
        }
        Code::AddressInvalid => Proof::Own(|| {
            let sandbox = Sandbox::new();
            let right = format!("file://{}/tool.tar.gz", sandbox.work().display());
            sandbox.program("work/bin/tool", "#!/bin/sh\n");
            sandbox.sh("tar czf tool.tar.gz bin").works();
            let manifest = |address: &str| {
                sandbox.manifest(&format!("packages: {{tool: {{url: \"{address}\"}}}}\n"));
            };
            for wrong in [
                "http://:80/tool.tar.gz",
                "http://[::1/tool.tar.gz",
                "http://example.org:port/tool.tar.gz",
                "http://example.org:99999/tool.tar.gz",
                "file:tool.tar.gz",
            ] {
                manifest(wrong);
                let hint = "correct the address";
                is_told(Code::AddressInvalid, &sandbox.dgmo("switch"), hint);
            }
            manifest(&right);
            sandbox.dgmo("switch").works();
        }),
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
fn wrong(code: Code, entry: &str) {
    let sandbox = Sandbox::new();
    let server = Server::new("");
    server.mend();
    server.manifest(&sandbox, &format!(", {entry}"));
    let ran = sandbox.dgmo("switch").fails(code.as_str());
    assert!(ran.stderr.contains("hint: "), "{ran}");
    assert!(!sandbox.exists("home/profiles/default/generations/1"));
    server.manifest(&sandbox, "");
    sandbox.switch();
}

/// A server whose certificate nobody built in, until its authority is named.
fn certificate() {
    let sandbox = Sandbox::new();
    let port = secure_server();
    sandbox.manifest(&format!(
        "packages: {{hi: {{url: \"https://127.0.0.1:{port}/hi\", unpack: program}}}}\n"
    ));
    is_told(
        Code::FetchCertificate,
        &sandbox.dgmo("switch"),
        "`SSL_CERT_FILE`",
    );
    let authority = tls("ca.pem");
    let named = [("SSL_CERT_FILE", authority.to_str().unwrap())];
    sandbox.run_with(&["switch"], &named).works();
    sandbox.sh("eval \"$(dgmo env)\"; hi").works().says("hi");
}

fn tls(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/source/tests/tls")
        .join(name)
}

/// A server of our own that speaks TLS; its port.
fn secure_server() -> u16 {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;
    let chain = CertificateDer::pem_file_iter(tls("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(tls("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream);
            // Whoever does not believe us hangs up.
            drop(respond_secure(&mut stream));
        }
    });
    port
}

fn respond_secure(stream: &mut (impl std::io::Read + Write)) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let length = PROGRAM.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{PROGRAM}"
    );
    stream.write_all(answer.as_bytes())?;
    stream.flush()
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
