//! Python packages: which wheels, laid out as one environment that runs wherever it is and is never written to.

mod environment;
mod index;
pub(crate) mod real;

use std::process::Command;

pub(crate) use index::File;
pub(crate) use index::Index;
use index::Wheel;
pub(crate) use index::sha256;

use super::Ran;
use super::Sandbox;
use super::Snapshot;

/// What the tool's module does.
const TOOL: &str = "import sys, colours, colours.deep\n\ndef main():\n    print('tool', sys.argv[1:], colours.NAME, colours.deep.NAME)\n    return 7 if 'fail' in sys.argv else 0\n";

const POINTS: &str = "[console_scripts]\nhello = hello.cli:main\n[gui_scripts]\nhello-win = hello.cli:main [window]\n";

/// An index with a tool and what it needs.
pub(crate) fn shop() -> Index {
    let index = Index::new();
    for version in ["1.0", "1.1", "2.0", "2.1rc1"] {
        index.wheel(
            "hello",
            version,
            &[
                "Requires-Dist: colours>=1,<3",
                "Requires-Dist: windows-only ; sys_platform == 'win32'",
                "Requires-Dist: extra-thing ; extra == 'more'",
                "Provides-Extra: more",
            ],
            &[
                ("hello/__init__.py", ""),
                ("hello/cli.py", TOOL),
                ("hello/template.py", "this is {{ no }} python"),
                ("{info}/entry_points.txt", POINTS),
                ("{data}/scripts/hello-sh", "#!/bin/sh\necho shell \"$@\"\n"),
                (
                    "{data}/scripts/hello-py",
                    "#!python\nimport sys, colours\nprint('script', sys.argv[1:], colours.NAME)\n",
                ),
                ("{data}/data/share/man/man1/hello.1", "manual"),
                ("{data}/purelib/hello/placed.py", "PLACED = 1\n"),
                ("{data}/headers/hello.h", "/* c */\n"),
            ],
        );
    }
    for version in ["1.0", "2.5", "3.0"] {
        let name = format!("NAME = 'colours-{version}'\n");
        index.wheel(
            "colours",
            version,
            &[],
            &[("colours/__init__.py", &name), ("colours/deep.py", &name)],
        );
    }
    index.wheel("extra-thing", "1", &[], &[("extra_thing.py", "")]);
    index
}

/// The second number of the Python that is here; nothing where there is none, which is told.
pub(crate) fn python() -> Option<String> {
    let output = Command::new("/usr/bin/env")
        .args(["PATH=/usr/local/bin:/usr/bin:/bin", "python3", "-c"])
        .arg("import sys; print('%d.%d' % sys.version_info[:2])")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let found = output.status.success().then(|| text.trim().to_owned());
    if found.is_none() {
        println!("skipped: there is no python3 on this machine");
    }
    found
}

/// A machine with the tool of `shop`.
pub(crate) fn with_hello(index: &Index, python: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    index.manifest(
        &sandbox,
        &format!("  hello: {{pypi: Hello, python: \"{python}\"{more}}}\n"),
    );
    sandbox
}

/// Runs a line with the programs of the current generation.
fn sh(sandbox: &Sandbox, line: &str) -> Ran {
    sandbox.sh(&format!("eval \"$(dgmo env)\"; {line}"))
}

#[test]
fn a_tool_runs_with_what_it_needs() {
    let Some(python) = python() else { return };
    let index = shop();
    for is_html in [false, true] {
        index.change(|state| state.is_html = is_html);
        let sandbox = with_hello(&index, &python, "");
        sandbox.switch();
        let lock = sandbox.read("work/dgmo.lock");
        for words in ["\"2.0\"", "colours-2.5-py3-none-any.whl", "\"python 3."] {
            assert!(lock.contains(words), "{words}: {lock}");
        }
        assert!(!lock.contains("extra_thing") && !lock.contains("127.0.0.1"));
        sh(&sandbox, "hello a 'b c'")
            .works()
            .says("tool ['a', 'b c'] colours-2.5 colours-2.5");
        sh(&sandbox, "hello fail").exits(7);
        sh(&sandbox, "hello-win").works().says("tool []");
        sh(&sandbox, "hello-sh x 'y z'").works().says("shell x y z");
        sh(&sandbox, "hello-py x")
            .works()
            .says("script ['x'] colours-2.5");
        let view = sandbox.profile().join("current/view");
        assert_eq!(sandbox.read(view.join("share/man/man1/hello.1")), "manual");
        assert!(sandbox.exists(view.join("include/hello/hello.h")));
        assert!(
            !sandbox.exists(view.join("env")),
            "a view shows programs only"
        );
    }
}

#[test]
fn a_tool_runs_through_links_and_where_its_tree_was_moved_to() {
    let Some(python) = python() else { return };
    let sandbox = with_hello(&shop(), &python, "");
    sandbox.switch();
    let bin = sandbox.profile().join("current/view/bin/hello");
    sandbox.link(&bin, "user/one/hello");
    sandbox.link("../one/hello", "user/two/hello again");
    sandbox
        .sh("\"$HOME/two/hello again\" x; PATH=\"$HOME/one:$PATH\"; hello y; cd \"$HOME/two\"; './hello again' z")
        .works()
        .says("tool ['x']")
        .says("tool ['y']")
        .says("tool ['z']");
    let tree = bin.canonicalize().unwrap();
    let tree = tree.parent().unwrap().parent().unwrap();
    let line = format!(
        "cp -r '{}' \"$HOME/a moved tree\" && \"$HOME/a moved tree/bin/hello\" m",
        tree.display()
    );
    sandbox.sh(&line).works().says("tool ['m'] colours-2.5");
}

#[test]
fn nothing_is_ever_written_into_a_tree() {
    let Some(python) = python() else { return };
    let sandbox = with_hello(&shop(), &python, "");
    sandbox.switch();
    let trees = sandbox.home().join("store/trees");
    let find = format!("find '{}' -name '*.pyc' | wc -l", trees.display());
    let compiled: usize = sandbox.sh(&find).works().stdout.trim().parse().unwrap();
    // `__init__`, `cli` and `placed` of the one, `__init__` and `deep` of the other; the template is no Python.
    assert_eq!(compiled, 5);
    let before = Snapshot::of(&trees);
    // Whoever runs the tests may be root, whom no permission keeps from writing.
    sh(&sandbox, "hello; hello-py; hello-win").works();
    let site = format!(
        "$(dirname \"$(readlink -f \"$(command -v hello)\")\")/../env/lib/python{python}/site-packages"
    );
    // Even a Python that is told nothing believes the bytecode that is there, and writes none.
    let line = format!(
        "cd \"{site}\" && env -u PYTHONDONTWRITEBYTECODE python3 -c 'import hello.cli, hello.placed; print(hello.cli.__cached__)'"
    );
    sh(&sandbox, &line).works().says(".pyc");
    before.assert_same(&Snapshot::of(&trees), "something wrote into a tree");
    sandbox.dgmo("store verify").works();
}

#[test]
fn a_lock_is_the_same_everywhere_and_nothing_is_asked_where_it_fits() {
    let index = shop();
    let mut locks = Vec::new();
    for _ in 0..2 {
        let sandbox = with_hello(&index, "3.11", ", extras: [More]");
        sandbox.dgmo("lock").works();
        locks.push(sandbox.read("work/dgmo.lock"));
        index.asked();
        sandbox.dgmo("lock").works();
        assert_eq!(index.asked(), [""; 0]);
        assert_eq!(sandbox.read("work/dgmo.lock"), locks[0]);
    }
    assert_eq!(locks[0], locks[1]);
    assert!(locks[0].contains("\"hello[more]\"") && locks[0].contains("extra_thing-1"));
}

#[test]
fn a_lock_is_the_same_with_what_was_kept_of_pages_and_without() {
    for (is_html, says_no_digests) in [(false, false), (true, false), (false, true)] {
        let index = shop();
        index.change(|state| {
            state.is_html = is_html;
            state.says_no_digests = says_no_digests;
        });
        let sandbox = with_hello(&index, "3.11", ", extras: [more]");
        let lock = |flags: &str| {
            sandbox.sh("rm -f dgmo.lock").works();
            sandbox.dgmo(&format!("lock{flags}")).works();
            sandbox.read("work/dgmo.lock")
        };
        let first = lock("");
        let downloads = sandbox.home().join("cache/downloads");
        let each = |line: &str| {
            let line = format!(
                "cd '{}' && for it in *.gist; do {line}; done",
                downloads.display()
            );
            sandbox.sh(&line).works();
        };
        let files = std::fs::read_dir(&downloads).unwrap();
        let ends = files.map(|file| file.unwrap().path().extension().map(ToOwned::to_owned));
        let gists = ends.filter(|end| end.as_deref() == Some("gist".as_ref()));
        // Of each of `hello`, `colours` and `extra-thing` a page and a wheel, which is fetched once more to hash it
        // where nobody tells its digest.
        let expected = if says_no_digests { 3 } else { 6 };
        assert_eq!(gists.count(), expected);
        assert_eq!(lock(" --offline"), first);
        each("echo damaged >\"$it\"");
        assert_eq!(lock(" --offline"), first);
        each("rm \"$it\"");
        assert_eq!(lock(" --offline"), first);
        assert_eq!(lock(""), first);
        // What is published later is seen by who asks for it, whatever was kept.
        index.wheel(
            "colours",
            "2.6",
            &[],
            &[("colours/__init__.py", "NAME = 'new'\n")],
        );
        assert_eq!(lock(" --offline"), first);
        assert!(lock("").contains("colours-2.6-py3"));
    }
}

#[test]
fn what_is_asked_for_decides_what_of_a_lock_stays() {
    let index = shop();
    let sandbox = with_hello(&index, "3.11", ", version: \"1.0\"");
    sandbox.dgmo("lock").works();
    assert!(sandbox.read("work/dgmo.lock").contains("hello-1.1-py3"));
    for (more, words) in [
        (", version: \"=1.0\"", "hello-1.0-py3"),
        (", version: \"2.1rc1\"", "hello-2.1rc1-py3"),
        (", extras: [more]", "extra_thing-1"),
    ] {
        index.manifest(
            &sandbox,
            &format!("  hello: {{pypi: hello, python: \"3.11\"{more}}}\n"),
        );
        sandbox.dgmo("lock").works();
        let lock = sandbox.read("work/dgmo.lock");
        assert!(lock.contains(words), "{words}: {lock}");
    }
    // The Python of the manifest itself, where the package names none.
    index.manifest(
        &sandbox,
        "  hello: {pypi: hello}\n  python: {url: \"http://127.0.0.1:1/python.tar.gz\", version: \"3.12.4\"}\n",
    );
    sandbox.dgmo("lock").exits(1).says("python.tar.gz");
}

#[test]
fn versions_are_switched_and_rolled_back_and_nothing_is_fetched_twice() {
    let Some(python) = python() else { return };
    let index = shop();
    let sandbox = with_hello(&index, &python, ", version: \"=1.0\"");
    sandbox.switch();
    index.asked();
    index.manifest(
        &sandbox,
        &format!("  hello: {{pypi: hello, python: \"{python}\", version: \"=2.0\"}}\n"),
    );
    sandbox.switch();
    let asked = index.asked();
    let of_colours = asked.iter().filter(|it| it.starts_with("/files/colours"));
    assert_eq!(of_colours.count(), 0, "{asked:?}");
    sh(&sandbox, "hello").works();
    sandbox.dgmo("rollback").works();
    sh(&sandbox, "hello").works();
    assert_eq!(sandbox.current(), 1);
    // Another home with the same downloads needs no network at all.
    let other = Sandbox::new();
    other.write("work/dgmo.lock", sandbox.read("work/dgmo.lock"));
    other.write("work/dgmo.yaml", sandbox.read("work/dgmo.yaml"));
    let cache = format!(
        "mkdir -p ../home && cp -r '{}' ../home/cache",
        sandbox.home().join("cache").display()
    );
    other.sh(&cache).works();
    index.asked();
    other.dgmo("switch --offline").works();
    assert_eq!(index.asked(), [""; 0]);
    sh(&other, "hello").works().says("colours-2.5");
}

#[test]
fn what_lies_beside_a_wheel_spares_fetching_it_to_look() {
    let index = shop();
    index.edit("colours", "colours-2.5-py3-none-any.whl", |file| {
        file.metadata = Some("Name: colours\nVersion: 2.5\n".to_owned());
    });
    let sandbox = with_hello(&index, "3.11", "");
    sandbox.dgmo("lock").works();
    let asked = index.asked();
    let of_colours = asked.iter().filter(|it| it.contains("files/colours"));
    let of_colours: Vec<_> = of_colours.collect();
    assert_eq!(of_colours, ["/files/colours-2.5-py3-none-any.whl.metadata"]);
}

#[test]
fn withdrawn_versions_are_for_those_who_name_them() {
    let index = shop();
    for version in ["2.0", "1.1"] {
        index.edit(
            "hello",
            &format!("hello-{version}-py3-none-any.whl"),
            |file| {
                file.yanked = Some("it was bad".to_owned());
            },
        );
    }
    index.edit("colours", "colours-2.5-py3-none-any.whl", |file| {
        file.yanked = Some(String::new());
    });
    let sandbox = with_hello(&index, "3.11", "");
    sandbox.dgmo("lock").works();
    let lock = sandbox.read("work/dgmo.lock");
    assert!(
        lock.contains("hello-1.0-py3") && lock.contains("colours-1.0-py3"),
        "{lock}"
    );
    let sandbox = with_hello(&index, "3.11", ", version: \"=2.0\"");
    sandbox.dgmo("lock").works();
    assert!(sandbox.read("work/dgmo.lock").contains("hello-2.0-py3"));
    // A lock that has it is told of.
    let ran = sandbox.dgmo("audit --withdrawn").exits(3);
    ran.says("2.0 was withdrawn").says("it was bad");
    // What it needs is asked for too.
    index.edit("colours", "colours-1.0-py3-none-any.whl", |file| {
        file.yanked = Some("a wrong red".to_owned());
    });
    let ran = sandbox.dgmo("audit --withdrawn").exits(3);
    ran.says("colours 1.0 of hello was withdrawn: its publisher withdrew it: a wrong red");
    let sandbox = with_hello(&index, "3.11", ", version: \">=2.0, <2.1\"");
    sandbox
        .dgmo("lock")
        .exits(1)
        .fails("DG1223")
        .says("2.0 is not taken: its publisher withdrew it: it was bad");
}

#[test]
fn wrong_bytes_are_never_used() {
    let index = shop();
    index.edit("colours", "colours-2.5-py3-none-any.whl", |file| {
        file.sha256 = Some("0".repeat(64));
    });
    let sandbox = with_hello(&index, "3.11", "");
    sandbox.dgmo("switch").exits(1).fails("DG1208");
    assert!(!sandbox.exists("work/dgmo.lock"));
    assert!(!sandbox.exists("home/profiles/default/current"));
}

#[test]
fn a_digest_nobody_tells_is_made_when_it_is_locked() {
    let Some(python) = python() else { return };
    let index = shop();
    index.change(|state| {
        state.is_html = true;
        state.says_no_digests = true;
    });
    let sandbox = with_hello(&index, &python, "");
    sandbox.switch();
    assert!(sandbox.read("work/dgmo.lock").contains("\"digest\": \"b3:"));
    sh(&sandbox, "hello").works();
}

#[test]
fn what_a_wheel_became_for_one_tool_it_is_for_the_next() {
    let Some(python) = python() else { return };
    let index = Index::new();
    let text = "prefix=/project/out\nlibdir=${prefix}/lib\n";
    let files = [("kit/__init__.py", ""), ("kit/lib/pkgconfig/kit.pc", text)];
    index.wheel("kit", "1", &[], &files);
    for (tool, module) in [("one", "one.py"), ("two", "two.py")] {
        index.wheel(tool, "1", &["Requires-Dist: kit"], &[(module, "")]);
    }
    let sandbox = Sandbox::new();
    let mut packages = String::new();
    for tool in ["one", "two"] {
        packages.push_str(&format!(
            "  {tool}: {{pypi: {tool}, python: \"{python}\"}}\n"
        ));
        index.manifest(&sandbox, &packages);
        let ran = sandbox.switch();
        // It is looked through once, so it is told once.
        let is_told = ran.stderr.contains("named the place it was built for");
        assert_eq!(is_told, tool == "one", "{ran}");
    }
    let site = "../home/store/trees/*/env/lib/python*/site-packages";
    sandbox
        .sh(&format!(
            "grep -l pcfiledir {site}/kit/lib/pkgconfig/kit.pc | wc -l; ls {site}/kit/__pycache__/*.pyc | wc -l"
        ))
        .works()
        .says("2\n2\n");
}

#[test]
fn texts_in_a_wheel_find_what_is_beside_them() {
    let index = Index::new();
    let text = "prefix=/project/out\nlibdir=${prefix}/lib\n";
    let files = [("kit/__init__.py", ""), ("kit/lib/pkgconfig/kit.pc", text)];
    index.wheel("kit", "1", &[], &files);
    let sandbox = Sandbox::new();
    index.manifest(&sandbox, "  kit: {pypi: kit, python: \"3.11\"}\n");
    sandbox
        .switch()
        .says("package `kit`: 1 file named the place it was built for");
    let line =
        "cat ../home/store/trees/*/env/lib/python3.11/site-packages/kit/lib/pkgconfig/kit.pc";
    sandbox
        .sh(line)
        .works()
        .says("prefix=${pcfiledir}/../..\nlibdir");
}

#[test]
fn what_cannot_be_had_is_told_with_its_reason() {
    let index = shop();
    index.publish("hello", File::new("hello-3.0.tar.gz", b"source".to_vec()));
    let native = Wheel {
        name: "hello",
        version: "4.0",
        tag: "cp311-cp311-win_amd64",
        says: &[],
        files: &[],
    };
    index.publish("hello", native.file());
    let mut newer = Wheel {
        version: "5.0",
        tag: "py3-none-any",
        ..native
    }
    .file();
    newer.requires_python = Some(">=3.99".to_owned());
    index.publish("hello", newer);
    for (more, code, words) in [
        (
            ", version: \">=5\"",
            "DG1223",
            "5.0 is not taken: it wants Python >=3.99, and it is locked for 3.11\n  hint: name another Python with `python:`",
        ),
        (", version: \"=3.0\"", "DG1228", "only source is published"),
        (
            ", version: \">=3, <4\"",
            "DG1223",
            "3.0 is not taken: only source is published",
        ),
        (
            ", version: \"=4.0\"",
            "DG1228",
            "there are only hello-4.0-cp311-cp311-win_amd64.whl",
        ),
        (
            ", version: \">=4, <5\"",
            "DG1223",
            "4.0 is not taken: there are only hello-4.0-cp311-cp311-win_amd64.whl",
        ),
        (
            ", version: \"2.0\", extras: [less]",
            "DG1227",
            "it has no extra `less`",
        ),
    ] {
        let sandbox = with_hello(&index, "3.11", more);
        sandbox.dgmo("lock").exits(1).fails(code).says(words);
    }
    // Who leaves it open gets the newest that can be had.
    let sandbox = with_hello(&index, "3.11", "");
    sandbox.dgmo("lock").works();
    assert!(sandbox.read("work/dgmo.lock").contains("\"2.0\""));
}

#[test]
fn needs_that_disagree_are_told_in_sentences() {
    let index = shop();
    index.wheel(
        "hello",
        "5.0",
        &["Requires-Dist: paint", "Requires-Dist: colours>=2"],
        &[],
    );
    index.wheel("paint", "1", &["Requires-Dist: colours<2"], &[]);
    let sandbox = with_hello(&index, "3.11", ", version: \"5\"");
    sandbox
        .dgmo("lock")
        .exits(1)
        .fails("DG1227")
        .says("`hello` =5.0 is asked for")
        .says("`hello` 5.0 needs `colours` >=2")
        .says("`hello` 5.0 needs `paint`")
        .says("`paint` 1 needs `colours` <2");
}

#[test]
fn a_password_reaches_its_own_index_and_no_lock() {
    let index = shop();
    index.change(|state| state.authorization = Some("Basic bWU6czNjcmV0".to_owned()));
    let sandbox = Sandbox::new();
    sandbox
        .manifest("systems: [x86_64-linux]\npackages: {hello: {pypi: hello, python: \"3.11\"}}\n");
    let url = index.url().replace("http://", "http://me:s3cret@");
    let conf = format!("[global]\nindex-url = {url}\n");
    sandbox.write("user/.config/pip/pip.conf", &conf);
    sandbox.dgmo("lock").works();
    let lock = sandbox.read("work/dgmo.lock");
    assert!(lock.contains("hello-2.0") && !lock.contains("s3cret"));
    // In a file of its own, too.
    sandbox.remove("work/dgmo.lock");
    let plain = conf.replace("me:s3cret@", "");
    sandbox.write("user/.config/pip/pip.conf", &plain);
    sandbox
        .dgmo("lock")
        .exits(1)
        .fails("DG1221")
        .says_nothing_of("s3cret");
    sandbox.write(
        "user/.netrc",
        "machine 127.0.0.1 login me password s3cret\n",
    );
    sandbox.dgmo("lock").works();
    sandbox.remove("work/dgmo.lock");
    // Variables come before files.
    let nowhere = [("PIP_INDEX_URL", "http://127.0.0.1:1/simple")];
    sandbox
        .run_with(&["lock", "--offline"], &nowhere)
        .exits(1)
        .fails("DG1203");
}

#[test]
fn a_tool_without_its_python_says_what_to_install() {
    let index = shop();
    let sandbox = with_hello(&index, "3.7", "");
    sandbox.switch().says(
        "package `hello`: it runs with Python 3.7, which neither another package nor this machine has; `dgmo add python@3.7` adds it",
    );
    sh(&sandbox, "hello")
        .exits(127)
        .says("hello: this needs Python 3.7")
        .says("`python`");
}
