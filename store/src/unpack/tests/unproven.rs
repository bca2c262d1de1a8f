//! Archives that are unpacked before it is known whether they are the right ones.

use std::io::Cursor;

use dgmo_schema::event::Silent;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::manifest::Packing;

use super::by_hand::Tar;
use crate::insert::Content;
use crate::insert::Insertion;
use crate::store::Store;
use crate::unpack::Unpack;
use crate::unpack::Unproven;

const SHARED: &[u8] = b"what both have";

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(folder.path()).unwrap();
    (folder, store)
}

fn archive(own: &str) -> Vec<u8> {
    let tar = Tar::default().file("shared", SHARED);
    tar.program("own", own.as_bytes()).end()
}

fn unproven<'a>(insertion: &'a Insertion<'_>, own: &str) -> Unproven<'a> {
    let how = Unpack::new(Packing::Tar);
    let unpacked = insertion.unpack_unproven(&mut Cursor::new(archive(own)), &how);
    unpacked.unwrap()
}

fn blob(bytes: &[u8]) -> BlobId {
    BlobId(Digest::of(bytes))
}

fn has(store: &Store, own: &str, tree: TreeId) -> (bool, bool) {
    let insertion = store.begin(&Silent).unwrap();
    let has_blob = insertion.has_blob(blob(own.as_bytes())).unwrap();
    (has_blob, store.has_tree(tree).unwrap())
}

/// How many files of objects there are, whatever their names.
fn objects(store: &Store) -> usize {
    let shards = std::fs::read_dir(store.layout().objects()).unwrap();
    let files = shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count());
    files.sum()
}

#[test]
fn what_is_not_kept_leaves_nothing_and_what_is_kept_lacks_nothing() {
    let (_folder, store) = store();
    let insertion = store.begin(&Silent).unwrap();
    // Wrong comes first: right must not rely on what wrong has.
    let wrong = unproven(&insertion, "wrong");
    let right = unproven(&insertion, "right");
    let (wrong_tree, right_tree) = (wrong.tree(), right.tree());
    assert!(!insertion.has_blob(blob(SHARED)).unwrap());
    assert!(!insertion.has_tree(wrong_tree).unwrap());
    let added = right.keep().unwrap();
    assert_eq!(added.content, Content::Folder(right_tree));
    assert_eq!((added.new_objects, added.files), (3, 2));
    drop(wrong);
    insertion.commit().unwrap();
    assert_eq!(has(&store, "right", right_tree), (true, true));
    assert_eq!(has(&store, "wrong", wrong_tree), (false, false));
    assert_eq!(objects(&store), 3);
    assert!(store.verify(&Silent).unwrap().findings.is_empty());
}

#[test]
fn what_was_relied_on_before_it_was_dropped_is_there() {
    let (_folder, store) = store();
    let insertion = store.begin(&Silent).unwrap();
    let right = unproven(&insertion, "right");
    right.keep().unwrap();
    // It finds what right has, and takes none of it away.
    drop(unproven(&insertion, "wrong"));
    let again = unproven(&insertion, "right").keep().unwrap();
    assert_eq!((again.new_objects, again.new_bytes), (0, 0));
    insertion.commit().unwrap();
    assert_eq!(objects(&store), 3);
    assert!(store.verify(&Silent).unwrap().findings.is_empty());
}

#[test]
fn an_archive_that_is_refused_half_way_leaves_nothing() {
    let (_folder, store) = store();
    let insertion = store.begin(&Silent).unwrap();
    let tar = Tar::default().file("shared", SHARED).file("../out", b"no");
    let how = Unpack::new(Packing::Tar);
    let archive = tar.end();
    insertion
        .unpack_unproven(&mut Cursor::new(&archive), &how)
        .unwrap_err();
    insertion
        .add_archive(&mut Cursor::new(&archive), &how)
        .unwrap_err();
    assert!(!insertion.has_blob(blob(SHARED)).unwrap());
    insertion.commit().unwrap();
    assert_eq!(objects(&store), 0);
}

#[test]
fn the_same_bytes_twice_in_one_archive_are_one_object() {
    let (_folder, store) = store();
    let insertion = store.begin(&Silent).unwrap();
    let tar = Tar::default().file("a", SHARED).program("b", SHARED);
    let how = Unpack::new(Packing::Tar);
    let unproven = insertion.unpack_unproven(&mut Cursor::new(tar.end()), &how);
    let added = unproven.unwrap().keep().unwrap();
    assert_eq!((added.files, added.new_objects), (2, 2));
    let Content::Folder(tree) = added.content else {
        unreachable!();
    };
    insertion.lay_out(tree).unwrap();
    insertion.commit().unwrap();
    assert!(store.verify(&Silent).unwrap().findings.is_empty());
}
