//! The word somebody probably meant.

/// The word of `known` that is nearest to `word`, if one is near enough to be meant.
///
/// Near enough is one slip in a short word and one more for every three letters: letters left out, added,
/// swapped with their neighbour or taken for another.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST + 1).collect();
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let allowed = 1 + word.len() / 4;
    known
        .into_iter()
        .map(|candidate| {
            (
                slips(&word, &candidate.chars().collect::<Vec<_>>()),
                candidate,
            )
        })
        .filter(|(slips, candidate)| *slips <= allowed && *slips < candidate.chars().count())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Nobody types longer words by hand, and the work grows with the square.
const LONGEST: usize = 64;

/// How many slips lie between two words, in any case (optimal string alignment).
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for j in 0..b.len() {
            let other = usize::from(!a[i].eq_ignore_ascii_case(&b[j]));
            let mut best = (last[j] + other).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_or_two_still_finds_the_word() {
        let known = ["packages", "files", "env", "path", "keep"];
        for (word, expected) in [
            ("package", Some("packages")),
            ("pacakges", Some("packages")),
            ("Files", Some("files")),
            ("flies", Some("files")),
            ("evn", Some("env")),
            ("paths", Some("path")),
            ("networking", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn a_word_of_any_length_is_answered_at_once() {
        assert_eq!(nearest(&"x".repeat(1 << 20), ["packages"]), None);
    }
}
