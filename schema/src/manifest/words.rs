//! The words of a manifest that are known though nothing is done with them yet, and how words are listed.

use crate::nearest::nearest;

/// What an enum chosen by shape accepts, for a message.
pub(super) const SHAPE_NAMES: &str = "written another way";

/// What works today in place of a source that needs a registry.
pub(super) const SOURCES_TODAY: &str = "name where the package is: `{path: …}` for a folder or file, `{url: …}` for an archive or program, `{github: …}`, `{npm: …}` for what is published there";

/// What to do about a key that later versions will know; nothing if `key` is no such word.
pub(super) fn not_yet(place: &str, key: &str) -> Option<&'static str> {
    match (place, key) {
        ("Manifest", "registries") => {
            Some("leave it out, and give each package a `path:` or a `url:` of its own")
        }
        ("Manifest", "plugins") => Some("leave it out"),
        ("Package", "registry" | "cargo" | "go") => Some(SOURCES_TODAY),
        _ => None,
    }
}

/// What to say about a word that is none of `known`.
pub(super) fn one_of(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of {}", list(known)),
    }
}

/// Words in backticks with commas.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// A word as it is, or its beginning if it is too long for a message.
pub(super) fn shorten(word: &str) -> String {
    if word.chars().count() <= 60 {
        return word.to_owned();
    }
    word.chars().take(60).chain(['…']).collect()
}
