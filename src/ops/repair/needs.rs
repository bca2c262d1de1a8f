//! Who needs what: the generations and pins of a home, and what is below each.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

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
use super::numbers_of;
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
            for number in numbers_of(&profile)? {
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

/// Who needs each of `objects`, by the place in `needs`, as far as trees can be read; each tree is read once.
pub(super) fn who_needs(
    store: &Store,
    needs: &[Needed],
    objects: &BTreeSet<ObjectId>,
) -> BTreeMap<ObjectId, usize> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (place, needed) in needs.iter().enumerate() {
        let mut way = match needed.root {
            Root::Tree(tree) => vec![tree],
            Root::Blob(blob) => {
                note(&mut found, objects, blob.into(), place);
                Vec::new()
            }
        };
        while let Some(id) = way.pop() {
            note(&mut found, objects, id.into(), place);
            if !seen.insert(id) {
                continue;
            }
            let Ok(tree) = store.read_tree(id) else {
                continue;
            };
            for entry in tree.entries() {
                match entry.node {
                    Node::File(id) | Node::Executable(id) => {
                        note(&mut found, objects, id.into(), place);
                    }
                    Node::Folder(id) => way.push(id),
                    Node::Link(_) => {}
                }
            }
        }
    }
    found
}

fn note(
    found: &mut BTreeMap<ObjectId, usize>,
    objects: &BTreeSet<ObjectId>,
    id: ObjectId,
    place: usize,
) {
    if objects.contains(&id) {
        found.entry(id).or_insert(place);
    }
}
