//! Files made to hurt: they are refused, soon, and never with a panic.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use dgmo::manifest::add_package;
use dgmo::manifest::load;
use dgmo_schema::code::Code;
use dgmo_schema::lock::Lock;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::Source;
use dgmo_store::durable;
use proptest::prelude::*;

/// Far more than any of them needs, on a machine that does much else.
const SOON: Duration = Duration::from_secs(5);

fn load_bytes(bytes: &[u8]) -> Result<(), Vec<Code>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dgmo.yaml");
    durable::write_new(&path, bytes, 0o644).unwrap();
    let begun = Instant::now();
    let result = load(&path);
    assert!(begun.elapsed() < SOON, "took {:?}", begun.elapsed());
    let error = result.map(drop).err();
    match error {
        None => Ok(()),
        Some(error) => Err(error
            .problems()
            .iter()
            .map(|problem| problem.code)
            .collect()),
    }
}

fn alias_bomb() -> String {
    let mut text = "dgmo: 1\nenv:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = format!("*a{}", level - 1);
        let list = vec![below; 9].join(", ");
        writeln!(text, "  a{level}: &a{level} [{list}]").unwrap();
    }
    text
}

#[test]
fn each_limit_is_kept() {
    let nested = "[".repeat(100_000);
    let in_maps = format!("dgmo: 1\nenv: {}", "{a: ".repeat(100));
    let mut indented = "dgmo: 1\nenv:\n".to_owned();
    for level in 1..60 {
        writeln!(indented, "{}a:", " ".repeat(level)).unwrap();
    }
    let values = format!("dgmo: 1\npath: [{}]\n", "a, ".repeat(20_001));
    let mut anchors = "dgmo: 1\npath:\n".to_owned();
    for number in 0..257 {
        writeln!(anchors, "  - &a{number} x").unwrap();
    }
    let aliases = format!("dgmo: 1\nname: &a x\npath: [{}]\n", "*a, ".repeat(1_001));
    let large = format!("dgmo: 1\n#{}\n", "ä".repeat(1 << 19));
    for (what, text) in [
        ("100,000 open brackets", nested),
        ("maps in maps", in_maps),
        ("indentation", indented),
        ("the alias bomb", alias_bomb()),
        ("values", values),
        ("anchors", anchors),
        ("aliases", aliases),
        ("bytes", large),
    ] {
        let codes = load_bytes(text.as_bytes()).unwrap_err();
        assert_eq!(codes.last(), Some(&Code::ManifestTooLarge), "{what}");
    }
}

#[test]
fn a_hundred_thousand_mistakes_are_not_all_told() {
    let mut text = "dgmo: 1\nenv: {".to_owned();
    for number in 0..9_000 {
        write!(text, "{number}: x, ").unwrap();
    }
    text += "}\n";
    assert_eq!(load_bytes(text.as_bytes()).unwrap_err().len(), 100);
}

#[test]
fn a_large_but_honest_manifest_is_read_soon() {
    let mut text = "dgmo: 1\npackages:\n".to_owned();
    for number in 0..2_500 {
        writeln!(
            text,
            "  p{number}: {{path: ./p{number}, bin: [x]}} # one of many"
        )
        .unwrap();
    }
    load_bytes(text.as_bytes()).unwrap();
}

/// Files that once were a danger to some parser, kept.
#[test]
fn the_kept_corpus_is_refused_or_read_without_harm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hostile");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let begun = Instant::now();
        let extension = path.extension().and_then(|it| it.to_str());
        match extension {
            Some("yaml") => assert!(load(&path).is_err(), "{}", path.display()),
            Some("lock") => {
                let text = String::from_utf8_lossy(&bytes);
                assert!(Lock::from_json(&text).is_err(), "{}", path.display());
            }
            _ => continue,
        }
        assert!(begun.elapsed() < SOON, "{}", path.display());
        count += 1;
    }
    assert!(count >= 20, "only {count} files");
}

const MANIFEST: &str = include_str!("samples/manifest-1.yaml");
const LOCK: &str = include_str!("samples/lock-1.json");

/// A text with a few of its bytes taken out, doubled or replaced.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let tokens = prop::sample::select(vec![
        "",
        "\n",
        "  ",
        "\t",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "#",
        "&a ",
        "*a",
        "<<: ",
        "|\n",
        ">-\n",
        "\"",
        "'",
        "?",
        "!!str ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\r",
        "\u{feff}",
        "\0",
        "~",
        "1.10",
        "\\",
        ",",
        "ä",
    ]);
    let change = (any::<prop::sample::Index>(), 0..20_usize, tokens);
    prop::collection::vec(change, 1..6).prop_map(move |changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (index, length, token) in changes {
            let from = index.index(bytes.len() + 1);
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, token.bytes());
        }
        bytes
    })
}

fn requirement() -> Requirement {
    Requirement {
        source: Source::Path {
            path: "./new".to_owned(),
            base: "".into(),
        },
        bin: Vec::new(),
        priority: 0,
        relocatable: true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _refused_or_read = load_bytes(&bytes);
        let _refused_or_read = Lock::from_json(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn arbitrary_words_of_yaml_do_no_harm(text in "(dgmo: 1\n)?([ \n\t:,&*!|>'\"%@#{}\\[\\]?a-c~<-]|packages:|files:| {2}){0,80}") {
        let _refused_or_read = load_bytes(text.as_bytes());
    }

    /// Whatever still loads can be edited without loss, or the edit is refused.
    #[test]
    fn mutated_manifests_do_no_harm(bytes in mutated(MANIFEST)) {
        let _refused_or_read = load_bytes(&bytes);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _refused_or_done = add_package(text, &"new".parse().unwrap(), &requirement());
            let _refused_or_done = dgmo::manifest::remove_package(text, &"notes".parse().unwrap());
        }
    }

    #[test]
    fn mutated_locks_do_no_harm_and_read_back_if_they_are_read(bytes in mutated(LOCK)) {
        if let Ok(lock) = Lock::from_json(&String::from_utf8_lossy(&bytes)) {
            prop_assert_eq!(Lock::from_json(&lock.to_json()), Ok(lock));
        }
    }
}
