//! Packages of Debian's kind: their content without `usr`, and with all they depend on where that was asked for.
//!
//! ```text
//! bin/jq             a launcher, where the package came with all it depends on
//! libexec/jq/        then: the package and all of these, laid over each other
//! ```
//!
//! A launcher starts the program with the loader and the libraries it came with, so that it needs none of this machine's.
//! What the packages it depends on show is not shown.

mod ar;

use dgmo_schema::event::Event;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::Piece;
use dgmo_store::Insertion;
use dgmo_store::ReadSeek;
use dgmo_store::Unpack;
use dgmo_store::Unproven;
use dgmo_store::decoded;
use dgmo_store::tree::Node;

use self::ar::Holds;
use super::Making;
use crate::realise::PackageError;
use crate::realise::graft::Graft;

/// Scripts that the package manager would run.
const SCRIPTS: &[&str] = &["preinst", "postinst", "prerm", "postrm", "config"];

/// A package that was unpacked, of which it is not known yet whether it is the right one.
pub(super) struct Content<'a> {
    pub(super) unproven: Unproven<'a>,
    /// What is not run of it.
    scripts: Vec<&'static str>,
}

/// Unpacks the content of a package, as its bytes come.
pub(super) fn unpack<'a>(
    insertion: &'a Insertion<'_>,
    piece: &Piece,
    bytes: &mut dyn ReadSeek,
) -> Result<Content<'a>, PackageError> {
    let wrong = |why| PackageError::Put {
        path: piece.file.clone(),
        why,
    };
    let mut members = ar::Members::of(bytes).map_err(wrong)?;
    let (mut content, mut about) = (None, None);
    while let Some(mut member) = members.next().map_err(wrong)? {
        match member.holds {
            Holds::Content(packing) if content.is_none() => {
                let how = Unpack {
                    of_system: true,
                    ..Unpack::new(packing)
                };
                let unpacked = insertion.unpack_unproven(&mut member.part, &how);
                content = Some(unpacked.map_err(|source| PackageError::Unpack {
                    url: piece.file.clone(),
                    source,
                })?);
            }
            // Of what cannot be read nothing can be told.
            Holds::About(packing) if about.is_none() => {
                let found = decoded(member.part, packing).and_then(scripts);
                about = Some(found.unwrap_or_default());
            }
            _ => {}
        }
    }
    match (content, about) {
        (Some(unproven), Some(scripts)) => Ok(Content { unproven, scripts }),
        _ => Err(wrong("it has no content that can be unpacked".to_owned())),
    }
}

impl Content<'_> {
    /// Tells of what is not done.
    pub(super) fn tell(&self, making: &Making<'_>, piece: &Piece) {
        if self.scripts.is_empty() {
            return;
        }
        let names = self.scripts.join("`, `");
        let text = format!(
            "package `{}`: `{names}` of `{}` is not run",
            making.name, piece.name
        );
        // Of what others depend on nobody expects it.
        let is_own = piece.name == making.locked.of.name;
        let event = if is_own {
            Event::Warning(text)
        } else {
            Event::Detail(text)
        };
        making.insertion.observer().observe(event);
    }
}

fn scripts(about: impl std::io::Read) -> std::io::Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(about).entries()?.take(1000) {
        let name = entry?.path_bytes().into_owned();
        let name = String::from_utf8_lossy(&name).into_owned();
        let name = name.trim_start_matches("./");
        found.extend(SCRIPTS.iter().find(|it| **it == name));
    }
    Ok(found)
}

pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    if !making.locked.whole {
        return making.relocated(trees[0]);
    }
    // It is told of together with what it needs.
    let first = making.relocated_silently(trees[0])?;
    let mut all = Graft::new(making.insertion);
    // The package itself comes last, so that what it has is there as it has it.
    for tree in trees.iter().rev() {
        all.lay("", *tree)?;
    }
    let all = making.relocated_need(all.finish()?)?;
    let all = Graft::of(making.insertion, all)?;
    let loader = loader(&all)?;
    let libraries = libraries(&all)?;
    let mut graft = Graft::of(making.insertion, first)?;
    let inside = format!("libexec/{}", making.name);
    for (name, node) in graft.list("bin")? {
        let Some(Node::Executable(blob)) = node else {
            continue;
        };
        let start = making.insertion.read_start(blob, 4)?;
        if start != b"\x7fELF" {
            continue;
        }
        let text = launcher(
            &format!("{inside}/bin/{name}"),
            &inside,
            (&loader, &libraries),
        );
        let blob = making.insertion.add_bytes(text.as_bytes(), true)?;
        graft.put(&format!("bin/{name}"), Node::Executable(blob))?;
    }
    graft.put(&inside, Node::Folder(all.finish()?))?;
    graft.finish()
}

/// The loader among the packages, where the C library is one of them.
fn loader(all: &Graft<'_>) -> Result<Option<String>, PackageError> {
    for folder in ["lib64", "lib"] {
        let names = all.list(folder)?.into_iter().map(|(name, _)| name);
        if let Some(name) = names.into_iter().find(|name| name.starts_with("ld-linux")) {
            return Ok(Some(format!("{folder}/{name}")));
        }
    }
    Ok(None)
}

/// The folders of libraries: that of the architecture goes before the one for all.
fn libraries(all: &Graft<'_>) -> Result<Vec<String>, PackageError> {
    let names = all.list("lib")?.into_iter().map(|(name, _)| name);
    let own = names.filter(|name| name.contains("-linux-gnu"));
    let mut folders: Vec<String> = own.map(|name| format!("lib/{name}")).collect();
    folders.push("lib".to_owned());
    Ok(folders)
}

fn launcher(
    program: &str,
    inside: &str,
    (loader, libraries): (&Option<String>, &[String]),
) -> String {
    let quoted = |path: &str| format!("\"$root\"/'{}'", path.replace('\'', "'\\''"));
    let folders: Vec<String> = libraries
        .iter()
        .map(|it| quoted(&format!("{inside}/{it}")))
        .collect();
    let folders = folders.join(":");
    let program = quoted(program);
    let run = match loader {
        Some(loader) => {
            let loader = quoted(&format!("{inside}/{loader}"));
            format!("exec {loader} --argv0 \"$0\" --library-path {folders} {program} \"$@\"\n")
        }
        None => format!(
            "export LD_LIBRARY_PATH={folders}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\nexec {program} \"$@\"\n"
        ),
    };
    format!("{LAUNCHER}{run}")
}

const LAUNCHER: &str = r#"#!/bin/sh
# Written by dgmo: the program runs with the libraries it came with.
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
"#;
