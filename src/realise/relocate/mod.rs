//! Whether a package runs wherever it is put: what names the folder it was built for is found, led to where it is, or told.
//!
//! What comes of a tree follows from that tree alone, so it is the same on every machine. The lock names the tree that was
//! unpacked; what it becomes here is remembered like all that is made ([`Made`]). Nothing is changed but what would not
//! work otherwise.

mod inside;
mod link;
mod macho;
mod program;
mod script;
mod text;

use std::collections::BTreeSet;
use std::io::Read;

use dgmo_schema::event::Event;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_store::Escaping;
use dgmo_store::Insertion;
use dgmo_store::ReadError;
use dgmo_store::tree::LinkTarget;
use dgmo_store::tree::Node;

use super::Made;
use super::PackageError;
use super::elf;
use super::graft::Graft;
use inside::File;
use inside::Inside;

/// Part of what comes of a tree is remembered by: another number where trees become something else.
const MADE_BY: u32 = 1;

/// The longest first line of a script that systems take.
const LONGEST_LINE: u64 = 512;

/// What is taken into memory to be changed.
const LARGEST_PROGRAM: u64 = 1 << 30;

/// What is taken into memory to be looked through.
const LARGEST_LOOKED_THROUGH: u64 = 8 << 20;

/// The most that is told of one kind; the rest is the same story again.
const MOST: usize = 4;

/// What to do where parts of a package are tied to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tied {
    Refused,
    /// Taken, and told.
    Taken,
}

/// What is to be done with one file or link.
#[derive(Debug)]
struct Verdict<T> {
    change: Option<T>,
    /// Whether it does not work without the change.
    is_needed: bool,
    /// Folders the package was built for, by the paths that were found.
    prefixes: BTreeSet<String>,
    /// What cannot be changed, and would not work.
    tied: Vec<String>,
    /// What works on some machines only.
    told: Vec<String>,
}

impl<T> Default for Verdict<T> {
    fn default() -> Self {
        Self {
            change: None,
            is_needed: false,
            prefixes: BTreeSet::new(),
            tied: Vec::new(),
            told: Vec::new(),
        }
    }
}

/// What a tree is known to have become, whether the store still has it or not.
pub(super) fn known(made: &Made, tree: TreeId, tied: Tied) -> Option<TreeId> {
    made.tree_of(asked(tree, tied))
}

/// What a tree became is remembered by.
fn asked(tree: TreeId, tied: Tied) -> Digest {
    Digest::of(format!("relocated\n{MADE_BY}\n{tree}\n{tied:?}\n").as_bytes())
}

/// What `tree` becomes, and writes it down. What is wrong with it is told or refused.
pub(super) fn relocated(
    insertion: &Insertion<'_>,
    name: &PackageName,
    tree: TreeId,
    (tied, made): (Tied, &Made),
) -> Result<TreeId, PackageError> {
    let found = work_on(insertion, tree)?;
    let tell = |text: &str| {
        let text = format!("package `{name}`: {text}");
        insertion.observer().observe(Event::Warning(text));
    };
    if !found.tied.is_empty() && tied == Tied::Refused {
        return Err(PackageError::Tied { what: found.tied });
    }
    for text in some_of(&found.tied).iter().chain(&some_of(&found.told)) {
        tell(text);
    }
    if found.changed > 0 {
        let files = if found.changed == 1 { "file" } else { "files" };
        let text = format!(
            "package `{name}`: {} {files} named the place it was built for, and name the one they are in",
            found.changed
        );
        insertion.observer().observe(Event::Note(text));
    }
    made.keep(asked(tree, tied), found.tree);
    Ok(found.tree)
}

/// What `tree` becomes; nobody is told anything.
pub(super) fn relocated_again(
    insertion: &Insertion<'_>,
    tree: TreeId,
) -> Result<TreeId, PackageError> {
    Ok(work_on(insertion, tree)?.tree)
}

/// Whether a file that nobody runs may be looked for by programs: the others need not be opened.
fn is_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let endings = [".dylib", ".bundle", ".node", ".pc"];
    name.contains(".so") || endings.iter().any(|it| ends_with(name, it))
}

/// Names are what they are: no system looks for them in another case.
fn ends_with(name: &str, ending: &str) -> bool {
    name.ends_with(ending)
}

/// The first ones, and how many more there are.
fn some_of(all: &[String]) -> Vec<String> {
    let mut some: Vec<String> = all.iter().take(MOST).cloned().collect();
    if all.len() > MOST {
        some.push(format!("and {} more like these", all.len() - MOST));
    }
    some
}

/// What came of a tree.
struct Found {
    tree: TreeId,
    changed: usize,
    tied: Vec<String>,
    told: Vec<String>,
}

fn work_on(insertion: &Insertion<'_>, tree: TreeId) -> Result<Found, PackageError> {
    let inside = Inside::of(insertion, tree)?;
    let mut work = Work {
        insertion,
        inside: &inside,
        graft: None,
        tree,
        changed: 0,
        has_led_links: false,
        prefixes: BTreeSet::new(),
        tied: Vec::new(),
        told: Vec::new(),
    };
    for (path, target) in &inside.links {
        work.link(path, target)?;
    }
    for (path, file) in &inside.files {
        work.file(path, *file)?;
    }
    work.look_for_mentions()?;
    let tree = match work.graft {
        Some(graft) => graft.finish()?,
        None => tree,
    };
    if work.has_led_links {
        // One that leads inside may be on the way of another that then climbs out.
        let checked = insertion.check_links(tree, Escaping::Absolute);
        checked.map_err(|error| PackageError::links(error, "its links"))?;
    }
    Ok(Found {
        tree,
        changed: work.changed,
        tied: work.tied,
        told: work.told,
    })
}

/// One tree being worked on.
struct Work<'a> {
    insertion: &'a Insertion<'a>,
    inside: &'a Inside,
    tree: TreeId,
    /// What it becomes, once something changes.
    graft: Option<Graft<'a>>,
    changed: usize,
    has_led_links: bool,
    prefixes: BTreeSet<String>,
    tied: Vec<String>,
    told: Vec<String>,
}

impl Work<'_> {
    fn link(&mut self, path: &str, target: &str) -> Result<(), PackageError> {
        let verdict = link::verdict(path, target, self.inside);
        if let Some(way) = self.judged(verdict) {
            let target = LinkTarget::new(way.as_bytes());
            let target = target.map_err(|source| PackageError::Put {
                path: path.to_owned(),
                why: source.to_string(),
            })?;
            self.has_led_links = true;
            self.put(path, Node::Link(target))?;
        }
        Ok(())
    }

    fn file(&mut self, path: &str, file: File) -> Result<(), PackageError> {
        if !file.is_executable && !is_library(path) {
            return Ok(());
        }
        let start = self.insertion.read_start(file.blob, LONGEST_LINE)?;
        if start.starts_with(b"\x7fELF") {
            self.program(path, file)
        } else if macho::may_be(&start) {
            self.program_of_apple(path, file)
        } else if file.is_executable && start.starts_with(b"#!") {
            self.script(path, file, &start)
        } else if ends_with(path, ".pc") && path.contains("pkgconfig/") {
            self.pkg_config(path, file)
        } else {
            Ok(())
        }
    }

    fn program(&mut self, path: &str, file: File) -> Result<(), PackageError> {
        // One that cannot be read is told of by whoever lays it out.
        let read = elf::read(&mut self.insertion.open_blob(file.blob)?).unwrap_or_default();
        let Some(read) = read else {
            return Ok(());
        };
        let verdict = program::verdict(path, &read, self.inside);
        let is_needed = verdict.is_needed;
        let Some(change) = self.judged(verdict) else {
            return Ok(());
        };
        let bytes = self.whole(file.blob, LARGEST_PROGRAM)?;
        let patched = bytes.map(|bytes| elf::patched(bytes, &change));
        match patched.unwrap_or(Err(elf::Unpatchable::Room)) {
            Ok(bytes) => self.replace(path, file, &bytes)?,
            Err(why) if is_needed => self.tied.push(format!(
                "`{path}` names the place it was built for, and cannot be changed: {why}"
            )),
            // It only looks into folders that are not there.
            Err(_) => {}
        }
        Ok(())
    }

    fn program_of_apple(&mut self, path: &str, file: File) -> Result<(), PackageError> {
        let Some(bytes) = self.whole(file.blob, LARGEST_PROGRAM)? else {
            return Ok(());
        };
        let verdict = macho::verdict(path, &bytes, self.inside);
        match self.judged(verdict) {
            Some(bytes) => self.replace(path, file, &bytes),
            None => Ok(()),
        }
    }

    fn script(&mut self, path: &str, file: File, start: &[u8]) -> Result<(), PackageError> {
        let line = start.split(|byte| *byte == b'\n').next();
        let Ok(line) = str::from_utf8(line.unwrap_or_default()) else {
            return Ok(());
        };
        let verdict = script::verdict(path, line, self.inside);
        let Some(mut lines) = self.judged(verdict).map(String::into_bytes) else {
            return Ok(());
        };
        let Some(text) = self.whole(file.blob, LARGEST_PROGRAM)? else {
            return Ok(());
        };
        // Behind the line that was there.
        let rest = text.get(line.len() + 1..).unwrap_or_default();
        lines.extend_from_slice(rest);
        self.replace(path, file, &lines)
    }

    fn pkg_config(&mut self, path: &str, file: File) -> Result<(), PackageError> {
        let Some(bytes) = self.whole(file.blob, LARGEST_LOOKED_THROUGH)? else {
            return Ok(());
        };
        let Ok(text) = str::from_utf8(&bytes) else {
            return Ok(());
        };
        let up = inside::way(inside::folder_of(path), "");
        match text::found_from_here(text, &up) {
            Some(text) => self.replace(path, file, text.as_bytes()),
            None => Ok(()),
        }
    }

    /// Tells of files that still name a folder the package was built for. They may need it or not: nobody can tell.
    fn look_for_mentions(&mut self) -> Result<(), PackageError> {
        let prefixes = std::mem::take(&mut self.prefixes);
        // Others have these, too.
        let is_its_own = |it: &&String| it.matches('/').count() > 1 && *it != "/usr/local";
        let prefixes: Vec<&String> = prefixes.iter().filter(is_its_own).collect();
        if prefixes.is_empty() {
            return Ok(());
        }
        let inside = self.inside;
        for (path, file) in &inside.files {
            let blob = self.blob_at(path)?.unwrap_or(file.blob);
            let Some(bytes) = self.whole(blob, LARGEST_LOOKED_THROUGH)? else {
                continue;
            };
            // What was there before is told of in a program that has its new names behind it.
            let is_program = bytes.starts_with(b"\x7fELF");
            let of_old = |it: &&&String| !is_program && text::names(&bytes, it);
            if let Some(prefix) = prefixes.iter().find(of_old) {
                self.told.push(format!(
                    "`{path}` still names `{prefix}`, the place it was built for"
                ));
            }
        }
        Ok(())
    }

    fn blob_at(&self, path: &str) -> Result<Option<BlobId>, PackageError> {
        let Some(graft) = &self.graft else {
            return Ok(None);
        };
        let node = graft.get(path)?.and_then(|node| node.blob());
        Ok(node.map(|(blob, _)| blob))
    }

    /// Takes note of a verdict, and gives what is to be changed.
    fn judged<T>(&mut self, verdict: Verdict<T>) -> Option<T> {
        self.prefixes.extend(verdict.prefixes);
        self.tied.extend(verdict.tied);
        self.told.extend(verdict.told);
        verdict.change
    }

    /// All bytes of a file, if it is not too large.
    fn whole(&self, blob: BlobId, most: u64) -> Result<Option<Vec<u8>>, PackageError> {
        let mut bytes = Vec::new();
        let file = self.insertion.open_blob(blob)?;
        let read = file.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|source| {
            let path = self.insertion.store().layout().objects();
            ReadError::Io { path, source }
        })?;
        Ok((bytes.len() as u64 <= most).then_some(bytes))
    }

    fn replace(&mut self, path: &str, file: File, bytes: &[u8]) -> Result<(), PackageError> {
        let blob = self.insertion.add_bytes(bytes, file.is_executable)?;
        let node = if file.is_executable {
            Node::Executable(blob)
        } else {
            Node::File(blob)
        };
        self.put(path, node)
    }

    fn put(&mut self, path: &str, node: Node) -> Result<(), PackageError> {
        self.changed += 1;
        if self.graft.is_none() {
            self.graft = Some(Graft::of(self.insertion, self.tree)?);
        }
        let graft = self.graft.as_mut().expect("it was just made");
        graft.put(path, node)
    }
}
