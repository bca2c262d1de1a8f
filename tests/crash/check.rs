//! What must hold: between a fault and the next command, and when that has finished the job.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dgmo_schema::event::Silent;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_store::Node;
use dgmo_store::Store;

use crate::listing::Listing;
use crate::listing::difference;
use crate::listing::list;
use crate::world::Ended;
use crate::world::World;

/// At most so many processes are stopped in one attempt, and each may use a number up.
const CRASHES: u64 = 2;

/// What is wrong, if anything.
pub(crate) type Verdict = Result<(), String>;

/// All of a world that has to be right.
#[derive(Debug)]
pub(crate) struct Shot {
    pointer: Option<u64>,
    target: Listing,
    source: Listing,
    /// The profile without its generations, its history, its lock, what hooks printed and the state that is kept.
    profile: Listing,
    generations: BTreeMap<u64, Listing>,
    /// Objects, laid-out trees, pins; not what is in progress or a cache.
    store: Listing,
    /// Whatever else the scenario makes.
    other: Listing,
}

/// A world as it is before a command, and as it is when nothing disturbs that.
#[derive(Debug)]
pub(crate) struct References {
    pub(crate) before: Shot,
    pub(crate) after: Shot,
    /// Whether the records of generations that are not current may lack why they are not.
    pub(crate) may_forget_why: bool,
}

const PROFILE: &str = "home/profiles/default";

impl Shot {
    pub(crate) fn of(world: &World) -> Self {
        let home = world.path("home");
        Self {
            pointer: pointer(world),
            target: list(&world.path("target"), &|_| false),
            source: list(&world.path("src"), &|path| {
                path.starts_with("pkgs") || path.starts_with("files")
            }),
            profile: without_who(list(&world.path(PROFILE), &|path| {
                [
                    "generations",
                    "current",
                    "history.jsonl",
                    "lock",
                    "log",
                    "state",
                ]
                .contains(&path)
            })),
            generations: generations(world),
            store: list(&home, &passes_by),
            other: list(&world.path("other"), &passes_by),
        }
    }

    /// The generation the pointer names.
    fn current(&self) -> Option<&Listing> {
        self.generations.get(&self.pointer?)
    }
}

/// Which process put a change on trial does not matter.
fn without_who(mut profile: Listing) -> Listing {
    if let Some(trial) = profile.get_mut("journal/trial.json") {
        let waits = trial.contains("\"awaiting\"");
        *trial = format!("a trial that waits: {waits}");
    }
    profile
}

/// What of a home comes and goes.
fn passes_by(path: &str) -> bool {
    let at_work = [
        "profiles",
        "reserve",
        "cache",
        // A crash may leave what is moved there in both places.
        "found",
        "leases",
        "store/staging",
        "store/changes",
        "store/gate",
        "store/lock",
    ];
    // A pin that did not come to its name is swept by the next collecting.
    path.starts_with("pins/.") || at_work.contains(&path)
}

fn pointer(world: &World) -> Option<u64> {
    let target = fs::read_link(world.path(PROFILE).join("current")).ok()?;
    let number = target.strip_prefix("generations").ok()?.to_str()?.parse();
    Some(number.expect("the pointer names a number"))
}

fn generations(world: &World) -> BTreeMap<u64, Listing> {
    let folder = world.path(PROFILE).join("generations");
    let entries = fs::read_dir(&folder).into_iter().flatten();
    let mut generations = BTreeMap::new();
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let mut listing = list(&folder.join(&name), &|_| false);
        if let Some(document) = listing.get_mut("generation.json") {
            *document = without_command(document);
        }
        generations.insert(name.parse().expect("only numbers are there"), listing);
    }
    generations
}

/// Which command finished the job does not matter.
fn without_command(document: &str) -> String {
    document
        .lines()
        .filter(|line| !line.contains("\"made_from\""))
        .collect::<Vec<_>>()
        .join("\n")
}

fn same(what: &str, expected: &Listing, found: &Listing) -> Verdict {
    match difference(expected, found) {
        lines if lines.is_empty() => Ok(()),
        lines => Err(format!("{what} differs:\n{lines}")),
    }
}

/// `found` is one of the two, whole.
fn either(what: &str, references: &References, of: fn(&Shot) -> &Listing, shot: &Shot) -> Verdict {
    let found = of(shot);
    if found == of(&references.before) {
        return Ok(());
    }
    same(what, of(&references.after), found)
}

/// After a fault and the next look: exactly the old or exactly the new generation.
pub(crate) fn old_or_new(world: &World, references: &References) -> Verdict {
    let shot = Shot::of(world);
    let (before, after) = (&references.before, &references.after);
    if before.pointer != after.pointer && is_new(before, after, &shot) {
        same("the target folder (new)", &after.target, &shot.target)?;
        same_generation(after, &shot)?;
    } else if before.pointer == after.pointer {
        if shot.pointer != before.pointer {
            return Err(format!("the pointer names {:?}", shot.pointer));
        }
        either("the target folder", references, |shot| &shot.target, &shot)?;
    } else {
        let begun = before.pointer.is_none() && shot.pointer == Some(0);
        if shot.pointer != before.pointer && !begun {
            return Err(format!("the pointer names {:?}", shot.pointer));
        }
        same("the target folder (old)", &before.target, &shot.target)?;
        if !begun {
            same_generation(before, &shot)?;
        }
    }
    if world.path(PROFILE).join("journal/switch.json").exists() {
        return Err("the journal is still there".to_owned());
    }
    let trial = world.path(PROFILE).join("journal/trial.json");
    let trial = fs::read_to_string(trial).unwrap_or_default();
    if !trial.is_empty() && !trial.contains("\"awaiting\"") {
        return Err(format!("a trial is not over: {trial}"));
    }
    texts_are_whole(references, &shot)?;
    objects_are_whole(world)?;
    trees_are_whole(references, &shot)
}

/// Whether the pointer is where the command moves it; a number that a crash used up is left out.
fn is_new(before: &Shot, after: &Shot, shot: &Shot) -> bool {
    let was = before.pointer.unwrap_or(0);
    match (shot.pointer, after.pointer) {
        (Some(found), Some(expected)) if expected > was => {
            (expected..=expected + CRASHES).contains(&found)
        }
        (found, expected) => found == expected,
    }
}

fn same_generation(expected: &Shot, shot: &Shot) -> Verdict {
    let (Some(number), Some(found)) = (expected.pointer, shot.pointer) else {
        return Ok(());
    };
    let Some(current) = shot.current() else {
        return Err(format!("the pointer names {found}, which is not there"));
    };
    let current = renumbered(current, found, number);
    same(
        "the current generation",
        &expected.generations[&number],
        &current,
    )
}

/// The manifest and the lock, each as it was or as it shall be.
fn texts_are_whole(references: &References, shot: &Shot) -> Verdict {
    for name in ["dgmo.yaml", "dgmo.lock"] {
        let found = shot.source.get(name);
        let known = [&references.before, &references.after].map(|shot| shot.source.get(name));
        if !known.contains(&found) {
            return Err(format!("{name} is neither old nor new: {found:?}"));
        }
    }
    Ok(())
}

/// A tree object in place means that all it names is in place, and every object is what its name says.
pub(crate) fn objects_are_whole(world: &World) -> Verdict {
    for home in ["home", "other"] {
        let home = world.path(home);
        if home.join("meta.json").exists() {
            objects_of(&home)?;
        }
    }
    mirror_is_whole(world)
}

/// Whatever a mirror shows under the name of a digest has that digest; what was damaged or old before may still be.
fn mirror_is_whole(world: &World) -> Verdict {
    let mirror = world.path("other");
    for (path, what) in list(&mirror, &|_| false) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let hex = if let Some(hex) = name.strip_prefix("b3-") {
            hex.to_owned()
        } else if let Some(object) = path.strip_prefix("objects/") {
            object.replace('/', "")
        } else {
            continue;
        };
        if !what.starts_with("file ") || name.starts_with('.') {
            continue;
        }
        let bytes = fs::read(mirror.join(&path)).unwrap();
        let before = [b"old".as_slice(), b"what the disk made of it"];
        let found = Digest::of(&bytes).hex();
        if found != hex.trim_end_matches(".t") && !before.contains(&bytes.as_slice()) {
            return Err(format!("the mirror shows {path}, which hashes to {found}"));
        }
    }
    Ok(())
}

fn objects_of(home: &Path) -> Verdict {
    let store = Store::open(home).map_err(|error| format!("the store: {error:?}"))?;
    let objects = list(&home.join("store/objects"), &|_| false);
    let mut seen = BTreeSet::new();
    for (path, what) in &objects {
        let Some((shard, name)) = path.split_once('/') else {
            continue;
        };
        if name.starts_with('.') || !what.starts_with("file ") {
            return Err(format!("left over in objects: {path}"));
        }
        let (hex, is_tree) = match name.split_once('.') {
            Some((hex, kind)) => (hex, kind == "t"),
            None => (name, false),
        };
        let id = format!("b3:{shard}{hex}");
        if is_tree {
            tree_is_whole(&store, id.parse().unwrap(), &mut seen)?;
        } else {
            blob_is_whole(&store, id.parse().unwrap(), &mut seen)?;
        }
    }
    Ok(())
}

fn tree_is_whole(store: &Store, id: TreeId, seen: &mut BTreeSet<String>) -> Verdict {
    if !seen.insert(format!("tree {id}")) {
        return Ok(());
    }
    let tree = store
        .read_tree(id)
        .map_err(|error| format!("tree {id}: {error}"))?;
    for entry in tree.entries() {
        match entry.node {
            Node::File(blob) | Node::Executable(blob) => blob_is_whole(store, blob, seen)?,
            Node::Folder(tree) => tree_is_whole(store, tree, seen)?,
            Node::Link(_) => {}
        }
    }
    Ok(())
}

fn blob_is_whole(store: &Store, id: BlobId, seen: &mut BTreeSet<String>) -> Verdict {
    if !seen.insert(format!("blob {id}")) {
        return Ok(());
    }
    let read = store.read_blob(id);
    read.map(drop)
        .map_err(|error| format!("blob {id}: {error}"))
}

/// Whatever of the store has a name is as it was or as it shall be: no half of a laid-out tree, no empty object.
fn trees_are_whole(references: &References, shot: &Shot) -> Verdict {
    for (path, what) in &shot.store {
        let known = [&references.before, &references.after].map(|shot| shot.store.get(path));
        let is_known = known.iter().flatten().any(|known| *known == what);
        let may_be = known.iter().all(Option::is_none) && !path.starts_with("store/trees");
        let is_shown = path.starts_with("store/trees") && !is_root_of_tree(path);
        if is_shown && !is_known && !may_be {
            return Err(format!("{path} is {what}"));
        }
    }
    for reference in [&references.before, &references.after] {
        for path in reference.store.keys() {
            let root: String = path.split('/').take(3).collect::<Vec<_>>().join("/");
            let is_there = shot.store.contains_key(&root);
            if path.starts_with("store/trees/") && is_there && !shot.store.contains_key(path) {
                return Err(format!("a laid-out tree is not whole: {path} is missing"));
            }
        }
    }
    Ok(())
}

fn is_root_of_tree(path: &str) -> bool {
    path.split('/').count() <= 3
}

/// When the same command has been run again: as if nothing had happened.
pub(crate) fn finished(world: &World, references: &References) -> Verdict {
    let shot = Shot::of(world);
    let (before, after) = (&references.before, &references.after);
    if !is_new(before, after, &shot) {
        return Err(format!("the pointer names {:?} in the end", shot.pointer));
    }
    same("the target folder in the end", &after.target, &shot.target)?;
    same(
        "the manifest's folder in the end",
        &after.source,
        &shot.source,
    )?;
    same("the profile in the end", &after.profile, &shot.profile)?;
    same(
        "the store in the end",
        &writable_roots(&after.store),
        &writable_roots(&shot.store),
    )?;
    same(
        "the rest in the end",
        &writable_roots(&after.other),
        &writable_roots(&shot.other),
    )?;
    generations_are_right(references, &shot)?;
    objects_are_whole(world)
}

/// A crash may leave the root of a laid-out tree writable.
fn writable_roots(store: &Listing) -> Listing {
    let mut store = store.clone();
    for (path, what) in &mut store {
        if path.starts_with("store/trees/") && is_root_of_tree(path) {
            "folder".clone_into(what);
        }
    }
    store
}

/// The generations of the undisturbed world are there; the current one may have a higher number, and the number a
/// crash used up may be there too.
fn generations_are_right(references: &References, shot: &Shot) -> Verdict {
    let after = &references.after;
    let (Some(expected), Some(found)) = (after.pointer, shot.pointer) else {
        return Ok(());
    };
    for (number, listing) in &after.generations {
        if *number == expected && found != expected {
            continue;
        }
        let there = shot.generations.get(number);
        let there = there.ok_or_else(|| format!("generation {number} is missing in the end"))?;
        if references.may_forget_why && without_why(listing) == without_why(there) {
            continue;
        }
        same(&format!("generation {number} in the end"), listing, there)?;
    }
    let current = renumbered(&shot.generations[&found], found, expected);
    same(
        "the current generation in the end",
        &after.generations[&expected],
        &current,
    )?;
    let unknown = shot.generations.keys().find(|number| {
        !after.generations.contains_key(number) && !(expected..=found).contains(*number)
    });
    unknown.map_or(Ok(()), |number| {
        Err(format!("generation {number} in the end"))
    })
}

fn without_why(listing: &Listing) -> Listing {
    let mut listing = listing.clone();
    if let Some(document) = listing.get_mut("generation.json") {
        let lines = document.lines().filter(|line| !line.contains("\"failed\""));
        *document = lines.collect();
    }
    listing
}

fn renumbered(listing: &Listing, from: u64, to: u64) -> Listing {
    let texts = listing.iter().map(|(path, what)| {
        let what = what
            .replace(
                &format!("generations/{from}/"),
                &format!("generations/{to}/"),
            )
            .replace(
                &format!("\"number\": {from},"),
                &format!("\"number\": {to},"),
            );
        (path.clone(), what)
    });
    texts.collect()
}

/// Every generation there was when a number was given keeps it: none is given twice.
pub(crate) fn numbers_are_kept(before: &BTreeMap<u64, String>, world: &World) -> Verdict {
    let after = documents(world);
    for (number, document) in before {
        if after.get(number).is_some_and(|now| now != document) {
            return Err(format!("generation {number} is another one now"));
        }
    }
    Ok(())
}

/// The records of all generations, by number.
pub(crate) fn documents(world: &World) -> BTreeMap<u64, String> {
    let generations = generations(world).into_iter();
    generations
        .filter_map(|(number, listing)| Some((number, listing.get("record.json")?.clone())))
        .collect()
}

/// Whether `status` says that all is as it should be: where a file is made to be edited, that it is not.
pub(crate) fn agrees(status: &Ended, drifts: bool) -> bool {
    status.code() == Some(if drifts { 3 } else { 0 })
}

/// Looking works: nothing differs from what the generation says, and the history ends where the pointer is.
pub(crate) fn commands_agree(world: &World, drifts: bool) -> Verdict {
    let status = world.dgmo("status", "");
    if !agrees(&status, drifts) {
        return Err(format!(
            "status in the end: {} {}",
            status.told(),
            status.stdout()
        ));
    }
    for home in ["home", "other"] {
        if world.path(home).join("meta.json").exists() {
            let verified = world.dgmo(&format!("store verify --home {{w}}/{home}"), "");
            if !verified.is_done() {
                return Err(format!(
                    "verify in the end: {} {}",
                    verified.told(),
                    verified.stdout()
                ));
            }
        }
    }
    let history = world.path(PROFILE).join("history.jsonl");
    let history = fs::read_to_string(history).unwrap_or_default();
    let entries: Vec<serde_json::Value> = history
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let moves = [
        "begun",
        "switched",
        "rolled-back",
        "taken-back",
        "finished",
        "undone",
        "found",
    ];
    let last = entries
        .iter()
        .rev()
        .find(|entry| moves.contains(&entry["what"].as_str().unwrap_or_default()));
    let last = last.and_then(|entry| entry["generation"].as_u64());
    if last != pointer(world) {
        return Err(format!(
            "the history ends at {last:?}, the pointer is at {:?}",
            pointer(world)
        ));
    }
    Ok(())
}

/// What a dead process left in staging goes with the next insertion.
pub(crate) fn staging_is_swept(world: &World) -> Verdict {
    let store = Store::open(&world.path("home")).map_err(|error| format!("{error:?}"))?;
    drop(store.begin(&Silent).map_err(|error| format!("{error:?}"))?);
    staging_is_empty(world)
}

/// Nothing of a home that was taken away is left beside where it was.
pub(crate) fn no_home_is_left(world: &World) -> Verdict {
    let left = list(&world.folder(), &|path| {
        ["src", "target", "other"].contains(&path)
    });
    same("what is left of the home", &Listing::new(), &left)
}

/// Nothing is in progress.
pub(crate) fn staging_is_empty(world: &World) -> Verdict {
    let left = list(&world.path("home/store/staging"), &|_| false);
    same("staging", &Listing::new(), &left)
}
