//! Whether programs that were put into the store can run on this machine: what they ask of it is looked for, and told
//! where it is not there.
//!
//! Only what people start is looked at, and the libraries in the package that this brings in; of each file a few hundred
//! bytes are read. It is a warning and no error: a package may be meant to find the rest another way.

mod files;
mod machine;
mod packages;
pub(super) mod runtime;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use dgmo_schema::event::Event;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_store::Insertion;
use dgmo_store::tree::Node;

use super::PackageError;
use super::elf;
use super::elf::Elf;
use files::Files;

/// Where programs are that people start.
const PROGRAMS: &[&[&str]] = &[&[], &["bin"], &["sbin"], &["usr", "bin"], &["env", "bin"]];

/// The most warnings of one kind; the rest is the same story again.
const MOST: usize = 4;

/// The longest first line of a script.
const LONGEST_LINE: u64 = 512;

/// Tells what programs of a package ask for that is not there.
pub(super) fn warn(
    insertion: &Insertion<'_>,
    name: &PackageName,
    tree: TreeId,
) -> Result<(), PackageError> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let mut look = Look {
        insertion,
        tree,
        files: None,
        missing: BTreeMap::new(),
        astray: BTreeMap::new(),
        others: Vec::new(),
    };
    for folder in PROGRAMS {
        for (path, blob) in look.programs(folder)? {
            look.program(&path, blob)?;
        }
    }
    for text in look.told() {
        let text = format!("package `{name}`: {text}");
        insertion.observer().observe(Event::Warning(text));
    }
    Ok(())
}

/// One package being looked at.
struct Look<'a> {
    insertion: &'a Insertion<'a>,
    tree: TreeId,
    /// Every file of it, once somebody asked.
    files: Option<Files>,
    /// Libraries that are nowhere, and the file that needs each.
    missing: BTreeMap<String, String>,
    /// Libraries that are in the package where nobody looks: who needs each, and where it is.
    astray: BTreeMap<String, (String, String)>,
    others: Vec<String>,
}

impl Look<'_> {
    /// Executable files of one folder.
    fn programs(&self, folder: &[&str]) -> Result<Vec<(String, BlobId)>, PackageError> {
        let mut tree = self.tree;
        for name in folder {
            match self.insertion.read_tree(tree)?.get(name.as_bytes()) {
                Some(Node::Folder(inside)) => tree = *inside,
                _ => return Ok(Vec::new()),
            }
        }
        let read = self.insertion.read_tree(tree)?;
        let programs = read.entries().iter().filter_map(|entry| match entry.node {
            Node::Executable(blob) => {
                let mut path = folder.join("/");
                if !path.is_empty() {
                    path.push('/');
                }
                Some((format!("{path}{}", entry.name), blob))
            }
            _ => None,
        });
        Ok(programs.collect())
    }

    fn program(&mut self, path: &str, blob: BlobId) -> Result<(), PackageError> {
        let start = self.insertion.read_start(blob, LONGEST_LINE)?;
        if let Some(line) = start.strip_prefix(b"#!") {
            let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = String::from_utf8_lossy(line);
            let interpreter = line.split_whitespace().next().unwrap_or_default();
            if interpreter.starts_with('/') && !self.is_there(interpreter) {
                self.others.push(format!(
                    "`{path}` is run with `{interpreter}`, which is not on this machine"
                ));
            }
            return Ok(());
        }
        if !start.starts_with(b"\x7fELF") {
            return Ok(());
        }
        let Some(elf) = self.read(blob)? else {
            return Ok(());
        };
        if let Some(loader) = &elf.loader
            && !self.is_there(loader)
        {
            self.others.push(format!(
                "`{path}` is loaded by `{loader}`, which is not on this machine"
            ));
            return Ok(());
        }
        // Where libraries of 32 bits are, nobody here knows.
        if elf.machine != elf::MACHINE {
            return Ok(());
        }
        self.load(path, elf)
    }

    /// Whether what a path names is on this machine, or will be: anchors are set when all is there.
    fn is_there(&self, path: &str) -> bool {
        let anchors = self.insertion.store().anchor("").ok();
        let path = std::path::Path::new(path);
        path.exists() || anchors.is_some_and(|it| path.starts_with(it.path()))
    }

    /// Looks for all libraries of a program as its loader does, and takes note of those it does not find.
    fn load(&mut self, path: &str, program: Elf) -> Result<(), PackageError> {
        let mut loaded = BTreeSet::new();
        let mut waiting = VecDeque::from([(path.to_owned(), program, Vec::new())]);
        while let Some((path, elf, inherited)) = waiting.pop_front() {
            let own = elf.folders.iter();
            let mut search: Vec<String> = own.filter_map(|it| self.folder(&path, it)).collect();
            let passed_on = if elf.is_for_all {
                search.extend(inherited);
                search.clone()
            } else {
                inherited
            };
            for library in elf.needed {
                let is_path = library.contains('/');
                if is_path || !loaded.insert(library.clone()) {
                    continue;
                }
                if machine::has_library(&library, &search) {
                    continue;
                }
                let files = self.files()?;
                let inside = search.iter().filter(|folder| !folder.starts_with('/'));
                let mut places = inside.map(|folder| format!("{folder}/{library}"));
                let found = places.find_map(|place| Some((files.get(&place)?, place)));
                if let Some((blob, place)) = found {
                    if let Some(elf) = self.read(blob)? {
                        waiting.push_back((place, elf, passed_on.clone()));
                    }
                } else if let Some(place) = files.called(&library) {
                    self.astray.entry(library).or_insert((path.clone(), place));
                } else {
                    self.missing.entry(library).or_insert_with(|| path.clone());
                }
            }
        }
        Ok(())
    }

    /// A folder that a file names, as a path of the machine or one inside the package; nothing if it is neither.
    fn folder(&self, path: &str, folder: &str) -> Option<String> {
        let anchors = self.insertion.store().anchor("").ok()?;
        if let Ok(rest) = std::path::Path::new(folder).strip_prefix(anchors.path()) {
            // What follows the anchor's name is inside the tree it leads to.
            return rest
                .to_str()?
                .split_once('/')
                .map(|(_, rest)| rest.to_owned());
        }
        if folder.starts_with('/') {
            return Some(folder.to_owned());
        }
        let rest = ["$ORIGIN", "${ORIGIN}"]
            .iter()
            .find_map(|it| folder.strip_prefix(it))?;
        let own = path.rsplit_once('/').map_or("", |(own, _)| own);
        files::normal(&format!("{own}/{rest}"))
    }

    fn read(&self, blob: BlobId) -> Result<Option<Elf>, PackageError> {
        let mut file = self.insertion.open_blob(blob)?;
        // One that cannot be read is told of by whoever lays it out.
        let read = elf::read(&mut file).unwrap_or_default();
        // Of what another processor runs nothing can be told here.
        let is_run_here = |elf: &Elf| [elf::MACHINE, elf::NARROW_MACHINE].contains(&elf.machine);
        Ok(read.filter(is_run_here))
    }

    fn files(&mut self) -> Result<&Files, PackageError> {
        if self.files.is_none() {
            self.files = Some(Files::of(self.insertion, self.tree)?);
        }
        Ok(self.files.as_ref().expect("it was just made"))
    }

    fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = self.others.iter().take(MOST).cloned().collect();
        if self.others.len() > MOST {
            told.push(format!(
                "and {} more such programs",
                self.others.len() - MOST
            ));
        }
        for (library, by) in self.missing.iter().take(MOST) {
            told.push(format!(
                "`{by}` needs the library `{library}`, which is neither in the package nor on this machine{}",
                packages::told(library)
            ));
        }
        for (library, (by, place)) in self.astray.iter().take(MOST) {
            told.push(format!(
                "`{by}` needs the library `{library}`, which is in the package as `{place}`, where its loader does not look"
            ));
        }
        if self.missing.len() > MOST {
            let more: Vec<&str> = self.missing.keys().skip(MOST).map(String::as_str).collect();
            told.push(format!(
                "these libraries are missing too: {}",
                more.join(", ")
            ));
        }
        told
    }
}
