//! Every kind of damage is found, and nothing else.

use dgmo_schema::event::Silent;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;

use super::*;
use crate::durable;
use crate::insert::AddOptions;
use crate::insert::Content;
use crate::object::Inode;
use crate::object::ObjectName;

struct Home {
    folder: tempfile::TempDir,
    store: Store,
    tree: TreeId,
}

/// A store with one tree, laid out.
fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    durable::make_folders(&source.join("bin")).unwrap();
    durable::write_new(&source.join("bin/tool"), b"tool", 0o755).unwrap();
    durable::write_new(&source.join("readme"), b"readme", 0o644).unwrap();
    durable::write_new(&source.join("large"), &vec![1; 20 << 20], 0o644).unwrap();
    durable::symlink("bin/tool".as_ref(), &source.join("link")).unwrap();
    let store = Store::open_or_create(&folder.path().join("home")).unwrap();
    let insertion = store.begin(&Silent).unwrap();
    let added = insertion.add_path(&source, &AddOptions::default()).unwrap();
    let Content::Folder(tree) = added.content else {
        panic!("a folder was added");
    };
    insertion.lay_out(tree).unwrap();
    insertion.commit().unwrap();
    Home {
        folder,
        store,
        tree,
    }
}

impl Home {
    fn findings(&self) -> Vec<Finding> {
        self.store.verify(&Silent).unwrap().findings
    }

    fn path(&self, bytes: &[u8], inode: Inode) -> PathBuf {
        let id = BlobId(dgmo_schema::id::Digest::of(bytes));
        self.store.objects().path_of(&ObjectName::blob(id, inode))
    }

    fn overwrite(&self, path: &std::path::Path, bytes: &[u8]) {
        let mode = std::fs::metadata(path).unwrap();
        let mode = std::os::unix::fs::MetadataExt::mode(&mode) & 0o777;
        durable::remove_file(path).unwrap();
        durable::write_new(path, bytes, mode).unwrap();
        assert!(self.folder.path().exists());
    }
}

#[test]
fn a_store_that_is_well_has_no_findings() {
    let home = home();
    let verified = home.store.verify(&Silent).unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!((verified.objects, verified.laid_out), (5, 1));
    assert!(verified.bytes > 20 << 20);
}

#[test]
fn every_damage_is_found_and_none_hides_another() {
    let home = home();
    home.overwrite(&home.path(b"readme", Inode::Plain), b"Readme");
    home.overwrite(
        &home.path(&vec![1; 20 << 20], Inode::Plain),
        &vec![2; 20 << 20],
    );
    durable::remove_file(&home.path(b"tool", Inode::Executable)).unwrap();
    let stray = home.store.layout().objects().join("stray");
    durable::write_new(&stray, b"", 0o644).unwrap();
    let findings = home.findings();
    let count = |is: fn(&Finding) -> bool| findings.iter().filter(|found| is(found)).count();
    assert_eq!(count(|found| matches!(found, Finding::Damaged { .. })), 2);
    assert_eq!(count(|found| matches!(found, Finding::Missing { .. })), 1);
    assert_eq!(count(|found| matches!(found, Finding::Foreign { .. })), 1);
    // The laid-out files still have the right bytes.
    assert_eq!(findings.len(), 4, "{findings:#?}");
}

#[test]
fn a_tree_that_is_no_tree_and_modes_that_changed_are_found() {
    let home = home();
    let bytes = b"dgmo tree 1\nbut not really";
    let id = TreeId(dgmo_schema::id::Digest::of(bytes));
    let path = home.store.objects().path_of(&ObjectName::tree(id));
    durable::make_folders(path.parent().unwrap()).unwrap();
    durable::write_new(&path, bytes, 0o444).unwrap();
    durable::set_mode(&home.path(b"readme", Inode::Plain), 0o644).unwrap();
    let findings = home.findings();
    assert!(
        matches!(
            &findings[..],
            [
                Finding::Malformed { .. },
                Finding::WrongMode {
                    mode: 0o644,
                    expected: 0o444,
                    ..
                },
            ]
        ),
        "{findings:#?}"
    );
}

#[test]
fn what_a_laid_out_tree_shows_wrongly_is_found() {
    let home = home();
    let top = home.store.tree_path(home.tree);
    durable::set_mode(&top, 0o755).unwrap();
    durable::set_mode(&top.join("bin"), 0o755).unwrap();
    assert!(matches!(&home.findings()[..], [Finding::WrongMode { .. }]));
    durable::set_mode(&top.join("bin"), 0o555).unwrap();
    durable::remove_file(&top.join("link")).unwrap();
    durable::symlink("bin".as_ref(), &top.join("link")).unwrap();
    home.overwrite(&top.join("readme"), b"evil");
    durable::remove_file(&top.join("large")).unwrap();
    durable::write_new(&top.join("new"), b"", 0o444).unwrap();
    let told: Vec<String> = home
        .findings()
        .iter()
        .map(|finding| {
            let name = finding.path().unwrap().file_name().unwrap().to_owned();
            let text = finding.to_string();
            let what = text
                .split_once(&home.tree.to_string())
                .unwrap()
                .1
                .to_owned();
            format!("{}{what}", name.display())
        })
        .collect();
    assert_eq!(
        told,
        [
            "large is missing",
            "link links to something else",
            "new does not belong there",
            "readme has other bytes than it should",
        ]
    );
}
