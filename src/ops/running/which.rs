//! `dgmo which`: of which package a program is, and whether it is the one a shell starts.

use std::ffi::OsStr;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::Generation;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_schema::nearest::nearest;
use dgmo_schema::report::running::OnPath;
use dgmo_schema::report::running::WhichReport;
use dgmo_store::Store;

use super::super::Engine;
use super::super::Result;
use super::super::begin;
use super::super::shown;
use super::inside;
use super::programs;
use super::run::StartError;
use super::run::names_in;
use super::run::outside;
use crate::env::Var;
use crate::generation::Generations;
use crate::process;

/// Finds a program of a generation, and everything else of that name on the search path.
pub fn which(engine: &Engine<'_>, name: &str, at: Option<&str>) -> Result<WhichReport> {
    let store = begin::look(engine)?;
    let inside = inside::enter(engine, at)?;
    let generation = Generations::of(&engine.profile).load(inside.number)?;
    let bin = inside.folder.join("view").join("bin");
    let program = bin.join(name);
    let is_plain = Path::new(name).components().count() == 1;
    if !is_plain || !process::is_program(&program) {
        return Err(StartError::Unknown {
            nearest: nearest(name, names_in(&bin).iter().map(String::as_str))
                .map(ToOwned::to_owned),
            outside: outside(engine, inside.number),
            generation: inside.number,
            name: name.to_owned(),
        }
        .into());
    }
    let file = first_target(&bin, name);
    let tree = tree_of(&store, &file);
    let package = tree.and_then(|tree| package_of(&generation, tree, name));
    let mut hidden = Vec::new();
    for (other, installed) in &generation.packages {
        // A package whose tree is damaged hides nothing that could be told.
        let has = programs::all_in(&store, installed.tree).is_ok_and(|all| all.contains_key(name));
        if has && Some(other) != package.as_ref() {
            hidden.push(other.clone());
        }
    }
    let on_path = on_path(engine, name, &bin);
    Ok(WhichReport {
        profile: engine.profile.name().clone(),
        generation: inside.number,
        name: name.to_owned(),
        program: shown(&program),
        file: shown(&file),
        version: package
            .as_ref()
            .and_then(|package| generation.packages[package].version.clone()),
        package,
        tree,
        hidden,
        starts: on_path.first().is_some_and(|first| first.ours),
        on_path,
    })
}

/// Where the view's entry leads: into the store's trees, and not further where a package links on.
pub(super) fn first_target(folder: &Path, name: &str) -> PathBuf {
    let entry = std::fs::canonicalize(folder)
        .unwrap_or_else(|_| folder.to_owned())
        .join(name);
    match std::fs::read_link(&entry) {
        Ok(target) => plainly(&entry.parent().unwrap_or(folder).join(target)),
        Err(_) => entry,
    }
}

/// The path without `..`, which in our own links only lead over folders of ours.
fn plainly(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// The tree of the store that a path lies in.
pub(super) fn tree_of(store: &Store, path: &Path) -> Option<TreeId> {
    let trees = store.layout().trees();
    let real = std::fs::canonicalize(&trees).unwrap_or_else(|_| trees.clone());
    let below = path
        .strip_prefix(&trees)
        .or_else(|_| path.strip_prefix(&real))
        .ok()?;
    let name = below.components().next()?;
    Digest::from_hex(name.as_os_str().as_encoded_bytes()).map(TreeId)
}

/// The package with that tree; where several have it, the one that is called as the program is.
fn package_of(generation: &Generation, tree: TreeId, name: &str) -> Option<PackageName> {
    let mut having = generation
        .packages
        .iter()
        .filter(|(_, installed)| installed.tree == tree)
        .map(|(package, _)| package);
    let first = having.next()?;
    let called = std::iter::once(first)
        .chain(having)
        .find(|package| package.as_str() == name);
    Some(called.unwrap_or(first).clone())
}

/// Every program of that name on the search path.
fn on_path(engine: &Engine<'_>, name: &str, bin: &Path) -> Vec<OnPath> {
    let path = Var::SearchPath.raw().unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let current = engine.profile.current().join("view").join("bin");
    let follows = std::fs::canonicalize(&current).ok() == std::fs::canonicalize(bin).ok();
    let mut found: Vec<OnPath> = Vec::new();
    for folder in folders {
        let Some(program) = process::find_program(OsStr::new(name), std::slice::from_ref(&folder))
        else {
            continue;
        };
        let path = shown(&program);
        if found.iter().all(|known| known.path != path) {
            found.push(OnPath {
                path,
                ours: folder == bin || (follows && folder == current),
            });
        }
    }
    found
}
