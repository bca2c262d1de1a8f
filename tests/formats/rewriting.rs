//! Whatever text a home file gets, the manifest says exactly that afterwards, and all else as before.

use dgmo::manifest::load_text;
use dgmo::manifest::set_text;
use dgmo::manifest::set_values;
use dgmo_schema::manifest::FileContent;
use proptest::prelude::*;
use serde_json::Value;

/// Ways to write a text, each with comments around it that must stay.
const STYLES: &[&str] = &[
    "dgmo: 1\nfiles:\n  .a:\n    text: plain   # of a\n  # between\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a: {text: plain} # of a\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a: {text: \"in quotes\\n\", mode: \"0600\"} # of a\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: \"in quotes\n      over lines\" # of a\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: 'it''s' # of a\n    mode: \"0600\"\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: | # of a\n      one\n      two\n  # between\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: |- # of a\n      one\n\n      two\n\n\n  # between\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: |+ # of a\n      one\n\n\n    mode: \"0600\" # of b\n  .b: {text: b}\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: |2- # of a\n        indented\n      less\n    # deeper\n  # between\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: |+4 # of a\n            indented\n        less\n\n  # between\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: > # of a\n      folded\n      lines\n\n        deeper\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: >- # of a\n      folded\n      lines\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .a:\n    text: >+ # of a\n      folded\n\n\n  .b: {text: b} # of b\n",
    "dgmo: 1\nfiles:\n  .b: {text: b} # of b\n  .a: # of a\n    text: |\n      last\n",
    "dgmo: 1\nfiles:\n  .b: {text: b} # of b\n  .a: # of a\n    text: |\n      last",
    "dgmo: 1\nfiles:\n  .b: {text: b} # of b\n  .a: # of a\n    text: last",
    "dgmo: 1\nfiles:\n  .b: {text: b} # of b\n  .a: # of a\n    text:\n      |\n      below\n",
    "dgmo: 1\nfiles:\n  .b: {text: b} # of b\n  .a: # of a\n    text:\n      \"below\"\n",
    "dgmo: 1\nfiles:\n  .b: {text: b} # of b\n  .a:\n    text: &anchor |\n      named # no comment\n    mode: \"0600\" # of a\n",
    "dgmo: 1\nfiles:\n  .b: {text: b} # of b\n  .a:\n    text: \"\" # of a\n",
    "{\"dgmo\": 1, \"files\": {\".a\": {\"text\": \"json\"}, \".b\": {\"text\": \"b\"}}} # of a # of b\n",
    "dgmo: 1\nfiles:\n    .b: {text: b} # of b\n    .a:\n         text: |\n           deep\n           er\n         mode: \"0600\" # of a\n",
];

/// The same, as other systems would have saved it.
fn variants(text: &str) -> [String; 3] {
    [
        text.to_owned(),
        text.replace('\n', "\r\n"),
        format!("\u{feff}---\n{text}"),
    ]
}

fn content(text: &str, path: &str) -> FileContent {
    let loaded = load_text("dgmo.yaml".as_ref(), text).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    loaded.manifest.files[path].content.clone()
}

fn check(before: &str, new: &str) {
    let after = set_text(before, &".a".parse().unwrap(), new)
        .unwrap_or_else(|error| panic!("{new:?} was refused ({error}) in\n{before}"));
    let shown = format!("{new:?} in\n{before}\nbecame\n{after}");
    assert_eq!(
        content(&after, ".a"),
        FileContent::Text(new.to_owned()),
        "{shown}"
    );
    assert_eq!(
        content(&after, ".b"),
        FileContent::Text("b".to_owned()),
        "{shown}"
    );
    for comment in ["# of a", "# of b", "# between", "# deeper"] {
        let count = |text: &str| text.matches(comment).count();
        assert!(
            count(&after) >= count(before),
            "`{comment}` is lost: {shown}"
        );
    }
    if before.contains("\r\n") {
        assert!(!after.replace("\r\n", "").contains('\n'), "{shown}");
    }
}

const HOSTILE: &[&str] = &[
    "",
    "\n",
    "\n\n\n",
    " ",
    " \n",
    "  \n \n",
    "a",
    "a\n",
    "a\n\n",
    "a\n\n\n",
    "\na",
    "\n\n  a\n",
    " a",
    "  a\n b\n",
    "a \nb \n",
    "\ta\n\tb\n",
    "a\n\n\nb",
    "a\n  b\n\nc\n",
    "# a\n",
    "a # b",
    "a: b",
    "- a\n- b\n",
    "'",
    "\"",
    "it's \"so\"",
    "\\n",
    "true",
    "null",
    "~",
    "1.10",
    "0600",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "{a}",
    "[a, b]",
    "a, b}",
    "%a",
    "@a",
    "`a`",
    "---\n",
    "...\n",
    "a\r\nb\r\n",
    "a\rb",
    "\u{feff}a",
    "a\u{85}b",
    "a\u{2028}b\u{2029}c",
    "\u{7f}\u{9f}\u{1}\u{1b}[0m",
    "ünïcödé ☃ 𝄞\n",
    "? a",
    ": a",
    "a:",
    "key: |\n  block\n",
    "\n x\n\n y\n",
];

#[test]
fn hostile_texts_read_back_in_every_style() {
    for style in STYLES {
        for before in variants(style) {
            for new in HOSTILE {
                check(&before, new);
            }
        }
    }
}

#[test]
fn a_block_stays_a_block_and_a_quote_a_quote() {
    let at = |style: &str, new: &str| set_text(style, &".a".parse().unwrap(), new).unwrap();
    assert!(at(STYLES[5], "x\n  y\n").contains("text: | # of a\n      x\n        y\n  # between"));
    assert!(at(STYLES[6], "x\n").contains("text: | # of a\n      x\n\n\n  # between"));
    assert!(at(STYLES[5], "x").contains("text: |- # of a\n      x\n  # between"));
    assert!(at(STYLES[10], "a\nb\n").contains("text: > # of a\n      a\n\n      b\n  .b"));
    assert!(at(STYLES[4], "x: y").contains("text: 'x: y' # of a"));
    assert!(at(STYLES[0], "x").contains("text: x   # of a"));
    assert!(at(STYLES[0], "x\ny\n").contains("text: |   # of a\n      x\n      y\n  # between"));
    assert!(at(STYLES[2], "x\ny\n").contains("{text: \"x\\ny\\n\", mode"));
}

#[test]
fn a_text_that_others_share_is_left_alone() {
    for shared in [
        "dgmo: 1\nfiles:\n  .b: &b {text: b}\n  .a: *b\n",
        "dgmo: 1\nfiles:\n  .b: {text: &b b}\n  .a: {text: *b}\n",
        "dgmo: 1\nfiles:\n  .a: {text: &b b}\n  .b: {text: *b}\n",
        "dgmo: 1\nfiles:\n  .b: &b {text: b}\n  .a: {<<: *b}\n",
    ] {
        set_text(shared, &".a".parse().unwrap(), "new").unwrap_err();
        set_text(shared, &".a".parse().unwrap(), "b").unwrap();
    }
}

#[test]
fn values_keep_their_kind() {
    use dgmo::manifest::Step;
    let key = |key: &str| Step::Key(key.to_owned());
    let before = "dgmo: 1\nfiles:\n  .a:\n    template: t\n    values: # all\n      port: 80 # of port\n      list: [a, {b: 'c'}] # of list\n";
    let change = |way: Vec<Step>, value: Value| {
        set_values(before, &".a".parse().unwrap(), &[(way, value)]).unwrap()
    };
    for (way, value, expected) in [
        (vec![key("port")], Value::from(8080), "port: 8080 # of port"),
        (
            vec![key("port")],
            Value::from("8080"),
            "port: \"8080\" # of port",
        ),
        (vec![key("port")], Value::from(true), "port: true # of port"),
        (
            vec![key("list"), Step::Item(0)],
            Value::from("b c"),
            "[b c, {b: 'c'}] # of list",
        ),
        (
            vec![key("list"), Step::Item(1), key("b")],
            Value::from("it's"),
            "{b: 'it''s'}] # of list",
        ),
    ] {
        let after = change(way, value);
        assert!(after.contains(expected), "{after}");
    }
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => Just("\n".to_owned()),
        8 => Just(" ".to_owned()),
        4 => Just("a".to_owned()),
        2 => prop::sample::select(HOSTILE).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        2 => "[ -~]{0,8}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 1_000 } else { 20_000 }))]

    #[test]
    fn random_texts_read_back_in_every_style(style in 0..STYLES.len(), variant in 0..3_usize, new in texts()) {
        check(&variants(STYLES[style])[variant], &new);
    }
}
