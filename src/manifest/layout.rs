//! Where the entries of a map stand in its text: lines, indentation, commas.

use dgmo_schema::manifest::Key;
use dgmo_schema::manifest::Node;
use dgmo_schema::manifest::NodeValue;
use dgmo_schema::manifest::Span;

/// How a map is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// In braces.
    Flow,
    /// By indentation.
    Block,
}

/// A map in its text.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) style: Style,
    /// In the order of the text, without those that merge keys bring from elsewhere.
    pub(super) entries: Vec<Entry>,
}

/// One entry in its text.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Where its key starts.
    pub(super) start: usize,
    /// Where its content ends.
    pub(super) end: usize,
    /// Where the parser says it ends: the blank lines behind a block of text may belong to it.
    pub(super) span_end: usize,
}

/// The entry of a map by its key.
pub(super) fn entry<'a>(map: &'a Node, name: &str) -> Option<(&'a Key, &'a Node)> {
    let NodeValue::Map(entries) = &map.value else {
        return None;
    };
    let found = entries.iter().find(|(key, _)| key.text == name);
    found.map(|(key, value)| (key, value))
}

impl Map {
    /// The map that stands at `node`; nothing if it is none, or an alias of one.
    pub(super) fn of(text: &str, node: &Node) -> Option<Self> {
        let NodeValue::Map(entries) = &node.value else {
            return None;
        };
        let style = match text.as_bytes().get(node.span.start)? {
            b'*' => return None,
            b'{' => Style::Flow,
            _ => Style::Block,
        };
        let mut entries: Vec<Entry> = entries
            .iter()
            .filter(|(key, value)| {
                is_inside(key.span, node.span) && is_inside(value.span, node.span)
            })
            .map(|(key, value)| Entry {
                name: key.text.clone(),
                start: key.span.start,
                end: content_end(text, value).max(key.span.end),
                span_end: value.span.end,
            })
            .collect();
        entries.sort_by_key(|entry| entry.start);
        Some(Self { style, entries })
    }

    /// How far a block's keys are indented.
    pub(super) fn indent(&self, text: &str) -> usize {
        let plain = self.entries.iter().find(|entry| {
            let line = line_at(text, entry.start);
            text[line.start..entry.start].bytes().all(|b| b == b' ')
        });
        plain
            .or(self.entries.first())
            .map_or(0, |entry| indent_of(text, entry.start))
    }
}

fn is_inside(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Where the last character of a node is, without the blank lines and comments the parser counts in.
fn content_end(text: &str, node: &Node) -> usize {
    let last = match &node.value {
        NodeValue::List(items) => items.last(),
        NodeValue::Map(entries) => entries
            .iter()
            .map(|(_, value)| value)
            .filter(|value| is_inside(value.span, node.span))
            .max_by_key(|value| value.span.end),
        NodeValue::Scalar { .. } => None,
    };
    let bracketed = matches!(
        text.as_bytes().get(node.span.start),
        Some(b'{' | b'[' | b'*')
    );
    match last {
        // Inside an alias the positions are those of another place.
        Some(last) if !bracketed && is_inside(last.span, node.span) => content_end(text, last),
        _ => {
            let written = text.get(node.span.start..node.span.end).unwrap_or_default();
            node.span.start + written.trim_end().len()
        }
    }
}

/// A line without its ending.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the next line starts; the same as `end` on the last one.
    pub(super) next: usize,
}

impl Line {
    /// How the line ends; on a last line without an ending, how the one before it does.
    pub(super) fn ending<'a>(&self, text: &'a str) -> &'a str {
        if self.next > self.end {
            return &text[self.end..self.next];
        }
        let before = &text[..self.start];
        ["\r\n", "\n", "\r"]
            .into_iter()
            .find(|ending| before.ends_with(ending))
            .unwrap_or("\n")
    }
}

/// The line that holds position `at`. A byte order mark is before the first line, not on it.
pub(super) fn line_at(text: &str, at: usize) -> Line {
    let breaks = ['\n', '\r'];
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let start = text[..at].rfind(breaks).map_or(mark, |index| index + 1);
    let end = text[at..]
        .find(breaks)
        .map_or(text.len(), |index| at + index);
    let rest = &text[end..];
    let next = match rest.as_bytes() {
        [b'\r', b'\n', ..] => end + 2,
        [] => end,
        _ => end + 1,
    };
    Line { start, end, next }
}

/// How many spaces the line that holds `at` begins with.
pub(super) fn indent_of(text: &str, at: usize) -> usize {
    let line = line_at(text, at);
    let whole = &text[line.start..line.end];
    whole.len() - whole.trim_start_matches(' ').len()
}

/// How far to indent the first entry of a map whose key stands on `line`: as the comments below it are, which show
/// what could be there, else as the other maps of the document.
pub(super) fn indent_below(text: &str, root: &Node, line: Line) -> usize {
    let base = indent_of(text, line.start);
    let below = line_at(text, line.next);
    let indent = indent_of(text, below.start);
    let is_comment = text[below.start..below.end].trim_start().starts_with('#');
    if line.next > line.end && is_comment && indent > base {
        return indent;
    }
    base + step(text, root)
}

/// By how much the maps of this document are indented in one another.
fn step(text: &str, root: &Node) -> usize {
    let Some(root_map) = Map::of(text, root) else {
        return 2;
    };
    let base = root_map.indent(text);
    let NodeValue::Map(entries) = &root.value else {
        return 2;
    };
    entries
        .iter()
        .filter_map(|(_, value)| Map::of(text, value))
        .filter(|map| map.style == Style::Block && !map.entries.is_empty())
        .map(|map| map.indent(text))
        .find(|indent| *indent > base)
        .map_or(2, |indent| indent - base)
}

/// Where the last line of a block's entry ends, with the comments below it that are indented deeper than its key.
pub(super) fn block_end(text: &str, entry: &Entry) -> usize {
    let indent = indent_of(text, entry.start);
    let mut line = line_at(text, entry.end);
    while line.next > line.end {
        let next = line_at(text, line.next);
        let whole = &text[next.start..next.end];
        let deeper = whole.len() - whole.trim_start_matches(' ').len() > indent;
        if !(deeper && whole.trim_start().starts_with('#')) {
            break;
        }
        line = next;
    }
    line.end
}

/// The text without the lines from the one that holds `from` to the one that holds `to`.
pub(super) fn without_lines(text: &str, from: usize, to: usize) -> String {
    let (first, last) = (line_at(text, from), line_at(text, to));
    if last.next > last.end {
        return format!("{}{}", &text[..first.start], &text[last.next..]);
    }
    // The last line of a file that has no ending: the ending before it goes in its place.
    let before = &text[..first.start];
    let before = before
        .strip_suffix("\r\n")
        .or_else(|| before.strip_suffix(['\n', '\r']))
        .unwrap_or(before);
    before.to_owned()
}

/// The text without one entry of a map in braces, and without the comma that is then too many.
pub(super) fn without_flow_entry(text: &str, entries: &[Entry], index: usize) -> String {
    let entry = &entries[index];
    let cut = |from: usize, to: usize| format!("{}{}", &text[..from], &text[to..]);
    let before = index.checked_sub(1).map(|index| &entries[index]);
    if let Some(before) = before.filter(|before| is_comma(&text[before.end..entry.start])) {
        return cut(before.end, entry.end);
    }
    if let Some(next) = entries
        .get(index + 1)
        .filter(|next| is_comma(&text[entry.end..next.start]))
    {
        return cut(entry.start, next.start);
    }
    // Over more than one line: only the entry and one comma go, so that comments stay where they are.
    let rest = &text[entry.end..];
    let spaces = rest.len() - rest.trim_start().len();
    if rest[spaces..].starts_with(',') {
        return cut(entry.start, entry.end + spaces + 1);
    }
    cut(entry.start, entry.end)
}

/// Whether a comma on one line is all there is between two entries.
fn is_comma(between: &str) -> bool {
    between.trim() == "," && !between.contains(['\n', '\r'])
}
