//! The text of a file with its lines, so that a mistake can be shown where it is.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::code::Place;

/// A longer line is not shown whole: nobody reads it, and a hostile file could make every message huge.
const LONGEST_LINE: usize = 1_000;

/// The text of a file, under the name the user gave it.
pub struct SourceText {
    file: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceText {
    /// Takes a file's text.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        Self {
            file: file.into(),
            text,
            line_starts,
        }
    }

    /// The file, as the user named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text between two positions; empty where they do not lie in it.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Where `span` is, for a message.
    pub fn place(&self, span: Span) -> Place {
        let start = self.floor(span.start);
        let end = self.floor(span.end.max(start));
        let index = self.line_starts.partition_point(|at| *at <= start) - 1;
        let (line, line_end) = self.line(index);
        let before = self.line_starts[index]..start;
        let column = self.count(&before) + 1;
        let length = self.count(&(start..end.min(line_end).max(start))).max(1);
        let shown = if column + length > LONGEST_LINE {
            String::new()
        } else {
            line.chars().take(LONGEST_LINE).collect()
        };
        Place {
            file: self.file.clone(),
            line: index + 1,
            column,
            length,
            text: shown,
        }
    }

    /// A line without its end and without a byte order mark, and where it ends.
    fn line(&self, index: usize) -> (&str, usize) {
        let start = self.line_starts[index];
        let next = self.line_starts.get(index + 1);
        let whole = &self.text[start..next.copied().unwrap_or(self.text.len())];
        let line = whole.trim_end_matches(['\n', '\r']);
        (line.trim_start_matches('\u{feff}'), start + line.len())
    }

    /// How many characters a person sees in a range: a byte order mark is none.
    fn count(&self, range: &Range<usize>) -> usize {
        let text = &self.text[range.clone()];
        text.trim_start_matches('\u{feff}').chars().count()
    }

    /// The nearest start of a character at or before `at`.
    fn floor(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        (0..=at)
            .rev()
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(0)
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceText").field(&self.file).finish()
    }
}

/// From where to where something stands in a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// Where something stands, and in which file: enough to make a [`Place`] when one is asked for.
#[derive(Debug, Clone)]
pub struct At {
    source: Arc<SourceText>,
    span: Span,
}

impl At {
    /// At `span` of `source`.
    pub fn new(source: Arc<SourceText>, span: Span) -> Self {
        Self { source, span }
    }

    /// The file, as the user named it.
    pub fn file(&self) -> &str {
        self.source.file()
    }

    /// The place, with its line.
    pub fn place(&self) -> Place {
        self.source.place(self.span)
    }
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: At,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, start: usize, end: usize) -> (usize, usize, usize, String) {
        let place = SourceText::new("dgmo.yaml", text).place(Span { start, end });
        (place.line, place.column, place.length, place.text)
    }

    #[test]
    fn a_place_counts_characters_and_not_bytes() {
        assert_eq!(place("a\nä ö: x\n", 5, 7), (2, 3, 1, "ä ö: x".into()));
        assert_eq!(place("a\r\nbc\r\n", 3, 5), (2, 1, 2, "bc".into()));
        assert_eq!(place("\u{feff}ab", 3, 4), (1, 1, 1, "ab".into()));
    }

    #[test]
    fn a_span_over_lines_ends_with_its_first() {
        assert_eq!(place("ab\ncd", 1, 5), (1, 2, 1, "ab".into()));
    }

    #[test]
    fn a_place_past_the_end_or_inside_a_character_is_still_a_place() {
        assert_eq!(place("ä", 1, 99), (1, 1, 1, "ä".into()));
        assert_eq!(place("", 5, 9), (1, 1, 1, String::new()));
        assert_eq!(place("a\n", 2, 2), (2, 1, 1, String::new()));
    }

    #[test]
    fn a_very_long_line_is_not_shown() {
        let text = "x".repeat(1 << 20);
        assert_eq!(place(&text, 1 << 19, 1 << 19).3, "");
        assert_eq!(place(&text, 0, 1).3.len(), LONGEST_LINE);
    }
}
