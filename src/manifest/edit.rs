//! Changes to the text of a manifest that touch nothing else in it.
//!
//! Positions from the parser say where an entry begins and ends; the change is made in the text itself, so that
//! comments, quoting and blank lines stay as they are. Whatever was changed is read again, and must say what it said
//! before but for the one package; adding must be undone by removing, byte for byte. Where no way of writing the
//! change passes that, it is refused with the lines to write by hand.

use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::code::Place;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::Node;
use dgmo_schema::manifest::Problem;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::SourceText;
use dgmo_schema::manifest::read_part;
use dgmo_schema::name::PackageName;
use dgmo_schema::nearest::nearest;

use super::layout;
use super::layout::Map;
use super::layout::Style;
use super::write;
use super::yaml;

/// Said on a `packages:` line that an edit made, so that removing the last package removes the line too.
const MADE_HERE: &str = " # by `dgmo add`";

/// How many packages are named to somebody who named another.
const SHOWN: usize = 10;

/// Why a manifest was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("the manifest has a package `{name}` already")]
    Present {
        name: PackageName,
        place: Box<Place>,
    },
    #[error("the manifest has no package `{name}`")]
    Absent {
        name: PackageName,
        /// What to do about it.
        hint: Hint,
    },
    #[error("the manifest must be right before it can be changed: {}", problems[0])]
    Invalid { problems: Vec<Problem> },
    #[error("cannot add `{name}`: {problem}")]
    Wrong { name: PackageName, problem: Problem },
    #[error("cannot {deed} `{name}` without touching other parts of the manifest")]
    Refused {
        deed: &'static str,
        name: PackageName,
        /// What a person can write.
        lines: String,
    },
}

impl EditError {
    /// There is no package `name` among those that are `there`.
    pub fn absent<'a>(
        name: &PackageName,
        there: impl IntoIterator<Item = &'a PackageName>,
    ) -> Self {
        let there: Vec<&str> = there.into_iter().map(PackageName::as_str).collect();
        let hint = match (nearest(name.as_str(), there.iter().copied()), &*there) {
            (Some(near), _) => Hint::Do(format!("did you mean `{near}`?")),
            (None, []) => Hint::Run(format!("dgmo add {name}")),
            (None, there) => {
                let shown = there.iter().take(SHOWN).map(|name| format!("`{name}`"));
                let shown = shown.collect::<Vec<_>>().join(", ");
                let more = if there.len() > SHOWN { ", …" } else { "" };
                Hint::Do(format!("name one of {shown}{more}"))
            }
        };
        Self::Absent {
            name: name.clone(),
            hint,
        }
    }
}

impl Diagnose for EditError {
    fn code(&self) -> Code {
        match self {
            Self::Present { .. } => Code::EditPresent,
            Self::Absent { .. } => Code::EditAbsent,
            Self::Invalid { problems } => problems[0].code,
            Self::Wrong { problem, .. } => problem.code,
            Self::Refused { .. } => Code::EditRefused,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Present { name, .. } => format!("change its entry, or remove `{name}` first"),
            Self::Wrong { problem, .. } => return problem.hint(),
            Self::Refused { lines, .. } => format!("write by hand:\n{lines}"),
            Self::Absent { hint, .. } => return Some(hint.clone()),
            Self::Invalid { .. } => return None,
        };
        Some(Hint::Do(text))
    }

    fn place(&self) -> Option<&Place> {
        match self {
            Self::Present { place, .. } => Some(place),
            _ => None,
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Invalid { problems } => problems.first().map(|first| first as &dyn Diagnose),
            _ => None,
        }
    }
}

/// The text with one package more, at the end of its packages.
pub fn add_package(
    text: &str,
    name: &PackageName,
    requirement: &Requirement,
) -> Result<String, EditError> {
    let before = Meaning::of(text)?;
    if let Some(key) = layout::entry(&before.root, "packages")
        .and_then(|(_, packages)| layout::entry(packages, name.as_str()))
        .map(|(key, _)| key)
    {
        let place = SourceText::new("dgmo.yaml", text).place(key.span);
        return Err(EditError::Present {
            name: name.clone(),
            place: Box::new(place),
        });
    }
    let mut wanted = before.manifest.clone();
    wanted.packages.insert(name.clone(), here(requirement));
    let entry = write::entry(name, requirement);
    for candidate in additions(text, &before.root, &entry) {
        let fits = Meaning::of(&candidate).is_ok_and(|after| after.is(&wanted, &before.include));
        if fits && remove_package(&candidate, name).is_ok_and(|undone| undone == text) {
            return Ok(candidate);
        }
    }
    // Where the entry is wrong in itself, no place for it can be right.
    let alone = format!("dgmo: 1\npackages:\n  {entry}\n");
    if let Err(EditError::Invalid { mut problems }) = Meaning::of(&alone) {
        let name = name.clone();
        let problem = problems.swap_remove(0);
        return Err(EditError::Wrong { name, problem });
    }
    Err(EditError::Refused {
        deed: "add",
        name: name.clone(),
        lines: format!("packages:\n  {entry}"),
    })
}

/// The text without one of its packages. Comments around the package stay.
pub fn remove_package(text: &str, name: &PackageName) -> Result<String, EditError> {
    let before = Meaning::of(text)?;
    let absent = || EditError::absent(name, before.manifest.packages.keys());
    let (_, packages) = layout::entry(&before.root, "packages").ok_or_else(absent)?;
    let (key, _) = layout::entry(packages, name.as_str()).ok_or_else(absent)?;
    let line = SourceText::new("dgmo.yaml", text).place(key.span).line;
    let mut wanted = before.manifest.clone();
    wanted.packages.remove(name);
    removal(text, &before.root, name)
        .filter(|candidate| {
            Meaning::of(candidate).is_ok_and(|after| after.is(&wanted, &before.include))
        })
        .ok_or_else(|| EditError::Refused {
            deed: "remove",
            name: name.clone(),
            lines: format!("remove the entry `{name}` on line {line}"),
        })
}

/// What a text says, apart from how it says it.
pub(super) struct Meaning {
    pub(super) root: Node,
    pub(super) manifest: Manifest,
    pub(super) include: Vec<String>,
}

impl Meaning {
    pub(super) fn of(text: &str) -> Result<Self, EditError> {
        let invalid = |problems| EditError::Invalid { problems };
        let source = Arc::new(SourceText::new("dgmo.yaml", text));
        let root = yaml::parse(&source).map_err(invalid)?;
        let (part, problems) = read_part(source, &root, Path::new(""));
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        let include = part.include().iter().map(|file| file.value.clone());
        let include = include.collect();
        let (manifest, _) = part.finish().map_err(invalid)?;
        Ok(Self {
            root,
            manifest,
            include,
        })
    }

    pub(super) fn is(&self, manifest: &Manifest, include: &[String]) -> bool {
        self.manifest == *manifest && self.include == include
    }
}

/// The requirement as it reads from a text whose folder is not known.
fn here(requirement: &Requirement) -> Requirement {
    let mut requirement = requirement.clone();
    if let Source::Path { base, .. } = &mut requirement.source {
        *base = PathBuf::new();
    }
    requirement
}

/// The ways to write one entry more, the best first.
fn additions(text: &str, root: &Node, entry: &str) -> Vec<String> {
    let insert = |at: usize, what: &str| format!("{}{what}{}", &text[..at], &text[at..]);
    let Some(root_map) = Map::of(text, root) else {
        return Vec::new();
    };
    let Some((key, packages)) = layout::entry(root, "packages") else {
        return in_a_new_map(text, &root_map, entry);
    };
    if packages.is_null() {
        if root_map.style == Style::Flow {
            return Vec::new();
        }
        let line = layout::line_at(text, packages.span.end.max(key.span.end));
        let indent = layout::indent_below(text, root, line);
        let what = format!("{}{}{entry}", line.ending(text), " ".repeat(indent));
        return vec![insert(line.end, &what)];
    }
    let Some(map) = Map::of(text, packages) else {
        return Vec::new();
    };
    match (map.style, map.entries.last()) {
        (Style::Flow, Some(last)) => vec![insert(last.end, &format!(", {entry}"))],
        (Style::Flow, None) => vec![insert(packages.span.start + 1, entry)],
        (Style::Block, _) => in_a_block(text, &map, &[entry.to_owned()]),
    }
}

/// The ways to write `packages` itself with its first entry.
fn in_a_new_map(text: &str, root: &Map, entry: &str) -> Vec<String> {
    if root.style == Style::Flow {
        return Vec::new();
    }
    let key = format!("packages:{MADE_HERE}");
    in_a_block(text, root, &[key, format!("  {entry}")])
}

/// The ways to add lines to a block: behind its last entry, behind what may belong to that, before its first.
pub(super) fn in_a_block(text: &str, map: &Map, lines: &[String]) -> Vec<String> {
    let indent = " ".repeat(map.indent(text));
    let mut ways = Vec::new();
    let (Some(first), Some(last)) = (map.entries.first(), map.entries.last()) else {
        return ways;
    };
    for end in [layout::block_end(text, last), last.span_end] {
        let line = layout::line_at(text, end);
        let ending = line.ending(text);
        let mut what = String::new();
        for new in lines {
            let _infallible = write!(what, "{ending}{indent}{new}");
        }
        ways.push(format!("{}{what}{}", &text[..line.end], &text[line.end..]));
    }
    let line = layout::line_at(text, first.start);
    let ending = line.ending(text);
    let mut what = String::new();
    for new in lines {
        let _infallible = write!(what, "{indent}{new}{ending}");
    }
    ways.push(format!(
        "{}{what}{}",
        &text[..line.start],
        &text[line.start..]
    ));
    ways
}

fn removal(text: &str, root: &Node, name: &PackageName) -> Option<String> {
    let (key, packages) = layout::entry(root, "packages")?;
    let map = Map::of(text, packages)?;
    let index = map
        .entries
        .iter()
        .position(|entry| entry.name == name.as_str())?;
    let entry = &map.entries[index];
    if map.style == Style::Flow {
        return Some(layout::without_flow_entry(text, &map.entries, index));
    }
    let end = layout::block_end(text, entry);
    let line = layout::line_at(text, key.span.start);
    let alone = map.entries.len() == 1;
    if alone && text[line.start..line.end].ends_with(MADE_HERE) {
        return Some(layout::without_lines(text, key.span.start, end));
    }
    Some(layout::without_lines(text, entry.start, end))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn from_path(path: &str) -> Requirement {
        Requirement {
            source: Source::Path {
                path: path.to_owned(),
                base: PathBuf::new(),
            },
            bin: Vec::new(),
            priority: 0,
            relocatable: true,
        }
    }

    fn add(text: &str) -> Result<String, EditError> {
        add_package(text, &"new".parse().unwrap(), &from_path("./new"))
    }

    #[test]
    fn a_package_is_added_where_a_person_would_write_it() {
        for (text, expected) in [
            (
                "dgmo: 1\npackages:\n  a: {path: a} # first\n\nfiles: {}\n",
                "dgmo: 1\npackages:\n  a: {path: a} # first\n  new: {path: \"./new\"}\n\nfiles: {}\n",
            ),
            (
                "dgmo: 1\npackages: {}\n",
                "dgmo: 1\npackages: {new: {path: \"./new\"}}\n",
            ),
            (
                "dgmo: 1\npackages: { a: {path: a} }",
                "dgmo: 1\npackages: { a: {path: a}, new: {path: \"./new\"} }",
            ),
            (
                "dgmo: 1\npackages: # none yet\nkeep:\n    last: 3\n",
                "dgmo: 1\npackages: # none yet\n    new: {path: \"./new\"}\nkeep:\n    last: 3\n",
            ),
            (
                "dgmo: 1",
                "dgmo: 1\npackages: # by `dgmo add`\n  new: {path: \"./new\"}",
            ),
            (
                "dgmo: 1\r\npackages:\r\n    a:\r\n        path: a\r\n        # of a\r\n    # of none\r\n",
                "dgmo: 1\r\npackages:\r\n    a:\r\n        path: a\r\n        # of a\r\n    new: {path: \"./new\"}\r\n    # of none\r\n",
            ),
            (
                "{dgmo: 1, packages: {}}",
                "{dgmo: 1, packages: {new: {path: \"./new\"}}}",
            ),
        ] {
            let added = add(text).unwrap();
            assert_eq!(added, expected);
            assert_eq!(
                remove_package(&added, &"new".parse().unwrap()).unwrap(),
                text
            );
        }
    }

    #[test]
    fn what_is_there_is_not_added_and_what_is_not_is_not_removed() {
        let text = "dgmo: 1\npackages:\n  new: {path: x}\n";
        let error = add(text).unwrap_err();
        assert_eq!(error.code(), Code::EditPresent);
        assert_eq!(error.place().unwrap().line, 3);
        let error = remove_package(text, &"other".parse().unwrap()).unwrap_err();
        assert_eq!(error.code(), Code::EditAbsent);
    }

    #[test]
    fn a_refusal_shows_the_lines_to_write() {
        for text in ["{dgmo: 1}", "dgmo: 1\npackages: ~\n"] {
            let error = add(text).unwrap_err();
            assert_eq!(error.code(), Code::EditRefused, "{text}");
            let hint = error.hint().unwrap().to_string();
            assert!(
                hint.contains("packages:\n  new: {path: \"./new\"}"),
                "{hint}"
            );
        }
    }

    #[test]
    fn a_manifest_with_mistakes_is_not_changed() {
        let error = add("dgmo: 1\npakages: {}\n").unwrap_err();
        assert_eq!(error.code(), Code::ManifestUnknownKey);
    }

    #[test]
    fn removing_keeps_the_comments_around() {
        let name = "b".parse().unwrap();
        for (text, expected) in [
            (
                "dgmo: 1\npackages:\n  # of a\n  a: {path: a}\n  # of b\n  b:\n    path: b\n    # inside b\n\n  # of c\n  c: {path: c}\n",
                "dgmo: 1\npackages:\n  # of a\n  a: {path: a}\n  # of b\n\n  # of c\n  c: {path: c}\n",
            ),
            (
                "dgmo: 1\npackages: {\n  a: {path: a}, # of a\n  b: {path: b}, # of b\n  c: {path: c}\n}\n",
                "dgmo: 1\npackages: {\n  a: {path: a}, # of a\n   # of b\n  c: {path: c}\n}\n",
            ),
            (
                "dgmo: 1\npackages: {b: {path: b}, c: {path: c}}\n",
                "dgmo: 1\npackages: {c: {path: c}}\n",
            ),
            (
                "dgmo: 1\npackages: {\n  a: {path: a}, # of a\n  b: {path: b} # of b\n}\n",
                "dgmo: 1\npackages: {\n  a: {path: a}, # of a\n   # of b\n}\n",
            ),
        ] {
            assert_eq!(remove_package(text, &name).unwrap(), expected);
        }
    }
}
