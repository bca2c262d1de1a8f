//! A repository of git, made with git itself, and git's own server of it.

use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use crate::Sandbox;

/// One with a program `hello`, to which commits are added.
pub(crate) struct Repository<'a> {
    sandbox: &'a Sandbox,
    name: &'static str,
}

/// Nothing here depends on who runs the tests, or when.
const WHO: &[(&str, &str)] = &[
    ("GIT_AUTHOR_NAME", "maker"),
    ("GIT_AUTHOR_EMAIL", "maker@example.org"),
    ("GIT_COMMITTER_NAME", "maker"),
    ("GIT_COMMITTER_EMAIL", "maker@example.org"),
    ("GIT_AUTHOR_DATE", "1767268800 +0000"),
    ("GIT_COMMITTER_DATE", "1767268800 +0000"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
];

impl<'a> Repository<'a> {
    /// An empty one below `repos/`.
    pub(crate) fn empty(sandbox: &'a Sandbox, name: &'static str) -> Self {
        let repository = Self { sandbox, name };
        std::fs::create_dir_all(repository.path()).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// One with releases of these tags; the program of each says its tag.
    pub(crate) fn with(sandbox: &'a Sandbox, tags: &[&str]) -> Self {
        let repository = Self::empty(sandbox, "tools");
        for tag in tags {
            repository.release(tag);
        }
        repository
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.sandbox.root().join("repos").join(self.name)
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// Runs git in it, and gives what it prints.
    pub(crate) fn git(&self, words: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "protocol.file.allow=always"])
            .args(words)
            .envs(WHO.iter().copied())
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        self.sandbox
            .write(format!("repos/{}/{path}", self.name), text);
    }

    pub(crate) fn program(&self, path: &str, says: &str) {
        let path = format!("repos/{}/{path}", self.name);
        self.sandbox
            .program(&path, &format!("#!/bin/sh\necho {says}\n"));
    }

    /// Commits all there is, and gives the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A commit whose program says `tag`, and a tag that has a message of its own.
    pub(crate) fn release(&self, tag: &str) -> String {
        self.program("bin/hello", tag);
        let commit = self.commit(tag);
        self.git(&["tag", "--annotate", "-m", tag, tag]);
        commit
    }

    /// A manifest whose package `tools` comes from it.
    pub(crate) fn manifest(&self, more: &str) {
        manifest(self.sandbox, &self.url(), more);
    }
}

pub(crate) fn manifest(sandbox: &Sandbox, url: &str, more: &str) {
    sandbox.manifest(&format!("packages:\n  tools: {{git: \"{url}\"{more}}}\n"));
}

/// `git daemon` over the repositories of a sandbox.
pub(crate) struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    pub(crate) fn over(sandbox: &Sandbox) -> Self {
        // It cannot be told to choose a port and say which; a port that was free a moment ago most likely still is.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let base = sandbox.root().join("repos");
            // Not through `git`, which would be what is ended in its place.
            let mut child = Command::new(exec_path().join("git-daemon"))
                .args(["--export-all", "--verbose", "--reuseaddr"])
                .arg("--listen=127.0.0.1")
                .arg(format!("--port={port}"))
                .arg(format!("--base-path={}", base.display()))
                .arg(&base)
                .envs(WHO.iter().copied())
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "safe.directory")
                .env("GIT_CONFIG_VALUE_0", "*")
                .stdin(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
            let ready = said.any(|line| line.is_ok_and(|line| line.contains("Ready to rumble")));
            // What it goes on to say must go somewhere.
            std::thread::spawn(move || said.for_each(drop));
            if ready && answers(port) {
                return Self { child, port };
            }
            drop(child.kill());
            drop(child.wait());
        }
        panic!("`git daemon` does not come up");
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}", self.port)
    }
}

fn exec_path() -> PathBuf {
    let output = Command::new("git").arg("--exec-path").output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

fn answers(port: u16) -> bool {
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    })
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It serves each request with a child of its own, which ends with the request.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
