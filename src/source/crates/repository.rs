//! The repository that a crate names, as a package of a forge.

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;

use super::super::catalogue::Endpoints;

/// Forges that anybody knows by their host.
const KNOWN: &[(&str, Catalogue)] = &[
    ("github.com", Catalogue::Github),
    ("gitlab.com", Catalogue::Gitlab),
    ("codeberg.org", Catalogue::Forgejo),
];

/// What a repository's address is as a package; nothing where its host is no forge that is known, by all or by the
/// manifest.
pub(super) fn offer(url: &str, endpoints: &Endpoints) -> Option<Offer> {
    let url = url.split(['?', '#']).next()?;
    let rest = url.strip_prefix("git+").unwrap_or(url);
    let rest = rest
        .strip_prefix("https://")
        .or_else(|| rest.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let of_manifest = || {
        let mut all = endpoints
            .iter()
            .filter(|(catalogue, _)| catalogue.is_forge());
        all.find(|(_, endpoint)| authority(&endpoint.url) == host)
            .map(|(catalogue, _)| *catalogue)
    };
    let mut known = KNOWN.iter();
    let known = known.find(|(name, _)| *name == host);
    let catalogue = known
        .map(|(_, catalogue)| *catalogue)
        .or_else(of_manifest)?;
    // Behind it may stand what people look at: `/tree/main/crates/x`, `/-/tree/…`, `/src/branch/…`.
    let path = path.split("/-/").next()?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let parts = match catalogue {
        Catalogue::Gitlab => &parts[..],
        _ => parts.get(..2)?,
    };
    let plain = |part: &&str| {
        !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-+~".contains(&byte))
    };
    if parts.len() < 2 || !parts.iter().all(plain) {
        return None;
    }
    let name = parts.join("/");
    let name = name.strip_suffix(".git").unwrap_or(&name);
    let is_usual = matches!(host, "github.com" | "gitlab.com");
    Some(Offer {
        catalogue,
        name: if is_usual {
            name.to_owned()
        } else {
            format!("{host}/{name}")
        },
    })
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    host.rsplit('@').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use dgmo_schema::manifest::Endpoint;

    use super::*;

    #[test]
    fn a_repository_is_found_behind_what_people_write() {
        let endpoint = Endpoint {
            url: "http://127.0.0.1:1/api/v3".to_owned(),
            mirrors: Vec::new(),
            suite: None,
            components: Vec::new(),
            key: None,
        };
        let endpoints = [(Catalogue::Github, endpoint)].into_iter().collect();
        for (url, expected) in [
            ("https://github.com/a/b", Some("github:a/b")),
            ("https://github.com/a/b.git", Some("github:a/b")),
            ("https://www.github.com/a/b/tree/main/x", Some("github:a/b")),
            ("https://gitlab.com/a/b/c/-/tree/main", Some("gitlab:a/b/c")),
            (
                "https://codeberg.org/a/b/",
                Some("forgejo:codeberg.org/a/b"),
            ),
            ("http://127.0.0.1:1/a/b", Some("github:127.0.0.1:1/a/b")),
            ("https://git.example.org/a/b", None),
            ("https://github.com/a", None),
            ("https://github.com/a/../b", None),
            ("git@github.com:a/b", None),
            ("", None),
        ] {
            let found = offer(url, &endpoints).map(|offer| offer.to_string());
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }
}
