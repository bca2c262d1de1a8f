//! Short names of well-known tools, and where each is published: an index that is part of the program.
//!
//! ```text
//! NAME | OFFER | PROGRAMS or - | OTHER NAMES or - | what it is
//! ```
//!
//! It only saves typing: what it knows of a tool is written into the manifest, and from then on the manifest says it.

use std::sync::OnceLock;

use dgmo_schema::catalogue::Offer;
use dgmo_schema::nearest::nearest;

const TEXT: &str = include_str!("tools.txt");

/// A tool the index knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// What people call it.
    pub name: &'static str,
    /// Where it is published.
    pub offer: Offer,
    /// The programs it shows, where they are not called like itself.
    pub programs: Vec<&'static str>,
    /// What people call it too.
    pub other_names: Vec<&'static str>,
    /// What it is.
    pub about: &'static str,
}

/// All tools, in the order of their names.
pub fn tools() -> &'static [Tool] {
    static TOOLS: OnceLock<Vec<Tool>> = OnceLock::new();
    TOOLS.get_or_init(|| TEXT.lines().filter_map(tool).collect())
}

fn tool(line: &'static str) -> Option<Tool> {
    if line.starts_with('#') {
        return None;
    }
    let mut columns = line.split(" | ").map(str::trim);
    let name = columns.next()?;
    let offer = columns.next()?.parse().ok()?;
    let mut list = || {
        let words = columns.next()?.split_whitespace();
        Some(words.filter(|word| *word != "-").collect::<Vec<_>>())
    };
    let (programs, other_names) = (list()?, list()?);
    Some(Tool {
        name,
        offer,
        programs,
        other_names,
        about: columns.next()?,
    })
}

/// The tool people mean by `name`.
pub fn find(name: &str) -> Option<&'static Tool> {
    let named = tools().iter().find(|tool| tool.name == name);
    named.or_else(|| tools().iter().find(|tool| tool.other_names.contains(&name)))
}

/// A name that is nearly `name`.
pub fn near(name: &str) -> Option<&'static str> {
    nearest(name, tools().iter().map(|tool| tool.name))
}

/// The tools that have all of `words` in what they are called or what they are, the best first.
pub fn search(words: &[String]) -> Vec<&'static Tool> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let mut found: Vec<(u32, &Tool)> = tools()
        .iter()
        .filter_map(|tool| {
            let ranks: Option<Vec<u32>> = words.iter().map(|word| rank(tool, word)).collect();
            Some((ranks?.into_iter().sum(), tool))
        })
        .collect();
    // Stable: tools of one rank stay in the order of their names.
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, tool)| tool).collect()
}

/// How well a word tells of a tool, 0 is best; nothing if it does not.
fn rank(tool: &Tool, word: &str) -> Option<u32> {
    let names = || std::iter::once(tool.name).chain(tool.other_names.iter().copied());
    let offer = tool.offer.name.to_lowercase();
    let about = tool.about.to_lowercase();
    if names().any(|name| name == word) || tool.programs.contains(&word) {
        Some(0)
    } else if names().any(|name| name.starts_with(word)) {
        Some(1)
    } else if names().any(|name| name.contains(word)) {
        Some(2)
    } else if about
        .split(|c: char| !c.is_alphanumeric())
        .any(|it| it == word)
    {
        Some(3)
    } else if offer.contains(word) || about.contains(word) {
        Some(4)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dgmo_schema::name::PackageName;

    use super::*;

    #[test]
    fn every_line_is_a_tool_and_no_name_is_given_twice() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.clone().count(), tools().len());
        let mut names = BTreeSet::new();
        for (tool, line) in tools().iter().zip(lines) {
            for name in std::iter::once(&tool.name).chain(&tool.other_names) {
                assert!(names.insert(*name), "{name} is given twice");
                assert!(name.parse::<PackageName>().is_ok(), "{name}");
            }
            assert!(
                !tool.about.is_empty() && !tool.about.ends_with('.'),
                "{line}"
            );
            assert!(line.len() <= 160, "{line}");
        }
        assert!(tools().is_sorted_by(|one, other| one.name < other.name));
    }

    #[test]
    fn a_tool_is_found_by_every_name_and_nearly() {
        let ripgrep = find("ripgrep").unwrap();
        assert_eq!(find("rg"), Some(ripgrep));
        assert_eq!(ripgrep.programs, ["rg"]);
        assert_eq!(near("ripgrp"), Some("ripgrep"));
        assert_eq!(find("no-such-tool-at-all"), None);
    }

    #[test]
    fn what_is_called_so_is_found_before_what_is_said_to_be() {
        let found = search(&["jq".to_owned()]);
        assert_eq!(found[0].name, "jq");
        assert!(search(&["jq".to_owned(), "nothing-has-this".to_owned()]).is_empty());
    }
}
