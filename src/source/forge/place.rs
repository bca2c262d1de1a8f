//! Where a forge is: its API, its pages, and who we are to it.

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::id::Digest;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;

use super::super::Expected;
use super::super::Headers;
use super::super::Request;
use super::super::catalogue::Endpoints;
use super::login;
use super::release::File;
use crate::env::Var;

/// Where the forge of the name is, for which no other is named.
const GITHUB: &str = "https://github.com";
const GITLAB: &str = "https://gitlab.com";

/// One repository on one forge.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) catalogue: Catalogue,
    /// Where the API begins, without a slash at the end.
    api: String,
    /// Where people look at it.
    pages: String,
    /// The repository's name, without a host.
    pub(super) repository: String,
    token: Option<String>,
    mirrors: Vec<String>,
}

impl Place {
    /// Where `offer` is, by the manifest's `sources`, the forge's own variables, or its name.
    pub(super) fn of(offer: &Offer, endpoints: &Endpoints) -> Self {
        let catalogue = offer.catalogue;
        let (host, repository) = split_host(catalogue, &offer.name);
        let endpoint = endpoints.get(&catalogue);
        let said = endpoint.map(|it| it.url.trim_end_matches('/').to_owned());
        let said = said.filter(|url| host.is_none_or(|host| authority(url) == host));
        let (api, pages) = match (said, host) {
            (Some(url), _) => of_address(catalogue, &url),
            (None, Some(host)) => of_address(catalogue, &format!("https://{host}")),
            (None, None) => usual(catalogue),
        };
        let token = login::token(catalogue, authority(&api));
        Self {
            catalogue,
            api,
            pages,
            repository: repository.to_owned(),
            token,
            mirrors: endpoint.map(|it| it.mirrors.clone()).unwrap_or_default(),
        }
    }

    /// As told to people.
    pub(super) fn shown(&self) -> String {
        format!(
            "{}/{}",
            super::super::redacted(&self.pages),
            self.repository
        )
    }

    /// The address of one page of the list of releases.
    pub(super) fn list(&self, page: usize) -> String {
        let api = &self.api;
        let repository = &self.repository;
        match self.catalogue {
            Catalogue::Gitlab => {
                let id = repository.replace('/', "%2F");
                format!("{api}/projects/{id}/releases?per_page={PER_PAGE}&page={page}")
            }
            Catalogue::Forgejo => {
                format!("{api}/repos/{repository}/releases?limit={PER_PAGE}&page={page}")
            }
            _ => format!("{api}/repos/{repository}/releases?per_page={PER_PAGE}&page={page}"),
        }
    }

    /// What is said to its API.
    pub(super) fn headers(&self) -> Headers {
        let headers = Headers::default();
        let headers = match self.catalogue {
            Catalogue::Github => headers.accepting("application/vnd.github+json"),
            _ => headers.accepting("application/json"),
        };
        match (&self.token, self.catalogue) {
            (Some(token), Catalogue::Gitlab) => headers.with_token("private-token", token),
            (Some(token), Catalogue::Forgejo) => headers.authorized(&format!("token {token}")),
            (Some(token), _) => headers.authorized(&format!("Bearer {token}")),
            (None, _) => headers,
        }
    }

    /// How a file of a release is named in a lock: by tag and name, or by its address where it is elsewhere.
    pub(super) fn name_of(&self, tag: &str, file: &File) -> String {
        let named = format!("{}/{}", escaped(tag), escaped(&file.name));
        match &file.url {
            Some(url) if self.file_address(&self.pages, &named) != *url => {
                super::super::redacted(url)
            }
            _ => named,
        }
    }

    fn file_address(&self, pages: &str, named: &str) -> String {
        let repository = &self.repository;
        match self.catalogue {
            Catalogue::Gitlab => {
                let (tag, name) = named.split_once('/').unwrap_or((named, ""));
                format!("{pages}/{repository}/-/releases/{tag}/downloads/{name}")
            }
            _ => format!("{pages}/{repository}/releases/download/{named}"),
        }
    }

    /// What is asked for a file that says something of others: of it itself nothing is known.
    pub(super) fn beside(&self, tag: &str, file: &File) -> Request {
        let mut request = self.request(&Piece {
            name: format!("{} of {}", file.name, self.repository),
            version: String::new(),
            file: self.name_of(tag, file),
            size: None,
            digest: ExpectedDigest::Blake3(Digest::of(b"")),
            unpack: None,
            at: String::new(),
        });
        request.expected.digests.clear();
        request
    }

    /// What is asked for a file as a lock names it.
    pub(super) fn request(&self, piece: &Piece) -> Request {
        let is_address = piece.file.contains("://");
        let at = |pages: &str| {
            if is_address {
                piece.file.clone()
            } else {
                self.file_address(pages, &piece.file)
            }
        };
        let mirrors = self.mirrors.iter().filter(|_| !is_address);
        // A server of one's own may show its files to members only.
        let headers = match (&self.token, is_address) {
            (Some(_), false) if !self.is_public() => self.headers(),
            _ => Headers::default(),
        };
        Request {
            what: piece.name.clone(),
            url: at(&self.pages),
            mirrors: mirrors
                .map(|mirror| at(mirror.trim_end_matches('/')))
                .collect(),
            headers: headers.accepting("*/*"),
            expected: Expected {
                size: piece.size,
                digests: vec![piece.digest],
                signer: None,
            },
        }
    }

    /// Whether it is a forge that anybody may read.
    fn is_public(&self) -> bool {
        self.pages == GITHUB || self.pages == GITLAB
    }
}

/// How many releases one page of a list has. Forges give at most so many.
pub(super) const PER_PAGE: usize = 50;

/// The host that a name begins with, if it does, and the rest.
fn split_host(catalogue: Catalogue, name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest)) if catalogue == Catalogue::Forgejo || first.contains(['.', ':']) => {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

/// Host and port of an address.
pub(super) fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    host.rsplit('@').next().unwrap_or(host)
}

/// Where a forge's API begins below its address. One that names the API already is left as it is.
const fn api_path(catalogue: Catalogue) -> &'static str {
    match catalogue {
        Catalogue::Gitlab => "/api/v4",
        Catalogue::Forgejo => "/api/v1",
        _ => "/api/v3",
    }
}

/// The API and the pages of the forge at `url`.
fn of_address(catalogue: Catalogue, url: &str) -> (String, String) {
    if catalogue == Catalogue::Github && authority(url) == "api.github.com" {
        return (url.to_owned(), GITHUB.to_owned());
    }
    let path = api_path(catalogue);
    match url.strip_suffix(path) {
        Some(pages) => (url.to_owned(), pages.to_owned()),
        None if url == GITHUB => ("https://api.github.com".to_owned(), url.to_owned()),
        None => (format!("{url}{path}"), url.to_owned()),
    }
}

/// Where the forge of the name is, unless its runners say otherwise.
pub(super) fn usual(catalogue: Catalogue) -> (String, String) {
    let said = match catalogue {
        Catalogue::Gitlab => Var::GitlabApi.text(),
        _ => Var::GithubApi.text(),
    };
    let usual = if catalogue == Catalogue::Gitlab {
        GITLAB
    } else {
        GITHUB
    };
    let url = said.unwrap_or_else(|| usual.to_owned());
    of_address(catalogue, url.trim_end_matches('/'))
}

/// A tag or a file's name as part of an address.
pub(in super::super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' | b'@' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dgmo_schema::manifest::Endpoint;

    use super::*;

    fn place(offer: &str, endpoint: Option<&str>) -> Place {
        let offer: Offer = offer.parse().unwrap();
        let endpoints: Endpoints = endpoint
            .map(|url| {
                let endpoint = Endpoint {
                    url: url.to_owned(),
                    mirrors: Vec::new(),
                    suite: None,
                    components: Vec::new(),
                    key: None,
                };
                (offer.catalogue, endpoint)
            })
            .into_iter()
            .collect::<BTreeMap<_, _>>();
        Place::of(&offer, &endpoints)
    }

    #[test]
    fn a_forge_is_where_its_name_or_the_manifest_says() {
        for (offer, endpoint, list, file) in [
            (
                "github:a/b",
                Some("http://127.0.0.1:1/api/v3"),
                "http://127.0.0.1:1/api/v3/repos/a/b/releases?per_page=50&page=1",
                "http://127.0.0.1:1/a/b/releases/download/v1/x.tar.gz",
            ),
            (
                "github:git.example.org/a/b",
                None,
                "https://git.example.org/api/v3/repos/a/b/releases?per_page=50&page=1",
                "https://git.example.org/a/b/releases/download/v1/x.tar.gz",
            ),
            (
                "gitlab:git.example.org/a/b/c",
                Some("http://elsewhere.example.org"),
                "https://git.example.org/api/v4/projects/a%2Fb%2Fc/releases?per_page=50&page=1",
                "https://git.example.org/a/b/c/-/releases/v1/downloads/x.tar.gz",
            ),
            (
                "forgejo:localhost:3000/a/b",
                Some("http://localhost:3000/"),
                "http://localhost:3000/api/v1/repos/a/b/releases?limit=50&page=1",
                "http://localhost:3000/a/b/releases/download/v1/x.tar.gz",
            ),
        ] {
            let place = place(offer, endpoint);
            assert_eq!(place.list(1), list);
            assert_eq!(place.file_address(&place.pages, "v1/x.tar.gz"), file);
        }
    }

    #[test]
    fn a_tag_is_one_part_of_an_address() {
        assert_eq!(escaped("cli/v1 ü?"), "cli%2Fv1%20%C3%BC%3F");
        assert_eq!(escaped("v1.2.3-rc.1+b_2~@"), "v1.2.3-rc.1+b_2~@");
    }
}
