//! One entry of `packages`, from its shape to a checked requirement.

use std::collections::BTreeMap;

use super::DigestScope;
use super::ExpectedDigest;
use super::ParseExpectedDigestError;
use super::Requirement;
use super::ShortSource;
use super::Source;
use super::UrlSource;
use super::check::Checker;
use super::field::Field;
use super::raw::RawDigest;
use super::raw::RawPackage;
use super::raw::RawTable;
use super::text::Span;
use super::words;
use crate::code::Code;
use crate::name::TargetPath;
use crate::nearest::nearest;
use crate::system::System;

/// The placeholders of an address.
pub(super) const PLACEHOLDERS: &[&str] = &["version", "system", "os", "arch"];

/// Checks one package.
pub(super) fn requirement(
    checker: &Checker<'_>,
    raw: RawPackage,
    span: Span,
    name: &str,
) -> Option<Requirement> {
    match raw {
        RawPackage::Short(version) => {
            let field = Field {
                value: Some(version),
                span,
            };
            let version = checker.wanted_version(field)?;
            Some(Requirement {
                source: Source::Short(ShortSource::of(version)),
                bin: Vec::new(),
                priority: 0,
                relocatable: true,
            })
        }
        RawPackage::Table(table) => checker.table(*table, span, name),
    }
}

impl Checker<'_> {
    fn table(&self, mut raw: RawTable, span: Span, name: &str) -> Option<Requirement> {
        let bin = self.bin(raw.bin.take());
        let priority = raw
            .priority
            .take()
            .and_then(|field| field.value)
            .unwrap_or(0);
        let relocatable = raw.relocatable.take().and_then(|field| field.value);
        let source = self.source(raw, span, name)?;
        Some(Requirement {
            source,
            bin,
            priority,
            relocatable: relocatable.unwrap_or(true),
        })
    }

    /// Where its bytes come from: exactly one place.
    pub(super) fn source(&self, mut raw: RawTable, span: Span, name: &str) -> Option<Source> {
        let (path, url) = (raw.path.take(), raw.url.take());
        let named = raw.take_names();
        let mut given: Vec<(&str, Span)> = Vec::new();
        given.extend(path.as_ref().map(|field| ("path", field.span)));
        given.extend(url.as_ref().map(|field| ("url", field.span)));
        given.extend(named.iter().map(|(it, field)| (it.word(), field.span)));
        if let [(first, _), (second, at), ..] = given[..] {
            self.reading.note_with_hint(
                at,
                Code::ManifestEntry,
                format!("`{name}` has both `{first}` and `{second}`"),
                Some("keep the one its bytes shall come from".to_owned()),
            );
            return None;
        }
        if let Some(path) = path {
            return self.path_source(path, &raw);
        }
        if let Some(url) = url {
            return self.url_source(url, raw);
        }
        if let Some((catalogue, field)) = named.into_iter().next() {
            let source = self.named_source(catalogue, field, raw);
            return source.map(Source::Named);
        }
        if raw.version.is_some() && !self.reading.is_marred(span) {
            return self.short_source(raw, name);
        }
        if !self.reading.is_marred(span) {
            self.reading.note_with_hint(
                span,
                Code::ManifestEntry,
                format!("`{name}` does not say where its bytes come from"),
                Some(
                    "give it a `path:`, a `url:` or a catalogue such as `npm:`, or a `version:` if an index knows \
                     its name"
                        .to_owned(),
                ),
            );
        }
        None
    }

    /// A tool of an index: that says all but the version, and who must have signed it.
    fn short_source(&self, raw: RawTable, name: &str) -> Option<Source> {
        let strangers = [
            ("strip", raw.strip.as_ref().map(|field| field.span)),
            ("unpack", raw.unpack.as_ref().map(|field| field.span)),
            ("digest", raw.digest.as_ref().map(|field| field.span)),
            ("asset", raw.asset.as_ref().map(|field| field.span)),
            ("extras", raw.extras.as_ref().map(|field| field.span)),
            ("python", raw.python.as_ref().map(|field| field.span)),
            ("rev", raw.rev.as_ref().map(|field| field.span)),
            ("subdir", raw.subdir.as_ref().map(|field| field.span)),
            (
                "submodules",
                raw.submodules.as_ref().map(|field| field.span),
            ),
            (
                "dependencies",
                raw.dependencies.as_ref().map(|field| field.span),
            ),
        ];
        for (key, span) in strangers {
            if let Some(span) = span {
                self.reading.note_with_hint(
                    span,
                    Code::ManifestEntry,
                    format!(
                        "`{key}` needs a source beside it: `{name}` alone is a tool of an index"
                    ),
                    Some(words::SOURCES_TODAY.to_owned()),
                );
            }
        }
        let (minisign, cosign) = self.signers(raw.minisign, raw.cosign);
        let version = self.wanted_version(raw.version?)?;
        Some(Source::Short(ShortSource {
            version: Some(version),
            minisign,
            cosign,
        }))
    }

    fn path_source(&self, path: Field<String>, raw: &RawTable) -> Option<Source> {
        let strangers = [
            ("version", raw.version.as_ref().map(|field| field.span)),
            ("strip", raw.strip.as_ref().map(|field| field.span)),
            ("unpack", raw.unpack.as_ref().map(|field| field.span)),
            ("digest", raw.digest.as_ref().map(|field| field.span)),
            ("minisign", raw.minisign.as_ref().map(|field| field.span)),
            ("asset", raw.asset.as_ref().map(|field| field.span)),
            ("extras", raw.extras.as_ref().map(|field| field.span)),
            ("python", raw.python.as_ref().map(|field| field.span)),
        ];
        for (key, span) in strangers {
            if let Some(span) = span {
                let message = format!("`{key}` goes with `url`, not with `path`");
                self.reading.note(span, Code::ManifestEntry, message);
            }
        }
        self.refuse_git_keys(raw, "path");
        self.refuse_deb_keys(raw, "path");
        Some(Source::Path {
            path: self.local_path(path)?,
            base: self.base.to_owned(),
        })
    }

    fn url_source(&self, url: Field<String>, raw: RawTable) -> Option<Source> {
        if let Some(asset) = &raw.asset {
            let message = "`asset` goes with releases of a forge, not with `url`";
            self.reading.note(asset.span, Code::ManifestEntry, message);
        }
        for (key, span) in [
            ("extras", raw.extras.as_ref().map(|field| field.span)),
            ("python", raw.python.as_ref().map(|field| field.span)),
        ] {
            if let Some(span) = span {
                let message = format!("`{key}` goes with `pypi`, not with `url`");
                self.reading.note(span, Code::ManifestEntry, message);
            }
        }
        self.refuse_git_keys(&raw, "url");
        self.refuse_deb_keys(&raw, "url");
        let version = raw.version.and_then(|field| self.version(field));
        let (minisign, cosign) = self.signers(raw.minisign, raw.cosign);
        let text = url.value?;
        self.check_address(&text, url.span);
        self.check_placeholders(&text, url.span, version.is_some());
        let digest = raw.digest.map(|field| self.digest(field, &text));
        Some(Source::Url(UrlSource {
            url: text,
            version,
            strip: raw.strip.and_then(|field| field.value).unwrap_or(0),
            unpack: raw.unpack.and_then(|field| field.value),
            digest: digest.unwrap_or_default(),
            minisign,
            cosign,
        }))
    }

    fn version(&self, field: Field<super::raw::Text>) -> Option<String> {
        let version = field.value?.0;
        if version.is_empty() || version.chars().any(|c| c.is_control() || c.is_whitespace()) {
            let message = format!("`{}` is not a version", words::shorten(&version));
            self.reading.note(field.span, Code::ManifestValue, message);
        }
        Some(version)
    }

    pub(super) fn bin(&self, field: Option<Field<Vec<Field<String>>>>) -> Vec<String> {
        let mut programs = Vec::new();
        for Field { value, span } in field.and_then(|field| field.value).unwrap_or_default() {
            let Some(program) = value else { continue };
            match program.parse::<TargetPath>() {
                Ok(_) => programs.push(program),
                Err(error) => {
                    let message = format!(
                        "`{}` is not a path inside the package: {}",
                        words::shorten(&program),
                        error.why
                    );
                    let hint = "write it as it lies in the package, such as `bin/hx`".to_owned();
                    self.reading
                        .note_with_hint(span, Code::ManifestValue, message, Some(hint));
                }
            }
        }
        programs
    }

    fn check_address(&self, url: &str, span: Span) {
        let scheme = url
            .split_once(':')
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        let rest = url.split_once("//").map_or("", |(_, rest)| rest);
        let why = match scheme.as_deref() {
            Some("file") if url.len() > "file:".len() => None,
            Some("http" | "https") if !rest.is_empty() && !rest.starts_with('/') => None,
            Some("file" | "http" | "https") => Some("it names no file"),
            _ => Some("it must begin with `https://`, `http://` or `file:`"),
        };
        let odd = url.chars().any(|c| c.is_control() || c == ' ');
        if let Some(why) = why.or(odd.then_some("it holds a space or a control character")) {
            let message = format!(
                "`{}` is not an address dgmo can fetch: {why}",
                words::shorten(url)
            );
            let hint = (why.starts_with("it must") && !url.contains("://"))
                .then(|| "for a file or folder of this machine write `path:`".to_owned());
            self.reading
                .note_with_hint(span, Code::ManifestValue, message, hint);
        }
    }

    fn check_placeholders(&self, url: &str, span: Span, has_version: bool) {
        for name in placeholders(url) {
            if name == "version" && !has_version && !self.reading.is_marred(span) {
                self.reading.note_with_hint(
                    span,
                    Code::ManifestEntry,
                    "the address has `{version}`, but no `version` is given",
                    Some("add a `version:`".to_owned()),
                );
            } else if !PLACEHOLDERS.contains(&name) {
                let message = format!(
                    "the address has the unknown placeholder `{{{}}}`",
                    words::shorten(name)
                );
                let hint = match nearest(name, PLACEHOLDERS.iter().copied()) {
                    Some(near) => format!("did you mean `{{{near}}}`?"),
                    None => "use `{version}`, `{system}`, `{os}` or `{arch}`".to_owned(),
                };
                self.reading
                    .note_with_hint(span, Code::ManifestValue, message, Some(hint));
            }
        }
    }

    fn digest(&self, field: Field<RawDigest>, url: &str) -> BTreeMap<DigestScope, ExpectedDigest> {
        let mut digests = BTreeMap::new();
        match field.value {
            Some(RawDigest::One(text)) => {
                if placeholders(url).any(|name| name != "version" && PLACEHOLDERS.contains(&name)) {
                    self.reading.note_with_hint(
                        field.span,
                        Code::ManifestEntry,
                        "one digest cannot hold for an address that differs by system",
                        Some(
                            "write `digest: {x86_64-linux: …}` with a line for each system"
                                .to_owned(),
                        ),
                    );
                } else if let Some(digest) = self.expected_digest(&text, field.span) {
                    digests.insert(DigestScope::Any, digest);
                }
            }
            Some(RawDigest::BySystem(entries)) => {
                for (key, value) in entries.0 {
                    let system = key
                        .value
                        .and_then(|text| self.digest_system(&text, key.span));
                    let digest = value
                        .value
                        .and_then(|text| self.expected_digest(&text, value.span));
                    if let (Some(system), Some(digest)) = (system, digest) {
                        digests.insert(DigestScope::System(system), digest);
                    }
                }
            }
            None => {}
        }
        digests
    }

    pub(super) fn digest_system(&self, text: &str, span: Span) -> Option<System> {
        let known = System::KNOWN.contains(&text) || *text == System::this().to_string();
        if let (true, Ok(system)) = (known, text.parse()) {
            return Some(system);
        }
        let message = format!("`{}` is not a system dgmo knows", words::shorten(text));
        let hint = Some(words::one_of(text, System::KNOWN));
        self.reading
            .note_with_hint(span, Code::ManifestValue, message, hint);
        None
    }

    fn expected_digest(&self, text: &str, span: Span) -> Option<ExpectedDigest> {
        let digest = text.parse().ok();
        if digest.is_none() {
            let message = format!("`{}` is not a digest", words::shorten(text));
            let hint = ParseExpectedDigestError.to_string();
            self.reading
                .note_with_hint(span, Code::ManifestValue, message, Some(hint));
        }
        digest
    }

    pub(super) fn minisign(&self, field: Field<String>) -> Option<String> {
        let key = field.value?;
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        // 42 bytes: two for the algorithm `Ed`, eight for the key's number, 32 for the key.
        if key.len() == 56 && key.starts_with("RW") && key.bytes().all(base64) {
            return Some(key);
        }
        let message = format!("`{}` is not a minisign public key", words::shorten(&key));
        let hint =
            "copy the line from the `.pub` file: 56 characters that begin with `RW`".to_owned();
        self.reading
            .note_with_hint(field.span, Code::ManifestValue, message, Some(hint));
        None
    }
}

/// The names between braces.
pub(super) fn placeholders(url: &str) -> impl Iterator<Item = &str> {
    url.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
