//! What people get wrong in a manifest, and what they are told.

use dgmo::manifest::LoadError;
use dgmo::manifest::load;
use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::manifest::Problem;
use dgmo_store::durable;

fn problems(text: &str) -> Vec<Problem> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dgmo.yaml");
    durable::write_new(&path, text.as_bytes(), 0o644).unwrap();
    match load(&path) {
        Ok(loaded) => panic!("accepted:\n{text}\n{:?}", loaded.manifest),
        Err(error) => error.problems().to_vec(),
    }
}

/// A manifest with `^` under the start of each mistake, and for each of them code, words of the message, and of the hint.
pub(crate) fn check(marked: &str, expected: &[(Code, &str, &str)]) {
    let marks: Vec<(usize, usize)> = marked
        .lines()
        .scan(0, |line, text| {
            let column = text
                .trim_start()
                .starts_with('^')
                .then(|| text.find('^'))
                .flatten();
            if column.is_none() {
                *line += 1;
            }
            Some((*line, column))
        })
        .filter_map(|(line, column)| Some((line, column? + 1)))
        .collect();
    let text: String = marked
        .split_inclusive('\n')
        .filter(|line| !line.trim_start().starts_with('^'))
        .collect();
    let found = problems(&text);
    let told: Vec<String> = found
        .iter()
        .map(|p| {
            format!(
                "{} {}:{} {} [{:?}]",
                p.code, p.place.line, p.place.column, p.message, p.hint
            )
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "{text}\n{told:#?}");
    for (index, (code, says, hint)) in expected.iter().enumerate() {
        let problem = &found[index];
        assert_eq!(problem.code, *code, "{text}\n{told:#?}");
        assert!(problem.message.contains(says), "{text}\n{told:#?}");
        let told_hint = problem
            .hint
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(told_hint.contains(hint), "{text}\n{told:#?}");
        let place = (problem.place.line, problem.place.column);
        assert_eq!(Some(&place), marks.get(index), "{text}\n{told:#?}");
        let line = text.lines().nth(problem.place.line - 1).unwrap_or_default();
        assert_eq!(problem.place.text, line, "{text}");
    }
}

#[test]
fn unknown_keys_name_the_nearest_word() {
    check(
        "dgmo: 1\npackges: {}\n^\nnetworking: {}\n^\nkeep: {lst: 3}\n       ^\nfiles:\n  a: {txt: b}\n      ^\n",
        &[
            (
                Code::ManifestUnknownKey,
                "unknown key `packges`",
                "did you mean `packages`?",
            ),
            (
                Code::ManifestUnknownKey,
                "unknown key `networking`",
                "`packages`, `sources`",
            ),
            (
                Code::ManifestUnknownKey,
                "unknown key `lst`",
                "did you mean `last`?",
            ),
            (
                Code::ManifestUnknownKey,
                "unknown key `txt`",
                "did you mean `text`?",
            ),
        ],
    );
}

#[test]
fn what_needs_a_server_is_known_and_says_what_works_today() {
    check(
        "dgmo: 1\nregistries: {main: {url: x}}\n^\nplugins: {}\n^\npackages:\n  ripgrep: \"14\"\n  gh: {cargo: \"https://example.org/x\", version: 2}\n       ^\n  jq: {version: ~1.7, registry: main}\n                      ^\n  fd: {version: 1}\n  biome: {go: example.org/biome}\n          ^\n",
        &[
            (Code::ManifestNotYet, "`registries`", "leave it out"),
            (Code::ManifestNotYet, "`plugins`", "leave it out"),
            (Code::ManifestNotYet, "`cargo`", "{url: …}"),
            (Code::ManifestNotYet, "`registry`", "{url: …}"),
            (Code::ManifestNotYet, "`go`", "{npm: …}"),
        ],
    );
}

#[test]
fn a_short_name_has_nothing_but_a_version_and_what_is_shown() {
    check(
        "dgmo: 1\nindexes:\n  - {url: \"https://example.org/tools.yaml\"}\n    ^\n  - {path: a, url: \"https://b/c\"}\n    ^\n  - {path: a, key: b}\n                   ^\npackages:\n  jq: \"\"\n      ^\n  fd: {version: 1, asset: a}\n                          ^\n",
        &[
            (Code::ManifestEntry, "needs the key", "indexes: [{url:"),
            (Code::ManifestEntry, "one of `path` and `url`", "{path:"),
            (Code::ManifestValue, "not a minisign public key", "RW"),
            (Code::ManifestValue, "asks for no version", "latest"),
            (Code::ManifestEntry, "`asset` needs a source", "{github: …}"),
        ],
    );
}

#[test]
fn hooks_say_what_is_wrong_with_them() {
    check(
        "dgmo: 1\nhooks:\n  before-switch: [echo hi]\n                  ^\n  after-switch:\n    - []\n      ^\n    - {timeout: 5s}\n      ^\n    - {run: [a], timeout: soon}\n                          ^\n    - {run: [a], timeout: 0s}\n                          ^\n    - {run: a}\n            ^\n  after: [[x]]\n  ^\n",
        &[
            (
                Code::ManifestValue,
                "must be written another way",
                "`[echo, hi]`",
            ),
            (Code::ManifestValue, "this one is empty", "systemctl"),
            (Code::ManifestEntry, "does not say what to run", "`run: ["),
            (Code::ManifestValue, "`soon` is not a length of time", ""),
            (Code::ManifestValue, "always runs out", "`10s`"),
            (Code::ManifestValue, "must be a list, not `a`", "`[a]`"),
            (Code::ManifestUnknownKey, "unknown key `after`", ""),
        ],
    );
}

#[test]
fn checks_say_what_is_wrong_with_them() {
    check(
        "dgmo: 1\nchecks:\n  none: {required: false}\n        ^\n  both: {tcp: \"a:1\", file: b}\n                           ^\n  web: {http: localhost}\n              ^\n  code: {http: \"http://h/\", status: 99}\n                                    ^\n  only: {file: a, status: 200}\n                          ^\n  port: {tcp: \"localhost:0\"}\n              ^\n  unit: {unit: \"--now\"}\n               ^\n  never: {file: a, fail_after: 0}\n                               ^\n  \"a b\": {file: a}\n  ^\n  odd: {file: a, retries: 3}\n                 ^\n",
        &[
            (Code::ManifestEntry, "`none` says nothing", "give it one of"),
            (Code::ManifestEntry, "both `tcp` and `file`", "keep one of"),
            (Code::ManifestValue, "begins with `http://`", ""),
            (Code::ManifestValue, "99 is not a status", "100 to 599"),
            (Code::ManifestEntry, "`status` is only for `http`", ""),
            (Code::ManifestValue, "the port must be", ""),
            (Code::ManifestValue, "no name of a unit", ""),
            (Code::ManifestValue, "`fail_after` must be at least 1", ""),
            (
                Code::ManifestName,
                "`a b` cannot be the name of a check",
                "",
            ),
            (Code::ManifestUnknownKey, "unknown key `retries`", ""),
        ],
    );
}

#[test]
fn values_of_the_wrong_kind_say_what_is_expected() {
    check(
        "dgmo: 1\nname: [x]\n      ^\nsystems: x86_64-linux\n         ^\npackages: [a]\n          ^\nfiles:\n  a: text\n     ^\nenv: {A: {b: c}, B: }\n         ^\n                  ^\npath: {a: b}\n      ^\nkeep: {last: many, days: -1, pinned: yes}\n             ^\n                         ^\n                                     ^\n",
        &[
            (Code::ManifestValue, "`name` must be a text, not a list", ""),
            (
                Code::ManifestValue,
                "`systems` must be a list, not `x86_64-linux`",
                "`[x86_64-linux]`",
            ),
            (
                Code::ManifestValue,
                "`packages` must be a map, not a list",
                "",
            ),
            (Code::ManifestValue, "`a` must be a map, not `text`", ""),
            (Code::ManifestValue, "`A` must be a text, not a map", ""),
            (Code::ManifestValue, "`B` must be a text, not nothing", ""),
            (Code::ManifestValue, "`path` must be a list, not a map", ""),
            (
                Code::ManifestValue,
                "`last` must be a whole number, not `many`",
                "",
            ),
            (
                Code::ManifestValue,
                "`days` must be a whole number from 0",
                "",
            ),
            (
                Code::ManifestValue,
                "`pinned` must be `true` or `false`, not `yes`",
                "",
            ),
        ],
    );
}

#[test]
fn the_keys_of_a_package_must_go_together() {
    check(
        "dgmo: 1\npackages:\n  a: {path: x, url: \"https://example.org/x\"}\n                    ^\n  b: {path: x, strip: 1}\n                      ^\n  c: {bin: [x]}\n     ^\n  d: {url: \"https://example.org/{version}\"}\n           ^\n  e: {url: \"ftp://example.org/x\"}\n           ^\n  f: {url: ./x.tar.gz}\n           ^\n  g: {url: \"https://example.org/{sistem}\"}\n           ^\n  h: {url: \"https://example.org/x\", unpack: tar.gzip}\n                                            ^\n  i: {url: \"https://example.org/x\", digest: \"md5:00\"}\n                                            ^\n  j: {url: \"https://example.org/{system}\", digest: \"b3:00\"}\n                                                   ^\n  k: {url: \"https://example.org/x\", digest: {linux: b3:00}}\n                                             ^\n                                                    ^\n  l: {path: x, bin: [../hx]}\n                     ^\n  m: {url: \"https://example.org/x\", minisign: abc}\n                                              ^\n  \"n n\": {path: x}\n  ^\n",
        &[
            (
                Code::ManifestEntry,
                "`a` has both `path` and `url`",
                "keep the one",
            ),
            (Code::ManifestEntry, "`strip` goes with `url`", ""),
            (
                Code::ManifestEntry,
                "`c` does not say where",
                "a `url:` or a catalogue",
            ),
            (
                Code::ManifestEntry,
                "no `version` is given",
                "add a `version:`",
            ),
            (Code::ManifestValue, "`https://`, `http://` or `file:`", ""),
            (Code::ManifestValue, "not an address", "write `path:`"),
            (
                Code::ManifestValue,
                "placeholder `{sistem}`",
                "did you mean `{system}`?",
            ),
            (
                Code::ManifestValue,
                "`unpack` must be another word, not `tar.gzip`",
                "did you mean `tar.gz`?",
            ),
            (
                Code::ManifestValue,
                "`md5:00` is not a digest",
                "64 hexadecimal digits",
            ),
            (
                Code::ManifestEntry,
                "one digest cannot hold",
                "a line for each system",
            ),
            (Code::ManifestValue, "`linux` is not a system", "use one of"),
            (Code::ManifestValue, "`b3:00` is not a digest", ""),
            (
                Code::ManifestValue,
                "not a path inside the package",
                "bin/hx",
            ),
            (Code::ManifestValue, "not a minisign public key", "`.pub`"),
            (
                Code::ManifestName,
                "`n n` cannot be the name of a package",
                "",
            ),
        ],
    );
}

#[test]
fn packages_of_catalogues_say_what_is_wrong_with_them() {
    check(
        "dgmo: 1\nsources:\n  nmp: {url: \"https://example.org\"}\n  ^\n  npm: {url: example.org}\n             ^\n  pypi: {mirrors: []}\n        ^\npackages:\n  a: {github: cli}\n              ^\n  b: {npm: x, pypi: x}\n                    ^\n  c: {npm: x, strip: 1}\n                     ^\n  d: {npm: x, asset: x}\n                     ^\n  e: {github: a/b, asset: \"{sistem}\"}\n                          ^\n  f: {github: a/b, asset: {linux: x}}\n                           ^\n  g: {npm: x, version: \"\"}\n                       ^\n  h: {url: \"https://example.org/x\", asset: x}\n                                           ^\n",
        &[
            (Code::ManifestName, "none of `github`", ""),
            (
                Code::ManifestValue,
                "not an address to ask at",
                "`https://`",
            ),
            (
                Code::ManifestEntry,
                "`pypi` does not say where",
                "sources: {pypi:",
            ),
            (Code::ManifestValue, "`cli` cannot be", "`owner/name`"),
            (
                Code::ManifestEntry,
                "`b` has both `npm` and `pypi`",
                "keep the one",
            ),
            (Code::ManifestEntry, "`strip` goes with `url`", ""),
            (Code::ManifestEntry, "`asset` goes with releases", ""),
            (
                Code::ManifestValue,
                "placeholder `{sistem}`",
                "did you mean `{system}`?",
            ),
            (Code::ManifestValue, "`linux` is not a system", "use one of"),
            (Code::ManifestValue, "asks for no version", "`latest`"),
            (Code::ManifestEntry, "`asset` goes with releases", ""),
        ],
    );
}

#[test]
fn archives_of_debian_say_what_is_wrong_with_them() {
    check(
        "dgmo: 1\nsources:\n  npm: {url: \"https://h\", suite: x}\n                                 ^\n  deb: {url: \"https://h\"}\n       ^\npackages:\n  a: {deb: Jq}\n           ^\n  b: {npm: b, dependencies: true}\n                            ^\n",
        &[
            (Code::ManifestEntry, "`suite` goes with `deb`", ""),
            (
                Code::ManifestEntry,
                "does not say which suite",
                "suite: stable",
            ),
            (Code::ManifestValue, "`Jq` cannot be", "`apt install`"),
            (Code::ManifestEntry, "`dependencies` goes with `deb`", ""),
        ],
    );
    for (text, why) in [
        (
            "dgmo: 1\nsources:\n  deb: {url: \"https://h\", suite: ../x, key: k, components: [a b]}\n                                 ^\n",
            "`../x` is no part",
        ),
        (
            "dgmo: 1\nsources:\n  deb: {url: \"https://h\", suite: x, key: k, components: [a b]}\n                                                         ^\n",
            "`a b` is no part",
        ),
    ] {
        check(text, &[(Code::ManifestValue, why, "")]);
    }
}

#[test]
fn repositories_of_git_say_what_is_wrong_with_them() {
    check(
        "dgmo: 1\npackages:\n  a: {git: \"ext::sh\"}\n           ^\n  b: {git: /srv/b, rev: main, version: 2}\n                                       ^\n  c: {git: /srv/c, rev: \"-x\"}\n                        ^\n  d: {git: /srv/d, subdir: ../x}\n                           ^\n  e: {npm: e, rev: x}\n                   ^\n  f: {path: ./f, submodules: true}\n                             ^\n  g: {git: /srv/g, asset: x}\n                          ^\n",
        &[
            (Code::ManifestValue, "`ext::sh` cannot be", "`git clone`"),
            (
                Code::ManifestEntry,
                "both say what is taken",
                "keep the one",
            ),
            (Code::ManifestValue, "`-x` is no tag", "its name alone"),
            (Code::ManifestValue, "`../x` is no folder", ""),
            (Code::ManifestEntry, "`rev` goes with `git`", ""),
            (Code::ManifestEntry, "`submodules` goes with `git`", ""),
            (Code::ManifestEntry, "`asset` goes with releases", ""),
        ],
    );
}

#[test]
fn the_keys_of_a_file_must_go_together() {
    check(
        "dgmo: 1\nfiles:\n  a: {text: x, source: y}\n                       ^\n  b: {mode: \"0600\"}\n     ^\n  c: {text: x, values: {a: b}}\n                       ^\n  d: {text: x, mode: 0600}\n                     ^\n  e: {text: x, mode: \"rwx\"}\n                     ^\n  f: {text: x, mode: \"4755\"}\n                     ^\n  g: {source: x, as: lnk}\n                     ^\n  h: {text: x, as: links}\n     ^\n  ../i: {text: x}\n  ^\n  /j: {text: x}\n  ^\n  k: {source: \"\"}\n              ^\n",
        &[
            (
                Code::ManifestEntry,
                "`a` has both `text` and `source`",
                "keep one of",
            ),
            (
                Code::ManifestEntry,
                "`b` says nothing",
                "`text:`, `source:`",
            ),
            (
                Code::ManifestEntry,
                "`values` are only for a `template`",
                "",
            ),
            (
                Code::ManifestValue,
                "written like a number",
                "put it in quotes: \"0600\"",
            ),
            (Code::ManifestValue, "`rwx` is not a mode", "\"0600\""),
            (Code::ManifestValue, "`4755` is not a mode", "\"0600\""),
            (
                Code::ManifestValue,
                "`as` must be another word, not `lnk`",
                "did you mean `link`?",
            ),
            (Code::ManifestEntry, "`as: links` is for a folder", ""),
            (Code::ManifestName, "`../i` cannot be a path", ""),
            (Code::ManifestName, "`/j` cannot be a path", ""),
            (Code::ManifestValue, "the path is empty", ""),
        ],
    );
}

#[test]
fn two_files_in_one_place_name_both_places() {
    for (upper, says) in [
        ("{text: x}", "is a file"),
        ("{source: x}", "is one link for the whole of it"),
        ("{source: x, as: copy}", "is copied as a whole"),
    ] {
        let text = format!("dgmo: 1\nfiles:\n  .config/a/b: {{text: y}}\n  .config/a: {upper}\n");
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].code, Code::ManifestConflict);
        assert!(found[0].message.contains(says), "{}", found[0]);
        assert!(found[0].message.contains("line 4"), "{}", found[0]);
        assert_eq!(found[0].place.line, 3);
        assert_eq!(found[0].other.as_ref().unwrap().line, 4);
    }
}

#[test]
fn a_conflict_is_told_beside_other_mistakes_and_an_aliased_mistake_once() {
    let found = problems(
        "dgmo: 1\nfiles:\n  a: {text: x}\n  a/b: {text: y}\npackages:\n  p: &p {path: x, bim: [y]}\n  q: *p\n",
    );
    let codes: Vec<Code> = found.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::ManifestUnknownKey, Code::ManifestConflict]);
}

#[test]
fn systems_path_and_env_are_checked() {
    check(
        "dgmo: 1\nsystems: [x86_64-linus, BeOS]\n          ^\n                        ^\npath: [\"\", a:b, ~user/bin, ~]\n       ^\n           ^\n                ^\n                           ^\nenv: {PATH: x, 1A: y}\n      ^\n               ^\n",
        &[
            (
                Code::ManifestValue,
                "`x86_64-linus` is not a system",
                "did you mean `x86_64-linux`?",
            ),
            (Code::ManifestValue, "`BeOS` is not a system", "use one of"),
            (Code::ManifestValue, "the path is empty", ""),
            (Code::ManifestValue, "a colon", ""),
            (Code::ManifestValue, "only `~/`", ""),
            (
                Code::ManifestValue,
                "an entry of `path` must be a text, not nothing",
                "",
            ),
            (
                Code::ManifestName,
                "the search path is set with `path:`",
                "",
            ),
            (Code::ManifestName, "must not begin with a digit", ""),
        ],
    );
}

#[test]
fn the_format_is_required_and_known() {
    let found = problems("name: x\n");
    assert_eq!(found[0].code, Code::ManifestFormat);
    assert_eq!((found[0].place.line, found[0].place.column), (1, 1));
    check(
        "dgmo: 2\n      ^\n",
        &[(Code::ManifestFormat, "`dgmo: 2`", "newer")],
    );
    check(
        "dgmo: one\n      ^\n",
        &[(Code::ManifestValue, "`dgmo` must be a whole number", "")],
    );
    assert_eq!(problems("")[0].code, Code::ManifestFormat);
    assert_eq!(problems("# nothing\n")[0].code, Code::ManifestFormat);
    assert_eq!(problems("just words\n")[0].code, Code::ManifestValue);
}

#[test]
fn all_duplicate_keys_are_told_with_the_first_of_them() {
    let found = problems(
        "dgmo: 1\nenv: {A: 1, A: 2}\nenv: {B: 1}\npackages:\n  a: {path: x}\n  a: {path: y}\n",
    );
    let lines: Vec<_> = found
        .iter()
        .map(|p| (p.place.line, p.other.as_ref().unwrap().line))
        .collect();
    assert_eq!(lines, [(2, 2), (3, 2), (6, 5)]);
    assert!(found.iter().all(|p| p.code == Code::ManifestDuplicateKey));
}

#[test]
fn text_that_is_not_yaml_is_told_with_its_place() {
    for (text, code, line) in [
        ("dgmo: 1\nenv:\n\tA: b\n", Code::ManifestSyntax, 3),
        ("dgmo: 1\nenv: {A: b\n", Code::ManifestSyntax, 2),
        ("dgmo: 1\nname: *x\n", Code::ManifestSyntax, 2),
        ("dgmo: 1\nname: !secret x\n", Code::ManifestSyntax, 2),
        ("dgmo: 1\n---\ndgmo: 1\n", Code::ManifestSyntax, 2),
        ("dgmo: 1\n[a]: b\n", Code::ManifestSyntax, 2),
        ("dgmo: 1\nname: a: b\n", Code::ManifestSyntax, 2),
        ("dgmo: 1\nenv: &a {A: *a}\n", Code::ManifestSyntax, 2),
        ("dgmo: 1\nenv:\n  <<: x\n", Code::ManifestSyntax, 3),
    ] {
        let found = problems(text);
        assert_eq!(
            (found[0].code, found[0].place.line),
            (code, line),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_there_or_not_readable_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let error = load(&folder.path().join("dgmo.yaml")).unwrap_err();
    assert!(matches!(error, LoadError::Missing { .. }));
    assert!(error.hint().is_some());
    let error = load(folder.path()).unwrap_err();
    assert_eq!(error.code(), Code::ManifestUnreadable);
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dgmo.yaml");
    durable::write_new(&path, b"dgmo: 1\nname: \xff\n", 0o644).unwrap();
    let error = load(&path).unwrap_err();
    let place = error.place().unwrap();
    assert_eq!((place.line, place.column), (2, 7));
}

#[test]
fn anchors_aliases_and_merge_keys_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dgmo.yaml");
    let text =
        "dgmo: 1\npackages:\n  a: &a {path: x, priority: 3}\n  b: *a\n  c: {<<: *a, path: y}\n";
    durable::write_new(&path, text.as_bytes(), 0o644).unwrap();
    let manifest = load(&path).unwrap().manifest;
    assert_eq!(manifest.packages["a"], manifest.packages["b"]);
    assert_eq!(manifest.packages["c"].priority, 3);
}

#[test]
fn services_and_state_say_what_is_wrong_with_them() {
    check(
        "dgmo: 1\nservices:\n  a: {run: sleep}\n           ^\n  b: {after: [a]}\n     ^\n  c: {run: [x], ready: {tcp: here}}\n                             ^\n  d: {run: [x], ready: {tcp: \"h:1\", file: x}}\n                                          ^\n  e: {run: [x], restart: sometimes}\n                         ^\n  f: {run: [x], stop-timeout: soon}\n                              ^\n  g: {run: [x], folder: ../up}\n                        ^\nstate:\n  s: {path: \"~\"}\n            ^\n  t: {services: [b]}\n     ^\n",
        &[
            (Code::ManifestValue, "must be a list", "[sleep]"),
            (Code::ManifestEntry, "`b` has no `run`", "run: [program"),
            (Code::ManifestValue, "`here` cannot be looked at", ""),
            (Code::ManifestEntry, "`ready` of `d` has both", "keep one"),
            (Code::ManifestValue, "", "`on-failure`"),
            (Code::ManifestValue, "`soon` is not a length of time", ""),
            (Code::ManifestValue, "`..`", ""),
            (Code::ManifestValue, "more than the state", "own data"),
            (Code::ManifestEntry, "`t` has no `path`", ""),
        ],
    );
}

#[test]
fn services_know_each_other_and_wait_in_no_circle() {
    check(
        "dgmo: 1\nservices:\n  a: {run: [x], after: [b]}\n  ^\n  b: {run: [x], after: [c]}\n  c: {run: [x], after: [a]}\n",
        &[(
            Code::ServiceCircle,
            "`a` after `b` after `c` after `a`",
            "take one `after`",
        )],
    );
    check(
        "dgmo: 1\nservices:\n  web: {run: [x], after: [webb]}\n  ^\nstate:\n  s: {path: ~/s, services: [db]}\n  ^\n  t: {path: ~/s/t}\n  ^\n",
        &[
            (Code::ServiceUnknown, "`webb`, which is no service", "`web`"),
            (
                Code::ServiceUnknown,
                "`db`, which is no service",
                "add a service",
            ),
            (Code::ManifestConflict, "`t` lies in that of `s`", ""),
        ],
    );
}
