//! A forge on loopback: it tells of releases as real ones do, and gives their files.

use std::collections::BTreeMap;
use std::process::Command;

use dgmo_schema::id::Digest;
use serde_json::Value;
use serde_json::json;

use super::Sandbox;
use super::server::Answer;
use super::server::Asked;
use super::server::Server;

/// A forge with one repository, `maker/tool`.
pub(crate) struct Forge(Server<State>);

/// What it has, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// By tag, the newest last: the files by name.
    pub(crate) releases: Vec<(String, BTreeMap<String, Vec<u8>>)>,
    /// Tags it calls prereleases.
    pub(crate) prereleases: Vec<String>,
    /// What it says of files' digests, by name, in place of nothing.
    pub(crate) digests: BTreeMap<String, String>,
    /// Who may ask; nobody else is told anything.
    pub(crate) token: Option<String>,
    /// Whether it has answered as often as it does.
    pub(crate) used_up: bool,
    /// An answer in place of every other.
    pub(crate) instead: Option<String>,
    /// What was asked, in order.
    pub(crate) asked: Vec<String>,
}

impl Forge {
    pub(crate) fn new() -> Self {
        Self(Server::start(State::default(), State::answer))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.0.change(change)
    }

    /// What was asked since it was asked for last.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.change(|state| std::mem::take(&mut state.asked))
    }

    /// Publishes files under a tag.
    pub(crate) fn publish(&self, tag: &str, files: &[(&str, Vec<u8>)]) {
        let files = files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.clone()));
        let files = files.collect();
        self.change(|state| state.releases.push((tag.to_owned(), files)));
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// A manifest whose package `tool` comes from it.
    pub(crate) fn manifest(&self, sandbox: &Sandbox, more: &str) {
        sandbox.manifest(&format!(
            "systems: [x86_64-linux, aarch64-linux]\nsources: {{github: {{url: \"{}/api/v3\"}}}}\npackages:\n  \
             tool: {{github: maker/tool{more}}}\n",
            self.url()
        ));
    }
}

/// An archive with a program in a folder of its own, as most releases have it.
pub(crate) fn archive(sandbox: &Sandbox, says: &str) -> Vec<u8> {
    let folder = format!("archive-{}/tool-{says}", Digest::of(says.as_bytes()).hex());
    sandbox.program(
        &format!("{folder}/tool"),
        &format!("#!/bin/sh\necho {says}\n"),
    );
    sandbox.write(format!("{folder}/README.md"), "read me");
    let (above, name) = folder.split_once('/').unwrap();
    let output = Command::new("tar")
        .args(["--sort=name", "--mtime=@0", "-czf", "-", "-C"])
        .arg(sandbox.root().join(above))
        .arg(name)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.asked.push(asked.target.clone());
        self.told(asked, &asked.target).tagged(asked)
    }

    fn told(&self, asked: &Asked, target: &str) -> Answer {
        let is_api = target.starts_with("/api/");
        if self.used_up && is_api {
            let more = "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1767272400\r\n";
            return Answer::new("403 Forbidden", Vec::new()).with(more);
        }
        let who = asked.header("authorization");
        let who = who.or_else(|| asked.header("private-token"));
        if let Some(token) = &self.token
            && who.is_none_or(|who| !who.ends_with(token.as_str()))
        {
            return Answer::absent();
        }
        if let Some(text) = self.instead.as_ref().filter(|_| is_api) {
            return Answer::found(text.clone());
        }
        let is_list = [
            "/api/v3/repos/maker/tool/releases?",
            "/api/v1/repos/maker/tool/releases?",
        ]
        .iter()
        .any(|list| target.starts_with(list));
        if is_list || target.starts_with("/api/v4/projects/maker%2Ftool/releases?") {
            let list = self.page(target, asked.port);
            return Answer::found(serde_json::to_vec(&list).unwrap());
        }
        let file = target
            .strip_prefix("/maker/tool/releases/download/")
            .or_else(|| target.strip_prefix("/maker/tool/-/releases/"));
        let file = file.map(|file| file.replacen("/downloads/", "/", 1));
        let found = file.as_deref().and_then(|file| {
            let (tag, name) = file.rsplit_once('/')?;
            let tag = tag.replace("%2F", "/");
            let (_, files) = self.releases.iter().find(|(it, _)| *it == tag)?;
            files.get(name)
        });
        Answer::of(found.cloned())
    }

    /// One page of the list, newest first, in the forge's own words.
    fn page(&self, target: &str, port: u16) -> Value {
        let number = |key: &str| {
            let value = target
                .split(['?', '&'])
                .find_map(|it| it.strip_prefix(key))?;
            value.parse::<usize>().ok()
        };
        let size = number("per_page=").or(number("limit=")).unwrap_or(30);
        let page = number("page=").unwrap_or(1);
        let is_gitlab = target.starts_with("/api/v4/");
        let newest_first = self.releases.iter().enumerate().rev();
        let list = newest_first.skip((page - 1) * size).take(size);
        list.map(|(at, (tag, files))| {
            let published = format!("2025-{:02}-{:02}T00:00:00Z", at / 28 % 12 + 1, at % 28 + 1);
            let path = tag.replace('/', "%2F");
            if is_gitlab {
                let links = files.keys().map(|name| {
                    let url = format!(
                        "http://127.0.0.1:{port}/maker/tool/-/releases/{path}/downloads/{name}"
                    );
                    json!({"name": name, "direct_asset_url": url})
                });
                return json!({"tag_name": tag, "released_at": published,
                    "assets": {"links": links.collect::<Vec<_>>()}});
            }
            let assets = files.iter().map(|(name, bytes)| {
                let url =
                    format!("http://127.0.0.1:{port}/maker/tool/releases/download/{path}/{name}");
                json!({"name": name, "size": bytes.len(), "browser_download_url": url,
                    "digest": self.digests.get(name)})
            });
            json!({"tag_name": tag, "draft": false, "prerelease": self.prereleases.contains(tag),
                "published_at": published, "assets": assets.collect::<Vec<_>>()})
        })
        .collect()
    }
}
