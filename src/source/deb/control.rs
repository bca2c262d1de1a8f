//! Stanzas of fields, as Debian writes everything: `Name: value`, further lines indented, an empty line between.

use std::collections::BTreeMap;
use std::io;
use std::io::BufRead;
use std::io::Read;

/// The fields of one stanza, by their names in small letters.
pub(super) type Stanza = BTreeMap<String, String>;

/// A longer line would be an attack.
const LONGEST_LINE: u64 = 4 << 20;

/// Reads stanza after stanza and hands each to `take`; only of the fields `wanted`, or all where none are named.
pub(super) fn read(
    mut from: impl BufRead,
    wanted: &[&str],
    mut take: impl FnMut(Stanza),
) -> io::Result<()> {
    let mut stanza = Stanza::new();
    let mut field: Option<String> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = from
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if count as u64 == LONGEST_LINE {
            return Err(io::Error::other("it has a line that does not end"));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() && !stanza.is_empty() {
            take(std::mem::take(&mut stanza));
        }
        if count == 0 {
            return Ok(());
        }
        if text.is_empty() {
            field = None;
        } else if text.starts_with('#') {
            // Files that people write have comments.
        } else if text.starts_with([' ', '\t']) {
            if let Some(value) = field.as_ref().and_then(|field| stanza.get_mut(field)) {
                value.push('\n');
                value.push_str(text.trim());
            }
        } else if let Some((name, value)) = text.split_once(':') {
            let name = name.trim().to_ascii_lowercase();
            field = (wanted.is_empty() || wanted.contains(&name.as_str())).then(|| {
                stanza.insert(name.clone(), value.trim().to_owned());
                name
            });
        }
    }
}

/// All stanzas of a text.
pub(super) fn stanzas(text: &str) -> Vec<Stanza> {
    let mut all = Vec::new();
    // Reading from memory fails only where a line is too long; then there is nothing to take.
    drop(read(text.as_bytes(), &[], |stanza| all.push(stanza)));
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_go_on_where_lines_are_indented() {
        let text = "# a comment\nPackage: jq\nDepends: a,\n b\n# between\nX: y\n\n\nPackage: fd\n";
        let all = stanzas(text);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0]["depends"], "a,\nb");
        assert_eq!(all[1]["package"], "fd");
        let mut names = Vec::new();
        read(text.as_bytes(), &["package"], |it| names.push(it)).unwrap();
        assert_eq!(names[0].len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(bytes: Vec<u8>) {
            drop(read(bytes.as_slice(), &[], |_| {}));
        }
    }
}
