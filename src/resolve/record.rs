//! The canonical record of a generation, known before anything of it is built.

use std::collections::BTreeMap;

use dgmo_schema::generation::FORMAT;
use dgmo_schema::generation::Identity;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedFile;
use dgmo_schema::generation::RecordedPackage;
use dgmo_schema::generation::RecordedSecret;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::manifest::FileContent;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::recipe_for;
use dgmo_schema::name::PackageName;
use dgmo_schema::name::TargetPath;
use dgmo_schema::system::System;

use super::RecordError;

/// The record of what `manifest` and `lock` give on `system`, with the home files as their contents are known.
pub fn record(
    manifest: &Manifest,
    lock: &Lock,
    system: &System,
    files: BTreeMap<TargetPath, RecordedFile>,
) -> Result<Record, RecordError> {
    let packages = manifest.packages.iter().map(|(name, requirement)| {
        let package = recorded(name, requirement, lock, system)?;
        Ok((name.clone(), package))
    });
    Ok(Record {
        format: FORMAT,
        system: system.clone(),
        packages: packages.collect::<Result<_, _>>()?,
        files,
        secrets: secrets(manifest),
        env: manifest.env.clone(),
        path: manifest.path.clone(),
        conduct: manifest.conduct.clone(),
    })
}

/// Secrets are recorded as they are asked for: their content is nobody's business.
fn secrets(manifest: &Manifest) -> BTreeMap<TargetPath, RecordedSecret> {
    let entries = manifest.files.iter();
    entries
        .filter_map(|(path, entry)| match &entry.content {
            FileContent::Secret(from) => {
                let from = from.clone();
                let mode = entry.mode;
                Some((path.clone(), RecordedSecret { from, mode }))
            }
            _ => None,
        })
        .collect()
}

fn recorded(
    name: &PackageName,
    requirement: &Requirement,
    lock: &Lock,
    system: &System,
) -> Result<RecordedPackage, RecordError> {
    let package = lock
        .packages
        .get(name)
        .ok_or_else(|| RecordError::NotLocked { name: name.clone() })?;
    let locked = package
        .for_system(system)
        .ok_or_else(|| RecordError::OtherSystems {
            name: name.clone(),
            system: system.clone(),
        })?;
    Ok(RecordedPackage {
        version: package.version.clone(),
        identity: identity(locked),
        bin: bin(requirement, package, system),
        priority: requirement.priority,
    })
}

/// The programs that are shown: those the manifest names, else those of the recipe of a short name.
fn bin(requirement: &Requirement, package: &LockedPackage, system: &System) -> Vec<String> {
    let recipe = recipe_for(&package.recipes, system);
    match (&requirement.bin[..], recipe) {
        ([], Some(recipe)) => recipe.bin.clone(),
        (bin, _) => bin.to_vec(),
    }
}

/// What a generation knows a package by.
pub(crate) fn identity(locked: &Locked) -> Identity {
    match locked {
        Locked::Path { tree, .. } => Identity::Tree(*tree),
        Locked::Pieces(pieces) => Identity::Pieces(pieces.identity()),
        Locked::Url(url) => Identity::Fetched {
            digest: url.digest,
            unpack: url.unpack,
            strip: url.strip,
            program: url.program.clone(),
        },
    }
}
