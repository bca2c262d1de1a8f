//! What an insertion leaves behind when the disk fails it, at any step.
#![cfg(all(unix, feature = "fault-injection"))]
#![expect(
    clippy::disallowed_methods,
    reason = "what is added is made the plain way"
)]

use std::fs;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Silent;
use dgmo_schema::id::TreeId;
use dgmo_store::AddOptions;
use dgmo_store::Content;
use dgmo_store::InsertError;
use dgmo_store::LayOutError;
use dgmo_store::Store;
use dgmo_store::durable::fault;
use dgmo_store::hash_path;

/// Adds and lays out `source`; the code and hint of what went wrong.
fn add(store: &Store, source: &Path) -> Result<TreeId, (Code, Option<Hint>)> {
    let insert = |error: InsertError| (error.code(), error.deepest_hint());
    let lay_out = |error: LayOutError| (error.code(), error.deepest_hint());
    let insertion = store.begin(&Silent).map_err(insert)?;
    let added = insertion.add_path(source, &AddOptions::default());
    let Content::Folder(id) = added.map_err(insert)?.content else {
        panic!("a folder was added");
    };
    insertion.lay_out(id).map_err(lay_out)?;
    insertion.commit().map_err(insert)?;
    Ok(id)
}

/// One test, since a plan is of the whole process.
#[test]
fn a_full_disk_at_any_step_is_told_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::create_dir_all(source.join("a/b")).unwrap();
    for name in ["one", "a/two", "a/b/three", "a/b/four"] {
        fs::write(source.join(name), name).unwrap();
    }
    fs::write(source.join("large"), vec![1; 2 << 20]).unwrap();
    let home = |name: &str| Store::open_or_create(&folder.path().join(name)).unwrap();

    let log = folder.path().join("log");
    let store = home("home");
    fault::arm(&format!("log:{}", log.display()));
    let expected = add(&store, &source).unwrap();
    fault::arm("");
    let steps = fs::read_to_string(&log).unwrap().lines().count();
    assert!(steps > 30, "{steps}");

    let mut told = 0;
    for (at, plan) in (0..steps).flat_map(|at| [(at, "fail"), (at, "fail-from")]) {
        let store = home(&format!("home-{plan}-{at}"));
        fault::arm(&format!("{plan}:{at}:ENOSPC"));
        let result = add(&store, &source);
        fault::arm("");
        if let Err(error) = result {
            told += 1;
            let hint = Some(Hint::Run("dgmo gc".to_owned()));
            assert_eq!(error, (Code::StoreFull, hint), "{plan} at {at}");
        }
        if store.is_laid_out(expected).unwrap() {
            let again = hash_path(&store.tree_path(expected), &AddOptions::default()).unwrap();
            assert_eq!(again.content, Content::Folder(expected), "{plan} at {at}");
        }
        assert_eq!(add(&store, &source), Ok(expected), "{plan} at {at}");
        let staged = fs::read_dir(store.layout().staging()).unwrap().count();
        assert_eq!(staged, 0, "{plan} at {at}");
    }
    assert!(told > steps, "{told} of {steps}");
}
