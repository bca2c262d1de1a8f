//! `mise.toml` and `.tool-versions`: tools with versions, variables, folders of the search path.

use std::path::Path;

use toml::Table;
use toml::Value;

use super::Around;
use super::Found;
use super::ImportError;
use super::local;
use super::local::Program;
use super::text;

/// Tables that say how mise works and what it runs.
const OTHERS: &[(&str, &str)] = &[
    ("tasks", "dgmo runs no tasks"),
    ("task_config", "dgmo runs no tasks"),
    (
        "hooks",
        "hooks of mise run when folders are entered; dgmo's run when generations change",
    ),
    ("settings", "a setting of mise itself"),
    ("plugins", "a plugin of mise"),
    ("alias", "another name for a version"),
    ("tool_alias", "another name for a tool"),
    ("shell_alias", "an alias of the shell"),
    ("min_version", "a setting of mise itself"),
    ("redactions", "a setting of mise itself"),
    ("watch_files", "dgmo runs no tasks"),
];

pub(super) fn read(path: &Path, source: &str, around: &Around) -> Result<Found, ImportError> {
    let table = parse(path, source)?;
    let mut found = Found::default();
    for (key, value) in &table {
        match (key.as_str(), value) {
            ("tools", Value::Table(tools)) => {
                for (name, wanted) in tools {
                    tool(&mut found, name, wanted, around);
                }
            }
            ("env", Value::Table(env)) => variables(&mut found, env),
            ("env", Value::Array(parts)) => {
                for part in parts.iter().filter_map(Value::as_table) {
                    variables(&mut found, part);
                }
            }
            _ => {
                let known = OTHERS.iter().find(|(other, _)| other == key);
                let why = known.map_or("dgmo does not know this key of mise's", |(_, why)| *why);
                found.leave(text::one_line(&format!("[{key}]")), None, why);
            }
        }
    }
    Ok(found)
}

/// Reads TOML; what is wrong is told in one line.
pub(super) fn parse(path: &Path, source: &str) -> Result<Table, ImportError> {
    source.parse::<Table>().map_err(|error| {
        let before = error.span().and_then(|span| source.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        ImportError::Syntax {
            path: path.to_owned(),
            why: format!("line {line}: {}", text::one_line(error.message())),
        }
    })
}

/// A tool: one version, several, or a table with more about it.
fn tool(found: &mut Found, name: &str, wanted: &Value, around: &Around) {
    match wanted {
        Value::String(version) => one(found, name, version, None, around),
        Value::Integer(version) => one(found, name, &version.to_string(), None, around),
        Value::Float(_) => found.leave(
            text::one_line(name),
            None,
            "its version is a number, which loses zeros at its end: put it in quotes",
        ),
        Value::Array(versions) => {
            for version in versions {
                tool(found, name, version, around);
            }
        }
        Value::Table(table) => match table.get("version") {
            Some(version) if !version.is_table() && !version.is_array() => {
                tool(found, name, version, around);
            }
            _ => found.leave(text::one_line(name), None, "it names no version"),
        },
        _ => found.leave(text::one_line(name), None, "it names no version"),
    }
}

fn one(found: &mut Found, name: &str, version: &str, line: Option<usize>, around: &Around) {
    // `npm:prettier` is kept in `npm-prettier`, and so on.
    let folder: String = name
        .chars()
        .map(|c| if matches!(c, ':' | '/' | '@') { '-' } else { c })
        .collect();
    let is_plain = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '\\', '\0'])
    };
    let places = around.places.installs.iter();
    let places = places.map(|installs| installs.join(&folder).join(version));
    let short = name.rsplit([':', '/']).next().unwrap_or(name);
    let is_exact = version.starts_with(|c: char| c.is_ascii_digit());
    local::take(
        found,
        Program {
            what: text::one_line(&format!("{name} {version}")),
            name: short,
            version: is_exact.then(|| version.to_owned()),
            line,
            places: if is_plain(&folder) && is_plain(version) {
                places.collect()
            } else {
                Vec::new()
            },
            needs: None,
        },
    );
}

fn variables(found: &mut Found, env: &Table) {
    for (name, value) in env {
        if name == "_" {
            directives(found, value);
            continue;
        }
        let what = text::one_line(name);
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Boolean(truth) => truth.to_string(),
            _ => {
                found.leave(what, None, "its value is not a text");
                continue;
            }
        };
        if text.contains("{{") || text.contains("{%") {
            found.leave(what, None, "its value is a template of mise's");
        } else if text.contains('\0') {
            found.leave(what, None, "a variable cannot hold a zero byte");
        } else if value == &Value::Boolean(false) {
            found.leave(
                what,
                None,
                "mise takes it out of the environment, which dgmo does not",
            );
        } else {
            match name.parse() {
                Ok(name) => drop(found.env.insert(name, text)),
                Err(error) => found.leave(what, None, text::one_line(&error.to_string())),
            }
        }
    }
}

/// `_.path` are folders of the search path; `_.file` and `_.source` are read by mise at each prompt.
fn directives(found: &mut Found, value: &Value) {
    for (key, value) in value.as_table().into_iter().flatten() {
        if key != "path" {
            found.leave(
                text::one_line(&format!("env._.{key}")),
                None,
                "mise reads or runs it for each shell, which dgmo does not",
            );
            continue;
        }
        let folders: Vec<&str> = match value {
            Value::String(folder) => vec![folder],
            Value::Array(folders) => folders.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for folder in folders {
            search_path(found, folder);
        }
    }
}

fn search_path(found: &mut Found, folder: &str) {
    let is_fixed = folder.starts_with('/') || folder == "~" || folder.starts_with("~/");
    let is_plain = !folder.contains(':') && !folder.chars().any(char::is_control);
    if is_fixed && is_plain && !folder.contains("{{") {
        if !found.path.iter().any(|known| known == folder) {
            found.path.push(folder.to_owned());
        }
    } else {
        let why = "only absolute folders and those below `~/` are on dgmo's search path";
        found.leave(text::one_line(&format!("env._.path {folder}")), None, why);
    }
}

/// `.tool-versions`: a tool and its versions in each line.
pub(super) fn read_tool_versions(source: &str, around: &Around) -> Found {
    let mut found = Found::default();
    for (index, line) in source.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let number = Some(index + 1);
        let mut versions = words.peekable();
        if versions.peek().is_none() {
            found.leave(text::one_line(name), number, "it names no version");
        }
        for version in versions {
            match version {
                "system" => found.leave(
                    text::one_line(&format!("{name} {version}")),
                    number,
                    "it is the system's own, which stays where it is",
                ),
                _ => one(&mut found, name, version, number, around),
            }
        }
    }
    found
}
