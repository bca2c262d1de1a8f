//! The init system's files of a generation, as the switch writes and links them.

use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::TargetPath;
use dgmo_store::Node;
use dgmo_store::ReadError;
use dgmo_store::Tree;

use super::Engine;
use super::Result;
use crate::home;
use crate::service;
use crate::service::Ground;
use crate::service::Rendering;
use crate::view::Shown;
use crate::view::View;

/// Reads trees.
type Read<'a> = &'a dyn Fn(TreeId) -> std::result::Result<Tree, ReadError>;

/// A generation whose files are written, or compared.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Units<'a> {
    pub engine: &'a Engine<'a>,
    pub number: GenerationNumber,
    pub record: &'a Record,
    pub view: &'a View,
    pub read: Read<'a>,
}

impl Units<'_> {
    /// Writes the files into the folder the generation is put together in.
    pub(in crate::ops) fn write(&self, generation: &Path) -> Result<()> {
        let folder = generation.join(service::UNITS);
        self.rendered(|rendering| service::render(rendering, &folder))??;
        Ok(())
    }

    /// Whether the files at `folder` say what they should. Where that cannot be told they are believed.
    pub(in crate::ops) fn are_at(&self, folder: &Path) -> bool {
        let texts = self.rendered(service::texts);
        let texts = texts
            .ok()
            .and_then(std::result::Result::ok)
            .unwrap_or_default();
        texts.iter().all(|(name, text)| {
            std::fs::read_to_string(folder.join(name)).is_ok_and(|there| there == *text)
        })
    }

    fn rendered<T>(&self, act: impl FnOnce(&Rendering<'_>) -> T) -> Result<T> {
        let target = super::target(self.engine)?;
        let home = home::user_home().unwrap_or_else(|_| target.clone());
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("dgmo"));
        Ok(act(&Rendering {
            profile: &self.engine.profile,
            number: self.number,
            ground: Ground {
                record: self.record,
                place: &self.engine.profile.generation(self.number),
                target: &target,
                home: &home,
            },
            scope: self.engine.scope,
            shows: &|program| shows(self.view, self.read, program),
            program: &program,
            home: self.engine.home.root(),
        }))
    }
}

/// Whether the view has `program` in its `bin`. What cannot be read is found missing when it is merged.
fn shows(view: &View, read: Read<'_>, program: &str) -> bool {
    match view.root.get(OsStr::new("bin")) {
        Some(Shown::Folder(shows)) => shows.contains_key(OsStr::new(program)),
        Some(Shown::Link { tree, path, .. }) => {
            let folder = path.iter().try_fold(*tree, |tree, name| {
                match node(read, tree, name.to_str()?)? {
                    Node::Folder(below) => Some(below),
                    _ => None,
                }
            });
            folder.is_some_and(|folder| node(read, folder, program).is_some())
        }
        None => false,
    }
}

fn node(read: Read<'_>, tree: TreeId, name: &str) -> Option<Node> {
    let tree = read(tree).ok()?;
    let mut entries = tree.entries().iter();
    entries
        .find(|entry| entry.name.to_string() == name)
        .map(|entry| entry.node.clone())
}

/// The links that make the init system see the files of `record`.
pub(in crate::ops) fn links(
    engine: &Engine<'_>,
    record: &Record,
) -> std::collections::BTreeMap<TargetPath, PathBuf> {
    service::links(record, &engine.profile, engine.scope)
}
