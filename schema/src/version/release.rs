//! Versions as people name releases: `1.7.1`, `v2`, `jq-1.7.1`, `OpenSSL_1_1_1w`, `2024.05`, `nightly-2024-05-01`.
//!
//! There is no standard, so each word is a version and the order is total. What is before the numbers is a name and has
//! no part in the order. After the numbers a word like `rc` comes before the release, each other word behind it; a
//! `-` and a number is a revision, before the next number of the release itself:
//!
//! ```text
//! 1.2~x < 1.2-dev < 1.2-alpha < 1.2-beta < 1.2-rc.1 < 1.2 = v1.2.0 < 1.2a < 1.2p1 < 1.2-1 < 1.2.1
//! ```

use std::cmp::Ordering;

use crate::version::digits::Digits;
use crate::version::digits::compare_padded;
use crate::version::digits::split_row;
use crate::version::digits::trim;

/// Pieces of a version; where a list ends it goes on with `End`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(Vec<Piece>);

/// The order of variants is the order of versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Piece {
    /// Debian's mark for what is before everything.
    Tilde,
    Before(Stage),
    End,
    Word(String),
    Revision,
    Number(Digits),
}

/// How far a release has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Development,
    Alpha,
    Beta,
    Preview,
    Candidate,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.0, &other.0, &Piece::End)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    pub(super) fn is_prerelease(&self) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Tilde | Piece::Before(_)))
    }
}

/// A version cut in three: `jq-`, the numbers, what follows them.
struct Cut<'a> {
    name: &'a str,
    numbers: Vec<Digits>,
    rest: &'a str,
}

pub(super) fn parse(text: &str) -> Result<Key, String> {
    if let Some(wrong) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{wrong:?} cannot be in a version"));
    }
    let cut = cut(text);
    let mut pieces = trim(
        cut.numbers.iter().cloned().map(Piece::Number).collect(),
        &Piece::Number(Digits::ZERO),
    );
    if cut.numbers.is_empty() {
        return Ok(Key(tail(cut.name)));
    }
    // In `nightly-2024-05-01` the name is what the version is.
    let named = words(cut.name).find_map(stage);
    pieces.extend(named.map(Piece::Before));
    pieces.extend(tail(cut.rest));
    Ok(Key(pieces))
}

/// The numbers of the release itself, as they are written.
pub(super) fn numbers(text: &str) -> Vec<Digits> {
    cut(text).numbers
}

/// Whether a text has numbers where those of a version are, or is a word alone.
pub(super) fn has_numbers(text: &str) -> bool {
    !cut(text).numbers.is_empty()
}

fn cut(text: &str) -> Cut<'_> {
    let start = start(text);
    let (name, body) = text.split_at(start);
    let separator = separator(body);
    let mut numbers = Vec::new();
    let mut rest = body;
    loop {
        let (row, after) = split_row(rest);
        if row.is_empty() {
            break;
        }
        numbers.push(Digits::of(row));
        rest = after;
        match after.strip_prefix(separator) {
            Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
            _ => break,
        }
    }
    Cut {
        name,
        numbers,
        rest,
    }
}

/// Where the numbers begin: at the first digit with nothing, a mark or a lone `v` before it; `go1.22` has none such,
/// and then it is the first digit of all. `b3sum-1.5` begins at 1.
fn start(text: &str) -> usize {
    let begins_word = |at: usize| {
        let before = &text[..at];
        let before = before.strip_suffix(['v', 'V']).unwrap_or(before);
        !before.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let mut digits = text
        .match_indices(|c: char| c.is_ascii_digit())
        .map(|(at, _)| at);
    digits
        .clone()
        .find(|at| {
            !text[..*at].ends_with(['.', '+'])
                && !text[..*at].ends_with(|c: char| c.is_ascii_digit())
                && begins_word(*at)
        })
        .or_else(|| digits.next())
        .unwrap_or(text.len())
}

/// What stands between the numbers: dots, else `_` as in `REL_16_1`, or `-` in a date.
fn separator(body: &str) -> char {
    let (row, rest) = split_row(body);
    let is_date = || {
        let mut parts = rest.split('-').skip(1).map(|part| split_row(part).0.len());
        row.len() == 4 && parts.next() == Some(2) && parts.next() == Some(2)
    };
    match rest.chars().next() {
        Some('_') => '_',
        Some('-') if is_date() => '-',
        _ => '.',
    }
}

/// The pieces of what follows the numbers.
fn tail(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let begun_by = text[..text.len() - rest.len()].chars().next_back();
        let length = match first {
            c if c.is_ascii_digit() => split_row(rest).0.len(),
            c if is_letter(c) => rest.find(|c| !is_letter(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        match first {
            '~' => pieces.push(Piece::Tilde),
            c if c.is_ascii_digit() => {
                if matches!(begun_by, Some('-' | '_' | '+')) && pieces.is_empty() {
                    pieces.push(Piece::Revision);
                }
                pieces.push(Piece::Number(Digits::of(token)));
            }
            c if is_letter(c) => pieces.push(word(token, begun_by, after)),
            _ => {}
        }
        rest = after;
    }
    pieces
}

/// Letters of any script: nothing else could tell two such words apart.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() || (!c.is_ascii() && !c.is_whitespace())
}

fn word(token: &str, begun_by: Option<char>, after: &str) -> Piece {
    let lower = token.to_lowercase();
    // A letter alone means a stage only as in `1.0b2`: `1.1.1b` is a release, and `8u392-b08` a build.
    let alone = begun_by.is_none() && after.starts_with(|c: char| c.is_ascii_digit());
    let found = match lower.as_str() {
        "a" if alone => Some(Stage::Alpha),
        "b" if alone => Some(Stage::Beta),
        "c" if alone => Some(Stage::Candidate),
        // A milestone, as in `5.0.0-M1`.
        "m" if begun_by == Some('-') && after.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(Stage::Beta)
        }
        word => stage(word),
    };
    found.map_or(Piece::Word(lower), Piece::Before)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_letter(c))
        .filter(|word| !word.is_empty())
}

fn stage(word: &str) -> Option<Stage> {
    Some(match word.to_lowercase().as_str() {
        "dev" | "develop" | "snapshot" | "nightly" | "canary" | "unstable" | "experimental"
        | "insider" | "insiders" | "edge" | "tip" | "wip" => Stage::Development,
        "alpha" => Stage::Alpha,
        "beta" | "milestone" => Stage::Beta,
        "pre" | "preview" | "prerelease" | "next" | "ea" | "test" => Stage::Preview,
        "rc" | "cr" | "candidate" => Stage::Candidate,
        _ => return None,
    })
}
