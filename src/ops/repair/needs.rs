//! Who needs what: the generations and pins of a home, and what is below each.

use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;
use dgmo_store::Node;
use dgmo_store::Root;
use dgmo_store::Store;

use super::Healer;
use crate::generation::Generations;
use crate::home::Profile;
use crate::ops::Result;
use crate::ops::assemble;
use crate::ops::begin;

/// A generation that can be read.
#[derive(Debug)]
pub(super) struct Generated {
    pub(super) profile: Profile,
    pub(super) number: GenerationNumber,
    pub(super) generation: Generation,
    pub(super) record: Record,
}

/// Something that keeps an object.
#[derive(Debug)]
pub(super) struct Needed {
    /// In words.
    pub(super) by: String,
    pub(super) root: Root,
}

impl Healer<'_> {
    /// Every generation of every profile that can be read, oldest first.
    pub(super) fn generated(&self) -> Result<Vec<Generated>> {
        let mut generated = Vec::new();
        for name in begin::profile_names(self.engine)? {
            let profile = self.engine.home.profile(name);
            let generations = Generations::of(&profile);
            for number in generations.numbers().unwrap_or_default() {
                if let (Ok(generation), Ok(record)) =
                    (generations.load(number), generations.record(number))
                {
                    generated.push(Generated {
                        profile: profile.clone(),
                        number,
                        generation,
                        record,
                    });
                }
            }
        }
        Ok(generated)
    }
}

impl Generated {
    /// What it needs, each with the words for it.
    pub(super) fn needs(&self) -> Vec<Needed> {
        let of = format!(
            "generation {} of the profile `{}`",
            self.number,
            self.profile.name()
        );
        let packages = self
            .generation
            .packages
            .iter()
            .map(|(name, package)| Needed {
                by: format!("package `{name}` of {of}"),
                root: Root::Tree(package.tree),
            });
        let files = self.record.files.iter().map(|(path, file)| Needed {
            by: format!("home file `{path}` of {of}"),
            root: match file.content {
                RecordedContent::File(blob) | RecordedContent::Executable(blob) => Root::Blob(blob),
                RecordedContent::Folder(tree) => Root::Tree(tree),
            },
        });
        packages.chain(files).collect()
    }

    /// The trees it shows as folders.
    pub(super) fn trees(&self) -> Vec<TreeId> {
        assemble::trees(&self.generation, &self.record).collect()
    }
}

/// Everything that generations and pins need.
pub(super) fn of_all(store: &Store, generated: &[Generated]) -> Vec<Needed> {
    let mut needs: Vec<Needed> = generated.iter().flat_map(Generated::needs).collect();
    let pins = store.pins().unwrap_or_default();
    needs.extend(pins.into_iter().map(|pin| Needed {
        by: format!("the pin `{}`", pin.name),
        root: pin.root,
    }));
    needs
}

/// Whether `object` is below `root`, as far as trees can be read; a tree that cannot be may have anything below it, but
/// then it is lost itself, and it is that one which is told.
pub(super) fn is_below(store: &Store, root: Root, object: ObjectId) -> bool {
    let top = match root {
        Root::Blob(id) => return ObjectId::from(id) == object,
        Root::Tree(id) => id,
    };
    let mut seen = std::collections::BTreeSet::from([top]);
    let mut way = vec![top];
    while let Some(id) = way.pop() {
        if ObjectId::from(id) == object {
            return true;
        }
        let Ok(tree) = store.read_tree(id) else {
            continue;
        };
        for entry in tree.entries() {
            match entry.node {
                Node::File(id) | Node::Executable(id) if ObjectId::from(id) == object => {
                    return true;
                }
                Node::Folder(id) if seen.insert(id) => way.push(id),
                _ => {}
            }
        }
    }
    false
}
