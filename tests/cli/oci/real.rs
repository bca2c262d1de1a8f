//! The real registry, Debian's `docker-registry`: pushed to over its own API, with and without a password.
//!
//! Where it is not installed, that is told, and nothing is tested.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use serde_json::json;

use super::super::Sandbox;
use super::content::Push;
use super::content::artefact;
use super::content::digest;
use super::content::image;
use super::content::index;
use super::content::layer;
use super::content::script;
use super::hello_says;
use super::images::list;

/// `me` and `secret`, as htpasswd writes them.
const USERS: &str = "me:$2y$05$xMMcZtp7cwiVYM2bNadi6uBHcBIjB20IQL0LLM5YaB9L7Dn/2ZKhq\n";

/// The same, as `Authorization` and `auth` have it.
const PAIR: &str = "bWU6c2VjcmV0";

/// A registry; it ends with the test.
struct Real {
    process: Child,
    port: u16,
    has_password: bool,
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Real {
    fn start(sandbox: &Sandbox, has_password: bool) -> Option<Self> {
        let root = sandbox.root().join("registry");
        let mut config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"127.0.0.1:0\"}}\n",
            root.join("data").display()
        );
        if has_password {
            sandbox.write("registry/users", USERS);
            let users = root.join("users");
            config += &format!(
                "auth: {{htpasswd: {{realm: here, path: {}}}}}\n",
                users.display()
            );
        }
        sandbox.write("registry/config.yml", config);
        let started = Command::new("docker-registry")
            .arg("serve")
            .arg(root.join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = match started {
            Ok(process) => process,
            Err(error) => {
                println!("skipped: `docker-registry` cannot be started: {error}");
                return None;
            }
        };
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on 127.0.0.1:")?;
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        // It goes on saying what it is asked.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            process,
            port: port.expect("it says where it listens"),
            has_password,
        })
    }

    /// One question, answered with the wanted status; gives the value of `Location`.
    fn ask(&self, (method, target): (&str, &str), media: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: {media}\r\nContent-Length: {}\r\n",
            self.port,
            body.len()
        );
        if self.has_password {
            head += &format!("Authorization: Basic {PAIR}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(status.starts_with('2'), "{method} {target}: {answer}");
        let location = answer.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then_some(value)
        });
        let location = location.unwrap_or_default();
        let own = format!("http://127.0.0.1:{}", self.port);
        location.strip_prefix(&own).unwrap_or(location).to_owned()
    }

    fn name(&self) -> String {
        format!("127.0.0.1:{}/tools/hello", self.port)
    }
}

impl Push for Real {
    fn blob(&self, repository: &str, bytes: &[u8]) {
        let media = "application/octet-stream";
        let place = self.ask(
            ("POST", &format!("/v2/{repository}/blobs/uploads/")),
            media,
            b"",
        );
        let place = format!("{place}&digest={}", digest(bytes));
        self.ask(("PUT", &place), media, bytes);
    }

    fn manifest(&self, repository: &str, reference: &str, media: &str, bytes: &[u8]) {
        let target = format!("/v2/{repository}/manifests/{reference}");
        self.ask(("PUT", &target), media, bytes);
    }
}

fn manifest(sandbox: &Sandbox, registry: &Real, more: &str) {
    sandbox.manifest(&format!(
        "systems: [x86_64-linux, aarch64-linux]\npackages: {{hello: {{oci: \"{}\"{more}}}}}\n",
        registry.name()
    ));
}

#[test]
fn images_and_artefacts_come_from_the_real_registry() {
    let sandbox = Sandbox::new();
    let Some(registry) = Real::start(&sandbox, false) else {
        return;
    };
    let hello = script("an image");
    let entry = |architecture: &str| {
        let layers = [
            layer(
                &sandbox,
                &[
                    ("usr/bin/hello*", &hello),
                    ("usr/lib/old", "1"),
                    ("usr/lib/twice = usr/lib/old", ""),
                    ("lib -> /usr/lib", ""),
                ],
            ),
            layer(&sandbox, &[("usr/lib/.wh.old", ""), ("usr/lib/new", "2")]),
        ];
        let more = json!({"architecture": architecture});
        image(&registry, "tools/hello", "", (&layers, more))
    };
    let entries = [
        (entry("amd64"), "linux/amd64"),
        (entry("arm64"), "linux/arm64"),
    ];
    index(&registry, "tools/hello", "1.0.0", &entries);
    manifest(&sandbox, &registry, "");
    sandbox.switch();
    hello_says(&sandbox, "an image");
    let hello = format!("usr/bin/hello: {}", hello.replace('\n', " ").trim_end());
    assert_eq!(
        list(&sandbox),
        [
            "lib -> usr/lib",
            &hello,
            "usr/lib/new: 2",
            "usr/lib/twice: 1"
        ]
    );

    let program = script("an artefact");
    let files: &[(&str, &str, &[u8])] = &[("bin/hello", "application/x-sh", program.as_bytes())];
    artefact(&registry, "tools/hello", "1.1.0", files);
    sandbox.dgmo("outdated").exits(3).says("1.1.0");
    sandbox.dgmo("update").works();
    sandbox.switch();
    hello_says(&sandbox, "an artefact");
    let lock = sandbox.read("work/dgmo.lock");
    manifest(&sandbox, &registry, ", version: \"=1.0.0\"");
    sandbox.switch();
    hello_says(&sandbox, "an image");
    manifest(&sandbox, &registry, ", version: \"1\"");
    sandbox.dgmo("update").works();
    assert_eq!(sandbox.read("work/dgmo.lock"), lock, "the same again");
    drop(registry);
    sandbox.dgmo("switch --offline").works();
    hello_says(&sandbox, "an artefact");
}

#[test]
fn a_password_is_told_to_the_real_registry() {
    let sandbox = Sandbox::new();
    let Some(registry) = Real::start(&sandbox, true) else {
        return;
    };
    let program = script("for us");
    let files: &[(&str, &str, &[u8])] = &[("hello", "application/x-sh", program.as_bytes())];
    artefact(&registry, "tools/hello", "1.0.0", files);
    manifest(&sandbox, &registry, "");
    sandbox
        .dgmo("switch")
        .exits(1)
        .says("not for us")
        .says("docker login");
    let auth = |pair: &str| {
        format!(
            "{{\"auths\": {{\"127.0.0.1:{}\": {{\"auth\": \"{pair}\"}}}}}}",
            registry.port
        )
    };
    sandbox.write("user/.docker/config.json", auth("bWU6d3Jvbmc="));
    sandbox.dgmo("switch").exits(1).says("not for us");
    sandbox.write("user/.docker/config.json", auth(PAIR));
    sandbox.switch();
    hello_says(&sandbox, "for us");
}
