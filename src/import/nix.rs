//! The `manifest.json` of a Nix profile, in all three of its forms.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Map;
use serde_json::Value;

use super::Found;
use super::ImportError;
use super::local;
use super::local::Program;
use super::text;

const NEEDS: &str =
    "what it refers to stays in the Nix store: keep the profile, or a root, until it is replaced";

/// Whether the folder is a profile.
pub(super) fn is_profile(folder: &Path) -> bool {
    folder.join("manifest.json").is_file() || folder.join("manifest.nix").is_file()
}

/// The manifest that is meant by a path to it or to the profile.
pub(super) fn manifest_in(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.join("manifest.json");
    }
    path.to_owned()
}

pub(super) fn read(path: &Path, source: &str) -> Result<Found, ImportError> {
    let syntax = |why: String| ImportError::Syntax {
        path: path.to_owned(),
        why,
    };
    let document: Value =
        serde_json::from_str(source).map_err(|error| syntax(error.to_string()))?;
    let mut found = Found::default();
    match document.get("elements") {
        Some(Value::Array(elements)) => {
            for (index, value) in elements.iter().enumerate() {
                element(&mut found, &format!("element {index}"), None, value);
            }
        }
        Some(Value::Object(elements)) => {
            for (name, value) in elements {
                element(&mut found, name, Some(name), value);
            }
        }
        _ => return Err(syntax("it has no `elements`".to_owned())),
    }
    Ok(found)
}

/// One thing that was installed: its outputs are in the Nix store.
fn element(found: &mut Found, what: &str, name: Option<&str>, value: &Value) {
    let Some(element) = value.as_object() else {
        found.leave(
            text::one_line(what),
            None,
            "it is not an element of a profile",
        );
        return;
    };
    let name = name.map_or_else(|| name_of(element), |name| Some(name.to_owned()));
    let what = name.clone().unwrap_or_else(|| what.to_owned());
    if element.get("active") == Some(&Value::Bool(false)) {
        found.leave(
            text::one_line(&what),
            None,
            "it is not active in the profile",
        );
        return;
    }
    let outputs: Vec<&str> = element
        .get("storePaths")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if outputs.is_empty() {
        found.leave(
            text::one_line(&what),
            None,
            "it names no path in the Nix store",
        );
    }
    for output in outputs {
        take_output(found, &what, name.as_deref(), output);
    }
}

fn take_output(found: &mut Found, what: &str, name: Option<&str>, output: &str) {
    let path = Path::new(output);
    let (own_name, version) = name_and_version(path);
    let suffix = match own_name.rsplit_once('-') {
        Some((_, suffix @ ("man" | "doc" | "dev" | "lib" | "info" | "bin"))) => suffix,
        _ => "",
    };
    let name = match (name, suffix) {
        (None, _) => own_name.clone(),
        (Some(name), "") => name.to_owned(),
        (Some(name), suffix) => format!("{name}-{suffix}"),
    };
    local::take(
        found,
        Program {
            what: text::one_line(&format!("{what} ({output})")),
            name: &name,
            version,
            line: None,
            places: if path.is_absolute() {
                vec![path.to_owned()]
            } else {
                Vec::new()
            },
            needs: Some(NEEDS),
        },
    );
}

/// The last part of `legacyPackages.x86_64-linux.ripgrep`.
fn name_of(element: &Map<String, Value>) -> Option<String> {
    let attribute = element.get("attrPath")?.as_str()?;
    let last = attribute.rsplit('.').next()?.trim_matches('"');
    (!last.is_empty()).then(|| last.to_owned())
}

/// `HASH-NAME-VERSION` or `HASH-NAME-VERSION-OUTPUT`: the version begins with the first part that is a number.
fn name_and_version(path: &Path) -> (String, Option<String>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = match name.split_once('-') {
        Some((hash, rest)) if hash.len() == 32 => rest,
        _ => &name,
    };
    let parts: Vec<&str> = name.split('-').collect();
    let is_number = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit());
    let Some(at) = parts.iter().skip(1).position(is_number).map(|at| at + 1) else {
        return (name.to_owned(), None);
    };
    let rest = &parts[at + 1..];
    let own = [&parts[..at], rest].concat().join("-");
    (own, Some(parts[at].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_path_tells_name_and_version() {
        let hash = "0".repeat(32);
        let table = [
            ("ripgrep-14.1.0", "ripgrep", Some("14.1.0")),
            ("git-minimal-2.44.0-man", "git-minimal-man", Some("2.44.0")),
            ("hello", "hello", None),
            ("7zip-24", "7zip", Some("24")),
        ];
        for (text, name, version) in table {
            let path = PathBuf::from(format!("/nix/store/{hash}-{text}"));
            let expected = (name.to_owned(), version.map(str::to_owned));
            assert_eq!(name_and_version(&path), expected);
        }
    }
}
