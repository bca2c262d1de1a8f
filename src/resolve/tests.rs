//! What resolving promises, with programs behind `file:` and `http:` addresses.

use std::collections::BTreeMap;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Silent;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::id::Digest;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedUrl;
use dgmo_schema::lock::Scope;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Keep;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::Packing;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::UrlSource;
use dgmo_schema::name::PackageName;
use dgmo_store::durable;

use super::*;
use crate::source::Online;
use crate::source::tests::Bench;
use crate::source::tests::server::Answer;
use crate::source::tests::server::Server;

const PROGRAM: &[u8] = b"#!/bin/sh\necho hello\n";

pub(crate) fn url(url: &str) -> UrlSource {
    UrlSource {
        url: url.to_owned(),
        version: Some("1.2".to_owned()),
        strip: 0,
        unpack: None,
        digest: BTreeMap::new(),
        minisign: None,
        cosign: None,
    }
}

pub(crate) fn path(path: &str, base: &Path) -> Source {
    Source::Path {
        path: path.to_owned(),
        base: base.to_owned(),
    }
}

pub(crate) fn manifest(packages: &[(&str, Source)]) -> Manifest {
    let packages = packages.iter().map(|(name, source)| {
        let requirement = Requirement {
            source: source.clone(),
            bin: Vec::new(),
            priority: 0,
            relocatable: true,
        };
        (name.parse().unwrap(), requirement)
    });
    Manifest {
        name: None,
        systems: ["aarch64-darwin", "x86_64-linux"]
            .map(|system| system.parse().unwrap())
            .into(),
        packages: packages.collect(),
        sources: BTreeMap::new(),
        mirrors: Vec::new(),
        sigstore_root: None,
        advisories: None,
        ignored_advisories: Vec::new(),
        indexes: Vec::new(),
        files: BTreeMap::new(),
        env: BTreeMap::new(),
        path: Vec::new(),
        conduct: dgmo_schema::conduct::Conduct::default(),
        minimum_release_age: None,
        keep: Keep::default(),
    }
}

fn resolve_with(
    bench: &Bench,
    manifest: &Manifest,
    previous: Option<&Lock>,
    update: Update,
) -> Result<Resolution, ResolveError> {
    let downloads = bench.downloads(Online::Yes, &Silent);
    let how = ResolveHow {
        update,
        downloads: &downloads,
        catalogues: &Catalogues::new(&downloads, &manifest.sources),
        indexes: &Indexes::new(&[], &downloads, Timestamp::from_seconds(0)),
        not_after: None,
        stat_cache: None,
    };
    resolve(manifest, previous, &how, &Silent)
}

fn lock_of(bench: &Bench, manifest: &Manifest) -> Lock {
    resolve_with(bench, manifest, None, Update::Nothing)
        .unwrap()
        .lock
}

fn locked<'a>(lock: &'a Lock, name: &str, scope: &Scope) -> &'a LockedUrl {
    match &lock.packages[name].builds[scope] {
        Locked::Url(url) => url,
        Locked::Path { .. } | Locked::Pieces(_) => panic!("{name} has no address"),
    }
}

/// Answers each address with a program of its own.
fn programs() -> Server {
    Server::start(|asked| {
        let text = format!("#!/bin/sh\necho {}\n", asked.target);
        Answer::new("200 OK", &[], text.as_bytes())
    })
}

fn scope(system: &str) -> Scope {
    Scope::System(system.parse().unwrap())
}

#[test]
fn an_address_is_locked_for_each_system_it_names_and_else_for_any() {
    let server = programs();
    let bench = Bench::new();
    let each = Source::Url(url(&server.url("/tool-{version}-{arch}")));
    let any = Source::Url(url(&server.url("/tool-{version}")));
    let lock = lock_of(&bench, &manifest(&[("each", each), ("any", any)]));
    let builds: Vec<_> = lock.packages["each"].builds.keys().cloned().collect();
    assert_eq!(builds, [scope("aarch64-darwin"), scope("x86_64-linux")]);
    let build = locked(&lock, "each", &scope("x86_64-linux"));
    assert_eq!(build.url, server.url("/tool-1.2-x86_64"));
    let any = locked(&lock, "any", &Scope::Any);
    let text = b"#!/bin/sh\necho /tool-1.2\n";
    assert_eq!(any.digest, Digest::of(text));
    assert_eq!(any.size, text.len() as u64);
    assert_eq!(any.unpack, Packing::Program);
    assert_eq!(any.program.as_deref(), Some("any"));
    let [_, root] = program_tree("any", dgmo_schema::id::BlobId(any.digest)).unwrap();
    assert_eq!(any.tree, root.id());
    assert_eq!(lock.packages["any"].version.as_deref(), Some("1.2"));
}

#[test]
fn a_lock_that_fits_is_kept_without_asking_anybody() {
    let server = programs();
    let bench = Bench::new();
    let manifest = manifest(&[("tool", Source::Url(url(&server.url("/tool"))))]);
    let lock = lock_of(&bench, &manifest);
    bench.downloads(Online::Yes, &Silent).trim(0).unwrap();
    let again = resolve_with(&bench, &manifest, Some(&lock), Update::Nothing).unwrap();
    assert_eq!(again.lock, lock);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_no_longer_fits_is_locked_afresh() {
    let server = programs();
    let bench = Bench::new();
    let before = url(&server.url("/tool-{version}"));
    let lock = lock_of(&bench, &manifest(&[("tool", Source::Url(before.clone()))]));
    let newer = UrlSource {
        version: Some("2".to_owned()),
        ..before
    };
    let manifest = manifest(&[("tool", Source::Url(newer))]);
    let newer = resolve_with(&bench, &manifest, Some(&lock), Update::Nothing)
        .unwrap()
        .lock;
    assert!(locked(&newer, "tool", &Scope::Any).url.ends_with("/tool-2"));
    assert_eq!(newer.packages["tool"].version.as_deref(), Some("2"));
}

#[test]
fn only_an_update_takes_other_bytes_from_the_same_address() {
    let server = Server::start(|asked| {
        let text = format!("#!/bin/sh\necho {}\n", asked.index);
        Answer::new("200 OK", &[], text.as_bytes())
    });
    let bench = Bench::new();
    let before = url(&server.url("/tool"));
    let renamed = |source: &UrlSource| {
        let mut manifest = manifest(&[("tool", Source::Url(source.clone()))]);
        manifest.packages.values_mut().next().unwrap().bin = vec!["bin/other".to_owned()];
        manifest
    };
    let lock = lock_of(&bench, &manifest(&[("tool", Source::Url(before.clone()))]));
    bench.downloads(Online::Yes, &Silent).trim(0).unwrap();
    let error = resolve_with(&bench, &renamed(&before), Some(&lock), Update::Nothing).unwrap_err();
    assert_eq!(error.code(), Code::FetchWrongDigest, "{error}");
    let all = resolve_with(&bench, &renamed(&before), Some(&lock), Update::All).unwrap();
    let others = Update::Only(["jq".parse().unwrap()].into());
    let build = locked(&all.lock, "tool", &Scope::Any);
    assert_ne!(build.digest, locked(&lock, "tool", &Scope::Any).digest);
    assert_eq!(build.program.as_deref(), Some("other"));
    let kept = resolve_with(&bench, &renamed(&before), Some(&all.lock), others).unwrap();
    assert_eq!(kept.lock, all.lock);
}

#[test]
fn every_package_that_fails_is_told() {
    let server = Server::start(|_| Answer::new("404 Not Found", &[], b""));
    let by_system = |source: UrlSource| {
        let expected = ExpectedDigest::Blake3(Digest::of(b""));
        let system = DigestScope::System("x86_64-linux".parse().unwrap());
        UrlSource {
            digest: [(system, expected)].into(),
            ..source
        }
    };
    let manifest = manifest(&[
        ("absent", Source::Url(url(&server.url("/absent")))),
        ("digest", Source::Url(by_system(url("https://e.org/a")))),
        ("packing", Source::Url(url("https://e.org/a.7z?x"))),
        ("placeholder", Source::Url(url("https://e.org/{name}"))),
        (
            "unversioned",
            Source::Url(UrlSource {
                version: None,
                ..url("https://e.org/{version}")
            }),
        ),
        ("way", path("not/there", Path::new("/"))),
    ]);
    let error = resolve_with(&Bench::new(), &manifest, None, Update::Nothing).unwrap_err();
    let codes: Vec<_> = error
        .failures()
        .map(|(name, failure)| (name.as_str(), failure.code()))
        .collect();
    assert_eq!(
        codes,
        [
            ("absent", Code::FetchRefused),
            ("digest", Code::SourceUnusable),
            ("packing", Code::PackingUnknown),
            ("placeholder", Code::ManifestValue),
            ("unversioned", Code::ManifestEntry),
            ("way", Code::SourceUnusable),
        ]
    );
    assert_eq!(error.code(), Code::ResolveFailed);
    assert_eq!(error.others().len(), 6);
    let text = error.to_string();
    assert!(
        text.starts_with("cannot resolve 6 packages: `absent`, `digest`"),
        "{text}"
    );
}

#[test]
fn an_edited_sha256_is_noticed_and_a_kept_one_costs_nothing() {
    let server = Server::start(|_| Answer::new("200 OK", &[], b"#!hello\n"));
    let bench = Bench::new();
    let with = |text: &str| {
        let digest = Digest::from_hex(text.as_bytes()).unwrap();
        let expected = ExpectedDigest::Sha256(*digest.as_bytes());
        let mut source = url(&server.url("/tool"));
        source.digest.insert(DigestScope::Any, expected);
        manifest(&[("tool", Source::Url(source))])
    };
    let right = with("1a16fa1fce035f0800eda67dfee1c1ab97099bed99810115601fe72e4993a43a");
    let lock = lock_of(&bench, &right);
    bench.downloads(Online::Yes, &Silent).trim(0).unwrap();
    let again = resolve_with(&bench, &right, Some(&lock), Update::Nothing).unwrap();
    assert_eq!(again.lock, lock);
    assert_eq!(server.asked().len(), 1);
    let wrong = with(&"0".repeat(64));
    let error = resolve_with(&bench, &wrong, Some(&lock), Update::Nothing).unwrap_err();
    assert_eq!(error.code(), Code::FetchWrongDigest, "{error}");
}

#[test]
fn an_archive_that_is_cut_short_is_told_and_not_locked() {
    // The start of a gzip stream whose length is the one told: only unpacking shows that there should be more.
    let start = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0x48];
    let server = Server::start(move |_| Answer::new("200 OK", &[], &start));
    for name in ["/tool.gz", "/tool.tar.gz"] {
        let manifest = manifest(&[("tool", Source::Url(url(&server.url(name))))]);
        let error = resolve_with(&Bench::new(), &manifest, None, Update::Nothing).unwrap_err();
        assert!(
            matches!(
                error.failures().next(),
                Some((_, PackageError::Unpack { .. }))
            ),
            "{error:?}"
        );
    }
}

#[test]
fn what_is_not_locked_cannot_be_resolved_offline() {
    let server = programs();
    let bench = Bench::new();
    let manifest = manifest(&[("tool", Source::Url(url(&server.url("/tool"))))]);
    let downloads = bench.downloads(Online::No, &Silent);
    let offline = ResolveHow {
        update: Update::Nothing,
        downloads: &downloads,
        catalogues: &Catalogues::new(&downloads, &manifest.sources),
        indexes: &Indexes::new(&[], &downloads, Timestamp::from_seconds(0)),
        not_after: None,
        stat_cache: None,
    };
    let error = resolve(&manifest, None, &offline, &Silent).unwrap_err();
    assert_eq!(error.code(), Code::FetchOffline);
    let lock = lock_of(&bench, &manifest);
    assert_eq!(
        resolve(&manifest, Some(&lock), &offline, &Silent)
            .unwrap()
            .lock,
        lock
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_password_stays_out_of_the_lock() {
    let server = programs();
    let whole = server.url("/tool").replace("http://", "http://me:secret@");
    let manifest = manifest(&[("tool", Source::Url(url(&whole)))]);
    let bench = Bench::new();
    let resolution = resolve_with(&bench, &manifest, None, Update::Nothing).unwrap();
    let tool: PackageName = "tool".parse().unwrap();
    assert_eq!(
        locked(&resolution.lock, "tool", &Scope::Any).url,
        server.url("/tool")
    );
    assert_eq!(
        resolution.origins.address(&tool, &Scope::Any),
        Some(&*whole)
    );
    let previous = Some(&resolution.lock);
    let again = resolve_with(&bench, &manifest, previous, Update::Nothing).unwrap();
    assert_eq!(again, resolution);
}

#[test]
fn a_path_is_looked_at_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tool.sh");
    let manifest = manifest(&[
        ("folder", path(".", folder.path())),
        ("single", path("tool.sh", folder.path())),
    ]);
    let bench = Bench::new();
    durable::write_new(&file, PROGRAM, 0o755).unwrap();
    let before = resolve_with(&bench, &manifest, None, Update::Nothing).unwrap();
    durable::replace_file(&file, b"#!/bin/sh\n", 0o755).unwrap();
    let after = resolve_with(&bench, &manifest, Some(&before.lock), Update::Nothing).unwrap();
    for name in ["folder", "single"] {
        let tree = |lock: &Lock| lock.packages[name].builds[&Scope::Any].tree();
        assert_ne!(tree(&before.lock), tree(&after.lock));
    }
    let blob = dgmo_schema::id::BlobId(Digest::of(PROGRAM));
    let [_, root] = program_tree("single", blob).unwrap();
    assert_eq!(
        before.lock.packages["single"].builds[&Scope::Any].tree(),
        Some(root.id())
    );
    let single = "single".parse().unwrap();
    assert_eq!(before.origins.path(&single), Some(&*file));
}

#[test]
fn a_record_is_known_from_manifest_and_lock() {
    let server = programs();
    let manifest = manifest(&[("tool", Source::Url(url(&server.url("/tool-{os}"))))]);
    let lock = lock_of(&Bench::new(), &manifest);
    let on = |system: &str| record(&manifest, &lock, &system.parse().unwrap(), BTreeMap::new());
    let (linux, darwin) = (on("x86_64-linux").unwrap(), on("aarch64-darwin").unwrap());
    assert_ne!(linux.id(), darwin.id());
    assert_eq!(on("x86_64-linux").unwrap(), linux);
    assert_eq!(on("riscv64-linux").unwrap_err().code(), Code::LockOutOfDate);
    let error = record(
        &manifest,
        &Lock::default(),
        &manifest.systems[0],
        BTreeMap::new(),
    );
    assert_eq!(error.unwrap_err().code(), Code::LockOutOfDate);
}
