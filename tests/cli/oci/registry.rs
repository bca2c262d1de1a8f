//! A small registry on loopback that keeps what it is asked, and misbehaves as it is told.

use std::collections::BTreeMap;

use serde_json::json;

use super::content::Push;
use super::content::digest;
use crate::Sandbox;
use crate::server::Answer;
use crate::server::Asked;
use crate::server::Server;

/// A registry.
pub(crate) struct Registry(Server<State>);

/// What it has, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// By repository and tag or digest: media type and bytes.
    manifests: BTreeMap<(String, String), (String, Vec<u8>)>,
    blobs: BTreeMap<String, Vec<u8>>,
    /// How many tags a page of the list has.
    pub(crate) per_page: Option<usize>,
    /// What it wants to be told.
    pub(crate) wants: Wants,
    /// The server it sends for blobs.
    pub(crate) blobs_at: Option<u16>,
    /// Bytes in place of those that are asked for, by digest.
    pub(crate) instead: BTreeMap<String, Vec<u8>>,
    /// Whether the next blob ends in the middle.
    pub(crate) cuts: bool,
    /// Whether it has answered as often as it does.
    pub(crate) used_up: bool,
    /// The path and `Authorization` of each question, and the body of a form.
    pub(crate) asked: Vec<(String, Option<String>)>,
    tokens: usize,
    /// How often a token is good.
    pub(crate) uses: Option<usize>,
    left: usize,
}

/// What a registry wants to be told.
#[derive(Default, Clone, PartialEq, Eq)]
pub(crate) enum Wants {
    #[default]
    Nothing,
    /// The value of `Authorization`.
    Basic(String),
    /// A token, which its own address `/token` gives to whoever says this; empty: to everybody.
    Token(String),
    /// A token, got from another address.
    TokenAt(String),
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
        self.change(|state| std::mem::take(&mut state.asked))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port()
    }

    /// A name of this registry.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.0.port())
    }

    /// A manifest whose package `hello` comes from it.
    pub(crate) fn manifest_of(&self, sandbox: &Sandbox, more: &str) {
        sandbox.manifest(&format!(
            "systems: [x86_64-linux, aarch64-linux]\npackages:\n  hello: {{oci: \"{}\"{more}}}\n",
            self.named("tools/hello")
        ));
    }
}

impl Push for Registry {
    fn blob(&self, _repository: &str, bytes: &[u8]) {
        self.change(|state| state.blobs.insert(digest(bytes), bytes.to_vec()));
    }

    fn manifest(&self, repository: &str, reference: &str, media: &str, bytes: &[u8]) {
        self.change(|state| {
            for reference in [reference, &digest(bytes)] {
                let key = (repository.to_owned(), reference.to_owned());
                state
                    .manifests
                    .insert(key, (media.to_owned(), bytes.to_vec()));
            }
        });
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        let form = String::from_utf8_lossy(&asked.body).into_owned();
        let asker = asked.header("authorization");
        self.told(&asked.target, asker, (&form, asked.port))
            .ranged(asked)
    }

    fn told(&mut self, target: &str, asker: Option<&str>, (form, port): (&str, u16)) -> Answer {
        let shown = if form.is_empty() {
            target.to_owned()
        } else {
            format!("{target} {form}")
        };
        self.asked.push((shown, asker.map(str::to_owned)));
        if target.starts_with("/token") {
            return self.token(asker, form);
        }
        if self.used_up {
            let headers = "RateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 0;w=21600\r\n";
            return Answer::new("429 Too Many Requests", Vec::new()).with(headers);
        }
        if let Some(challenge) = self.challenge(asker, port) {
            let headers = format!("WWW-Authenticate: {challenge}\r\n");
            return Answer::new("401 Unauthorized", "{\"errors\":[]}").with(&headers);
        }
        self.content(target, port)
            .unwrap_or_else(|| Answer::new("404 Not Found", "{}"))
    }

    /// How it wants to be told who asks, unless it was.
    fn challenge(&mut self, asker: Option<&str>, port: u16) -> Option<String> {
        let realm = match &self.wants {
            Wants::Nothing => return None,
            Wants::Basic(value) if asker == Some(value) => return None,
            Wants::Basic(_) => return Some("Basic realm=\"here\"".to_owned()),
            Wants::Token(_) => format!("http://127.0.0.1:{port}/token"),
            Wants::TokenAt(realm) => realm.clone(),
        };
        if asker == Some(&format!("Bearer token-{}", self.tokens)) && self.left > 0 {
            self.left -= 1;
            return None;
        }
        Some(format!(
            "Bearer realm=\"{realm}\",service=\"the service\",scope=\"repository:tools/hello:pull\""
        ))
    }

    fn token(&mut self, asker: Option<&str>, form: &str) -> Answer {
        let is_known = match &self.wants {
            Wants::Token(known) if known.is_empty() => true,
            Wants::Token(known) => asker == Some(known) || form.contains(known.as_str()),
            _ => false,
        };
        if !is_known {
            return Answer::new("401 Unauthorized", Vec::new());
        }
        self.tokens += 1;
        self.left = self.uses.unwrap_or(1000);
        let body = json!({"token": format!("token-{}", self.tokens), "expires_in": 60});
        Answer::found(body.to_string())
    }

    fn content(&mut self, target: &str, port: u16) -> Option<Answer> {
        let rest = target.strip_prefix("/v2/")?;
        if let Some((repository, query)) = rest.split_once("/tags/list") {
            return self.list(repository, query);
        }
        if let Some((repository, reference)) = rest.split_once("/manifests/") {
            let key = (repository.to_owned(), reference.to_owned());
            let (media, bytes) = self.manifests.get(&key)?;
            let headers = format!(
                "Content-Type: {media}\r\nDocker-Content-Digest: {}\r\n",
                digest(bytes)
            );
            let bytes = self.instead.get(reference).unwrap_or(bytes);
            return Some(Answer::found(bytes.clone()).with(&headers));
        }
        let (_, digest) = rest.split_once("/blobs/")?;
        if let Some(other) = self.blobs_at.filter(|other| *other != port) {
            let headers = format!("Location: http://127.0.0.1:{other}{target}?signed=yes\r\n");
            return Some(Answer::new("307 Temporary Redirect", Vec::new()).with(&headers));
        }
        let digest = digest.split('?').next()?;
        let bytes = self
            .instead
            .get(digest)
            .or_else(|| self.blobs.get(digest))?;
        let answer = Answer::found(bytes.clone());
        if std::mem::take(&mut self.cuts) {
            return Some(answer.cut(bytes.len() / 2));
        }
        Some(answer)
    }

    fn list(&self, repository: &str, query: &str) -> Option<Answer> {
        let of_repository = self.manifests.keys().filter(|(it, _)| it == repository);
        let tags: Vec<&String> = of_repository.map(|(_, tag)| tag).collect();
        if tags.is_empty() {
            return None;
        }
        let last = query
            .split(['?', '&'])
            .find_map(|it| it.strip_prefix("last="));
        let tags = tags
            .into_iter()
            .filter(|tag| !tag.starts_with("sha256:"))
            .filter(|tag| last.is_none_or(|last| tag.as_str() > last));
        let all: Vec<&String> = tags.collect();
        let most = self.per_page.unwrap_or(all.len());
        let page = &all[..most.min(all.len())];
        let headers = match page.last() {
            Some(last) if page.len() < all.len() => {
                format!("Link: </v2/{repository}/tags/list?n={most}&last={last}>; rel=\"next\"\r\n")
            }
            _ => String::new(),
        };
        let body = json!({"name": repository, "tags": page});
        Some(Answer::found(body.to_string()).with(&headers))
    }
}
