//! What is dead goes, what lives stays, whatever happens meanwhile.

use std::cell::Cell;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dgmo_schema::event::Silent;
use dgmo_schema::name::PinName;

use super::*;
use crate::roots::Pin;
use crate::tree::Entry;
use crate::tree::EntryName;
use crate::tree::Node;
use crate::tree::Tree;

struct Home {
    folder: tempfile::TempDir,
    store: Store,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(folder.path()).unwrap();
        Self { folder, store }
    }

    /// Adds and lays out a package: a few files, one of them in a deep folder, some shared by all packages.
    fn add(&self, name: &str) -> TreeId {
        let insertion = self.store.begin(&Silent).unwrap();
        let file = |text: &str| Node::File(insertion.add_bytes(text.as_bytes(), false).unwrap());
        let tree = |entries: Vec<(&str, Node)>| {
            let entry = |(name, node): (&str, Node)| Entry {
                name: EntryName::new(name.as_bytes()).unwrap(),
                node,
            };
            let tree = Tree::new(entries.into_iter().map(entry).collect()).unwrap();
            insertion.add_tree(&tree).unwrap()
        };
        let program = insertion.add_bytes(&vec![7; 20_000], true).unwrap();
        let deepest = tree(vec![("own", file(name)), ("shared", file("shared"))]);
        let deeper = tree(vec![("deepest", Node::Folder(deepest))]);
        let shared = tree(vec![("shared", file("shared"))]);
        let top = tree(vec![
            ("deeper", Node::Folder(deeper)),
            ("program", Node::Executable(program)),
            ("shared", Node::Folder(shared)),
        ]);
        insertion.lay_out(top).unwrap();
        insertion.commit().unwrap();
        top
    }

    fn plan(&self, roots: &[Root]) -> CollectPlan {
        let others: &OtherRoots<'_> = &|| Ok(roots.to_vec());
        self.store.plan_collect(others, &Silent).unwrap()
    }

    fn collect(&self, roots: &[Root]) -> Freed {
        let others: &OtherRoots<'_> = &|| Ok(roots.to_vec());
        let plan = self.store.plan_collect(others, &Silent).unwrap();
        self.store.collect(plan, others, &Silent).unwrap()
    }

    /// Whatever is there is whole: every tree object's children are there, and every laid-out tree.
    fn assert_whole(&self, trees: &[TreeId]) {
        for id in trees {
            if self.store.has_tree(*id).unwrap() {
                for entry in self.store.read_tree(*id).unwrap().entries() {
                    match &entry.node {
                        Node::File(id) | Node::Executable(id) => {
                            assert!(self.store.has_blob(*id).unwrap());
                        }
                        Node::Folder(id) => {
                            assert!(self.store.has_tree(*id).unwrap());
                            self.assert_whole(&[*id]);
                        }
                        Node::Link(_) => {}
                    }
                }
            }
            if self.store.is_laid_out(*id).unwrap() {
                let own = self.store.tree_path(*id).join("deeper/deepest/own");
                assert!(own.exists());
            }
        }
    }
}

/// Bytes and blocks below a folder, each inode once.
fn usage(folder: &Path) -> (u64, u64) {
    let mut seen = std::collections::HashSet::new();
    let mut sum = (0, 0);
    let mut ahead = vec![folder.to_owned()];
    while let Some(path) = ahead.pop() {
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            // The folders of the store itself stay, and do not shrink.
            ahead.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            if path.starts_with(folder.join("trees")) && path != folder.join("trees") {
                sum.1 += metadata.blocks() * 512;
            }
        } else if seen.insert(metadata.ino()) {
            sum.0 += metadata.len();
            sum.1 += metadata.blocks() * 512;
        }
    }
    sum
}

#[test]
fn what_roots_reach_stays_and_all_else_goes() {
    let home = Home::new();
    let ids: Vec<TreeId> = ["other", "pinned", "leased", "open", "dead"]
        .map(|name| home.add(name))
        .into();
    let [other, pinned, leased, open, dead] = ids[..] else {
        unreachable!()
    };
    let guard = home.store.share().unwrap();
    let name: PinName = "mine".parse().unwrap();
    let pin = Pin {
        name: name.clone(),
        root: Root::Tree(pinned),
        note: None,
    };
    home.store.pin(&pin, &guard).unwrap();
    let lease = home.store.lease(&[Root::Tree(leased)], &guard).unwrap();
    drop(guard);
    let file = std::fs::File::open(home.store.tree_path(open).join("program")).unwrap();

    let freed = home.collect(&[Root::Tree(other)]);
    for id in [other, pinned, leased] {
        assert!(home.store.has_tree(id).unwrap() && home.store.is_laid_out(id).unwrap());
    }
    if cfg!(target_os = "linux") {
        assert!(home.store.has_tree(open).unwrap() && home.store.is_laid_out(open).unwrap());
        assert_eq!((freed.laid_out, freed.objects), (1, 4));
    }
    assert!(!home.store.has_tree(dead).unwrap() && !home.store.is_laid_out(dead).unwrap());
    home.assert_whole(&ids);

    drop((lease, file));
    home.store.unpin(&name).unwrap();
    home.collect(&[Root::Tree(other)]);
    assert_eq!(home.plan(&[]).trees().count(), 4);
    home.assert_whole(&ids);
    home.collect(&[]);
    let objects = usage(&home.store.layout().objects());
    assert_eq!(objects, (0, 0));
}

#[test]
fn the_plan_tells_to_the_byte_what_goes() {
    let home = Home::new();
    let kept = Root::Tree(home.add("kept"));
    for name in ["one", "two"] {
        home.add(name);
    }
    // Somebody outside keeps a file: deleting its names here frees nothing.
    let own = home
        .store
        .tree_path(home.add("linked"))
        .join("deeper/deepest/own");
    let outside = crate::durable::Folder::open(home.folder.path()).unwrap();
    let inside = crate::durable::Folder::open(own.parent().unwrap()).unwrap();
    outside
        .hard_link(&inside, "own".as_ref(), "mine".as_ref())
        .unwrap();
    // What we have open ourselves counts as in use.
    drop(inside);

    let store = home.store.layout().store();
    let before = usage(&store);
    let planned = home.plan(&[kept]).freed();
    assert_eq!(home.collect(&[kept]), planned);
    let after = usage(&store);
    // What is linked from outside is gone from here, but not freed.
    let linked = std::fs::metadata(home.folder.path().join("mine")).unwrap();
    assert_eq!(before.0 - after.0, planned.bytes + linked.len());
    assert_eq!(before.1 - after.1, planned.on_disk + linked.blocks() * 512);
    assert_eq!(planned.laid_out, 3);
}

#[test]
fn a_crash_after_any_deed_leaves_only_what_is_whole() {
    let home = Home::new();
    let ids: Vec<TreeId> = ["a", "b", "c"].map(|name| home.add(name)).into();
    let live = [Root::Tree(ids[0])];
    let task = Task::start(&Silent, "testing", None, Unit::Items);
    let plan = home.plan(&live);
    let count = plan.freed().objects + plan.freed().laid_out;
    let mut deleting = Deleting::new(&home.store, plan.dead).unwrap();
    let mut deeds = 0;
    while !deleting.is_done() {
        let guard = home.store.exclude().unwrap();
        while deleting.step(&guard).unwrap() {
            deeds += 1;
            home.assert_whole(&ids);
        }
        drop(guard);
        deleting.between_slices().unwrap();
    }
    assert_eq!(deeds, count);
    drop((deleting, task));
    assert!(home.plan(&live).is_empty());
    home.assert_whole(&ids[..1]);
    assert!(home.store.has_tree(ids[0]).unwrap());
}

#[test]
fn that_nothing_is_dead_is_remembered_until_something_changes() {
    let home = Home::new();
    let root = Root::Tree(home.add("one"));
    let (state, _) = home.store.state(&|| Ok(vec![root])).unwrap();
    let remembers = |state: &State| memo::says_nothing_is_dead(home.store.layout(), state);
    assert!(!remembers(&state));
    assert!(home.plan(&[root]).is_empty());
    assert!(remembers(&state));
    assert!(!home.plan(&[]).is_empty());
    home.add("two");
    assert!(!home.plan(&[root]).is_empty());
    home.collect(&[root]);
    let (state, _) = home.store.state(&|| Ok(vec![root])).unwrap();
    assert!(remembers(&state));
    let path = home.store.layout().cache().join("collected");
    crate::durable::replace_file(&path, b"dgmo collected 1\n", 0o644).unwrap();
    assert!(!remembers(&state));
}

#[test]
fn what_comes_to_life_after_the_marking_stays() {
    let home = Home::new();
    let ids: Vec<TreeId> = ["a", "b"].map(|name| home.add(name)).into();
    let asked = Cell::new(0);
    let others: &OtherRoots<'_> = &|| {
        asked.set(asked.get() + 1);
        // A generation appears between marking and deleting.
        let late = (asked.get() > 1).then_some(Root::Tree(ids[1]));
        Ok(late.into_iter().collect())
    };
    let plan = home.store.plan_collect(others, &Silent).unwrap();
    assert_eq!(plan.laid_out().len(), 2);
    home.store.collect(plan, others, &Silent).unwrap();
    assert!(!home.store.has_tree(ids[0]).unwrap());
    assert!(home.store.has_tree(ids[1]).unwrap() && home.store.is_laid_out(ids[1]).unwrap());
    home.assert_whole(&ids);
}

#[test]
fn roots_that_change_all_the_time_do_not_keep_it_from_ending() {
    let home = Home::new();
    let ids: Vec<TreeId> = ["a", "b"].map(|name| home.add(name)).into();
    let asked = Cell::new(0_u64);
    let others: &OtherRoots<'_> = &|| {
        asked.set(asked.get() + 1);
        let noise = BlobId(Digest::of(&asked.get().to_le_bytes()));
        Ok(vec![Root::Tree(ids[1]), Root::Blob(noise)])
    };
    let plan = home.store.plan_collect(others, &Silent).unwrap();
    home.store.collect(plan, others, &Silent).unwrap();
    assert!(!home.store.has_tree(ids[0]).unwrap());
    assert!(home.store.has_tree(ids[1]).unwrap());
}

#[test]
fn who_cannot_tell_the_roots_deletes_nothing() {
    let home = Home::new();
    let id = home.add("a");
    let broken: &OtherRoots<'_> = &|| Err("a generation is damaged".into());
    assert!(matches!(
        home.store.plan_collect(broken, &Silent),
        Err(CollectError::Roots(RootError::Others { .. }))
    ));
    let plan = home.plan(&[]);
    let error = home.store.collect(plan, broken, &Silent).unwrap_err();
    assert_eq!(error.code().as_str(), "DG2033");
    home.assert_whole(&[id]);
    assert!(home.store.has_tree(id).unwrap());
    // A root that is not there could reach anything.
    let missing = Root::Tree(TreeId(Digest::of(b"missing")));
    let others: &OtherRoots<'_> = &|| Ok(vec![missing]);
    assert!(matches!(
        home.store.plan_collect(others, &Silent),
        Err(CollectError::Closure(_))
    ));
}

#[test]
fn collecting_goes_on_beside_insertions() {
    let home = Home::new();
    let store = &home.store;
    let kept = home.add("kept");
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| {
            for number in 0..30 {
                let id = home.add(&format!("round {}", number % 5));
                // What was just added is whole while its guard is held, whatever is collected meanwhile.
                let insertion = store.begin(&Silent).unwrap();
                if store.has_tree(id).unwrap() {
                    home.assert_whole(&[id]);
                }
                drop(insertion);
            }
        });
        while !adding.is_finished() {
            home.collect(&[Root::Tree(kept)]);
        }
    });
    home.collect(&[Root::Tree(kept)]);
    home.assert_whole(&[kept]);
    assert!(home.plan(&[Root::Tree(kept)]).is_empty());
}
