//! The short rules of the house, held by a test: who may use whom, and what is named where.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The modules of `src/`, in the order to read them in. A module may use those above it and nothing below it.
///
/// Rooms that are planned but not built yet have their place already.
const READING_ORDER: &[&str] = &[
    "env",
    "clock",
    "home",
    "config",
    "process",
    "trust",
    "manifest",
    "import",
    "lock",
    "source",
    "registry",
    "resolve",
    "realise",
    "files",
    "view",
    "generation",
    "service",
    "check",
    "health",
    "activate",
    "ops",
    "plugin",
    "fleet",
    "workflow",
    "ui",
    "serve",
    "cli",
];

/// What is named in one place only, and which place that is.
const NAMED_IN_ONE_PLACE: &[(&str, &str)] = &[
    ("clap::", "src/cli"),
    ("clap_complete::", "src/cli"),
    ("clap_mangen::", "src/cli"),
    ("indicatif::", "src/ui"),
    ("petgraph::", "src/service"),
    ("pubgrub::", "src/resolve/solve"),
    ("ratatui::", "src/ui/browser"),
    ("signal_hook::", "src/process"),
    ("toml::", "src/import"),
    ("tokio::", "src/serve"),
    ("ureq::", "src/source"),
    ("webpki::", "src/source/sigstore"),
    ("yaml_edit::", "src/manifest"),
    ("env::var(", "src/env"),
    ("env::var_os(", "src/env"),
    ("env::vars(", "src/env"),
    ("env::vars_os(", "src/env"),
    ("env::home_dir(", "src/env"),
    ("env::temp_dir(", "src/env"),
    ("SystemTime::now(", "src/clock"),
    ("Command::new(", "src/process"),
];

/// Files that are a part of the file above them and no modules of their own.
const INCLUDED: &[&str] = &["schema/src/code/table.rs"];

const LONGEST_FILE: usize = 600;

#[test]
fn every_module_is_in_the_reading_order() {
    let unknown: Vec<String> = modules()
        .into_iter()
        .filter(|module| !READING_ORDER.contains(&module.as_str()))
        .collect();
    assert!(
        unknown.is_empty(),
        "not in the reading order of tests/order.rs: {}",
        unknown.join(", ")
    );
}

#[test]
fn the_library_lists_its_modules_in_reading_order() {
    let text = read(Path::new("src/lib.rs"));
    let listed: Vec<usize> = text
        .lines()
        .filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'))
        .filter_map(|module| READING_ORDER.iter().position(|known| *known == module))
        .collect();
    assert!(
        listed.is_sorted(),
        "src/lib.rs tells the story out of order"
    );
}

#[test]
fn no_module_uses_one_below_it() {
    let mut wrong = Vec::new();
    for module in modules() {
        let Some(rank) = READING_ORDER.iter().position(|known| *known == module) else {
            continue; // another test says so
        };
        for file in files_of(&module) {
            for used in modules_used_in(&without_comments(&read(&file))) {
                if !READING_ORDER[..=rank].contains(&used.as_str()) {
                    wrong.push(format!("{}: crate::{used}", file.display()));
                }
            }
        }
    }
    assert_none("against the reading order", &wrong);
}

#[test]
fn a_module_opens_with_a_sentence() {
    let wrong: Vec<String> = rust_files_of_the_crates()
        .into_iter()
        .filter(|file| !INCLUDED.contains(&slashed(file).as_str()))
        .filter(|file| {
            let text = read(file);
            let first = text.lines().next().unwrap_or_default();
            !text.trim().is_empty() && !is_a_sentence(first)
        })
        .map(|file| slashed(&file))
        .collect();
    assert_none("no `//! Sentence` in the first line", &wrong);
}

#[test]
fn a_file_holds_one_idea() {
    let mut wrong = Vec::new();
    let mut files = rust_files_of_the_crates();
    files.extend(rust_files(Path::new("tests")));
    files.extend(rust_files(Path::new("store/tests")));
    files.extend(rust_files(Path::new("xtask/src")));
    for file in files {
        let count = read(&file).lines().count();
        // The table of codes is one idea however long it gets.
        if count > LONGEST_FILE && !INCLUDED.contains(&slashed(&file).as_str()) {
            wrong.push(format!("{}: {count} lines", slashed(&file)));
        }
    }
    assert_none("longer than 600 lines; which two ideas are in it?", &wrong);
}

#[test]
fn what_belongs_to_one_place_is_named_only_there() {
    let mut wrong = Vec::new();
    for file in rust_files(Path::new("src")) {
        let name = slashed(&file);
        let text = without_tests(&without_comments(&read(&file)));
        for (word, place) in NAMED_IN_ONE_PLACE {
            if names(&text, word) && !is_in(&name, place) {
                wrong.push(format!("{name}: `{word}` belongs to {place}"));
            }
        }
    }
    assert_none("in the wrong room", &wrong);
}

#[test]
fn every_file_of_a_test_program_is_a_module_of_it() {
    let mut wrong = Vec::new();
    for folder in entries(Path::new("tests")) {
        let main = folder.join("main.rs");
        if !main.is_file() {
            continue;
        }
        let text = read(&main);
        for path in entries(&folder) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_module = path.extension().is_some_and(|extension| extension == "rs")
                || path.join("mod.rs").is_file();
            if is_module && stem != "main" && !text.contains(&format!("mod {stem};")) {
                wrong.push(slashed(&path));
            }
        }
    }
    assert_none("never compiled, because main.rs does not name it", &wrong);
}

/// The modules there are: every file and folder of `src/` but the two roots.
fn modules() -> Vec<String> {
    entries(Path::new("src"))
        .iter()
        .filter_map(|path| path.file_stem())
        .map(|stem| stem.to_string_lossy().into_owned())
        .filter(|stem| stem != "lib" && stem != "main")
        .collect()
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let mut files = rust_files(&Path::new("src").join(module));
    let single = Path::new("src").join(format!("{module}.rs"));
    files.extend(single.is_file().then_some(single));
    files
}

/// The first name after each `crate::`; empty for `crate::{…}`, which we do not write.
fn modules_used_in(text: &str) -> Vec<String> {
    let first_name = |rest: &str| {
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    text.split("crate::").skip(1).map(first_name).collect()
}

/// Whether `word` stands in the text, and not as the end of a longer one.
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

/// Documents may speak of what the code must not use.
fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Unit tests stand at the end of a file.
fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn is_a_sentence(line: &str) -> bool {
    line.strip_prefix("//! ").is_some_and(|text| {
        text.contains(' ') && text.starts_with(|c: char| c.is_uppercase() || c == '`')
    })
}

/// Whether the file is the place, or lies in it.
fn is_in(file: &str, place: &str) -> bool {
    file.strip_prefix(place)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn rust_files_of_the_crates() -> Vec<PathBuf> {
    ["src", "schema/src", "store/src"]
        .iter()
        .flat_map(|folder| rust_files(Path::new(folder)))
        .collect()
}

/// Tests run in the folder of their package, which is the root.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// What is in a folder, sorted; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder that can be listed").path())
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of ours is text")
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn assert_none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}
