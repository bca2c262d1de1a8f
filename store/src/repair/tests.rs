//! What is damaged comes back from wherever its bytes still are, and the trees that linked it link the new one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use dgmo_schema::event::Silent;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::Mending;
use crate::durable;
use crate::insert::AddOptions;
use crate::insert::Content;
use crate::insert::hash_path;
use crate::object::ObjectName;
use crate::roots::Root;
use crate::stat_cache::StatCache;
use crate::store::Store;
use crate::tree::Node;

/// A store with the folder `source` in it, laid out.
fn store_with(source: &Path) -> (tempfile::TempDir, Store, TreeId) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(home.path()).unwrap();
    let insertion = store.begin(&Silent).unwrap();
    let added = insertion.add_path(source, &AddOptions::default()).unwrap();
    let Content::Folder(tree) = added.content else {
        panic!("a folder was added");
    };
    insertion.lay_out(tree).unwrap();
    insertion.commit().unwrap();
    (home, store, tree)
}

fn source() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    durable::make_folders(&folder.path().join("a/b")).unwrap();
    durable::write_new(&folder.path().join("a/b/deep"), b"deep", 0o644).unwrap();
    durable::write_new(&folder.path().join("top"), b"top", 0o644).unwrap();
    folder
}

#[test]
fn what_cannot_be_looked_at_is_not_told_as_moved_away_already() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(home.path()).unwrap();
    let round = home.path().join("round");
    let gone = super::move_to_found(store.layout(), &round).unwrap();
    assert_eq!(gone, None);
    durable::symlink(Path::new("round"), &round).unwrap();
    assert!(super::move_to_found(store.layout(), &round.join("below")).is_err());
}

fn spoil(path: &Path) {
    durable::set_mode(path, 0o644).unwrap();
    durable::append(path, b"!", 0o644).unwrap();
    durable::set_mode(path, 0o444).unwrap();
}

/// Verifies, repairs with what `offer` offers, and verifies again.
fn repair(store: &Store, tree: TreeId, offer: impl Fn(&mut Mending<'_>)) -> usize {
    repair_knowing(store, tree, None, offer)
}

fn repair_knowing(
    store: &Store,
    tree: TreeId,
    known: Option<StatCache>,
    offer: impl Fn(&mut Mending<'_>),
) -> usize {
    let verified = store.verify(&Silent).unwrap();
    let lost = store.lost(&verified.findings, &[Root::Tree(tree)]);
    let sick = store.without(&lost);
    let mut mending = Mending::begin(&sick, lost, &Silent).unwrap();
    if let Some(known) = known {
        mending = mending.knowing(known);
    }
    offer(&mut mending);
    let mended = mending.commit().unwrap();
    let left = mended.left.len();
    let laid_out = store
        .mend_laid_out(&verified.findings, &mended, &[tree], &Silent)
        .unwrap();
    if left == 0 {
        assert_eq!(laid_out.left, []);
        assert_eq!(store.verify(&Silent).unwrap().findings, []);
    }
    left
}

#[test]
fn a_damaged_file_is_replaced_under_all_its_names() {
    let source = source();
    let (_home, store, tree) = store_with(source.path());
    let id = BlobId(Digest::of(b"deep"));
    let object = store.blob_path(id).unwrap();
    spoil(&object);
    assert_eq!(repair(&store, tree, |_| ()), 1, "nobody has it");
    let left = repair(&store, tree, |mending| {
        mending.offer_bytes(b"not it").unwrap();
        mending.offer_folder(source.path()).unwrap();
    });
    assert_eq!(left, 0);
    let shown = store.tree_path(tree).join("a/b/deep");
    assert_eq!(fs::read(&shown).unwrap(), b"deep");
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(&shown), inode(&object));
}

/// What the cache knows is not read to see what it is, and read all the same before it is taken.
#[test]
fn a_file_that_is_known_is_offered_as_what_it_was() {
    let source = source();
    let (_home, store, tree) = store_with(source.path());
    let elsewhere = tempfile::tempdir().unwrap();
    let cached = elsewhere.path().join("stat");
    durable::write_new(&elsewhere.path().join("other name"), b"deep", 0o644).unwrap();
    let written = fs::metadata(elsewhere.path().join("other name")).unwrap();
    let later = written.modified().unwrap() + Duration::from_mins(1);
    let known = || StatCache::load(&cached, later);
    let learning = known();
    let options = AddOptions {
        stat_cache: Some(&learning),
        ..AddOptions::default()
    };
    hash_path(elsewhere.path(), &options).unwrap();
    learning.save().unwrap();
    let object = store.blob_path(BlobId(Digest::of(b"deep"))).unwrap();
    for is_true in [true, false] {
        spoil(&object);
        if !is_true {
            // The same state by the cache's lights: only its bytes can tell that it is another.
            forge(&cached, b"deep", b"top");
        }
        let left = repair_knowing(&store, tree, Some(known()), |mending| {
            mending.offer_folder(elsewhere.path()).unwrap();
        });
        assert_eq!(left, usize::from(!is_true));
    }
    let left = repair(&store, tree, |mending| {
        mending.offer_folder(elsewhere.path()).unwrap();
    });
    assert_eq!(left, 0, "without the cache it is read");
}

/// Makes a stat cache say `other` where it says `content`.
fn forge(cache: &Path, content: &[u8], other: &[u8]) {
    let mut bytes = fs::read(cache).unwrap();
    let (from, to) = (Digest::of(content), Digest::of(other));
    let at = bytes.windows(32).position(|found| found == from.as_bytes());
    let at = at.expect("it is in the cache");
    bytes[at..at + 32].copy_from_slice(to.as_bytes());
    let end = bytes.len() - 32;
    let digest = Digest::of(&bytes[..end]);
    bytes[end..].copy_from_slice(digest.as_bytes());
    durable::replace_file(cache, &bytes, 0o644).unwrap();
}

#[test]
fn a_tree_that_comes_back_names_what_else_is_lost() {
    let source = source();
    let (_home, store, tree) = store_with(source.path());
    let (_other_home, other, _) = store_with(source.path());
    durable::remove_all(&store.layout().objects()).unwrap();
    durable::remove_all(&store.layout().trees()).unwrap();
    durable::make_folder(&store.layout().objects()).unwrap();
    durable::make_folder(&store.layout().trees()).unwrap();
    let store = Store::open(store.home()).unwrap();
    let left = repair(&store, tree, |mending| mending.offer_store(&other).unwrap());
    assert_eq!(left, 0);
    assert_eq!(fs::read(store.tree_path(tree).join("top")).unwrap(), b"top");
}

#[test]
fn a_tree_does_not_come_back_without_what_it_names() {
    let source = source();
    let (_home, store, tree) = store_with(source.path());
    for id in [Digest::of(b"deep"), tree.0] {
        let hex = id.to_string();
        let hex = hex.trim_start_matches("b3:");
        let shard = store.layout().objects().join(&hex[..2]);
        for suffix in ["", ".t"] {
            let file = shard.join(format!("{}{suffix}", &hex[2..]));
            durable::remove_all(&file).unwrap();
        }
    }
    let laid_out = store.tree_path(tree);
    let open = |path: &Path| durable::set_mode(path, 0o755).unwrap();
    open(&laid_out.join("a/b"));
    durable::remove_file(&laid_out.join("a/b/deep")).unwrap();
    let left = repair(&store, tree, |mending| {
        mending.offer_laid_out(tree, &laid_out).unwrap();
    });
    assert!(left > 0);
    assert!(!store.has_tree(tree).unwrap());
}

#[test]
fn a_folder_says_what_trees_below_lost_trees_are() {
    let source = source();
    let (_home, store, tree) = store_with(source.path());
    let child = |of: TreeId, name: &str| match store.read_tree(of).unwrap().get(name.as_bytes()) {
        Some(Node::Folder(id)) => *id,
        other => panic!("{name} is {other:?}"),
    };
    let above = child(tree, "a");
    let below = child(above, "b");
    let deep = BlobId(Digest::of(b"deep"));
    let laid_out = store.tree_path(tree);
    for id in [above, below] {
        let name = ObjectName::tree(id);
        durable::remove_file(&store.objects().path_of(&name)).unwrap();
    }
    durable::remove_file(&store.blob_path(deep).unwrap()).unwrap();
    let store = Store::open(store.home()).unwrap();
    let left = repair(&store, tree, |mending| {
        mending.offer_laid_out(tree, &laid_out).unwrap();
    });
    assert_eq!(left, 0);
}
