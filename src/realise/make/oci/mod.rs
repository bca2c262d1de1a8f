//! An image or an artefact as a package: an image's layers laid on each other in a folder of its own, with links to the
//! programs it shows; an artefact's files where their names say.

mod layers;

use std::collections::BTreeSet;

use dgmo_schema::event::Event;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::Packing;
use dgmo_store::Escaping;
use dgmo_store::tree::EntryName;
use dgmo_store::tree::LinkTarget;
use dgmo_store::tree::Node;
use dgmo_store::unpack::packing_of_bytes;

use super::Making;
use super::release;
use crate::realise::PackageError;
use crate::realise::graft::Graft;
use crate::source::IMAGE;
use crate::source::is_layer;
use layers::Layers;

/// Where an image has its programs, in the order in which they are looked for.
const SEARCHED: &[&str] = &[
    "usr/local/sbin",
    "usr/local/bin",
    "usr/sbin",
    "usr/bin",
    "sbin",
    "bin",
    "",
];

/// So many bytes tell whether a file is a program.
const START: u64 = 512;

pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    if making.locked.pieces.iter().any(is_layer) {
        image(making, trees)
    } else {
        artefact(making, trees)
    }
}

fn image(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    let mut layers = Layers::new(making.insertion)?;
    for tree in trees {
        layers.lay(*tree)?;
    }
    let root = layers.root();
    making
        .insertion
        .check_links(root, Escaping::Refuse)
        .map_err(|error| PackageError::links(error, &making.locked.of.to_string()))?;
    let mut graft = Graft::new(making.insertion);
    graft.put(IMAGE, Node::Folder(root))?;
    let mut shown = BTreeSet::new();
    for (name, path) in &making.locked.programs {
        match program(&layers, path)? {
            Some(path) => {
                shown.insert(path.clone());
                let target = LinkTarget::new(format!("../{IMAGE}/{path}").as_bytes());
                let target = target.map_err(|_| PackageError::Put {
                    path: format!("bin/{name}"),
                    why: "its path in the image is too long".to_owned(),
                })?;
                graft.put(&format!("bin/{name}"), Node::Link(target))?;
            }
            None => making.insertion.observer().observe(Event::Warning(format!(
                "package `{}`: its program `{name}` is not in the image",
                making.name
            ))),
        }
    }
    making.look_at_system(root, &shown)?;
    graft.finish()
}

/// Where in the image a program is.
fn program(layers: &Layers<'_>, path: &str) -> Result<Option<String>, PackageError> {
    let candidates: Vec<String> = match path.strip_prefix(IMAGE).and_then(|it| it.strip_prefix('/'))
    {
        Some(path) => vec![path.to_owned()],
        None => SEARCHED
            .iter()
            .map(|folder| {
                format!("{folder}/{path}")
                    .trim_start_matches('/')
                    .to_owned()
            })
            .collect(),
    };
    for path in candidates {
        let found = layers.follow(path.as_bytes())?;
        if found.is_some_and(|(_, node)| matches!(node, Node::Executable(_))) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn artefact(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    let mut graft = Graft::new(making.insertion);
    for (piece, tree) in making.locked.pieces.iter().zip(trees) {
        let twice = if piece.unpack == Some(Packing::Program) {
            let is_there = graft.get(&piece.at)?.is_some();
            graft.put(&piece.at, file(making, piece, *tree)?)?;
            if is_there {
                vec![piece.at.clone()]
            } else {
                Vec::new()
            }
        } else {
            graft.lay(&piece.at, *tree)?
        };
        for path in twice {
            making.insertion.observer().observe(Event::Warning(format!(
                "package `{}`: `{path}` comes twice; the last one counts",
                making.name
            )));
        }
    }
    let tree = release::finished(making, graft.finish()?)?;
    making.relocated(tree)
}

/// A single file: registries do not tell whether it can be run, but its first bytes do.
fn file(making: &Making<'_>, piece: &Piece, tree: TreeId) -> Result<Node, PackageError> {
    let name = piece.at.rsplit('/').next().unwrap_or(&piece.at);
    let found = Graft::of(making.insertion, tree)?.get(&format!("bin/{name}"))?;
    let Some(Node::File(blob) | Node::Executable(blob)) = found else {
        return Err(PackageError::Put {
            path: piece.at.clone(),
            why: "it is no file".to_owned(),
        });
    };
    let start = making.insertion.read_start(blob, START)?;
    Ok(match packing_of_bytes(&start) {
        Some(Packing::Program) => Node::Executable(blob),
        _ => Node::File(blob),
    })
}

/// The names of a path.
fn names(path: &[u8]) -> impl Iterator<Item = EntryName> {
    path.split(|byte| *byte == b'/')
        .filter_map(|part| EntryName::new(part).ok())
}
