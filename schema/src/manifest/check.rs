//! From the shape of one file to values that hold only what has been checked; every mistake is noted.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use super::FORMAT;
use super::FileContent;
use super::FileEntry;
use super::Keep;
use super::Method;
use super::Mode;
use super::field::Entries;
use super::field::Field;
use super::node::Node;
use super::package::requirement;
use super::part::Part;
use super::part::PartKeep;
use super::problem::Problem;
use super::raw::RawFile;
use super::raw::RawKeep;
use super::raw::RawManifest;
use super::raw::Text;
use super::reading::Reading;
use super::service::service;
use super::service::state;
use super::text::At;
use super::text::Placed;
use super::text::SourceText;
use super::text::Span;
use super::words;
use crate::code::Code;
use crate::lapse::Lapse;
use crate::name::CheckName;
use crate::name::TargetPath;
use crate::name::VariableName;
use crate::system::System;

/// Reads the document of one file. What is wrong is told in the order of the file; the rest is in the part.
///
/// `base` is the folder of the file, which relative paths in it start from.
pub fn read_part(source: Arc<SourceText>, root: &Node, base: &Path) -> (Part, Vec<Problem>) {
    let checker = Checker {
        reading: Reading::new(source),
        base,
    };
    let part = checker.part(root);
    (part, checker.reading.into_problems())
}

/// One file being checked.
pub(super) struct Checker<'a> {
    pub(super) reading: Reading,
    pub(super) base: &'a Path,
}

impl Checker<'_> {
    fn part(&self, root: &Node) -> Part {
        let mut part = Part::default();
        if root.is_null() {
            self.note_format_missing(root.span);
            return part;
        }
        let Some(raw) = self.reading.fill::<RawManifest>(root, "a manifest") else {
            return part;
        };
        self.check_format(root, raw.dgmo.as_ref());
        part.name = self.name(raw.name);
        part.systems = self.systems(raw.systems);
        part.packages = self.entries(raw.packages, requirement);
        part.sources = self.sources(raw.sources);
        part.ignored_advisories = self.audit(raw.audit);
        part.indexes = self.index_sources(raw.indexes);
        let age = raw.minimum_release_age;
        part.minimum_release_age = age.is_some().then(|| self.lapse(age, Lapse::from_secs(0)));
        part.files = self.entries::<TargetPath, _, _>(raw.files, Self::file);
        part.env = self.entries::<VariableName, _, _>(raw.env, Self::variable);
        part.path = self.path(raw.path);
        part.services = self.entries(raw.services, service);
        part.state = self.entries(raw.state, state);
        part.hooks = self.hooks(raw.hooks);
        part.checks = self.entries::<CheckName, _, _>(raw.checks, Self::health_check);
        part.keep = self.keep(raw.keep);
        part.set_include(self.include(raw.include));
        part
    }

    fn check_format(&self, root: &Node, format: Option<&Field<u32>>) {
        match format {
            None => self.note_format_missing(Span {
                end: root.span.start,
                ..root.span
            }),
            Some(Field {
                value: Some(number),
                span,
            }) if *number != FORMAT => {
                let message = format!("`dgmo: {number}` is a format this version cannot read");
                let hint = "write `dgmo: 1`, or use a newer dgmo".to_owned();
                self.reading
                    .note_with_hint(*span, Code::ManifestFormat, message, Some(hint));
            }
            Some(_) => {}
        }
    }

    fn note_format_missing(&self, span: Span) {
        let hint = "begin the file with the line `dgmo: 1`".to_owned();
        self.reading.note_with_hint(
            span,
            Code::ManifestFormat,
            "the line that says the format is missing",
            Some(hint),
        );
    }

    fn name(&self, name: Option<Field<Text>>) -> Option<String> {
        let Field { value, span } = name?;
        let Text(name) = value?;
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            self.reading
                .note(span, Code::ManifestValue, "`name` must be one line of text");
        }
        Some(name)
    }

    fn systems(&self, systems: Option<Field<Vec<Field<String>>>>) -> Vec<System> {
        let mut known = System::KNOWN.to_vec();
        let this = System::this().to_string();
        known.push(&this);
        let mut found = Vec::new();
        for Field { value, span } in self.list(systems, "systems", AtLeast::One) {
            let Some(text) = value else { continue };
            match text.parse::<System>() {
                Ok(system) if known.contains(&text.as_str()) => found.push(system),
                _ => {
                    let message = format!("`{}` is not a system dgmo knows", words::shorten(&text));
                    let hint = Some(words::one_of(&text, System::KNOWN));
                    self.reading
                        .note_with_hint(span, Code::ManifestValue, message, hint);
                }
            }
        }
        found
    }

    fn path(&self, path: Option<Field<Vec<Field<String>>>>) -> Vec<String> {
        let mut folders = Vec::new();
        for Field { value, span } in self.list(path, "path", AtLeast::None) {
            let Some(folder) = value else { continue };
            if let Some(why) = bad_folder(&folder) {
                let message = format!(
                    "`{}` cannot be on the search path: {why}",
                    words::shorten(&folder)
                );
                self.reading.note(span, Code::ManifestValue, message);
            } else if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    fn include(&self, include: Option<Field<Vec<Field<String>>>>) -> Vec<Placed<String>> {
        let mut files = Vec::new();
        for Field { value, span } in self.list(include, "include", AtLeast::None) {
            let Some(value) = value else { continue };
            if value.contains("://") {
                self.reading.note_with_hint(
                    span,
                    Code::ManifestNotYet,
                    "a manifest can only include files of this machine",
                    Some("download the file, and name it by its path".to_owned()),
                );
            } else if let Some(why) = bad_file_path(&value) {
                self.reading.note(span, Code::ManifestValue, why);
            } else {
                files.push(self.placed(span, value));
            }
        }
        files
    }

    pub(super) fn variable(&self, text: Text, field: Span, _: &str) -> Option<String> {
        if text.0.contains('\0') {
            let message = "a variable cannot hold a zero byte";
            self.reading.note(field, Code::ManifestValue, message);
            return None;
        }
        Some(text.0)
    }

    fn file(&self, raw: RawFile, span: Span, path: &str) -> Option<FileEntry> {
        let is_secret = raw.secret.is_some();
        if let Some(method) = &raw.method
            && is_secret
            && method.value != Some(Method::Copy)
        {
            let message = "a secret is always a real file";
            let hint = Some("take `as` out".to_owned());
            self.reading
                .note_with_hint(method.span, Code::ManifestEntry, message, hint);
        }
        let method = match raw.method.and_then(|method| method.value) {
            _ if is_secret => Method::Copy,
            method => method.unwrap_or_default(),
        };
        let mode = raw.mode.as_ref().and_then(|mode| self.mode(mode));
        let written: Vec<(&str, Span)> = [
            ("text", raw.text.as_ref().map(|field| field.span)),
            ("source", raw.source.as_ref().map(|field| field.span)),
            ("template", raw.template.as_ref().map(|field| field.span)),
            ("secret", raw.secret.as_ref().map(|field| field.span)),
        ]
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
        .collect();
        match written[..] {
            [_] => {}
            [] => {
                if !self.reading.is_marred(span) {
                    let message = format!("`{path}` says nothing of what shall be there");
                    let hint =
                        "give it one of `text:`, `source:`, `template:` and `secret:`".to_owned();
                    self.reading
                        .note_with_hint(span, Code::ManifestEntry, message, Some(hint));
                }
                return None;
            }
            [(first, _), (second, at), ..] => {
                let message = format!("`{path}` has both `{first}` and `{second}`");
                let hint = "keep one of `text:`, `source:`, `template:` and `secret:`".to_owned();
                self.reading
                    .note_with_hint(at, Code::ManifestEntry, message, Some(hint));
            }
        }
        if let (Some(values), None) = (&raw.values, &raw.template) {
            let message = "`values` are only for a `template`";
            self.reading.note(values.span, Code::ManifestEntry, message);
        }
        if method == Method::Links && raw.source.is_none() {
            let message = format!("`as: links` is for a folder, and `{path}` is a file");
            self.reading.note(span, Code::ManifestEntry, message);
        }
        let content = match raw.secret {
            Some(Field { value, span }) => FileContent::Secret(self.secret(value?, span)?),
            None => self.content(raw.text, raw.source, raw.template, raw.values)?,
        };
        Some(FileEntry {
            content,
            mode,
            method,
        })
    }

    fn content(
        &self,
        text: Option<Field<Text>>,
        source: Option<Field<String>>,
        template: Option<Field<String>>,
        values: Option<Field<Entries<serde_json::Value>>>,
    ) -> Option<FileContent> {
        let base = self.base.to_owned();
        if let Some(text) = text {
            return Some(FileContent::Text(text.value?.0));
        }
        if let Some(source) = source {
            let path = self.local_path(source)?;
            return Some(FileContent::Source { path, base });
        }
        Some(FileContent::Template {
            path: self.local_path(template?)?,
            base,
            values: named_values(values),
        })
    }

    /// A path of this machine, relative to the file that says it or absolute.
    pub(super) fn local_path(&self, field: Field<String>) -> Option<String> {
        let path = field.value?;
        if let Some(why) = bad_file_path(&path) {
            self.reading.note(field.span, Code::ManifestValue, why);
            return None;
        }
        Some(path)
    }

    fn mode(&self, field: &Field<String>) -> Option<Mode> {
        let text = field.value.as_ref()?;
        let bare = self.reading.source.slice(field.span) == text;
        let digits = text.strip_prefix("0o").unwrap_or(text);
        let bits = (matches!(digits.len(), 3 | 4) && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| u32::from_str_radix(digits, 8).ok())
            .flatten()
            .filter(|bits| *bits <= 0o777);
        match bits {
            Some(bits) if !bare => return Some(Mode(bits)),
            Some(_) => {
                let message = format!(
                    "the mode {text} is written like a number, which YAML tools read differently"
                );
                let hint = Some(format!("put it in quotes: \"{text}\""));
                self.reading
                    .note_with_hint(field.span, Code::ManifestValue, message, hint);
            }
            None => {
                let message = format!("`{}` is not a mode", words::shorten(text));
                let hint = "write three octal digits, such as \"0600\"".to_owned();
                self.reading
                    .note_with_hint(field.span, Code::ManifestValue, message, Some(hint));
            }
        }
        None
    }

    fn keep(&self, field: Option<Field<RawKeep>>) -> PartKeep {
        let Some(Field {
            value: Some(raw),
            span,
        }) = field
        else {
            return PartKeep::default();
        };
        match raw {
            RawKeep::Words(words) => match words.parse::<Keep>() {
                Ok(keep) => PartKeep::whole(&keep),
                Err(error) => {
                    let hint = Some("write it like `last 10, 30 days, pinned`".to_owned());
                    self.reading
                        .note_with_hint(span, Code::ManifestValue, error.to_string(), hint);
                    PartKeep::default()
                }
            },
            RawKeep::Table(table) => PartKeep {
                last: table.last.and_then(|field| field.value),
                days: table.days.and_then(|field| field.value),
                pinned: table.pinned.and_then(|field| field.value),
                labelled: table.labelled.and_then(|field| field.value),
            },
        }
    }

    /// The items of a list, which may be left out.
    fn list(
        &self,
        field: Option<Field<Vec<Field<String>>>>,
        key: &str,
        at_least: AtLeast,
    ) -> Vec<Field<String>> {
        let Some(Field {
            value: Some(items),
            span,
        }) = field
        else {
            return Vec::new();
        };
        if items.is_empty() && at_least == AtLeast::One {
            let message = format!("`{key}` is empty");
            let hint = Some("name at least one, or leave the key out".to_owned());
            self.reading
                .note_with_hint(span, Code::ManifestValue, message, hint);
        }
        items
    }

    /// The entries of a map, each with a checked name.
    pub(super) fn entries<K, R, V>(
        &self,
        field: Option<Field<Entries<R>>>,
        check: impl Fn(&Self, R, Span, &str) -> Option<V>,
    ) -> BTreeMap<K, Placed<V>>
    where
        K: FromStr + Ord,
        K::Err: fmt::Display,
    {
        let mut checked = BTreeMap::new();
        let entries = field.and_then(|field| field.value);
        for (key, entry) in entries.map(|entries| entries.0).unwrap_or_default() {
            let Some(text) = key.value else { continue };
            let name = text.parse::<K>().map_err(|error| {
                self.reading
                    .note(key.span, Code::ManifestName, error.to_string());
            });
            let value = entry
                .value
                .and_then(|raw| check(self, raw, entry.span, &text));
            if let (Ok(name), Some(value)) = (name, value) {
                checked.insert(name, self.placed(key.span, value));
            }
        }
        checked
    }

    fn placed<T>(&self, span: Span, value: T) -> Placed<T> {
        Placed {
            value,
            at: At::new(Arc::clone(&self.reading.source), span),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AtLeast {
    None,
    One,
}

fn named_values(
    values: Option<Field<Entries<serde_json::Value>>>,
) -> BTreeMap<String, serde_json::Value> {
    let entries = values.and_then(|field| field.value);
    let pairs = entries.map(|entries| entries.0).unwrap_or_default();
    pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key.value?, value.value?)))
        .collect()
}

/// Why a text cannot be the path of a file or folder.
pub(super) fn bad_file_path(path: &str) -> Option<&'static str> {
    if path.trim().is_empty() {
        return Some("the path is empty");
    }
    path.chars()
        .any(char::is_control)
        .then_some("the path holds a control character")
}

/// Why a text cannot be a folder of the search path.
fn bad_folder(folder: &str) -> Option<&'static str> {
    if let Some(why) = bad_file_path(folder) {
        return Some(why);
    }
    if folder.starts_with('~') && folder != "~" && !folder.starts_with("~/") {
        return Some("only `~/` stands for the home folder");
    }
    // On Windows a drive's letter has one.
    let drive = matches!(folder.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    if folder
        .get(if drive { 2 } else { 0 }..)
        .is_some_and(|rest| rest.contains(':'))
    {
        return Some("a colon ends a folder's name there; write one folder per line");
    }
    None
}
