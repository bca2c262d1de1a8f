//! A sample of each version ever released, kept and read for good.

use std::path::Path;

use dgmo::manifest;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::FileContent;
use dgmo_schema::manifest::Method;
use dgmo_schema::manifest::Mode;
use dgmo_schema::manifest::Packing;
use dgmo_schema::manifest::Source;
use dgmo_schema::mirror::About;
use dgmo_store::durable;
use proptest::prelude::*;
use serde_json::json;

fn sample(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/formats/samples")
        .join(name)
}

#[test]
fn mirror_version_1_is_read_and_written() {
    let text = std::fs::read(sample("mirror-1.json")).unwrap();
    let about: About = serde_json::from_slice(&text).unwrap();
    assert_eq!(about, About { format: 1 });
    assert_eq!(about.to_bytes(), text);
    for hostile in ["", "[]", "{}", "{\"format\": -1}", "{\"format\": \"1\"}"] {
        assert!(serde_json::from_str::<About>(hostile).is_err(), "{hostile}");
    }
}

#[test]
fn manifest_version_1_is_read() {
    let loaded = manifest::load(&sample("manifest-1.yaml")).unwrap();
    let manifest = loaded.manifest;
    assert_eq!(manifest.name.as_deref(), Some("workstation"));
    let systems: Vec<String> = manifest.systems.iter().map(ToString::to_string).collect();
    assert_eq!(systems, ["aarch64-darwin", "x86_64-linux"]);

    let helix = &manifest.packages["helix"];
    assert_eq!(helix.bin, ["hx", "contrib/tool"]);
    assert_eq!(helix.priority, -5);
    let Source::Url(url) = &helix.source else {
        panic!("{helix:?}")
    };
    assert_eq!(url.version.as_deref(), Some("25.10"));
    assert_eq!((url.strip, url.unpack), (1, Some(Packing::TarXz)));
    assert!(url.minisign.is_some());
    let darwin = DigestScope::System("aarch64-darwin".parse().unwrap());
    assert!(matches!(url.digest[&darwin], ExpectedDigest::Sha256(_)));
    let Source::Url(tool) = &manifest.packages["tool"].source else {
        panic!("no url")
    };
    assert!(matches!(
        tool.digest[&DigestScope::Any],
        ExpectedDigest::Sha256(_)
    ));
    let Source::Path { path, base } = &manifest.packages["notes"].source else {
        panic!("no path")
    };
    assert_eq!(path, "./tools/notes");
    assert!(base.ends_with("tests/formats/samples"));

    let values = json!({"port": 8080, "version": "1.10", "deep": {"list": ["a", true, null]}});
    match &manifest.files[".config/app.ini"].content {
        FileContent::Template {
            values: found,
            path,
            ..
        } => {
            assert_eq!(path, "files/app.ini");
            assert_eq!(serde_json::to_value(found).unwrap(), values);
        }
        other => panic!("{other:?}"),
    }
    let ssh = &manifest.files[".ssh/config"];
    assert_eq!((ssh.mode, ssh.method), (Some(Mode(0o600)), Method::Copy));
    let extra = &manifest.files[".config/helix/extra.toml"];
    assert_eq!(extra.content, FileContent::Text("a = 1\n".to_owned()));
    assert_eq!(manifest.env["JOBS"], "4");
    assert_eq!(manifest.env["FLAG"], "yes");
    assert_eq!(manifest.path, ["~/bin", "go/bin", "/opt/bin"]);
    assert_eq!((manifest.keep.last, manifest.keep.days), (5, 7));
    assert!(!manifest.keep.pinned && manifest.keep.labelled);

    let place = loaded.places.package(&"notes".parse().unwrap()).unwrap();
    assert_eq!((place.line, place.column, place.length), (17, 3, 5));
}

#[test]
fn the_example_of_the_manual_loads() {
    let manual = include_str!("../../docs/manifest.md");
    let (_, rest) = manual.split_once("```yaml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dgmo.yaml");
    durable::write_new(&path, example.as_bytes(), 0o644).unwrap();
    durable::write_new(&folder.path().join("base.yaml"), b"dgmo: 1\n", 0o644).unwrap();
    assert_eq!(manifest::load(&path).unwrap().manifest.files.len(), 4);
}

#[test]
fn lock_version_1_is_read_and_written_back_byte_for_byte() {
    let path = sample("lock-1.json");
    let lock = dgmo::lock::load(&path).unwrap().unwrap();
    assert_eq!(lock.to_json(), std::fs::read_to_string(path).unwrap());
    let linux = "x86_64-linux".parse().unwrap();
    let Some(Locked::Url(helix)) = lock.packages["helix"].for_system(&linux) else {
        panic!("helix is not fetched")
    };
    assert_eq!(helix.size, 11_731_000);
    let other = "riscv64-linux".parse().unwrap();
    assert!(lock.packages["helix"].for_system(&other).is_none());
    assert!(lock.packages["tool"].for_system(&other).is_some());
}

fn digest() -> impl Strategy<Value = dgmo_schema::id::Digest> {
    any::<[u8; 32]>().prop_map(dgmo_schema::id::Digest::from_bytes)
}

fn locked() -> impl Strategy<Value = Locked> {
    let tree = || digest().prop_map(dgmo_schema::id::TreeId);
    let packing = prop::sample::select(vec![Packing::Program, Packing::TarXz, Packing::Zip]);
    let text = || prop::option::of(".{0,12}");
    let url = (
        ".*",
        any::<u64>(),
        digest(),
        text(),
        packing,
        any::<u32>(),
        text(),
        text(),
        tree(),
    );
    prop_oneof![
        (".*", tree()).prop_map(|(path, tree)| Locked::Path { path, tree }),
        url.prop_map(
            |(url, size, digest, sha256, unpack, strip, program, signer, tree)| {
                Locked::Url(dgmo_schema::lock::LockedUrl {
                    url,
                    size,
                    digest,
                    sha256,
                    unpack,
                    strip,
                    program,
                    signer,
                    tree,
                })
            }
        ),
    ]
}

fn lock() -> impl Strategy<Value = Lock> {
    let scope = prop::sample::select(vec!["any", "x86_64-linux", "aarch64-darwin"])
        .prop_map(|text| text.parse().unwrap());
    let package = (
        prop::option::of(".{0,8}"),
        prop::collection::btree_map(scope, locked(), 0..3),
    )
        .prop_map(|(version, builds)| dgmo_schema::lock::LockedPackage {
            version,
            runs_with: None,
            recipes: Vec::new(),
            builds,
        });
    let name = "[a-zA-Z0-9][a-zA-Z0-9._+-]{0,10}".prop_map(|text| text.parse().unwrap());
    prop::collection::btree_map(name, package, 0..5).prop_map(|packages| Lock { packages })
}

proptest! {
    #[test]
    fn every_lock_reads_back_and_is_written_the_same_again(lock in lock()) {
        let text = lock.to_json();
        let again = Lock::from_json(&text).unwrap();
        prop_assert_eq!(again.to_json(), text);
        prop_assert_eq!(again, lock);
    }
}
