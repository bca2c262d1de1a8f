//! Downloads through the program, against a server that misbehaves: what is survived, what is told, and what is left.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Sandbox;

/// Enough to be unpacked while it comes.
const SIZE: usize = 1_000_000;

/// What one request asks for.
#[derive(Debug, Clone)]
struct Asked {
    path: String,
    /// Where the range begins, if one is asked for.
    from: Option<usize>,
    /// How many came before it.
    index: usize,
}

/// What is sent, byte for byte; after it the connection ends.
type Sent = Vec<u8>;

/// A server on this machine; it ends with the test.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request with the pieces that `answer` gives, and waits between two until it is told to go on.
    fn new(
        answer: impl Fn(&Asked) -> Vec<Sent> + Send + Sync + 'static,
    ) -> (Self, mpsc::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (go_on, told) = mpsc::channel();
        let (log, told, answer) = (
            Arc::clone(&asked),
            Arc::new(Mutex::new(told)),
            Arc::new(answer),
        );
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, told, answer) =
                    (Arc::clone(&log), Arc::clone(&told), Arc::clone(&answer));
                // Whoever asked may have gone.
                thread::spawn(move || drop(converse(stream, &log, &told, &*answer)));
            }
        });
        (Self { port, asked }, go_on)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Where each request for `path` began.
    fn ranges(&self, path: &str) -> Vec<Option<usize>> {
        let asked = self.asked.lock().unwrap();
        let of = asked.iter().filter(|asked| asked.path == path);
        of.map(|asked| asked.from).collect()
    }
}

fn converse(
    mut stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    told: &Mutex<mpsc::Receiver<()>>,
    answer: &dyn Fn(&Asked) -> Vec<Sent>,
) -> std::io::Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines();
    let head: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let path = head[0].split(' ').nth(1).unwrap().trim_start_matches('/');
    let from = head.iter().find_map(|line| {
        let line = line.to_ascii_lowercase();
        let range = line.strip_prefix("range: bytes=")?.to_owned();
        range.trim_end_matches('-').parse().ok()
    });
    let asked = {
        let mut log = log.lock().unwrap();
        let index = log.iter().filter(|asked| asked.path == path).count();
        let path = path.to_owned();
        log.push(Asked { path, from, index });
        log.last().unwrap().clone()
    };
    for (at, piece) in answer(&asked).into_iter().enumerate() {
        if at > 0 {
            told.lock().unwrap().recv().ok();
        }
        stream.write_all(&piece)?;
    }
    Ok(())
}

fn head(status: &str, more: &str, length: usize) -> Sent {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n")
        .into()
}

/// What an honest server sends: all, or the rest where a part was asked for.
fn honest(asked: &Asked, bytes: &[u8], tag: &str) -> Sent {
    let from = asked.from.unwrap_or(0);
    let mut more = format!("ETag: \"{tag}\"\r\n");
    let status = match asked.from {
        None => "200 OK",
        Some(from) => {
            let (last, all) = (bytes.len() - 1, bytes.len());
            more += &format!("Content-Range: bytes {from}-{last}/{all}\r\n");
            "206 Partial Content"
        }
    };
    let mut sent = head(status, &more, bytes.len() - from);
    sent.extend(&bytes[from..]);
    sent
}

/// The same without its last `count` bytes.
fn cut(mut sent: Sent, count: usize) -> Sent {
    sent.truncate(sent.len() - count);
    sent
}

/// A program that says `word`, and more bytes that do not compress.
fn program(word: &str) -> Vec<u8> {
    let mut bytes = format!("#!/bin/sh\necho {word}\nexit\n").into_bytes();
    let mut state = 1_u32;
    while bytes.len() < SIZE {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend(state.to_be_bytes());
    }
    bytes.truncate(SIZE);
    bytes
}

fn manifest(server: &Server, names: &[&str], more: &str) -> String {
    let line = |name: &&str| {
        let url = server.url(name);
        format!("  {name}: {{url: \"{url}\", unpack: program{more}}}\n")
    };
    let lines: String = names.iter().map(line).collect();
    format!("packages:\n{lines}")
}

fn says(sandbox: &Sandbox, program: &str, word: &str) {
    let line = format!("eval \"$(dgmo env)\"; {program}");
    assert_eq!(sandbox.sh(&line).works().stdout.trim(), word);
}

/// How many objects and laid-out trees there are, and what is left in staging.
fn in_store(sandbox: &Sandbox) -> usize {
    let count = |folder: std::path::PathBuf| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let store = sandbox.home().join("store");
    let shards = std::fs::read_dir(store.join("objects"))
        .into_iter()
        .flatten();
    let objects: usize = shards.flatten().map(|shard| count(shard.path())).sum();
    objects + count(store.join("trees")) + count(store.join("staging"))
}

#[test]
fn what_passes_is_waited_for() {
    let busy = |status: &'static str, more: &'static str| {
        move |asked: &Asked| match asked.index {
            0 => vec![head(status, more, 0)],
            _ => vec![honest(asked, &program("hi"), "1")],
        }
    };
    let cut_short = |asked: &Asked| match asked.index {
        0 => vec![cut(honest(asked, &program("hi"), "1"), SIZE / 2)],
        _ => vec![honest(asked, &program("hi"), "1")],
    };
    let servers = [
        (
            "429",
            Server::new(busy("429 Too Many", "Retry-After: 1\r\n")),
        ),
        ("503", Server::new(busy("503 Busy", ""))),
        ("cut", Server::new(cut_short)),
    ];
    for (what, (server, _go_on)) in &servers {
        let sandbox = Sandbox::with(&manifest(server, &["tool"], ""));
        sandbox.switch().says("trying again");
        says(&sandbox, "tool", "hi");
        let second = (*what == "cut").then_some(SIZE / 2);
        assert_eq!(server.ranges("tool"), [None, second], "{what}");
    }
}

#[test]
fn what_does_not_pass_is_told_and_leaves_nothing() {
    let digest = format!(", digest: \"b3:{:064}\"", 1);
    let circle: fn(&Asked) -> Vec<Sent> = |_| vec![head("302 Found", "Location: /tool\r\n", 0)];
    let sound: fn(&Asked) -> Vec<Sent> = |asked| vec![honest(asked, &program("hi"), "1")];
    let gone: fn(&Asked) -> Vec<Sent> = |_| vec![head("429 Too Many", "Retry-After: 9999\r\n", 0)];
    for (answer, more, code, words) in [
        (circle, "", "DG1205", "more than 10 redirects"),
        (sound, digest.as_str(), "DG1208", "where b3:0000"),
        (gone, "", "DG1201", "asks to come back in 9999 s"),
    ] {
        let (server, _go_on) = Server::new(answer);
        let sandbox = Sandbox::with(&manifest(&server, &["tool"], more));
        sandbox.dgmo("switch").fails(code).says(words);
        assert_eq!(in_store(&sandbox), 0, "{code}");
    }
}

/// A locked package whose bytes changed on the server, beside one that is as it was.
#[test]
fn nothing_of_other_bytes_than_the_locked_is_kept_beside_good_ones() {
    let (server, _go_on) = Server::new(|asked| {
        let changed = asked.path == "bad" && asked.index > 0;
        // As long as before: only the digest tells.
        let word = if changed { "no" } else { "hi" };
        vec![honest(asked, &program(word), word)]
    });
    let sandbox = Sandbox::with(&manifest(&server, &["good", "bad"], ""));
    sandbox.dgmo("lock").works();
    sandbox.remove("home");
    sandbox
        .dgmo("switch")
        .fails("DG1208")
        .says("cannot realise `bad`");
    assert_eq!(in_store(&sandbox), 0);
    // The good one is not fetched again.
    sandbox.manifest(&manifest(&server, &["good"], ""));
    sandbox.switch();
    says(&sandbox, "good", "hi");
    assert_eq!(server.ranges("good").len(), 2);
    sandbox.dgmo("store verify").works();
}

#[test]
fn another_size_than_the_locked_one_is_refused_before_it_comes() {
    let (server, _go_on) = Server::new(|asked| match asked.index {
        0 => vec![honest(asked, &program("hi"), "1")],
        _ => vec![honest(asked, b"#!/bin/sh\n", "2")],
    });
    let sandbox = Sandbox::with(&manifest(&server, &["tool"], ""));
    sandbox.dgmo("lock").works();
    sandbox.remove("home");
    sandbox
        .dgmo("switch")
        .fails("DG1207")
        .says("has 10 bytes where 1000000 are expected");
    assert_eq!(in_store(&sandbox), 0);
}

#[test]
fn a_truncated_archive_is_told_as_one() {
    let sandbox = Sandbox::new();
    sandbox.write("work/tree/bin/tool", program("hi"));
    sandbox.mode("work/tree/bin/tool", 0o755);
    sandbox.sh("tar -czf whole.tgz -C tree bin").works();
    let mut archive = std::fs::read(sandbox.work().join("whole.tgz")).unwrap();
    archive.truncate(archive.len() - 10_000);
    let (server, _go_on) = Server::new(move |asked| vec![honest(asked, &archive, "1")]);
    let manifest = format!("packages: {{tool: {{url: \"{}\"}}}}\n", server.url("a.tgz"));
    sandbox.manifest(&manifest);
    sandbox.dgmo("switch").fails("DG1253").says("cut short");
    assert_eq!(in_store(&sandbox), 0);
}

#[test]
fn bytes_that_change_between_two_parts_are_fetched_whole() {
    let (server, _go_on) = Server::new(|asked| match asked.index {
        0 => vec![cut(honest(asked, &program("old"), "1"), SIZE / 2)],
        // It knows no ranges of what it does not have any more.
        _ => vec![honest(
            &Asked {
                from: None,
                ..asked.clone()
            },
            &program("new"),
            "2",
        )],
    });
    let sandbox = Sandbox::with(&manifest(&server, &["tool"], ""));
    sandbox.switch();
    says(&sandbox, "tool", "new");
    assert_eq!(server.ranges("tool"), [None, Some(SIZE / 2)]);
    sandbox.dgmo("store verify").works();
}

#[test]
fn killed_in_the_midst_nothing_is_fetched_twice() {
    let (server, go_on) = Server::new(|asked| {
        let sent = honest(asked, &program("hi"), "1");
        let middle = sent.len() - (SIZE - asked.from.unwrap_or(0)) / 2;
        vec![sent[..middle].to_vec(), sent[middle..].to_vec()]
    });
    let sandbox = Sandbox::with(&manifest(&server, &["tool"], ""));
    let mut here = 0;
    for _ in 0..3 {
        let mut child = sandbox.command(&["switch"]).spawn().unwrap();
        let expected = here + (SIZE - here) / 2;
        here = until_here(&sandbox, expected);
        child.kill().unwrap();
        child.wait().unwrap();
        go_on.send(()).unwrap();
    }
    go_on.send(()).unwrap();
    sandbox.switch();
    says(&sandbox, "tool", "hi");
    let ranges = server.ranges("tool");
    let halves = [None, Some(SIZE / 2), Some(SIZE * 3 / 4), Some(SIZE * 7 / 8)];
    assert_eq!(ranges, halves);
    sandbox.dgmo("store verify").works();
}

/// Waits until so many bytes of the one download are on disk.
fn until_here(sandbox: &Sandbox, expected: usize) -> usize {
    for _ in 0..3000 {
        let files = std::fs::read_dir(sandbox.home().join("cache/downloads"));
        let bytes = files.into_iter().flatten().flatten().find_map(|file| {
            let is_it = file.path().extension().is_some_and(|end| end == "bytes");
            is_it.then(|| file.metadata().map_or(0, |about| about.len()))
        });
        if bytes.is_some_and(|bytes| usize::try_from(bytes).unwrap() >= expected) {
            return expected;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never had {expected} bytes");
}

#[test]
fn two_processes_fetch_the_same_once() {
    let (server, go_on) = Server::new(|asked| {
        let sent = honest(asked, &program("hi"), "1");
        vec![sent[..SIZE / 2].to_vec(), sent[SIZE / 2..].to_vec()]
    });
    let sandbox = Sandbox::new();
    let text = format!(
        "dgmo: 1\nsystems: [x86_64-linux]\n{}",
        manifest(&server, &["tool"], "")
    );
    let (say, said) = mpsc::channel();
    let children: Vec<_> = ["one", "two"]
        .into_iter()
        .map(|name| {
            sandbox.write(format!("work/{name}/dgmo.yaml"), &text);
            let mut command = sandbox.command(&["lock"]);
            command.current_dir(sandbox.work().join(name));
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let (say, stderr) = (say.clone(), child.stderr.take().unwrap());
            thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    say.send(line).ok();
                }
            });
            child
        })
        .collect();
    // One of them has come second.
    let waits = |line: String| line.contains("under way already");
    while !waits(said.recv_timeout(Duration::from_secs(30)).unwrap()) {}
    go_on.send(()).unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.ranges("tool"), [None]);
    let lock = |name| sandbox.read(format!("work/{name}/dgmo.lock"));
    assert_eq!(lock("one"), lock("two"));
}
