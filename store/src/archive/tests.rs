//! What goes into an archive comes out of it, and nothing hostile does.

use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Silent;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use proptest::prelude::*;

use super::*;
use crate::roots::Root;
use crate::store::Store;
use crate::sweep::OtherRoots;
use crate::tree::Entry;
use crate::tree::EntryName;
use crate::tree::Node;
use crate::tree::Tree;

struct Home {
    _folder: tempfile::TempDir,
    store: Store,
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(folder.path()).unwrap();
    Home {
        _folder: folder,
        store,
    }
}

/// Adds a tree of two folders and some blobs, one of them large; `salt` makes part of it differ.
fn add(store: &Store, salt: &str) -> Root {
    let insertion = store.begin(&Silent).unwrap();
    let blob = |bytes: &[u8]| insertion.add_bytes(bytes, false).unwrap();
    let entry = |name: &str, node| Entry {
        name: EntryName::new(name.as_bytes()).unwrap(),
        node,
    };
    let tree = |entries| insertion.add_tree(&Tree::new(entries).unwrap()).unwrap();
    let program = insertion.add_bytes(b"#!program", true).unwrap();
    let below = tree(vec![
        entry("large", Node::File(blob(&vec![1; (1 << 20) + 7]))),
        entry("tool", Node::Executable(program)),
    ]);
    let top = tree(vec![
        entry("below", Node::Folder(below)),
        entry("same", Node::Folder(below)),
        entry("empty", Node::File(blob(b""))),
        entry("own", Node::File(blob(salt.as_bytes()))),
    ]);
    insertion.commit().unwrap();
    Root::Tree(top)
}

fn export(store: &Store, what: &Export<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.export(&mut bytes, what, &Silent).unwrap();
    bytes
}

fn import(store: &Store, mut bytes: &[u8]) -> Result<Imported, ImportError> {
    store.import(&mut bytes, &ImportLimits::default(), &Silent)
}

fn is_well(store: &Store, roots: &[Root]) -> bool {
    let closure = store.closure(roots).unwrap();
    closure.blobs().all(|id| store.read_blob(id).is_ok())
        && store.verify(&Silent).unwrap().findings.is_empty()
}

#[test]
fn what_is_exported_comes_out_elsewhere() {
    let (here, there) = (home(), home());
    let roots = [add(&here.store, "a"), add(&here.store, "b")];
    for compression in [Compression::None, Compression::Zstd(3)] {
        let what = Export {
            compression,
            ..Export::new(&roots)
        };
        let bytes = export(&here.store, &what);
        assert_eq!(bytes, export(&here.store, &what), "always the same bytes");
        let imported = import(&there.store, &bytes).unwrap();
        let mut sorted = roots;
        sorted.sort_unstable();
        assert_eq!(imported.roots, sorted);
        assert_eq!(imported.objects, 8);
        if compression == Compression::None {
            assert_eq!(imported.new_objects, 8);
        } else {
            assert_eq!(imported.new_objects, 0);
        }
        assert!(is_well(&there.store, &roots));
    }
}

#[test]
fn what_the_receiver_has_is_left_out_and_only_he_can_import_it() {
    let (here, there, nobody) = (home(), home(), home());
    let first = [add(&here.store, "a")];
    drop(import(&there.store, &export(&here.store, &Export::new(&first))).unwrap());
    let second = [add(&here.store, "b")];
    let what = Export {
        receiver_has: &|root| root.is_in(&there.store).unwrap(),
        ..Export::new(&second)
    };
    let small = export(&here.store, &what);
    assert!(small.len() < 1000);
    drop(import(&there.store, &small).unwrap());
    assert!(is_well(&there.store, &second));
    let error = import(&nobody.store, &small).unwrap_err();
    assert!(matches!(error, ImportError::Lacking { .. }), "{error}");
    assert!(is_well(&nobody.store, &[]));
}

#[test]
fn an_archive_cut_anywhere_shows_nothing_and_the_next_import_goes_on() {
    let here = home();
    let roots = [add(&here.store, "a")];
    for compression in [Compression::None, Compression::Zstd(1)] {
        let what = Export {
            compression,
            ..Export::new(&roots)
        };
        let bytes = export(&here.store, &what);
        let there = home();
        let step = bytes.len() / 23 + 1;
        let ends = (0..bytes.len()).step_by(step);
        for end in ends.chain(bytes.len().saturating_sub(300)..bytes.len()) {
            let error = import(&there.store, &bytes[..end]).unwrap_err();
            let expected = matches!(
                error,
                ImportError::CutShort { .. } | ImportError::NotAnArchive
            );
            assert!(expected, "{end}: {error}");
            let Root::Tree(top) = roots[0] else {
                panic!("it is a tree");
            };
            assert!(!there.store.has_tree(top).unwrap());
        }
        // All blobs had come by then.
        let imported = import(&there.store, &bytes).unwrap();
        assert_eq!(imported.new_objects, 2);
        assert!(is_well(&there.store, &roots));
    }
}

#[test]
fn a_changed_byte_is_told_with_its_place() {
    let here = home();
    let roots = [add(&here.store, "a")];
    let bytes = export(&here.store, &Export::new(&roots));
    let tail = bytes.len() - 500..bytes.len();
    let head = (0..700).step_by(11);
    let middle = (700..tail.start).step_by(97_001);
    for place in head.chain(middle).chain(tail.step_by(11)) {
        let there = home();
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x20;
        let error = import(&there.store, &damaged).unwrap_err();
        assert!(
            error.code().as_str().starts_with("DG213"),
            "{place}: {error}"
        );
        assert!(is_well(&there.store, &[]));
    }
}

/// An archive written by hand.
struct ByHand {
    bytes: Vec<u8>,
    hashed: Vec<u8>,
    objects: u64,
}

impl ByHand {
    fn new(roots: &[Root]) -> Self {
        let mut by_hand = Self {
            bytes: [MAGIC, &[PLAIN]].concat(),
            hashed: Vec::new(),
            objects: 0,
        };
        by_hand.record(&u32::try_from(roots.len()).unwrap().to_le_bytes());
        for root in roots {
            by_hand.record(&[kind_of_root(*root)]);
            by_hand.record(root.id().0.as_bytes());
        }
        by_hand
    }

    fn record(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.hashed.extend(bytes);
    }

    fn object(mut self, kind: u8, size: u64, id: Digest, bytes: &[u8]) -> Self {
        self.record(&[kind]);
        self.record(&size.to_le_bytes());
        self.record(id.as_bytes());
        self.bytes.extend(bytes);
        self.objects += 1;
        self
    }

    fn blob(self, bytes: &[u8]) -> Self {
        self.object(b'f', bytes.len() as u64, Digest::of(bytes), bytes)
    }

    fn tree(self, tree: &Tree) -> Self {
        let bytes = tree.encode();
        self.object(b't', bytes.len() as u64, Digest::of(&bytes), &bytes)
    }

    fn end(mut self) -> Vec<u8> {
        self.record(&[END]);
        self.record(&self.objects.to_le_bytes());
        let digest = Digest::of(&self.hashed);
        self.bytes.extend(digest.as_bytes());
        self.bytes
    }
}

#[test]
fn an_archive_that_lies_is_refused() {
    let of = |bytes: &[u8]| Root::Blob(BlobId(Digest::of(bytes)));
    let tree = |id: &[u8]| {
        let node = Node::File(BlobId(Digest::of(id)));
        let name = EntryName::new(b"name").unwrap();
        Tree::new(vec![Entry { name, node }]).unwrap()
    };
    let top = |id: &[u8]| Root::Tree(tree(id).id());
    let fine = ByHand::new(&[top(b"x")]).blob(b"x").tree(&tree(b"x")).end();
    drop(import(&home().store, &fine).unwrap());

    let hostile = [
        ("twice", ByHand::new(&[of(b"x")]).blob(b"x").blob(b"x")),
        ("a stray", ByHand::new(&[of(b"x")]).blob(b"x").blob(b"y")),
        ("no root", ByHand::new(&[of(b"x")])),
        ("order of roots", {
            let (one, two) = (of(b"x").max(of(b"y")), of(b"x").min(of(b"y")));
            ByHand::new(&[one, two]).blob(b"x").blob(b"y")
        }),
        ("no child", ByHand::new(&[top(b"x")]).tree(&tree(b"x"))),
        (
            "late",
            ByHand::new(&[top(b"x")])
                .tree(&Tree::default())
                .blob(b"x")
                .tree(&tree(b"x")),
        ),
        (
            "kind",
            ByHand::new(&[of(b"x")]).object(b'q', 1, Digest::of(b"x"), b"x"),
        ),
        (
            "wrong id",
            ByHand::new(&[of(b"x")]).object(b'f', 1, Digest::of(b"x"), b"y"),
        ),
        (
            "shorter",
            ByHand::new(&[of(b"x")]).object(b'f', 0, Digest::of(b"x"), b"x"),
        ),
        (
            "longer",
            ByHand::new(&[of(b"x")]).object(b'f', 2, Digest::of(b"x"), b"x"),
        ),
        (
            "endless",
            ByHand::new(&[of(b"x")]).object(b'f', u64::MAX, Digest::of(b"x"), b"x"),
        ),
        (
            "no tree",
            ByHand::new(&[Root::Tree(TreeId(Digest::of(b"x")))]).object(
                b't',
                1,
                Digest::of(b"x"),
                b"x",
            ),
        ),
        (
            "a huge tree",
            ByHand::new(&[of(b"x")]).object(b't', 1 << 40, Digest::of(b"x"), b"x"),
        ),
    ];
    for (what, by_hand) in hostile {
        let there = home();
        let error = import(&there.store, &by_hand.end()).unwrap_err();
        assert!(
            error.code().as_str().starts_with("DG213"),
            "{what}: {error}"
        );
        assert!(is_well(&there.store, &[]), "{what}");
    }
    let followed = [&fine[..], b"more"].concat();
    assert!(import(&home().store, &followed).is_err());
}

#[test]
fn another_version_and_what_is_no_archive_are_told_apart() {
    for (bytes, code) in [
        (&b"dgmo archive 2\n?"[..], "DG2132"),
        (b"dgmo archive 1\n?", "DG2132"),
        (b"PK\x03\x04 some other archive", "DG2131"),
        (b"", "DG2131"),
        (b"dgmo arch", "DG2133"),
    ] {
        let error = import(&home().store, bytes).unwrap_err();
        assert_eq!(error.code().as_str(), code, "{error}");
    }
}

#[test]
fn more_than_the_limit_is_not_read() {
    let here = home();
    let roots = [add(&here.store, "a")];
    let bytes = export(&here.store, &Export::new(&roots));
    let limits = ImportLimits {
        bytes: 1 << 20,
        ..ImportLimits::default()
    };
    let imported = home().store.import(&mut &bytes[..], &limits, &Silent);
    assert!(matches!(imported, Err(ImportError::Limit { .. })));
}

#[test]
fn a_damaged_object_is_not_exported() {
    let here = home();
    let roots = [add(&here.store, "a")];
    let id = BlobId(Digest::of(b"a"));
    let path = here
        .store
        .objects()
        .path_of(&crate::object::ObjectName::blob(id, Inode::Plain));
    crate::durable::remove_file(&path).unwrap();
    crate::durable::write_new(&path, b"b", 0o444).unwrap();
    let exported = here
        .store
        .export(&mut Vec::new(), &Export::new(&roots), &Silent);
    assert_eq!(exported.unwrap_err().code().as_str(), "DG2002");
    let copied = here.store.copy_to(&home().store, &roots, &Silent);
    assert_eq!(copied.unwrap_err().code().as_str(), "DG2002");
}

#[test]
fn a_copy_brings_what_is_missing_and_then_there_is_nothing_to_do() {
    let (here, there) = (home(), home());
    let one = [add(&here.store, "a")];
    let two = [add(&here.store, "b")];
    let copied = here.store.copy_to(&there.store, &one, &Silent).unwrap();
    assert_eq!(copied.objects, 6);
    drop(copied);
    let copied = here.store.copy_to(&there.store, &two, &Silent).unwrap();
    assert_eq!(copied.objects, 2);
    drop(copied);
    let copied = here.store.copy_to(&there.store, &two, &Silent).unwrap();
    assert_eq!((copied.objects, copied.bytes), (0, 0));
    drop(copied);
    assert!(is_well(&there.store, &[one[0], two[0]]));
    let copied = here.store.copy_to(&here.store, &two, &Silent).unwrap();
    assert_eq!(copied.objects, 0);
}

#[test]
fn what_an_interrupted_import_left_is_collected_like_anything_else() {
    let (here, there) = (home(), home());
    let roots = [add(&here.store, "a")];
    let bytes = export(&here.store, &Export::new(&roots));
    import(&there.store, &bytes[..bytes.len() - 1]).unwrap_err();
    let others: &OtherRoots<'_> = &|| Ok(Vec::new());
    let plan = there.store.plan_collect(others, &Silent).unwrap();
    assert!(plan.blobs().count() >= 3 || plan.is_empty());
    there.store.collect(plan, others, &Silent).unwrap();
    assert_eq!(there.store.verify(&Silent).unwrap().objects, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn bytes_of_strangers_never_do_more_than_fail(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        compressed in any::<bool>(),
    ) {
        let kind = if compressed { ZSTD } else { PLAIN };
        let there = home();
        let imported = import(&there.store, &[MAGIC, &[kind], &bytes].concat());
        prop_assert!(imported.is_err() || bytes.starts_with(&[0, 0, 0, 0, END]));
    }
}
