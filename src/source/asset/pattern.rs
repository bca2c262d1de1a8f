//! What a manifest says of the name of an asset, where the name alone does not tell.

use std::collections::BTreeMap;

use dgmo_schema::system::System;

/// The name of an asset with places in it: `{version}`, `{system}`, `{os}`, `{arch}`, and `*` for any text.
///
/// `{os}` and `{arch}` stand for all spellings of the system that is locked, `{system}` for both with anything usual
/// between and around them: `x86_64-unknown-linux-musl`, `linux_amd64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Any,
    Version,
    System,
    Os,
    Arch,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error(
        "`{{{0}}}` is no place in the name of an asset: there are `version`, `system`, `os` and `arch`"
    )]
    Place(String),
    #[error("a `{{` in the name of an asset has no `}}`")]
    Open,
    #[error("the name of an asset is empty")]
    Empty,
    #[error("the name of an asset has more than {MOST_PARTS} places")]
    Long,
}

/// Matching tries them all against one another, so that a pattern must be short.
const MOST_PARTS: usize = 32;

/// The patterns of a manifest: one for all systems, or one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patterns {
    Every(Pattern),
    BySystem(BTreeMap<System, Pattern>),
}

impl Patterns {
    /// The pattern for `system`, if there is one.
    pub fn of(&self, system: &System) -> Option<&Pattern> {
        match self {
            Self::Every(pattern) => Some(pattern),
            Self::BySystem(patterns) => patterns.get(system),
        }
    }

    /// Whether the manifest speaks of this very system, and so is believed against the words of the name.
    pub(super) fn names(&self, system: &System) -> bool {
        matches!(self, Self::BySystem(patterns) if patterns.contains_key(system))
    }
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '*']) {
            if at > 0 {
                parts.push(Part::Text(rest[..at].to_owned()));
            }
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix('*') {
                if parts.last() != Some(&Part::Any) {
                    parts.push(Part::Any);
                }
                rest = after;
                continue;
            }
            let (name, after) = rest[1..].split_once('}').ok_or(PatternError::Open)?;
            parts.push(place(name)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        match parts.len() {
            0 => Err(PatternError::Empty),
            count if count > MOST_PARTS => Err(PatternError::Long),
            _ => Ok(Self {
                text: text.to_owned(),
                parts,
            }),
        }
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `name` is the asset meant, for this version and system.
    pub fn matches(&self, name: &str, version: &str, system: &System) -> bool {
        let mut ends = vec![0];
        for part in &self.parts {
            let mut next: Vec<usize> = ends
                .iter()
                .flat_map(|at| ends_of(part, name, *at, (version, system)))
                .collect();
            next.sort_unstable();
            next.dedup();
            ends = next;
        }
        ends.last() == Some(&name.len())
    }
}

fn place(name: &str) -> Result<Part, PatternError> {
    match name {
        "version" => Ok(Part::Version),
        "system" => Ok(Part::System),
        "os" => Ok(Part::Os),
        "arch" => Ok(Part::Arch),
        _ => Err(PatternError::Place(name.to_owned())),
    }
}

/// Where `part` can end in `name` when it begins at `at`.
fn ends_of(part: &Part, name: &str, at: usize, (version, system): (&str, &System)) -> Vec<usize> {
    let rest = &name[at..];
    let spelled = |words: &[&str]| {
        let ends = words.iter().filter_map(|word| end_of_word(rest, word));
        ends.map(|end| at + end).collect()
    };
    match part {
        Part::Text(text) if rest.starts_with(text.as_str()) => vec![at + text.len()],
        Part::Version if rest.starts_with(version) => vec![at + version.len()],
        Part::Text(_) | Part::Version => Vec::new(),
        Part::Any => rest
            .char_indices()
            .map(|(end, _)| at + end)
            .chain([name.len()])
            .collect(),
        Part::Os => spelled(spellings(system.os())),
        Part::Arch => spelled(spellings(system.arch())),
        Part::System => (1..=rest.len())
            .filter(|end| rest.is_char_boundary(*end) && is_system(&rest[..*end], system))
            .map(|end| at + end)
            .collect(),
    }
}

/// Where `word` ends at the start of `text`, if it is there, in letters of either case.
fn end_of_word(text: &str, word: &str) -> Option<usize> {
    let start = text.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then_some(word.len())
}

/// Whether `text` is the architecture and the operating system, in either order, with usual words between or after.
fn is_system(text: &str, system: &System) -> bool {
    let text = text.to_ascii_lowercase();
    let (os, arch) = (spellings(system.os()), spellings(system.arch()));
    let after = |text: &str, words: &[&str]| -> Vec<String> {
        let rests = words.iter().filter_map(|word| text.strip_prefix(word));
        rests.map(str::to_owned).collect()
    };
    let usual = |text: &str| {
        text.split(['-', '_', '.']).all(|word| {
            matches!(
                word,
                "" | "unknown" | "pc" | "apple" | "gnu" | "musl" | "msvc"
            ) || matches!(word, "gnueabihf" | "musleabihf" | "gnueabi" | "musleabi")
        })
    };
    let pairs = [(os, arch), (arch, os)];
    pairs.iter().any(|(first, second)| {
        after(&text, first).iter().any(|rest| {
            let starts = rest.char_indices().map(|(at, _)| at);
            starts
                .filter(|at| usual(&rest[..*at]))
                .any(|at| after(&rest[at..], second).iter().any(|end| usual(end)))
        })
    })
}

/// How people write a word of a system.
fn spellings(word: &str) -> &[&str] {
    match word {
        "linux" => &["linux"],
        "darwin" => &["darwin", "macos", "macosx", "osx", "mac"],
        "windows" => &["windows", "win", "win32", "win64"],
        "x86_64" => &["x86_64", "x86-64", "amd64", "x64", "64bit", "64-bit"],
        "aarch64" => &["aarch64", "arm64", "armv8"],
        "armv7" => &["armv7", "armv7l", "armhf", "arm"],
        "i686" => &["i686", "i386", "386", "x86"],
        "riscv64" => &["riscv64", "riscv64gc"],
        "powerpc64le" => &["powerpc64le", "ppc64le"],
        "s390x" => &["s390x"],
        "loongarch64" => &["loongarch64", "loong64"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str, system: &str) -> bool {
        let pattern = Pattern::parse(pattern).unwrap();
        pattern.matches(name, "1.2.3", &system.parse().unwrap())
    }

    #[test]
    fn places_stand_for_every_spelling_of_the_system() {
        for (pattern, name) in [
            ("tool", "tool"),
            ("tool-{version}.tar.gz", "tool-1.2.3.tar.gz"),
            ("tool-*-{os}-{arch}.zip", "tool-x-Linux-amd64.zip"),
            (
                "tool-{system}.tar.gz",
                "tool-x86_64-unknown-linux-musl.tar.gz",
            ),
            ("tool-{system}.tar.gz", "tool-linux_amd64.tar.gz"),
            ("{system}", "linux64-bit"),
            ("*", ""),
            ("*{version}*", "a1.2.3b"),
            ("é*", "éé"),
        ] {
            assert!(matches(pattern, name, "x86_64-linux"), "{pattern} {name}");
        }
    }

    #[test]
    fn another_name_or_system_does_not_match() {
        for (pattern, name) in [
            ("tool", "tool2"),
            ("tool-{version}", "tool-1.2.4"),
            ("tool-{os}", "tool-darwin"),
            ("tool-{arch}", "tool-arm64"),
            ("tool-{system}", "tool-aarch64-unknown-linux-gnu"),
            ("tool-{system}", "tool-x86_64-linux-full"),
            ("a*b*c", "abb"),
        ] {
            assert!(!matches(pattern, name, "x86_64-linux"), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        let why = |text| Pattern::parse(text).unwrap_err();
        assert_eq!(why("a{libc}"), PatternError::Place("libc".to_owned()));
        assert_eq!(why("a{os"), PatternError::Open);
        assert_eq!(why(""), PatternError::Empty);
        assert_eq!(why(&"a*".repeat(40)), PatternError::Long);
    }
}
