//! The forges' lists of releases, read.

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::catalogue::Offer;
use dgmo_schema::generation::Timestamp;
use serde::Deserialize;

use super::super::Downloads;
use super::super::Expected;
use super::super::FetchError;
use super::super::Request;
use super::super::catalogue::CatalogueError;
use super::place::PER_PAGE;
use super::place::Place;
use super::release::File;
use super::release::Release;

/// The most pages that are asked for.
const MOST_PAGES: usize = 40;

/// The releases, newest first, page by page until `enough` says so or there are no more.
pub(super) fn releases(
    downloads: &Downloads<'_>,
    place: &Place,
    enough: &dyn Fn(&[Release]) -> bool,
) -> Result<Vec<Release>, CatalogueError> {
    let mut releases = Vec::new();
    for page in 1..=MOST_PAGES {
        let url = place.list(page);
        let request = Request {
            what: place.repository.clone(),
            url: url.clone(),
            mirrors: Vec::new(),
            headers: place.headers(),
            expected: Expected::default(),
        };
        let bytes = downloads.document(&request)?;
        let more = read(place.catalogue, &bytes).map_err(|why| CatalogueError::Answer {
            url,
            why: why.to_string(),
        })?;
        let is_last = more.len() < PER_PAGE;
        releases.extend(more.into_iter().flatten());
        if is_last || enough(&releases) {
            break;
        }
    }
    Ok(releases)
}

/// What a refusal of the list means: that there is no such repository, or none for us.
pub(super) fn not_offered(error: CatalogueError, offer: &Offer) -> CatalogueError {
    match error {
        CatalogueError::Fetch(source @ FetchError::Refused { .. }) if source.says_absent() => {
            CatalogueError::NotOffered {
                offer: offer.clone(),
                source,
            }
        }
        error => error,
    }
}

/// One page; a draft is nothing.
fn read(catalogue: Catalogue, bytes: &[u8]) -> Result<Vec<Option<Release>>, serde_json::Error> {
    if catalogue == Catalogue::Gitlab {
        let releases: Vec<OfGitlab> = serde_json::from_slice(bytes)?;
        return Ok(releases.into_iter().map(OfGitlab::release).collect());
    }
    let releases: Vec<OfGithub> = serde_json::from_slice(bytes)?;
    Ok(releases.into_iter().map(OfGithub::release).collect())
}

/// As GitHub tells it, and Forgejo and Gitea after it.
#[derive(Deserialize)]
struct OfGithub {
    tag_name: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    prerelease: bool,
    published_at: Option<Timestamp>,
    #[serde(default)]
    assets: Vec<GithubAsset>,
}

#[derive(Deserialize)]
struct GithubAsset {
    name: String,
    size: Option<u64>,
    browser_download_url: Option<String>,
    digest: Option<String>,
}

impl OfGithub {
    fn release(self) -> Option<Release> {
        let files = self.assets.into_iter().map(|asset| File {
            name: asset.name,
            size: asset.size,
            url: asset.browser_download_url,
            digest: asset.digest.and_then(|text| text.parse().ok()),
        });
        (!self.draft).then(|| Release {
            tag: self.tag_name,
            published: self.published_at,
            is_prerelease: self.prerelease,
            files: files.collect(),
        })
    }
}

/// As GitLab tells it.
#[derive(Deserialize)]
struct OfGitlab {
    tag_name: String,
    released_at: Option<Timestamp>,
    #[serde(default)]
    upcoming_release: bool,
    #[serde(default)]
    assets: GitlabAssets,
}

#[derive(Default, Deserialize)]
struct GitlabAssets {
    #[serde(default)]
    links: Vec<GitlabLink>,
}

#[derive(Deserialize)]
struct GitlabLink {
    name: String,
    url: Option<String>,
    direct_asset_url: Option<String>,
}

impl OfGitlab {
    fn release(self) -> Option<Release> {
        let files = self.assets.links.into_iter().map(|link| {
            let url = link.direct_asset_url.or(link.url);
            File {
                // A link may be called anything; what it leads to tells more.
                name: url
                    .as_deref()
                    .and_then(|url| url.split(['?', '#']).next()?.rsplit('/').next())
                    .filter(|name| name.contains('.') && !link.name.contains('.'))
                    .unwrap_or(&link.name)
                    .to_owned(),
                size: None,
                url,
                digest: None,
            }
        });
        (!self.upcoming_release).then(|| Release {
            tag: self.tag_name,
            published: self.released_at,
            is_prerelease: false,
            files: files.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_as_each_forge_tells_them() {
        let github = br#"[{"tag_name":"v1","draft":true},{"tag_name":"v2","prerelease":true,
            "published_at":"2024-05-06T07:08:09Z","assets":[{"name":"a.zip","size":3,"more":1,
            "browser_download_url":"https://example.org/a.zip",
            "digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}]"#;
        let read_back = read(Catalogue::Forgejo, github).unwrap();
        assert!(read_back[0].is_none());
        let release = read_back[1].as_ref().unwrap();
        assert!(release.is_prerelease && release.files[0].digest.is_some());
        let gitlab =
            br#"[{"tag_name":"v3","released_at":"2024-05-06T07:08:09.123Z","assets":{"links":[
            {"name":"Linux","url":"https://example.org/x/tool-linux-amd64.tar.gz?a=b"}]}}]"#;
        let read_back = read(Catalogue::Gitlab, gitlab).unwrap();
        let release = read_back[0].as_ref().unwrap();
        assert_eq!(release.files[0].name, "tool-linux-amd64.tar.gz");
        assert!(release.published.is_some());
        for hostile in [&b"{}"[..], b"[{}]", b"[1]", b"", b"[{\"tag_name\":1}]"] {
            assert!(read(Catalogue::Github, hostile).is_err());
        }
    }
}
