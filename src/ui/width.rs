//! How wide a text is on a terminal, and how to make it fit.

use std::io::IsTerminal;

use terminal_size::Width;
use unicode_width::UnicodeWidthChar;

/// How many columns stdout has; nothing where it is no terminal, since a program that reads wants all of it.
pub(super) fn of_stdout() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (Width(columns), _) = terminal_size::terminal_size_of(&stdout)?;
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}

/// How many columns a text takes; what only sets a colour takes none.
pub(super) fn of(text: &str) -> usize {
    visible(text).map(of_char).sum()
}

/// The text, cut to `columns` with `…` at its end where it is longer. One with colours in it is left as it is.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if of(text) <= columns || text.contains(ESCAPE) {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for c in text.chars() {
        if taken + of_char(c) + 1 > columns {
            break;
        }
        taken += of_char(c);
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

const ESCAPE: char = '\u{1b}';

fn of_char(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The characters that are seen: without `ESC [ … m`.
fn visible(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut inside = false;
    text.chars().filter(move |c| {
        let hidden = inside || *c == ESCAPE;
        inside = hidden && *c != 'm';
        !hidden
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_counts_columns_and_not_bytes_or_colours() {
        for (text, columns) in [
            ("plain", 5),
            ("für", 3),
            ("日本", 4),
            ("e\u{301}", 1),
            ("\u{1b}[1;31mred\u{1b}[0m", 3),
        ] {
            assert_eq!(of(text), columns, "{text}");
        }
    }

    #[test]
    fn what_is_cut_says_so_and_fits() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("two words", 5), "two…");
    }
}
