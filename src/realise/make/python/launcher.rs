//! The small scripts that run a tool with its own modules, wherever its tree is and however it is reached.

use super::entry_points::EntryPoint;

/// Finds where it is through all links, a Python of the right version on the way or on the search path, and becomes it.
///
/// Python starts with none of its own ways to find modules (`-I`, `-S`) but those of its own library, so nothing of the
/// machine gets into the tool; what belongs to the tool is added by the program in `-c`. It makes Python that of the
/// environment as `start.py` does, without reading a file more.
const LAUNCHER: &str = include_str!("scripts/launcher.sh");

/// What `sys.executable` of a tool is: whatever starts it finds what the tool finds.
const PYTHON: &str = include_str!("scripts/python.sh");

/// What that runs in Python.
pub(super) const START: &str = include_str!("scripts/start.py");

/// The Python of an environment for the version `minor`.
pub(super) fn python(minor: &str) -> String {
    PYTHON.replace("@MINOR@", minor)
}

/// A program beside that Python, where a tool looks for what it has been installed with.
pub(super) fn beside_python(point: &EntryPoint) -> String {
    let (what, run) = (called(point), running(point));
    format!(
        "#!/bin/sh\n# Runs {what} of this environment. Made by dgmo.\n\
         exec \"${{0%/*}}/python\" -I -c 'import sys\ndel sys.argv[0]\n{run}' \"$0\" \"$@\"\n"
    )
}

/// The same of a script that lies at `../PATH`.
pub(super) fn script_beside_python(path: &str) -> String {
    format!(
        "#!/bin/sh\n# Runs `{path}` of this environment. Made by dgmo.\n\
         exec \"${{0%/*}}/python\" -I -c 'import sys\ndel sys.argv[0]\n{RUN_SCRIPT}' \"${{0%/*}}/../{path}\" \"$0\" \"$@\"\n"
    )
}

const RUN_SCRIPT: &str =
    "import runpy\nscript = sys.argv.pop(0)\nrunpy.run_path(script, run_name=\"__main__\")";

/// A launcher of one function.
pub(super) fn of_entry_point(point: &EntryPoint, minor: &str) -> String {
    filled(&called(point), minor, &running(point), "")
}

/// A launcher of a script that lies at `path`.
pub(super) fn of_script(path: &str, minor: &str) -> String {
    let more = format!("\"$root/{path}\" ");
    let name = path.rsplit('/').next().unwrap_or(path);
    filled(&format!("`{name}`"), minor, RUN_SCRIPT, &more)
}

fn called(point: &EntryPoint) -> String {
    match &point.function {
        Some(function) => format!("`{}:{function}`", point.module),
        None => format!("`{}`", point.module),
    }
}

/// What Python runs.
fn running(point: &EntryPoint) -> String {
    let module = &point.module;
    match &point.function {
        Some(function) => {
            let first = function.split('.').next().unwrap_or(function);
            format!("from {module} import {first}\nsys.exit({function}())")
        }
        None => format!(
            "import runpy\nrunpy.run_module(\"{module}\", run_name=\"__main__\", alter_sys=True)"
        ),
    }
}

fn filled(what: &str, minor: &str, run: &str, more: &str) -> String {
    LAUNCHER
        .replace("@WHAT@", what)
        .replace("@MINOR@", minor)
        .replace("@RUN@", run)
        .replace("@MORE@", more)
}
