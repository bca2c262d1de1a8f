//! Programs of other tools that can be taken as they are: real folders that hold all their links lead to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::name::PackageName;
use dgmo_store::AddOptions;
use dgmo_store::Content;

use super::Found;
use super::MOST_ENTRIES;
use super::Package;

/// Why there is no package for a program that is not here: what this version can take programs from.
pub(super) const NO_SOURCE: &str = "it is not on this machine, and this version takes programs from a folder (`path:`) or an address (`url:`) only";

/// A program as a tool names it.
pub(super) struct Program<'a> {
    /// As it is told, such as `brew jq`.
    pub what: String,
    /// Its name.
    pub name: &'a str,
    pub version: Option<String>,
    pub line: Option<usize>,
    /// Where it may be.
    pub places: Vec<PathBuf>,
    /// What it still needs of the tool.
    pub needs: Option<&'static str>,
}

/// Takes the program from the first of its places that is a real folder and can be taken; else says why not.
pub(super) fn take(found: &mut Found, program: Program<'_>) {
    let mut why = NO_SOURCE.to_owned();
    for place in &program.places {
        match look(place) {
            Ok(Some(folder)) => {
                let name = free_name(found, program.name);
                match name {
                    Some(name) => {
                        let package = Package {
                            folder,
                            version: program.version,
                            priority: 0,
                            needs: program.needs,
                        };
                        found.packages.insert(name, package);
                    }
                    None => found.leave(program.what, program.line, "it has no name of its own"),
                }
                return;
            }
            Ok(None) => {}
            Err(reason) => why = reason,
        }
    }
    found.leave(program.what, program.line, why);
}

/// The real folder at `place`, if a package can be made of it; nothing where there is none.
fn look(place: &Path) -> Result<Option<PathBuf>, String> {
    let Ok(folder) = fs::canonicalize(place) else {
        return Ok(None);
    };
    if !folder.is_dir() {
        return Ok(None);
    }
    if folder.to_str().is_none() {
        return Err("the path of its folder is not text".to_owned());
    }
    // What the switch would refuse is refused here, with the reason.
    match dgmo_store::hash_path(&folder, &AddOptions::default()) {
        Ok(added) if matches!(added.content, Content::Folder(_)) && added.files > 0 => {
            Ok(Some(folder))
        }
        Ok(_) => Err(format!("`{}` is empty", folder.display())),
        Err(error) => Err(format!("its folder cannot be taken as it is: {error}")),
    }
}

/// The name as a package's, or with a number behind it where it is taken.
fn free_name(found: &Found, name: &str) -> Option<PackageName> {
    let clean: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-+".contains(c) {
                c
            } else {
                '-'
            }
        })
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .take(100)
        .collect();
    let with_number = |number: u32| match number {
        1 => clean.parse::<PackageName>().ok(),
        _ => format!("{clean}-{number}").parse().ok(),
    };
    (1..=1000)
        .map_while(with_number)
        .find(|name| !found.packages.contains_key(name))
}

/// Where two packages would show the same file, the one that comes first wins.
pub(super) fn rank(packages: &mut BTreeMap<PackageName, Package>) {
    let mut shown: BTreeMap<PathBuf, i32> = BTreeMap::new();
    for package in packages.values_mut() {
        let mut files = BTreeSet::new();
        list(&package.folder, Path::new(""), &mut files);
        let lowest = files.iter().filter_map(|file| shown.get(file)).min();
        package.priority = lowest.map_or(0, |lowest| lowest - 1);
        for file in files {
            let priority = shown.entry(file).or_insert(package.priority);
            *priority = package.priority.min(*priority);
        }
    }
}

/// All files below `folder`; one that cannot be listed is told by the switch.
fn list(folder: &Path, inside: &Path, files: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder.join(inside)) else {
        return;
    };
    for entry in entries.flatten() {
        if files.len() >= MOST_ENTRIES {
            return;
        }
        let path = inside.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(folder, &path, files);
        } else {
            files.insert(path);
        }
    }
}
