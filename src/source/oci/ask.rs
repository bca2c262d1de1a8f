//! The questions to a registry: its tags, page by page, and the documents that tags and digests lead to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;
use serde::Deserialize;
use sha2::Digest as _;

use super::Named;
use super::Oci;
use super::manifest;
use super::manifest::About;
use super::manifest::Descriptor;
use super::manifest::Document;
use super::place::Place;
use crate::source::Address;
use crate::source::Expected;
use crate::source::FetchError;
use crate::source::Headers;
use crate::source::Request;
use crate::source::catalogue::Ask;
use crate::source::catalogue::CatalogueError;
use crate::source::redacted;

/// How many tags one page of a list shall have.
const PER_PAGE: usize = 1000;

/// The most pages that are asked for.
const MOST_PAGES: usize = 100;

impl Oci<'_> {
    pub(super) fn request(&self, what: &str, place: &Place, of: &str) -> Request {
        let (url, mirrors) = place.address(of);
        Request {
            what: what.to_owned(),
            url,
            mirrors,
            headers: Headers::default().through(Arc::clone(&self.tokens) as _),
            expected: Expected::default(),
        }
    }

    /// All tags of the repository.
    pub(super) fn tags(&self, ask: &Ask<'_>, place: &Place) -> Result<Vec<String>, CatalogueError> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let mut request = self.request(
            &ask.source.offer.name,
            place,
            &format!("tags/list?n={PER_PAGE}"),
        );
        let mut tags = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.downloads.page(&request);
            let (bytes, link) = page.map_err(|error| refused(ask, place, error))?;
            let unclear = |why: String| CatalogueError::Answer {
                url: redacted(&request.url),
                why,
            };
            let page: Page =
                serde_json::from_slice(&bytes).map_err(|error| unclear(error.to_string()))?;
            tags.extend(page.tags.unwrap_or_default());
            let Some(next) = link.as_deref().and_then(next_of) else {
                return Ok(tags);
            };
            let url = next_page(&request.url, next).map_err(unclear)?;
            request.url = url;
            // Where a list goes on is known to the one who began it.
            request.mirrors = Vec::new();
        }
        Err(CatalogueError::Answer {
            url: place.shown(),
            why: format!("its list of tags has more than {MOST_PAGES} pages"),
        })
    }

    /// What a tag or a digest leads to. A tag is asked once in a run, so that all systems get the same.
    pub(super) fn document(
        &self,
        ask: &Ask<'_>,
        place: &Place,
        reference: &str,
    ) -> Result<Arc<Named>, CatalogueError> {
        let mut request = self.request(
            &ask.source.offer.name,
            place,
            &format!("manifests/{reference}"),
        );
        if let Some(known) = self.held().get(&request.url) {
            return Ok(Arc::clone(known));
        }
        request.headers = request.headers.accepting(manifest::FORMS);
        request.expected.digests = reference.parse().into_iter().collect();
        let bytes = self.downloads.document(&request);
        let bytes = bytes.map_err(|error| match error {
            error if error.says_absent() => CatalogueError::Answer {
                url: place.shown(),
                why: format!("it has no `{reference}`"),
            },
            error => refused(ask, place, error),
        })?;
        let document = Document::read(&bytes).map_err(|why| CatalogueError::Answer {
            url: redacted(&request.url),
            why,
        })?;
        let named = Arc::new(Named {
            digest: sha256(&bytes),
            document,
        });
        self.held().insert(request.url, Arc::clone(&named));
        Ok(named)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Arc<Named>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is said of an image as a whole.
    pub(super) fn about(
        &self,
        ask: &Ask<'_>,
        place: &Place,
        config: &Descriptor,
    ) -> Result<About, CatalogueError> {
        let name = &ask.source.offer.name;
        let mut request = self.request(name, place, &format!("blobs/{}", config.digest));
        request.expected.digests = vec![config.digest];
        request.expected.size = Some(config.size);
        let bytes = self.downloads.document(&request);
        Ok(About::read(
            &bytes.map_err(|error| refused(ask, place, error))?,
        ))
    }

    /// When what a tag leads to was made, where anybody says.
    pub(super) fn created(
        &self,
        ask: &Ask<'_>,
        place: &Place,
        reference: &str,
    ) -> Result<Option<Timestamp>, CatalogueError> {
        let named = self.document(ask, place, reference)?;
        let manifest = match &named.document {
            Document::Index(index) if index.created.is_some() => return Ok(index.created),
            Document::Index(index) => {
                let mut entries = index.manifests.iter();
                let Some(first) = entries.find(|entry| !entry.is_about_another) else {
                    return Ok(None);
                };
                return self.created(ask, place, &first.digest.to_string());
            }
            Document::Manifest(manifest) => manifest,
        };
        match &manifest.config {
            _ if manifest.created.is_some() => Ok(manifest.created),
            Some(config) if config.is_about_an_image() => {
                Ok(self.about(ask, place, config)?.created)
            }
            _ => Ok(None),
        }
    }
}

/// What a refusal means: that there is nothing, or nothing for us.
fn refused(ask: &Ask<'_>, place: &Place, error: FetchError) -> CatalogueError {
    let offer = ask.source.offer.clone();
    if error.says_absent() {
        return CatalogueError::NotOffered {
            offer,
            source: error,
        };
    }
    match &error {
        FetchError::Refused { status, .. }
            if status.starts_with("401") || status.starts_with("403") =>
        {
            CatalogueError::Denied {
                offer,
                registry: place.registry.clone(),
                source: Box::new(error),
            }
        }
        _ => error.into(),
    }
}

/// The address of the next page in a `Link` header.
fn next_of(link: &str) -> Option<&str> {
    link.split(',').find_map(|one| {
        let (address, says) = one.split_once('>')?;
        let is_next = says.split(';').any(|it| {
            let it = it.trim().to_ascii_lowercase();
            it == "rel=next" || it == "rel=\"next\""
        });
        is_next.then(|| address.trim().trim_start_matches('<'))
    })
}

/// The next page, on the same server: nobody else gets to know who asks.
fn next_page(here: &str, next: &str) -> Result<String, String> {
    let Ok(Address::Remote(here)) = Address::parse(here) else {
        return Err("its list of tags goes on nowhere".to_owned());
    };
    let there = here.redirected(next)?;
    if there.is_same_server(&here) {
        Ok(there.text().to_owned())
    } else {
        Err(format!(
            "its list of tags goes on at another server, `{}`",
            there.shown_without_query()
        ))
    }
}

/// The digest of a document, as registries write it.
fn sha256(bytes: &[u8]) -> String {
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    format!("sha256:{}", Digest::from_bytes(digest).hex())
}

#[cfg(test)]
mod tests {
    use dgmo_schema::manifest::ExpectedDigest;

    use super::*;

    #[test]
    fn a_list_goes_on_where_its_header_says() {
        let next = "</v2/a/tags/list?n=2&last=b>; rel=\"next\"";
        assert_eq!(next_of(next), Some("/v2/a/tags/list?n=2&last=b"));
        assert_eq!(next_of("<x>; rel=prev, <y>; foo=1; rel=next"), Some("y"));
        for odd in ["", "<x>", "<x; rel=next", "x"] {
            assert_eq!(next_of(odd), None, "{odd}");
        }
        let here = "https://r.example.org/v2/a/tags/list?n=2";
        assert_eq!(
            next_page(here, "/v2/a/tags/list?last=b").unwrap(),
            "https://r.example.org/v2/a/tags/list?last=b"
        );
        for evil in [
            "https://evil.example/v2/a/tags/list",
            "http://r.example.org/v2/a/tags/list",
            "//evil.example/",
        ] {
            assert!(next_page(here, evil).is_err(), "{evil}");
        }
    }

    #[test]
    fn a_document_is_called_by_its_digest() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        assert!(matches!(empty.parse(), Ok(ExpectedDigest::Sha256(_))));
    }
}
