//! A manifest of several files.

use std::path::Path;

use dgmo::manifest::LoadError;
use dgmo::manifest::LoadedManifest;
use dgmo::manifest::load;
use dgmo_schema::code::Code;
use dgmo_schema::manifest::Source;
use dgmo_store::durable;

fn load_files(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<LoadedManifest, LoadError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        durable::make_folders(path.parent().unwrap()).unwrap();
        durable::write_new(&path, text.as_bytes(), 0o644).unwrap();
    }
    let loaded = load(&folder.path().join(files[0].0));
    (folder, loaded)
}

#[test]
fn the_including_file_wins_and_later_includes_win_over_earlier() {
    let (folder, loaded) = load_files(&[
        (
            "dgmo.yaml",
            "dgmo: 1\nname: top\ninclude: [one.yaml, sub/two.yaml]\nenv: {A: top}\npath: [top, both]\nkeep: {last: 1}\nsystems: [x86_64-linux]\n",
        ),
        (
            "one.yaml",
            "dgmo: 1\nname: one\nenv: {A: one, B: one, C: one}\npath: [one, both]\nkeep: {last: 2, days: 2, pinned: false}\npackages:\n  p: {path: one, priority: 7}\n  q: {path: one}\n",
        ),
        (
            "sub/two.yaml",
            "dgmo: 1\nenv: {B: two}\npath: [two, both]\nkeep: {days: 3}\nsystems: [aarch64-darwin, x86_64-linux]\npackages:\n  p: {path: two}\n",
        ),
    ]);
    let loaded = loaded.unwrap();
    let manifest = &loaded.manifest;
    assert_eq!(manifest.name.as_deref(), Some("top"));
    let env: Vec<_> = manifest.env.values().map(String::as_str).collect();
    assert_eq!(env, ["top", "two", "one"]);
    assert_eq!(manifest.path, ["top", "both", "two", "one"]);
    assert_eq!(manifest.systems.len(), 2);
    let keep = &manifest.keep;
    assert_eq!(
        (keep.last, keep.days, keep.pinned, keep.labelled),
        (1, 3, false, true)
    );
    // An entry is replaced whole: nothing of the other `p` is left.
    assert_eq!(manifest.packages["p"].priority, 0);
    let Source::Path { base, .. } = &manifest.packages["p"].source else {
        panic!("no path")
    };
    assert_eq!(*base, folder.path().join("sub"));
    let Source::Path { base, .. } = &manifest.packages["q"].source else {
        panic!("no path")
    };
    assert_eq!(base, folder.path());
    assert_eq!(loaded.files.len(), 3);
    let place = loaded.places.package(&"p".parse().unwrap()).unwrap();
    assert!(Path::new(&place.file).ends_with("sub/two.yaml"));
}

#[test]
fn a_circle_is_refused_with_its_chain() {
    let (folder, loaded) = load_files(&[
        ("dgmo.yaml", "dgmo: 1\ninclude: [sub/a.yaml]\n"),
        ("sub/a.yaml", "dgmo: 1\ninclude: [b.yaml]\n"),
        ("sub/b.yaml", "dgmo: 1\ninclude:\n  - ../sub/./a.yaml\n"),
    ]);
    let error = loaded.unwrap_err();
    let [problem] = error.problems() else {
        panic!("{error:?}")
    };
    assert_eq!(problem.code, Code::ManifestIncludeCycle);
    assert_eq!((problem.place.line, problem.place.column), (3, 5));
    assert!(problem.place.file.ends_with("sub/b.yaml"));
    let chain = problem.message.replace(folder.path().to_str().unwrap(), "");
    assert!(
        chain.ends_with("/sub/a.yaml → /sub/b.yaml → /sub/a.yaml"),
        "{chain}"
    );
}

#[test]
fn a_file_that_includes_itself_is_a_circle() {
    let (_folder, loaded) = load_files(&[("dgmo.yaml", "dgmo: 1\ninclude: [dgmo.yaml]\n")]);
    assert_eq!(
        loaded.unwrap_err().problems()[0].code,
        Code::ManifestIncludeCycle
    );
}

#[test]
fn the_same_file_over_two_ways_is_fine_and_read_once() {
    let (_folder, loaded) = load_files(&[
        ("dgmo.yaml", "dgmo: 1\ninclude: [a.yaml, b.yaml]\n"),
        ("a.yaml", "dgmo: 1\ninclude: [base.yaml]\nenv: {X: a}\n"),
        ("b.yaml", "dgmo: 1\ninclude: [base.yaml]\n"),
        ("base.yaml", "dgmo: 1\nenv: {X: base, Y: base}\n"),
    ]);
    let loaded = loaded.unwrap();
    assert_eq!(loaded.files.len(), 4);
    // `b` is named later than `a`, and what it includes comes with it.
    assert_eq!(loaded.manifest.env["X"], "base");
}

#[test]
fn many_ways_to_one_file_cost_no_more_than_one() {
    let mut files = vec![(
        "dgmo.yaml".to_owned(),
        "dgmo: 1\ninclude: [l0.yaml, l0.yaml]\n".to_owned(),
    )];
    for level in 0..40 {
        let next = level + 1;
        let text = format!("dgmo: 1\ninclude: [l{next}.yaml, l{next}.yaml]\n");
        files.push((format!("l{level}.yaml"), text));
    }
    files.push(("l40.yaml".to_owned(), "dgmo: 1\n".to_owned()));
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert_eq!(load_files(&files).1.unwrap().files.len(), 42);
}

#[test]
fn problems_of_all_files_are_told_at_once() {
    let (_folder, loaded) = load_files(&[
        (
            "dgmo.yaml",
            "dgmo: 1\ninclude: [a.yaml, nowhere.yaml]\nnmae: x\n",
        ),
        ("a.yaml", "dgmo: 1\nenv: [x]\n"),
    ]);
    let error = loaded.unwrap_err();
    let codes: Vec<Code> = error
        .problems()
        .iter()
        .map(|problem| problem.code)
        .collect();
    assert_eq!(
        codes,
        [
            Code::ManifestUnknownKey,
            Code::ManifestIncludeMissing,
            Code::ManifestValue
        ]
    );
}

#[test]
fn two_files_in_one_place_are_found_across_manifests() {
    let (_folder, loaded) = load_files(&[
        (
            "dgmo.yaml",
            "dgmo: 1\ninclude: [a.yaml]\nfiles: {.config/x: {text: y}}\n",
        ),
        ("a.yaml", "dgmo: 1\nfiles:\n  .config: {source: conf}\n"),
    ]);
    let error = loaded.unwrap_err();
    let problem = &error.problems()[0];
    assert_eq!(problem.code, Code::ManifestConflict);
    assert!(problem.place.file.ends_with("dgmo.yaml"));
    assert!(problem.other.as_ref().unwrap().file.ends_with("a.yaml"));
}
