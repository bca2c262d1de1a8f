//! The home files of the current generation as they are on this machine, and how a person names one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::id::BlobId;
use dgmo_schema::manifest::Method;
use dgmo_schema::name::TargetPath;
use dgmo_schema::nearest::nearest;
use dgmo_schema::report::drift::DriftKind;
use dgmo_store::AddOptions;
use dgmo_store::Content;
use dgmo_store::Node;
use dgmo_store::Store;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::assemble;
use super::begin;
use super::secrets::Fetching;
use super::secrets::Secrets;
use super::secrets::SecretsHow;
use super::shown;
use crate::activate::ActivateError;
use crate::activate::Desired;
use crate::activate::Footprint;
use crate::activate::Image;
use crate::activate::Known;
use crate::activate::Live;
use crate::generation::Generations;

/// Why a path is not one that can be worked with.
#[derive(Debug, thiserror::Error)]
pub enum ManagedError {
    #[error("`{words}` is no home file of generation {number}")]
    NotManaged {
        words: String,
        number: GenerationNumber,
        near: Option<String>,
    },
}

impl Diagnose for ManagedError {
    fn code(&self) -> Code {
        Code::NotManaged
    }

    fn hint(&self) -> Option<Hint> {
        let Self::NotManaged { near, .. } = self;
        Some(match near {
            Some(near) => Hint::Do(format!("did you mean `{near}`?")),
            None => Hint::Run("dgmo generations show".to_owned()),
        })
    }
}

/// The home files of the current generation.
pub(super) struct Managed<'a> {
    pub store: &'a Store,
    pub number: GenerationNumber,
    pub generation: Generation,
    pub record: Record,
    pub footprint: Footprint,
    pub desired: Desired,
    pub secrets: Secrets,
    /// What other profiles hold in the same folder.
    pub others: Vec<(String, Footprint)>,
}

/// What a home file of a generation holds, where it is a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// A file, and whether it can be run.
    File(BlobId, bool),
    /// A folder or a link.
    Other,
}

impl<'a> Managed<'a> {
    /// Those of the current generation. Nobody is asked for a secret.
    pub(super) fn current(engine: &Engine<'_>, store: &'a Store) -> Result<Self> {
        let generations = Generations::of(&engine.profile);
        let number = generations.current()?;
        let generation = generations.load(number)?;
        let record = generations.record(number)?;
        let footprint = begin::footprint(engine)?;
        let how = (SecretsHow::Missing, Fetching::No);
        let secrets = Secrets::gather(engine, &record, &footprint, how)?;
        let read = |id| store.read_tree(id);
        let desired = assemble::desired(&record, engine, &read, &secrets.images)?;
        Ok(Self {
            store,
            number,
            generation,
            record,
            footprint,
            desired,
            secrets,
            others: begin::other_footprints(engine)?,
        })
    }

    /// Where `path` is.
    pub(super) fn at(&self, path: &TargetPath) -> PathBuf {
        self.footprint.target.join(path.as_str())
    }

    /// What is at `path`.
    pub(super) fn live(&self, path: &TargetPath) -> Result<Live> {
        let at = self.at(path);
        Ok(Live::at(&at).map_err(|source| ActivateError::io("look at", &at, source))?)
    }

    /// The path a person means with `words`, if it is a home file, lies in one, or has some below it.
    ///
    /// Words count from the target folder first, so that what reports print can be typed anywhere; what begins with `/`
    /// or `.` and a slash counts as everywhere else.
    pub(super) fn find(&self, words: &str) -> Result<TargetPath> {
        let from_here = words.starts_with("./") || words.starts_with("../") || words == ".";
        let plain = words.strip_prefix("~/").unwrap_or(words);
        if !from_here
            && let Some(path) = target_path(Path::new(plain))
            && self.knows(&path)
        {
            return Ok(path);
        }
        let here = std::env::current_dir().map_err(OpError::io("find", Path::new(".")))?;
        let asked = plainly(&here.join(words));
        let target = &self.footprint.target;
        let real_target = fs::canonicalize(target).unwrap_or_else(|_| target.clone());
        let found = [target, &real_target]
            .into_iter()
            .filter_map(|target| asked.strip_prefix(target).ok())
            .find_map(target_path)
            .filter(|path| self.knows(path));
        Ok(found.ok_or_else(|| self.not_managed(words))?)
    }

    /// What to say of words that name nothing.
    pub(super) fn not_managed(&self, words: &str) -> ManagedError {
        let known = self.desired.keys().map(TargetPath::as_str);
        ManagedError::NotManaged {
            words: words.to_owned(),
            number: self.number,
            near: nearest(words, known).map(str::to_owned),
        }
    }

    fn knows(&self, path: &TargetPath) -> bool {
        self.unit(path).is_some()
            || self.folder_entry(path).is_some()
            || self.desired.keys().any(|known| known.is_below(path))
    }

    /// What dgmo puts in place as one, at `path` or above it.
    pub(super) fn unit(&self, path: &TargetPath) -> Option<(&TargetPath, &Image)> {
        let above = path
            .parents()
            .find_map(|parent| self.desired.get_key_value(parent));
        above.or_else(|| self.desired.get_key_value(path))
    }

    /// The folder of the record whose files are put in place one by one, at `path` or nearest above it.
    pub(super) fn folder_entry(&self, path: &TargetPath) -> Option<&TargetPath> {
        let mut above: Vec<&str> = path.parents().collect();
        above.push(path.as_str());
        above.into_iter().rev().find_map(|parent| {
            let (entry, file) = self.record.files.get_key_value(parent)?;
            let spread = matches!(file.content, RecordedContent::Folder(_))
                && matches!(file.method, Method::Links | Method::Copy);
            spread.then_some(entry)
        })
    }

    /// What the generation holds for `path`, which may lie in a folder it has; nothing if it has no such file.
    pub(super) fn held(&self, path: &TargetPath) -> Result<Option<Held>> {
        let mut above: Vec<&str> = path.parents().collect();
        above.push(path.as_str());
        let Some((entry, file)) = above
            .into_iter()
            .rev()
            .find_map(|parent| self.record.files.get_key_value(parent))
        else {
            return Ok(None);
        };
        match file.content {
            RecordedContent::File(blob) => return Ok(Some(Held::File(blob, false))),
            RecordedContent::Executable(blob) => return Ok(Some(Held::File(blob, true))),
            RecordedContent::Folder(_) => {}
        }
        if entry == path {
            return Ok(Some(Held::Other));
        }
        let Some((folder, name)) = path.as_str().rsplit_once('/') else {
            return Ok(None);
        };
        let nodes = self.nodes(&folder.parse()?)?;
        let node = nodes.into_iter().find(|(known, _)| known == name);
        Ok(node.map(|(_, node)| match node {
            Node::File(blob) => Held::File(blob, false),
            Node::Executable(blob) => Held::File(blob, true),
            Node::Folder(_) | Node::Link(_) => Held::Other,
        }))
    }

    /// What the generation's folder at `path` has in it; nothing if it has no folder there.
    pub(super) fn nodes(&self, path: &TargetPath) -> Result<Vec<(String, Node)>> {
        let mut above: Vec<&str> = path.parents().collect();
        above.push(path.as_str());
        let mut entries = above.into_iter().rev();
        let Some((entry, file)) = entries.find_map(|at| self.record.files.get_key_value(at)) else {
            return Ok(Vec::new());
        };
        let RecordedContent::Folder(mut tree) = file.content else {
            return Ok(Vec::new());
        };
        let rest = path.as_str()[entry.as_str().len()..].trim_start_matches('/');
        for name in rest.split('/').filter(|name| !name.is_empty()) {
            let read = self.store.read_tree(tree)?;
            let found = read
                .entries()
                .iter()
                .find(|entry| entry.name.to_string() == name);
            match found.map(|entry| &entry.node) {
                Some(Node::Folder(below)) => tree = *below,
                _ => return Ok(Vec::new()),
            }
        }
        let read = self.store.read_tree(tree)?;
        let entries = read.entries().iter();
        Ok(entries
            .map(|entry| (entry.name.to_string(), entry.node.clone()))
            .collect())
    }

    /// How `live`, found in the place of the unit `path`, differs from it; nothing if it does not.
    pub(super) fn difference(&self, path: &TargetPath, live: &Live) -> Result<Option<DriftKind>> {
        let at = self.at(path);
        let image = &self.desired[path];
        let is_it = image
            .is_at(&at, live, &self.secrets.seal)
            .map_err(|source| ActivateError::io("look at", &at, source))?;
        if is_it {
            return Ok(None);
        }
        Ok(Some(match live {
            Live::Absent => DriftKind::Missing,
            Live::Link(_) => DriftKind::ForeignLink,
            Live::Other => DriftKind::Other,
            Live::File | Live::Folder if self.is_same(path, live)? => DriftKind::Editable,
            Live::Folder if self.is_folder(path) => DriftKind::Changed,
            Live::Folder => DriftKind::Folder,
            Live::File => DriftKind::Changed,
        }))
    }

    /// Whether the generation has a folder at the unit `path`.
    pub(super) fn is_folder(&self, path: &TargetPath) -> bool {
        let file = self.record.files.get(path);
        file.is_some_and(|file| matches!(file.content, RecordedContent::Folder(_)))
    }

    /// Whether the real file or folder at the unit `path`, which shall be a link, has the generation's content.
    fn is_same(&self, path: &TargetPath, live: &Live) -> Result<bool> {
        if !matches!(self.desired[path], Image::Link(_)) {
            return Ok(false);
        }
        let wanted = match (self.record.files.get(path), live) {
            (Some(file), Live::Folder) => match file.content {
                RecordedContent::Folder(tree) => Content::Folder(tree),
                _ => return Ok(false),
            },
            (_, Live::File) => match self.held(path)? {
                Some(Held::File(blob, _)) => Content::File(blob),
                _ => return Ok(false),
            },
            _ => return Ok(false),
        };
        // What cannot be read as a tree, a pipe in it, is not the same.
        let Ok(added) = dgmo_store::hash_path(&self.at(path), &AddOptions::default()) else {
            return Ok(false);
        };
        Ok(match (added.content, wanted) {
            (Content::Folder(found), Content::Folder(wanted)) => found == wanted,
            (Content::File(found) | Content::Executable(found), Content::File(wanted)) => {
                found == wanted
            }
            _ => false,
        })
    }

    /// Files nobody knows, in folders dgmo made for the files of a folder of the record.
    pub(super) fn unknown(&self) -> Result<Vec<TargetPath>> {
        let mut unknown = Vec::new();
        for (path, file) in &self.record.files {
            if matches!(file.content, RecordedContent::Folder(_))
                && matches!(file.method, Method::Links | Method::Copy)
                && self.footprint.folders.contains(path)
            {
                self.unknown_in(path, &mut unknown)?;
            }
        }
        unknown.sort();
        unknown.dedup();
        Ok(unknown)
    }

    fn unknown_in(&self, folder: &TargetPath, unknown: &mut Vec<TargetPath>) -> Result<()> {
        let at = self.at(folder);
        if !matches!(self.live(folder)?, Live::Folder) {
            return Ok(());
        }
        let failed = |source| ActivateError::io("read", &at, source);
        for entry in fs::read_dir(&at).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            // A name that is no text cannot be one of ours, nor be named on a command line.
            let Some(path) = name
                .to_str()
                .and_then(|name| format!("{folder}/{name}").parse::<TargetPath>().ok())
            else {
                continue;
            };
            if self.desired.contains_key(&path) || self.is_of_somebody(&path) {
                continue;
            }
            if self.live(&path)? == Live::Folder {
                self.unknown_in(&path, unknown)?;
            } else {
                unknown.push(path);
            }
        }
        Ok(())
    }

    /// Whether another profile holds `path`, or it is what was set aside or edited before.
    fn is_of_somebody(&self, path: &TargetPath) -> bool {
        let same = |other: &Footprint| other.target == self.footprint.target;
        let is_others = |(_, other): &(String, Footprint)| {
            same(other)
                && (other.entries.contains_key(path) || other.aside.values().any(|to| to == path))
        };
        let is_aside = self.footprint.aside.values().any(|to| to == path);
        is_aside || self.was_edited(path) || self.others.iter().any(is_others)
    }

    /// Whether `path` is the name under which `restore` keeps what it put out of the way.
    fn was_edited(&self, path: &TargetPath) -> bool {
        let text = path.as_str();
        let digits = |c: char| c.is_ascii_digit();
        let stem = text.trim_end_matches(digits).trim_end_matches('.');
        [text, stem]
            .into_iter()
            .filter_map(|name| name.strip_suffix(".edited"))
            .any(|name| self.desired.contains_key(name))
    }

    /// Adds what is at `path` and below it to `known`: it is kept elsewhere, or will be.
    pub(super) fn add_to_known(&self, path: &TargetPath, known: &mut Known) -> Result<()> {
        let at = self.at(path);
        let failed = |source| ActivateError::io("read", &at, source);
        if self.live(path)? == Live::Folder {
            known.folders.insert(path.clone());
            for entry in fs::read_dir(&at).map_err(failed)? {
                let name = entry.map_err(failed)?.file_name();
                if let Some(below) = name
                    .to_str()
                    .and_then(|name| format!("{path}/{name}").parse::<TargetPath>().ok())
                {
                    self.add_to_known(&below, known)?;
                }
            }
        } else if let Some(image) = Image::of(&at).map_err(failed)? {
            known.images.insert(path.clone(), image);
        }
        Ok(())
    }

    /// The units that differ, at `path` or below it; the one it lies in.
    pub(super) fn drifted_at(&self, path: &TargetPath) -> Result<BTreeSet<TargetPath>> {
        let units: Vec<&TargetPath> = if let Some((unit, _)) = self.unit(path) {
            vec![unit]
        } else {
            let keys = self.desired.keys();
            keys.filter(|known| known.is_below(path)).collect()
        };
        let mut drifted = BTreeSet::new();
        for unit in units {
            let live = self.live(unit)?;
            if self.difference(unit, &live)?.is_some() {
                drifted.insert(unit.clone());
            }
        }
        Ok(drifted)
    }

    /// Where the manifest was that the generation was made from.
    pub(super) fn manifest(&self) -> Result<Option<PathBuf>> {
        let Some(path) = self.generation.manifest.as_ref().map(PathBuf::from) else {
            return Ok(None);
        };
        let is_there = look::is_file(&path).map_err(OpError::io("look at", &path))?;
        Ok(is_there.then_some(path))
    }

    /// `path` as other programs name it.
    pub(super) fn shown(&self, path: &TargetPath) -> String {
        shown(&self.at(path))
    }
}

fn target_path(path: &Path) -> Option<TargetPath> {
    plainly(path).to_str()?.parse().ok()
}

/// The path without `.`, and without `..` as far as the text tells.
fn plainly(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}
