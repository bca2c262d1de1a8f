//! Files of `CMake`: they know the folder they are in.

use std::collections::BTreeSet;

use super::super::inside::Inside;
use super::super::inside::folder_of;
use super::super::inside::way;
use super::super::places::is_of_path;

/// The folder of the file that is being read.
const HERE: &str = "${CMAKE_CURRENT_LIST_DIR}";

/// What stands before and behind a whole value.
const AROUND: &[char] = &['"', ';', '(', ')', ' ', '\t', '\n', '\r'];

/// The text with each path that leads into the package from where the file is. Behind the first function nothing is
/// changed: when that runs, the file being read is another one.
pub(super) fn led(
    path: &str,
    text: &str,
    inside: &Inside,
    prefixes: &BTreeSet<String>,
) -> Option<String> {
    let (head, rest) = text.split_at(first_function(text));
    let prefixes = with_those_of(head, path, inside, prefixes);
    let mut new = String::with_capacity(text.len());
    let mut is_changed = false;
    for line in head.split_inclusive('\n') {
        if line.trim_start().starts_with('#') {
            new.push_str(line);
            continue;
        }
        for (value, around) in values(line) {
            new.push_str(around);
            match place(value, path, inside, &prefixes) {
                Some(place) => {
                    is_changed = true;
                    let way = way(folder_of(path), &place);
                    new.push_str(HERE);
                    if !way.is_empty() {
                        new.push('/');
                        new.push_str(&way);
                    }
                }
                None => new.push_str(value),
            }
        }
    }
    new.push_str(rest);
    is_changed.then_some(new)
}

/// Where the first function begins, or the end.
fn first_function(text: &str) -> usize {
    let lower = text.to_ascii_lowercase();
    let words = ["function(", "function (", "macro(", "macro ("];
    let begins = words.iter().filter_map(|word| lower.find(word));
    match begins.min() {
        Some(begin) => text[..begin].rfind('\n').map_or(0, |at| at + 1),
        None => text.len(),
    }
}

/// The values of a line, each with what stands before it; the last value may be empty.
fn values(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let begin = rest.find(|c| !AROUND.contains(&c)).unwrap_or(rest.len());
        let (around, behind) = rest.split_at(begin);
        let end = behind.find(AROUND).unwrap_or(behind.len());
        let (value, behind) = behind.split_at(end);
        rest = behind;
        Some((value, around))
    })
}

/// The folders a package was built for: those that are known, and those of what is named here.
fn with_those_of(
    head: &str,
    path: &str,
    inside: &Inside,
    prefixes: &BTreeSet<String>,
) -> BTreeSet<String> {
    let values = head.lines().flat_map(values).map(|(value, _)| value);
    let own = values.filter(|it| it.chars().all(is_of_path));
    let own = own.filter_map(|value| inside.own(value, path));
    let own = own
        .map(|own| own.prefix)
        .filter(|it| !it.is_empty() && it != "/usr");
    prefixes.iter().cloned().chain(own).collect()
}

/// Where a value leads in the package.
fn place(value: &str, path: &str, inside: &Inside, prefixes: &BTreeSet<String>) -> Option<String> {
    if !value.starts_with('/') || !value.chars().all(is_of_path) {
        return None;
    }
    if prefixes.contains(value.trim_end_matches('/')) {
        return Some(String::new());
    }
    inside.own(value, path).map(|own| own.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_into_the_package_lead_from_the_file() {
        let path = "lib/cmake/Foo/FooConfig.cmake";
        let inside = Inside::with(&[path, "lib/libfoo.so", "include/foo.h"]);
        for (text, expected) in [
            (
                "set(_IMPORT_PREFIX \"/opt/foo\")\nset(L /opt/foo/lib/libfoo.so)\n",
                Some(
                    "set(_IMPORT_PREFIX \"${CMAKE_CURRENT_LIST_DIR}/../../..\")\nset(L ${CMAKE_CURRENT_LIST_DIR}/../../libfoo.so)\n",
                ),
            ),
            (
                "set(I \"/opt/foo/include;/usr/include\")\nfunction(x)\nset(L /opt/foo/lib)\n",
                Some(
                    "set(I \"${CMAKE_CURRENT_LIST_DIR}/../../../include;/usr/include\")\nfunction(x)\nset(L /opt/foo/lib)\n",
                ),
            ),
            ("# /opt/foo/lib\n", None),
            ("set(L \"${X}/opt/foo/lib\")\n", None),
            ("set(L /usr/lib /opt/other)\n", None),
            ("macro(x)\nset(L /opt/foo/lib)", None),
            ("", None),
        ] {
            let new = led(path, text, &inside, &BTreeSet::new());
            assert_eq!(new.as_deref(), expected, "{text}");
        }
        let known = BTreeSet::from(["/opt/foo".to_owned()]);
        let new = led(path, "set(P /opt/foo/)", &inside, &known);
        assert_eq!(new.unwrap(), "set(P ${CMAKE_CURRENT_LIST_DIR}/../../..)");
    }
}
