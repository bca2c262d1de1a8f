//! Do we accept the licence of everything we ship? The list is that of `deny.toml`, which cargo-deny reads too.

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::run;

/// Looks at every package of the shipped program on any system; returns how many lines that were.
pub(crate) fn check() -> Result<usize> {
    let text = std::fs::read_to_string("deny.toml")?;
    let accepted = accepted(&text)?;
    let arguments = ["tree", "--quiet", "--package", "dgmo", "--prefix", "none"];
    let mut command = run::cargo(arguments);
    command.args([
        "--all-features",
        "--edges",
        "normal,build",
        "--target",
        "all",
        "--no-dedupe",
        "--format",
        "{p}|{l}",
    ]);
    let mut lines: Vec<String> = run::read(&mut command)?
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort_unstable();
    lines.dedup();
    let refused: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.rsplit_once('|'))
        .filter(|(package, licence)| {
            let name = package.split(' ').next().unwrap_or_default();
            let mut accepted = accepted.clone();
            accepted.extend(excepted(&text, name));
            !is_accepted(licence, &accepted)
        })
        .map(|(package, _)| package)
        .collect();
    if !refused.is_empty() {
        bail!("licences not in deny.toml:\n  {}", refused.join("\n  "));
    }
    Ok(lines.len())
}

/// The strings of the list `allow` of the table `licenses`.
fn accepted(text: &str) -> Result<Vec<String>> {
    let list = text
        .split_once("[licenses]")
        .and_then(|(_, table)| table.split_once("allow = ["))
        .and_then(|(_, list)| list.split_once(']'))
        .context("deny.toml has no list `allow` in `[licenses]`")?;
    Ok(list
        .0
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect())
}

/// What is accepted of one package only: its line in the list `exceptions`.
fn excepted(text: &str, package: &str) -> Vec<String> {
    let named = format!("crate = \"{package}\"");
    let line = text.lines().find(|line| line.contains(&named));
    let list = line.and_then(|line| line.split_once("allow = [")?.1.split_once(']'));
    let (list, _) = list.unwrap_or_default();
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// An expression as packages write it: `AND` of `OR`s or `OR` of `AND`s, brackets around either, `/` for `OR`.
fn is_accepted(expression: &str, accepted: &[String]) -> bool {
    let expression = expression.replace('/', " OR ");
    let mut words = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
        .peekable();
    any_of(&mut words, accepted) && words.next().is_none()
}

type Words = std::iter::Peekable<std::vec::IntoIter<String>>;

fn any_of(words: &mut Words, accepted: &[String]) -> bool {
    let mut holds = all_of(words, accepted);
    while words.next_if(|word| word == "OR").is_some() {
        holds |= all_of(words, accepted);
    }
    holds
}

fn all_of(words: &mut Words, accepted: &[String]) -> bool {
    let mut holds = one(words, accepted);
    while words.next_if(|word| word == "AND").is_some() {
        holds &= one(words, accepted);
    }
    holds
}

fn one(words: &mut Words, accepted: &[String]) -> bool {
    let Some(mut name) = words.next() else {
        return false;
    };
    if name == "(" {
        let holds = any_of(words, accepted);
        return words.next().is_some_and(|word| word == ")") && holds;
    }
    if words.next_if(|word| word == "WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    accepted.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_accepted_when_one_way_through_it_is() {
        let accepted = accepted("[licenses]\nallow = [\n \"MIT\", \"Zlib\",\n \"A WITH B\"]\n");
        let accepted = accepted.expect("a list");
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Zlib", true),
            ("A WITH B", true),
            ("A", false),
            ("", false),
            ("MIT Zlib", false),
        ] {
            assert_eq!(is_accepted(expression, &accepted), expected, "{expression}");
        }
    }
}
