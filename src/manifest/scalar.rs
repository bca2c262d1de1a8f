//! The ways to write one text in the place of another in YAML, the best first; none is trusted before it was read.

use dgmo_schema::manifest::Span;
use serde_json::Value;

use super::layout;

/// Where a scalar begins, its block's header counted in: the parser says where the first line of a block's content is.
///
/// `key_end` is where the key ends that it is the value of.
pub(super) fn with_header(text: &str, key_end: usize, span: Span) -> Span {
    let between = text.get(key_end..span.start).unwrap_or_default();
    let mut rest = between;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ':']);
        let skipped = match rest.chars().next() {
            Some('#') => rest.find(['\n', '\r']),
            Some('&' | '!') => rest.find(char::is_whitespace),
            Some('|' | '>') => {
                let start = key_end + between.len() - rest.len();
                return Span { start, ..span };
            }
            _ => return span,
        };
        let Some(skipped) = skipped else { return span };
        rest = &rest[skipped..];
    }
}

/// The document with `new` in the place of the scalar at `span`, in every way that may work.
pub(super) fn ways(text: &str, span: Span, new: &Value) -> Vec<String> {
    let written = Written { text, span };
    let Value::String(new) = new else {
        return vec![written.replaced(&new.to_string())];
    };
    let mut ways = Vec::new();
    match text[span.start..].chars().next() {
        Some('|') => ways.extend(written.blocks(new, Folding::None)),
        Some('>') => {
            ways.extend(written.blocks(new, Folding::Yes));
            ways.extend(written.blocks(new, Folding::None));
        }
        Some('\'') => ways.push(written.replaced(&in_single_quotes(new))),
        Some('"') => {}
        _ => {
            ways.push(written.replaced(new));
            ways.extend(written.new_blocks(new));
        }
    }
    ways.push(written.replaced(&in_double_quotes(new)));
    ways.extend(written.quoted_for_block(new));
    ways
}

/// A text in double quotes: what JSON escapes, YAML reads the same way; what YAML takes for a line's end, and what it
/// does not print, is escaped as well.
pub(super) fn in_double_quotes(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a text is always JSON");
    let odd = |c: char| {
        matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
    };
    let mut quoted = String::with_capacity(json.len());
    for c in json.chars() {
        if odd(c) {
            quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            quoted.push(c);
        }
    }
    quoted
}

fn in_single_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Folding {
    None,
    Yes,
}

/// A scalar in its document.
struct Written<'a> {
    text: &'a str,
    span: Span,
}

impl Written<'_> {
    fn replaced(&self, with: &str) -> String {
        self.between(self.span.end, with)
    }

    /// The document with `with` from where the scalar starts up to `end`.
    fn between(&self, end: usize, with: &str) -> String {
        format!(
            "{}{with}{}",
            &self.text[..self.span.start],
            &self.text[end..]
        )
    }

    /// How the document's lines end.
    fn ending(&self) -> &str {
        let first = layout::line_at(self.text, self.span.start);
        first.ending(self.text)
    }

    /// Where the lines of a block end that stands here: the start of the first line that is not deeper than its key, or
    /// that is empty or a comment behind the last one that is.
    fn end_of_block(&self) -> usize {
        let key = layout::indent_of(self.text, self.span.start);
        let mut line = layout::line_at(self.text, self.span.start);
        let mut end = line.next;
        while line.next > line.end {
            line = layout::line_at(self.text, line.next);
            let content = &self.text[line.start..line.end];
            if content.trim_matches(' ').is_empty() {
                if line.next == line.end {
                    break;
                }
                continue;
            }
            if content.len() - content.trim_start_matches(' ').len() <= key {
                break;
            }
            end = line.next;
        }
        end
    }

    /// How far the lines of the block are indented: as they are, else a step deeper than the key.
    fn depth(&self) -> usize {
        let key = layout::indent_of(self.text, self.span.start);
        let first = layout::line_at(self.text, self.span.start);
        let mut line = layout::line_at(self.text, first.next);
        let header = &self.text[self.span.start..first.end];
        let is_counted = header.chars().take(3).any(|c| c.is_ascii_digit());
        while !is_counted && line.next > line.start {
            let content = &self.text[line.start..line.end];
            let indent = content.len() - content.trim_start_matches(' ').len();
            if indent < content.len() {
                return if indent > key { indent } else { key + 2 };
            }
            line = layout::line_at(self.text, line.next);
        }
        key + 2
    }

    /// The block written anew; what stands behind its header on the line, a comment, stays. Blank lines behind it stay
    /// as well, unless they would be taken for a part of it.
    fn blocks(&self, new: &str, folding: Folding) -> Vec<String> {
        let first = layout::line_at(self.text, self.span.start);
        let header = &self.text[self.span.start..first.end];
        let indicators = header
            .find(|c: char| !matches!(c, '|' | '>' | '+' | '-' | '0'..='9'))
            .unwrap_or(header.len());
        let behind = &header[indicators..];
        let Some(block) = self.block(new, folding, behind) else {
            return Vec::new();
        };
        let end = self.end_of_block();
        let blank_end = self.end_of_blank_lines(end);
        vec![self.between(end, &block), self.between(blank_end, &block)]
    }

    /// A block where there was a text on one line.
    fn new_blocks(&self, new: &str) -> Vec<String> {
        let last = layout::line_at(self.text, self.span.end);
        let behind = &self.text[self.span.end..last.end];
        if !new.contains('\n')
            || !(behind.trim().is_empty() || behind.trim_start().starts_with('#'))
        {
            return Vec::new();
        }
        let Some(block) = self.block(new, Folding::None, behind) else {
            return Vec::new();
        };
        let blank_end = self.end_of_blank_lines(last.next);
        vec![
            self.between(last.next, &block),
            self.between(blank_end, &block),
        ]
    }

    fn end_of_blank_lines(&self, mut end: usize) -> usize {
        while end < self.text.len() {
            let line = layout::line_at(self.text, end);
            if !self.text[line.start..line.end].trim_matches(' ').is_empty() {
                break;
            }
            end = line.next.max(line.end);
            if line.next == line.end {
                break;
            }
        }
        end
    }

    /// Header and lines of a block, `behind` standing on the header's line; nothing where no block can say `new`.
    fn block(&self, new: &str, folding: Folding, behind: &str) -> Option<String> {
        let unprintable = |c: char| c != '\n' && c != '\t' && c.is_control();
        if new.trim_matches(['\n', ' ']).is_empty() || new.contains(unprintable) {
            return None;
        }
        let (depth, ending) = (self.depth(), self.ending());
        let key = layout::indent_of(self.text, self.span.start);
        let counted = new.trim_start_matches('\n').starts_with(' ') || new.starts_with('\n');
        let count = if counted {
            let above = depth - key;
            if above > 9 {
                return None;
            }
            above.to_string()
        } else {
            String::new()
        };
        let body = new.trim_end_matches('\n');
        let trailing = new.len() - body.len();
        let (chomping, blank) = match trailing {
            0 => ("-", 0),
            1 => ("", 0),
            more => ("+", more - 1),
        };
        let (sign, lines) = match folding {
            Folding::None => ('|', body.split('\n').map(str::to_owned).collect()),
            Folding::Yes => ('>', folded(body)),
        };
        let mut block = format!("{sign}{count}{chomping}{behind}{ending}");
        let indent = " ".repeat(depth);
        for line in lines {
            if !line.is_empty() {
                block.push_str(&indent);
                block.push_str(&line);
            }
            block.push_str(ending);
        }
        block.push_str(&ending.repeat(blank));
        Some(block)
    }

    /// A text in quotes where a block was: its lines go with it.
    fn quoted_for_block(&self, new: &str) -> Option<String> {
        let first = layout::line_at(self.text, self.span.start);
        let header = &self.text[self.span.start..first.end];
        let behind = header.find(" #").map_or("", |at| &header[at..]);
        if !header.starts_with(['|', '>']) {
            return None;
        }
        let ending = self.ending();
        let with = format!("{}{behind}{ending}", in_double_quotes(new));
        Some(self.between(self.end_of_block(), &with))
    }
}

/// The lines of a folded block: one more line break between two lines that would be joined.
fn folded(body: &str) -> Vec<String> {
    let lines: Vec<&str> = body.split('\n').collect();
    let joins = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']);
    let mut folded = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        folded.push((*line).to_owned());
        let Some(next) = lines.get(index + 1) else {
            break;
        };
        let next_text = lines[index + 1..].iter().find(|line| !line.is_empty());
        if joins(line) && (joins(next) || next.is_empty() && next_text.is_some_and(|l| joins(l))) {
            folded.push(String::new());
        }
    }
    folded
}
