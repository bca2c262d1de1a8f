//! `audit:`: advisories that somebody looked at and decided to live with, why, and for how long.

use super::IgnoredAdvisory;
use super::check::Checker;
use super::field::Field;
use super::raw::RawAudit;
use super::raw::RawIgnored;
use super::raw::Text;
use super::text::Span;
use super::words;
use crate::code::Code;
use crate::generation::Timestamp;

/// What an entry looks like.
const EXAMPLE: &str = "`ignore: [{id: CVE-2026-1, reason: \"not reachable\", until: 2027-01-01}]`";

impl Checker<'_> {
    pub(super) fn audit(&self, field: Option<Field<RawAudit>>) -> Vec<IgnoredAdvisory> {
        let list = field
            .and_then(|field| field.value)
            .and_then(|it| it.ignore)
            .and_then(|field| field.value);
        let entries = list.unwrap_or_default().into_iter();
        let ignored = entries.filter_map(|it| self.ignored(it.value?, it.span));
        ignored.collect()
    }

    fn ignored(&self, raw: RawIgnored, span: Span) -> Option<IgnoredAdvisory> {
        let until = raw.until.map(|field| self.until(field));
        let id = raw.id.map(|field| field.value.unwrap_or_default());
        let reason = raw.reason.map(|field| field.value.map(|Text(it)| it));
        let (Some(id), Some(reason)) = (id, reason) else {
            if !self.reading.is_marred(span) {
                let message = "what is ignored has an `id`, and a `reason` for who reads it later";
                let hint = Some(EXAMPLE.to_owned());
                self.reading
                    .note_with_hint(span, Code::ManifestEntry, message, hint);
            }
            return None;
        };
        let (id, reason) = (id.trim(), reason?);
        let is_line = |text: &str| !text.trim().is_empty() && !text.contains(char::is_control);
        if !is_line(id) || !is_line(&reason) {
            let message = "the `id` and the `reason` of what is ignored are one line of text";
            let hint = Some(EXAMPLE.to_owned());
            self.reading
                .note_with_hint(span, Code::ManifestValue, message, hint);
            return None;
        }
        Some(IgnoredAdvisory {
            id: id.to_owned(),
            reason,
            until: until.flatten(),
        })
    }

    /// The day on which it comes back.
    fn until(&self, field: Field<Text>) -> Option<Timestamp> {
        let Text(text) = field.value?;
        let moment = serde_json::from_value(format!("{text}T00:00:00Z").into());
        if moment.is_err() {
            let message = format!("`{}` is no day", words::shorten(&text));
            let hint = "write it like `2027-01-31`".to_owned();
            self.reading
                .note_with_hint(field.span, Code::ManifestValue, message, Some(hint));
        }
        moment.ok()
    }
}
