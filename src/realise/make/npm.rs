//! A tool of npm with all it needs: each package in its place, and what people type in `bin`.
//!
//! A program for this machine is a link. A script is started by a small launcher that takes the runtime beside it in the
//! view, so that a profile's own `node` runs what the profile has, and else the first in `PATH`; or the node that the
//! package took along.

use dgmo_schema::event::Event;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::tree::LinkTarget;
use dgmo_store::tree::Node;
use dgmo_store::tree::Tree;
use serde_json::Value;

use super::Making;
use crate::realise::PackageError;
use crate::realise::graft::Graft;
use crate::source::NODE;
use crate::source::own_node;

/// The most bytes `package.json` may have.
const LARGEST_ABOUT: u64 = 8 << 20;

/// So many bytes tell what a file is run with.
const START: u64 = 512;

/// What `package.json` is read for.
#[derive(Default)]
struct About {
    /// The files that npm makes executable.
    programs: Vec<String>,
    /// Whether something shall be run when it is installed.
    has_install_script: bool,
    /// Whether it is for some machines only.
    is_limited: bool,
}

pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    let mut graft = Graft::new(making.insertion);
    let mut native = Vec::new();
    let mut root = About::default();
    for (index, (piece, tree)) in making.locked.pieces.iter().zip(trees).enumerate() {
        let about = about(making, *tree)?;
        // A package may bring its own copy of what has a place of its own.
        if index > 0 {
            graft.remove(&piece.at)?;
        }
        let tree = with_executables(making, *tree, &about)?;
        let tree = if index == 0 {
            making.relocated(tree)?
        } else {
            making.relocated_need(tree)?
        };
        graft.lay(&piece.at, tree)?;
        if index == 0 {
            root = about;
        } else if about.is_limited && piece.at != NODE {
            native.push((piece.name.as_str(), piece.at.as_str(), tree));
        }
    }
    for (name, path) in &making.locked.programs {
        let instead = if root.has_install_script {
            put_by_a_script(making, &graft, path, &native)?
        } else {
            None
        };
        let path = instead.as_ref().unwrap_or(path);
        let node = program(making, &graft, path)?;
        match node {
            Some(node) => graft.put(&format!("bin/{name}"), node)?,
            // Others of its programs may be what is wanted; npm passes over it, too.
            None => making.insertion.observer().observe(Event::Warning(format!(
                "package `{}`: its program `{name}` would be `{path}`, which it does not have",
                making.name
            ))),
        }
    }
    graft.finish()
}

/// What a package says of itself. One that says nothing that is understood is as good as silent.
fn about(making: &Making<'_>, tree: TreeId) -> Result<About, PackageError> {
    let read = making.insertion.read_tree(tree)?;
    let Some(Node::File(blob) | Node::Executable(blob)) = read.get(b"package.json") else {
        return Ok(About::default());
    };
    let text = making.insertion.read_start(*blob, LARGEST_ABOUT)?;
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    let programs = match &value["bin"] {
        Value::String(path) => vec![path.clone()],
        Value::Object(several) => several
            .values()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    let scripts = &value["scripts"];
    let runs = ["preinstall", "install", "postinstall"];
    Ok(About {
        programs,
        has_install_script: runs.iter().any(|script| scripts[script].is_string()),
        is_limited: !value["os"].is_null() || !value["cpu"].is_null(),
    })
}

/// The package with its programs executable: npm makes them so, whatever the archive says.
fn with_executables(
    making: &Making<'_>,
    tree: TreeId,
    about: &About,
) -> Result<TreeId, PackageError> {
    let mut graft: Option<Graft<'_>> = None;
    for path in &about.programs {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            continue;
        }
        let mut known = match graft.take() {
            Some(graft) => graft,
            None => Graft::of(making.insertion, tree)?,
        };
        if let Some(Node::File(blob)) = known.get(path)? {
            known.put(path, Node::Executable(blob))?;
        }
        graft = Some(known);
    }
    match graft {
        Some(graft) => graft.finish(),
        None => Ok(tree),
    }
}

/// The program that the package's install script would put in the place of `path`: that of the one package among those
/// it needs which is for this machine. Nothing where `path` is a program already.
fn put_by_a_script(
    making: &Making<'_>,
    graft: &Graft<'_>,
    path: &str,
    native: &[(&str, &str, TreeId)],
) -> Result<Option<String>, PackageError> {
    if let Some(blob) = blob_at(graft, path)?
        && is_native(&making.insertion.read_start(blob, START)?)
    {
        return Ok(None);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let mut found = Vec::new();
    for (package, at, tree) in native {
        for (program, blob) in programs_in(making, *tree)? {
            if is_native(&making.insertion.read_start(blob, START)?) {
                found.push((*package, program.clone(), format!("{at}/bin/{program}")));
            }
        }
    }
    if found.iter().any(|(_, program, _)| program == name) {
        found.retain(|(_, program, _)| program == name);
    }
    // Of several, the plain one: others are for another C library, or for older processors.
    let plainest = found
        .iter()
        .min_by_key(|(package, ..)| (package.len(), *package));
    Ok(plainest.map(|(_, _, path)| path.clone()))
}

/// The files in a package's `bin`.
fn programs_in(making: &Making<'_>, tree: TreeId) -> Result<Vec<(String, BlobId)>, PackageError> {
    let read = making.insertion.read_tree(tree)?;
    let Some(Node::Folder(bin)) = read.get(b"bin") else {
        return Ok(Vec::new());
    };
    let bin: Tree = making.insertion.read_tree(*bin)?;
    let files = bin.entries().iter().filter_map(|entry| match &entry.node {
        Node::File(blob) | Node::Executable(blob) => Some((entry.name.to_string(), *blob)),
        _ => None,
    });
    Ok(files.collect())
}

/// What stands in `bin` for the program at `path`.
fn program(
    making: &Making<'_>,
    graft: &Graft<'_>,
    path: &str,
) -> Result<Option<Node>, PackageError> {
    let Some(blob) = blob_at(graft, path)? else {
        return Ok(None);
    };
    let bytes = making.insertion.read_start(blob, START)?;
    if let Some(command) = runtime_of(&bytes, path) {
        let has_own_node = command[0] == "node" && own_node(making.locked).is_some();
        let text = launcher(&command, path, has_own_node);
        let blob = making.insertion.add_bytes(text.as_bytes(), true)?;
        return Ok(Some(Node::Executable(blob)));
    }
    let target =
        LinkTarget::new(format!("../{path}").as_bytes()).map_err(|why| PackageError::Put {
            path: path.to_owned(),
            why: why.to_string(),
        })?;
    Ok(Some(Node::Link(target)))
}

fn blob_at(graft: &Graft<'_>, path: &str) -> Result<Option<BlobId>, PackageError> {
    Ok(match graft.get(path)? {
        Some(Node::File(blob) | Node::Executable(blob)) => Some(blob),
        _ => None,
    })
}

/// Whether the bytes are a program for a machine.
fn is_native(bytes: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b"\x7fELF",
        b"\xcf\xfa\xed\xfe",
        b"\xce\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"MZ",
    ];
    STARTS.iter().any(|start| bytes.starts_with(start))
}

/// What a script is run with, where it is one that needs a runtime: its name, and words for it.
fn runtime_of(bytes: &[u8], path: &str) -> Option<Vec<String>> {
    if is_native(bytes) {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(line) = bytes.strip_prefix(b"#!") else {
        let is_script = [".js", ".cjs", ".mjs"]
            .iter()
            .any(|end| path.ends_with(end));
        return is_script.then(|| vec!["node".to_owned()]);
    };
    let line = line.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_whitespace();
    let mut first = words.next()?.rsplit('/').next()?;
    if first == "env" {
        first = words.find(|word| *word != "-S" && !word.contains('='))?;
    }
    let is_plain = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\'')
    };
    let name = match first.rsplit('/').next()? {
        "nodejs" => "node",
        name @ ("node" | "bun" | "deno") => name,
        _ => return None,
    };
    let words = words.filter(|word| is_plain(word)).map(str::to_owned);
    Some(std::iter::once(name.to_owned()).chain(words).collect())
}

/// The script that starts `path` with the runtime that lies beside it, or beside a link to it; or with the package's own
/// node.
fn launcher(command: &[String], path: &str, has_own_node: bool) -> String {
    let quoted = |word: &String| format!(" '{word}'");
    let words: String = command[1..].iter().map(quoted).collect();
    let text = if has_own_node {
        LAUNCHER_OF_OWN
    } else {
        LAUNCHER
    };
    text.replace("RUNTIME", &command[0])
        .replace("NODE_IN_PACKAGE", &format!("{NODE}/bin/node"))
        .replace("WORDS", &words)
        .replace("PATH_IN_PACKAGE", &path.replace('\'', "'\\''"))
}

const LAUNCHER: &str = r#"#!/bin/sh
# Written by dgmo: the runtime of the profile this is in goes before others.
at=$0 runtime=
while
    folder=${at%/*}
    [ "$folder" != "$at" ] || folder=.
    if [ -z "$runtime" ] && [ -f "$folder/RUNTIME" ] && [ -x "$folder/RUNTIME" ]; then
        runtime=$folder/RUNTIME
    fi
    [ -L "$at" ]
do
    to=$(readlink -- "$at") || exit 127
    case $to in
        /*) at=$to ;;
        *) at=$folder/$to ;;
    esac
done
if [ -z "$runtime" ] && ! runtime=$(command -v RUNTIME); then
    echo "${0##*/}: it needs \`RUNTIME\`; add a package that has it to dgmo.yaml" >&2
    exit 127
fi
root=$(cd -P -- "$folder/.." && pwd) || exit 127
exec "$runtime"WORDS "$root"/'PATH_IN_PACKAGE' "$@"
"#;

/// Whoever starts it: the node that was locked with it.
const LAUNCHER_OF_OWN: &str = r#"#!/bin/sh
# Written by dgmo: it runs with the node that was locked with it.
at=$0
while
    folder=${at%/*}
    [ "$folder" != "$at" ] || folder=.
    [ -L "$at" ]
do
    to=$(readlink -- "$at") || exit 127
    case $to in
        /*) at=$to ;;
        *) at=$folder/$to ;;
    esac
done
root=$(cd -P -- "$folder/.." && pwd) || exit 127
exec "$root"/'NODE_IN_PACKAGE'WORDS "$root"/'PATH_IN_PACKAGE' "$@"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_tells_what_it_is_run_with() {
        for (text, path, command) in [
            ("#!/usr/bin/env node\n1", "x", Some("node")),
            ("#!/usr/bin/env node\r\n1", "x", Some("node")),
            ("\u{feff}#!/usr/bin/env node\n1", "x", Some("node")),
            (
                "#!/usr/bin/node --no-warnings\n",
                "x",
                Some("node --no-warnings"),
            ),
            (
                "#! /usr/bin/env -S node --a=b -c\n",
                "x",
                Some("node --a=b -c"),
            ),
            ("#!/usr/bin/env -S A=1 nodejs\n", "x", Some("node")),
            ("#!/usr/bin/env bun\n", "x", Some("bun")),
            ("#!/bin/sh\n", "x.js", None),
            ("#!/usr/bin/env python3\n", "x", None),
            ("1", "cli.mjs", Some("node")),
            ("1", "cli", None),
            ("\u{7f}ELF", "cli.js", None),
            ("#!", "x", None),
            ("", "x", None),
        ] {
            let found = runtime_of(text.as_bytes(), path).map(|words| words.join(" "));
            assert_eq!(found.as_deref(), command, "{text:?}");
        }
    }

    #[test]
    fn odd_names_stay_one_word() {
        let text = launcher(
            &["node".to_owned(), "-x".to_owned()],
            "lib/it's $(here)",
            false,
        );
        assert!(
            text.ends_with("exec \"$runtime\" '-x' \"$root\"/'lib/it'\\''s $(here)' \"$@\"\n"),
            "{text}"
        );
    }
}
