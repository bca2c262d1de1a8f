//! Indexes of tools: what is wrong with one is told with its place, and no text makes the reader fail otherwise.

use dgmo::manifest::read_index;
use dgmo_schema::code::Code;
use proptest::prelude::*;

const HEAD: &str = "dgmo-index: 1\nversion: 3\n";

/// Where the first mistake is, its code and its words.
fn first(text: &str) -> (u32, u32, Code, String) {
    let problems = read_index("tools.yaml", text.as_bytes()).unwrap_err();
    let first = &problems[0];
    let (line, column) = (first.place.line, first.place.column);
    let number = |it: usize| u32::try_from(it).unwrap();
    (
        number(line),
        number(column),
        first.code,
        first.message.clone(),
    )
}

#[test]
fn an_index_is_read_whole() {
    let text = format!(
        "{HEAD}expires: 2030-01-01\ntools:\n  a: {{from: \"npm:a\", names: [b], bin: [c], about: does it}}\n  d:\n    \
         from:\n    - {{systems: [x86_64-linux], of: \"npm:d\"}}\n    - {{url: \"https://e.org/{{version}}-{{os}}.zip\", \
         versions: \"git:https://e.org/d.git\", strip: 1}}\n"
    );
    let index = read_index("tools.yaml", text.as_bytes()).unwrap();
    assert_eq!(index.version, 3);
    assert_eq!(index.expires.unwrap().to_string(), "2030-01-01T00:00:00Z");
    let a = &index.tools["a"];
    assert_eq!(a.recipes[0].of.as_ref().unwrap().to_string(), "npm:a");
    assert_eq!(a.recipes[0].bin, ["c"]);
    let d = &index.tools["d"];
    assert_eq!(d.recipes[1].strip, 1);
    assert!(!d.recipes[0].is_for(&"aarch64-linux".parse().unwrap()));
    assert!(d.recipes[1].is_for(&"aarch64-linux".parse().unwrap()));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one line for each mistake")]
fn what_is_wrong_is_told_with_its_place() {
    for (text, line, column, code, words) in [
        ("version: 1\n", 1, 1, Code::ManifestFormat, "format"),
        (
            "dgmo-index: 2\nversion: 1\n",
            1,
            13,
            Code::ManifestFormat,
            "cannot read",
        ),
        ("dgmo-index: 1\n", 1, 1, Code::ManifestEntry, "which one"),
        (
            "dgmo-index: 1\nversion: 1\ntols: {}\n",
            3,
            1,
            Code::ManifestUnknownKey,
            "tols",
        ),
        (
            "dgmo-index: 1\nversion: 1\nexpires: soon\n",
            3,
            10,
            Code::ManifestValue,
            "no day",
        ),
    ] {
        let found = first(text);
        assert_eq!(
            (found.0, found.1, found.2),
            (line, column, code),
            "{text}{found:?}"
        );
        assert!(found.3.contains(words), "{found:?}");
    }
    for (tool, column, code, words) in [
        ("{about: x}", 6, Code::ManifestEntry, "where it comes from"),
        (
            "{from: \"cpan:x\"}",
            13,
            Code::ManifestValue,
            "names no catalogue",
        ),
        (
            "{from: \"npm:..\"}",
            13,
            Code::ManifestValue,
            "cannot be a package",
        ),
        ("{from: []}", 6, Code::ManifestEntry, "no recipe"),
        (
            "{from: {url: \"https://e.org/x.zip\"}}",
            13,
            Code::ManifestEntry,
            "which versions",
        ),
        ("{from: {path: ./x}}", 14, Code::ManifestUnknownKey, "path"),
        ("{from: {run: sh}}", 14, Code::ManifestUnknownKey, "run"),
        (
            "{from: \"npm:a\", names: [\"../x\"]}",
            30,
            Code::ManifestName,
            "x",
        ),
        (
            "{from: \"npm:a\", bin: [../x]}",
            28,
            Code::ManifestValue,
            "inside the package",
        ),
        (
            "{from: {of: \"npm:a\", systems: [mars]}}",
            38,
            Code::ManifestValue,
            "system",
        ),
        (
            "{from: {of: \"npm:a\", asset: x}}",
            35,
            Code::ManifestEntry,
            "forge",
        ),
    ] {
        let found = first(&format!("{HEAD}tools:\n  a: {tool}\n"));
        assert_eq!((found.0, found.2), (4, code), "{tool} {found:?}");
        assert!(found.1.abs_diff(column) <= 4, "{tool} {found:?}");
        assert!(found.3.contains(words), "{tool} {found:?}");
    }
    let twice =
        format!("{HEAD}tools:\n  a: {{from: \"npm:a\"}}\n  b: {{from: \"npm:b\", names: [a]}}\n");
    assert_eq!(first(&twice).2, Code::ManifestConflict);
}

proptest! {
    #[test]
    fn any_bytes_are_an_index_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        drop(read_index("tools.yaml", &bytes));
    }

    #[test]
    fn any_words_in_the_place_of_others_are_read_or_told(words in "[ -~\\n]{0,60}", at in 0usize..160) {
        let text = format!("{HEAD}tools:\n  a: {{from: \"npm:a\", names: [b], bin: [c], about: does it}}\n  d: {{from: [{{of: \"npm:d\"}}]}}\n");
        let at = text.floor_char_boundary(at.min(text.len()));
        let text = format!("{}{words}{}", &text[..at], &text[at..]);
        if let Err(problems) = read_index("tools.yaml", text.as_bytes()) {
            prop_assert!(!problems.is_empty());
        }
    }
}
