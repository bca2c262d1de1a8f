//! One tree being gone through: every link and file is judged, and what is to be changed is changed.

use std::collections::BTreeSet;
use std::io::Read;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::Escaping;
use dgmo_store::Insertion;
use dgmo_store::ReadError;
use dgmo_store::tree::LinkTarget;
use dgmo_store::tree::Node;

use super::Verdict;
use super::inside;
use super::inside::File;
use super::inside::Inside;
use super::link;
use super::macho;
use super::places::Places;
use super::program;
use super::script;
use super::text;
use super::text::Kind;
use crate::realise::PackageError;
use crate::realise::elf;
use crate::realise::elf::Elf;
use crate::realise::graft::Graft;

/// The longest first line of a script that systems take.
const LONGEST_LINE: u64 = 512;

/// What is taken into memory to be changed.
const LARGEST_PROGRAM: u64 = 1 << 30;

/// Larger programs are not looked through for places they name.
const LARGEST_SEARCHED: u64 = 256 << 20;

/// Larger texts are not looked through.
const LARGEST_TEXT: u64 = 8 << 20;

/// What came of a tree.
pub(super) struct Found {
    pub(super) tree: TreeId,
    pub(super) changed: usize,
    /// How many bytes of programs were looked through.
    pub(super) searched: u64,
    pub(super) tied: Vec<String>,
    pub(super) told: Vec<String>,
}

/// What comes of `tree`.
pub(super) fn on(insertion: &Insertion<'_>, tree: TreeId) -> Result<Found, PackageError> {
    let inside = Inside::of(insertion, tree)?;
    let mut work = Work::new(insertion, (tree, &inside));
    for (path, target) in &inside.links {
        work.link(path, target)?;
    }
    for (path, file) in &inside.files {
        work.file(path, *file)?;
    }
    work.texts()?;
    work.look_for_mentions()?;
    work.told.extend(work.places.told());
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
        changed: work.changed.len(),
        searched: work.searched,
        tied: work.tied,
        told: work.told,
    })
}

/// What the programs at `paths` of a whole system look for in it.
pub(super) fn in_system(
    insertion: &Insertion<'_>,
    tree: TreeId,
    paths: &BTreeSet<String>,
) -> Result<Vec<String>, PackageError> {
    let inside = Inside::of_system(insertion, tree)?;
    let mut work = Work::new(insertion, (tree, &inside));
    for path in paths {
        if let Some(file) = inside.files.get(path) {
            work.look_at(path, *file)?;
        }
    }
    Ok(work.places.told())
}

/// One tree being worked on.
struct Work<'a> {
    insertion: &'a Insertion<'a>,
    inside: &'a Inside,
    tree: TreeId,
    /// What it becomes, once something changes.
    graft: Option<Graft<'a>>,
    changed: BTreeSet<String>,
    searched: u64,
    has_led_links: bool,
    /// What is changed once all folders are known that the package was built for.
    texts: Vec<(&'a str, File, Option<Kind>)>,
    prefixes: BTreeSet<String>,
    places: Places,
    tied: Vec<String>,
    told: Vec<String>,
}

impl<'a> Work<'a> {
    fn new(insertion: &'a Insertion<'a>, (tree, inside): (TreeId, &'a Inside)) -> Self {
        Self {
            insertion,
            inside,
            tree,
            graft: None,
            changed: BTreeSet::new(),
            searched: 0,
            has_led_links: false,
            texts: Vec::new(),
            prefixes: BTreeSet::new(),
            places: Places::default(),
            tied: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Takes note of the places that a program or a script names.
    fn look_at(&mut self, path: &str, file: File) -> Result<(), PackageError> {
        let start = self.insertion.read_start(file.blob, LONGEST_LINE)?;
        if start.starts_with(b"\x7fELF") {
            let read = elf::read(&mut self.insertion.open_blob(file.blob)?).unwrap_or_default();
            return read.map_or(Ok(()), |elf| self.places_of(path, file, &elf));
        }
        if start.starts_with(b"#!")
            && let Some(text) = self.text(file.blob)?
        {
            self.places.look_into_script((path, self.inside), &text);
        }
        Ok(())
    }

    fn places_of(&mut self, path: &str, file: File, elf: &Elf) -> Result<(), PackageError> {
        if !self.inside.has_places(path) {
            return Ok(());
        }
        let Some(bytes) = self.whole(file.blob, LARGEST_SEARCHED)? else {
            return Ok(());
        };
        let is_for_loader = |it: &str| {
            let mut known = elf.folders.iter().chain(&elf.needed).chain(&elf.loader);
            known.any(|known| known == it)
        };
        self.searched += bytes.len() as u64;
        let of = (path, self.inside);
        let places = &mut self.places;
        places.look_into_program(of, &bytes, &elf.loaded, &is_for_loader);
        Ok(())
    }

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

    fn file(&mut self, path: &'a str, file: File) -> Result<(), PackageError> {
        if let Some(kind) = Kind::of(path) {
            return self.later(path, file, kind);
        }
        if !file.is_executable && !is_library(path) {
            return Ok(());
        }
        let start = self.insertion.read_start(file.blob, LONGEST_LINE)?;
        if start.starts_with(b"\x7fELF") {
            self.program(path, file)
        } else if macho::may_be(&start) {
            self.program_of_apple(path, file)
        } else if file.is_executable && start.starts_with(b"#!") {
            if is_started(path) {
                let kind = script::is_of_shell(&start).then_some(Kind::Shell);
                self.texts.push((path, file, kind));
            }
            self.script(path, file, &start)
        } else {
            Ok(())
        }
    }

    fn later(&mut self, path: &'a str, file: File, kind: Kind) -> Result<(), PackageError> {
        self.texts.push((path, file, Some(kind)));
        if kind == Kind::Libtool
            && let Some(text) = self.text(file.blob)?
        {
            let prefix = text::prefix_of_libtool(&text, self.inside);
            self.prefixes.extend(prefix);
        }
        Ok(())
    }

    fn program(&mut self, path: &str, file: File) -> Result<(), PackageError> {
        // One that cannot be read is told of by whoever lays it out.
        let read = elf::read(&mut self.insertion.open_blob(file.blob)?).unwrap_or_default();
        let Some(read) = read else {
            return Ok(());
        };
        self.places_of(path, file, &read)?;
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

    /// Leads the texts that were put off, and looks through the scripts among them.
    fn texts(&mut self) -> Result<(), PackageError> {
        for (path, file, kind) in std::mem::take(&mut self.texts) {
            let blob = self.blob_at(path)?.unwrap_or(file.blob);
            let Some(mut text) = self.text(blob)? else {
                continue;
            };
            let led = kind.and_then(|kind| kind.led((path, &text), self.inside, &self.prefixes));
            if let Some(led) = led {
                self.replace(path, file, led.as_bytes())?;
                text = led;
            }
            if kind.is_none_or(|kind| kind == Kind::Shell) && self.inside.has_places(path) {
                self.places.look_into_script((path, self.inside), &text);
            }
        }
        Ok(())
    }

    /// A file that is a text, if it is not too large.
    fn text(&self, blob: BlobId) -> Result<Option<String>, PackageError> {
        let bytes = self.whole(blob, LARGEST_TEXT)?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
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
            let Some(bytes) = self.whole(blob, LARGEST_TEXT)? else {
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
        self.changed.insert(path.to_owned());
        if self.graft.is_none() {
            self.graft = Some(Graft::of(self.insertion, self.tree)?);
        }
        let graft = self.graft.as_mut().expect("it was just made");
        graft.put(path, node)
    }
}

/// Whether a file that nobody runs may be looked for by programs: the others need not be opened.
fn is_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let endings = [".dylib", ".bundle", ".node"];
    // Names are what they are: no system looks for them in another case.
    name.contains(".so") || endings.iter().any(|it| name.strip_suffix(it).is_some())
}

/// Whether a script lies where people start programs.
fn is_started(path: &str) -> bool {
    matches!(
        inside::folder_of(path),
        "" | "bin" | "sbin" | "usr/bin" | "usr/sbin"
    )
}
