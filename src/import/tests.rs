//! Whatever another tool's file holds, the manifest made of it is one that loads.

use std::path::Path;
use std::path::PathBuf;

use dgmo_store::durable;
use proptest::prelude::*;

use super::*;

fn around(root: &Path) -> Around {
    Around {
        target: root.join("home"),
        home: root.join("home"),
        places: Places {
            homebrew: vec![root.join("brew")],
            installs: vec![root.join("installs")],
        },
    }
}

fn nowhere() -> Around {
    around(Path::new("/nowhere"))
}

/// The manifest of `found` loads and says as much as was found.
#[track_caller]
fn loads(found: &Found, kind: Kind) -> String {
    let around = nowhere();
    let text = manifest(
        found,
        kind,
        Path::new("x\ny"),
        Path::new("/m/dgmo.yaml"),
        &around,
    );
    let loaded = crate::manifest::load_text(Path::new("/m/dgmo.yaml"), &text);
    let loaded = loaded
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .manifest;
    assert_eq!(loaded.packages.len(), found.packages.len(), "{text}");
    assert_eq!(loaded.files.len(), found.files.len(), "{text}");
    assert_eq!(loaded.env, found.env, "{text}");
    text
}

fn left(found: &Found) -> Vec<(&str, Option<usize>)> {
    let all = found.not_mapped.iter();
    all.map(|left| (left.what.as_str(), left.line)).collect()
}

#[test]
fn a_brewfile_is_read_line_by_line() {
    let text = r##"# mine
tap "homebrew/bundle"
brew "jq"
brew 'user/tap/tool', args: ["with-x"],
     restart_service: true
brew "wget" if OS.mac?
cask "firefox"
mas "Xcode", id: 497799835
if OS.mac?
  brew "gnu-sed"  # comment
end
brew "#{name}"
strange "thing"
cask_args appdir: "/Applications"
"##;
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("brew/opt/jq/bin");
    durable::make_folders(&bin).unwrap();
    durable::write_new(&bin.join("jq"), b"#!/bin/sh\n", 0o755).unwrap();
    let found = brewfile::read(text, &around(root.path()));
    assert_eq!(found.packages.keys().next().unwrap().as_str(), "jq");
    assert_eq!(
        left(&found),
        [
            ("tap homebrew/bundle", Some(2)),
            ("brew user/tap/tool", Some(4)),
            ("brew wget", Some(6)),
            ("cask firefox", Some(7)),
            ("mas Xcode", Some(8)),
            ("if OS.mac?", Some(9)),
            ("brew gnu-sed", Some(10)),
            ("end", Some(11)),
            ("brew \"#{name}\"", Some(12)),
            ("strange thing", Some(13)),
            ("cask_args", Some(14)),
        ]
    );
    let text = loads(&found, Kind::Brewfile);
    assert!(
        text.contains("#   brew wget (line 6): it has a condition in Ruby"),
        "{text}"
    );
}

#[test]
fn mise_says_tools_variables_and_folders() {
    let text = r#"
min_version = "2024.1"
[tools]
node = "20"
python = ["3.11", "3.12"]
"npm:prettier" = { version = "3" }
go = { path = "/x" }
[env]
EDITOR = "hx"
COUNT = 3
GONE = false
WHERE = "{{config_root}}/x"
PATH = "/x"
_.path = ["~/bin", "./node_modules/.bin"]
_.file = ".env"
[tasks.build]
run = "make"
"#;
    let root = tempfile::tempdir().unwrap();
    for tool in ["installs/node/20/bin", "installs/npm-prettier/3/bin"] {
        let folder = root.path().join(tool);
        durable::make_folders(&folder).unwrap();
        durable::write_new(&folder.join("tool"), b"#!/bin/sh\n", 0o755).unwrap();
    }
    let mut found = mise::read(Path::new("mise.toml"), text, &around(root.path())).unwrap();
    local::rank(&mut found.packages);
    let names: Vec<&str> = found.packages.keys().map(PackageName::as_str).collect();
    assert_eq!(names, ["node", "prettier"]);
    // Both have `bin/tool`.
    let priorities: Vec<i32> = found.packages.values().map(|it| it.priority).collect();
    assert_eq!(priorities, [0, -1]);
    assert_eq!(found.env.len(), 2);
    assert_eq!(found.path, ["~/bin"]);
    let what: Vec<&str> = left(&found).iter().map(|(what, _)| *what).collect();
    for expected in [
        "python 3.11",
        "python 3.12",
        "go",
        "GONE",
        "WHERE",
        "PATH",
        "env._.file",
        "env._.path ./node_modules/.bin",
        "[tasks]",
        "[min_version]",
    ] {
        assert!(what.contains(&expected), "{expected}: {what:?}");
    }
    loads(&found, Kind::Mise);
}

#[test]
fn tool_versions_have_lines() {
    let text = "# mine\nnodejs 20.1.0 18.0.0 # two\npython system\nruby\n\nodd ../../etc\n";
    let found = mise::read_tool_versions(text, &nowhere());
    assert_eq!(
        left(&found),
        [
            ("nodejs 20.1.0", Some(2)),
            ("nodejs 18.0.0", Some(2)),
            ("python system", Some(3)),
            ("ruby", Some(4)),
            ("odd ../../etc", Some(6)),
        ]
    );
    loads(&found, Kind::ToolVersions);
}

#[test]
fn pixi_is_told_and_not_taken() {
    let text = "version = 1\n[envs.rg]\nchannels = [\"conda-forge\"]\ndependencies = { ripgrep = \"14.*\", x = {version = \"1\"} }\nexposed = { rg = \"rg\" }\n[envs.none]\n[odd]\n";
    let found = pixi::read(Path::new("pixi-global.toml"), text).unwrap();
    let mut what: Vec<&str> = left(&found).iter().map(|(what, _)| *what).collect();
    what.sort_unstable();
    assert_eq!(
        what,
        [
            "[odd]",
            "none",
            "ripgrep 14.* of the environment rg",
            "x 1 of the environment rg"
        ]
    );
    loads(&found, Kind::Pixi);
}

#[test]
fn each_form_of_a_nix_profile_is_read() {
    let root = tempfile::tempdir().unwrap();
    let name = format!("{}-hello-2.12", "a".repeat(32));
    let output = root.path().join(&name);
    durable::make_folders(&output.join("bin")).unwrap();
    durable::write_new(&output.join("bin/hello"), b"#!/bin/sh\n", 0o755).unwrap();
    let output = fs_path(&output);
    let old = format!(
        r#"{{"version": 2, "elements": [{{"active": true, "attrPath": "legacyPackages.x.hello", "storePaths": ["{output}"]}}, {{"active": false, "storePaths": []}}, 3]}}"#
    );
    let new = format!(
        r#"{{"version": 3, "elements": {{"hello": {{"storePaths": ["{output}", "/nix/store/gone-1"]}}}}}}"#
    );
    for (text, left_count) in [(old, 2), (new, 1)] {
        let found = nix::read(Path::new("manifest.json"), &text).unwrap();
        let (name, package) = found.packages.iter().next().unwrap();
        assert_eq!(name.as_str(), "hello");
        assert_eq!(package.version.as_deref(), Some("2.12"));
        assert_eq!(found.not_mapped.len(), left_count, "{text}");
        loads(&found, Kind::Nix);
    }
    for odd in ["", "[]", "{}", "{\"elements\": 3}", "{\"elements\": [[[["] {
        assert!(nix::read(Path::new("manifest.json"), odd).is_err(), "{odd}");
    }
}

fn fs_path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_leads_out_of_its_folder_is_not_taken() {
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("brew/opt/odd/bin");
    durable::make_folders(&bin).unwrap();
    durable::symlink(Path::new("/etc/passwd"), &bin.join("odd")).unwrap();
    let found = brewfile::read(
        "brew \"odd\"\nbrew \"../../etc\"\nbrew \"..\"\n",
        &around(root.path()),
    );
    assert!(found.packages.is_empty());
    assert!(found.not_mapped[0].why.contains("cannot be taken as it is"));
}

#[test]
fn a_chezmoi_root_may_not_lead_out() {
    let root = tempfile::tempdir().unwrap();
    durable::write_new(&root.path().join(".chezmoiroot"), b"../../etc\n", 0o644).unwrap();
    assert!(matches!(
        chezmoi::read(root.path(), &nowhere()),
        Err(ImportError::Syntax { .. })
    ));
}

#[test]
fn a_file_that_never_ends_or_is_no_text_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("Brewfile");
    durable::write_new(&path, &vec![b'#'; 5 << 20], 0o644).unwrap();
    let refused = read(Kind::Brewfile, &path, &nowhere());
    assert!(matches!(refused, Err(ImportError::TooLarge { .. })));
    let path = root.path().join("mise.toml");
    durable::write_new(&path, b"\xff\xfe", 0o644).unwrap();
    let refused = read(Kind::Mise, &path, &nowhere());
    assert!(matches!(refused, Err(ImportError::Syntax { .. })));
    let refused = read(Kind::Brewfile, root.path(), &nowhere());
    assert!(matches!(refused, Err(ImportError::Kind { .. })));
}

#[test]
fn folders_are_looked_at_to_an_end() {
    let root = tempfile::tempdir().unwrap();
    let deep: PathBuf = std::iter::repeat_n("d", 80).collect();
    durable::make_folders(&root.path().join("pkg").join(deep)).unwrap();
    for kind in [Kind::Stow, Kind::Chezmoi, Kind::HomeManager] {
        let refused = read(kind, root.path(), &nowhere());
        assert!(
            matches!(refused, Err(ImportError::TooLarge { .. })),
            "{kind:?}"
        );
    }
}

/// Lines as these files have them, and lines that go wrong.
fn lines() -> impl Strategy<Value = String> {
    let word = "[a-z\"'#{}\\\\@/._ \\n:,=\\[\\]-]{0,20}";
    let line = prop_oneof![
        word.prop_map(|it| format!("brew \"{it}\"")),
        word.prop_map(|it| format!("{it} = \"{it}\"")),
        word.prop_map(|it| format!("[{it}]")),
        word.prop_map(|it| it),
        any::<String>(),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn what_is_made_of_any_text_loads(text in lines()) {
        loads(&brewfile::read(&text, &nowhere()), Kind::Brewfile);
        loads(&mise::read_tool_versions(&text, &nowhere()), Kind::ToolVersions);
        if let Ok(found) = mise::read(Path::new("x"), &text, &nowhere()) {
            loads(&found, Kind::Mise);
        }
        if let Ok(found) = pixi::read(Path::new("x"), &text) {
            loads(&found, Kind::Pixi);
        }
        if let Ok(found) = nix::read(Path::new("x"), &text) {
            loads(&found, Kind::Nix);
        }
    }

    #[test]
    fn what_is_made_of_any_toml_loads(
        tools in prop::collection::btree_map(any::<String>(), any::<String>(), 0..5),
        env in prop::collection::btree_map(any::<String>(), any::<String>(), 0..5),
        more in any::<String>(),
    ) {
        let table = toml_of(&[("tools", &tools), ("env", &env)], &more);
        if let Ok(found) = mise::read(Path::new("x"), &table, &nowhere()) {
            loads(&found, Kind::Mise);
        }
        let elements = serde_json::json!({"elements": {&more: {"storePaths": tools.values().collect::<Vec<_>>()}}});
        let found = nix::read(Path::new("x"), &elements.to_string()).unwrap();
        loads(&found, Kind::Nix);
    }

    #[test]
    fn what_is_made_of_any_names_loads(names in prop::collection::vec("[a-z_.\\n\"#: -]{1,24}", 1..8)) {
        let root = tempfile::tempdir().unwrap();
        for name in &names {
            let folder = root.path().join("pkg");
            durable::make_folders(&folder).unwrap();
            // A name may be there already, or be none.
            drop(durable::write_new(&folder.join(name), b"x", 0o644));
        }
        for kind in [Kind::Stow, Kind::Chezmoi, Kind::HomeManager] {
            let found = read(kind, root.path(), &around(root.path())).unwrap();
            loads(&found, kind);
        }
    }
}

fn toml_of(tables: &[(&str, &std::collections::BTreeMap<String, String>)], more: &str) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mut text = String::new();
    for (name, table) in tables {
        text.push_str(&format!("[{name}]\n"));
        for (key, value) in *table {
            text.push_str(&format!("{} = {}\n", quoted(key), quoted(value)));
        }
    }
    text + &format!("[{}]\nx = 1\n", quoted(more))
}
