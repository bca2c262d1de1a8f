//! `dgmo why`: every way from a root to a package, a file or an object.

use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::nearest::nearest;
use dgmo_schema::report::running::WhyChain;
use dgmo_schema::report::running::WhyReport;
use dgmo_schema::report::running::WhyStep;
use dgmo_store::Node;
use dgmo_store::Root;
use dgmo_store::Store;
use dgmo_store::roots;

use super::super::Engine;
use super::super::Result;
use super::super::begin;
use super::size::root;
use super::which::tree_of;
use crate::activate::Footprint;
use crate::generation::Generations;
use crate::generation::ReadError;
use crate::generation::Use;
use crate::ops::OpError;

/// Nothing is known by what was asked for.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{asked}` is no package of generation {generation}, no file of the store or of a generation, and no object"
)]
pub struct WhyError {
    asked: String,
    generation: u64,
    nearest: Option<String>,
}

impl Diagnose for WhyError {
    fn code(&self) -> Code {
        Code::WhyUnknown
    }

    fn hint(&self) -> Option<Hint> {
        Some(match &self.nearest {
            Some(name) => Hint::Do(format!("did you mean `{name}`?")),
            None => Hint::Run("dgmo tree".to_owned()),
        })
    }
}

/// What was asked for.
struct Thing {
    kind: &'static str,
    root: Root,
}

/// Tells what keeps a thing.
pub fn why(engine: &Engine<'_>, asked: &str, at: Option<&str>) -> Result<WhyReport> {
    let store = begin::look(engine)?;
    let thing = find(engine, &store, asked, at)?;
    let mut ways = Ways {
        store: &store,
        wanted: thing.root,
        chains: Vec::new(),
    };
    for name in begin::profile_names(engine)? {
        let engine = engine.for_profile(&name);
        let generations = Generations::of(&engine.profile);
        let Ok(numbers) = generations.numbers() else {
            continue;
        };
        let current = generations.current().ok();
        for number in numbers.into_iter().rev() {
            let (generation, record) = match (generations.load(number), generations.record(number))
            {
                // Pruned since the folder was listed.
                (Err(ReadError::Missing { .. }), _) | (_, Err(ReadError::Missing { .. })) => {
                    continue;
                }
                (generation, record) => (generation?, record?),
            };
            let chain = WhyChain {
                root: "generation".to_owned(),
                name: in_words(generations, number, current),
                profile: Some(name.clone()),
                generation: Some(number),
                steps: Vec::new(),
            };
            ways.through_generation(&chain, &generation, &record);
        }
    }
    ways.through_the_rest(engine)?;
    Ok(WhyReport {
        asked: asked.to_owned(),
        kind: thing.kind.to_owned(),
        id: thing.root.id().to_string(),
        chains: ways.chains,
    })
}

/// A generation, and who lives in it.
fn in_words(
    generations: Generations<'_>,
    number: GenerationNumber,
    current: Option<GenerationNumber>,
) -> String {
    let mut marks = Vec::new();
    if current == Some(number) {
        marks.push("current".to_owned());
    }
    if let Ok(Use::By(by)) = generations.use_of(number) {
        marks.push(format!("in use by {}", by.join(", ")));
    }
    let marks = if marks.is_empty() {
        String::new()
    } else {
        format!(" ({})", marks.join("; "))
    };
    let profile = generations.profile().name();
    format!("generation {number} of profile {profile}{marks}")
}

/// A package of the generation, a path, or an id.
fn find(engine: &Engine<'_>, store: &Store, asked: &str, at: Option<&str>) -> Result<Thing> {
    let generations = Generations::of(&engine.profile);
    let number = generations.find(at.unwrap_or("current"))?;
    let generation = generations.load(number)?;
    if let Some(package) = generation
        .packages
        .iter()
        .find(|(name, _)| name.as_str() == asked)
    {
        let root = Root::Tree(package.1.tree);
        return Ok(Thing {
            kind: "package",
            root,
        });
    }
    if let Some(root) = at_path(
        engine,
        store,
        &generations.record(number)?,
        Path::new(asked),
    ) {
        return Ok(Thing { kind: "file", root });
    }
    // A program is what people have in their hands.
    let bin = engine.profile.generation(number).join("view").join("bin");
    if Path::new(asked).components().count() == 1
        && std::fs::symlink_metadata(bin.join(asked)).is_ok()
        && let Some(root) = in_a_tree(store, &super::which::first_target(&bin, asked))
    {
        return Ok(Thing { kind: "file", root });
    }
    if let Ok(root) = store.find(asked) {
        let kind = match root {
            Root::Tree(_) => "tree",
            Root::Blob(_) => "blob",
        };
        return Ok(Thing { kind, root });
    }
    let packages = generation.packages.keys().map(AsRef::as_ref);
    Err(WhyError {
        nearest: nearest(asked, packages).map(ToOwned::to_owned),
        asked: asked.to_owned(),
        generation: number.0,
    }
    .into())
}

/// The object behind a path: of a home file, or of a file in the store's trees.
fn at_path(engine: &Engine<'_>, store: &Store, record: &Record, asked: &Path) -> Option<Root> {
    let as_typed = std::path::absolute(asked).ok()?;
    // The file itself may be a link of ours; the way to it has none afterwards.
    let by_folder = as_typed
        .parent()
        .and_then(|folder| std::fs::canonicalize(folder).ok())
        .and_then(|folder| Some(folder.join(as_typed.file_name()?)));
    // A file that is gone from its place is still one of the generation's.
    let target = Footprint::load(&engine.profile)
        .ok()
        .flatten()
        .map_or_else(|| engine.default_target.clone(), |held| held.target);
    let real_target = std::fs::canonicalize(&target).unwrap_or_else(|_| target.clone());
    for path in std::iter::once(&as_typed).chain(by_folder.as_ref()) {
        for target in [&target, &real_target] {
            let below = path.strip_prefix(target).ok();
            let found = below.and_then(|below| home_file(store, record, below));
            if found.is_some() {
                return found;
            }
        }
    }
    std::fs::symlink_metadata(&as_typed).ok()?;
    let end = std::fs::canonicalize(&as_typed).ok()?;
    in_a_tree(store, &as_typed)
        .or_else(|| in_a_tree(store, &end))
        .or_else(|| in_a_generation(engine, store, &end))
}

/// What the record has at a path below the target folder.
fn home_file(store: &Store, record: &Record, below: &Path) -> Option<Root> {
    let (name, file) = record
        .files
        .iter()
        .filter(|(name, _)| below.starts_with(name.as_str()))
        .max_by_key(|(name, _)| name.as_str().len())?;
    let inside = below.strip_prefix(name.as_str()).unwrap_or(Path::new(""));
    below_root(store, root(file.content), inside)
}

/// The object behind a path in the `files` of a generation.
fn in_a_generation(engine: &Engine<'_>, store: &Store, path: &Path) -> Option<Root> {
    let generations = engine.profile.generations();
    let real = std::fs::canonicalize(&generations).unwrap_or(generations);
    let mut parts = path.strip_prefix(&real).ok()?.iter();
    let number = parts.next()?.to_str()?.parse().ok()?;
    let record = Generations::of(&engine.profile).record(number).ok()?;
    let below = parts.as_path().strip_prefix("files").ok()?;
    home_file(store, &record, below)
}

/// The object behind a path in the store's trees.
fn in_a_tree(store: &Store, path: &Path) -> Option<Root> {
    let tree = tree_of(store, path)?;
    let folder = store.tree_path(tree);
    let real = std::fs::canonicalize(&folder).ok()?;
    let inside = path
        .strip_prefix(&folder)
        .or_else(|_| path.strip_prefix(&real));
    below_root(store, Root::Tree(tree), inside.ok()?)
}

pub(super) fn below_root(store: &Store, root: Root, inside: &Path) -> Option<Root> {
    let mut here = root;
    for part in inside {
        let Root::Tree(tree) = here else { return None };
        here = match store.read_tree(tree).ok()?.get(part.as_encoded_bytes())? {
            Node::File(blob) | Node::Executable(blob) => Root::Blob(*blob),
            Node::Folder(tree) => Root::Tree(*tree),
            Node::Link(_) => return None,
        };
    }
    Some(here)
}

/// The ways that were found.
struct Ways<'a> {
    store: &'a Store,
    wanted: Root,
    chains: Vec<WhyChain>,
}

impl Ways<'_> {
    fn through_generation(&mut self, chain: &WhyChain, generation: &Generation, record: &Record) {
        for (name, package) in &generation.packages {
            let version = package.version.as_deref().unwrap_or_default();
            let first = WhyStep {
                what: "package".to_owned(),
                name: format!("{name} {version}").trim_end().to_owned(),
                id: package.tree.to_string(),
            };
            self.through(chain, first, Root::Tree(package.tree));
        }
        for (path, file) in &record.files {
            let content = root(file.content);
            let first = WhyStep {
                what: "home file".to_owned(),
                name: path.to_string(),
                id: content.id().to_string(),
            };
            self.through(chain, first, content);
        }
    }

    fn through_the_rest(&mut self, engine: &Engine<'_>) -> Result<()> {
        let chain = |root: &str, name: String| WhyChain {
            root: root.to_owned(),
            name,
            profile: None,
            generation: None,
            steps: Vec::new(),
        };
        for pin in self.store.pins()? {
            self.through_root(&chain("pin", format!("pin {}", pin.name)), pin.root);
        }
        for root in self.store.leased()? {
            let name = "lease of a command that runs".to_owned();
            self.through_root(&chain("lease", name), root);
        }
        let using = roots::processes(engine.home.root());
        for used in using.map_err(OpError::io("look through", Path::new("/proc")))? {
            let name = format!("{} (process {})", used.name, used.process);
            for tree in used.trees {
                self.through_root(&chain("process", name.clone()), Root::Tree(tree));
            }
        }
        Ok(())
    }

    fn through_root(&mut self, chain: &WhyChain, root: Root) {
        let what = match root {
            Root::Tree(_) => "tree",
            Root::Blob(_) => "file",
        };
        let id = root.id().to_string();
        let first = WhyStep {
            what: what.to_owned(),
            name: String::new(),
            id,
        };
        self.through(chain, first, root);
    }

    /// Adds the chain that begins with `first`, if it leads to what is wanted.
    fn through(&mut self, chain: &WhyChain, first: WhyStep, from: Root) {
        // What cannot be followed because it is damaged leads nowhere.
        let Ok(Some(way)) = self.store.chain(from, self.wanted) else {
            return;
        };
        let mut steps = vec![first];
        let last = way.len();
        for (at, step) in way.into_iter().enumerate() {
            let is_file = at + 1 == last && matches!(self.wanted, Root::Blob(_));
            steps.push(WhyStep {
                what: if is_file { "file" } else { "folder" }.to_owned(),
                name: step.name.to_string(),
                id: step.id.to_string(),
            });
        }
        self.chains.push(WhyChain {
            steps,
            ..chain.clone()
        });
    }
}
