//! A Brewfile: Ruby, of which the lines that only declare are read. All others are told, with their numbers.

use super::Around;
use super::Found;
use super::local;
use super::local::Program;
use super::text;

const NEEDS: &str = "libraries it links to stay in Homebrew's folder";

/// Words that declare something that is not a program of Homebrew itself.
const OTHERS: &[(&str, &str)] = &[
    (
        "cask",
        "an application for macOS, which is not a package here",
    ),
    (
        "mas",
        "an application of a store, which is not a package here",
    ),
    ("vscode", "an extension of an editor"),
    ("whalebrew", "a container image"),
    ("go", "this version takes nothing from Go's modules"),
    ("cargo", "this version takes nothing from Rust's registry"),
    ("uv", "this version takes nothing from Python's registry"),
    ("npm", "this version takes nothing from npm's registry"),
    (
        "flatpak",
        "an application of Flatpak, which is not a package here",
    ),
    ("tap", "a list of formulas, which dgmo does not read"),
    ("cask_args", "settings for applications of macOS"),
];

pub(super) fn read(text: &str, around: &Around) -> Found {
    let mut found = Found::default();
    let mut continued = false;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if continued {
            // Options of the line above: how it is built and started, which a folder that is there does not ask.
            continued = line.ends_with(',');
            continue;
        }
        match declared(line) {
            Some((word, name, rest)) => {
                continued = rest.ends_with(',');
                let declared = Declared {
                    word,
                    name,
                    rest,
                    number,
                };
                declare(&mut found, &declared, around);
            }
            None if line.starts_with("cask_args") => {
                continued = line.ends_with(',');
                found.leave(
                    "cask_args",
                    Some(number),
                    "settings for applications of macOS",
                );
            }
            None => found.leave(
                text::one_line(line),
                Some(number),
                "a line of Ruby that does not only declare",
            ),
        }
    }
    found
}

/// `word "name"` and what follows; none for any other line.
fn declared(line: &str) -> Option<(String, String, &str)> {
    let end = line.find(|c: char| !(c.is_ascii_lowercase() || c == '_'))?;
    let (word, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('(').unwrap_or(rest).trim_start();
    let (name, rest) = text::quoted(rest)?;
    let rest = rest.trim_start();
    let follows = rest.is_empty() || rest.starts_with([',', '#', ')']) || is_condition(rest);
    (!word.is_empty() && follows).then(|| (word.to_owned(), name, without_comment(rest)))
}

/// What follows a name may be a comment; one inside of quotes is taken for one too, which only shortens options.
fn without_comment(rest: &str) -> &str {
    rest.split('#').next().unwrap_or_default().trim_end()
}

fn is_condition(rest: &str) -> bool {
    rest.starts_with("if ") || rest.starts_with("unless ")
}

/// A line that declares.
struct Declared<'a> {
    word: String,
    name: String,
    /// What follows the name.
    rest: &'a str,
    number: usize,
}

fn declare(found: &mut Found, line: &Declared<'_>, around: &Around) {
    let Declared {
        word,
        name,
        rest,
        number,
    } = line;
    let what = text::one_line(&format!("{word} {name}"));
    let conditional = is_condition(rest) || rest.contains(" if ") || rest.contains(" unless ");
    if conditional {
        found.leave(what, Some(*number), "it has a condition in Ruby");
        return;
    }
    if word != "brew" {
        let known = OTHERS.iter().find(|(other, _)| other == word);
        let why = known.map_or("dgmo does not know this word of Homebrew's", |(_, why)| {
            *why
        });
        found.leave(what, Some(*number), why);
        return;
    }
    let formula = name.rsplit('/').next().unwrap_or(name);
    let is_plain = !formula.is_empty() && !formula.starts_with('.') && !formula.contains('\\');
    let places = around.places.homebrew.iter();
    let places = places.map(|folder| folder.join("opt").join(formula));
    local::take(
        found,
        Program {
            what,
            name: formula,
            version: None,
            line: Some(*number),
            places: if is_plain {
                places.collect()
            } else {
                Vec::new()
            },
            needs: Some(NEEDS),
        },
    );
}
