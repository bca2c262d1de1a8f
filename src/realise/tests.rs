//! What realising promises.

use std::fs;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Silent;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::Source;
use dgmo_store::Store;
use dgmo_store::durable;

use super::*;
use crate::resolve::Resolution;
use crate::resolve::ResolveHow;
use crate::resolve::Update;
use crate::resolve::resolve;
use crate::resolve::tests::manifest;
use crate::resolve::tests::path;
use crate::resolve::tests::url;
use crate::source::Indexes;
use crate::source::Online;
use crate::source::tests::Bench;
use crate::source::tests::server::Answer;
use crate::source::tests::server::Server;

/// A home, a folder of downloads, and a server of programs.
struct Scene {
    home: tempfile::TempDir,
    bench: Bench,
    server: Server,
}

impl Scene {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            bench: Bench::new(),
            server: Server::start(|asked| {
                let text = format!("#!/bin/sh\necho {}\n", asked.target);
                Answer::new("200 OK", &[], text.as_bytes())
            }),
        }
    }

    fn program(&self, path: &str) -> Source {
        Source::Url(url(&self.server.url(path)))
    }

    fn resolve(&self, manifest: &Manifest) -> Resolution {
        let downloads = self.bench.downloads(Online::Yes, &Silent);
        let how = ResolveHow {
            update: Update::Nothing,
            downloads: &downloads,
            catalogues: &Catalogues::new(&downloads, &manifest.sources),
            indexes: &Indexes::new(&[], &downloads, Timestamp::from_seconds(0)),
            not_after: None,
            stat_cache: None,
        };
        resolve(manifest, None, &how, &Silent).unwrap()
    }

    fn store(&self) -> Store {
        Store::open_or_create(self.home.path()).unwrap()
    }

    fn realise(&self, resolution: &Resolution, online: Online) -> Result<Realised, RealiseError> {
        let store = self.store();
        let insertion = store.begin(&Silent).unwrap();
        let downloads = self.bench.downloads(online, &Silent);
        let endpoints = BTreeMap::new();
        let how = RealiseHow {
            downloads: &downloads,
            catalogues: &Catalogues::new(&downloads, &endpoints),
            made: &Made::at(self.home.path().join("made")),
            origins: &resolution.origins,
            stat_cache: None,
        };
        let system = "x86_64-linux".parse().unwrap();
        let realised = realise(&insertion, &resolution.lock, &system, &how)?;
        insertion.commit().unwrap();
        Ok(realised)
    }

    fn read(&self, realised: &Realised, package: &str, file: &str) -> String {
        let tree = self.store().tree_path(realised.trees[package]);
        fs::read_to_string(tree.join(file)).unwrap()
    }

    /// Whether the store holds nothing at all.
    fn is_empty(&self) -> bool {
        let count = |folder: &str| {
            let folder = self.home.path().join("store").join(folder);
            fs::read_dir(folder).map_or(0, Iterator::count)
        };
        count("objects") == 0 && count("trees") == 0 && count("staging") == 0
    }
}

#[test]
fn packages_of_every_source_are_laid_out() {
    let scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    durable::write_new(&folder.path().join("note"), b"hello", 0o644).unwrap();
    durable::write_new(&folder.path().join("run.sh"), b"#!/bin/sh\n", 0o644).unwrap();
    let resolution = scene.resolve(&manifest(&[
        ("far", scene.program("/far-{os}")),
        ("folder", path(".", folder.path())),
        ("single", path("run.sh", folder.path())),
    ]));
    let realised = scene.realise(&resolution, Online::Yes).unwrap();
    assert_eq!(
        scene.read(&realised, "far", "bin/far"),
        "#!/bin/sh\necho /far-linux\n"
    );
    assert_eq!(scene.read(&realised, "folder", "note"), "hello");
    assert_eq!(scene.read(&realised, "single", "bin/single"), "#!/bin/sh\n");
    assert_eq!(realised.received, 0, "resolving fetched it");
    assert_eq!(scene.server.asked().len(), 2);
    assert!(
        realised.new_bytes > 0 && realised.new_objects > 0,
        "{realised:?}"
    );
}

#[test]
fn what_is_there_is_not_fetched_again() {
    let scene = Scene::new();
    let resolution = scene.resolve(&manifest(&[("far", scene.program("/far"))]));
    let first = scene.realise(&resolution, Online::Yes).unwrap();
    scene.bench.downloads(Online::Yes, &Silent).trim(0).unwrap();
    let again = scene.realise(&resolution, Online::No).unwrap();
    assert_eq!(again.trees, first.trees);
    assert_eq!((again.new_bytes, again.new_objects), (0, 0));
    // The tree object alone is enough to lay it out anew.
    durable::remove_all(&scene.store().tree_path(first.trees["far"])).unwrap();
    let laid_out = scene.realise(&resolution, Online::No).unwrap();
    assert_eq!(
        scene.read(&laid_out, "far", "bin/far"),
        "#!/bin/sh\necho /far\n"
    );
    assert_eq!(scene.server.asked().len(), 1);
}

#[test]
fn another_machine_fetches_what_the_lock_says() {
    let scene = Scene::new();
    let mut resolution = scene.resolve(&manifest(&[("far", scene.program("/far-{os}"))]));
    resolution.origins = Origins::default();
    scene.bench.downloads(Online::Yes, &Silent).trim(0).unwrap();
    let realised = scene.realise(&resolution, Online::Yes).unwrap();
    assert_eq!(
        realised.received,
        "#!/bin/sh\necho /far-linux\n".len() as u64
    );
    assert_eq!(scene.server.asked().len(), 3);
}

#[test]
fn a_password_of_the_manifest_is_used_to_fetch() {
    let scene = Scene::new();
    let whole = scene
        .server
        .url("/far")
        .replace("http://", "http://me:secret@");
    let resolution = scene.resolve(&manifest(&[("far", Source::Url(url(&whole)))]));
    scene.bench.downloads(Online::Yes, &Silent).trim(0).unwrap();
    scene.realise(&resolution, Online::Yes).unwrap();
    for asked in scene.server.asked() {
        assert_eq!(asked.header("authorization"), Some("Basic bWU6c2VjcmV0"));
    }
}

#[test]
fn of_a_failed_package_nothing_is_visible() {
    let scene = Scene::new();
    let mut resolution = scene.resolve(&manifest(&[
        ("good", scene.program("/good")),
        ("wrong", scene.program("/wrong")),
        ("worse", scene.program("/worse")),
    ]));
    for (name, change) in [("wrong", true), ("worse", false)] {
        let package = resolution.lock.packages.get_mut(name).unwrap();
        let Some(Locked::Url(locked)) = package.builds.get_mut(&Scope::Any) else {
            panic!("{name} has an address");
        };
        if change {
            locked.tree = TreeId(Digest::of(b"another"));
        } else {
            locked.digest = Digest::of(b"another");
        }
    }
    let error = scene.realise(&resolution, Online::Yes).unwrap_err();
    let codes: Vec<_> = error
        .failures()
        .map(|(name, failure)| (name.as_str(), failure.code()))
        .collect();
    assert_eq!(
        codes,
        [
            ("worse", Code::FetchWrongDigest),
            ("wrong", Code::TreeDiffers)
        ]
    );
    assert_eq!(error.code(), Code::RealiseFailed);
    assert!(scene.is_empty());
}

#[test]
fn a_folder_that_changed_since_it_was_locked_is_refused() {
    let scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("note");
    durable::write_new(&file, b"hello", 0o644).unwrap();
    let resolution = scene.resolve(&manifest(&[("folder", path(".", folder.path()))]));
    durable::replace_file(&file, b"other", 0o644).unwrap();
    let error = scene.realise(&resolution, Online::Yes).unwrap_err();
    assert_eq!(error.code(), Code::PathChanged, "{error}");
    assert!(scene.is_empty());
}

#[test]
fn what_is_missing_offline_is_named() {
    let scene = Scene::new();
    let resolution = scene.resolve(&manifest(&[("far", scene.program("/far"))]));
    scene.bench.downloads(Online::Yes, &Silent).trim(0).unwrap();
    let error = scene.realise(&resolution, Online::No).unwrap_err();
    assert_eq!(error.code(), Code::FetchOffline, "{error}");
    assert_eq!(scene.server.asked().len(), 1);
}

#[test]
fn a_system_the_lock_does_not_cover_is_told() {
    let scene = Scene::new();
    let mut manifest = manifest(&[("far", scene.program("/far-{os}"))]);
    manifest.systems.truncate(1);
    let resolution = scene.resolve(&manifest);
    let error = scene.realise(&resolution, Online::Yes).unwrap_err();
    assert_eq!(error.code(), Code::LockOutOfDate, "{error}");
}
