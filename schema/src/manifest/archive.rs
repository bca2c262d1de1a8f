//! Archives of Debian's kind: names of their packages, and what is said of them alone.

use std::path::PathBuf;

use super::check::Checker;
use super::field::Field;
use super::raw::RawTable;
use super::text::Span;
use super::words;
use crate::code::Code;

/// What is said of an archive besides its address: the suite, the components and the keys.
pub(super) type OfArchive = (Option<String>, Vec<String>, Option<PathBuf>);

/// Whether `name` can be a package; else what to write.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    let is_good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    let first = name.as_bytes().first();
    if name.len() >= 2 && first.is_some_and(u8::is_ascii_alphanumeric) && name.bytes().all(is_good)
    {
        Ok(())
    } else {
        Err("write its name as `apt install` takes it, without version and architecture")
    }
}

impl Checker<'_> {
    /// What is said only of packages of Debian's kind says nothing of what comes `with` something else.
    pub(super) fn refuse_deb_keys(&self, raw: &RawTable, with: &str) {
        if let Some(field) = &raw.dependencies {
            let message = format!("`dependencies` goes with `deb`, not with `{with}`");
            self.reading.note(field.span, Code::ManifestEntry, message);
        }
    }

    /// What is said of the archive `name`; nothing where something is wrong with it.
    pub(super) fn archive(
        &self,
        suite: Option<Field<String>>,
        components: Option<Field<Vec<Field<String>>>>,
        key: Option<Field<String>>,
        (span, name): (Span, &str),
    ) -> Option<OfArchive> {
        if name != "deb" {
            let given = [
                ("suite", suite.map(|field| field.span)),
                ("components", components.map(|field| field.span)),
                ("key", key.map(|field| field.span)),
            ];
            for (word, span) in given {
                if let Some(span) = span {
                    let message = format!("`{word}` goes with `deb`, not with `{name}`");
                    self.reading.note(span, Code::ManifestEntry, message);
                }
            }
            return Some((None, Vec::new(), None));
        }
        if suite.is_none() || key.is_none() {
            let message = "`deb` does not say which suite it has and who signs it";
            let hint = "`sources: {deb: {url: \"https://…\", suite: stable, key: ./archive.gpg}}`";
            self.reading
                .note_with_hint(span, Code::ManifestEntry, message, Some(hint.to_owned()));
            return None;
        }
        let suite = suite.and_then(|field| self.part_of_archive(field))?;
        let mut names = Vec::new();
        for field in components.and_then(|field| field.value).unwrap_or_default() {
            names.extend(self.part_of_archive(field));
        }
        if names.is_empty() {
            names.push("main".to_owned());
        }
        let key = key.and_then(|field| field.value)?;
        Some((
            Some(suite),
            names,
            Some(self.base.join(key.trim_start_matches("./"))),
        ))
    }

    /// A suite or a component: a part of a path in the archive.
    fn part_of_archive(&self, field: Field<String>) -> Option<String> {
        let text = field.value?;
        let is_good = |b: u8| b.is_ascii_alphanumeric() || b"+-._~/".contains(&b);
        if !text.is_empty()
            && text.bytes().all(is_good)
            && !text.starts_with('/')
            && !text.split('/').any(|part| part == "..")
        {
            return Some(text);
        }
        let message = format!("`{}` is no part of an archive", words::shorten(&text));
        self.reading.note(field.span, Code::ManifestValue, message);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_debian() {
        for good in ["jq", "libstdc++6", "g++-12", "0ad", "fd-find", "libfoo1.2"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "j", "Jq", "-jq", "jq:amd64", "jq=1.6", "../jq", "j q"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
