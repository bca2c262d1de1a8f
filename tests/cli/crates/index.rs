//! A registry of crates on loopback: a sparse index, crates made here, and builds of their programs.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::oci::content::digest;
use crate::oci::content::tar;
use crate::server::Answer;
use crate::server::Asked;
use crate::server::Server;

/// A registry.
pub(crate) struct Index(Server<State>);

/// What it has, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// By name, the lines of its file.
    crates: BTreeMap<String, Vec<Value>>,
    /// By path.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The value of `Authorization` that it wants.
    pub(crate) wants: Option<String>,
    /// The path and `Authorization` of each question.
    pub(crate) asked: Vec<(String, Option<String>)>,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self(Server::start(State::default(), State::answer))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.0.change(change)
    }

    /// What was asked since this was called last.
    pub(crate) fn asked(&self) -> Vec<(String, Option<String>)> {
        self.change(|state| std::mem::take(&mut state.asked))
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// Publishes a version of a crate; `about` is added to its `Cargo.toml`, `line` to what the index says.
    pub(crate) fn publish(
        &self,
        sandbox: &Sandbox,
        (name, version): (&str, &str),
        about: &str,
        line: &Value,
    ) {
        let folder = format!("crates/{name}-{version}");
        let text = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{about}");
        sandbox.write(format!("{folder}/{name}-{version}/Cargo.toml"), text);
        sandbox.write(
            format!("{folder}/{name}-{version}/src/main.rs"),
            "fn main() {}",
        );
        let bytes = plain_tar(&sandbox.root().join(&folder), &format!("{name}-{version}"));
        let sum = digest(&bytes).replace("sha256:", "");
        let mut entry = json!({"name": name, "vers": version, "deps": [], "cksum": sum, "features": {}, "yanked": false});
        for (key, value) in line.as_object().unwrap() {
            entry[key] = value.clone();
        }
        self.change(|state| {
            state
                .files
                .insert(format!("/dl/{name}/{version}/download"), bytes);
            state.crates.entry(name.to_owned()).or_default().push(entry);
        });
    }

    /// Puts a build at a path.
    pub(crate) fn build(&self, path: &str, folder: &std::path::Path) {
        let bytes = tar(folder);
        self.change(|state| state.files.insert(path.to_owned(), bytes));
    }
}

/// The folder as cargo packs it: names begin with it.
fn plain_tar(above: &std::path::Path, name: &str) -> Vec<u8> {
    let output = std::process::Command::new("tar")
        .args([
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "-czf",
            "-",
            "-C",
        ])
        .arg(above)
        .arg(name)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let asker = asked.authorization();
        self.asked.push((asked.target.clone(), asker.clone()));
        if self.wants.is_some() && self.wants != asker {
            return Answer::new("401 Unauthorized", Vec::new());
        }
        Answer::of(self.found(&asked.target, asked.port))
    }

    /// Says one thing more of a version.
    pub(crate) fn say(&mut self, (name, version): (&str, &str), (key, value): (&str, &Value)) {
        let mut lines = self.crates.get_mut(name).unwrap().iter_mut();
        let line = lines.find(|line| line["vers"] == version).unwrap();
        line[key] = value.clone();
    }

    fn found(&self, path: &str, port: u16) -> Option<Vec<u8>> {
        if path == "/index/config.json" {
            let wants = self.wants.is_some();
            let config =
                json!({"dl": format!("http://127.0.0.1:{port}/dl"), "auth-required": wants});
            return Some(config.to_string().into());
        }
        if let Some(below) = path.strip_prefix("/index/") {
            let lines = self.crates.get(below.rsplit('/').next()?)?;
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            return Some(text.into());
        }
        self.files.get(path).cloned()
    }
}
