//! Archives at random: never a panic, never a file outside.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::by_hand::Tar;
use super::honest::pack;
use super::*;

/// An entry of an archive nobody would write: few names, so that they meet.
fn entry() -> impl Strategy<Value = (u8, String, String, Vec<u8>)> {
    let part = prop_oneof![
        4 => "[abAB]".prop_map(String::from),
        1 => Just("..".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just(String::new()),
    ];
    let path = || vec(part.clone(), 1..4).prop_map(|parts| parts.join("/"));
    let kind = prop_oneof![
        5 => Just(b'0'), 2 => Just(b'5'), 3 => Just(b'2'), 2 => Just(b'1'), 1 => any::<u8>()
    ];
    (kind, path(), path(), vec(any::<u8>(), 0..600))
}

proptest! {
    /// Whatever comes out is a tree all of whose links, followed by the system itself, stay inside.
    #[test]
    fn no_archive_gives_a_tree_that_leads_outside(entries in vec(entry(), 0..12)) {
        let tar = entries.iter().fold(Tar::default(), |tar, (kind, name, target, body)| {
            let body = if matches!(kind, b'0') { &body[..] } else { b"" };
            tar.entry(*kind, name.as_bytes(), 0o644, target.as_bytes(), body)
        });
        let memory = Memory::default();
        let how = Unpack::new(Packing::Tar);
        if let Ok(unpacked) = unpack(&mut Cursor::new(tar.end()), &how, &memory) {
            let outside = tempfile::tempdir().unwrap();
            let root = outside.path().join("tree");
            plant(&memory, unpacked.tree, &root);
            stays_inside(&root, &root.canonicalize().unwrap());
        }
    }

    #[test]
    fn bytes_that_are_no_archive_never_do_more_than_fail(
        bytes in vec(any::<u8>(), 0..2000),
        place in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        for packing in [Packing::Tar, Packing::Zip, Packing::TarGz, Packing::TarXz, Packing::TarZst, Packing::TarBz2] {
            drop(list(&bytes, &Unpack::new(packing)));
            let mut packed = pack(&Tar::default().file("a", &bytes).symlink("b", "a").end(), packing);
            let place = place.index(packed.len());
            packed[place] ^= flip;
            drop(list(&packed, &Unpack::new(packing)));
        }
    }

    #[test]
    fn what_is_packed_comes_out_again(files in prop::collection::btree_map("([a-z]{1,2}/){0,3}[0-9]{1,3}", vec(any::<u8>(), 0..3000), 0..8)) {
        let tar = files.iter().fold(Tar::default(), |tar, (name, body)| tar.file(name, body)).end();
        let memory = Memory::default();
        let unpacked = unpack(&mut Cursor::new(&tar), &Unpack::new(Packing::Tar), &memory).unwrap();
        prop_assert_eq!(unpacked.files, files.len() as u64);
        prop_assert_eq!(unpacked.bytes, files.values().map(|body| body.len() as u64).sum::<u64>());
        let blobs = memory.blobs.borrow();
        for body in files.values() {
            prop_assert!(blobs.contains_key(&BlobId(Digest::of(body))));
        }
    }
}

fn plant(memory: &Memory, id: TreeId, at: &Path) {
    crate::durable::make_folder(at).unwrap();
    for entry in memory.trees.borrow()[&id].entries() {
        let path = at.join(entry.name.to_os());
        match &entry.node {
            Node::File(id) | Node::Executable(id) => {
                crate::durable::write_new(&path, &memory.blobs.borrow()[id], 0o644).unwrap();
            }
            Node::Link(target) => {
                crate::durable::symlink(Path::new(&target.to_os()), &path).unwrap();
            }
            Node::Folder(id) => plant(memory, *id, &path),
        }
    }
}

fn stays_inside(folder: &Path, root: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            stays_inside(&entry.path(), root);
        } else if let Ok(real) = entry.path().canonicalize() {
            assert!(
                real.starts_with(root),
                "{} leads to {}",
                entry.path().display(),
                real.display()
            );
        }
    }
}
