//! The rule for pruning in words: `last 10, 30 days, pinned`.

use std::fmt;
use std::str::FromStr;

use super::Keep;
use super::words;
use crate::nearest::nearest;

/// Why a text is no rule for pruning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is no rule for what to keep: {why}")]
pub struct ParseKeepError {
    /// The part that is not understood.
    pub part: String,
    /// What it could have been.
    pub why: String,
}

/// The words there are, as people begin them.
const WORDS: &[&str] = &["last", "days", "pinned", "labelled", "not"];

impl FromStr for Keep {
    type Err = ParseKeepError;

    /// Parts are joined by commas: `last 10` or `last=10`, `30 days` or `days=30`, `pinned`, `labelled`. A part that is
    /// not there keeps nothing, but for pins and labels: nobody loses a pinned generation to a word left out, so these
    /// are only given up by `not pinned` and `not labelled`.
    fn from_str(text: &str) -> Result<Self, ParseKeepError> {
        let mut keep = Self {
            last: 0,
            days: 0,
            pinned: true,
            labelled: true,
        };
        for part in text.split(',').map(str::trim) {
            read_part(part, &mut keep).map_err(|why| ParseKeepError {
                part: words::shorten(part),
                why,
            })?;
        }
        Ok(keep)
    }
}

fn read_part(part: &str, keep: &mut Keep) -> Result<(), String> {
    let spaced = part.replace('=', " ").to_ascii_lowercase();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    match words[..] {
        ["last", count] | ["last", count, "generation" | "generations"] => {
            keep.last = number(count)?;
        }
        [count, "day" | "days"] | ["days", count] => keep.days = number(count)?,
        ["pinned"] => keep.pinned = true,
        ["labelled"] => keep.labelled = true,
        ["pinned", truth] => keep.pinned = is_true(truth)?,
        ["labelled", truth] => keep.labelled = is_true(truth)?,
        ["not", "pinned"] => keep.pinned = false,
        ["not", "labelled"] => keep.labelled = false,
        [] => return Err("say something between the commas".to_owned()),
        _ => return Err(not_known(&words)),
    }
    Ok(())
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a whole number that fits"))
}

fn is_true(text: &str) -> Result<bool, String> {
    match text {
        "true" | "yes" => Ok(true),
        "false" | "no" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}

fn not_known(words: &[&str]) -> String {
    let odd = words
        .iter()
        .find(|word| !WORDS.contains(word) && word.parse::<u32>().is_err());
    match odd.and_then(|word| nearest(word, WORDS.iter().copied())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "expected `last 10`, `30 days`, `pinned` or `labelled`".to_owned(),
    }
}

impl fmt::Display for Keep {
    /// In one line, as it may be written in the manifest and behind `--keep`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.last > 0 {
            parts.push(format!("last {}", self.last));
        }
        if self.days > 0 {
            let unit = if self.days == 1 { "day" } else { "days" };
            parts.push(format!("{} {unit}", self.days));
        }
        let mut by = |holds: bool, word: &str| {
            let not = if holds { "" } else { "not " };
            parts.push(format!("{not}{word}"));
        };
        by(self.pinned, "pinned");
        by(self.labelled, "labelled");
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keep(last: u32, days: u32, pinned: bool, labelled: bool) -> Keep {
        Keep {
            last,
            days,
            pinned,
            labelled,
        }
    }

    #[test]
    fn a_rule_is_read_as_people_write_it() {
        let table = [
            ("last 10, 30 days, pinned", keep(10, 30, true, true)),
            ("last=3, days=7,labelled=false", keep(3, 7, true, false)),
            ("LAST 2 generations", keep(2, 0, true, true)),
            ("1 day, not pinned, not labelled", keep(0, 1, false, false)),
            ("pinned=no", keep(0, 0, false, true)),
            ("labelled", keep(0, 0, true, true)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_says_what_could_be_meant() {
        let table = [
            ("", "something between"),
            ("last 1,,pinned", "something between"),
            ("last", "expected `last 10`"),
            ("last x", "`x` is not a whole number"),
            ("last 99999999999", "`99999999999` is not"),
            ("30 weeks", "expected"),
            ("lats 3", "did you mean `last`?"),
            ("pined", "did you mean `pinned`?"),
            ("pinned=maybe", "`true` or `false`"),
        ];
        for (text, why) in table {
            let error = text.parse::<Keep>().unwrap_err();
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(last: u32, days: u32, pinned: bool, labelled: bool) {
            let rule = keep(last, days, pinned, labelled);
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }

        #[test]
        fn no_text_is_too_odd(text: String) {
            drop(text.parse::<Keep>());
        }
    }
}
