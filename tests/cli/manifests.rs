//! What people get wrong in a manifest, as they see it: file, line, column, the line itself, a hint.

use super::Sandbox;

#[test]
fn a_mistake_is_shown_where_it_is() {
    let table = [
        (
            "packges: {}\n",
            "2:1",
            "packges: {}",
            "did you mean `packages`?",
        ),
        (
            "files:\n  .a: {txt: b}\n",
            "3:8",
            "  .a: {txt: b}",
            "did you mean `text`?",
        ),
        ("env: {A: b, A: c}\n", "2:13", "env: {A: b, A: c}", "^"),
        ("keep: {last: many}\n", "2:14", "keep: {last: many}", "^^^^"),
        (
            "packages: {a: {path: x, url: y}}\n",
            "2:",
            "packages:",
            "hint",
        ),
        ("files: {../a: {text: b}}\n", "2:9", "files: {../a", "^"),
        ("packages:\n\ta: {path: x}\n", "3:", "\ta: {path", "^"),
        (
            "files: {.a: {text: b}, .a/b: {text: c}}\n",
            "2:24",
            ".a/b",
            "^",
        ),
        ("plugins: {}\n", "2:1", "plugins", "leave it out"),
        ("env: [A\n", "2:6", "env: [A", "^"),
    ];
    for (text, place, line, hint) in table {
        let sandbox = Sandbox::with(text);
        let before = sandbox.all();
        let ran = sandbox.dgmo("switch").exits(1);
        assert!(ran.stderr.contains(&format!("dgmo.yaml:{place}")), "{ran}");
        assert!(ran.stderr.contains(line), "{ran}");
        assert!(ran.stderr.contains(hint), "{ran}");
        assert!(ran.stdout.is_empty(), "{ran}");
        before.assert_same(&sandbox.all(), text);
        let json = sandbox.dgmo("switch --json").exits(1).json();
        let told = &json["error"]["place"];
        if !place.is_empty() {
            let (row, _) = place.split_once(':').unwrap();
            assert_eq!(told["line"].to_string(), row, "{json}");
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let sandbox = Sandbox::with("packges: {}\nevn: {}\nkeep: {lst: 1}\n");
    let ran = sandbox.dgmo("switch").exits(1);
    for word in ["`packages`", "`env`", "`last`"] {
        assert!(ran.stderr.contains(word), "{ran}");
    }
    let json = sandbox.dgmo("switch --json").exits(1).json();
    assert_eq!(json["error"]["code"], "DG1005");
}

#[test]
fn a_mistake_in_an_included_file_names_that_file() {
    let sandbox = Sandbox::with("include: [more/base.yaml]\n");
    sandbox.write("work/more/base.yaml", "dgmo: 1\nfiels: {}\n");
    sandbox
        .dgmo("switch")
        .exits(1)
        .fails("DG1005")
        .says("more/base.yaml:2:1")
        .says("`files`");
}

#[test]
fn templates_are_strict() {
    for (template, values, words) in [
        ("port = {{ prot }}\n", "port: 8080", "values:"),
        ("{% if %}\n", "a: 1", "mend the template"),
        ("{{ port.deep.er }}\n", "port: 1", ""),
    ] {
        let sandbox = Sandbox::with(&format!(
            "files: {{.t: {{template: t, values: {{{values}}}}}}}\n"
        ));
        sandbox.write("work/t", template);
        sandbox
            .dgmo("switch")
            .exits(1)
            .fails("DG3042")
            .says(".t")
            .says(words);
        assert!(!sandbox.exists("user/.t"));
    }
}

#[test]
fn templates_are_filled() {
    let sandbox = Sandbox::with(
        "files: {.t: {template: t, values: {port: 8080, on: true, version: 1.10, list: [a, b], map: {k: v}}}}\n",
    );
    sandbox.write(
        "work/t",
        "{{ port }} {{ on }} {{ version }} {% for x in list %}{{ x }},{% endfor %} {{ map.k }} {{ os }} <&>\n",
    );
    sandbox.switch();
    assert_eq!(sandbox.read("user/.t"), "8080 true 1.10 a,b, v linux <&>\n");
}

#[test]
fn includes_are_merged_and_paths_start_at_their_file() {
    let sandbox = Sandbox::with("include: [more/base.yaml]\nenv: {A: here}\n");
    sandbox.write(
        "work/more/base.yaml",
        "dgmo: 1\nenv: {A: there, B: there}\nfiles: {.f: {source: f}}\n",
    );
    sandbox.write("work/more/f", "from more");
    sandbox.switch();
    sandbox
        .dgmo("env")
        .works()
        .says("export A='here'")
        .says("export B='there'");
    assert_eq!(sandbox.read("user/.f"), "from more");
}
