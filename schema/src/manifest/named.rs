//! Packages of catalogues, and where catalogues are asked.

use std::collections::BTreeMap;

use super::DigestScope;
use super::Endpoint;
use super::NamedSource;
use super::check::Checker;
use super::field::Field;
use super::offered::check_name;
use super::package::PLACEHOLDERS;
use super::package::placeholders;
use super::raw::RawAsset;
use super::raw::RawEndpoint;
use super::raw::RawTable;
use super::text::Span;
use super::words;
use crate::catalogue::Catalogue;
use crate::catalogue::Offer;
use crate::code::Code;
use crate::nearest::nearest;
use crate::version::python::normal_name;

impl RawTable {
    /// Every catalogue the package names.
    pub(super) fn take_names(&mut self) -> Vec<(Catalogue, Field<String>)> {
        let names = Catalogue::ALL.into_iter().filter_map(|catalogue| {
            let field = match catalogue {
                Catalogue::Github => self.github.take(),
                Catalogue::Gitlab => self.gitlab.take(),
                Catalogue::Forgejo => self.forgejo.take(),
                Catalogue::Npm => self.npm.take(),
                Catalogue::Pypi => self.pypi.take(),
                Catalogue::Git => self.git.take(),
                Catalogue::Deb => self.deb.take(),
                Catalogue::Oci => self.oci.take(),
                Catalogue::Crates => self.crates.take(),
                Catalogue::Conda => self.conda.take(),
            };
            Some((catalogue, field?))
        });
        names.collect()
    }
}

impl Checker<'_> {
    /// A package that `catalogue` offers as `name`.
    pub(super) fn named_source(
        &self,
        catalogue: Catalogue,
        name: Field<String>,
        raw: RawTable,
    ) -> Option<NamedSource> {
        for (key, span) in [
            ("strip", raw.strip.as_ref().map(|field| field.span)),
            ("unpack", raw.unpack.as_ref().map(|field| field.span)),
            ("digest", raw.digest.as_ref().map(|field| field.span)),
        ] {
            if let Some(span) = span {
                let message = format!("`{key}` goes with `url`, not with `{catalogue}`");
                self.reading.note(span, Code::ManifestEntry, message);
            }
        }
        self.refuse_forge_keys(&raw, catalogue);
        if catalogue != Catalogue::Pypi
            && let Some(field) = &raw.extras
        {
            let message = format!("`extras` goes with `pypi`, not with `{catalogue}`");
            self.reading.note(field.span, Code::ManifestEntry, message);
        }
        if !matches!(catalogue, Catalogue::Pypi | Catalogue::Conda)
            && let Some(field) = &raw.python
        {
            let message = format!("`python` goes with `pypi` and `conda`, not with `{catalogue}`");
            self.reading.note(field.span, Code::ManifestEntry, message);
        }
        if catalogue != Catalogue::Deb {
            self.refuse_deb_keys(&raw, catalogue.word());
        }
        if catalogue != Catalogue::Git {
            self.refuse_git_keys(&raw, catalogue.word());
        }
        let rev = raw
            .rev
            .and_then(|field| self.rev(field, raw.version.as_ref()));
        let subdir = raw.subdir.and_then(|field| self.subdir(field));
        let whole = raw.submodules.or(raw.dependencies);
        let whole = whole.and_then(|field| field.value);
        let extras = raw
            .extras
            .map(|field| self.extras(field))
            .unwrap_or_default();
        let python = raw.python.and_then(|field| self.python(field));
        let version = raw.version.and_then(|field| self.wanted_version(field));
        let asset = raw.asset.map(|field| self.asset(field)).unwrap_or_default();
        let (minisign, cosign) = self.signers(raw.minisign, raw.cosign);
        let text = name.value?;
        if let Err(hint) = check_name(catalogue, &text) {
            let message = format!(
                "`{}` cannot be a package of `{catalogue}`",
                words::shorten(&text)
            );
            let hint = Some(hint.to_owned());
            self.reading
                .note_with_hint(name.span, Code::ManifestValue, message, hint);
            return None;
        }
        Some(NamedSource {
            offer: Offer {
                catalogue,
                name: text,
            },
            version,
            asset,
            minisign,
            cosign,
            extras,
            python,
            rev,
            subdir,
            whole: whole.unwrap_or(false),
        })
    }

    /// What is said only of releases of forges, or of what is signed, says nothing of others.
    fn refuse_forge_keys(&self, raw: &RawTable, catalogue: Catalogue) {
        let mut strangers = Vec::new();
        if !catalogue.is_forge() {
            let span = raw.asset.as_ref().map(|field| field.span);
            strangers.push(("asset", span, "releases of a forge"));
        }
        if !catalogue.has_signatures() {
            const SIGNED: &str = "releases of a forge, `crates` and `url`";
            let span = raw.minisign.as_ref().map(|field| field.span);
            strangers.push(("minisign", span, SIGNED));
            let span = raw.cosign.as_ref().map(|field| field.span);
            strangers.push(("cosign", span, SIGNED));
        }
        for (key, span, goes_with) in strangers {
            if let Some(span) = span {
                let message = format!("`{key}` goes with {goes_with}, not with `{catalogue}`");
                self.reading.note(span, Code::ManifestEntry, message);
            }
        }
    }

    /// Parts of a Python package, in the one spelling of their names, each once.
    fn extras(&self, field: Field<Vec<Field<String>>>) -> Vec<String> {
        let mut extras = Vec::new();
        for Field { value, span } in field.value.unwrap_or_default() {
            let Some(text) = value else { continue };
            if check_name(Catalogue::Pypi, &text).is_ok() {
                extras.push(normal_name(&text));
                continue;
            }
            let message = format!("`{}` cannot be an extra", words::shorten(&text));
            self.reading.note(span, Code::ManifestValue, message);
        }
        extras.sort();
        extras.dedup();
        extras
    }

    fn python(&self, field: Field<super::raw::Text>) -> Option<String> {
        let text = field.value?.0;
        let numbers: Vec<&str> = text.split('.').collect();
        let is_number =
            |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if matches!(numbers[..], ["3", _] | ["3", _, _]) && numbers.iter().all(is_number) {
            return Some(text);
        }
        let message = format!("`{}` is no Python", words::shorten(&text));
        let hint = "write its first two numbers, such as `\"3.12\"`".to_owned();
        self.reading
            .note_with_hint(field.span, Code::ManifestValue, message, Some(hint));
        None
    }

    /// The text of a requirement; what it means depends on the catalogue.
    pub(super) fn wanted_version(&self, field: Field<super::raw::Text>) -> Option<String> {
        let version = field.value?.0;
        let version = version.trim();
        if version.is_empty() || version.chars().any(char::is_control) {
            let message = format!("`{}` asks for no version", words::shorten(version));
            let hint = "write `\"2\"`, `\"~1.7\"`, `\">=2, <4\"` or `latest`".to_owned();
            self.reading
                .note_with_hint(field.span, Code::ManifestValue, message, Some(hint));
            return None;
        }
        Some(version.to_owned())
    }

    fn asset(&self, field: Field<RawAsset>) -> BTreeMap<DigestScope, String> {
        let mut patterns = BTreeMap::new();
        match field.value {
            Some(RawAsset::One(text)) if self.is_asset(&text, field.span) => {
                patterns.insert(DigestScope::Any, text);
            }
            Some(RawAsset::BySystem(entries)) => {
                for (key, value) in entries.0 {
                    let system = key
                        .value
                        .and_then(|text| self.digest_system(&text, key.span));
                    let pattern = value.value.filter(|text| self.is_asset(text, value.span));
                    if let (Some(system), Some(pattern)) = (system, pattern) {
                        patterns.insert(DigestScope::System(system), pattern);
                    }
                }
            }
            Some(RawAsset::One(_)) | None => {}
        }
        patterns
    }

    fn is_asset(&self, pattern: &str, span: Span) -> bool {
        if let Some(name) = placeholders(pattern).find(|name| !PLACEHOLDERS.contains(name)) {
            let message = format!(
                "the pattern has the unknown placeholder `{{{}}}`",
                words::shorten(name)
            );
            let hint = match nearest(name, PLACEHOLDERS.iter().copied()) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => "use `{version}`, `{system}`, `{os}` or `{arch}`".to_owned(),
            };
            self.reading
                .note_with_hint(span, Code::ManifestValue, message, Some(hint));
            return false;
        }
        let is_name = !pattern.is_empty() && !pattern.contains('/');
        if !is_name || pattern.chars().any(char::is_control) {
            let message = format!("`{}` names no file of a release", words::shorten(pattern));
            let hint = "write its name as the release has it; `*` stands for anything".to_owned();
            self.reading
                .note_with_hint(span, Code::ManifestValue, message, Some(hint));
            return false;
        }
        true
    }

    /// Where a catalogue is asked.
    pub(super) fn endpoint(&self, raw: RawEndpoint, span: Span, name: &str) -> Option<Endpoint> {
        let Some(url) = raw.url else {
            if !self.reading.is_marred(span) {
                let hint = format!("`sources: {{{name}: {{url: \"https://…\"}}}}`");
                self.reading.note_with_hint(
                    span,
                    Code::ManifestEntry,
                    format!("`{name}` does not say where it is asked"),
                    Some(hint),
                );
            }
            return None;
        };
        let mut mirrors = Vec::new();
        for Field { value, span } in raw
            .mirrors
            .and_then(|field| field.value)
            .unwrap_or_default()
        {
            mirrors.extend(value.filter(|text| self.is_endpoint(text, span)));
        }
        let of_archive = self.archive(raw.suite, raw.components, raw.key, (span, name));
        let text = url.value?;
        let (suite, components, key) = of_archive?;
        self.is_endpoint(&text, url.span).then_some(Endpoint {
            url: text,
            mirrors,
            suite,
            components,
            key,
        })
    }

    pub(super) fn is_endpoint(&self, url: &str, span: Span) -> bool {
        let host = ["https://", "http://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        let odd = |c: char| c.is_control() || c.is_whitespace() || c == '{';
        if host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) && !url.contains(odd)
        {
            return true;
        }
        let message = format!("`{}` is not an address to ask at", words::shorten(url));
        let hint = "it begins with `https://` or `http://` and a host".to_owned();
        self.reading
            .note_with_hint(span, Code::ManifestValue, message, Some(hint));
        false
    }
}
