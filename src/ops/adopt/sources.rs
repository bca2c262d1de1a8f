//! Where each change goes: a source file, the text of an entry, some of its values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::FileContent;
use dgmo_schema::manifest::FileEntry;
use dgmo_schema::name::TargetPath;
use dgmo_schema::report::drift::AdoptDeed;
use dgmo_schema::report::drift::Adopted;
use dgmo_store::Node;

use super::super::Engine;
use super::super::OpError;
use super::super::Result;
use super::super::managed::Held;
use super::super::managed::Managed;
use super::super::shown;
use super::super::status;
use super::super::this_system;
use super::AdoptError;
use super::nothing;
use super::template::Explained;
use super::template::Puzzle;
use super::writes::Write;
use crate::activate;
use crate::activate::Live;
use crate::files;
use crate::home;
use crate::manifest;
use crate::manifest::LoadedManifest;

/// What is to be written, as far as it is known.
pub(super) struct Adoption<'a> {
    engine: &'a Engine<'a>,
    managed: &'a Managed<'a>,
    loaded: &'a LoadedManifest,
    adopted: Vec<Adopted>,
    writes: Vec<Write>,
    /// The texts of the manifest's files, with the changes so far.
    texts: BTreeMap<PathBuf, String>,
}

/// A file that was changed, with its entry.
struct Change<'a> {
    path: &'a TargetPath,
    entry: &'a FileEntry,
    /// Where the entry is.
    entry_path: &'a TargetPath,
    bytes: Vec<u8>,
    executable: bool,
}

impl<'a> Adoption<'a> {
    pub(super) fn new(
        engine: &'a Engine<'a>,
        managed: &'a Managed<'a>,
        loaded: &'a LoadedManifest,
    ) -> Self {
        Self {
            engine,
            managed,
            loaded,
            adopted: Vec::new(),
            writes: Vec::new(),
            texts: BTreeMap::new(),
        }
    }

    /// All that was adopted, and what writes it.
    pub(super) fn finish(mut self) -> Result<(Vec<Adopted>, Vec<Write>)> {
        for (path, text) in self.texts {
            let old = fs::read_to_string(&path).map_err(OpError::io("read", &path))?;
            if old != text {
                self.writes.push(Write {
                    path,
                    bytes: Some(text.into_bytes()),
                    executable: None,
                });
            }
        }
        Ok((self.adopted, self.writes))
    }

    /// Takes what is at `path`, a unit or a file nobody knows.
    pub(super) fn add(&mut self, path: &TargetPath) -> Result<()> {
        let managed = self.managed;
        if managed.live(path)? == Live::Folder {
            return self.folder(path);
        }
        self.file(path)
    }

    fn restore(&self, path: &TargetPath) -> String {
        let unit = self.managed.unit(path).map_or(path, |(unit, _)| unit);
        status::remedy(self.engine, "restore", unit.as_str())
    }

    /// The manifest's entry for what is at `path`.
    fn entry(&self, path: &TargetPath) -> Result<(&'a TargetPath, &'a FileEntry)> {
        let files = &self.loaded.manifest.files;
        let mut above: Vec<&str> = path.parents().collect();
        above.push(path.as_str());
        let mut above = above.into_iter().rev();
        let found = above.find_map(|parent| files.get_key_value(parent));
        Ok(found.ok_or_else(|| self.no_entry(path))?)
    }

    fn no_entry(&self, path: &TargetPath) -> AdoptError {
        AdoptError::NoEntry {
            path: path.clone(),
            manifest: shown(&self.loaded.path),
            remedy: self.restore(path),
        }
    }

    fn file(&mut self, path: &TargetPath) -> Result<()> {
        let at = self.managed.at(path);
        let (entry_path, entry) = self.entry(path)?;
        let mode = activate::mode_of(&at).map_err(OpError::io("look at", &at))?;
        let change = Change {
            path,
            entry,
            entry_path,
            bytes: fs::read(&at).map_err(OpError::io("read", &at))?,
            executable: mode.unwrap_or(0) & 0o100 != 0,
        };
        match &entry.content {
            FileContent::Source { path: source, base } => {
                let rest = path.as_str()[entry_path.as_str().len()..].trim_start_matches('/');
                let source = home::locate(base, source);
                let source = if rest.is_empty() {
                    source
                } else {
                    source.join(rest)
                };
                self.source(&change, source)
            }
            FileContent::Text(old) if path == entry_path => self.text(&change, old),
            FileContent::Template { .. } if path == entry_path => self.template(&change),
            _ => Err(self.no_entry(path).into()),
        }
    }

    fn note(&mut self, path: &TargetPath, source: &Path, what: AdoptDeed) {
        self.adopted.push(Adopted {
            path: path.to_string(),
            source: shown(source),
            what,
        });
    }

    fn both_changed(&self, path: &TargetPath, source: &Path) -> AdoptError {
        AdoptError::BothChanged {
            path: path.clone(),
            source_path: shown(source),
            remedy: self.restore(path),
        }
    }

    fn source(&mut self, change: &Change<'_>, source: PathBuf) -> Result<()> {
        let path = change.path;
        let held = self.managed.held(path)?;
        let now = match fs::read(&source) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(OpError::io("read", &source)(error).into()),
        };
        let (blob, was_executable) = match held {
            Some(Held::File(blob, executable)) => (Some(blob), executable),
            _ => (None, false),
        };
        let is_same = now.as_ref() == Some(&change.bytes);
        let is_untouched = now.as_deref().map(blob_of) == blob;
        let is_made = now.is_none();
        if !is_same && !is_untouched {
            return Err(self.both_changed(path, &source).into());
        }
        // With a `mode:` of its own the entry says who may run it.
        let may_run =
            change.entry.mode.is_none() && (is_made || change.executable != was_executable);
        let executable = may_run.then_some(change.executable);
        if blob == Some(blob_of(&change.bytes)) && executable.is_none() && self.is_copy(path) {
            let why = "only its permissions differ, which `mode:` in the manifest sets";
            return Err(nothing(self.engine, path, why).into());
        }
        let what = match (is_same, is_made) {
            (true, _) if executable.is_none() => AdoptDeed::Same,
            (_, true) => AdoptDeed::Made,
            _ => AdoptDeed::Written,
        };
        self.note(path, &source, what);
        if what != AdoptDeed::Same {
            self.writes.push(Write {
                path: source,
                bytes: Some(change.bytes.clone()),
                executable,
            });
        }
        Ok(())
    }

    fn is_copy(&self, path: &TargetPath) -> bool {
        let image = self.managed.desired.get(path);
        matches!(image, Some(activate::Image::Copy { .. }))
    }

    /// The file of the manifest in which the entry stands, and its text so far.
    fn manifest_text(&mut self, path: &TargetPath) -> Result<PathBuf> {
        let place = self.loaded.places.file(path);
        let file = place.map_or_else(|| self.loaded.path.clone(), |place| place.file.into());
        if !self.texts.contains_key(&file) {
            let text = fs::read_to_string(&file).map_err(OpError::io("read", &file))?;
            self.texts.insert(file.clone(), text);
        }
        Ok(file)
    }

    fn as_text<'b>(change: &'b Change<'_>, key: &'static str) -> Result<&'b str> {
        Ok(
            std::str::from_utf8(&change.bytes).map_err(|_| AdoptError::NotText {
                path: change.path.clone(),
                key,
            })?,
        )
    }

    /// Refused where the manifest says something else than when the generation was made, and not what is adopted.
    fn is_as_recorded(&self, change: &Change<'_>, now: &str, source: &Path) -> Result<()> {
        let held = self.managed.held(change.path)?;
        let is_held = matches!(held, Some(Held::File(blob, _)) if blob == blob_of(now.as_bytes()));
        if is_held || now.as_bytes() == change.bytes {
            return Ok(());
        }
        Err(self.both_changed(change.path, source).into())
    }

    fn text(&mut self, change: &Change<'_>, old: &str) -> Result<()> {
        let new = Self::as_text(change, "text")?;
        let file = self.manifest_text(change.entry_path)?;
        self.is_as_recorded(change, old, &file)?;
        if new == old {
            self.note(change.path, &file, AdoptDeed::Same);
            return Ok(());
        }
        let text = manifest::set_text(&self.texts[&file], change.entry_path, new)?;
        self.texts.insert(file.clone(), text);
        self.note(change.path, &file, AdoptDeed::Text);
        Ok(())
    }

    fn template(&mut self, change: &Change<'_>) -> Result<()> {
        let FileContent::Template { path, base, values } = &change.entry.content else {
            return Ok(());
        };
        let new = Self::as_text(change, "template")?;
        let template_path = home::locate(base, path);
        let template = files::read_template(change.path, &template_path)?;
        let system = this_system();
        let now = template.render(values, &system)?;
        self.is_as_recorded(change, &now, &template_path)?;
        let puzzle = Puzzle {
            template: &template,
            values,
            system: &system,
        };
        let changes = match puzzle.solve(new) {
            Explained::By(changes) => changes,
            Explained::Not => {
                return Err(AdoptError::Unexplained {
                    path: change.path.clone(),
                    template: shown(&template_path),
                    remedy: self.restore(change.path),
                }
                .into());
            }
            Explained::Ambiguous(values) => {
                let values = values.iter().map(|way| manifest::words(way));
                return Err(AdoptError::Ambiguous {
                    path: change.path.clone(),
                    values: values.collect(),
                    remedy: self.restore(change.path),
                }
                .into());
            }
        };
        let file = self.manifest_text(change.entry_path)?;
        let what = if changes.is_empty() {
            AdoptDeed::Same
        } else {
            AdoptDeed::Values
        };
        let changes: Vec<_> = changes.into_iter().collect();
        let text = manifest::set_values(&self.texts[&file], change.entry_path, &changes)?;
        self.texts.insert(file.clone(), text);
        self.note(change.path, &file, what);
        Ok(())
    }

    /// A folder that is shown as one: what changed in it, what came, what went.
    fn folder(&mut self, folder: &TargetPath) -> Result<()> {
        let mut paths = BTreeSet::new();
        self.live_below(folder, &mut paths)?;
        self.held_below(folder, &mut paths)?;
        for path in &paths {
            let held = self.managed.held(path)?;
            match (self.managed.live(path)?, held) {
                (Live::Absent, Some(Held::File(blob, _))) => self.deleted(path, blob)?,
                (Live::File, Some(Held::File(blob, executable))) => {
                    let image = activate::Image::of(&self.managed.at(path));
                    let image = image.map_err(OpError::io("read", &self.managed.at(path)))?;
                    let is_same = matches!(image, Some(activate::Image::Copy { blob: found, mode })
                        if found == blob && (mode & 0o100 != 0) == executable);
                    if !is_same {
                        self.file(path)?;
                    }
                }
                (Live::File, _) => self.file(path)?,
                (Live::Link(to), _) if self.held_link(path)?.as_deref() == Some(&*to) => {}
                (Live::Folder, _) => {}
                (live, _) => {
                    let why = match live {
                        Live::Absent => "a link of the folder is missing",
                        Live::Link(_) => "it is a link to somewhere else",
                        _ => "it is neither a file nor a folder",
                    };
                    return Err(nothing(self.engine, path, why).into());
                }
            }
        }
        Ok(())
    }

    fn deleted(&mut self, path: &TargetPath, blob: BlobId) -> Result<()> {
        let (entry_path, entry) = self.entry(path)?;
        let FileContent::Source { path: source, base } = &entry.content else {
            return Err(self.no_entry(path).into());
        };
        let rest = path.as_str()[entry_path.as_str().len()..].trim_start_matches('/');
        let source = home::locate(base, source).join(rest);
        match fs::read(&source) {
            Ok(bytes) if blob_of(&bytes) == blob => {}
            Ok(_) => return Err(self.both_changed(path, &source).into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.note(path, &source, AdoptDeed::Same);
                return Ok(());
            }
            Err(error) => return Err(OpError::io("read", &source)(error).into()),
        }
        self.note(path, &source, AdoptDeed::Deleted);
        self.writes.push(Write {
            path: source,
            bytes: None,
            executable: None,
        });
        Ok(())
    }

    fn live_below(&self, folder: &TargetPath, paths: &mut BTreeSet<TargetPath>) -> Result<()> {
        let at = self.managed.at(folder);
        for entry in fs::read_dir(&at).map_err(OpError::io("read", &at))? {
            let name = entry.map_err(OpError::io("read", &at))?.file_name();
            let path = name
                .to_str()
                .and_then(|name| format!("{folder}/{name}").parse::<TargetPath>().ok());
            let Some(path) = path else {
                return Err(nothing(self.engine, folder, "a name in it is not text").into());
            };
            if self.managed.live(&path)? == Live::Folder {
                self.live_below(&path, paths)?;
            }
            paths.insert(path);
        }
        Ok(())
    }

    fn held_below(&self, folder: &TargetPath, paths: &mut BTreeSet<TargetPath>) -> Result<()> {
        for (name, node) in self.managed.nodes(folder)? {
            let path: TargetPath = format!("{folder}/{name}").parse()?;
            if matches!(node, Node::Folder(_)) {
                self.held_below(&path, paths)?;
            } else {
                paths.insert(path);
            }
        }
        Ok(())
    }

    /// What the generation's link at `path` says.
    fn held_link(&self, path: &TargetPath) -> Result<Option<PathBuf>> {
        let Some((folder, name)) = path.as_str().rsplit_once('/') else {
            return Ok(None);
        };
        let nodes = self.managed.nodes(&folder.parse()?)?;
        let node = nodes.into_iter().find(|(known, _)| known == name);
        Ok(match node {
            Some((_, Node::Link(to))) => Some(PathBuf::from(to.to_os().into_owned())),
            _ => None,
        })
    }
}

fn blob_of(bytes: &[u8]) -> BlobId {
    BlobId(Digest::of(bytes))
}
