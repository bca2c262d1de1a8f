//! A registry on loopback: it tells of packages as real ones do, and gives their archives.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use super::super::Sandbox;
use crate::server::Answer;
use crate::server::Asked;
use crate::server::Server;

/// A registry.
pub(crate) struct Registry(Server<State>);

/// What it has, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// By name and version, what its `package.json` says, with `dist`.
    packages: BTreeMap<String, BTreeMap<String, Value>>,
    /// By name, the versions that have a name of their own.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// When a version was published, by `name@version`; else long ago.
    pub(crate) published: BTreeMap<String, String>,
    /// By path.
    archives: BTreeMap<String, Archive>,
    /// The value of `Authorization` that it wants.
    pub(crate) wants: Option<String>,
    /// Answers in place of its own, by path.
    pub(crate) instead: BTreeMap<String, String>,
    /// The paths that were asked for, and who asked.
    pub(crate) asked: Vec<(String, Option<String>)>,
}

enum Archive {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self(Server::start(State::default(), State::answer))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.0.change(change)
    }

    /// What was asked since this was called last.
    pub(crate) fn asked(&self) -> Vec<(String, Option<String>)> {
        self.0.change(|state| std::mem::take(&mut state.asked))
    }

    /// Publishes `name@version`; `about` is its `package.json`, with `integrity`.
    fn add(&self, package: &str, mut about: Value, archive: Option<Archive>) {
        let (name, version) = package.rsplit_once('@').unwrap();
        let plain = name.rsplit('/').next().unwrap();
        let path = format!("{name}/-/{plain}-{version}.tgz");
        about["name"] = json!(name);
        about["version"] = json!(version);
        let tarball = format!("{}/{path}", self.url());
        about["dist"] = json!({"tarball": tarball, "integrity": about["integrity"]});
        self.change(|state| {
            let versions = state.packages.entry(name.to_owned()).or_default();
            versions.insert(version.to_owned(), about);
            let tags = state.tags.entry(name.to_owned()).or_default();
            tags.insert("latest".to_owned(), version.to_owned());
            if let Some(archive) = archive {
                state.archives.insert(path, archive);
            }
        });
    }

    /// Publishes a version that another registry told of; its archive is here, or for another machine.
    pub(crate) fn add_real(&self, package: &str, about: Value, archive: Option<PathBuf>) {
        self.add(package, about, archive.map(Archive::File));
    }

    /// Publishes `name@version` with these files beside its `package.json`.
    pub(crate) fn publish(
        &self,
        sandbox: &Sandbox,
        package: &str,
        mut about: Value,
        files: &[(&str, &str)],
    ) {
        let (name, version) = package.rsplit_once('@').unwrap();
        let folder = format!("packed/{}/{version}", name.replace('/', "+"));
        let mut text = about.clone();
        text["name"] = json!(name);
        text["version"] = json!(version);
        sandbox.write(format!("{folder}/package/package.json"), text.to_string());
        for (path, text) in files {
            sandbox.write(format!("{folder}/package/{path}"), text);
        }
        let output = Command::new("tar")
            .args([
                "--sort=name",
                "--mtime=@0",
                "--mode=0644",
                "-czf",
                "-",
                "-C",
            ])
            .arg(sandbox.root().join(&folder))
            .arg("package")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        about["integrity"] = json!(integrity(&output.stdout));
        self.add(package, about, Some(Archive::Bytes(output.stdout)));
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// The lines of a manifest that name it.
    pub(crate) fn sources(&self) -> String {
        format!("sources: {{npm: {{url: \"{}\"}}}}\n", self.url())
    }
}

/// As npm writes it.
pub(crate) fn integrity(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = "sha512-".to_owned();
    for group in sha2::Sha512::digest(bytes).chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > group.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let path = asked.target.trim_start_matches('/').replace("%2f", "/");
        let asker = asked.authorization();
        self.asked.push((path.clone(), asker.clone()));
        if self.wants.is_some() && self.wants != asker {
            return Answer::new("401 Unauthorized", Vec::new());
        }
        let is_short = asked
            .header("accept")
            .is_some_and(|it| it.contains("install-v1"));
        let (status, body) = found(self, &path, asked.port, is_short);
        Answer::new(status, body)
    }
}

fn found(state: &State, path: &str, port: u16, is_short: bool) -> (&'static str, Vec<u8>) {
    if let Some(text) = state.instead.get(path) {
        return ("200 OK", text.clone().into());
    }
    match state.archives.get(path) {
        Some(Archive::Bytes(bytes)) => return ("200 OK", bytes.clone()),
        Some(Archive::File(file)) => return ("200 OK", std::fs::read(file).unwrap()),
        None => {}
    }
    let Some(versions) = state.packages.get(path) else {
        return ("404 Not Found", b"{\"error\":\"Not found\"}".to_vec());
    };
    let mut versions = versions.clone();
    let mut whole = json!({"name": path, "dist-tags": state.tags[path]});
    if is_short {
        // The short form tells of scripts only that there are some.
        for about in versions.values_mut().filter_map(Value::as_object_mut) {
            if about.remove("scripts").is_some() {
                about.insert("hasInstallScript".to_owned(), json!(true));
            }
        }
    } else {
        let time = |version: &String| {
            let published = state.published.get(&format!("{path}@{version}"));
            published.map_or("2020-01-01T00:00:00.000Z", String::as_str)
        };
        let times: BTreeMap<&String, &str> = versions.keys().map(|it| (it, time(it))).collect();
        whole["time"] = json!(times);
        whole["readme"] = json!(format!("read me at port {port}"));
    }
    whole["versions"] = json!(versions);
    ("200 OK", whole.to_string().into())
}
