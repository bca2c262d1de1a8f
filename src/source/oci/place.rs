//! Where a package lies: the registry, and the repository on it.

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::manifest::Endpoint;

use super::super::catalogue::CatalogueError;
use super::super::catalogue::Endpoints;

/// A repository of a registry, and the same on others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The registry, as people name it: host and port.
    pub(super) registry: String,
    /// The repository, first that of the registry and then those of its mirrors, as `https://HOST/v2/NAME`.
    at: Vec<String>,
}

impl Place {
    /// Where the package `name` is: at the host it names, or else at the registry of the manifest.
    pub(super) fn of(name: &str, endpoints: &Endpoints) -> Result<Self, CatalogueError> {
        let endpoint = endpoints.get(&Catalogue::Oci);
        let (host, repository) = split_host(name);
        let Some(host) = host else {
            let endpoint = endpoint.ok_or_else(no_endpoint)?;
            return Ok(Self::on(endpoint, repository));
        };
        match endpoint {
            Some(endpoint) if authority(&endpoint.url) == host => {
                // A name with a host is whole: what the manifest's address has behind its own is for names without.
                let bare = Endpoint {
                    url: root(&endpoint.url).0.to_owned(),
                    ..endpoint.clone()
                };
                Ok(Self::on(&bare, repository))
            }
            _ => {
                let scheme = if is_this_machine(host) {
                    "http"
                } else {
                    "https"
                };
                Ok(Self {
                    registry: host.to_owned(),
                    at: vec![format!("{scheme}://{host}/v2/{repository}")],
                })
            }
        }
    }

    fn on(endpoint: &Endpoint, repository: &str) -> Self {
        let at = |url: &str| {
            let (root, path) = root(url);
            format!("{root}/v2{path}/{repository}")
        };
        let all = std::iter::once(&endpoint.url).chain(&endpoint.mirrors);
        Self {
            registry: authority(&endpoint.url).to_owned(),
            at: all.map(|url| at(url)).collect(),
        }
    }

    /// The address of something of the repository, and of the same on its mirrors.
    pub(super) fn address(&self, of: &str) -> (String, Vec<String>) {
        let mut all = self.at.iter().map(|at| format!("{at}/{of}"));
        let first = all.next().unwrap_or_default();
        (first, all.collect())
    }

    /// As told to people.
    pub(super) fn shown(&self) -> String {
        super::super::redacted(&self.at[0]).replacen("/v2/", "/", 1)
    }
}

fn no_endpoint() -> CatalogueError {
    CatalogueError::NoEndpoint {
        catalogue: Catalogue::Oci,
        lines: "sources:\n  oci: {url: \"https://…\"}".to_owned(),
    }
}

/// The host that a name begins with, if it does, and the rest: as Docker tells them apart.
fn split_host(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

/// Scheme and host of an address, and its path without a slash at the end.
fn root(url: &str) -> (&str, &str) {
    let url = url.trim_end_matches('/');
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    url.split_at(end)
}

/// Host and port of an address.
fn authority(url: &str) -> &str {
    let root = root(url).0;
    let host = root.split_once("://").map_or(root, |(_, host)| host);
    host.rsplit('@').next().unwrap_or(host)
}

/// Whether a registry on `host` needs no TLS: nobody is between.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let is_loopback = |ip: std::net::IpAddr| ip.is_loopback();
    name == "localhost" || name.trim_matches(['[', ']']).parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, url: Option<&str>, mirrors: &[&str]) -> Option<Place> {
        let endpoint = url.map(|url| Endpoint {
            url: url.to_owned(),
            mirrors: mirrors.iter().map(|it| (*it).to_owned()).collect(),
            suite: None,
            components: Vec::new(),
            key: None,
        });
        let endpoints = endpoint.map(|it| (Catalogue::Oci, it));
        Place::of(name, &endpoints.into_iter().collect()).ok()
    }

    #[test]
    fn a_package_is_where_its_name_or_the_manifest_says() {
        for (name, url, tags) in [
            (
                "r.example.org/a/b",
                None,
                "https://r.example.org/v2/a/b/tags",
            ),
            ("localhost:5000/a", None, "http://localhost:5000/v2/a/tags"),
            ("127.0.0.1:5/a", None, "http://127.0.0.1:5/v2/a/tags"),
            (
                "127.example.org/a",
                None,
                "https://127.example.org/v2/a/tags",
            ),
            (
                "a/b",
                Some("https://r.example.org/"),
                "https://r.example.org/v2/a/b/tags",
            ),
            (
                "a",
                Some("https://r.example.org/proxy/x/"),
                "https://r.example.org/v2/proxy/x/a/tags",
            ),
            (
                "r.example.org/a",
                Some("http://r.example.org/proxy"),
                "http://r.example.org/v2/a/tags",
            ),
            (
                "other.example.org/a",
                Some("http://r.example.org"),
                "https://other.example.org/v2/a/tags",
            ),
        ] {
            let place = place(name, url, &[]).unwrap();
            assert_eq!(place.address("tags").0, tags, "{name} {url:?}");
        }
        assert_eq!(place("a/b", None, &[]), None);
    }

    #[test]
    fn mirrors_are_for_the_registry_of_the_manifest() {
        let url = Some("https://me:pw@r.example.org");
        let mirror = ["https://m.example.org/r"];
        let found = place("a", url, &mirror).unwrap();
        assert_eq!(found.address("t").1, ["https://m.example.org/v2/r/a/t"]);
        assert_eq!(found.registry, "r.example.org");
        assert!(!found.shown().contains("pw"), "{}", found.shown());
        let other = place("o.example.org/a", url, &mirror).unwrap();
        assert!(other.address("t").1.is_empty());
    }
}
