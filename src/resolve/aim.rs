//! A version that somebody names for one package: what they mean by it, and whether the manifest lets it in.
//!
//! `14` means the newest that is compatible with 14, and `14.1.1` means that one, where there is such a version.

use dgmo_schema::event::Observer;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::version::Version;

use super::named::NamedError;
use super::named::Wanted;
use super::named::range;
use super::named::scheme;
use crate::source::Catalogues;
use crate::source::Fetcher;
use crate::source::Versions;

/// A version is written out with so many numbers; with fewer it stands for a line of them.
const WHOLE: usize = 3;

impl Wanted<'_> {
    /// What each system gets of the version `to`. The manifest has the last word.
    pub(super) fn lock_at(
        &self,
        to: &str,
        catalogues: &Catalogues<'_>,
        observer: &dyn Observer,
    ) -> Result<LockedPackage, NamedError> {
        let fetcher = catalogues.fetcher(self.source.offer.catalogue)?;
        let (source, version) = self.chosen_at(to, fetcher)?;
        let aimed = Wanted {
            source: &source,
            to: None,
            ..*self
        };
        aimed.build(&version, None, (fetcher, observer))
    }

    /// The version that is meant by `to`. The manifest has the last word.
    pub(super) fn version_at(
        &self,
        to: &str,
        catalogues: &Catalogues<'_>,
    ) -> Result<String, NamedError> {
        let fetcher = catalogues.fetcher(self.source.offer.catalogue)?;
        let (_, version) = self.chosen_at(to, fetcher)?;
        Ok(version.to_string())
    }

    /// What is meant by `to`, as a manifest would say it, and the version of that which the manifest lets in.
    fn chosen_at(
        &self,
        to: &str,
        fetcher: &dyn Fetcher,
    ) -> Result<(NamedSource, Version), NamedError> {
        let source = NamedSource {
            version: Some(self.requirement(to, fetcher)?),
            ..self.source.clone()
        };
        let aimed = Wanted {
            source: &source,
            to: None,
            ..*self
        };
        let version = aimed.choose(&range(&source)?, fetcher)?;
        self.is_let_in(version.as_str(), (self.source, to))?;
        Ok((source, version))
    }

    /// Whether a manifest that says `source` lets `version` in, which is what is meant by `to`.
    pub(super) fn is_let_in(
        &self,
        version: &str,
        (source, to): (&NamedSource, &str),
    ) -> Result<(), NamedError> {
        let range = range(source)?;
        if self.fits(&range, &Version::parse(range.scheme(), version)?) {
            return Ok(());
        }
        Err(NamedError::KeptOut {
            name: self.name.clone(),
            version: version.to_owned(),
            to: to.to_owned(),
            allowed: source.version.clone(),
        })
    }

    /// What a manifest says in `version:` to mean `to`, and go on meaning it.
    pub(super) fn requirement(
        &self,
        to: &str,
        fetcher: &dyn Fetcher,
    ) -> Result<String, NamedError> {
        let Some(named) = exact(self.source, to) else {
            return Ok(to.to_owned());
        };
        let precisely = format!("={to}");
        let source = NamedSource {
            version: Some(precisely.clone()),
            ..self.source.clone()
        };
        let aimed = Wanted {
            source: &source,
            to: None,
            ..*self
        };
        let is_whole = numbers(to) >= WHOLE;
        let is_it = |listed: &Version| {
            listed.as_str().trim_start_matches('v') == to.trim_start_matches('v')
                || is_whole && *listed == named
        };
        let is_known = |versions: &Versions| versions.listed.iter().any(|it| is_it(&it.version));
        // What is newest comes first: behind an older one there is no use in looking for a line of versions.
        let is_past = |versions: &Versions| versions.listed.iter().any(|it| it.version < named);
        let enough = |versions: &Versions| is_known(versions) || !is_whole && is_past(versions);
        let versions = fetcher.versions(&aimed.ask(), &enough)?;
        Ok(if is_known(&versions) {
            precisely
        } else {
            to.to_owned()
        })
    }
}

/// The version that a text may be, where it is no range.
fn exact(source: &NamedSource, text: &str) -> Option<Version> {
    let body = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let is_plain = body.starts_with(|c: char| c.is_ascii_digit())
        && !body.contains(|c: char| c.is_whitespace() || "*<>=,|^".contains(c))
        && !body.split('.').any(|part| part == "x" || part == "X");
    is_plain
        .then(|| Version::parse(scheme(source.offer.catalogue), text).ok())
        .flatten()
}

/// How many numbers a version begins with; what follows a sign other than a dot says which one it is.
fn numbers(text: &str) -> usize {
    let is_marked = text.contains(['-', '+', '~', ':', '!']);
    text.split('.').count() + if is_marked { WHOLE } else { 0 }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::catalogue::Catalogue;
    use dgmo_schema::catalogue::Offer;

    use super::*;

    #[test]
    fn a_range_is_no_version() {
        let source = NamedSource::of(Offer {
            catalogue: Catalogue::Github,
            name: "a/b".to_owned(),
        });
        for text in ["14", "v1.2.3", "1.2.3-rc.1"] {
            assert!(exact(&source, text).is_some(), "{text}");
        }
        for text in [
            ">=1", "1.*", "1.x", "^1", "1 || 2", ">=1, <2", "latest", "beta", "",
        ] {
            assert!(exact(&source, text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_version_is_written_out_or_stands_for_a_line() {
        for (text, is_whole) in [
            ("14", false),
            ("25.1", false),
            ("1.2.3", true),
            ("1.6-2.1", true),
        ] {
            assert_eq!(numbers(text) >= WHOLE, is_whole, "{text}");
        }
    }
}
