//! What insertion and laying out promise.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "what is added is made the plain way"
)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Silent;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_store::AddOptions;
use dgmo_store::Added;
use dgmo_store::Content;
use dgmo_store::Entry;
use dgmo_store::EntryName;
use dgmo_store::Escaping;
use dgmo_store::InsertError;
use dgmo_store::Node;
use dgmo_store::StatCache;
use dgmo_store::Store;
use dgmo_store::Tree;
use dgmo_store::hash_path;
use tempfile::TempDir;

/// A store, and a folder beside it to add.
struct Bench {
    folder: TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("home")).unwrap();
        fs::create_dir(folder.path().join("source")).unwrap();
        Self { folder, store }
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn add(&self) -> Added {
        self.try_add(&AddOptions::default()).unwrap()
    }

    fn try_add(&self, options: &AddOptions<'_>) -> Result<Added, InsertError> {
        let insertion = self.store.begin(&Silent)?;
        let added = insertion.add_path(&self.source(), options)?;
        insertion.commit()?;
        Ok(added)
    }

    fn add_and_lay_out(&self) -> PathBuf {
        let insertion = self.store.begin(&Silent).unwrap();
        let added = insertion
            .add_path(&self.source(), &AddOptions::default())
            .unwrap();
        insertion.lay_out(tree_of(&added)).unwrap();
        insertion.commit().unwrap();
        self.store.tree_path(tree_of(&added))
    }

    /// Every file of the home, with what tells whether it was written again.
    fn snapshot(&self) -> Vec<(PathBuf, u64, i64, i64)> {
        let mut found = Vec::new();
        list(self.store.home(), &mut found);
        found.sort();
        found
    }

    fn staged(&self) -> usize {
        fs::read_dir(self.store.layout().staging()).unwrap().count()
    }
}

fn list(folder: &Path, found: &mut Vec<(PathBuf, u64, i64, i64)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            list(&path, found);
        }
        found.push((
            path,
            metadata.ino(),
            metadata.mtime_nsec(),
            metadata.ctime_nsec(),
        ));
    }
}

fn tree_of(added: &Added) -> TreeId {
    match added.content {
        Content::Folder(id) => id,
        other => panic!("not a folder: {other:?}"),
    }
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn what_is_added_and_laid_out_is_the_same_again() {
    let bench = Bench::new();
    bench.file("read me", b"hello\n");
    bench.file("bin/run", b"#!/bin/sh\n");
    bench.file("deep/er/empty", b"");
    bench.file("large", &vec![7; 3 << 20]);
    bench.file("huge", &vec![9; 20 << 20]);
    fs::create_dir(bench.source().join("nothing")).unwrap();
    fs::set_permissions(
        bench.source().join("bin/run"),
        fs::Permissions::from_mode(0o4755),
    )
    .unwrap();
    symlink("../read me", bench.source().join("bin/link")).unwrap();
    symlink("gone", bench.source().join("dangling")).unwrap();

    let laid_out = bench.add_and_lay_out();
    assert_eq!(fs::read(laid_out.join("read me")).unwrap(), b"hello\n");
    assert_eq!(fs::read(laid_out.join("huge")).unwrap(), vec![9; 20 << 20]);
    assert_eq!(mode(&laid_out.join("bin/run")), 0o555);
    assert_eq!(mode(&laid_out.join("deep/er/empty")), 0o444);
    for folder in ["", "bin", "deep/er", "nothing"] {
        assert_eq!(mode(&laid_out.join(folder)), 0o555, "{folder}");
    }
    let link = fs::read_link(laid_out.join("bin/link")).unwrap();
    assert_eq!(link, Path::new("../read me"));

    let only_hashed = hash_path(&bench.source(), &AddOptions::default()).unwrap();
    let id = tree_of(&only_hashed);
    assert_eq!(bench.store.tree_path(id), laid_out);
    let again = hash_path(&laid_out, &AddOptions::default()).unwrap();
    assert_eq!(tree_of(&again), id);
    assert_eq!((again.files, again.bytes), (5, 6 + 10 + (23 << 20)));
    assert_eq!(bench.staged(), 0);
}

#[test]
fn adding_again_writes_nothing() {
    let bench = Bench::new();
    for number in 0..200 {
        bench.file(&format!("{}/{number}", number % 7), &[number; 300]);
    }
    bench.file("large", &vec![1; 2 << 20]);
    let first = bench.add();
    assert_eq!(first.files, 201);
    assert_eq!(first.new_objects, 201 + 8);
    let before = bench.snapshot();
    let again = bench.add();
    assert_eq!((again.new_objects, again.new_bytes), (0, 0));
    assert_eq!(again.content, first.content);
    assert_eq!(bench.snapshot(), before);
}

#[test]
fn the_same_content_is_one_object_and_two_inodes_at_most() {
    let bench = Bench::new();
    for name in ["a", "b", "c/d", "x"] {
        bench.file(name, b"the same");
    }
    fs::set_permissions(bench.source().join("x"), fs::Permissions::from_mode(0o700)).unwrap();
    let laid_out = bench.add_and_lay_out();
    let plain = inode(&laid_out.join("a"));
    assert_eq!(inode(&laid_out.join("b")), plain);
    assert_eq!(inode(&laid_out.join("c/d")), plain);
    assert_ne!(inode(&laid_out.join("x")), plain);
    assert_ne!(inode(&bench.source().join("a")), plain);
    assert_eq!(mode(&laid_out.join("x")), 0o555);

    // The twin is made where only the other is there.
    let other = Bench::new();
    let path = other.file("x", b"the same");
    let insertion = other.store.begin(&Silent).unwrap();
    insertion.add_path(&path, &AddOptions::default()).unwrap();
    insertion.commit().unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let laid_out = other.add_and_lay_out();
    assert_eq!(mode(&laid_out.join("x")), 0o555);
    assert_eq!(fs::read(laid_out.join("x")).unwrap(), b"the same");
}

#[test]
fn bytes_streams_and_trees_are_added_and_read_back() {
    let bench = Bench::new();
    let insertion = bench.store.begin(&Silent).unwrap();
    let blob = insertion.add_bytes(b"bytes", false).unwrap();
    let stream = vec![3; 5 << 20];
    let (large, size) = insertion.add_stream(&mut stream.as_slice(), true).unwrap();
    assert_eq!(size, 5 << 20);
    assert_eq!(large, BlobId(Digest::of(&stream)));
    assert_eq!(
        insertion.add_stream(&mut &b"bytes"[..], true).unwrap().0,
        blob
    );
    let entry = |name: &str, node| Entry {
        name: EntryName::new(name.as_bytes()).unwrap(),
        node,
    };
    let tree = Tree::new(vec![
        entry("b", Node::File(blob)),
        entry("l", Node::Executable(large)),
    ])
    .unwrap();
    let id = insertion.add_tree(&tree).unwrap();
    let missing = BlobId(Digest::of(b"not there"));
    let lame = Tree::new(vec![entry("b", Node::File(missing))]).unwrap();
    assert!(matches!(
        insertion.add_tree(&lame),
        Err(InsertError::Unknown { .. })
    ));
    assert!(!bench.store.has_blob(blob).unwrap(), "not before commit");
    let committed = insertion.commit().unwrap();
    drop(committed);

    assert_eq!(bench.store.read_tree(id).unwrap(), tree);
    assert_eq!(bench.store.read_blob(large).unwrap(), stream);
    assert_eq!(bench.store.blob_size(large).unwrap(), 5 << 20);
    assert!(bench.store.read_blob(missing).is_err());
    assert_eq!(bench.staged(), 0);
}

#[test]
fn what_is_dropped_leaves_nothing_and_scratch_lives_as_long_as_the_commit() {
    let bench = Bench::new();
    let before = bench.snapshot();
    let insertion = bench.store.begin(&Silent).unwrap();
    insertion.add_bytes(b"bytes", false).unwrap();
    insertion.scratch("generation").unwrap();
    drop(insertion);
    assert_eq!(bench.snapshot().len(), before.len());

    let insertion = bench.store.begin(&Silent).unwrap();
    let scratch = insertion.scratch("generation").unwrap();
    let committed = insertion.commit().unwrap();
    assert!(scratch.is_dir());
    drop(committed);
    assert!(!scratch.exists());
}

#[test]
fn what_a_dead_insertion_left_is_swept_and_a_living_one_is_not() {
    let bench = Bench::new();
    let staging = bench.store.layout().staging();
    fs::create_dir_all(staging.join("dead/lane-0")).unwrap();
    fs::write(staging.join("dead/owner"), b"").unwrap();
    fs::write(staging.join("dead/lane-0/0"), b"half").unwrap();
    fs::set_permissions(
        staging.join("dead/lane-0"),
        fs::Permissions::from_mode(0o555),
    )
    .unwrap();
    fs::create_dir(staging.join("unborn")).unwrap();
    let living = bench.store.begin(&Silent).unwrap();
    living.scratch("x").unwrap();
    assert_eq!(bench.staged(), 1);
    drop(bench.store.begin(&Silent).unwrap());
    assert_eq!(bench.staged(), 1);
    drop(living);
    assert_eq!(bench.staged(), 0);
}

/// Appends to a file whenever it hears that something was read, this many times.
struct Meddler {
    path: PathBuf,
    times: AtomicUsize,
}

impl Observer for Meddler {
    fn observe(&self, event: Event) {
        if !matches!(event, Event::Advanced { .. }) {
            return;
        }
        let left = |times: usize| times.checked_sub(1);
        let left = self
            .times
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        if left.is_ok() {
            let mut file = File::options().append(true).open(&self.path).unwrap();
            file.write_all(b"x").unwrap();
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_read_again_and_then_refused() {
    let bench = Bench::new();
    let path = bench.file("busy", &vec![0; 4 << 20]);
    let add = |times| {
        let meddler = Meddler {
            path: path.clone(),
            times: AtomicUsize::new(times),
        };
        let insertion = bench.store.begin(&meddler).unwrap();
        let added = insertion.add_path(&bench.source(), &AddOptions::default())?;
        insertion.commit()?;
        Ok::<_, InsertError>(added)
    };
    let error = add(usize::MAX).unwrap_err();
    assert!(matches!(&error, InsertError::Changed { path } if path.ends_with("busy")));
    assert!(error.hint().is_some());
    assert_eq!(bench.staged(), 0);
    let size = fs::metadata(&path).unwrap().len();
    assert_eq!(add(1).unwrap().bytes, size + 1);
}

#[test]
fn names_that_are_not_unicode_work() {
    let bench = Bench::new();
    let name = OsStr::from_bytes(b"\xff\xfe caf\xe9");
    fs::create_dir(bench.source().join(name)).unwrap();
    fs::write(bench.source().join(name).join(name), b"x").unwrap();
    let laid_out = bench.add_and_lay_out();
    assert_eq!(fs::read(laid_out.join(name).join(name)).unwrap(), b"x");
}

#[test]
fn a_folder_of_100_000_entries_works() {
    let bench = Bench::new();
    for number in 0..100_000 {
        symlink("x", bench.source().join(format!("link {number}"))).unwrap();
    }
    let added = bench.add();
    let tree = bench.store.read_tree(tree_of(&added)).unwrap();
    assert_eq!(tree.entries().len(), 100_000);
}

#[test]
fn deep_folders_work_and_deeper_ones_are_refused() {
    let bench = Bench::new();
    let deep: PathBuf = std::iter::repeat_n("d", 500).collect();
    fs::create_dir_all(bench.source().join(&deep)).unwrap();
    fs::write(bench.source().join(&deep).join("file"), b"x").unwrap();
    let laid_out = bench.add_and_lay_out();
    assert_eq!(fs::read(laid_out.join(&deep).join("file")).unwrap(), b"x");
    fs::create_dir_all(bench.source().join(&deep).join(&deep)).unwrap();
    let error = bench.try_add(&AddOptions::default()).unwrap_err();
    assert!(matches!(error, InsertError::TooDeep { limit: 512, .. }));
}

#[test]
fn a_sparse_file_works() {
    let bench = Bench::new();
    let file = File::create(bench.source().join("sparse")).unwrap();
    file.set_len(50 << 20).unwrap();
    let added = bench.add();
    assert_eq!(added.bytes, 50 << 20);
    let insertion = bench.store.begin(&Silent).unwrap();
    let plain = insertion.add_bytes(&vec![0; 50 << 20], false).unwrap();
    assert!(bench.store.has_blob(plain).unwrap());
}

#[test]
fn pipes_and_sockets_are_refused_by_name() {
    let bench = Bench::new();
    let socket = bench.source().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let error = bench.try_add(&AddOptions::default()).unwrap_err();
    assert!(error.to_string().contains("socket` is a socket"), "{error}");
    drop(listener);
    fs::remove_file(&socket).unwrap();
    let pipe = bench.source().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    for path in [bench.source(), pipe] {
        let insertion = bench.store.begin(&Silent).unwrap();
        let error = insertion
            .add_path(&path, &AddOptions::default())
            .unwrap_err();
        assert!(error.to_string().contains("pipe` is a pipe"), "{error}");
    }
}

#[test]
fn links_that_leave_are_refused_unless_allowed() {
    for (place, target) in [("up", "../x"), ("root", "/etc/passwd"), ("d/up", "../../x")] {
        let bench = Bench::new();
        bench.file("d/f", b"");
        symlink(target, bench.source().join(place)).unwrap();
        let error = bench.try_add(&AddOptions::default()).unwrap_err();
        assert!(matches!(error, InsertError::Escapes { .. }), "{error}");
        let options = AddOptions {
            escaping_links: Escaping::Allow,
            ..AddOptions::default()
        };
        bench.try_add(&options).unwrap();
    }
}

#[test]
fn names_that_differ_only_in_case_are_told() {
    let bench = Bench::new();
    for name in ["Makefile", "makefile", "é", "É", "Other"] {
        bench.file(name, b"");
    }
    let warnings = bench.add().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn an_unreadable_file_is_named() {
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may read everything");
        return;
    }
    let bench = Bench::new();
    let path = bench.file("secret", b"");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let error = bench.try_add(&AddOptions::default()).unwrap_err();
    assert!(error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_folder_that_holds_the_home_is_refused() {
    let bench = Bench::new();
    let insertion = bench.store.begin(&Silent).unwrap();
    let error = insertion.add_path(bench.folder.path(), &AddOptions::default());
    assert!(matches!(error, Err(InsertError::HoldsHome { .. })));
}

#[test]
fn more_links_than_an_inode_can_have_become_copies() {
    let bench = Bench::new();
    let insertion = bench.store.begin(&Silent).unwrap();
    let empty = insertion.add_bytes(b"", false).unwrap();
    let entries = (0..66_000).map(|number| Entry {
        name: EntryName::new(format!("{number}").as_bytes()).unwrap(),
        node: Node::File(empty),
    });
    let tree = Tree::new(entries.collect()).unwrap();
    let id = insertion.add_tree(&tree).unwrap();
    insertion.lay_out(id).unwrap();
    insertion.commit().unwrap();
    let path = bench.store.tree_path(id);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 66_000);
    let again = hash_path(&path, &AddOptions::default()).unwrap();
    assert_eq!(tree_of(&again), id);
}

#[test]
fn the_stat_cache_spares_reading_and_never_lies() {
    let bench = Bench::new();
    let path = bench.file("file", b"one");
    let cache_path = bench.store.layout().stat_cache();
    // A clock that is ahead, instead of waiting until the file has settled.
    let later = SystemTime::now() + Duration::from_secs(10);
    let add = |now| {
        let cache = StatCache::load(&cache_path, now);
        let options = AddOptions {
            stat_cache: Some(&cache),
            ..AddOptions::default()
        };
        let added = bench.try_add(&options).unwrap();
        cache.save().unwrap();
        added
    };
    let young = add(SystemTime::now());
    assert!(!cache_path.exists(), "too young to be relied on");
    let first = add(later);
    assert!(cache_path.exists());
    assert_eq!(young.content, first.content);
    let cached = add(later);
    assert_eq!(cached.content, first.content);
    assert_eq!((cached.files, cached.bytes, cached.new_objects), (1, 3, 0));

    // It is believed while the file's state is the same, but not about what the store has.
    let blob = BlobId(Digest::of(b"one"));
    let tree = tree_of(&first);
    for (id, suffix) in [(tree.hex(), ".t"), (blob.hex(), "")] {
        let object = bench.store.layout().objects().join(&id[..2]);
        fs::remove_file(object.join(format!("{}{suffix}", &id[2..]))).unwrap();
    }
    let healed = add(later);
    assert_eq!(healed.content, first.content);
    assert_eq!((healed.files, healed.new_objects), (1, 2));
    assert!(bench.store.has_blob(blob).unwrap());

    fs::write(&path, b"two").unwrap();
    let changed = add(later);
    assert_ne!(changed.content, first.content);
}

#[test]
fn many_threads_may_add_the_same_at_once() {
    let bench = Bench::new();
    for number in 0..50 {
        bench.file(&format!("{number}"), &[number; 100]);
    }
    let trees: Vec<TreeId> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| tree_of(&bench.add())))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(trees.iter().all(|tree| *tree == trees[0]));
    assert_eq!(bench.staged(), 0);

    let insertion = bench.store.begin(&Silent).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let id = insertion.add_bytes(b"shared", false).unwrap();
                let name = EntryName::new(b"f").unwrap();
                let node = Node::File(id);
                let tree = Tree::new(vec![Entry { name, node }]).unwrap();
                let id = insertion.add_tree(&tree).unwrap();
                insertion.lay_out(id).unwrap();
            });
        }
    });
    insertion.commit().unwrap();
}
