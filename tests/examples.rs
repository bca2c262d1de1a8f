//! What the documents tell people to type works, and shows what they say it shows.
//!
//! Every block whose fence says `sh run` is typed as it stands, the blocks of one document one after the other in one
//! shell. A line that ends in `# → TEXT` must print TEXT. The examples are copied to a sandbox first, the folder the
//! documents try things in becomes one of the sandbox, and `cargo run --release --` becomes the program under test.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "sets a sandbox up and starts a shell: what dgmo may not do itself"
)]

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

const BLOCK: &str = "```sh run";

/// Where the documents tell people to try things.
const TRY: &str = "/tmp/dgmo-try";

/// What a person has at hand in a checkout after the first build.
const PRELUDE: &str = r#"set -eu
cargo() {
    while [ "$1" != -- ]; do shift; done
    shift
    dgmo "$@"
}
shows() {
    printf '%s\n' "$1"
    case $1 in
        *"$2"*) ;;
        *) printf 'the document says it shows: %s\n' "$2" >&2; exit 1 ;;
    esac
}
"#;

#[test]
fn the_front_door_shows_a_session_that_works() {
    assert!(
        try_out(Path::new("README.md")) > 0,
        "README.md has no `{BLOCK}`"
    );
}

#[test]
fn every_example_has_a_session_that_works() {
    let examples = folders(Path::new("examples"));
    assert!(!examples.is_empty());
    for example in examples {
        let document = example.join("README.md");
        assert!(
            try_out(&document) > 0,
            "{} has no `{BLOCK}`",
            document.display()
        );
    }
}

#[test]
fn every_page_of_the_book_says_what_works() {
    for page in pages(Path::new("docs")) {
        try_out(&page);
    }
}

/// Types what the document says and returns how many lines that were.
fn try_out(document: &Path) -> usize {
    let lines = lines_to_type(&fs::read_to_string(document).unwrap());
    if lines.is_empty() {
        return 0;
    }
    let sandbox = tempfile::tempdir().unwrap();
    furnish(sandbox.path());
    let tried = sandbox.path().join("try");
    let script = script(&lines).replace(TRY, tried.to_str().unwrap());
    let output = Command::new("/bin/sh")
        .args(["-c", &script])
        .current_dir(sandbox.path())
        .env_clear()
        .env("HOME", sandbox.path().join("user"))
        .env("PATH", path_with(&sandbox.path().join("bin")))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{} does not do what it says\n--- stdout\n{}\n--- stderr\n{}",
        document.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    lines.len()
}

/// A checkout as far as the documents need it: the examples and the built program.
fn furnish(sandbox: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_dgmo"));
    for folder in ["user", "try", "bin", "target/release"] {
        fs::create_dir_all(sandbox.join(folder)).unwrap();
    }
    symlink(program, sandbox.join("bin/dgmo")).unwrap();
    symlink(program, sandbox.join("target/release/dgmo")).unwrap();
    let copied = Command::new("cp")
        .args(["-R", "examples"])
        .arg(sandbox)
        .status()
        .unwrap();
    assert!(copied.success());
    for example in folders(&sandbox.join("examples")) {
        // A checkout may have been played in.
        let _absent_in_a_fresh_one = fs::remove_file(example.join("dgmo.lock"));
    }
}

/// The lines of all blocks that are marked for it.
fn lines_to_type(document: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        if inside && line == "```" {
            inside = false;
        } else if inside {
            lines.push(line.to_owned());
        } else {
            inside = line == BLOCK;
        }
    }
    lines
}

fn script(lines: &[String]) -> String {
    let mut script = PRELUDE.to_owned();
    for line in lines {
        match line.split_once("# → ") {
            Some((command, text)) => {
                let text = text.trim().replace('\'', r"'\''");
                writeln!(script, "shown=$({command})\nshows \"$shown\" '{text}'")
            }
            None => writeln!(script, "{line}"),
        }
        .unwrap();
    }
    script
}

fn path_with(first: &Path) -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", first.display())
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = entries(folder).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The Markdown files below a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
}

#[test]
fn a_document_that_promises_too_much_is_caught() {
    let lines =
        lines_to_type("```sh run\nfalse\n```\n```sh\nexit 9\n```\n```sh run\necho a # → a\n```\n");
    assert_eq!(lines, ["false", "echo a # → a"]);
    assert!(!run(&["false"]));
    assert!(!run(&["echo one   # → two"]));
    assert!(run(&["echo 'it is one, and two' # → one, and"]));
}

fn run(lines: &[&str]) -> bool {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    Command::new("/bin/sh")
        .args(["-c", &script(&lines)])
        .output()
        .unwrap()
        .status
        .success()
}
