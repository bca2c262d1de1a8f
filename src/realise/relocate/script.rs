//! Scripts that name the program they are run with by the path it would have had.
//!
//! Systems take only a whole path there. One that is in the package is found by a line of shell, which comes first and
//! which the script's own language passes over.

use super::Verdict;
use super::inside::Inside;
use super::inside::folder_of;
use super::inside::is_of_system;
use super::inside::way;

/// Programs that systems have under the same name.
const KNOWN: &[&str] = &[
    "awk", "bash", "dash", "deno", "fish", "gawk", "guile", "ksh", "lua", "node", "perl", "php",
    "pwsh", "python", "ruby", "Rscript", "sed", "sh", "tclsh", "wish", "zsh",
];

/// The folder the script is in, whatever leads to it.
const HERE: &str = r#"$(dirname -- "$(readlink -f -- "$0")")"#;

/// The lines that shall begin the script at `path`, in the place of `line`, which begins it now.
pub(super) fn verdict(path: &str, line: &str, inside: &Inside) -> Verdict<String> {
    let mut verdict = Verdict::default();
    let Some((interpreter, arguments)) = parsed(line) else {
        return verdict;
    };
    if is_of_system(interpreter) {
        return verdict;
    }
    let name = interpreter.rsplit('/').next().unwrap_or(interpreter);
    if let Some(own) = inside.own(interpreter, path) {
        verdict.is_needed = true;
        let place = format!("\"{HERE}/{}\"", way(folder_of(path), &own.path));
        verdict.change = launching(&place, name, arguments);
        if verdict.change.is_none() && folder_of(&own.path) == "bin" {
            verdict.change = Some(searching(name, arguments));
        }
        if verdict.change.is_none() {
            verdict.tied.push(format!(
                "`{path}` is run with its own `{}` as `{interpreter}`",
                own.path
            ));
        }
        verdict.prefixes.insert(own.prefix);
    } else if KNOWN.contains(&family(name)) {
        verdict.change = Some(searching(name, arguments));
    }
    verdict
}

/// What a script is run with, and what is said to it; nothing where it is no whole path.
fn parsed(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("#!")?.trim();
    let (interpreter, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    interpreter
        .starts_with('/')
        .then_some((interpreter, arguments.trim()))
}

/// Whether a script that begins so is one of the shell.
pub(super) fn is_of_shell(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next();
    let line = str::from_utf8(line.unwrap_or_default()).unwrap_or_default();
    let mut words = line.trim_start_matches("#!").split_whitespace();
    let name = |word: Option<&str>| {
        let word = word.unwrap_or_default();
        word.rsplit('/').next().unwrap_or(word).to_owned()
    };
    let first = name(words.next());
    let shell = if first == "env" {
        name(words.next())
    } else {
        first
    };
    matches!(shell.as_str(), "sh" | "bash" | "dash" | "ksh")
}

/// `python3.11` as `python`.
fn family(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}

/// Looks for the program where programs are looked for.
fn searching(name: &str, arguments: &str) -> String {
    if arguments.is_empty() {
        format!("#!/usr/bin/env {name}\n")
    } else {
        format!("#!/usr/bin/env -S {name} {arguments}\n")
    }
}

/// Runs the program at a place that only the shell can tell; nothing where its language has no way for that.
fn launching(place: &str, name: &str, arguments: &str) -> Option<String> {
    let more = if arguments.is_empty() {
        String::new()
    } else {
        format!(" {arguments}")
    };
    match family(name) {
        // A text that nobody uses.
        "python" | "pypy" => Some(format!(
            "#!/bin/sh\n'''exec' {place}{more} \"$0\" \"$@\"\n' '''\n"
        )),
        // They pass over everything before the line that names them.
        "perl" | "ruby" => Some(format!(
            "#!/bin/sh\nexec {place}{more} -x -- \"$0\" \"$@\"\n#!{}{more}\n",
            family(name)
        )),
        // A text and a comment.
        "node" => Some(format!(
            "#!/bin/sh\n':' //# ; exec {place}{more} \"$0\" \"$@\"\n"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_told_from_other_languages() {
        for (start, is_shell) in [
            (&b"#!/bin/sh\n"[..], true),
            (b"#! /usr/bin/env bash\nx", true),
            (b"#!/opt/foo/bin/dash -e\n", true),
            (b"#!/usr/bin/python3\n", false),
            (b"#!/usr/bin/fish\n", false),
            (b"#!", false),
            (b"\xff", false),
        ] {
            assert_eq!(is_of_shell(start), is_shell, "{start:?}");
        }
    }

    #[test]
    fn a_script_finds_the_program_it_is_run_with() {
        let inside = Inside::with(&[
            "bin/tool",
            "bin/python3",
            "bin/own",
            "libexec/odd",
            "bin/perl",
        ]);
        let here = r#""$(dirname -- "$(readlink -f -- "$0")")/"#;
        for (line, expected) in [
            (
                "#!/opt/foo/bin/python3 -u",
                Some(format!(
                    "#!/bin/sh\n'''exec' {here}python3\" -u \"$0\" \"$@\"\n' '''\n"
                )),
            ),
            (
                "#! /opt/foo/bin/perl -w",
                Some(format!(
                    "#!/bin/sh\nexec {here}perl\" -w -x -- \"$0\" \"$@\"\n#!perl -w\n"
                )),
            ),
            (
                "#!/opt/foo/bin/own",
                Some("#!/usr/bin/env own\n".to_owned()),
            ),
            (
                "#!/home/me/venv/bin/python3.12",
                Some("#!/usr/bin/env python3.12\n".to_owned()),
            ),
            (
                "#!/home/me/bin/bash -eu",
                Some("#!/usr/bin/env -S bash -eu\n".to_owned()),
            ),
            ("#!/home/me/bin/mine", None),
            ("#!/bin/sh", None),
            ("#!/usr/bin/env python3", None),
            ("#!/usr/bin/python3", None),
            ("#!python3", None),
            ("#!", None),
        ] {
            assert_eq!(
                verdict("bin/tool", line, &inside).change,
                expected,
                "{line}"
            );
        }
        let tied = verdict("bin/tool", "#!/opt/foo/libexec/odd", &inside);
        assert_eq!(tied.change, None);
        assert_eq!(tied.tied.len(), 1);
    }
}
