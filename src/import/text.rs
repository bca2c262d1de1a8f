//! Small things about texts of other tools.

/// A TOML document as values of JSON, which have a word for what is not there; nothing where it is none.
pub(crate) fn toml_as_json(text: &str) -> Option<serde_json::Value> {
    let table: toml::Table = toml::from_str(text).ok()?;
    serde_json::to_value(table).ok()
}

/// A text in single or double quotes at the beginning of `text`, and what follows. None where there is none, or where
/// it holds what only the tool's own language can work out.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut inside = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let (_, escaped) = chars.next()?;
                match (quote, escaped) {
                    (_, '\\') => inside.push('\\'),
                    (_, c) if c == quote => inside.push(c),
                    _ => return None,
                }
            }
            '#' if quote == '"' && text[at + 1..].starts_with('{') => return None,
            c if c == quote => return Some((inside, &text[at + 1..])),
            c => inside.push(c),
        }
    }
    None
}

/// A text of somebody else as one line that can stand in a comment and on a terminal.
pub(super) fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| {
            if c.is_control() || is_turning(c) {
                ' '
            } else {
                c
            }
        })
        .take(300)
        .collect();
    clean.trim().to_owned()
}

/// Characters that change the direction of what follows, or end a line for some readers.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_are_read_as_ruby_does_where_nothing_is_to_be_worked_out() {
        let table = [
            ("\"jq\", x", Some(("jq", ", x"))),
            ("'a b'", Some(("a b", ""))),
            ("'#{x}'", Some(("#{x}", ""))),
            ("\"a\\\"b\"", Some(("a\"b", ""))),
            ("\"#{x}\"", None),
            ("\"\\n\"", None),
            ("\"open", None),
            ("bare", None),
            ("", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(inside, rest)| (inside.to_owned(), rest));
            assert_eq!(quoted(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text: String) {
            drop(quoted(&text));
            let line = one_line(&text);
            let has_end = line.contains(['\n', '\r', '\u{85}', '\u{2028}']);
            prop_assert!(!has_end);
        }
    }
}
