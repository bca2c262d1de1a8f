//! What collecting leaves behind when it is stopped, at any step.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where it finds something wrong"
)]
#![cfg(all(unix, feature = "fault-injection"))]
#![expect(
    clippy::disallowed_methods,
    reason = "what is added is made the plain way"
)]

use std::fs;
use std::path::Path;

use dgmo_schema::event::Silent;
use dgmo_schema::id::TreeId;
use dgmo_store::AddOptions;
use dgmo_store::CollectError;
use dgmo_store::Content;
use dgmo_store::OtherRoots;
use dgmo_store::Root;
use dgmo_store::Store;
use dgmo_store::durable::fault;
use dgmo_store::hash_path;

fn add(store: &Store, source: &Path) -> TreeId {
    let insertion = store.begin(&Silent).unwrap();
    let added = insertion.add_path(source, &AddOptions::default()).unwrap();
    let Content::Folder(id) = added.content else {
        panic!("a folder was added");
    };
    insertion.lay_out(id).unwrap();
    insertion.commit().unwrap();
    id
}

fn collect(store: &Store, live: TreeId) -> Result<(), CollectError> {
    let others: &OtherRoots<'_> = &|| Ok(vec![Root::Tree(live)]);
    let plan = store.plan_collect(others, &Silent)?;
    store.collect(plan, others, &Silent)?;
    Ok(())
}

/// A store with a live and a dead tree, which share a folder and a file.
fn home(folder: &Path, name: &str) -> (Store, TreeId, TreeId) {
    let store = Store::open_or_create(&folder.join(name)).unwrap();
    store.ensure_reserve();
    let [live, dead] = ["live", "dead"].map(|name| add(&store, &folder.join(name)));
    (store, live, dead)
}

/// One test, since a plan is of the whole process.
#[test]
fn a_failure_at_any_step_leaves_the_living_whole_and_the_next_collecting_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["live", "dead"] {
        let source = folder.path().join(name);
        fs::create_dir_all(source.join("a/b")).unwrap();
        fs::create_dir_all(source.join("shared")).unwrap();
        for file in ["one", "a/two", "a/b/three"] {
            fs::write(source.join(file), format!("{name} {file}")).unwrap();
        }
        fs::write(source.join("shared/file"), "shared").unwrap();
    }
    let log = folder.path().join("log");
    let (store, live, _) = home(folder.path(), "home");
    fault::arm(&format!("log:{}", log.display()));
    collect(&store, live).unwrap();
    fault::arm("");
    let steps = fs::read_to_string(&log).unwrap().lines().count();
    assert!(steps > 20, "{steps}");

    for at in 0..steps {
        for (plan, error) in [("fail-from", "EIO"), ("fail", "ENOSPC")] {
            let what = format!("{plan}-{at}-{error}");
            let (store, live, dead) = home(folder.path(), &what);
            fault::arm(&format!("{plan}:{at}:{error}"));
            // It may end well: what cannot be cached is not cached.
            drop(collect(&store, live));
            fault::arm("");
            let reopened = Store::open(store.home()).unwrap();
            let findings = reopened.verify(&Silent).unwrap().findings;
            assert_eq!(findings, [], "{what}");
            collect(&reopened, live).unwrap();
            let there = reopened.has_tree(dead).unwrap() || reopened.is_laid_out(dead).unwrap();
            assert!(!there, "{what}");
            let shown = hash_path(&reopened.tree_path(live), &AddOptions::default()).unwrap();
            assert_eq!(shown.content, Content::Folder(live), "{what}");
            let staged = fs::read_dir(reopened.layout().staging()).unwrap().count();
            assert_eq!(staged, 0, "{what}");
        }
    }
}
