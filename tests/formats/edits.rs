//! Adding a package and removing it again leaves every byte of a manifest as it was.

use std::collections::BTreeSet;

use dgmo::manifest::add_package;
use dgmo::manifest::remove_package;
use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Packing;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::UrlSource;
use dgmo_schema::name::PackageName;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn from_path() -> Requirement {
    Requirement {
        source: Source::Path {
            path: "./tools/new: \"thing\" # 1".to_owned(),
            base: "/somewhere/else".into(),
        },
        bin: vec!["bin/new".to_owned()],
        priority: -1,
        relocatable: false,
    }
}

fn from_url() -> Requirement {
    let digest = |byte: u8| ExpectedDigest::Sha256([byte; 32]);
    Requirement {
        source: Source::Url(UrlSource {
            url: "https://example.org/{version}/new-{system}.tar.gz".to_owned(),
            version: Some("1.10".to_owned()),
            strip: 1,
            unpack: Some(Packing::TarGz),
            digest: [("x86_64-linux", 1), ("aarch64-darwin", 2)]
                .map(|(system, byte)| (DigestScope::System(system.parse().unwrap()), digest(byte)))
                .into(),
            minisign: Some("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".to_owned()),
            cosign: None,
        }),
        bin: Vec::new(),
        priority: 0,
        relocatable: true,
    }
}

/// Manifests people write that are hard to edit, each for a reason of its own.
const HAND_WRITTEN: &[&str] = &[
    // No packages at all.
    "dgmo: 1\n",
    "# only a comment\ndgmo: 1 # and one here\n# and at the end\n",
    "dgmo: 1\n\n\n# after blank lines\n\n",
    "dgmo: 1\nfiles:\n  a: {text: x}\n    # deeper than it should be\n",
    "  dgmo: 1\n  name: indented\n",
    "\"dgmo\": 1\n'name': quoted\n",
    "dgmo: 1\nname: x\nenv:\n  A: |\n    a block\n    # not a comment\n\n\n# a comment\n",
    "dgmo: 1\nenv:\n  A: >-\n    folded\n     more\n",
    "dgmo: 1\nenv:\n  A: |+\n    kept\n\n\n",
    "dgmo: 1\nenv:\n  A: \"quoted\n    over lines\" # x\n",
    "dgmo: 1\nenv:\n  A: plain\n    over lines\n  # end\n",
    "dgmo: 1\npath:\n- a\n- b # not indented\n# end\n",
    "dgmo: 1\npath: [a,\n  b, # comment in a list\n]\n",
    // Packages, but none in it.
    "dgmo: 1\npackages:\n",
    "dgmo: 1\npackages:   # none yet\n",
    "dgmo: 1\npackages:\n  # jq: {path: x}\n  # fd: {path: y}\n\nfiles: {}\n",
    "dgmo: 1\npackages:\n\n\nname: x\n",
    "packages:\ndgmo: 1\n",
    "dgmo: 1\npackages: {}\n",
    "dgmo: 1\npackages: {  } # none\n",
    "dgmo: 1\npackages: {\n  # none\n}\n",
    "packages: {} # first\ndgmo: 1\n",
    "dgmo: 1\n\"packages\": {}\n",
    "dgmo: 1\npackages :\n",
    "dgmo: 1\npackages: &p {}\n",
    "dgmo: 1\nenv:\n    A: b\npackages:\n",
    // Packages in braces.
    "dgmo: 1\npackages: {a: {path: a}}\n",
    "dgmo: 1\npackages: { a: {path: a} , } # trailing comma\n",
    "dgmo: 1\npackages: {a: {path: a},}\n",
    "dgmo: 1\npackages: {\n  a: {path: a}, # of a\n  b: {path: b} # of b\n  # end\n}\nname: x\n",
    "dgmo: 1\npackages: {\n  a: {path: a}, # of a\n  b: {path: b}, # of b\n}\n",
    "dgmo: 1\npackages: {\"a\": {\"path\": \"a\"}, 'b': {path: 'b'}}\n",
    "dgmo: 1\npackages:\n  {a: {path: a}}\n",
    "dgmo: 1\npackages: {a: {path: a,\n  bin: [x,\n y]}}\n",
    "{dgmo: 1, packages: {}}\n",
    "{\"dgmo\": 1, \"packages\": {\"a\": {\"path\": \"a\"}}, \"name\": \"json\"}\n",
    "{\n  \"dgmo\": 1,\n  \"packages\": {\n    \"a\": {\n      \"path\": \"a\"\n    }\n  }\n}\n",
    // Packages by indentation.
    "dgmo: 1\npackages:\n  a: {path: a}\n",
    "dgmo: 1\npackages:\n  a: {path: a} # of a\n\n  # of b\n  b:\n    path: b   \n    bin: [x] # of bin\n    # last of b\n\n# of files\nfiles: {}\n",
    "dgmo: 1\npackages:\n    a:\n        path: a\n    # end, of nothing\n",
    "dgmo: 1\npackages: # here\n a: {path: a}\n b: {path: b}\n",
    "packages:\n  a: {path: a}\ndgmo: 1\n",
    "dgmo: 1\npackages:\n  a:\n    path: |-\n      a\n\n\nname: x\n",
    "dgmo: 1\npackages:\n  a:\n    path: >-\n      a\n      b\n",
    "dgmo: 1\npackages:\n  a:\n    bin:\n    - x\n    - y # not indented\n    path: a\n",
    "dgmo: 1\npackages:\n  a:\n    path: a\n    bin:\n    - x\n    - y\n  # end\n",
    "dgmo: 1\npackages:\n  a: &a {path: a}\n  b: *a\n",
    "dgmo: 1\npackages:\n  a: &a\n    path: a\n  b: *a # an alias\n  # end\n",
    "dgmo: 1\npackages:\n  a: &a {path: a}\n  b: {<<: *a, priority: 1}\n",
    "dgmo: 1\npackages:\n  a: &a {path: a}\n  b:\n    <<: *a\n    priority: 1\n",
    "dgmo: 1\npackages:\n  \"a\": {path: \"a # no comment\"}\n  'b': {path: 'it''s'}\n",
    "dgmo: 1\npackages:\n  a: {\n    path: a # in braces\n  } # behind\n",
    "dgmo: 1\npackages:\n  a:\n    {path: a}\n",
    "dgmo: 1\npackages:\n  ? a\n  : {path: a}\n",
    "dgmo: 1\npackages:\n  a: !!map {path: !!str a}\n",
    "dgmo: 1\npackages:\n  a: {path: a}\n#\tcomment\twith\ttabs\t\n  \t\n  b: {path: b}\t# tab before\n",
    "dgmo: 1\npackages:\n  a: {path: \"line one\n    line two\"}\n  # end\n",
    "# ünïcödé ☃\ndgmo: 1\npackages:\n  a: {path: ☃} # 日本語\nname: ☃\n",
    "dgmo: 1\nfiles:\n  packages:\n    text: |\n      packages:\n        new: {path: x}\npackages:\n  a: {path: a}\n",
    "dgmo: 1\nenv:\n  A: \"packages:\"\npackages:\n  a: {path: a}\nfiles:\n  b:\n    text: |2\n        indented by two\n",
    "dgmo: 1\npackages:\n  a: {url: \"https://example.org/x#packages:-\"}\n",
    "dgmo: 1\npackages:\n  newer: {path: a}\n  old-new: {path: b}\n",
];

/// The same manifest as other editors, systems and habits would have saved it.
fn variants(text: &str) -> Vec<String> {
    let mut all = vec![
        text.to_owned(),
        text.replace('\n', "\r\n"),
        text.trim_end_matches('\n').to_owned(),
        text.replace('\n', "\r\n").trim_end().to_owned(),
        format!("\u{feff}{text}"),
        format!("---\n{text}"),
        format!("--- # begins\n{text}...\n# ended\n"),
        format!("%YAML 1.2\n---\n{text}"),
        format!("{text}\n\n   \n"),
        format!("{text}# the last comment without an end"),
        format!("\n\n# first\n{text}"),
    ];
    if !text.contains(['|', '>', '"']) {
        all.push(text.replace('\n', "  \n"));
        all.push(text.replace("  ", "    "));
    }
    all
}

/// Says whether the manifest could be edited at all; if so, nothing may be lost.
fn survives(text: &str, name: &str, requirement: &Requirement) -> bool {
    let name: PackageName = name.parse().unwrap();
    match add_package(text, &name, requirement) {
        Ok(added) => {
            assert_ne!(added, text);
            let removed = remove_package(&added, &name).unwrap();
            assert_eq!(removed, text, "after:\n{added}");
            true
        }
        Err(error) => {
            assert_ne!(error.code(), Code::EditAbsent, "{text}");
            false
        }
    }
}

#[test]
fn adding_and_removing_leaves_hand_written_manifests_as_they_were() {
    let mut edited = BTreeSet::new();
    let mut refused = Vec::new();
    for text in HAND_WRITTEN.iter().flat_map(|text| variants(text)) {
        let path = survives(&text, "new", &from_path());
        let url = survives(&text, "7.10", &from_url());
        assert_eq!(path, url, "{text}");
        if path {
            edited.insert(text);
        } else {
            refused.push(text);
        }
    }
    println!("{} edited, {} refused", edited.len(), refused.len());
    for text in &refused {
        let error = add_package(text, &"new".parse().unwrap(), &from_path()).unwrap_err();
        println!("----- {error}\n{text:?}");
    }
    assert!(edited.len() >= 500, "only {}", edited.len());
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Removing what a person wrote and what was there: the rest says what it said.
#[test]
fn every_package_a_person_wrote_can_be_removed_or_is_refused() {
    let mut removed = 0;
    for text in HAND_WRITTEN.iter().flat_map(|text| variants(text)) {
        for name in ["a", "b"] {
            match remove_package(&text, &name.parse().unwrap()) {
                Ok(less) => {
                    assert!(less.len() < text.len());
                    removed += 1;
                }
                Err(error) => {
                    let code = error.code();
                    let fine = [Code::EditAbsent, Code::EditRefused];
                    let unread = code.as_str() < Code::EditRefused.as_str();
                    assert!(fine.contains(&code) || unread, "{error}\n{text}");
                }
            }
        }
    }
    assert!(removed >= 300, "only {removed}");
}

/// A comment, or nothing, or something blank.
fn remark() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        2 => "# [ -~]{0,12}\n",
        1 => " {1,6}#[ \ta-z:{}\\[\\]|>&*'\"-]{0,12}\n",
        1 => Just("\n".to_owned()),
        1 => Just("   \n".to_owned()),
    ]
}

fn end_of_line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("\n".to_owned()),
        1 => Just("   \n".to_owned()),
        1 => " # [ -~]{0,12}\n",
        1 => "\t#\t[a-z]{0,3}\n",
    ]
}

/// One package as an entry of a block whose keys are indented by `indent`.
fn package(number: usize, indent: usize) -> impl Strategy<Value = String> {
    let pad = " ".repeat(indent);
    let deep = " ".repeat(indent + 2);
    let key = prop::sample::select(vec![
        format!("p{number}"),
        format!("\"p{number}\""),
        format!("'p{number}'"),
    ]);
    let body = prop::sample::select(vec![
        " {path: x}".to_owned(),
        " {path: x, bin: [a, b],}".to_owned(),
        format!("\n{deep}path: x\n{deep}bin:\n{deep}- a\n{deep}- b"),
        format!("\n{deep}path: 'x # y'\n{deep}# inside\n{deep}priority: 3"),
        format!("\n{deep}path: |-\n{deep}  x\n{deep}  # y"),
        format!("\n{deep}path: >-\n{deep}  x\n\n{deep}  y"),
        format!(" {{\n{deep}path: x, # c\n{deep}bin: [a]\n{pad}}}"),
        format!(" &a{number} {{path: x}}"),
        format!(" # of it\n{deep}path: x"),
    ]);
    (remark(), key, body, end_of_line())
        .prop_map(move |(remark, key, body, end)| format!("{remark}{pad}{key}:{body}{end}"))
}

fn packages() -> impl Strategy<Value = String> {
    let block = (1..5_usize, 0..5_usize).prop_flat_map(|(indent, count)| {
        let entries: Vec<_> = (0..count).map(|number| package(number, indent)).collect();
        (end_of_line(), entries)
            .prop_map(|(end, entries)| format!("packages:{end}{}", entries.concat()))
    });
    let flow = prop::sample::select(vec![
        "packages: {}",
        "packages: {  }",
        "packages: {a: {path: x}}",
        "packages: {a: {path: x}, }",
        "packages: {\n  a: {path: x}, # c\n  b: {path: y}\n}",
        "packages: {\n  a: {path: x} # c\n  , b: {path: y}}",
        "\"packages\": {a: {\n path: x}\n }",
        "packages: {}  ",
        "packages:\n  {}",
    ]);
    prop_oneof![
        4 => block,
        2 => (flow, end_of_line()).prop_map(|(map, end)| format!("{map}{end}")),
        1 => Just(String::new()),
    ]
}

fn other() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "",
        "env: {A: b, C: d}\n",
        "env:\n  A: |\n    x\n    # y\n\n",
        "env:\n  A: |+\n    x\n\n\n",
        "env:\n    A: >\n      x\n\n      y\n    B: \"x\n      y\"\n",
        "env: &e\n  A: &x b\n  B: *x\n",
        "env:\n  A: b # c\n    # d\n",
    ]);
    let list = prop::sample::select(vec![
        "",
        "path: [a, b]\n",
        "path:\n- a\n- b\n",
        "path:\n  - a\n  # c\n",
    ]);
    (part, remark(), list).prop_map(|(part, remark, list)| format!("{part}{remark}{list}"))
}

fn manifest() -> impl Strategy<Value = String> {
    let begin = prop::sample::select(vec!["", "\u{feff}", "---\n", "# c\n--- # d\n", "\n"]);
    let end = prop::sample::select(vec!["", "...\n", "\n\n", "# end"]);
    let parts = (remark(), other(), remark(), packages(), remark());
    (begin, parts, any::<bool>(), end, 0..4_u8).prop_map(
        |(begin, (first, other, second, packages, third), packages_first, end, ending)| {
            let head = format!("{begin}{first}dgmo: 1\n");
            let body = if packages_first {
                format!("{packages}{second}{other}{third}")
            } else {
                format!("{other}{second}{packages}{third}")
            };
            let text = format!("{head}{body}{end}");
            match ending {
                0 => text.replace('\n', "\r\n"),
                1 => text.trim_end_matches('\n').to_owned(),
                _ => text,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn adding_and_removing_leaves_any_manifest_as_it_was(text in manifest()) {
        survives(&text, "new", &from_path());
    }
}

/// The property above would hold if everything were refused.
#[test]
fn few_generated_manifests_are_refused() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut tried, mut refused) = (0, Vec::new());
    while tried < 500 {
        let text = manifest().new_tree(&mut runner).unwrap().current();
        match add_package(&text, &"new".parse().unwrap(), &from_path()) {
            Ok(_) => tried += 1,
            Err(error) if error.code() == Code::EditRefused => {
                tried += 1;
                refused.push(text);
            }
            // It was no manifest.
            Err(_) => {}
        }
    }
    assert!(
        refused.len() <= 10,
        "{} refused: {refused:#?}",
        refused.len()
    );
}
