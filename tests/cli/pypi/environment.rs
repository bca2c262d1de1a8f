//! To a tool its tree is what a virtual environment is: what it starts with `sys.executable` finds what it finds.

use super::index::Index;
use super::python;
use super::sh;
use crate::Ran;
use crate::Sandbox;
use crate::Snapshot;

/// Each of its words is something that tools do.
const TOOL: &str = r#"
import multiprocessing, os, subprocess, sys
import helper

def python(*arguments, **more):
    return subprocess.run([sys.executable, *arguments], **more).returncode

def main():
    word, *rest = sys.argv[1:]
    if word == "python":
        return python(*rest)
    if word == "read":
        return python(*rest, input=b"import helper, sys\nprint('read', helper.NAME, sys.argv)\n")
    if word == "beside":
        return subprocess.run([os.path.join(os.path.dirname(sys.executable), rest[0]), *rest[1:]]).returncode
    if word == "data":
        print(open(os.path.join(sys.prefix, "share/helper/note")).read())
    if word == "spawn":
        child = multiprocessing.get_context("spawn").Process(target=helper.work, args=("spawned",))
        child.start()
        child.join()
        return child.exitcode
    if word == "same":
        about = "print([sys.prefix, sys.exec_prefix, sys.base_prefix, sys.executable, sys._base_executable, site.PREFIXES, sys.path])"
        sys.stdout.flush()
        exec("import site\n" + about)
        sys.stdout.flush()
        return python("-Ic", "import site, sys\n" + about)
    if word == "base":
        print("venv" if sys.prefix != sys.base_prefix else "bare", os.path.exists(sys._base_executable))
        import sysconfig
        print("scripts in", os.path.relpath(sysconfig.get_path("scripts"), sys.prefix))
"#;

const HELPER: &str = r#"
import sys
NAME = "helper-1"

def work(word):
    print(word, NAME, flush=True)

def main():
    print("helped", NAME, sys.argv[1:])
    return 5
"#;

/// A machine with a tool that starts others.
fn with_tool(python: &str) -> Sandbox {
    let index = Index::new();
    index.wheel(
        "workshop",
        "1",
        &["Requires-Dist: helper"],
        &[
            ("workshop.py", TOOL),
            (
                "{info}/entry_points.txt",
                "[console_scripts]\nworkshop = workshop:main\n",
            ),
        ],
    );
    index.wheel(
        "helper",
        "1",
        &[],
        &[
            ("helper/__init__.py", HELPER),
            (
                "helper/__main__.py",
                "import sys\nfrom helper import NAME\nprint('module', NAME, sys.argv[1:])\n",
            ),
            (
                "{info}/entry_points.txt",
                "[console_scripts]\nhelper-point = helper:main\npython = helper:main\n",
            ),
            ("{data}/scripts/helper-sh", "#!/bin/sh\necho shell \"$@\"\n"),
            (
                "{data}/scripts/helper-py",
                "#!python\nimport sys, helper\nprint('script', helper.NAME, sys.argv[1:])\n",
            ),
            ("{data}/data/share/helper/note", "a note"),
        ],
    );
    let sandbox = Sandbox::new();
    index.manifest(
        &sandbox,
        &format!("  workshop: {{pypi: workshop, python: \"{python}\"}}"),
    );
    sandbox.switch();
    sandbox
}

/// What `workshop` does with these words.
fn asked(sandbox: &Sandbox, words: &str) -> Ran {
    sh(sandbox, &format!("workshop {words}"))
}

#[test]
fn what_a_tool_starts_with_its_python_finds_what_it_finds() {
    let Some(python) = python() else { return };
    let sandbox = with_tool(&python);
    asked(&sandbox, "python -m helper a 'b c'")
        .works()
        .says("module helper-1 ['a', 'b c']");
    asked(&sandbox, "python -mhelper -- -c")
        .works()
        .says("module helper-1 ['--', '-c']");
    asked(
        &sandbox,
        "python -c 'import sys, helper; print(helper.NAME, sys.argv)' -m x",
    )
    .works()
    .says("helper-1 ['-c', '-m', 'x']");
    asked(&sandbox, "read").works().says("read helper-1 ['']");
    asked(&sandbox, "read - x")
        .works()
        .says("read helper-1 ['-', 'x']");
    asked(&sandbox, "spawn").works().says("spawned helper-1");
    asked(&sandbox, "data").works().says("a note");
    asked(&sandbox, "base")
        .works()
        .says("venv True")
        .says("scripts in bin");
    let said = asked(&sandbox, "same").works().stdout.clone();
    let (itself, child) = said.trim().split_once('\n').unwrap();
    assert_eq!(itself, child, "a launcher and what it starts differ");
    asked(&sandbox, "beside helper-point x 'y z'")
        .exits(5)
        .says("helped helper-1 ['x', 'y z']");
    asked(&sandbox, "beside helper-py x")
        .works()
        .says("script helper-1 ['x']");
    asked(&sandbox, "beside helper-sh x")
        .works()
        .says("shell x");
    asked(&sandbox, "beside python3 -m helper")
        .works()
        .says("module helper-1 []");
    let view = sandbox.profile().join("current/view");
    assert!(!sandbox.exists(view.join("bin/helper-point")));
    assert!(!sandbox.exists(view.join("share/helper")));
}

#[test]
fn flags_of_python_are_those_of_python() {
    let Some(python) = python() else { return };
    let sandbox = with_tool(&python);
    asked(
        &sandbox,
        "python -W error -uOc 'import sys, helper; print(sys.warnoptions, sys.flags.optimize, helper.NAME)'",
    )
    .works()
    .says("['error'] 1 helper-1");
    asked(&sandbox, "python -Wignore -X utf8 -m helper x")
        .works()
        .says("module helper-1 ['x']");
    asked(&sandbox, "python --version")
        .works()
        .says(&format!("Python {python}"));
    asked(&sandbox, "python -c").exits(2);
    asked(&sandbox, "python -c 'import sys; sys.exit(9)'").exits(9);
    sandbox.write(
        "work/some/file.py",
        "import sys, near, helper\nprint(near.NAME, helper.NAME, sys.argv[1:], __name__, __file__)\n",
    );
    sandbox.write("work/some/near.py", "NAME = 'near'\n");
    asked(&sandbox, "python some/file.py -c x")
        .works()
        .says("near helper-1 ['-c', 'x'] __main__ some/file.py");
    asked(&sandbox, "python -u some/file.py x")
        .works()
        .says("near helper-1 ['x'] __main__ some/file.py");
    asked(&sandbox, "python -I some/file.py").exits(1);
    asked(&sandbox, "python some/missing.py")
        .exits(2)
        .says("some/missing.py");
    sandbox.write(
        "work/folder/__main__.py",
        "import helper\nprint('folder', helper.NAME)\n",
    );
    asked(&sandbox, "python folder")
        .works()
        .says("folder helper-1");
}

#[test]
fn nothing_of_the_machine_gets_into_an_environment_or_out_of_it() {
    let Some(python) = python() else { return };
    let sandbox = with_tool(&python);
    sandbox.write("work/elsewhere/strange.py", "");
    let line = "PYTHONPATH=\"$PWD/elsewhere\" workshop python -c 'import strange'";
    sh(&sandbox, line).exits(1).says("strange");
    // A Python made from it is one of the machine's, and knows nothing of the tool.
    asked(
        &sandbox,
        "python -m venv --without-pip made && made/bin/python -c 'import sys; print(sys.prefix)' && ! made/bin/python -c 'import helper'",
    )
    .works()
    .says("/made");
    sh(
        &sandbox,
        "tree=$(dirname \"$(dirname \"$(readlink -f \"$(command -v workshop)\")\")\"); cp -r \"$tree\" moved; moved/bin/workshop python -m helper m",
    )
    .works()
    .says("module helper-1 ['m']");
    // Its own programs on the search path are no reason to go in circles.
    sh(
        &sandbox,
        "tree=$(dirname \"$(dirname \"$(readlink -f \"$(command -v workshop)\")\")\"); PATH=\"$tree/env/bin:$PATH\"; python3 -m helper p; env -u DGMO_PYTHON workshop python -m helper q",
    )
    .works()
    .says("module helper-1 ['p']")
    .says("module helper-1 ['q']");
}

#[test]
fn what_is_started_writes_nothing_into_the_tree() {
    let Some(python) = python() else { return };
    let sandbox = with_tool(&python);
    let trees = sandbox.home().join("store/trees");
    let before = Snapshot::of(&trees);
    asked(&sandbox, "python -m helper").works();
    asked(&sandbox, "spawn").works();
    asked(&sandbox, "beside helper-py").works();
    before.assert_same(&Snapshot::of(&trees), "something wrote into a tree");
    sandbox.dgmo("store verify").works();
}
