//! Scripts of the shell that hold a place of their package in a variable.
//!
//! Only whole lines that give a variable a value are changed, at the top of what is run first: there `$0` still leads to
//! the script, and no shell takes the line for anything else.

use std::collections::BTreeSet;

use super::super::inside::Inside;
use super::super::inside::folder_of;
use super::super::inside::way;
use super::super::places::is_of_path;

/// The variables of a `foo-config` that hold the folder the package was built for.
const PREFIXES: &[&str] = &["prefix", "exec_prefix"];

/// The text with each such value found from where the script is.
pub(super) fn led(
    path: &str,
    text: &str,
    inside: &Inside,
    prefixes: &BTreeSet<String>,
) -> Option<String> {
    // What is written into other files looks like lines of its own.
    if text.contains("<<") {
        return None;
    }
    let mut is_first = true;
    let mut is_changed = false;
    let lines = text.split_inclusive('\n').map(|line| {
        is_first &= !leaves(line);
        let value = assigned(line).filter(|_| is_first);
        let place = value.and_then(|it| place(path, &it, inside, prefixes));
        match (value, place) {
            (Some(it), Some(place)) => {
                is_changed = true;
                format!("{}{}\n", it.before, from_here(path, &place, inside))
            }
            _ => line.to_owned(),
        }
    });
    let text: String = lines.collect();
    is_changed.then_some(text)
}

/// From such a line on `$0` may lead elsewhere.
fn leaves(line: &str) -> bool {
    let word = line.trim_start();
    ["cd ", "cd\t", "pushd ", "function "]
        .iter()
        .any(|it| word.starts_with(it))
        || word.trim_end().ends_with("() {")
        || word.trim_end().ends_with("()")
}

/// A line that gives a variable a whole path.
#[derive(Clone, Copy)]
struct Assigned<'t> {
    /// `export NAME=`
    before: &'t str,
    name: &'t str,
    value: &'t str,
}

fn assigned(line: &str) -> Option<Assigned<'_>> {
    let line = line.trim_end_matches('\n');
    let (before, value) = line.split_at(line.find('=')? + 1);
    let name = before.trim_end_matches('=');
    let words = ["export ", "readonly "];
    let name = words
        .iter()
        .find_map(|it| name.strip_prefix(it))
        .unwrap_or(name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let quoted = ['"', '\'']
        .iter()
        .find_map(|it| value.strip_prefix(*it)?.strip_suffix(*it));
    let value = quoted.unwrap_or(value);
    let is_path = value.starts_with('/') && value.chars().all(|c| is_of_path(c) && c != '~');
    is_path.then_some(Assigned {
        before,
        name,
        value,
    })
}

/// Where a value leads in the package.
fn place(
    path: &str,
    it: &Assigned<'_>,
    inside: &Inside,
    prefixes: &BTreeSet<String>,
) -> Option<String> {
    let is_said = path.strip_suffix("-config").is_some()
        && PREFIXES.contains(&it.name)
        && !matches!(it.value, "/" | "/usr" | "/usr/");
    if is_said || prefixes.contains(it.value.trim_end_matches('/')) {
        return Some(String::new());
    }
    let own = inside.named(it.value, path)?;
    // What is below a folder of the package need not be there yet.
    it.value
        .trim_end_matches('/')
        .strip_suffix(own.path.as_str())?;
    Some(own.path)
}

/// A word of shell for a place of the package.
fn from_here(path: &str, place: &str, inside: &Inside) -> String {
    const HERE: &str = r#"$(dirname -- "$(readlink -f -- "$0")")"#;
    let way = way(folder_of(path), place);
    if inside.files.contains_key(place) {
        format!("\"{HERE}/{way}\"")
    } else {
        format!("\"$(CDPATH= cd -P -- \"{HERE}/{way}\" && pwd)\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Option<String> {
        let inside = Inside::with(&["bin/foo-config", "bin/tool", "share/foo/a", "lib/foo/b"]);
        let known = BTreeSet::from(["/opt/known".to_owned()]);
        led(path, text, &inside, &known)
    }

    #[test]
    fn a_value_that_leads_into_the_package_is_found_from_the_script() {
        let folder = |way: &str| {
            format!(
                "\"$(CDPATH= cd -P -- \"$(dirname -- \"$(readlink -f -- \"$0\")\")/{way}\" && pwd)\""
            )
        };
        let up = folder("..");
        for (path, text, expected) in [
            (
                "bin/foo-config",
                "#!/bin/sh\nprefix=/opt/foo\nexec_prefix=\"/opt/foo\"\nlibdir=${prefix}/lib\n",
                format!("#!/bin/sh\nprefix={up}\nexec_prefix={up}\nlibdir=${{prefix}}/lib\n"),
            ),
            (
                "bin/tool",
                "export FOO='/usr/share/foo'\n",
                format!("export FOO={}\n", folder("../share/foo")),
            ),
            (
                "bin/tool",
                "HOME_OF=/opt/known/\n",
                format!("HOME_OF={up}\n"),
            ),
            (
                "bin/tool",
                "A=/usr/share/foo/a",
                "A=\"$(dirname -- \"$(readlink -f -- \"$0\")\")/../share/foo/a\"\n".to_owned(),
            ),
        ] {
            assert_eq!(of(path, text).as_deref(), Some(&*expected), "{text}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_left() {
        for (path, text) in [
            // Where an installer puts things.
            ("bin/install", "prefix=/usr/local\n"),
            ("bin/foo-config", "prefix=/usr\n"),
            ("bin/tool", "cd /\nFOO=/usr/share/foo\n"),
            ("bin/tool", "run() {\nFOO=/usr/share/foo\n}\n"),
            ("bin/tool", "cat <<END\nFOO=/usr/share/foo\nEND\n"),
            ("bin/tool", "FOO=/usr/share/foo run\n"),
            ("bin/tool", "FOO=\"/usr/share/foo:$FOO\"\n"),
            ("bin/tool", "  FOO=/usr/share/other\n"),
            ("bin/tool", "FOO=/usr/share/foo/new\n"),
            ("bin/tool", ""),
        ] {
            assert_eq!(of(path, text), None, "{text}");
        }
    }
}
