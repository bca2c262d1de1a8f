//! `sources:`: where catalogues are asked, which mirrors are asked before, where advisories are, and whose signatures of cosign's
//! are believed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Endpoint;
use super::check::Checker;
use super::field::Entries;
use super::field::Field;
use super::raw::RawEndpoint;
use super::raw::RawSource;
use super::text::Placed;
use super::text::Span;
use crate::catalogue::Catalogue;
use crate::code::Code;

/// The word of the mirrors.
const MIRROR: &str = "mirror";

/// The word of the advisories.
const OSV: &str = "osv";

/// The word of those whose signatures are believed.
const SIGSTORE: &str = "sigstore";

/// What one file says of it.
#[derive(Debug, Clone, Default)]
pub(super) struct PartSources {
    pub(super) catalogues: BTreeMap<Catalogue, Placed<Endpoint>>,
    pub(super) mirrors: Vec<String>,
    pub(super) advisories: Option<Endpoint>,
    pub(super) sigstore_root: Option<PathBuf>,
}

impl Checker<'_> {
    pub(super) fn sources(&self, field: Option<Field<Entries<RawSource>>>) -> PartSources {
        let mut sources = PartSources::default();
        let Some(entries) = field.and_then(|field| field.value) else {
            return sources;
        };
        let mut endpoints = Vec::new();
        for (key, entry) in entries.0 {
            let word = key.value.as_deref().unwrap_or_default();
            match (word, entry.value) {
                (MIRROR, Some(RawSource::Mirrors(list))) => {
                    sources.mirrors = self.mirrors(list);
                }
                (MIRROR, Some(RawSource::Endpoint(_))) => {
                    let hint = "`sources: {mirror: [\"https://…\"]}`";
                    self.note_source(entry.span, "mirrors are a list of addresses", hint);
                }
                (OSV, Some(RawSource::Endpoint(raw))) => {
                    sources.advisories = self.endpoint(raw, entry.span, OSV);
                }
                (SIGSTORE, Some(value)) => {
                    sources.sigstore_root = self.sigstore_root(value, entry.span);
                }
                (word, Some(RawSource::Endpoint(RawEndpoint { root: Some(_), .. }))) => {
                    let message = format!("`root` goes with `sigstore`, not with `{word}`");
                    self.reading.note(entry.span, Code::ManifestEntry, message);
                }
                (word, Some(RawSource::Mirrors(_))) => {
                    let hint = format!("`sources: {{{word}: {{url: \"https://…\"}}}}`");
                    let message = format!("`{word}` has one address, and others as its `mirrors`");
                    self.note_source(entry.span, &message, &hint);
                }
                (_, Some(RawSource::Endpoint(raw))) => {
                    let span = entry.span;
                    endpoints.push((
                        key,
                        Field {
                            value: Some(raw),
                            span,
                        },
                    ));
                }
                (_, None) => {}
            }
        }
        let endpoints = Field {
            value: Some(Entries(endpoints)),
            span: Span::default(),
        };
        sources.catalogues = self.entries::<Catalogue, _, _>(Some(endpoints), Self::endpoint);
        sources
    }

    /// The addresses of mirrors, which may be folders of this machine.
    fn mirrors(&self, list: Vec<Field<String>>) -> Vec<String> {
        let mut mirrors = Vec::new();
        for Field { value, span } in list {
            let Some(address) = value else { continue };
            let is_local = address.starts_with("file:///") && !address.contains(char::is_control);
            if is_local || self.is_endpoint(&address, span) {
                mirrors.push(address);
            }
        }
        mirrors
    }

    /// The file of those who are trusted; of `sigstore` nothing else is said.
    fn sigstore_root(&self, raw: RawSource, span: Span) -> Option<PathBuf> {
        if let RawSource::Endpoint(RawEndpoint {
            url: None,
            mirrors: None,
            suite: None,
            components: None,
            key: None,
            root: Some(root),
        }) = raw
        {
            let path = self.local_path(root)?;
            return Some(self.base.join(path.trim_start_matches("./")));
        }
        let hint = "`sources: {sigstore: {root: ./trusted_root.json}}`";
        self.note_source(span, "`sigstore` has a `root` and nothing else", hint);
        None
    }

    fn note_source(&self, span: Span, message: &str, hint: &str) {
        self.reading
            .note_with_hint(span, Code::ManifestEntry, message, Some(hint.to_owned()));
    }
}
